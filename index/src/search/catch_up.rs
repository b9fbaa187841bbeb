//! One run of catching up: the groups that changed get their new documents, or all groups do, in a rebuild.
//!
//! Not here: which index is written to, and by whom ([`super::writer`]).

use super::SearchError;
use super::cache::Generation;
use super::document::Source;
use super::position::{Position, Rebuilt, Target};
use super::writer::Progress;
use crate::catalogue::{Catalogue, GroupRecord, SharedCatalogue, Version};
use crate::projection::links::{Group, MAX_GROUP_LINKS};
use crate::projection::tags::TagCount;
use crate::store::{Store, StoreError};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use tantivy::{IndexWriter, TantivyError};
use uuid::Uuid;

/// Changes, or groups in a rebuild, that are read at once.
const READ_BATCH: usize = 1_000;
/// Pages that are read while others are added.
const READ_AHEAD: usize = 4;
/// Groups between two commits of changes.
const COMMIT_EVERY: u64 = 50_000;
/// The same in a rebuild: what a crash in the middle costs at most.
const COMMIT_REBUILD_EVERY: u64 = 250_000;
/// Tags that a group is found by: the most given of each MBID come first.
const MAX_TAGS: usize = 64;

/// MBIDs of links, and of tags and votes, that are remembered during a rebuild, some 30 bytes each: most groups
/// of a catalogue have no entries, and need not be asked for.
const MAX_SPOKEN_OF: usize = 1_000_000;

/// Groups of the catalogue with their numbers.
type Page = Vec<(i64, GroupRecord)>;

/// What entries say of some MBIDs.
#[derive(Default)]
struct Said {
    links: HashMap<Uuid, Group>,
    tags: HashMap<Uuid, Vec<TagCount>>,
    scores: HashMap<Uuid, i64>,
    hidden: HashSet<Uuid>,
}

/// One run of catching up.
pub(super) struct CatchUp<'a> {
    pub generation: &'a Generation,
    pub store: &'a Store,
    pub catalogue: Option<&'a Catalogue>,
    /// Where another thread gets the same one.
    pub shared: &'a SharedCatalogue,
    pub writer: IndexWriter,
    /// Groups whose documents were written by changes.
    pub written: HashSet<Uuid>,
    pub progress: Progress,
    pub tell: &'a mut dyn FnMut(u64),
}

impl CatchUp<'_> {
    /// From what is held to all that there is.
    pub(super) fn run(&mut self, position: Option<Position>, target: &Target) -> Result<(), SearchError> {
        let mut position = match position {
            Some(position) => position,
            None => {
                self.writer.delete_all_documents().map_err(failed)?;
                Position::at_start(target)
            }
        };
        if let Some(to) = position.rebuilding {
            self.rebuild(&mut position, to)?;
        }
        self.take_changes(position)
    }

    /// Adds all groups after the one that the rebuild has come to. Changes made meanwhile come
    /// after `position.change` and are taken in next.
    fn rebuild(&mut self, position: &mut Position, to: Rebuilt) -> Result<(), SearchError> {
        let (sender, read) = mpsc::sync_channel(READ_AHEAD);
        let (shared, version) = (self.shared, position.catalogue.clone());
        thread::scope(|scope| {
            let reader = thread::Builder::new().name("catalogue-reader".into());
            // Without it the catalogue is read between two pages; `read` ends at once then.
            let _ = reader.spawn_scoped(scope, move || {
                version.map(|version| read_ahead(shared, &version, to.catalogue_to, &sender))
            });
            // Drops `read` when it ends, or the other thread would wait for room in it.
            self.add_all(position, to, read)
        })?;
        position.rebuilding = None;
        self.commit(position)
    }

    /// Adds the pages that are read ahead, what these leave of the catalogue, and the groups of links.
    fn add_all(
        &mut self,
        position: &mut Position,
        mut to: Rebuilt,
        read: Receiver<Page>,
    ) -> Result<(), SearchError> {
        let mut uncommitted = 0;
        // What is said from now on is among the changes.
        let spoken_of = self.store.mbids_spoken_of(MAX_SPOKEN_OF)?;
        loop {
            let page = match (read.recv(), self.catalogue) {
                (Ok(page), _) => page,
                (Err(_), Some(catalogue)) => catalogue.groups_after(to.catalogue_to).next_page(READ_BATCH)?,
                (Err(_), None) => Vec::new(),
            };
            let added = match page.as_slice() {
                [] => self.add_from_links(&mut to)?,
                page => self.add_from_catalogue(page, spoken_of.as_ref(), &mut to)?,
            };
            if added == 0 {
                return Ok(());
            }
            uncommitted += added;
            position.rebuilding = Some(to);
            if uncommitted >= COMMIT_REBUILD_EVERY {
                self.commit(position)?;
                uncommitted = 0;
            }
        }
    }

    /// Adds a page of the catalogue; returns how many groups there were.
    fn add_from_catalogue(
        &mut self,
        records: &[(i64, GroupRecord)],
        spoken_of: Option<&HashSet<Uuid>>,
        to: &mut Rebuilt,
    ) -> Result<u64, SearchError> {
        let named: Vec<(Uuid, Vec<Uuid>)> =
            records.iter().map(|(_, record)| (record.mbid, record.mbids().collect())).collect();
        let is_spoken_of = |mbid: &Uuid| spoken_of.is_none_or(|spoken_of| spoken_of.contains(mbid));
        let mut asked = named.clone();
        asked.retain(|(_, mbids)| mbids.iter().any(is_spoken_of));
        let mut said = self.said_of(&asked)?;
        for ((number, record), (mbid, mbids)) in records.iter().zip(&named) {
            self.add(mbid, mbids, Some(record), &mut said)?;
            to.catalogue_to = *number;
        }
        Ok(records.len() as u64)
    }

    /// Adds the next groups that the catalogue does not have; returns how many were looked at.
    fn add_from_links(&mut self, to: &mut Rebuilt) -> Result<u64, SearchError> {
        let mbids = self.store.group_mbids_after(to.links_to, READ_BATCH)?;
        let named: Vec<(Uuid, Vec<Uuid>)> = mbids.iter().map(|mbid| (*mbid, vec![*mbid])).collect();
        let mut said = self.said_of(&named)?;
        for (mbid, mbids) in &named {
            if self.known_as(mbid)?.is_none() {
                self.add(mbid, mbids, None, &mut said)?;
            }
            to.links_to = Some(*mbid);
        }
        Ok(mbids.len() as u64)
    }

    fn take_changes(&mut self, mut position: Position) -> Result<(), SearchError> {
        let mut uncommitted = 0;
        loop {
            let changes = self.store.group_changes_after(position.change, READ_BATCH)?;
            let Some((last, _)) = changes.last() else { break };
            position.change = *last;
            let mut mbids = BTreeSet::new();
            for (_, mbid) in changes {
                mbids.insert(self.known_as(&mbid)?.unwrap_or(mbid));
            }
            let records = self.records_of(&mbids)?;
            let named: Vec<(Uuid, Vec<Uuid>)> = records
                .iter()
                .map(|(mbid, record)| {
                    (*mbid, record.as_ref().map_or_else(|| vec![*mbid], |record| record.mbids().collect()))
                })
                .collect();
            // Once for all: each question to the store begins and ends a transaction.
            let mut said = self.said_of(&named)?;
            for ((mbid, record), (_, mbids)) in records.iter().zip(&named) {
                if self.may_have(mbid)? {
                    self.writer.delete_query(self.generation.fields.document_of(mbid)).map_err(failed)?;
                }
                self.written.insert(*mbid);
                self.add(mbid, mbids, record.as_ref(), &mut said)?;
            }
            uncommitted += mbids.len() as u64;
            if uncommitted >= COMMIT_EVERY {
                self.commit(&position)?;
                uncommitted = 0;
            }
        }
        if uncommitted > 0 { self.commit(&position) } else { Ok(()) }
    }

    /// What the catalogue has of each group.
    fn records_of(&self, mbids: &BTreeSet<Uuid>) -> Result<Vec<(Uuid, Option<GroupRecord>)>, StoreError> {
        let record = |mbid: &Uuid| match self.catalogue {
            Some(catalogue) => Ok((*mbid, catalogue.group_record(mbid)?)),
            None => Ok((*mbid, None)),
        };
        mbids.iter().map(record).collect()
    }

    /// The release group in the catalogue under which an MBID is listed: its own, or that of a release.
    fn known_as(&self, mbid: &Uuid) -> Result<Option<Uuid>, StoreError> {
        Ok(self.catalogue.map(|catalogue| catalogue.group_of(mbid)).transpose()?.flatten())
    }

    /// Whether there may be a document of a group. Removing what is not there costs as much as removing what is.
    fn may_have(&self, mbid: &Uuid) -> Result<bool, SearchError> {
        // What a rebuild added is not shown yet.
        if self.progress.rebuilt || self.written.contains(mbid) {
            return Ok(true);
        }
        let searcher = self.generation.reader.searcher();
        Ok(searcher.doc_freq(&self.generation.fields.mbid_high(mbid)).map_err(failed)? > 0)
    }

    /// What entries say of groups, each given with all MBIDs that they may name.
    fn said_of(&self, named: &[(Uuid, Vec<Uuid>)]) -> Result<Said, StoreError> {
        let groups = named.iter().map(|(mbid, mbids)| (mbid, mbids.as_slice()));
        let mbids: Vec<Uuid> = named.iter().flat_map(|(_, mbids)| mbids.iter().copied()).collect();
        Ok(Said {
            links: self.store.groups(groups, MAX_GROUP_LINKS)?,
            tags: self.store.tags_of_groups(&mbids)?,
            scores: self.store.group_scores(&mbids)?,
            hidden: self.store.hidden_mbids(named.iter().map(|(mbid, _)| mbid))?,
        })
    }

    /// Adds the document of a group, of which `mbids` are all that entries may name.
    fn add(
        &mut self,
        mbid: &Uuid,
        mbids: &[Uuid],
        record: Option<&GroupRecord>,
        said: &mut Said,
    ) -> Result<(), SearchError> {
        self.progress.groups += 1;
        if self.progress.groups.is_multiple_of(READ_BATCH as u64) {
            (self.tell)(self.progress.groups);
        }
        let links = said.links.remove(mbid);
        // A tag is no reason to list what nobody knows, and what a ruling hides is not listed.
        if (record.is_some() || links.is_some()) && !said.hidden.contains(mbid) {
            let tags = mbids.iter().filter_map(|mbid| said.tags.remove(mbid)).flatten();
            let tags: Vec<TagCount> = tags.take(MAX_TAGS).collect();
            let score = mbids.iter().filter_map(|mbid| said.scores.get(mbid)).sum();
            let source = Source { record, links: links.as_ref(), tags: &tags, score };
            let document = self.generation.fields.document(mbid, source);
            self.writer.add_document(document).map_err(failed)?;
        }
        Ok(())
    }

    fn commit(&mut self, position: &Position) -> Result<(), SearchError> {
        let payload = serde_json::to_string(position).expect("plain fields always serialise");
        let mut commit = self.writer.prepare_commit().map_err(failed)?;
        commit.set_payload(&payload);
        commit.commit().map_err(failed)?;
        Ok(())
    }
}

/// Reads the catalogue page by page. If it cannot be read, or is another one by now, no more pages come.
fn read_ahead(shared: &SharedCatalogue, version: &Version, after: i64, pages: &SyncSender<Page>) {
    let _ = shared.with(|catalogue| {
        let Some((catalogue, _)) = catalogue.filter(|(_, found)| *found == version) else { return Ok(()) };
        let mut groups = catalogue.groups_after(after);
        loop {
            let page = groups.next_page(READ_BATCH)?;
            // Nobody waits for more after the last one, or where writing failed.
            if page.is_empty() || pages.send(page).is_err() {
                return Ok::<(), StoreError>(());
            }
        }
    });
}

/// What made writing fail.
pub(super) fn cause(error: SearchError, writer: &mut IndexWriter) -> SearchError {
    match error {
        // The thread that writes says why it ended to whoever waits for it.
        SearchError::Index { source: TantivyError::ErrorInThread(_), .. } => match writer.prepare_commit() {
            Err(source) => failed(source),
            Ok(_) => error,
        },
        error => error,
    }
}

fn failed(source: TantivyError) -> SearchError {
    SearchError::Index { doing: "take in changes", source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::schema::FORMAT;
    use crate::search::tests::{Library, catalogue, link};
    use crate::search::writer::{Keeper, WRITER_HEAP_BYTES};

    #[test]
    fn an_interrupted_rebuild_goes_on() {
        let mut library = Library::new();
        library.add(catalogue::links());
        {
            let mut keeper = Keeper::default();
            let generation = library.search.current();
            let mut work = CatchUp {
                generation: &generation,
                store: &library.store,
                catalogue: None,
                shared: library.search.catalogue(),
                writer: keeper.take_writer(&generation, WRITER_HEAP_BYTES).unwrap(),
                written: HashSet::new(),
                progress: Progress::default(),
                tell: &mut |_| {},
            };
            let half = library.store.group_mbids_after(None, 30).unwrap();
            let add = |work: &mut CatchUp<'_>, mbid: &Uuid| {
                let mut said = work.said_of(&[(*mbid, vec![*mbid])]).unwrap();
                work.add(mbid, &[*mbid], None, &mut said).unwrap();
            };
            half.iter().for_each(|mbid| add(&mut work, mbid));
            let to = Rebuilt { catalogue_to: 0, links_to: half.last().copied() };
            let position = Position {
                format: FORMAT,
                store: Uuid::from_bytes(library.store.incarnation().unwrap()),
                catalogue: None,
                change: 60,
                rebuilding: Some(to),
            };
            work.commit(&position).unwrap();
            // What is not committed is lost.
            let rest = library.store.group_mbids_after(to.links_to, 20).unwrap();
            rest.iter().for_each(|mbid| add(&mut work, mbid));
        }
        // Meanwhile one group changes that was added, and one that was not.
        let again = |number, title| crate::entry::link::Link {
            infohash_v1: Some([number as u8; 20]),
            ..link(number, "Again", title)
        };
        library.add(vec![again(1, "Early"), again(50, "Late")]);
        let progress = library.search.catch_up(&library.store).unwrap();
        assert_eq!(progress, Progress { groups: 30 + 2, rebuilt: true });
        assert_eq!(library.hits("year:1..9999").total, 60);
        for query in ["again early", "again late", "soundings", "ilot"] {
            assert_eq!(library.hits(query).exact, 1, "{query}");
        }
        assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress::default());
    }
}

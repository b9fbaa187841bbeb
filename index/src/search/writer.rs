//! Catching up with the store and the catalogue: which groups changed since the last commit, and their new
//! documents; or all of them, in a new generation.
//!
//! How far an index is stands in the payload of its commits, so that documents and position are
//! never apart, whenever the power fails.

use super::cache::{self, Generation};
use super::document::Source;
use super::schema::FORMAT;
use super::{SearchError, SearchIndex};
use crate::catalogue::{Catalogue, GroupRecord, Version};
use crate::projection::links::{Group, MAX_GROUP_LINKS};
use crate::projection::tags::TagCount;
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, PoisonError};
use tantivy::directory::DirectoryLock;
use tantivy::directory::error::LockError;
use tantivy::indexer::IndexWriterOptions;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{IndexWriter, TantivyError};
use uuid::Uuid;

/// Memory for documents that are not yet on disk: changes come in small batches.
const WRITER_HEAP_BYTES: usize = 50_000_000;
/// The same while all are written: fewer and larger segments, with less to merge.
const BUILDER_HEAP_BYTES: usize = 200_000_000;
/// Changes, or groups in a rebuild, that are read at once.
const READ_BATCH: usize = 1_000;
/// Groups between two commits of changes.
const COMMIT_EVERY: u64 = 50_000;
/// The same in a rebuild: what a crash in the middle costs at most.
const COMMIT_REBUILD_EVERY: u64 = 250_000;
/// Tags that a group is found by: the most given of each MBID come first.
const MAX_TAGS: usize = 64;
/// A segment with more replaced documents than this share is rewritten.
const MAX_DELETED_SHARE: f32 = 0.3;

/// What a call to [`SearchIndex::catch_up`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Groups whose documents were written or removed.
    pub groups: u64,
    /// Whether it was, or went on with, a rebuild from scratch.
    pub rebuilt: bool,
}

/// The state of store and catalogue that an index holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub format: u32,
    /// The store's incarnation.
    store: Uuid,
    catalogue: Option<Version>,
    /// The last change taken in; in a rebuild, the last one before it began.
    change: u64,
    /// A rebuild is under way, and has come to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rebuilding: Option<Rebuilt>,
}

/// How far a rebuild is: first the groups of the catalogue, then those that only links know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Rebuilt {
    catalogue_to: i64,
    links_to: Option<Uuid>,
}

/// What there is to index.
struct Target {
    store: Uuid,
    catalogue: Option<Version>,
    /// The newest change.
    newest: u64,
}

/// What only one thread of one process does at a time.
#[derive(Default)]
pub(super) struct Keeper {
    writing: Option<Writing>,
    /// Whether all files of the shown generation are as they were written, once it was looked at.
    intact: Option<bool>,
}

/// The right to write, and what is written with.
struct Writing {
    /// By number of its generation. Before the lock: whoever gets that must find nobody writing.
    writer: Option<(u64, IndexWriter)>,
    _lock: DirectoryLock,
}

impl Position {
    pub(super) fn is_complete(&self) -> bool {
        self.rebuilding.is_none()
    }

    fn is(&self, target: &Target) -> bool {
        self.can_go_on(target) && self.is_complete() && self.change == target.newest
    }

    /// Whether the store's changes lead on from here.
    fn can_go_on(&self, target: &Target) -> bool {
        self.store == target.store && self.catalogue == target.catalogue && self.change <= target.newest
    }
}

impl SearchIndex {
    /// Takes in what changed in the store since the last time; rebuilds the index if it is new, damaged,
    /// of another version, of another catalogue, or ahead of a store that was restored from a backup.
    /// Commits as it goes; what is shown meanwhile is the index as it was.
    ///
    /// # Errors
    /// [`SearchError::Locked`] if another process writes to the index; what is in it can be
    /// searched all the same.
    pub fn catch_up(&self, store: &Store) -> Result<Progress, SearchError> {
        self.catch_up_with(store, &mut |_| {})
    }

    /// As [`Self::catch_up`]; tells how many groups it has written, now and then.
    ///
    /// # Errors
    /// As [`Self::catch_up`].
    pub fn catch_up_with(
        &self,
        store: &Store,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Progress, SearchError> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let caught_up = self.catalogue.with(|catalogue| {
            let target = Target {
                store: Uuid::from_bytes(store.incarnation().map_err(SearchError::Store)?),
                catalogue: catalogue.map(|(_, version)| version.clone()),
                newest: store.last_group_change().map_err(SearchError::Store)?,
            };
            let current = self.adopt_newer(&mut keeper)?;
            let intact = *keeper.intact.get_or_insert_with(|| current.is_intact());
            if intact && current.position().is_some_and(|position| position.is(&target)) {
                // Another process may have brought it there.
                current.reload()?;
                return Ok(Progress::default());
            }
            if keeper.writing.is_none() {
                keeper.writing = Some(Writing { writer: None, _lock: cache::lock(&self.directory)? });
            }
            // Read again: only now that the lock is ours can nobody else move it.
            let current = self.adopt_newer(&mut keeper)?;
            let intact = keeper.intact.unwrap_or(true);
            let position = current.position().filter(|position| position.can_go_on(&target));
            let (generation, position) = match position {
                Some(position) if intact && position.is_complete() => (Arc::clone(&current), Some(position)),
                position => self.to_build(&current, intact, position, &target)?,
            };
            // What is shown has to be what was committed last.
            generation.reload()?;
            let rebuilt = !position.as_ref().is_some_and(Position::is_complete);
            let heap = if rebuilt { BUILDER_HEAP_BYTES } else { WRITER_HEAP_BYTES };
            // After an error the writer is dropped with all that it has not committed.
            let writer = keeper.take_writer(&generation, heap)?;
            let mut work = CatchUp {
                generation: &generation,
                store,
                catalogue: catalogue.map(|(catalogue, _)| catalogue),
                writer,
                written: HashSet::new(),
                progress: Progress { groups: 0, rebuilt },
                tell: progress,
            };
            if let Err(error) = work.run(position, &target) {
                let error = cause(error, &mut work.writer);
                drop(work);
                // What it has begun would keep the room on a full disk that is needed next, and goes only
                // when its writer is gone.
                if let Ok(writer) = keeper.take_writer(&generation, WRITER_HEAP_BYTES) {
                    let _ = writer.garbage_collect_files().wait();
                }
                return Err(error);
            }
            let CatchUp { writer, progress, .. } = work;
            keeper.put_back(generation.number, (!rebuilt).then_some(writer));
            generation.reload()?;
            if generation.number != current.number {
                keeper.intact = Some(true);
                cache::remove_others(&self.directory, generation.number)?;
                self.show(generation);
            }
            Ok(progress)
        });
        caught_up.map_err(SearchError::or_full)
    }

    /// The generation to build, and how far it is. The one that is shown, if nothing better is there;
    /// else the next one.
    fn to_build(
        &self,
        current: &Arc<Generation>,
        intact: bool,
        position: Option<Position>,
        target: &Target,
    ) -> Result<(Arc<Generation>, Option<Position>), SearchError> {
        let complete = current.position().is_some_and(|position| position.is_complete());
        if intact && !complete {
            return Ok((Arc::clone(current), position));
        }
        let number = current.number + 1;
        if let Some(begun) = cache::sound(&self.directory, number)
            && let Some(position) = begun.position().filter(|position| position.can_go_on(target))
            && begun.is_intact()
        {
            return Ok((Arc::new(begun), Some(position)));
        }
        Ok((Arc::new(cache::create(&self.directory, number)?), None))
    }

    /// Shows a newer generation, if another process has completed one.
    fn adopt_newer(&self, keeper: &mut Keeper) -> Result<Arc<Generation>, SearchError> {
        let current = self.current();
        if cache::has_newer(&self.directory, current.number)?
            && let Some(newest) = cache::newest(&self.directory)?
            && newest.number > current.number
            && newest.position().is_some_and(|position| position.is_complete())
        {
            keeper.intact = None;
            return Ok(self.show(Arc::new(newest)));
        }
        Ok(current)
    }

    /// Waits until no part of the index is being rewritten any more. For programs that end soon;
    /// else it happens meanwhile.
    ///
    /// # Errors
    /// [`SearchError::Index`]; the index is sound nevertheless.
    pub fn finish(self) -> Result<(), SearchError> {
        let keeper = self.keeper.into_inner().unwrap_or_else(PoisonError::into_inner);
        let writer = keeper.writing.and_then(|writing| writing.writer);
        writer.map_or(Ok(()), |(_, writer)| merge(writer))
    }
}

impl Keeper {
    fn take_writer(
        &mut self,
        generation: &Generation,
        heap_bytes: usize,
    ) -> Result<IndexWriter, SearchError> {
        let kept = self.writing.as_mut().and_then(|writing| writing.writer.take());
        match kept {
            Some((number, writer)) if number == generation.number => return Ok(writer),
            // One writer at a time: two of them would have the memory of two.
            other => drop(other),
        }
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(heap_bytes)
            .build();
        let writer = generation.index.writer_with_options(options).map_err(|error| match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => SearchError::Locked,
            source => SearchError::Index { doing: "open for writing", source },
        })?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(MAX_DELETED_SHARE);
        writer.set_merge_policy(Box::new(policy));
        // A process that was killed may have left a file of a commit that never was, and the same commit, made
        // again, would find its name taken.
        writer
            .garbage_collect_files()
            .wait()
            .map_err(|source| SearchError::Index { doing: "remove what a crash left", source })?;
        Ok(writer)
    }

    fn put_back(&mut self, number: u64, writer: Option<IndexWriter>) {
        if let Some(writing) = &mut self.writing {
            writing.writer = writer.map(|writer| (number, writer));
        }
    }
}

fn merge(writer: IndexWriter) -> Result<(), SearchError> {
    writer.wait_merging_threads().map_err(|source| SearchError::Index { doing: "merge segments", source })
}

/// What entries say of some MBIDs.
struct Said {
    links: HashMap<Uuid, Group>,
    tags: HashMap<Uuid, Vec<TagCount>>,
    scores: HashMap<Uuid, i64>,
}

/// One run of catching up.
struct CatchUp<'a> {
    generation: &'a Generation,
    store: &'a Store,
    catalogue: Option<&'a Catalogue>,
    writer: IndexWriter,
    /// Groups whose documents were written by changes.
    written: HashSet<Uuid>,
    progress: Progress,
    tell: &'a mut dyn FnMut(u64),
}

impl CatchUp<'_> {
    fn run(&mut self, position: Option<Position>, target: &Target) -> Result<(), SearchError> {
        let mut position = match position {
            Some(position) => position,
            None => {
                self.writer.delete_all_documents().map_err(failed)?;
                Position {
                    format: FORMAT,
                    store: target.store,
                    catalogue: target.catalogue.clone(),
                    change: target.newest,
                    rebuilding: Some(Rebuilt::default()),
                }
            }
        };
        if let Some(to) = position.rebuilding {
            self.rebuild(&mut position, to)?;
        }
        self.take_changes(position)
    }

    /// Adds all groups after the one that the rebuild has come to. Changes made meanwhile come
    /// after `position.change` and are taken in next.
    fn rebuild(&mut self, position: &mut Position, mut to: Rebuilt) -> Result<(), SearchError> {
        let mut uncommitted = 0;
        loop {
            let added = match self.add_from_catalogue(&mut to)? {
                0 => self.add_from_links(&mut to)?,
                added => added,
            };
            if added == 0 {
                break;
            }
            uncommitted += added;
            position.rebuilding = Some(to);
            if uncommitted >= COMMIT_REBUILD_EVERY {
                self.commit(position)?;
                uncommitted = 0;
            }
        }
        position.rebuilding = None;
        self.commit(position)
    }

    /// Adds the next groups of the catalogue; returns how many there were.
    fn add_from_catalogue(&mut self, to: &mut Rebuilt) -> Result<u64, SearchError> {
        let Some(catalogue) = self.catalogue else { return Ok(0) };
        let records = catalogue.groups_after(to.catalogue_to, READ_BATCH).map_err(SearchError::Store)?;
        let named: Vec<(Uuid, Vec<Uuid>)> =
            records.iter().map(|(_, record)| (record.mbid, record.mbids().collect())).collect();
        let mut said = self.said_of(&named)?;
        for ((number, record), (mbid, mbids)) in records.iter().zip(&named) {
            self.add(mbid, mbids, Some(record), &mut said)?;
            to.catalogue_to = *number;
        }
        Ok(records.len() as u64)
    }

    /// Adds the next groups that the catalogue does not have; returns how many were looked at.
    fn add_from_links(&mut self, to: &mut Rebuilt) -> Result<u64, SearchError> {
        let mbids = self.store.group_mbids_after(to.links_to, READ_BATCH).map_err(SearchError::Store)?;
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
            let changes =
                self.store.group_changes_after(position.change, READ_BATCH).map_err(SearchError::Store)?;
            let Some((last, _)) = changes.last() else { break };
            position.change = *last;
            let mut mbids = BTreeSet::new();
            for (_, mbid) in changes {
                mbids.insert(self.known_as(&mbid)?.unwrap_or(mbid));
            }
            for mbid in &mbids {
                if self.may_have(mbid)? {
                    self.writer.delete_query(self.document_of(mbid)).map_err(failed)?;
                }
                self.written.insert(*mbid);
                let record = self.catalogue.map(|catalogue| catalogue.group_record(mbid)).transpose();
                let record = record.map_err(SearchError::Store)?.flatten();
                let mbids = record.as_ref().map_or_else(|| vec![*mbid], |record| record.mbids().collect());
                let named = [(*mbid, mbids)];
                let mut said = self.said_of(&named)?;
                let [(mbid, mbids)] = &named;
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

    /// The release group in the catalogue under which an MBID is listed: its own, or that of a release.
    fn known_as(&self, mbid: &Uuid) -> Result<Option<Uuid>, SearchError> {
        let known = self.catalogue.map(|catalogue| catalogue.group_of(mbid)).transpose();
        Ok(known.map_err(SearchError::Store)?.flatten())
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

    /// Matches the document of a group. One half of the MBID finds it; the other one sees to it that
    /// nobody replaces a group by inventing an MBID with the same half.
    fn document_of(&self, mbid: &Uuid) -> Box<dyn Query> {
        let fields = &self.generation.fields;
        let high = TermQuery::new(fields.mbid_high(mbid), IndexRecordOption::Basic);
        let low = fields.mbid_low(mbid);
        let low = RangeQuery::new(Bound::Included(low.clone()), Bound::Included(low));
        Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(high)), (Occur::Must, Box::new(low))]))
    }

    /// What entries say of groups, each given with all MBIDs that they may name.
    fn said_of(&self, named: &[(Uuid, Vec<Uuid>)]) -> Result<Said, StoreError> {
        let groups = named.iter().map(|(mbid, mbids)| (mbid, mbids.as_slice()));
        let mbids: Vec<Uuid> = named.iter().flat_map(|(_, mbids)| mbids.iter().copied()).collect();
        Ok(Said {
            links: self.store.groups(groups, MAX_GROUP_LINKS)?,
            tags: self.store.tags_of_groups(&mbids)?,
            scores: self.store.group_scores(&mbids)?,
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
        // A tag is no reason to list what nobody knows.
        if record.is_some() || links.is_some() {
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

/// What made writing fail.
fn cause(error: SearchError, writer: &mut IndexWriter) -> SearchError {
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
    use crate::search::tests::{Library, catalogue, link};

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

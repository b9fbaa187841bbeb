//! Catching up with the store: which groups changed since the last commit, and their new documents.
//!
//! How far the index is stands in the payload of its commits, so that documents and position are
//! never apart, whenever the power fails.

use super::schema::FORMAT;
use super::{SearchError, SearchIndex};
use crate::store::Store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::PoisonError;
use tantivy::directory::error::LockError;
use tantivy::indexer::IndexWriterOptions;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::{IndexWriter, TantivyError};
use uuid::Uuid;

/// Memory for documents that are not yet on disk. Changes come in small batches, and a rebuild is
/// not faster with more.
const WRITER_HEAP_BYTES: usize = 50_000_000;
/// Changes, or groups in a rebuild, that are read from the store at once.
const READ_BATCH: usize = 1_000;
/// Groups between two commits: what a crash in the middle of a rebuild costs at most.
const COMMIT_EVERY: u64 = 50_000;
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

/// The state of the store that the index holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    format: u32,
    /// The store's incarnation.
    store: Uuid,
    /// The last change taken in; in a rebuild, the last one before it began.
    change: u64,
    /// A rebuild is under way, and has come to this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rebuilt_to: Option<Uuid>,
}

impl SearchIndex {
    /// Takes in what changed in the store since the last time; rebuilds the index if it is new, of
    /// another version, or ahead of a store that was restored from a backup. Commits as it goes.
    ///
    /// # Errors
    /// [`SearchError::Locked`] if another process writes to the index; what is in it can be
    /// searched all the same.
    pub fn catch_up(&self, store: &Store) -> Result<Progress, SearchError> {
        let incarnation = Uuid::from_bytes(store.incarnation().map_err(SearchError::Store)?);
        let newest = store.last_group_change().map_err(SearchError::Store)?;
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.position()?.is_some_and(|position| position.is(incarnation, newest)) {
            // Another process may have brought it there.
            self.reload()?;
            return Ok(Progress::default());
        }
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => self.writer()?,
        };
        let progress = CatchUp { search: self, store, writer: &mut writer, progress: Progress::default() }
            .run(incarnation, newest)
            // The writer is dropped then with all that it has not committed.
            .map_err(|error| give_up(error, &mut writer))?;
        *slot = Some(writer);
        drop(slot);
        self.reload()?;
        Ok(progress)
    }

    /// Waits until no part of the index is being rewritten any more. For programs that end soon;
    /// else it happens meanwhile.
    ///
    /// # Errors
    /// [`SearchError::Index`]; the index is sound nevertheless.
    pub fn finish(self) -> Result<(), SearchError> {
        let writer = self.writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failed = |source| SearchError::Index { doing: "merge segments", source };
        writer.map_or(Ok(()), |writer| writer.wait_merging_threads().map_err(failed))
    }

    fn position(&self) -> Result<Option<Position>, SearchError> {
        let failed = |source| SearchError::Index { doing: "read its position", source };
        let payload = self.index.load_metas().map_err(failed)?.payload;
        let position = payload.and_then(|payload| serde_json::from_str::<Position>(&payload).ok());
        Ok(position.filter(|position| position.format == FORMAT))
    }

    fn writer(&self) -> Result<IndexWriter, SearchError> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_HEAP_BYTES)
            .build();
        let writer = self.index.writer_with_options(options).map_err(|error| match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => SearchError::Locked,
            source => SearchError::Index { doing: "open for writing", source },
        })?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(MAX_DELETED_SHARE);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }
}

impl Position {
    fn is(&self, store: Uuid, newest: u64) -> bool {
        self.store == store && self.change == newest && self.rebuilt_to.is_none()
    }

    /// Whether the store's changes lead on from here.
    fn can_go_on(&self, store: Uuid, newest: u64) -> bool {
        self.store == store && self.change <= newest
    }
}

/// One run of catching up.
struct CatchUp<'a> {
    search: &'a SearchIndex,
    store: &'a Store,
    writer: &'a mut IndexWriter,
    progress: Progress,
}

impl CatchUp<'_> {
    fn run(mut self, incarnation: Uuid, newest: u64) -> Result<Progress, SearchError> {
        // Read again: only now that the lock is ours can nobody else move it.
        let known = self.search.position()?.filter(|position| position.can_go_on(incarnation, newest));
        let position = match known {
            Some(position) if position.rebuilt_to.is_none() => position,
            Some(position) => self.rebuild(position)?,
            None => {
                self.writer.delete_all_documents().map_err(failed)?;
                self.rebuild(Position {
                    format: FORMAT,
                    store: incarnation,
                    change: newest,
                    rebuilt_to: None,
                })?
            }
        };
        self.take_changes(position)?;
        Ok(self.progress)
    }

    /// Adds all groups after the one that the rebuild has come to. Changes made meanwhile come
    /// after `position.change` and are taken in next.
    fn rebuild(&mut self, mut position: Position) -> Result<Position, SearchError> {
        self.progress.rebuilt = true;
        let mut uncommitted = 0;
        loop {
            let mbids =
                self.store.group_mbids_after(position.rebuilt_to, READ_BATCH).map_err(SearchError::Store)?;
            let Some(last) = mbids.last() else { break };
            for mbid in &mbids {
                self.add(mbid)?;
            }
            position.rebuilt_to = Some(*last);
            uncommitted += mbids.len() as u64;
            if uncommitted >= COMMIT_EVERY {
                self.commit(&position)?;
                uncommitted = 0;
            }
        }
        position.rebuilt_to = None;
        self.commit(&position)?;
        Ok(position)
    }

    fn take_changes(&mut self, mut position: Position) -> Result<(), SearchError> {
        let mut uncommitted = 0;
        loop {
            let changes =
                self.store.group_changes_after(position.change, READ_BATCH).map_err(SearchError::Store)?;
            let Some((last, _)) = changes.last() else { break };
            position.change = *last;
            let mbids: BTreeSet<Uuid> = changes.into_iter().map(|(_, mbid)| mbid).collect();
            for mbid in &mbids {
                self.writer.delete_term(self.search.fields.mbid(mbid));
                self.add(mbid)?;
            }
            uncommitted += mbids.len() as u64;
            if uncommitted >= COMMIT_EVERY {
                self.commit(&position)?;
                uncommitted = 0;
            }
        }
        if uncommitted > 0 { self.commit(&position) } else { Ok(()) }
    }

    fn add(&mut self, mbid: &Uuid) -> Result<(), SearchError> {
        self.progress.groups += 1;
        if let Some(group) = self.store.group(mbid).map_err(SearchError::Store)? {
            self.writer.add_document(self.search.fields.document(&group)).map_err(failed)?;
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

/// What made writing fail, after the files are gone that no commit will name.
fn give_up(error: SearchError, writer: &mut IndexWriter) -> SearchError {
    let error = match error {
        // The thread that writes says why it ended to whoever waits for it.
        SearchError::Index { source: TantivyError::ErrorInThread(_), .. } => match writer.prepare_commit() {
            Err(source) => failed(source),
            Ok(_) => error,
        },
        error => error,
    };
    // On a full disk they would keep the room that is needed next. What cannot be removed now is with
    // the next commit.
    let _ = writer.garbage_collect_files().wait();
    error.or_full()
}

fn failed(source: TantivyError) -> SearchError {
    SearchError::Index { doing: "write documents", source }
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
            let mut writer = library.search.writer().unwrap();
            let mut catch_up = CatchUp {
                search: &library.search,
                store: &library.store,
                writer: &mut writer,
                progress: Progress::default(),
            };
            let half = library.store.group_mbids_after(None, 30).unwrap();
            half.iter().for_each(|mbid| catch_up.add(mbid).unwrap());
            let position = Position {
                format: FORMAT,
                store: Uuid::from_bytes(library.store.incarnation().unwrap()),
                change: 60,
                rebuilt_to: half.last().copied(),
            };
            catch_up.commit(&position).unwrap();
            // What is not committed is lost.
            let rest = library.store.group_mbids_after(position.rebuilt_to, 20).unwrap();
            rest.iter().for_each(|mbid| catch_up.add(mbid).unwrap());
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

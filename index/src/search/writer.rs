//! Who writes to the index, and to which generation: the one that is shown, as long as the store's changes
//! lead on from it, or the next one.
//!
//! How far an index is stands in the payload of its commits ([`super::position`]), so that documents and
//! position are never apart, whenever the power fails. What is written is in [`super::catch_up`].

use super::cache::{self, Generation};
use super::catch_up::{CatchUp, cause};
use super::position::{Position, Target};
use super::{SearchError, SearchIndex};
use crate::store::Store;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use tantivy::directory::DirectoryLock;
use tantivy::directory::error::LockError;
use tantivy::indexer::IndexWriterOptions;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::{IndexWriter, TantivyError};

/// Memory for documents that are not yet on disk: changes come in small batches.
pub(super) const WRITER_HEAP_BYTES: usize = 50_000_000;
/// The same while all are written: fewer and larger segments, with less to merge.
const BUILDER_HEAP_BYTES: usize = 200_000_000;
/// A segment with more replaced documents than this share is rewritten.
const MAX_DELETED_SHARE: f32 = 0.3;
/// Changes that were read are forgotten when there are so many: some hundreds of KiB. Each time costs a
/// transaction.
pub(super) const FORGET_EVERY: u64 = 10_000;

/// What a call to [`SearchIndex::catch_up`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Groups whose documents were written or removed.
    pub groups: u64,
    /// Whether it was, or went on with, a rebuild from scratch.
    pub rebuilt: bool,
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
            let catalogue_version = catalogue.map(|(_, version)| version);
            let target = Target::read(store, catalogue_version)?;
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
            // Read again: only now that the lock is ours can nobody else move it. Who had the lock may have come
            // further than the store was at the first look.
            let target = Target::read(store, catalogue_version)?;
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
                shared: &self.catalogue,
                writer,
                written: HashSet::new(),
                progress: Progress { groups: 0, rebuilt },
                tell: progress,
            };
            if let Err(error) = work.run(position, &target) {
                let error = cause(error, &mut work.writer);
                drop(work);
                // What it has begun would keep the room on a full disk that is needed next. It goes as a
                // writer is opened, when the one before is gone.
                let _ = keeper.take_writer(&generation, WRITER_HEAP_BYTES);
                return Err(error);
            }
            let CatchUp { writer, progress, .. } = work;
            keeper.put_back(generation.number, (!rebuilt).then_some(writer));
            generation.reload()?;
            if generation.number != current.number {
                keeper.intact = Some(true);
                cache::remove_others(&self.directory, generation.number)?;
                self.show(Arc::clone(&generation));
            }
            if let Some(read_to) = generation.position().map(|position| position.change)
                && read_to >= target.forgotten + FORGET_EVERY
            {
                // All of them are in the index. Where that cannot be written, the next time does.
                let _ = store.forget_group_changes(read_to);
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
        let failed = |source| SearchError::Index { doing: "merge segments", source };
        writer.map_or(Ok(()), |(_, writer)| writer.wait_merging_threads().map_err(failed))
    }
}

impl Keeper {
    pub(super) fn take_writer(
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

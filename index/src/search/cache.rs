//! The directories of the search index: a cache, so whatever is wrong with it, it is made anew.
//!
//! `search/1`, `search/2`, ... are generations. The newest complete one answers; a new one is built beside
//! it when the rules, the store or the catalogue are others, so that a search sees the old state or the
//! new one and never half of it.

use super::SearchError;
use super::position::Position;
use super::schema::{FORMAT, Fields, schema};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tantivy::directory::error::LockError;
use tantivy::directory::{Directory, DirectoryLock, INDEX_WRITER_LOCK, MmapDirectory};
use tantivy::schema::Schema;
use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy, TantivyError};

/// So long it is waited for another process that makes the first index.
const PATIENCE: Duration = Duration::from_secs(5);

/// One index, with what reads it.
pub(super) struct Generation {
    pub number: u64,
    pub index: Index,
    pub reader: IndexReader,
    pub fields: Fields,
    /// The commit that the reader shows.
    shown: AtomicU64,
}

/// Opens the generation that answers; makes an empty one if there is none that this version can use.
pub(super) fn open(directory: &Path) -> Result<Generation, SearchError> {
    let refused = |source| SearchError::Directory { path: directory.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(refused)?;
    if let Some(newest) = newest(directory)? {
        return Ok(newest);
    }
    let until = Instant::now() + PATIENCE;
    let _lock = loop {
        match lock(directory) {
            Err(SearchError::Locked) if Instant::now() < until => std::thread::sleep(PATIENCE / 100),
            lock => break lock?,
        }
        // Whoever has the lock makes one.
        if let Some(newest) = newest(directory)? {
            return Ok(newest);
        }
    };
    if let Some(newest) = newest(directory)? {
        return Ok(newest);
    }
    let first = numbers(directory)?.last().map_or(1, |last| last + 1);
    create(directory, first)
}

/// The newest complete generation, or else the newest that is being built.
pub(super) fn newest(directory: &Path) -> Result<Option<Generation>, SearchError> {
    let mut building = None;
    for number in numbers(directory)?.into_iter().rev() {
        let Some(generation) = sound(directory, number) else { continue };
        if generation.position().is_some_and(|position| position.is_complete()) {
            return Ok(Some(generation));
        }
        building.get_or_insert(generation);
    }
    Ok(building)
}

/// Whether there is any generation after this one, complete or not.
pub(super) fn has_newer(directory: &Path, number: u64) -> Result<bool, SearchError> {
    Ok(numbers(directory)?.last().is_some_and(|last| *last > number))
}

/// The generation with this number, if all of it can be opened.
pub(super) fn sound(directory: &Path, number: u64) -> Option<Generation> {
    let path = path(directory, number);
    let (schema, fields) = schema();
    let open = || -> tantivy::Result<Option<Generation>> {
        let index = Index::open_in_dir(&path)?;
        if index.schema() != schema {
            return Ok(None);
        }
        Ok(Some(Generation::new(number, index, fields)?))
    };
    // Files cut short make tantivy panic rather than return an error. Nothing outlives this call
    // that a panic could leave half done.
    catch_unwind(open).ok()?.ok()?
}

/// A new, empty generation; one of the same number is replaced.
pub(super) fn create(directory: &Path, number: u64) -> Result<Generation, SearchError> {
    let path = path(directory, number);
    let refused = |source| SearchError::Directory { path: path.clone(), source };
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    fs::DirBuilder::new().mode(0o700).create(&path).map_err(refused)?;
    let failed = |source| SearchError::Index { doing: "make an empty index", source };
    let (schema, fields): (Schema, Fields) = schema();
    let mapped = MmapDirectory::open(&path).map_err(|error| failed(error.into()))?;
    let index = Index::create(mapped, schema, IndexSettings::default()).map_err(failed)?;
    Generation::new(number, index, fields).map_err(failed)
}

/// Removes all generations but one. Whoever still reads them keeps what is open.
pub(super) fn remove_others(directory: &Path, kept: u64) -> Result<(), SearchError> {
    for number in numbers(directory)?.into_iter().filter(|number| *number != kept) {
        let path = path(directory, number);
        fs::remove_dir_all(&path).map_err(|source| SearchError::Directory { path, source })?;
    }
    Ok(())
}

/// Only who holds this writes below the directory.
pub(super) fn lock(directory: &Path) -> Result<DirectoryLock, SearchError> {
    let failed = |source| SearchError::Index { doing: "lock its directory", source };
    let mapped = MmapDirectory::open(directory).map_err(|error| failed(error.into()))?;
    mapped.acquire_lock(&INDEX_WRITER_LOCK).map_err(|error| match error {
        LockError::LockBusy => SearchError::Locked,
        error => failed(TantivyError::LockFailure(error, None)),
    })
}

impl Generation {
    fn new(number: u64, index: Index, fields: Fields) -> tantivy::Result<Self> {
        super::tokens::register(&index);
        // Sees new commits when it is told to: no thread that watches files.
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        // No commit has this number: the first reload always happens.
        Ok(Self { number, index, reader, fields, shown: AtomicU64::new(u64::MAX) })
    }

    /// What it holds; `None` if nothing, or by other rules.
    pub(super) fn position(&self) -> Option<Position> {
        let payload = self.index.load_metas().ok()?.payload?;
        let position = serde_json::from_str::<Position>(&payload).ok()?;
        (position.format == FORMAT).then_some(position)
    }

    /// Shows the newest commit, if it is not shown yet.
    pub(super) fn reload(&self) -> Result<(), SearchError> {
        let failed = |source| SearchError::Index { doing: "show its newest state", source };
        let newest = self.index.load_metas().map_err(failed)?.opstamp;
        if self.shown.load(Ordering::Acquire) != newest {
            self.reader.reload().map_err(failed)?;
            self.shown.store(newest, Ordering::Release);
        }
        Ok(())
    }

    /// Reads all files once: a flipped bit would otherwise be a panic in the middle of a search.
    pub(super) fn is_intact(&self) -> bool {
        self.index.validate_checksum().is_ok_and(|damaged| damaged.is_empty())
    }
}

/// Numbers of the generations, ascending.
fn numbers(directory: &Path) -> Result<Vec<u64>, SearchError> {
    let refused = |source| SearchError::Directory { path: directory.to_owned(), source };
    let mut numbers = Vec::new();
    for file in fs::read_dir(directory).map_err(refused)? {
        let name = file.map_err(refused)?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(number.to_string())
}

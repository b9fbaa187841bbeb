//! The directory of the search index: a cache, so whatever is wrong with it, it is made anew.

use super::SearchError;
use super::schema::{Fields, schema};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::panic::catch_unwind;
use std::path::Path;
use tantivy::directory::error::LockError;
use tantivy::directory::{Directory, INDEX_WRITER_LOCK, MmapDirectory};
use tantivy::schema::Schema;
use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy, TantivyError};

/// Opens the index in `directory`; makes an empty one if there is none that this version can use.
pub(super) fn open(directory: &Path) -> Result<(Index, IndexReader, Fields), SearchError> {
    let refused = |source| SearchError::Directory { path: directory.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(refused)?;
    let (schema, fields) = schema();
    if let Some((index, reader)) = sound(directory, &schema) {
        return Ok((index, reader, fields));
    }
    // Whoever holds the lock may be at work in these very files.
    let failed = |source| SearchError::Index { doing: "make an empty index", source };
    let mapped = MmapDirectory::open(directory).map_err(|error| failed(error.into()))?;
    let lock = mapped.acquire_lock(&INDEX_WRITER_LOCK).map_err(|error| match error {
        LockError::LockBusy => SearchError::Locked,
        error => failed(TantivyError::LockFailure(error, None)),
    })?;
    // Another process may have made it between the first look and the lock.
    if let Some((index, reader)) = sound(directory, &schema) {
        return Ok((index, reader, fields));
    }
    for file in fs::read_dir(directory).map_err(refused)? {
        let file = file.map_err(refused)?;
        if *file.file_name() != *INDEX_WRITER_LOCK.filepath && file.file_type().map_err(refused)?.is_file() {
            fs::remove_file(file.path()).map_err(refused)?;
        }
    }
    let index = Index::create(mapped, schema, IndexSettings::default()).map_err(failed)?;
    let reader = reader(&index).map_err(failed)?;
    drop(lock);
    Ok((index, reader, fields))
}

/// The index, if all of it is there and of this version. Reads all files once: a flipped bit would
/// otherwise be a panic in the middle of a search.
fn sound(directory: &Path, schema: &Schema) -> Option<(Index, IndexReader)> {
    let check = || -> tantivy::Result<Option<(Index, IndexReader)>> {
        let index = Index::open_in_dir(directory)?;
        if index.schema() != *schema || !index.validate_checksum()?.is_empty() {
            return Ok(None);
        }
        let reader = reader(&index)?;
        Ok(Some((index, reader)))
    };
    // Files cut short make tantivy panic rather than return an error. Nothing outlives this call
    // that a panic could leave half done.
    catch_unwind(check).ok()?.ok()?
}

/// Sees new commits when it is told to: no thread that watches files.
fn reader(index: &Index) -> tantivy::Result<IndexReader> {
    index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()
}

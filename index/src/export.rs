//! The whole set as a file, for other programs, for another machine, for a copy: [`cbor`], the bytes
//! that everything else follows from, or [`jsonl`], the same with what it says in plain JSON.
//!
//! Streamed, and all of one moment: what joins the set meanwhile is not in it. Nothing private is.
//! [`mod@crate::import`] reads both forms again.

mod jsonl;
mod sqlite;
#[cfg(test)]
mod tests;

pub use sqlite::{SqliteExported, export_sqlite};

use crate::entry::Scope;
use crate::mbid::capitalise;
use crate::store::entries::{Shown, StoredEntry};
use crate::store::{Store, StoreError};
use crate::{Problem, disk};
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Entries between two reports of progress.
const REPORT_EVERY: u64 = 256;
/// Written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Exported {
    /// Entries, heads without bodies among them.
    pub entries: u64,
    /// Those of `core`.
    pub core: u64,
    /// Those of `main`.
    pub main: u64,
    /// Entries whose body is not here.
    pub without_body: u64,
    /// Entries that a ruling of the network's operators hides.
    pub hidden: u64,
    /// Length of what was written.
    pub size_bytes: u64,
}

/// Why an export was given up.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is written to takes no more.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    /// There is no space left where the export goes.
    #[error("the disk is full: {} was not written", .0.display())]
    Full(PathBuf),
    /// The database that is written refused.
    #[error("cannot write {}: {source}", path.display())]
    Database {
        /// Which one.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// There is a file of that name.
    #[error("the file {} exists", .0.display())]
    Exists(PathBuf),
    /// A file that cannot be made.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl ExportError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        let (code, fix) = match self {
            Self::Full(_) => ("disk.full", "Make space on that disk, or name a file on another one."),
            Self::Write(error) if disk::is_full(error) => {
                ("disk.full", "Make space on that disk, or name a file on another one.")
            }
            Self::Exists(_) => ("export.exists", "Name another file, or replace this one with --force."),
            Self::File { .. } | Self::Database { .. } | Self::Write(_) => {
                ("file", "Check the path and its permissions.")
            }
            Self::Store(_) => ("export.store", "Is the data directory that of a node, and of this version?"),
        };
        Problem { code, field: "", message: format!("{}.", capitalise(&self.to_string())), fix }
    }
}

/// How far an export is: entries or rows that are done, and how many there are.
pub type Progress = (u64, u64);

/// Writes all entries as a CBOR sequence (RFC 8742), each as its head and, where it is here, its body;
/// `core` first, in order of ids. Equal sets with the same bodies give equal bytes.
///
/// # Errors
/// See [`ExportError`].
pub fn cbor(store: &Store, out: impl Write, progress: impl FnMut(Progress)) -> Result<Exported, ExportError> {
    each(store, out, progress, |entry, _, bytes| {
        entry.write_to(bytes);
        Ok(())
    })
}

/// Writes all entries as JSON, one object on a line, in the same order as [`cbor`]. `doc/CLI.md` lists the
/// members.
///
/// # Errors
/// See [`ExportError`].
pub fn jsonl(
    store: &Store,
    out: impl Write,
    progress: impl FnMut(Progress),
) -> Result<Exported, ExportError> {
    each(store, out, progress, jsonl::write)
}

fn each(
    store: &Store,
    out: impl Write,
    mut progress: impl FnMut(Progress),
    mut form: impl FnMut(&StoredEntry, bool, &mut Vec<u8>) -> Result<(), StoreError>,
) -> Result<Exported, ExportError> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let mut exported = Exported::default();
    let (mut bytes, mut total) = (Vec::new(), 0);
    store.each_entry(|shown| {
        match shown {
            Shown::Counts(counts) => total = counts.iter().sum(),
            Shown::Entry(scope, entry, is_hidden) => {
                bytes.clear();
                form(entry, is_hidden, &mut bytes)?;
                out.write_all(&bytes)?;
                exported.entries += 1;
                match scope {
                    Scope::Core => exported.core += 1,
                    Scope::Main => exported.main += 1,
                }
                exported.without_body += u64::from(entry.body.is_none());
                exported.hidden += u64::from(is_hidden);
                exported.size_bytes += bytes.len() as u64;
            }
        }
        if exported.entries.is_multiple_of(REPORT_EVERY) {
            progress((exported.entries, total));
        }
        Ok::<_, ExportError>(())
    })?;
    out.flush()?;
    progress((exported.entries, total));
    Ok(exported)
}

/// Makes a file that is there whole or not at all: `make` gets the path `PATH.new`, which takes the place
/// of `path` when it is done. A file that is there already is replaced only by `force`.
///
/// # Errors
/// See [`ExportError`]; then `path` is as it was, and nothing is left beside it.
pub fn into_place<T>(
    path: &Path,
    force: bool,
    make: impl FnOnce(&Path) -> Result<T, ExportError>,
) -> Result<T, ExportError> {
    let in_file = |path: &Path| {
        let path = path.to_owned();
        move |source| ExportError::File { path, source }
    };
    let is_free = || match force || fs::symlink_metadata(path).is_err() {
        true => Ok(()),
        false => Err(ExportError::Exists(path.to_owned())),
    };
    is_free()?;
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let made = make(&new).and_then(|made| {
        File::open(&new).and_then(|file| file.sync_all()).map_err(in_file(&new))?;
        // It took its time: somebody may have made one.
        is_free()?;
        fs::rename(&new, path).map_err(in_file(path))?;
        Ok(made)
    });
    made.map_err(|error| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&new);
        match &error {
            // What is read needs no space: it is the copy that has none.
            ExportError::Store(StoreError::Full) => ExportError::Full(path.to_owned()),
            ExportError::Write(source) | ExportError::File { source, .. } if disk::is_full(source) => {
                ExportError::Full(path.to_owned())
            }
            ExportError::Database { source, .. }
                if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) =>
            {
                ExportError::Full(path.to_owned())
            }
            _ => error,
        }
    })
}

//! The truth on disk: `entries.db` and `private.db` (SQLite, WAL) below one data directory.
//!
//! One writer and a few readers, all synchronous. What is written is decided by [`crate::ingest`];
//! questions are asked by [`entries`] and [`crate::projection`].

pub mod accounts;
pub(crate) mod arrivals;
pub(crate) mod changes;
pub mod digests;
pub mod entries;
pub mod membership;
pub(crate) mod migration;
pub mod nodes;
pub mod private;
pub mod segments;
pub mod sketch;
#[cfg(test)]
mod sync_memory;

use crate::{Problem, disk, projection};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A reader waits this long for a lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// A disk with less room than this counts as full as long as it was full: a batch of the longest entries,
/// once in the log of the database and once in the database, or else it would be full again at once.
const ROOM_BYTES: usize = 40 << 20;
/// Memory for pages of a database that is written: ids are random, so a batch of entries touches pages all over
/// the index of ids.
const CACHE_KIB: i64 = 64 << 10;
/// How many pages of 4 KiB the log of `entries.db` may hold before it is brought into the database. A batch touches
/// thousands of pages, and with SQLite's 1,000 each of them was written twice in each transaction; in 128 MiB
/// many of them are written anew before that.
const LOG_PAGES: i64 = 32 << 10;
/// Statements that a connection keeps ready: those of all projections.
const PREPARED_STATEMENTS: usize = 128;
/// Idle read connections that are kept open.
const MAX_IDLE_READERS: usize = 8;

/// Why the store cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory cannot be made or read.
    #[error("cannot use the data directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A database was written by a newer version of Deadwax.
    #[error("{file} has schema {found}; this version knows schemas up to {known}")]
    Newer {
        /// The database.
        file: &'static str,
        /// Its schema.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// A database that is not migrated, of an older version of Deadwax.
    #[error("{file} was made by an older version")]
    Older {
        /// The database.
        file: &'static str,
    },
    /// There is no space left. Nothing was changed, and what is there can be read.
    #[error("the disk is full: nothing new can be kept")]
    Full,
    /// SQLite refused.
    #[error("the database refused: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// A row that this version cannot have written.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let full = error.sqlite_error().is_some_and(|error| {
            // The second: no room for the index of the write-ahead log, which is made at the first access.
            error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
        });
        if full { Self::Full } else { Self::Sqlite(error) }
    }
}

impl StoreError {
    /// Whether another process kept a database to itself for longer than anybody waits.
    pub fn is_busy(&self) -> bool {
        let code = match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        };
        matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// The error in plain words, if whoever runs the node can do something about it.
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::Full => Some(disk::problem("nothing new can be kept")),
            _ => None,
        }
    }
}

/// The open databases of one data directory.
pub struct Store {
    entries: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    private: Mutex<Connection>,
    /// By scope.
    digests: [digests::DigestKeeper; 2],
    /// By scope.
    sketches: [sketch::SketchKeeper; 2],
    members: Mutex<membership::Kept>,
    segments: segments::SegmentKeeper,
}

impl Store {
    /// Opens the databases in `dir`, making and migrating them where needed.
    ///
    /// # Errors
    /// See [`StoreError`]; a database of a newer version is left alone.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let directory = |source| match disk::is_full(&source) {
            true => StoreError::Full,
            false => StoreError::Directory { path: dir.to_owned(), source },
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
        let open = |name: &'static str, migrations| -> Result<Connection, StoreError> {
            let path = dir.join(name);
            // Made here, so that no moment passes in which others can read it. SQLite gives its
            // -wal and -shm files the same mode.
            let mut options = std::fs::OpenOptions::new();
            options.create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(directory)?;
            let mut connection = Connection::open(&path)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
            // FULL: an entry that was acknowledged survives a power cut, not just a crash.
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            plan_once(&connection)?;
            migration::migrate(&mut connection, name, migrations)?;
            Ok(connection)
        };
        let mut writer = open("entries.db", migration::ENTRIES)?;
        let private = open("private.db", migration::PRIVATE)?;
        // A key that its owner deletes is not to be found in free pages.
        private.pragma_update(None, "secure_delete", true)?;
        writer.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        let mut incarnation = [0; 16];
        getrandom::fill(&mut incarnation)?;
        writer
            .execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('incarnation', ?1)", [incarnation])?;
        // Asked first: most of the time there is nothing to write, and another process may be writing.
        if projection::is_outdated(&writer)? {
            transact(&mut writer, |db| projection::rebuild_if_outdated(db))?;
        }
        Ok(Self {
            entries: dir.join("entries.db"),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            private: Mutex::new(private),
            digests: Default::default(),
            sketches: Default::default(),
            members: Mutex::default(),
            segments: Default::default(),
        })
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        self.entries.parent().unwrap_or(Path::new(""))
    }

    /// Whether there is room on the disk for what may come at once. False as well if that cannot be told.
    pub fn has_room(&self) -> bool {
        disk::has_room(self.dir(), ROOM_BYTES).is_ok()
    }

    /// Runs `write` in one transaction; what it did is durable when this returns `Ok`.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let result = transact(&mut writer, write);
        if let Err(StoreError::Full) = result {
            // The log may be what fills the disk. What it holds is durable either way.
            let _ = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        result
    }

    /// Runs `read` on a connection that sees one state of the set throughout.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = lock(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&self.entries, flags)?;
                connection.busy_timeout(BUSY_TIMEOUT)?;
                connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
                plan_once(&connection)?;
                connection
            }
        };
        let transaction = connection.unchecked_transaction()?;
        let result = read(&transaction)?;
        drop(transaction);
        let mut readers = lock(&self.readers);
        if readers.len() < MAX_IDLE_READERS {
            readers.push(connection);
        }
        Ok(result)
    }

    /// Gives the space of a large transaction's log back, if no reader needs it any more.
    pub(crate) fn shrink_log(&self) -> Result<(), StoreError> {
        Ok(lock(&self.writer).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    fn write_private<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        transact(&mut lock(&self.private), write)
    }
}

/// A statement keeps its plan whatever values it gets: made anew for each of them, plans cost more than what
/// they find.
pub(crate) fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn transact<T>(
    connection: &mut Connection,
    write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = write(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// A panic elsewhere leaves a connection usable: its transaction was rolled back as it unwound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Scope;
    use crate::entry::identity::Identity;
    use crate::ingest::ingest;

    /// SQLite's own limit stands in for the disk's. `tests/disk_full.rs` has a real one.
    #[test]
    fn a_full_database_is_told_apart_and_goes_on_with_space() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut author = Identity::from_secret([3; 32]);
        let mut entries =
            (0..200).map(|n| author.sign([vec![0xa1, 0x05], vec![7; 8_000]].concat(), 99, n, 494_000));
        let pages: i64 = lock(&store.writer).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let limit = |pages: i64| lock(&store.writer).pragma_update(None, "max_page_count", pages).unwrap();
        limit(pages + 60);
        let before = loop {
            let before = store.scope_state(Scope::Main).unwrap();
            let batch: Vec<_> = entries.by_ref().take(5).collect();
            match ingest(&store, &batch, None) {
                Ok(_) => {}
                Err(StoreError::Full) => break before,
                Err(error) => panic!("{error:?}"),
            }
        };
        assert!((5..200).contains(&before.count));
        assert_eq!(store.scope_state(Scope::Main).unwrap(), before);
        assert_eq!(StoreError::Full.problem().unwrap().code, "disk.full");
        limit(i64::from(i32::MAX));
        ingest(&store, &entries.collect::<Vec<_>>(), None).unwrap();
        assert!(store.scope_state(Scope::Main).unwrap().count > before.count);
    }
}

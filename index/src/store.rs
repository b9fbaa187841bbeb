//! The truth on disk: `entries.db` and `private.db` (SQLite, WAL) below one data directory.
//!
//! One writer and a few readers, all synchronous. What is written is decided by [`crate::ingest`];
//! questions are asked by [`entries`] and [`crate::projection`].

pub mod entries;
pub(crate) mod migration;
pub mod private;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A reader waits this long for a lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
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
    /// SQLite refused.
    #[error("the database refused: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A row that this version cannot have written.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// The open databases of one data directory.
pub struct Store {
    entries: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    private: Mutex<Connection>,
}

impl Store {
    /// Opens the databases in `dir`, making and migrating them where needed.
    ///
    /// # Errors
    /// See [`StoreError`]; a database of a newer version is left alone.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let directory = |source| StoreError::Directory { path: dir.to_owned(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
        let open = |name: &'static str, migrations| -> Result<Connection, StoreError> {
            let path = dir.join(name);
            // Made here, so that no moment passes in which others can read it. SQLite gives its
            // -wal and -shm files the same mode.
            let mut options = std::fs::OpenOptions::new();
            options.create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(directory)?;
            let mut connection = Connection::open(&path)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            // FULL: an entry that was acknowledged survives a power cut, not just a crash.
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )?;
            migration::migrate(&mut connection, name, migrations)?;
            Ok(connection)
        };
        let writer = open("entries.db", migration::ENTRIES)?;
        let private = open("private.db", migration::PRIVATE)?;
        let mut incarnation = [0; 16];
        getrandom::fill(&mut incarnation)?;
        writer
            .execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('incarnation', ?1)", [incarnation])?;
        Ok(Self {
            entries: dir.join("entries.db"),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            private: Mutex::new(private),
        })
    }

    /// The data directory.
    pub(crate) fn dir(&self) -> &Path {
        self.entries.parent().unwrap_or(Path::new(""))
    }

    /// Runs `write` in one transaction; what it did is durable when this returns `Ok`.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        transact(&mut lock(&self.writer), write)
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

    fn write_private<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        transact(&mut lock(&self.private), write)
    }
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

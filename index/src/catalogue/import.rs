//! From archives to `catalogue.db`: written beside it as `catalogue.db.new`, checked, and put in its
//! place in one step. Whoever reads meanwhile sees the old catalogue or the new one.
//!
//! Kinds of records that no archive holds are carried over from the catalogue that was there.

use super::archive;
use super::error::ImportError;
use super::kind::Kind;
use super::record::Record;
use super::writer::Writer;
use super::{FILE, Stats, carry};
use crate::store::migration;
use rusqlite::{Connection, params};
use std::cell::Cell;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where the new catalogue is made.
const NEW_FILE: &str = "catalogue.db.new";
/// Locked while an import is under way.
const LOCK_FILE: &str = "catalogue.lock";
/// Pages of the new catalogue in memory, in KiB: the b-trees by MBID are written at random places.
const CACHE_KIB: i64 = 256 << 10;
/// Records between two reports of progress.
const REPORT_EVERY: u64 = 256;
/// Statements that stay prepared.
const MAX_STATEMENTS: usize = 64;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Compressed bytes read, of all archives.
    pub read_bytes: u64,
    /// Compressed bytes of all archives.
    pub total_bytes: u64,
    /// Records read.
    pub records: u64,
}

/// Imports dumps into the catalogue of a data directory, which is made if there is none. A source is an
/// archive, or a folder with archives named as MusicBrainz names them.
///
/// # Errors
/// See [`ImportError`]; the catalogue that was there is untouched then.
pub fn import(
    dir: &Path,
    sources: &[PathBuf],
    mut progress: impl FnMut(Progress),
) -> Result<Stats, ImportError> {
    let in_file = |path: &Path| {
        let path = path.to_owned();
        move |source| ImportError::File { path, source }
    };
    let archives = archives(sources)?;
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(in_file(dir))?;
    let lock_path = dir.join(LOCK_FILE);
    let lock = private().create(true).truncate(false).open(&lock_path);
    let lock = lock.map_err(|error| in_file(&lock_path)(error).or_full())?;
    lock.try_lock().map_err(|_| ImportError::Busy)?;
    let new = dir.join(NEW_FILE);
    // Of an import that was killed.
    remove(&new).map_err(in_file(&new))?;
    let made = make(dir, &new, &archives, &mut progress).and_then(|()| {
        File::open(&new).and_then(|file| file.sync_all()).map_err(in_file(&new))?;
        fs::rename(&new, dir.join(FILE)).map_err(in_file(&new))?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(in_file(dir))
    });
    if let Err(error) = made {
        // The first error is the one to tell.
        let _ = remove(&new);
        return Err(error.or_full());
    }
    let catalogue = super::Catalogue::open(dir)?;
    let catalogue = catalogue.ok_or_else(|| ImportError::Unsound("it is gone".into()))?;
    Ok(catalogue.stats()?)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The archives that the sources name, with their lengths.
fn archives(sources: &[PathBuf]) -> Result<Vec<(PathBuf, u64)>, ImportError> {
    let mut archives = Vec::new();
    for source in sources {
        let length = |path: &Path| fs::metadata(path).map(|metadata| (metadata.is_dir(), metadata.len()));
        let of_source = |error| ImportError::File { path: source.clone(), source: error };
        let (is_dir, bytes) = length(source).map_err(of_source)?;
        if !is_dir {
            archives.push((source.clone(), bytes));
            continue;
        }
        let before = archives.len();
        for kind in Kind::ALL {
            let path = source.join(format!("{}.tar.xz", kind.dump_name()));
            match length(&path) {
                Ok((_, bytes)) => archives.push((path, bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(ImportError::File { path, source: error }),
            }
        }
        if archives.len() == before {
            return Err(ImportError::Nothing(source.clone()));
        }
    }
    Ok(archives)
}

/// Writes the new catalogue and checks it.
fn make(
    dir: &Path,
    new: &Path,
    archives: &[(PathBuf, u64)],
    progress: &mut dyn FnMut(Progress),
) -> Result<(), ImportError> {
    let in_file = |source| ImportError::File { path: new.to_owned(), source };
    drop(private().create_new(true).open(new).map_err(in_file)?);
    let mut db = Connection::open(new)?;
    db.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
    // No journal: what fails is thrown away. Synced once, before it takes its place.
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;",
    )?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "foreign_keys", false)?;
    migration::migrate(&mut db, FILE, migration::CATALOGUE)?;
    let transaction = db.transaction()?;
    let writer = Writer::new(&transaction);
    let total_bytes = archives.iter().map(|(_, bytes)| bytes).sum();
    let mut state = Progress { total_bytes, ..Progress::default() };
    let mut dumps: HashMap<Kind, Option<String>> = HashMap::new();
    for (path, bytes) in archives {
        let before = state.read_bytes;
        let counted = Cell::new(0);
        let file = File::open(path).map_err(|source| ImportError::File { path: path.clone(), source })?;
        let input = BufReader::with_capacity(64 << 10, Counted { file, bytes: &counted });
        let contents = archive::read(path, input, |kind, line, text| {
            let record = Record::parse(kind, text).map_err(|source| ImportError::Record {
                path: path.clone(),
                kind,
                line,
                source,
            })?;
            writer.write(&record)?;
            state.records += 1;
            if state.records.is_multiple_of(REPORT_EVERY) {
                state.read_bytes = before + counted.get();
                progress(state);
            }
            Ok(())
        })?;
        if contents.kinds.is_empty() {
            return Err(ImportError::Foreign(path.clone()));
        }
        dumps.extend(contents.kinds.into_iter().map(|kind| (kind, contents.timestamp.clone())));
        state.read_bytes = before + bytes;
        progress(state);
    }
    for (kind, timestamp) in &dumps {
        let sql = "INSERT INTO meta (key, value) SELECT ?1, ?2 WHERE ?2 IS NOT NULL";
        transaction.execute(sql, params![format!("dump_{}", kind.table()), timestamp])?;
    }
    transaction.commit()?;
    let missing: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !dumps.contains_key(kind)).collect();
    carry::carry_over(dir, &mut db, &missing)?;
    let transaction = db.transaction()?;
    for kind in Kind::ALL {
        let table = kind.table();
        let sql = format!("INSERT INTO meta (key, value) SELECT ?1, count(*) FROM {table}");
        transaction.execute(&sql, params![table])?;
    }
    transaction.execute_batch(migration::CATALOGUE_INDEXES)?;
    transaction.commit()?;
    let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(ImportError::Unsound(verdict));
    }
    db.close().map_err(|(_, error)| error.into())
}

/// Counts what is read of a file.
struct Counted<'a> {
    file: File,
    bytes: &'a Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

//! How far an import is, in the catalogue that it makes: what was committed there need not be read again.
//!
//! Both new files change in one transaction, with rollback journals, so that neither a killed process nor
//! a power cut leaves half of it. What was left is used only by an import of the same sources with the
//! same program, and only if SQLite finds it sound; anything else is thrown away.

use super::FILE;
use super::archive::{Contents, Member};
use super::error::ImportError;
use super::import::Options;
use super::kind::{Kind, Named};
use super::place::{NEW_FILE, private, remove_new};
use super::sources::Source;
use super::tracks::NEW_TRACKS_FILE;
use crate::store::{StoreError, migration};
use rusqlite::{Connection, OpenFlags, params};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

/// Pages of the new catalogue in memory, in KiB: the b-trees by MBID are written at random places.
const CACHE_KIB: i64 = 256 << 10;
/// Pages of the new tracks in memory: they are only appended.
const TRACKS_CACHE_KIB: i64 = 8 << 10;
/// Statements that stay prepared.
const MAX_STATEMENTS: usize = 64;
/// The row that stands for the whole import.
const ALL: i64 = -1;

/// A catalogue that is being made, and what of the sources is in it.
pub(super) struct Checkpoint {
    db: Connection,
    sources: Vec<Progress>,
}

/// What is in it of one source.
#[derive(Debug, Clone, Default)]
struct Progress {
    records: u64,
    is_done: bool,
    members: Vec<Member>,
    timestamp: Option<String>,
}

/// What all sources held.
pub(super) struct Read {
    members: Vec<Member>,
    /// When the dump of each kind was made.
    pub dumps: HashMap<Kind, Option<String>>,
    /// When the dump of the merged MBIDs was made.
    pub redirects_dump: Option<String>,
}

impl Read {
    pub(super) fn has(&self, member: Member) -> bool {
        self.members.contains(&member)
    }
}

impl Checkpoint {
    /// Opens what was left by an import of the same sources, or makes an empty catalogue.
    pub(super) fn open(dir: &Path, sources: &[Source], options: Options) -> Result<Self, ImportError> {
        let marks: Vec<_> = sources.iter().map(|source| source.mark).collect();
        let mark = mark(&marks, options);
        if let Some(sources) = resume(dir, &marks, &mark) {
            return Ok(Self { db: connect(dir)?, sources });
        }
        remove_new(dir)?;
        for name in [NEW_FILE, NEW_TRACKS_FILE] {
            let path = dir.join(name);
            let made = private().create_new(true).open(&path);
            made.map_err(|source| ImportError::File { path, source })?;
        }
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id).map_err(StoreError::from)?;
        let mut tracks = Connection::open(dir.join(NEW_TRACKS_FILE))?;
        let transaction = tracks.transaction()?;
        transaction.execute_batch(migration::TRACKS)?;
        transaction.execute("INSERT INTO meta (key, value) VALUES ('id', ?1)", [id])?;
        transaction.commit()?;
        let mut db = connect(dir)?;
        migration::migrate(&mut db, FILE, migration::CATALOGUE)?;
        let transaction = db.transaction()?;
        transaction.execute_batch(migration::CATALOGUE_IMPORTING)?;
        let sql = "INSERT INTO importing VALUES (?1, ?2, 0, 0, 0, NULL)";
        transaction.execute(sql, params![ALL, mark])?;
        for (position, mark) in marks.iter().enumerate() {
            transaction.execute(sql, params![position as i64, mark])?;
        }
        transaction.commit()?;
        Ok(Self { db, sources: vec![Progress::default(); marks.len()] })
    }

    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    pub(super) fn into_db(self) -> Connection {
        self.db
    }

    /// How many records of a source are in the catalogue.
    pub(super) fn records(&self, position: usize) -> u64 {
        self.sources[position].records
    }

    /// Whether a source need not be read any more.
    pub(super) fn is_done(&self, position: usize) -> bool {
        self.sources[position].is_done
    }

    /// Begins to write.
    pub(super) fn begin(&self) -> Result<(), ImportError> {
        Ok(self.db.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Commits what was written of a source, and begins anew.
    pub(super) fn commit(&self, position: usize, records: u64) -> Result<(), ImportError> {
        let sql = "UPDATE importing SET records = ?2 WHERE position = ?1";
        self.db.execute(sql, params![position as i64, records as i64])?;
        Ok(self.db.execute_batch("COMMIT; BEGIN IMMEDIATE")?)
    }

    /// Commits the end of a source.
    pub(super) fn done(
        &mut self,
        position: usize,
        contents: &Contents,
        records: u64,
    ) -> Result<(), ImportError> {
        let source = &mut self.sources[position];
        source.members.clone_from(&contents.members);
        source.timestamp.clone_from(&contents.timestamp);
        (source.records, source.is_done) = (records, true);
        let sql = "UPDATE importing SET records = ?2, is_done = 1, kinds = ?3, timestamp = ?4
                   WHERE position = ?1";
        let kinds = bits(&contents.members);
        self.db.execute(sql, params![position as i64, records as i64, kinds, contents.timestamp])?;
        Ok(self.db.execute_batch("COMMIT")?)
    }

    /// What all sources held; of several dumps of one kind the last one's time counts.
    pub(super) fn read(&self) -> Read {
        let mut read = Read { members: Vec::new(), dumps: HashMap::new(), redirects_dump: None };
        for source in &self.sources {
            for member in &source.members {
                match member {
                    Member::Records(kind) => {
                        read.dumps.insert(*kind, source.timestamp.clone());
                    }
                    Member::Merged(_) => read.redirects_dump.clone_from(&source.timestamp),
                    Member::Rows(_) => {}
                }
            }
            read.members.extend(&source.members);
        }
        read
    }
}

/// Which import it is.
fn mark(marks: &[[u8; 32]], options: Options) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update((migration::CATALOGUE.len() as u64).to_le_bytes());
    hash.update([u8::from(options.with_tracks)]);
    marks.iter().for_each(|mark| hash.update(mark));
    hash.finalize().into()
}

fn connect(dir: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(dir.join(NEW_FILE), flags)?;
    db.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
    let tracks = dir.join(NEW_TRACKS_FILE);
    let tracks = tracks.to_str().ok_or(StoreError::Damaged("its path is no text"))?;
    db.execute("ATTACH ?1 AS tracks", [tracks])?;
    for (name, cache_kib) in [("main", CACHE_KIB), ("tracks", TRACKS_CACHE_KIB)] {
        db.execute_batch(&format!(
            "PRAGMA {name}.cache_size = -{cache_kib}; PRAGMA {name}.synchronous = NORMAL;"
        ))?;
    }
    db.pragma_update(None, "foreign_keys", false)?;
    Ok(db)
}

/// What an import left that was killed, if it can be used.
fn resume(dir: &Path, marks: &[[u8; 32]], mark: &[u8; 32]) -> Option<Vec<Progress>> {
    if [NEW_FILE, NEW_TRACKS_FILE].iter().any(|name| !dir.join(name).exists()) {
        return None;
    }
    let db = connect(dir).ok()?;
    let sql = "SELECT position, mark, records, is_done, kinds, timestamp FROM importing ORDER BY position";
    let mut statement = db.prepare(sql).ok()?;
    let mut rows = statement.query([]).ok()?;
    let first = rows.next().ok()??;
    if first.get::<_, i64>(0).ok()? != ALL || first.get::<_, [u8; 32]>(1).ok()? != *mark {
        return None;
    }
    let mut sources = Vec::new();
    for mark in marks {
        let row = rows.next().ok()??;
        if row.get::<_, [u8; 32]>(1).ok()? != *mark {
            return None;
        }
        sources.push(Progress {
            records: row.get::<_, i64>(2).ok()?.try_into().ok()?,
            is_done: row.get(3).ok()?,
            members: members(row.get(4).ok()?),
            timestamp: row.get(5).ok()?,
        });
    }
    drop(rows);
    quick_check(&db).ok()?;
    Some(sources)
}

/// Checks both files.
pub(super) fn quick_check(db: &Connection) -> Result<(), ImportError> {
    for name in ["main", "tracks"] {
        let sql = format!("PRAGMA {name}.quick_check(1)");
        let verdict: String = db.query_row(&sql, [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(ImportError::Unsound(verdict));
        }
    }
    Ok(())
}

/// The members that matter later, each with its bit.
fn numbered() -> impl Iterator<Item = (u32, Member)> {
    let records = Kind::ALL.into_iter().map(Member::Records);
    (0..).zip(records.chain(Named::ALL.into_iter().map(Member::Merged)))
}

fn bits(members: &[Member]) -> i64 {
    numbered().filter(|(_, member)| members.contains(member)).map(|(bit, _)| 1 << bit).sum()
}

fn members(bits: i64) -> Vec<Member> {
    numbered().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, member)| member).collect()
}

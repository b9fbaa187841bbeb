//! The shareable copy: one SQLite file with documented views, for interfaces of other people's making.
//!
//! What a body says stands in columns, because SQLite tools do not read CBOR. Heads and bodies are there
//! as they are, so that whoever gets the file can verify it. Equal sets give equal copies: nothing in one
//! tells when or from where entries came, and nothing of `private.db` is in it. `doc/EXPORT.md` is for
//! readers. Not here: what counts, which the [`crate::projection`]s say.

mod rows;

use super::{ExportError, Progress, into_place};
use crate::entry::{Body, Kind, Scope};
use crate::projection::TABLES;
use crate::store::entries::read_head;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, ToSql, params};
use serde::Serialize;
use std::path::Path;

const SCHEMA: &str = include_str!("sqlite/schema.sql");
const INDEXES: &str = include_str!("sqlite/indexes.sql");
/// Rows between two calls of the progress function.
const ROWS_PER_REPORT: u64 = 1_000;

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SqliteExported {
    /// Entries.
    pub entries: u64,
    /// Rows of what they say.
    pub rows: u64,
    /// Length of the file.
    pub size_bytes: u64,
}

/// Writes a copy of the set to `out`, as it is at one moment, whole or not at all. A file that is there
/// already is replaced only by `force`.
///
/// # Errors
/// See [`ExportError`]; `out` is as it was then.
pub fn export_sqlite(
    store: &Store,
    out: &Path,
    force: bool,
    progress: impl FnMut(Progress),
) -> Result<SqliteExported, ExportError> {
    into_place(out, force, |new| {
        let file = |source| ExportError::File { path: new.to_owned(), source };
        // An interrupted export left it.
        match std::fs::remove_file(new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
            _ => {}
        }
        let mut exported = write(store, new, progress)?;
        exported.size_bytes = std::fs::metadata(new).map_err(file)?.len();
        Ok(exported)
    })
}

fn write(store: &Store, new: &Path, progress: impl FnMut(Progress)) -> Result<SqliteExported, ExportError> {
    let database = |source| ExportError::Database { path: new.to_owned(), source };
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(new)?;
        // It is nobody's yet: a crash leaves a file that the next export replaces.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        connection.execute_batch("BEGIN")?;
        connection.execute_batch(SCHEMA)?;
        Ok(connection)
    };
    let copy = open().map_err(database)?;
    let exported = store.read(|db| {
        let exported = SqliteExported::default();
        let mut writer = Writer { db, copy: &copy, progress, exported, read: 0, total: count_rows(db)? };
        writer.entries()?;
        writer.all_rows()?;
        (writer.progress)((writer.total, writer.total));
        Ok(writer.exported)
    })?;
    copy.execute_batch(INDEXES).and_then(|()| copy.execute_batch("COMMIT")).map_err(database)?;
    copy.close().map_err(|(_, source)| database(source))?;
    Ok(exported)
}

/// Entries, and rows of projections: what there is to read.
fn count_rows(db: &Connection) -> Result<u64, StoreError> {
    let count = |table: &str| -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {table}");
        Ok(db.query_row(&sql, [], |row| row.get::<_, i64>(0))? as u64)
    };
    let tables = TABLES.iter().map(|(_, table)| *table).chain(["entries"]);
    tables.map(count).sum()
}

/// What copies, from one state of the store.
struct Writer<'a, F> {
    db: &'a Connection,
    copy: &'a Connection,
    progress: F,
    exported: SqliteExported,
    read: u64,
    total: u64,
}

impl<F: FnMut(Progress)> Writer<'_, F> {
    fn entries(&mut self) -> Result<(), StoreError> {
        let mut authors = self.db.prepare(
            "SELECT key FROM authors WHERE author_no IN (SELECT author_no FROM entries) ORDER BY key",
        )?;
        let mut rows = authors.query([])?;
        while let Some(row) = rows.next()? {
            self.copy
                .prepare_cached("INSERT INTO authors (key) VALUES (?1)")?
                .execute([hex(&row.get::<_, [u8; 32]>(0)?)])?;
        }
        let mut statement = self.db.prepare(
            "SELECT id, key, head, body, EXISTS (
                 SELECT 1 FROM retracts WHERE target = id AND retracts.author_no = entries.author_no),
                 EXISTS (SELECT 1 FROM hidden_entries WHERE hidden_entries.seq = entries.seq)
             FROM entries JOIN authors USING (author_no) ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (head, body): (Vec<u8>, Option<Vec<u8>>) = (row.get(2)?, row.get(3)?);
            let (_, said) = read_head(&head)?;
            let kind = Kind::from_number(said.kind);
            let state = match &body {
                None => "no body",
                Some(body) if Body::from_bytes(said.kind, body).is_err() => "void",
                Some(_) if row.get(4)? && kind != Some(Kind::Retract) => "retracted",
                Some(_) if row.get(5)? => "hidden",
                Some(_) => "counts",
            };
            self.copy
                .prepare_cached(
                    "INSERT INTO entries (id, author_no, kind, kind_name, scope, n, created_hours, state, head, body)
                     VALUES (?1, (SELECT author_no FROM authors WHERE key = ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    hex(&row.get::<_, [u8; 32]>(0)?),
                    hex(&row.get::<_, [u8; 32]>(1)?),
                    Number(said.kind),
                    kind.map(Kind::name),
                    Scope::of(said.kind).name(),
                    said.n as i64,
                    i64::try_from(said.created_hours).unwrap_or(i64::MAX),
                    state,
                    head,
                    body
                ])?;
            self.exported.entries += 1;
            self.count_read();
        }
        Ok(())
    }

    /// Adds a row of what `entry` says: `seq`, and the columns given.
    fn row(
        &mut self,
        table: &str,
        entry: &[u8; 32],
        columns: &[(&str, &dyn ToSql)],
    ) -> Result<(), StoreError> {
        let entry = hex(entry);
        let names: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
        let marks: String = (2..columns.len() + 2).map(|number| format!(", ?{number}")).collect();
        let sql = format!(
            "INSERT INTO {table} (seq{names}) VALUES ((SELECT seq FROM entries WHERE id = ?1){marks})"
        );
        let mut values: Vec<&dyn ToSql> = vec![&entry];
        values.extend(columns.iter().map(|(_, value)| *value));
        self.copy.prepare_cached(&sql)?.execute(values.as_slice())?;
        self.exported.rows += 1;
        Ok(())
    }

    /// One more row of the store was read.
    fn count_read(&mut self) {
        self.read += 1;
        if self.read.is_multiple_of(ROWS_PER_REPORT) {
            (self.progress)((self.read.min(self.total), self.total));
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// An integer, or its digits where SQLite has no integer of that size.
struct Number(u64);

impl ToSql for Number {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(match i64::try_from(self.0) {
            Ok(number) => number.into(),
            Err(_) => self.0.to_string().into(),
        })
    }
}

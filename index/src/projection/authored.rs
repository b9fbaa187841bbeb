//! A body together with what its head says, as it is read back from the store.

use super::column;
use crate::entry::{AuthorKey, EntryId};
use crate::store::StoreError;
use crate::store::entries::read_head;
use rusqlite::{Connection, OptionalExtension, ToSql};
use serde::Serialize;

/// What somebody said, and who.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authored<T> {
    /// The entry's id.
    pub entry: EntryId,
    /// Who signed it.
    pub author: AuthorKey,
    /// The author's own counter.
    pub n: u64,
    /// When the author says it was made, in hours since 1970.
    pub created_hours: u64,
    /// What it says.
    pub body: T,
}

/// Reads the entry at a position that a projection names; `read` is the `from_body` of its kind.
pub(crate) fn load<T, E>(
    db: &Connection,
    seq: i64,
    read: fn(&[u8]) -> Result<T, E>,
) -> Result<Authored<T>, StoreError> {
    let (id, head, body): ([u8; 32], Vec<u8>, Option<Vec<u8>>) = db
        .prepare_cached("SELECT id, head, body FROM entries WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (author, statement) = read_head(&head)?;
    let body = body.ok_or(StoreError::Damaged("an entry that counts has no body"))?;
    let body = read(&body).map_err(|_| StoreError::Damaged("a body means nothing any more"))?;
    let (n, created_hours) = (statement.n, statement.created_hours);
    Ok(Authored { entry: EntryId(id), author, n, created_hours, body })
}

/// Reads the entries whose positions are the first column of a query, in its order.
pub(super) fn load_all<T, E>(
    db: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
    read: fn(&[u8]) -> Result<T, E>,
) -> Result<Vec<Authored<T>>, StoreError> {
    column(db, sql, params)?.into_iter().map(|seq| load(db, seq, read)).collect()
}

/// Reads the entry whose position is the first column of a query's first row.
pub(super) fn load_first<T, E>(
    db: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
    read: fn(&[u8]) -> Result<T, E>,
) -> Result<Option<Authored<T>>, StoreError> {
    let seq = db.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
    seq.map(|seq| load(db, seq, read)).transpose()
}

/// The number under which the store keeps an author, if it knows them.
pub(crate) fn author_no(db: &Connection, author: &AuthorKey) -> Result<Option<i64>, StoreError> {
    let mut statement = db.prepare_cached("SELECT author_no FROM authors WHERE key = ?1")?;
    Ok(statement.query_row([author.0], |row| row.get(0)).optional()?)
}

/// The number under which the store keeps an author, from now on if it did not know them.
pub(crate) fn number_author(db: &Connection, author: &AuthorKey) -> Result<i64, StoreError> {
    match author_no(db, author)? {
        Some(author_no) => Ok(author_no),
        None => {
            db.execute("INSERT INTO authors (key) VALUES (?1)", [author.0])?;
            Ok(db.last_insert_rowid())
        }
    }
}

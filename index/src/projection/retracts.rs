//! Retracts: what authors have taken back of their own.
//!
//! A retracted entry has no row in any projection, whichever of the two came first. Its head and body
//! stay in the set.

use super::{Fold, Place, Placed};
use crate::entry::retract::Retract;
use crate::entry::{AuthorKey, EntryId, Kind};
use crate::store::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn insert(fold: &Fold<'_>, place: &Place, retract: &Retract) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO retracts (seq, target, author_no) VALUES (?1, ?2, ?3)",
        params![place.seq, retract.entry.0, place.author_no],
    )?;
    match target(fold.db, &retract.entry, place.author_no)? {
        Some((target, _)) if !is_retract(&target) => fold.withdraw(target.seq),
        // Not here yet, somebody else's, or a retract.
        _ => Ok(()),
    }
}

/// The retract at `place` does not count any more, and its target may count again.
pub(super) fn remove(fold: &Fold<'_>, place: &Place) -> Result<(), StoreError> {
    let retracted: Option<[u8; 32]> = fold
        .db
        .prepare_cached("DELETE FROM retracts WHERE seq = ?1 RETURNING target")?
        .query_row([place.seq], |row| row.get(0))
        .optional()?;
    let Some(retracted) = retracted.map(EntryId) else { return Ok(()) };
    // There may be another retract of the same target.
    if is_retracted(fold.db, &retracted, place.author_no)? {
        return Ok(());
    }
    match target(fold.db, &retracted, place.author_no)? {
        Some((target, body)) if !is_retract(&target) => fold.project(&target, body.as_deref()),
        _ => Ok(()),
    }
}

pub(super) fn is_retracted(db: &Connection, id: &EntryId, author_no: i64) -> Result<bool, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT 1 FROM retracts WHERE target = ?1 AND author_no = ?2 LIMIT 1")?;
    Ok(statement.exists(params![id.0, author_no])?)
}

pub(super) fn is_retract(place: &Place) -> bool {
    place.kind == Kind::Retract.number()
}

/// The entry with this id, if that author made it.
fn target(db: &Connection, id: &EntryId, author_no: i64) -> Result<Option<Placed>, StoreError> {
    let sql = format!("SELECT {} FROM entries WHERE id = ?1 AND author_no = ?2", Place::COLUMNS);
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_row(params![id.0, author_no], Place::from_row).optional()?.transpose()
}

impl Store {
    /// Whether its author has retracted the entry with this id.
    pub fn is_retracted(&self, id: &EntryId, author: &AuthorKey) -> Result<bool, StoreError> {
        self.read(|db| match super::authored::author_no(db, author)? {
            Some(author_no) => is_retracted(db, id, author_no),
            None => Ok(false),
        })
    }
}

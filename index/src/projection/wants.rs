//! Wants: who wants a request filled, or a record linked; of each author the newest counts.

use super::{Fold, Place, subject_key};
use crate::entry::request::Want;
use crate::entry::subject::Subject;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};

pub(super) fn insert(fold: &Fold<'_>, place: &Place, want: &Want) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO wants (seq, subject, author_no, n, withdrawn) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![place.seq, subject_key(&want.subject), place.author_no, place.n, want.withdrawn],
    )
}

/// How many authors want it.
pub(super) fn wants(db: &Connection, subject: &[u8]) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT count(*) FROM (SELECT withdrawn, max(n) FROM wants WHERE subject = ?1 GROUP BY author_no)
         WHERE NOT withdrawn",
    )?;
    Ok(statement.query_row([subject], |row| row.get::<_, i64>(0))? as u64)
}

impl Store {
    /// How many authors want a request filled, or a record linked.
    pub fn wants(&self, subject: &Subject) -> Result<u64, StoreError> {
        self.read(|db| wants(db, subject_key(subject)))
    }
}

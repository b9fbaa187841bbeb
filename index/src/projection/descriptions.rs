//! Descriptions: of each author the newest text about a subject is shown, the older ones are history.

use super::authored::load;
use super::votes::{Tally, tally};
use super::{Authored, Fold, Place, subject_key};
use crate::entry::subject::Subject;
use crate::entry::texts::Description;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::cmp::Reverse;

/// One author's text about a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Described {
    /// What is shown.
    pub current: Authored<Description>,
    /// The author's older texts, newest first.
    pub history: Vec<Authored<Description>>,
    /// The votes about the current text.
    pub tally: Tally,
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, description: &Description) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO descriptions (seq, subject, author_no, n) VALUES (?1, ?2, ?3, ?4)",
        params![place.seq, subject_key(&description.subject), place.author_no, place.n],
    )
}

/// One for each author, the best voted first; of those with the same score the lowest id.
pub(crate) fn descriptions(db: &Connection, subject: &[u8]) -> Result<Vec<Described>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT author_no, seq FROM descriptions WHERE subject = ?1 ORDER BY author_no, n DESC",
    )?;
    let rows = statement.query_map([subject], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows = rows.collect::<Result<Vec<(i64, i64)>, _>>()?;
    let mut described = Vec::new();
    for texts in rows.chunk_by(|(left, _), (right, _)| left == right) {
        let mut texts = texts.iter().map(|(_, seq)| load(db, *seq, Description::from_body));
        let Some(current) = texts.next().transpose()? else { continue };
        let history = texts.collect::<Result<_, _>>()?;
        let tally = tally(db, &[&current.entry.0])?;
        described.push(Described { current, history, tally });
    }
    described.sort_unstable_by_key(|text| (Reverse(text.tally.score()), text.current.entry));
    Ok(described)
}

impl Store {
    /// What is written about a subject: one text of each author, the best voted first.
    pub fn descriptions(&self, subject: &Subject) -> Result<Vec<Described>, StoreError> {
        self.read(|db| descriptions(db, subject_key(subject)))
    }
}

//! Reports: of each author the newest about a subject counts, for each reason apart.

use super::authored::load_all;
use super::{Authored, Fold, Place, subject_key};
use crate::entry::opinion::Report;
use crate::entry::reason::Reason;
use crate::entry::subject::Subject;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};

/// How many authors report something, by their reason.
pub type ReasonCounts = BTreeMap<Reason, u64>;

pub(super) fn insert(fold: &Fold<'_>, place: &Place, report: &Report) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO reports (seq, subject, reason, author_no, n, withdrawn) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            place.seq,
            subject_key(&report.subject),
            report.reason.number().cast_signed(),
            place.author_no,
            place.n,
            report.withdrawn
        ],
    )
}

/// The reasons that count, over subjects that are one to a reader: an author counts once for each.
pub(super) fn reasons(db: &Connection, subjects: &[&[u8]]) -> Result<ReasonCounts, StoreError> {
    let mut reporters = BTreeSet::new();
    let mut statement = db.prepare_cached(
        "SELECT reason, author_no, withdrawn, max(n) FROM reports WHERE subject = ?1 GROUP BY reason, author_no",
    )?;
    for subject in subjects {
        let mut rows = statement.query([subject])?;
        while let Some(row) = rows.next()? {
            if !row.get(2)? {
                reporters.insert((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?));
            }
        }
    }
    let mut counts = ReasonCounts::new();
    reporters
        .into_iter()
        .for_each(|(reason, _)| *counts.entry(Reason::from_number(reason)).or_default() += 1);
    Ok(counts)
}

pub(crate) fn reports(db: &Connection, subject: &[u8]) -> Result<Vec<Authored<Report>>, StoreError> {
    let sql = "SELECT seq, max(n) FROM reports WHERE subject = ?1 GROUP BY reason, author_no";
    let mut reports = load_all(db, sql, &[&subject], Report::from_body)?;
    reports.retain(|report| !report.body.withdrawn);
    reports.sort_unstable_by_key(|report| (report.body.reason, report.entry));
    Ok(reports)
}

impl Store {
    /// The reports about a subject that count, sorted by reason and id.
    pub fn reports(&self, subject: &Subject) -> Result<Vec<Authored<Report>>, StoreError> {
        self.read(|db| reports(db, subject_key(subject)))
    }
}

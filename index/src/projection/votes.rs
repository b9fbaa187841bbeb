//! Votes: of each author the newest about a subject counts, and 0 takes a vote back. Those of members without
//! weight count for nothing (`doc/MEMBERSHIP.md` section 4).

use super::authored::load_all;
use super::links::{MAX_GROUP_LINKS, chosen};
use super::{Authored, Fold, Place, subject_key};
use crate::entry::opinion::Vote;
use crate::entry::subject::Subject;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The author of a vote has weight.
const COUNTS: &str = "NOT EXISTS (SELECT 1 FROM weightless WHERE weightless.author_no = votes.author_no)";

/// How a vote came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Authors who are for it.
    pub up: u64,
    /// Authors who are against it.
    pub down: u64,
}

impl Tally {
    /// Those for it less those against it.
    pub fn score(&self) -> i64 {
        self.up as i64 - self.down as i64
    }

    fn of(values: impl IntoIterator<Item = i64>) -> Self {
        let mut tally = Self::default();
        for value in values {
            match value {
                1 => tally.up += 1,
                -1 => tally.down += 1,
                _ => {}
            }
        }
        tally
    }
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, vote: &Vote) -> Result<(), StoreError> {
    let subject = subject_key(&vote.subject);
    fold.execute(
        "INSERT INTO votes (seq, subject, author_no, n, value) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![place.seq, subject, place.author_no, place.n, vote.value],
    )?;
    fold.queue_subject(subject)
}

/// The tally over subjects that are one to a reader: of each author the newest vote about any of them.
pub(super) fn tally(db: &Connection, subjects: &[&[u8]]) -> Result<Tally, StoreError> {
    let mut newest: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    // SQLite takes the other columns from the row that has the maximum.
    let mut statement = db.prepare_cached(&format!(
        "SELECT author_no, max(n), value FROM votes WHERE subject = ?1 AND {COUNTS} GROUP BY author_no"
    ))?;
    for subject in subjects {
        let mut rows = statement.query([subject])?;
        while let Some(row) = rows.next()? {
            let vote = (row.get(1)?, row.get(2)?);
            newest.entry(row.get(0)?).and_modify(|known| *known = vote.max(*known)).or_insert(vote);
        }
    }
    Ok(Tally::of(newest.into_values().map(|(_, value)| value)))
}

/// The score of a group: that of each of its torrents, and of the MBID itself. Links that name one
/// torrent for one MBID count once. Of a group with more links than are looked at, those count that are.
pub(crate) fn group_score(db: &Connection, mbid: &Uuid) -> Result<i64, StoreError> {
    let mut own = db.prepare_cached(&format!(
        "SELECT total(value) FROM (
             SELECT value, max(n) FROM votes WHERE subject = ?1 AND {COUNTS} GROUP BY author_no)"
    ))?;
    let own = own.query_row([mbid.as_bytes()], |row| row.get::<_, f64>(0))? as i64;
    let links = chosen(db, mbid, MAX_GROUP_LINKS)?;
    if links.is_empty() {
        return Ok(own);
    }
    let mut of_links = db.prepare_cached(&format!(
        "SELECT total(value) FROM (
             SELECT votes.value AS value, max(votes.n)
             FROM json_each(?1) JOIN links ON links.seq = json_each.value
                 JOIN entries USING (seq) JOIN votes ON votes.subject = entries.id
             WHERE {COUNTS}
             GROUP BY links.mbid, coalesce(links.infohash_v1, links.infohash_v2), votes.author_no)"
    ))?;
    let links = links.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    Ok(own + of_links.query_row([format!("[{links}]")], |row| row.get::<_, f64>(0))? as i64)
}

impl Store {
    /// How the votes about a subject came out.
    pub fn tally(&self, subject: &Subject) -> Result<Tally, StoreError> {
        self.read(|db| tally(db, &[subject_key(subject)]))
    }

    /// The votes about a subject that count, with their reasons and notes, sorted by id.
    pub fn votes(&self, subject: &Subject) -> Result<Vec<Authored<Vote>>, StoreError> {
        self.read(|db| votes(db, subject_key(subject)))
    }

    /// The score of a group: those for its torrents less those against them, and the same for its MBID.
    pub fn group_score(&self, mbid: &Uuid) -> Result<i64, StoreError> {
        self.read(|db| group_score(db, mbid))
    }

    /// The same for many groups at once; those without a score are left out.
    pub fn group_scores(&self, mbids: &[Uuid]) -> Result<HashMap<Uuid, i64>, StoreError> {
        self.read(|db| {
            let mut scores = HashMap::new();
            for mbid in mbids {
                let score = group_score(db, mbid)?;
                scores.extend((score != 0).then_some((*mbid, score)));
            }
            Ok(scores)
        })
    }
}

pub(crate) fn votes(db: &Connection, subject: &[u8]) -> Result<Vec<Authored<Vote>>, StoreError> {
    let sql = format!("SELECT seq, max(n) FROM votes WHERE subject = ?1 AND {COUNTS} GROUP BY author_no");
    let mut votes = load_all(db, &sql, &[&subject], Vote::from_body)?;
    votes.retain(|vote| vote.body.value != 0);
    votes.sort_unstable_by_key(|vote| vote.entry);
    Ok(votes)
}

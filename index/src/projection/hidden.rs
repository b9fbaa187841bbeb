//! What the operators' rulings hide: entries without a row in any projection, as if their authors had
//! retracted them.
//!
//! An entry is hidden if one of these falls: the entry, its author, a record or another entry that it is
//! about, or the infohash of its torrent. It stays in the set and is passed on, and comes back when the
//! ruling is withdrawn. Retracts are never hidden: they show nothing, and what their authors took back
//! stays taken back.
//!
//! Of `core` only what a node says of itself is looked up here: who is a member and what is ruled does not depend
//! on it.
//!
//! Not here: what a ruling is ([`crate::members::rulings`]), and when one has changed
//! ([`crate::ingest`]).

use super::authored::{author_no, number_author};
use super::retracts::is_retract;
use super::{Fold, Place, Placed, column, links, subject_key};
use crate::entry::ballot::BallotInfohash;
use crate::entry::link::Link;
use crate::entry::own_release;
use crate::entry::{AuthorKey, Body, EntryId};
use crate::members::{Members, RulingSubject};
use crate::store::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Where an MBID, or the id of an entry, is named as what an entry is about. Each of these has an index.
const ABOUT: [(&str, &str); 15] = [
    ("links", "group_mbid = ?1"),
    ("links", "mbid = ?1 AND mbid <> group_mbid"),
    ("own_releases", "uuid = ?1"),
    ("own_releases", "group_mbid = ?1"),
    ("descriptions", "subject = ?1"),
    ("tags", "subject = ?1"),
    ("votes", "subject = ?1"),
    ("reports", "subject = ?1"),
    ("comments", "subject = ?1"),
    ("requests", "subject = ?1"),
    ("wants", "subject = ?1"),
    ("collage_items", "item = ?1 OR collage = ?1"),
    ("collages", "collage = ?1"),
    ("fills", "request = ?1"),
    ("fills", "link = ?1"),
];

const WEIGHTLESS: &str = "INSERT OR IGNORE INTO weightless (author_no) VALUES (?1)";

/// The columns `kind` and `subject` of what a ruling is about.
fn columns(subject: &RulingSubject) -> (i64, &[u8]) {
    match subject {
        RulingSubject::Mbid(mbid) => (0, mbid.as_bytes()),
        RulingSubject::Entry(id) => (0, &id.0),
        RulingSubject::Author(key) => (1, &key.0),
        RulingSubject::Infohash(infohash) => (2, infohash.bytes()),
    }
}

fn from_columns(kind: i64, subject: &[u8]) -> Option<RulingSubject> {
    Some(match (kind, subject.len()) {
        (0, 16) => RulingSubject::Mbid(Uuid::from_slice(subject).ok()?),
        (0, 32) => RulingSubject::Entry(EntryId(subject.try_into().ok()?)),
        (1, 32) => RulingSubject::Author(AuthorKey(subject.try_into().ok()?)),
        (2, 20) => RulingSubject::Infohash(BallotInfohash::V1(subject.try_into().ok()?)),
        (2, 32) => RulingSubject::Infohash(BallotInfohash::V2(subject.try_into().ok()?)),
        _ => return None,
    })
}

/// What falls, as the database has it.
pub(crate) fn fallen(db: &Connection) -> Result<BTreeSet<RulingSubject>, StoreError> {
    let mut statement = db.prepare_cached("SELECT kind, subject FROM fallen")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    rows.iter()
        .map(|(kind, subject)| {
            from_columns(*kind, subject).ok_or(StoreError::Damaged("a ruling is about nothing"))
        })
        .collect()
}

/// The members whose votes do not count, as the database has them.
pub(crate) fn weightless(db: &Connection) -> Result<Vec<AuthorKey>, StoreError> {
    let keys: Vec<[u8; 32]> = column(db, "SELECT key FROM weightless JOIN authors USING (author_no)", &[])?;
    Ok(keys.into_iter().map(AuthorKey).collect())
}

fn is_fallen(db: &Connection, subject: &RulingSubject) -> Result<bool, StoreError> {
    let (kind, subject) = columns(subject);
    let mut statement = db.prepare_cached("SELECT 1 FROM fallen WHERE kind = ?1 AND subject = ?2")?;
    Ok(statement.exists(params![kind, subject])?)
}

fn infohashes(link: &Link) -> impl Iterator<Item = RulingSubject> {
    let v1 = link.infohash_v1.map(BallotInfohash::V1);
    v1.into_iter().chain(link.infohash_v2.map(BallotInfohash::V2)).map(RulingSubject::Infohash)
}

/// What a body is about, as far as rulings can name it: what [`ABOUT`] finds it by, and its infohashes.
fn about(place: &Place, body: &Body) -> Vec<RulingSubject> {
    let key = |key: &[u8]| from_columns(0, key);
    let keys: Vec<Option<RulingSubject>> = match body {
        Body::Link(link) => {
            let mbids = [link.mbid, link.group()].map(RulingSubject::Mbid);
            return mbids.into_iter().chain(infohashes(link)).collect();
        }
        Body::OwnRelease(record) => {
            let mbids = [Some(own_release::uuid(&place.id)), record.release_group];
            return mbids.into_iter().flatten().map(RulingSubject::Mbid).collect();
        }
        Body::Description(text) => vec![key(subject_key(&text.subject))],
        Body::Tag(tag) => vec![key(subject_key(&tag.subject))],
        Body::Vote(vote) => vec![key(subject_key(&vote.subject))],
        Body::Report(report) => vec![key(subject_key(&report.subject))],
        Body::Comment(comment) => vec![key(subject_key(&comment.subject))],
        Body::Want(want) => vec![key(subject_key(&want.subject))],
        Body::Request(request) => {
            vec![request.subject.as_ref().and_then(|subject| key(subject_key(subject)))]
        }
        Body::Collage(collage) => vec![collage.replaces.map(RulingSubject::Entry)],
        Body::CollageItem(item) => {
            vec![Some(RulingSubject::Entry(item.collage)), key(subject_key(&item.item))]
        }
        Body::Fill(fill) => [fill.request, fill.link].map(|id| Some(RulingSubject::Entry(id))).to_vec(),
        Body::Topic(_) | Body::Profile(_) | Body::Retract(_) => Vec::new(),
        Body::Charter(_) | Body::Ballot(_) | Body::Vouch(_) | Body::Node(_) => Vec::new(),
    };
    keys.into_iter().flatten().collect()
}

impl Fold<'_> {
    /// Notes that an entry is hidden, if it is.
    pub(super) fn hide(&self, place: &Place, body: &Body) -> Result<bool, StoreError> {
        if is_retract(place) || !self.db.prepare_cached("SELECT 1 FROM fallen")?.exists([])? {
            return Ok(false);
        }
        let author: [u8; 32] = self
            .db
            .prepare_cached("SELECT key FROM authors WHERE author_no = ?1")?
            .query_row([place.author_no], |row| row.get(0))?;
        let own = [RulingSubject::Entry(place.id), RulingSubject::Author(AuthorKey(author))];
        for subject in own.into_iter().chain(about(place, body)) {
            if is_fallen(self.db, &subject)? {
                let (kind, subject) = columns(&subject);
                self.execute(
                    "INSERT OR REPLACE INTO hidden_entries (seq, kind, subject) VALUES (?1, ?2, ?3)",
                    params![place.seq, kind, subject],
                )?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A ruling changed: hides what it is about, or shows it again where no other ruling is in the way.
    pub(crate) fn set_fallen(&self, subject: &RulingSubject, falls: bool) -> Result<(), StoreError> {
        if is_fallen(self.db, subject)? == falls {
            return Ok(());
        }
        let (kind, key) = columns(subject);
        let concerned: Vec<i64> = if falls {
            self.execute("INSERT INTO fallen (kind, subject) VALUES (?1, ?2)", params![kind, key])?;
            self.shown_of(subject)?
        } else {
            self.execute("DELETE FROM fallen WHERE kind = ?1 AND subject = ?2", params![kind, key])?;
            let sql = "SELECT seq FROM hidden_entries WHERE kind = ?1 AND subject = ?2";
            column(self.db, sql, &[&kind, &key])?
        };
        for seq in concerned {
            self.fold_again(seq)?;
        }
        // What the catalogue knows of a record is hidden too, and has no entry.
        if let RulingSubject::Mbid(mbid) = subject {
            self.queue_subject(mbid.as_bytes())?;
        }
        Ok(())
    }

    /// The positions of all entries that a ruling about this hides, as far as they are shown.
    fn shown_of(&self, subject: &RulingSubject) -> Result<Vec<i64>, StoreError> {
        let (_, key) = columns(subject);
        let mut seqs = BTreeSet::new();
        match subject {
            RulingSubject::Author(author) => {
                if let Some(author_no) = author_no(self.db, author)? {
                    let sql = "SELECT seq FROM entries WHERE author_no = ?1";
                    seqs.extend(column::<i64>(self.db, sql, &[&author_no])?);
                }
            }
            RulingSubject::Infohash(infohash) => {
                let by = match infohash {
                    BallotInfohash::V1(_) => links::BY_V1,
                    BallotInfohash::V2(_) => links::BY_V2,
                };
                seqs.extend(column::<i64>(self.db, &format!("SELECT seq FROM links WHERE {by}"), &[&key])?);
            }
            RulingSubject::Mbid(_) | RulingSubject::Entry(_) => {
                seqs.extend(column::<i64>(self.db, "SELECT seq FROM entries WHERE id = ?1", &[&key])?);
                for (table, condition) in ABOUT {
                    let sql = format!("SELECT seq FROM {table} WHERE {condition}");
                    seqs.extend(column::<i64>(self.db, &sql, &[&key])?);
                }
            }
        }
        Ok(seqs.into_iter().collect())
    }

    /// Takes an entry out of its projection, and in again unless a ruling is in the way.
    fn fold_again(&self, seq: i64) -> Result<(), StoreError> {
        let sql = format!("SELECT {} FROM entries WHERE seq = ?1", Place::COLUMNS);
        let found = self.db.prepare_cached(&sql)?.query_row([seq], Place::from_row).optional()?;
        let Some((place, body)): Option<Placed> = found.transpose()? else { return Ok(()) };
        if is_retract(&place) {
            return Ok(());
        }
        self.withdraw(seq)?;
        self.project(&place, body.as_deref())
    }

    /// A member's votes count from now on, or do not.
    pub(crate) fn set_weightless(&self, key: &AuthorKey, is_weightless: bool) -> Result<(), StoreError> {
        let (author_no, sql) = match (author_no(self.db, key)?, is_weightless) {
            // Who never signed anything has no number yet.
            (None, false) => return Ok(()),
            (None, true) => (number_author(self.db, key)?, WEIGHTLESS),
            (Some(author_no), true) => (author_no, WEIGHTLESS),
            (Some(author_no), false) => (author_no, "DELETE FROM weightless WHERE author_no = ?1"),
        };
        if self.db.prepare_cached(sql)?.execute([author_no])? == 0 {
            return Ok(());
        }
        // By author first: there is no index on authors among the votes.
        let sql = "SELECT DISTINCT subject FROM entries CROSS JOIN votes USING (seq)
                   WHERE entries.author_no = ?1 AND scope = 1";
        for subject in column::<Vec<u8>>(self.db, sql, &[&author_no])? {
            self.queue_subject(&subject)?;
        }
        Ok(())
    }
}

/// Writes what follows from the members, before a set is folded again.
pub(crate) fn write_rulings(db: &Connection, members: Option<&Members>) -> Result<(), StoreError> {
    db.execute_batch("DELETE FROM hidden_entries; DELETE FROM fallen; DELETE FROM weightless;")?;
    let Some(members) = members else { return Ok(()) };
    for subject in members.fallen() {
        let (kind, key) = columns(&subject);
        db.prepare_cached("INSERT INTO fallen (kind, subject) VALUES (?1, ?2)")?
            .execute(params![kind, key])?;
    }
    for key in members.keys().filter(|key| members.weight(key) == Some(0)) {
        let author_no = number_author(db, key)?;
        db.prepare_cached(WEIGHTLESS)?.execute([author_no])?;
    }
    Ok(())
}

impl Store {
    /// What falls by a ruling, in the order of subjects.
    pub fn fallen(&self) -> Result<BTreeSet<RulingSubject>, StoreError> {
        self.read(fallen)
    }

    /// Those of some MBIDs that a ruling hides.
    pub fn hidden_mbids<'a>(
        &self,
        mbids: impl IntoIterator<Item = &'a Uuid>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        self.read(|db| {
            let mut hidden = HashSet::new();
            for mbid in mbids {
                hidden.extend(is_fallen(db, &RulingSubject::Mbid(*mbid))?.then_some(*mbid));
            }
            Ok(hidden)
        })
    }

    /// Whether an entry is in the set and hidden by a ruling.
    pub fn is_hidden(&self, id: &EntryId) -> Result<bool, StoreError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT 1 FROM entries JOIN hidden_entries USING (seq) WHERE id = ?1")?;
            Ok(statement.exists([id.0])?)
        })
    }

    /// What would hide a link by this author, were it published now.
    pub fn hides_link(&self, author: &AuthorKey, link: &Link) -> Result<Option<RulingSubject>, StoreError> {
        let mbids = [link.mbid, link.group()].map(RulingSubject::Mbid);
        let subjects = mbids.into_iter().chain(infohashes(link)).chain([RulingSubject::Author(*author)]);
        self.read(|db| {
            for subject in subjects {
                if is_fallen(db, &subject)? {
                    return Ok(Some(subject));
                }
            }
            Ok(None)
        })
    }
}

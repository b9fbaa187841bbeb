//! What follows from the set: folds over its entries that do not depend on their order.
//!
//! One file per projection. A projection is a table with one row for each entry that *counts*: its
//! body is here, means something for its kind, its author has not retracted it, and no ruling of the
//! network's operators hides it. That is a question
//! about the set and not about what came first, and [`Fold`] keeps it answered: rows follow bodies,
//! slots and retracts in the transaction that changes them. All else (the newest of an author, tallies,
//! histories, duplicates) is computed when it is asked for, and sorted by what stands in the entries.
//!
//! Not here: the texts. They stay in the bodies, and are read from there.

pub mod alike;
pub mod authored;
pub mod collage_items;
pub mod collages;
pub mod comments;
pub mod contributions;
pub mod descriptions;
mod digest;
pub mod duplicates;
pub mod fills;
pub mod hidden;
pub mod links;
pub mod opinions;
pub mod own_releases;
pub mod profiles;
mod rebuild;
pub mod reports;
pub mod requests;
pub mod retracts;
pub mod tags;
pub mod topics;
pub mod votes;
pub mod wants;

pub use authored::Authored;
pub use rebuild::Rebuilt;
pub(crate) use rebuild::{is_outdated, rebuild_if_outdated};

use crate::entry::subject::Subject;
use crate::entry::{Body, EntryId, Kind};
use crate::store::StoreError;
use crate::store::entries::read_head;
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

/// Every projection: its kind and its table, whose name is also that of its digest.
pub(crate) const TABLES: [(Kind, &str); 15] = [
    (Kind::Link, "links"),
    (Kind::OwnRelease, "own_releases"),
    (Kind::Description, "descriptions"),
    (Kind::Tag, "tags"),
    (Kind::Vote, "votes"),
    (Kind::Report, "reports"),
    (Kind::Comment, "comments"),
    (Kind::Topic, "topics"),
    (Kind::Collage, "collages"),
    (Kind::CollageItem, "collage_items"),
    (Kind::Request, "requests"),
    (Kind::Want, "wants"),
    (Kind::Fill, "fills"),
    (Kind::Profile, "profiles"),
    (Kind::Retract, "retracts"),
];

/// Keeps the projections true while entries come and go, in the caller's transaction.
pub(crate) struct Fold<'a> {
    db: &'a Connection,
    /// Whether groups that change are queued for the search index.
    queues_groups: bool,
}

/// Where an entry stands: what its row in a projection is made of, beside the body.
pub(crate) struct Place {
    pub seq: i64,
    pub id: EntryId,
    pub author_no: i64,
    pub n: i64,
    pub kind: u64,
    pub created_hours: u64,
}

/// A place, and the body that is there.
type Placed = (Place, Option<Vec<u8>>);

impl Place {
    const COLUMNS: &str = "seq, id, author_no, n, head, body";

    /// Place and body of a row with [`Self::COLUMNS`].
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Result<Placed, StoreError>> {
        let head: Vec<u8> = row.get("head")?;
        let statement = match read_head(&head) {
            Ok((_, statement)) => statement,
            Err(error) => return Ok(Err(error)),
        };
        let place = Self {
            seq: row.get("seq")?,
            id: EntryId(row.get("id")?),
            author_no: row.get("author_no")?,
            n: row.get("n")?,
            kind: statement.kind,
            created_hours: statement.created_hours,
        };
        Ok(Ok((place, row.get("body")?)))
    }

    /// For columns that order by it: there are no larger integers in a database.
    fn created_hours(&self) -> i64 {
        i64::try_from(self.created_hours).unwrap_or(i64::MAX)
    }
}

impl<'a> Fold<'a> {
    /// A fold that also queues the groups that change for the search index.
    pub(crate) fn new(db: &'a Connection) -> Self {
        Self { db, queues_groups: true }
    }

    /// Takes in an entry that just got its place in the set, or its body.
    pub(crate) fn project(&self, place: &Place, body: Option<&[u8]>) -> Result<(), StoreError> {
        // Absent or void: it counts for nothing, and is in the set all the same.
        let Some(Ok(body)) = body.map(|body| Body::from_bytes(place.kind, body)) else { return Ok(()) };
        // A retract itself cannot be taken back.
        if !retracts::is_retract(place) && retracts::is_retracted(self.db, &place.id, place.author_no)? {
            return Ok(());
        }
        if self.hide(place, &body)? {
            return Ok(());
        }
        match &body {
            // Who belongs to the network is folded by `members`.
            Body::Charter(_) | Body::Ballot(_) | Body::Vouch(_) | Body::Node(_) => Ok(()),
            Body::Link(link) => links::insert(self, place, link),
            Body::OwnRelease(record) => own_releases::insert(self, place, record),
            Body::Description(description) => descriptions::insert(self, place, description),
            Body::Tag(tag) => tags::insert(self, place, tag),
            Body::Vote(vote) => votes::insert(self, place, vote),
            Body::Report(report) => reports::insert(self, place, report),
            Body::Comment(comment) => comments::insert(self, place, comment),
            Body::Topic(topic) => topics::insert(self, place, topic),
            Body::Collage(collage) => collages::insert(self, place, collage),
            Body::CollageItem(item) => collage_items::insert(self, place, item),
            Body::Request(request) => requests::insert(self, place, request),
            Body::Want(want) => wants::insert(self, place, want),
            Body::Fill(fill) => fills::insert(self, place, fill),
            Body::Profile(_) => profiles::insert(self, place),
            Body::Retract(retract) => retracts::insert(self, place, retract),
        }
    }

    /// Takes out an entry that is about to leave the set, or to lose its body.
    pub(crate) fn withdraw(&self, seq: i64) -> Result<(), StoreError> {
        let sql = format!("SELECT {} FROM entries WHERE seq = ?1", Place::COLUMNS);
        let found = self.db.prepare_cached(&sql)?.query_row([seq], Place::from_row).optional()?;
        let Some((place, _)) = found.transpose()? else { return Ok(()) };
        // Entries of `core` have no row elsewhere, and can be hidden too.
        self.execute("DELETE FROM hidden_entries WHERE seq = ?1", [seq])?;
        let Some(&(kind, table)) = TABLES.iter().find(|(kind, _)| kind.number() == place.kind) else {
            return Ok(());
        };
        match kind {
            Kind::Retract => return retracts::remove(self, &place),
            Kind::Link => links::queue(self, seq)?,
            Kind::Tag | Kind::Vote => self.queue_subject_of(table, seq)?,
            _ => {}
        }
        self.execute(&format!("DELETE FROM {table} WHERE seq = ?1"), [seq])
    }

    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), StoreError> {
        self.db.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }

    /// What is said about `subject` changed: queues the groups that show it.
    fn queue_subject(&self, subject: &[u8]) -> Result<(), StoreError> {
        if !self.queues_groups {
            return Ok(());
        }
        if subject.len() == 16 {
            // Whether anything is listed under an MBID is for search to say, which knows the catalogue too.
            return self.execute("INSERT INTO group_changes (group_mbid) VALUES (?1)", [subject]);
        }
        self.execute(
            "INSERT INTO group_changes (group_mbid) SELECT group_mbid FROM links
             WHERE seq = (SELECT seq FROM entries WHERE id = ?1)",
            [subject],
        )
    }

    fn queue_subject_of(&self, table: &str, seq: i64) -> Result<(), StoreError> {
        let sql = format!("SELECT subject FROM {table} WHERE seq = ?1");
        let subject: Option<Vec<u8>> =
            self.db.prepare_cached(&sql)?.query_row([seq], |row| row.get(0)).optional()?;
        subject.map_or(Ok(()), |subject| self.queue_subject(&subject))
    }
}

/// A subject as tables have it. Which kind of record an MBID names is left out: a UUID names one
/// record, and who gets the kind wrong means the same one.
pub(crate) fn subject_key(subject: &Subject) -> &[u8] {
    match subject {
        Subject::Mbid { mbid, .. } => mbid.as_bytes(),
        Subject::Entry(id) => &id.0,
    }
}

/// All first columns that a query yields.
pub(crate) fn column<T: rusqlite::types::FromSql>(
    db: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All subjects that a projection has rows about, ascending.
pub(crate) fn subjects(db: &Connection, table: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    column(db, &format!("SELECT DISTINCT subject FROM {table} ORDER BY subject"), &[])
}

/// A part of a longer list.
fn limit_and_offset(page: &Page) -> [i64; 2] {
    [page.limit, page.offset].map(|number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// Which part of a longer list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to skip.
    pub offset: usize,
    /// How many to return at most.
    pub limit: usize,
}

impl Page {
    /// The whole list.
    pub const ALL: Self = Self { offset: 0, limit: usize::MAX };
}

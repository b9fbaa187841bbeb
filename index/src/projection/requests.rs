//! Requests: what is looked for, with who wants it and what fills it.

use super::authored::{load_all, load_first};
use super::fills::{ListedFill, fills};
use super::wants::wants;
use super::{Authored, Fold, Page, Place, limit_and_offset, subject_key};
use crate::entry::EntryId;
use crate::entry::request::Request;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use serde::Serialize;
use uuid::Uuid;

/// A request as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CurrentRequest {
    /// What is looked for.
    pub request: Authored<Request>,
    /// How many authors want it.
    pub wants: u64,
    /// What is said to fill it, sorted by id.
    pub fills: Vec<ListedFill>,
}

impl CurrentRequest {
    /// Whether a link is here that has what is asked for.
    pub fn is_filled(&self) -> bool {
        self.fills.iter().any(|fill| fill.accepted)
    }
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, request: &Request) -> Result<(), StoreError> {
    let subject = request.subject.as_ref().map(subject_key);
    fold.execute("INSERT INTO requests (seq, subject) VALUES (?1, ?2)", params![place.seq, subject])
}

pub(crate) fn complete(db: &Connection, request: Authored<Request>) -> Result<CurrentRequest, StoreError> {
    let (wants, fills) = (wants(db, &request.entry.0)?, fills(db, &request.entry, &request.body)?);
    Ok(CurrentRequest { request, wants, fills })
}

impl Store {
    /// The request with this id.
    pub fn request(&self, id: &EntryId) -> Result<Option<CurrentRequest>, StoreError> {
        self.read(|db| {
            let sql = "SELECT seq FROM entries JOIN requests USING (seq) WHERE id = ?1";
            let request = load_first(db, sql, &[&id.0], Request::from_body)?;
            request.map(|request| complete(db, request)).transpose()
        })
    }

    /// All requests, those that most authors want first; of those wanted as much the lowest id.
    pub fn requests(&self, page: Page) -> Result<Vec<CurrentRequest>, StoreError> {
        let [limit, offset] = limit_and_offset(&page);
        self.read(|db| {
            let sql = "SELECT seq FROM requests JOIN entries USING (seq) LEFT JOIN (
                     SELECT subject AS wanted, count(*) AS wants FROM (
                         SELECT subject, withdrawn, max(n) FROM wants GROUP BY subject, author_no)
                     WHERE NOT withdrawn GROUP BY subject)
                 ON wanted = id ORDER BY coalesce(wants, 0) DESC, id LIMIT ?1 OFFSET ?2";
            load_requests(db, sql, &[&limit, &offset])
        })
    }

    /// The requests for an MBID, sorted by id.
    pub fn requests_for(&self, mbid: &Uuid) -> Result<Vec<CurrentRequest>, StoreError> {
        let sql = "SELECT seq FROM requests JOIN entries USING (seq) WHERE subject = ?1 ORDER BY id";
        self.read(|db| load_requests(db, sql, &[mbid.as_bytes()]))
    }
}

fn load_requests(
    db: &Connection,
    sql: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<CurrentRequest>, StoreError> {
    let requests = load_all(db, sql, params, Request::from_body)?;
    requests.into_iter().map(|request| complete(db, request)).collect()
}

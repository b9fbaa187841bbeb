//! Fills: which links are said to fill a request.

use super::authored::{load_all, load_first};
use super::links::LinkEntry;
use super::{Authored, Fold, Place};
use crate::entry::EntryId;
use crate::entry::link::Link;
use crate::entry::request::{Fill, Request};
use crate::store::StoreError;
use rusqlite::{Connection, params};
use serde::Serialize;

/// A fill of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedFill {
    /// Who says so.
    pub fill: Authored<Fill>,
    /// The link, if it is here and counts.
    pub link: Option<LinkEntry>,
    /// Whether the link has a format, an encoding, a medium, a log and a cue sheet that the request accepts.
    pub accepted: bool,
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, fill: &Fill) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO fills (seq, request, link) VALUES (?1, ?2, ?3)",
        params![place.seq, fill.request.0, fill.link.0],
    )
}

/// The fills of a request, sorted by id.
pub(super) fn fills(db: &Connection, id: &EntryId, request: &Request) -> Result<Vec<ListedFill>, StoreError> {
    let sql = "SELECT seq FROM fills JOIN entries USING (seq) WHERE request = ?1 ORDER BY id";
    let fills = load_all(db, sql, &[&id.0], Fill::from_body)?;
    let link_sql = "SELECT seq FROM entries JOIN links USING (seq) WHERE id = ?1";
    fills
        .into_iter()
        .map(|fill| {
            let link = load_first(db, link_sql, &[&fill.body.link.0], Link::from_body)?.map(LinkEntry::from);
            let accepted = link.as_ref().is_some_and(|entry| accepts(request, &entry.link));
            Ok(ListedFill { fill, link, accepted })
        })
        .collect()
}

/// Whether a link has what a request asks for. Words are compared without regard to capitals.
fn accepts(request: &Request, link: &Link) -> bool {
    let any = |accepted: &[String], word: &Option<String>| {
        let is = |other: &String| word.as_ref().is_some_and(|word| word.eq_ignore_ascii_case(other));
        accepted.is_empty() || accepted.iter().any(is)
    };
    let has = |asked: bool, there: Option<bool>| !asked || there == Some(true);
    any(&request.formats, &link.format)
        && any(&request.encodings, &link.encoding)
        && any(&request.media, &link.media)
        && has(request.log, link.log)
        && has(request.cue, link.cue)
}

//! The receipt of a submission: `/submitted/{id}`. It stays the same address while the entry waits
//! and after it was released, and it works for any entry, so that it tells nobody who signed here.

use super::{Frame, page, wording};
use crate::app::{App, SharedApp, blocking};
use crate::peers::address::PeerAddress;
use crate::web::error::{PageError, WebError, not_found};
use crate::web::sync::scope_answers;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use deadwax_index::entry::EntryId;
use deadwax_index::entry::link::Link;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    frame: Frame,
    entry: EntryId,
    /// `released`, `queued`, `inbox` or `known`.
    state: &'static str,
    heading: &'static str,
    explanation: &'static str,
    artist: String,
    title: String,
    facts: String,
    mbid: String,
    /// Whether there is a page of the release group to link to.
    has_page: bool,
    fingerprint: String,
    torrent: String,
    kept: String,
    held: Held,
}

/// How many of the nodes that this one reads from hold the entry, as far as they have shown it.
struct Held {
    by: usize,
    of: usize,
}

/// Query of a receipt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Before {
    known: Option<u8>,
}

/// `GET /submitted/{id}`.
pub async fn receipt(
    State(app): State<SharedApp>,
    id: Result<Path<String>, PathRejection>,
    before: Result<Query<Before>, QueryRejection>,
) -> Result<Response, PageError> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or_else(|| not_found("This entry"))?;
    let was_known = before.is_ok_and(|Query(before)| before.known.is_some());
    Ok(page(StatusCode::OK, &blocking(&app, move |app| build(app, id, was_known)).await?))
}

fn build(app: &App, id: EntryId, was_known: bool) -> Result<ReceiptPage, WebError> {
    let stored = app.store.entry(&id)?.map(|stored| stored.verify()).transpose()?;
    let is_released = stored.is_some();
    let stranger = if is_released { None } else { app.store.in_inbox(&id)? };
    let is_in_inbox = stranger.is_some();
    let entry = match stored.or(stranger) {
        Some(entry) => entry,
        None => app.store.waiting(&id)?.ok_or_else(|| not_found("This entry"))?,
    };
    let link = entry
        .body()
        .and_then(|body| Link::from_body(body).ok())
        .ok_or_else(|| not_found("This torrent link"))?;
    let (state, heading, explanation) = match (was_known, is_released) {
        (true, true) => (
            "known",
            "Already published",
            "This torrent was linked to this release before, so nothing new was signed.",
        ),
        (true, false) => (
            "known",
            "Already submitted",
            "This torrent was linked to this release before; that entry waits for its release, so nothing new was signed.",
        ),
        (false, true) => (
            "released",
            "Published",
            "The entry is in this node's set, and the nodes that read from it take it from here.",
        ),
        (false, false) if is_in_inbox => (
            "inbox",
            "Signed, and waiting for a member",
            "The key that signed it belongs to nobody in this network yet. The entry is published when a member answers for the key, and forgotten after 30 days.",
        ),
        (false, false) => (
            "queued",
            "Signed, and waiting",
            "The entry is released after a random wait, 10 minutes on average and an hour at most. There is nothing more to do; this page says when it is out.",
        ),
    };
    let facts = wording::dotted(
        link.year.map(|year| Some(year.to_string())).into_iter().chain(link.types.iter().cloned().map(Some)),
    );
    Ok(ReceiptPage {
        frame: Frame::new(app, "", heading),
        entry: id,
        state,
        heading,
        explanation,
        facts,
        mbid: link.group().to_string(),
        has_page: app.listing(&link.group())?.is_some(),
        fingerprint: wording::fingerprint(&entry.head().author().to_string()),
        held: held(app, &id, is_released)?,
        torrent: link.name.clone().unwrap_or_else(|| "without a name".into()),
        kept: format!(
            "{}. Whatever else a magnet carries is not published.",
            wording::count(link.trackers.len() as u64, "I2P tracker", "I2P trackers")
        ),
        artist: link.artist,
        title: link.title,
    })
}

/// A peer holds an entry that it has shown; and where its set was equal to this node's, all that is in that.
fn held(app: &App, id: &EntryId, is_released: bool) -> Result<Held, WebError> {
    let peers = app.peers.report(&scope_answers(&app.scopes()?));
    let holds = |address: &str| address.parse::<PeerAddress>().is_ok_and(|peer| app.shown.has(&peer, id));
    let by =
        peers.iter().filter(|peer| is_released && peer.equal == Some(true) || holds(&peer.address)).count();
    Ok(Held { by, of: peers.len() })
}

impl Held {
    fn in_words(&self) -> String {
        match self.of {
            0 => "this node reads from no other, so it does not hear who else has it".into(),
            of => format!(
                "by {} of the {} that this one reads from, as they say",
                self.by,
                wording::count(of as u64, "node", "nodes")
            ),
        }
    }
}

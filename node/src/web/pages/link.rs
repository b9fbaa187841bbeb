//! One torrent link by itself, with all that is known of it: where feeds lead.

use super::torrents::{self, Torrent, TorrentPart};
use super::{Frame, page};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError, not_found};
use crate::web::view::LinkView;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use deadwax_index::entry::EntryId;
use deadwax_index::mbid::Uuid;

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    frame: Frame,
    group: Uuid,
    artist: String,
    title: String,
    link: TorrentPart,
}

/// `GET /link/{id}`.
pub async fn link(
    State(app): State<SharedApp>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(id) = id.map_err(|_| not_found("This address"))?;
    let id: EntryId = id.parse().map_err(|_| not_found("This torrent link"))?;
    Ok(page(StatusCode::OK, &blocking(&app, move |app| link_page(app, &id)).await?))
}

fn link_page(app: &App, id: &EntryId) -> Result<LinkPage, WebError> {
    let found = app.store.link(id)?.ok_or_else(|| not_found("This torrent link"))?;
    let listed = app.listing(&found.link.group())?;
    let (artist, title, group) = match &listed {
        Some(listing) => (listing.artist().to_owned(), listing.title().to_owned(), listing.mbid),
        None => (found.link.artist.clone(), found.link.title.clone(), found.link.group()),
    };
    let view = LinkView::of(app, &found);
    let link = torrents::alone(app, &Torrent { link: &view, others: Vec::new() })?;
    Ok(LinkPage { frame: Frame::new(app, "", &format!("{artist} – {title}")), group, artist, title, link })
}

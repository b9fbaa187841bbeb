//! An artist: who they are, and their release groups by type and year. Also as feeds.

use super::descriptions::{self, Written};
use super::elsewhere::Elsewhere;
use super::group::{Position, elsewhere, read_mbid};
use super::pager::Pager;
use super::works::{Section, Works, with_catalogue, works};
use super::{Frame, page, wording};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError, hidden, not_found};
use crate::web::feeds::{self, Asked, Feed, FeedLinks, Format};
use crate::web::search_query::SearchQuery;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use deadwax_index::catalogue::EntityRecord;
use deadwax_index::entry::subject::SubjectKind;
use deadwax_index::mbid::Uuid;

/// Other names in the heading's small print.
const MAX_ALIASES: usize = 8;

/// An artist or a label.
#[derive(Template)]
#[template(path = "entity.html")]
pub struct EntityPage {
    frame: Frame,
    mbid: Uuid,
    /// "Artist" or "Label".
    what: &'static str,
    name: String,
    facts: String,
    aliases: Vec<String>,
    more_aliases: usize,
    elsewhere: Vec<Elsewhere>,
    descriptions: Vec<Written>,
    total: String,
    sections: Vec<Section>,
    pager: Pager,
}

/// `GET /artist/{mbid}?offset=`, `GET /artist/{mbid}.rss`, `GET /artist/{mbid}.atom`.
pub async fn artist(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    uri: Uri,
    path: Result<Path<String>, PathRejection>,
    position: Result<Query<Position>, QueryRejection>,
) -> Result<Response, PageError> {
    let Path(segment) = path.map_err(|_| not_found("This address"))?;
    let (mbid, format) = Format::split(&segment);
    let mbid = read_mbid(mbid)?;
    let offset = position.map_or(0, |Query(position)| position.offset);
    let asked = Asked::new(headers, uri);
    blocking(&app, move |app| match format {
        _ if app.is_hidden(&mbid)? => Err(hidden().into()),
        Some(format) => Ok(feeds::answer(app, &asked, format, feed(app, &mbid)?)),
        None => artist_page(app, mbid, offset),
    })
    .await
}

fn artist_page(app: &App, mbid: Uuid, offset: usize) -> Result<Response, PageError> {
    let found = with_catalogue(app, |catalogue| {
        let Some(record) = catalogue.artist(&catalogue.resolve(&mbid)?)? else { return Ok(None) };
        let works = works(app, catalogue, &record.mbid, offset, &record.name)?;
        Ok(Some((record, works)))
    })?;
    let Some((record, works)) = found else { return elsewhere(app, mbid) };
    if record.mbid != mbid {
        return Ok(Redirect::to(&format!("/artist/{}", record.mbid)).into_response());
    }
    let span = match (&record.begin, &record.end) {
        (None, None) => None,
        (begin, end) => {
            Some(format!("{} – {}", begin.as_deref().unwrap_or("?"), end.as_deref().unwrap_or("")))
        }
    };
    let facts = [record.disambiguation.clone(), record.kind.clone(), record.country.clone(), span];
    let written = descriptions::about(app, mbid, SubjectKind::Artist)?;
    let mut shown = entity_page(app, "Artist", record, works, wording::dotted(facts), written);
    shown.frame.feeds = Some(FeedLinks::new(&format!("/artist/{mbid}"), ""));
    Ok(page(StatusCode::OK, &shown))
}

/// The page of an artist or a label.
pub fn entity_page(
    app: &App,
    what: &'static str,
    record: EntityRecord,
    works: Works,
    facts: String,
    descriptions: Vec<Written>,
) -> EntityPage {
    let name = if record.name.is_empty() { "Without a name".to_owned() } else { record.name };
    let kind = if what == "Label" { "label" } else { "artist" };
    EntityPage {
        frame: Frame::new(app, "", &name),
        mbid: record.mbid,
        what,
        facts,
        more_aliases: record.aliases.len().saturating_sub(MAX_ALIASES),
        aliases: record.aliases.into_iter().take(MAX_ALIASES).collect(),
        elsewhere: Elsewhere::all(kind, record.mbid, &record.addresses),
        descriptions,
        total: wording::count(works.total as u64, "release group", "release groups"),
        sections: works.sections,
        pager: works.pager,
        name,
    }
}

/// The newest torrent links of an artist.
fn feed(app: &App, mbid: &Uuid) -> Result<Feed, WebError> {
    let found = with_catalogue(app, |catalogue| Ok(catalogue.artist(&catalogue.resolve(mbid)?)?))?;
    let record = found.ok_or_else(|| not_found("This artist"))?;
    let query = SearchQuery { q: record.mbid.to_string(), ..SearchQuery::default() };
    Ok(Feed {
        items: feeds::found(app, &query)?,
        page: format!("/artist/{}", record.mbid),
        title: record.name,
    })
}

//! A contributor: what they say of themselves, and what they have linked. Also as feeds.

use super::elsewhere::is_web;
use super::group::Position;
use super::pager::Pager;
use super::rows::{now_hours, quality};
use super::wording::{self, Date};
use super::{Frame, page};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError, not_found};
use crate::web::feeds::{self, Asked, Feed, FeedLinks, Format, MAX_ITEMS, Names};
use crate::web::search_query::DEFAULT_LIMIT;
use crate::web::view::LinkView;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use deadwax_index::entry::AuthorKey;
use deadwax_index::mbid::Uuid;
use deadwax_index::projection::Page;
use deadwax_index::projection::contributions::Contributions;
use deadwax_index::projection::links::LinkEntry;
use std::collections::HashMap;

/// Names of records are cut to this.
const MAX_NAME_CHARS: usize = 80;

#[derive(Template)]
#[template(path = "contributor.html")]
struct ContributorPage {
    frame: Frame,
    key: String,
    fingerprint: String,
    name: Option<String>,
    text: Option<String>,
    urls: Vec<ProfileUrl>,
    total: String,
    rows: Vec<LinkRow>,
    pager: Pager,
}

/// An address in a profile, and whether it can be followed.
struct ProfileUrl {
    url: String,
    is_web: bool,
}

/// A torrent link in a line.
struct LinkRow {
    entry: String,
    artist: String,
    title: String,
    year: Option<u16>,
    quality: String,
    size: String,
    seeders: String,
    is_seeded: bool,
    signed: Option<Date>,
}

/// `GET /contributor/{key}?offset=`, `GET /contributor/{key}.rss`, `GET /contributor/{key}.atom`.
pub async fn contributor(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    uri: Uri,
    path: Result<Path<String>, PathRejection>,
    position: Result<Query<Position>, QueryRejection>,
) -> Result<Response, PageError> {
    let Path(segment) = path.map_err(|_| not_found("This address"))?;
    let (key, format) = Format::split(&segment);
    let key: AuthorKey = key.parse().map_err(|_| not_found("This contributor"))?;
    let offset = position.map_or(0, |Query(position)| position.offset);
    let asked = Asked::new(headers, uri);
    blocking(&app, move |app| match format {
        Some(format) => Ok(feeds::answer(app, &asked, format, feed(app, &key)?)),
        None => Ok(page(StatusCode::OK, &contributor_page(app, &key, offset)?)),
    })
    .await
}

fn contributions(app: &App, key: &AuthorKey, page: Page) -> Result<Contributions, WebError> {
    app.store.links_of_author(key, page)?.ok_or_else(|| not_found("This contributor"))
}

fn contributor_page(app: &App, key: &AuthorKey, offset: usize) -> Result<ContributorPage, WebError> {
    let Contributions { total, links } = contributions(app, key, Page { offset, limit: DEFAULT_LIMIT })?;
    let names = names(app, &links)?;
    let rows = links.iter().map(|entry| row(app, entry, &names)).collect();
    let profile = app.store.profile(key)?.map(|profile| profile.body).unwrap_or_default();
    let fingerprint = wording::fingerprint(&key.to_string());
    let mut frame = Frame::new(app, "", profile.name.as_deref().unwrap_or(&fingerprint));
    frame.feeds = Some(FeedLinks::new(&format!("/contributor/{key}"), ""));
    Ok(ContributorPage {
        frame,
        key: key.to_string(),
        fingerprint,
        name: profile.name,
        text: profile.text,
        urls: profile.urls.into_iter().map(|url| ProfileUrl { is_web: is_web(&url), url }).collect(),
        total: wording::count(total, "torrent link", "torrent links"),
        rows,
        pager: Pager::new("?", offset, DEFAULT_LIMIT, usize::try_from(total).unwrap_or(usize::MAX)),
    })
}

/// What the catalogue calls the groups of links, by the MBIDs that the links name for them.
fn names(app: &App, links: &[LinkEntry]) -> Result<HashMap<Uuid, Names>, WebError> {
    app.search.catalogue().with(|catalogue| {
        let mut names = HashMap::new();
        let Some((catalogue, _)) = catalogue else { return Ok(names) };
        for link in links {
            let named = link.link.group();
            if names.contains_key(&named) {
                continue;
            }
            let group = catalogue.group_of(&named)?.unwrap_or(named);
            if let Some(known) = catalogue.known_group(&group)? {
                names.insert(named, Names { artist: known.artist, title: known.title, year: known.year });
            }
        }
        Ok(names)
    })
}

/// The names of a link's group: the link's own, where the catalogue does not know it.
fn names_of(entry: &LinkEntry, names: &HashMap<Uuid, Names>) -> Names {
    let link = &entry.link;
    let own = || Names { artist: link.artist.clone(), title: link.title.clone(), year: link.year };
    names.get(&link.group()).cloned().unwrap_or_else(own)
}

fn row(app: &App, entry: &LinkEntry, names: &HashMap<Uuid, Names>) -> LinkRow {
    let Names { artist, title, year } = names_of(entry, names);
    let view = LinkView::of(app, entry);
    LinkRow {
        entry: entry.entry.to_string(),
        artist: wording::shorten(&artist, MAX_NAME_CHARS),
        title: wording::shorten(&title, MAX_NAME_CHARS),
        year,
        quality: quality(&view),
        size: view.link.size_bytes.map_or(String::new(), wording::size),
        seeders: view.seeders.map_or("none".into(), wording::thousands),
        is_seeded: view.seeders.is_some_and(|seeders| seeders > 0),
        signed: wording::date(entry.created_hours, now_hours()),
    }
}

/// The newest torrent links of a contributor.
fn feed(app: &App, key: &AuthorKey) -> Result<Feed, WebError> {
    let links = contributions(app, key, Page { offset: 0, limit: MAX_ITEMS })?.links;
    let names = names(app, &links)?;
    let links = links.iter().map(|entry| (Box::new(names_of(entry, &names)), LinkView::of(app, entry)));
    Ok(Feed {
        title: format!("Contributor {}", wording::fingerprint(&key.to_string())),
        page: format!("/contributor/{key}"),
        items: feeds::items_of(app, links.collect())?,
    })
}

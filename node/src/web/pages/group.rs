//! A release group: its editions and torrent links, best seeded first.

use super::pager::Pager;
use super::rows::{group_facts, now_hours};
use super::wording::{self, Date};
use super::{Frame, page};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError, hidden, not_found};
use crate::web::view::{GroupView, LinkView};
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use deadwax_index::mbid::{self, Uuid};
use deadwax_index::search::Identifier;
use serde::Deserialize;

/// Torrent links on one page.
const LINKS_PER_PAGE: usize = 50;
/// Files that are listed of one torrent.
const MAX_FILES: usize = 200;

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    mbid: String,
    artist: String,
    title: String,
    facts: String,
    musicbrainz_url: String,
    editions: Vec<EditionPart>,
    pager: Pager,
}

/// The links of one edition.
struct EditionPart {
    heading: String,
    links: Vec<LinkPart>,
}

struct LinkPart {
    entry: String,
    author: String,
    fingerprint: String,
    signed: Option<Date>,
    quality: String,
    facts: String,
    seeders: String,
    is_seeded: bool,
    announced: Option<String>,
    magnet: Option<String>,
    trackers: Vec<String>,
    infohashes: Vec<(&'static str, String)>,
    name: Option<String>,
    files: Vec<(String, String)>,
    file_count: String,
    files_left_out: u64,
}

#[derive(Template)]
#[template(path = "unlinked.html")]
struct UnlinkedPage {
    frame: Frame,
    mbid: Uuid,
    musicbrainz_url: String,
}

/// Query of a group's page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Position {
    offset: usize,
}

/// `GET /release-group/{mbid}?offset=`: the one page of a group, whatever its MBID names.
pub async fn group(
    State(app): State<SharedApp>,
    mbid: Result<Path<String>, PathRejection>,
    position: Result<Query<Position>, QueryRejection>,
) -> Result<Response, PageError> {
    let mbid = read_mbid(mbid)?;
    let offset = position.map_or(0, |Query(position)| position.offset);
    blocking(&app, move |app| match app.listing(&mbid)? {
        // That of a release, or merged: links and bookmarks lead on.
        Some(group) if group.mbid != mbid => {
            Ok(Redirect::to(&format!("/release-group/{}", group.mbid)).into_response())
        }
        Some(group) => Ok(page(StatusCode::OK, &group_page(app, GroupView::new(app, &group), offset))),
        None => elsewhere(app, mbid),
    })
    .await
}

/// `GET /mbid/{mbid}`: on to the page that shows a release group, release or recording.
pub async fn any_mbid(
    State(app): State<SharedApp>,
    mbid: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let mbid = read_mbid(mbid)?;
    blocking(&app, move |app| elsewhere(app, mbid)).await
}

fn read_mbid(path: Result<Path<String>, PathRejection>) -> Result<Uuid, WebError> {
    let Path(text) = path.map_err(|_| not_found("This address"))?;
    Ok(mbid::parse(&text).map_err(|error| WebError::Bad(error.problem()))?.0)
}

/// Where an MBID is shown; a release or recording may be in several groups.
fn elsewhere(app: &App, mbid: Uuid) -> Result<Response, PageError> {
    match app.search.groups_of(&app.store, &Identifier::Mbid(mbid))?.as_slice() {
        [] if app.is_hidden(&mbid)? => Err(hidden().into()),
        [] => Ok(page(
            StatusCode::NOT_FOUND,
            &UnlinkedPage {
                frame: Frame::new(app, "", "Nothing is linked here yet"),
                mbid,
                // MusicBrainz finds a record of any kind by this address.
                musicbrainz_url: format!("https://musicbrainz.org/mbid/{mbid}"),
            },
        )),
        [group] => Ok(Redirect::to(&format!("/release-group/{group}")).into_response()),
        _ => Ok(Redirect::to(&format!("/search?q={mbid}")).into_response()),
    }
}

fn group_page(app: &App, group: GroupView, offset: usize) -> GroupPage {
    let mut editions: Vec<EditionPart> = Vec::new();
    for link in group.links.iter().skip(offset).take(LINKS_PER_PAGE) {
        let heading = edition_heading(link);
        match editions.iter_mut().find(|edition| edition.heading == heading) {
            Some(edition) => edition.links.push(LinkPart::new(link)),
            None => editions.push(EditionPart { heading, links: vec![LinkPart::new(link)] }),
        }
    }
    GroupPage {
        frame: Frame::new(app, "", &format!("{} – {}", group.artist, group.title)),
        facts: group_facts(&group),
        musicbrainz_url: format!("https://musicbrainz.org/{}/{}", group.mbid_kind, group.mbid),
        pager: Pager::new("?", offset, LINKS_PER_PAGE, group.links.len()),
        mbid: group.mbid,
        artist: group.artist,
        title: group.title,
        editions,
    }
}

/// "CD · 2008 · Ninth Harbour · NHR-014": equal headings are one edition.
fn edition_heading(link: &LinkView) -> String {
    let edition = &link.link.edition;
    let told = wording::dotted([
        edition.title.clone(),
        edition.year.map(|year| year.to_string()),
        edition.label.clone(),
        edition.catno.clone(),
        edition.country.clone(),
        edition.barcode.clone(),
    ]);
    let told = if told.is_empty() { "edition not said".into() } else { told };
    wording::dotted([link.link.media.clone().or_else(|| Some("Medium not said".into())), Some(told)])
}

impl LinkPart {
    fn new(link: &LinkView) -> Self {
        let fields = &link.link;
        let quality =
            [&fields.format, &fields.encoding].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let present = |there: Option<bool>, yes: &str, no: &str| {
            there.map(|there| if there { yes.into() } else { no.into() })
        };
        let file_count = fields.file_count.unwrap_or(fields.files.len() as u64);
        let shown = fields.files.iter().take(MAX_FILES);
        Self {
            entry: link.entry.clone(),
            author: link.author.clone(),
            fingerprint: wording::fingerprint(&link.author),
            signed: wording::date(link.created_hours, now_hours()),
            quality: if quality.is_empty() { "Format not said".into() } else { quality },
            facts: wording::dotted([
                fields.size_bytes.map(wording::size),
                (file_count > 0).then(|| wording::count(file_count, "file", "files")),
                present(fields.log, "log", "no log"),
                present(fields.cue, "cue", "no cue"),
            ]),
            seeders: swarm(link),
            is_seeded: link.seeders.is_some_and(|seeders| seeders > 0),
            announced: link.age_secs.map(wording::age),
            magnet: link.magnet.clone(),
            trackers: link.trackers.clone(),
            infohashes: [("Infohash", &link.infohash_v1), ("Infohash, version 2", &link.infohash_v2)]
                .into_iter()
                .filter_map(|(name, hash)| Some((name, hash.clone()?)))
                .collect(),
            name: fields.name.clone(),
            files_left_out: file_count.saturating_sub(shown.len() as u64),
            files: shown.map(|file| (file.path.clone(), wording::size(file.size_bytes))).collect(),
            file_count: wording::thousands(file_count),
        }
    }
}

/// "5 seeders, 1 leecher".
fn swarm(link: &LinkView) -> String {
    let Some(seeders) = link.seeders else { return "nobody has announced here yet".into() };
    let seeders = wording::count(seeders, "seeder", "seeders");
    match link.leechers {
        None | Some(0) => seeders,
        Some(leechers) => format!("{seeders}, {}", wording::count(leechers, "leecher", "leechers")),
    }
}

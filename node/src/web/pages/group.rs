//! A release group: its editions and torrent links, best seeded first.
//!
//! Not here: what is shown of a torrent ([`super::torrents`]).

use super::descriptions::{self, Written};
use super::elsewhere::Elsewhere;
use super::pager::Pager;
use super::rows::{group_facts, tag_url};
use super::torrents::{self, Torrent, TorrentPart};
use super::{Frame, destination, disc, page, wording};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError, hidden, not_found};
use crate::web::view::{GroupView, LinkView};
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use deadwax_index::catalogue::tracks::Credited;
use deadwax_index::catalogue::{EditionRecord, GroupRecord};
use deadwax_index::entry::subject::SubjectKind;
use deadwax_index::listing::Listing;
use deadwax_index::mbid::{self, MbidKind, Uuid};
use deadwax_index::search::Identifier;
use serde::Deserialize;
use std::collections::HashMap;

/// Torrents on one page.
const TORRENTS_PER_PAGE: usize = 50;
/// Editions without torrents that are listed: of the most reissued records there are some hundreds.
const MAX_EDITIONS: usize = 40;
/// Tags that are shown.
const MAX_TAGS: usize = 16;

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    mbid: Uuid,
    disc: String,
    credit: Vec<CreditPart>,
    title: String,
    facts: String,
    tags: Vec<TagPart>,
    elsewhere: Vec<Elsewhere>,
    descriptions: Vec<Written>,
    editions: Vec<EditionPart>,
    pager: Pager,
    /// Editions that the catalogue knows and no torrent link names.
    others: Vec<OtherEdition>,
    others_left_out: usize,
}

/// One name of an artist credit, and what stands between it and the next.
pub struct CreditPart {
    /// The name.
    pub name: String,
    /// The artist's page, if the catalogue has one.
    pub url: Option<String>,
    /// " & ".
    pub join: String,
}

/// A tag, and who gave it.
struct TagPart {
    tag: String,
    count: u64,
    url: String,
}

/// The torrents of one edition.
struct EditionPart {
    heading: String,
    /// The page of the release, where links name one that the catalogue knows.
    url: Option<String>,
    links: Vec<TorrentPart>,
}

/// An edition without torrents.
struct OtherEdition {
    mbid: Uuid,
    heading: String,
}

#[derive(Template)]
#[template(path = "unlinked.html")]
struct UnlinkedPage {
    frame: Frame,
    mbid: Uuid,
    musicbrainz_url: String,
}

/// Query of a page that has further pages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Position {
    /// How many rows to skip.
    pub offset: usize,
}

/// `GET /release-group/{mbid}?offset=`: the one page of a group, whatever its MBID names.
pub async fn group(
    State(app): State<SharedApp>,
    mbid: Result<Path<String>, PathRejection>,
    position: Result<Query<Position>, QueryRejection>,
) -> Result<Response, PageError> {
    let mbid = read_mbid_of(mbid)?;
    let offset = position.map_or(0, |Query(position)| position.offset);
    blocking(&app, move |app| match app.listing(&mbid)? {
        // That of a release, or merged: links and bookmarks lead on.
        Some(group) if group.mbid != mbid => {
            Ok(Redirect::to(&format!("/release-group/{}", group.mbid)).into_response())
        }
        Some(group) => Ok(page(StatusCode::OK, &group_page(app, &group, offset)?)),
        None => elsewhere(app, mbid),
    })
    .await
}

/// `GET /mbid/{mbid}`: on to the page that shows what an MBID names.
pub async fn any_mbid(
    State(app): State<SharedApp>,
    mbid: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let mbid = read_mbid_of(mbid)?;
    blocking(&app, move |app| match destination::page_of(app, &Identifier::Mbid(mbid))? {
        Some(url) => Ok(Redirect::to(&url).into_response()),
        None => elsewhere(app, mbid),
    })
    .await
}

/// The MBID in an address.
pub fn read_mbid_of(path: Result<Path<String>, PathRejection>) -> Result<Uuid, WebError> {
    let Path(text) = path.map_err(|_| not_found("This address"))?;
    read_mbid(&text)
}

/// An MBID, as a person may have typed it.
pub fn read_mbid(text: &str) -> Result<Uuid, WebError> {
    Ok(mbid::parse(text).map_err(|error| WebError::Bad(error.problem()))?.0)
}

/// To the group where an MBID is shown; a release or recording may be in several groups.
pub fn elsewhere(app: &App, mbid: Uuid) -> Result<Response, PageError> {
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

fn group_page(app: &App, listing: &Listing, offset: usize) -> Result<GroupPage, WebError> {
    let group = GroupView::new(app, listing);
    let (record, credit) = app.search.catalogue().with(|catalogue| match catalogue {
        Some((catalogue, _)) => {
            let record = catalogue.group_record(&listing.mbid)?;
            Ok::<_, WebError>((record, catalogue.credit_of_group(&listing.mbid)?))
        }
        None => Ok((None, Vec::new())),
    })?;
    let all = torrents::torrents(&group.links);
    let shown: Vec<Torrent<'_>> = all.iter().skip(offset).take(TORRENTS_PER_PAGE).cloned().collect();
    let known: HashMap<Uuid, &EditionRecord> =
        record.iter().flat_map(|record| &record.editions).map(|edition| (edition.mbid, edition)).collect();
    let mut editions: Vec<EditionPart> = Vec::new();
    for (torrent, part) in shown.iter().zip(torrents::parts(app, &shown)?) {
        let (heading, url) = edition_of(torrent.link, &known);
        match editions.iter_mut().find(|edition| edition.heading == heading && edition.url == url) {
            Some(edition) => edition.links.push(part),
            None => editions.push(EditionPart { heading, url, links: vec![part] }),
        }
    }
    let tags = app.store.tags_of_group(&listing.mbid)?.into_iter().take(MAX_TAGS);
    let tags = tags.map(|tag| TagPart { url: tag_url(&tag.tag), count: tag.count, tag: tag.tag });
    let (others, others_left_out) = others(record.as_ref(), &group.links);
    Ok(GroupPage {
        frame: Frame::new(app, "", &format!("{} – {}", group.artist, group.title)),
        disc: disc::classes(&listing.mbid),
        facts: wording::dotted([
            Some(group_facts(&group)),
            record.as_ref().map(|record| record.disambiguation.clone()),
        ]),
        tags: tags.collect(),
        elsewhere: vec![Elsewhere::musicbrainz(group.mbid_kind, listing.mbid)],
        descriptions: descriptions::about(app, listing.mbid, SubjectKind::ReleaseGroup)?,
        pager: Pager::new("?", offset, TORRENTS_PER_PAGE, all.len()),
        mbid: listing.mbid,
        credit: credit_parts(&credit, &group.artist),
        editions,
        others,
        others_left_out,
        title: group.title,
    })
}

/// A credit with links to its artists; `plain` where nobody knows who they are.
pub fn credit_parts(credit: &[Credited], plain: &str) -> Vec<CreditPart> {
    if credit.is_empty() {
        return vec![CreditPart { name: plain.to_owned(), url: None, join: String::new() }];
    }
    let part = |part: &Credited| CreditPart {
        name: part.name.clone(),
        url: part.artist.map(|mbid| format!("/artist/{mbid}")),
        join: part.join_phrase.clone(),
    };
    credit.iter().map(part).collect()
}

/// What the edition of a link is called, and its page.
fn edition_of(link: &LinkView, known: &HashMap<Uuid, &EditionRecord>) -> (String, Option<String>) {
    let record = known.get(&link.mbid).filter(|_| link.mbid_kind == MbidKind::Release);
    match record {
        Some(record) => (record_heading(record), Some(format!("/release/{}", link.mbid))),
        None => (edition_heading(link), None),
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

/// "2 × CD · 2008-05-01 · Ninth Harbour · NHR-014 · GB · 36 tracks", as the catalogue knows it.
fn record_heading(record: &EditionRecord) -> String {
    let label = record.labels.first();
    let tracks: u64 = record.media.iter().map(|medium| u64::from(medium.track_count)).sum();
    wording::dotted([
        Some(media(record.media.iter().map(|medium| medium.format.as_deref()))),
        record.date.clone(),
        label.and_then(|label| label.name.clone()),
        label.and_then(|label| label.catno.clone()),
        record.countries.first().cloned(),
        (tracks > 0).then(|| wording::count(tracks, "track", "tracks")),
        record.disambiguation.clone(),
    ])
}

/// "2 × CD + DVD".
pub fn media<'a>(formats: impl Iterator<Item = Option<&'a str>>) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for format in formats {
        let format = format.unwrap_or("Medium not said");
        match counted.iter_mut().find(|(name, _)| *name == format) {
            Some((_, count)) => *count += 1,
            None => counted.push((format, 1)),
        }
    }
    let named = counted.into_iter().map(|(name, count)| match count {
        1 => name.to_owned(),
        count => format!("{count} × {name}"),
    });
    named.collect::<Vec<_>>().join(" + ")
}

/// The editions that no link names, and how many more there are.
fn others(record: Option<&GroupRecord>, links: &[LinkView]) -> (Vec<OtherEdition>, usize) {
    let editions = record.map_or(&[][..], |record| record.editions.as_slice());
    let mut unlinked = editions.iter().filter(|edition| links.iter().all(|link| link.mbid != edition.mbid));
    let shown = unlinked.by_ref().take(MAX_EDITIONS).map(|edition| {
        let heading = record_heading(edition);
        let heading = if heading.is_empty() { edition.title.clone() } else { heading };
        OtherEdition { mbid: edition.mbid, heading }
    });
    let shown = shown.collect();
    (shown, unlinked.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_counted() {
        let cds = [Some("CD"), Some("CD"), Some("DVD"), None];
        assert_eq!(media(cds.into_iter()), "2 × CD + DVD + Medium not said");
        assert_eq!(media([].into_iter()), "");
    }
}

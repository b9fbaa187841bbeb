//! A release: labels, catalogue numbers, tracks, and the torrent links that name this edition.
//!
//! Records that MusicBrainz does not have (own releases) have the same page.

use super::elsewhere::{Elsewhere, is_web};
use super::group::{CreditPart, credit_parts, elsewhere, media, read_mbid_of};
use super::torrents::{self, Torrent, TorrentPart};
use super::works::with_catalogue;
use super::{Frame, disc, page, wording};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError, hidden};
use crate::web::view::GroupView;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use deadwax_index::catalogue::tracks::{Credited, Medium, Track};
use deadwax_index::catalogue::{EditionLabel, EditionMedium, ReleaseEvent, ReleaseRecord};
use deadwax_index::entry::own_release::{self, OwnRelease};
use deadwax_index::mbid::Uuid;

/// Torrents of one edition that are shown; the page of the group has all.
const MAX_TORRENTS: usize = 50;
/// Tracks that are listed: the largest boxes have some hundreds.
const MAX_TRACKS: usize = 600;

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage {
    frame: Frame,
    mbid: Uuid,
    group: Option<Uuid>,
    disc: String,
    credit: Vec<CreditPart>,
    title: String,
    facts: String,
    labels: Vec<LabelPart>,
    /// Name and value of what else is known.
    details: Vec<(&'static str, String)>,
    elsewhere: Vec<Elsewhere>,
    /// Contributor who made the record, where it is no record of MusicBrainz.
    made_by: Option<String>,
    media: Vec<MediumPart>,
    tracks_left_out: usize,
    links: Vec<TorrentPart>,
    /// Torrents of other editions of the same group.
    others: String,
}

struct LabelPart {
    name: String,
    url: Option<String>,
    catno: Option<String>,
}

struct MediumPart {
    heading: String,
    tracks: Vec<TrackPart>,
}

struct TrackPart {
    number: String,
    title: String,
    /// Where it is not that of the release.
    artist: Option<String>,
    length: String,
}

/// `GET /release/{mbid}`.
pub async fn release(
    State(app): State<SharedApp>,
    mbid: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let mbid = read_mbid_of(mbid)?;
    blocking(&app, move |app| answer(app, mbid)).await
}

fn answer(app: &App, mbid: Uuid) -> Result<Response, PageError> {
    if app.is_hidden(&mbid)? {
        return Err(hidden().into());
    }
    let found = with_catalogue(app, |catalogue| {
        let Some(record) = catalogue.release(&catalogue.resolve(&mbid)?)? else { return Ok(None) };
        let tracks = catalogue.tracks(&record.mbid).unwrap_or_else(|error| {
            // Everything else can be shown.
            tracing::warn!(%error, "tracks cannot be read");
            Vec::new()
        });
        Ok(Some((record, tracks)))
    })?;
    if let Some((record, tracks)) = found {
        if record.mbid != mbid {
            return Ok(Redirect::to(&format!("/release/{}", record.mbid)).into_response());
        }
        let sites = Elsewhere::all("release", mbid, &record.addresses);
        return Ok(page(StatusCode::OK, &release_page(app, record, tracks, sites)?));
    }
    let Some(own) = app.store.own_release(&mbid)? else { return elsewhere(app, mbid) };
    let sites = own.body.urls.iter().filter(|url| is_web(url));
    let sites = sites.map(|url| Elsewhere { name: url.clone(), url: url.clone() }).collect();
    let made_by = own.author.to_string();
    let (record, tracks) = as_record(mbid, own.body);
    let shown = release_page(app, record, tracks, sites)?;
    Ok(page(StatusCode::OK, &ReleasePage { made_by: Some(made_by), ..shown }))
}

fn release_page(
    app: &App,
    record: ReleaseRecord,
    tracks: Vec<Medium>,
    elsewhere: Vec<Elsewhere>,
) -> Result<ReleasePage, WebError> {
    let mbid = record.mbid;
    let listing = app.listing(&record.group.unwrap_or(mbid))?;
    let group = listing.as_ref().map(|listing| GroupView::new(app, listing));
    let links = group.as_ref().map_or(&[][..], |group| group.links.as_slice());
    let all = torrents::torrents(links);
    let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|torrent| torrent.link.mbid == mbid);
    let shown: Vec<Torrent<'_>> = own.into_iter().take(MAX_TORRENTS).collect();
    let artist: String =
        record.credit.iter().flat_map(|part| [part.name.as_str(), &part.join_phrase]).collect();
    let track_count: usize = tracks.iter().map(|medium| medium.tracks.len()).sum();
    let events = record.events.iter().map(event).collect::<Vec<_>>().join(", ");
    Ok(ReleasePage {
        frame: Frame::new(app, "", &format!("{artist} – {}", record.title)),
        mbid,
        group: listing.as_ref().map(|listing| listing.mbid),
        disc: disc::classes(&listing.as_ref().map_or(mbid, |listing| listing.mbid)),
        credit: credit_parts(&record.credit, ""),
        facts: wording::dotted([
            record.disambiguation,
            Some(media(record.media.iter().map(|medium| medium.format.as_deref()))),
            record.events.first().and_then(|event| event.date.clone()),
            record.status.filter(|status| status != "Official"),
        ]),
        labels: record.labels.iter().filter_map(LabelPart::new).collect(),
        details: [
            ("Released", Some(events)),
            ("Barcode", record.barcode),
            ("ASIN", record.asin),
            ("Packaging", record.packaging),
            ("Language", record.language),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect(),
        elsewhere,
        made_by: None,
        tracks_left_out: track_count.saturating_sub(MAX_TRACKS),
        media: media_parts(tracks),
        links: torrents::parts(app, &shown)?,
        others: match others.len() as u64 {
            0 => String::new(),
            more => wording::count(more, "torrent of another edition", "torrents of other editions"),
        },
        title: record.title,
    })
}

/// "1971-03-05 GB".
fn event(event: &ReleaseEvent) -> String {
    [&event.date, &event.country].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
}

impl LabelPart {
    /// None of what names neither a label nor a number.
    fn new(label: &EditionLabel) -> Option<Self> {
        if label.name.is_none() && label.catno.is_none() {
            return None;
        }
        Some(Self {
            name: label.name.clone().unwrap_or_else(|| "Label not said".into()),
            url: label.mbid.map(|mbid| format!("/label/{mbid}")),
            catno: label.catno.clone(),
        })
    }
}

fn media_parts(media: Vec<Medium>) -> Vec<MediumPart> {
    let mut left = MAX_TRACKS;
    let alone = media.len() == 1;
    let part = |medium: Medium| {
        let format = medium.format.unwrap_or_else(|| "Medium".into());
        let number = if alone { format } else { format!("{format} {}", medium.position) };
        let tracks: Vec<TrackPart> = medium.tracks.into_iter().take(left).map(TrackPart::new).collect();
        left -= tracks.len();
        MediumPart { heading: wording::dotted([Some(number), medium.title]), tracks }
    };
    media.into_iter().map(part).filter(|medium| !medium.tracks.is_empty()).collect()
}

impl TrackPart {
    fn new(track: Track) -> Self {
        let artist = track.artist();
        let number = if track.number.is_empty() { track.position.to_string() } else { track.number };
        let length = track.length_ms.map_or(String::new(), length);
        Self { number, title: track.title, artist, length }
    }
}

/// "3:30".
fn length(length_ms: u32) -> String {
    let secs = (u64::from(length_ms) + 500) / 1000;
    match secs / 3600 {
        0 => format!("{}:{:02}", secs / 60, secs % 60),
        hours => format!("{hours}:{:02}:{:02}", secs / 60 % 60, secs % 60),
    }
}

/// An own release in the shape of a record, with its tracks.
fn as_record(mbid: Uuid, own: OwnRelease) -> (ReleaseRecord, Vec<Medium>) {
    let credit = |artist: own_release::Artist| Credited {
        artist: artist.mbid,
        name: artist.name,
        join_phrase: artist.join.unwrap_or_default(),
    };
    let label =
        |label: own_release::Label| EditionLabel { mbid: label.mbid, name: label.name, catno: label.catno };
    let counted = |medium: &own_release::Medium| EditionMedium {
        format: medium.format.clone(),
        track_count: medium.tracks.len() as u32,
    };
    let event = ReleaseEvent { date: own.date, country: own.country };
    let record = ReleaseRecord {
        mbid,
        group: own.release_group,
        title: own.title,
        credit: own.artists.into_iter().map(credit).collect(),
        disambiguation: own.disambiguation,
        status: own.status,
        events: (event.date.is_some() || event.country.is_some()).then_some(event).into_iter().collect(),
        barcode: own.barcode,
        language: own.language,
        labels: own.labels.into_iter().map(label).collect(),
        media: own.media.iter().map(counted).collect(),
        ..ReleaseRecord::default()
    };
    let media = own.media.into_iter().zip(1..).map(|(medium, position)| Medium {
        position,
        format: medium.format,
        title: medium.title,
        tracks: medium.tracks.into_iter().zip(1..).map(own_track).collect(),
    });
    (record, media.collect())
}

fn own_track((track, position): (own_release::Track, u32)) -> Track {
    Track {
        position,
        number: track.number.unwrap_or_default(),
        title: track.title,
        length_ms: track.length_ms,
        recording: None,
        credit: track
            .artist
            .map(|name| Credited { artist: None, name, join_phrase: String::new() })
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(
            [length(0), length(210_400), length(59_600), length(3_723_000)],
            ["0:00", "3:30", "1:00", "1:02:03"]
        );
    }
}

//! What an MBID leads to: groups with their links, and of a release its tracks.
//!
//! Not here: words and other identifiers, which a search understands.

use crate::app::{App, SharedApp, blocking};
use crate::web::error::{ApiError, WebError, hidden, not_found};
use crate::web::view::GroupView;
use axum::Json;
use axum::extract::{Path, State};
use deadwax_index::catalogue::Catalogue;
use deadwax_index::catalogue::tracks::{Medium, Track};
use deadwax_index::listing::Listing;
use deadwax_index::mbid::{self, Uuid};
use deadwax_index::projection::links::MAX_GROUP_LINKS;
use deadwax_index::search::{Identifier, MAX_LISTED_LINKS};
use deadwax_index::store::StoreError;
use serde::Serialize;

/// Groups in one answer: an artist or label has up to 1,000, each with its links. A search has pages.
const MAX_GROUPS: usize = 100;

/// A group, and the release that was asked for.
#[derive(Debug, Serialize)]
pub struct Led {
    #[serde(flatten)]
    group: GroupView,
    /// Where the MBID is of a release that the catalogue has.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<ReleaseView>,
}

/// A release with its tracks.
#[derive(Debug, Serialize)]
struct ReleaseView {
    /// The MBID, hyphenated; another one than was asked for if that was merged.
    mbid: String,
    /// Discs, tapes or sets of files; empty where the catalogue has no tracks.
    media: Vec<MediumView>,
}

#[derive(Debug, Serialize)]
struct MediumView {
    position: u32,
    format: Option<String>,
    title: Option<String>,
    tracks: Vec<TrackView>,
}

#[derive(Debug, Serialize)]
struct TrackView {
    position: u32,
    number: String,
    title: String,
    length_ms: Option<u32>,
    recording: Option<String>,
    /// Where it is not that of the release.
    artist: Option<String>,
}

/// `GET /api/v1/mbid/{mbid}`: the groups to which an MBID leads.
pub async fn by_mbid(
    State(app): State<SharedApp>,
    Path(mbid): Path<String>,
) -> Result<Json<Vec<Led>>, ApiError> {
    let (mbid, _) = mbid::parse(&mbid).map_err(|error| WebError::Bad(error.problem()))?;
    let groups = blocking(&app, move |app| match led(app, &mbid)? {
        groups if !groups.is_empty() => Ok(groups),
        _ if app.is_hidden(&mbid)? => Err(hidden()),
        _ => Err(not_found("This MBID")),
    });
    Ok(Json(groups.await?))
}

fn led(app: &App, mbid: &Uuid) -> Result<Vec<Led>, WebError> {
    let mut groups = app.search.groups_of(&app.store, &Identifier::Mbid(*mbid))?;
    groups.truncate(MAX_GROUPS);
    let max_links = if groups.len() == 1 { MAX_GROUP_LINKS } else { MAX_LISTED_LINKS };
    let (listings, release) = app.search.catalogue().with(|catalogue| {
        let catalogue = catalogue.map(|(catalogue, _)| catalogue);
        let listings = Listing::read_all(&app.store, catalogue, &groups, max_links)?;
        let release = catalogue.map(|catalogue| release_of(catalogue, mbid)).transpose()?.flatten();
        Ok::<_, StoreError>((listings, release))
    })?;
    let (group_of_release, mut release) = release.unzip();
    let led = listings.iter().map(|listing| Led {
        group: GroupView::new(app, listing),
        release: if group_of_release == Some(listing.mbid) { release.take() } else { None },
    });
    Ok(led.collect())
}

/// The release with this MBID, and its group.
fn release_of(catalogue: &Catalogue, mbid: &Uuid) -> Result<Option<(Uuid, ReleaseView)>, StoreError> {
    let mbid = catalogue.resolve(mbid)?;
    let Some(group) = catalogue.group_of(&mbid)?.filter(|group| *group != mbid) else { return Ok(None) };
    let media = catalogue.tracks(&mbid).unwrap_or_else(|error| {
        // Everything else can be shown.
        tracing::warn!(%error, "tracks cannot be read");
        Vec::new()
    });
    let media = media.into_iter().map(MediumView::from).collect();
    Ok(Some((group, ReleaseView { mbid: mbid.to_string(), media })))
}

impl From<Medium> for MediumView {
    fn from(medium: Medium) -> Self {
        let Medium { position, format, title, tracks } = medium;
        Self { position, format, title, tracks: tracks.into_iter().map(TrackView::from).collect() }
    }
}

impl From<Track> for TrackView {
    fn from(track: Track) -> Self {
        let artist = track.artist();
        let Track { position, number, title, length_ms, recording, credit: _ } = track;
        Self { position, number, title, length_ms, recording: recording.map(|mbid| mbid.to_string()), artist }
    }
}

#[cfg(test)]
mod tests;

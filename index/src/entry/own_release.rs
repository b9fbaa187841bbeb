//! The body of an own release: a record that MusicBrainz does not have, in its shape
//! (`doc/ENTRY-FORMAT.md` section 11).

use super::cbor::Value;
use super::fields::{
    self, BodyError, Fields, MAX_NAME_BYTES, MAX_URL_BYTES, MAX_WORD_BYTES, any_mbid, any_text, array, map,
    needed, text, texts,
};
use super::head::EntryId;
use super::link::MAX_TYPES;
use super::texts::{MAX_LANGUAGE_BYTES, MAX_TITLE_BYTES};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Artists in one credit.
pub const MAX_ARTISTS: usize = 64;
/// Labels of one release.
pub const MAX_LABELS: usize = 8;
/// Media of one release: the largest boxes.
pub const MAX_MEDIA: usize = 100;
/// Tracks of one medium.
pub const MAX_TRACKS: usize = 999;
/// Addresses on the web.
pub const MAX_URLS: usize = 16;
/// Lengths of tracks are below 2^32 milliseconds, which are 49 days.
pub const MAX_LENGTH_MS: u64 = u32::MAX as u64;

/// What is hashed before the entry's id, so that the UUID is of this purpose alone.
const UUID_CONTEXT: &[u8] = b"deadwax/own-release/1";

/// What an own release says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRelease {
    /// Title.
    pub title: String,
    /// The credit, in order. At least one.
    pub artists: Vec<Artist>,
    /// The release group, if MusicBrainz has that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_group: Option<Uuid>,
    /// Primary type, then secondary types, as MusicBrainz names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// When it came out: `1994`, `1994-05` or `1994-05-17`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Country, ISO 3166-1 alpha-2 or MusicBrainz's `XW`, `XE`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Record labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Barcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// `Official`, `Promotion`, `Bootleg`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Media, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Medium>,
    /// Where it can be read about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Language tag (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What tells it from another record of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disambiguation: Option<String>,
}

/// One artist of a credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artist {
    /// The name on the record.
    pub name: String,
    /// The artist, if MusicBrainz has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mbid: Option<Uuid>,
    /// What stands between this name and the next, spaces included: ` & `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
}

/// One label of a release. At least one field is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Name of the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Catalogue number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catno: Option<String>,
    /// The label, if MusicBrainz has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mbid: Option<Uuid>,
}

/// One medium of a release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medium {
    /// `CD`, `Vinyl`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Title of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Tracks, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<Track>,
}

/// One track of a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Title.
    pub title: String,
    /// Length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ms: Option<u32>,
    /// Artist credit as one text, where it is not that of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// The number as it is printed, where it is not the place in the list: `A1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// The UUID by which links and other entries name the own release with this id. It is of version 8
/// (RFC 9562), so that no MBID can be one.
pub fn uuid(id: &EntryId) -> Uuid {
    let digest = Sha256::new().chain_update(UUID_CONTEXT).chain_update(id.0).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid::from_bytes(bytes)
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. How many days a month has is not judged.
fn is_date(text: &str) -> bool {
    let number = |part: &str, digits: usize, allowed: std::ops::RangeInclusive<u16>| {
        let is_plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_plain && part.parse().is_ok_and(|number| allowed.contains(&number))
    };
    let mut parts = text.split('-');
    parts.next().is_some_and(|year| number(year, 4, 0..=9999))
        && parts.next().is_none_or(|month| number(month, 2, 1..=12))
        && parts.next().is_none_or(|day| number(day, 2, 1..=31))
        && parts.next().is_none()
}

impl OwnRelease {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let release = Self {
            title: needed(fields.text(0, "title", MAX_NAME_BYTES)?, "title")?,
            artists: fields.maps(1, "artists", MAX_ARTISTS, Artist::from_fields)?,
            release_group: fields.mbid(2, "release_group")?,
            types: fields.texts(3, "types", MAX_TYPES, MAX_WORD_BYTES)?,
            date: fields.text(4, "date", MAX_WORD_BYTES)?,
            country: fields.text(5, "country", MAX_WORD_BYTES)?,
            labels: fields.maps(6, "labels", MAX_LABELS, Label::from_fields)?,
            barcode: fields.text(7, "barcode", MAX_WORD_BYTES)?,
            status: fields.text(8, "status", MAX_WORD_BYTES)?,
            media: fields.maps(9, "media", MAX_MEDIA, Medium::from_fields)?,
            urls: fields.texts(10, "urls", MAX_URLS, MAX_URL_BYTES)?,
            language: fields.text(11, "language", MAX_LANGUAGE_BYTES)?,
            disambiguation: fields.text(12, "disambiguation", MAX_TITLE_BYTES)?,
        };
        if release.artists.is_empty() {
            return Err(BodyError::Missing("artists"));
        }
        if release.date.as_deref().is_some_and(|date| !is_date(date)) {
            return Err(BodyError::Range("date"));
        }
        Ok(release)
    }

    fn to_value(&self) -> Value {
        map([
            (0, text(&self.title)),
            (1, array(self.artists.iter().map(Artist::to_value).collect())),
            (2, any_mbid(&self.release_group)),
            (3, texts(&self.types)),
            (4, any_text(&self.date)),
            (5, any_text(&self.country)),
            (6, array(self.labels.iter().map(Label::to_value).collect())),
            (7, any_text(&self.barcode)),
            (8, any_text(&self.status)),
            (9, array(self.media.iter().map(Medium::to_value).collect())),
            (10, texts(&self.urls)),
            (11, any_text(&self.language)),
            (12, any_text(&self.disambiguation)),
        ])
    }

    /// The credit as one text, as links have it.
    pub fn artist(&self) -> String {
        let parts = self.artists.iter().flat_map(|artist| [Some(&artist.name), artist.join.as_ref()]);
        parts.flatten().map(String::as_str).collect()
    }
}

impl Artist {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            name: needed(fields.text(0, "artists.name", MAX_NAME_BYTES)?, "artists.name")?,
            mbid: fields.mbid(1, "artists.mbid")?,
            join: fields.spaced(2, "artists.join", MAX_WORD_BYTES)?,
        })
    }

    fn to_value(&self) -> Value {
        map([(0, text(&self.name)), (1, any_mbid(&self.mbid)), (2, any_text(&self.join))])
    }
}

impl Label {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let label = Self {
            name: fields.text(0, "labels.name", MAX_WORD_BYTES)?,
            catno: fields.text(1, "labels.catno", MAX_WORD_BYTES)?,
            mbid: fields.mbid(2, "labels.mbid")?,
        };
        if label == Self::default() {
            return Err(BodyError::Missing("labels"));
        }
        Ok(label)
    }

    fn to_value(&self) -> Value {
        map([(0, any_text(&self.name)), (1, any_text(&self.catno)), (2, any_mbid(&self.mbid))])
    }
}

impl Medium {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            format: fields.text(0, "media.format", MAX_WORD_BYTES)?,
            title: fields.text(1, "media.title", MAX_NAME_BYTES)?,
            tracks: fields.maps(2, "media.tracks", MAX_TRACKS, Track::from_fields)?,
        })
    }

    fn to_value(&self) -> Value {
        let tracks = array(self.tracks.iter().map(Track::to_value).collect());
        map([(0, any_text(&self.format)), (1, any_text(&self.title)), (2, tracks)])
    }
}

impl Track {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let length = fields.uint(1, "media.tracks.length_ms", MAX_LENGTH_MS)?;
        Ok(Self {
            title: needed(fields.text(0, "media.tracks.title", MAX_NAME_BYTES)?, "media.tracks.title")?,
            length_ms: length.map(|length| length as u32),
            artist: fields.text(2, "media.tracks.artist", MAX_NAME_BYTES)?,
            number: fields.text(3, "media.tracks.number", MAX_WORD_BYTES)?,
        })
    }

    fn to_value(&self) -> Value {
        map([
            (0, text(&self.title)),
            (1, self.length_ms.map(|length| Value::Uint(length.into()))),
            (2, any_text(&self.artist)),
            (3, any_text(&self.number)),
        ])
    }
}

fields::body!(OwnRelease);

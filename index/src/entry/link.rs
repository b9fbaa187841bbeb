//! The body of a link: which torrent holds which release (`doc/ENTRY-FORMAT.md` section 6).
//!
//! The same struct is the JSON form of `--body FILE.json` and of the API. Not here: magnets and
//! .torrent files, from which a link is made.

use super::cbor::{self, Value};
use super::fields::{
    BodyError, Fields, any_mbid, any_text, array, bytes, checked_text, map, needed, text, texts,
};
pub use super::fields::{MAX_NAME_BYTES, MAX_URL_BYTES as MAX_TRACKER_BYTES, MAX_WORD_BYTES, MAX_YEAR};
use super::limits::MAX_BODY_BYTES;
use crate::Problem;
use crate::mbid::MbidKind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Types of a release group: one primary and the secondary ones.
pub const MAX_TYPES: usize = 8;
/// Trackers of the torrent's own.
pub const MAX_TRACKERS: usize = 8;
/// Scores of rip logs go up to 100.
pub const MAX_LOG_SCORE: u64 = 100;

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// BitTorrent v1 infohash (BEP 3). At least one of the two is there.
    #[serde(default, with = "hex_option")]
    pub infohash_v1: Option<[u8; 20]>,
    /// BitTorrent v2 infohash (BEP 52).
    #[serde(default, with = "hex_option")]
    pub infohash_v2: Option<[u8; 32]>,
    /// The MusicBrainz record.
    pub mbid: Uuid,
    /// What the MBID names.
    pub mbid_kind: MbidKind,
    /// The release group, where the MBID names a release or recording and the author knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_group: Option<Uuid>,
    /// Artist credit as one text.
    pub artist: String,
    /// Title of the release group or release.
    pub title: String,
    /// Year of first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Primary type, then secondary types, as MusicBrainz names them: `["Album", "Live"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// What was digitised: `CD`, `Vinyl`, `WEB`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Audio format: `FLAC`, `MP3`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Encoding: `Lossless`, `24bit Lossless`, `V0 (VBR)`, `320`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Sum of the files' sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// How many files there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_count: Option<u64>,
    /// Whether a rip log is among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<bool>,
    /// Score of the rip log, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_score: Option<u8>,
    /// Whether a cue sheet is among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<bool>,
    /// The edition, as far as it is known.
    #[serde(default, skip_serializing_if = "Edition::is_empty")]
    pub edition: Edition,
    /// Announce addresses of the torrent's own, inside I2P. Readers skip what is not one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trackers: Vec<String>,
    /// Name of the torrent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The first files of the torrent, in its order; `file_count` says how many there are in all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
}

/// One file of a torrent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Path below the torrent's name, segments joined by `/`.
    pub path: String,
    /// Size.
    pub size_bytes: u64,
}

/// One edition of a release group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// What sets it apart: `Remastered`, `Japanese bonus tracks`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Year of this edition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Record label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Catalogue number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catno: Option<String>,
    /// Country, ISO 3166-1 alpha-2 or MusicBrainz's `XW`, `XE`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Barcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
}

impl Edition {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why bytes or fields are not a link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct LinkError(#[from] pub BodyError);

impl From<LinkError> for BodyError {
    fn from(error: LinkError) -> Self {
        error.0
    }
}

impl LinkError {
    /// The error in plain words. Links had codes of their own before other kinds had bodies.
    pub fn problem(&self) -> Problem {
        let (code, fix) = match self.0 {
            BodyError::Cbor(_) => ("link.cbor", "Sign the link again; its body is damaged."),
            BodyError::Missing("infohash") => ("link.missing", "Give a magnet or a .torrent file."),
            BodyError::Missing(_) => ("link.missing", "Fill in this field."),
            BodyError::Type(_) | BodyError::Range(_) => ("link.range", "Correct this field."),
            BodyError::Control(_) => ("link.control", "Remove line breaks and other control characters."),
            BodyError::TooLong(_) => ("link.length", "Shorten the file list or the names."),
            BodyError::Kind(_) => return self.0.problem(),
        };
        Problem { code, fix, ..self.0.problem() }
    }
}

impl Link {
    /// The body, after the same checks that reading makes. Trailing files that would make the body
    /// too long are left out.
    ///
    /// # Errors
    /// A field that breaks its limit; [`BodyError::TooLong`] if the body is too long even without
    /// any files.
    pub fn to_body(&self) -> Result<Vec<u8>, LinkError> {
        let mut link = self.clone();
        loop {
            let body = cbor::encode(&link.to_value());
            if body.len() <= MAX_BODY_BYTES {
                Self::from_body(&body)?;
                return Ok(body);
            }
            if link.files.is_empty() {
                return Err(BodyError::TooLong(body.len()).into());
            }
            link.files.truncate(link.files.len() * 3 / 4);
        }
    }

    fn to_value(&self) -> Value {
        let path_and_size = |file: &File| [Value::Text(file.path.clone()), Value::Uint(file.size_bytes)];
        let edition = (!self.edition.is_empty()).then(|| self.edition.to_value());
        map([
            (0, self.infohash_v1.and_then(|hash| bytes(&hash))),
            (1, self.infohash_v2.and_then(|hash| bytes(&hash))),
            (2, bytes(self.mbid.as_bytes())),
            (3, Some(Value::Uint(self.mbid_kind as u64))),
            (4, any_mbid(&self.release_group)),
            (5, text(&self.artist)),
            (6, text(&self.title)),
            (7, self.year.map(|year| Value::Uint(year.into()))),
            (8, texts(&self.types)),
            (9, any_text(&self.media)),
            (10, any_text(&self.format)),
            (11, any_text(&self.encoding)),
            (12, self.size_bytes.map(Value::Uint)),
            (13, self.file_count.map(Value::Uint)),
            (14, self.log.map(Value::Bool)),
            (15, self.log_score.map(|score| Value::Uint(score.into()))),
            (16, self.cue.map(Value::Bool)),
            (17, edition),
            (18, texts(&self.trackers)),
            (19, any_text(&self.name)),
            (20, array(self.files.iter().flat_map(path_and_size).collect())),
        ])
    }

    /// Reads a body. Keys that are not in the table are skipped, for later versions.
    ///
    /// # Errors
    /// The first rule that the body breaks; it is void then.
    pub fn from_body(body: &[u8]) -> Result<Self, LinkError> {
        Ok(Self::from_fields(&mut Fields::of_body(body)?)?)
    }

    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let link = Self {
            infohash_v1: fields.bytes(0, "infohash_v1")?,
            infohash_v2: fields.bytes(1, "infohash_v2")?,
            mbid: needed(fields.mbid(2, "mbid")?, "mbid")?,
            mbid_kind: {
                let number = needed(fields.uint(3, "mbid_kind", u64::MAX)?, "mbid_kind")?;
                MbidKind::from_number(number).ok_or(BodyError::Range("mbid_kind"))?
            },
            release_group: fields.mbid(4, "release_group")?,
            artist: needed(fields.text(5, "artist", MAX_NAME_BYTES)?, "artist")?,
            title: needed(fields.text(6, "title", MAX_NAME_BYTES)?, "title")?,
            year: fields.year(7, "year")?,
            types: fields.texts(8, "types", MAX_TYPES, MAX_WORD_BYTES)?,
            media: fields.text(9, "media", MAX_WORD_BYTES)?,
            format: fields.text(10, "format", MAX_WORD_BYTES)?,
            encoding: fields.text(11, "encoding", MAX_WORD_BYTES)?,
            size_bytes: fields.uint(12, "size_bytes", i64::MAX as u64)?,
            file_count: fields.uint(13, "file_count", i64::MAX as u64)?,
            log: fields.bool(14, "log")?,
            log_score: fields.uint(15, "log_score", MAX_LOG_SCORE)?.map(|score| score as u8),
            cue: fields.bool(16, "cue")?,
            edition: edition(fields)?,
            trackers: fields.texts(18, "trackers", MAX_TRACKERS, MAX_TRACKER_BYTES)?,
            name: fields.text(19, "name", MAX_NAME_BYTES)?,
            files: files(fields)?,
        };
        if link.infohash_v1.is_none() && link.infohash_v2.is_none() {
            return Err(BodyError::Missing("infohash"));
        }
        Ok(link)
    }

    /// The MBID under which the link is shown: its release group where that is known.
    pub fn group(&self) -> Uuid {
        self.release_group.filter(|_| self.mbid_kind != MbidKind::ReleaseGroup).unwrap_or(self.mbid)
    }
}

impl Edition {
    fn to_value(&self) -> Value {
        map([
            (0, any_text(&self.title)),
            (1, self.year.map(|year| Value::Uint(year.into()))),
            (2, any_text(&self.label)),
            (3, any_text(&self.catno)),
            (4, any_text(&self.country)),
            (5, any_text(&self.barcode)),
        ])
    }
}

fn edition(fields: &mut Fields) -> Result<Edition, BodyError> {
    let Some(mut fields) = fields.map(17, "edition")? else { return Ok(Edition::default()) };
    Ok(Edition {
        title: fields.text(0, "edition.title", MAX_WORD_BYTES)?,
        year: fields.year(1, "edition.year")?,
        label: fields.text(2, "edition.label", MAX_WORD_BYTES)?,
        catno: fields.text(3, "edition.catno", MAX_WORD_BYTES)?,
        country: fields.text(4, "edition.country", MAX_WORD_BYTES)?,
        barcode: fields.text(5, "edition.barcode", MAX_WORD_BYTES)?,
    })
}

/// A flat array: path, size, path, size, ...
fn files(fields: &mut Fields) -> Result<Vec<File>, BodyError> {
    let items = match fields.take(20) {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) if !items.is_empty() && items.len() % 2 == 0 => items,
        Some(Value::Array(_)) => return Err(BodyError::Range("files")),
        Some(_) => return Err(BodyError::Type("files")),
    };
    let mut files = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let (Some(path), Some(size)) = (items.next(), items.next()) {
        let path = checked_text(path, "files", MAX_NAME_BYTES)?;
        let Value::Uint(size_bytes) = size else { return Err(BodyError::Type("files")) };
        if size_bytes > i64::MAX as u64 {
            return Err(BodyError::Range("files"));
        }
        files.push(File { path, size_bytes });
    }
    Ok(files)
}

/// Infohashes are lowercase hex in JSON.
mod hex_option {
    use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<const N: usize, S: Serializer>(
        hash: &Option<[u8; N]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match hash {
            Some(hash) => serializer.collect_str(&HEXLOWER.encode_display(hash)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(D::Error::custom)?;
        bytes.try_into().map(Some).map_err(|_| D::Error::custom("an infohash of the wrong length"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A link to an invented record.
    pub(crate) fn sample() -> Link {
        serde_json::from_str(
            r#"{"infohash_v1":"5a5b5c5d5e5f606162636465666768696a6b6c6d",
                "mbid":"8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0","mbid_kind":"release-group",
                "artist":"The Salt Cartographers","title":"Maps of Low Water","year":1994,
                "types":["Album"],"media":"CD","format":"FLAC","encoding":"Lossless"}"#,
        )
        .unwrap()
    }

    pub(crate) fn any_link() -> impl Strategy<Value = Link> {
        let word = || prop::option::of("[a-zA-Z0-9 äß日]{0,9}[a-z]");
        let year = || prop::option::of(1u16..=9999);
        let edition = (word(), year(), word(), word(), word(), word()).prop_map(
            |(title, year, label, catno, country, barcode)| Edition {
                title,
                year,
                label,
                catno,
                country,
                barcode,
            },
        );
        let files = prop::collection::vec(("[a-z/]{1,30}", 0..1u64 << 40), 0..20);
        (
            (
                any::<[u8; 20]>(),
                prop::option::of(any::<[u8; 32]>()),
                any::<[u8; 16]>(),
                0u64..3,
                any::<bool>(),
            ),
            ("[a-zé日]{1,40}", "[a-zé日]{1,40}", year(), prop::collection::vec("[A-Z][a-z]{1,8}", 0..4)),
            (word(), word(), word(), prop::option::of(0..1u64 << 50), prop::option::of(any::<bool>())),
            (edition, files, word(), prop::option::of(0u8..=100)),
        )
            .prop_map(|(ids, names, words, rest)| Link {
                infohash_v1: Some(ids.0),
                infohash_v2: ids.1,
                mbid: Uuid::from_bytes(ids.2),
                mbid_kind: MbidKind::from_number(ids.3).unwrap(),
                release_group: ids.4.then(|| Uuid::from_bytes(ids.2)),
                artist: names.0,
                title: names.1,
                year: names.2,
                types: names.3,
                media: words.0,
                format: words.1,
                encoding: words.2,
                size_bytes: words.3,
                file_count: words.3,
                log: words.4,
                log_score: rest.3,
                cue: words.4,
                edition: rest.0,
                trackers: Vec::new(),
                name: rest.2,
                files: rest.1.into_iter().map(|(path, size_bytes)| File { path, size_bytes }).collect(),
            })
    }

    proptest! {
        #[test]
        fn body_and_json_are_read_back(link in any_link()) {
            prop_assert_eq!(&Link::from_body(&link.to_body().unwrap()).unwrap(), &link);
            let json = serde_json::to_string(&link).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Link>(&json).unwrap(), &link);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Link::from_body(&bytes);
        }
    }

    #[test]
    fn limits_are_kept() {
        let refused = |change: fn(&mut Link)| {
            let mut link = sample();
            change(&mut link);
            link.to_body().unwrap_err().0
        };
        assert_eq!(refused(|link| link.infohash_v1 = None), BodyError::Missing("infohash"));
        assert_eq!(refused(|link| link.artist = " ".into()), BodyError::Range("artist"));
        assert_eq!(refused(|link| link.title = "x".repeat(1001)), BodyError::Range("title"));
        assert_eq!(refused(|link| link.title = "a\nb".into()), BodyError::Control("title"));
        assert_eq!(refused(|link| link.year = Some(0)), BodyError::Range("year"));
        assert_eq!(refused(|link| link.log_score = Some(101)), BodyError::Range("log_score"));
        assert_eq!(refused(|link| link.types = vec!["Live".into(); 9]), BodyError::Range("types"));
    }

    #[test]
    fn a_long_file_list_is_cut_to_what_fits() {
        let mut link = sample();
        link.files = (0..2000)
            .map(|n| File { path: format!("disc 1/{n:04} - a track.flac"), size_bytes: n })
            .collect();
        link.file_count = Some(2000);
        let read = Link::from_body(&link.to_body().unwrap()).unwrap();
        assert!(read.files.len() > 300 && read.files.len() < 2000);
        assert_eq!(read.files[..], link.files[..read.files.len()]);
        assert_eq!(read.file_count, Some(2000));
    }

    #[test]
    fn unknown_keys_are_skipped() {
        let Value::Map(mut pairs) = sample().to_value() else { unreachable!() };
        pairs.push((77, Value::Text("later".into())));
        assert_eq!(Link::from_body(&cbor::encode(&Value::Map(pairs))).unwrap(), sample());
    }
}

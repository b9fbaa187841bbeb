//! What an entry is about: something that has an MBID, or another entry (`doc/ENTRY-FORMAT.md`
//! section 10.2).

use super::cbor::Value;
use super::fields::{BodyError, Fields, bytes, map};
use super::head::EntryId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub enum Subject {
    /// A record of MusicBrainz, or a release of our own by its UUID.
    Mbid {
        /// Its identifier.
        mbid: Uuid,
        /// What it names.
        kind: SubjectKind,
    },
    /// An entry, by its whole id.
    Entry(EntryId),
}

/// What the MBID of a subject names. The first three have the numbers that they have in links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// A release group: an album as a work, over all its editions.
    ReleaseGroup = 0,
    /// One edition of a release group.
    Release = 1,
    /// One recording.
    Recording = 2,
    /// A person or a group of people.
    Artist = 3,
    /// A record label.
    Label = 4,
    /// A composition, whoever records it.
    Work = 5,
}

impl SubjectKind {
    /// All of them, by number.
    pub const ALL: [Self; 6] =
        [Self::ReleaseGroup, Self::Release, Self::Recording, Self::Artist, Self::Label, Self::Work];

    /// The kind with this number in the registry of `doc/ENTRY-FORMAT.md`.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Its number in a body.
    pub fn number(self) -> u64 {
        self as u64
    }

    /// Its name in JSON, which is the path segment that musicbrainz.org uses for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReleaseGroup => "release-group",
            Self::Release => "release",
            Self::Recording => "recording",
            Self::Artist => "artist",
            Self::Label => "label",
            Self::Work => "work",
        }
    }
}

impl Subject {
    /// The subject under `key`. Its parts are not told apart in errors: a person gives it as one.
    pub(super) fn from_fields(
        fields: &mut Fields,
        key: u64,
        field: &'static str,
    ) -> Result<Option<Self>, BodyError> {
        let Some(mut parts) = fields.map(key, field)? else { return Ok(None) };
        let mbid = parts.mbid(0, field)?;
        let kind = parts.uint(1, field, u64::MAX)?;
        let entry = parts.id(2, field)?;
        match (mbid, kind, entry) {
            (Some(mbid), Some(number), None) => {
                let kind = SubjectKind::from_number(number).ok_or(BodyError::Range(field))?;
                Ok(Some(Self::Mbid { mbid, kind }))
            }
            (None, None, Some(entry)) => Ok(Some(Self::Entry(entry))),
            (_, _, Some(_)) => Err(BodyError::Range(field)),
            (_, _, None) => Err(BodyError::Missing(field)),
        }
    }

    pub(super) fn to_value(self) -> Value {
        match self {
            Self::Mbid { mbid, kind } => {
                map([(0, bytes(mbid.as_bytes())), (1, Some(Value::Uint(kind.number())))])
            }
            Self::Entry(id) => map([(2, bytes(&id.0))]),
        }
    }
}

/// The JSON form, in which a subject is an object of one or two members.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mbid: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mbid_kind: Option<SubjectKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<EntryId>,
}

impl From<Subject> for Json {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Mbid { mbid, kind } => Self { mbid: Some(mbid), mbid_kind: Some(kind), entry: None },
            Subject::Entry(id) => Self { mbid: None, mbid_kind: None, entry: Some(id) },
        }
    }
}

impl TryFrom<Json> for Subject {
    type Error = &'static str;

    fn try_from(json: Json) -> Result<Self, Self::Error> {
        match (json.mbid, json.mbid_kind, json.entry) {
            (Some(mbid), Some(kind), None) => Ok(Self::Mbid { mbid, kind }),
            (None, None, Some(id)) => Ok(Self::Entry(id)),
            _ => Err("what it is about has either `mbid` and `mbid_kind`, or `entry`"),
        }
    }
}

//! The body of a ballot: one operator's verdict (`doc/ENTRY-FORMAT.md` section 15.2).
//!
//! Not here: counting them, which makes rulings ([`crate::members::rulings`]).

use super::cbor::Value;
use super::fields::{self, BodyError, Fields, MAX_NAME_BYTES, any_text, bytes, map, needed};
use super::head::AuthorKey;
use super::reason::Reason;
use super::subject::Subject;
use crate::infohash::{InfohashV1, InfohashV2};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// One operator's verdict. The newest of (author, subject, dimension) counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub struct Ballot {
    /// What is judged.
    pub subject: BallotSubject,
    /// As what it is judged.
    pub dimension: Dimension,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// Why, in words.
    pub note: Option<String>,
}

/// What a ballot judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BallotSubject {
    /// A record or an entry.
    Subject(Subject),
    /// An author.
    Author(AuthorKey),
    /// A torrent, by one of its infohashes.
    Torrent(BallotInfohash),
}

/// The infohash by which a ballot names a torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BallotInfohash {
    /// Of BitTorrent v1.
    V1([u8; 20]),
    /// Of BitTorrent v2.
    V2([u8; 32]),
}

/// As what something is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// Whether it is shown. Of records, entries and torrents.
    Visibility = 0,
    /// Whether they are in good standing. Of authors.
    Author = 1,
}

/// What an operator says of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is shown, or in good standing.
    Stands = 0,
    /// It is hidden, or banned.
    Falls = 1,
}

impl BallotSubject {
    /// The only dimension in which it can be judged.
    pub fn dimension(&self) -> Dimension {
        match self {
            Self::Author(_) => Dimension::Author,
            Self::Subject(_) | Self::Torrent(_) => Dimension::Visibility,
        }
    }

    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let subject = Subject::from_fields(fields, 0, "subject")?;
        let author: Option<[u8; 32]> = fields.bytes(1, "author")?;
        let infohash = match fields.take(2) {
            None => None,
            Some(Value::Bytes(bytes)) => match bytes.len() {
                20 => bytes.try_into().ok().map(BallotInfohash::V1),
                32 => bytes.try_into().ok().map(BallotInfohash::V2),
                _ => return Err(BodyError::Range("infohash")),
            },
            Some(_) => return Err(BodyError::Type("infohash")),
        };
        match (subject, author, infohash) {
            (Some(subject), None, None) => Ok(Self::Subject(subject)),
            (None, Some(author), None) => Ok(Self::Author(AuthorKey(author))),
            (None, None, Some(infohash)) => Ok(Self::Torrent(infohash)),
            (None, None, None) => Err(BodyError::Missing("subject")),
            _ => Err(BodyError::Range("subject")),
        }
    }
}

impl Ballot {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let subject = BallotSubject::from_fields(fields)?;
        let dimension = match needed(fields.uint(3, "dimension", 1)?, "dimension")? {
            0 => Dimension::Visibility,
            _ => Dimension::Author,
        };
        if dimension != subject.dimension() {
            return Err(BodyError::Range("dimension"));
        }
        let verdict = match needed(fields.uint(4, "verdict", 1)?, "verdict")? {
            0 => Verdict::Stands,
            _ => Verdict::Falls,
        };
        let reason = fields.uint(5, "reason", u64::MAX)?.map(Reason::from_number);
        Ok(Self { subject, dimension, verdict, reason, note: fields.text(6, "note", MAX_NAME_BYTES)? })
    }

    fn to_value(&self) -> Value {
        let (subject, author, infohash) = match &self.subject {
            BallotSubject::Subject(subject) => (Some(subject.to_value()), None, None),
            BallotSubject::Author(key) => (None, bytes(&key.0), None),
            BallotSubject::Torrent(infohash) => (None, None, bytes(infohash.bytes())),
        };
        map([
            (0, subject),
            (1, author),
            (2, infohash),
            (3, Some(Value::Uint(self.dimension as u64))),
            (4, Some(Value::Uint(self.verdict as u64))),
            (5, self.reason.map(|reason| Value::Uint(reason.number()))),
            (6, any_text(&self.note)),
        ])
    }
}

impl BallotInfohash {
    /// Its 20 or 32 bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::V1(bytes) => bytes,
            Self::V2(bytes) => bytes,
        }
    }
}

impl std::fmt::Display for BallotInfohash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(self.bytes()))
    }
}

impl std::str::FromStr for BallotInfohash {
    type Err = &'static str;

    /// 40 or 64 hexadecimal digits, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EITHER: &str = "an infohash is 40 or 64 hexadecimal digits";
        match text.len() {
            40 => text.parse().map(|InfohashV1(bytes)| Self::V1(bytes)).map_err(|_| EITHER),
            64 => text.parse().map(|InfohashV2(bytes)| Self::V2(bytes)).map_err(|_| EITHER),
            _ => Err(EITHER),
        }
    }
}

impl Serialize for BallotInfohash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BallotInfohash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The JSON form, in which the subject is one of three members.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<AuthorKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    infohash: Option<BallotInfohash>,
    dimension: Dimension,
    verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<Ballot> for Json {
    fn from(ballot: Ballot) -> Self {
        let Ballot { subject, dimension, verdict, reason, note } = ballot;
        let (subject, author, infohash) = match subject {
            BallotSubject::Subject(subject) => (Some(subject), None, None),
            BallotSubject::Author(author) => (None, Some(author), None),
            BallotSubject::Torrent(infohash) => (None, None, Some(infohash)),
        };
        Self { subject, author, infohash, dimension, verdict, reason, note }
    }
}

impl TryFrom<Json> for Ballot {
    type Error = &'static str;

    fn try_from(json: Json) -> Result<Self, Self::Error> {
        let subject = match (json.subject, json.author, json.infohash) {
            (Some(subject), None, None) => BallotSubject::Subject(subject),
            (None, Some(author), None) => BallotSubject::Author(author),
            (None, None, Some(infohash)) => BallotSubject::Torrent(infohash),
            _ => return Err("a ballot has exactly one of `subject`, `author` and `infohash`"),
        };
        let Json { dimension, verdict, reason, note, .. } = json;
        Ok(Self { subject, dimension, verdict, reason, note })
    }
}

fields::body!(Ballot);

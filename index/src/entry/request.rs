//! The bodies of what is looked for: requests, who wants them, and what fills them
//! (`doc/ENTRY-FORMAT.md` sections 12.10 to 12.12).

use super::cbor::Value;
use super::fields::{
    self, BodyError, Fields, MAX_NAME_BYTES, MAX_WORD_BYTES, any_text, bytes, flag, map, needed, text, texts,
};
use super::head::EntryId;
use super::subject::Subject;
use serde::{Deserialize, Serialize};

/// Formats, encodings and media of a request.
pub const MAX_ACCEPTED: usize = 16;
/// The note of a request.
pub const MAX_REQUEST_NOTE_BYTES: usize = 4000;

/// Music that somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The record, if MusicBrainz has it; never an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Artist credit as one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// Title of the record.
    pub title: String,
    /// Year of first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Audio formats, any of which is accepted; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// Encodings, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encodings: Vec<String>,
    /// Media, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// More about it, with line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether a rip log has to be among the files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub log: bool,
    /// Whether a cue sheet has to be among the files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cue: bool,
}

/// The author wants a request filled, or a record. The newest of (author, subject) counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// The entry of a request, or an MBID.
    pub subject: Subject,
    /// Whether the author does not want it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// A link is what a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// The entry of the request.
    pub request: EntryId,
    /// The entry of the link.
    pub link: EntryId,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Request {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let mut words = |key, field| fields.texts(key, field, MAX_ACCEPTED, MAX_WORD_BYTES);
        let (formats, encodings, media) = (words(4, "formats")?, words(5, "encodings")?, words(6, "media")?);
        let request = Self {
            subject: Subject::from_fields(fields, 0, "subject")?,
            artist: fields.text(1, "artist", MAX_NAME_BYTES)?,
            title: needed(fields.text(2, "title", MAX_NAME_BYTES)?, "title")?,
            year: fields.year(3, "year")?,
            formats,
            encodings,
            media,
            note: fields.long(7, "note", MAX_REQUEST_NOTE_BYTES)?,
            log: fields.flag(8, "log")?,
            cue: fields.flag(9, "cue")?,
        };
        match request.subject {
            Some(Subject::Entry(_)) => Err(BodyError::Range("subject")),
            _ => Ok(request),
        }
    }

    fn to_value(&self) -> Value {
        map([
            (0, self.subject.map(Subject::to_value)),
            (1, any_text(&self.artist)),
            (2, text(&self.title)),
            (3, self.year.map(|year| Value::Uint(year.into()))),
            (4, texts(&self.formats)),
            (5, texts(&self.encodings)),
            (6, texts(&self.media)),
            (7, any_text(&self.note)),
            (8, flag(self.log)),
            (9, flag(self.cue)),
        ])
    }
}

impl Want {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            subject: needed(Subject::from_fields(fields, 0, "subject")?, "subject")?,
            withdrawn: fields.flag(1, "withdrawn")?,
        })
    }

    fn to_value(&self) -> Value {
        map([(0, Some(self.subject.to_value())), (1, flag(self.withdrawn))])
    }
}

impl Fill {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            request: needed(fields.id(0, "request")?, "request")?,
            link: needed(fields.id(1, "link")?, "link")?,
            note: fields.text(2, "note", MAX_NAME_BYTES)?,
        })
    }

    fn to_value(&self) -> Value {
        map([(0, bytes(&self.request.0)), (1, bytes(&self.link.0)), (2, any_text(&self.note))])
    }
}

fields::body!(Request);
fields::body!(Want);
fields::body!(Fill);

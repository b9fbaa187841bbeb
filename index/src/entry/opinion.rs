//! The bodies by which authors judge: tags, votes and reports (`doc/ENTRY-FORMAT.md` sections 12.1 to
//! 12.3).
//!
//! Not here: counting them, which projections do.

use super::cbor::Value;
use super::fields::{self, BodyError, Fields, MAX_NAME_BYTES, any_text, flag, map, needed, text};
use super::reason::Reason;
use super::subject::Subject;
use serde::{Deserialize, Serialize};

/// A tag is a word or a few.
pub const MAX_TAG_BYTES: usize = 64;
/// The note of a report: room to explain a case, not for an essay.
pub const MAX_REPORT_NOTE_BYTES: usize = 4000;

/// A word for something. The newest of (author, subject, tag) counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// What is tagged.
    pub subject: Subject,
    /// The tag, without capitals of ASCII and without white space at its ends.
    pub tag: String,
    /// Whether the author takes the tag back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// For, against, or neither any more. The newest of (author, subject) counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// What is voted on.
    pub subject: Subject,
    /// -1, 0 or 1; 0 takes the vote back.
    pub value: i8,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something is wrong. The newest of (author, subject, reason) counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What is reported.
    pub subject: Subject,
    /// What is wrong with it.
    pub reason: Reason,
    /// More about it, with line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it duplicates, or the right MBID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Subject>,
    /// Whether the author takes the report back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

impl Tag {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let tag = Self {
            subject: needed(Subject::from_fields(fields, 0, "subject")?, "subject")?,
            tag: needed(fields.text(1, "tag", MAX_TAG_BYTES)?, "tag")?,
            withdrawn: fields.flag(2, "withdrawn")?,
        };
        // One spelling of one tag, as far as that needs no table of letters.
        if tag.tag.trim() != tag.tag || tag.tag.contains(|c: char| c.is_ascii_uppercase()) {
            return Err(BodyError::Range("tag"));
        }
        Ok(tag)
    }

    fn to_value(&self) -> Value {
        map([(0, Some(self.subject.to_value())), (1, text(&self.tag)), (2, flag(self.withdrawn))])
    }
}

impl Vote {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            subject: needed(Subject::from_fields(fields, 0, "subject")?, "subject")?,
            value: match needed(fields.take(1), "value")? {
                Value::Nint(0) => -1,
                Value::Uint(0) => 0,
                Value::Uint(1) => 1,
                Value::Uint(_) | Value::Nint(_) => return Err(BodyError::Range("value")),
                _ => return Err(BodyError::Type("value")),
            },
            reason: fields.uint(2, "reason", u64::MAX)?.map(Reason::from_number),
            note: fields.text(3, "note", MAX_NAME_BYTES)?,
        })
    }

    fn to_value(&self) -> Value {
        let value = match u64::try_from(self.value) {
            Ok(value) => Value::Uint(value),
            Err(_) => Value::Nint(u64::from(self.value.unsigned_abs()) - 1),
        };
        map([
            (0, Some(self.subject.to_value())),
            (1, Some(value)),
            (2, self.reason.map(|reason| Value::Uint(reason.number()))),
            (3, any_text(&self.note)),
        ])
    }
}

impl Report {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let reason = fields.uint(1, "reason", u64::MAX)?.map(Reason::from_number);
        Ok(Self {
            subject: needed(Subject::from_fields(fields, 0, "subject")?, "subject")?,
            reason: needed(reason, "reason")?,
            note: fields.long(2, "note", MAX_REPORT_NOTE_BYTES)?,
            other: Subject::from_fields(fields, 3, "other")?,
            withdrawn: fields.flag(4, "withdrawn")?,
        })
    }

    fn to_value(&self) -> Value {
        map([
            (0, Some(self.subject.to_value())),
            (1, Some(Value::Uint(self.reason.number()))),
            (2, any_text(&self.note)),
            (3, self.other.map(Subject::to_value)),
            (4, flag(self.withdrawn)),
        ])
    }
}

fields::body!(Tag);
fields::body!(Vote);
fields::body!(Report);

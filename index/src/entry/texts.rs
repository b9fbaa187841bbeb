//! The bodies that people write: descriptions, comments, topics and profiles
//! (`doc/ENTRY-FORMAT.md` sections 12.4 to 12.7).

use super::cbor::Value;
use super::fields::{self, BodyError, Fields, MAX_URL_BYTES, any_id, any_text, map, needed, text, texts};
use super::head::EntryId;
use super::subject::Subject;
use serde::{Deserialize, Serialize};

/// A text of its own: what fits into a body beside a subject and a title.
pub const MAX_TEXT_BYTES: usize = 12_000;
/// A language tag of BCP 47: the longest that its section 4.4.1 asks readers to keep.
pub const MAX_LANGUAGE_BYTES: usize = 35;
/// Title of a topic, of a collage.
pub const MAX_TITLE_BYTES: usize = 300;
/// A section of the forum, a category of collages, a person's name.
pub const MAX_LABEL_BYTES: usize = 64;
/// What a person says of themselves.
pub const MAX_PROFILE_BYTES: usize = 4000;
/// Addresses in a profile.
pub const MAX_PROFILE_URLS: usize = 8;

/// A text about something. Per subject and author the newest is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What it describes.
    pub subject: Subject,
    /// The text, with line breaks.
    pub text: String,
    /// Language tag (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The description of which this is a revision, anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<EntryId>,
}

/// A comment on something, or in a forum thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// What it is about; the entry may be a topic.
    pub subject: Subject,
    /// The text, with line breaks.
    pub text: String,
    /// The comment that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<EntryId>,
}

/// Opens a forum thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The section of the forum.
    pub section: String,
    /// Title of the thread.
    pub title: String,
    /// The first text of the thread, with line breaks.
    pub text: String,
}

/// A person's self-description, of which the newest counts. At least one field is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that the person goes by. Anybody can take any name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// About the person, with line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Addresses of the person's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

impl Description {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            subject: needed(Subject::from_fields(fields, 0, "subject")?, "subject")?,
            text: needed(fields.long(1, "text", MAX_TEXT_BYTES)?, "text")?,
            language: fields.text(2, "language", MAX_LANGUAGE_BYTES)?,
            replaces: fields.id(3, "replaces")?,
        })
    }

    fn to_value(&self) -> Value {
        map([
            (0, Some(self.subject.to_value())),
            (1, text(&self.text)),
            (2, any_text(&self.language)),
            (3, any_id(&self.replaces)),
        ])
    }
}

impl Comment {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            subject: needed(Subject::from_fields(fields, 0, "subject")?, "subject")?,
            text: needed(fields.long(1, "text", MAX_TEXT_BYTES)?, "text")?,
            reply_to: fields.id(2, "reply_to")?,
        })
    }

    fn to_value(&self) -> Value {
        map([(0, Some(self.subject.to_value())), (1, text(&self.text)), (2, any_id(&self.reply_to))])
    }
}

impl Topic {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            section: needed(fields.text(0, "section", MAX_LABEL_BYTES)?, "section")?,
            title: needed(fields.text(1, "title", MAX_TITLE_BYTES)?, "title")?,
            text: needed(fields.long(2, "text", MAX_TEXT_BYTES)?, "text")?,
        })
    }

    fn to_value(&self) -> Value {
        map([(0, text(&self.section)), (1, text(&self.title)), (2, text(&self.text))])
    }
}

impl Profile {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let profile = Self {
            name: fields.text(0, "name", MAX_LABEL_BYTES)?,
            text: fields.long(1, "text", MAX_PROFILE_BYTES)?,
            urls: fields.texts(2, "urls", MAX_PROFILE_URLS, MAX_URL_BYTES)?,
        };
        if profile == Self::default() {
            return Err(BodyError::Missing("name"));
        }
        Ok(profile)
    }

    fn to_value(&self) -> Value {
        map([(0, any_text(&self.name)), (1, any_text(&self.text)), (2, texts(&self.urls))])
    }
}

fields::body!(Description);
fields::body!(Comment);
fields::body!(Topic);
fields::body!(Profile);

//! The bodies of curated lists: collages and their items (`doc/ENTRY-FORMAT.md` sections 12.8 and
//! 12.9).

use super::cbor::Value;
use super::fields::{
    self, BodyError, Fields, MAX_NAME_BYTES, any_id, any_text, bytes, flag, map, needed, text,
};
use super::head::EntryId;
use super::subject::Subject;
use super::texts::{MAX_LABEL_BYTES, MAX_TEXT_BYTES, MAX_TITLE_BYTES};
use serde::{Deserialize, Serialize};

/// A sort key: a number with zeros before it, a year, a name.
pub const MAX_SORT_BYTES: usize = 64;

/// A curated list, or a new version of what is said about one. The id of the first names the collage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collage {
    /// Title of the list.
    pub title: String,
    /// What the list is about, with line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What sort of list it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The first entry of the collage, by the same author. None in that entry itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<EntryId>,
    /// Whether others may add items.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// One item of a collage, added or removed. The newest of (author, collage, item) counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollageItem {
    /// The first entry of the collage.
    pub collage: EntryId,
    /// What is in the list.
    pub item: Subject,
    /// Items are sorted by the bytes of this; those without come last, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Why it is in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether the author takes the item out again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

impl Collage {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            title: needed(fields.text(0, "title", MAX_TITLE_BYTES)?, "title")?,
            description: fields.long(1, "description", MAX_TEXT_BYTES)?,
            category: fields.text(2, "category", MAX_LABEL_BYTES)?,
            replaces: fields.id(3, "replaces")?,
            open: fields.flag(4, "open")?,
        })
    }

    fn to_value(&self) -> Value {
        map([
            (0, text(&self.title)),
            (1, any_text(&self.description)),
            (2, any_text(&self.category)),
            (3, any_id(&self.replaces)),
            (4, flag(self.open)),
        ])
    }
}

impl CollageItem {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            collage: needed(fields.id(0, "collage")?, "collage")?,
            item: needed(Subject::from_fields(fields, 1, "item")?, "item")?,
            sort: fields.text(2, "sort", MAX_SORT_BYTES)?,
            note: fields.text(3, "note", MAX_NAME_BYTES)?,
            removed: fields.flag(4, "removed")?,
        })
    }

    fn to_value(&self) -> Value {
        map([
            (0, bytes(&self.collage.0)),
            (1, Some(self.item.to_value())),
            (2, any_text(&self.sort)),
            (3, any_text(&self.note)),
            (4, flag(self.removed)),
        ])
    }
}

fields::body!(Collage);
fields::body!(CollageItem);

//! The body of a retract: an author takes back an entry (`doc/ENTRY-FORMAT.md` section 12.13).

use super::cbor::Value;
use super::fields::{self, BodyError, Fields, MAX_NAME_BYTES, any_text, bytes, map, needed};
use super::head::EntryId;
use serde::{Deserialize, Serialize};

/// The entry counts for nothing any more. Final, and only for an entry by the same author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retract {
    /// What is taken back.
    pub entry: EntryId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Retract {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            entry: needed(fields.id(0, "entry")?, "entry")?,
            note: fields.text(1, "note", MAX_NAME_BYTES)?,
        })
    }

    fn to_value(&self) -> Value {
        map([(0, bytes(&self.entry.0)), (1, any_text(&self.note))])
    }
}

fields::body!(Retract);

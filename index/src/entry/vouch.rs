//! The body of a vouch: one member answers for another (`doc/ENTRY-FORMAT.md` section 15.3).
//!
//! Not here: which vouches count, and who is a member because of them ([`crate::members`]).

use super::cbor::Value;
use super::charter::MAX_AMOUNT;
use super::fields::{self, BodyError, Fields, MAX_NAME_BYTES, any_text, bytes, flag, map, needed};
use super::head::AuthorKey;
use serde::{Deserialize, Serialize};

/// The author answers for another key, or does not any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vouch {
    /// For whom. A vouch for its own author means nothing.
    pub key: AuthorKey,
    /// How much of the author's budget it takes, at least 1; one less is what the subject may grant.
    pub grant: u32,
    /// Whether the author takes earlier vouches for this key back. Then nothing is granted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Vouch {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        Ok(Self {
            key: AuthorKey(needed(fields.bytes(0, "key")?, "key")?),
            grant: match needed(fields.uint(1, "grant", MAX_AMOUNT)?, "grant")? {
                0 => return Err(BodyError::Range("grant")),
                grant => grant as u32,
            },
            withdrawn: fields.flag(2, "withdrawn")?,
            note: fields.text(3, "note", MAX_NAME_BYTES)?,
        })
    }

    fn to_value(&self) -> Value {
        map([
            (0, bytes(&self.key.0)),
            (1, Some(Value::Uint(self.grant.into()))),
            (2, flag(self.withdrawn)),
            (3, any_text(&self.note)),
        ])
    }
}

fields::body!(Vouch);

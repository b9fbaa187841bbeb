//! The body of a node entry: a node says where it is reached (`doc/ENTRY-FORMAT.md` section 15.4).
//!
//! Not here: which of them become peers, or trackers in magnets.

use super::cbor::Value;
use super::fields::{self, BodyError, Fields, any_text, flag, map, needed, text};
use super::texts::{MAX_LABEL_BYTES, MAX_PROFILE_BYTES};
use serde::{Deserialize, Serialize};

/// Base32 characters of an onion service's address (version 3), before `.onion`.
const ONION_CHARS: usize = 56;
/// Base32 characters of an I2P destination's hash, before `.b32.i2p`.
const I2P_CHARS: usize = 52;

/// A node describes itself. The newest of an author counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Name of the node.
    pub name: String,
    /// Its onion service, `<56 characters>.onion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onion: Option<String>,
    /// Its I2P destination, `<52 characters>.b32.i2p`. It has an address in at least one network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub i2p: Option<String>,
    /// Whether it runs a tracker at its I2P destination.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tracker: bool,
    /// About the node, with line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Node {
    fn from_fields(fields: &mut Fields) -> Result<Self, BodyError> {
        let node = Self {
            name: needed(fields.text(0, "name", MAX_LABEL_BYTES)?, "name")?,
            onion: address(fields, 1, "onion", ONION_CHARS, ".onion")?,
            i2p: address(fields, 2, "i2p", I2P_CHARS, ".b32.i2p")?,
            tracker: fields.flag(3, "tracker")?,
            text: fields.long(4, "text", MAX_PROFILE_BYTES)?,
        };
        if node.onion.is_none() && node.i2p.is_none() {
            return Err(BodyError::Missing("onion"));
        }
        Ok(node)
    }

    fn to_value(&self) -> Value {
        map([
            (0, text(&self.name)),
            (1, any_text(&self.onion)),
            (2, any_text(&self.i2p)),
            (3, flag(self.tracker)),
            (4, any_text(&self.text)),
        ])
    }
}

/// An address of base32 in lowercase and a fixed ending, and nothing else: what stands in it is dialled.
fn address(
    fields: &mut Fields,
    key: u64,
    field: &'static str,
    chars: usize,
    ending: &str,
) -> Result<Option<String>, BodyError> {
    let address = fields.text(key, field, chars + ending.len())?;
    let is_base32 = |byte: u8| matches!(byte, b'a'..=b'z' | b'2'..=b'7');
    match address.as_deref().map(|address| address.strip_suffix(ending)) {
        None => Ok(None),
        Some(Some(name)) if name.len() == chars && name.bytes().all(is_base32) => Ok(address),
        Some(_) => Err(BodyError::Range(field)),
    }
}

fields::body!(Node);

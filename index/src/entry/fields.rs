//! Fields of bodies: taken out of a map by key within limits, and put into one.
//!
//! Each type and limit of `doc/ENTRY-FORMAT.md` sections 6.2 and 10.1 is one function here. Not here: which
//! fields a kind has.

use super::cbor::{self, CborError, Value};
use super::head::EntryId;
use super::kind::Kind;
use super::limits::MAX_BODY_BYTES;
use crate::Problem;
use uuid::Uuid;

/// Titles and names: long enough for the longest ones in MusicBrainz.
pub const MAX_NAME_BYTES: usize = 1000;
/// Media, format, encoding, types, labels and the like.
pub const MAX_WORD_BYTES: usize = 128;
/// An address on the web, or of a tracker.
pub const MAX_URL_BYTES: usize = 256;
/// Years are four digits at most.
pub const MAX_YEAR: u64 = 9999;

/// Why bytes or fields are not the body of an entry of their kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not of the CBOR profile.
    #[error("the body is not deterministic CBOR: {0}")]
    Cbor(#[from] CborError),
    /// A field that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field of another type than it has.
    #[error("{0} is of the wrong type")]
    Type(&'static str),
    /// A field beyond its limit.
    #[error("{0} is empty, too long or out of range")]
    Range(&'static str),
    /// Text with control characters.
    #[error("{0} contains control characters")]
    Control(&'static str),
    /// The whole body is too long.
    #[error("the body has {0} bytes; at most {MAX_BODY_BYTES} are allowed")]
    TooLong(usize),
    /// No body of this kind has a meaning yet.
    #[error("{}", without_meaning(*.0))]
    Kind(u64),
}

fn without_meaning(kind: u64) -> String {
    match Kind::from_number(kind) {
        Some(known) => format!("the body of kind {kind} ({}) has no meaning in this version", known.name()),
        None => format!("kind {kind} is unknown"),
    }
}

impl BodyError {
    /// The field at fault, empty if no single one is.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Missing(field) | Self::Type(field) | Self::Range(field) | Self::Control(field) => field,
            Self::Cbor(_) | Self::TooLong(_) | Self::Kind(_) => "",
        }
    }

    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        let (code, fix) = match self {
            Self::Cbor(_) => ("body.cbor", "Sign the entry again; its body is damaged."),
            Self::Missing(_) => ("body.missing", "Fill in this field."),
            Self::Type(_) | Self::Range(_) => ("body.range", "Correct this field."),
            Self::Control(_) => {
                ("body.control", "Remove control characters, and line breaks outside of long texts.")
            }
            Self::TooLong(_) => ("body.length", "Shorten the texts or the lists."),
            Self::Kind(_) => ("body.kind", "Use one of the kinds that doc/ENTRY-FORMAT.md calls frozen."),
        };
        let message = format!("{}.", crate::mbid::capitalise(&self.to_string()));
        Problem { code, field: self.field(), message, fix }
    }
}

/// The pairs of a map, taken out by key. What is not taken out is of a later version, and skipped.
pub(super) struct Fields(Vec<(u64, Value)>);

impl Fields {
    /// The fields of a body.
    pub fn of_body(body: &[u8]) -> Result<Self, BodyError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(BodyError::TooLong(body.len()));
        }
        Self::of(cbor::decode(body)?, "body")
    }

    fn of(value: Value, field: &'static str) -> Result<Self, BodyError> {
        let Value::Map(pairs) = value else { return Err(BodyError::Type(field)) };
        Ok(Self(pairs))
    }

    pub fn take(&mut self, key: u64) -> Option<Value> {
        let index = self.0.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        Some(self.0.remove(index).1)
    }

    pub fn bytes<const N: usize>(
        &mut self,
        key: u64,
        field: &'static str,
    ) -> Result<Option<[u8; N]>, BodyError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bytes(bytes)) => bytes.try_into().map(Some).map_err(|_| BodyError::Range(field)),
            Some(_) => Err(BodyError::Type(field)),
        }
    }

    pub fn mbid(&mut self, key: u64, field: &'static str) -> Result<Option<Uuid>, BodyError> {
        Ok(self.bytes(key, field)?.map(Uuid::from_bytes))
    }

    /// The whole id of an entry.
    pub fn id(&mut self, key: u64, field: &'static str) -> Result<Option<EntryId>, BodyError> {
        Ok(self.bytes(key, field)?.map(EntryId))
    }

    pub fn uint(&mut self, key: u64, field: &'static str, max: u64) -> Result<Option<u64>, BodyError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Uint(number)) if number <= max => Ok(Some(number)),
            Some(Value::Uint(_)) => Err(BodyError::Range(field)),
            Some(_) => Err(BodyError::Type(field)),
        }
    }

    pub fn year(&mut self, key: u64, field: &'static str) -> Result<Option<u16>, BodyError> {
        match self.uint(key, field, MAX_YEAR)? {
            Some(0) => Err(BodyError::Range(field)),
            year => Ok(year.map(|year| year as u16)),
        }
    }

    pub fn bool(&mut self, key: u64, field: &'static str) -> Result<Option<bool>, BodyError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(BodyError::Type(field)),
        }
    }

    /// A flag whose absence says the same as `false`.
    pub fn flag(&mut self, key: u64, field: &'static str) -> Result<bool, BodyError> {
        Ok(self.bool(key, field)?.unwrap_or_default())
    }

    pub fn text(&mut self, key: u64, field: &'static str, max: usize) -> Result<Option<String>, BodyError> {
        self.take(key).map(|value| checked_text(value, field, max)).transpose()
    }

    /// Text of several lines.
    pub fn long(&mut self, key: u64, field: &'static str, max: usize) -> Result<Option<String>, BodyError> {
        let long = |value| checked(value, field, max, |c| c.is_control() && c != '\n');
        self.take(key).map(long).transpose()
    }

    /// Text that may be white space alone, such as what stands between two names.
    pub fn spaced(&mut self, key: u64, field: &'static str, max: usize) -> Result<Option<String>, BodyError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Text(text)) if text.is_empty() || text.len() > max => Err(BodyError::Range(field)),
            Some(Value::Text(text)) if text.contains(char::is_control) => Err(BodyError::Control(field)),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(BodyError::Type(field)),
        }
    }

    pub fn texts(
        &mut self,
        key: u64,
        field: &'static str,
        count: usize,
        max: usize,
    ) -> Result<Vec<String>, BodyError> {
        self.array(key, field, count, |item| checked_text(item, field, max))
    }

    pub fn map(&mut self, key: u64, field: &'static str) -> Result<Option<Self>, BodyError> {
        self.take(key).map(|value| Self::of(value, field)).transpose()
    }

    /// An array of maps, none if it is absent.
    pub fn maps<T>(
        &mut self,
        key: u64,
        field: &'static str,
        count: usize,
        read: impl Fn(&mut Self) -> Result<T, BodyError>,
    ) -> Result<Vec<T>, BodyError> {
        self.array(key, field, count, |item| read(&mut Self::of(item, field)?))
    }

    /// An array of anything, none if it is absent.
    pub fn array<T>(
        &mut self,
        key: u64,
        field: &'static str,
        count: usize,
        read: impl FnMut(Value) -> Result<T, BodyError>,
    ) -> Result<Vec<T>, BodyError> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if (1..=count).contains(&items.len()) => {
                items.into_iter().map(read).collect()
            }
            Some(Value::Array(_)) => Err(BodyError::Range(field)),
            Some(_) => Err(BodyError::Type(field)),
        }
    }
}

/// A field that must be there.
pub(super) fn needed<T>(value: Option<T>, field: &'static str) -> Result<T, BodyError> {
    value.ok_or(BodyError::Missing(field))
}

/// Text of one line.
pub(super) fn checked_text(value: Value, field: &'static str, max: usize) -> Result<String, BodyError> {
    // Line breaks and escape codes have no place in a name, and could fake lines in a terminal.
    checked(value, field, max, char::is_control)
}

fn checked(
    value: Value,
    field: &'static str,
    max: usize,
    is_refused: impl Fn(char) -> bool,
) -> Result<String, BodyError> {
    let Value::Text(text) = value else { return Err(BodyError::Type(field)) };
    if text.trim().is_empty() || text.len() > max {
        return Err(BodyError::Range(field));
    }
    if text.chars().any(is_refused) {
        return Err(BodyError::Control(field));
    }
    Ok(text)
}

/// A map of the fields that are there.
pub(super) fn map<const N: usize>(fields: [(u64, Option<Value>); N]) -> Value {
    Value::Map(fields.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

pub(super) fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

pub(super) fn any_text(any: &Option<String>) -> Option<Value> {
    any.as_deref().and_then(text)
}

pub(super) fn texts(texts: &[String]) -> Option<Value> {
    array(texts.iter().filter_map(|item| text(item)).collect())
}

/// An array, left out if it is empty.
pub(super) fn array(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then_some(Value::Array(items))
}

pub(super) fn bytes(bytes: &[u8]) -> Option<Value> {
    Some(Value::Bytes(bytes.to_vec()))
}

pub(super) fn any_mbid(mbid: &Option<Uuid>) -> Option<Value> {
    mbid.as_ref().and_then(|mbid| bytes(mbid.as_bytes()))
}

pub(super) fn any_id(id: &Option<EntryId>) -> Option<Value> {
    id.as_ref().and_then(|id| bytes(&id.0))
}

/// A flag whose absence says the same as `false`.
pub(super) fn flag(flag: bool) -> Option<Value> {
    flag.then_some(Value::Bool(true))
}

/// `from_body` and `to_body` for a type with `from_fields` and `to_value`.
macro_rules! body {
    ($type:ty) => {
        impl $type {
            /// Reads a body. Keys that are not in the table are skipped, for later versions.
            ///
            /// # Errors
            /// The first rule that the body breaks; it is void then.
            pub fn from_body(body: &[u8]) -> Result<Self, $crate::entry::fields::BodyError> {
                Self::from_fields(&mut $crate::entry::fields::Fields::of_body(body)?)
            }

            /// The body, after the same checks that reading makes.
            ///
            /// # Errors
            /// The first field that breaks its limit, or a body that is too long.
            pub fn to_body(&self) -> Result<Vec<u8>, $crate::entry::fields::BodyError> {
                let body = $crate::entry::cbor::encode(&self.to_value());
                Self::from_body(&body)?;
                Ok(body)
            }
        }
    };
}
pub(super) use body;

//! Bodies as JSON, for people who sign entries by hand.
//!
//! A link is written with the names of its fields. Any other body is written as it is in CBOR: maps
//! as objects with decimal keys, byte strings as `{"hex":"00ff"}`.

use super::cbor::{self, Value};
use super::kind::Kind;
use super::limits::MAX_BODY_BYTES;
use super::link::Link;
use crate::Problem;
use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::Value as Json;

/// Why JSON is not a body.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not the fields of a link.
    #[error("the body is not the JSON of one: {0}")]
    Json(#[from] serde_json::Error),
    /// A field of a link breaks its limit.
    #[error(transparent)]
    Link(#[from] super::link::LinkError),
    /// A JSON value that no body can hold.
    #[error("the body cannot hold {0}")]
    Value(&'static str),
    /// The body is too long.
    #[error("the body has {0} bytes; at most {MAX_BODY_BYTES} are allowed")]
    TooLong(usize),
}

impl JsonError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        if let Self::Link(error) = self {
            return error.problem();
        }
        let message = format!("{}.", crate::mbid::capitalise(&self.to_string()));
        let fix = "doc/ENTRY-FORMAT.md shows the JSON form of bodies.";
        Problem { code: "body.json", field: "body", message, fix }
    }
}

/// The body that `json` describes, for an entry of this kind.
///
/// # Errors
/// See [`JsonError`].
pub fn body_from_json(kind: u64, json: &[u8]) -> Result<Vec<u8>, JsonError> {
    let json: Json = serde_json::from_slice(json)?;
    if !json.is_object() {
        return Err(JsonError::Value("anything but an object at the top"));
    }
    let by_name = json.as_object().is_some_and(|fields| fields.contains_key("mbid"));
    if kind == Kind::Link.number() && by_name {
        return Ok(serde_json::from_value::<Link>(json)?.to_body()?);
    }
    let body = cbor::encode(&value(&json)?);
    if body.first().is_none_or(|first| first >> 5 != 5) {
        return Err(JsonError::Value("a byte string at the top"));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(JsonError::TooLong(body.len()));
    }
    // Depth and order are the decoder's to judge, so that nothing is signed that it would refuse.
    cbor::decode(&body).map_err(super::link::LinkError::Cbor)?;
    Ok(body)
}

/// A body in the form that [`body_from_json`] reads; `None` if it has no meaning in this version.
pub fn body_to_json(kind: u64, body: &[u8]) -> Option<Json> {
    match Kind::from_number(kind)? {
        Kind::Link => serde_json::to_value(Link::from_body(body).ok()?).ok(),
        _ => None,
    }
}

fn value(json: &Json) -> Result<Value, JsonError> {
    Ok(match json {
        Json::Null => return Err(JsonError::Value("null")),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Value::Uint(number),
            (None, Some(number)) => Value::Nint(number.unsigned_abs() - 1),
            (None, None) => return Err(JsonError::Value("fractions or larger numbers")),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Json::Object(fields) => match fields.get("hex").filter(|_| fields.len() == 1) {
            Some(Json::String(hex)) => Value::Bytes(
                HEXLOWER_PERMISSIVE
                    .decode(hex.as_bytes())
                    .map_err(|_| JsonError::Value("bytes that are not hex"))?,
            ),
            _ => {
                let mut pairs = Vec::with_capacity(fields.len());
                for (key, item) in fields {
                    let number: u64 =
                        key.parse().map_err(|_| JsonError::Value("map keys that are not decimal numbers"))?;
                    pairs.push((number, value(item)?));
                }
                pairs.sort_by_key(|(key, _)| *key);
                Value::Map(pairs)
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generic_body_is_written_as_in_cbor() {
        let body = body_from_json(99, br#"{"1":"a","0":{"hex":"00ff"},"24":[true,-1,500]}"#).unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&body),
            "a3004200ff0161611818 83f5201901f4".replace(' ', "")
        );
    }

    #[test]
    fn a_link_is_written_by_name() {
        let json = serde_json::to_vec(&super::super::link::tests::sample()).unwrap();
        let body = body_from_json(32, &json).unwrap();
        assert_eq!(Link::from_body(&body).unwrap(), super::super::link::tests::sample());
        let again = serde_json::to_vec(&body_to_json(32, &body).unwrap()).unwrap();
        assert_eq!(body_from_json(32, &again).unwrap(), body);
    }

    #[test]
    fn what_no_body_can_hold_is_refused() {
        for json in [
            "null",
            "7",
            "[]",
            "{\"hex\":\"00\"}",
            "{\"0\":null}",
            "1.5",
            "{\"a\":1}",
            "{\"1\":0,\"01\":0}",
            "[[[[[[[[[1]]]]]]]]]",
            "{",
        ] {
            assert!(body_from_json(99, json.as_bytes()).is_err(), "{json}");
        }
        let long = format!("\"{}\"", "x".repeat(MAX_BODY_BYTES));
        assert!(body_from_json(99, long.as_bytes()).is_err());
    }
}

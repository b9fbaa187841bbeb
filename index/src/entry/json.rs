//! Bodies as JSON, for people who sign entries by hand.
//!
//! A body of a frozen kind is written with the names of its fields. Any body can be written as it is
//! in CBOR: maps as objects with decimal keys, byte strings as `{"hex":"00ff"}`.

use super::bodies::Body;
use super::cbor::{self, Value};
use super::fields::BodyError;
use super::kind::Kind;
use super::limits::MAX_BODY_BYTES;
use super::link::{Link, LinkError};
use crate::Problem;
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize as _;
use serde_json::Value as Json;

/// Why JSON is not a body.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not the fields of the kind.
    #[error("the body is not the JSON of one: {0}")]
    Json(#[from] serde_json::Error),
    /// A field of a link breaks its limit.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A field of another kind breaks its limit.
    #[error(transparent)]
    Body(#[from] BodyError),
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
        match self {
            Self::Link(error) => return error.problem(),
            Self::Body(error) => return error.problem(),
            Self::Json(_) | Self::Value(_) | Self::TooLong(_) => {}
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
    let Some(members) = json.as_object() else {
        return Err(JsonError::Value("anything but an object at the top"));
    };
    // Objects of decimal keys are bodies as in CBOR, whatever their kind.
    let is_decimal = |key: &String| key.bytes().all(|byte| byte.is_ascii_digit());
    if kind == Kind::Link.number() {
        if members.contains_key("mbid") {
            return Ok(Link::deserialize(&json)?.to_body()?);
        }
    } else if (members.is_empty() || !members.keys().all(is_decimal))
        && let Some(body) = Body::from_json(kind, &json)
    {
        return Ok(body?.to_bytes()?);
    }
    let body = cbor::encode(&value(&json)?);
    if body.first().is_none_or(|first| first >> 5 != 5) {
        return Err(JsonError::Value("a byte string at the top"));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(JsonError::TooLong(body.len()));
    }
    // Depth and order are the decoder's to judge, so that nothing is signed that it would refuse.
    cbor::decode(&body).map_err(BodyError::Cbor)?;
    Ok(body)
}

/// A body in the form that [`body_from_json`] reads; `None` if it means nothing.
pub fn body_to_json(kind: u64, body: &[u8]) -> Option<Json> {
    serde_json::to_value(Body::from_bytes(kind, body).ok()?).ok()
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

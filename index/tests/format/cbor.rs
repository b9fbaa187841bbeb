//! The CBOR profile against `cbor.json` and the examples of RFC 8949.

use crate::{corpus, hex, list, text, vectors};
use deadwax_index::entry::cbor::{CborError, Value, decode, encode};
use serde_json::{Value as Json, json};

/// A value in the notation of `cbor.json`.
fn notation(value: &Value) -> Json {
    match value {
        Value::Uint(number) => json!({ "uint": number.to_string() }),
        Value::Nint(number) => json!({ "nint": (-1 - i128::from(*number)).to_string() }),
        Value::Bytes(bytes) => json!({ "bytes": data_encoding::HEXLOWER.encode(bytes) }),
        Value::Text(text) => json!({ "text": text }),
        Value::Array(items) => json!({ "array": items.iter().map(notation).collect::<Vec<_>>() }),
        Value::Map(pairs) => {
            let pair = |(key, value): &(u64, Value)| json!([key.to_string(), notation(value)]);
            json!({ "map": pairs.iter().map(pair).collect::<Vec<_>>() })
        }
        Value::Bool(flag) => json!({ "bool": flag }),
    }
}

fn rule(error: CborError) -> &'static str {
    match error {
        CborError::Truncated => "truncated",
        CborError::Trailing => "trailing",
        CborError::NotShortest => "not-shortest",
        CborError::Indefinite => "indefinite",
        CborError::Forbidden => "forbidden",
        CborError::Key => "key",
        CborError::Order => "order",
        CborError::Utf8 => "utf8",
        CborError::Depth => "depth",
        CborError::NotDeterministic => "not-deterministic",
    }
}

#[test]
fn valid_items_say_what_the_vectors_say() {
    for vector in list(&vectors("cbor.json"), "valid") {
        let bytes = hex(text(vector, "hex"));
        let value = decode(&bytes).unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert_eq!(notation(&value), vector["value"], "{vector}");
        assert_eq!(encode(&value), bytes, "{vector}");
    }
}

#[test]
fn invalid_items_break_the_rule_that_the_vectors_name() {
    for vector in list(&vectors("cbor.json"), "invalid") {
        let error = decode(&hex(text(vector, "hex"))).expect_err(&vector.to_string());
        assert_eq!(rule(error), text(vector, "rule"), "{vector}");
    }
}

/// Examples that the profile leaves out although their major types are in it: text keys.
const TEXT_KEYS: [&str; 3] =
    ["a26161016162820203", "826161a161626163", "a56161614161626142616361436164614461656145"];

#[test]
fn rfc_8949_appendix_a() {
    let Some(folder) = corpus("vectors/cbor/rfc8949-appendixA") else { return };
    let files = [
        ("mt0", true),
        ("mt1", true),
        ("mt2", true),
        ("mt3", true),
        ("mt4", true),
        ("mt5", true),
        ("mt6", false),
        ("mt7-float", false),
        ("mt7-simple", false),
        ("streaming", false),
    ];
    let mut read = 0;
    for (name, in_profile) in files {
        let file = std::fs::read_to_string(folder.join(format!("{name}.edn"))).unwrap();
        for example in file.split("\"encoded\": h'").skip(1) {
            let example = example.split_once('\'').unwrap().0;
            let in_profile = match example {
                "f4" | "f5" => true,
                _ => in_profile && !TEXT_KEYS.contains(&example),
            };
            assert_eq!(decode(&hex(example)).is_ok(), in_profile, "{name}: {example}");
            read += 1;
        }
    }
    assert_eq!(read, 81, "examples of the appendix");
}

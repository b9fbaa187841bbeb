//! The examples and registries of `doc/ENTRY-FORMAT.md` against the vectors and the code: a document
//! cannot rot unseen.

use crate::{hex, list, text, vectors};
use data_encoding::HEXLOWER;
use deadwax_index::entry::json::body_from_json;
use deadwax_index::entry::reason::Reason;
use deadwax_index::entry::{Body, Kind};
use std::path::Path;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../doc/ENTRY-FORMAT.md");
    std::fs::read_to_string(path).unwrap()
}

/// The bytes of all blocks that begin with "```hex NAME"; what follows `#` on a line explains.
fn hex_block(document: &str, name: &str) -> Vec<u8> {
    let start = format!("```hex {name}\n");
    let blocks = document.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).map(|line| line.split('#').next().unwrap());
    let digits: String = lines.flat_map(|line| line.split_whitespace()).collect();
    hex(&digits)
}

#[test]
fn the_worked_example_is_the_first_vector() {
    let (document, file) = (document(), vectors("entries.json"));
    let vector = &list(&file, "valid")[0];
    assert_eq!(text(vector, "name"), "worked example");
    let entry = [hex_block(&document, "head"), hex_block(&document, "body")].concat();
    assert_eq!(HEXLOWER.encode(&entry), text(vector, "bytes"));
    for value in [text(vector, "id"), text(vector, "author")] {
        assert!(document.contains(value), "{value} is not in the document");
    }
    let json = document.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(json).unwrap(), vector["link"]);
    let signed = hex_block(&document, "signed");
    assert!(signed.starts_with(b"\x84\x6aSignature1"));
    let signature = entry[entry.len() - hex_block(&document, "body").len() - 64..][..64].try_into().unwrap();
    let author = text(vector, "author").parse().unwrap();
    assert_eq!(deadwax_index::entry::signature::verify_signature(&author, &signed, signature), Ok(()));
}

/// The JSON examples of section 14 are bodies, and the vote has the bytes that are shown.
#[test]
fn the_examples_of_json_are_bodies() {
    let document = document();
    let blocks = document.split("```json\n").skip(2).map(|rest| rest.split("```").next().unwrap());
    let bodies: Vec<Vec<u8>> = blocks
        .zip([Kind::Vote, Kind::OwnRelease, Kind::CollageItem])
        .map(|(json, kind)| body_from_json(kind.number(), json.as_bytes()).unwrap())
        .collect();
    assert_eq!(bodies.len(), 3);
    assert_eq!(HEXLOWER.encode(&hex_block(&document, "vote")), HEXLOWER.encode(&bodies[0]));
    assert!(document.contains(&format!("The vote as a body, {} bytes", bodies[0].len())));
}

/// The reasons: a row `| number | name | ...` for each.
#[test]
fn the_registry_of_reasons_is_complete() {
    let document = document();
    let table = document.split("### 10.3").nth(1).unwrap().split("## 11").next().unwrap();
    let reasons: Vec<_> =
        Reason::ALL.iter().map(|reason| (reason.number(), reason.word().to_owned())).collect();
    assert_eq!(registry(table), reasons);
}

/// The registry of kinds: a row `| number | name | ...` for each, and no other rows of that shape.
#[test]
fn the_registry_of_kinds_is_complete() {
    let document = document();
    let table = document.split("### 5.1").nth(1).unwrap().split("### 5.2").next().unwrap();
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| (kind.number(), kind.name().to_owned())).collect();
    assert_eq!(registry(table), kinds);
    // Frozen in the document is what has a body in the code.
    let frozen = table.lines().filter(|line| line.contains("**frozen**")).count();
    assert_eq!(frozen, Body::KINDS.len());
}

/// The rows of a table that begin with a number and a name.
fn registry(table: &str) -> Vec<(u64, String)> {
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        Some((cells.next()?.parse().ok()?, cells.next()?.trim_matches('`').to_owned()))
    };
    table.lines().filter_map(row).collect()
}

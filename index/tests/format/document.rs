//! The worked example of `doc/ENTRY-FORMAT.md` against the vectors: a document cannot rot unseen.

use crate::{hex, list, text, vectors};
use data_encoding::HEXLOWER;
use deadwax_index::entry::Kind;
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
    assert_eq!(deadwax_index::entry::head::verify_signature(&author, &signed, signature), Ok(()));
}

/// The registry of kinds: a row `| number | name | ...` for each, and no other rows of that shape.
#[test]
fn the_registry_of_kinds_is_complete() {
    let document = document();
    let table = document.split("### 5.1").nth(1).unwrap().split("### 5.2").next().unwrap();
    let rows: Vec<(u64, &str)> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            Some((cells.next()?.parse().ok()?, cells.next()?.trim_matches('`')))
        })
        .collect();
    let kinds: Vec<(u64, &str)> = Kind::ALL.iter().map(|kind| (kind.number(), kind.name())).collect();
    assert_eq!(rows, kinds);
}

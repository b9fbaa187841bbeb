//! The entry format against its vectors, its document and other people's vectors.
//!
//! What `index/vectors/*.json` says was computed without any of this code, so agreement counts.

#![allow(clippy::unwrap_used)]

mod bodies;
mod cbor;
mod document;
mod ed25519;
mod entries;
mod members;
mod rfc8032;
mod root;
mod sketch;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// A file of `index/vectors/`.
fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    let list = value[key].as_array().unwrap();
    assert!(!list.is_empty(), "{key} is empty");
    list
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

/// A path in the corpus of other people's vectors, which lies outside the repository:
/// `DEADWAX_CORPUS`, or `shared/corpus` beside the checkout. Where it is not, the test is skipped,
/// but never in CI.
fn corpus(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DEADWAX_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "corpus missing in CI: {}", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}

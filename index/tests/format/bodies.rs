//! The bodies of kinds 0 to 3 and 33 to 46 and their JSON form against `bodies.json`.

use crate::{hex, list, text, vectors};
use data_encoding::HEXLOWER;
use deadwax_index::entry::json::body_from_json;
use deadwax_index::entry::{Body, VerifiedEntry, own_release};
use serde_json::Value;
use std::collections::BTreeMap;

fn kind(vector: &Value) -> u64 {
    vector["kind"].as_u64().unwrap()
}

/// Every kind has vectors in the list.
fn all_kinds(vectors: &[Value]) {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    vectors.iter().for_each(|vector| *counts.entry(kind(vector)).or_default() += 1);
    assert!(counts.keys().copied().eq((0..=3).chain(33..=46)), "{counts:?}");
}

#[test]
fn valid_bodies_and_their_json_are_made_from_each_other() {
    let file = vectors("bodies.json");
    all_kinds(list(&file, "valid"));
    for vector in list(&file, "valid") {
        let (name, kind, bytes) = (text(vector, "name"), kind(vector), hex(text(vector, "body")));
        let body = Body::from_bytes(kind, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(body.kind().number(), kind, "{name}");
        assert_eq!(serde_json::to_value(&body).unwrap(), vector["json"], "{name}");
        assert_eq!(HEXLOWER.encode(&body.to_bytes().unwrap()), text(vector, "body"), "{name}");
        let from_json = body_from_json(kind, vector["json"].to_string().as_bytes());
        assert_eq!(from_json.unwrap_or_else(|error| panic!("{name}: {error}")), bytes, "{name}");
    }
}

/// Bodies that a reader takes but a writer would not make.
#[test]
fn what_is_not_known_is_skipped() {
    let file = vectors("bodies.json");
    all_kinds(list(&file, "read_as"));
    for vector in list(&file, "read_as") {
        let (name, bytes) = (text(vector, "name"), hex(text(vector, "body")));
        let body = Body::from_bytes(kind(vector), &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(&body).unwrap(), vector["json"], "{name}");
        assert!(body.to_bytes().unwrap().len() < bytes.len(), "{name}");
    }
}

#[test]
fn void_bodies_break_the_rule_that_the_vectors_name() {
    let file = vectors("bodies.json");
    all_kinds(list(&file, "void"));
    for vector in list(&file, "void") {
        let name = text(vector, "name");
        let error = Body::from_bytes(kind(vector), &hex(text(vector, "body"))).expect_err(name);
        let problem = error.problem();
        assert_eq!((problem.code, problem.field), (text(vector, "code"), text(vector, "field")), "{name}");
    }
}

#[test]
fn json_that_is_no_body_is_refused() {
    let file = vectors("bodies.json");
    all_kinds(list(&file, "refused_json"));
    for vector in list(&file, "refused_json") {
        let name = text(vector, "name");
        let error = body_from_json(kind(vector), vector["json"].to_string().as_bytes()).expect_err(name);
        let problem = error.problem();
        assert!(problem.code.starts_with("body.") && !problem.fix.is_empty(), "{name}: {problem:?}");
    }
}

#[test]
fn own_releases_have_the_uuids_of_the_vectors() {
    for vector in list(&vectors("bodies.json"), "own_releases") {
        let entry = VerifiedEntry::verify(&hex(text(vector, "bytes"))).unwrap();
        assert_eq!(entry.void_reason(), None);
        let id = entry.head().id();
        assert_eq!(id.to_string(), text(vector, "id"));
        assert_eq!(own_release::uuid(&id).to_string(), text(vector, "uuid"));
    }
}

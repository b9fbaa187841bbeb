//! Heads, bodies and slots against `entries.json`.

use crate::{hex, list, text, vectors};
use data_encoding::HEXLOWER;
use deadwax_index::entry::body::EntryError;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::link::Link;
use deadwax_index::entry::{EntryId, Kind, Scope, VerifiedEntry, VerifiedHead, head};
use deadwax_index::ingest::{Outcome, ingest, quota};
use deadwax_index::store::Store;
use serde_json::Value;

/// Compares everything that the vector says about its head.
fn check_head(vector: &Value, head: &VerifiedHead) {
    let name = text(vector, "name");
    let statement = head.statement();
    assert_eq!(head.id().to_string(), text(vector, "id"), "{name}");
    assert_eq!(head.author().to_string(), text(vector, "author"), "{name}");
    assert_eq!(statement.kind.to_string(), text(vector, "kind"), "{name}");
    assert_eq!(head.scope().name(), text(vector, "scope"), "{name}");
    assert_eq!(statement.n.to_string(), text(vector, "n"), "{name}");
    assert_eq!(statement.created_hours.to_string(), text(vector, "created"), "{name}");
    assert_eq!(head.bytes().len() as u64, vector["head_bytes"].as_u64().unwrap(), "{name}");
    assert_eq!(statement.n < quota(head.scope()), vector["within_quota"].as_bool().unwrap(), "{name}");
}

/// Compares what the vector says about the body of a link.
fn check_link(vector: &Value, body: &[u8]) {
    let name = text(vector, "name");
    match Link::from_body(body) {
        Err(error) => {
            let problem = error.problem();
            assert_eq!(problem.code, text(vector, "void_code"), "{name}: {problem}");
            if let Some(field) = vector.get("void_field") {
                assert_eq!(problem.field, field.as_str().unwrap(), "{name}: {problem}");
            }
        }
        Ok(link) => {
            assert_eq!(vector.get("void_code"), None, "{name}");
            // `read_as` is for bodies that a reader takes but a writer would not make.
            let written = vector.get("link");
            let json = written.or(vector.get("read_as")).unwrap_or_else(|| panic!("{name} has no link"));
            assert_eq!(link, serde_json::from_value(json.clone()).unwrap(), "{name}");
            assert_eq!(link.group().to_string(), text(vector, "group"), "{name}");
            if written.is_some() {
                assert_eq!(link.to_body().unwrap(), body, "{name}");
            }
        }
    }
}

#[test]
fn valid_entries_say_what_the_vectors_say() {
    for vector in list(&vectors("entries.json"), "valid") {
        let (name, bytes) = (text(vector, "name"), hex(text(vector, "bytes")));
        let entry = VerifiedEntry::verify(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        check_head(vector, entry.head());
        assert_eq!(entry.to_bytes(), bytes, "{name}");
        let Some(body) = entry.body() else {
            assert_eq!(text(vector, "body"), "absent", "{name}");
            assert_eq!(entry.void_reason(), None, "{name}: an absent body is not judged");
            continue;
        };
        assert_eq!(text(vector, "body"), "matches", "{name}");
        assert_eq!(entry.void_reason().is_some(), vector["void"].as_bool().unwrap(), "{name}");
        // Two vectors with crafted signatures are of kind link and have an empty map.
        if text(vector, "kind") == Kind::Link.number().to_string() && body != [0xa0] {
            check_link(vector, body);
        }
    }
}

#[test]
fn other_bodies_are_told_from_the_head_s_own() {
    for vector in list(&vectors("entries.json"), "mismatched") {
        let (name, bytes) = (text(vector, "name"), hex(text(vector, "bytes")));
        let end = head::length(&bytes).unwrap().unwrap();
        let head = VerifiedHead::verify(&bytes[..end]).unwrap_or_else(|error| panic!("{name}: {error}"));
        check_head(vector, &head);
        let error = VerifiedEntry::verify(&bytes).expect_err(name);
        assert_eq!(error, EntryError::BodyMismatch, "{name}");
        assert_eq!(error.problem().code, text(vector, "code"), "{name}");
        assert!(VerifiedEntry::verify(&bytes[..end]).is_ok(), "{name}: the head stays valid without it");
    }
}

#[test]
fn invalid_entries_are_refused_with_the_code_of_the_vectors() {
    for vector in list(&vectors("entries.json"), "invalid") {
        let (name, bytes) = (text(vector, "name"), hex(text(vector, "bytes")));
        let error = VerifiedEntry::verify(&bytes).expect_err(name);
        assert_eq!(error.problem().code, text(vector, "code"), "{name}: {error}");
        assert!(VerifiedHead::verify(&bytes).is_err(), "{name}");
    }
}

/// The same bytes come out when Deadwax signs what the Python side signed.
#[test]
fn signing_gives_the_bytes_of_the_vectors() {
    let file = vectors("entries.json");
    let mut compared = 0;
    for vector in list(&file, "valid") {
        let key = list(&file, "keys").iter().find(|key| key["author"] == vector["author"]);
        let (Some(key), "matches") = (key, text(vector, "body")) else { continue };
        let entry = VerifiedEntry::verify(&hex(text(vector, "bytes"))).unwrap();
        let mut identity = Identity::from_secret(hex(text(key, "secret")).try_into().unwrap());
        assert_eq!(identity.author().to_string(), text(key, "author"));
        let statement = entry.head().statement();
        let (kind, n, created) = (statement.kind, statement.n, statement.created_hours);
        let signed = identity.sign(entry.body().unwrap().to_vec(), kind, n, created);
        assert_eq!(HEXLOWER.encode(&signed.to_bytes()), text(vector, "bytes"), "{}", text(vector, "name"));
        compared += 1;
    }
    assert!(compared > 100, "only {compared} compared");
}

/// One head for each author, scope and n: the lowest id, in whatever order they come.
#[test]
fn a_slot_goes_to_the_lowest_id() {
    for slot in list(&vectors("entries.json"), "slots") {
        let mut rivals: Vec<VerifiedEntry> = list(slot, "heads")
            .iter()
            .map(|head| VerifiedEntry::verify(&hex(head.as_str().unwrap())).unwrap())
            .collect();
        let holder: EntryId = text(slot, "holder").parse().unwrap();
        let scope = Scope::from_name(text(slot, "scope")).unwrap();
        for _ in 0..rivals.len() {
            rivals.rotate_left(1);
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path()).unwrap();
            let outcomes = ingest(&store, &rivals, None).unwrap();
            assert_eq!(outcomes[0], Outcome::New);
            assert_eq!(store.scope_state(scope).unwrap().count, 1);
            for rival in &rivals {
                let id = rival.head().id();
                assert_eq!(store.entry(&id).unwrap().is_some(), id == holder, "{id}");
            }
        }
    }
}

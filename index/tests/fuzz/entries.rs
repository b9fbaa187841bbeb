//! Heads, entries, bodies and the items of a stream.

use std::cell::RefCell;

use deadwax_index::entry::body::EntryError;
use deadwax_index::entry::cbor::{self, Value};
use deadwax_index::entry::head::{self, HeadError};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::json::{JsonError, body_from_json};
use deadwax_index::entry::limits::{MAX_BODY_BYTES, MAX_CBOR_DEPTH, MAX_ENTRY_BYTES, MAX_HEAD_BYTES};
use deadwax_index::entry::link::{Link, LinkError};
use deadwax_index::entry::{Body, BodyError, EntryId, Kind, VerifiedEntry, VerifiedHead};
use deadwax_index::sync::wire::{self, Item, ItemReader, WireError};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

use crate::harness::{Reached, Target, fuzz};
use crate::seeds;

/// The ten bytes that begin a head, and where a payload begins.
const START: &[u8] = b"\xd2\x84\x58\x26\xa2\x01\x32\x04\x58\x20";
const PAYLOAD: usize = 45;

/// What holds for every valid entry.
fn check_entry(bytes: &[u8], entry: &VerifiedEntry) {
    assert_eq!(entry.to_bytes(), bytes);
    let head = entry.head();
    assert!(head.bytes().len() <= MAX_HEAD_BYTES && bytes.len() <= MAX_ENTRY_BYTES);
    assert_eq!(head::length(bytes), Ok(Some(head.bytes().len())));
    assert_eq!(VerifiedHead::verify(head.bytes()).as_ref(), Ok(head));
    assert_eq!(head.id(), EntryId(Sha256::digest(head.bytes()).into()));
    let Some(body) = entry.body() else { return };
    let statement = head.statement();
    assert_eq!(statement.body_bytes, body.len() as u64);
    assert_eq!(statement.body_hash[..], Sha256::digest(body)[..]);
    assert_eq!(entry.void_reason().is_none(), Body::from_bytes(statement.kind, body).is_ok());
}

#[test]
fn heads_and_entries() {
    let target = Target {
        name: "heads_and_entries",
        seeds: seeds::entries(&["valid", "mismatched", "invalid"]),
        tokens: b"\xd2\x84\x58\x26\xa2\x01\x32\x04\x58\x20|\x58\x40|\xa0|\xa1\x01\x00",
        ..Target::default()
    };
    fuzz(&target, |bytes| {
        if let Ok(Some(length)) = head::length(bytes) {
            assert!(length <= MAX_HEAD_BYTES);
        }
        match VerifiedEntry::verify(bytes) {
            Ok(entry) => {
                check_entry(bytes, &entry);
                Reached::End
            }
            Err(error) => {
                assert!(VerifiedHead::verify(bytes).is_err(), "a head alone is an entry");
                let door = EntryError::Head(HeadError::Form);
                if error == door { Reached::Door } else { Reached::Inside }
            }
        }
    });
}

/// Payloads that nobody honest would sign, signed.
#[test]
fn signed_payloads() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let heads = seeds::entries(&["valid", "invalid"]).into_iter();
    let payloads = heads.filter_map(|bytes| {
        let length = head::length(&bytes).ok().flatten()?;
        bytes.get(PAYLOAD..length - 66).map(<[u8]>::to_vec)
    });
    let target = Target { name: "signed_payloads", seeds: payloads.collect(), ..Target::default() };
    fuzz(&target, |payload| {
        let mut bytes = [START, key.verifying_key().as_bytes()].concat();
        let parts = [&bytes[4..], b"deadwax/entry/1", payload].map(|part| Value::Bytes(part.to_vec()));
        let signed = [vec![Value::Text("Signature1".into())], parts.to_vec()].concat();
        let signature = key.sign(&cbor::encode(&Value::Array(signed))).to_bytes();
        bytes.extend([0xa0, 0x58, payload.len() as u8]);
        bytes.extend([payload, b"\x58\x40", &signature].concat());
        match VerifiedHead::verify(&bytes) {
            Ok(head) => {
                check_entry(&bytes, &VerifiedEntry::new(head, None).unwrap());
                Reached::End
            }
            Err(HeadError::Form | HeadError::TooLong(_)) => Reached::Door,
            Err(error) => {
                assert_ne!(error, HeadError::Signature);
                Reached::Inside
            }
        }
    });
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(pairs) => 1 + pairs.iter().map(|(_, item)| depth(item)).max().unwrap_or(0),
        _ => 0,
    }
}

fn is_ascending(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_ascending),
        Value::Map(pairs) => {
            pairs.is_sorted_by(|a, b| a.0 < b.0) && pairs.iter().all(|(_, item)| is_ascending(item))
        }
        _ => true,
    }
}

#[test]
fn cbor() {
    let items = seeds::vectors("cbor.json", &["valid", "invalid"]);
    let target = Target { name: "cbor", seeds: seeds::bytes(&items, "hex"), ..Target::default() };
    fuzz(&target, |bytes| match cbor::decode(bytes) {
        Ok(value) => {
            assert_eq!(cbor::encode(&value), bytes);
            assert!(depth(&value) <= MAX_CBOR_DEPTH && is_ascending(&value));
            let sequence = [bytes, b"\xff"].concat();
            assert_eq!(cbor::decode_prefix(&sequence), Ok((value, bytes.len())));
            Reached::End
        }
        Err(cbor::CborError::Truncated) => Reached::Door,
        Err(_) => Reached::Inside,
    });
}

/// The bodies of valid entries.
fn bodies() -> Vec<Vec<u8>> {
    let entries = seeds::entries(&["valid"]).into_iter();
    entries.filter_map(|bytes| VerifiedEntry::verify(&bytes).unwrap().body().map(<[u8]>::to_vec)).collect()
}

#[test]
fn link_bodies() {
    let target = Target { name: "link_bodies", seeds: bodies(), ..Target::default() };
    let identity = RefCell::new(Identity::from_secret([7; 32]));
    fuzz(&target, |body| {
        if matches!(body, [0xa0..=0xbb, ..]) && body.len() <= MAX_BODY_BYTES {
            let entry = identity.borrow_mut().sign(body.to_vec(), Kind::Link.number(), 0, 494_000);
            check_entry(&entry.to_bytes(), &entry);
        }
        match Link::from_body(body) {
            Ok(link) => {
                check_link(body, &link);
                Reached::End
            }
            Err(LinkError(BodyError::Cbor(_) | BodyError::TooLong(_))) => Reached::Door,
            Err(_) => Reached::Inside,
        }
    });
}

fn check_link(body: &[u8], link: &Link) {
    let written = link.to_body().expect("what is read can be written");
    assert!(body.len() <= MAX_BODY_BYTES && written.len() <= body.len());
    assert_eq!(Link::from_body(&written).as_ref(), Ok(link));
    // Only keys of later versions are left out, and maps of nothing else.
    if written.len() == body.len() {
        assert_eq!(written, body);
    }
    let json = serde_json::to_vec(link).unwrap();
    assert_eq!(serde_json::from_slice::<Link>(&json).unwrap(), *link);
    assert_eq!(body_from_json(Kind::Link.number(), &json).unwrap(), written);
    let names = [&link.artist, &link.title].into_iter().chain(&link.name).chain(&link.trackers);
    assert!(names.chain(&link.types).all(|name| !name.contains(char::is_control)));
}

/// Bodies of the other kinds, each after a byte that says its kind.
#[test]
fn bodies_of_all_kinds() {
    let vectors = seeds::vectors("bodies.json", &["valid", "read_as", "void"]);
    let seeds = vectors.iter().zip(seeds::bytes(&vectors, "body"));
    let seeds = seeds.map(|(vector, body)| of_kind(vector["kind"].as_u64().unwrap(), &body)).collect();
    let target = Target { name: "bodies_of_all_kinds", seeds, ..Target::default() };
    fuzz(&target, |bytes| {
        let Some((kind, bytes)) = bytes.split_first() else { return Reached::Door };
        match Body::from_bytes(u64::from(*kind), bytes) {
            Ok(body) => {
                check_body(bytes, &body);
                Reached::End
            }
            Err(BodyError::Cbor(_) | BodyError::TooLong(_) | BodyError::Kind(_)) => Reached::Door,
            Err(_) => Reached::Inside,
        }
    });
}

fn of_kind(kind: u64, rest: &[u8]) -> Vec<u8> {
    [&[u8::try_from(kind).unwrap()], rest].concat()
}

fn check_body(bytes: &[u8], body: &Body) {
    let written = body.to_bytes().expect("what is read can be written");
    assert!(bytes.len() <= MAX_BODY_BYTES && written.len() <= bytes.len());
    let kind = body.kind().number();
    assert_eq!(Body::from_bytes(kind, &written).as_ref(), Ok(body));
    // Only keys of later versions are left out, and flags that say false.
    if written.len() == bytes.len() {
        assert_eq!(written, bytes);
    }
    let json = serde_json::to_vec(body).unwrap();
    assert_eq!(body_from_json(kind, &json).unwrap(), written);
}

/// The JSON form of bodies, after a byte that says the kind.
#[test]
fn json_bodies() {
    let links = bodies().into_iter().filter_map(|body| Link::from_body(&body).ok());
    let links = links.map(|link| of_kind(Kind::Link.number(), &serde_json::to_vec(&link).unwrap()));
    let others = seeds::vectors("bodies.json", &["valid", "refused_json"]).into_iter();
    let others = others.map(|vector| {
        of_kind(vector["kind"].as_u64().unwrap(), &serde_json::to_vec(&vector["json"]).unwrap())
    });
    let generic = [r#"{"1":"a","0":{"hex":"00ff"},"24":[true,-1,500]}"#, r#"{"hex":"a0"}"#];
    let generic = seeds::texts(&generic).into_iter().map(|json| of_kind(99, &json));
    let tokens = b"{\"hex\":\"00\"}|\"mbid\":|\"subject\":|null|-1|1.5|[]|\\ud800|\\u0000";
    let seeds = links.chain(others).chain(generic).collect();
    // Most changes leave something that is no JSON, or no member of the kind.
    let target = Target { name: "json_bodies", seeds, tokens, min_inside_percent: 4, ..Target::default() };
    fuzz(&target, |bytes| {
        let Some((kind, json)) = bytes.split_first() else { return Reached::Door };
        match body_from_json(u64::from(*kind), json) {
            Ok(body) => {
                assert!(matches!(body[0], 0xa0..=0xbb) && body.len() <= MAX_BODY_BYTES);
                assert!(cbor::decode(&body).is_ok());
                Reached::End
            }
            Err(JsonError::Json(_)) => Reached::Door,
            Err(_) => Reached::Inside,
        }
    });
}

/// What a reader yields of a stream that arrives in chunks of this size, and how it ends.
fn read(bytes: &[u8], chunk: usize) -> (Vec<Item>, Result<bool, WireError>) {
    let (mut reader, mut items) = (ItemReader::default(), Vec::new());
    for chunk in bytes.chunks(chunk) {
        reader.push(chunk);
        loop {
            match reader.next_item() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Err(error)),
            }
        }
    }
    (items, Ok(reader.is_empty()))
}

fn write(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        match item {
            Item::Head(part) | Item::Body(part) => bytes.extend(part),
            Item::Id(id) => wire::write_id(id, &mut bytes),
            Item::Mark(seq) => wire::write_mark(*seq, &mut bytes),
        }
    }
    bytes
}

#[test]
fn sync_items() {
    let entries = seeds::entries(&["valid"]);
    let streams = entries.chunks(4).map(|chunk| {
        let mut bytes = chunk[..chunk.len() / 2].concat();
        wire::write_id(&[9; 16], &mut bytes);
        wire::write_mark(70_000, &mut bytes);
        [bytes, chunk[chunk.len() / 2..].concat(), vec![0x17]].concat()
    });
    let target = Target { name: "sync_items", seeds: streams.collect(), tokens: START, ..Target::default() };
    fuzz(&target, |bytes| {
        let (items, end) = read(bytes, usize::MAX);
        let written = write(&items);
        assert!(bytes.starts_with(&written));
        for chunk in [1 + bytes.len() % 7, 100] {
            assert_eq!(read(bytes, chunk), (items.clone(), end.clone()), "chunks of {chunk}");
        }
        match end {
            // What waits for more is less than one item.
            Ok(empty) => {
                assert!(bytes.len() - written.len() < MAX_BODY_BYTES);
                assert_eq!(empty, bytes.len() == written.len());
            }
            Err(_) => assert!(written.len() < bytes.len()),
        }
        if let Ok(ids) = wire::parse_fetch(bytes) {
            assert_eq!(ids.concat(), bytes);
            assert!(ids.len() <= wire::MAX_FETCH_IDS);
        }
        match end {
            Ok(true) => Reached::End,
            _ if !items.is_empty() => Reached::Inside,
            _ => Reached::Door,
        }
    });
}

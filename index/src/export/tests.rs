//! What is written, in which order, and that a file is whole or not there.

use super::*;
use crate::entry::identity::Identity;
use crate::entry::link::tests::sample;
use crate::entry::{VerifiedEntry, VerifiedHead};
use crate::ingest::ingest;
use serde_json::Value;

/// A set with both scopes, a link, a void entry, an unknown kind and a head without its body.
fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let mut author = Identity::from_secret([3; 32]);
    let link = sample().to_body().unwrap();
    let mut entries: Vec<_> =
        (0..40u64).map(|n| author.sign(vec![0xa1, 0x05, n as u8 & 15], n * 2, n, 494_000)).collect();
    entries.push(author.sign(link, 32, 100, 494_001));
    let bare = author.sign(vec![0xa0], 32, 101, 494_000);
    let head = VerifiedHead::verify(bare.head().bytes()).unwrap();
    entries.push(VerifiedEntry::new(head, None).unwrap());
    ingest(&store, &entries, None).unwrap();
    (dir, store)
}

#[test]
fn core_comes_first_and_each_scope_is_in_order_of_ids() {
    let (_dir, store) = store();
    let mut bytes = Vec::new();
    let mut told = Vec::new();
    let exported = cbor(&store, &mut bytes, |progress| told.push(progress)).unwrap();
    assert_eq!((exported.entries, exported.core, exported.main), (42, 16, 26));
    assert_eq!((exported.without_body, exported.size_bytes), (1, bytes.len() as u64));
    assert_eq!((told.first(), told.last()), (Some(&(0, 42)), Some(&(42, 42))));
    let (mut order, mut expected) = (Vec::new(), Vec::new());
    for scope in Scope::ALL {
        let mut entries = store.tail_page(scope, 0, 99).unwrap().entries;
        entries.sort_by_key(|entry| entry.id.0);
        entries.iter().for_each(|entry| entry.write_to(&mut expected));
        order.push(entries.len());
    }
    assert_eq!((order, bytes), (vec![16, 26], expected));
}

#[test]
fn a_line_says_what_the_bytes_say() {
    let (_dir, store) = store();
    let mut text = Vec::new();
    jsonl(&store, &mut text, |_| {}).unwrap();
    let lines: Vec<Value> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 42);
    for line in &lines {
        let id = line["id"].as_str().unwrap().parse().unwrap();
        let entry = store.entry(&id).unwrap().unwrap().verify().unwrap();
        let statement = entry.head().statement();
        assert_eq!(line["author"], entry.head().author().to_string());
        assert_eq!((&line["kind"], &line["n"]), (&statement.kind.into(), &statement.n.into()));
        assert_eq!(line["scope"], entry.head().scope().name());
        assert_eq!(line["created"], statement.created_hours);
        // What counts is spelled out, and nothing else is.
        assert_eq!(line["content"].is_object(), entry.body().is_some() && entry.void_reason().is_none());
    }
    let link = lines.iter().find(|line| line["n"] == 100).unwrap();
    assert_eq!(link["content"], serde_json::to_value(sample()).unwrap());
    assert_eq!(link["kind_name"], "link");
    assert_eq!(lines.iter().filter(|line| line["body"].is_null()).count(), 1);
    assert!(lines.iter().any(|line| line["kind_name"].is_null()));
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.cbor");
    let write = |text: &'static str| move |new: &Path| Ok(fs::write(new, text)?);
    let names = || fs::read_dir(dir.path()).unwrap().count();
    into_place(&path, false, write("one")).unwrap();
    assert!(matches!(into_place(&path, false, write("two")), Err(ExportError::Exists(_))));
    assert_eq!((fs::read(&path).unwrap(), names()), (b"one".to_vec(), 1));
    into_place(&path, true, write("three")).unwrap();
    assert_eq!((fs::read(&path).unwrap(), names()), (b"three".to_vec(), 1));
    let broken = into_place(&path, true, |new| {
        fs::write(new, "ha")?;
        Err::<(), _>(io::Error::from(io::ErrorKind::StorageFull).into())
    });
    assert!(matches!(&broken, Err(ExportError::Full(full)) if *full == path));
    assert_eq!(broken.unwrap_err().problem().code, "disk.full");
    assert_eq!((fs::read(&path).unwrap(), names()), (b"three".to_vec(), 1));
    let elsewhere = dir.path().join("none/out.cbor");
    assert!(into_place(&elsewhere, false, write("four")).is_err());
}

#[test]
fn an_export_is_of_one_moment() {
    let (_dir, store) = store();
    let late = Identity::from_secret([4; 32]).sign(vec![0xa0], 32, 0, 494_000);
    let mut whole = Vec::new();
    cbor(&store, &mut whole, |_| {}).unwrap();
    let mut bytes = Vec::new();
    let mut late = Some(late);
    let exported = cbor(&store, &mut bytes, |_| {
        if let Some(late) = late.take() {
            ingest(&store, &[late], None).unwrap();
        }
    });
    assert_eq!(exported.unwrap().entries, 42);
    assert!(late.is_none() && bytes == whole);
    assert_eq!(cbor(&store, io::sink(), |_| {}).unwrap().entries, 43);
}

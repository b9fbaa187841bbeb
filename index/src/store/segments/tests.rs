//! Segments follow the set, and what was dropped is in none of them.

use super::*;
use crate::entry::VerifiedEntry;
use crate::entry::identity::Identity;
use crate::export;
use crate::ingest::{drop_body, ingest};
use crate::sync::segments::SegmentReader;

/// Entries of many authors, so that no quota matters.
fn entries(kind: u64, authors: std::ops::Range<u8>, each: u64) -> Vec<VerifiedEntry> {
    authors
        .flat_map(|author| {
            let mut author = Identity::from_secret([author; 32]);
            (0..each).map(move |n| author.sign(vec![0xa1, 0x05, 0x18, n as u8], kind, n, 494_000))
        })
        .collect()
}

fn make_all(store: &Store) -> usize {
    let mut made = 0;
    for scope in Scope::ALL {
        while store.make_segment(scope).unwrap() == Making::Made {
            made += 1;
        }
    }
    made
}

/// All segments of a scope, unpacked; each is what its list says.
fn unpacked(store: &Store, scope: Scope) -> Vec<u8> {
    let list = store.segments(scope).unwrap();
    list.check().unwrap();
    let mut plain = Vec::new();
    for segment in &list.segments {
        let (mut file, bytes) = store.open_segment(&segment.sha256).unwrap().unwrap();
        let mut packed = Vec::new();
        io::Read::read_to_end(&mut file, &mut packed).unwrap();
        assert_eq!((bytes, segment.bytes), (packed.len() as u64, packed.len() as u64));
        assert_eq!(<[u8; 32]>::from(Sha256::digest(&packed)), segment.sha256);
        let mut reader = SegmentReader::new(segment).unwrap();
        reader.push(&packed);
        while let Some((head, body)) = reader.next_entry().unwrap() {
            plain.extend(head.into_iter().chain(body.into_iter().flatten()));
        }
        let last = reader.finish().unwrap();
        plain.extend(last.into_iter().flat_map(|(head, body)| [Some(head), body]).flatten().flatten());
    }
    plain
}

fn exported(store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    export::cbor(store, &mut bytes, |_| {}).unwrap();
    bytes
}

fn zst_files(dir: &std::path::Path) -> usize {
    let files = fs::read_dir(dir.join(FOLDER)).unwrap().flatten();
    files.filter(|file| file.path().extension().is_some_and(|extension| extension == "zst")).count()
}

#[test]
fn all_segments_together_are_the_export() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    // Over 32 authors, so that 64 of each fit into the quota of `core`.
    ingest(&store, &entries(3, 0..70, 60), None).unwrap();
    ingest(&store, &entries(99, 0..10, 2_000), None).unwrap();
    assert_eq!(store.segments(Scope::Main).unwrap().segments, []);
    assert_eq!(make_all(&store), 3, "4,200 of core in one, 20,000 of main in two of the same size");
    let main = store.segments(Scope::Main).unwrap();
    assert!(main.is_complete());
    assert!(main.segments.iter().all(|segment| segment.count.abs_diff(10_000) < 700), "{main:?}");
    assert_eq!(main.position, store.scope_state(Scope::Main).unwrap().tail);
    let both = [unpacked(&store, Scope::Core), unpacked(&store, Scope::Main)].concat();
    assert!(both == exported(&store));
    // Nothing is made twice, neither here nor after a restart.
    assert_eq!(make_all(&store), 0);
    drop(store);
    let again = Store::open(dir.path()).unwrap();
    assert_eq!(again.segments(Scope::Main).unwrap(), main);
    assert_eq!(make_all(&again), 0);
}

#[test]
fn segments_are_made_anew_when_enough_came_and_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    ingest(&store, &entries(99, 0..3, 2_000), None).unwrap();
    assert_eq!(make_all(&store), 1);
    let first = store.segments(Scope::Main).unwrap();
    ingest(&store, &entries(99, 3..5, 2_000), None).unwrap();
    assert_eq!(make_all(&store), 0, "4,000 are found in the tail");
    ingest(&store, &entries(99, 5..10, 2_000), None).unwrap();
    // Whoever reads the old one may do so to its end.
    let (mut old, _) = store.open_segment(&first.segments[0].sha256).unwrap().unwrap();
    assert_eq!(make_all(&store), 2);
    assert_eq!(zst_files(dir.path()), 2);
    assert!(store.open_segment(&first.segments[0].sha256).unwrap().is_none());
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut old, &mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, first.segments[0].bytes);
    assert!(unpacked(&store, Scope::Main) == exported(&store));
}

#[test]
fn a_body_that_is_dropped_is_in_no_segment_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let all = entries(99, 0..10, 2_000);
    ingest(&store, &all, None).unwrap();
    assert_eq!(make_all(&store), 2);
    let dropped = all[77].head().id();
    assert!(drop_body(&store, &dropped).unwrap());
    let list = store.segments(Scope::Main).unwrap();
    assert_eq!((list.segments.len(), zst_files(dir.path())), (1, 1));
    let [first, last] = list.gap().unwrap();
    assert!(first <= dropped && dropped <= last);
    assert_eq!(make_all(&store), 1, "only that one");
    assert!(unpacked(&store, Scope::Main) == exported(&store));
}

/// Bodies go while segments are made: none of them is left in a file.
#[test]
fn a_body_that_is_dropped_while_its_segment_is_made_is_not_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let all = entries(99, 0..3, 2_000);
    ingest(&store, &all, None).unwrap();
    std::thread::scope(|scope| {
        let making = scope.spawn(|| (0..40).for_each(|_| _ = store.make_segment(Scope::Main).unwrap()));
        for entry in all.iter().step_by(150) {
            assert!(drop_body(&store, &entry.head().id()).unwrap());
        }
        making.join().unwrap();
    });
    make_all(&store);
    assert!(unpacked(&store, Scope::Main) == exported(&store));
}

#[test]
fn files_of_another_database_and_damaged_ones_are_not_listed() {
    let dir = tempfile::tempdir().unwrap();
    let make = |secrets| {
        let store = Store::open(dir.path()).unwrap();
        ingest(&store, &entries(99, secrets, 2_000), None).unwrap();
        make_all(&store);
        store.segments(Scope::Main).unwrap()
    };
    let list = make(0..10);
    let path = dir.path().join(FOLDER).join(format!("{}.zst", HEXLOWER.encode(&list.segments[0].sha256)));
    fs::write(&path, b"cut").unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.segments(Scope::Main).unwrap().segments, list.segments[1..]);
    assert!(!path.exists());
    drop(store);
    for file in ["entries.db", "entries.db-wal", "entries.db-shm"] {
        let _ = fs::remove_file(dir.path().join(file));
    }
    let other = Store::open(dir.path()).unwrap();
    assert_eq!(other.segments(Scope::Main).unwrap().segments, []);
    assert_eq!(zst_files(dir.path()), 0);
    drop(other);
    make(0..3);
    Store::open(dir.path()).unwrap().remove_segments().unwrap();
    assert!(!dir.path().join(FOLDER).exists());
}

#[test]
fn what_is_in_a_range_is_counted_without_the_other_scope() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    ingest(&store, &[entries(3, 0..3, 10), entries(99, 0..3, 10)].concat(), None).unwrap();
    let count = |scope, first: u8, last: u8| {
        store.count_between(scope, &EntryId([first; 32]), &EntryId([last; 32])).unwrap()
    };
    for scope in Scope::ALL {
        assert_eq!(count(scope, 0, 0xff), 30);
        assert_eq!(count(scope, 0, 0x7f) + count(scope, 0x80, 0xff), 30);
    }
}

//! Lists and segments that are what they say, and such that are not.

use super::*;
use crate::entry::VerifiedEntry;
use crate::entry::identity::Identity;
use proptest::prelude::*;

/// Entries of `main`, ascending.
fn entries(count: u64) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([3; 32]);
    let mut entries: Vec<_> =
        (0..count).map(|n| author.sign(vec![0xa1, 0x05, 0x18, n as u8], 99, n, 494_000)).collect();
    entries.sort_by_key(|entry| entry.head().id());
    entries
}

fn plain(entries: &[VerifiedEntry]) -> Vec<u8> {
    entries.iter().flat_map(VerifiedEntry::to_bytes).collect()
}

fn pack(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

fn segment(count: u64, first: EntryId, last: EntryId) -> Segment {
    Segment { sha256: [0; 32], bytes: 1, count, first, last }
}

fn everything(count: u64) -> Segment {
    segment(count, EntryId([0; 32]), EntryId([0xff; 32]))
}

fn read(of: &Segment, packed: &[u8], chunk: usize) -> Result<Vec<Unverified>, SegmentError> {
    let (mut reader, mut read) = (SegmentReader::new(of)?, Vec::new());
    for chunk in packed.chunks(chunk) {
        reader.push(chunk);
        while let Some(entry) = reader.next_entry()? {
            read.push(entry);
        }
    }
    read.extend(reader.finish()?);
    Ok(read)
}

#[test]
fn a_segment_is_read_back_whatever_the_chunks() {
    let entries = entries(40);
    let (mut bytes, mut expected) = (Vec::new(), Vec::new());
    for (n, entry) in entries.iter().enumerate() {
        let body = (n % 3 > 0).then(|| entry.body().unwrap().to_vec());
        bytes.extend(entry.head().bytes());
        bytes.extend(body.iter().flatten());
        expected.push((entry.head().bytes().to_vec(), body));
    }
    let packed = pack(&bytes);
    for chunk in [1, 7, 100, 1_000, packed.len()] {
        assert_eq!(read(&everything(40), &packed, chunk).unwrap(), expected, "chunks of {chunk}");
    }
    assert_eq!(read(&everything(0), &pack(&[]), 3), Ok(vec![]));
}

#[test]
fn segments_that_lie_are_refused() {
    let entries = entries(6);
    let [id_of_second, id_of_fifth] = [1, 4].map(|at: usize| entries[at].head().id());
    let of = everything(6);
    let all = plain(&entries);
    let refused = |of: &Segment, packed: &[u8]| read(of, packed, 50).unwrap_err();
    assert!(read(&segment(4, id_of_second, id_of_fifth), &pack(&plain(&entries[1..5])), 50).is_ok());

    assert_eq!(refused(&segment(5, id_of_second, id_of_fifth), &pack(&all)), SegmentError::Order);
    assert_eq!(refused(&of, &pack(&plain(&[entries[1].clone(), entries[0].clone()]))), SegmentError::Order);
    assert_eq!(refused(&of, &pack(&plain(&[entries[1].clone(), entries[1].clone()]))), SegmentError::Order);
    assert_eq!(refused(&everything(5), &pack(&all)), SegmentError::Count);
    assert_eq!(refused(&everything(7), &pack(&all)), SegmentError::Count);
    assert_eq!(refused(&of, &pack(&[&all[..], &[0]].concat())), SegmentError::Stray);
    assert_eq!(
        refused(&of, &pack(&[&[0xff], &all[..]].concat())),
        SegmentError::Wire(WireError::Start(0xff))
    );
    assert_eq!(refused(&of, &pack(&all[..all.len() - 1])), SegmentError::Cut);
    let packed = pack(&all);
    assert_eq!(refused(&of, &packed[..packed.len() - 1]), SegmentError::Cut);
    assert_eq!(refused(&of, &[]), SegmentError::Cut);
    assert!(matches!(refused(&of, b"no zstd at all"), SegmentError::Packed(_)));
}

#[test]
fn what_unpacks_without_end_is_not_unpacked_to_its_end() {
    // Zeros are marks; heads of one entry do not ascend.
    assert_eq!(read(&everything(9), &pack(&vec![0; 50 << 20]), 1 << 16), Err(SegmentError::Stray));
    // Empty streams, one after the other, hold nothing.
    let empty = pack(&[]).repeat(10_000);
    assert_eq!(read(&everything(0), &empty, 1 << 16), Ok(vec![]));
    // The longest bodies that there can be.
    let mut author = Identity::from_secret([4; 32]);
    let mut long: Vec<_> = (0..1_100)
        .map(|n| {
            let body = [vec![0xa1, 0x05, 0x59, 0x3f, 0xf0], vec![7; 0x3ff0]].concat();
            author.sign(body, 99, n, 494_000)
        })
        .collect();
    long.sort_by_key(|entry| entry.head().id());
    assert_eq!(read(&everything(1_100), &pack(&plain(&long)), 1 << 16), Err(SegmentError::Plain));
    // 128 MiB of memory; 8 are allowed.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.set_parameter(zstd::stream::raw::CParameter::WindowLog(27)).unwrap();
    std::io::Write::write_all(&mut encoder, &plain(&entries(6))).unwrap();
    let wide = encoder.finish().unwrap();
    assert!(matches!(read(&everything(6), &wide, 100), Err(SegmentError::Packed(_))));
}

#[test]
fn lists_that_lie_are_refused() {
    let id = |byte: u8| EntryId([byte; 32]);
    let list = |segments: Vec<Segment>| ScopeSegments { position: 0, segments };
    let good = list(vec![segment(1, id(0), id(3)), segment(1, id(5), id(5)), segment(1, id(6), id(0xff))]);
    assert_eq!(good.check(), Ok(()));
    assert_eq!(good.gap(), Some([after(&id(3)).unwrap(), before(&id(5)).unwrap()]));
    let order = |segments| assert_eq!(list(segments).check(), Err(ListError::Order));
    order(vec![segment(1, id(3), id(2))]);
    order(vec![segment(1, id(1), id(3)), segment(1, id(3), id(4))]);
    order(vec![segment(1, id(5), id(6)), segment(1, id(1), id(2))]);
    let long = Segment { bytes: MAX_SEGMENT_BYTES + 1, ..everything(1) };
    let empty = Segment { bytes: 0, ..everything(1) };
    for bad in [long, empty, everything(MAX_SEGMENT_ENTRIES as u64 + 1)] {
        assert_eq!(list(vec![bad]).check(), Err(ListError::Limits));
    }
    assert_eq!(list(vec![everything(1); MAX_SEGMENTS + 1]).check(), Err(ListError::TooMany));
    assert_eq!(ScopeSegments { position: 1 << 63, segments: vec![] }.check(), Err(ListError::Position));
    assert!(list(vec![everything(1)]).is_complete() && !list(vec![]).is_complete());
}

#[test]
fn the_longest_list_fits_into_its_limit() {
    let far = Segment {
        sha256: [0xff; 32],
        bytes: MAX_SEGMENT_BYTES,
        count: MAX_SEGMENT_ENTRIES as u64,
        ..everything(0)
    };
    let scope = ScopeSegments { position: MAX_POSITION, segments: vec![far; MAX_SEGMENTS] };
    let scopes = Scope::ALL.map(|of| (of, scope.clone())).into();
    let list = SegmentList { incarnation: "f".repeat(32), building: true, scopes };
    assert!(serde_json::to_vec(&list).unwrap().len() <= MAX_LIST_BYTES);
}

proptest! {
    #[test]
    fn a_gap_is_where_no_segment_is(cuts in prop::collection::btree_set(1u8..255, 1..9), without in any::<prop::sample::Index>()) {
        // Ranges that cover everything, each up to one of the cuts.
        let (mut list, mut from) = (ScopeSegments::default(), Some(EntryId([0; 32])));
        for last in cuts.iter().map(|cut| EntryId([*cut; 32])).chain([EntryId([0xff; 32])]) {
            list.segments.push(segment(1, from.unwrap(), last));
            from = after(&last);
        }
        prop_assert_eq!(from, None);
        prop_assert_eq!(list.check(), Ok(()));
        prop_assert!(list.is_complete());
        let gone = list.segments.remove(without.index(list.segments.len()));
        prop_assert_eq!(list.gap(), Some([gone.first, gone.last]));
        let json = serde_json::to_string(&list).unwrap();
        prop_assert_eq!(serde_json::from_str::<ScopeSegments>(&json).unwrap(), list);
    }
}

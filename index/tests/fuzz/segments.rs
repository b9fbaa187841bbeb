//! What a peer sends for a first start: lists of segments, and segments.

use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{EntryId, VerifiedEntry};
use deadwax_index::sync::segments::{
    MAX_SEGMENT_PLAIN_BYTES, ScopeSegments, Segment, SegmentList, SegmentReader,
};

use crate::harness::{Reached, Target, fuzz};

fn packed(count: u64) -> Vec<u8> {
    let mut author = Identity::from_secret([3; 32]);
    let mut entries: Vec<_> = (0..count).map(|n| author.sign(vec![0xa0], 99, n, 494_000)).collect();
    entries.sort_by_key(|entry| entry.head().id());
    let plain: Vec<u8> = entries.iter().flat_map(VerifiedEntry::to_bytes).collect();
    // Not compressed: what changes is what is read.
    zstd_stored(&plain)
}

/// A zstd frame of one block that is stored as it is (RFC 8878, section 3.1.1), of fewer than 64 KiB.
fn zstd_stored(plain: &[u8]) -> Vec<u8> {
    let block = (plain.len() as u32) << 3 | 1;
    // Magic number; a single segment with its length in four bytes; the block.
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    bytes.extend((plain.len() as u32).to_le_bytes());
    bytes.extend(&block.to_le_bytes()[..3]);
    bytes.extend(plain);
    bytes
}

#[test]
fn segments() {
    let target = Target {
        name: "segments",
        seeds: vec![packed(1), packed(3), packed(20), packed(0), b"(\xb5/\xfd".to_vec()],
        min_inside_percent: 5,
        ..Target::default()
    };
    fuzz(&target, |bytes| {
        let (first, last) = (EntryId([0; 32]), EntryId([0xff; 32]));
        let mut reached = Reached::Door;
        // As many as it has, whatever that is.
        for count in [0, 1, 3, 20] {
            let of = Segment { sha256: [0; 32], bytes: bytes.len() as u64, count, first, last };
            let (mut reader, mut plain, mut read) = (SegmentReader::new(&of).unwrap(), 0, 0);
            let mut is_sound = true;
            for chunk in bytes.chunks(1 + bytes.len() % 37) {
                reader.push(chunk);
                while is_sound {
                    match reader.next_entry() {
                        Ok(None) => break,
                        Err(_) => is_sound = false,
                        Ok(Some((head, body))) => {
                            read += 1;
                            plain += head.len() + body.map_or(0, |body| body.len());
                        }
                    }
                }
            }
            assert!(read <= count && plain <= MAX_SEGMENT_PLAIN_BYTES);
            if read > 0 && reached == Reached::Door {
                reached = Reached::Inside;
            }
            if is_sound && let Ok(rest) = reader.finish() {
                assert_eq!(read + u64::from(rest.is_some()), count);
                reached = Reached::End;
            }
        }
        reached
    });
}

#[test]
fn segment_lists() {
    let id = |byte: u8| EntryId([byte; 32]);
    let of =
        |first, last| Segment { sha256: [7; 32], bytes: 100, count: 5, first: id(first), last: id(last) };
    let list = |segments: Vec<Segment>| {
        let scopes = [(deadwax_index::entry::Scope::Main, ScopeSegments { position: 9, segments })].into();
        serde_json::to_vec(&SegmentList { incarnation: "0f".repeat(16), building: false, scopes }).unwrap()
    };
    let target = Target {
        name: "segment_lists",
        seeds: vec![
            list(vec![of(0, 0x7f), of(0x80, 0xff)]),
            list(vec![]),
            list(vec![of(5, 5), of(1, 1)]),
            b"{}".to_vec(),
        ],
        tokens: b"\"position\":0|\"count\":16385|\"segments\":[]|00|ff",
        min_inside_percent: 1,
        ..Target::default()
    };
    fuzz(&target, |bytes| match serde_json::from_slice::<SegmentList>(bytes) {
        Err(_) => Reached::Door,
        Ok(list) => {
            let mut reached = Reached::End;
            for scope in list.scopes.values() {
                if scope.check().is_err() {
                    reached = Reached::Inside;
                    continue;
                }
                // Where nothing is covered, no segment is.
                if let Some([first, last]) = scope.gap() {
                    assert!(first <= last);
                    assert!(scope.segments.iter().all(|of| of.last < first || of.first > last));
                }
            }
            reached
        }
    });
}

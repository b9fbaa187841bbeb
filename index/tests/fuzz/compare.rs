//! What nodes that compare their sets send: sketches, requests for buckets, lists of ids.

use deadwax_index::sync::digests::{Bucket, ListReader, parse_buckets, write_buckets};
use deadwax_index::sync::sketch::{
    OPEN_NETWORK, SKETCH_BYTES, SYMBOL_BYTES, Sketch, SketchItem, SketchKey, decode, estimate, read_symbols,
};
use sha2::{Digest as _, Sha256};

use crate::harness::{Reached, Target, fuzz};

fn items(count: u8) -> Vec<SketchItem> {
    (0..count).map(|n| *Sha256::digest([n]).first_chunk().unwrap()).collect()
}

/// The beginning of a sketch: symbols of real items are what changes into the worst ones.
fn sketch(count: u8, symbols: usize) -> Vec<u8> {
    let mut sketch = Sketch::new(SketchKey::of_network(&OPEN_NETWORK));
    items(count).iter().for_each(|item| sketch.toggle(item));
    sketch.to_bytes()[..symbols * SYMBOL_BYTES].to_vec()
}

#[test]
fn sketches() {
    let seeds = [(0, 4), (1, 1), (1, 40), (3, 9), (10, 40), (20, 60), (60, 50)];
    let target = Target {
        name: "sketches",
        seeds: seeds.map(|(count, symbols)| sketch(count, symbols)).to_vec(),
        min_inside_percent: 5,
        ..Target::default()
    };
    let (key, own) =
        (SketchKey::of_network(&OPEN_NETWORK), Sketch::new(SketchKey::of_network(&OPEN_NETWORK)));
    fuzz(&target, |bytes| {
        let Some(symbols) = read_symbols(bytes) else {
            assert!(!bytes.len().is_multiple_of(SYMBOL_BYTES) || bytes.len() > SKETCH_BYTES);
            return Reached::Door;
        };
        estimate(own.symbols(), &symbols);
        let decoded = decode(key, own.symbols(), &symbols);
        assert!(decoded.items.len() <= symbols.len() && decoded.items.is_sorted_by(|one, next| one < next));
        if !decoded.is_complete {
            return Reached::Inside;
        }
        // What is complete is the sketch of just these items.
        let mut again = Sketch::new(key);
        decoded.items.iter().for_each(|item| again.toggle(item));
        assert_eq!(again.symbols()[..symbols.len()], symbols);
        Reached::End
    });
}

#[test]
fn bucket_requests() {
    let all: Vec<_> = Bucket::all().collect();
    let target = Target {
        name: "bucket_requests",
        seeds: vec![
            write_buckets(&all[7..8]),
            write_buckets(&all[..20]),
            write_buckets(&all[4_090..]),
            vec![0x10, 0],
        ],
        min_inside_percent: 1,
        ..Target::default()
    };
    fuzz(&target, |bytes| match parse_buckets(bytes) {
        Err(_) => Reached::Door,
        Ok(buckets) => {
            assert_eq!(write_buckets(&buckets), bytes);
            assert!(!buckets.is_empty() && buckets.is_sorted_by(|one, next| one < next));
            Reached::End
        }
    });
}

#[test]
fn lists_of_ids() {
    let mut listed = items(100);
    listed.sort_unstable();
    let buckets: Vec<_> = listed.iter().map(|id| Bucket::of([id[0], id[1]])).collect();
    let target = Target {
        name: "lists_of_ids",
        seeds: vec![listed[..1].concat(), listed[40..60].concat(), listed.concat(), Vec::new()],
        min_inside_percent: 5,
        ..Target::default()
    };
    fuzz(&target, |bytes| {
        let (mut reader, mut read) = (ListReader::new(&buckets), Vec::new());
        // In pieces, as streams come.
        for chunk in bytes.chunks(1 + bytes.len() % 37) {
            match reader.push(chunk) {
                Ok(ids) => read.extend(ids),
                Err(_) => return if read.is_empty() { Reached::Door } else { Reached::Inside },
            }
        }
        assert!(read.is_sorted_by(|one, next| one < next));
        assert!(read.iter().all(|id| buckets.contains(&Bucket::of([id[0], id[1]]))));
        assert_eq!(read.as_flattened(), &bytes[..bytes.len() / 16 * 16]);
        if reader.finish().is_ok() { Reached::End } else { Reached::Inside }
    });
}

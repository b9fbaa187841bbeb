//! Real MusicBrainz records of 1968 to 1973, packed as the official dumps are.
//!
//! They are not part of this repository: the test looks for them in `DEADWAX_CORPUS`, or in
//! `shared/corpus` beside the checkout. In CI their absence is a failure; elsewhere the tests say that
//! they were skipped.
#![allow(clippy::unwrap_used)]

use deadwax_index::catalogue::{Catalogue, Kind, Record, import};
use deadwax_index::mbid::Uuid;
use std::path::PathBuf;

/// The corpus, or `None` after saying that a test was skipped.
fn corpus(test: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus");
    let path = PathBuf::from(std::env::var_os("DEADWAX_CORPUS").unwrap_or_else(|| beside.into()));
    if path.join("musicbrainz/json-dump-1968-1973").is_dir() {
        return Some(path.join("musicbrainz"));
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "the corpus is missing in CI");
    println!("skipped: {test}: no corpus at {} (set DEADWAX_CORPUS)", path.display());
    None
}

#[test]
fn the_corpus_has_exactly_these_records_whichever_order_the_files_come_in() {
    let Some(corpus) = corpus("MusicBrainz dumps") else { return };
    let folder = corpus.join("json-dump-1968-1973");
    let names = ["artist", "label", "release-group", "release"];
    let mut orders = vec![vec![folder.clone()]];
    for first in 0..names.len() {
        let mut order = names;
        order.rotate_left(first);
        if first % 2 == 1 {
            order.reverse();
        }
        orders.push(order.map(|name| folder.join(format!("{name}.tar.xz"))).to_vec());
    }
    for order in orders {
        let dir = tempfile::tempdir().unwrap();
        let start = std::time::Instant::now();
        let stats = import(dir.path(), &order, |_| {}).unwrap();
        println!("{stats:?} in {:?}", start.elapsed());
        let counts = [stats.release_groups, stats.releases, stats.artists, stats.labels];
        assert_eq!(counts, [7_126, 8_018, 3_691, 1_006], "{order:?}");
        assert_eq!(stats.dump, "2014-01-01 00:00:00.000000+00");
        let catalogue = Catalogue::open(dir.path()).unwrap().unwrap();
        let friends = Uuid::parse_str("320eeca0-a5ff-383f-a66e-b2f559ed0ab6").unwrap();
        let friends = catalogue.group(&friends).unwrap().unwrap();
        assert_eq!((friends.artist.as_str(), friends.title.as_str()), ("The Beach Boys", "Friends"));
        assert_eq!((friends.year, friends.types), (Some(1968), vec!["Album".to_owned()]));
    }
}

#[test]
fn records_with_every_key_are_read() {
    let Some(corpus) = corpus("MusicBrainz records with every key") else { return };
    for kind in [Kind::Artist, Kind::ReleaseGroup, Kind::Release] {
        let path = corpus.join(format!("format-example/{}.json", kind.dump_name()));
        Record::parse(kind, &std::fs::read(path).unwrap()).unwrap();
    }
    let mut read = 0;
    for kind in Kind::ALL {
        let path = corpus.join(format!("ws2-extract/{}.jsonl", kind.dump_name()));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            Record::parse(kind, line.as_bytes()).unwrap_or_else(|error| panic!("{kind:?}: {error}: {line}"));
            read += 1;
        }
    }
    assert_eq!(read, 376 + 181 + 185 + 517);
}

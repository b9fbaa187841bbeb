//! What is made: the same for the same seed, in the form of the real thing, and like it in its figures.

#![allow(clippy::unwrap_used)]

use deadwax_bench::catalogue::{self, Options, World};
use deadwax_bench::entries;
use deadwax_index::catalogue::{Catalogue, Kind, Record, import};
use deadwax_index::entry::link::Link;
use deadwax_index::entry::{Scope, VerifiedEntry};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

const GROUPS: u64 = 1_000;

fn dumps(dir: &Path, seed: u64, with_tracks: bool, threads: usize) -> Vec<Vec<u8>> {
    let options = Options { groups: GROUPS, seed, with_tracks };
    catalogue::write(dir, options, threads).unwrap();
    Kind::ALL.map(|kind| std::fs::read(dir.join(format!("{}.tar.xz", kind.dump_name()))).unwrap()).into()
}

#[test]
fn a_catalogue_depends_on_its_seed_alone() {
    let dir = tempfile::tempdir().unwrap();
    let made = dumps(dir.path(), 1, false, 1);
    assert!(made == dumps(dir.path(), 1, false, 3), "however many threads there are");
    for (kind, (one, other)) in Kind::ALL.iter().zip(made.iter().zip(dumps(dir.path(), 2, false, 1))) {
        assert!(*one != other, "{kind:?}");
    }
}

#[test]
fn a_small_catalogue_is_the_beginning_of_a_large_one() {
    let [small, large] = [GROUPS, 3 * GROUPS].map(|groups| {
        let dir = tempfile::tempdir().unwrap();
        catalogue::write(dir.path(), Options { groups, seed: 1, with_tracks: false }, 2).unwrap();
        let mut lines = Vec::new();
        catalogue::lines(dir.path(), Kind::Release, |line| {
            lines.push(line.to_vec());
            Ok(true)
        })
        .unwrap();
        lines
    });
    assert!(small.len() > GROUPS as usize && small[..] == large[..small.len()]);
}

#[test]
fn a_catalogue_is_imported_whole() {
    let dir = tempfile::tempdir().unwrap();
    let written = catalogue::write(
        &dir.path().join("dumps"),
        Options { groups: GROUPS, seed: 1, with_tracks: true },
        2,
    )
    .unwrap();
    let mut media = 0;
    for kind in Kind::ALL {
        catalogue::lines(&dir.path().join("dumps"), kind, |line| {
            Record::parse(kind, line)?;
            let line: serde_json::Value = serde_json::from_slice(line)?;
            for medium in line["media"].as_array().into_iter().flatten() {
                assert_eq!(medium["tracks"].as_array().unwrap().len() as u64, medium["track-count"]);
                media += 1;
            }
            Ok(true)
        })
        .unwrap();
    }
    assert!(media > GROUPS);
    let data = dir.path().join("data");
    let stats = import(&data, &[dir.path().join("dumps")], |_| {}).unwrap();
    let counts = (stats.artists, stats.labels, stats.release_groups, stats.releases);
    assert_eq!(counts, (written.artists, written.labels, written.release_groups, written.releases));
    assert_eq!(counts.2, GROUPS);

    // Every group has an artist whom the catalogue knows, and every release its group.
    let catalogue = Catalogue::open(&data).unwrap().unwrap();
    let records = catalogue.groups_after(0).next_page(2 * GROUPS as usize).unwrap();
    let editions: usize = records.iter().map(|(_, record)| record.editions.len()).sum();
    assert_eq!(editions as u64, written.releases);
    for (_, record) in &records {
        assert!(record.artists.iter().all(|artist| !artist.names.is_empty()), "{record:?}");
    }
}

/// Within a quarter of what was measured of real titles (`catalogue/measured.rs`).
#[test]
fn titles_are_like_real_ones() {
    let world = World::new(1);
    let titles: Vec<String> =
        (0..48).flat_map(|block| world.block(block).groups).map(|group| group.title).collect();
    let words: Vec<&str> = titles.iter().flat_map(|title| title.split_whitespace()).collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for word in &words {
        *counts
            .entry(word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase())
            .or_default() += 1;
    }
    let mut common: Vec<usize> = counts.values().copied().collect();
    common.sort_unstable_by(|one, other| other.cmp(one));
    let of_all = |count: usize| common[..count].iter().sum::<usize>() as f64 / words.len() as f64;
    let marked = titles.iter().filter(|title| !title.is_ascii()).count() as f64 / titles.len() as f64;
    let characters = titles.iter().map(|title| title.chars().count()).sum::<usize>() as f64;
    for (what, made, real) in [
        ("words in a title", words.len() as f64 / titles.len() as f64, 3.75),
        ("characters in a title", characters / titles.len() as f64, 20.25),
        ("share of the ten commonest words", of_all(10), 0.164),
        ("share of the hundred commonest", of_all(100), 0.352),
        ("titles beyond ASCII", marked, 0.093 + 0.02),
    ] {
        assert!((made / real - 1.0).abs() < 0.25, "{what}: {made}, and {real} of real ones");
    }
}

#[test]
fn entries_are_valid_links_of_many_authors_to_records_of_the_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    catalogue::write(dir.path(), Options { groups: 300, seed: 1, with_tracks: false }, 2).unwrap();
    let mut known = BTreeSet::new();
    catalogue::releases(dir.path(), |release| {
        known.extend([release.mbid, release.group.mbid]);
        Ok(true)
    })
    .unwrap();
    let options = entries::Options { count: 2_000, seed: 1, catalogue: Some(dir.path().to_owned()) };
    let made = entries::make(&options).unwrap();
    assert_eq!(made.len(), 2_000);
    let (mut slots, mut authors) = (BTreeSet::new(), BTreeSet::new());
    for entry in &made {
        let entry = VerifiedEntry::verify(&entry.to_bytes()).unwrap();
        let (head, link) = (entry.head(), Link::from_body(entry.body().unwrap()).unwrap());
        assert!(known.contains(&link.mbid) && known.contains(&link.group()), "{link:?}");
        assert_eq!((head.scope(), entry.void_reason()), (Scope::Main, None));
        assert!(head.statement().n < 10_000);
        assert!(slots.insert((head.author(), head.statement().n)), "an author has used an n twice");
        authors.insert(head.author());
    }
    assert!(authors.len() > 30, "{}", authors.len());

    // The files hold the same, and so does another run.
    let files = entries::write(&dir.path().join("entries"), &options, 2).unwrap();
    let bytes: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    assert!(bytes == made.iter().flat_map(VerifiedEntry::to_bytes).collect::<Vec<_>>());
}

/// Without a catalogue, entries are about the records that one of the same seed has.
#[test]
fn invented_entries_fit_the_catalogue_of_their_seed() {
    let dir = tempfile::tempdir().unwrap();
    catalogue::write(dir.path(), Options { groups: 450, seed: 3, with_tracks: false }, 2).unwrap();
    let [invented, read] = [None, Some(dir.path().to_owned())]
        .map(|catalogue| entries::make(&entries::Options { count: 400, seed: 3, catalogue }).unwrap());
    assert!(invented == read);
}

//! Files as a power cut or a bad disk may leave them: cut short, or with other bytes in them.

use crate::ingest::assert_whole;
use crate::search::{answers, assert_same, rebuilt};
use crate::steps::{assert_steps, position, take};
use crate::{Random, copy, seed};
use deadwax_index::search::SearchIndex;
use deadwax_index::store::Store;
use std::fs;
use std::path::{Path, PathBuf};

const MOST_IN_A_STEP: u64 = 20;

/// Cut at a random place, or changed there, or zeros from there on.
fn tear(file: &Path, random: &mut Random) -> usize {
    let mut bytes = fs::read(file).unwrap();
    if bytes.is_empty() {
        return 0;
    }
    let place = random.below(bytes.len() as u64) as usize;
    match random.below(3) {
        0 => bytes.truncate(place),
        1 => bytes[place] ^= 1 << random.below(8),
        _ => bytes[place..].fill(0),
    }
    fs::write(file, bytes).unwrap();
    place
}

#[test]
fn a_torn_log_of_the_database_costs_the_last_transactions_and_nothing_else() {
    const STEPS: u64 = 40;
    let seed = seed();
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    take(&store, seed, MOST_IN_A_STEP, STEPS, |_, _| {}).unwrap();
    // While it is open: closing it would empty the log.
    let files = ["entries.db", "entries.db-wal"].map(|name| (name, fs::read(dir.path().join(name)).unwrap()));
    let log_bytes = files[1].1.len();
    assert!(log_bytes > 100_000, "{log_bytes}");
    let (mut seen, mut by_place) = (vec![0; STEPS as usize + 1], Vec::new());
    for _ in 0..150 {
        let copy = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            fs::write(copy.path().join(name), bytes).unwrap();
        }
        let place = tear(&copy.path().join("entries.db-wal"), &mut random);
        let Ok(torn) = Store::open(copy.path()) else { panic!("torn at {place} it cannot be opened") };
        let steps = position(&torn, seed);
        assert_steps(&torn, seed, MOST_IN_A_STEP, steps);
        assert_whole(copy.path(), &torn);
        // It goes on.
        take(&torn, seed + 1, MOST_IN_A_STEP, 2, |_, _| {}).unwrap();
        seen[steps as usize] += 1;
        by_place.push((place, steps));
    }
    by_place.sort_unstable();
    assert!(by_place.is_sorted_by_key(|(_, steps)| *steps), "an earlier tear left more: {by_place:?}");
    let kinds = seen.iter().filter(|count| **count > 0).count();
    println!("150 tears of a log of {log_bytes} bytes left {kinds} different numbers of steps");
    assert!(kinds > 20 && seen[STEPS as usize] < 30, "{seen:?}");
}

/// All files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

#[test]
fn a_torn_file_of_the_search_index_is_noticed() {
    let seed = seed();
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    {
        let store = Store::open(dir.path()).unwrap();
        let search = SearchIndex::open(dir.path()).unwrap();
        for part in 0..3 {
            take(&store, seed + part, MOST_IN_A_STEP, 20, |_, _| {}).unwrap();
            search.catch_up(&store).unwrap();
        }
        search.finish().unwrap();
    }
    let expected = rebuilt(dir.path());
    assert!(expected.iter().all(|(_, found)| !found.is_empty()));
    let mut torn = 0;
    for _ in 0..40 {
        let elsewhere = tempfile::tempdir().unwrap();
        copy(dir.path(), elsewhere.path(), "");
        let files = files(&elsewhere.path().join("search"));
        let file = &files[random.below(files.len() as u64) as usize];
        let place = tear(file, &mut random);
        torn += u64::from(!fs::read(file).unwrap().is_empty() || place > 0);
        let store = Store::open(elsewhere.path()).unwrap();
        let search = SearchIndex::open(elsewhere.path()).unwrap();
        search.catch_up(&store).unwrap();
        println!("{} torn at {place}", file.display());
        assert_same(&answers(&search, &store), &expected);
    }
    println!("40 tears, {torn} of them in files that hold something");
    assert!(torn > 20);
}

//! Killed while the search index follows the store, and while it is built anew: in the end it finds what
//! an index finds that was built in peace.

use crate::ingest::assert_whole;
use crate::steps::{link, position, take};
use crate::worker::{run_and_kill, say};
use crate::{Random, copy, seed};
use deadwax_index::entry::Kind;
use deadwax_index::entry::identity::Identity;
use deadwax_index::ingest::ingest;
use deadwax_index::mbid::Uuid;
use deadwax_index::search::{MAX_DEPTH, MAX_LIMIT, Query, SearchIndex};
use deadwax_index::store::Store;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const KILLS_AT_FOLLOWING: u64 = 50;
const KILLS_AT_REBUILDING: u64 = 20;
const THOROUGH_EVERY: u64 = 10;
/// So few that most of the time goes into commits of the index.
const MOST_IN_A_STEP: u64 = 12;
const LONGEST_MS: u64 = 400;
/// Records for rebuilding.
const RECORDS: u64 = 8_000;

pub fn follow(dir: &Path, seed: u64) {
    let store = Store::open(dir).unwrap();
    let search = SearchIndex::open(dir).unwrap();
    say(format_args!("begins"));
    take(&store, seed, MOST_IN_A_STEP, u64::MAX, |step, store| {
        search.catch_up(store).unwrap();
        say(format_args!("step {step}"));
    })
    .unwrap();
}

pub fn rebuild(dir: &Path) {
    let store = Store::open(dir).unwrap();
    say(format_args!("begins"));
    SearchIndex::open(dir).unwrap().catch_up(&store).unwrap();
    say(format_args!("done"));
}

/// An answer: the question, and the MBIDs of all that it finds, sorted. Not in the order of the answer: the
/// score of a hit depends a little on documents that were replaced and are not cleared away yet.
type Answer = (String, Vec<Uuid>);

/// What an index answers: all of it by year, and some of it by words.
pub fn answers(search: &SearchIndex, store: &Store) -> Vec<Answer> {
    let ask = |text: &str| {
        let mut found = Vec::new();
        loop {
            let query =
                Query { text: text.into(), limit: MAX_LIMIT, offset: found.len(), ..Query::default() };
            let hits = search.search(store, &query).unwrap();
            found.extend(hits.groups.iter().map(|group| group.mbid));
            if hits.groups.is_empty() {
                assert_eq!(found.len() as u64, hits.total.min(MAX_DEPTH as u64), "{text}");
                found.sort_unstable();
                return (text.to_owned(), found);
            }
        }
    };
    // With the filter nothing is found by chance: no word is forgiven.
    let words =
        ["salt maps", "low water", "lantern tide", "harbour ebb"].map(|words| format!("{words} format:flac"));
    let years = (0..7).map(|decade| format!("year:{}..{}", 1950 + decade * 10, 1959 + decade * 10));
    years.chain(words).map(|text| ask(&text)).collect()
}

/// Says which answer differs, not all that is in it.
pub fn assert_same(found: &[Answer], expected: &[Answer]) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((&found.0, found.1.len()), (&expected.0, expected.1.len()), "how many");
        assert!(found.1 == expected.1, "{}: others are found", found.0);
    }
}

/// The answers of an index that is built anew from a copy of all but the index.
pub fn rebuilt(dir: &Path) -> Vec<Answer> {
    let elsewhere = tempfile::tempdir().unwrap();
    copy(dir, elsewhere.path(), "search");
    let store = Store::open(elsewhere.path()).unwrap();
    let search = SearchIndex::open(elsewhere.path()).unwrap();
    search.catch_up(&store).unwrap();
    let found = answers(&search, &store);
    search.finish().unwrap();
    found
}

/// Deletes the index, if there is one.
fn forget(dir: &Path) {
    let index = dir.join("search");
    if index.exists() {
        fs::remove_dir_all(index).unwrap();
    }
}

/// As after a restart; the same again as an index that is built anew.
fn assert_as_rebuilt(dir: &Path) -> u64 {
    let store = Store::open(dir).unwrap();
    let search = SearchIndex::open(dir).unwrap();
    search.catch_up(&store).unwrap();
    let found = answers(&search, &store);
    // What goes on in the background would be in the next worker's way.
    search.finish().unwrap();
    drop(store);
    assert_same(&found, &rebuilt(dir));
    found.iter().take(7).map(|(_, found)| found.len() as u64).sum()
}

#[test]
fn killed_while_the_search_index_follows() {
    let seed = seed();
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut at_work) = (0, 0);
    for kill in 1..=KILLS_AT_FOLLOWING {
        let worker = seed + kill;
        let after = Duration::from_micros(random.below(LONGEST_MS * 1_000));
        let killed = run_and_kill("follow", dir.path(), worker, after);
        assert!(killed.was_alive, "its work has no end");
        let steps: u64 = killed.last("step").map_or(0, |step| step.parse().unwrap());
        at_work += u64::from(steps > 0);
        acknowledged += steps;
        // In between, the next worker is the first to open what was left.
        if kill % THOROUGH_EVERY == 0 {
            let there = position(&Store::open(dir.path()).unwrap(), worker);
            assert!((steps..=steps + 1).contains(&there), "{there} of {steps} steps");
            let found = assert_as_rebuilt(dir.path());
            assert!(found > 0 || acknowledged == 0);
        }
    }
    let count = assert_whole(dir.path(), &Store::open(dir.path()).unwrap());
    println!(
        "{KILLS_AT_FOLLOWING} kills, {at_work} of them after the first step; {acknowledged} steps, {count} entries"
    );
    assert!(at_work > KILLS_AT_FOLLOWING / 5, "hardly any was killed at work: {at_work}");
}

#[test]
fn killed_while_the_search_index_is_built_anew() {
    let seed = seed();
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for author in 0..RECORDS / 4_000 {
        let mut identity = Identity::from_secret([author as u8 + 1; 32]);
        for part in 0..4 {
            let body = |n| link(Random(author << 32 | n).next()).to_body().unwrap();
            let sign = |n| identity.sign(body(n), Kind::Link.number(), n, 494_000);
            ingest(&store, &(part * 1_000..(part + 1) * 1_000).map(sign).collect::<Vec<_>>(), None).unwrap();
        }
    }
    drop(store);
    let expected = rebuilt(dir.path());
    let start = Instant::now();
    rebuild(dir.path());
    let longest = start.elapsed() + Duration::from_millis(20);
    forget(dir.path());
    let (mut kills, mut done, mut at_work) = (0, 0, 0);
    while kills < KILLS_AT_REBUILDING {
        // Now and then from nothing, else from whatever the last one left.
        if random.below(4) == 0 {
            forget(dir.path());
        }
        let time = Duration::from_micros(random.below(longest.as_micros() as u64));
        let killed = run_and_kill("rebuild", dir.path(), kills, time);
        if killed.was_alive && killed.last("done").is_none() {
            kills += 1;
            at_work += u64::from(killed.last("begins").is_some());
            if kills % (THOROUGH_EVERY / 2) != 0 {
                continue;
            }
        } else {
            done += 1;
            if done % (THOROUGH_EVERY / 2) != 0 {
                continue;
            }
        }
        let store = Store::open(dir.path()).unwrap();
        let search = SearchIndex::open(dir.path()).unwrap();
        search.catch_up(&store).unwrap();
        assert_same(&answers(&search, &store), &expected);
        search.finish().unwrap();
        forget(dir.path());
    }
    println!("{kills} kills, {at_work} of them after it had begun; {done} were done before");
    assert!(at_work > KILLS_AT_REBUILDING / 4, "hardly any was killed at work: {at_work}");
}

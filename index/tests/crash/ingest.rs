//! Killed while entries join the set and the outbox.

use crate::steps::{assert_steps, position, take};
use crate::worker::{run_and_kill, say};
use crate::{Random, assert_sound, seed};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{EntryId, Kind, Scope, VerifiedEntry};
use deadwax_index::store::Store;
use deadwax_index::sync::root::SetSum;
use std::path::Path;
use std::time::Duration;

const KILLS: u64 = 90;
/// Kills between two checks of everything.
const THOROUGH_EVERY: u64 = 15;
const MOST_IN_A_STEP: u64 = 40;
const LONGEST_MS: u64 = 100;

pub fn work(dir: &Path, seed: u64) {
    let store = Store::open(dir).unwrap();
    say(format_args!("begins"));
    let mut author = Identity::from_secret([0x77; 32]);
    take(&store, seed, MOST_IN_A_STEP, u64::MAX, |step, store| {
        say(format_args!("step {step}"));
        if step % 4 == 0 {
            let entry = author.sign(vec![0xa0], Kind::Link.number(), seed << 32 | step, 494_000);
            store.put_in_outbox(&entry, &[9; 32], 0, None).unwrap();
            say(format_args!("waits {}", entry.head().id()));
        }
    })
    .unwrap();
}

#[test]
fn killed_while_entries_join_the_set() {
    let seed = seed();
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    let (mut kills, mut steps, mut at_work) = (0, 0, 0);
    // Workers whose steps have not been looked at yet, with the last that each has acknowledged.
    let mut unseen: Vec<(u64, u64)> = Vec::new();
    let mut waiting: Vec<EntryId> = Vec::new();
    while kills < KILLS {
        let worker = seed + kills;
        let after = Duration::from_micros(random.below(LONGEST_MS * 1_000));
        let killed = run_and_kill("ingest", dir.path(), worker, after);
        assert!(killed.was_alive, "its work has no end");
        kills += 1;
        let step = killed.last("step").map_or(0, |step| step.parse().unwrap());
        at_work += u64::from(step > 0);
        unseen.push((worker, step));
        waiting.extend(
            killed.said.iter().filter_map(|line| line.strip_prefix("waits ")?.parse::<EntryId>().ok()),
        );
        // Now and then the next worker is the first to open what was left.
        if random.below(3) == 0 && kills < KILLS {
            continue;
        }
        let store = Store::open(dir.path()).unwrap();
        for (worker, acknowledged) in unseen.drain(..) {
            let there = position(&store, worker);
            assert!(
                there >= acknowledged,
                "{worker}: {acknowledged} steps were acknowledged, {there} are there"
            );
            // It was killed after at most one transaction that it could not acknowledge.
            assert!(there <= acknowledged + 1, "{worker}: {there} of {acknowledged}");
            assert_steps(&store, worker, MOST_IN_A_STEP, there);
            steps += there;
        }
        for id in &waiting {
            assert!(store.waiting(id).unwrap().is_some(), "{id} waited");
        }
        if kills % THOROUGH_EVERY == 0 {
            assert_whole(dir.path(), &store);
        }
    }
    let store = Store::open(dir.path()).unwrap();
    let count = assert_whole(dir.path(), &store);
    println!("{kills} kills, {at_work} of them after the first step; {steps} steps, {count} entries");
    assert!(at_work > KILLS / 4, "hardly any was killed at work: {at_work}");
}

/// Databases sound, roots those of the rows, each entry valid, and each link shown. Returns how many entries
/// there are.
pub fn assert_whole(dir: &Path, store: &Store) -> u64 {
    for name in ["entries.db", "private.db", "catalogue.db"] {
        assert_sound(&dir.join(name));
    }
    let mut count = 0;
    for scope in Scope::ALL {
        let (mut sum, mut after) = (SetSum::default(), 0);
        loop {
            let page = store.tail_page(scope, after, 1_000).unwrap();
            for stored in &page.entries {
                let entry = stored.verify().unwrap();
                sum.insert(&entry.head().id());
                // Every seventh, for the time that it takes.
                if stored.seq % 7 == 0 {
                    assert_shown(store, &entry);
                }
            }
            if page.entries.is_empty() {
                break;
            }
            after = page.position;
        }
        let state = store.scope_state(scope).unwrap();
        assert_eq!((state.count, state.root), (sum.count(), sum.root(scope)), "{scope:?}");
        count += state.count;
    }
    count
}

fn assert_shown(store: &Store, entry: &VerifiedEntry) {
    if let Some(Ok(link)) = entry.body().map(deadwax_index::entry::link::Link::from_body) {
        let group = store.group(&link.group()).unwrap().unwrap();
        assert!(group.links.iter().any(|shown| shown.entry == entry.head().id()));
    }
}

//! Killed while the projections are built anew: they are the old ones or the new ones, and equal either way.

use crate::ingest::assert_whole;
use crate::steps::{assert_steps, position, take};
use crate::worker::{run_and_kill, say};
use crate::{Random, seed};
use deadwax_index::store::Store;
use std::path::Path;
use std::time::Duration;

const KILLS: u64 = 30;
const MOST_IN_A_STEP: u64 = 60;
const LONGEST_MS: u64 = 150;

pub fn work(dir: &Path, seed: u64) {
    let store = Store::open(dir).unwrap();
    say(format_args!("begins"));
    take(&store, seed, MOST_IN_A_STEP, u64::MAX, |step, store| {
        say(format_args!("step {step}"));
        store.rebuild_projections(|_| {}).unwrap();
        say(format_args!("rebuilt {step}"));
    })
    .unwrap();
}

#[test]
fn killed_while_projections_are_built_anew() {
    let seed = seed();
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    let (mut rebuilt, mut in_between) = (0, 0);
    for kill in 0..KILLS {
        let worker = seed + kill;
        let after = Duration::from_micros(random.below(LONGEST_MS * 1_000));
        let killed = run_and_kill("projections", dir.path(), worker, after);
        assert!(killed.was_alive, "its work has no end");
        let number = |word: &str| killed.last(word).map_or(0, |step| step.parse::<u64>().unwrap());
        rebuilt += number("rebuilt");
        in_between += u64::from(number("step") > number("rebuilt"));
        let store = Store::open(dir.path()).unwrap();
        let there = position(&store, worker);
        assert!((number("step")..=number("step") + 1).contains(&there), "{there}");
        assert_steps(&store, worker, MOST_IN_A_STEP, there);
        let left = store.projection_digests().unwrap();
        store.rebuild_projections(|_| {}).unwrap();
        assert!(left == store.projection_digests().unwrap(), "other projections after a kill");
    }
    let count = assert_whole(dir.path(), &Store::open(dir.path()).unwrap());
    println!(
        "{KILLS} kills, {in_between} of them before a rebuild was done; {rebuilt} rebuilds, {count} entries"
    );
    assert!(in_between > KILLS / 5, "hardly any was killed at work: {in_between}");
}

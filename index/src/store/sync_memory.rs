//! By hand: how much memory a node holds to compare its set with others', where that has ten million entries.
//!
//! `cargo test --release --workspace --lib -- --ignored --nocapture memory_for_sync`

use super::Store;
use crate::entry::{EntryId, Scope};
use crate::sync::sketch::OPEN_NETWORK;
use rusqlite::params;
use std::time::Instant;

const ENTRIES: u64 = 10_000_000;
/// The aim.
const MAX_BYTES: u64 = 20 << 20;

/// Memory of this process that is no mapped file.
fn own_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

/// Rows as entries have them, with ids that ascend, so that they can be written in minutes.
fn fill(store: &Store) {
    for part in 0..10 {
        store
            .write(|db| {
                db.execute("INSERT OR IGNORE INTO authors (author_no, key) VALUES (1, zeroblob(32))", [])?;
                let mut insert = db.prepare(
                    "INSERT INTO entries (id, scope, author_no, n, head) VALUES (?1, ?2, 1, ?3, zeroblob(100))",
                )?;
                for n in part * (ENTRIES / 10)..(part + 1) * (ENTRIES / 10) {
                    let first = n * (u64::MAX / ENTRIES);
                    let mut id = [0; 32];
                    for (chunk, salt) in id.as_chunks_mut::<8>().0.iter_mut().zip([0u64, 3, 5, 7]) {
                        *chunk = (first ^ first.wrapping_mul(salt)).to_be_bytes();
                    }
                    // One in a hundred of `core`.
                    insert.execute(params![id, i64::from(!n.is_multiple_of(100)), n as i64])?;
                }
                Ok(())
            })
            .unwrap();
    }
}

/// Where the child process finds the database: memory that filling it took is not given back, and would hide the rest.
const FILLED: &str = "DEADWAX_SYNC_MEMORY_DIR";

#[test]
#[ignore = "it takes some minutes and 3 GB of disk"]
fn memory_for_sync_of_ten_million_entries() {
    if let Some(dir) = std::env::var_os(FILLED) {
        return measure(&Store::open(dir.as_ref()).unwrap());
    }
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    fill(&Store::open(dir.path()).unwrap());
    println!("{ENTRIES} rows after {:?}", began.elapsed());
    let name = "store::sync_memory::memory_for_sync_of_ten_million_entries";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--ignored", "--exact", "--nocapture", name]).env(FILLED, dir.path());
    assert!(again.status().unwrap().success());
}

fn measure(store: &Store) {
    let [first, last] = [0, 0xff].map(|byte| EntryId([byte; 32]));
    // What any reader has, whatever it asks.
    store.count_between(Scope::Main, &first, &last).unwrap();
    let before = own_bytes();
    let since = || own_bytes().saturating_sub(before) >> 10;
    for scope in Scope::ALL {
        let began = Instant::now();
        store.digests(scope).unwrap();
        println!("{scope:?}: digests after {:?}, {} KiB", began.elapsed(), since());
        let began = Instant::now();
        store.frozen_sketch(scope, &OPEN_NETWORK).unwrap();
        println!("{scope:?}: sketch after {:?}, {} KiB", began.elapsed(), since());
    }
    assert!(since() > 1_000, "both sketches alone are more: {} KiB", since());
    assert!(since() <= MAX_BYTES >> 10, "{} KiB", since());
}

//! Processes that are killed in the middle of their work, and files that were torn: nothing that was
//! acknowledged is lost, and nothing is ever half there.
//!
//! `kill -9` ends a process between any two instructions, and what it wrote before is seen by the next one.
//! It says nothing about a power cut, in which what was written may be lost, in part and in another order:
//! against that stand `PRAGMA synchronous = FULL`, SQLite's checksums of its log and the syncs before each
//! rename. The tests in `torn.rs` come nearer to it, by files that were cut or changed.
//!
//! When a process is killed is random; `DEADWAX_CRASH_SEED` gives the numbers that a failure has printed,
//! which repeats what was done and roughly when.

#![allow(clippy::unwrap_used)]

mod catalogue;
mod ingest;
mod projections;
mod search;
mod steps;
mod torn;
mod worker;

use rusqlite::Connection;
use std::fs;
use std::path::Path;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Where a test begins, printed so that it can begin there again.
fn seed() -> u64 {
    let set = std::env::var("DEADWAX_CRASH_SEED").ok();
    let seed = set.map_or_else(
        || std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 % 1_000_000,
        |seed| seed.parse().expect("a number"),
    );
    println!("DEADWAX_CRASH_SEED={seed}");
    seed
}

/// SQLite finds nothing wrong with a database.
fn assert_sound(database: &Path) {
    if database.exists() {
        let db = Connection::open(database).unwrap();
        let said: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(said, "ok", "{}", database.display());
        let broken = db.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
        assert!(!broken, "{}", database.display());
    }
}

/// Copies the files of a folder, and of the folders in it except for one.
fn copy(from: &Path, to: &Path, except: &str) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        if *file.file_name() == *except {
            continue;
        }
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &to, except);
        } else {
            fs::copy(file.path(), to).unwrap();
        }
    }
}

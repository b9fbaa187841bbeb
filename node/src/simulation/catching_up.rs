//! A node that lacks thousands of entries, scattered over the set of its peer: how long it takes to have them over a
//! slow and far link, beside the time that their bytes alone need.

use super::*;
use sha2::{Digest, Sha256};

/// As over Tor on a bad day.
const FAR: Weather = Weather { rtt: Duration::from_millis(1_500), bytes_per_sec: 150_000 };
const ENTRIES: u64 = 30_000;
const MISSING: u64 = 10_000;
/// Entries of one author.
const QUOTA: u64 = 10_000;
/// What is offered to a set at once.
const BATCH: usize = 4_096;

/// An entry as large as a link, of which as much can be compressed, to some 330 bytes: ids and hashes are random, words
/// are not.
fn link_like(author: &mut Identity, n: u64) -> VerifiedEntry {
    let noise =
        (0..7u8).flat_map(|part| Sha256::digest(format!("{n} {part} {:?}", author.author())).to_vec());
    let noise: Vec<u8> = noise.collect();
    let words = b"The Salt Cartographers - Maps of Low Water".repeat(8);
    let said = [&noise[..], &words[..224]].concat();
    author.sign([vec![0xa1, 0x05, 0x59, 0x01, 0xc0], said].concat(), 99, n, 494_000)
}

#[test]
fn ten_thousand_entries_come_nearly_as_fast_as_their_bytes() {
    simulate(async {
        let mut nodes = Nodes::start(2, 0..0, 1, FAR, 1);
        nodes.start_node(0, &[]);
        nodes.start_node(1, &[0]);
        let by_one = |author: u64| {
            let mut author = Identity::from_secret([100 + author as u8; 32]);
            (0..QUOTA).map(move |n| link_like(&mut author, n))
        };
        let mut all: Vec<VerifiedEntry> = (0..ENTRIES / QUOTA).flat_map(by_one).collect();
        all.sort_by_key(|entry| entry.head().id());
        // Chance decides what is missing: a third, scattered over the ids as over the order in which they came.
        let is_missing = |at: usize| (at as u64).is_multiple_of(ENTRIES / MISSING);
        let missing: Vec<u8> =
            (0..all.len()).filter(|at| is_missing(*at)).flat_map(|at| all[at].to_bytes()).collect();
        let known: Vec<VerifiedEntry> =
            (0..all.len()).filter(|at| !is_missing(*at)).map(|at| all[at].clone()).collect();
        for (node, entries) in [(0, &all), (1, &known)] {
            entries.chunks(BATCH).for_each(|some| _ = nodes.nodes[node].app.take_in(some, None).unwrap());
        }
        assert_eq!(ENTRIES - count(&nodes.nodes[1].app), MISSING);
        let payload = zstd::encode_all(missing.as_slice(), 3).unwrap().len();
        let started = Instant::now();
        let patience = Duration::from_secs(600);
        nodes.until_equal(patience).await;
        let arrivals = nodes.arrivals.lock().unwrap()[1].clone();
        let took = arrivals.iter().find(|(count, _)| *count == ENTRIES).unwrap().1 - started;
        let bytes = nodes.net.bytes.load(Ordering::Relaxed);
        let least = nodes.net.rtt(0, 1) + Duration::from_secs_f64(payload as f64 / FAR.bytes_per_sec as f64);
        let times = took.as_secs_f64() / least.as_secs_f64();
        println!(
            "{MISSING} of {ENTRIES} entries: {took:?}, {times:.2} times {least:?}; {payload} bytes at least, {bytes} were carried"
        );
        assert!(times <= 1.5, "{times:.2} times {least:?}");
    });
}

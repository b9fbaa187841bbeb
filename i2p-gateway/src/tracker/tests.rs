//! Tests of the tracker as its clients meet it: queries in, replies out.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::prelude::*;

use super::*;

const HASH: [u8; 20] = *b"\x00\xff<abcdefghijklmno&=";
const EXPIRY_SECS: u64 = 35 * 60;

fn tracker() -> Tracker {
    Tracker::with_seed(TrackerConfig::default(), 7)
}

fn member(n: u32) -> [u8; 32] {
    let mut hash = [0xd7; 32];
    hash[..4].copy_from_slice(&n.to_be_bytes());
    hash
}

fn hash(n: u32) -> [u8; 20] {
    let mut hash = [0x3c; 20];
    hash[16..].copy_from_slice(&n.to_be_bytes());
    hash
}

fn query(infohash: [u8; 20], rest: &str) -> String {
    format!("info_hash={}&peer_id=x&port=6881{rest}", percent_encode(&infohash, NON_ALPHANUMERIC))
}

/// A reply, taken apart by other means than it was put together.
#[derive(Debug, PartialEq)]
struct Reply {
    complete: u64,
    incomplete: u64,
    interval: u64,
    peers: Vec<[u8; 32]>,
    bytes: usize,
}

fn read(reply: &[u8]) -> Reply {
    fn number(rest: &mut &[u8], end: u8) -> u64 {
        let at = rest.iter().position(|b| *b == end).unwrap();
        let number = std::str::from_utf8(&rest[..at]).unwrap().parse().unwrap();
        *rest = &rest[at + 1..];
        number
    }
    fn text<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
        let length = number(rest, b':') as usize;
        let (text, after) = rest.split_at(length);
        *rest = after;
        text
    }
    let mut rest = reply.strip_prefix(b"d").unwrap().strip_suffix(b"e").unwrap();
    let mut numbers = HashMap::new();
    let mut peers = None;
    let mut last: &[u8] = b"";
    while !rest.is_empty() {
        let key = text(&mut rest);
        assert!(last < key, "keys are in order");
        last = key;
        if let Some(after) = rest.strip_prefix(b"i") {
            rest = after;
            numbers.insert(key, number(&mut rest, b'e'));
        } else {
            assert_eq!(key, b"peers");
            peers = Some(text(&mut rest));
        }
    }
    let (peers, odd) = peers.unwrap().as_chunks::<32>();
    assert!(odd.is_empty());
    Reply {
        complete: numbers[b"complete".as_slice()],
        incomplete: numbers[b"incomplete".as_slice()],
        interval: numbers[b"interval".as_slice()],
        peers: peers.to_vec(),
        bytes: reply.len(),
    }
}

fn announce(tracker: &Tracker, n: u32, rest: &str, now_secs: u64) -> Reply {
    read(&tracker.announce(&query(HASH, rest), member(n), now_secs))
}

#[test]
fn two_members_meet() {
    let tracker = tracker();
    let first = announce(&tracker, 1, "&left=0&event=started&numwant=0&compact=1", 100);
    assert_eq!(first, Reply { complete: 1, incomplete: 0, interval: 900, peers: vec![], bytes: first.bytes });
    let second = announce(&tracker, 2, "&left=1&event=started&numwant=24&compact=1", 110);
    assert_eq!((second.complete, second.incomplete), (1, 1));
    assert_eq!(second.peers, [member(1)]);
    let health = SwarmHealth { seeders: 1, leechers: 1, last_announce_age_secs: 5 };
    assert_eq!(tracker.health(&HASH, 115), Some(health));
    assert_eq!(tracker.health(&hash(9), 115), None);
}

#[test]
fn a_member_that_announces_again_is_counted_once_and_can_complete() {
    let tracker = tracker();
    announce(&tracker, 1, "&left=5&event=started", 0);
    let reply = announce(&tracker, 1, "&left=0&event=completed", 60);
    assert_eq!((reply.complete, reply.incomplete, reply.peers.len()), (1, 0, 0));
}

#[test]
fn what_a_query_says_about_its_sender_is_ignored() {
    let tracker = tracker();
    announce(&tracker, 1, "&left=0&ip=AAAA.i2p&port=1", 0);
    announce(&tracker, 1, "&left=0&ip=BBBB.i2p&port=2&peer_id=other", 0);
    assert_eq!(announce(&tracker, 2, "", 0).peers, [member(1)]);
}

#[test]
fn whoever_stops_is_gone_and_an_unknown_one_leaves_no_trace() {
    let tracker = tracker();
    announce(&tracker, 1, "&left=0", 0);
    announce(&tracker, 2, "&left=1", 0);
    let reply = announce(&tracker, 1, "&left=0&event=stopped&numwant=0", 1);
    assert_eq!((reply.complete, reply.incomplete, reply.peers.len()), (0, 1, 0));
    announce(&tracker, 3, "&event=stopped", 1);
    announce(&tracker, 2, "&event=stopped", 1);
    assert_eq!(tracker.health(&HASH, 1), None);
    assert_eq!(tracker.stats(1), TrackerStats::default());
    assert!(tracker.swarms().is_consistent());
}

#[test]
fn numwant_0_gets_a_short_reply_without_members() {
    let tracker = tracker();
    for n in 0..300 {
        announce(&tracker, n, "&left=0", 0);
    }
    let reply = announce(&tracker, 1, "&left=0&numwant=0", 0);
    assert!(reply.peers.is_empty() && reply.bytes < 1_024, "{}", reply.bytes);
}

#[test]
fn a_reply_names_25_different_others_at_most() {
    let tracker = tracker();
    for n in 0..100 {
        announce(&tracker, n, "", 0);
    }
    for (rest, expected) in [("", 25), ("&numwant=200", 25), ("&numwant=-1", 25), ("&numwant=7", 7)] {
        let peers = announce(&tracker, 5, rest, 0).peers;
        let different: HashSet<_> = peers.iter().collect();
        assert_eq!((peers.len(), different.len()), (expected, expected), "{rest}");
        assert!(!peers.contains(&member(5)));
    }
}

#[test]
fn every_other_member_has_the_same_chance() {
    let tracker = tracker();
    for n in 0..50 {
        announce(&tracker, n, "", 0);
    }
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    for _ in 0..4_000 {
        for peer in announce(&tracker, 0, "&numwant=10", 0).peers {
            *seen.entry(peer).or_default() += 1;
        }
    }
    // 4,000 draws of 10 out of 49: 816 each, with a standard deviation of 25.
    assert_eq!(seen.len(), 49);
    for (peer, count) in seen {
        assert!((690..=940).contains(&count), "{count} times {peer:?}");
    }
}

#[test]
fn members_expire_20_minutes_after_they_were_due() {
    let tracker = tracker();
    announce(&tracker, 1, "&left=0", 0);
    announce(&tracker, 2, "&left=1", 600);
    assert_eq!(tracker.health(&HASH, EXPIRY_SECS).unwrap().seeders, 1);
    let health = SwarmHealth { seeders: 0, leechers: 1, last_announce_age_secs: EXPIRY_SECS - 599 };
    assert_eq!(tracker.health(&HASH, EXPIRY_SECS + 1), Some(health));
    assert_eq!(announce(&tracker, 3, "", EXPIRY_SECS + 1).peers, [member(2)]);
    assert_eq!(tracker.health(&HASH, 3 * EXPIRY_SECS), None);
    assert_eq!(tracker.stats(3 * EXPIRY_SECS), TrackerStats::default());
}

#[test]
fn expiry_follows_the_interval_but_not_below_what_clients_do() {
    for (interval_secs, expiry_secs) in [(5, 2_100), (900, 2_100), (3_600, 4_800), (0, 2_100)] {
        let tracker = Tracker::with_seed(TrackerConfig { interval_secs }, 7);
        let reply = announce(&tracker, 1, "", 0);
        assert_eq!(reply.interval, interval_secs.max(1));
        assert!(tracker.health(&HASH, expiry_secs).is_some());
        assert!(tracker.health(&HASH, expiry_secs + 1).is_none());
    }
}

#[test]
fn a_swarm_holds_200_and_the_most_silent_makes_room() {
    let tracker = tracker();
    for n in 0..200 {
        announce(&tracker, n, "", u64::from(n));
    }
    announce(&tracker, 0, "", 200);
    announce(&tracker, 777, "&left=0", 201);
    let health = tracker.health(&HASH, 201).unwrap();
    assert_eq!((health.seeders, health.leechers), (1, 199));
    let swarms = tracker.swarms();
    assert!(swarms.holds(&HASH, &member(0)) && swarms.holds(&HASH, &member(777)));
    assert!(!swarms.holds(&HASH, &member(1)));
}

#[test]
fn too_many_hashes_push_out_the_most_silent_one() {
    let tracker = tracker();
    tracker.swarms().limit(3, MAX_MEMBERS);
    let announce = |n| tracker.announce(&query(hash(n), ""), member(1), 0);
    (0..3).for_each(|n| drop(announce(n)));
    announce(0);
    announce(3);
    let known: Vec<_> = (0..4).filter(|n| tracker.health(&hash(*n), 0).is_some()).collect();
    assert_eq!(known, [0, 2, 3]);
    assert_eq!(tracker.stats(0).hashes, 3);
    assert!(tracker.swarms().is_consistent());
}

#[test]
fn too_many_members_push_out_the_most_silent_hash() {
    let tracker = tracker();
    tracker.swarms().limit(MAX_HASHES, 5);
    for (n, who) in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 0)] {
        tracker.announce(&query(hash(n), ""), member(who), 0);
    }
    assert_eq!(tracker.health(&hash(0), 0), None);
    assert_eq!(tracker.stats(0).members, 4);
}

#[test]
fn silent_hashes_are_let_go_without_being_asked_for() {
    let tracker = tracker();
    for n in 0..100 {
        tracker.announce(&query(hash(n), ""), member(1), 0);
    }
    for n in 0..25 {
        tracker.announce(&query(HASH, ""), member(n), EXPIRY_SECS + 1);
    }
    assert_eq!(tracker.swarms().len(), 1);
    assert!(tracker.swarms().is_consistent());
}

#[test]
fn refusals_are_bencoded_and_say_why() {
    let tracker = tracker();
    let refusal = |query: &str| String::from_utf8(tracker.announce(query, member(1), 0)).unwrap();
    assert_eq!(refusal(""), "d14:failure reason20:info_hash is missinge");
    assert_eq!(refusal("info_hash=%00"), "d14:failure reason26:info_hash must be 20 bytese");
    assert_eq!(refusal(&"a".repeat(9_000)), "d14:failure reason21:the query is too longe");
    assert_eq!(tracker.stats(0), TrackerStats::default());
}

#[test]
fn memory_is_estimated_by_what_is_held() {
    let tracker = tracker();
    for n in 0..1_000 {
        tracker.announce(&query(hash(n), ""), member(1), 0);
    }
    let stats = tracker.stats(0);
    assert_eq!((stats.hashes, stats.members), (1_000, 1_000));
    assert!((200_000..600_000).contains(&stats.bytes), "{}", stats.bytes);
}

#[test]
fn threads_share_a_tracker() {
    let tracker = tracker();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let tracker = &tracker;
            scope.spawn(move || (0..50).for_each(|m| drop(announce(tracker, n * 50 + m, "&left=0", 0))));
        }
    });
    assert_eq!(tracker.health(&HASH, 0).unwrap().seeders, 200);
}

proptest! {
    #[test]
    fn no_reply_begins_like_a_page(rest in "\\PC{0,60}", infohash in any::<[u8; 20]>()) {
        let tracker = tracker();
        for query in [rest.clone(), query(infohash, &rest)] {
            let reply = tracker.announce(&query, member(1), 0);
            prop_assert!(reply.starts_with(b"d8:complete") || reply.starts_with(b"d14:failure reason"));
        }
    }

    /// Whatever comes in whatever order, limits hold and the counts are those of what is held.
    #[test]
    fn limits_hold_in_any_order(
        steps in prop::collection::vec((0u32..6, 0u32..12, 0u64..900, 0u8..4), 1..150),
    ) {
        let tracker = tracker();
        tracker.swarms().limit(4, 20);
        let mut now_secs = 0;
        for (infohash, who, pause_secs, kind) in steps {
            now_secs += pause_secs;
            let rest = ["&left=0", "&left=9&numwant=3", "&event=stopped", "&left=0&event=completed"][kind as usize];
            let reply = read(&tracker.announce(&query(hash(infohash), rest), member(who), now_secs));
            prop_assert!(!reply.peers.contains(&member(who)));
            let swarms = tracker.swarms();
            prop_assert!(swarms.is_consistent());
            prop_assert_eq!(swarms.holds(&hash(infohash), &member(who)), kind != 2);
            prop_assert_eq!(reply.complete + reply.incomplete, swarms.size(&hash(infohash)) as u64);
        }
    }
}

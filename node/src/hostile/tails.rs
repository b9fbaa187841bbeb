//! What a hostile peer can put into a tail and into answers to a fetch.

use super::stage::*;
use crate::simulation::simulate;
use axum::body::Body;
use axum::response::Response;
use axum::routing::post;
use deadwax_index::entry::{Scope, VerifiedEntry};
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A fetch that yields nothing.
fn sends_nothing() -> axum::Router {
    lie("/sync/v1/entries", post(async |_: axum::body::Bytes| Response::new(Body::empty())))
}

#[test]
fn names_entries_that_nobody_has_and_withholds_those_that_others_have() {
    const INVENTED: u64 = 300;
    simulate(async {
        let mut stage = Stage::new();
        let (of_a, of_b) = (entries(1, 20), entries(2, 20));
        // A node with entries of its own reads tails by ids first.
        stage.publish(A, &of_a);
        stage.publish(B, &of_b);
        let invented = (0..INVENTED).map(|n| [[7; 8], n.to_be_bytes()].concat().try_into().unwrap());
        let named = ids(prefixes(&of_a).into_iter().chain(prefixes(&of_b)).chain(invented), INVENTED);
        let quiet = || stays_open(ids([], INVENTED), INVENTED);
        stage.lies(tails(quiet, move || stays_open(named.clone(), INVENTED)).merge(sends_nothing()));
        stage.follow_all().await;
        let started = Instant::now();
        stage.until_equal_with(&[of_a, of_b].concat()).await;
        // Claims are given back, so nobody waits for who does not send.
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
        for node in [A, B] {
            let report = stage.report(node);
            assert_eq!((report.unsent, report.entries), (INVENTED + 20, 0), "{report:?}");
        }
        // They are asked for once, not again and again.
        sleep(Duration::from_secs(3_600)).await;
        assert_eq!(stage.report(B).unsent, INVENTED + 20);
    });
}

#[test]
fn withholds_bodies() {
    simulate(async {
        let mut stage = Stage::new();
        let all = entries(1, 20);
        let heads: Vec<u8> = all.iter().flat_map(|entry| entry.head().bytes().to_vec()).chain([20]).collect();
        stage.lies(tails(move || stays_open(heads.clone(), 20), silence).merge(sends_nothing()));
        stage.follow(B, HOSTILE);
        stage.until("heads", |stage| stage.count(B, Scope::Main) == 20).await;
        let without_bodies = |stage: &Stage| stage.nodes[B].store.missing(&prefixes(&all)).unwrap().len();
        assert_eq!(without_bodies(&stage), 20);
        // Equal roots: only the tails tell that something is missing.
        stage.publish(A, &all);
        stage.follow_each_other();
        stage.until_equal_with(&all).await;
    });
}

/// What is no entry: a name, the bytes, and what is said of it.
fn no_entries() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let sound = entries(9, 3);
    let (whole_one, head) = (sound[0].to_bytes(), sound[0].head().bytes().to_vec());
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = whole_one.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    // The head ends with the length of the body (three bytes, the first of them 0x19) and the signature.
    let length_at = head.len() - 66 - 3;
    assert_eq!(head[length_at], 0x19);
    let of_core = {
        let mut author = deadwax_index::entry::identity::Identity::from_secret([9; 32]);
        author.sign(vec![0xa0], 9, 0, 494_000)
    };
    vec![
        ("a forged head", changed(head.len() - 1, &[whole_one[head.len() - 1] ^ 1]), "signature"),
        ("another author's", changed(20, &[whole_one[20] ^ 1]), "not a valid entry"),
        ("another body", changed(head.len() + 9, &[0xee]), "body"),
        ("a body alone", whole_one[head.len()..].to_vec(), "a body without its head"),
        ("two bodies", [&whole_one[..], &whole_one[head.len()..]].concat(), "a body without its head"),
        ("an oversized body", changed(length_at, &[0x19, 0xff, 0xff]), "a head has the wrong form"),
        ("an oversized head", changed(44, &[0xff]), "a head has the wrong form"),
        ("of another scope", of_core.to_bytes(), "another scope than main"),
        ("an id", ids([[7; 16]], 1), "an id or mark among entries"),
        ("no item", vec![0xff], "begins with byte 0xff"),
        ("a mark beyond all", [&[0x1b][..], &[0xff; 8]].concat(), "a mark is beyond all positions"),
        ("marks that go back", vec![9, 9, 3], "its marks go back, from 9 to 3"),
    ]
}

#[test]
fn sends_what_is_no_entry() {
    for (name, bytes, fault) in no_entries() {
        simulate(async {
            let mut stage = Stage::new();
            // A sound one before it, in the same batch, and a mark behind it.
            let tail = [entries(9, 1)[0].to_bytes(), bytes, vec![0x17]].concat();
            stage.lies(tails(move || stays_open(tail.clone(), 0x17), silence));
            stage.follow_all().await;
            stage.until_all_said([A, B], fault).await;
            let mut all = [entries(1, 20), entries(2, 20)].concat();
            stage.publish(A, &all[..20]);
            stage.publish(B, &all[20..]);
            // What a mark before the fault covered is kept, and it is the same everywhere.
            if name == "marks that go back" {
                all.extend(entries(9, 1));
            }
            stage.until_equal_with(&all).await;
        });
    }
}

#[test]
fn sends_entries_or_ids_and_never_a_mark() {
    for (form, fault) in [("full", "too many entries without a mark"), ("ids", "too many ids without a mark")]
    {
        simulate(async {
            let mut stage = Stage::new();
            let taken = Arc::new(AtomicU64::new(0));
            let entry = entries(9, 1)[0].to_bytes();
            let (of_full, of_ids) = (Arc::clone(&taken), Arc::clone(&taken));
            let full = move || {
                let entry = entry.clone();
                endless(&of_full, move || entry.clone())
            };
            let names = move || endless(&of_ids, || ids([[7; 16]; 9], 0)[..9 * 17].to_vec());
            stage.lies(if form == "full" { tails(full, silence) } else { tails(silence, names) });
            let all = [entries(1, 20), entries(2, 20)].concat();
            if form == "ids" {
                stage.publish(A, &all[..20]);
                stage.publish(B, &all[20..]);
            }
            stage.follow_all().await;
            stage.until_all_said([A, B], fault).await;
            if form == "full" {
                stage.publish(A, &all[..20]);
                stage.publish(B, &all[20..]);
            }
            stage.until_equal_with(&all).await;
            // Each connection reads 1,024 items of up to 627 bytes.
            let connections = stage.net.dials.load(Ordering::Relaxed);
            let bound = connections * (1_025 * 627 + BUFFERS_BYTES);
            assert!(taken.load(Ordering::Relaxed) < bound, "{taken:?} bytes, {connections} connections");
        });
    }
}

/// Marks that come so fast that a transaction never ends must not keep entries from being stored.
#[test]
fn sends_marks_without_end() {
    simulate(async {
        let mut stage = Stage::new();
        let sound = entries(9, 1);
        let tail = whole(&sound, 1);
        let flood = move || {
            let marks = stream::repeat(vec![1u8]).then(|mark| async move {
                sleep(Duration::from_millis(4)).await;
                mark
            });
            Body::from_stream(stream::iter([tail.clone()]).chain(marks).map(Ok::<_, std::io::Error>))
        };
        stage.lies(tails(flood, silence));
        stage.follow(B, HOSTILE);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(stage.count(B, Scope::Main), 1);
    });
}

/// A mark far beyond what there is: the next connection begins at the beginning again.
#[test]
fn sends_a_mark_beyond_its_newest_entry() {
    simulate(async {
        let mut stage = Stage::new();
        let sound = entries(9, 5);
        let (first, later) = (whole(&sound[..2], i64::MAX as u64), whole(&sound, 5));
        let connections = AtomicU64::new(0);
        let full = Arc::new(move || match connections.fetch_add(1, Ordering::Relaxed) {
            // It ends, so that B connects again.
            0 => Body::from(first.clone()),
            _ => stays_open(later.clone(), 5),
        });
        let by_ids = ids(prefixes(&sound), 5);
        stage.publish(HOSTILE, &sound);
        stage.lies(tails(move || full(), move || stays_open(by_ids.clone(), 5)));
        stage.follow(B, HOSTILE);
        stage.until("the first two", |stage| stage.count(B, Scope::Main) == 2).await;
        stage.until_said(B, "closed its tail").await;
        stage.until("the others", |stage| stage.count(B, Scope::Main) == 5).await;
        stage.follow_each_other();
        stage.until_equal_with(&sound).await;
    });
}

/// Nothing of an honest peer's is lost because a hostile one was first to name or send it.
#[test]
fn replays_the_same_entries_again_and_again() {
    simulate(async {
        let mut stage = Stage::new();
        let all = entries(1, 20);
        let again: Vec<VerifiedEntry> = (0..10).flat_map(|_| all.clone()).collect();
        let tail = whole(&again, 200);
        stage.lies(tails(move || stays_open(tail.clone(), 200), silence));
        stage.publish(A, &all);
        stage.follow(B, HOSTILE);
        stage.until("all of them", |stage| stage.report(B).known == 180).await;
        stage.follow_each_other();
        stage.until_equal_with(&all).await;
    });
}

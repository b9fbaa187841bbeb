//! Answers to a fetch that are small on the wire and large behind it.

use super::stage::*;
use crate::simulation::simulate;
use axum::body::Body;
use axum::response::Response;
use axum::routing::post;
use deadwax_index::entry::VerifiedEntry;
use hyper::header::{CONTENT_ENCODING, HeaderValue};
use std::io::Write;
use std::time::Duration;
use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder;

const NAMED: usize = 5;

fn compressed(plain: &[u8], times: usize, window_log: u32) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), 3).unwrap();
    encoder.set_parameter(CParameter::WindowLog(window_log)).unwrap();
    (0..times).for_each(|_| encoder.write_all(plain).unwrap());
    encoder.finish().unwrap()
}

/// The hostile node names some of its entries, and answers a fetch with these bytes.
fn answers_with(bytes: Vec<u8>, encoding: &'static str, fault: &'static str) {
    simulate(async {
        let mut stage = Stage::new();
        let (of_a, of_b, named) = (entries(1, 20), entries(2, 20), entries(9, NAMED as u64));
        stage.publish(A, &of_a);
        stage.publish(B, &of_b);
        stage.publish(HOSTILE, &named);
        let wire_bytes = bytes.len() as u64;
        let fetched = post(async move || {
            let mut answer = Response::new(Body::from(bytes));
            answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            answer
        });
        stage.lies(
            tails(silence, || stays_open(ids(prefixes(&entries(9, 5)), 5), 5))
                .merge(lie("/sync/v1/entries", fetched)),
        );
        stage.follow_all().await;
        stage.until_all_said([A, B], fault).await;
        // Whatever was sound before the fault may be here; nothing else is.
        let all: Vec<VerifiedEntry> = [of_a, of_b].concat();
        stage
            .until("equal sets", |stage| {
                let roots =
                    [A, B].map(|node| stage.nodes[node].scopes().unwrap().map(|(_, state)| state.root));
                roots[0] == roots[1] && stage.nodes[A].store.missing(&prefixes(&all)).unwrap().is_empty()
            })
            .await;
        let most = (all.len() + NAMED) as u64;
        assert!(stage.count(A, deadwax_index::entry::Scope::Main) <= most);
        assert!(wire_bytes < 1 << 20);
    });
}

#[test]
fn sends_a_bomb_of_entries_that_were_asked_for() {
    // 300 MB of one entry, in some tens of kilobytes: reading stops at twice as many as were asked for.
    let entry = entries(9, 1)[0].to_bytes();
    let started = std::time::Instant::now();
    let bomb = compressed(&entry, 300_000_000 / entry.len(), 20);
    let packed = started.elapsed();
    answers_with(bomb, "zstd", "more entries than were asked for");
    // To unpack all of it each time would take as long as this many times.
    assert!(started.elapsed() < packed + Duration::from_secs(20));
}

#[test]
fn sends_a_bomb_of_zeros() {
    answers_with(compressed(&[0; 1_000_000], 500, 20), "zstd", "an id or mark among entries");
}

#[test]
fn asks_for_a_window_of_memory_beyond_the_limit() {
    // 128 MiB; 8 are allowed.
    answers_with(compressed(&entries(9, 1)[0].to_bytes(), 300, 27), "zstd", "too much memory");
}

#[test]
fn ends_within_a_frame() {
    let mut frame = compressed(&entries(9, 1)[0].to_bytes(), 1, 20);
    frame.truncate(frame.len() - 3);
    answers_with(frame, "zstd", "ends in the middle of an item");
}

#[test]
fn uses_an_encoding_that_nobody_asked_for() {
    answers_with(vec![0x1f, 0x8b, 8, 0], "gzip", "an encoding that was not asked for");
}

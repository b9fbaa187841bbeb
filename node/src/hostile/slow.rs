//! Peers that take their time: nobody else waits for them, and they are let go. Honest ones on slow links are not.

use super::stage::*;
use crate::simulation::net::Weather;
use crate::simulation::simulate;
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::Response;
use axum::routing::{get, post};
use data_encoding::HEXLOWER;
use deadwax_index::entry::{Scope, VerifiedEntry};
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

const MINUTE: Duration = Duration::from_secs(60);

/// Bytes, one after each pause.
fn every(pause: Duration, bytes: Vec<u8>) -> Body {
    let bytes = stream::iter(bytes).then(move |byte| async move {
        sleep(pause).await;
        Ok::<_, std::io::Error>(vec![byte])
    });
    Body::from_stream(bytes)
}

fn a_byte_a_minute(bytes: Vec<u8>) -> Body {
    every(MINUTE, bytes)
}

fn mine() -> [Vec<VerifiedEntry>; 2] {
    [entries(1, 20), entries(2, 20)]
}

/// Publishes on both honest nodes, waits for equal sets, and says how long that took.
async fn equal_after(stage: &Stage) -> Duration {
    let started = Instant::now();
    let [of_a, of_b] = mine();
    stage.publish(A, &of_a);
    stage.publish(B, &of_b);
    stage.until_equal_with(&[of_a, of_b].concat()).await;
    started.elapsed()
}

#[test]
fn gives_a_byte_of_a_head_a_minute() {
    simulate(async {
        let mut stage = Stage::new();
        let tail = whole(&entries(9, 1), 1);
        stage.lies_of_more(tails(move || a_byte_a_minute(tail.clone()), silence));
        stage.follow_all().await;
        // It has the turn, and the others' tails name ids.
        let took = equal_after(&stage).await;
        assert!(took < Duration::from_secs(30), "{took:?}");
        stage.until_all_said([A, B], "less than 2000 bytes a second").await;
    });
}

/// A tail that waits for news may take its time, but for an entry that it began.
#[test]
fn gives_a_byte_of_a_new_head_a_minute() {
    simulate(async {
        let mut stage = Stage::new();
        let tail = whole(&entries(9, 1), 1);
        stage.lies(tails(silence, move || a_byte_a_minute(tail.clone())));
        stage.follow_all().await;
        let took = equal_after(&stage).await;
        assert!(took < Duration::from_secs(30), "{took:?}");
        stage.until_said(B, "so slowly that no entry was whole after 300 s").await;
    });
}

#[test]
fn gives_a_byte_of_a_fetched_entry_a_minute() {
    simulate(async {
        let mut stage = Stage::new();
        let [of_a, of_b] = mine();
        stage.publish(B, &of_b);
        // It names first what A has.
        let (named, slow) = (ids(prefixes(&of_a), 20), whole(&of_a, 20));
        let fetched = post(async move || Response::new(a_byte_a_minute(slow)));
        stage.lies(
            tails(silence, move || stays_open(named.clone(), 20)).merge(lie("/sync/v1/entries", fetched)),
        );
        stage.follow_all().await;
        stage.publish(A, &of_a);
        let started = Instant::now();
        stage.until_equal_with(&[of_a, of_b].concat()).await;
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        stage.until_said(B, "less than 2000 bytes a second").await;
    });
}

/// The hostile node answers so when sets are compared, and is let go, and nobody waits for it.
fn drips(lies: impl FnOnce(&Stage) -> Router) {
    simulate(async {
        let mut stage = Stage::new();
        let [of_a, of_b] = mine();
        stage.publish(B, &of_b);
        // Its tail tells nothing of these.
        stage.publish(HOSTILE, &entries(9, 50));
        let says_nothing = || stays_open(ids([], 50), 50);
        stage.lies(lies(&stage).merge(tails(says_nothing, says_nothing)));
        stage.follow(B, HOSTILE);
        let began = Instant::now();
        stage.until_said(B, "less than 2000 bytes a second").await;
        assert!(began.elapsed() < Duration::from_secs(180), "{:?}", began.elapsed());
        stage.follow_each_other();
        let began = Instant::now();
        stage.publish(A, &of_a);
        stage.until_equal_with(&[of_a, of_b].concat()).await;
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    });
}

const SKETCH: &str = "/sync/v1/main/sketch";

fn no_sketch() -> Router {
    lie(SKETCH, get(async || StatusCode::NOT_FOUND))
}

#[test]
fn gives_a_byte_of_a_comparison_a_second() {
    let drip = |stage: &Stage, path, status: StatusCode| {
        let incarnation = HEXLOWER.encode(&stage.nodes[HOSTILE].store.incarnation().unwrap());
        let version = format!("\"{incarnation}-50\"");
        lie(path, get(async move || (status, [(ETAG, version)], a_byte_a_second())))
    };
    drips(|stage| drip(stage, SKETCH, StatusCode::PARTIAL_CONTENT));
    drips(|stage| no_sketch().merge(drip(stage, "/sync/v1/main/digests", StatusCode::OK)));
    // What ids it gives are those that it has: they ascend, and are of the buckets that differ.
    let mut list = prefixes(&entries(9, 50));
    list.sort_unstable();
    let slowly = move || every(Duration::from_secs(1), list.concat());
    let list = lie("/sync/v1/main/ids", post(async move || Response::new(slowly())));
    drips(|_| no_sketch().merge(list));
}

/// Twice the least pace, and eight seconds there and back: everything comes, and no connection ends.
#[test]
fn is_honest_on_a_slow_link() {
    const SLOW: Weather = Weather { rtt: Duration::from_secs(8), bytes_per_sec: 4_000 };
    let (many, new) = (entries(1, 4_500), entries(2, 600));
    let all = [&many[..], &new].concat();
    let comes = |own: &[VerifiedEntry], lies: Router| {
        simulate(async {
            let mut stage = Stage::in_weather(SLOW);
            stage.publish(HOSTILE, &all);
            stage.publish(B, own);
            stage.lies(lies);
            stage.follow(B, HOSTILE);
            let began = Instant::now();
            stage
                .until("all entries", |stage| {
                    assert_eq!(stage.report(B).last_error, None, "after {:?}", began.elapsed());
                    stage.count(B, Scope::Main) == all.len() as u64
                })
                .await;
            println!("{:?} for {} bytes", began.elapsed(), stage.report(B).bytes);
        });
    };
    comes(&[], Router::new());
    comes(&[], lie("/sync/v1/segments", get(async || StatusCode::NOT_FOUND)));
    comes(&many, Router::new());
    comes(&many, no_sketch());
}

#[test]
fn falls_silent_in_a_tail() {
    simulate(async {
        let mut stage = Stage::new();
        let silent = || Body::from_stream(stream::pending::<std::io::Result<Vec<u8>>>());
        stage.lies_of_more(tails(silent, silent));
        stage.follow_all().await;
        let took = equal_after(&stage).await;
        assert!(took < Duration::from_secs(30), "{took:?}");
        stage.until_all_said([A, B], "the peer sent nothing for 120 s").await;
    });
}

#[test]
fn accepts_streams_and_never_answers() {
    simulate(async {
        let mut stage = Stage::new();
        stage.net.serve_streams(HOSTILE, |stream| async move {
            let _open = stream;
            std::future::pending().await
        });
        stage.follow_all().await;
        let took = equal_after(&stage).await;
        assert!(took < Duration::from_secs(30), "{took:?}");
        stage.until_said(B, "the peer did not answer for 90 s").await;
    });
}

#[test]
fn answers_with_a_head_that_never_ends() {
    simulate(async {
        let mut stage = Stage::new();
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&sent);
        stage.net.serve_streams(HOSTILE, move |mut stream| {
            let sent = Arc::clone(&counted);
            async move {
                let _ = stream.read(&mut [0; 1_024]).await;
                let mut line = b"HTTP/1.1 200 OK\r\n".to_vec();
                while stream.write_all(&line).await.is_ok() {
                    sent.fetch_add(line.len() as u64, Ordering::Relaxed);
                    line = format!("X-More: {}\r\n", "a".repeat(1_000)).into_bytes();
                }
            }
        });
        stage.follow_all().await;
        let took = equal_after(&stage).await;
        assert!(took < Duration::from_secs(30), "{took:?}");
        stage.until_said(B, "the connection broke").await;
        let connections = stage.net.dials.load(Ordering::Relaxed);
        let bound = connections * (512 * 1_024 + BUFFERS_BYTES);
        assert!(sent.load(Ordering::Relaxed) < bound, "{sent:?} bytes on {connections} connections");
    });
}

#[test]
fn answers_with_a_state_that_never_ends() {
    simulate(async {
        let mut stage = Stage::new();
        let taken = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&taken);
        let spaces = move || Response::new(endless(&counted, || vec![b' '; 1_000]));
        stage.lies(lie("/sync/v1/state", get(async move || spaces())));
        stage.follow_all().await;
        equal_after(&stage).await;
        stage
            .until_said(B, "the peer's answer is not what the protocol says: it is longer than 65536 bytes")
            .await;
        let connections = stage.net.dials.load(Ordering::Relaxed);
        let bound = connections * (64 * 1_024 + BUFFERS_BYTES);
        assert!(taken.load(Ordering::Relaxed) < bound, "{taken:?} bytes on {connections} connections");
        assert_eq!(stage.count(B, Scope::Core), 0);
    });
}

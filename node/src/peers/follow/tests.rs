//! A peer that sends what the test says, on a Unix socket.

use super::*;
use crate::app::App;
use crate::config::Config;
use crate::serve::serve_unix;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use deadwax_index::entry::VerifiedEntry;
use deadwax_index::entry::identity::Identity;
use futures::StreamExt;
use tokio::net::UnixListener;
use tokio::time::Instant;

const INCARNATION: [u8; 16] = [7; 16];

fn entries(count: u64) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([3; 32]);
    (0..count).map(|n| author.sign(vec![0xa0], 99, n, 494_000)).collect()
}

/// A peer whose tail of `main` is `tail`, and then ends.
fn peer(dir: &std::path::Path, tail: Vec<u8>) -> PeerAddress {
    let state = serde_json::json!({
        "scopes": {
            "core": {"count": 0, "root": "00".repeat(32)},
            "main": {"count": 99, "root": "00".repeat(32)},
        },
        "members_root": null,
        "incarnation": data_encoding::HEXLOWER.encode(&INCARNATION),
        "tail": {"core": 0, "main": 99},
    });
    let router = Router::new()
        .route("/sync/v1/state", get(async move || axum::Json(state)))
        .route("/sync/v1/main/tail", get(async move || tail))
        .route(
            "/sync/v1/core/tail",
            // A mark, and then silence.
            get(async || {
                let marked = futures::stream::iter([Ok::<_, std::io::Error>(vec![0u8])]);
                Body::from_stream(marked.chain(futures::stream::pending()))
            }),
        );
    let socket = dir.join("peer.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move { match serve_unix(listener, router).await {} });
    PeerAddress::Unix(socket)
}

/// What one connection to a peer with this tail leaves behind: why it ended, entries, position, transactions.
async fn after_one_connection(tail: Vec<u8>) -> (String, u64, u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let app = App::for_test(&dir.path().join("node"), Config::default());
    let peer = peer(dir.path(), tail);
    let Err(error) = connection(&app, &peer, &Turns::default()).await;
    let position = app.store.tail_position(&peer.to_string(), Scope::Main, &INCARNATION).unwrap();
    let state = app.store.scope_state(Scope::Main).unwrap();
    let transactions = *app.released.borrow();
    (error.to_string(), state.count, position, transactions)
}

#[tokio::test]
async fn what_is_coming_in_joins_in_one_transaction() {
    let mut tail = Vec::new();
    for (number, entry) in (1..).zip(entries(10)) {
        tail.extend(entry.to_bytes());
        tail.push(number);
    }
    let (error, count, position, transactions) = after_one_connection(tail).await;
    assert_eq!((count, position, transactions), (10, 10, 1));
    assert!(error.contains("closed"), "{error}");
}

#[tokio::test]
async fn what_was_marked_before_a_broken_stream_is_kept_and_nothing_of_a_batch_with_a_lie() {
    let mut tail: Vec<u8> = entries(10).iter().flat_map(VerifiedEntry::to_bytes).collect();
    tail.push(10);
    let marked = tail.len();
    tail.extend(entries(12)[10].to_bytes());
    // No item begins with this byte.
    tail.push(0xff);
    let (error, count, position, _) = after_one_connection(tail.clone()).await;
    assert_eq!((count, position), (10, 10), "{error}");

    // A signature that does not match, before a mark.
    let lie = marked + entries(12)[10].to_bytes().len() - 2;
    tail[lie] ^= 1;
    *tail.last_mut().unwrap() = 11;
    let (error, count, position, _) = after_one_connection(tail).await;
    assert!(error.contains("signature"), "{error}");
    assert_eq!((count, position), (0, 0));
}

/// Credits of peers with these tails, each followed by a node of its own, when the first one has none left and all of
/// them failed.
async fn credits(tails: [Vec<u8>; 3]) -> [u8; 3] {
    let dir = tempfile::tempdir().unwrap();
    let nodes = [0, 1, 2].map(|number| {
        let dir = dir.path().join(number.to_string());
        std::fs::create_dir(&dir).unwrap();
        let mut config = Config::default();
        config.sync.peers = vec![peer(&dir, tails[number].clone())];
        let node = App::for_test(&dir.join("node"), config);
        tokio::spawn(follow(Arc::clone(&node), node.config.sync.peers.clone(), Arc::new(Turns::default())));
        node
    });
    let report = || nodes.each_ref().map(|node| node.peers.report(&Default::default()).remove(0));
    let until = Instant::now() + Duration::from_secs(60);
    while report()[0].credit > 0 || report().iter().any(|peer| peer.last_error.is_none()) {
        assert!(Instant::now() < until, "{:?}", report());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    report().map(|peer| peer.credit)
}

#[tokio::test]
async fn lies_cost_credit_and_bad_luck_does_not() {
    let mut lie = entries(1)[0].to_bytes();
    let (last, item) = (lie.len() - 2, entries(1)[0].to_bytes());
    lie[last] ^= 1;
    lie.push(1);
    let cut = item[..item.len() / 2].to_vec();
    let marked = [item, vec![1]].concat();
    assert_eq!(credits([lie, cut, marked]).await, [0, 3, 3]);
    let [nothing, mark] = [vec![0xff], vec![1]];
    assert_eq!(credits([nothing, mark.clone(), mark]).await, [0, 3, 3]);
}

//! Nodes in one process, on Unix sockets, whose sets differ in ways that their tails do not show; and peers
//! that lie when sets are compared.

use crate::app::{App, SharedApp};
use crate::config::Config;
use crate::peers::address::PeerAddress;
use crate::peers::follow::{Turns, follow};
use crate::peers::status::PeerReport;
use crate::serve::serve_unix;
use crate::web;
use crate::web::sync::scope_answers;
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use data_encoding::HEXLOWER;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::ingest::TailPosition;
use deadwax_index::sync::digests::{BUCKETS, DIGESTS_BYTES};
use futures::stream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::UnixListener;

const PATIENCE: Duration = Duration::from_secs(120);

/// Entries of one author: of `core` where n is below 20 and divisible by three.
fn entries(secret: u8, count: u64) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([secret; 32]);
    let kind = |n: u64| if n < 20 && n.is_multiple_of(3) { 3 } else { 99 };
    (0..count).map(|n| author.sign(vec![0xa1, 0x05, 0x07], kind(n), n, 494_000)).collect()
}

/// A node with these entries that knows one peer, whose tails it takes for read if it `has_read` them.
fn node(dir: &Path, own: &[VerifiedEntry], peer: &Path, has_read: Option<&App>) -> SharedApp {
    let mut config = Config::default();
    config.sync.peers = vec![PeerAddress::Unix(peer.to_owned())];
    let node = App::for_test(dir, config);
    own.chunks(1_000).for_each(|some| _ = node.take_in(some, None).unwrap());
    if let Some(other) = has_read {
        has_read_all_of(&node, peer, other);
    }
    node
}

fn has_read_all_of(node: &App, peer: &Path, other: &App) {
    let peer = PeerAddress::Unix(peer.to_owned()).to_string();
    for scope in Scope::ALL {
        let (incarnation, after) =
            (other.store.incarnation().unwrap(), other.store.scope_state(scope).unwrap().tail);
        node.take_in(&[], Some(TailPosition { peer: &peer, scope, incarnation, after })).unwrap();
    }
}

fn serve(socket: &Path, router: Router) {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move { match serve_unix(listener, router).await {} });
}

fn start(node: &SharedApp) {
    let peer = node.config.sync.peers[0].clone();
    tokio::spawn(follow(Arc::clone(node), vec![peer], Arc::new(Turns::default())));
}

fn report(node: &App) -> PeerReport {
    node.peers.report(&scope_answers(&node.scopes().unwrap())).remove(0)
}

async fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let until = tokio::time::Instant::now() + PATIENCE;
    while !done() {
        assert!(tokio::time::Instant::now() < until, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn roots(node: &App) -> Vec<[u8; 32]> {
    node.scopes().unwrap().iter().map(|(_, state)| state.root).collect()
}

/// An answer of a peer's, with a version that is one.
fn versioned(node: &App, status: StatusCode, body: Body) -> impl IntoResponse + use<> {
    let version = format!("\"{}-1\"", HEXLOWER.encode(&node.store.incarnation().unwrap()));
    (status, [(ETAG, version)], body)
}

const ABSENT: fn() -> std::future::Ready<StatusCode> = || std::future::ready(StatusCode::NOT_FOUND);

#[tokio::test(flavor = "multi_thread")]
async fn what_tails_do_not_show_is_found_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    // By the sketch, without one, with one that is made up, and with one that hides what is there.
    let sketches = ["its own", "absent", "made up", "empty"];
    futures::future::join_all(sketches.map(|sketch| end_equal(dir.path().join(sketch), sketch))).await;
}

async fn end_equal(dir: PathBuf, sketch: &str) {
    std::fs::create_dir(&dir).unwrap();
    let [socket_a, socket_b] = ["a.sock", "b.sock"].map(|name| dir.join(name));
    let (common, of_a, of_b) = (entries(1, 200), entries(2, 90), entries(3, 60));
    let a = node(&dir.join("a"), &[common.as_slice(), &of_a].concat(), &socket_b, None);
    let b = node(&dir.join("b"), &[common.as_slice(), &of_b].concat(), &socket_a, Some(&a));
    has_read_all_of(&a, &socket_b, &b);
    let digests_asked = Arc::new(AtomicUsize::new(0));
    for (of, socket) in [(&a, &socket_a), (&b, &socket_b)] {
        let counted = Arc::clone(&digests_asked);
        let count = move |request: axum::extract::Request, next: axum::middleware::Next| {
            let is_it = request.uri().path().ends_with("/digests");
            counted.fetch_add(is_it.into(), Ordering::Relaxed);
            next.run(request)
        };
        let path = "/sync/v1/{scope}/sketch";
        let answer = |byte: fn(usize) -> u8| {
            let of = Arc::clone(of);
            get(move |headers: axum::http::HeaderMap| async move {
                // `bytes=FIRST-LAST`
                let range = headers["range"].to_str().unwrap()[6..].split_once('-').unwrap();
                let [first, last] = [range.0, range.1].map(|text| text.parse::<usize>().unwrap());
                let part: Vec<u8> = (first..=last).map(byte).collect();
                versioned(&of, StatusCode::PARTIAL_CONTENT, part.into())
            })
        };
        let lies = match sketch {
            "its own" => Router::new(),
            "absent" => Router::new().route(path, get(ABSENT)),
            "made up" => Router::new().route(path, answer(|at| (at * 7 + at / 251) as u8)),
            _ => Router::new().route(path, answer(|_| 0)),
        };
        let router = lies.fallback_service(web::router(Arc::clone(of)));
        serve(socket, router.layer(axum::middleware::from_fn(count)));
    }
    start(&a);
    start(&b);
    wait("equal sets", || roots(&a) == roots(&b)).await;
    let counts = a.scopes().unwrap().map(|(_, state)| state.count);
    assert_eq!(counts.iter().sum::<u64>(), (common.len() + of_a.len() + of_b.len()) as u64);
    assert!(counts[0] >= 20, "both scopes have been compared");
    assert_eq!(digests_asked.load(Ordering::Relaxed) > 0, sketch != "its own", "{sketch}");
}

/// Two large sets that never met: the difference is read, not the list of all ids.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_meeting_of_large_sets_costs_what_differs() {
    let dir = tempfile::tempdir().unwrap();
    let [socket_a, socket_b] = ["a.sock", "b.sock"].map(|name| dir.path().join(name));
    let (common, of_a, of_b) = (entries(1, 5_000), entries(2, 50), entries(3, 40));
    let a = node(&dir.path().join("a"), &[common.as_slice(), &of_a].concat(), &socket_b, None);
    let b = node(&dir.path().join("b"), &[common.as_slice(), &of_b].concat(), &socket_a, None);
    serve(&socket_a, web::router(Arc::clone(&a)));
    serve(&socket_b, web::router(Arc::clone(&b)));
    start(&b);
    wait("what A has", || report(&b).entries >= of_a.len() as u64).await;
    start(&a);
    wait("equal sets", || roots(&a) == roots(&b)).await;
    for (node, most) in [(&a, 40_000), (&b, 40_000)] {
        let bytes = report(node).bytes;
        assert!(bytes < most, "{bytes} bytes; all ids are {}", 5_000 * 17);
    }
    // From then on tails are read, from where the comparison was.
    let more = entries(4, 10);
    a.take_in(&more, None).unwrap();
    wait("what is new", || roots(&a) == roots(&b)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_that_lie_when_sets_are_compared_are_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    // All of `main`, so that there is one comparison.
    let mut own = entries(1, 60);
    own.retain(|entry| entry.head().scope() == Scope::Main);
    let honest = node(&dir.path().join("honest"), &own, Path::new("/nowhere"), None);
    let other = entries(9, 1).remove(0).to_bytes();
    let own_ids: Vec<_> = own.iter().map(|entry| entry.head().id().prefix()).collect();
    // Each in a bucket where the honest node has something; and one where it has nothing.
    let mut invented = own_ids.clone();
    invented.iter_mut().for_each(|id| id[3] ^= 1);
    invented.sort_unstable();
    let stray = (0..BUCKETS as u16)
        .map(|bucket| (bucket << 4).to_be_bytes())
        .find(|first| own_ids.iter().all(|id| (id[0], id[1] >> 4) != (first[0], first[1] >> 4)))
        .map(|first| [first.as_slice(), &[0; 14]].concat())
        .unwrap();
    let backwards: Vec<u8> = invented.iter().rev().flatten().copied().collect();
    // More and more ids of the first bucket of `main` that is asked for.
    let first_of_main = |request: &[u8]| [request[0] << 4 | request[1] >> 4, request[1] << 4];
    let endless_ids = move |request: axum::body::Bytes| async move {
        let first = first_of_main(&request);
        let id = move |n: u64| [first.as_slice(), &[1; 6], &n.to_be_bytes()].concat();
        let chunk = move |n: u64| (n * 1_000..(n + 1) * 1_000).flat_map(id).collect::<Vec<u8>>();
        Body::from_stream(stream::iter((0..).map(move |n| Ok::<_, std::io::Error>(chunk(n)))))
    };
    let endless = || Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(vec![7; 10_000])));

    let digests = |body: fn() -> Vec<u8>| {
        let honest = Arc::clone(&honest);
        get(move || async move { versioned(&honest, StatusCode::OK, body().into()) })
    };
    let list = |body: Vec<u8>| post(move || async move { body });
    let (of_digests, of_ids, of_sketch) =
        ("/sync/v1/{scope}/digests", "/sync/v1/{scope}/ids", "/sync/v1/{scope}/sketch");
    let no_sketch = || Router::new().route(of_sketch, get(ABSENT));
    let endless_digests = {
        let honest = Arc::clone(&honest);
        get(move || async move { versioned(&honest, StatusCode::OK, endless()) })
    };
    let long_sketch = {
        let honest = Arc::clone(&honest);
        get(move || async move { versioned(&honest, StatusCode::PARTIAL_CONTENT, endless()) })
    };
    let unversioned = get(|| async { vec![0; DIGESTS_BYTES] });
    let entry_of_another = post(move || async move { other });
    let cases = [
        (
            "long digests",
            no_sketch().route(of_digests, digests(|| vec![7; DIGESTS_BYTES + 1])),
            "longer than",
        ),
        ("short digests", no_sketch().route(of_digests, digests(|| vec![7; 100])), "shorter than"),
        ("endless digests", no_sketch().route(of_digests, endless_digests), "longer than"),
        ("no version", no_sketch().route(of_digests, unversioned), "version"),
        ("backwards", no_sketch().route(of_ids, list(backwards)), "do not ascend"),
        ("ids of other buckets", no_sketch().route(of_ids, list(stray)), "not asked for"),
        ("cut list", no_sketch().route(of_ids, list(invented.concat()[..20].to_vec())), "middle of an id"),
        ("invented ids", no_sketch().route(of_ids, list(invented.concat())), "does not send"),
        ("endless ids", no_sketch().route(of_ids, post(endless_ids)), "262144 entries that it does not send"),
        ("another entry", Router::new().route("/sync/v1/entries", entry_of_another), "was not asked for"),
        ("endless sketch", Router::new().route(of_sketch, long_sketch), "longer than"),
    ];
    let mut running = Vec::new();
    for (n, (name, lies, expected)) in cases.into_iter().enumerate() {
        let socket = dir.path().join(format!("{n}.sock"));
        serve(&socket, lies.fallback_service(web::router(Arc::clone(&honest))));
        let node = node(&dir.path().join(n.to_string()), &[], &socket, Some(&honest));
        start(&node);
        running.push((name, node, expected));
    }
    for (name, node, expected) in running {
        let said = || report(&node).last_error.is_some_and(|error| error.contains(expected));
        wait(&format!("{name}: {expected}"), said).await;
        if name == "invented ids" {
            wait("a loss of credit", || report(&node).credit < 3).await;
        }
        assert!(node.scopes().unwrap().iter().all(|(_, state)| state.count == 0), "{name}");
    }
}

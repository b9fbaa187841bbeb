//! Two honest nodes that follow each other, and hostile ones that serve what a test says.

use crate::app::SharedApp;
use crate::peers::follow::{Turns, follow};
use crate::peers::status::PeerReport;
use crate::simulation::net::{Net, Weather};
use crate::simulation::{address, entry, node};
use crate::web;
use crate::web::sync::scope_answers;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::sync::wire::{write_id, write_mark};
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The honest nodes.
pub const A: usize = 0;
pub const B: usize = 1;
/// The hostile ones.
pub const HOSTILE: usize = 2;
pub const OTHER_FACE: usize = 3;

/// A position beyond those of all entries that hostile tails have.
const NEWEST_CLAIMED: u64 = 1_000;
/// Buffers between two nodes: what a peer can get rid of although nobody reads it.
pub const BUFFERS_BYTES: u64 = 1 << 20;
const WEATHER: Weather = Weather { rtt: Duration::from_millis(200), bytes_per_sec: 500_000 };
const PATIENCE: Duration = Duration::from_secs(1_800);

/// All nodes of a test.
pub struct Stage {
    pub net: Arc<Net>,
    pub nodes: Vec<SharedApp>,
    turns: Vec<Arc<Turns>>,
    following: JoinSet<std::convert::Infallible>,
    dirs: Vec<TempDir>,
}

/// Entries of `main` by one author, as large as a link.
pub fn entries(author: u8, count: u64) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([author; 32]);
    (0..count).map(|n| entry(&mut author, n)).collect()
}

/// A tail of these entries, whole, with one mark.
pub fn whole(entries: &[VerifiedEntry], mark: u64) -> Vec<u8> {
    let mut tail: Vec<u8> = entries.iter().flat_map(VerifiedEntry::to_bytes).collect();
    write_mark(mark, &mut tail);
    tail
}

/// A tail of their ids.
pub fn ids(ids: impl IntoIterator<Item = [u8; 16]>, mark: u64) -> Vec<u8> {
    let mut tail = Vec::new();
    ids.into_iter().for_each(|id| write_id(&id, &mut tail));
    write_mark(mark, &mut tail);
    tail
}

pub fn prefixes(entries: &[VerifiedEntry]) -> Vec<[u8; 16]> {
    entries.iter().map(|entry| entry.head().id().prefix()).collect()
}

/// Some bytes of an answer, and then mark after mark, so that the stream stays open.
pub fn stays_open(bytes: Vec<u8>, mark: u64) -> Body {
    let mut heartbeat = Vec::new();
    write_mark(mark, &mut heartbeat);
    let later = stream::repeat(heartbeat).then(|heartbeat| async move {
        sleep(Duration::from_secs(30)).await;
        heartbeat
    });
    Body::from_stream(stream::iter([bytes]).chain(later).map(Ok::<_, std::io::Error>))
}

/// Pieces without end; counts the bytes that were taken.
pub fn endless(taken: &Arc<AtomicU64>, mut piece: impl FnMut() -> Vec<u8> + Send + 'static) -> Body {
    let taken = Arc::clone(taken);
    let piece = move || {
        let piece = piece();
        taken.fetch_add(piece.len() as u64, Ordering::Relaxed);
        Ok::<_, std::io::Error>(piece)
    };
    Body::from_stream(stream::repeat_with(piece))
}

/// Tails of `main` that say this, whole, or as ids with whole ones among them.
pub fn tails(
    full: impl Fn() -> Body + Clone + Send + Sync + 'static,
    fresh: impl Fn() -> Body + Clone + Send + Sync + 'static,
) -> Router {
    let answer = move |request: Request| async move {
        let is_full = request.uri().query().is_some_and(|query| query.contains("form=full"));
        Response::new(if is_full { full() } else { fresh() })
    };
    lie("/sync/v1/main/tail", get(answer))
}

/// A byte a second, for ever.
pub fn a_byte_a_second() -> Body {
    let bytes = stream::repeat(b' ').then(|byte| async move {
        sleep(Duration::from_secs(1)).await;
        Ok::<_, std::io::Error>(vec![byte])
    });
    Body::from_stream(bytes)
}

pub fn lie(path: &str, answer: MethodRouter) -> Router {
    Router::new().route(path, answer)
}

pub fn silence() -> Body {
    stays_open(vec![0], 0)
}

impl Stage {
    /// Nodes that know each other and do not follow anybody yet.
    pub fn new() -> Self {
        Self::in_weather(WEATHER)
    }

    /// The same where streams are as bad as this.
    pub fn in_weather(weather: Weather) -> Self {
        let net = Net::new(4, weather, 1);
        let (mut nodes, mut dirs) = (Vec::new(), Vec::new());
        for number in [A, B, HOSTILE, OTHER_FACE] {
            let (node, dir) = node(&net, number, &[A, B, HOSTILE, OTHER_FACE]);
            nodes.push(node);
            dirs.push(dir);
        }
        let turns = nodes.iter().map(|_| Arc::default()).collect();
        Self { net, nodes, turns, following: JoinSet::new(), dirs }
    }

    /// What the hostile node answers; all else it answers as an honest one does.
    pub fn lies(&self, lies: Router) {
        let honest = web::router(Arc::clone(&self.nodes[HOSTILE]));
        self.net.serve(HOSTILE, lies.fallback_service(honest));
    }

    /// As [`Self::lies`], and its state says that it has entries: of whoever has none the tail is not read whole.
    pub fn lies_of_more(&self, lies: Router) {
        self.lies_up_to([0, NEWEST_CLAIMED], lies);
    }

    /// As [`Self::lies`], with these newest positions of `core` and `main` in its state.
    pub fn lies_up_to(&self, newest: [u64; 2], lies: Router) {
        let node = Arc::clone(&self.nodes[HOSTILE]);
        let state = move || async move {
            let Ok(Json(mut state)) = web::sync::state(State(node)).await else { panic!("no state") };
            state.tail.extend(Scope::ALL.into_iter().zip(newest));
            Json(state)
        };
        self.lies(lies.merge(lie("/sync/v1/state", get(state))));
    }

    pub fn publish(&self, node: usize, entries: &[VerifiedEntry]) {
        self.nodes[node].take_in(entries, None).unwrap();
    }

    pub fn follow(&mut self, node: usize, peer: usize) {
        let turns = Arc::clone(&self.turns[node]);
        self.following.spawn(follow(Arc::clone(&self.nodes[node]), vec![address(peer)], turns));
    }

    /// Both honest nodes follow the hostile one, and after a while each other.
    pub async fn follow_all(&mut self) {
        self.follow(A, HOSTILE);
        self.follow(B, HOSTILE);
        // So that the hostile one has the turn, where it wants it.
        sleep(Duration::from_secs(10)).await;
        self.follow_each_other();
    }

    pub fn follow_each_other(&mut self) {
        self.follow(A, B);
        self.follow(B, A);
    }

    /// What a node says of the hostile one.
    pub fn report(&self, node: usize) -> PeerReport {
        let own = scope_answers(&self.nodes[node].scopes().unwrap());
        self.nodes[node].peers.report(&own).remove(HOSTILE)
    }

    /// The size of a node's database of entries, without what was written last.
    pub fn database_bytes(&self, node: usize) -> u64 {
        self.dirs[node].path().join("entries.db").metadata().unwrap().len()
    }

    pub fn count(&self, node: usize, scope: Scope) -> u64 {
        self.nodes[node].store.scope_state(scope).unwrap().count
    }

    /// Waits until it is so.
    pub async fn until(&self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(
                Instant::now() < until,
                "waited for {what}: {:?}, {:?}",
                [A, B].map(|node| (self.count(node, Scope::Core), self.count(node, Scope::Main))),
                [A, B].map(|node| self.report(node).last_error),
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until an honest node names the fault.
    pub async fn until_said(&self, node: usize, fault: &str) {
        self.until_all_said([node], fault).await;
    }

    /// Waits until each of these nodes has named the fault: at any time, not all at the same one. An error is gone with
    /// the next connection, and the next one has nothing to complain of if somebody else got the turn meanwhile.
    pub async fn until_all_said<const N: usize>(&self, nodes: [usize; N], fault: &str) {
        let mut have_said = [false; N];
        let said = |stage: &Self| {
            for (node, has_said) in nodes.into_iter().zip(&mut have_said) {
                *has_said |= stage.report(node).last_error.is_some_and(|error| error.contains(fault));
            }
            have_said.iter().all(|has_said| *has_said)
        };
        self.until(fault, said).await;
    }

    /// Waits until both honest nodes have exactly these sets, bodies and all.
    pub async fn until_equal_with(&self, entries: &[VerifiedEntry]) {
        let ids = prefixes(entries);
        let roots =
            |node: usize| Scope::ALL.map(|scope| self.nodes[node].store.scope_state(scope).unwrap().root);
        self.until("equal sets", |stage| {
            roots(A) == roots(B)
                && [A, B].iter().all(|node| stage.nodes[*node].store.missing(&ids).unwrap().is_empty())
        })
        .await;
        let rows = Scope::ALL.map(|scope| self.count(A, scope)).iter().sum::<u64>();
        assert_eq!(rows, entries.len() as u64, "more than what belongs there is stored");
    }
}

//! A node that starts from nothing, in virtual time: how long it takes beside the bytes alone, and what it costs
//! when streams break, the node is killed, or the peer dies.

use super::net::{Net, Weather};
use super::{MIDDLING, address, count, node, node_in, simulate};
use crate::app::SharedApp;
use crate::peers::follow::{Turns, follow};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{Scope, VerifiedEntry};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const ENTRIES: u64 = 24_000;
const AUTHORS: u64 = 4;
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Entries of which nothing can be compressed away, as large as links.
fn entries() -> Vec<VerifiedEntry> {
    let mut entries = Vec::new();
    for author in 0..AUTHORS {
        let mut author = Identity::from_secret([author as u8 + 1; 32]);
        for n in 0..ENTRIES / AUTHORS {
            let noise =
                (0..14u64).flat_map(|part| Sha256::digest([n, part, 7].map(u64::to_be_bytes).concat()));
            let body = [vec![0xa1, 0x05, 0x59, 0x01, 0xc0], noise.collect()].concat();
            entries.push(author.sign(body, 99, n, 494_000));
        }
    }
    entries
}

/// Nodes 1 and on have everything, node 0 has nothing and knows them.
struct Stage {
    net: Arc<Net>,
    full: Vec<(SharedApp, TempDir)>,
    dir: TempDir,
    app: SharedApp,
    tasks: JoinSet<std::convert::Infallible>,
    peers: Vec<usize>,
    /// What all entries are, not compressed.
    entry_bytes: u64,
}

impl Stage {
    fn new(peers: usize) -> Self {
        let weather = Weather { rtt: Duration::from_millis(600), ..MIDDLING };
        let net = Net::new(peers + 1, weather, 9);
        let entries = entries();
        let peers: Vec<usize> = (1..=peers).collect();
        let full: Vec<_> = peers.iter().map(|number| node(&net, *number, &[])).collect();
        for (app, _) in &full {
            entries.chunks(4_000).for_each(|some| _ = app.take_in(some, None).unwrap());
        }
        let entry_bytes = entries.iter().map(|entry| entry.to_bytes().len() as u64).sum();
        let (app, dir) = node(&net, 0, &peers);
        let mut stage = Self { net, full, dir, app, tasks: JoinSet::new(), peers, entry_bytes };
        stage.follow();
        stage
    }

    fn follow(&mut self) {
        let turns = Arc::new(Turns::default());
        for peer in &self.peers {
            self.tasks.spawn(follow(Arc::clone(&self.app), vec![address(*peer)], Arc::clone(&turns)));
        }
    }

    /// As if the process had been killed, and started again.
    async fn restart(&mut self) {
        self.tasks.shutdown().await;
        self.app = node_in(self.dir.path(), &self.net, 0, &self.peers);
        self.follow();
    }

    fn count(&self) -> u64 {
        count(&self.app)
    }

    /// What all segments are, once they are made.
    fn segment_bytes(&self) -> u64 {
        let list = self.full[0].0.store.segments(Scope::Main).unwrap();
        assert!(list.is_complete());
        list.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn bytes(&self) -> u64 {
        self.net.bytes.load(Ordering::Relaxed)
    }

    async fn until(&self, count: u64) {
        let counted = async {
            while self.count() < count {
                sleep(Duration::from_millis(100)).await;
            }
        };
        if timeout(PATIENCE, counted).await.is_err() {
            let own = std::collections::BTreeMap::new();
            panic!("{} after {PATIENCE:?}: {:?}", self.count(), self.app.peers.report(&own));
        }
    }

    async fn until_equal(&self) {
        self.until(ENTRIES).await;
        let root = |app: &SharedApp| app.store.scope_state(Scope::Main).unwrap().root;
        assert_eq!(root(&self.app), root(&self.full[0].0));
    }

    /// Whether the peers' streams are there.
    fn reach(&self, peers: &[usize]) {
        self.net.set_sides(|node| (node == 0 || peers.contains(&node)).then_some(0));
    }
}

fn parts(dir: &Path) -> usize {
    let folder = dir.join("segments-read").join("main");
    folder.read_dir().map_or(0, Iterator::count)
}

#[test]
fn a_first_start_takes_as_long_as_its_bytes() {
    simulate(async {
        let stage = Stage::new(1);
        let began = Instant::now();
        stage.until_equal().await;
        let (took, bytes) = (began.elapsed(), stage.bytes());
        let payload = stage.segment_bytes();
        let alone = Duration::from_secs_f64(payload as f64 / MIDDLING.bytes_per_sec as f64);
        println!("{ENTRIES} entries, {payload} bytes: {bytes} bytes in {took:?}; alone {alone:?}");
        assert!(took <= alone.mul_f64(1.05) + Duration::from_millis(600) * 12, "{took:?}");
        assert!(bytes <= payload * 102 / 100);
        // The tail goes on where the segments end: nothing comes twice.
        sleep(Duration::from_secs(120)).await;
        assert!(stage.bytes() <= payload * 102 / 100, "{}", stage.bytes());
        assert_eq!(parts(stage.dir.path()), 0);
        let mut author = Identity::from_secret([99; 32]);
        stage.full[0].0.take_in(&[author.sign(vec![0xa0], 99, 0, 494_000)], None).unwrap();
        stage.until(ENTRIES + 1).await;
    });
}

#[test]
fn ten_cuts_cost_a_twentieth_of_the_bytes_at_most() {
    simulate(async {
        let stage = Stage::new(1);
        for _ in 0..10 {
            // At any byte: pieces are much smaller than what comes in this time.
            let (began, before) = (Instant::now(), stage.bytes());
            while stage.bytes() < before + stage.entry_bytes / 15 {
                assert!(began.elapsed() < PATIENCE, "{}", stage.bytes());
                sleep(Duration::from_millis(70)).await;
            }
            stage.reach(&[]);
            sleep(Duration::from_millis(300)).await;
            stage.reach(&[1]);
        }
        stage.until_equal().await;
        let payload = stage.segment_bytes();
        println!("{} bytes for {payload} with ten cuts", stage.bytes());
        assert!(stage.bytes() <= payload * 105 / 100);
    });
}

#[test]
fn a_node_that_is_killed_goes_on_where_it_was() {
    simulate(async {
        let mut stage = Stage::new(1);
        for share in [30, 60, 80] {
            stage.until(ENTRIES * share / 100).await;
            assert_eq!(parts(stage.dir.path()), 1);
            stage.restart().await;
        }
        stage.until_equal().await;
        let payload = stage.segment_bytes();
        println!("{} bytes for {payload}, killed three times", stage.bytes());
        assert!(stage.bytes() <= payload * 107 / 100);
        sleep(Duration::from_secs(120)).await;
        assert_eq!(parts(stage.dir.path()), 0);
    });
}

/// Two peers: it starts with one, which dies, and goes on with the other.
#[test]
fn another_peer_goes_on_where_one_died() {
    simulate(async {
        let stage = Stage::new(2);
        stage.until(ENTRIES / 2).await;
        let before = stage.bytes();
        let first = stage.app.peers.report(&std::collections::BTreeMap::new());
        let dies = if first[0].entries > 0 { 1 } else { 2 };
        stage.reach(&[3 - dies]);
        stage.until_equal().await;
        let after = stage.app.peers.report(&std::collections::BTreeMap::new());
        let payload = stage.segment_bytes();
        println!("{before} bytes, then {} of {payload}", stage.bytes() - before);
        assert!(after[2 - dies].entries > ENTRIES / 4, "{after:?}");
        assert!(stage.bytes() <= payload * 120 / 100, "{}", stage.bytes());
    });
}

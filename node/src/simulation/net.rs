//! A network of pipes: streams between nodes of one process, with latency, bandwidth and partitions in virtual
//! time. It stands in for Tor and I2P where thirty nodes and a day have to fit into a test.

use crate::peers::address::PeerAddress;
use crate::serve::{Caller, serve};
use axum::Router;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// What a stream holds on its way, as the buffers of real ones do.
const BUFFER_BYTES: usize = 64 << 10;
const CHUNK_BYTES: usize = 4 << 10;
const CHUNKS_ON_THEIR_WAY: usize = 64;
/// After this long a dial to nowhere fails.
const DIAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Seeded numbers: the same ones in every run.
pub struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    /// A number below `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.thrown += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, self.thrown).hash(&mut hasher);
        hasher.finish() % below
    }
}

/// How streams are.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// From one end to the other and back, on average; pairs of nodes differ by half of it.
    pub rtt: Duration,
    /// Of each direction of a stream.
    pub bytes_per_sec: u64,
}

type Server = Arc<dyn Fn(DuplexStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// All nodes and what lies between them.
pub struct Net {
    weather: Weather,
    seed: u64,
    servers: Mutex<HashMap<usize, Server>>,
    /// Nodes of different sides do not reach each other; those that are down have none.
    sides: watch::Sender<Vec<Option<u8>>>,
    streams: Arc<Semaphore>,
    /// Bytes that arrived, whoever sent them.
    pub bytes: AtomicU64,
    pub dials: AtomicU64,
}

impl Net {
    pub fn new(nodes: usize, weather: Weather, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            weather,
            seed,
            servers: Mutex::default(),
            sides: watch::Sender::new(vec![Some(0); nodes]),
            streams: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            bytes: AtomicU64::new(0),
            dials: AtomicU64::new(0),
        })
    }

    /// What `node` answers with.
    pub fn serve(&self, node: usize, router: Router) {
        let streams = Arc::clone(&self.streams);
        self.serve_streams(node, move |stream| {
            let (router, streams) = (router.clone(), Arc::clone(&streams));
            async move {
                if let Ok(permit) = streams.acquire_owned().await {
                    serve(stream, router, Caller::Anonymous, permit).await;
                }
            }
        });
    }

    /// What `node` does with streams, if it does not even speak HTTP.
    pub fn serve_streams<F>(&self, node: usize, server: impl Fn(DuplexStream) -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let server: Server = Arc::new(move |stream| server(stream).boxed());
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).insert(node, server);
    }

    /// Moves nodes to a side, or takes them down; streams that go across break.
    pub fn set_sides(&self, side_of: impl Fn(usize) -> Option<u8>) {
        self.sides.send_modify(|sides| {
            for (node, side) in sides.iter_mut().enumerate() {
                *side = side_of(node);
            }
        });
    }

    fn reach(sides: &[Option<u8>], from: usize, to: usize) -> bool {
        sides[from].is_some() && sides[from] == sides[to]
    }

    /// One way, for this pair.
    fn latency(&self, from: usize, to: usize) -> Duration {
        let pair = (from.min(to) << 16 | from.max(to)) as u64;
        let percent = 75 + Dice::new(self.seed ^ pair << 1).below(51) as u32;
        self.weather.rtt / 2 * percent / 100
    }

    /// Opens a stream; takes a round trip.
    pub async fn dial(self: &Arc<Self>, from: usize, to: usize) -> io::Result<DuplexStream> {
        self.dials.fetch_add(1, Ordering::Relaxed);
        let server = self.servers.lock().unwrap_or_else(PoisonError::into_inner).get(&to).cloned();
        let Some(server) = server.filter(|_| Self::reach(&self.sides.borrow(), from, to)) else {
            sleep(DIAL_TIMEOUT).await;
            return Err(io::ErrorKind::HostUnreachable.into());
        };
        let latency = self.latency(from, to);
        sleep(latency * 2).await;
        let (client, near) = duplex(BUFFER_BYTES);
        let (far, end) = duplex(BUFFER_BYTES);
        let served = server(end);
        let (net, mut sides) = (Arc::clone(self), self.sides.subscribe());
        tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            tasks.spawn(served);
            let ((near_in, near_out), (far_in, far_out)) = (split(near), split(far));
            for (input, output) in [(near_in, far_out), (far_in, near_out)] {
                net.carry(&mut tasks, input, output, latency);
            }
            // Ends with the service, when an end is gone, and when a partition comes between.
            let apart = sides.wait_for(|sides| !Self::reach(sides, from, to));
            tokio::select! { _ = tasks.join_next() => {}, _ = apart => return }
            // What was sent before the end still arrives.
            sleep(latency * 4).await;
        });
        Ok(client)
    }

    fn carry(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        mut input: ReadHalf<DuplexStream>,
        mut output: WriteHalf<DuplexStream>,
        latency: Duration,
    ) {
        let (sender, mut on_its_way) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS_ON_THEIR_WAY);
        let net = Arc::clone(self);
        let weather = net.weather;
        // A stream outlives both of its ends: the one who opened it waits for the other.
        tasks.spawn(async move {
            let mut free_at = Instant::now();
            let mut chunk = vec![0; CHUNK_BYTES];
            while let Ok(read @ 1..) = input.read(&mut chunk).await {
                free_at = free_at.max(Instant::now())
                    + Duration::from_secs_f64(read as f64 / weather.bytes_per_sec as f64);
                if sender.send((free_at + latency, chunk[..read].to_vec())).await.is_err() {
                    return;
                }
            }
            drop(sender);
            std::future::pending::<()>().await;
        });
        tasks.spawn(async move {
            while let Some((arrives, bytes)) = on_its_way.recv().await {
                sleep_until(arrives).await;
                net.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                if output.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            let _ = output.shutdown().await;
            std::future::pending::<()>().await;
        });
    }
}

/// The address of a node: its number in letters, filled up.
pub fn onion(node: usize) -> String {
    format!("{}.onion", letters(node, 56))
}

/// As [`onion`], in the other network.
pub fn i2p(node: usize) -> String {
    format!("{}.b32.i2p", letters(node, 52))
}

fn letters(node: usize, length: usize) -> String {
    let digits = format!("{node:0length$}");
    digits.bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// The number of the node at one of these addresses.
pub fn number(address: &PeerAddress) -> usize {
    let (PeerAddress::Onion(name) | PeerAddress::I2p(name)) = address else {
        panic!("{address} is not in this network")
    };
    let digits = name.bytes().take_while(|byte| *byte != b'.');
    let digits: String = digits.map(|letter| char::from(letter - b'a' + b'0')).collect();
    digits.parse().expect("a node's number")
}

/// The end of the network at one node.
pub struct Port {
    pub net: Arc<Net>,
    pub node: usize,
}

impl Port {
    /// Opens a stream to a node by its number.
    pub async fn dial(&self, to: usize) -> io::Result<DuplexStream> {
        self.net.dial(self.node, to).await
    }
}

//! The network itself, and the I2P gateway on it.

use std::path::Path;
use std::time::{Duration, Instant};

use deadwax_i2p_gateway::{
    Destination, DialError, I2pConfig, I2pGateway, I2pListener, I2pStatus, I2pStream, LaunchError,
    RouterChoice, SeedError, State, TunnelOptions, launch,
};
use deadwax_i2p_router::{RouterConfig, RouterEnded, StartError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::PrivateI2p;
use crate::harness::namespace::Fence;

const ROUTERS: usize = 5;
const FLOODFILLS: usize = 3;

/// The slowest start seen took a third of this.
const REACHABLE_TIMEOUT: Duration = Duration::from_secs(120);

/// Streams stall for nine seconds at each lost packet.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(120);

fn config(dir: &Path, router: RouterChoice) -> I2pConfig {
    let tunnels = TunnelOptions { length: 1, quantity: 2 };
    I2pConfig { data_dir: dir.to_owned(), router, tunnels }
}

fn embedded(network: &PrivateI2p, seeds: &[Vec<u8>]) -> RouterChoice {
    RouterChoice::Embedded { network: network.network(), seeds: seeds.to_vec() }
}

async fn wait_for(gateway: &I2pGateway, wanted: impl Fn(&I2pStatus) -> bool) -> I2pStatus {
    let mut status = gateway.status();
    let waited = timeout(REACHABLE_TIMEOUT, status.wait_for(|status| wanted(status))).await;
    match waited {
        Ok(status) => status.unwrap().clone(),
        Err(_) => panic!("never came to be: {:?}", gateway.status().borrow()),
    }
}

async fn reachable(gateway: &I2pGateway, begun: Instant, what: &str) {
    wait_for(gateway, |status| status.state == State::Reachable && status.can_dial).await;
    eprintln!("{what}: reachable after {:.1} s", begun.elapsed().as_secs_f32());
}

/// Sends back whatever comes, and says who called.
fn echo(mut listener: I2pListener) -> tokio::sync::mpsc::UnboundedReceiver<Destination> {
    let (callers, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some((mut stream, caller)) = listener.accept().await {
            let _ = callers.send(caller);
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 * 1024];
                loop {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => {
                            if stream.write_all(&buffer[..read]).await.is_err() {
                                return;
                            }
                        }
                    }
                }
            });
        }
    });
    receiver
}

/// Sends `bytes` and expects them back.
async fn exchange(stream: I2pStream, bytes: &[u8]) {
    let (mut read, mut write) = tokio::io::split(stream);
    let mut back = vec![0; bytes.len()];
    let both = async { tokio::try_join!(write.write_all(bytes), read.read_exact(&mut back)) };
    timeout(TRANSFER_TIMEOUT, both).await.expect("in time").unwrap();
    assert!(back == bytes, "the bytes came back changed");
}

/// A destination may be known to be reachable before its lease set is on every floodfill.
async fn dial(gateway: &I2pGateway, address: &str) -> I2pStream {
    let begun = Instant::now();
    loop {
        match gateway.dial(address).await {
            Ok(stream) => return stream,
            Err(error) if begun.elapsed() < REACHABLE_TIMEOUT => eprintln!("dial: {error}"),
            Err(error) => panic!("{error}"),
        }
    }
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the loopback-only namespace of tests/run"]
async fn net_two_gateways_exchange_streams_and_keep_their_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let before_kb = resident_kb();
    let begun = Instant::now();
    let network = PrivateI2p::start(dir.path(), ROUTERS, FLOODFILLS, Fence::Namespace).unwrap();
    eprintln!("{ROUTERS} routers up after {:.1} s", begun.elapsed().as_secs_f32());

    let seeds = network.router_infos();
    let (dir_a, dir_b) = (dir.path().join("a"), dir.path().join("b"));
    let mut a = launch(config(&dir_a, embedded(&network, seeds))).await.unwrap();
    let mut b = launch(config(&dir_b, embedded(&network, seeds))).await.unwrap();
    assert_eq!(a.status().borrow().state, State::Starting);
    assert_ne!(a.address(), b.address());
    let mut callers = echo(b.listener().unwrap());
    assert!(b.listener().is_none());
    tokio::join!(reachable(&a, begun, "a"), reachable(&b, begun, "b"));

    let stream = dial(&a, b.address()).await;
    eprintln!("first stream after {:.1} s", begun.elapsed().as_secs_f32());
    exchange(stream, b"a side").await;
    // Authenticated, but made up: a peer does not learn which node reads from it.
    let caller = callers.recv().await.unwrap();
    assert_ne!(caller.to_b32(), a.address());

    let begun_transfer = Instant::now();
    exchange(dial(&a, b.address()).await, &noise(1 << 20)).await;
    eprintln!("1 MiB there and back in {:.1} s", begun_transfer.elapsed().as_secs_f32());

    // More callers at once than accepts that wait for them.
    let begun_burst = Instant::now();
    let mut burst = JoinSet::new();
    let streams = futures::future::join_all((0..20).map(|_| dial(&a, b.address()))).await;
    for (index, stream) in streams.into_iter().enumerate() {
        burst.spawn(async move { exchange(stream, format!("caller {index}").as_bytes()).await });
    }
    burst.join_all().await;
    eprintln!("20 streams at once in {:.1} s", begun_burst.elapsed().as_secs_f32());

    let nobody = Destination::from_hash([1; 32]).to_b32();
    assert!(matches!(a.dial(&nobody).await, Err(DialError::NotAnswering)));
    assert!(matches!(a.dial(a.address()).await, Err(DialError::OwnAddress)));
    assert!(matches!(a.dial("deadwax.i2p").await, Err(DialError::BadAddress(_))));
    let second = launch(config(&dir_a, embedded(&network, &[]))).await;
    assert!(matches!(second, Err(LaunchError::InUse { .. })));
    eprintln!(
        "{} routers in this process: {} MB more than before",
        ROUTERS + 2,
        (resident_kb() - before_kb) / 1024
    );

    // After a restart that is told nothing about the network, in both directions.
    let address_b = b.address().to_owned();
    let begun = Instant::now();
    b.shutdown().await;
    eprintln!("shutdown took {:.1} s", begun.elapsed().as_secs_f32());
    // Ends with the listener, which ends with the gateway.
    while let Some(other) = callers.recv().await {
        assert_eq!(other, caller);
    }
    let begun = Instant::now();
    let mut b = launch(config(&dir_b, embedded(&network, &[]))).await.unwrap();
    assert_eq!(b.address(), address_b);
    let _callers_a = echo(a.listener().unwrap());
    let mut callers_b = echo(b.listener().unwrap());
    reachable(&b, begun, "b again, without seeds").await;
    exchange(dial(&b, a.address()).await, b"b side").await;
    let begun = Instant::now();
    exchange(dial(&a, b.address()).await, b"a side").await;
    eprintln!("a reached the restarted b after {:.1} s", begun.elapsed().as_secs_f32());
    assert_ne!(callers_b.recv().await.unwrap(), caller, "from a fresh session");
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the loopback-only namespace of tests/run"]
async fn net_a_gateway_without_router_infos_waits_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let network = PrivateI2p::start(dir.path(), ROUTERS, FLOODFILLS, Fence::Namespace).unwrap();
    let gateway = launch(config(&dir.path().join("a"), embedded(&network, &[]))).await.unwrap();
    let status = wait_for(&gateway, |status| status.needs_seed).await;
    assert_eq!(status.state, State::Starting);
    assert!(!status.can_dial && status.detail.contains("no other I2P router is known"));
    let nobody = Destination::from_hash([1; 32]).to_b32();
    assert!(matches!(gateway.dial(&nobody).await, Err(DialError::Offline { .. })));
    assert_eq!(gateway.seed(vec![b"noise".to_vec()]).await, Err(SeedError::NoneUsable));

    let begun = Instant::now();
    assert_eq!(gateway.seed(network.router_infos().to_vec()).await, Ok(ROUTERS));
    reachable(&gateway, begun, "seeded").await;
    assert!(!gateway.status().borrow().needs_seed);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the loopback-only namespace of tests/run"]
async fn net_a_router_that_is_another_program_serves_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let network = PrivateI2p::start(dir.path(), ROUTERS, FLOODFILLS, Fence::Namespace).unwrap();
    let external = |index: usize| RouterChoice::External { sam: network.sam_ports()[index] };
    let begun = Instant::now();
    let mut a = launch(config(&dir.path().join("a"), external(ROUTERS - 1))).await.unwrap();
    let b = launch(config(&dir.path().join("b"), external(ROUTERS - 2))).await.unwrap();
    assert_eq!(a.seed(vec![]).await, Err(SeedError::NotEmbedded));
    let mut callers = echo(a.listener().unwrap());
    tokio::join!(reachable(&a, begun, "a, external"), reachable(&b, begun, "b, external"));
    exchange(dial(&b, a.address()).await, b"label").await;
    assert!(callers.recv().await.is_some());

    // The router goes away, and says so in the status.
    drop(network);
    wait_for(&a, |status| status.state == State::Starting && !status.can_dial).await;
    wait_for(&a, |status| status.detail.contains("SAM port cannot be reached")).await;
    assert!(matches!(a.dial(b.address()).await, Err(DialError::Offline { .. })));
}

#[tokio::test]
#[ignore = "needs the loopback-only namespace of tests/run"]
async fn net_routers_keep_who_they_are_and_whom_they_met() {
    // A router's identity: two keys and padding (384 bytes) and a certificate of seven.
    let identities = |network: &PrivateI2p| -> Vec<Vec<u8>> {
        network.router_infos().iter().map(|info| info[..391].to_vec()).collect()
    };
    let dir = tempfile::tempdir().unwrap();
    let network = PrivateI2p::start(dir.path(), 3, 1, Fence::Namespace).unwrap();
    let before = identities(&network);
    // The first relay knew nobody when it started. The others tell it of themselves.
    wait_for_calls(&network).await;
    let as_member =
        RouterConfig { data_dir: dir.path().join("relay0"), network: network.network(), seeds: Vec::new() };
    drop(network);
    let router = deadwax_i2p_router::start(as_member).await.unwrap();
    assert!(router.known_routers() > 0);
    assert_eq!(router.router_info()[..391], before[0]);
    assert_eq!(router.shutdown().await, RouterEnded::Stopped);

    let network = PrivateI2p::start(dir.path(), 3, 1, Fence::Namespace).unwrap();
    assert_eq!(identities(&network), before);

    let nobody =
        RouterConfig { data_dir: dir.path().join("nobody"), network: network.network(), seeds: Vec::new() };
    let started = deadwax_i2p_router::start(nobody).await;
    assert!(matches!(started, Err(StartError::NoRouterInfos)));
}

/// Waits until a session can be opened at the last relay, for which it needs tunnels through others.
async fn wait_for_calls(network: &PrivateI2p) {
    let dir = tempfile::tempdir().unwrap();
    let sam = *network.sam_ports().last().unwrap();
    let gateway = launch(config(dir.path(), RouterChoice::External { sam })).await.unwrap();
    wait_for(&gateway, |status| status.can_dial).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes 25 minutes; needs the loopback-only namespace of tests/run"]
async fn soak_streams_outlive_the_tunnels_that_carry_them() {
    // Tunnels live for ten minutes.
    const DURATION: Duration = Duration::from_secs(25 * 60);
    const PAUSE: Duration = Duration::from_secs(20);
    let dir = tempfile::tempdir().unwrap();
    let network = PrivateI2p::start(dir.path(), ROUTERS, FLOODFILLS, Fence::Namespace).unwrap();
    let seeds = network.router_infos();
    let a = launch(config(&dir.path().join("a"), embedded(&network, seeds))).await.unwrap();
    let mut b = launch(config(&dir.path().join("b"), embedded(&network, seeds))).await.unwrap();
    let _callers = echo(b.listener().unwrap());
    let begun = Instant::now();
    tokio::join!(reachable(&a, begun, "a"), reachable(&b, begun, "b"));
    let mut long = dial(&a, b.address()).await;
    let (mut slowest, mut not_reachable, mut rounds) = (Duration::ZERO, 0, 0);
    while begun.elapsed() < DURATION {
        let began = Instant::now();
        let mut back = [0; 16];
        let question = noise(16);
        timeout(TRANSFER_TIMEOUT, async {
            long.write_all(&question).await?;
            long.read_exact(&mut back).await
        })
        .await
        .expect("the long stream answers in time")
        .expect("the long stream lasts");
        assert_eq!(back[..], question);
        let stream = a.dial(b.address()).await.expect("a new stream opens at once");
        exchange(stream, &question).await;
        slowest = slowest.max(began.elapsed());
        rounds += 1;
        for gateway in [&a, &b] {
            not_reachable += u32::from(gateway.status().borrow().state != State::Reachable);
        }
        tokio::time::sleep(PAUSE).await;
    }
    eprintln!("{rounds} rounds, slowest {slowest:.1?}, not reachable {not_reachable} times");
    assert_eq!(not_reachable, 0);
}

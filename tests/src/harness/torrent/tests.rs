//! A whole download inside I2P: a tracker that exists only as a destination, a seeder, a leecher.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use deadwax_i2p_gateway::{
    I2pConfig, I2pListener, I2pStream, RouterChoice, State, TunnelOptions, launch,
    tracker::{Tracker, TrackerConfig},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::harness::{leak::LeakCounter, namespace::Fence, private_i2p::PrivateI2p};

const SIZE_BYTES: u64 = 1 << 20;

/// The slowest start of a network seen took a third of this.
const REACHABLE_TIMEOUT: Duration = Duration::from_secs(120);

/// Streams of the embedded router stall for nine seconds at each lost packet.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the loopback-only namespace of tests/run"]
async fn net_a_magnet_is_downloaded_inside_i2p() {
    let dir = tempfile::tempdir().unwrap();
    let (sharing, getting) = (dir.path().join("sharing"), dir.path().join("getting"));
    std::fs::create_dir(&sharing).unwrap();
    std::fs::create_dir(&getting).unwrap();
    // Of all that happens in here: the clients, their routers and the tracker run as one user.
    let leaks = LeakCounter::install(0).unwrap();

    let begun = Instant::now();
    let network = PrivateI2p::start(&dir.path().join("network"), 5, 3, Fence::Namespace).unwrap();
    let sams = network.sam_ports();
    let mut gateway = launch(I2pConfig {
        data_dir: dir.path().join("gateway"),
        router: RouterChoice::Embedded { network: network.network(), seeds: network.router_infos().to_vec() },
        tunnels: TunnelOptions { length: 1, quantity: 2 },
    })
    .await
    .unwrap();
    let tracker = Arc::new(Tracker::new(TrackerConfig { interval_secs: 60 }));
    tokio::spawn(serve(gateway.listener().unwrap(), Arc::clone(&tracker)));
    let mut status = gateway.status();
    let reachable = status.wait_for(|status| status.state == State::Reachable);
    tokio::time::timeout(REACHABLE_TIMEOUT, reachable).await.expect("the tracker in time").unwrap();
    println!("network and tracker after {:.1} s", begun.elapsed().as_secs_f32());

    let url = format!("http://{}/announce", gateway.address());
    let (leeched, shared) = tokio::task::spawn_blocking(move || {
        let content = make_content(&sharing, SIZE_BYTES, 1).unwrap();
        let file = sharing.join("album.torrent");
        let torrent = make_torrent(&content, &[&url], &[&url], &file).unwrap();
        assert_eq!(torrent.size_bytes, SIZE_BYTES);

        let begun = Instant::now();
        let mut seeder = TorrentPeer::seed(sams[3], &file, &sharing).unwrap();
        seeder.announced(REACHABLE_TIMEOUT).unwrap();
        println!("seeder announced after {:.1} s", begun.elapsed().as_secs_f32());

        let begun = Instant::now();
        let mut leecher = TorrentPeer::leech(sams[4], &torrent.magnet, &getting, DOWNLOAD_TIMEOUT).unwrap();
        let peers = leecher.complete(DOWNLOAD_TIMEOUT).unwrap();
        println!("magnet to complete in {:.1} s", begun.elapsed().as_secs_f32());
        for event in leecher.events() {
            println!("  leecher {event:?}");
        }
        assert!(!peers.is_empty() && peers.iter().all(|connection| connection.i2p), "{peers:?}");
        let health = tracker.health(&infohash(&torrent), 0).unwrap();
        assert_eq!(
            (health.seeders, health.leechers),
            (1, 1),
            "the leecher has not announced that it is done"
        );

        // They say good-bye, which the tracker has heard by the time they ended.
        let begun = Instant::now();
        drop(leecher);
        drop(seeder);
        println!("both ended after {:.1} s", begun.elapsed().as_secs_f32());
        println!("swarm afterwards: {:?}", tracker.health(&infohash(&torrent), 0));
        (digests(&getting.join(&torrent.name)).unwrap(), digests(&content).unwrap())
    })
    .await
    .unwrap();
    assert_eq!(leeched, shared);
    assert_eq!(leaks.packets_elsewhere_of_all().unwrap(), 0);
    leaks.positive_control().unwrap();
    gateway.shutdown().await;
}

fn infohash(torrent: &Torrent) -> [u8; 20] {
    data_encoding::HEXLOWER.decode(torrent.infohash.as_bytes()).unwrap().try_into().unwrap()
}

/// As much of HTTP as announces need, until the gateway ends.
async fn serve(mut listener: I2pListener, tracker: Arc<Tracker>) {
    while let Some((stream, caller)) = listener.accept().await {
        let tracker = Arc::clone(&tracker);
        // Callers may go away at any time, and come back.
        tokio::spawn(async move { answer(stream, &tracker, *caller.as_hash()).await.ok() });
    }
}

async fn answer(mut stream: I2pStream, tracker: &Tracker, caller: [u8; 32]) -> anyhow::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(stream.read_buf(&mut head).await? > 0 && head.len() < 8192, "no request");
    }
    let head = String::from_utf8(head)?;
    let target = head.split(' ').nth(1).context("no target")?;
    let query = target.strip_prefix("/announce?").context("not an announce")?;
    let body = tracker.announce(query, caller, 0);
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat()).await?;
    stream.shutdown().await?;
    Ok(())
}

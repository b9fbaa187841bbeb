//! A whole I2P network on loopback: a few relays, some of them floodfills, all in this process.
//!
//! Its members (nodes, gateways, foreign clients) are not here: nodes join with
//! [`PrivateI2p::network`] and [`PrivateI2p::router_infos`], foreign clients use a relay's SAM port.

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, ensure};
use deadwax_i2p_router::{I2pNetwork, Relay, Router, RouterConfig};
use futures::future::{join_all, select_all};
use tokio::sync::oneshot;

use super::namespace::Fence;

/// The network's id. Any but 2, which is the public network's.
const NET_ID: u8 = 77;

/// Relays listen on 127.0.0.21, .22 and so on, because a router takes two addresses for two routers.
const FIRST_ADDRESS: u8 = 21;

/// More would not fit into a test machine's memory (15 MB each), nor into the last byte of an address.
const MAX_ROUTERS: usize = 100;

/// A running network. Dropping it stops its routers and waits for them.
pub struct PrivateI2p {
    relays: Vec<About>,
    router_infos: Vec<Vec<u8>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct About {
    sam: SocketAddr,
}

impl PrivateI2p {
    /// Starts `routers` relays, the first `floodfills` of them floodfills, with their files below
    /// `dir`. Five and three make a network on which the first stream takes some 10 s at most; with
    /// fewer than three floodfills, or four routers, it can take much longer.
    ///
    /// Returns when all SAM ports are open; the routers get to know each other meanwhile and after.
    /// Blocks for about a second. Fails without its fence.
    pub fn start(dir: &Path, routers: usize, floodfills: usize, fence: Fence) -> anyhow::Result<Self> {
        fence.check()?;
        ensure!(floodfills <= routers && routers <= MAX_ROUTERS, "no such network");
        let dir = std::path::absolute(dir)?;
        let (started, start) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("private-i2p".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return started.send(Err(error.into())).unwrap_or_default(),
            };
            runtime.block_on(run(dir, routers, floodfills, &started, stopped));
        })?;
        let relays = start.recv().context("the private I2P network's thread ended")??;
        let (relays, router_infos) = relays.into_iter().unzip();
        Ok(Self { relays, router_infos, stop: Some(stop), thread: Some(thread) })
    }

    /// The relays' SAM ports, for foreign clients such as libtorrent.
    pub fn sam_ports(&self) -> Vec<SocketAddr> {
        self.relays.iter().map(|relay| relay.sam).collect()
    }

    /// The relays' RouterInfos, which a member needs to join.
    pub fn router_infos(&self) -> &[Vec<u8>] {
        &self.router_infos
    }

    /// What a member's gateway is told to join this network: it publishes no address, as in the
    /// public network.
    pub fn network(&self) -> I2pNetwork {
        I2pNetwork::Private { net_id: NET_ID, relay: None }
    }
}

impl Drop for PrivateI2p {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by the thread itself.
            let _ = thread.join();
        }
    }
}

type Started = anyhow::Result<Vec<(About, Vec<u8>)>>;

async fn run(
    dir: PathBuf,
    routers: usize,
    floodfills: usize,
    started: &mpsc::Sender<Started>,
    stopped: oneshot::Receiver<()>,
) {
    let mut relays = match start_relays(&dir, routers, floodfills).await {
        Ok(relays) => relays,
        Err(error) => return started.send(Err(error)).unwrap_or_default(),
    };
    let about = relays.iter().map(|relay| {
        let sam = SocketAddr::from((Ipv4Addr::LOCALHOST, relay.sam_port()));
        (About { sam }, relay.router_info().to_vec())
    });
    if started.send(Ok(about.collect())).is_err() {
        return;
    }
    let first_end = select_all(relays.iter_mut().map(|relay| Box::pin(relay.ended())));
    tokio::select! {
        _ = stopped => {}
        (reason, relay, _) = first_end => {
            // Loud, because the test that runs now will time out for a reason that it cannot see.
            tracing::error!(relay, %reason, "a relay of the private I2P network ended");
            eprintln!("relay {relay} of the private I2P network ended: {reason}");
        }
    }
    join_all(relays.into_iter().map(Router::shutdown)).await;
}

async fn start_relays(dir: &Path, routers: usize, floodfills: usize) -> anyhow::Result<Vec<Router>> {
    let mut relays = Vec::new();
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for index in 0..routers {
        let address = Ipv4Addr::new(127, 0, 0, FIRST_ADDRESS + u8::try_from(index)?);
        let relay = Relay { address, floodfill: index < floodfills };
        let config = RouterConfig {
            data_dir: dir.join(format!("relay{index}")),
            network: I2pNetwork::Private { net_id: NET_ID, relay: Some(relay) },
            // Each knows those that were there before it, and tells them of itself.
            seeds: seeds.clone(),
        };
        let router = deadwax_i2p_router::start(config).await;
        let router = router.with_context(|| format!("relay {index} of the private I2P network"))?;
        seeds.push(router.router_info().to_vec());
        relays.push(router);
    }
    Ok(relays)
}

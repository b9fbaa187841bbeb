//! Starts the gateways, serves what they accept, and passes on how they are.

use super::Options;
use super::reseed::{self, Note};
use crate::app::SharedApp;
use crate::config::RouterKind;
use crate::networks::{Network, Reach};
use crate::serve::{Caller, Callers, MAX_STREAMS, serve};
use crate::web;
use anyhow::{Context, Result, bail};
use axum::Router;
use deadwax_i2p_gateway::{I2pConfig, I2pGateway, I2pListener, I2pNetwork, RouterChoice, TunnelOptions};
use deadwax_onion_gateway::{OnionConfig, OnionGateway, OnionListener, TorNetwork};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Tunnels of the node's destination in each direction.
const TUNNEL_QUANTITY: u8 = 3;
/// A RouterInfo is some 1 to 3 KiB; larger files in a folder of them are something else.
const MAX_ROUTER_INFO_BYTES: u64 = 16 * 1024;

type Tasks = JoinSet<(&'static str, Result<()>)>;

/// The gateways that run.
pub struct Gateways {
    onion: Option<Arc<OnionGateway>>,
    i2p: Option<Arc<I2pGateway>>,
}

impl Gateways {
    /// Closes what can be closed in order; routers save what they know.
    pub async fn shutdown(&self) {
        let onion = async {
            if let Some(gateway) = &self.onion {
                gateway.shutdown().await;
            }
        };
        let i2p = async {
            if let Some(gateway) = &self.i2p {
                gateway.shutdown().await;
            }
        };
        tokio::join!(onion, i2p);
    }
}

/// Starts the gateways that the configuration asks for. Neither waits for its network.
pub async fn start(app: &SharedApp, options: &Options, tasks: &mut Tasks) -> Result<Gateways> {
    let router = web::router(Arc::clone(app));
    let onion =
        if app.config.tor.enabled { Some(start_onion(app, options, &router, tasks).await?) } else { None };
    let note = watch::Sender::new(None);
    let i2p = if app.config.i2p.enabled {
        Some(start_i2p(app, options, &router, note.subscribe(), tasks).await?)
    } else {
        None
    };
    if let Some(i2p) = &i2p {
        reseed::spawn(i2p, onion.as_ref(), options, note, tasks)?;
    }
    Ok(Gateways { onion, i2p })
}

async fn start_onion(
    app: &SharedApp,
    options: &Options,
    router: &Router,
    tasks: &mut Tasks,
) -> Result<Arc<OnionGateway>> {
    let tor = &app.config.tor;
    if options.network.is_some() && !(tor.bridges.is_empty() && tor.transports.is_empty()) {
        // They lead to the public network.
        bail!("a network file needs tor.bridges and tor.transports to be empty");
    }
    let network = match &options.network {
        None => TorNetwork::Public,
        Some(file) => TorNetwork::Private(
            file.tor
                .clone()
                .context("the network file has no [tor] section; switch tor off in deadwax.toml")?,
        ),
    };
    let mut gateway = deadwax_onion_gateway::launch(OnionConfig {
        state_dir: options.data_dir.join("tor"),
        network,
        bridges: app.config.tor.bridges.clone(),
        transports: app.config.tor.transports.clone(),
    })
    .await?;
    let listener = gateway.listener().context("the onion service's listener was taken")?;
    tasks.spawn({
        let router = router.clone();
        async move { ("the onion service", serve_onion(listener, router).await) }
    });
    let gateway = Arc::new(gateway);
    app.dialer.set_onion(Arc::clone(&gateway));
    let (mut status, address, app) = (gateway.status(), gateway.address().to_owned(), Arc::clone(app));
    tasks.spawn(async move {
        loop {
            let now = status.borrow_and_update().clone();
            let reachable = now.state == deadwax_onion_gateway::State::Reachable;
            app.networks.set_tor(network_of(reachable, &address, now.detail));
            if status.changed().await.is_err() {
                return ("the onion gateway", Ok(()));
            }
        }
    });
    Ok(gateway)
}

async fn start_i2p(
    app: &SharedApp,
    options: &Options,
    router: &Router,
    mut note: watch::Receiver<Note>,
    tasks: &mut Tasks,
) -> Result<Arc<I2pGateway>> {
    let choice = match (app.config.i2p.router, &options.network) {
        // Which network its routers are on cannot be seen from here, and it may be the public one.
        (RouterKind::External, Some(_)) => bail!("a network file needs i2p.router = \"embedded\""),
        (RouterKind::External, None) => RouterChoice::External { sam: app.config.i2p.sam },
        (RouterKind::Embedded, None) => {
            RouterChoice::Embedded { network: I2pNetwork::Public, seeds: Vec::new() }
        }
        (RouterKind::Embedded, Some(file)) => {
            let i2p = file
                .i2p
                .as_ref()
                .context("the network file has no [i2p] section; switch i2p off in deadwax.toml")?;
            let network = I2pNetwork::Private { net_id: i2p.net_id, relay: None };
            RouterChoice::Embedded { network, seeds: read_router_infos(&i2p.router_infos)? }
        }
    };
    let tunnels = TunnelOptions { length: app.config.i2p.tunnel_hops, quantity: TUNNEL_QUANTITY };
    let config = I2pConfig { data_dir: options.data_dir.join("i2p"), router: choice, tunnels };
    let mut gateway = deadwax_i2p_gateway::launch(config).await?;
    let listener = gateway.listener().context("the I2P listener was taken")?;
    tasks.spawn({
        let router = router.clone();
        async move { ("the I2P destination", serve_i2p(listener, router).await) }
    });
    let gateway = Arc::new(gateway);
    app.dialer.set_i2p(Arc::clone(&gateway));
    let (mut status, address, app) = (gateway.status(), gateway.address().to_owned(), Arc::clone(app));
    tasks.spawn(async move {
        loop {
            let now = status.borrow_and_update().clone();
            let reachable = now.state == deadwax_i2p_gateway::State::Reachable;
            let detail = match &*note.borrow_and_update() {
                Some(note) if now.needs_seed => format!("{}; {note}", now.detail),
                _ => now.detail,
            };
            app.networks.set_i2p(network_of(reachable, &address, detail));
            let changed = tokio::select! {
                changed = status.changed() => changed,
                Ok(()) = note.changed() => Ok(()),
            };
            if changed.is_err() {
                return ("the I2P gateway", Ok(()));
            }
        }
    });
    Ok(gateway)
}

fn network_of(reachable: bool, address: &str, detail: String) -> Network {
    let state = if reachable { Reach::Reachable } else { Reach::Starting };
    Network { state, address: Some(address.to_owned()), detail }
}

async fn serve_onion(mut listener: OnionListener, router: Router) -> Result<()> {
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    loop {
        let permit = Arc::clone(&streams).acquire_owned().await?;
        let Some(stream) = listener.accept().await else { bail!("it takes no more streams") };
        tokio::spawn(serve(stream, router.clone(), Caller::Anonymous, permit));
    }
}

async fn serve_i2p(mut listener: I2pListener, router: Router) -> Result<()> {
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    let callers = Arc::new(Callers::default());
    loop {
        let permit = Arc::clone(&streams).acquire_owned().await?;
        let Some((stream, destination)) = listener.accept().await else { bail!("it takes no more streams") };
        let hash = *destination.as_hash();
        // One more is closed at once: whoever has so many open has them for others' harm.
        let Some(place) = callers.take(hash) else { continue };
        let served = serve(stream, router.clone(), Caller::I2p(hash), permit);
        tokio::spawn(async move {
            served.await;
            drop(place);
        });
    }
}

/// The RouterInfos in a folder: one in each file.
fn read_router_infos(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut infos = Vec::new();
    for file in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let file = file?;
        if file.metadata()?.len() <= MAX_ROUTER_INFO_BYTES {
            infos.push(std::fs::read(file.path())?);
        }
    }
    Ok(infos)
}

//! `deadwax run`: opens what is on disk, starts both gateways, and keeps everything going until it
//! is told to stop.

mod gateways;
mod report;

use crate::admin;
use crate::app::{App, SharedApp, blocking};
use crate::config::{Config, NetworkFile};
use crate::dialer::Dialer;
use crate::networks::Networks;
use crate::peers::follow::{Turns, follow};
use crate::peers::status::PeerBoard;
use crate::serve::serve_unix;
use crate::web;
use anyhow::{Context, Result, bail};
use deadwax_i2p_gateway::tracker::{Tracker, TrackerConfig};
use deadwax_index::entry::identity::Identity;
use deadwax_index::search::SearchIndex;
use deadwax_index::store::Store;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

/// How often the outbox is looked at: entries that are due leave together, sorted by id.
const RELEASE_INTERVAL: Duration = Duration::from_secs(60);
/// Stopping waits this long for streams and routers to close.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// What `deadwax run` was told.
pub struct Options {
    /// The configuration.
    pub config: Config,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// A network of its own.
    pub network: Option<NetworkFile>,
    /// Written when the node is reachable.
    pub ready_file: Option<PathBuf>,
    /// RouterInfos to start I2P from.
    pub reseed: Option<PathBuf>,
}

/// Runs a node until SIGINT or SIGTERM.
///
/// # Errors
/// What keeps it from starting, or the part that ended on its own.
pub fn run(options: Options) -> Result<()> {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run_until_stopped(options));
    runtime.shutdown_timeout(STOP_TIMEOUT);
    done
}

/// Warnings and errors go to standard error; `RUST_LOG` asks for more.
fn log() {
    // arti repeats what callers do wrong; the gateways say what an operator can act on.
    let quiet = "warn,tor_hsservice=error,tor_proto=error,tor_guardmgr=error,emissary_core=off";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

async fn run_until_stopped(mut options: Options) -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    if let Some(network) = &options.network {
        options.config.sync.peers.extend(network.peers.iter().cloned());
        options.config.publication.delay = network.publication_delay.unwrap_or(options.config.publication.delay);
    }
    let (app, _lock) = open(&options)?;
    let mut tasks: JoinSet<(&'static str, Result<()>)> = JoinSet::new();
    serve_sockets(&app, &options.data_dir, &mut tasks)?;
    report::greet(&app, options.network.as_ref());
    let gateways = gateways::start(&app, &options, &mut tasks).await?;
    work(&app, &mut tasks);
    report::spawn(&app, &options, &mut tasks);
    let ended = tokio::select! {
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
        ended = tasks.join_next() => ended,
    };
    report::stopping();
    let _ = tokio::time::timeout(STOP_TIMEOUT, gateways.shutdown()).await;
    tasks.shutdown().await;
    for socket in ["admin.sock", "web.sock"] {
        let _ = std::fs::remove_file(options.data_dir.join(socket));
    }
    match ended {
        None => Ok(()),
        Some(Ok((name, Err(error)))) => Err(error.context(format!("{name} failed"))),
        Some(Ok((name, Ok(())))) => bail!("{name} ended on its own"),
        Some(Err(error)) => bail!("a part of the node crashed: {error}"),
    }
}

/// Opens the data directory of a node that is about to run; the lock keeps a second one out.
fn open(options: &Options) -> Result<(SharedApp, File)> {
    let store = Store::open(&options.data_dir)?;
    let lock = File::create(options.data_dir.join("lock"))?;
    if lock.try_lock().is_err() {
        bail!("another node is running on {}", options.data_dir.display());
    }
    let interval_secs = options.network.as_ref().and_then(|network| network.i2p.as_ref()?.announce_interval_secs);
    let app = App {
        private_network: options.network.is_some(),
        search: SearchIndex::open(&options.data_dir.join("search"))?,
        identity: Mutex::new(node_identity(&options.data_dir.join("node.identity"))?),
        tracker: Tracker::new(interval_secs.map_or_else(TrackerConfig::default, |interval_secs| TrackerConfig { interval_secs })),
        networks: Networks::default(),
        dialer: Dialer::new(options.network.is_some()),
        peers: PeerBoard::new(&options.config.sync.peers),
        released: watch::Sender::new(0),
        config: options.config.clone(),
        store,
    };
    Ok((Arc::new(app), lock))
}

/// Opens a data directory to look things up in it; makes nothing that is not there.
///
/// # Errors
/// Nothing is there, or it cannot be read.
pub fn open_for_reading(config: Config, data_dir: &Path) -> Result<App> {
    if !data_dir.join("entries.db").exists() {
        bail!("there is no node in {}", data_dir.display());
    }
    let store = Store::open(data_dir)?;
    let search = SearchIndex::open(&data_dir.join("search"))?;
    search.catch_up(&store)?;
    Ok(App {
        private_network: false,
        search,
        identity: Mutex::new(node_identity(&data_dir.join("node.identity"))?),
        tracker: Tracker::new(TrackerConfig::default()),
        networks: Networks::default(),
        dialer: Dialer::new(false),
        peers: PeerBoard::new(&config.sync.peers),
        released: watch::Sender::new(0),
        config,
        store,
    })
}

/// The node's own key, made at its first start.
fn node_identity(path: &Path) -> Result<Identity> {
    if !path.exists() {
        let identity = Identity::generate()?;
        write_identity(path, &identity)?;
        return Ok(identity);
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Identity::from_file(&bytes).with_context(|| path.display().to_string())
}

fn write_identity(path: &Path, identity: &Identity) -> Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(identity.to_file().as_bytes())?;
    file.sync_all().with_context(|| format!("cannot write {}", path.display()))
}

/// Serves the pages on `web.sock` and administration on `admin.sock`, for this user alone.
fn serve_sockets(app: &SharedApp, data_dir: &Path, tasks: &mut JoinSet<(&'static str, Result<()>)>) -> Result<()> {
    let routers = [
        ("web.sock", web::router(Arc::clone(app))),
        ("admin.sock", admin::router(Arc::clone(app))),
    ];
    for (name, router) in routers {
        let path = data_dir.join(name);
        // Left behind by a node that was killed: the lock says that none is running.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
        // The folder is closed to others already, so there is no moment at which they could connect.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        tasks.spawn(async move { (name, serve_unix(listener, router).await.map_err(Into::into)) });
    }
    Ok(())
}

/// Starts what goes on in the background: search index, outbox, peers.
fn work(app: &SharedApp, tasks: &mut JoinSet<(&'static str, Result<()>)>) {
    tasks.spawn({
        let app = Arc::clone(app);
        async move { ("the search index", keep_search_current(&app).await) }
    });
    tasks.spawn({
        let app = Arc::clone(app);
        async move { ("the outbox", release_entries(&app).await) }
    });
    let turns = Arc::new(Turns::default());
    for peer in app.config.sync.peers.clone() {
        let (app, turns) = (Arc::clone(app), Arc::clone(&turns));
        tasks.spawn(async move {
            follow(app, peer, turns).await;
            ("following a peer", Ok(()))
        });
    }
}

/// Brings the search index up to what the store holds, at the start and whenever entries came.
async fn keep_search_current(app: &SharedApp) -> Result<()> {
    let mut released = app.released.subscribe();
    loop {
        released.mark_unchanged();
        blocking(app, |app| app.search.catch_up(&app.store)).await?;
        released.changed().await?;
    }
}

async fn release_entries(app: &SharedApp) -> Result<()> {
    loop {
        blocking(app, App::release_due).await?;
        tokio::time::sleep(RELEASE_INTERVAL).await;
    }
}

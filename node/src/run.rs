//! `deadwax run`: opens what is on disk, starts both gateways, and keeps everything going until it
//! is told to stop.

mod gateways;
mod reading;
mod report;
mod reseed;

pub use reading::open_for_reading;

use crate::admin;
use crate::app::{App, SharedApp, blocking, uptime_secs};
use crate::config::{Config, NetworkFile};
use crate::dialer::Dialer;
use crate::disk::wait_for_space;
use crate::founding::{self, Belongs, Told};
use crate::peers::outbound::follow_peers;
use crate::serve::serve_unix;
use crate::signer::Signer;
use crate::submit::SubmitError;
use crate::web;
use anyhow::{Context, Result, bail};
use deadwax_i2p_gateway::tracker::{Tracker, TrackerConfig};
use deadwax_index::search::SearchIndex;
use deadwax_index::store::Store;
use rustix::process::{Resource, Rlimit};
use std::fs::File;
use std::io::IsTerminal;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing_subscriber::EnvFilter;

/// How often the outbox is looked at: entries that are due leave together, sorted by id.
const RELEASE_INTERVAL: Duration = Duration::from_secs(60);
/// How often the search index learns who seeds what.
const SEEDERS_INTERVAL: Duration = Duration::from_secs(15);
/// How often it is looked whether there is a new catalogue.
const LOOK_FOR_CATALOGUE: Duration = Duration::from_secs(30);
/// Commits of the search index begin this far apart: each writes files of its own, which are merged later.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// What could not be done is tried again after this.
const RETRY_PAUSE: Duration = Duration::from_secs(10);
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
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run_until_stopped(options));
    runtime.shutdown_timeout(STOP_TIMEOUT);
    done
}

/// A stream inside I2P costs two open files, and the usual limit of 1,024 is for programs of another kind.
fn raise_open_files() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = rustix::process::setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit on open files stays as it is");
    }
}

/// Warnings and errors go to standard error; `RUST_LOG` asks for more.
fn log() {
    // arti repeats what callers do wrong; the gateways say what an operator can act on.
    let quiet = "warn,tor_hsservice=error,tor_proto=error,tor_guardmgr=error,tor_netdir=error,emissary=off,emissary_core=off";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

async fn run_until_stopped(mut options: Options) -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    if let Some(network) = &options.network {
        options.config.sync.peers.extend(network.peers.iter().cloned());
        options.config.publication.delay =
            network.publication_delay.unwrap_or(options.config.publication.delay);
        if let Some(hops) = network.i2p.as_ref().and_then(|i2p| i2p.tunnel_hops) {
            options.config.i2p.tunnel_hops = hops;
        }
    }
    let (app, belongs, _lock) = open(&options)?;
    let mut tasks: JoinSet<(&'static str, Result<()>)> = JoinSet::new();
    serve_sockets(&app, &options.data_dir, &mut tasks)?;
    report::greet(&app, options.network.as_ref(), &belongs);
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
fn open(options: &Options) -> Result<(SharedApp, Belongs, File)> {
    let lock = lock(&options.data_dir)?;
    let store = Store::open(&options.data_dir)?;
    if !options.config.sync.segments {
        store.remove_segments()?;
    }
    let mut signer = Signer::open(&options.data_dir)?;
    let told = match (options.config.network.charter, &options.network) {
        (_, Some(network)) => network.charter.map_or(Told::Open, Told::Charter),
        (Some(charter), None) => Told::Charter(charter),
        (None, None) => Told::Nothing,
    };
    let belongs = founding::settle(&store, &mut signer, &options.config, told)?;
    let interval_secs =
        options.network.as_ref().and_then(|network| network.i2p.as_ref()?.announce_interval_secs);
    let tracker =
        interval_secs.map_or_else(TrackerConfig::default, |interval_secs| TrackerConfig { interval_secs });
    let app = App::new(
        options.config.clone(),
        store,
        SearchIndex::open(&options.data_dir)?,
        signer,
        Tracker::new(tracker),
        Dialer::new(options.network.is_some()),
    );
    Ok((Arc::new(app), belongs, lock))
}

/// Makes the data directory this user's alone, and takes it for this process until the file is closed.
///
/// # Errors
/// Another process has it, or it cannot be made.
pub fn lock(data_dir: &Path) -> Result<File> {
    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .and_then(|()| std::fs::set_permissions(data_dir, closed))
        .with_context(|| format!("cannot use {}", data_dir.display()))?;
    let lock = File::create(data_dir.join("lock"))?;
    if lock.try_lock().is_err() {
        bail!("another node is running on {}", data_dir.display());
    }
    Ok(lock)
}

/// Serves the pages on `web.sock` and administration on `admin.sock`, for this user alone.
fn serve_sockets(
    app: &SharedApp,
    data_dir: &Path,
    tasks: &mut JoinSet<(&'static str, Result<()>)>,
) -> Result<()> {
    let routers =
        [("web.sock", web::router(Arc::clone(app))), ("admin.sock", admin::router(Arc::clone(app)))];
    for (name, router) in routers {
        let path = data_dir.join(name);
        let listener = bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
        tasks.spawn(async move { match serve_unix(listener, router).await {} });
    }
    Ok(())
}

/// A Unix socket that only this user can open, from its first moment: it is made in a closed folder,
/// and replaces what a node that was killed left behind.
fn bind(path: &Path) -> std::io::Result<UnixListener> {
    let closed = path.with_extension("new");
    let _ = std::fs::remove_dir_all(&closed);
    std::fs::DirBuilder::new().mode(0o700).create(&closed)?;
    let made = closed.join("socket");
    let listener = UnixListener::bind(&made)?;
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&made, path)?;
    std::fs::remove_dir(&closed)?;
    Ok(listener)
}

/// Starts what goes on in the background: search index, outbox, peers.
fn work(app: &SharedApp, tasks: &mut JoinSet<(&'static str, Result<()>)>) {
    tasks.spawn({
        let app = Arc::clone(app);
        async move { ("the search index", keep_search_current(&app).await) }
    });
    tasks.spawn({
        let app = Arc::clone(app);
        async move { ("the seeders", keep_seeders_current(&app).await) }
    });
    tasks.spawn({
        let app = Arc::clone(app);
        async move { ("the outbox", release_entries(&app).await) }
    });
    tasks.spawn({
        let app = Arc::clone(app);
        async move { match follow_peers(app).await {} }
    });
}

/// Brings the search index up to what the store holds, at the start and whenever entries came.
async fn keep_search_current(app: &SharedApp) -> Result<()> {
    let mut released = app.released.subscribe();
    loop {
        released.mark_unchanged();
        let started = tokio::time::Instant::now();
        match blocking(app, |app| app.search.catch_up(&app.store)).await {
            // An import of the catalogue is made by another process: only looking tells of it.
            Ok(_) => {
                if let Ok(changed) = timeout(LOOK_FOR_CATALOGUE, released.changed()).await {
                    changed?;
                }
                // The first of many entries is found at once, the others some at a time.
                tokio::time::sleep_until(started + COMMIT_INTERVAL).await;
            }
            Err(error) if app.disk.failed(&error) => wait_for_space(app).await,
            // A cache: searches find what was there before, and the rest when the disk or the lock is free again.
            Err(error) => {
                tracing::error!(%error, "the search index could not follow the store");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

/// Tells the search index who seeds what, so that seeded groups come first.
async fn keep_seeders_current(app: &SharedApp) -> Result<()> {
    loop {
        let told =
            blocking(app, |app| app.search.set_seeders(&app.store, &app.tracker.seeders(uptime_secs())))
                .await;
        if let Err(error) = told {
            tracing::error!(%error, "the search index does not know of seeders");
        }
        tokio::time::sleep(SEEDERS_INTERVAL).await;
    }
}

async fn release_entries(app: &SharedApp) -> Result<()> {
    loop {
        match blocking(app, App::release_due).await {
            Ok(()) => {}
            Err(SubmitError::Store(error)) if app.disk.failed(&error) => {}
            Err(error) => tracing::error!(%error, "entries that are due could not be released"),
        }
        tokio::time::sleep(RELEASE_INTERVAL).await;
    }
}

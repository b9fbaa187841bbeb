//! A running router: its thread, its end.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use emissary_core::events::EventSubscriber;
use emissary_core::router::Router as EmissaryRouter;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::config::{ConfigError, I2pNetwork, RouterConfig, emissary_config};
use crate::host::{Activity, Host};
use crate::runtime::TokioRuntime;
use crate::store::{Store, StoreError};

/// Threads beside the router's own. One suffices: a router moves a few MB/s at most.
const WORKER_THREADS: usize = 1;

/// How long a stopping router may take to save what it learned.
const SAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long its tasks may take to end after that.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// A router did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The network must not be joined.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Neither kept nor given: there is nobody to connect to.
    #[error("no RouterInfo is known: the router needs a reseed")]
    NoRouterInfos,
    /// The router's directory failed.
    #[error("the I2P router's files")]
    Store(#[from] StoreError),
    /// The operating system gave no thread.
    #[error("no thread for the I2P router")]
    Thread(#[source] std::io::Error),
    /// emissary refused; the usual cause is that a port could not be opened.
    #[error("the I2P router refused to start: {0}")]
    Refused(String),
    /// It stopped before it was ready.
    #[error("the I2P router crashed while starting")]
    Crashed,
}

/// Why a router is not running any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouterEnded {
    /// It was told to.
    #[error("it was stopped")]
    Stopped,
    /// Its own main task came to an end.
    #[error("it ended by itself")]
    ByItself,
    /// One of its main tasks panicked.
    #[error("one of its main tasks panicked")]
    TaskPanicked,
    /// Its thread panicked.
    #[error("its thread panicked")]
    Crashed,
}

/// A running router. Dropping it stops it (and saves) in the background;
/// [`Router::shutdown`] waits for that.
pub struct Router {
    ready: Ready,
    host: Arc<Host>,
    store: Store,
    /// Dropped to stop.
    stop: Option<oneshot::Sender<()>>,
    ended: watch::Receiver<Option<RouterEnded>>,
}

/// What is known once a router is up.
struct Ready {
    sam_port: u16,
    router_info: Vec<u8>,
}

/// Starts a router and returns once its SAM port is open. It is not connected to anybody then, and
/// starts offline just as well.
///
/// # Errors
/// See [`StartError`]; with [`StartError::NoRouterInfos`] nothing was started.
pub async fn start(config: RouterConfig) -> Result<Router, StartError> {
    config.network.check()?;
    // Checks a signature for each router known.
    let opened = tokio::task::spawn_blocking({
        let config = config.clone();
        move || {
            let store = Store::open(&config.data_dir, &config.network)?;
            store.seed(&config.seeds)?;
            Ok::<_, StoreError>(store)
        }
    });
    let store = opened.await.map_err(|_| StartError::Crashed)??;
    // A relay may be the first of its network.
    let may_be_first = matches!(config.network, I2pNetwork::Private { relay: Some(_), .. });
    if store.with_known(|known| known.len()) == 0 && !may_be_first {
        return Err(StartError::NoRouterInfos);
    }
    let host = Host::new(&config.network);
    let (stop, stopped) = oneshot::channel();
    let (ready_sender, ready) = oneshot::channel();
    let (ended_sender, ended) = watch::channel(None);
    let job = Job { config, store: store.clone(), host: Arc::clone(&host) };
    thread::Builder::new()
        .name("i2p-router".to_owned())
        .spawn(move || job.run(ready_sender, stopped, &ended_sender))
        .map_err(StartError::Thread)?;
    let ready = ready.await.map_err(|_| StartError::Crashed)??;
    Ok(Router { ready, host, store, stop: Some(stop), ended })
}

impl Router {
    /// Port of the SAM bridge on 127.0.0.1. Any local program can use it; it gives nobody power over
    /// sessions that others opened, whose ids are random.
    #[must_use]
    pub fn sam_port(&self) -> u16 {
        self.ready.sam_port
    }

    /// The router's own RouterInfo, as of its start, uncompressed.
    #[must_use]
    pub fn router_info(&self) -> &[u8] {
        &self.ready.router_info
    }

    /// Routers whose RouterInfo is kept, as of the last save.
    #[must_use]
    pub fn known_routers(&self) -> usize {
        self.store.with_known(|known| known.len())
    }

    /// The router's numbers.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.host.activity(self.known_routers())
    }

    /// Returns when the router is not running any more. Can be called again and dropped freely.
    pub async fn ended(&mut self) -> RouterEnded {
        wait_until_ended(&mut self.ended).await
    }

    /// Saves what the router learned and stops it. Connections and streams end at once.
    pub async fn shutdown(mut self) -> RouterEnded {
        self.stop = None;
        wait_until_ended(&mut self.ended).await
    }
}

async fn wait_until_ended(ended: &mut watch::Receiver<Option<RouterEnded>>) -> RouterEnded {
    match ended.wait_for(Option::is_some).await {
        Ok(reason) => reason.unwrap_or(RouterEnded::Crashed),
        // The thread is gone without a word.
        Err(_) => RouterEnded::Crashed,
    }
}

/// emissary's handles on a router.
struct Running {
    router: EmissaryRouter<TokioRuntime>,
    /// Kept, because emissary may take its loss for an end.
    _events: EventSubscriber,
}

/// The router's thread.
struct Job {
    config: RouterConfig,
    store: Store,
    host: Arc<Host>,
}

impl Job {
    fn run(
        self,
        ready: oneshot::Sender<Result<Ready, StartError>>,
        stopped: oneshot::Receiver<()>,
        ended: &watch::Sender<Option<RouterEnded>>,
    ) {
        Arc::clone(&self.host).adopt_thread();
        let host = Arc::clone(&self.host);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .thread_name("i2p-router")
            .on_thread_start(move || Arc::clone(&host).adopt_thread())
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = ready.send(Err(StartError::Thread(error)));
                return;
            }
        };
        let ended_router = runtime.block_on(self.route(ready, stopped));
        runtime.shutdown_timeout(END_TIMEOUT);
        // The router itself goes last: its other tasks would take its loss for a failure.
        let reason = ended_router.map(|(reason, _router)| reason);
        ended.send_replace(reason);
    }

    /// Runs the router until it ends; `None` if it never started.
    async fn route(
        self,
        ready: oneshot::Sender<Result<Ready, StartError>>,
        stopped: oneshot::Receiver<()>,
    ) -> Option<(RouterEnded, Running)> {
        let mut running = match self.start().await {
            Ok((running, about)) => {
                let _ = ready.send(Ok(about));
                running
            }
            Err(error) => {
                let _ = ready.send(Err(error));
                return None;
            }
        };
        let reason = tokio::select! {
            () = &mut running.router => RouterEnded::ByItself,
            () = self.host.panicked() => RouterEnded::TaskPanicked,
            _ = stopped => RouterEnded::Stopped,
        };
        self.save().await;
        Some((reason, running))
    }

    async fn start(&self) -> Result<(Running, Ready), StartError> {
        let mut identity = self.store.identity()?;
        let config = self.store.with_known(|known| emissary_config(&self.config.network, &identity, known));
        let storage = Arc::new(self.store.clone());
        let (router, events, router_info) = EmissaryRouter::<TokioRuntime>::new(config, None, Some(storage))
            .await
            .map_err(|error| StartError::Refused(error.to_string()))?;
        let sam = router.protocol_address_info().sam_tcp;
        let sam_port = sam.ok_or_else(|| StartError::Refused("no SAM port".to_owned()))?.port();
        identity.router_info = Some(router_info.clone());
        self.store.keep_identity(&identity)?;
        Ok((Running { router, _events: events }, Ready { sam_port, router_info }))
    }

    /// Has emissary hand over what it learned, and waits until that is on disk.
    async fn save(&self) {
        let mut saves = self.store.saves();
        self.host.save_now();
        if timeout(SAVE_TIMEOUT, saves.changed()).await.is_err() {
            tracing::warn!("the I2P router stopped without saving the routers it learned");
        }
    }
}

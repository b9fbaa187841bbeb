//! Brings a gateway up, and takes it down again.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use deadwax_i2p_router::{I2pNetwork, usable_router_infos};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::{I2pConfig, RouterChoice};
use crate::destination::Destination;
use crate::dial::dial;
use crate::error::{DialError, LaunchError, SeedError};
use crate::key::DestinationKey;
use crate::listener::{I2pListener, MAX_WAITING_STREAMS};
use crate::session::SessionRef;
use crate::status::{I2pStatus, Reporter};
use crate::stream::I2pStream;
use crate::supervise::{Links, supervise};

/// The file whose lock says that a gateway runs on a directory.
const LOCK_FILE: &str = "lock";

/// Most RouterInfos taken at once; a reseed bundle holds about 80.
pub const MAX_SEEDS: usize = 4_096;

/// A gateway that runs: the node's destination, streams in and out. It lives until
/// [`I2pGateway::shutdown`], or until it is dropped, which ends it in the background.
pub struct I2pGateway {
    address: String,
    destination: Destination,
    listener: Option<I2pListener>,
    status: watch::Receiver<I2pStatus>,
    session: watch::Receiver<Option<SessionRef>>,
    /// The embedded router's network, which seeds must be of.
    network: Option<I2pNetwork>,
    /// Dropped to stop.
    seeds: mpsc::Sender<Vec<Vec<u8>>>,
    supervisor: JoinHandle<()>,
}

/// Starts a gateway. Its address is known at once; whether it can be reached, [`I2pGateway::status`]
/// tells. Needs a tokio runtime.
///
/// # Errors
/// [`LaunchError`]: the configuration, the directory or the key is wrong. A network that is down, or
/// an external router that is not running yet, is not an error.
pub async fn launch(config: I2pConfig) -> Result<I2pGateway, LaunchError> {
    config.check()?;
    let lock = lock(&config.data_dir)?;
    let key = DestinationKey::load_or_make(&config.data_dir)?;
    let destination = key.destination();
    let network = match &config.router {
        RouterChoice::Embedded { network, .. } => Some(network.clone()),
        RouterChoice::External { .. } => None,
    };
    let (incoming_sender, incoming) = mpsc::channel(MAX_WAITING_STREAMS);
    let (session_sender, session) = watch::channel(None);
    let (seeds, seeds_receiver) = mpsc::channel(1);
    let reporter = Arc::new(Reporter::new());
    let status = reporter.subscribe();
    let links = Links { reporter, session: session_sender, incoming: incoming_sender };
    let supervisor = tokio::spawn(async move {
        supervise(config, key, links, seeds_receiver).await;
        drop(lock);
    });
    Ok(I2pGateway {
        address: destination.to_b32(),
        destination,
        listener: Some(I2pListener::new(incoming)),
        status,
        session,
        network,
        seeds,
        supervisor,
    })
}

impl I2pGateway {
    /// The node's address, `<52 letters>.b32.i2p`; the same for as long as its key is kept.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The incoming streams; `None` the second time.
    pub fn listener(&mut self) -> Option<I2pListener> {
        self.listener.take()
    }

    /// Opens a stream to `address` (`<52 letters>.b32.i2p`), within
    /// [`DIAL_TIMEOUT`](crate::DIAL_TIMEOUT). The peer learns this node's destination.
    ///
    /// Some routers, the embedded one among them, report success although nobody accepts there yet.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial(&self, address: &str) -> Result<I2pStream, DialError> {
        if Destination::from_b32(address)? == self.destination {
            return Err(DialError::OwnAddress);
        }
        let session = self.session.borrow().clone();
        match session {
            Some(session) => dial(&session, address).await,
            None => Err(DialError::Offline { detail: self.status.borrow().detail.clone() }),
        }
    }

    /// How the gateway is doing; changes as it does.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<I2pStatus> {
        self.status.clone()
    }

    /// Hands RouterInfos (uncompressed, as a reseed bundle has them) to the embedded router, which
    /// restarts with them. For when [`I2pStatus::needs_seed`] is set. They are kept: the next launch
    /// needs none. Returns how many of them can be used.
    ///
    /// # Errors
    /// See [`SeedError`].
    pub async fn seed(&self, router_infos: Vec<Vec<u8>>) -> Result<usize, SeedError> {
        let network = self.network.as_ref().ok_or(SeedError::NotEmbedded)?;
        if router_infos.len() > MAX_SEEDS {
            return Err(SeedError::TooMany { count: router_infos.len(), max: MAX_SEEDS });
        }
        let usable = usable_router_infos(&router_infos, network);
        if usable == 0 {
            return Err(SeedError::NoneUsable);
        }
        self.seeds.send(router_infos).await.map_err(|_| SeedError::ShutDown)?;
        Ok(usable)
    }

    /// Ends all streams, saves what the embedded router learned, and frees the directory.
    pub async fn shutdown(self) {
        let Self { seeds, supervisor, .. } = self;
        drop(seeds);
        // It only fails if it panicked, and then it has ended too.
        let _ = supervisor.await;
    }
}

fn lock(directory: &Path) -> Result<File, LaunchError> {
    let unusable = |source| LaunchError::Directory { path: directory.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unusable)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(directory.join(LOCK_FILE)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LaunchError::InUse { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

//! Brings a gateway up, and takes it down again.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use deadwax_i2p_router::{I2pNetwork, usable_router_infos};
use tokio::sync::{mpsc, watch};

use crate::config::{I2pConfig, RouterChoice};
use crate::destination::Destination;
use crate::dial::dial;
use crate::error::{DialError, LaunchError, SeedError};
use crate::incoming::Incoming;
use crate::key::DestinationKey;
use crate::listener::{I2pListener, MAX_WAITING_STREAMS};
use crate::outgoing::{self, Caller};
use crate::status::{I2pStatus, Reporter};
use crate::stream::I2pStream;
use crate::supervise::{Supervisor, Wishes};

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
    caller: Caller,
    /// The embedded router's network, which seeds must be of.
    network: Option<I2pNetwork>,
    seeds: mpsc::Sender<Vec<Vec<u8>>>,
    /// True, or gone, to stop.
    stop: watch::Sender<bool>,
    /// Closed when everything has stopped.
    running: watch::Receiver<()>,
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
    let (callers, listener) = mpsc::channel(MAX_WAITING_STREAMS);
    let (opener, caller) = outgoing::channel();
    let (seeds, seeds_receiver) = mpsc::channel(1);
    let reporter = Arc::new(Reporter::new());
    let status = reporter.subscribe();
    let I2pConfig { data_dir, router, tunnels } = config;
    let incoming = Incoming { key, tunnels, callers };
    let (stop, stopped) = watch::channel(false);
    let (is_running, running) = watch::channel(());
    let wishes = Wishes { seeds: seeds_receiver, stopped };
    let supervisor = Supervisor { incoming, outgoing: opener, reporter, wishes };
    tokio::spawn(async move {
        supervisor.run(data_dir, router).await;
        drop(lock);
        drop(is_running);
    });
    Ok(I2pGateway {
        address: destination.to_b32(),
        destination,
        listener: Some(I2pListener::new(listener)),
        status,
        caller,
        network,
        seeds,
        stop,
        running,
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
    /// [`DIAL_TIMEOUT`](crate::DIAL_TIMEOUT). The peer does not learn who calls: it sees a
    /// destination that was made up for outgoing streams, the same one for some time.
    ///
    /// Some routers, the embedded one among them, report success although nobody accepts there yet.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial(&self, address: &str) -> Result<I2pStream, DialError> {
        let destination = Destination::from_b32(address)?;
        if destination == self.destination {
            return Err(DialError::OwnAddress);
        }
        let offline = || DialError::Offline { detail: self.status.borrow().detail.clone() };
        dial(&self.caller, destination, offline).await
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
        let network = network.clone();
        // Checks a signature for each.
        let checking =
            tokio::task::spawn_blocking(move || (usable_router_infos(&router_infos, &network), router_infos));
        let (usable, router_infos) = checking.await.map_err(|_| SeedError::NoneUsable)?;
        if usable == 0 {
            return Err(SeedError::NoneUsable);
        }
        self.seeds.send(router_infos).await.map_err(|_| SeedError::ShutDown)?;
        Ok(usable)
    }

    /// Ends all streams, saves what the embedded router learned, and frees the directory. Returns when
    /// that is done; the gateway is of no use afterwards.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let mut running = self.running.clone();
        // Nothing is ever sent: it is over when the sender is gone.
        while running.changed().await.is_ok() {}
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::{State, TunnelOptions};

    /// A port on loopback where nobody listens.
    #[expect(clippy::disallowed_methods, reason = "on loopback, and closed at once")]
    fn nobody() -> SocketAddr {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[tokio::test]
    async fn a_gateway_without_its_router_says_so_and_keeps_its_address() {
        let directory = tempfile::tempdir().unwrap();
        let config = || I2pConfig {
            data_dir: directory.path().join("i2p"),
            router: RouterChoice::External { sam: nobody() },
            tunnels: TunnelOptions::default(),
        };
        let mut gateway = launch(config()).await.unwrap();
        let address = gateway.address().to_owned();
        let mut status = gateway.status();
        let told = status.wait_for(|status| status.detail.contains("SAM port cannot be reached"));
        let told = timeout(Duration::from_secs(10), told).await.unwrap().unwrap().clone();
        assert!(told.state == State::Starting && !told.can_dial && !told.needs_seed);

        let peer = Destination::from_hash([7; 32]).to_b32();
        assert!(matches!(gateway.dial(&peer).await, Err(DialError::Offline { .. })));
        assert!(matches!(gateway.dial(&address).await, Err(DialError::OwnAddress)));
        assert_eq!(gateway.seed(vec![vec![1]]).await, Err(SeedError::NotEmbedded));
        assert!(matches!(launch(config()).await, Err(LaunchError::InUse { .. })));

        let mut listener = gateway.listener().unwrap();
        assert!(gateway.listener().is_none());
        gateway.shutdown().await;
        assert!(listener.accept().await.is_none());
        assert_eq!(launch(config()).await.unwrap().address(), address);
    }
}

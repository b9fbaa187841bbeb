//! Brings a gateway up, and takes it down again.
//!
//! arti runs on threads of its own, for one reason: it has no way to stop that can be waited for. Dropping its
//! runtime ends all its tasks and releases its files, so that the next launch on the same
//! directory finds them free.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use arti_client::{BootstrapBehavior, TorClient, TorClientConfig};
use safelog::DisplayRedacted as _;
use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
};
use tor_hsservice::OnionServiceConfig;
use tor_keymgr::KeystoreSelector;
use tor_rtcompat::PreferredRuntime;

use crate::{
    config::{OnionConfig, service_config},
    dial,
    error::{DialError, LaunchError},
    listener::{OnionListener, OnionStream},
    status::{OnionStatus, Reporter},
    supervise::{MAX_WAITING_STREAMS, supervise},
};

/// Threads for arti's tasks. Its work is cryptography of a few streams; the node needs the other cores.
const TOR_THREADS: usize = 2;

/// How long [`OnionGateway::shutdown`] waits for those threads; what they do is short.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// A running gateway to one Tor network. Dropping it stops it, without waiting.
pub struct OnionGateway {
    address: String,
    listener: Option<OnionListener>,
    reporter: Arc<Reporter>,
    /// `None` after a shutdown.
    engine: Mutex<Option<Engine>>,
    timed_out: dial::TimedOut,
}

/// What has to be put away in order: the client, its threads, and last the lock.
struct Engine {
    client: Arc<TorClient<PreferredRuntime>>,
    runtime: Runtime,
    _lock: File,
}

/// Starts a gateway. Returns as soon as the key and the files are in place: joining the network goes on in the
/// background, for ever if need be, and [`OnionGateway::status`] says how far it is.
pub async fn launch(config: OnionConfig) -> Result<OnionGateway, LaunchError> {
    // Reading and making files; the SQLite cache among them takes a while on slow disks.
    let started = tokio::task::spawn_blocking(move || start(&config)).await;
    started.unwrap_or_else(|error| Err(LaunchError::Threads(io::Error::other(error))))
}

fn start(config: &OnionConfig) -> Result<OnionGateway, LaunchError> {
    // Without it tor-rtcompat panics on its first connection. An error says that the program chose one already.
    rustls::crypto::ring::default_provider().install_default().ok();

    let arti_config = config.to_arti()?;
    let service = service_config()?;
    let lock = lock(&config.state_dir)?;
    let address = identity(&arti_config, service.clone())?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(TOR_THREADS)
        .thread_name("tor")
        .enable_all()
        .build()
        .map_err(LaunchError::Threads)?;
    let client = {
        let _inside = runtime.enter();
        let handle = PreferredRuntime::current().map_err(LaunchError::Threads)?;
        TorClient::with_runtime(handle)
            .config(arti_config)
            .bootstrap_behavior(BootstrapBehavior::Manual)
            .create_unbootstrapped()
            .map_err(LaunchError::Client)?
    };
    let reporter = Arc::new(Reporter::new());
    let (sender, receiver) = mpsc::channel(MAX_WAITING_STREAMS);
    runtime.spawn(supervise(client.clone(), service, sender, reporter.clone()));
    Ok(OnionGateway {
        address,
        listener: Some(OnionListener::new(receiver)),
        reporter,
        engine: Mutex::new(Some(Engine { client, runtime, _lock: lock })),
        timed_out: dial::TimedOut::default(),
    })
}

impl OnionGateway {
    /// The onion service's address, `<56 letters>.onion`. The same for as long as the key file is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The incoming streams; `None` the second time.
    pub fn listener(&mut self) -> Option<OnionListener> {
        self.listener.take()
    }

    /// Opens a stream to port 80 of the onion service `address` (`<56 letters>.onion`), on circuits that no other
    /// destination shares. Fails at once while there is no connection to Tor; otherwise takes 0.1-10 s as a rule
    /// and at most 90 s.
    pub async fn dial(&self, address: &str) -> Result<OnionStream, DialError> {
        dial::check_address(address)?;
        dial::peer(&self.client()?, &self.timed_out, address).await
    }

    /// Opens a stream to a host of the open internet through an exit relay, which resolves the name and sees where
    /// the stream goes. Meant for fetching I2P's reseed files. The same times as [`dial`](Self::dial).
    pub async fn dial_exit(&self, host: &str, port: u16) -> Result<OnionStream, DialError> {
        dial::check_host(host)?;
        dial::through_exit(&self.client()?, host, port).await
    }

    /// How the gateway is doing, now and as it changes.
    pub fn status(&self) -> watch::Receiver<OnionStatus> {
        self.reporter.subscribe()
    }

    /// Stops everything and waits until the state directory is free again. Streams that are open break,
    /// the listener ends. A second call does nothing.
    pub async fn shutdown(&self) {
        if let Some(engine) = self.take_engine() {
            tokio::task::spawn_blocking(move || engine.stop()).await.ok();
        }
    }

    fn client(&self) -> Result<Arc<TorClient<PreferredRuntime>>, DialError> {
        let offline = |detail: &str| DialError::Offline { detail: detail.to_owned() };
        let engine = self.engine.lock().expect("no code panics while it holds the lock");
        let engine = engine.as_ref().ok_or_else(|| offline("the Tor gateway was shut down"))?;
        let status = self.reporter.subscribe();
        let status = status.borrow();
        if status.can_dial { Ok(engine.client.clone()) } else { Err(offline(&status.detail)) }
    }

    fn take_engine(&self) -> Option<Engine> {
        self.engine.lock().expect("no code panics while it holds the lock").take()
    }
}

impl Drop for OnionGateway {
    fn drop(&mut self) {
        if let Some(engine) = self.take_engine() {
            // On a thread: a runtime must not be waited for inside another one.
            std::thread::spawn(move || engine.stop());
        }
    }
}

impl Engine {
    /// Blocks. The lock is released last, so nobody finds the directory free while arti still writes to it.
    fn stop(self) {
        drop(self.client);
        self.runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    }
}

/// Makes the directory and takes it for this process. arti would let a second process
/// in, without a word and without the right to write.
fn lock(state_dir: &Path) -> Result<File, LaunchError> {
    let fail = |path: &Path, source| LaunchError::Directory { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(state_dir).map_err(|e| fail(state_dir, e))?;
    let path = state_dir.join("gateway.lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| fail(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LaunchError::InUse { path: state_dir.to_owned() }),
        Err(TryLockError::Error(e)) => Err(fail(&path, e)),
    }
}

/// The address, from the key on disk or a new one. No network.
fn identity(arti_config: &TorClientConfig, service: OnionServiceConfig) -> Result<String, LaunchError> {
    let service = TorClient::<PreferredRuntime>::create_onion_service(arti_config, service)
        .map_err(|e| LaunchError::Identity(Box::new(e)))?;
    let id = service
        .generate_identity_key(KeystoreSelector::Primary)
        .map_err(|e| LaunchError::Identity(Box::new(e)))?;
    Ok(id.display_unredacted().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::{TorNetwork, check_address};

    /// Only ever used for what happens before the network: nothing here starts a client.
    fn config(state_dir: &Path) -> OnionConfig {
        OnionConfig {
            state_dir: state_dir.to_owned(),
            network: TorNetwork::Public,
            bridges: Vec::new(),
            transports: Default::default(),
        }
    }

    fn address_of(config: &OnionConfig) -> String {
        identity(&config.to_arti().unwrap(), service_config().unwrap()).unwrap()
    }

    #[test]
    fn one_process_per_directory() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("tor");
        let first = lock(&state).unwrap();
        assert!(matches!(lock(&state), Err(LaunchError::InUse { path }) if path == state));
        drop(first);
        lock(&state).unwrap();
    }

    #[test]
    fn the_directory_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("tor");
        let _lock = lock(&state).unwrap();
        assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
        let config = config(&state);
        address_of(&config);
        assert_eq!(fs::metadata(config.identity_key_file()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_address_is_known_without_a_network_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir.path().join("tor"));
        let _lock = lock(&config.state_dir).unwrap();
        let address = address_of(&config);
        assert_eq!(check_address(&address), Ok(()));
        assert_eq!(address_of(&config), address);
    }

    #[test]
    fn the_key_file_alone_is_the_address() {
        let dir = tempfile::tempdir().unwrap();
        let old = config(&dir.path().join("old"));
        let _lock = lock(&old.state_dir).unwrap();
        let address = address_of(&old);

        let new = config(&dir.path().join("new"));
        let folder = new.identity_key_file().parent().unwrap().to_owned();
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
        fs::copy(old.identity_key_file(), new.identity_key_file()).unwrap();
        assert_eq!(address_of(&new), address);

        let other = config(&dir.path().join("other"));
        assert_ne!(address_of(&other), address);
    }
}

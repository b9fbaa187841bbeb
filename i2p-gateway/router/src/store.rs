//! What a router keeps on disk: who it is, and which other routers it knows.
//!
//! Two files in the router's directory (0700), each 0600 and replaced as a whole by a rename:
//! `router.identity` and `router.netdb`. Both belong to this crate alone. Losing them costs a new
//! router identity and a reseed, never the node's address, which is the gateway's destination key.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use emissary_core::Profile;
use emissary_core::runtime::Storage;
use tokio::sync::watch;

mod identity;
mod netdb;

pub(crate) use identity::Identity;
pub(crate) use netdb::KnownRouters;
pub use netdb::{MAX_ROUTER_INFO_BYTES, usable_router_infos};

use crate::config::I2pNetwork;

const IDENTITY_FILE: &str = "router.identity";
const NETDB_FILE: &str = "router.netdb";

/// The router's directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be made.
    #[error("cannot make the I2P router's directory {path}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The router's directory, and what is known so far.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    directory: PathBuf,
    network: I2pNetwork,
    known: Mutex<KnownRouters>,
    /// How often emissary's backups were written.
    saves: watch::Sender<u64>,
}

impl Store {
    /// Opens (or makes) the directory and reads the routers kept there.
    pub(crate) fn open(directory: &Path, network: &I2pNetwork) -> Result<Self, StoreError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
        let known = match read_if_there(&directory.join(NETDB_FILE))? {
            Some(bytes) => KnownRouters::decode(&bytes, network),
            None => KnownRouters::default(),
        };
        let shared = Shared {
            directory: directory.to_owned(),
            network: network.clone(),
            known: Mutex::new(known),
            saves: watch::Sender::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The router's identity: the one kept, or a new one. A damaged file is as good as none, because
    /// nothing depends on the router staying the same.
    pub(crate) fn identity(&self) -> Result<Identity, StoreError> {
        let kept = read_if_there(&self.shared.directory.join(IDENTITY_FILE))?;
        Ok(match kept.as_deref().map(Identity::decode) {
            Some(Some(identity)) => identity,
            Some(None) => {
                tracing::warn!("the I2P router's identity is damaged: it gets a new one");
                Identity::generate()
            }
            None => Identity::generate(),
        })
    }

    /// Keeps `identity`.
    pub(crate) fn keep_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        replace(&self.shared.directory.join(IDENTITY_FILE), &identity.encode())
    }

    /// Adds `seeds` to the routers known, and keeps them.
    pub(crate) fn seed(&self, seeds: &[Vec<u8>]) -> Result<(), StoreError> {
        if seeds.is_empty() {
            return Ok(());
        }
        self.with_known(|known| known.add_seeds(seeds, &self.shared.network));
        self.write_known()
    }

    /// Looks at the routers known.
    pub(crate) fn with_known<T>(&self, look: impl FnOnce(&mut KnownRouters) -> T) -> T {
        // A panic while the map is held cannot leave it half changed.
        look(&mut self.shared.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts the saves; changes after each one.
    pub(crate) fn saves(&self) -> watch::Receiver<u64> {
        self.shared.saves.subscribe()
    }

    fn write_known(&self) -> Result<(), StoreError> {
        let bytes = self.with_known(|known| known.encode(&self.shared.network));
        replace(&self.shared.directory.join(NETDB_FILE), &bytes)
    }
}

impl Storage for Store {
    /// Takes emissary's backup: every profile, and the RouterInfos learned since the last one.
    fn save_to_disk(&self, routers: Vec<(String, Option<Vec<u8>>, Profile)>) {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            store.with_known(|known| known.merge(routers, &store.shared.network));
            if let Err(error) = store.write_known() {
                tracing::warn!(%error, "the I2P routers that were learned are not saved");
            }
            store.shared.saves.send_modify(|saves| *saves += 1);
        });
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Read { path: path.to_owned(), source }),
    }
}

/// Replaces `path` by a file of these bytes, which is there completely or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || -> io::Result<()> {
        let new = path.with_extension("new");
        // Removed first, so that the mode below holds even if a crash left one behind.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|source| StoreError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NETWORK: I2pNetwork = I2pNetwork::Private { net_id: 77, relay: None };

    #[test]
    fn the_identity_stays_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("router");
        let store = Store::open(&path, &NETWORK).unwrap();
        let mut identity = store.identity().unwrap();
        identity.router_info = Some(netdb::tests::router_info(&identity, 77, 1));
        store.keep_identity(&identity).unwrap();
        assert_eq!(Store::open(&path, &NETWORK).unwrap().identity().unwrap(), identity);

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(IDENTITY_FILE)), 0o600);

        fs::write(path.join(IDENTITY_FILE), b"scratched").unwrap();
        assert_ne!(Store::open(&path, &NETWORK).unwrap().identity().unwrap(), identity);
    }

    #[tokio::test]
    async fn seeds_and_backups_are_there_the_next_time() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), &NETWORK).unwrap();
        let info = |minute| netdb::tests::router_info(&Identity::generate(), 77, minute);
        store.seed(&[info(1), info(2), b"noise".to_vec()]).unwrap();

        let mut saves = store.saves();
        let learned = info(3);
        let id = netdb::tests::router_id(&learned);
        store.save_to_disk(vec![(id, Some(learned), netdb::tests::profile(4))]);
        saves.changed().await.unwrap();

        let again = Store::open(directory.path(), &NETWORK).unwrap();
        assert_eq!(again.with_known(|known| known.len()), 3);
        let (routers, profiles) = again.with_known(|known| known.for_emissary());
        assert_eq!((routers.len(), profiles.len()), (3, 3));
        assert!(profiles.iter().any(|(_, profile)| *profile == netdb::tests::profile(4)));

        let other = I2pNetwork::Private { net_id: 78, relay: None };
        let elsewhere = Store::open(directory.path(), &other).unwrap();
        assert_eq!(elsewhere.with_known(|known| known.len()), 0);
    }
}

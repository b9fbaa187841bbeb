//! What all parts of a running node share, and the few things that they do to it together.

use crate::config::Config;
use crate::dialer::Dialer;
use crate::disk::Disk;
use crate::networks::Networks;
use crate::peers::address::PeerAddress;
use crate::peers::board::PeerBoard;
use crate::signer::Signer;
use crate::submit::{SubmitError, sign_anew};
use crate::web::sync::Serving;
use deadwax_i2p_gateway::tracker::Tracker;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::ingest::{Kept, Outcome, TailPosition, ingest};
use deadwax_index::listing::Listing;
use deadwax_index::mbid::Uuid;
use deadwax_index::search::SearchIndex;
use deadwax_index::store::{Store, StoreError};
use deadwax_index::sync::sketch::OPEN_NETWORK;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, watch};

/// A running node.
pub struct App {
    /// What the operator decided.
    pub config: Config,
    /// The truth on disk.
    pub store: Store,
    /// The search index over it.
    pub search: SearchIndex,
    /// The node's own key. The lock also keeps two submissions from taking the same n.
    pub signer: Mutex<Signer>,
    /// Who has which torrent.
    pub tracker: Tracker,
    /// What other nodes may read from this one at once.
    pub serving: Serving,
    /// State and addresses of both networks.
    pub networks: Networks,
    /// Opens streams to peers.
    pub dialer: Dialer,
    /// What is known about each peer.
    pub peers: PeerBoard,
    /// Whether the disk is full.
    pub disk: Disk,
    /// Changes whenever entries joined the set; wakes open tails and the search index.
    pub released: watch::Sender<u64>,
}

/// The shared handle.
pub type SharedApp = Arc<App>;

impl App {
    /// A node that has just been opened: no network reachable yet, nothing known of its peers.
    pub fn new(
        config: Config,
        store: Store,
        search: SearchIndex,
        signer: Signer,
        tracker: Tracker,
        dialer: Dialer,
    ) -> Self {
        Self {
            store,
            search,
            signer: Mutex::new(signer),
            tracker,
            serving: Serving::default(),
            networks: Networks::new(config.tor.enabled, config.i2p.enabled),
            dialer,
            peers: PeerBoard::new(&config.sync.peers),
            disk: Disk::default(),
            released: watch::Sender::new(0),
            config,
        }
    }

    /// Offers entries to the set and tells whoever waits for new ones.
    pub fn take_in(
        &self,
        entries: &[VerifiedEntry],
        position: Option<TailPosition<'_>>,
    ) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = ingest(&self.store, entries, position);
        let outcomes = outcomes.inspect_err(|error| _ = self.disk.failed(error))?;
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::New | Outcome::BodyAdded)) {
            self.disk.has_space();
            self.released.send_modify(|count| *count += 1);
        }
        Ok(outcomes)
    }

    /// Everything that waits for release and is due joins the set, sorted by id.
    pub fn release_due(&self) -> Result<(), SubmitError> {
        let due = self.store.due_in_outbox(now_secs())?;
        if due.is_empty() {
            return Ok(());
        }
        let outcomes = self.take_in(&due, None)?;
        let mut left = Vec::new();
        for (entry, outcome) in due.into_iter().zip(outcomes) {
            let outcome = match outcome {
                Outcome::NotMember => match self.keep_for_later(&entry)? {
                    Kept::Offered(outcome) => outcome,
                    Kept::Waiting => {
                        left.push(entry);
                        continue;
                    }
                    // It stays here, and is tried again with the next batch.
                    Kept::NoRoom => continue,
                },
                outcome => outcome,
            };
            if outcome == Outcome::SlotTaken {
                // The key was used elsewhere, or restored from an old copy: nothing of it is lost.
                tracing::warn!(id = %entry.head().id(), "another entry has this one's n: it is signed anew");
                sign_anew(self, &entry)?;
            } else if !matches!(outcome, Outcome::New | Outcome::Known) {
                tracing::warn!(?outcome, id = %entry.head().id(), "an entry signed here could not join the set");
            }
            left.push(entry);
        }
        self.store.remove_from_outbox(&left)?;
        Ok(())
    }

    /// Puts an entry whose author is no member of the network into the inbox.
    pub fn keep_for_later(&self, entry: &VerifiedEntry) -> Result<Kept, StoreError> {
        let kept = self.store.put_in_inbox(entry, now_secs());
        let kept = kept.inspect_err(|error| _ = self.disk.failed(error))?;
        match kept {
            Kept::NoRoom => {
                tracing::warn!(id = %entry.head().id(), "the inbox of strangers has no room for an entry");
            }
            Kept::Offered(Outcome::New | Outcome::BodyAdded) => {
                self.released.send_modify(|count| *count += 1)
            }
            Kept::Offered(_) | Kept::Waiting => {}
        }
        Ok(kept)
    }

    /// The root over the members in hexadecimal; none as long as the set is open or the charter is not here.
    pub fn members_root(&self) -> Result<Option<String>, StoreError> {
        Ok(self.store.members_root()?.map(|root| data_encoding::HEXLOWER.encode(&root)))
    }

    /// What is listed of a release group.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn listing(&self, mbid: &Uuid) -> Result<Option<Listing>, StoreError> {
        self.search
            .catalogue()
            .with(|catalogue| Listing::read(&self.store, catalogue.map(|(catalogue, _)| catalogue), mbid))
    }

    /// Whether a ruling hides what this MBID leads to: itself, or the group of the release that it names.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn is_hidden(&self, mbid: &Uuid) -> Result<bool, StoreError> {
        let group = self.search.catalogue().with(|catalogue| match catalogue {
            Some((catalogue, _)) => catalogue.group_of(mbid),
            None => Ok(None),
        })?;
        Ok(!self.store.hidden_mbids([*mbid].iter().chain(&group))?.is_empty())
    }

    /// Count and root of both scopes.
    pub fn scopes(&self) -> Result<[(Scope, deadwax_index::store::entries::ScopeState); 2], StoreError> {
        Ok([
            (Scope::Core, self.store.scope_state(Scope::Core)?),
            (Scope::Main, self.store.scope_state(Scope::Main)?),
        ])
    }

    /// What sketches of this network are drawn with: the id of the pinned charter, once there is one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn network_id(&self) -> Result<[u8; 32], StoreError> {
        Ok(self.store.pinned_charter()?.map_or(OPEN_NETWORK, |charter| charter.0))
    }

    /// Announce addresses that every magnet of this node names: its own, then its peers'.
    pub fn trackers(&self) -> Vec<String> {
        let peers = self.config.sync.peers.iter().filter_map(|peer| match peer {
            PeerAddress::I2p(address) => Some(address.clone()),
            _ => None,
        });
        self.networks.i2p().address.into_iter().chain(peers).map(announce_url).collect()
    }

    /// Announce address of this node's own tracker, once it has an I2P destination.
    pub fn own_tracker(&self) -> Option<String> {
        self.networks.i2p().address.map(announce_url)
    }
}

#[cfg(test)]
impl App {
    /// A node in a folder, without networks, that speaks to peers on Unix sockets.
    pub fn for_test(dir: &std::path::Path, config: Config) -> SharedApp {
        let store = Store::open(dir).unwrap();
        let search = SearchIndex::open(dir).unwrap();
        let tracker = Tracker::new(Default::default());
        Arc::new(Self::new(config, store, search, Signer::open(dir).unwrap(), tracker, Dialer::new(true)))
    }
}

/// What works on the store and the index at once: more would only wait for the same disk and cores, each
/// with a page's worth of memory.
static WORK: Semaphore = Semaphore::const_new(32);

fn announce_url(host: String) -> String {
    format!("http://{host}/announce")
}

/// Runs `work` where it may block: SQLite and the search index are synchronous.
///
/// # Panics
/// If `work` does: the panic goes on here.
pub async fn blocking<T: Send + 'static>(
    app: &SharedApp,
    work: impl FnOnce(&App) -> T + Send + 'static,
) -> T {
    #[cfg(test)]
    if app.dialer.is_simulated() {
        return work(app);
    }
    let turn = WORK.acquire().await.expect("the semaphore is never closed");
    let app = Arc::clone(app);
    let work = move |app: &App| {
        let done = work(app);
        drop(turn);
        done
    };
    match tokio::task::spawn_blocking(move || work(&app)).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await, // The runtime is shutting down.
        },
    }
}

/// Seconds since this program began to count: never goes backwards, whatever happens to the clock.
pub fn uptime_secs() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs()
}

/// Seconds since 1970.
pub fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

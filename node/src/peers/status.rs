//! What is known about each peer: equal or how far behind, since when, bytes, last error.

use super::address::PeerAddress;
use crate::app::now_secs;
use deadwax_index::entry::Scope;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The answer of `GET /sync/v1/state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAnswer {
    /// By scope.
    pub scopes: BTreeMap<Scope, ScopeAnswer>,
    /// Root over the members; null in an open set, and until the charter is here.
    pub members_root: Option<String>,
    /// Random number of the node's database, 32 hexadecimal digits.
    pub incarnation: String,
    /// Position of the newest entry, by scope.
    pub tail: BTreeMap<Scope, u64>,
}

/// One scope of [`StateAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeAnswer {
    /// Heads in the set.
    pub count: u64,
    /// Root over their ids, 64 hexadecimal digits.
    pub root: String,
}

/// One peer, as `deadwax status --json` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PeerReport {
    /// Where it is.
    pub address: String,
    /// Whether both sets are equal, as of the peer's last answer; null before the first.
    pub equal: Option<bool>,
    /// By how many entries this node has fewer.
    pub behind: u64,
    /// Why the last attempt ended, in plain words; null while connected.
    pub last_error: Option<String>,
    /// Whether a connection is open.
    pub connected: bool,
    /// Since when the connection has been open or closed, seconds since 1970.
    pub since_secs: u64,
    /// Entries taken from it.
    pub entries: u64,
    /// Entries that it sent although they were here.
    pub known: u64,
    /// Entries that it named and did not send when they were asked for. Some may have left its set meanwhile.
    pub unsent: u64,
    /// Bytes read from it.
    pub bytes: u64,
}

/// What became of entries that a peer sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// They joined the set.
    pub new: u64,
    /// They were here.
    pub known: u64,
    /// The peer named them, and did not send them when they were asked for.
    pub unsent: u64,
}

impl std::ops::AddAssign for Taken {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.known += other.known;
        self.unsent += other.unsent;
    }
}

#[derive(Debug, Clone, Default)]
struct Peer {
    last_state: Option<StateAnswer>,
    connected: bool,
    since_secs: u64,
    last_error: Option<String>,
    taken: Taken,
    bytes: u64,
}

/// All peers, in the order of the configuration.
#[derive(Debug, Default)]
pub struct PeerBoard(Mutex<Vec<(PeerAddress, Peer)>>);

impl PeerBoard {
    /// A board of peers of whom nothing is known yet.
    pub fn new(addresses: &[PeerAddress]) -> Self {
        let unknown = Peer { since_secs: now_secs(), ..Peer::default() };
        Self(Mutex::new(addresses.iter().map(|address| (address.clone(), unknown.clone())).collect()))
    }

    fn change(&self, address: &PeerAddress, change: impl FnOnce(&mut Peer)) {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, peer)) = peers.iter_mut().find(|(known, _)| known == address) {
            change(peer);
        }
    }

    /// The peer answered with its state.
    pub fn answered(&self, address: &PeerAddress, state: StateAnswer) {
        self.change(address, |peer| {
            if !peer.connected {
                peer.since_secs = now_secs();
            }
            peer.connected = true;
            peer.last_error = None;
            peer.last_state = Some(state);
        });
    }

    /// The connection ended, or none could be made.
    pub fn failed(&self, address: &PeerAddress, error: &str) {
        self.change(address, |peer| {
            if peer.connected {
                peer.since_secs = now_secs();
            }
            peer.connected = false;
            peer.last_error = Some(error.to_owned());
        });
    }

    /// Bytes and entries came from the peer.
    pub fn received(&self, address: &PeerAddress, bytes: u64, taken: Taken) {
        self.change(address, |peer| {
            peer.bytes += bytes;
            peer.taken += taken;
        });
    }

    /// All peers, compared with this node's own `scopes`.
    pub fn report(&self, own: &BTreeMap<Scope, ScopeAnswer>) -> Vec<PeerReport> {
        let peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let report = peers.iter().map(|(address, peer)| {
            let theirs = peer.last_state.as_ref().map(|state| &state.scopes);
            let behind = |(scope, their): (&Scope, &ScopeAnswer)| {
                their.count.saturating_sub(own.get(scope).map_or(0, |own| own.count))
            };
            PeerReport {
                address: address.to_string(),
                equal: theirs.map(|theirs| theirs == own),
                behind: theirs.map_or(0, |theirs| theirs.iter().map(behind).sum()),
                last_error: peer.last_error.clone(),
                connected: peer.connected,
                since_secs: peer.since_secs,
                entries: peer.taken.new,
                known: peer.taken.known,
                unsent: peer.taken.unsent,
                bytes: peer.bytes,
            }
        });
        report.collect()
    }
}

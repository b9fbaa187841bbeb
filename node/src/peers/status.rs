//! What is said about a peer: its own answer on its state, and the report on it that people and programs get.
//!
//! Not here: where that is kept (`board.rs`).

use super::choice::Origin;
use deadwax_index::entry::Scope;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What every peer's word is worth at first, and at best: so many lies until it is worth nothing.
pub const FULL_CREDIT: u8 = 3;

/// One peer, as `deadwax status --json` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PeerReport {
    /// Where it is: of two addresses, the one that is in use or was tried last.
    pub address: String,
    /// Why it is a peer.
    pub from: Origin,
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
    /// What its word is worth: [`FULL_CREDIT`] at best, 0 after lies.
    pub credit: u8,
    /// A node of the roster whose set has differed for a day, although its members are the same: since when, seconds
    /// since 1970.
    pub disagrees_since_secs: Option<u64>,
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

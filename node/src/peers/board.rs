//! What is known about each peer: who it is, whether it answers, what came from it, and what it said last. In memory
//! only, and bounded by the number of peers; of those that were dismissed some time is kept.

use super::address::PeerAddress;
use super::choice::{Candidate, Origin, Record};
use super::credit::Credit;
use super::disagreement::Disagreement;
use super::follow::GOOD_CONNECTION;
use super::status::{PeerReport, ScopeAnswer, StateAnswer, Taken};
use crate::app::now_secs;
use deadwax_index::entry::{AuthorKey, Scope};
use deadwax_index::sync::wire::ID_PREFIX_BYTES;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A peer that has had no good connection for this long has failed.
const FAILED_AFTER: Duration = Duration::from_secs(3_600);
/// Who failed waits this long before it is like any other again.
const SET_ASIDE: Duration = Duration::from_secs(6 * 3_600);
/// Those who were dismissed that are remembered: several times as many as are considered.
const MAX_DISMISSED: usize = 256;

#[derive(Debug, Clone)]
struct Peer {
    origin: Origin,
    /// Who signed the entry that names it, if it is followed for that.
    author: Option<AuthorKey>,
    /// One or two; the first is the one in use, or tried last.
    addresses: Vec<PeerAddress>,
    last_state: Option<StateAnswer>,
    /// When the connection was opened, if one is open.
    connected: Option<Instant>,
    /// Since when there has been no good connection.
    failing_since: Option<Instant>,
    since_secs: u64,
    last_error: Option<String>,
    taken: Taken,
    bytes: u64,
    credit: Credit,
    disagreement: Disagreement,
}

/// What is remembered of somebody who is not followed any more.
#[derive(Debug)]
struct Dismissed {
    /// Set aside until then for having failed.
    until: Instant,
    credit: Credit,
}

impl Dismissed {
    fn is_worth_keeping(&self, now: Instant) -> bool {
        self.until > now || !self.credit.is_full(now)
    }
}

impl Peer {
    fn new(origin: Origin, author: Option<AuthorKey>, addresses: Vec<PeerAddress>) -> Self {
        Self {
            origin,
            author,
            addresses,
            last_state: None,
            connected: None,
            failing_since: Some(Instant::now()),
            since_secs: now_secs(),
            last_error: None,
            taken: Taken::default(),
            bytes: 0,
            credit: Credit::new(Instant::now()),
            disagreement: Disagreement::default(),
        }
    }

    /// Whether it should make room for somebody else.
    fn is_bad(&self, now: Instant) -> bool {
        self.has_failed(now) || self.credit.is_out(now)
    }

    fn has_failed(&self, now: Instant) -> bool {
        let is_good = self.connected.is_some_and(|at| now.duration_since(at) >= GOOD_CONNECTION);
        !is_good && self.failing_since.is_some_and(|since| now.duration_since(since) >= FAILED_AFTER)
    }
}

/// All peers: those of the configuration in its order, then others.
#[derive(Debug)]
pub struct PeerBoard(Mutex<Board>);

#[derive(Debug, Default)]
struct Board {
    peers: Vec<Peer>,
    dismissed: HashMap<AuthorKey, Dismissed>,
    /// Where the nodes of the roster are.
    roster: HashSet<PeerAddress>,
}

impl PeerBoard {
    /// A board of the configuration's peers, of whom nothing is known yet.
    pub fn new(addresses: &[PeerAddress]) -> Self {
        let configured = |address: &PeerAddress| Peer::new(Origin::Configured, None, vec![address.clone()]);
        let peers = addresses.iter().map(configured).collect();
        Self(Mutex::new(Board { peers, ..Board::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, address: &PeerAddress, change: impl FnOnce(&mut Peer)) {
        let mut board = self.lock();
        if let Some(peer) = board.peers.iter_mut().find(|peer| peer.addresses.contains(address)) {
            // What is said of a peer is said of this address.
            if let Some(at @ 1..) = peer.addresses.iter().position(|known| known == address) {
                peer.addresses.swap(0, at);
            }
            change(peer);
        }
    }

    /// Somebody is followed whom an entry names.
    pub(super) fn appoint(&self, candidate: &Candidate) {
        let mut board = self.lock();
        let mut peer = Peer::new(candidate.origin, Some(candidate.author), candidate.addresses.clone());
        if let Some(before) = board.dismissed.remove(&candidate.author) {
            peer.credit = before.credit;
        }
        board.peers.push(peer);
    }

    /// Somebody is not followed any more. If that is because it failed, it is set aside; its credit is kept.
    pub(super) fn dismiss(&self, author: &AuthorKey, now: Instant) {
        let mut board = self.lock();
        let Board { peers, dismissed, .. } = &mut *board;
        for mut peer in peers.extract_if(.., |peer| peer.author.as_ref() == Some(author)) {
            dismissed.retain(|_, dismissed| dismissed.is_worth_keeping(now));
            if dismissed.len() >= MAX_DISMISSED
                && let Some(first) =
                    dismissed.iter().min_by_key(|(_, dismissed)| dismissed.until).map(|(key, _)| *key)
            {
                dismissed.remove(&first);
            }
            peer.credit.forget_ids();
            let until = if peer.has_failed(now) { now + SET_ASIDE } else { now };
            dismissed.insert(*author, Dismissed { until, credit: peer.credit });
        }
    }

    /// How the node of `author` has done.
    pub(super) fn record(&self, author: &AuthorKey, now: Instant) -> Record {
        let board = self.lock();
        let is_aside = |dismissed: &Dismissed| dismissed.until > now || dismissed.credit.is_out(now);
        match board.peers.iter().find(|peer| peer.author.as_ref() == Some(author)) {
            Some(peer) if peer.is_bad(now) => Record::SetAside,
            Some(_) => Record::Followed,
            None if board.dismissed.get(author).is_some_and(is_aside) => Record::SetAside,
            None => Record::Waiting,
        }
    }

    /// Who is followed because of an entry, and should make room for somebody else.
    pub(super) fn bad_ones(&self, now: Instant) -> Vec<AuthorKey> {
        self.lock().peers.iter().filter(|peer| peer.is_bad(now)).filter_map(|peer| peer.author).collect()
    }

    /// The peer sent bytes that are not what they have to be.
    pub(super) fn lied(&self, address: &PeerAddress) {
        self.change(address, |peer| peer.credit.lied(Instant::now()));
    }

    /// The peer named these ids, was asked for them, and sent none of them.
    pub(super) fn not_served(&self, address: &PeerAddress, ids: &[[u8; ID_PREFIX_BYTES]]) {
        self.change(address, |peer| peer.credit.not_served(ids, Instant::now()));
    }

    /// Whether the peer's word is worth nothing at the moment.
    pub(super) fn is_out_of_credit(&self, address: &PeerAddress) -> bool {
        let mut is_out = false;
        self.change(address, |peer| is_out = peer.credit.is_out(Instant::now()));
        is_out
    }

    /// Takes in where the nodes of the roster are.
    pub(super) fn set_roster(&self, roster: &HashSet<PeerAddress>) {
        self.lock().roster.clone_from(roster);
    }

    /// The peer answered with its state.
    pub fn answered(&self, address: &PeerAddress, state: StateAnswer) {
        self.change(address, |peer| {
            if peer.connected.is_none() {
                peer.since_secs = now_secs();
            }
            peer.connected.get_or_insert_with(Instant::now);
            peer.last_error = None;
            peer.last_state = Some(state);
        });
    }

    /// The connection ended, or none could be made. Returns whether it was a good one.
    pub fn failed(&self, address: &PeerAddress, error: &str) -> bool {
        let (now, mut was_good) = (Instant::now(), false);
        self.change(address, |peer| {
            if let Some(connected) = peer.connected.take() {
                peer.since_secs = now_secs();
                was_good = now.duration_since(connected) >= GOOD_CONNECTION;
            }
            if was_good {
                peer.failing_since = None;
            }
            peer.failing_since.get_or_insert(now);
            peer.last_error = Some(error.to_owned());
        });
        was_good
    }

    /// The peer's set of `main` was compared with the own one; `None` if they need not be equal. Returns whether the
    /// operator should be told of a node of the roster that stays apart.
    pub(super) fn compared(&self, address: &PeerAddress, equal: Option<bool>) -> bool {
        let is_of_roster = {
            let board = self.lock();
            let peer = board.peers.iter().find(|peer| peer.addresses.contains(address));
            peer.is_some_and(|peer| {
                let is_named = |address: &PeerAddress| board.roster.contains(address);
                peer.origin == Origin::Roster || peer.addresses.iter().any(is_named)
            })
        };
        let mut is_time = false;
        self.change(address, |peer| {
            let equal = equal.filter(|_| is_of_roster);
            is_time = peer.disagreement.look(equal, Instant::now(), now_secs());
        });
        is_time
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
        let board = self.lock();
        let report = board.peers.iter().map(|peer| {
            let theirs = peer.last_state.as_ref().map(|state| &state.scopes);
            let behind = |(scope, their): (&Scope, &ScopeAnswer)| {
                their.count.saturating_sub(own.get(scope).map_or(0, |own| own.count))
            };
            PeerReport {
                address: peer.addresses.first().map(PeerAddress::to_string).unwrap_or_default(),
                from: peer.origin,
                equal: theirs.map(|theirs| theirs == own),
                behind: theirs.map_or(0, |theirs| theirs.iter().map(behind).sum()),
                last_error: peer.last_error.clone(),
                connected: peer.connected.is_some(),
                since_secs: peer.since_secs,
                entries: peer.taken.new,
                known: peer.taken.known,
                unsent: peer.taken.unsent,
                bytes: peer.bytes,
                credit: peer.credit.left(Instant::now()),
                disagrees_since_secs: peer.disagreement.alarm_since_secs(),
            }
        });
        report.collect()
    }
}

#[cfg(test)]
mod tests;

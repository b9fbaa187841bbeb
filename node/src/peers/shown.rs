//! Which entries peers have shown lately: a tail names what its node has, this node's own entries among them, once
//! that node took them. It is kept of all entries alike, so that it tells nobody what was submitted here.
//!
//! In memory only, and of each peer no more than a part: a node that was not heard lately may hold an entry too.

use super::address::PeerAddress;
use deadwax_index::entry::EntryId;
use deadwax_index::sync::wire::ID_PREFIX_BYTES;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Ids that are kept of each peer, 64 KiB: what comes in some hours, in a network of many.
const MAX_SHOWN: usize = 4096;
/// Peers of whom something is kept; they come and go, and there are fewer at any time.
const MAX_PEERS: usize = 64;

type Prefix = [u8; ID_PREFIX_BYTES];

/// The newest ids that each peer has shown.
#[derive(Debug, Default)]
pub struct Shown(Mutex<HashMap<PeerAddress, VecDeque<Prefix>>>);

impl Shown {
    /// A peer showed that it has these.
    pub fn by(&self, peer: &PeerAddress, ids: impl IntoIterator<Item = Prefix>) {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= MAX_PEERS && !peers.contains_key(peer) {
            peers.clear();
        }
        let shown = peers.entry(peer.clone()).or_default();
        for id in ids {
            if shown.len() == MAX_SHOWN {
                shown.pop_front();
            }
            shown.push_back(id);
        }
    }

    /// Whether a peer showed that it has this one.
    pub fn has(&self, peer: &PeerAddress, id: &EntryId) -> bool {
        let peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.get(peer).is_some_and(|shown| shown.iter().any(|prefix| id.0.starts_with(prefix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_ids_of_each_peer_are_known() {
        let (a, b): (PeerAddress, PeerAddress) = ("unix:/a".parse().unwrap(), "unix:/b".parse().unwrap());
        let shown = Shown::default();
        let id = |number: u32| {
            let mut id = EntryId([7; 32]);
            id.0[..4].copy_from_slice(&number.to_be_bytes());
            id
        };
        let prefix = |number: u32| id(number).0[..ID_PREFIX_BYTES].try_into().unwrap();
        shown.by(&a, (0..MAX_SHOWN as u32 + 1).map(prefix));
        assert!(!shown.has(&a, &id(0)) && shown.has(&a, &id(1)) && shown.has(&a, &id(MAX_SHOWN as u32)));
        assert!(!shown.has(&b, &id(1)));
    }
}

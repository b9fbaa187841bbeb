//! Who could be followed: the nodes that members name, from the store, in an order that is this node's own.
//!
//! In an open set there are none: anybody could name a thousand nodes of their own there.

use super::address::PeerAddress;
use super::choice::{Candidate, Origin};
use crate::app::App;
use crate::networks::Reach;
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::node::Node;
use deadwax_index::store::StoreError;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::PoisonError;

/// Nodes that are considered: many more than there are places.
const MAX_CANDIDATES: usize = 64;

/// All who could be followed.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those of the roster first, each group in random order, without this node itself.
    pub(super) candidates: Vec<Candidate>,
    /// Where the nodes of the roster are, whether they can be followed or are followed already.
    pub(super) roster: HashSet<PeerAddress>,
}

/// The candidates. `seed` stands for chance: the same one gives the same order. Those in `followed` are among them as
/// long as their entries are.
pub(super) fn find(app: &App, seed: &[u8; 32], followed: &[AuthorKey]) -> Result<Found, StoreError> {
    let Some(members) = app.store.members()? else { return Ok(Found::default()) };
    let own_key = app.signer.lock().unwrap_or_else(PoisonError::into_inner).author();
    let is_good = |key: &&AuthorKey| **key != own_key && !members.is_banned(key);
    let ordered = |mut keys: Vec<AuthorKey>| {
        keys.sort_by_cached_key(|key| rank(seed, key));
        keys
    };
    let roster = ordered(members.roster().iter().filter(is_good).copied().collect());
    let of_roster: HashSet<AuthorKey> = roster.iter().copied().collect();
    let others = members.keys().filter(is_good).filter(|key| !of_roster.contains(*key));
    let mut others = ordered(others.copied().collect());
    others.sort_by_key(|key| !followed.contains(key));
    let mut nodes = app.store.newest_nodes(&roster, usize::MAX)?;
    nodes.extend(app.store.newest_nodes(&others, MAX_CANDIDATES.saturating_sub(nodes.len()))?);

    let own = [app.networks.tor().address, app.networks.i2p().address];
    let is_own = |node: &Node| {
        let named = [&node.onion, &node.i2p];
        own.iter().zip(named).any(|(own, named)| own.is_some() && own == named)
    };
    let mut found = Found::default();
    // An address belongs to the first who names it: the roster before others.
    let mut taken: HashSet<PeerAddress> = app.config.sync.peers.iter().cloned().collect();
    for (author, node) in nodes {
        let origin = if of_roster.contains(&author) { Origin::Roster } else { Origin::Member };
        let all = addresses(&node);
        if origin == Origin::Roster {
            found.roster.extend(all.iter().cloned());
        }
        let is_followed_anyway = app.config.sync.peers.iter().any(|peer| all.contains(peer));
        if is_own(&node) || is_followed_anyway {
            continue;
        }
        let addresses: Vec<PeerAddress> =
            all.into_iter().filter(|address| is_reached(app, address) && !taken.contains(address)).collect();
        taken.extend(addresses.iter().cloned());
        if !addresses.is_empty() {
            found.candidates.push(Candidate { author, origin, addresses });
        }
    }
    Ok(found)
}

/// Where a node says that it is; its form was checked when the entry was read.
fn addresses(node: &Node) -> Vec<PeerAddress> {
    let onion = node.onion.clone().map(PeerAddress::Onion);
    onion.into_iter().chain(node.i2p.clone().map(PeerAddress::I2p)).collect()
}

/// Whether the network of an address is switched on here.
fn is_reached(app: &App, address: &PeerAddress) -> bool {
    match address {
        PeerAddress::Onion(_) => app.networks.tor().state != Reach::Off,
        PeerAddress::I2p(_) => app.networks.i2p().state != Reach::Off,
        PeerAddress::Unix(_) => false,
    }
}

fn rank(seed: &[u8; 32], key: &AuthorKey) -> [u8; 32] {
    Sha256::new().chain_update(seed).chain_update(key.0).finalize().into()
}

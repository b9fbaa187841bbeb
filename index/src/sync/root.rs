//! The root: one hash that says whether two sets are equal (`doc/SYNC-PROTOCOL.md` section 2).
//!
//! LtHash (Bellare and Micciancio 1997; Lewi et al., "Securing Update Propagation with Homomorphic
//! Hashing", 2019) with 1,024 lanes of 16 bits, so that inserting and removing cost the same
//! whatever the set's size.

use crate::entry::{EntryId, Scope};
use sha2::{Digest, Sha256};

/// Lanes of 16 bits.
pub const LANES: usize = 1024;
const DOMAIN: &[u8] = b"deadwax/root/1";

/// The running sum of a set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetSum {
    lanes: Box<[u16; LANES]>,
    count: u64,
}

impl Default for SetSum {
    /// The empty set.
    fn default() -> Self {
        Self { lanes: Box::new([0; LANES]), count: 0 }
    }
}

impl SetSum {
    /// A sum as [`SetSum::lanes_to_bytes`] wrote it; `None` if `bytes` has another length.
    pub fn from_bytes(bytes: &[u8], count: u64) -> Option<Self> {
        if bytes.len() != LANES * 2 {
            return None;
        }
        let mut sum = Self { count, ..Self::default() };
        for (lane, bytes) in sum.lanes.iter_mut().zip(bytes.chunks_exact(2)) {
            *lane = u16::from_le_bytes([bytes[0], bytes[1]]);
        }
        Some(sum)
    }

    /// The lanes, each u16 LE: 2,048 bytes.
    pub fn lanes_to_bytes(&self) -> Vec<u8> {
        self.lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    /// How many ids the set has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds an id that is not in the set.
    pub fn insert(&mut self, id: &EntryId) {
        self.count += 1;
        self.each_lane(id, u16::wrapping_add);
    }

    /// Takes out an id that is in the set.
    pub fn remove(&mut self, id: &EntryId) {
        self.count -= 1;
        self.each_lane(id, u16::wrapping_sub);
    }

    /// SHA-256(name of the scope || count as u64 LE || lanes).
    pub fn root(&self, scope: Scope) -> [u8; 32] {
        Sha256::new()
            .chain_update(scope.name())
            .chain_update(self.count.to_le_bytes())
            .chain_update(self.lanes_to_bytes())
            .finalize()
            .into()
    }

    fn each_lane(&mut self, id: &EntryId, operation: fn(u16, u16) -> u16) {
        let mut element = [0; LANES * 2];
        blake3::Hasher::new().update(DOMAIN).update(&id.0).finalize_xof().fill(&mut element);
        for (lane, bytes) in self.lanes.iter_mut().zip(element.chunks_exact(2)) {
            *lane = operation(*lane, u16::from_le_bytes([bytes[0], bytes[1]]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_does_not_matter_and_removal_undoes(ids in prop::collection::btree_set(any::<[u8; 32]>(), 1..20), split in any::<prop::sample::Index>()) {
            let ids: Vec<_> = ids.into_iter().map(EntryId).collect();
            let (mut forward, mut backward) = (SetSum::default(), SetSum::default());
            ids.iter().for_each(|id| forward.insert(id));
            ids.iter().rev().for_each(|id| backward.insert(id));
            prop_assert_eq!(&forward, &backward);
            let gone = split.index(ids.len());
            backward.remove(&ids[gone]);
            prop_assert_ne!(forward.root(Scope::Main), backward.root(Scope::Main));
            backward.insert(&ids[gone]);
            prop_assert_eq!(forward.root(Scope::Main), backward.root(Scope::Main));
            let read = SetSum::from_bytes(&forward.lanes_to_bytes(), forward.count()).unwrap();
            prop_assert_eq!(read, forward);
        }
    }

    #[test]
    fn scopes_have_different_roots() {
        assert_ne!(SetSum::default().root(Scope::Core), SetSum::default().root(Scope::Main));
    }
}

//! What a transaction changes in the sets, for what is kept of them in memory: digests and sketches.

use super::{Store, StoreError, lock, transact};
use crate::entry::{EntryId, Scope};
use rusqlite::Transaction;

/// The ids that joined or left a set in one transaction.
#[derive(Debug, Default)]
pub(crate) struct SetChanges {
    /// The newest position after it. Each transaction that changes a set gives out a position.
    pub(crate) position: u64,
    /// By scope.
    pub(crate) ids: [Vec<EntryId>; 2],
}

impl Store {
    /// Runs `change` in one transaction, as [`Store::write`] does, and takes note of what it changed.
    pub(crate) fn change_sets<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<(T, SetChanges), StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let (done, changes) = transact(&mut writer, change)?;
        // Still under the lock, so that notes come in the order of transactions.
        for scope in Scope::ALL {
            let ids = &changes.ids[scope as usize];
            if !ids.is_empty() {
                self.digests[scope as usize].note(changes.position, ids);
                self.sketches[scope as usize].note(changes.position, ids);
            }
        }
        Ok(done)
    }
}

/// Entries of both scopes, with the same n in each round: some keep their slots, some lose them.
#[cfg(test)]
pub(super) fn rival_rounds() -> impl Iterator<Item = Vec<crate::entry::VerifiedEntry>> {
    let mut author = crate::entry::identity::Identity::from_secret([3; 32]);
    (0..4u8).map(move |round| {
        let body = |n: u64| vec![0xa2, 0x05, n as u8, 0x06, round];
        let kind = |n: u64| if n.is_multiple_of(3) { 3 } else { 32 };
        (0..30).map(|n| author.sign(body(n), kind(n), n, 494_000 + u64::from(round))).collect()
    })
}

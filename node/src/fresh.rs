//! Which entries joined the set here a moment ago and came from no peer. Whoever reads this node's tails cannot have
//! them yet, so a tail has them whole where it has others by id.
//!
//! In memory only: after a restart, and after [`FRESH_FOR`], they are entries like all others.

use deadwax_index::entry::VerifiedEntry;
use deadwax_index::sync::wire::ID_PREFIX_BYTES;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// After this long an entry is everywhere, or whoever lacks it was away. Much longer than an entry takes to be on all
/// nodes, so that slow streams have it whole too.
const FRESH_FOR: Duration = Duration::from_secs(60);
/// What is released at once is less; of more, ids do.
const MAX_FRESH: usize = 1_024;

/// The entries, by the beginning of their ids.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<HashMap<[u8; ID_PREFIX_BYTES], Instant>>);

impl Fresh {
    /// Takes in entries that are about to join the set.
    pub fn add(&self, entries: &[VerifiedEntry]) {
        let mut fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        fresh.retain(|_, since| now.duration_since(*since) < FRESH_FOR);
        let left = MAX_FRESH.saturating_sub(fresh.len());
        fresh.extend(entries.iter().take(left).map(|entry| (entry.head().id().prefix(), now)));
    }

    /// Whether an entry is one of them.
    pub fn has(&self, id: &[u8; ID_PREFIX_BYTES]) -> bool {
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.get(id).is_some_and(|since| since.elapsed() < FRESH_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadwax_index::entry::identity::Identity;

    #[tokio::test(start_paused = true)]
    async fn entries_are_fresh_for_a_minute_and_only_so_many() {
        let mut author = Identity::from_secret([3; 32]);
        let mut some = |count: u64| -> Vec<VerifiedEntry> {
            let from = author.next_n.main;
            (from..from + count).map(|n| author.sign(vec![0xa0], 99, n, 494_000)).collect()
        };
        let fresh = Fresh::default();
        let is_fresh = |entry: &VerifiedEntry| fresh.has(&entry.head().id().prefix());
        let (first, many) = (some(1), some(MAX_FRESH as u64));
        fresh.add(&first);
        assert!(is_fresh(&first[0]) && !is_fresh(&many[0]));
        fresh.add(&many);
        assert_eq!(many.iter().filter(|entry| is_fresh(entry)).count(), MAX_FRESH - 1);
        tokio::time::advance(FRESH_FOR).await;
        assert!(!is_fresh(&first[0]));
        fresh.add(&many);
        assert!(many.iter().all(is_fresh), "what is old makes room");
    }
}

//! Which ids are being fetched at the moment: several peers name the same entry within seconds, and one of them
//! has to be asked for it.

use deadwax_index::sync::wire::ID_PREFIX_BYTES;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

type Prefix = [u8; ID_PREFIX_BYTES];

/// A peer that has not sent an entry after this long is not waited for by the others: some round trips.
const PATIENCE: Duration = Duration::from_secs(10);

/// The ids that are being fetched, with the time since when.
#[derive(Debug, Default)]
pub struct Claims {
    claimed: Mutex<HashMap<Prefix, Instant>>,
    ended: watch::Sender<u64>,
}

/// Ids that this one fetches; others may when it is dropped.
pub struct Claim<'a> {
    claims: &'a Claims,
    since: Instant,
    /// The ids.
    pub ids: Vec<Prefix>,
}

impl Claims {
    /// Claims those of `ids` that nobody is fetching; the others are left in `ids`.
    pub fn claim(&self, ids: &mut Vec<Prefix>) -> Claim<'_> {
        let since = Instant::now();
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = |at: Option<&Instant>| at.is_none_or(|at| since - *at >= PATIENCE);
        let mine: Vec<Prefix> = ids.extract_if(.., |id| is_free(claimed.get(id))).collect();
        claimed.extend(mine.iter().map(|id| (*id, since)));
        Claim { claims: self, since, ids: mine }
    }

    /// Told whenever a claim ended.
    pub fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claimed = self.claims.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &self.ids {
            // Somebody else may have claimed it since.
            if claimed.get(id) == Some(&self.since) {
                claimed.remove(id);
            }
        }
        if !self.ids.is_empty() {
            self.claims.ended.send_modify(|count| *count += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_id_is_claimed_once_until_that_ends_or_takes_too_long() {
        let claims = Claims::default();
        let ended = claims.ended();
        let all = || vec![[1; 16], [2; 16]];
        let first = claims.claim(&mut vec![[1; 16]]);
        assert_eq!(first.ids, [[1; 16]]);
        let mut ids = all();
        let second = claims.claim(&mut ids);
        assert_eq!((second.ids.as_slice(), ids.as_slice()), ([[2; 16]].as_slice(), [[1; 16]].as_slice()));
        drop(second);
        assert!(ended.has_changed().unwrap());
        tokio::time::advance(PATIENCE).await;
        let third = claims.claim(&mut all());
        assert_eq!(third.ids.len(), 2, "the first one takes too long");
        drop(first);
        assert!(claims.claim(&mut all()).ids.is_empty(), "and its end does not free what is not its own");
        drop(third);
        assert_eq!(claims.claim(&mut all()).ids.len(), 2);
    }
}

//! What a peer's word is worth: lost by lies alone, and won back by time. Pure; being slow, silent or wrong about
//! what it has costs nothing (`doc/SYNC-PROTOCOL.md` section 10).

use super::status::FULL_CREDIT as FULL;
use deadwax_index::sync::wire::ID_PREFIX_BYTES;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// One comes back after this long without a lie: a peer that was mended is like any other within a day.
const COMES_BACK_AFTER: Duration = Duration::from_secs(8 * 3_600);
/// An id that the peer named and did not send this often is a lie. Once is none: an entry may have lost its slot.
const MAX_UNSERVED: u8 = 3;
/// Ids of which is counted how often they were not sent; more are not looked at.
const MAX_COUNTED_IDS: usize = 1_024;
/// After this counting begins anew: what an honest peer fails to send now and then never adds up.
const COUNTED_FOR: Duration = Duration::from_secs(24 * 3_600);

/// The credit of one peer.
#[derive(Debug, Clone)]
pub(super) struct Credit {
    left: u8,
    /// When the last lie was told, or credit came back.
    since: Instant,
    unserved: HashMap<[u8; ID_PREFIX_BYTES], u8>,
    counting_since: Instant,
}

impl Credit {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: FULL, since: now, unserved: HashMap::new(), counting_since: now }
    }

    /// How much is left.
    pub(super) fn left(&self, now: Instant) -> u8 {
        let came_back = now.duration_since(self.since).as_secs() / COMES_BACK_AFTER.as_secs();
        self.left.saturating_add(came_back.min(FULL.into()) as u8).min(FULL)
    }

    /// Whether nothing is left.
    pub(super) fn is_out(&self, now: Instant) -> bool {
        self.left(now) == 0
    }

    /// Whether nothing was ever lost, or all is back.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.left(now) == FULL
    }

    /// The peer sent bytes that are not what they have to be.
    pub(super) fn lied(&mut self, now: Instant) {
        self.left = self.left(now).saturating_sub(1);
        self.since = now;
    }

    /// The peer named these ids, was asked for them, and sent none of them.
    pub(super) fn not_served(&mut self, ids: &[[u8; ID_PREFIX_BYTES]], now: Instant) {
        if now.duration_since(self.counting_since) >= COUNTED_FOR {
            self.unserved.clear();
            self.counting_since = now;
        }
        let mut is_lie = false;
        for id in ids {
            if self.unserved.len() >= MAX_COUNTED_IDS && !self.unserved.contains_key(id) {
                continue;
            }
            let count = self.unserved.entry(*id).or_default();
            *count += 1;
            if *count >= MAX_UNSERVED {
                self.unserved.remove(id);
                is_lie = true;
            }
        }
        // Many at once are one lie.
        if is_lie {
            self.lied(now);
        }
    }

    /// Forgets what was counted of ids.
    pub(super) fn forget_ids(&mut self) {
        self.unserved = HashMap::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; ID_PREFIX_BYTES] = [7; ID_PREFIX_BYTES];

    #[test]
    fn lies_cost_credit_and_time_brings_it_back() {
        let start = Instant::now();
        let mut credit = Credit::new(start);
        let mut left = Vec::new();
        for _ in 0..4 {
            credit.lied(start);
            left.push(credit.left(start));
        }
        assert_eq!(left, [2, 1, 0, 0]);
        assert!(credit.is_out(start + COMES_BACK_AFTER - Duration::from_secs(1)));
        assert!(!credit.is_out(start + COMES_BACK_AFTER));
        assert!(credit.is_full(start + COMES_BACK_AFTER * 3));
        assert_eq!(credit.left(start + COMES_BACK_AFTER * 900), FULL);
        // What came back is not lost by the next lie.
        credit.lied(start + COMES_BACK_AFTER * 2);
        assert_eq!(credit.left(start + COMES_BACK_AFTER * 2), 1);
    }

    #[test]
    fn an_id_that_is_not_sent_three_times_is_a_lie() {
        let now = Instant::now();
        let mut credit = Credit::new(now);
        let others: Vec<_> = (0..40).map(|n| [n; ID_PREFIX_BYTES]).filter(|id| *id != ID).collect();
        credit.not_served(&others, now);
        credit.not_served(&[ID], now);
        credit.not_served(&[ID], now);
        assert!(credit.is_full(now), "none of them three times");
        credit.not_served(&[ID], now);
        assert_eq!(credit.left(now), FULL - 1);
        credit.not_served(&others, now);
        credit.not_served(&others, now);
        assert_eq!(credit.left(now), FULL - 2, "all at once are one");
    }

    #[test]
    fn what_is_counted_of_ids_is_bounded_and_ends_after_a_day() {
        let now = Instant::now();
        let mut credit = Credit::new(now);
        credit.not_served(&[ID], now);
        credit.not_served(&[ID], now);
        for n in 0..5_000u64 {
            let mut id = [1; ID_PREFIX_BYTES];
            id[..8].copy_from_slice(&n.to_le_bytes());
            credit.not_served(&[id], now);
        }
        assert!(credit.unserved.len() <= MAX_COUNTED_IDS);
        let later = now + COUNTED_FOR;
        credit.not_served(&[ID], later);
        assert!(credit.is_full(later));
    }
}

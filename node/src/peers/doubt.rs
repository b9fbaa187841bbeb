//! Whether it is time to compare a scope with a peer: sets may differ for a moment whenever entries are on
//! their way, and for ever if one node does not read the other.

use super::status::ScopeAnswer;
use std::time::Duration;
use tokio::time::Instant;

/// Sets that never hold still are compared when they have not been equal for this long.
const RESTLESS: Duration = Duration::from_secs(300);
/// After a comparison by digests the next one waits: this long first, and twice as long each time that it
/// brought nothing. The peer lacks what is here, or has what cannot be in this set.
const MIN_PAUSE: Duration = Duration::from_secs(60);
/// The longest of these pauses: digests every hour are 40 bytes a second.
const MAX_PAUSE: Duration = Duration::from_secs(3_600);

/// A peer's set and the own one, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) theirs: Option<ScopeAnswer>,
    pub(super) own: Option<ScopeAnswer>,
    /// Whether the peer's tail is read, and both sets have the same members: then they should be equal.
    pub(super) should_be_equal: bool,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Sketch,
    Digests,
}

/// What is suspected of one scope.
#[derive(Debug)]
pub(super) struct Doubt {
    /// What differed the last time.
    seen: Option<Seen>,
    /// When the sets were equal last, or compared.
    since: Instant,
    /// No comparison before this.
    quiet_until: Instant,
    pause: Duration,
    next: Way,
    /// A sketch was read, and it is not known yet whether that was enough.
    is_sketch_fresh: bool,
}

impl Doubt {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            seen: None,
            since: now,
            quiet_until: now,
            pause: MIN_PAUSE,
            next: Way::Sketch,
            is_sketch_fresh: false,
        }
    }

    /// Whether a second look will tell more.
    pub(super) fn is_open(&self) -> bool {
        self.seen.is_some() || self.is_sketch_fresh
    }

    /// Takes in what is seen now; says how to compare the sets, if it is time to.
    pub(super) fn look(&mut self, seen: Seen, now: Instant) -> Option<Way> {
        self.is_sketch_fresh = false;
        if seen.theirs == seen.own {
            // Whoever is equal and unequal in turn does not make this node read digests all the time.
            let quiet_until = self.quiet_until.min(now + MIN_PAUSE);
            *self = Self { quiet_until, ..Self::new(now) };
            return None;
        }
        if !seen.should_be_equal || now < self.quiet_until {
            self.seen = None;
            return None;
        }
        let seen = Some(seen);
        let is_time = self.seen == seen || now.duration_since(self.since) >= RESTLESS;
        self.seen = seen;
        is_time.then_some(self.next)
    }

    /// Takes in how many entries a comparison brought.
    pub(super) fn settle(&mut self, new: u64, way: Way, now: Instant) {
        (self.seen, self.since) = (None, now);
        self.is_sketch_fresh = way == Way::Sketch;
        // What a sketch did not tell is seen in the next states, and digests tell it.
        self.next = if way == Way::Sketch { Way::Digests } else { Way::Sketch };
        if new > 0 {
            self.pause = MIN_PAUSE;
        }
        if way == Way::Digests {
            self.quiet_until = now + self.pause;
            if new == 0 {
                self.pause = (self.pause * 2).min(MAX_PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(theirs: u64, own: u64, should_be_equal: bool) -> Seen {
        let answer = |count: u64| Some(ScopeAnswer { count, root: count.to_string() });
        Seen { theirs: answer(theirs), own: answer(own), should_be_equal }
    }

    /// Looks every five seconds; when the sets are compared, in seconds, each time in vain.
    fn compared(until_secs: u64, mut look: impl FnMut(u64) -> Seen) -> Vec<(u64, Way)> {
        let start = Instant::now();
        let (mut doubt, mut compared) = (Doubt::new(start), Vec::new());
        for secs in (0..until_secs).step_by(5) {
            let now = start + Duration::from_secs(secs);
            if let Some(way) = doubt.look(look(secs), now) {
                doubt.settle(0, way, now);
                compared.push((secs, way));
            }
        }
        compared
    }

    #[test]
    fn sets_that_stay_unequal_are_compared_more_and_more_seldom() {
        let times = compared(4 * 3_600, |_| seen(2, 1, true));
        assert_eq!(times[..2], [(5, Way::Sketch), (15, Way::Digests)]);
        let digests: Vec<_> =
            times.iter().filter(|(_, way)| *way == Way::Digests).map(|time| time.0).collect();
        let pauses: Vec<_> = digests.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(pauses.is_sorted() && pauses[0] < 90 && pauses.len() < 12, "{pauses:?}");
    }

    #[test]
    fn sets_that_are_equal_or_read_no_further_are_left_alone() {
        assert_eq!(compared(3_600, |_| seen(1, 1, true)), []);
        assert_eq!(compared(3_600, |_| seen(2, 1, false)), []);
        // Each difference is gone at the next look.
        assert_eq!(compared(3_600, |secs| seen(secs, secs + secs % 10, true)), []);
    }

    #[test]
    fn sets_that_never_hold_still_are_compared_now_and_then() {
        let times = compared(1_300, |secs| seen(secs + 1, secs, true));
        assert_eq!(times.len(), 4, "{times:?}");
        assert_eq!(times[..2], [(300, Way::Sketch), (600, Way::Digests)]);
    }

    #[test]
    fn a_peer_that_flickers_does_not_get_digests_read_all_the_time() {
        let times = compared(3_600, |secs| if secs % 25 == 0 { seen(1, 1, true) } else { seen(2, 1, true) });
        let digests = times.iter().filter(|(_, way)| *way == Way::Digests).count();
        assert!((1..=60).contains(&digests), "{digests}");
    }
}

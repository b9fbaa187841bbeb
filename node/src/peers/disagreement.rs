//! Whether a peer's set stays another one although both sets have the same members: then somebody withholds entries,
//! or two programs judge the same entries differently. Pure.

use std::time::Duration;
use tokio::time::Instant;

/// Sets that differ for this long do not differ because entries are on their way.
const ALARM_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// After so long without an answer nothing is known of the time between: the peer may have been equal and gone on.
const MAX_GAP: Duration = Duration::from_secs(3_600);

/// What was seen of one peer.
#[derive(Debug, Clone, Default)]
pub(super) struct Disagreement {
    seen: Option<Seen>,
}

#[derive(Debug, Clone)]
struct Seen {
    first: Instant,
    first_secs: u64,
    last: Instant,
    is_told: bool,
}

impl Disagreement {
    /// Takes in whether the sets are equal now; `None` if they cannot be compared. Returns whether it is time to tell
    /// the operator, which it is once.
    pub(super) fn look(&mut self, equal: Option<bool>, now: Instant, now_secs: u64) -> bool {
        if equal != Some(false) {
            self.seen = None;
            return false;
        }
        let seen = self.seen.take().filter(|seen| now.duration_since(seen.last) <= MAX_GAP);
        let mut seen = seen.unwrap_or(Seen { first: now, first_secs: now_secs, last: now, is_told: false });
        seen.last = now;
        let is_time = !seen.is_told && now.duration_since(seen.first) >= ALARM_AFTER;
        seen.is_told |= is_time;
        self.seen = Some(seen);
        is_time
    }

    /// Since when the sets differ, in seconds since 1970, if it was time to tell.
    pub(super) fn alarm_since_secs(&self) -> Option<u64> {
        self.seen.as_ref().filter(|seen| seen.is_told).map(|seen| seen.first_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_secs(90);

    /// Looks for so many hours; how often it was told, and since when at the end.
    fn after(hours: u32, mut equal: impl FnMut(Duration) -> Option<bool>) -> (usize, Option<u64>) {
        let start = Instant::now();
        let mut disagreement = Disagreement::default();
        let mut told = 0;
        for n in 0..=hours * 40 {
            let now = LOOK * n;
            told += usize::from(disagreement.look(equal(now), start + now, 1_000 + now.as_secs()));
        }
        (told, disagreement.alarm_since_secs())
    }

    #[test]
    fn sets_that_differ_for_a_day_are_told_of_once() {
        assert_eq!(after(23, |_| Some(false)), (0, None));
        assert_eq!(after(24, |_| Some(false)), (1, Some(1_000)));
        assert_eq!(after(72, |_| Some(false)), (1, Some(1_000)));
    }

    #[test]
    fn sets_that_are_equal_or_of_other_members_now_and_then_are_not() {
        let every = |hours: u64, now: Duration| now.as_secs().is_multiple_of(hours * 3_600);
        assert_eq!(after(72, |now| Some(every(20, now))), (0, None));
        assert_eq!(after(72, |now| if every(20, now) { None } else { Some(false) }), (0, None));
        assert_eq!(after(72, |_| None), (0, None));
        // It is over, and begins again.
        let told = after(72, |now| Some(now.as_secs() == 36 * 3_600));
        assert_eq!(told, (2, Some(1_000 + 36 * 3_600 + 90)));
    }

    #[test]
    fn nothing_is_made_of_a_time_without_answers() {
        let (start, mut disagreement) = (Instant::now(), Disagreement::default());
        assert!(!disagreement.look(Some(false), start, 1));
        assert!(!disagreement.look(Some(false), start + ALARM_AFTER, 1));
        assert_eq!(disagreement.alarm_since_secs(), None);
    }
}

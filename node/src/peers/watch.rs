//! Watches a peer's state while its tails are read, and compares the sets when the tails cannot explain why
//! they differ.

use super::fetch::Fetcher;
use super::follow::FollowError;
use super::status::StateAnswer;
use crate::app::blocking;
use crate::web::sync::scope_answers;
use deadwax_index::entry::Scope;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often a peer is asked for its state while its tails are open.
const STATE_INTERVAL: Duration = Duration::from_secs(120);
/// Sets that differ without a reason are looked at once more after this.
const SECOND_LOOK: Duration = Duration::from_secs(3);
/// After a comparison that brought nothing, the next one waits: this long first, twice as long each time. The
/// peer lacks what is here, or has what cannot be in this set.
const MIN_PAUSE: Duration = Duration::from_secs(60);
/// The longest of these pauses: digests every hour are 40 bytes a second.
const MAX_PAUSE: Duration = Duration::from_secs(3_600);

/// What is suspected of one scope.
struct Doubt {
    /// States in a row that differ although the tail was read to its end.
    states: u32,
    /// No comparison before this.
    quiet_until: Instant,
    pause: Duration,
    /// Since the sets were equal last.
    sketch_was_read: bool,
}

impl Doubt {
    fn none() -> Self {
        Self { states: 0, quiet_until: Instant::now(), pause: MIN_PAUSE, sketch_was_read: false }
    }

    /// Takes in whether the sets differ; says whether it is time to compare them.
    fn look(&mut self, differ: bool) -> bool {
        if !differ {
            *self = Self::none();
        } else if Instant::now() >= self.quiet_until {
            self.states += 1;
        }
        self.states >= 2
    }

    /// Takes in what comparing came to.
    fn settle(&mut self, new: u64, by_sketch: bool) {
        self.states = 0;
        if new > 0 {
            self.pause = MIN_PAUSE;
        } else if !by_sketch {
            self.quiet_until = Instant::now() + self.pause;
            self.pause = (self.pause * 2).min(MAX_PAUSE);
        }
    }
}

/// Asks for the state now and then, and when entries came; `read` has the position up to which the tail of
/// each scope was read.
pub(super) async fn watch_state(
    fetchers: [Fetcher<'_>; 2],
    read: watch::Receiver<[u64; 2]>,
) -> Result<std::convert::Infallible, FollowError> {
    let (app, peer, control) = (fetchers[0].app, fetchers[0].peer, fetchers[0].control);
    let mut released = app.released.subscribe();
    let mut doubts = Scope::ALL.map(|_| Doubt::none());
    // The first look comes soon: a tail of which nothing is left to read may hide what differs.
    let mut interval = SECOND_LOOK;
    loop {
        // Entries come in bursts: one question after the burst is enough.
        let _ = tokio::time::timeout(interval, released.changed()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        released.mark_unchanged();
        let state: StateAnswer = control.lock().await.get_json("/sync/v1/state").await?;
        app.peers.answered(peer, state.clone());
        let own = scope_answers(&blocking(app, |app| app.scopes()).await?);
        for (scope, doubt) in Scope::ALL.into_iter().zip(&mut doubts) {
            // Sets of other members differ, whatever is fetched.
            let comparable = scope == Scope::Core || state.members_root == app.members_root();
            let at_end = state.tail.get(&scope).is_none_or(|tail| read.borrow()[scope as usize] >= *tail);
            if doubt.look(comparable && at_end && state.scopes.get(&scope) != own.get(&scope)) {
                // Whether a sketch told everything is seen in the next states; digests do.
                let by_sketch = !std::mem::replace(&mut doubt.sketch_was_read, true);
                let counts = [&state.scopes, &own].map(|of| of.get(&scope).map_or(0, |of| of.count));
                let difference = by_sketch.then(|| counts[0].abs_diff(counts[1]));
                let compared = fetchers[scope as usize].compare(difference).await?;
                let new = compared.map_or(0, |compared| compared.new);
                doubt.settle(new, by_sketch);
            }
        }
        let in_doubt = doubts.iter().any(|doubt| doubt.states > 0);
        interval = if in_doubt { SECOND_LOOK } else { STATE_INTERVAL };
    }
}

#[cfg(test)]
mod tests;

//! Watches a peer's state while its tails are read, and compares the sets when the tails cannot explain why
//! they differ.

use super::doubt::{Doubt, Seen, Way};
use super::fetch::Fetcher;
use super::follow::FollowError;
use super::status::StateAnswer;
use crate::app::blocking;
use crate::web::sync::scope_answers;
use deadwax_index::entry::Scope;
use deadwax_index::store::StoreError;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often a peer is asked for its state while its tails are open. A server closes connections on which nothing is
/// asked for 120 s.
const STATE_INTERVAL: Duration = Duration::from_secs(30);
/// Sets that differ without a reason are looked at once more after this.
const SECOND_LOOK: Duration = Duration::from_secs(3);

/// Asks for the state now and then, and when entries came; `read` has the position up to which the tail of
/// each scope was read.
pub(super) async fn watch_state(
    fetchers: [Fetcher<'_>; 2],
    read: watch::Receiver<[u64; 2]>,
) -> Result<std::convert::Infallible, FollowError> {
    let (app, peer, control) = (fetchers[0].app, fetchers[0].peer, fetchers[0].control);
    let mut released = app.released.subscribe();
    let mut doubts = Scope::ALL.map(|_| Doubt::new(Instant::now()));
    // The first look comes soon: a tail of which nothing is left to read may hide what differs.
    let mut interval = SECOND_LOOK;
    loop {
        // Entries come in bursts: one question after the burst is enough.
        let _ = tokio::time::timeout(interval, released.changed()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        released.mark_unchanged();
        let state: StateAnswer = control.lock().await.get_json("/sync/v1/state").await?;
        app.peers.answered(peer, state.clone());
        let (own, members_root) =
            blocking(app, |app| -> Result<_, StoreError> { Ok((app.scopes()?, app.members_root()?)) })
                .await?;
        let own = scope_answers(&own);
        // In an open set nobody is of the roster, and nothing is to be alarmed about.
        let has_same_members = members_root.is_some() && state.members_root == members_root;
        let [their_main, own_main] =
            [&state.scopes, &own].map(|scopes| scopes.get(&Scope::Main).map(|main| &main.root));
        if app.peers.compared(peer, has_same_members.then(|| their_main == own_main)) {
            tracing::warn!(
                "a node of the roster has had another set for a day although it has the same members; \
                 `deadwax peers` shows which one"
            );
        }
        for (scope, doubt) in Scope::ALL.into_iter().zip(&mut doubts) {
            // Sets of other members differ, whatever is fetched.
            let comparable = scope == Scope::Core || state.members_root == members_root;
            let at_end = state.tail.get(&scope).is_none_or(|tail| read.borrow()[scope as usize] >= *tail);
            let [theirs, own] = [&state.scopes, &own].map(|scopes| scopes.get(&scope).cloned());
            let counts = [&theirs, &own].map(|of| of.as_ref().map_or(0, |of| of.count));
            let seen = Seen { theirs, own, should_be_equal: comparable && at_end };
            if let Some(way) = doubt.look(seen, Instant::now()) {
                let difference = (way == Way::Sketch).then(|| counts[0].abs_diff(counts[1]));
                let compared = fetchers[scope as usize].compare(difference).await?;
                // Where the sketch was not enough, digests have been compared already.
                let (new, way) = compared.map_or((0, way), |compared| (compared.new, compared.way));
                doubt.settle(new, way, Instant::now());
            }
        }
        interval = if doubts.iter().any(Doubt::is_open) { SECOND_LOOK } else { STATE_INTERVAL };
    }
}

#[cfg(test)]
mod tests;

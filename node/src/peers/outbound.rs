//! Keeps followed whoever should be: the peers of the configuration for ever, and as many of the nodes that members
//! name as there are places left. Looks again when `core` changed, and when one has failed for long or lied.

use super::candidates::find;
use super::choice::{Candidate, Origin, choose};
use super::follow::{Turns, follow};
use crate::app::{App, SharedApp, blocking};
use deadwax_index::entry::{AuthorKey, Scope};
use deadwax_index::store::StoreError;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

/// How often it is looked whether a peer has to be replaced.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// Entries of `core` come in bursts, and to read all of it for each would be waste.
const MIN_LOOK_PAUSE: Duration = Duration::from_secs(10);
/// Even if nothing is known to have changed: who was set aside may have a place again.
const MAX_LOOK_PAUSE: Duration = Duration::from_secs(3_600);

/// What the choice depends on.
#[derive(PartialEq, Eq)]
struct Grounds {
    core: [u8; 32],
    /// This node's own addresses.
    own: [Option<String>; 2],
    /// Who has failed, or lied.
    bad: Vec<AuthorKey>,
}

impl Grounds {
    fn of(app: &App) -> Result<Self, StoreError> {
        let core = app.store.scope_state(Scope::Core)?.root;
        let own = [app.networks.tor().address, app.networks.i2p().address];
        Ok(Self { core, own, bad: app.peers.bad_ones(Instant::now()) })
    }
}

/// Who is followed because of an entry.
struct Followed {
    candidate: Candidate,
    task: AbortHandle,
}

/// Follows all peers of a node for ever.
pub async fn follow_peers(app: SharedApp) -> std::convert::Infallible {
    let turns = Arc::new(Turns::default());
    let mut seed = [0; 32];
    // Without random numbers all nodes prefer the same peers, and nothing else is lost.
    let _ = getrandom::fill(&mut seed);
    let mut tasks = JoinSet::new();
    for peer in &app.config.sync.peers {
        tasks.spawn(follow(Arc::clone(&app), vec![peer.clone()], Arc::clone(&turns)));
    }
    let mut followed: HashMap<AuthorKey, Followed> = HashMap::new();
    let mut released = app.released.subscribe();
    let (mut seen, mut looked_at) = (None, Instant::now());
    loop {
        let grounds = blocking(&app, Grounds::of).await;
        let is_time =
            |grounds: &Grounds| seen.as_ref() != Some(grounds) || looked_at.elapsed() >= MAX_LOOK_PAUSE;
        match grounds {
            Ok(grounds) if is_time(&grounds) => match look(&app, seed, &followed).await {
                Ok(chosen) => {
                    change(&app, chosen, &mut followed, &mut tasks, &turns);
                    (seen, looked_at) = (Some(grounds), Instant::now());
                }
                Err(error) => tracing::error!(%error, "whom to follow could not be looked up"),
            },
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "whether to follow others could not be looked up"),
        }
        // A task ends when it is aborted, or by a panic, which goes on here.
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended
                && let Ok(panic) = error.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
        }
        sleep(MIN_LOOK_PAUSE).await;
        let _ = timeout(LOOK_INTERVAL, released.changed()).await;
        released.mark_unchanged();
    }
}

/// Whom to follow from now on.
async fn look(
    app: &SharedApp,
    seed: [u8; 32],
    followed: &HashMap<AuthorKey, Followed>,
) -> Result<Vec<Candidate>, StoreError> {
    let keys: Vec<AuthorKey> = followed.keys().copied().collect();
    let found = blocking(app, move |app| find(app, &seed, &keys)).await?;
    let now = Instant::now();
    app.peers.set_roster(&found.roster);
    Ok(choose(app.config.sync.peers.len(), found.candidates, |author| app.peers.record(author, now)))
}

/// Ends and begins what is to be changed.
fn change(
    app: &SharedApp,
    chosen: Vec<Candidate>,
    followed: &mut HashMap<AuthorKey, Followed>,
    tasks: &mut JoinSet<std::convert::Infallible>,
    turns: &Arc<Turns>,
) {
    followed.retain(|author, followed| {
        let stays = chosen.contains(&followed.candidate);
        if !stays {
            followed.task.abort();
            app.peers.dismiss(author, Instant::now());
        }
        stays
    });
    for candidate in chosen {
        if followed.contains_key(&candidate.author) {
            continue;
        }
        debug_assert_ne!(candidate.origin, Origin::Configured);
        app.peers.appoint(&candidate);
        let task = tasks.spawn(follow(Arc::clone(app), candidate.addresses.clone(), Arc::clone(turns)));
        followed.insert(candidate.author, Followed { candidate, task });
    }
}

//! Keeps a router and two sessions up, for as long as the gateway lives: the node's own for callers,
//! and one for calling others.
//!
//! Whatever ends is a named error, reported in the status, and is started again after a pause.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadwax_i2p_router::{I2pNetwork, Router, RouterConfig, RouterEnded, StartError};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::config::RouterChoice;
use crate::error::SessionError;
use crate::incoming::Incoming;
use crate::outgoing::Opener;
use crate::status::{Phase, Reporter};

/// The pause after a first failure; it doubles up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_secs(1);
/// A machine that was offline for a week should be back within a minute of its connection.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// How often the router's numbers are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Directory of the embedded router's files, below the gateway's.
const ROUTER_DIRECTORY: &str = "router";

/// A router of the public network that knows fewer others is as good as lost: most of the ones it
/// knows will be gone or busy.
const FEW_ROUTERS: usize = 25;

/// If after this time none of the routers known has answered, they are taken to be gone for good.
const NO_ANSWER: Duration = Duration::from_secs(3 * 60);

/// Sessions in a row that the embedded router refuses before it is restarted: it keeps a destination
/// reserved for ever if the session's task fails at the wrong moment.
const MAX_REFUSALS: u32 = 5;

/// Why an attempt ended.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the I2P router did not start: {0}")]
    Start(#[source] StartError),
    #[error("the I2P router is down: {0}")]
    Router(RouterEnded),
    #[error("the I2P router keeps refusing the node's address")]
    Stuck,
    #[error(transparent)]
    Session(SessionError),
}

/// What the gateway's owner wants.
enum Wish {
    Seed(Vec<Vec<u8>>),
    Stop,
}

/// How the owner's wishes come in.
pub(crate) struct Wishes {
    /// RouterInfos for the embedded router.
    pub(crate) seeds: mpsc::Receiver<Vec<Vec<u8>>>,
    /// True, or closed, when everything is to stop.
    pub(crate) stopped: watch::Receiver<bool>,
}

impl Wishes {
    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.stopped.wait_for(|stopped| *stopped) => Wish::Stop,
            Some(seeds) = self.seeds.recv() => Wish::Seed(seeds),
        }
    }
}

/// Runs until it is told to stop.
pub(crate) struct Supervisor {
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Opener,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) wishes: Wishes,
}

impl Supervisor {
    /// Runs the gateway whose files are in `data_dir`.
    pub(crate) async fn run(self, data_dir: PathBuf, router: RouterChoice) {
        match router {
            RouterChoice::External { sam } => self.external(sam).await,
            RouterChoice::Embedded { network, seeds } => {
                self.embedded(data_dir.join(ROUTER_DIRECTORY), network, seeds).await;
            }
        }
    }

    async fn external(mut self, sam: SocketAddr) {
        let Self { incoming, outgoing, reporter, wishes } = &mut self;
        let sessions = run_sessions(incoming, outgoing, reporter, sam, true);
        tokio::select! {
            // Nobody can seed an external router.
            _ = wishes.next() => {}
            _ = sessions => {}
        }
    }

    async fn embedded(mut self, data_dir: PathBuf, network: I2pNetwork, mut seeds: Vec<Vec<u8>>) {
        let mut pause = Pause::default();
        loop {
            let begun = Instant::now();
            self.reporter.phase(Phase::Router);
            self.reporter.router(None, false);
            let config = RouterConfig {
                data_dir: data_dir.clone(),
                network: network.clone(),
                seeds: std::mem::take(&mut seeds),
            };
            let wish = match deadwax_i2p_router::start(config).await {
                Err(StartError::NoRouterInfos) => {
                    self.reporter.phase(Phase::NoRouterInfos);
                    self.reporter.router(None, true);
                    Some(self.wishes.next().await)
                }
                Err(error) => self.pause(&Failed::Start(error), &mut pause, begun).await,
                Ok(mut router) => {
                    let public = network == I2pNetwork::Public;
                    let ended = self.with_router(&mut router, public).await;
                    self.reporter.router(None, false);
                    router.shutdown().await;
                    match ended {
                        Ok(wish) => Some(wish),
                        Err(failed) => self.pause(&failed, &mut pause, begun).await,
                    }
                }
            };
            match wish {
                Some(Wish::Stop) => return,
                Some(Wish::Seed(more)) => seeds = more,
                None => {}
            }
        }
    }

    /// Runs sessions over the embedded router until it fails or its owner wants something.
    async fn with_router(&mut self, router: &mut Router, public: bool) -> Result<Wish, Failed> {
        let Self { incoming, outgoing, reporter, wishes } = self;
        let sam = SocketAddr::from((Ipv4Addr::LOCALHOST, router.sam_port()));
        let sessions = run_sessions(incoming, outgoing, reporter, sam, false);
        tokio::pin!(sessions);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = Instant::now();
        let mut answered = false;
        loop {
            let activity = router.activity();
            tokio::select! {
                wish = wishes.next() => return Ok(wish),
                ended = router.ended() => return Err(Failed::Router(ended)),
                failed = &mut sessions => return Err(failed),
                _ = ticks.tick() => {
                    answered |= activity.connected_routers > 0;
                    let few = public && activity.known_routers < FEW_ROUTERS;
                    let stale = !answered && begun.elapsed() > NO_ANSWER;
                    reporter.router(Some(activity), few || stale);
                }
            }
        }
    }

    /// Reports a failure and waits; returns early with what the owner wants.
    async fn pause(&mut self, failed: &Failed, pause: &mut Pause, begun: Instant) -> Option<Wish> {
        let wait = pause.after(begun.elapsed());
        report(&self.reporter, failed, wait);
        tokio::select! {
            () = sleep(wait) => None,
            wish = self.wishes.next() => Some(wish),
        }
    }
}

/// Keeps both sessions up. Returns only if the router should be restarted, which an external one
/// is not.
async fn run_sessions(
    incoming: &Incoming,
    outgoing: &mut Opener,
    reporter: &Reporter,
    sam: SocketAddr,
    external: bool,
) -> Failed {
    let mut is_open = outgoing.is_open();
    let watch_outgoing = async {
        // Ends with the opener, which is right here.
        while is_open.changed().await.is_ok() {
            let open = is_open.borrow_and_update().is_some();
            reporter.can_dial(open);
        }
        std::future::pending().await
    };
    let call = async {
        let mut pause = Pause::default();
        loop {
            let begun = Instant::now();
            let Err(error) = outgoing.run(sam, incoming.tunnels).await;
            // Only to the log: the other session tells the same in the status.
            tracing::debug!(%error, "the session for outgoing streams ended");
            sleep(pause.after(begun.elapsed())).await;
        }
    };
    let take_calls = async {
        let mut pause = Pause::default();
        let mut refusals = 0;
        loop {
            let begun = Instant::now();
            let Err(error) = incoming.run(sam, external, reporter).await;
            if !external {
                let refused = matches!(&error, SessionError::Refused { .. });
                refusals = if refused { refusals + 1 } else { 0 };
                if refusals == MAX_REFUSALS {
                    return Failed::Stuck;
                }
                // A router of our own that does not answer is not waited for.
                if matches!(error, SessionError::Connect(_) | SessionError::TimedOut { .. }) {
                    return Failed::Session(error);
                }
            }
            let wait = pause.after(begun.elapsed());
            report(reporter, &Failed::Session(error), wait);
            sleep(wait).await;
        }
    };
    tokio::select! {
        never = watch_outgoing => never,
        failed = take_calls => failed,
        never = call => never,
    }
}

fn report(reporter: &Reporter, failed: &Failed, retry_in: Duration) {
    tracing::warn!(retry_in_secs = retry_in.as_secs(), cause = cause(failed), "{failed}");
    reporter.phase(Phase::Failed { what: failed.to_string(), retry_in });
}

/// Waits that grow.
#[derive(Default)]
struct Pause {
    next: Option<Duration>,
}

impl Pause {
    /// The wait after an attempt that took that long; a long one starts the count anew.
    fn after(&mut self, attempt: Duration) -> Duration {
        let wait = self.next.filter(|_| attempt <= MAX_PAUSE).unwrap_or(MIN_PAUSE);
        self.next = Some((wait * 2).min(MAX_PAUSE));
        wait
    }
}

/// The errors below, in one line for the log.
fn cause(failed: &Failed) -> String {
    let mut text = Vec::new();
    let mut next = std::error::Error::source(failed);
    while let Some(error) = next {
        text.push(error.to_string());
        next = error.source();
    }
    text.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_start_anew() {
        let mut pause = Pause::default();
        let waits: Vec<_> = (0..8).map(|_| pause.after(MIN_PAUSE).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause.after(MAX_PAUSE * 2).as_secs(), 1);
    }
}

//! Keeps a router and a session up, for as long as the gateway lives.
//!
//! Whatever ends is a named error, reported in the status, and is started again after a pause.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deadwax_i2p_router::{I2pNetwork, Router, RouterConfig, RouterEnded, StartError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::config::{I2pConfig, RouterChoice, TunnelOptions};
use crate::destination::Destination;
use crate::error::SessionError;
use crate::key::DestinationKey;
use crate::listener::accept_all;
use crate::session::{Session, SessionRef};
use crate::status::{Phase, Reporter};
use crate::stream::I2pStream;

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

/// Between two looks whether the network knows the node's address, until it does.
const LOOKUP_PAUSE: Duration = Duration::from_secs(2);

/// And once it does. A lease set lives for ten minutes.
const RECHECK: Duration = Duration::from_secs(4 * 60);

/// Lookups in a row that may fail before the node is taken to be unreachable again.
const MAX_MISSES: u32 = 3;

/// After this time, an external router that never finds its own address is taken not to look.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(3 * 60);

/// Where the results go.
pub(crate) struct Links {
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) session: watch::Sender<Option<SessionRef>>,
    pub(crate) incoming: mpsc::Sender<(I2pStream, Destination)>,
}

/// Why an attempt ended.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the I2P router did not start: {0}")]
    Start(#[source] StartError),
    #[error("the I2P router is down: {0}")]
    Router(RouterEnded),
    #[error("the I2P router refuses the node's address")]
    Stuck,
    #[error(transparent)]
    Session(SessionError),
}

/// What the gateway's owner wants.
enum Wish {
    Seed(Vec<Vec<u8>>),
    Stop,
}

/// Runs until the sender of `seeds` is dropped.
pub(crate) async fn supervise(
    config: I2pConfig,
    key: DestinationKey,
    links: Links,
    seeds: mpsc::Receiver<Vec<Vec<u8>>>,
) {
    let I2pConfig { data_dir, router, tunnels } = config;
    let supervisor = Supervisor { node: Node { key, tunnels, links }, wishes: Wishes(seeds) };
    match router {
        RouterChoice::External { sam } => supervisor.external(sam).await,
        RouterChoice::Embedded { network, seeds } => {
            let directory = data_dir.join(ROUTER_DIRECTORY);
            supervisor.embedded(directory, network, seeds).await;
        }
    }
}

struct Supervisor {
    node: Node,
    wishes: Wishes,
}

struct Wishes(mpsc::Receiver<Vec<Vec<u8>>>);

impl Wishes {
    async fn next(&mut self) -> Wish {
        self.0.recv().await.map_or(Wish::Stop, Wish::Seed)
    }
}

impl Supervisor {
    async fn external(mut self, sam: SocketAddr) {
        let mut pause = Pause::default();
        loop {
            let begun = Instant::now();
            let session = async {
                let Err(error) = self.node.session(sam, true).await;
                Failed::Session(error)
            };
            let failed = tokio::select! {
                // Nobody can seed an external router.
                _ = self.wishes.next() => return,
                failed = session => failed,
            };
            if self.pause(&failed, &mut pause, begun).await.is_some() {
                return;
            }
        }
    }

    async fn embedded(mut self, data_dir: PathBuf, network: I2pNetwork, mut seeds: Vec<Vec<u8>>) {
        let mut pause = Pause::default();
        loop {
            let begun = Instant::now();
            self.node.links.reporter.phase(Phase::Router);
            self.node.links.reporter.router(None, false);
            let config = RouterConfig {
                data_dir: data_dir.clone(),
                network: network.clone(),
                seeds: std::mem::take(&mut seeds),
            };
            let wish = match deadwax_i2p_router::start(config).await {
                Err(StartError::NoRouterInfos) => {
                    self.node.links.reporter.phase(Phase::NoRouterInfos);
                    self.node.links.reporter.router(None, true);
                    Some(self.wishes.next().await)
                }
                Err(error) => self.pause(&Failed::Start(error), &mut pause, begun).await,
                Ok(mut router) => {
                    let public = network == I2pNetwork::Public;
                    let ended = self.with_router(&mut router, public).await;
                    self.node.links.reporter.router(None, false);
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
        let sam = SocketAddr::from((Ipv4Addr::LOCALHOST, router.sam_port()));
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = Instant::now();
        let mut answered = false;
        let mut refusals = 0;
        let mut pause = Pause::default();
        let sessions = async {
            loop {
                let begun = Instant::now();
                let Err(error) = self.node.session(sam, false).await;
                let refused = matches!(&error, SessionError::Refused { .. });
                refusals = if refused { refusals + 1 } else { 0 };
                if refusals == MAX_REFUSALS {
                    return Failed::Stuck;
                }
                // Its own router not answering is not waited out: a new one is quicker.
                if matches!(error, SessionError::Connect(_) | SessionError::TimedOut { .. }) {
                    return Failed::Session(error);
                }
                let wait = pause.after(begun.elapsed());
                self.node.failed(&Failed::Session(error), wait);
                sleep(wait).await;
            }
        };
        tokio::pin!(sessions);
        let reporter = Arc::clone(&self.node.links.reporter);
        loop {
            let activity = router.activity();
            tokio::select! {
                wish = self.wishes.next() => return Ok(wish),
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
        self.node.failed(failed, wait);
        tokio::select! {
            () = sleep(wait) => None,
            wish = self.wishes.next() => Some(wish),
        }
    }
}

/// The node's destination and all that a session of it needs.
struct Node {
    key: DestinationKey,
    tunnels: TunnelOptions,
    links: Links,
}

/// Takes the session out of circulation when it is over.
struct InUse<'a>(&'a watch::Sender<Option<SessionRef>>);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.send_replace(None);
    }
}

impl Node {
    fn failed(&self, failed: &Failed, retry_in: Duration) {
        tracing::warn!(retry_in_secs = retry_in.as_secs(), cause = cause(failed), "{failed}");
        self.links.reporter.phase(Phase::Failed { what: failed.to_string(), retry_in });
    }

    /// Opens a session and keeps it, until it is lost.
    async fn session(&self, sam: SocketAddr, external: bool) -> Result<Infallible, SessionError> {
        let Links { reporter, session: current, incoming } = &self.links;
        reporter.phase(Phase::Tunnels);
        let mut session = Session::create(sam, &self.key, self.tunnels).await?;
        let _acceptors = accept_all(session.about(), incoming);
        current.send_replace(Some(session.about().clone()));
        let _in_use = InUse(current);
        reporter.phase(Phase::Publishing);

        let address = self.key.destination().to_b32();
        let begun = Instant::now();
        let mut ever_found = false;
        let mut misses = 0;
        loop {
            if session.lookup(&address).await? {
                (ever_found, misses) = (true, 0);
                reporter.phase(Phase::Published);
            } else {
                misses += 1;
                if external && !ever_found && begun.elapsed() > CONFIRM_PATIENCE {
                    reporter.phase(Phase::Unconfirmed);
                } else if misses >= MAX_MISSES {
                    reporter.phase(Phase::Publishing);
                }
            }
            session.keep(if misses == 0 { RECHECK } else { LOOKUP_PAUSE }).await?;
        }
    }
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

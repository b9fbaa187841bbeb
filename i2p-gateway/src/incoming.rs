//! The session of the node's own destination: it takes callers, and makes sure that the network knows
//! the address.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::config::TunnelOptions;
use crate::destination::Destination;
use crate::error::SessionError;
use crate::key::DestinationKey;
use crate::listener::accept_all;
use crate::sam::Owner;
use crate::session::Session;
use crate::status::{Phase, Reporter};
use crate::stream::I2pStream;

/// Between two looks whether the network knows the node's address, until it does.
const LOOKUP_PAUSE: Duration = Duration::from_secs(1);

/// And once it does. A lease set lives for ten minutes.
const RECHECK: Duration = Duration::from_secs(4 * 60);

/// Lookups in a row that may fail before the node is taken to be unreachable again.
const MAX_MISSES: u32 = 3;

/// After this time, an external router that never finds its own address is taken not to look.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(3 * 60);

/// What the session needs, and where its callers go.
pub(crate) struct Incoming {
    pub(crate) key: DestinationKey,
    pub(crate) tunnels: TunnelOptions,
    pub(crate) callers: mpsc::Sender<(I2pStream, Destination)>,
}

impl Incoming {
    /// Opens the session and keeps it, until it is lost.
    pub(crate) async fn run(
        &self,
        sam: SocketAddr,
        external: bool,
        reporter: &Reporter,
    ) -> Result<Infallible, SessionError> {
        reporter.phase(Phase::Tunnels);
        let key = self.key.to_base64();
        let mut session = Session::create(sam, Owner::Key(&key), self.tunnels).await?;
        let _acceptors = accept_all(session.about(), &self.callers);
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
            session.keep_for(if misses == 0 { RECHECK } else { LOOKUP_PAUSE }).await?;
        }
    }
}

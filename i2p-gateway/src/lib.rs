//! Streams in and out of I2P: a destination of the node's own, on an embedded or an external router.
//!
//! [`launch`] gives an [`I2pGateway`], whose address is known and kept before anything touches the
//! network. [`I2pGateway::listener`] yields what comes in, each stream with its authenticated caller;
//! [`I2pGateway::dial`] goes out to a peer. What travels in the streams (HTTP) is the node's business
//! and not here. Nor is the fetching of RouterInfos: [`reseed`] opens what was fetched, and
//! [`I2pGateway::seed`] takes them.
//!
//! Both routers are spoken to in the same way, through SAM on loopback. The embedded one is in
//! `deadwax-i2p-router`.
//!
//! # What is hidden, and what is not
//!
//! Hidden: from peers and readers, where this machine is. From everyone on the way, which
//! destinations talk to each other and what is said.
//!
//! Not hidden: from the provider of this machine's connection, and from the routers that it connects
//! to, that it runs an I2P router. The embedded router publishes no address and opens no port to the
//! outside; other routers reach it over the connections that it made. From a node that is called: the
//! caller's destination, which is authenticated. (This node calls from a destination that it makes up
//! for the purpose, so its peers do not learn which node reads from them.) From anyone who knows the
//! address, when the node is up.
//!
//! # What an operator should know
//!
//! - The address is one key file, `destination.key`. A copy of that file alone keeps it; whoever has
//!   it can pose as this node.
//! - The embedded router's SAM port is open to programs of this machine. They can use I2P through it,
//!   but they cannot touch the node's session, whose id they do not know.
//! - One process per directory; a second one gets [`LaunchError::InUse`].
//! - The embedded router logs by itself, under the target `emissary`, at `info` and `warn` with the
//!   beginnings of destinations. `emissary=error` is a sensible filter.

mod config;
mod destination;
mod dial;
mod error;
mod incoming;
mod key;
mod launch;
mod listener;
mod outgoing;
pub mod reseed;
mod sam;
mod session;
mod status;
mod stream;
mod supervise;
pub mod tracker;

pub use config::{I2pConfig, RouterChoice, TunnelOptions};
pub use deadwax_i2p_router::{ConfigError, I2pNetwork, Relay};
pub use destination::{Destination, check_address};
pub use dial::DIAL_TIMEOUT;
pub use error::{BadAddress, DialError, KeyError, LaunchError, SeedError, SessionError};
pub use launch::{I2pGateway, MAX_SEEDS, launch};
pub use listener::I2pListener;
pub use status::{I2pStatus, State};
pub use stream::I2pStream;

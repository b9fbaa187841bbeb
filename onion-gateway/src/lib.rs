//! Streams in and out of Tor: an onion service and a client in one process, by embedded arti.
//!
//! [`launch`] gives an [`OnionGateway`], whose address is known and kept before anything touches the
//! network. [`OnionGateway::listener`] yields what comes in, [`OnionGateway::dial`] goes out to a peer.
//! What travels in the streams (HTTP) is the node's business and not here.
//!
//! # What is hidden, and what is not
//!
//! Hidden: from peers and readers, where this machine is; from this node, who reads it (an onion
//! service is told nothing about its callers); from everyone on the way, which services this node
//! dials and what is said. Host names of [`OnionGateway::dial_exit`] are resolved by the exit relay,
//! never on this machine.
//!
//! Not hidden: from the provider of this machine's connection, that it uses Tor (bridges and pluggable
//! transports help against that). From the directories of the Tor network, that the service exists;
//! they see a blinded key, not the address. From an exit relay, the host that is dialled through it
//! and all that is not encrypted. From anyone who knows the address, when the service is up.
//! Whoever can watch both ends of a circuit can match them by timing; padding does not prevent that.
//!
//! # Against discovery and floods
//!
//! - Full vanguards (three layers of long-lived relays) on every onion service circuit, in and out. arti's own
//!   choice is the lite form; a node serves for months at one address, which is what the full form is for.
//!   It costs a hop's latency.
//! - Each introduction point is asked to limit introductions, and a circuit that opens too many streams
//!   is torn down (the constants in `config.rs`). arti drops circuits when its queues use too much memory.
//! - Each peer, and each host that is reached through an exit, has circuits of its own.
//! - Proof of work is off: arti's solver is LGPL code that this build leaves out.
//!
//! # What an operator should know
//!
//! - One process per state directory; a second one gets [`LaunchError::InUse`].
//! - The address is one key file, [`OnionConfig::identity_key_file`]. A copy of that file alone keeps it;
//!   whoever has it can pose as this node.
//! - **arti ends the whole process** (`exit(1)`, five seconds after it says so on standard error) when the
//!   consensus of the directory authorities declares its protocol versions obsolete. The way out
//!   is a newer Deadwax; supervisors should not restart it in a tight loop.
//! - arti logs by itself, under the targets `arti_client` and `tor_*`, with addresses shortened. At `warn` a
//!   caller who breaks off introductions can fill the log: `tor_hsservice=error` is a sensible filter.

mod config;
mod dial;
mod error;
mod launch;
mod listener;
mod status;
mod supervise;

pub use config::{OnionConfig, TorNetwork};
pub use dial::check_address;
pub use error::{BadAddress, DialError, LaunchError};
pub use launch::{OnionGateway, launch};
pub use listener::{OnionListener, OnionStream};
pub use status::{OnionStatus, State};

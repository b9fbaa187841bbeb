//! What can go wrong: one enum per operation, in words that an operator can act on.
//!
//! No message holds an address or a destination: they end up in logs.

use std::io;
use std::path::PathBuf;

use deadwax_i2p_router::ConfigError;

/// Why [`launch`](crate::launch) did not start a gateway. A network that is down is no reason: the
/// gateway starts and says so in its status.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// Tunnels of no hop, or of too many.
    #[error("I2P tunnels can have 1 to {max} hops, not {length}")]
    TunnelLength {
        /// As configured.
        length: u8,
        /// The most there can be.
        max: u8,
    },
    /// No tunnels, or too many.
    #[error("there can be 1 to {max} I2P tunnels in each direction, not {quantity}")]
    TunnelQuantity {
        /// As configured.
        quantity: u8,
        /// The most there can be.
        max: u8,
    },
    /// The private network is not private.
    #[error(transparent)]
    Network(#[from] ConfigError),
    /// The SAM port is on another machine.
    #[error(
        "the SAM port must be on this machine's loopback: the private key of the node's I2P address \
         goes through it in the clear"
    )]
    SamNotLocal,
    /// The directory cannot be made or locked.
    #[error("the I2P directory {} cannot be used", path.display())]
    Directory {
        /// The directory, or the lock file in it.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Another gateway runs on this directory, and would break this one's sessions.
    #[error("another process uses the I2P directory {}; stop it, or give this one its own", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The destination key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why the node's destination key cannot be used. A key is never replaced on its own account: the
/// node's address would be gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is there and cannot be read.
    #[error("the I2P key {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The new key cannot be kept.
    #[error("the I2P key {} cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The file holds something else, or its halves do not belong together.
    #[error(
        "the I2P key {} is damaged, or not of Ed25519; restore it from a backup, or remove it to get \
         a new address", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// A text is not the address of an I2P destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an I2P address is 52 lower-case letters and digits (a-z, 2-7) and `.b32.i2p`")]
pub struct BadAddress;

/// Why a dial gave no stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The address cannot be one; nothing was sent.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// The address is this node's own; a router does not connect a destination to itself.
    #[error("this is the node's own I2P address")]
    OwnAddress,
    /// This side has no working session (yet).
    #[error("not connected to I2P: {detail}")]
    Offline {
        /// What [`I2pStatus`](crate::I2pStatus) said.
        detail: String,
    },
    /// The destination could not be found, or did not answer. Routers do not all tell these apart.
    #[error("nobody answers at this I2P address: it is down for a while, or the address is wrong")]
    NotAnswering,
    /// No answer within the time allowed.
    #[error("no answer in time")]
    TimedOut,
    /// Anything else.
    #[error("I2P could not connect: {0}")]
    Failed(#[source] SessionError),
}

/// Why the router's SAM port did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Nothing answers there.
    #[error("the router's SAM port cannot be reached; is the router running, with SAM switched on?")]
    Connect(#[source] io::Error),
    /// The connection broke.
    #[error("the connection to the router's SAM port broke")]
    Broken(#[source] io::Error),
    /// The router closed the connection.
    #[error("the router ended the connection ({doing})")]
    Closed {
        /// What was going on.
        doing: &'static str,
    },
    /// It sent something that is not SAM.
    #[error("the router's answer is not SAM ({doing})")]
    NotSam {
        /// What was going on.
        doing: &'static str,
    },
    /// It said no.
    #[error("the router refused ({doing}): {result}")]
    Refused {
        /// What was going on.
        doing: &'static str,
        /// SAM's word for the reason.
        result: String,
    },
    /// It said nothing.
    #[error("the router did not answer in time ({doing})")]
    TimedOut {
        /// What was going on.
        doing: &'static str,
    },
}

/// Why RouterInfos were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// An external router sees to its own.
    #[error("the I2P router is another program, which finds other routers by itself")]
    NotEmbedded,
    /// More than a reseed ever holds.
    #[error("{count} RouterInfos at once are too many; at most {max}")]
    TooMany {
        /// As given.
        count: usize,
        /// The most there can be.
        max: usize,
    },
    /// None of them is well-formed, signed, recent and of the right network.
    #[error("none of these RouterInfos can be used: damaged, too old, or of another network")]
    NoneUsable,
    /// The gateway was shut down.
    #[error("the I2P gateway was shut down")]
    ShutDown,
}

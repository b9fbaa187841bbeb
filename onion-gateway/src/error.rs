//! What can go wrong: one enum per operation, in words that an operator can act on.
//!
//! No message holds an onion address, a host name or a bridge line: they end up in logs.

use std::{io, path::PathBuf};

use arti_client::{ErrorKind, HasKind};

/// Why [`launch`](crate::launch) did not start a gateway.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The table of a private network would let arti fall back to the public one.
    #[error(
        "the private Tor network's configuration has no `{missing}`; without it the public network would be used"
    )]
    NotPrivate {
        /// The key that is absent or empty.
        missing: &'static str,
    },
    /// Directories of the public network are still in a private configuration.
    #[error(
        "the private Tor network's configuration still names directories of the public network in `{field}`"
    )]
    PublicDirectories {
        /// The key that holds them, given or by default.
        field: &'static str,
    },
    /// The table does not have the form of arti's configuration.
    #[error("the Tor configuration cannot be read")]
    BadTable(#[source] toml::de::Error),
    /// A bridge line does not parse.
    #[error("bridge line {line} cannot be read")]
    BadBridge {
        /// Which one, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: arti_client::config::BridgeParseError,
    },
    /// The name of a pluggable transport is not an identifier.
    #[error("`{name}` is not a name that a pluggable transport can have")]
    BadTransport {
        /// The name as given.
        name: String,
    },
    /// The parts do not fit together, for instance a bridge whose transport is not configured.
    #[error("the Tor configuration is not consistent")]
    Config(#[from] arti_client::config::ConfigBuildError),
    /// The state directory cannot be made or opened.
    #[error("the Tor state directory {} cannot be used", path.display())]
    Directory {
        /// The directory or the file in it.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Another gateway, most likely another process, runs on the same state directory.
    #[error("another process uses the Tor state directory {}; stop it, or give this one a directory of its own", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The key of the onion service can neither be read nor made.
    #[error("the onion service's key cannot be read or made")]
    Identity(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// arti refused to start; most often the permissions of the state directory or one above it.
    #[error("the Tor client did not start")]
    Client(#[source] arti_client::Error),
    /// The operating system gave no threads.
    #[error("the Tor client's threads did not start")]
    Threads(#[source] io::Error),
}

/// Why a text is not the address of an onion service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadAddress {
    /// Not 56 letters of base32 in front of `.onion`, in lower case.
    #[error("an onion address is 56 lower-case letters and digits (a-z, 2-7) and `.onion`")]
    Form,
    /// The form is right, the contents are not: mistyped, or of another version.
    #[error("the onion address does not match its checksum: is it mistyped?")]
    Checksum,
    /// An onion address where a host name of the open internet belongs.
    #[error("an onion address is not reached through an exit")]
    OnionThroughExit,
    /// Not a host name.
    #[error("this is not a host name")]
    HostName,
}

/// Why a dial gave no stream. Each has a plain sentence; the source is for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The address cannot be one; nothing was sent.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// This side has no working connection to Tor (yet).
    #[error("not connected to Tor: {detail}")]
    Offline {
        /// What [`OnionStatus`](crate::OnionStatus) said, or arti's reason.
        detail: String,
    },
    /// Nobody has published such an onion service, or the host name does not exist.
    #[error("Tor knows no service at this address: it is down for a while, or the address is wrong")]
    NotFound(#[source] arti_client::Error),
    /// The service has published itself, but does not answer now.
    #[error("the service exists but does not answer")]
    NotAnswering(#[source] arti_client::Error),
    /// The other side is there and does not want this stream.
    #[error("the other side refused the connection")]
    Refused(#[source] arti_client::Error),
    /// No answer within the time allowed.
    #[error("no answer in time")]
    TimedOut,
    /// Anything else.
    #[error("Tor could not connect: {}", source.kind())]
    Failed {
        /// arti's reason.
        source: arti_client::Error,
    },
}

impl DialError {
    /// Sorts arti's error into what matters to the caller: whose fault, and is it worth another try.
    pub(crate) fn from_arti(source: arti_client::Error) -> Self {
        use ErrorKind as K;
        match source.kind() {
            K::BootstrapRequired
            | K::TorAccessFailed
            | K::LocalNetworkError
            | K::DirectoryExpired
            | K::TorDirectoryUnusable
            | K::NoPath
            | K::NoExit
            | K::ClockSkew
            | K::ReactorShuttingDown
            | K::ArtiShuttingDown => Self::Offline { detail: source.kind().to_string() },
            K::OnionServiceNotFound | K::RemoteHostNotFound | K::RemoteHostResolutionFailed => {
                Self::NotFound(source)
            }
            K::OnionServiceNotRunning
            | K::OnionServiceConnectionFailed
            | K::OnionServiceProtocolViolation => Self::NotAnswering(source),
            K::RemoteConnectionRefused
            | K::RemoteStreamClosed
            | K::RemoteStreamReset
            | K::RemoteStreamError
            | K::ExitPolicyRejected
            | K::CircuitRefused
            | K::OnionServiceMissingClientAuth
            | K::OnionServiceWrongClientAuth => Self::Refused(source),
            K::TorNetworkTimeout | K::RemoteNetworkTimeout | K::ExitTimeout => Self::TimedOut,
            K::OnionServiceAddressInvalid => Self::BadAddress(BadAddress::Checksum),
            K::InvalidStreamTarget | K::ForbiddenStreamTarget => Self::BadAddress(BadAddress::HostName),
            _ => Self::Failed { source },
        }
    }
}

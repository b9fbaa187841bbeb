//! Where a peer is: `onion:ADDR.onion`, `i2p:ADDR.b32.i2p`, or `unix:PATH` in private networks.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::str::FromStr;

/// The address of another node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum PeerAddress {
    /// An onion service, lowercase, with `.onion`.
    Onion(String),
    /// An I2P destination, lowercase, with `.b32.i2p`.
    I2p(String),
    /// A Unix socket, for tests and local programs.
    Unix(PathBuf),
}

/// Text that is no address of a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not the address of a peer: write onion:ADDRESS.onion or i2p:ADDRESS.b32.i2p")]
pub struct BadAddress(String);

impl FromStr for PeerAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.chars().take(100).collect());
        let (network, address) = text.split_once(':').ok_or_else(bad)?;
        let base32 = |suffix: &str, length: usize| {
            let address = address.to_ascii_lowercase();
            let name = address.strip_suffix(suffix).ok_or_else(bad)?;
            let good = name.len() == length && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
            if good { Ok(address) } else { Err(bad()) }
        };
        match network {
            "onion" => base32(".onion", 56).map(Self::Onion),
            "i2p" => base32(".b32.i2p", 52).map(Self::I2p),
            "unix" if address.starts_with('/') => Ok(Self::Unix(address.into())),
            _ => Err(bad()),
        }
    }
}

impl std::fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Onion(address) => write!(f, "onion:{address}"),
            Self::I2p(address) => write!(f, "i2p:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl From<PeerAddress> for String {
    fn from(address: PeerAddress) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for PeerAddress {
    type Error = BadAddress;

    fn try_from(text: String) -> Result<Self, BadAddress> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let onion = format!("onion:{}.onion", "a".repeat(56));
        let i2p = format!("i2p:{}.b32.i2p", "7".repeat(52));
        for text in [onion.as_str(), i2p.as_str(), "unix:/run/deadwax/web.sock"] {
            assert_eq!(text.parse::<PeerAddress>().unwrap().to_string(), text);
        }
        assert_eq!(
            onion.to_uppercase().replace("ONION:", "onion:").parse::<PeerAddress>().unwrap().to_string(),
            onion
        );
        for text in [
            "",
            "onion:",
            "onion:abc.onion",
            "i2p:stats.i2p",
            "unix:relative",
            "http://example.org",
            "tcp:127.0.0.1:80",
        ] {
            assert!(text.parse::<PeerAddress>().is_err(), "{text}");
        }
    }
}

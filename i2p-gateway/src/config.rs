//! What the gateway is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use deadwax_i2p_router::I2pNetwork;

use crate::error::LaunchError;

/// Longest tunnels and most of them, as routers accept them. Tunnels without a hop would tie the
/// destination to this machine's router, so there are none.
const MAX_TUNNEL_LENGTH: u8 = 7;
const MAX_TUNNEL_QUANTITY: u8 = 16;

/// How to launch a gateway.
#[derive(Clone, Debug)]
pub struct I2pConfig {
    /// Where the destination key is kept, and the embedded router's files; made if missing.
    pub data_dir: PathBuf,
    /// Which router carries the streams.
    pub router: RouterChoice,
    /// Tunnels of the node's destination.
    pub tunnels: TunnelOptions,
}

/// Which router carries the streams.
#[derive(Clone, Debug)]
pub enum RouterChoice {
    /// The one in this process.
    Embedded {
        /// The network to join.
        network: I2pNetwork,
        /// RouterInfos to start from, in addition to those kept; none is fine, see
        /// [`I2pGateway::seed`](crate::I2pGateway::seed).
        seeds: Vec<Vec<u8>>,
    },
    /// Another program's (i2pd, Java I2P), through its SAM port.
    External {
        /// The SAM port. Only on loopback: SAM is neither encrypted nor authenticated, and the
        /// private key of the node's address goes through it.
        sam: SocketAddr,
    },
}

/// Tunnels of the node's destination, in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TunnelOptions {
    /// Hops, 1 to 7. Three is what I2P programs use; one is for private networks.
    pub length: u8,
    /// Tunnels at a time, 1 to 16.
    pub quantity: u8,
}

impl Default for TunnelOptions {
    fn default() -> Self {
        Self { length: 3, quantity: 3 }
    }
}

impl I2pConfig {
    /// Checks what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), LaunchError> {
        let TunnelOptions { length, quantity } = self.tunnels;
        if !(1..=MAX_TUNNEL_LENGTH).contains(&length) {
            return Err(LaunchError::TunnelLength { length, max: MAX_TUNNEL_LENGTH });
        }
        if !(1..=MAX_TUNNEL_QUANTITY).contains(&quantity) {
            return Err(LaunchError::TunnelQuantity { quantity, max: MAX_TUNNEL_QUANTITY });
        }
        match &self.router {
            RouterChoice::Embedded { network, .. } => Ok(network.check()?),
            RouterChoice::External { sam } if sam.ip().is_loopback() => Ok(()),
            RouterChoice::External { .. } => Err(LaunchError::SamNotLocal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external(sam: &str, length: u8, quantity: u8) -> Result<(), LaunchError> {
        let router = RouterChoice::External { sam: sam.parse().expect("valid") };
        let tunnels = TunnelOptions { length, quantity };
        I2pConfig { data_dir: PathBuf::new(), router, tunnels }.check()
    }

    #[test]
    fn an_external_router_is_on_this_machine() {
        assert!(external("127.0.0.1:7656", 3, 3).is_ok());
        assert!(external("[::1]:7656", 3, 3).is_ok());
        assert!(matches!(external("192.0.2.1:7656", 3, 3), Err(LaunchError::SamNotLocal)));
    }

    #[test]
    fn tunnels_have_hops() {
        assert!(matches!(external("127.0.0.1:7656", 0, 3), Err(LaunchError::TunnelLength { length: 0, .. })));
        assert!(matches!(external("127.0.0.1:7656", 8, 3), Err(LaunchError::TunnelLength { length: 8, .. })));
        assert!(matches!(
            external("127.0.0.1:7656", 1, 17),
            Err(LaunchError::TunnelQuantity { quantity: 17, .. })
        ));
    }
}

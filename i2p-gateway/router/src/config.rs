//! What a router is told, and how that becomes emissary's configuration.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use emissary_core::{BandwidthConfig, Config, ExploratoryConfig, Ntcp2Config, SamConfig, TransitConfig};

use crate::store::{Identity, KnownRouters};

/// The network id of the public I2P network; no private network may use it.
const PUBLIC_NET_ID: u8 = 2;

/// Bytes per second, both ways together. emissary drops packets above it, so it is set above what
/// its streams reach; it is not meant as a throttle.
const BANDWIDTH_LIMIT: usize = 16_000_000;

/// Bytes per second carried for others. Enough to be a useful member (class O of the network),
/// little enough to surprise no operator.
const TRANSIT_LIMIT: usize = 192_000;

/// Transit tunnels carried for others at once.
const MAX_TRANSIT_TUNNELS: usize = 200;

/// ML-KEM-768 with X25519, by I2P's numbering.
const ML_KEM_768: usize = 4;

/// What a router needs to start.
#[derive(Clone, Debug)]
pub struct RouterConfig {
    /// Where keys and known routers are kept; made if missing, readable by its owner alone.
    pub data_dir: PathBuf,
    /// Which network to join.
    pub network: I2pNetwork,
    /// RouterInfos (uncompressed) to start from, in addition to those kept in `data_dir`. Ones that
    /// are malformed, wrongly signed or of another network are skipped.
    pub seeds: Vec<Vec<u8>>,
}

/// Which I2P network a router joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum I2pNetwork {
    /// The public network, as a member that publishes no address, forwards no port and is never a
    /// floodfill.
    Public,
    /// A network for tests: loopback addresses only, enforced on every socket.
    Private {
        /// Network id; not 2, which is the public network's.
        net_id: u8,
        /// What this router does for the others; `None` makes it a member that publishes no
        /// address, just as in the public network.
        relay: Option<Relay>,
    },
}

/// A router of a private network that others build tunnels through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay {
    /// The loopback address it listens on and publishes.
    pub address: Ipv4Addr,
    /// Whether it keeps lease sets and RouterInfos for the others.
    pub floodfill: bool,
}

/// A network that a router must not join.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A private network was given the public network's id.
    #[error("a private I2P network cannot have id {PUBLIC_NET_ID}: that is the public network")]
    PublicNetId,
    /// A relay of a private network was given an address that others could reach.
    #[error("a relay of a private I2P network must have an address in 127.0.0.0/8, not {0}")]
    NotLoopback(Ipv4Addr),
}

impl I2pNetwork {
    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Private { net_id: PUBLIC_NET_ID, .. } => Err(ConfigError::PublicNetId),
            Self::Private { relay: Some(relay), .. } if !relay.address.is_loopback() => {
                Err(ConfigError::NotLoopback(relay.address))
            }
            _ => Ok(()),
        }
    }

    /// The id that RouterInfos of this network carry.
    #[must_use]
    pub fn net_id(&self) -> u8 {
        match self {
            Self::Public => PUBLIC_NET_ID,
            Self::Private { net_id, .. } => *net_id,
        }
    }

    /// Whether sockets must stay on loopback.
    pub(crate) fn is_private(&self) -> bool {
        matches!(self, Self::Private { .. })
    }

    /// Where the router listens for other routers. One that publishes no address is never dialled,
    /// so it has no reason to show an open port to the world: it gets loopback.
    pub(crate) fn listen_address(&self) -> IpAddr {
        IpAddr::V4(match self {
            Self::Private { relay: Some(relay), .. } => relay.address,
            _ => Ipv4Addr::LOCALHOST,
        })
    }
}

/// emissary's configuration for `network`.
pub(crate) fn emissary_config(network: &I2pNetwork, identity: &Identity, known: &KnownRouters) -> Config {
    let (routers, profiles) = known.for_emissary();
    let private = network.is_private();
    let relay = match network {
        I2pNetwork::Private { relay, .. } => *relay,
        I2pNetwork::Public => None,
    };
    let (bandwidth, transit_limit, max_tunnels) = if private {
        (100_000_000, 100_000_000, 5_000)
    } else {
        (BANDWIDTH_LIMIT, TRANSIT_LIMIT, MAX_TRANSIT_TUNNELS)
    };
    Config {
        net_id: Some(network.net_id()),
        allow_local: private,
        // A private network lives in one /8, which the rules for safe tunnels refuse.
        insecure_tunnels: private,
        floodfill: relay.is_some_and(|relay| relay.floodfill),
        // Left to emissary unless the router is a relay: nothing would tell it that it is reachable.
        caps: relay.map(|relay| if relay.floodfill { "XfR" } else { "XR" }.to_owned()),
        exploratory: private.then_some(ExploratoryConfig {
            inbound_len: Some(1),
            inbound_count: Some(2),
            outbound_len: Some(1),
            outbound_count: Some(2),
        }),
        bandwidth: Some(BandwidthConfig { bandwidth, share_ratio: transit_limit as f64 / bandwidth as f64 }),
        transit: Some(TransitConfig { max_tunnels: Some(max_tunnels) }),
        ntcp2: Some(Ntcp2Config {
            ipv4: true,
            ipv4_host: relay.map(|relay| relay.address),
            ipv6: false,
            ipv6_host: None,
            iv: identity.ntcp2_iv,
            key: identity.ntcp2_key,
            port: 0,
            publish: relay.is_some(),
            ml_kem: relay.map(|_| ML_KEM_768),
            disable_pq: false,
        }),
        // SSU2 is experimental in emissary 0.4.
        ssu2: None,
        i2cp_config: None,
        samv3_config: Some(SamConfig { tcp_port: 0, udp_port: 0, host: "127.0.0.1".to_owned() }),
        router_info: identity.router_info.clone(),
        signing_key: Some(identity.signing_key),
        static_key: Some(identity.static_key),
        routers,
        profiles,
        metrics: None,
        refresh_interval: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_network_stays_private() {
        let private = |net_id, address: [u8; 4]| I2pNetwork::Private {
            net_id,
            relay: Some(Relay { address: address.into(), floodfill: false }),
        };
        assert_eq!(private(77, [127, 0, 0, 21]).check(), Ok(()));
        assert_eq!(private(2, [127, 0, 0, 21]).check(), Err(ConfigError::PublicNetId));
        assert_eq!(private(77, [192, 0, 2, 1]).check(), Err(ConfigError::NotLoopback([192, 0, 2, 1].into())));
        assert_eq!(I2pNetwork::Private { net_id: 2, relay: None }.check(), Err(ConfigError::PublicNetId));
        assert_eq!(I2pNetwork::Public.check(), Ok(()));
    }

    #[test]
    fn the_public_router_hides_and_serves_modestly() {
        let config = emissary_config(&I2pNetwork::Public, &Identity::generate(), &KnownRouters::default());
        let ntcp2 = config.ntcp2.expect("NTCP2 is on");
        assert!(!ntcp2.publish && ntcp2.ipv4_host.is_none() && !ntcp2.disable_pq);
        assert!(!config.floodfill && !config.allow_local && !config.insecure_tunnels);
        assert!(config.caps.is_none() && config.ssu2.is_none() && config.i2cp_config.is_none());
        let bandwidth = config.bandwidth.expect("limited");
        let transit = bandwidth.bandwidth as f64 * bandwidth.share_ratio;
        assert!((transit - TRANSIT_LIMIT as f64).abs() < 1.0, "{transit}");
        assert_eq!(config.transit.and_then(|t| t.max_tunnels), Some(MAX_TRANSIT_TUNNELS));
        assert_eq!(I2pNetwork::Public.listen_address(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
}

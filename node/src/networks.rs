//! What the node knows about its two networks, for status pages and the ready file.

use serde::Serialize;
use std::sync::{Mutex, PoisonError};

/// Whether peers can reach this node over a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Switched off in the configuration.
    #[default]
    Off,
    /// Not reachable yet, or not any more; the node keeps trying.
    Starting,
    /// Reachable.
    Reachable,
}

/// One network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Network {
    /// Whether peers can reach this node.
    pub state: Reach,
    /// `....onion` or `....b32.i2p`, as soon as it is known.
    pub address: Option<String>,
    /// What is going on, in plain words.
    pub detail: String,
}

/// Both networks.
#[derive(Debug)]
pub struct Networks {
    tor: Mutex<Network>,
    i2p: Mutex<Network>,
}

impl Networks {
    /// What a node knows before its gateways tell anything: whether each network is switched on.
    pub fn new(tor: bool, i2p: bool) -> Self {
        let network = |enabled| {
            Mutex::new(match enabled {
                true => Network { state: Reach::Starting, address: None, detail: "starting".into() },
                false => Network::default(),
            })
        };
        Self { tor: network(tor), i2p: network(i2p) }
    }

    /// Whether each network that is switched on is reachable.
    pub fn ready(&self) -> bool {
        [self.tor(), self.i2p()].iter().all(|network| network.state != Reach::Starting)
    }

    /// The onion service.
    pub fn tor(&self) -> Network {
        self.tor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The I2P destination.
    pub fn i2p(&self) -> Network {
        self.i2p.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes in news of the onion service.
    pub fn set_tor(&self, network: Network) {
        *self.tor.lock().unwrap_or_else(PoisonError::into_inner) = network;
    }

    /// Takes in news of the I2P destination.
    pub fn set_i2p(&self, network: Network) {
        *self.i2p.lock().unwrap_or_else(PoisonError::into_inner) = network;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reachable() -> Network {
        Network { state: Reach::Reachable, ..Network::default() }
    }

    #[test]
    fn a_node_is_not_ready_before_each_network_has_spoken() {
        let networks = Networks::new(true, true);
        assert!(!networks.ready());
        networks.set_tor(reachable());
        assert!(!networks.ready());
        networks.set_i2p(reachable());
        assert!(networks.ready());
    }

    #[test]
    fn a_network_that_is_switched_off_is_not_waited_for() {
        let networks = Networks::new(true, false);
        assert!(!networks.ready());
        networks.set_tor(reachable());
        assert!(networks.ready());
        assert!(Networks::new(false, false).ready());
    }
}

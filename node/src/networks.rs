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
#[derive(Debug, Default)]
pub struct Networks {
    tor: Mutex<Network>,
    i2p: Mutex<Network>,
}

impl Networks {
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

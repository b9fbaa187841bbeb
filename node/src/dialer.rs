//! Opens a stream to a peer, over whichever network its address belongs to.

use crate::peers::address::PeerAddress;
use deadwax_i2p_gateway::I2pGateway;
use deadwax_onion_gateway::OnionGateway;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of any network.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The gateways, as far as they are switched on and started.
#[derive(Default)]
pub struct Dialer {
    onion: OnceLock<Arc<OnionGateway>>,
    i2p: OnceLock<Arc<I2pGateway>>,
    unix_allowed: bool,
    /// Stands in for all networks.
    #[cfg(test)]
    simulated: Option<crate::simulation::net::Port>,
}

/// Why no stream could be opened.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The network of the address is off here, or its gateway has not started yet.
    #[error("{0} is not running on this node")]
    NotRunning(&'static str),
    /// Unix sockets are for private networks.
    #[error("unix: addresses are for private networks")]
    UnixRefused,
    /// Tor could not.
    #[error("over Tor: {0}")]
    Onion(#[from] deadwax_onion_gateway::DialError),
    /// I2P could not.
    #[error("over I2P: {0}")]
    I2p(#[from] deadwax_i2p_gateway::DialError),
    /// The socket could not be opened.
    #[error("the socket could not be opened: {0}")]
    Unix(#[source] std::io::Error),
}

impl Dialer {
    /// A dialer without gateways.
    pub fn new(unix_allowed: bool) -> Self {
        Self { unix_allowed, ..Self::default() }
    }

    /// A dialer to the nodes of a simulation, whose addresses stand for their numbers.
    #[cfg(test)]
    pub fn simulated(port: crate::simulation::net::Port) -> Self {
        Self { simulated: Some(port), ..Self::default() }
    }

    /// Whether this node is in a simulation, where time is virtual and all work is done in order.
    #[cfg(test)]
    pub fn is_simulated(&self) -> bool {
        self.simulated.is_some()
    }

    /// Takes the onion gateway, once.
    pub fn set_onion(&self, gateway: Arc<OnionGateway>) {
        let _ = self.onion.set(gateway);
    }

    /// Takes the I2P gateway, once.
    pub fn set_i2p(&self, gateway: Arc<I2pGateway>) {
        let _ = self.i2p.set(gateway);
    }

    /// Opens a stream; the gateways bound how long that takes.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial(&self, address: &PeerAddress) -> Result<Box<dyn Stream>, DialError> {
        #[cfg(test)]
        if let Some(port) = &self.simulated {
            let stream = port.dial(crate::simulation::net::number(address)).await.map_err(DialError::Unix)?;
            return Ok(Box::new(stream));
        }
        match address {
            PeerAddress::Onion(address) => {
                let gateway = self.onion.get().ok_or(DialError::NotRunning("Tor"))?;
                Ok(Box::new(gateway.dial(address).await?))
            }
            PeerAddress::I2p(address) => {
                let gateway = self.i2p.get().ok_or(DialError::NotRunning("I2P"))?;
                Ok(Box::new(gateway.dial(address).await?))
            }
            PeerAddress::Unix(_) if !self.unix_allowed => Err(DialError::UnixRefused),
            PeerAddress::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await.map_err(DialError::Unix)?;
                Ok(Box::new(stream))
            }
        }
    }
}

//! The embedded I2P router: `emissary-core` with a runtime and a storage of our own.
//!
//! This is the only crate that instantiates emissary's `Router<R>`; each rebuild of it compiles the
//! whole router, so it holds nothing that changes often. Streams are spoken through the SAM port
//! that the router opens on 127.0.0.1; that client, and everything about destinations, is in
//! `deadwax-i2p-gateway`. Fetching RouterInfos (reseeding) is the caller's business too: they come
//! in as bytes.
//!
//! Each router runs on a thread and a tokio runtime of its own: its cryptography never holds up the
//! caller's tasks, and when it stops, every task that emissary started ends with it.

mod config;
mod host;
mod router;
mod runtime;
mod store;

pub use config::{ConfigError, I2pNetwork, Relay, RouterConfig};
pub use host::Activity;
pub use router::{Router, RouterEnded, StartError, start};
pub use store::{MAX_ROUTER_INFO_BYTES, StoreError, usable_router_infos};

/// The Ed25519 public key of a private key (`seed`), as emissary derives it.
///
/// Lets the gateway lay out a destination key without a router running.
#[must_use]
pub fn ed25519_public_key(seed: [u8; 32]) -> [u8; 32] {
    let public = emissary_core::crypto::SigningPrivateKey::from(seed).public();
    let bytes: &[u8] = public.as_ref();
    bytes.try_into().expect("an Ed25519 public key is 32 bytes")
}

//! Private networks and the programs that run on them, for the tests that need real ones.

pub mod browser;
pub mod hostile_peer;
pub mod i2p_reader;
pub mod leak;
pub mod namespace;
pub mod private_i2p;
pub mod private_network;
pub mod private_tor;
pub mod python;
pub mod reseed;
pub mod test_node;
pub mod torrent;

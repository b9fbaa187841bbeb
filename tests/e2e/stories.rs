//! One file per story.

pub mod account;
pub mod bad_input;
pub mod crash;
pub mod crossing;
pub mod hostile;
pub mod offline;
pub mod reseed;
pub mod story;

/// Both networks off: the node is there on its Unix sockets alone.
pub const NO_NETWORKS: &str = "[tor]\nenabled = false\n[i2p]\nenabled = false\n";

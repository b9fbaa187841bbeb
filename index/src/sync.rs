//! What two nodes need to compare and exchange sets, as bytes and types (`doc/SYNC-PROTOCOL.md`).
//!
//! Not here: HTTP, and who asks whom when; that is the node's.

pub mod digests;
pub mod root;
pub mod segments;
pub mod sketch;
pub mod wire;

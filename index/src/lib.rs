//! What is known: signed entries, their store, what follows from them, and search over it.
//!
//! The way in is [`ingest`]: foreign bytes become [`entry::VerifiedEntry`] there, and the
//! [`store`] takes nothing else. The way out is [`projection`] and [`search`]. [`sync`] holds what
//! two nodes need to compare and exchange sets, as bytes and types.
//!
//! [`mod@export`] and [`mod@import`] write and read whole sets as files.
//!
//! Beside the set stands the [`catalogue`]: MusicBrainz reference data, imported from its dumps.
//!
//! Not here: sockets, HTTP, async, configuration. Each algorithm can be tested with bytes alone.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod bencode;
pub mod catalogue;
pub mod disk;
pub mod entry;
pub mod export;
pub mod import;
pub mod infohash;
pub mod ingest;
pub mod listing;
pub mod magnet;
pub mod mbid;
pub mod members;
pub mod problem;
pub mod projection;
pub mod search;
pub mod store;
pub mod sync;
pub mod torrent;

pub use problem::Problem;

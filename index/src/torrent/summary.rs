//! What is shown of a torrent or magnet before anything is signed: one shape for both.

use serde::Serialize;

use super::{Torrent, TorrentFile};
use crate::infohash::{InfohashV1, InfohashV2};
use crate::magnet::{Dropped, I2pTracker, Magnet, compose};

/// The output of `deadwax torrent inspect` and `deadwax magnet` (`doc/CLI.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TorrentSummary {
    /// Lowercase hexadecimal, 40 characters.
    pub infohash_v1: Option<InfohashV1>,
    /// Lowercase hexadecimal, 64 characters.
    pub infohash_v2: Option<InfohashV2>,
    /// Empty where a magnet gives none.
    pub name: String,
    /// Sum of the files' sizes; 0 where a magnet gives none.
    pub size_bytes: u64,
    /// Empty for a magnet.
    pub files: Vec<TorrentFile>,
    /// The `private` flag; a magnet has none.
    pub private: bool,
    /// A site's tag; a magnet has none.
    pub source: Option<String>,
    /// I2P trackers that were in the input.
    pub trackers_kept: Vec<I2pTracker>,
    /// What was in the input and is not in `magnet`.
    pub dropped: Vec<Dropped>,
    /// The magnet as we would show it. Without any tracker in it, it does not keep its user inside
    /// I2P; so give `first` to the functions below wherever a node's own tracker is known.
    pub magnet: String,
}

impl TorrentSummary {
    /// Of a torrent file. `first` are the trackers that come before its own.
    pub fn of_torrent(torrent: &Torrent, first: &[I2pTracker]) -> Self {
        Self {
            infohash_v1: torrent.infohashes.v1(),
            infohash_v2: torrent.infohashes.v2(),
            name: torrent.name.clone(),
            size_bytes: torrent.size_bytes,
            files: torrent.files.clone(),
            private: torrent.private,
            source: torrent.source.clone(),
            trackers_kept: torrent.trackers.clone(),
            dropped: torrent.dropped.clone(),
            magnet: compose(
                &torrent.infohashes,
                Some(&torrent.name),
                Some(torrent.size_bytes),
                first.iter().chain(&torrent.trackers),
            ),
        }
    }

    /// Of a magnet. `first` are the trackers that come before its own.
    pub fn of_magnet(magnet: &Magnet, first: &[I2pTracker]) -> Self {
        Self {
            infohash_v1: magnet.infohashes.v1(),
            infohash_v2: magnet.infohashes.v2(),
            name: magnet.name.clone().unwrap_or_default(),
            size_bytes: magnet.size_bytes.unwrap_or_default(),
            files: Vec::new(),
            private: false,
            source: None,
            trackers_kept: magnet.trackers.clone(),
            dropped: magnet.dropped.clone(),
            magnet: compose(
                &magnet.infohashes,
                magnet.name.as_deref(),
                magnet.size_bytes,
                first.iter().chain(&magnet.trackers),
            ),
        }
    }
}

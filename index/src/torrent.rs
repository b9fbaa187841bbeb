//! Torrent files: v1 (BEP 3), v2 (BEP 52) and hybrids, from their bytes.
//!
//! A file is refused when clients could disagree about what it holds: two lists of files that do
//! not match, sizes that do not fit the pieces, keys that occur twice. What only concerns the
//! clearnet (trackers, web seeds, DHT nodes) is set aside in [`Torrent::dropped`].
//!
//! Not here: magnets ([`crate::magnet`]), and storing or serving torrent files.

use serde::Serialize;

use crate::bencode::{self, Dict, Value};
use crate::infohash::{InfohashV1, InfohashV2, Infohashes};
use crate::magnet::{Dropped, I2pTracker};

mod addresses;
mod error;
mod files;
pub(crate) mod names;
mod piece_layers;
mod summary;
#[cfg(test)]
mod tests;

pub use error::TorrentError;
pub use summary::TorrentSummary;

/// The largest torrent file that is read. The pieces of a 200 GB box set at 1 MiB take 4 MB.
pub const MAX_TORRENT_BYTES: usize = 8 << 20;

/// The smallest piece that BEP 52 allows; longer ones are powers of two.
const MIN_V2_PIECE_BYTES: u64 = 16 << 10;

/// What a torrent file says, as far as a catalogue is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torrent {
    /// Taken from the raw bytes of the info dictionary.
    pub infohashes: Infohashes,
    /// The suggested name of the file or folder, made fit for display.
    pub name: String,
    /// Sum of the sizes of `files`.
    pub size_bytes: u64,
    /// The files in the torrent's order, without padding (BEP 47).
    pub files: Vec<TorrentFile>,
    /// Whether the `private` flag is set (BEP 27).
    pub private: bool,
    /// The tag by which sites tell their torrents from others' of the same content.
    pub source: Option<String>,
    /// The trackers inside I2P, in the torrent's order.
    pub trackers: Vec<I2pTracker>,
    /// Addresses that no magnet of ours will carry.
    pub dropped: Vec<Dropped>,
}

/// One file of a torrent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TorrentFile {
    /// Path below the torrent's name, joined by `/`; of a lone file, its name. It is for display:
    /// separators and control characters inside a part become `_`, and `.`, `..` and empty parts
    /// vanish, so it never climbs and never starts at a root.
    pub path: String,
    /// Size; 0 for a symbolic link.
    pub size_bytes: u64,
}

impl Torrent {
    /// Reads a whole torrent file. White space after its end is ignored, as some editors add it.
    pub fn parse(bytes: &[u8]) -> Result<Self, TorrentError> {
        if bytes.len() > MAX_TORRENT_BYTES {
            return Err(TorrentError::TooLarge);
        }
        let root = bencode::decode(bytes.trim_ascii_end())?;
        let root = root.as_dict().ok_or(TorrentError::NotADictionary)?;
        let info = root.get(b"info").and_then(Value::as_dict).ok_or(TorrentError::NoInfo)?;

        let name = text(info, "name.utf-8").or_else(|| text(info, "name"));
        let name = name.filter(|name| !name.is_empty()).ok_or(TorrentError::NoName)?;
        let name = names::path_part(name).unwrap_or_else(|| names::NOTHING_LEFT.into());

        let content = Content::read(info, root.get(b"piece layers"), &name)?;
        let (trackers, dropped) = addresses::read(root);
        Ok(Self {
            infohashes: content.infohashes,
            name,
            size_bytes: content.size_bytes,
            files: content.files,
            private: info.get(b"private").and_then(Value::as_integer) == Some(1),
            source: text(info, "source").map(names::display).filter(|source| !source.is_empty()),
            trackers,
            dropped,
        })
    }
}

/// The part of a torrent that its infohashes vouch for.
struct Content {
    infohashes: Infohashes,
    files: Vec<TorrentFile>,
    size_bytes: u64,
}

impl Content {
    fn read(info: &Dict, piece_layers: Option<&Value>, name: &str) -> Result<Self, TorrentError> {
        let is_v2 = match info.get(b"meta version").map(Value::as_integer) {
            None | Some(Some(1)) => false,
            Some(Some(2)) => true,
            Some(_) => return Err(TorrentError::UnknownVersion),
        };
        let is_v1 = !is_v2 || info.get(b"pieces").is_some();
        let piece_bytes = piece_bytes(info, is_v2)?;

        let v1 = is_v1.then(|| files::read_v1(info, piece_bytes, name)).transpose()?;
        let v2 = is_v2.then(|| files::read_v2(info, name)).transpose()?;
        if let Some(v2) = &v2 {
            piece_layers::check(piece_layers, v2, piece_bytes)?;
        }
        if let (Some(v1), Some(v2)) = (&v1, &v2) {
            files::check_hybrid(v1, v2, piece_bytes)?;
        }
        let infohashes = Infohashes::new(
            is_v1.then(|| InfohashV1::of_info(info.raw())),
            is_v2.then(|| InfohashV2::of_info(info.raw())),
        );
        let files: Vec<TorrentFile> = match (v2, v1) {
            (Some(v2), _) => v2.into_iter().map(|entry| entry.file).collect(),
            (None, v1) => files::without_padding(v1.unwrap_or_default()),
        };
        if files.is_empty() {
            return Err(TorrentError::NoFiles);
        }
        let size_bytes = files.iter().map(|file| file.size_bytes).sum();
        Ok(Self { infohashes: infohashes.ok_or(TorrentError::UnknownVersion)?, files, size_bytes })
    }
}

fn piece_bytes(info: &Dict, is_v2: bool) -> Result<u64, TorrentError> {
    let bytes = info.get(b"piece length").and_then(Value::as_integer);
    let bytes = bytes.and_then(|n| u64::try_from(n).ok()).ok_or(TorrentError::PieceLength)?;
    let fits = if is_v2 { bytes >= MIN_V2_PIECE_BYTES && bytes.is_power_of_two() } else { bytes > 0 };
    if fits { Ok(bytes) } else { Err(TorrentError::PieceLength) }
}

/// A byte string under `key`; `name.utf-8` and its like count only if they are UTF-8.
fn text<'a>(dict: &Dict<'a>, key: &str) -> Option<&'a [u8]> {
    let bytes = dict.get(key.as_bytes())?.as_bytes()?;
    (!key.ends_with(".utf-8") || std::str::from_utf8(bytes).is_ok()).then_some(bytes)
}

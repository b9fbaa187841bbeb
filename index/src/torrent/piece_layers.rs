//! The `piece layers` of v2 torrents (BEP 52): hashes of pieces that lead to a file's root hash.
//!
//! They lie outside the info dictionary and clients can fetch them from others, so a missing layer
//! is fine; one that does not lead to its root marks a damaged file.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::files::V2Entry;
use super::{MIN_V2_PIECE_BYTES, TorrentError};
use crate::bencode::Value;

/// Checks each layer that belongs to one of the files.
pub(super) fn check(layers: Option<&Value>, files: &[V2Entry], piece_bytes: u64) -> Result<(), TorrentError> {
    let Some(layers) = layers else { return Ok(()) };
    let layers = layers.as_dict().ok_or(TorrentError::PieceLayer)?;
    let sizes: HashMap<[u8; 32], u64> = files
        .iter()
        .filter_map(|entry| Some((entry.root?, entry.file.size_bytes)))
        .filter(|(_, size_bytes)| *size_bytes > piece_bytes)
        .collect();
    // By layer, not by file: files may share a root, and each layer is hashed once.
    for (root, layer) in layers.iter() {
        let Ok(root) = <[u8; 32]>::try_from(root) else { return Err(TorrentError::PieceLayer) };
        let Some(size_bytes) = sizes.get(&root) else { continue };
        let (hashes, rest) = layer.as_bytes().ok_or(TorrentError::PieceLayer)?.as_chunks::<32>();
        let complete = rest.is_empty() && hashes.len() as u64 == size_bytes.div_ceil(piece_bytes);
        if !complete || root_of(hashes.to_vec(), piece_bytes) != root {
            return Err(TorrentError::PieceLayer);
        }
    }
    Ok(())
}

/// The root over the hashes of pieces, filled up to a power of two with the hash of a piece whose
/// blocks are all absent.
fn root_of(mut hashes: Vec<[u8; 32]>, piece_bytes: u64) -> [u8; 32] {
    let levels_in_piece = (piece_bytes / MIN_V2_PIECE_BYTES).ilog2();
    let absent = (0..levels_in_piece).fold([0; 32], |hash, _| parent(&hash, &hash));
    hashes.resize(hashes.len().next_power_of_two(), absent);
    while hashes.len() > 1 {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| parent(left, right)).collect();
    }
    hashes[0]
}

fn parent(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}

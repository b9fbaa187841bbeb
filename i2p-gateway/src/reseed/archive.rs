//! The RouterInfos in a zip.
//!
//! Every size is checked as the zip's directory declares it before anything is unpacked, and again by what
//! comes out.

use std::io::{Cursor, Read as _};

use deadwax_i2p_router::MAX_ROUTER_INFO_BYTES;
use zip::ZipArchive;

use super::{MAX_RESEED_BYTES, ReseedError};
use crate::launch::MAX_SEEDS;

type Zip<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Most that a zip may unpack to, for each of its bytes. RouterInfos are keys and signatures: real zips of
/// them reach 1.3. Without the limit, files that overlap could make much from little.
const MAX_INFLATION: u64 = 16;

/// The RouterInfos in `bytes`: the files `routerInfo-*.dat` in any folder. Other files are skipped.
pub(super) fn router_infos(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ReseedError> {
    if bytes.len() > MAX_RESEED_BYTES {
        return Err(ReseedError::TooLarge { size_bytes: bytes.len() });
    }
    // What this allocates is bound by the length of the zip's directory: 46 bytes a file at least.
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if zip.len() > MAX_SEEDS {
        return Err(ReseedError::TooManyFiles { count: zip.len(), max: MAX_SEEDS });
    }
    let wanted = declared(&mut zip, bytes.len())?;
    if wanted.is_empty() {
        return Err(ReseedError::Empty);
    }
    wanted.into_iter().map(|(index, size_bytes)| unpack(&mut zip, index, size_bytes)).collect()
}

/// Index and size of each RouterInfo, if the zip declares nothing implausible.
fn declared(zip: &mut Zip<'_>, zip_bytes: usize) -> Result<Vec<(usize, usize)>, ReseedError> {
    let mut wanted = Vec::with_capacity(zip.len());
    let mut total_bytes = 0_u64;
    for index in 0..zip.len() {
        let file = zip.by_index_raw(index).map_err(damaged)?;
        if !is_router_info(file.name_raw()) {
            continue;
        }
        match usize::try_from(file.size()) {
            Ok(size_bytes) if size_bytes <= MAX_ROUTER_INFO_BYTES => wanted.push((index, size_bytes)),
            _ => {
                let max_bytes = MAX_ROUTER_INFO_BYTES;
                return Err(ReseedError::RouterInfoTooLarge { size_bytes: file.size(), max_bytes });
            }
        }
        total_bytes += file.size();
    }
    if total_bytes > MAX_INFLATION * zip_bytes as u64 {
        return Err(ReseedError::Inflates { size_bytes: total_bytes });
    }
    Ok(wanted)
}

/// Unpacks one file; the zip crate compares its checksum when it is read to the end.
fn unpack(zip: &mut Zip<'_>, index: usize, size_bytes: usize) -> Result<Vec<u8>, ReseedError> {
    let file = zip.by_index(index).map_err(damaged)?;
    let mut unpacked = Vec::with_capacity(size_bytes);
    // One byte more than declared: to notice a lie, and to reach the end.
    file.take(size_bytes as u64 + 1).read_to_end(&mut unpacked).map_err(damaged)?;
    if unpacked.len() != size_bytes {
        return Err(ReseedError::Zip { detail: "a file has another size than declared".to_owned() });
    }
    Ok(unpacked)
}

fn is_router_info(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
    name.starts_with(b"routerInfo-") && name.ends_with(b".dat")
}

fn damaged(error: impl std::error::Error) -> ReseedError {
    ReseedError::Zip { detail: error.to_string() }
}

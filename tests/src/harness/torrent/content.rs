//! Something to share: an invented album of noise, and how to tell whether it arrived whole.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// The folder, and with that the torrent, has this name and its seed.
const ALBUM: &str = "Harbour Static - Letters from the Breakwater";

/// Each track and its share of the bytes, in sixteenths: pieces of the torrent cross files.
const TRACKS: [(&str, u64); 4] = [
    ("01 - Low Tide Signal.flac", 3),
    ("02 - Ferrymen.flac", 7),
    ("03 - Salt on the Dial.flac", 1),
    ("04 - What the Lamp Said.flac", 5),
];

/// Makes an album of `size_bytes` in a new folder below `parent` and returns the folder. The same
/// `seed` makes the same album, another one another.
pub fn make_content(parent: &Path, size_bytes: u64, seed: u64) -> anyhow::Result<PathBuf> {
    let folder = parent.join(format!("{ALBUM} {seed}"));
    fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut noise = Noise(seed);
    let mut left = size_bytes;
    for (index, (name, sixteenths)) in TRACKS.iter().enumerate() {
        let last = index + 1 == TRACKS.len();
        let length = if last { left } else { size_bytes / 16 * sixteenths };
        left -= length;
        fs::write(folder.join(name), noise.bytes(usize::try_from(length)?))?;
    }
    Ok(folder)
}

/// SHA-256 in hex of each file of a folder of files, by name.
pub fn digests(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let files = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let digests: BTreeMap<_, _> = files
        .map(|file| {
            let path = file?.path();
            let name = path.file_name().context("a file has a name")?.to_string_lossy().into_owned();
            Ok((name, HEXLOWER.encode(&Sha256::digest(fs::read(path)?))))
        })
        .collect::<anyhow::Result<_>>()?;
    ensure!(!digests.is_empty(), "{} is empty", folder.display());
    Ok(digests)
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect();
        bytes.truncate(length);
        bytes
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_seed_makes_one_album_of_the_wanted_size() {
        let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let seeds = [7, 7, 8];
        let albums: Vec<_> = dirs
            .iter()
            .zip(seeds)
            .map(|(dir, seed)| make_content(dir.path(), 100_003, seed).unwrap())
            .collect();
        for album in &albums {
            let sizes = fs::read_dir(album).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
            assert_eq!(sizes.sum::<u64>(), 100_003);
        }
        let all: Vec<_> = albums.iter().map(|album| digests(album).unwrap()).collect();
        assert_eq!(all[0], all[1]);
        assert!(all[0].iter().all(|(name, digest)| all[2][name] != *digest));
    }

    #[test]
    fn the_noise_is_split_mix_64() {
        // First outputs for seed 0, as in the reference C program's and Java's documentation.
        let mut noise = Noise(0);
        assert_eq!([noise.next(), noise.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }
}

//! Invented records and signed links to them: the same ones for the same seed.

use deadwax_index::entry::VerifiedEntry;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::link::{Edition, Link};
use deadwax_index::mbid::{MbidKind, Uuid};
use sha2::{Digest, Sha256};

const FIRST: [&str; 16] = [
    "Copper", "Salt", "Lantern", "Paper", "Winter", "Velvet", "Harbour", "Static", "Marble", "Cinder",
    "Ivory", "Northern", "Hollow", "Amber", "Distant", "Quiet",
];
const SECOND: [&str; 16] = [
    "Cartographers",
    "Orchard",
    "Telegraph",
    "Sisters",
    "Engine",
    "Choir",
    "Gardens",
    "Signal",
    "Foxes",
    "Parade",
    "Tides",
    "Almanac",
    "Weather",
    "Bureau",
    "Arcade",
    "Meridian",
];
const TITLES: [&str; 16] = [
    "Maps of Low Water",
    "Evening Shift",
    "The Long Platform",
    "Postcards from Inland",
    "Half a Lighthouse",
    "Songs for Empty Rooms",
    "Second Summer",
    "Rain on Tin",
    "A Field Guide to Static",
    "Glass Hours",
    "Home by Dark",
    "The Slow Canal",
    "Borrowed Light",
    "Letters Never Sent",
    "Open All Night",
    "What the River Kept",
];
const ENCODINGS: [(&str, &str); 4] =
    [("FLAC", "Lossless"), ("FLAC", "24bit Lossless"), ("MP3", "V0 (VBR)"), ("MP3", "320")];
const MEDIA: [&str; 4] = ["CD", "Vinyl", "WEB", "Cassette"];
/// Hours since 1970 at which the samples say they were signed: 2026-01-01.
const CREATED_HOURS: u64 = 490_896;
/// Entries of one author; below the quota of 10,000.
const ENTRIES_PER_AUTHOR: u64 = 5_000;

/// The random bytes of a seed and a number.
fn bytes(seed: u64, purpose: &str, number: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(purpose)
        .chain_update(number.to_le_bytes())
        .finalize()
        .into()
}

/// The link with this number.
pub fn link(seed: u64, number: u64) -> Link {
    let random = bytes(seed, "link", number);
    let pick = |list: &[&'static str; 16], byte: usize| list[usize::from(random[byte] % 16)].to_owned();
    let (format, encoding) = ENCODINGS[usize::from(random[3] % 4)];
    let mbid = bytes(seed, "mbid", number);
    let infohash = bytes(seed, "infohash", number);
    let artist = format!("The {} {}", pick(&FIRST, 0), pick(&SECOND, 1));
    let title = pick(&TITLES, 2);
    Link {
        infohash_v1: Some(infohash[..20].try_into().expect("20 of 32 bytes")),
        infohash_v2: None,
        mbid: Uuid::from_slice(&mbid[..16]).expect("16 of 32 bytes"),
        mbid_kind: MbidKind::ReleaseGroup,
        release_group: None,
        name: Some(format!("{artist} - {title} [{format}]")),
        artist,
        title,
        year: Some(1965 + u16::from(random[4] % 60)),
        types: vec!["Album".into()],
        media: Some(MEDIA[usize::from(random[5] % 4)].into()),
        format: Some(format.into()),
        encoding: Some(encoding.into()),
        size_bytes: Some(80_000_000 + u64::from(random[6]) * 2_000_000),
        file_count: Some(8 + u64::from(random[7] % 10)),
        log: None,
        log_score: None,
        cue: None,
        edition: Edition::default(),
        trackers: Vec::new(),
        files: Vec::new(),
    }
}

/// The first `count` links, signed.
pub fn entries(seed: u64, count: u64) -> Vec<VerifiedEntry> {
    let mut entries = Vec::new();
    for author in 0..count.div_ceil(ENTRIES_PER_AUTHOR) {
        let mut identity = Identity::from_secret(bytes(seed, "author", author));
        let first = author * ENTRIES_PER_AUTHOR;
        for number in first..count.min(first + ENTRIES_PER_AUTHOR) {
            let body = link(seed, number).to_body().expect("samples keep the limits");
            entries.push(identity.sign(body, 32, number - first, CREATED_HOURS));
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_entries() {
        let (first, second) = (entries(7, 3), entries(7, 5));
        assert_eq!(first, second[..3]);
        assert_ne!(entries(8, 3), first);
    }
}

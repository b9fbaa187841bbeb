//! The torrent of a draft: a magnet, an infohash, or a .torrent file, read within limits and scrubbed.
//!
//! Not here: what its names say about the music (`guess.rs`).

use super::{Draft, problem};
use deadwax_index::Problem;
use deadwax_index::entry::link::{File, Link, MAX_TRACKERS};
use deadwax_index::infohash::{InfohashError, Infohashes, MULTIHASH_SHA256};
use deadwax_index::magnet::{Dropped, I2pTracker, Magnet};
use deadwax_index::mbid::{MbidKind, Uuid};
use deadwax_index::torrent::{MAX_TORRENT_BYTES, Torrent, TorrentFile};

/// Text of so many letters and digits is meant as an infohash, whole or cut: base32 has 32, hexadecimal 40, v2 64, and
/// a multihash 4 more.
const INFOHASH_CHARS: std::ops::RangeInclusive<usize> = 20..=70;
/// Base64 of the largest .torrent file.
pub const MAX_TORRENT_BASE64_BYTES: usize = MAX_TORRENT_BYTES.div_ceil(3) * 4;

/// A torrent, as far as it says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// At least one.
    pub infohashes: Infohashes,
    /// Name of the torrent.
    pub name: Option<String>,
    /// Sum of the files' sizes.
    pub size_bytes: Option<u64>,
    /// Empty for a magnet.
    pub files: Vec<TorrentFile>,
    /// I2P trackers of its own.
    pub trackers: Vec<I2pTracker>,
    /// What will not be published.
    pub dropped: Vec<Dropped>,
}

impl Source {
    /// Reads the torrent of a draft.
    ///
    /// # Errors
    /// None, both, or one that cannot be published.
    pub fn read(draft: &Draft) -> Result<Self, Problem> {
        let (magnet, torrent) = (draft.magnet.trim(), draft.torrent.trim());
        match (magnet.is_empty(), torrent.is_empty()) {
            (true, true) => Err(problem(
                "link.torrent",
                "magnet",
                "The torrent is missing.",
                "Paste its magnet or infohash, or choose its .torrent file.",
            )),
            (false, false) => Err(problem(
                "link.torrent",
                "magnet",
                "Both a magnet and a .torrent file were given.",
                "Give one of them.",
            )),
            (false, true) => of_magnet(magnet),
            (true, false) => of_file(torrent),
        }
    }

    /// A link that says no more than the torrent does, to be filled in.
    pub fn into_link(self) -> Link {
        let has = |suffix: &str| {
            let found = self.files.iter().any(|file| file.path.to_lowercase().ends_with(suffix));
            (!self.files.is_empty()).then_some(found)
        };
        let (log, cue) = (has(".log"), has(".cue"));
        Link {
            infohash_v1: self.infohashes.v1().map(|hash| hash.0),
            infohash_v2: self.infohashes.v2().map(|hash| hash.0),
            mbid: Uuid::nil(),
            mbid_kind: MbidKind::ReleaseGroup,
            release_group: None,
            artist: String::new(),
            title: String::new(),
            year: None,
            types: Vec::new(),
            media: None,
            format: None,
            encoding: None,
            size_bytes: self.size_bytes,
            file_count: (!self.files.is_empty()).then_some(self.files.len() as u64),
            log,
            log_score: None,
            cue,
            edition: Default::default(),
            trackers: self.trackers.iter().take(MAX_TRACKERS).map(|t| t.as_str().to_owned()).collect(),
            name: self.name,
            files: self
                .files
                .into_iter()
                .map(|file| File { path: file.path, size_bytes: file.size_bytes })
                .collect(),
        }
    }
}

fn of_magnet(text: &str) -> Result<Source, Problem> {
    if is_infohash(text) {
        return Ok(Source {
            infohashes: infohashes(text)?,
            name: None,
            size_bytes: None,
            files: Vec::new(),
            trackers: Vec::new(),
            dropped: Vec::new(),
        });
    }
    let magnet = Magnet::parse(text).map_err(|error| error.problem())?;
    Ok(Source {
        infohashes: magnet.infohashes,
        name: magnet.name,
        size_bytes: magnet.size_bytes,
        files: Vec::new(),
        trackers: magnet.trackers,
        dropped: magnet.dropped,
    })
}

fn is_infohash(text: &str) -> bool {
    INFOHASH_CHARS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A bare infohash: v1 in hexadecimal or base32, v2 in hexadecimal with or without its multihash code.
fn infohashes(text: &str) -> Result<Infohashes, Problem> {
    // A v2 infohash that was cut is still longer than any of v1.
    const LONGEST_V1: usize = 45;
    let is_multihash = text.len() > LONGEST_V1 + MULTIHASH_SHA256.len() && text.starts_with(MULTIHASH_SHA256);
    let v2 = match text.len() {
        _ if is_multihash => Some(&text[MULTIHASH_SHA256.len()..]),
        LONGEST_V1.. => Some(text),
        _ => None,
    };
    let read = match v2 {
        Some(v2) => v2.parse().map(|hash| Infohashes::new(None, Some(hash))),
        None => text.parse().map(|hash| Infohashes::new(Some(hash), None)),
    };
    let read = read.map_err(|error: InfohashError| error.problem())?;
    read.ok_or_else(|| InfohashError::Empty.problem())
}

fn of_file(base64: &str) -> Result<Source, Problem> {
    if base64.len() > MAX_TORRENT_BASE64_BYTES {
        return Err(too_large());
    }
    let bytes = data_encoding::BASE64.decode(base64.as_bytes()).map_err(|_| {
        problem("torrent.base64", "torrent", "The .torrent file did not arrive whole.", "Send it again.")
    })?;
    let torrent = Torrent::parse(&bytes).map_err(|error| Problem { field: "torrent", ..error.problem() })?;
    if torrent.private || torrent.source.is_some() {
        return Err(problem(
            "torrent.private",
            "torrent",
            "This torrent belongs to a private site, which would see its infohash published.",
            "Make a new torrent of the files, without a private flag or source tag.",
        ));
    }
    Ok(Source {
        infohashes: torrent.infohashes,
        name: Some(torrent.name),
        size_bytes: Some(torrent.size_bytes),
        files: torrent.files,
        trackers: torrent.trackers,
        dropped: torrent.dropped,
    })
}

/// A .torrent file beyond the limit, which a form may have seen before it was read.
pub fn too_large() -> Problem {
    problem(
        "torrent.length",
        "torrent",
        "The .torrent file is larger than 8 MiB.",
        "Paste the magnet instead, or make the torrent again with larger pieces.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "5a5b5c5d5e5f606162636465666768696a6b6c6d";
    const V2: &str = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e";

    fn read(magnet: &str) -> Result<Source, Problem> {
        Source::read(&Draft { magnet: magnet.into(), ..Draft::default() })
    }

    #[test]
    fn a_bare_infohash_is_a_torrent() {
        for text in
            [V1.to_owned(), format!(" {} ", V1.to_uppercase()), "LJNVYXK6L5QGCYTDMRSWMZ3INFVGW3DN".into()]
        {
            assert_eq!(read(&text).unwrap().infohashes.v1().unwrap().to_string(), V1, "{text}");
        }
        for text in [V2.to_owned(), format!("1220{V2}")] {
            assert_eq!(read(&text).unwrap().infohashes.v2().unwrap().to_string(), V2, "{text}");
        }
    }

    #[test]
    fn what_is_no_torrent_says_why() {
        for (text, code) in [
            ("", "link.torrent"),
            ("hello", "magnet.form"),
            (&V1[1..], "infohash.truncated"),
            (&V2[1..], "infohash.truncated"),
            ("magnet:?dn=x", "magnet.infohash"),
        ] {
            assert_eq!(read(text).unwrap_err().code, code, "{text}");
        }
        let torrent = |bytes: &[u8]| {
            let torrent = data_encoding::BASE64.encode(bytes);
            Source::read(&Draft { torrent, ..Draft::default() }).unwrap_err().code
        };
        assert_eq!(torrent(b"<html>not found</html>"), "torrent.bencode");
        let tagged = |tag: &str| {
            format!(
                "d4:infod6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa{tag}ee"
            )
        };
        assert_eq!(torrent(tagged("7:privatei1e").as_bytes()), "torrent.private");
        assert_eq!(torrent(tagged("6:source4:SITE").as_bytes()), "torrent.private");
        let both = Draft { magnet: V1.into(), torrent: "eA==".into(), ..Draft::default() };
        assert_eq!(Source::read(&both).unwrap_err().code, "link.torrent");
        let long = Draft { torrent: "A".repeat(MAX_TORRENT_BASE64_BYTES + 4), ..Draft::default() };
        assert_eq!(Source::read(&long).unwrap_err().code, "torrent.length");
    }
}

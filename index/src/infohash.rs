//! Infohashes: the names of torrents.
//!
//! Version 1 is SHA-1 over the info dictionary (BEP 3), version 2 is SHA-256 (BEP 52); a hybrid
//! torrent has both. Not here: how they are found in torrent files ([`crate::torrent`]) and
//! magnets ([`crate::magnet`]).

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Serialize, Serializer};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::Problem;

/// Characters of a v1 infohash in hexadecimal.
const V1_HEX_CHARS: usize = 40;
/// Characters of a v1 infohash in base32, as old magnets have it.
const V1_BASE32_CHARS: usize = 32;
/// Characters of a v2 infohash in hexadecimal.
const V2_HEX_CHARS: usize = 64;
/// What stands before a v2 infohash in a magnet: the multihash codes of "SHA-256, 32 bytes".
pub const MULTIHASH_SHA256: &str = "1220";

/// Why a text is no infohash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InfohashError {
    /// Nothing is there.
    #[error("the infohash is empty")]
    Empty,
    /// It is shorter than the next possible length.
    #[error("the infohash is truncated: it has {chars} of {expected} characters")]
    Truncated {
        /// Characters found.
        chars: usize,
        /// Characters of a whole one.
        expected: usize,
    },
    /// It is longer than any possible length.
    #[error("the infohash is too long: it has {chars} characters instead of {expected}")]
    TooLong {
        /// Characters found.
        chars: usize,
        /// Characters of a whole one.
        expected: usize,
    },
    /// It has the right length but a character outside its alphabet.
    #[error("the infohash has characters that are not {alphabet}")]
    WrongCharacters {
        /// `hexadecimal` or `base32`.
        alphabet: &'static str,
    },
    /// A v2 infohash stands where a v1 one is wanted.
    #[error("this is a v2 infohash (64 characters), not a v1 one")]
    IsV2,
    /// A v1 infohash stands where a v2 one is wanted.
    #[error("this is a v1 infohash (40 characters), not a v2 one")]
    IsV1,
    /// A multihash of another kind than SHA-256.
    #[error("the multihash is not SHA-256: it does not begin with {MULTIHASH_SHA256}")]
    NotSha256,
}

impl InfohashError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        let (code, fix) = match self {
            Self::Empty => ("infohash.empty", "Paste the whole magnet or infohash."),
            Self::Truncated { .. } => ("infohash.truncated", "Copy it again, to its last character."),
            Self::TooLong { .. } => {
                ("infohash.too-long", "Copy it again, without what stands before or after it.")
            }
            Self::WrongCharacters { .. } => {
                ("infohash.characters", "Copy it again: one or more characters were changed.")
            }
            Self::IsV2 | Self::IsV1 | Self::NotSha256 => (
                "infohash.version",
                "Use 40 hexadecimal characters for v1 (urn:btih:), 1220 and 64 of them for v2 (urn:btmh:).",
            ),
        };
        Problem {
            code,
            field: "infohash",
            message: format!("{}.", crate::mbid::capitalise(&self.to_string())),
            fix,
        }
    }
}

/// A v1 infohash: SHA-1 over the raw info dictionary. Shown in lowercase hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InfohashV1(pub [u8; 20]);

/// A v2 infohash: SHA-256 over the raw info dictionary. Shown in lowercase hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InfohashV2(pub [u8; 32]);

impl InfohashV1 {
    /// The infohash of the raw bytes of an info dictionary.
    pub fn of_info(raw: &[u8]) -> Self {
        Self(Sha1::digest(raw).into())
    }
}

impl InfohashV2 {
    /// The infohash of the raw bytes of an info dictionary.
    pub fn of_info(raw: &[u8]) -> Self {
        Self(Sha256::digest(raw).into())
    }

    /// The first 20 bytes: what clients announce to trackers and find swarms by (BEP 52).
    pub fn truncated(&self) -> [u8; 20] {
        let mut short = [0; 20];
        short.copy_from_slice(&self.0[..20]);
        short
    }

    /// Reads the multihash form of magnets: `1220` and 64 hexadecimal characters.
    pub fn from_multihash(text: &str) -> Result<Self, InfohashError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InfohashError::Empty);
        }
        text.strip_prefix(MULTIHASH_SHA256).ok_or(InfohashError::NotSha256)?.parse()
    }
}

impl fmt::Display for InfohashV1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Display for InfohashV2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl Serialize for InfohashV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for InfohashV2 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// 40 hexadecimal or 32 base32 characters, in either case; space around them is ignored.
impl FromStr for InfohashV1 {
    type Err = InfohashError;

    fn from_str(text: &str) -> Result<Self, InfohashError> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err(InfohashError::Empty),
            V1_HEX_CHARS => exact(HEXLOWER_PERMISSIVE.decode(text.as_bytes()), "hexadecimal").map(Self),
            V1_BASE32_CHARS => {
                let upper = text.to_ascii_uppercase();
                exact(BASE32_NOPAD.decode(upper.as_bytes()), "base32").map(Self)
            }
            V2_HEX_CHARS => Err(InfohashError::IsV2),
            chars if chars < V1_BASE32_CHARS => {
                Err(InfohashError::Truncated { chars, expected: nearest_v1_length(text) })
            }
            chars if chars < V1_HEX_CHARS => Err(InfohashError::Truncated { chars, expected: V1_HEX_CHARS }),
            chars => Err(InfohashError::TooLong { chars, expected: V1_HEX_CHARS }),
        }
    }
}

/// 64 hexadecimal characters in either case; space around them is ignored.
impl FromStr for InfohashV2 {
    type Err = InfohashError;

    fn from_str(text: &str) -> Result<Self, InfohashError> {
        let text = text.trim();
        let expected = V2_HEX_CHARS;
        match text.chars().count() {
            0 => Err(InfohashError::Empty),
            V2_HEX_CHARS => exact(HEXLOWER_PERMISSIVE.decode(text.as_bytes()), "hexadecimal").map(Self),
            V1_HEX_CHARS => Err(InfohashError::IsV1),
            chars if chars < expected => Err(InfohashError::Truncated { chars, expected }),
            chars => Err(InfohashError::TooLong { chars, expected }),
        }
    }
}

/// Which whole form a short v1 infohash was probably cut from.
fn nearest_v1_length(text: &str) -> usize {
    if text.chars().all(|c| c.is_ascii_hexdigit()) { V1_HEX_CHARS } else { V1_BASE32_CHARS }
}

fn exact<const N: usize>(
    decoded: Result<Vec<u8>, data_encoding::DecodeError>,
    alphabet: &'static str,
) -> Result<[u8; N], InfohashError> {
    let bytes = decoded.map_err(|_| InfohashError::WrongCharacters { alphabet })?;
    bytes.try_into().map_err(|_| InfohashError::WrongCharacters { alphabet })
}

/// The infohashes of one torrent: v1, v2 or, for a hybrid, both. Never neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Infohashes {
    v1: Option<InfohashV1>,
    v2: Option<InfohashV2>,
}

impl Infohashes {
    /// `None` when both are absent.
    pub fn new(v1: Option<InfohashV1>, v2: Option<InfohashV2>) -> Option<Self> {
        (v1.is_some() || v2.is_some()).then_some(Self { v1, v2 })
    }

    /// The v1 infohash.
    pub fn v1(&self) -> Option<InfohashV1> {
        self.v1
    }

    /// The v2 infohash.
    pub fn v2(&self) -> Option<InfohashV2> {
        self.v2
    }

    /// What clients announce: the v1 infohash and the truncated v2 one. A hybrid has a swarm under
    /// each.
    pub fn announced(&self) -> impl Iterator<Item = [u8; 20]> + use<> {
        let v1 = self.v1.map(|hash| hash.0);
        v1.into_iter().chain(self.v2.map(|hash| hash.truncated()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const V1: &str = "f7079c66cca02ab45934b9868572060010dfc97e";
    const V2: &str = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e";

    #[test]
    fn hex_and_base32_of_either_case_are_the_same_infohash() {
        let hash: InfohashV1 = V1.parse().unwrap();
        assert_eq!(hash.to_string(), V1);
        for text in [
            V1.to_uppercase(),
            format!("  {V1}\n"),
            "64DZYZWMUAVLIWJUXGDIK4QGAAIN7SL6".into(),
            "64dzyzwmuavliwjuxgdik4qgaain7sl6".into(),
        ] {
            assert_eq!(text.parse(), Ok(hash), "{text}");
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let error = |text: &str| text.parse::<InfohashV1>().unwrap_err();
        assert_eq!(error(&V1[1..]), InfohashError::Truncated { chars: 39, expected: 40 });
        assert_eq!(error(&V1[1..]).to_string(), "the infohash is truncated: it has 39 of 40 characters");
        assert_eq!(error("64DZYZWM"), InfohashError::Truncated { chars: 8, expected: 32 });
        assert_eq!(error("abc"), InfohashError::Truncated { chars: 3, expected: 40 });
        assert_eq!(error(&format!("{V1}0")), InfohashError::TooLong { chars: 41, expected: 40 });
        assert_eq!(error(&V1.replace('f', "g")), InfohashError::WrongCharacters { alphabet: "hexadecimal" });
        assert_eq!(error(&"1".repeat(32)), InfohashError::WrongCharacters { alphabet: "base32" });
        assert_eq!(error(&"ä".repeat(40)), InfohashError::WrongCharacters { alphabet: "hexadecimal" });
        assert_eq!(error(""), InfohashError::Empty);
        assert_eq!(error(V2), InfohashError::IsV2);
    }

    #[test]
    fn v2_is_64_hex_characters_or_a_sha256_multihash() {
        let hash: InfohashV2 = V2.parse().unwrap();
        assert_eq!(hash.to_string(), V2);
        assert_eq!(V2.to_uppercase().parse(), Ok(hash));
        assert_eq!(InfohashV2::from_multihash(&format!("1220{V2}")), Ok(hash));
        assert_eq!(InfohashV2::from_multihash(&format!("1114{V1}")), Err(InfohashError::NotSha256));
        assert_eq!(InfohashV2::from_multihash(""), Err(InfohashError::Empty));
        assert_eq!(V1.parse::<InfohashV2>(), Err(InfohashError::IsV1));
        let cut = InfohashError::Truncated { chars: 63, expected: 64 };
        assert_eq!(InfohashV2::from_multihash(&format!("1220{}", &V2[1..])), Err(cut));
    }

    #[test]
    fn a_hybrid_is_announced_under_both_hashes() {
        let (v1, v2): (InfohashV1, InfohashV2) = (V1.parse().unwrap(), V2.parse().unwrap());
        let both = Infohashes::new(Some(v1), Some(v2)).unwrap();
        assert_eq!(both.announced().collect::<Vec<_>>(), [v1.0, v2.truncated()]);
        assert_eq!(Infohashes::new(None, None), None);
    }

    #[test]
    fn hashes_are_those_of_the_standards() {
        // FIPS 180-4, the one-block message "abc".
        assert_eq!(InfohashV1::of_info(b"abc").to_string(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(InfohashV2::of_info(b"abc").to_string(), sha256);
    }
}

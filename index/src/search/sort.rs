//! The orders in which hits can be had, and places in them.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::str::FromStr;
use uuid::Uuid;

/// An order of hits. Where two are equal, the MBID decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// What is most likely meant first.
    #[default]
    Relevance,
    /// The newest link first, as its author dates it.
    Newest,
    /// The latest year of first release first.
    Year,
    /// The most seeders first.
    Seeders,
    /// The best voted first.
    Score,
    /// The largest link first.
    Size,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Relevance, Self::Newest, Self::Year, Self::Seeders, Self::Score, Self::Size];

    /// Its name in queries and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Newest => "newest",
            Self::Year => "year",
            Self::Seeders => "seeders",
            Self::Score => "score",
            Self::Size => "size",
        }
    }

    /// The order with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name().eq_ignore_ascii_case(name))
    }
}

/// Where a hit stands: by how it matches, then by what it is sorted by, then by its MBID. Smaller is
/// earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 as typed, 1 forgiven.
    pub tier: u8,
    /// Larger is earlier.
    pub key: Reverse<u64>,
    pub mbid: Uuid,
}

/// After which hit a page begins: the same page again, whatever was added before it meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(super) Place);

/// A text that is not a cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a place in a list of hits")]
pub struct CursorError;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { tier, key: Reverse(key), mbid } = self.0;
        let mut bytes = vec![tier];
        bytes.extend(key.to_be_bytes());
        bytes.extend(mbid.as_bytes());
        f.write_str(&BASE64URL_NOPAD.encode(&bytes))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        // 25 bytes.
        if text.len() != 34 {
            return Err(CursorError);
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| CursorError)?;
        let (tier, rest) = bytes.split_first().ok_or(CursorError)?;
        let (key, mbid) = rest.split_first_chunk::<8>().ok_or(CursorError)?;
        let mbid = Uuid::from_slice(mbid).map_err(|_| CursorError)?;
        Ok(Self(Place { tier: *tier, key: Reverse(u64::from_be_bytes(*key)), mbid }))
    }
}

/// A score as a key: positive numbers keep their order.
pub(super) fn score_key(score: f32) -> u64 {
    u64::from(score.max(0.0).to_bits())
}

/// A signed number as a key.
pub(super) fn signed_key(number: i64) -> u64 {
    (number as u64) ^ (1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_keep_their_order() {
        assert!(score_key(0.0) < score_key(0.5) && score_key(0.5) < score_key(10_000.0));
        assert!(signed_key(-2) < signed_key(0) && signed_key(0) < signed_key(3));
        let place = |tier, key, mbid| Place { tier, key: Reverse(key), mbid: Uuid::from_u128(mbid) };
        assert!(place(0, 1, 9) < place(1, 5, 1));
        assert!(place(0, 5, 9) < place(0, 1, 1));
        assert!(place(0, 5, 1) < place(0, 5, 2));
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(tier: u8, key: u64, mbid: u128) {
            let cursor = Cursor(Place { tier, key: Reverse(key), mbid: Uuid::from_u128(mbid) });
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn any_text_is_a_cursor_or_none(text in "[A-Za-z0-9_=-]{30,36}|\\PC*") {
            let _ = text.parse::<Cursor>();
        }
    }
}

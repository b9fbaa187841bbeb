//! Pasted identifiers: an MBID, an infohash or a magnet, and what the catalogue knows besides: addresses at
//! musicbrainz.org and elsewhere, barcodes, ASINs.

use super::QueryError;
use crate::catalogue::{Catalogue, lookup};
use crate::infohash::{InfohashV1, InfohashV2};
use crate::magnet::Magnet;
use crate::mbid::{self, MbidError};
use crate::store::{Store, StoreError};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What was pasted instead of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    /// An MBID, most likely of a release group, release or recording.
    Mbid(Uuid),
    /// What only the catalogue can lead on from.
    Catalogued(lookup::Identifier),
    /// Infohashes of one torrent, at least one.
    Infohash(Option<InfohashV1>, Option<InfohashV2>),
}

impl Identifier {
    /// The groups it leads to, ascending, without those that a ruling hides.
    pub(super) fn groups(
        &self,
        store: &Store,
        catalogue: Option<&Catalogue>,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut groups = BTreeSet::new();
        match self {
            Self::Mbid(mbid) => {
                groups.extend(store.groups_of_mbid(mbid)?);
                if let Some(catalogue) = catalogue {
                    groups.extend(catalogue.groups_of(&lookup::Identifier::Mbid(*mbid))?);
                }
            }
            Self::Catalogued(identifier) => {
                if let Some(catalogue) = catalogue {
                    groups.extend(catalogue.groups_of(identifier)?);
                }
            }
            Self::Infohash(v1, v2) => {
                if let Some(hash) = v1 {
                    groups.extend(store.groups_of_infohash_v1(&hash.0)?);
                }
                if let Some(hash) = v2 {
                    groups.extend(store.groups_of_infohash_v2(&hash.0)?);
                }
            }
        }
        // Where the catalogue knows a release, its links are listed under its group.
        let mut listed = BTreeSet::new();
        for mbid in groups {
            let known = catalogue.map(|catalogue| catalogue.group_of(&mbid)).transpose()?.flatten();
            listed.insert(known.unwrap_or(mbid));
        }
        // What a ruling hides has links and a place in the catalogue all the same.
        let hidden = store.hidden_mbids(&listed)?;
        Ok(listed.into_iter().filter(|mbid| !hidden.contains(mbid)).collect())
    }

    /// Whether the same characters could be meant as words: base32 has no digits that give it away, and a
    /// barcode stands in links too.
    pub(super) fn may_be_words(&self, text: &str) -> bool {
        match self {
            Self::Mbid(_) => false,
            Self::Infohash(..) => text.trim().len() == 32,
            Self::Catalogued(_) => true,
        }
    }
}

/// Reads the text as an identifier, if it is one.
///
/// # Errors
/// It clearly is meant as a magnet, and is damaged.
pub fn parse(text: &str) -> Result<Option<Identifier>, QueryError> {
    let text = text.trim();
    if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("magnet:")) {
        let hashes = Magnet::parse(text).map_err(QueryError::Magnet)?.infohashes;
        return Ok(Some(Identifier::Infohash(hashes.v1(), hashes.v2())));
    }
    match mbid::parse(text) {
        Ok((mbid, _)) => return Ok(Some(Identifier::Mbid(mbid))),
        Err(MbidError::WrongKind(_) | MbidError::Form) => {}
    }
    if let Ok(hash) = text.parse() {
        return Ok(Some(Identifier::Infohash(Some(hash), None)));
    }
    if let Ok(hash) = text.parse() {
        return Ok(Some(Identifier::Infohash(None, Some(hash))));
    }
    Ok(lookup::Identifier::parse(text).map(Identifier::Catalogued))
}

/// Why an address leads nowhere, if it is one of a record that carries no links.
pub(super) fn why_nowhere(text: &str) -> Option<QueryError> {
    match mbid::parse(text.trim()) {
        Err(error @ MbidError::WrongKind(_)) => Some(QueryError::Mbid(error)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MBID: &str = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";
    const V1: &str = "5a5b5c5d5e5f606162636465666768696a6b6c6d";
    const V2: &str = "d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6";

    #[test]
    fn each_form_is_read() {
        let mbid = Some(Identifier::Mbid(MBID.parse().unwrap()));
        for text in [MBID.to_owned(), format!(" https://musicbrainz.org/release/{MBID}?tab=1 ")] {
            assert_eq!(parse(&text).unwrap(), mbid, "{text}");
        }
        let (v1, v2) = (Some(V1.parse().unwrap()), Some(V2.parse().unwrap()));
        let base32 = "LJNVYXK6L5QGCYTDMRSWMZ3INFVGW3DN";
        for (text, hashes) in [
            (V1.to_uppercase(), (v1, None)),
            (base32.to_owned(), (v1, None)),
            (V2.to_owned(), (None, v2)),
            (format!("magnet:?dn=A&xt=urn:btih:{V1}&tr=http://tracker.example/"), (v1, None)),
            (format!("MAGNET:?xt=urn:btih:{base32}"), (v1, None)),
            (format!("magnet:?xt=urn:btmh:1220{V2}&xt=urn:btih:{V1}"), (v1, v2)),
        ] {
            assert_eq!(parse(&text).unwrap(), Some(Identifier::Infohash(hashes.0, hashes.1)), "{text}");
        }
        for text in ["", "low water", "magnetic", &V1[1..]] {
            assert_eq!(parse(text).unwrap(), None, "{text}");
        }
        for text in ["5 012394 144777", "https://www.discogs.com/release/1-Tide", "B000002UAL", "[r1]"] {
            assert!(matches!(parse(text), Ok(Some(Identifier::Catalogued(_)))), "{text}");
        }
    }

    #[test]
    fn useless_identifiers_are_explained() {
        let artist = format!("https://musicbrainz.org/artist/{MBID}");
        assert!(matches!(parse(&artist), Ok(Some(Identifier::Catalogued(_)))));
        assert!(matches!(why_nowhere(&artist), Some(QueryError::Mbid(MbidError::WrongKind(_)))));
        assert_eq!(why_nowhere(MBID), None);
        assert!(matches!(parse("magnet:?xt=urn:btih:5a5b"), Err(QueryError::Magnet(_))));
        assert!(matches!(parse("magnet:?dn=nothing"), Err(QueryError::Magnet(_))));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>(), scheme in "(magnet:\\?xt=urn:bt[im]h:)?") {
            let _ = parse(&format!("{scheme}{text}"));
        }
    }
}

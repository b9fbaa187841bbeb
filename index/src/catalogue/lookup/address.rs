//! Addresses of records at other sites, without what varies: scheme, `www.`, the end of the path, and on
//! the sites that people paste most, language, country and the name after the number.

use crate::catalogue::number_of;
use sha2::{Digest, Sha256};

/// An address, the same for all ways to write it: `discogs.com/release/123`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// What Discogs has numbers for.
const DISCOGS_KINDS: [&str; 4] = ["release", "master", "artist", "label"];
/// In an address at Amazon, what comes before the number of something.
const AMAZON_WORDS: [&str; 4] = ["dp", "product", "asin", "d"];
/// What comes before a number in addresses that are nothing else. Their keys are that number, which is short.
const NUMBERED: [&str; 8] = [
    "discogs.com/release/",
    "discogs.com/master/",
    "discogs.com/artist/",
    "discogs.com/label/",
    "wikidata.org/Q",
    "apple.com/album/",
    "apple.com/artist/",
    "apple.com/music-video/",
];
/// Bits of a key that say which of these it is, or 0 for a hash.
const FORM_BITS: u32 = 4;
/// Bits of a key that are the number or the hash: with the others, they take six bytes in SQLite.
const KEY_BITS: u32 = 43;
/// Of Amazon's numbers.
pub(super) const ASIN_LENGTH: usize = 10;

impl Address {
    /// Reads an address, with a scheme or without; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (rest, has_scheme) = match text.split_once("://") {
            Some((scheme, rest))
                if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) =>
            {
                (rest, true)
            }
            Some(_) => return None,
            None => (text, false),
        };
        let rest = rest.split('#').next()?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(&host);
        let host = host.strip_prefix("www.").unwrap_or(host);
        // Without a scheme only what cannot be words: a host and a path.
        if !is_host(host) || !has_scheme && path.is_empty() {
            return None;
        }
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let known = if is_at(host, "discogs.com") {
            discogs(&segments)
        } else if host.split('.').any(|part| part == "amazon") {
            amazon(&segments)
        } else if host == "itunes.apple.com" || host == "music.apple.com" || host == "geo.music.apple.com" {
            apple(&segments)
        } else if is_at(host, "wikidata.org") {
            let item = segments.last().filter(|item| item.starts_with(['Q', 'q']));
            item.map(|item| format!("wikidata.org/{}", item.to_ascii_uppercase()))
        } else if is_at(host, "musicbrainz.org") {
            Some(format!("musicbrainz.org/{}", segments.join("/")))
        } else if is_at(host, "bandcamp.com") {
            Some(format!("{host}/{}", segments.join("/")))
        } else {
            None
        };
        Some(Self(known.unwrap_or_else(|| {
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            format!("{host}/{}{query}", segments.join("/"))
        })))
    }

    /// Discogs' own way to name something in text: `[r123]`, `[m24047]`, `[a1]`, `[l5]`.
    pub(super) fn of_discogs_code(text: &str) -> Option<Self> {
        let code = text.strip_prefix('[')?.strip_suffix(']')?;
        let kind = DISCOGS_KINDS.iter().find(|kind| kind.get(..1) == code.get(..1))?;
        let number = code.get(1..)?.trim_start_matches('=');
        is_number(number).then(|| Self(format!("discogs.com/{kind}/{number}")))
    }

    /// That of Amazon's number of something, in any country.
    pub(super) fn of_asin(asin: &str) -> Self {
        Self(format!("amazon/{}", asin.to_ascii_uppercase()))
    }

    /// Amazon's number, if it is one of Amazon's.
    pub(super) fn asin(&self) -> Option<&str> {
        self.0.strip_prefix("amazon/")
    }

    /// The path, if it is of this host.
    pub(super) fn path_at(&self, host: &str) -> Option<&str> {
        self.0.strip_prefix(host)?.strip_prefix('/')
    }

    /// By which it is found in the table `urls`: the number in it, or else some bits of its hash, and which of
    /// both it is. What is found has to be compared.
    pub(in super::super) fn key(&self) -> i64 {
        let numbered = (1..).zip(NUMBERED).find_map(|(form, before)| {
            let number: u64 = self.0.strip_prefix(before)?.parse().ok()?;
            (number >> KEY_BITS == 0).then_some((number as i64) << FORM_BITS | form)
        });
        numbered.unwrap_or_else(|| {
            let hash = number_of(Sha256::digest(&self.0).into());
            (hash & ((1 << KEY_BITS) - 1)) << FORM_BITS
        })
    }
}

/// The key of an address in a dump; of one that cannot be read, of its text.
pub(in super::super) fn address_key(url: &str) -> i64 {
    Address::parse(url).unwrap_or_else(|| Address(url.to_owned())).key()
}

fn is_host(host: &str) -> bool {
    let labels = host.split('.');
    let mut count = 0;
    for label in labels {
        count += 1;
        if label.is_empty() || label.chars().any(|c| !(c.is_alphanumeric() || c == '-' || c == '_')) {
            return false;
        }
    }
    count >= 2
}

/// Whether a host is of a domain.
pub(in super::super) fn is_at(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `/release/123-Name`, `/fr/release/123`, `/Name/release/123`, `/master/view/123`.
fn discogs(segments: &[&str]) -> Option<String> {
    let at = segments.iter().position(|segment| DISCOGS_KINDS.contains(segment))?;
    let after = segments[at + 1..].iter().find(|segment| !segment.eq_ignore_ascii_case("view"))?;
    let number = after.split(['-', '_']).next()?;
    // Addresses of artists and labels once had names in place of numbers.
    is_number(number).then(|| format!("discogs.com/{}/{number}", segments[at]))
}

/// `/dp/ASIN`, `/gp/product/ASIN`, `/exec/obidos/ASIN/ASIN`.
fn amazon(segments: &[&str]) -> Option<String> {
    let is_asin = |text: &str| text.len() == ASIN_LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut pairs = segments.windows(2);
    let found = pairs.find(|pair| {
        AMAZON_WORDS.iter().any(|word| pair[0].eq_ignore_ascii_case(word)) && is_asin(pair[1])
    })?;
    Some(Address::of_asin(found[1]).0)
}

/// `/gb/album/low-water/id123`, `/us/album/123`.
fn apple(segments: &[&str]) -> Option<String> {
    let at = segments.iter().position(|segment| ["album", "artist", "music-video"].contains(segment))?;
    let last = segments[at + 1..].last()?;
    let number = last.strip_prefix("id").unwrap_or(last);
    is_number(number).then(|| format!("apple.com/{}/{number}", segments[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_write_an_address_are_one() {
        for (same, texts) in [
            (
                "discogs.com/release/123",
                &[
                    "https://www.discogs.com/release/123",
                    "http://discogs.com/release/123/",
                    "www.discogs.com/release/123-The-Tide-Low-Water",
                    "https://www.discogs.com/fr/release/123-The-Tide?ev=rr#images",
                    "https://www.discogs.com/The-Tide-Low-Water/release/123",
                ] as &[&str],
            ),
            (
                "discogs.com/master/24047",
                &["https://www.discogs.com/master/view/24047", "discogs.com/master/24047-X"],
            ),
            (
                "apple.com/album/55",
                &[
                    "https://music.apple.com/gb/album/low-water/55?i=56",
                    "https://itunes.apple.com/us/album/id55",
                    "https://itunes.apple.com/album/low-water/id55?l=en",
                ],
            ),
            (
                "wikidata.org/Q42",
                &["https://www.wikidata.org/wiki/Q42", "http://www.wikidata.org/entity/Q42"],
            ),
            (
                "tide.bandcamp.com/album/low-water",
                &[
                    "https://tide.bandcamp.com/album/low-water?from=x",
                    "http://TIDE.bandcamp.com/album/low-water/",
                ],
            ),
            (
                "low-water.example/",
                &[
                    "http://low-water.example",
                    "https://www.low-water.example/",
                    "HTTP://low-water.example:80/#x",
                ],
            ),
            (
                "low-water.example/Band?id=7",
                &["https://low-water.example/Band/?id=7", "low-water.example/Band?id=7"],
            ),
        ] {
            for text in texts {
                assert_eq!(Address::parse(text), Some(Address(same.into())), "{text}");
            }
        }
        assert_ne!(Address::parse("https://a.example/x"), Address::parse("https://a.example/X"));
        for text in [
            "ftp://a.example/x",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "a.example",
            "x/y",
            "https://a b.example/",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn keys_are_short_and_differ() {
        let key = |text| Address::parse(text).unwrap().key();
        assert_eq!(key("https://www.discogs.com/release/123"), 123 << 4 | 1);
        assert_eq!(key("https://www.wikidata.org/wiki/Q77"), 77 << 4 | 5);
        let texts = [
            "https://www.discogs.com/release/123",
            "https://www.discogs.com/master/123",
            "https://www.discogs.com/release/99999999999999999",
            "https://music.apple.com/gb/album/low-water/123",
            "https://tide.bandcamp.com/album/low-water",
            "https://low-water.example/",
        ];
        let keys: std::collections::BTreeSet<_> = texts.iter().map(|text| key(text)).collect();
        assert_eq!(keys.len(), texts.len());
        assert!(keys.iter().all(|key| (0..1 << 47).contains(key)), "{keys:?}");
    }

    #[test]
    fn discogs_has_a_way_of_its_own() {
        let address = |text| Address::of_discogs_code(text).map(|address| address.0);
        assert_eq!(address("[r123]").as_deref(), Some("discogs.com/release/123"));
        assert_eq!(address("[m=24047]").as_deref(), Some("discogs.com/master/24047"));
        for text in ["r123", "[r]", "[x1]", "[r12a]", "[]", "[é1]"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}

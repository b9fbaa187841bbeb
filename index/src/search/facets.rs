//! What a hit list is counted by: type, format, media, encoding, decade, and whether there is a link.
//!
//! All of it stands in one number per group, in one column: counting reads eight bytes a hit. Words of
//! links that are none of these are found by filters, and counted as nothing.

use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Primary types, as MusicBrainz names them.
const TYPES: [&str; 5] = ["Album", "Single", "EP", "Broadcast", "Other"];
/// Secondary types.
const SECONDARY: [&str; 12] = [
    "Compilation",
    "Soundtrack",
    "Spokenword",
    "Interview",
    "Audiobook",
    "Audio drama",
    "Live",
    "Remix",
    "DJ-mix",
    "Mixtape/Street",
    "Demo",
    "Field recording",
];
/// Audio formats of links.
const FORMATS: [&str; 8] = ["FLAC", "MP3", "AAC", "Opus", "Ogg Vorbis", "ALAC", "WAV", "DSD"];
/// What was digitised.
const MEDIA: [&str; 8] = ["CD", "WEB", "Vinyl", "Cassette", "SACD", "DVD", "Blu-ray", "DAT"];
/// Encodings of links.
const ENCODINGS: [&str; 7] = ["Lossless", "24bit Lossless", "320", "V0 (VBR)", "V2 (VBR)", "256", "192"];

/// Bits of each part, from the lowest.
const TYPE_AT: u32 = 8;
const SECONDARY_AT: u32 = TYPE_AT + 3;
const FORMAT_AT: u32 = SECONDARY_AT + SECONDARY.len() as u32;
const MEDIA_AT: u32 = FORMAT_AT + FORMATS.len() as u32;
const ENCODING_AT: u32 = MEDIA_AT + MEDIA.len() as u32;
const LINKED_AT: u32 = ENCODING_AT + ENCODINGS.len() as u32;
const YEAR_AT: u32 = LINKED_AT + 1;
const YEAR_BITS: u32 = 14;
const _: () = assert!(YEAR_AT + YEAR_BITS <= 64);
/// Decades that are counted; there is no music of later ones yet.
const DECADES: usize = 256;

/// What is counted of one group, and its prior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Packed(pub u64);

impl Packed {
    /// How much likelier than others the group is meant, in 64ths.
    pub(super) fn with_prior(self, prior: u8) -> Self {
        Self(self.0 | u64::from(prior))
    }

    /// Types as MusicBrainz names them, primary or secondary.
    pub(super) fn with_type(mut self, name: &str) -> Self {
        if let Some(index) = position(&TYPES, name) {
            // Whoever names two primary types means the first.
            if self.kind() == 0 {
                self.0 |= (index as u64 + 1) << TYPE_AT;
            }
        } else if let Some(index) = position(&SECONDARY, name) {
            self.0 |= 1 << (SECONDARY_AT + index as u32);
        }
        self
    }

    pub(super) fn with_year(self, year: u16) -> Self {
        Self(self.0 | u64::from(year.min(9_999)) << YEAR_AT)
    }

    pub(super) fn with_link(
        mut self,
        format: Option<&str>,
        media: Option<&str>,
        encoding: Option<&str>,
    ) -> Self {
        let parts: [(&[&str], u32, Option<&str>); 3] =
            [(&FORMATS, FORMAT_AT, format), (&MEDIA, MEDIA_AT, media), (&ENCODINGS, ENCODING_AT, encoding)];
        for (names, at, name) in parts {
            if let Some(index) = name.and_then(|name| position(names, name)) {
                self.0 |= 1 << (at + index as u32);
            }
        }
        self.0 |= 1 << LINKED_AT;
        self
    }

    pub(super) fn prior(self) -> f32 {
        (self.0 & 0xff) as f32 / 64.0
    }

    pub(super) fn is_linked(self) -> bool {
        self.0 >> LINKED_AT & 1 == 1
    }

    /// 0: unknown.
    pub(super) fn year(self) -> u64 {
        self.0 >> YEAR_AT & ((1 << YEAR_BITS) - 1)
    }

    fn kind(self) -> usize {
        (self.0 >> TYPE_AT & 7) as usize
    }
}

fn position(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|known| known.eq_ignore_ascii_case(name))
}

/// How often each value occurs among the hits, by filter key (`type`, `format`, ...) and value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Facets(pub BTreeMap<&'static str, BTreeMap<Cow<'static, str>, u64>>);

/// Counts hits.
#[derive(Clone)]
pub(super) struct Counts {
    types: [u64; TYPES.len() + 1],
    /// By bit.
    bits: [u64; 64],
    decades: Vec<u32>,
    seeded: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { types: Default::default(), bits: [0; 64], decades: vec![0; DECADES], seeded: 0 }
    }
}

impl Counts {
    #[inline]
    pub(super) fn add(&mut self, packed: Packed, seeded: bool) {
        if let Some(count) = self.types.get_mut(packed.kind()) {
            *count += 1;
        }
        if let Some(count) = self.decades.get_mut(packed.year() as usize / 10) {
            *count += 1;
        }
        self.seeded += u64::from(seeded);
        // Few of them are set, and most hits have none.
        let mut bits = packed.0 >> SECONDARY_AT & ((1 << (LINKED_AT + 1 - SECONDARY_AT)) - 1);
        while bits != 0 {
            let bit = bits.trailing_zeros();
            self.bits[(SECONDARY_AT + bit) as usize] += 1;
            bits &= bits - 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.types.iter_mut().zip(other.types).for_each(|(sum, more)| *sum += more);
        self.bits.iter_mut().zip(other.bits).for_each(|(sum, more)| *sum += more);
        self.decades.iter_mut().zip(&other.decades).for_each(|(sum, more)| *sum += more);
        self.seeded += other.seeded;
    }

    pub(super) fn to_facets(&self) -> Facets {
        let mut facets: BTreeMap<&str, BTreeMap<Cow<'static, str>, u64>> = BTreeMap::new();
        let mut set = |key, value: Cow<'static, str>, count: u64| {
            if count > 0 {
                facets.entry(key).or_default().insert(value, count);
            }
        };
        for (name, count) in TYPES.iter().zip(&self.types[1..]) {
            set("type", Cow::Borrowed(name), *count);
        }
        let groups: [(&str, &[&'static str], u32); 4] = [
            ("type", &SECONDARY, SECONDARY_AT),
            ("format", &FORMATS, FORMAT_AT),
            ("media", &MEDIA, MEDIA_AT),
            ("encoding", &ENCODINGS, ENCODING_AT),
        ];
        for (key, names, at) in groups {
            for (name, bit) in names.iter().zip(at..) {
                set(key, Cow::Borrowed(name), self.bits[bit as usize]);
            }
        }
        set("has", Cow::Borrowed("link"), self.bits[LINKED_AT as usize]);
        set("seeded", Cow::Borrowed("yes"), self.seeded);
        for (decade, count) in self.decades.iter().enumerate().skip(1) {
            if *count > 0 {
                set("year", Cow::Owned(format!("{decade}0..{decade}9")), u64::from(*count));
            }
        }
        Facets(facets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_counted() {
        let album = Packed::default().with_type("album").with_type("Live").with_year(1971).with_prior(80);
        let linked = album.with_link(Some("FLAC"), Some("Vinyl"), Some("24bit Lossless"));
        let linked = linked.with_link(Some("mp3"), None, Some("odd"));
        assert_eq!((linked.prior(), linked.year(), linked.is_linked()), (1.25, 1971, true));
        assert!(!album.is_linked());
        let (mut counts, mut other) = (Counts::default(), Counts::default());
        counts.add(album, false);
        counts.add(Packed::default(), false);
        other.add(linked, true);
        counts.merge(&other);
        let facets = serde_json::to_value(counts.to_facets()).unwrap();
        let expected = serde_json::json!({
            "type": {"Album": 2, "Live": 2}, "format": {"FLAC": 1, "MP3": 1}, "media": {"Vinyl": 1},
            "encoding": {"24bit Lossless": 1}, "has": {"link": 1}, "seeded": {"yes": 1},
            "year": {"1970..1979": 2},
        });
        assert_eq!(facets, expected);
    }
}

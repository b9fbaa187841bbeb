//! What somebody pasted, as an identifier that the catalogue can look up.

use super::address::{ASIN_LENGTH, Address};
use crate::mbid::{self, Uuid};

/// Longer text is no identifier.
const MAX_BYTES: usize = 2048;
/// Digits of the shortest barcode, EAN-8, and of the longest, GTIN-14. Shorter numbers are titles.
const BARCODE_DIGITS: std::ops::RangeInclusive<usize> = 8..=14;
/// The lengths that barcodes are printed and stored in.
const BARCODE_LENGTHS: [usize; 4] = [8, 12, 13, 14];

/// Something that names a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    /// Of anything.
    Mbid(Uuid),
    /// Of a release.
    Barcode(Barcode),
    /// Amazon's number of a release, in upper case.
    Asin(String),
    /// At another site.
    Address(Address),
}

/// The digits of a barcode: UPC-A, EAN-8, EAN-13 or GTIN-14.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barcode(String);

impl Barcode {
    /// Reads digits, with spaces and hyphens between them.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect();
        let is_barcode = BARCODE_DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_barcode.then_some(Self(digits))
    }

    /// How it may be written: as it is, and with the zeros before it that each length has.
    pub(super) fn forms(&self) -> Vec<String> {
        let bare = self.0.trim_start_matches('0');
        let mut forms = vec![self.0.clone()];
        let padded = BARCODE_LENGTHS.iter().map(|length| format!("{bare:0>length$}"));
        for form in padded.chain([bare.to_owned()]) {
            if !bare.is_empty() && !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms
    }
}

impl Identifier {
    /// Reads what somebody pasted: an MBID or an address at musicbrainz.org, a barcode, an ASIN, an address
    /// at another site, or Discogs' own way to write one (`[r123]`). `None` if it is none of those, e.g.
    /// words.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return None;
        }
        if let Some(mbid) = mbid::bare(text) {
            return Some(Self::Mbid(mbid));
        }
        if let Some(barcode) = Barcode::parse(text) {
            return Some(Self::Barcode(barcode));
        }
        if is_asin(text) {
            return Some(Self::Asin(text.to_ascii_uppercase()));
        }
        if let Some(address) = Address::of_discogs_code(text) {
            return Some(Self::Address(address));
        }
        let address = Address::parse(text)?;
        if let Some(path) = address.path_at("musicbrainz.org") {
            return path.split('/').nth(1).and_then(mbid::bare).map(Self::Mbid);
        }
        Some(address.asin().map_or_else(|| Self::Address(address.clone()), |asin| Self::Asin(asin.into())))
    }
}

/// Amazon's own numbers begin with B0. Those of books do not, and look like anything.
fn is_asin(text: &str) -> bool {
    let begins = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("b0"));
    begins && text.len() == ASIN_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MBID: &str = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";

    #[test]
    fn mbids_and_their_addresses() {
        let mbid = Some(Identifier::Mbid(MBID.parse().unwrap()));
        for kind in ["artist", "label", "release-group", "release", "recording"] {
            for address in [
                format!("https://musicbrainz.org/{kind}/{MBID}"),
                format!("http://www.musicbrainz.org/{kind}/{MBID}/"),
                format!("musicbrainz.org/{kind}/{MBID}/tags?page=2#top"),
                format!("beta.musicbrainz.org/{kind}/{}", MBID.to_uppercase()),
            ] {
                assert_eq!(Identifier::parse(&address), mbid, "{address}");
            }
        }
        assert_eq!(Identifier::parse(&format!(" {MBID}\n")), mbid);
        assert_eq!(Identifier::parse("https://musicbrainz.org/release/x"), None);
        assert_eq!(Identifier::parse(&MBID.replace('-', "")), None);
    }

    #[test]
    fn barcodes_with_whatever_is_between_their_digits() {
        for (text, digits) in [
            ("5012394144777", "5012394144777"),
            (" 5 012394 144777 ", "5012394144777"),
            ("0-12345-67890-5", "012345678905"),
            ("12345670", "12345670"),
        ] {
            assert_eq!(Identifier::parse(text), Some(Identifier::Barcode(Barcode(digits.into()))), "{text}");
        }
        for text in ["90125", "1984", "123456789012345", "12345678x", ""] {
            assert_eq!(Identifier::parse(text), None, "{text}");
        }
        let forms = |text| Barcode::parse(text).unwrap().forms();
        for text in ["012345678905", "12345678905", "0012345678905", "00012345678905"] {
            let forms = forms(text);
            for form in ["12345678905", "012345678905", "0012345678905", "00012345678905"] {
                assert!(forms.iter().any(|found| found == form), "{text}: {forms:?}");
            }
        }
        assert_eq!(forms("00000000"), ["00000000"]);
    }

    #[test]
    fn asins_alone_and_in_addresses() {
        let asin = Some(Identifier::Asin("B000002UAL".into()));
        for text in [
            "B000002UAL",
            "b000002ual",
            "https://www.amazon.com/dp/B000002UAL?tag=x",
            "http://www.amazon.co.jp/gp/product/B000002UAL/ref=sr_1",
            "https://www.amazon.de/Low-Water-The-Tide/dp/B000002UAL/",
            "https://www.amazon.co.uk/exec/obidos/ASIN/B000002UAL",
            "amazon.fr/o/ASIN/b000002ual",
        ] {
            assert_eq!(Identifier::parse(text), asin, "{text}");
        }
        for text in ["B00000", "C000002UAL", "b0 0002ual"] {
            assert_eq!(Identifier::parse(text), None, "{text}");
        }
    }

    #[test]
    fn words_are_none() {
        for text in
            ["low water", "Sunn O)))", "m83", "r2d2", "a/b", "AC/DC", "and/or.", "[r1", "...", "St. Vincent"]
        {
            assert_eq!(Identifier::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>(), host in "(https?://)?(www\\.)?(discogs|amazon|musicbrainz)\\.(com|org)/") {
            let _ = Identifier::parse(&text);
            let _ = Identifier::parse(&format!("{host}{text}"));
        }
    }
}

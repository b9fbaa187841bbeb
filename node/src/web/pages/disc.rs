//! A record to look at where a cover would be: drawn by the stylesheet, the same for an MBID everywhere.

use deadwax_index::mbid::Uuid;

/// Colours of labels in the stylesheet.
const HUES: u8 = 8;
/// Ways in which its tracks are spaced.
const GROOVES: u8 = 4;

/// The classes of the record of an MBID.
pub fn classes(mbid: &Uuid) -> String {
    // The bytes of a UUID are random but for its version; own releases are hashes.
    let [first, second, ..] = *mbid.as_bytes();
    format!("disc h{} g{}", first % HUES, second % GROOVES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stylesheet_has_every_record() {
        let stylesheet = include_str!("../../../static/deadwax.css");
        for hue in 0..HUES {
            assert!(stylesheet.contains(&format!(".h{hue} {{")), "{hue}");
        }
        // The first needs no rule of its own.
        for groove in 1..GROOVES {
            assert!(stylesheet.contains(&format!(".g{groove} {{")), "{groove}");
        }
        assert_eq!(classes(&Uuid::from_u128(0x0b06 << 112)), "disc h3 g2");
    }
}

//! What people put into brackets, and between the hyphens of names without spaces: `[FLAC]`, `(1994)`,
//! `{NHR-014}`, `-WEB-1994-`. Words outside of these may belong to titles and are not looked at.

use std::collections::HashSet;

/// So many pieces are read of one torrent: folders repeat themselves.
const MAX_PIECES: usize = 200;
/// Letters that a number follows without it being a catalogue number.
const NO_CATNO: [&str; 20] = [
    "cd", "lp", "ep", "vol", "disc", "disk", "mp", "flac", "kbps", "khz", "bit", "web", "dvd", "sacd",
    "side", "part", "vbr", "cbr", "alac", "aac",
];

/// The marks of a torrent's name and folders.
pub(super) struct Marks {
    /// As written, between brackets or hyphens.
    pieces: Vec<String>,
    /// Lowercase words of all pieces, in order.
    words: Vec<String>,
    /// Whether a folder is called `CD1` or so.
    has_disc_folders: bool,
}

impl Marks {
    /// Reads names; a folder counts once, however many files are in it.
    pub(super) fn read<'a>(name: &'a str, folders: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = HashSet::new();
        let parts =
            folders.flat_map(|path| path.split('/')).filter(|part| seen.insert(*part)).take(MAX_PIECES);
        let mut pieces = Vec::new();
        let mut has_disc_folders = false;
        for part in std::iter::once(name).chain(parts) {
            has_disc_folders |= is_disc_folder(part);
            pieces.extend(bracketed(part));
            if !part.contains(' ') {
                // Artist and title come first.
                pieces.extend(part.split('-').skip(2).map(|piece| piece.replace('_', " ")));
            }
            pieces.truncate(MAX_PIECES);
        }
        let words = pieces.iter().flat_map(|piece| words(piece)).collect();
        Self { pieces, words, has_disc_folders }
    }

    pub(super) fn has_any(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    fn has_pair(&self, first: &str, second: &[&str]) -> bool {
        self.words.windows(2).any(|pair| pair[0] == first && second.contains(&pair[1].as_str()))
    }

    pub(super) fn format(&self) -> Option<&'static str> {
        let known = [
            ("flac", "FLAC"),
            ("mp3", "MP3"),
            ("alac", "ALAC"),
            ("aac", "AAC"),
            ("opus", "Opus"),
            ("vorbis", "Ogg Vorbis"),
            ("ogg", "Ogg Vorbis"),
            ("wavpack", "WavPack"),
            ("dsd", "DSD"),
            ("wav", "WAV"),
            ("flac24", "FLAC"),
        ];
        known.iter().find(|(word, _)| self.has_any(&[word])).map(|(_, format)| *format)
    }

    pub(super) fn is_24_bit(&self) -> bool {
        self.has_any(&["24bit", "24bits", "2496", "24192", "2448", "2444", "24b", "flac24", "24khz96"])
            || self.has_pair(
                "24",
                &["bit", "bits", "44", "48", "88", "96", "176", "192", "44khz", "48khz", "96khz", "192khz"],
            )
    }

    pub(super) fn lossy_encoding(&self) -> Option<String> {
        for (words, encoding) in [
            (&["v0", "v0vbr", "vbrv0"][..], "V0 (VBR)"),
            (&["v2", "vbrv2"], "V2 (VBR)"),
            (&["v1"], "V1 (VBR)"),
            (&["320", "320kbps", "cbr320", "320cbr", "320k"], "320"),
            (&["256", "256kbps", "256k"], "256"),
            (&["192", "192kbps", "192k"], "192"),
            (&["128", "128kbps", "128k"], "128"),
        ] {
            if self.has_any(words) {
                return Some(encoding.to_owned());
            }
        }
        None
    }

    pub(super) fn media(&self) -> Option<&'static str> {
        for (words, media) in [
            (&["sacd", "sacdr"][..], "SACD"),
            (&["vinyl", "vinylrip", "2xvinyl"], "Vinyl"),
            (&["web", "webrip", "webflac", "bandcamp"], "WEB"),
            (&["cassette", "mc", "k7"], "Cassette"),
            (&["dvd", "dvda", "dvdr"], "DVD"),
            (&["bluray", "bdrip"], "Blu-ray"),
            (&["dat"], "DAT"),
            (&["soundboard", "sbd"], "Soundboard"),
            (&["cd", "cdr", "2cd", "3cd", "cdrip", "cda", "cdep", "cds", "cdm"], "CD"),
        ] {
            if self.has_any(words) {
                return Some(media);
            }
        }
        self.has_disc_folders.then_some("CD")
    }

    pub(super) fn year(&self, years: std::ops::RangeInclusive<u16>) -> Option<u16> {
        let number = |word: &String| word.parse().ok().filter(|year| word.len() == 4 && years.contains(year));
        self.words.iter().find_map(number)
    }

    /// The first piece, or the last word of one, that looks like a catalogue number.
    pub(super) fn catno(&self) -> Option<String> {
        let parts = self.pieces.iter().flat_map(|piece| piece.split([',', ';', '|', '/']));
        let mut candidates = parts.flat_map(|part| [Some(part), part.rsplit_once(' ').map(|(_, last)| last)]);
        candidates.find_map(|part| part.map(str::trim).filter(|part| is_catno(part)).map(str::to_owned))
    }
}

/// Two letters or more, maybe a hyphen or space, two digits or more, and maybe letters: `NHR-014`, `WARP 92`, `4AD12CD`.
fn is_catno(text: &str) -> bool {
    let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    let rest = &text[letters.len()..];
    let rest = rest.strip_prefix(['-', ' ']).unwrap_or(rest);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let end = &rest[digits..];
    (2..=8).contains(&letters.len())
        && (2..=8).contains(&digits)
        && end.len() <= 4
        && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && !NO_CATNO.contains(&letters.to_lowercase().as_str())
}

fn is_disc_folder(name: &str) -> bool {
    let lower = name.to_lowercase();
    let number = lower.strip_prefix("cd").map(|rest| rest.trim_start_matches([' ', '-', '_']));
    number.is_some_and(|rest| (1..=2).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stands in brackets of any sort; one that is never closed reaches to the end.
fn bracketed(name: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some(start) = rest.find(['(', '[', '{']) {
        let inside = &rest[start + 1..];
        let end = inside.find([')', ']', '}']).unwrap_or(inside.len());
        pieces.push(inside[..end].to_owned());
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    pieces
}

/// The name as it is outside of brackets.
pub(super) fn without_brackets(name: &str) -> String {
    let mut depth = 0usize;
    let mut bare = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lowercase letters and digits, parted by everything else.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Words that a search takes as words: no hyphens, quotation marks or colons.
pub(super) fn plain_words(text: &str) -> String {
    words(text).join(" ")
}

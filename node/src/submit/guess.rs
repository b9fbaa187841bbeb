//! What the names and sizes of a torrent's files say about the music: format, encoding, media, year, catalogue
//! number, tracks. Pure, and no more than a proposal: people look at it before anything is signed.
//!
//! Not here: the catalogue, which knows better where it knows the release (`editions.rs`).

use deadwax_index::torrent::TorrentFile;

mod marks;

use marks::{Marks, plain_words};

/// A year that music was released in, for all that names of folders say.
const YEARS: std::ops::RangeInclusive<u16> = 1900..=2100;
/// Encoded audio is so much at most off its nominal rate: containers, tags and pictures come on top.
const RATE_TOLERANCE: f64 = 0.06;
/// Rates that encoders offer, in kb/s.
const RATES: [u64; 7] = [320, 256, 224, 192, 160, 128, 96];
/// Of two channels at 44.1 kHz and 16 bits, uncompressed, in kb/s: FLAC above it has more bits or a higher rate.
const CD_RATE: f64 = 1411.2;
/// Above this rate an .m4a file holds ALAC, below it AAC, in kb/s.
const LOSSLESS_M4A_RATE: f64 = 450.0;

/// What was read; nothing is empty text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guess {
    /// `FLAC`, `MP3`, ...
    pub format: Option<&'static str>,
    /// `Lossless`, `24bit Lossless`, `V0 (VBR)`, `320`, ...
    pub encoding: Option<String>,
    /// `CD`, `Vinyl`, `WEB`, ...
    pub media: Option<&'static str>,
    /// Of the edition or of the first release: names do not say which.
    pub year: Option<u16>,
    /// Catalogue number.
    pub catno: Option<String>,
    /// Whether a rip log is there; unknown without a list of files.
    pub log: Option<bool>,
    /// Whether a cue sheet is there.
    pub cue: Option<bool>,
    /// What stands before ` - ` in the name.
    pub artist: Option<String>,
    /// What stands after it, without brackets.
    pub title: Option<String>,
    /// Titles of the tracks in order, as the names of files have them.
    pub tracks: Vec<String>,
    /// Sizes of the audio files together.
    pub audio_bytes: u64,
}

/// Extensions of audio files. `.m4a` is one of two, and decided by name or rate.
const FORMATS: [(&str, &str); 16] = [
    ("flac", "FLAC"),
    ("mp3", "MP3"),
    ("m4a", "AAC"),
    ("aac", "AAC"),
    ("opus", "Opus"),
    ("ogg", "Ogg Vorbis"),
    ("oga", "Ogg Vorbis"),
    ("alac", "ALAC"),
    ("wv", "WavPack"),
    ("ape", "Monkey's Audio"),
    ("tta", "TTA"),
    ("wav", "WAV"),
    ("aif", "AIFF"),
    ("aiff", "AIFF"),
    ("dsf", "DSD"),
    ("dff", "DSD"),
];
/// Formats that lose nothing.
const LOSSLESS: [&str; 7] = ["FLAC", "ALAC", "WavPack", "Monkey's Audio", "TTA", "WAV", "AIFF"];

impl Guess {
    /// Reads the torrent's name and its files, if they are known.
    pub fn of(name: &str, files: &[TorrentFile]) -> Self {
        let audio: Vec<(&TorrentFile, &'static str)> =
            files.iter().filter_map(|file| Some((file, format_of(&file.path)?))).collect();
        let folders = files.iter().filter_map(|file| file.path.rsplit_once('/')).map(|(folder, _)| folder);
        let marks = Marks::read(name, folders);
        let has = |extension: &str| {
            (!files.is_empty()).then(|| files.iter().any(|file| extension_of(&file.path) == extension))
        };
        let log = has("log");
        let format = main_format(&audio).or_else(|| marks.format());
        let format = if format == Some("AAC") && marks.has_any(&["alac"]) { Some("ALAC") } else { format };
        let encoding = match format {
            Some(format) if LOSSLESS.contains(&format) => {
                Some(if marks.is_24_bit() { "24bit Lossless" } else { "Lossless" }.to_owned())
            }
            Some("DSD") | None => None,
            Some(_) => marks.lossy_encoding(),
        };
        let (artist, title) = artist_and_title(name);
        Self {
            format,
            encoding,
            // Logs are written by programs that read discs.
            media: marks.media().or((log == Some(true)).then_some("CD")),
            year: marks.year(YEARS),
            catno: marks.catno(),
            log,
            cue: has("cue"),
            artist,
            title,
            tracks: audio.iter().map(|(file, _)| track_title(&file.path)).collect(),
            audio_bytes: audio.iter().map(|(file, _)| file.size_bytes).sum(),
        }
    }

    /// The same, where it is known how long the music is: the rate tells encodings apart that names leave open.
    pub fn with_duration(mut self, duration_ms: u64) -> Self {
        if self.audio_bytes == 0 || duration_ms == 0 {
            return self;
        }
        // Bits in a millisecond are kilobits in a second.
        let rate = self.audio_bytes as f64 * 8.0 / duration_ms as f64;
        if self.format == Some("AAC") && rate > LOSSLESS_M4A_RATE {
            (self.format, self.encoding) = (Some("ALAC"), Some("Lossless".into()));
        }
        match self.format {
            Some(format) if LOSSLESS.contains(&format) && rate > CD_RATE => {
                self.encoding = Some("24bit Lossless".into());
            }
            Some("MP3") if self.encoding.is_none() => {
                let near = |nominal: &u64| (rate / *nominal as f64 - 1.0).abs() <= RATE_TOLERANCE;
                self.encoding = RATES.iter().find(|nominal| near(nominal)).map(u64::to_string);
            }
            _ => {}
        }
        self
    }

    /// Words to search for, if the name has any.
    pub fn words(&self) -> Option<String> {
        let words: Vec<&str> =
            [&self.artist, &self.title].into_iter().flatten().map(String::as_str).collect();
        (!words.is_empty()).then(|| plain_words(&words.join(" ")))
    }
}

fn extension_of(path: &str) -> String {
    path.rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or(String::new(), |(_, end)| end.to_lowercase())
}

fn format_of(path: &str) -> Option<&'static str> {
    let extension = extension_of(path);
    FORMATS.iter().find(|(known, _)| *known == extension).map(|(_, format)| *format)
}

/// The format that takes most of the space.
fn main_format(audio: &[(&TorrentFile, &'static str)]) -> Option<&'static str> {
    let formats = FORMATS.iter().map(|(_, format)| *format);
    let bytes = |format: &str| {
        let same = audio.iter().filter(|(_, other)| *other == format);
        same.map(|(file, _)| file.size_bytes.saturating_add(1)).fold(0u64, u64::saturating_add)
    };
    formats
        .map(|format| (bytes(format), format))
        .filter(|(bytes, _)| *bytes > 0)
        .max_by_key(|(bytes, _)| *bytes)
        .map(|(_, format)| format)
}

/// The file's name without its number, extension, and what else stands before the last ` - `.
fn track_title(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).replace('_', " ");
    let title = stem.rsplit_once(" - ").map_or(stem.as_str(), |(_, title)| title).trim();
    let unnumbered =
        title.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | ')' | ' '));
    // A track may be called "1999".
    if unnumbered.is_empty() { title.to_owned() } else { unnumbered.to_owned() }
}

fn artist_and_title(name: &str) -> (Option<String>, Option<String>) {
    let bare = marks::without_brackets(name);
    let bare = if bare.contains(' ') { bare } else { bare.replace('_', " ") };
    let text =
        |text: &str| Some(text.trim().trim_matches('-').trim().to_owned()).filter(|text| !text.is_empty());
    match bare.split_once(" - ") {
        Some((artist, title)) => {
            // "Artist - 1994 - Title"
            let title = title.split(" - ").find(|part| part.trim().parse::<u16>().is_err()).unwrap_or(title);
            (text(artist), text(title))
        }
        None => (None, text(&bare)),
    }
}

#[cfg(test)]
mod tests;

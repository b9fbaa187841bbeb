//! How well an edition fits what the files of a torrent say, as a sum of weights, with the reasons in words.

use crate::submit::guess::Guess;
use deadwax_index::catalogue::tracks::Medium;
use deadwax_index::catalogue::{EditionRecord, GroupRecord};
use std::collections::HashMap;

/// What each agreement is worth. How many tracks there are, and what they are called, says most; a catalogue number
/// is of one edition, where people write it down; a year is often that of another edition.
const TRACK_COUNT: f64 = 40.0;
const TRACK_TITLES: f64 = 30.0;
const CATNO: f64 = 30.0;
const NAME: f64 = 20.0;
const YEAR: f64 = 10.0;
const MEDIA: f64 = 10.0;
/// From this likeness on it is a reason that people can follow.
const TELLING: f64 = 0.5;

/// What is known of a torrent, in a form to compare.
pub struct Evidence {
    tracks: Vec<String>,
    year: Option<u16>,
    catno: Option<String>,
    media: Option<&'static str>,
    artist: Option<String>,
    title: Option<String>,
}

/// The sum of weights.
#[derive(Debug, Default)]
pub struct Weight {
    /// What agrees.
    pub earned: f64,
    /// What could be compared.
    pub possible: f64,
    /// In words.
    pub reasons: Vec<String>,
    /// Whether there is a file for each track.
    pub has_all_tracks: bool,
}

impl Weight {
    fn add(&mut self, weight: f64, likeness: f64, reason: Option<String>) {
        self.possible += weight;
        self.earned += weight * likeness;
        self.reasons.extend(reason);
    }

    /// What agrees of what could be compared.
    pub fn percent(&self) -> Option<u8> {
        (self.possible > 0.0).then(|| (self.earned / self.possible * 100.0).round().clamp(0.0, 100.0) as u8)
    }
}

impl Evidence {
    /// What was read of a torrent.
    pub fn new(guess: &Guess) -> Self {
        Self {
            tracks: guess.tracks.clone(),
            year: guess.year,
            catno: guess.catno.clone(),
            media: guess.media,
            artist: guess.artist.clone(),
            title: guess.title.clone(),
        }
    }

    /// Whether titles of tracks can be compared.
    pub fn has_tracks(&self) -> bool {
        !self.tracks.is_empty()
    }

    /// Compares with an edition; `media` are its tracks, as far as they are here.
    pub fn weigh(&self, group: &GroupRecord, edition: &EditionRecord, media: &[Medium]) -> Weight {
        let mut weight = Weight::default();
        self.weigh_tracks(edition, media, &mut weight);
        if let Some(catno) = &self.catno {
            let known: Vec<&String> =
                edition.labels.iter().filter_map(|label| label.catno.as_ref()).collect();
            let is_same = known.iter().any(|known| plain(known) == plain(catno));
            if !known.is_empty() {
                weight.add(
                    CATNO,
                    f64::from(is_same),
                    is_same.then(|| format!("catalogue number {catno} in the name")),
                );
            }
        }
        if let Some(title) = &self.title {
            let artist = edition.artist.as_ref().unwrap_or(&group.known.artist);
            let likeness = match &self.artist {
                Some(name) => (alike(title, &edition.title) + alike(name, artist)) / 2.0,
                None => alike(title, &edition.title),
            };
            let reason = (likeness >= TELLING).then(|| format!("name {}", in_words(likeness)));
            weight.add(NAME, likeness, reason);
        }
        if let (Some(year), Some(known)) = (self.year, edition.year()) {
            weight.add(
                YEAR,
                f64::from(year == known),
                (year == known).then(|| format!("{year} in the name")),
            );
        }
        if let Some(media) = self.media {
            let formats: Vec<&str> =
                edition.media.iter().filter_map(|medium| medium.format.as_deref()).collect();
            let is_same = formats.iter().any(|format| is_media(media, format));
            if !formats.is_empty() {
                weight.add(MEDIA, f64::from(is_same), is_same.then(|| media.to_owned()));
            }
        }
        weight
    }

    fn weigh_tracks(&self, edition: &EditionRecord, media: &[Medium], weight: &mut Weight) {
        let count: u64 = edition.media.iter().map(|medium| u64::from(medium.track_count)).sum();
        let here = self.tracks.len() as u64;
        if here == 0 || count == 0 {
            return;
        }
        let likeness = 1.0 - here.abs_diff(count) as f64 / here.max(count) as f64;
        // A track too few is another edition, not nearly the same one.
        let likeness = if here == count { 1.0 } else { likeness / 2.0 };
        weight.has_all_tracks = here == count;
        weight.add(TRACK_COUNT, likeness, Some(format!("{here} of {count} tracks")));
        let titles: Vec<&str> =
            media.iter().flat_map(|medium| &medium.tracks).map(|track| track.title.as_str()).collect();
        if titles.is_empty() {
            return;
        }
        let pairs = self.tracks.iter().zip(&titles).map(|(file, title)| alike(file, title));
        let likeness = pairs.sum::<f64>() / self.tracks.len().max(titles.len()) as f64;
        let reason = (likeness >= TELLING).then(|| format!("titles {}", in_words(likeness)));
        weight.add(TRACK_TITLES, likeness, reason);
    }
}

fn in_words(likeness: f64) -> String {
    match (likeness * 100.0).round() as u64 {
        100.. => "alike".into(),
        percent => format!("{percent} % alike"),
    }
}

/// Whether a medium of MusicBrainz (`12" Vinyl`, `Digital Media`) is what people call `media`.
fn is_media(media: &str, format: &str) -> bool {
    let format = format.to_lowercase();
    match media {
        "WEB" => format.contains("digital"),
        media => format.contains(&media.to_lowercase()),
    }
}

/// Letters and digits only, in lower case.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Longer titles are cut before they are compared.
const MAX_COMPARED_CHARS: usize = 200;

/// How much two texts have in common, 0 to 1: twice the pairs of characters that both have, by those of each (Dice).
pub(super) fn alike(left: &str, right: &str) -> f64 {
    let pairs = |text: &str| -> Vec<(char, char)> {
        let chars: Vec<char> = plain(text).chars().take(MAX_COMPARED_CHARS).collect();
        chars.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let (left_pairs, right_pairs) = (pairs(left), pairs(right));
    if left_pairs.is_empty() || right_pairs.is_empty() {
        return f64::from(plain(left) == plain(right) && !plain(left).is_empty());
    }
    let mut counts: HashMap<(char, char), usize> = HashMap::new();
    left_pairs.iter().for_each(|pair| *counts.entry(*pair).or_default() += 1);
    let shared = right_pairs.iter().filter(|pair| {
        counts.get_mut(pair).is_some_and(|count| {
            let is_left = *count > 0;
            *count = count.saturating_sub(1);
            is_left
        })
    });
    2.0 * shared.count() as f64 / (left_pairs.len() + right_pairs.len()) as f64
}

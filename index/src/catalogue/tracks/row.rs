//! The tracks of one release as bytes. `doc/CATALOGUE.md` has the form.
//!
//! Most of a row are MBIDs, which nothing makes shorter; so only the text is compressed, by itself.

use super::{Credited, Medium, Track};
use crate::catalogue::numbers::{number_at, put_number};
use crate::catalogue::record::{self, CreditPart, Release};
use crate::mbid::Uuid;

/// Fast, and the best level saves 3 % of the text more.
const ZSTD_LEVEL: i32 = 3;
const MBID_BYTES: usize = 16;
/// Between texts. JSON could have it inside one, PostgreSQL and so MusicBrainz not.
const END: u8 = 0;
/// The text of a release: it comes from one line.
const MAX_TEXT_BYTES: usize = crate::catalogue::MAX_LINE_BYTES;

/// The tracks of a release as a row; `None` if it has none.
pub(in super::super) fn encode(release: &Release) -> std::io::Result<Option<Vec<u8>>> {
    let media = media_of(release);
    let is_empty = media.iter().all(|medium| medium.tracks.is_empty());
    (!is_empty).then(|| write(&media)).transpose()
}

/// What is kept of the media of a release.
fn media_of(release: &Release) -> Vec<Medium> {
    let whose = credited(&release.artist_credit);
    let track = |track: &record::Track| Track {
        position: track.position,
        number: track.number.clone(),
        title: track.title.clone(),
        length_ms: track.length.and_then(|length| length.try_into().ok()).filter(|length| *length < u32::MAX),
        recording: track.recording.as_ref().and_then(|recording| recording.mbid()),
        credit: Some(credited(&track.artist_credit)).filter(|credit| *credit != whose).unwrap_or_default(),
    };
    let media = release.media.iter().map(|medium| Medium {
        position: medium.position,
        format: None,
        title: None,
        tracks: medium.pregap.iter().chain(&medium.tracks).chain(&medium.data_tracks).map(track).collect(),
    });
    media.collect()
}

fn credited(parts: &[CreditPart]) -> Vec<Credited> {
    let parts = parts.iter().map(|part| Credited {
        artist: part.artist.as_ref().and_then(|artist| artist.mbid()),
        name: part.name.clone(),
        join_phrase: part.joinphrase.clone(),
    });
    parts.collect()
}

fn write(media: &[Medium]) -> std::io::Result<Vec<u8>> {
    let tracks = || media.iter().flat_map(|medium| &medium.tracks);
    let mut credits: Vec<&[Credited]> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    for track in tracks().filter(|track| !track.credit.is_empty()) {
        numbers.entry(&track.credit).or_insert_with(|| {
            credits.push(&track.credit);
            credits.len() as u64
        });
    }
    let mut row = Vec::new();
    put_number(&mut row, media.len() as u64);
    for medium in media {
        put_number(&mut row, medium.position.into());
        put_number(&mut row, medium.tracks.len() as u64);
    }
    put_number(&mut row, credits.len() as u64);
    for credit in &credits {
        put_number(&mut row, credit.len() as u64);
    }
    for medium in media {
        let mut expected = 1;
        for track in &medium.tracks {
            // One bit says whether the position is not the one after that of the track before.
            let length = track.length_ms.map_or(0, |length| u64::from(length) + 1);
            put_number(&mut row, length << 1 | u64::from(track.position != expected));
            if track.position != expected {
                put_number(&mut row, track.position.into());
            }
            expected = track.position.wrapping_add(1);
            if !credits.is_empty() {
                put_number(&mut row, numbers.get(&track.credit).copied().unwrap_or(0));
            }
        }
    }
    let mut text = Vec::new();
    let mut say = |part: &str| {
        text.extend(part.bytes().map(|byte| if byte == END { b' ' } else { byte }));
        text.push(END);
    };
    tracks().for_each(|track| say(&track.title));
    tracks().for_each(|track| say(if has_plain_number(track) { "" } else { &track.number }));
    for part in credits.iter().flat_map(|credit| *credit) {
        say(&part.name);
        say(&part.join_phrase);
    }
    put_number(&mut row, text.len() as u64);
    for part in credits.iter().flat_map(|credit| *credit) {
        row.extend(part.artist.unwrap_or_default().as_bytes());
    }
    for track in tracks() {
        row.extend(track.recording.unwrap_or_default().as_bytes());
    }
    let packed = zstd::bulk::compress(&text, ZSTD_LEVEL)?;
    // Whoever reads sees by the length which of the two it is.
    row.extend(if packed.len() < text.len() { packed } else { text });
    Ok(row)
}

/// Whether its number is its position, as on most media.
fn has_plain_number(track: &Track) -> bool {
    track.number == track.position.to_string()
}

/// The media in a row, without formats and titles; `None` if it is damaged.
pub(super) fn decode(row: &[u8]) -> Option<Vec<Medium>> {
    let mut row = Reader(row);
    let mut head = Head::read(&mut row)?;
    let text_bytes = usize::try_from(row.number()?).ok().filter(|bytes| *bytes <= MAX_TEXT_BYTES)?;
    let parts = head.credits.iter().sum::<usize>();
    let artists = row.take(parts.checked_mul(MBID_BYTES)?)?;
    let recordings = row.take(head.tracks.len().checked_mul(MBID_BYTES)?)?;
    let unpacked;
    let text = if row.0.len() == text_bytes {
        row.0
    } else {
        unpacked = zstd::bulk::decompress(row.0, text_bytes).ok().filter(|text| text.len() == text_bytes)?;
        &unpacked
    };
    let mut texts = std::str::from_utf8(text).ok()?.split(char::from(END));
    let mut next = || texts.next().map(str::to_owned);
    for (track, mbid) in head.tracks.iter_mut().zip(recordings.chunks_exact(MBID_BYTES)) {
        track.0.title = next()?;
        track.0.recording = mbid_of(mbid);
    }
    for (track, _) in &mut head.tracks {
        track.number = next()?;
        if track.number.is_empty() {
            track.number = track.position.to_string();
        }
    }
    let mut artists = artists.chunks_exact(MBID_BYTES);
    let mut credits = Vec::new();
    for parts in head.credits {
        let mut credit = Vec::new();
        for _ in 0..parts {
            let (name, join_phrase) = (next()?, next()?);
            credit.push(Credited { artist: mbid_of(artists.next()?), name, join_phrase });
        }
        credits.push(credit);
    }
    let mut tracks = head.tracks.into_iter();
    let mut media = Vec::new();
    for (position, count) in head.media {
        let mut of_medium = Vec::new();
        for (mut track, credit) in tracks.by_ref().take(count) {
            if let Some(credit) = credit.checked_sub(1) {
                track.credit = credits.get(credit)?.clone();
            }
            of_medium.push(track);
        }
        media.push(Medium { position, format: None, title: None, tracks: of_medium });
    }
    Some(media)
}

/// The recordings in a row, one for each track, nil where it is not known; `None` if it is damaged.
pub(super) fn recordings(row: &[u8]) -> Option<impl ExactSizeIterator<Item = Uuid> + '_> {
    let mut row = Reader(row);
    let head = Head::read(&mut row)?;
    row.number()?;
    row.take(head.credits.iter().sum::<usize>().checked_mul(MBID_BYTES)?)?;
    let recordings = row.take(head.tracks.len().checked_mul(MBID_BYTES)?)?;
    Some(recordings.as_chunks::<MBID_BYTES>().0.iter().copied().map(Uuid::from_bytes))
}

fn mbid_of(bytes: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(bytes).ok().filter(|mbid| !mbid.is_nil())
}

/// The numbers before the MBIDs of a row.
struct Head {
    /// Position and number of tracks of each medium.
    media: Vec<(u32, usize)>,
    /// Number of parts of each credit.
    credits: Vec<usize>,
    /// Position and length of each track, and the number of its credit, from 1.
    tracks: Vec<(Track, usize)>,
}

impl Head {
    fn read(row: &mut Reader<'_>) -> Option<Self> {
        let mut media = Vec::new();
        for _ in 0..row.count(2)? {
            media.push((row.number()?.try_into().ok()?, row.count(MBID_BYTES)?));
        }
        let mut credits = Vec::new();
        for _ in 0..row.count(1)? {
            credits.push(row.count(MBID_BYTES)?);
        }
        let mut tracks = Vec::new();
        for (_, count) in &media {
            let mut expected = 1_u32;
            for _ in 0..*count {
                let number = row.number()?;
                let length_ms = (number >> 1).checked_sub(1).map(u32::try_from).transpose().ok()?;
                let position = if number & 1 == 0 { expected } else { row.number()?.try_into().ok()? };
                expected = position.wrapping_add(1);
                let credit = if credits.is_empty() { 0 } else { row.number()?.try_into().ok()? };
                let (number, title) = (String::new(), String::new());
                let (recording, no_credit) = (None, Vec::new());
                let track = Track { position, number, title, length_ms, recording, credit: no_credit };
                tracks.push((track, credit));
            }
        }
        Some(Self { media, credits, tracks })
    }
}

/// Bytes that are taken from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in groups of seven bits, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let (number, length) = number_at(self.0)?;
        self.0 = &self.0[length..];
        Some(number)
    }

    /// How many things follow that have at least `bytes` each: never more than there is room for.
    fn count(&mut self, bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count.checked_mul(bytes)? <= self.0.len()).then_some(count)
    }
}

#[cfg(test)]
mod tests;

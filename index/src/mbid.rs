//! MusicBrainz identifiers: the bare UUID, and what kind of record it names.

use crate::Problem;
use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

/// What a link's MBID names (the integer is its form in a link's body).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MbidKind {
    /// A release group: an album as a work, over all its editions.
    ReleaseGroup = 0,
    /// One edition of a release group.
    Release = 1,
    /// One recording.
    Recording = 2,
}

impl MbidKind {
    /// The kind with this number in the registry of `doc/ENTRY-FORMAT.md`.
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::ReleaseGroup),
            1 => Some(Self::Release),
            2 => Some(Self::Recording),
            _ => None,
        }
    }

    /// The path segment that musicbrainz.org uses for it.
    pub fn url_segment(self) -> &'static str {
        match self {
            Self::ReleaseGroup => "release-group",
            Self::Release => "release",
            Self::Recording => "recording",
        }
    }
}

/// Why text is not the MBID of something that a link can be about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MbidError {
    /// Neither a UUID nor a musicbrainz.org URL.
    #[error("this is neither an MBID nor a musicbrainz.org address")]
    Form,
    /// A record of a kind that carries no torrent links.
    #[error("this is the address of a MusicBrainz {0}, not of a release group, release or recording")]
    WrongKind(String),
}

impl MbidError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        let (code, fix) = match self {
            Self::Form => (
                "mbid.form",
                "Paste the address of the release group from musicbrainz.org, or its 36-character MBID.",
            ),
            Self::WrongKind(_) => {
                ("mbid.kind", "Open the album on musicbrainz.org and paste the address of its release group.")
            }
        };
        Problem { code, field: "mbid", message: format!("{}.", capitalise(&self.to_string())), fix }
    }
}

/// A sentence starts with a capital letter.
pub(crate) fn capitalise(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Reads a bare MBID (hyphenated, 36 characters; the kind is then unknown) or a musicbrainz.org URL
/// of a release group, release or recording.
///
/// # Errors
/// [`MbidError::WrongKind`] for a musicbrainz.org URL of anything else, e.g. an artist.
pub fn parse(text: &str) -> Result<(Uuid, Option<MbidKind>), MbidError> {
    let text = text.trim();
    if let Some(mbid) = bare(text) {
        return Ok((mbid, None));
    }
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').ok_or(MbidError::Form)?;
    let host = host.to_ascii_lowercase();
    if host != "musicbrainz.org" && !host.ends_with(".musicbrainz.org") {
        return Err(MbidError::Form);
    }
    let mut segments = path.split(['/', '?', '#']);
    let kind = segments.next().ok_or(MbidError::Form)?;
    let mbid = segments.next().and_then(bare).ok_or(MbidError::Form)?;
    match kind {
        "release-group" => Ok((mbid, Some(MbidKind::ReleaseGroup))),
        "release" => Ok((mbid, Some(MbidKind::Release))),
        "recording" => Ok((mbid, Some(MbidKind::Recording))),
        other if is_kind(other) => Err(MbidError::WrongKind(other.to_owned())),
        _ => Err(MbidError::Form),
    }
}

/// Whether it can be the name of a kind of record: it is repeated in a message, so nothing else is.
fn is_kind(segment: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    (1..=32).contains(&segment.len()) && segment.bytes().all(is_plain)
}

/// Only the hyphenated form: a bare run of 32 hex digits is more likely something else.
pub(crate) fn bare(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// MBIDs that one statement asks for: as many as a page of hits has.
pub(crate) const ASKED_AT_ONCE: usize = 10;

/// The values of such a statement, of which there are always as many: the last MBID fills what is left, and more
/// than [`ASKED_AT_ONCE`] are never given.
pub(crate) fn at_once(mbids: &[Uuid]) -> rusqlite::ParamsFromIter<impl Iterator<Item = &[u8; 16]>> {
    let last = mbids.last().into_iter().cycle();
    rusqlite::params_from_iter(mbids.iter().chain(last).take(ASKED_AT_ONCE).map(Uuid::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBID: &str = "c2c3a1a0-5d3b-4d5e-9a1b-0f4f6f6b7a10";

    #[test]
    fn reads_a_bare_mbid_in_either_case() {
        assert_eq!(parse(MBID).unwrap(), (Uuid::parse_str(MBID).unwrap(), None));
        assert_eq!(parse(&format!(" {} ", MBID.to_uppercase())).unwrap().0.to_string(), MBID);
    }

    #[test]
    fn reads_urls_of_the_three_kinds() {
        for kind in [MbidKind::ReleaseGroup, MbidKind::Release, MbidKind::Recording] {
            for url in [
                format!("https://musicbrainz.org/{}/{MBID}", kind.url_segment()),
                format!("http://beta.musicbrainz.org/{}/{MBID}/tags?x=1#top", kind.url_segment()),
                format!("musicbrainz.org/{}/{MBID}", kind.url_segment()),
            ] {
                assert_eq!(parse(&url).unwrap().1, Some(kind), "{url}");
            }
        }
    }

    #[test]
    fn names_the_wrong_kind() {
        let error = parse(&format!("https://musicbrainz.org/artist/{MBID}")).unwrap_err();
        assert_eq!(error, MbidError::WrongKind("artist".into()));
        assert_eq!(error.problem().code, "mbid.kind");
        for text in ["", "x", "https://example.org/release/x", "https://musicbrainz.org/", &MBID[1..]] {
            assert_eq!(parse(text), Err(MbidError::Form), "{text}");
        }
    }

    #[test]
    fn a_kind_with_control_characters_is_not_repeated() {
        for kind in ["art\rist", "\u{1b}[2J", "", "Artist", &"a".repeat(33)] {
            let url = format!("https://musicbrainz.org/{kind}/{MBID}");
            assert_eq!(parse(&url), Err(MbidError::Form), "{url:?}");
        }
    }
}

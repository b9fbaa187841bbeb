//! One line for a release group, as home and search list them.

use super::wording;
use crate::app::now_secs;
use crate::web::view::{GroupView, LinkView};
use std::collections::BTreeSet;

/// Artist and title are cut to this in lists; the group's own page has them whole.
const MAX_NAME_CHARS: usize = 80;
/// The same for types and formats.
const MAX_WORD_CHARS: usize = 24;
/// Formats that are named; more of them are in nobody's interest.
const MAX_FORMATS: usize = 4;

/// A line.
pub struct Row {
    /// The group's MBID.
    pub mbid: String,
    /// Shortened.
    pub artist: String,
    /// Shortened.
    pub title: String,
    /// "1999 · Album · Live".
    pub facts: String,
    /// "FLAC · MP3".
    pub formats: String,
    /// Of the best seeded link.
    pub seeders: String,
    /// Since that was announced.
    pub seeders_age: String,
    /// Whether there are links.
    pub is_linked: bool,
    /// "7 torrent links", or "at least 50" where no more were read; nothing of a single one.
    pub links: Option<String>,
    /// Of the newest link.
    pub age: String,
}

impl Row {
    /// The line of a group, of which at most `max_links` links were read.
    pub fn new(group: &GroupView, max_links: usize) -> Self {
        let best = group.links.first().filter(|link| link.seeders.is_some());
        let newest = group.links.iter().map(|link| link.age_hours()).min();
        Self {
            mbid: group.mbid.clone(),
            artist: wording::shorten(&group.artist, MAX_NAME_CHARS),
            title: wording::shorten(&group.title, MAX_NAME_CHARS),
            facts: group_facts(group),
            formats: formats(&group.links),
            seeders: best.and_then(|link| link.seeders).map_or("none announced".into(), wording::thousands),
            seeders_age: best.and_then(|link| link.age_secs).map_or(String::new(), wording::age),
            is_linked: !group.links.is_empty(),
            links: links(group.links.len(), max_links),
            age: newest.map_or(String::new(), wording::age_of_hours),
        }
    }
}

/// "1999 · Album · Live".
pub fn group_facts(group: &GroupView) -> String {
    let types = group.types.iter().map(|kind| Some(wording::shorten(kind, MAX_WORD_CHARS)));
    wording::dotted([group.year.map(|year| year.to_string())].into_iter().chain(types))
}

fn links(count: usize, max_links: usize) -> Option<String> {
    let more = if count >= max_links { "at least " } else { "" };
    (count > 1).then(|| format!("{more}{count} torrent links"))
}

fn formats(links: &[LinkView]) -> String {
    let named: BTreeSet<&str> = links.iter().filter_map(|link| link.link.format.as_deref()).collect();
    if named.is_empty() {
        return "not said".into();
    }
    let shown = named.iter().take(MAX_FORMATS).map(|format| Some(wording::shorten(format, MAX_WORD_CHARS)));
    wording::dotted(shown.chain([(named.len() > MAX_FORMATS).then(|| "…".into())]))
}

/// Now, in hours since 1970.
pub fn now_hours() -> u64 {
    now_secs() / 3600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_cut_says_so() {
        assert_eq!(links(1, 50), None);
        assert_eq!(links(49, 50).as_deref(), Some("49 torrent links"));
        assert_eq!(links(50, 50).as_deref(), Some("at least 50 torrent links"));
    }
}

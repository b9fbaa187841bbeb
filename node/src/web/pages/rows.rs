//! One line for a release group, as home, searches, artists and labels list them.

use super::wording;
use crate::app::{App, now_secs};
use crate::web::error::WebError;
use crate::web::search_query::encoded;
use crate::web::view::{GroupView, LinkView};
use deadwax_index::listing::Listing;
use deadwax_index::mbid::Uuid;
use deadwax_index::projection::tags::TagCount;
use deadwax_index::search::MAX_LISTED_LINKS;
use std::collections::BTreeSet;

/// Artist and title are made to fit this in lists; the group's own page has them whole.
const MAX_NAME_CHARS: usize = 80;
/// The same for types and formats.
const MAX_WORD_CHARS: usize = 24;
/// Formats that are named besides the best; more of them are in nobody's interest.
const MAX_FORMATS: usize = 3;
/// Tags that are named in a line.
const MAX_TAGS: usize = 3;

/// A line.
pub struct Row {
    /// The group's MBID.
    pub mbid: String,
    /// Shortened; empty where the page says it already.
    pub artist: String,
    /// Shortened.
    pub title: String,
    /// "1999 · Album · Live".
    pub facts: String,
    /// Those that most contributors gave.
    pub tags: Vec<String>,
    /// "FLAC Lossless · CD": of the best seeded link.
    pub best: String,
    /// "640 MB · also MP3 · in 3 torrent links".
    pub also: String,
    /// Of the best seeded link.
    pub seeders: String,
    /// Whether there are any.
    pub is_seeded: bool,
    /// Since that was announced.
    pub seeders_age: String,
    /// Whether there are links.
    pub is_linked: bool,
    /// Of the newest link.
    pub age: String,
}

impl Row {
    /// The line of a group, of which at most `max_links` links were read.
    pub fn new(group: &GroupView, max_links: usize) -> Self {
        let best = group.links.first();
        let seeded = best.filter(|link| link.seeders.is_some());
        let newest = group.links.iter().map(|link| link.age_hours()).min();
        Self {
            mbid: group.mbid.clone(),
            artist: wording::fit(&group.artist, MAX_NAME_CHARS),
            title: wording::fit(&group.title, MAX_NAME_CHARS),
            facts: group_facts(group),
            tags: Vec::new(),
            best: best.map_or(String::new(), quality),
            also: best.map_or(String::new(), |best| also(best, &group.links, max_links)),
            seeders: seeded.and_then(|link| link.seeders).map_or("none".into(), wording::thousands),
            is_seeded: seeded.and_then(|link| link.seeders).is_some_and(|seeders| seeders > 0),
            seeders_age: seeded.and_then(|link| link.age_secs).map_or(String::new(), wording::age),
            is_linked: !group.links.is_empty(),
            age: newest.map_or(String::new(), wording::age_of_hours),
        }
    }

    /// The same with the group's tags.
    pub fn tagged(mut self, tags: &[TagCount]) -> Self {
        self.tags = tags.iter().take(MAX_TAGS).map(|tag| wording::fit(&tag.tag, MAX_WORD_CHARS)).collect();
        self
    }

    /// The address of a search for one of its tags.
    pub fn tag_url(&self, tag: &str) -> String {
        tag_url(tag)
    }
}

/// The lines of groups that a search or the like found, with their tags.
///
/// # Errors
/// The store's.
pub fn rows(app: &App, groups: &[Listing]) -> Result<Vec<Row>, WebError> {
    let mbids: Vec<Uuid> = groups.iter().map(|group| group.mbid).collect();
    let tags = app.store.tags_of_groups(&mbids)?;
    let row = |group: &Listing| {
        let row = Row::new(&GroupView::new(app, group), MAX_LISTED_LINKS);
        row.tagged(tags.get(&group.mbid).map_or(&[], Vec::as_slice))
    };
    Ok(groups.iter().map(row).collect())
}

/// The address of a search for a tag.
pub fn tag_url(tag: &str) -> String {
    format!("/search?q=&tag={}", encoded(tag))
}

/// "FLAC Lossless · CD".
pub fn quality(link: &LinkView) -> String {
    let fields = &link.link;
    let words = [&fields.format, &fields.encoding].into_iter().flatten();
    let words: Vec<String> = words.map(|word| wording::fit(word, MAX_WORD_CHARS)).collect();
    let media = fields.media.as_ref().map(|media| wording::fit(media, MAX_WORD_CHARS));
    let quality = wording::dotted([Some(words.join(" ")), media]);
    if quality.is_empty() { "format not said".into() } else { quality }
}

/// "1999 · Album · Live".
pub fn group_facts(group: &GroupView) -> String {
    let types = group.types.iter().map(|kind| Some(wording::fit(kind, MAX_WORD_CHARS)));
    wording::dotted([group.year.map(|year| year.to_string())].into_iter().chain(types))
}

/// What the best link has besides, and what the others are.
fn also(best: &LinkView, links: &[LinkView], max_links: usize) -> String {
    let own = best.link.format.as_deref();
    let named: BTreeSet<&str> = links.iter().filter_map(|link| link.link.format.as_deref()).collect();
    let others: Vec<&str> = named.into_iter().filter(|format| Some(*format) != own).collect();
    let shown: Vec<String> =
        others.iter().take(MAX_FORMATS).map(|format| wording::fit(format, MAX_WORD_CHARS)).collect();
    let more = if others.len() > MAX_FORMATS { ", …" } else { "" };
    wording::dotted([
        best.link.size_bytes.map(wording::size),
        (!shown.is_empty()).then(|| format!("also {}{more}", shown.join(", "))),
        number_of_links(links.len(), max_links),
    ])
}

/// "in 7 torrent links", or "in at least 50" where no more were read; nothing of a single one.
fn number_of_links(count: usize, max_links: usize) -> Option<String> {
    let more = if count >= max_links { "at least " } else { "" };
    (count > 1).then(|| format!("in {more}{count} torrent links"))
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
        assert_eq!(number_of_links(1, 50), None);
        assert_eq!(number_of_links(49, 50).as_deref(), Some("in 49 torrent links"));
        assert_eq!(number_of_links(50, 50).as_deref(), Some("in at least 50 torrent links"));
    }
}

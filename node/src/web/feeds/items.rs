//! Torrent links as the items of a feed.

use super::MAX_ITEMS;
use super::moment::{rfc822, rfc3339};
use crate::app::App;
use crate::web::error::WebError;
use crate::web::pages::wording;
use crate::web::view::{GroupView, LinkView};
use deadwax_index::entry::EntryId;
use deadwax_index::listing::Listing;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Dates beyond the year 9999 have no form in feeds.
const LAST_HOUR: u64 = (9999 - 1970) * 8766;

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The entry's id: the same item has the same one on every node.
    pub entry: String,
    /// `Artist - Album (Year) [Format Encoding] [Media]`, which rules of torrent clients match.
    pub title: String,
    /// Its torrent, inside I2P.
    pub magnet: String,
    /// 0 if it is not known.
    pub size_bytes: u64,
    /// What there is besides, in a line.
    pub summary: String,
    /// Who signed it, shortened.
    pub contributor: String,
    /// When it joined this node's set; when it was signed, if that is earlier or all that is known.
    pub published_secs: u64,
}

impl Item {
    /// The item of a link; none without a magnet, because a client would open the page instead.
    fn new(names: &Names, link: &LinkView, arrivals: &HashMap<EntryId, u64>) -> Option<Self> {
        let fields = &link.link;
        let file_count = fields.file_count.unwrap_or(fields.files.len() as u64);
        let arrived = arrivals.get(&link.id).copied().unwrap_or(LAST_HOUR);
        Some(Self {
            entry: link.entry.clone(),
            title: title(names, link),
            magnet: xml_text(link.magnet.as_deref()?),
            size_bytes: fields.size_bytes.unwrap_or(0),
            summary: xml_text(&wording::dotted([
                fields.size_bytes.map(wording::size),
                (file_count > 0).then(|| wording::count(file_count, "file", "files")),
                fields.edition.year.map(|year| year.to_string()),
                fields.edition.label.clone(),
                fields.edition.catno.clone(),
                fields.name.clone(),
            ])),
            contributor: wording::fingerprint(&link.author),
            published_secs: link.created_hours.min(arrived) * 3600,
        })
    }

    /// When it came.
    pub fn published_rfc822(&self) -> String {
        rfc822(self.published_secs)
    }

    /// The same.
    pub fn published_rfc3339(&self) -> String {
        rfc3339(self.published_secs)
    }
}

/// What a release group is called.
#[derive(Debug, Clone)]
pub struct Names {
    /// Artist credit.
    pub artist: String,
    /// Title.
    pub title: String,
    /// Year of first release.
    pub year: Option<u16>,
}

/// The newest links of some groups that have a magnet and meet the filters that are about links.
pub fn newest(app: &App, groups: &[Listing], filters: &[(String, String)]) -> Result<Vec<Item>, WebError> {
    let mut links = Vec::new();
    for listing in groups {
        let GroupView { artist, title, year, links: found, .. } = GroupView::new(app, listing);
        let names = std::rc::Rc::new(Names { artist, title, year });
        let found = found.into_iter().filter(|link| meets(link, filters));
        links.extend(found.map(|link| (std::rc::Rc::clone(&names), link)));
    }
    of_links(app, links)
}

/// Links with the names of their groups as items, newest first.
pub fn of_links(
    app: &App,
    links: Vec<(impl std::ops::Deref<Target = Names>, LinkView)>,
) -> Result<Vec<Item>, WebError> {
    let arrivals = app.store.arrival_hours(links.iter().map(|(_, link)| &link.id))?;
    let mut items: Vec<_> =
        links.iter().filter_map(|(names, link)| Item::new(names, link, &arrivals)).collect();
    items.sort_by(|one, other| {
        (Reverse(one.published_secs), &one.entry).cmp(&(Reverse(other.published_secs), &other.entry))
    });
    items.truncate(MAX_ITEMS);
    Ok(items)
}

/// Filters look at a group as a whole; those beside the text that are about links choose among its links too.
fn meets(link: &LinkView, filters: &[(String, String)]) -> bool {
    let has = |field: &Option<String>, value: &str| {
        field.as_ref().is_some_and(|field| field.to_lowercase().contains(&value.to_lowercase()))
    };
    let is = |there: Option<bool>, value: &str| match value.to_ascii_lowercase().as_str() {
        "no" => there == Some(false),
        _ => there == Some(true),
    };
    filters.iter().all(|(key, value)| match key.as_str() {
        "format" => has(&link.link.format, value),
        "encoding" => has(&link.link.encoding, value),
        "media" => has(&link.link.media, value),
        "log" => is(link.link.log, value),
        "cue" => is(link.link.cue, value),
        "by" => link.author.starts_with(&value.to_ascii_lowercase()),
        _ => true,
    })
}

fn title(names: &Names, link: &LinkView) -> String {
    let mut title = format!("{} - {}", names.artist, names.title);
    if let Some(year) = names.year {
        title += &format!(" ({year})");
    }
    let quality: Vec<&str> =
        [&link.link.format, &link.link.encoding].into_iter().flatten().map(String::as_str).collect();
    for part in [quality.join(" "), link.link.media.clone().unwrap_or_default()] {
        if !part.is_empty() {
            title += &format!(" [{part}]");
        }
    }
    xml_text(&title)
}

/// A text without what XML 1.0 cannot hold, however it is escaped.
pub fn xml_text(text: &str) -> String {
    let can_be = |c: &char| match *c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => c >= ' ',
    };
    text.chars().filter(can_be).collect()
}

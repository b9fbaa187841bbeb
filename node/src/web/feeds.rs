//! RSS 2.0 and Atom of a search, an artist or a contributor: torrent links as items, newest first.
//!
//! The format is in the address (`/search.rss`), because I2P's proxy does not pass on `Accept`. Not here:
//! tails, by which nodes read from each other ([`super::sync`]).

mod address;
mod items;
mod moment;

pub use items::{Item, Names, of_links as items_of};

use super::error::{PageError, WebError};
use super::pages::wording;
use super::search_query::SearchQuery;
use crate::app::{App, SharedApp, blocking};
use address::base_url;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use deadwax_index::Problem;
use deadwax_index::search::{Sort, parse_query};
use moment::{rfc822, rfc3339};
use sha2::{Digest, Sha256};

/// Items of one feed: programs ask for it several times a day.
pub const MAX_ITEMS: usize = 50;
/// A search as the title of its feed repeats it.
const MAX_TITLE_CHARS: usize = 80;

/// In which form a feed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS 2.0.
    Rss,
    /// Atom, RFC 4287.
    Atom,
}

impl Format {
    /// The last segment of an address without `.rss` or `.atom`, and which of these it had.
    pub fn split(segment: &str) -> (&str, Option<Self>) {
        for (suffix, format) in [(".rss", Self::Rss), (".atom", Self::Atom)] {
            if let Some(rest) = segment.strip_suffix(suffix) {
                return (rest, Some(format));
            }
        }
        (segment, None)
    }
}

/// Where the feeds of a page are.
#[derive(Debug, Clone)]
pub struct FeedLinks {
    /// RSS 2.0.
    pub rss: String,
    /// Atom.
    pub atom: String,
}

impl FeedLinks {
    /// Those of a page: `path` without its format, and `query` with its question mark, or empty.
    pub fn new(path: &str, query: &str) -> Self {
        Self { rss: format!("{path}.rss{query}"), atom: format!("{path}.atom{query}") }
    }
}

/// A feed before it has an address.
#[derive(Debug, Default)]
pub struct Feed {
    /// What it is about.
    pub title: String,
    /// The page that it belongs to, from `/` on.
    pub page: String,
    /// Newest first.
    pub items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "feed.rss.xml")]
struct RssFeed {
    head: Head,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "feed.atom.xml")]
struct AtomFeed {
    head: Head,
    items: Vec<Item>,
}

/// What both forms say before their items.
struct Head {
    title: String,
    node_name: String,
    /// `http://` and the host.
    base: String,
    /// The page, without the host.
    page: String,
    /// The feed itself, without the host.
    here: String,
    /// When the content last changed, in seconds since 1970; none without any.
    changed_secs: Option<u64>,
}

impl Head {
    fn changed_rfc822(&self) -> Option<String> {
        self.changed_secs.map(rfc822)
    }

    /// Atom has to say one.
    fn changed_rfc3339(&self) -> String {
        rfc3339(self.changed_secs.unwrap_or(0))
    }
}

/// What a request says about where its answer will be.
pub struct Asked {
    headers: HeaderMap,
    uri: Uri,
}

impl Asked {
    /// Of a request.
    pub fn new(headers: HeaderMap, uri: Uri) -> Self {
        Self { headers, uri }
    }
}

/// `GET /search.rss?q=`, `GET /search.atom?q=`.
pub async fn search(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    uri: Uri,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, PageError> {
    let Query(pairs) = query.map_err(|error| {
        WebError::Bad(Problem {
            code: "search.query",
            field: "q",
            message: error.body_text(),
            fix: "Take the address of the feed from the page of the search again.",
        })
    })?;
    let query = SearchQuery::from_pairs(pairs)?;
    let format = Format::split(uri.path()).1.unwrap_or(Format::Rss);
    let asked = Asked::new(headers, uri);
    blocking(&app, move |app| Ok(answer(app, &asked, format, of_search(app, &query)?))).await
}

/// The newest torrent links among what a search finds.
fn of_search(app: &App, query: &SearchQuery) -> Result<Feed, WebError> {
    let shown = wording::shorten(query.q.trim(), MAX_TITLE_CHARS);
    Ok(Feed {
        title: if shown.is_empty() { "Newest torrent links".into() } else { shown },
        page: format!("/search?{}", query.encoded()),
        items: found(app, query)?,
    })
}

/// The newest torrent links of the groups that a query finds.
///
/// # Errors
/// A query that cannot be understood; the index's own failures.
pub fn found(app: &App, query: &SearchQuery) -> Result<Vec<Item>, WebError> {
    let mut asked = query.to_search();
    // Without an order of its own: what came last is why anybody follows a feed.
    asked.sort = asked.sort.or_else(|| (!has_sort(&query.q)).then_some(Sort::Newest));
    asked.limit = MAX_ITEMS;
    asked.offset = 0;
    asked.after = None;
    if query.position("has", "link").is_none() {
        asked.filters.push(("has".into(), "link".into()));
    }
    let hits = app.search.search(&app.store, &asked)?;
    items::newest(app, &hits.groups, &query.filters)
}

/// Whether a text says in which order its hits are wanted.
fn has_sort(text: &str) -> bool {
    parse_query(text).is_ok_and(|query| query.is_sorted())
}

/// A feed as an answer, with absolute addresses.
pub fn answer(app: &App, asked: &Asked, format: Format, feed: Feed) -> Response {
    let Feed { title, page, items } = feed;
    let head = Head {
        title: items::xml_text(&title),
        node_name: items::xml_text(&app.config.node.name),
        base: base_url(app, &asked.headers),
        page,
        here: items::xml_text(asked.uri.path_and_query().map_or("/", |path| path.as_str())),
        changed_secs: changed_secs(&items),
    };
    let (content_type, text) = match format {
        Format::Rss => ("application/rss+xml; charset=utf-8", RssFeed { head, items }.render()),
        Format::Atom => ("application/atom+xml; charset=utf-8", AtomFeed { head, items }.render()),
    };
    match text {
        Ok(text) => ([(CONTENT_TYPE, content_type)], text).into_response(),
        // Only a `Display` that fails can lead here.
        Err(error) => WebError::internal(error).parts().0.into_response(),
    }
}

/// When the content changed: within the hour of the newest item, at a second that depends on all items, because
/// some programs look no further if this is what it was.
fn changed_secs(items: &[Item]) -> Option<u64> {
    let newest = items.iter().map(|item| item.published_secs).max()?;
    let mut hash = Sha256::new();
    for part in items.iter().flat_map(|item| [&item.entry, &item.title, &item.magnet]) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let [first, second, ..] = <[u8; 32]>::from(hash.finalize());
    Some(newest + u64::from(u16::from_le_bytes([first, second])) % 3600)
}

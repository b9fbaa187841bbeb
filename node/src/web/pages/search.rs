//! Results of a search; a pasted identifier leads straight to its release.

mod narrow;

use super::pager::Pager;
use super::rows::{Row, rows};
use super::{Frame, destination, page, wording};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError};
use crate::web::feeds::FeedLinks;
use crate::web::search_query::{DEFAULT_LIMIT, SearchQuery, encoded};
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use deadwax_index::Problem;
use deadwax_index::search::{self, Hits, Identifier, MAX_DEPTH};
use narrow::{ActiveFilter, Facet, NarrowField, Order};
use std::time::Instant;

/// The query as the heading repeats it.
const MAX_SHOWN_CHARS: usize = 80;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    shown_query: String,
    /// Nothing is asked yet.
    is_blank: bool,
    /// Nothing was found as typed, but something like it.
    is_near: bool,
    summary: String,
    /// Text and address of a better query.
    suggestion: Option<(String, String)>,
    /// The submit form, filled in with what was searched for.
    submit_url: String,
    rows: Vec<Row>,
    pager: Pager,
    active: Vec<ActiveFilter>,
    facets: Vec<Facet>,
    orders: Vec<Order>,
    fields: Vec<NarrowField>,
    /// What the form of fields sends along.
    hidden: Vec<(String, String)>,
    /// Whether phrases, exclusions or filters may be why so little is found.
    is_narrowed: bool,
}

/// `GET /search?q=&offset=`.
pub async fn search(
    State(app): State<SharedApp>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, PageError> {
    let Query(pairs) = query.map_err(|error| {
        WebError::Bad(Problem {
            code: "search.query",
            field: "q",
            message: error.body_text(),
            fix: "Type the search again.",
        })
    })?;
    let query = SearchQuery::from_pairs(pairs)?;
    blocking(&app, move |app| answer(app, query)).await
}

fn answer(app: &App, query: SearchQuery) -> Result<Response, PageError> {
    let started = Instant::now();
    // The page has its own length, whatever the address says.
    let query = SearchQuery { limit: None, ..query };
    if let Ok(Some(identifier)) = search::parse_identifier(&query.q)
        && let Some(url) = destination::page_of(app, &identifier)?
    {
        return Ok(Redirect::to(&url).into_response());
    }
    let hits = app.search.search(&app.store, &query.to_search())?;
    if let (Some(_), 1, Some(group)) = (&hits.identified, hits.total, hits.groups.first()) {
        return Ok(Redirect::to(&format!("/release-group/{}", group.mbid)).into_response());
    }
    let rows = rows(app, &hits.groups)?;
    let took_secs = started.elapsed().as_secs_f64();
    Ok(page(StatusCode::OK, &search_page(app, query, hits, rows, took_secs)))
}

fn search_page(app: &App, query: SearchQuery, hits: Hits, rows: Vec<Row>, took_secs: f64) -> SearchPage {
    let encoded = query.encoded();
    let shown_query = wording::shorten(query.q.trim(), MAX_SHOWN_CHARS);
    let title = if shown_query.is_empty() { "Search".into() } else { format!("{shown_query} · Search") };
    let is_blank = shown_query.is_empty() && query.filters.is_empty() && query.sort.is_none();
    let mut frame = Frame::new(app, "/search", &title);
    frame.query = query.q.clone();
    frame.feeds = Some(match is_blank {
        true => FeedLinks::new("/search", ""),
        false => FeedLinks::new("/search", &format!("?{encoded}")),
    });
    SearchPage {
        frame,
        shown_query,
        is_blank,
        is_near: hits.exact == 0 && hits.total > 0,
        summary: summary(&hits, took_secs),
        suggestion: hits.suggestion.as_ref().map(|text| (text.clone(), better_url(&query, text))),
        submit_url: submit_url(&query.q),
        rows,
        pager: Pager::new(
            &format!("/search?{encoded}&"),
            query.offset,
            DEFAULT_LIMIT,
            MAX_DEPTH.min(usize::try_from(hits.total).unwrap_or(MAX_DEPTH)),
        ),
        active: narrow::active(&query),
        facets: narrow::facets(&query, &hits.facets, hits.total),
        orders: narrow::orders(&query),
        fields: narrow::fields(&query),
        hidden: narrow::hidden(&query),
        is_narrowed: !query.filters.is_empty()
            || search::parse_query(&query.q).is_ok_and(|parsed| parsed.is_narrowed()),
    }
}

/// "34 release groups, 3 of them after a correction, 0.04 s".
fn summary(hits: &Hits, took_secs: f64) -> String {
    let groups = wording::count(hits.total, "release group", "release groups");
    match (hits.exact, hits.total - hits.exact) {
        (_, 0) => format!("{groups}, {took_secs:.2} s"),
        (0, 1) => format!("Nothing as typed; 1 release group comes near, {took_secs:.2} s"),
        (0, _) => format!("Nothing as typed; {groups} come near, {took_secs:.2} s"),
        (exact, _) => format!("{groups}, {} as typed, {took_secs:.2} s", wording::thousands(exact)),
    }
}

/// The same search with a better text.
fn better_url(query: &SearchQuery, text: &str) -> String {
    format!("/search?{}", SearchQuery { q: text.to_owned(), ..query.clone() }.encoded())
}

/// Whoever searched in vain may have the music: what was typed goes into the form.
fn submit_url(query: &str) -> String {
    let query = query.trim();
    match search::parse_identifier(query) {
        Ok(Some(Identifier::Mbid(mbid))) => format!("/submit?mbid={mbid}"),
        Ok(Some(Identifier::Infohash(Some(v1), _))) if query.len() <= 64 => {
            format!("/submit?magnet={}", encoded(&format!("magnet:?xt=urn:btih:{v1}")))
        }
        Ok(Some(Identifier::Infohash(None, Some(v2)))) if query.len() <= 64 => {
            format!("/submit?magnet={}", encoded(&format!("magnet:?xt=urn:btmh:1220{v2}")))
        }
        Ok(Some(Identifier::Infohash(..))) => format!("/submit?magnet={}", encoded(query)),
        _ => match query.split_once(" - ") {
            Some((artist, title)) => {
                format!("/submit?artist={}&title={}", encoded(artist.trim()), encoded(title.trim()))
            }
            None => format!("/submit?title={}", encoded(query)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_searched_in_vain_fills_the_form() {
        let mbid = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";
        let hash = "5a5b5c5d5e5f606162636465666768696a6b6c6d";
        for (query, url) in [
            ("low & water".to_owned(), "/submit?title=low%20%26%20water".to_owned()),
            ("Nell Aster - Low Water".into(), "/submit?artist=Nell%20Aster&title=Low%20Water".into()),
            (format!(" https://musicbrainz.org/release/{mbid}"), format!("/submit?mbid={mbid}")),
            (hash.to_uppercase(), format!("/submit?magnet=magnet%3A%3Fxt%3Durn%3Abtih%3A{hash}")),
            (
                format!("magnet:?xt=urn:btih:{hash}&dn=a"),
                format!("/submit?magnet=magnet%3A%3Fxt%3Durn%3Abtih%3A{hash}%26dn%3Da"),
            ),
        ] {
            assert_eq!(submit_url(&query), url);
        }
    }
}

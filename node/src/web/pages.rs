//! Pages for people: this table is their table of contents (`doc/PAGES.md`).
//!
//! Each page is a struct with its template in `templates/`; a handler reads its input, makes one
//! call and fills the struct. No scripts, no cookies, one stylesheet. Not here: JSON
//! ([`super::api`]) and the headers of every answer ([`super::headers`]).

mod about;
mod group;
mod home;
mod origin;
mod pager;
mod receipt;
mod rows;
mod search;
mod status;
mod stylesheet;
mod submit;
#[cfg(test)]
mod tests;
pub(crate) mod wording;

use super::error::WebError;
use crate::app::{App, SharedApp};
use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use deadwax_index::Problem;

/// What stands at the top of every page.
const PAGES: [(&str, &str); 4] =
    [("/search", "Search"), ("/submit", "Submit"), ("/status", "Status"), ("/about", "About")];
/// Titles of windows are cut to this.
const MAX_TITLE_CHARS: usize = 80;

/// The routes of all pages.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/", get(home::home))
        .route("/search", get(search::search))
        .route("/release-group/{mbid}", get(group::group))
        .route("/mbid/{mbid}", get(group::any_mbid))
        .route("/submit", get(submit::form).post(submit::publish))
        .route("/submitted/{id}", get(receipt::receipt))
        .route("/status", get(status::status))
        .route("/about", get(about::about))
        .route(stylesheet::path(), get(stylesheet::stylesheet))
}

/// What every page has around its content.
struct Frame {
    /// The node's name; empty where no node was asked.
    node_name: String,
    /// What the search box holds.
    query: String,
    /// Title of the window.
    title: String,
    /// Address of the page within [`PAGES`], or empty.
    here: &'static str,
    /// Address of the stylesheet.
    stylesheet: &'static str,
}

impl Frame {
    fn new(app: &App, here: &'static str, title: &str) -> Self {
        let node_name = app.config.node.name.clone();
        let title = format!("{} · {node_name}", wording::shorten(title, MAX_TITLE_CHARS));
        Self { node_name, query: String::new(), title, here, stylesheet: stylesheet::path() }
    }

    fn pages(&self) -> &'static [(&'static str, &'static str)] {
        &PAGES
    }
}

/// Renders a page.
fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        // Only a `Display` that fails can lead here.
        Err(error) => WebError::internal(error).parts().0.into_response(),
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    heading: &'static str,
    problem: &'a Problem,
}

/// A page that says what happened, what to do, and where to go on.
pub fn error_page(status: StatusCode, problem: &Problem) -> Response {
    let heading = match status {
        StatusCode::FORBIDDEN => "Not from another site",
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::SERVICE_UNAVAILABLE => "Too busy just now",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    };
    let frame = Frame {
        node_name: String::new(),
        query: String::new(),
        title: format!("{heading} · Deadwax"),
        here: "",
        stylesheet: stylesheet::path(),
    };
    page(status, &ErrorPage { frame, heading, problem })
}

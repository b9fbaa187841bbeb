//! The first page: the search box, what was linked last, and the state of the network.

use super::rows::Row;
use super::status::network_in_a_line;
use super::{Frame, page};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError};
use crate::web::feeds::FeedLinks;
use crate::web::view::GroupView;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use deadwax_index::projection::links::MAX_GROUP_LINKS;

/// With the stylesheet, the page stays below 30 kB even if every name is as long as it can be.
const FRESH_GROUPS: usize = 12;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    rows: Vec<Row>,
    network: String,
}

/// `GET /`.
pub async fn home(State(app): State<SharedApp>) -> Result<Response, PageError> {
    Ok(page(StatusCode::OK, &blocking(&app, build).await?))
}

fn build(app: &App) -> Result<HomePage, WebError> {
    let mut frame = Frame::new(app, "/", "Deadwax, a music catalogue");
    frame.feeds = Some(FeedLinks::new("/search", ""));
    let mut rows = Vec::new();
    for group in app.store.newest_groups(FRESH_GROUPS)? {
        rows.extend(
            app.listing(&group.mbid)?.map(|group| Row::new(&GroupView::new(app, &group), MAX_GROUP_LINKS)),
        );
    }
    Ok(HomePage { frame, rows, network: network_in_a_line(app)? })
}

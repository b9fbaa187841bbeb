//! Everything that a node answers over HTTP: this table is the table of contents.
//!
//! The same router is served on the onion service, the I2P destination and `web.sock`.

pub mod api;
pub mod error;
pub mod headers;
pub mod pages;
pub mod sync;
pub mod tracker;
pub mod view;

use crate::app::SharedApp;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};

/// The largest request has a .torrent file of 8 MiB in base64, and other fields beside it.
pub const MAX_REQUEST_BYTES: usize = 12 * 1024 * 1024;

/// The routes of a node.
pub fn router(app: SharedApp) -> Router {
    Router::new()
        .merge(pages::routes())
        .route("/api/v1/search", get(api::search))
        .route("/api/v1/mbid/{mbid}", get(api::by_mbid))
        .route("/api/v1/entries", post(api::submit))
        .route("/api/v1/entries/{id}", get(api::entry))
        .route("/sync/v1/state", get(sync::state))
        .route("/sync/v1/{scope}/tail", get(sync::tail))
        .route("/sync/v1/entries", post(sync::fetch))
        .route("/announce", get(tracker::announce))
        .route("/a", get(tracker::announce))
        .route("/announce.php", get(tracker::announce))
        .fallback(error::no_such_page)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(middleware::from_fn(headers::add))
        .with_state(app)
}

//! Everything that a node answers over HTTP: this table is the table of contents.
//!
//! The same router is served on the onion service, the I2P destination and `web.sock`.

pub mod api;
pub mod error;
pub mod feeds;
pub mod headers;
pub mod pages;
pub mod search_query;
pub mod sync;
pub mod tracker;
mod upload;
pub mod view;
pub mod visitor;

use crate::app::SharedApp;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use std::sync::Arc;

/// The largest request has a .torrent file of 8 MiB in base64, and other fields beside it.
pub const MAX_REQUEST_BYTES: usize = 12 * 1024 * 1024;
/// All other requests: a fetch of 16,384 ids has 256 KiB.
pub const MAX_SMALL_REQUEST_BYTES: usize = 256 * 1024;

/// The routes of a node.
pub fn router(app: SharedApp) -> Router {
    Router::new()
        .merge(pages::routes())
        .route("/search.rss", get(feeds::search))
        .route("/search.atom", get(feeds::search))
        .route("/api/v1/search", get(api::search))
        .route("/api/v1/mbid/{mbid}", get(api::by_mbid))
        // It may carry a .torrent file.
        .route("/api/v1/entries", post(api::submit).layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES)))
        .route("/api/v1/entries/{id}", get(api::entry))
        .route("/sync/v1/state", get(sync::state))
        .route("/sync/v1/{scope}/tail", get(sync::tail))
        .route("/sync/v1/{scope}/digests", get(sync::compare::digests))
        .route("/sync/v1/{scope}/ids", post(sync::compare::ids))
        .route("/sync/v1/{scope}/sketch", get(sync::compare::sketch))
        .route("/sync/v1/entries", post(sync::fetch))
        .route("/sync/v1/segments", get(sync::segments::list))
        .route("/sync/v1/segments/{sha256}", get(sync::segments::segment))
        .route("/announce", get(tracker::announce))
        .route("/a", get(tracker::announce))
        .route("/announce.php", get(tracker::announce))
        .fallback(error::no_such_page)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_SMALL_REQUEST_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), visitor::recognise))
        .layer(middleware::from_fn(upload::bound))
        .layer(middleware::from_fn(headers::add))
        .with_state(app)
}

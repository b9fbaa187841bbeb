//! What this node is, what it hides, and how to download: `/about`.

use super::{Frame, page};
use crate::app::SharedApp;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage {
    frame: Frame,
}

/// `GET /about`.
pub async fn about(State(app): State<SharedApp>) -> Response {
    page(StatusCode::OK, &AboutPage { frame: Frame::new(&app, "/about", "About this node") })
}

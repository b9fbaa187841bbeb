//! `admin.sock`: what the command line asks of a running node, over HTTP on a Unix socket (0600).
//!
//! Whoever can open the socket is the operator. Never reachable over a network.

mod accounts;
mod import;

use crate::app::{App, SharedApp, blocking, uptime_secs};
use crate::networks::Network;
use crate::peers::status::{PeerReport, ScopeAnswer};
use crate::submit::check::{Findings, link_with_findings};
use crate::submit::{Draft, Receipt, SubmitError, submit};
use crate::web::MAX_REQUEST_BYTES;
use crate::web::error::{ApiError, WebError, no_such_page};
use crate::web::sync::scope_answers;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use deadwax_index::entry::Scope;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What `deadwax status --json` prints.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Of the program.
    pub version: &'static str,
    /// The node's name.
    pub name: String,
    /// The onion service.
    pub tor: Network,
    /// The I2P destination.
    pub i2p: Network,
    /// Count and root by scope.
    pub scopes: BTreeMap<Scope, ScopeAnswer>,
    /// Root over the members; null in an open set, and until the charter is here.
    pub members_root: Option<String>,
    /// Entries signed here that wait for their release. Not on the public page, where it would tell
    /// when somebody submitted.
    pub waiting: u64,
    /// Who is followed.
    pub peers: Vec<PeerReport>,
}

/// The state of a node.
///
/// # Errors
/// The store's.
pub fn status_of(app: &App) -> Result<Status, WebError> {
    let scopes = scope_answers(&app.scopes()?);
    Ok(Status {
        version: env!("CARGO_PKG_VERSION"),
        name: app.config.node.name.clone(),
        tor: app.networks.tor(),
        i2p: app.networks.i2p(),
        peers: app.peers.report(&scopes),
        scopes,
        members_root: app.members_root()?,
        waiting: app.store.waiting_count()?,
    })
}

/// The routes of `admin.sock`.
pub fn router(app: SharedApp) -> Router {
    Router::new()
        .route("/admin/v1/status", get(status))
        .route("/admin/v1/links", post(add_link))
        .route("/admin/v1/tracker", get(tracker))
        .route("/admin/v1/import", post(import::import))
        .route("/admin/v1/accounts", get(accounts::list))
        .route("/admin/v1/accounts/invite", post(accounts::invite))
        .route("/admin/v1/accounts/delete", post(accounts::delete))
        .fallback(no_such_page)
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(app)
}

async fn status(State(app): State<SharedApp>) -> Result<Json<Status>, ApiError> {
    Ok(Json(blocking(&app, status_of).await?))
}

/// A link that was added, or would be.
#[derive(Serialize)]
struct Added {
    /// None where it was only looked at.
    #[serde(flatten)]
    receipt: Option<Receipt>,
    #[serde(flatten)]
    findings: Findings,
}

/// How a link is added.
#[derive(Default, Deserialize)]
#[serde(default)]
struct HowToAdd {
    /// Nothing is signed.
    check: bool,
}

async fn add_link(
    State(app): State<SharedApp>,
    Query(how): Query<HowToAdd>,
    draft: Result<Json<Draft>, JsonRejection>,
) -> Result<Json<Added>, ApiError> {
    let Json(draft) = draft?;
    let added = blocking(&app, move |app| {
        let (link, findings) = link_with_findings(app, &draft)?;
        let receipt = if how.check {
            link.to_body().map_err(|error| SubmitError::Problem(error.problem()))?;
            None
        } else {
            Some(submit(app, &link, None)?)
        };
        Ok::<_, SubmitError>(Added { receipt, findings })
    });
    Ok(Json(added.await?))
}

async fn tracker(State(app): State<SharedApp>) -> Json<deadwax_i2p_gateway::tracker::TrackerStats> {
    Json(app.tracker.stats(uptime_secs()))
}

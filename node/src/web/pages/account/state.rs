//! `/account`: the state of one's own account.

use super::{ACCOUNT, Frame, SIGN_IN, page};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError};
use crate::web::pages::wording;
use crate::web::visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::Scope;
use deadwax_index::ingest::quota;
use deadwax_index::store::accounts::Loss;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    name: String,
    author: AuthorKey,
    fingerprint: String,
    /// `open`, `member` or `inbox`.
    standing: &'static str,
    explanation: &'static str,
    used: u64,
    quota: u64,
    losses: Vec<Loss>,
    form_token: String,
}

/// `GET /account`.
pub async fn state(State(app): State<SharedApp>) -> Result<Response, PageError> {
    blocking(&app, |app| match build(app)? {
        Some(account) => Ok(page(StatusCode::OK, &account)),
        None => Ok(Redirect::to(SIGN_IN).into_response()),
    })
    .await
}

fn build(app: &App) -> Result<Option<AccountPage>, WebError> {
    let Some(session) = visitor::current().session else { return Ok(None) };
    let author = session.author();
    let Some(account) = app.store.account_by_key(&author)? else { return Ok(None) };
    let members = app.store.members()?;
    let (standing, explanation) = match &members {
        None => ("open", "This node's catalogue is open to all keys: what you submit is published."),
        Some(members) if members.is_member(&author) => {
            ("member", "Your key belongs to the network: what you submit is published.")
        }
        Some(_) => (
            "inbox",
            "Your key does not belong to the network yet. What you submit waits on this node for up to 30 days, until a member answers for your key: show them the key below.",
        ),
    };
    let limit = members.map_or(quota(Scope::Main), |members| members.quota(Scope::Main, &author));
    let used = app.store.next_n_with_outbox(&author, Scope::Main)?.max(account.next_n.main);
    Ok(Some(AccountPage {
        frame: Frame::new(app, ACCOUNT, "Your account"),
        name: account.name,
        author,
        fingerprint: wording::fingerprint(&author.to_string()),
        standing,
        explanation,
        used,
        quota: limit,
        losses: app.store.losses(&author)?,
        form_token: session.form_token().to_owned(),
    }))
}

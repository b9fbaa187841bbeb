//! What an operator does with accounts: invites, the list of them, and deleting one.
//!
//! Not here: anything that would need a passphrase.

use crate::accounts;
use crate::accounts::name::Name;
use crate::app::{SharedApp, blocking};
use crate::web::error::{ApiError, WebError};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use deadwax_index::Problem;
use deadwax_index::entry::AuthorKey;
use serde::{Deserialize, Serialize};

/// An account as its node's operator sees it.
#[derive(Debug, Serialize)]
pub struct Listed {
    name: String,
    key: AuthorKey,
}

/// What an invite is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    days: u32,
}

/// A new invite.
#[derive(Debug, Serialize)]
pub struct Invite {
    invite: String,
    days: u32,
}

/// Whose account is deleted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: String,
}

/// `GET /admin/v1/accounts`.
pub async fn list(State(app): State<SharedApp>) -> Result<Json<Vec<Listed>>, ApiError> {
    let all = blocking(&app, |app| app.store.accounts()).await?;
    Ok(Json(all.into_iter().map(|account| Listed { name: account.name, key: account.author }).collect()))
}

/// `POST /admin/v1/accounts/invite`.
pub async fn invite(
    State(app): State<SharedApp>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Json<Invite>, ApiError> {
    let Json(Asked { days }) = asked?;
    let invite = blocking(&app, move |app| accounts::new_invite(app, days)).await?.map_err(WebError::Bad)?;
    Ok(Json(Invite { invite, days }))
}

/// `POST /admin/v1/accounts/delete`.
pub async fn delete(
    State(app): State<SharedApp>,
    named: Result<Json<Named>, JsonRejection>,
) -> Result<Json<Listed>, ApiError> {
    let Json(Named { name }) = named?;
    let found = blocking(&app, move |app| -> Result<_, WebError> {
        let Some(name) = Name::parse(&name) else { return Ok(None) };
        let Some(account) = app.store.account(&name.folded)? else { return Ok(None) };
        accounts::remove(app, &account.author)?;
        Ok(Some(Listed { name: account.name, key: account.author }))
    });
    let unknown = || {
        WebError::NotFound(Problem {
            code: "account.unknown",
            field: "name",
            message: "There is no account of this name.".into(),
            fix: "`deadwax account list` prints all of them.",
        })
    };
    Ok(Json(found.await?.ok_or_else(unknown)?))
}

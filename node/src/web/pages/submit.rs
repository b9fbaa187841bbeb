//! Submitting a torrent link in three pages: where it comes from, what would be signed, and the receipt. Whatever
//! goes wrong, all that was typed comes back. What makes a link of the fields is [`crate::submit`].
//!
//! Nothing is signed but by `confirm` (a link) and `own=sign` (a record that MusicBrainz does not have).

mod fields;
mod form;
mod parts;
mod view;

use super::origin::SameOrigin;
use super::page;
use crate::accounts::sessions::Session;
use crate::app::{App, SharedApp, blocking};
use crate::submit::check::check;
use crate::submit::own_release::sign_own_release;
use crate::submit::{Draft, Receipt, ReceiptState, SubmitError, link_of, submit_as};
use crate::web::error::{PageError, WebError};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::HEXLOWER;
use deadwax_index::Problem;
use form::{Action, Pairs, SubmitForm};
use std::sync::Arc;
use view::{CheckPage, OwnReleasePage, SourcePage};

/// Random bytes in an idempotency key.
const KEY_BYTES: usize = 16;
const KEY_FIELD: &str = "idempotency_key";
/// After the key of a form: that of the own release which was signed on the way.
const OWN_RELEASE_KEY: &str = "-own";

/// `GET /submit`, with any of the fields in the query. Nothing is ever signed by it.
pub async fn form(
    State(app): State<SharedApp>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, PageError> {
    let Query(pairs) = query.map_err(|error| misread(error.body_text()))?;
    let mut form = SubmitForm::read(pairs)?;
    words_to_search(&mut form.draft);
    form.key = Some(new_key()?);
    blocking(&app, move |app| Ok(page(StatusCode::OK, &SourcePage::new(app, &form, None)))).await
}

/// Names without a release are words to find it by; what is found then says how it is really called.
fn words_to_search(draft: &mut Draft) {
    if draft.mbid.trim().is_empty() {
        let words = [std::mem::take(&mut draft.artist), std::mem::take(&mut draft.title)];
        draft.mbid = words.join(" ").trim().to_owned();
    }
}

/// `POST /submit`: shows what would be signed, or signs and leads to the receipt.
pub async fn publish(
    _: SameOrigin,
    State(app): State<SharedApp>,
    form: Result<SubmitForm, PageError>,
) -> Result<Response, PageError> {
    let mut form = form?;
    // The same key on each page of one submission: what is signed under it is signed once.
    if form.key.is_none() {
        form.key = Some(new_key()?);
    }
    blocking(&app, move |app| answer(app, form)).await
}

fn answer(app: &App, mut form: SubmitForm) -> Result<Response, PageError> {
    if let Some(problem) = form.problem.take() {
        return Ok(page(StatusCode::BAD_REQUEST, &SourcePage::new(app, &form, Some(&problem))));
    }
    match form.action {
        Action::Check => check_page(app, form, None),
        Action::Back => Ok(page(StatusCode::OK, &SourcePage::new(app, &form, None))),
        Action::OwnRelease => Ok(page(StatusCode::OK, &OwnReleasePage::new(app, &form, None))),
        Action::SignOwnRelease => own_release(app, form),
        Action::Publish => {
            let done = signer_of(&form).and_then(|account| {
                let link = link_of(app, &chosen(&form)?)?;
                submit_as(app, account, &link, form.key.as_deref())
            });
            match done {
                Ok(receipt) => Ok(Redirect::to(&receipt_url(&receipt)).into_response()),
                Err(error) => {
                    let refusal = WebError::from(error).parts();
                    check_page(app, form, Some(refusal))
                }
            }
        }
    }
}

/// For whom the form is: an account, or the node.
fn signer_of(form: &SubmitForm) -> Result<Option<&Arc<Session>>, SubmitError> {
    form.account.as_ref().map(Option::as_ref).map_err(|problem| SubmitError::Problem(problem.clone()))
}

/// The draft with the record that was chosen from the list, if one was.
fn chosen(form: &SubmitForm) -> Result<Draft, SubmitError> {
    let mut draft = form.draft.clone();
    if !form.choice.is_empty() {
        draft.mbid = form.choice.clone();
    } else if form.is_checked && deadwax_index::catalogue::lookup::Identifier::parse(&draft.mbid).is_none() {
        return Err(SubmitError::Problem(Problem {
            code: "mbid.choice",
            field: "mbid",
            message: "No release is chosen.".into(),
            fix: "Choose one of the list, search again, or say that MusicBrainz does not have it.",
        }));
    }
    Ok(draft)
}

/// What would be signed; with `refusal`, why it was not. A torrent that cannot be read leads back to the first page.
fn check_page(
    app: &App,
    mut form: SubmitForm,
    refusal: Option<(StatusCode, Problem)>,
) -> Result<Response, PageError> {
    let checked = match check(app, &form.draft, &form.choice) {
        Ok(checked) => checked,
        Err(error) => {
            let (status, problem) = WebError::from(error).parts();
            if problem.field == "torrent" {
                // Another file is needed: this one is carried no further.
                form.draft.torrent.clear();
            }
            return Ok(page(status, &SourcePage::new(app, &form, Some(&problem))));
        }
    };
    let read = if form.is_checked { Vec::new() } else { view::fill_in(&mut form.draft, &checked) };
    let refusal = refusal.or_else(|| Some((StatusCode::BAD_REQUEST, checked.release_problem.clone()?)));
    // A file that was refused as such is at fault on the first page only.
    match &refusal {
        Some((status, problem))
            if matches!(fields::at_fault(problem.field), Some("magnet" | "torrent_file")) =>
        {
            Ok(page(*status, &SourcePage::new(app, &form, Some(problem))))
        }
        Some((status, problem)) => {
            Ok(page(*status, &CheckPage::new(app, &form, &checked, &read, Some(problem))))
        }
        None => Ok(page(StatusCode::OK, &CheckPage::new(app, &form, &checked, &read, None))),
    }
}

/// Signs the record, and goes on with it as the release of the link.
fn own_release(app: &App, mut form: SubmitForm) -> Result<Response, PageError> {
    let key = form.key.as_ref().map(|key| format!("{key}{OWN_RELEASE_KEY}"));
    let signed = signer_of(&form)
        .and_then(|account| sign_own_release(app, account, &form.draft, &form.url, key.as_deref()));
    match signed {
        Ok(uuid) => {
            form.draft.mbid = uuid.to_string();
            form.choice.clear();
            // The record says them now.
            for field in
                [&mut form.draft.artist, &mut form.draft.title, &mut form.draft.year, &mut form.draft.types]
            {
                field.clear();
            }
            if form.draft.magnet.trim().is_empty() && form.draft.torrent.is_empty() {
                return Ok(page(StatusCode::OK, &SourcePage::new(app, &form, None)));
            }
            check_page(app, form, None)
        }
        Err(error) => {
            let (status, problem) = WebError::from(error).parts();
            Ok(page(status, &OwnReleasePage::new(app, &form, Some(&problem))))
        }
    }
}

fn receipt_url(receipt: &Receipt) -> String {
    let before = if receipt.state == ReceiptState::Known { "?known=1" } else { "" };
    format!("/submitted/{}{before}", receipt.id)
}

fn form_problem(message: String) -> Problem {
    Problem { code: "form", field: "", message, fix: "Open the form again and send it from there." }
}

fn misread(message: String) -> WebError {
    WebError::Bad(form_problem(message))
}

fn new_key() -> Result<String, WebError> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(WebError::internal)?;
    Ok(HEXLOWER.encode(&key))
}

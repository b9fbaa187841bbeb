//! The form for a torrent link: shown, filled in from its address, refused with all that was
//! typed, or signed. What makes a link of the fields is [`crate::submit`].

mod fields;

use super::origin::SameOrigin;
use super::{Frame, error_page, page};
use crate::app::{App, SharedApp, blocking};
use crate::submit::{Draft, Receipt, ReceiptState, SubmitError, link_of, submit_as};
use crate::web::error::{PageError, WebError};
use crate::web::visitor;
use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::HEXLOWER;
use deadwax_index::{Problem, mbid};
use fields::Part;
use serde::Deserialize;
use serde::de::value::MapDeserializer;
use std::collections::HashMap;

/// Random bytes in an idempotency key.
const KEY_BYTES: usize = 16;
const KEY_FIELD: &str = "idempotency_key";

type Pairs = HashMap<String, String>;

#[derive(Template)]
#[template(path = "submit.html")]
struct SubmitPage<'a> {
    frame: Frame,
    idempotency_key: String,
    parts: Vec<Part<'a>>,
    problem: Option<&'a Problem>,
    /// The field at fault.
    faulty: Option<&'static str>,
    /// Whether entries wait before they are released.
    is_delayed: bool,
}

/// `GET /submit`, with any of the fields in the query.
pub async fn form(
    State(app): State<SharedApp>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, PageError> {
    let Query(pairs) = query.map_err(|error| misread(error.body_text()))?;
    let (mut draft, _) = read(pairs)?;
    blocking(&app, move |app| {
        fill_in(app, &mut draft)?;
        Ok(form_page(app, StatusCode::OK, &draft, new_key()?, None))
    })
    .await
}

/// `POST /submit`: signs, and leads to the receipt.
pub async fn publish(
    _: SameOrigin,
    State(app): State<SharedApp>,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(mut pairs) = match form {
        Ok(form) => form,
        Err(error) => return Ok(error_page(error.status(), &misread(error.body_text()).parts().1)),
    };
    let account = visitor::signer_of(&mut pairs);
    let (draft, key) = read(pairs)?;
    blocking(&app, move |app| {
        let link =
            account.map_err(SubmitError::Problem).and_then(|account| Ok((account, link_of(app, &draft)?)));
        let done = link.and_then(|(account, link)| submit_as(app, account.as_ref(), &link, key.as_deref()));
        match done {
            Ok(receipt) => Ok(Redirect::to(&receipt_url(&receipt)).into_response()),
            Err(error) => {
                let (status, problem) = WebError::from(error).parts();
                // The same key: nothing was signed under it.
                let key = key.map_or_else(new_key, Ok)?;
                Ok(form_page(app, status, &draft, key, Some(&problem)))
            }
        }
    })
    .await
}

fn receipt_url(receipt: &Receipt) -> String {
    let before = if receipt.state == ReceiptState::Known { "?known=1" } else { "" };
    format!("/submitted/{}{before}", receipt.id)
}

/// The fields of a draft, and the form's idempotency key.
fn read(mut pairs: Pairs) -> Result<(Draft, Option<String>), WebError> {
    let key = pairs.remove(KEY_FIELD).filter(|key| !key.is_empty());
    let draft = Draft::deserialize(MapDeserializer::new(pairs.into_iter()))
        .map_err(|error: serde::de::value::Error| misread(format!("The form cannot be read: {error}.")))?;
    Ok((draft, key))
}

fn misread(message: String) -> WebError {
    WebError::Bad(Problem {
        code: "form",
        field: "",
        message,
        fix: "Open the form again and send it from there.",
    })
}

/// What this node knows of the release goes into the fields that are still empty.
fn fill_in(app: &App, draft: &mut Draft) -> Result<(), WebError> {
    let Ok((mbid, _)) = mbid::parse(&draft.mbid) else { return Ok(()) };
    let Some(group) = app.listing(&mbid)? else { return Ok(()) };
    let set = |field: &mut String, value: String| {
        if field.is_empty() {
            *field = value;
        }
    };
    set(&mut draft.artist, group.artist().to_owned());
    set(&mut draft.title, group.title().to_owned());
    set(&mut draft.year, group.year().map_or(String::new(), |year| year.to_string()));
    set(&mut draft.types, group.types().join(", "));
    Ok(())
}

fn new_key() -> Result<String, WebError> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(WebError::internal)?;
    Ok(HEXLOWER.encode(&key))
}

fn form_page(
    app: &App,
    status: StatusCode,
    draft: &Draft,
    key: String,
    problem: Option<&Problem>,
) -> Response {
    let title = if problem.is_some() { "Error: Submit a torrent link" } else { "Submit a torrent link" };
    let faulty = problem.and_then(|problem| fields::at_fault(problem.field));
    let form = SubmitPage {
        frame: Frame::new(app, "/submit", title),
        idempotency_key: key,
        parts: fields::parts(draft, faulty.zip(problem)),
        problem,
        faulty,
        is_delayed: app.config.publication.delay,
    };
    page(status, &form)
}

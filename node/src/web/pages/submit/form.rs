//! What a browser or program sends to `/submit`: as a plain form, or as one with a file in it. Each field is read
//! within limits, and a file that is too large takes no other field with it.
//!
//! Not here: what the fields mean ([`crate::submit`]).

use super::parts::Watched;
use crate::accounts::sessions::Session;
use crate::submit::{Draft, source};
use crate::web::error::{PageError, WebError};
use crate::web::{MAX_REQUEST_BYTES, visitor};
use axum::body::{Body, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, Form, FromRequest, Multipart};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use deadwax_index::Problem;
use deadwax_index::torrent::MAX_TORRENT_BYTES;
use serde::Deserialize;
use serde::de::value::MapDeserializer;
use std::collections::HashMap;
use std::sync::Arc;

/// A file that is too large is read to its end, up to this, and thrown away: a connection that is cut in the middle
/// of an upload shows no page that says why.
const MAX_DRAINED_BYTES: usize = 48 * 1024 * 1024;
/// Fields of one form: it has some twenty.
const MAX_FIELDS: usize = 64;

/// Names and values, the last one of each name.
pub type Pairs = HashMap<String, String>;

/// A form for a torrent link.
pub struct SubmitForm {
    /// What it says of the link.
    pub draft: Draft,
    /// Idempotency key.
    pub key: Option<String>,
    /// The record that was chosen on the check page.
    pub choice: String,
    /// Address about an own release.
    pub url: String,
    /// Whether it comes from a check page: what is empty there was left empty.
    pub is_checked: bool,
    /// What is to be done.
    pub action: Action,
    /// For whom it is: an account, or the node. Nothing is signed by a form of another session.
    pub account: Result<Option<Arc<Session>>, Problem>,
    /// What was wrong with the file.
    pub problem: Option<Problem>,
}

/// The button that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// Show what would be signed.
    #[default]
    Check,
    /// Sign.
    Publish,
    /// Show the first page again.
    Back,
    /// Show the form for a record that MusicBrainz does not have.
    OwnRelease,
    /// Sign that record.
    SignOwnRelease,
}

impl SubmitForm {
    /// Reads the fields.
    ///
    /// # Errors
    /// A field that the form does not have.
    pub fn read(mut pairs: Pairs) -> Result<Self, WebError> {
        let account = visitor::signer_of(&mut pairs);
        let mut take = |name: &str| pairs.remove(name).filter(|value| !value.is_empty());
        let key = take(super::KEY_FIELD);
        let choice = take("choice").unwrap_or_default();
        let url = take("url").unwrap_or_default();
        let is_checked = take("checked").is_some();
        // A browser that cannot send files sends the file's name.
        take("torrent_file");
        let drops_torrent = take("drop_torrent").is_some();
        let own = take("own");
        let action = match (take("confirm"), own.as_deref(), take("back"), take("check")) {
            (Some(_), ..) => Action::Publish,
            (_, Some("sign"), ..) => Action::SignOwnRelease,
            (_, Some(_), ..) => Action::OwnRelease,
            (.., Some(_), _) => Action::Back,
            _ => Action::Check,
        };
        let mut draft = Draft::deserialize(MapDeserializer::new(pairs.into_iter())).map_err(
            |error: serde::de::value::Error| super::misread(format!("The form cannot be read: {error}.")),
        )?;
        if drops_torrent {
            draft.torrent.clear();
        }
        Ok(Self { draft, key, choice, url, is_checked, action, account, problem: None })
    }
}

impl<S: Send + Sync> FromRequest<S> for SubmitForm {
    type Rejection = PageError;

    async fn from_request(mut request: Request<Body>, state: &S) -> Result<Self, PageError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let has_parts = kind.is_some_and(|kind| kind.trim_start().starts_with("multipart/form-data"));
        let limit = if has_parts { MAX_DRAINED_BYTES } else { MAX_REQUEST_BYTES };
        DefaultBodyLimit::max(limit).apply(&mut request);
        if has_parts {
            let watched = Watched::default();
            let parts = Multipart::from_request(request.map(|body| watched.over(body)), state).await;
            let parts = parts.map_err(|error| unreadable(error.status(), error.body_text()))?;
            return Ok(read_parts(parts, &watched).await?);
        }
        let (head, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(head.clone(), body), state).await;
        let bytes = bytes.map_err(|error| unreadable(error.status(), error.body_text()))?;
        // Each of the fields is some hundred bytes in memory, and may be three in the body.
        if bytes.iter().filter(|byte| **byte == b'&').count() >= MAX_FIELDS {
            return Err(too_many_fields().into());
        }
        let form = Form::<Pairs>::from_request(Request::from_parts(head, Body::from(bytes)), state).await;
        let Form(pairs) = form.map_err(|error| unreadable(error.status(), error.body_text()))?;
        Ok(Self::read(pairs)?)
    }
}

fn unreadable(status: axum::http::StatusCode, message: String) -> WebError {
    match status {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
        axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE => WebError::MediaType(super::form_problem(message)),
        _ => super::misread(message),
    }
}

fn too_many_fields() -> WebError {
    super::misread("The form has too many fields.".into())
}

async fn read_parts(mut parts: Multipart, watched: &Watched) -> Result<SubmitForm, WebError> {
    let failed =
        |error: axum::extract::multipart::MultipartError| unreadable(error.status(), error.body_text());
    let mut pairs = Pairs::new();
    let (mut file, mut problem) = (None, None);
    let mut left_bytes = MAX_REQUEST_BYTES;
    let mut fields = 0;
    while let Some(field) = parts.next_field().await.map_err(failed)? {
        watched.went_on();
        fields += 1;
        if fields > MAX_FIELDS {
            return Err(too_many_fields());
        }
        let name = field.name().unwrap_or_default().to_owned();
        if name == "torrent_file" {
            match read_field(field, MAX_TORRENT_BYTES, watched).await.map_err(failed)? {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => file = Some(data_encoding::BASE64.encode(&bytes)),
                None => problem = Some(source::too_large()),
            }
            continue;
        }
        let bytes =
            read_field(field, left_bytes, watched).await.map_err(failed)?.ok_or(WebError::TooLarge)?;
        left_bytes -= bytes.len();
        pairs.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    let mut form = SubmitForm::read(pairs)?;
    if let Some(file) = file {
        // A new file takes the place of the one that the form carried.
        form.draft.torrent = file;
    }
    form.problem = problem;
    Ok(form)
}

/// The bytes of a field, or `None` if there are more than `max_bytes`; those are read and thrown away.
async fn read_field(
    mut field: Field<'_>,
    max_bytes: usize,
    watched: &Watched,
) -> Result<Option<Vec<u8>>, axum::extract::multipart::MultipartError> {
    let mut bytes = Some(Vec::new());
    while let Some(chunk) = field.chunk().await? {
        watched.went_on();
        bytes = bytes.filter(|read| read.len() + chunk.len() <= max_bytes);
        if let Some(read) = &mut bytes {
            read.extend_from_slice(&chunk);
        }
    }
    Ok(bytes)
}

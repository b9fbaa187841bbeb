//! The JSON API (`doc/API.md`).

mod mbid;

pub use mbid::by_mbid;

use super::error::{ApiError, WebError, not_found};
use super::search_query::SearchQuery;
use super::view::GroupView;
use crate::app::{App, SharedApp, blocking};
use crate::submit::{Draft, Receipt, ReceiptState, SubmitError, link_of, submit as sign, submit_signed};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use deadwax_index::Problem;
use deadwax_index::entry::limits::MAX_ENTRY_BYTES;
use deadwax_index::entry::{EntryId, VerifiedEntry};
use deadwax_index::search::{Facets, Hits};
use serde::Serialize;
use std::time::Instant;

/// Answer of a search; also what `deadwax search --json` prints.
#[derive(Debug, Serialize)]
pub struct SearchAnswer {
    /// How many groups match.
    pub total: u64,
    /// Time the search took.
    pub took_ms: f64,
    /// The best matches.
    pub groups: Vec<GroupView>,
    /// How the matches are spread: by filter key, by value, how many groups.
    pub facets: Facets,
    /// Query string of the next page.
    pub next: Option<String>,
    /// Nothing matches as typed; this would.
    pub suggestion: Option<String>,
}

/// Runs a search.
///
/// # Errors
/// A query that cannot be understood; the index's own failures.
pub fn run_search(app: &App, query: &SearchQuery) -> Result<SearchAnswer, WebError> {
    let started = Instant::now();
    let asked = query.to_search();
    let hits = app.search.search(&app.store, &asked)?;
    let groups: Vec<_> = hits.groups.iter().map(|group| GroupView::new(app, group)).collect();
    let next = hits.next.map(|next| format!("{}&limit={}&after={next}", query.encoded(), asked.limit));
    let took_ms = started.elapsed().as_secs_f64() * 1000.0;
    let Hits { total, facets, suggestion, .. } = hits;
    Ok(SearchAnswer { total, took_ms, groups, facets, next, suggestion })
}

/// `GET /api/v1/search?q=`.
pub async fn search(
    State(app): State<SharedApp>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<SearchAnswer>, ApiError> {
    let Query(pairs) = query.map_err(|error| {
        WebError::Bad(Problem {
            code: "search.query",
            field: "q",
            message: error.body_text(),
            fix: "Write ?q=words&limit=50.",
        })
    })?;
    let query = SearchQuery::from_pairs(pairs)?;
    Ok(Json(blocking(&app, move |app| run_search(app, &query)).await?))
}

/// `GET /api/v1/entries/{id}`: the bytes of an entry, as a CBOR sequence.
pub async fn entry(State(app): State<SharedApp>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let id: EntryId = id.parse().map_err(|_| {
        WebError::Bad(Problem {
            code: "entry.id",
            field: "id",
            message: "This is not the id of an entry.".into(),
            fix: "An id has 64 hexadecimal digits.",
        })
    })?;
    let stored = blocking(&app, move |app| app.store.entry(&id)).await?;
    let stored = stored.ok_or_else(|| not_found("This entry"))?;
    let mut bytes = Vec::new();
    stored.write_to(&mut bytes);
    Ok(([(CONTENT_TYPE, "application/cbor-seq")], bytes).into_response())
}

/// `POST /api/v1/entries`: a draft in JSON, which the node signs, or an entry that is signed
/// already, as a CBOR sequence.
pub async fn submit(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    request: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let request = request?;
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let receipt = if content_type.starts_with(b"application/cbor-seq") {
        if request.len() > MAX_ENTRY_BYTES {
            return Err(
                bad("entry.length", "", format!("An entry has at most {MAX_ENTRY_BYTES} bytes.")).into()
            );
        }
        let entry = VerifiedEntry::verify(&request).map_err(|error| WebError::Bad(error.problem()))?;
        blocking(&app, move |app| submit_signed(app, &entry)).await?
    } else if content_type.starts_with(b"application/json") {
        let draft: Draft =
            serde_json::from_slice(&request).map_err(|error| bad("entry.json", "", format!("{error}.")))?;
        blocking(&app, move |app| sign(app, &link_of(app, &draft)?, key.as_deref())).await?
    } else {
        let message = "The request is neither application/json nor application/cbor-seq.";
        return Err(bad("entry.type", "", message.into()).into());
    };
    let status = if receipt.state == ReceiptState::Known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(receipt)).into_response())
}

fn bad(code: &'static str, field: &'static str, message: String) -> WebError {
    WebError::Bad(Problem { code, field, message, fix: "doc/API.md says what this request takes." })
}

impl From<SubmitError> for WebError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Problem(problem) => Self::Bad(problem),
            SubmitError::Taken { next_n } => Self::Taken {
                problem: Problem {
                    code: "entry.n",
                    field: "n",
                    message: format!(
                        "The author has used this n for another entry; the next free one is {next_n}."
                    ),
                    fix: "Sign again with that n.",
                },
                next_n,
            },
            SubmitError::Store(error) => error.into(),
            SubmitError::Search(error) => error.into(),
            SubmitError::Key(error) if deadwax_index::disk::is_full(&error) => Self::full(),
            SubmitError::Key(error) => Self::internal(error),
        }
    }
}

/// So that a receipt can be sent as it is.
impl IntoResponse for Receipt {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

//! What other nodes read: state, tail and entries (`doc/SYNC-PROTOCOL.md`); how they compare whole sets is in
//! `sync/compare.rs`, what they start with in `sync/segments.rs`.

pub mod compare;
mod ranges;
pub mod segments;

use super::error::{ApiError, WebError, not_found};
use crate::app::{SharedApp, blocking};
use crate::peers::status::{ScopeAnswer, StateAnswer};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use deadwax_index::Problem;
use deadwax_index::entry::Scope;
use deadwax_index::store::StoreError;
use deadwax_index::store::entries::ScopeState;
use deadwax_index::sync::wire::{ID_PREFIX_BYTES, MAX_ITEMS_PER_MARK, parse_fetch, write_id, write_mark};
use futures::stream;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use zstd::stream::write::Encoder;

/// A silent tail repeats its mark this often, so that a reader can tell it from a dead one.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Tails that are open at once; each peer has two.
const MAX_TAILS: usize = 128;
/// Fetches that are answered at once: each has a compressor of some megabytes.
const MAX_FETCHES: usize = 16;
/// What is read, and compressed, at once of a longer answer, and some more.
const PIECE_BYTES: usize = 128 * 1024;
/// zstd level of answers: entries are mostly random bytes, so more costs time and gains nothing.
const ZSTD_LEVEL: i32 = 3;
const CBOR_SEQUENCE: &str = "application/cbor-seq";

/// What is answered at once, at most.
pub struct Serving {
    tails: Arc<Semaphore>,
    fetches: Arc<Semaphore>,
    lists: Arc<Semaphore>,
    /// Digests and sketches that are brought up to date. Others wait here, and not where all other work with the
    /// store would wait behind them.
    updates: Arc<Semaphore>,
    segments: segments::Segments,
}

impl Default for Serving {
    fn default() -> Self {
        let permits = |count| Arc::new(Semaphore::new(count));
        Self {
            tails: permits(MAX_TAILS),
            fetches: permits(MAX_FETCHES),
            lists: permits(compare::MAX_LISTS),
            updates: permits(compare::MAX_UPDATES),
            segments: segments::Segments::default(),
        }
    }
}

/// Count and root by scope, as JSON shows them.
pub fn scope_answers(scopes: &[(Scope, ScopeState)]) -> BTreeMap<Scope, ScopeAnswer> {
    let answer = |state: &ScopeState| ScopeAnswer { count: state.count, root: HEXLOWER.encode(&state.root) };
    scopes.iter().map(|(scope, state)| (*scope, answer(state))).collect()
}

/// `GET /sync/v1/state`.
pub async fn state(State(app): State<SharedApp>) -> Result<Json<StateAnswer>, ApiError> {
    let answer = blocking(&app, |app| -> Result<_, StoreError> {
        let scopes = app.scopes()?;
        Ok(StateAnswer {
            scopes: scope_answers(&scopes),
            members_root: app.members_root()?,
            incarnation: HEXLOWER.encode(&app.store.incarnation()?),
            tail: scopes.iter().map(|(scope, state)| (*scope, state.tail)).collect(),
        })
    });
    Ok(Json(answer.await?))
}

/// Query of a tail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TailQuery {
    inc: String,
    after: u64,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Full,
    Ids,
    Fresh,
}

/// `GET /sync/v1/{scope}/tail`: entries in order of release; stays open.
pub async fn tail(
    State(app): State<SharedApp>,
    Path(scope): Path<String>,
    query: Result<Query<TailQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let scope = scope_of(&scope)?;
    let Query(query) = query.map_err(|error| bad("sync.tail", "after", error.body_text()))?;
    let (incarnation, newest) = blocking(&app, move |app| -> Result<_, StoreError> {
        Ok((app.store.incarnation()?, app.store.scope_state(scope)?.tail))
    })
    .await?;
    // A later position was given out by a database that this one is an older copy of.
    if query.inc != HEXLOWER.encode(&incarnation) || query.after > newest {
        return Err(WebError::Gone(Problem {
            code: "sync.incarnation",
            field: "inc",
            message: "Positions of this incarnation are not this node's any more.".into(),
            fix: "Ask for the state, and begin at position 0 of the incarnation that it names.",
        })
        .into());
    }
    let permit = Arc::clone(&app.serving.tails).try_acquire_owned().map_err(|_| WebError::Busy)?;
    let reader = TailReader {
        released: app.released.subscribe(),
        app,
        scope,
        after: query.after,
        form: query.form,
        first: true,
        _permit: permit,
    };
    let body = stream::unfold(reader, |mut reader| async move { Some((reader.next().await, reader)) });
    Ok(([(CONTENT_TYPE, CBOR_SEQUENCE)], Body::from_stream(body)).into_response())
}

struct TailReader {
    app: SharedApp,
    scope: Scope,
    after: u64,
    form: Form,
    first: bool,
    released: tokio::sync::watch::Receiver<u64>,
    _permit: OwnedSemaphorePermit,
}

impl TailReader {
    /// The next entries with their mark, or the mark alone after a silence.
    async fn next(&mut self) -> Result<Bytes, StoreError> {
        let silent_until = Instant::now() + HEARTBEAT;
        loop {
            self.released.mark_unchanged();
            let (scope, after) = (self.scope, self.after);
            let page =
                blocking(&self.app, move |app| app.store.tail_page(scope, after, MAX_ITEMS_PER_MARK)).await?;
            let is_silent = page.entries.is_empty() && page.position == after && !self.first;
            if is_silent && timeout_at(silent_until, self.released.changed()).await.is_ok() {
                continue;
            }
            (self.first, self.after) = (false, page.position);
            let mut chunk = Vec::new();
            for entry in &page.entries {
                let id = entry.id.prefix();
                match self.form {
                    Form::Full => entry.write_to(&mut chunk),
                    Form::Fresh if self.app.fresh.has(&id) => entry.write_to(&mut chunk),
                    Form::Ids | Form::Fresh => write_id(&id, &mut chunk),
                }
            }
            write_mark(self.after, &mut chunk);
            return Ok(chunk.into());
        }
    }
}

/// `POST /sync/v1/entries`: the entries with these ids, those that are here.
pub async fn fetch(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    request: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let mut ids = parse_fetch(&request?).map_err(|message| bad("sync.fetch", "ids", message))?;
    // Each once, whatever was asked: an answer is never longer than what is here.
    ids.sort_unstable();
    ids.dedup();
    let permit = Arc::clone(&app.serving.fetches).try_acquire_owned().map_err(|_| WebError::Busy)?;
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compress =
        accepted.split(',').any(|encoding| encoding.split(';').next().map(str::trim) == Some("zstd"));
    let encoder =
        if compress { Some(Encoder::new(Vec::new(), ZSTD_LEVEL).map_err(WebError::internal)?) } else { None };
    let answer = FetchAnswer { app: Arc::clone(&app), ids: ids.into_iter(), encoder, is_done: false };
    let mut response = in_pieces(app, permit, CBOR_SEQUENCE, answer);
    if compress {
        response.headers_mut().insert(CONTENT_ENCODING, axum::http::HeaderValue::from_static("zstd"));
    }
    Ok(response)
}

/// An answer whose pieces are made as it is read, each where that may block: a slow reader holds one piece and no
/// thread. An error breaks the answer off, so that nobody takes it for whole.
fn in_pieces(
    app: SharedApp,
    permit: OwnedSemaphorePermit,
    content_type: &'static str,
    pieces: impl Iterator<Item = std::io::Result<Bytes>> + Send + 'static,
) -> Response {
    let body = stream::unfold((app, pieces, permit), |(app, mut pieces, permit)| async {
        let (piece, pieces) = blocking(&app, move |_| (pieces.next(), pieces)).await;
        Some((piece?, (app, pieces, permit)))
    });
    ([(CONTENT_TYPE, content_type)], Body::from_stream(body)).into_response()
}

/// An answer to a fetch, as far as it is not yet written.
struct FetchAnswer {
    app: SharedApp,
    ids: std::vec::IntoIter<[u8; ID_PREFIX_BYTES]>,
    encoder: Option<Encoder<'static, Vec<u8>>>,
    is_done: bool,
}

impl FetchAnswer {
    fn piece(&mut self) -> std::io::Result<Bytes> {
        let mut plain = Vec::new();
        while plain.len() < PIECE_BYTES {
            let Some(id) = self.ids.next() else {
                self.is_done = true;
                break;
            };
            for entry in self.app.store.entries_by_prefix(&id).map_err(std::io::Error::other)? {
                entry.write_to(&mut plain);
            }
        }
        let Some(encoder) = &mut self.encoder else { return Ok(plain.into()) };
        encoder.write_all(&plain)?;
        if !self.is_done {
            return Ok(std::mem::take(encoder.get_mut()).into());
        }
        self.encoder.take().map_or_else(|| Ok(Vec::new()), Encoder::finish).map(Bytes::from)
    }
}

impl Iterator for FetchAnswer {
    type Item = std::io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.is_done).then(|| self.piece())
    }
}

fn scope_of(name: &str) -> Result<Scope, WebError> {
    Scope::from_name(name).ok_or_else(|| not_found("This scope"))
}

fn bad(code: &'static str, field: &'static str, message: String) -> WebError {
    let fix = "doc/SYNC-PROTOCOL.md says what this request takes.";
    WebError::Bad(Problem { code, field, message, fix })
}

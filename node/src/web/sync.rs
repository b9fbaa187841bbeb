//! What other nodes read: state, tail and entries (`doc/SYNC-PROTOCOL.md`).

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
use deadwax_index::sync::wire::{MAX_ITEMS_PER_MARK, parse_fetch, write_id, write_mark};
use futures::stream;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

/// A silent tail repeats its mark this often, so that a reader can tell it from a dead one.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Tails that are open at once; each peer has two.
const MAX_TAILS: usize = 128;
/// Fetches that are answered at once: each compresses on a thread.
const MAX_FETCHES: usize = 16;
/// zstd level of answers: entries are mostly random bytes, so more costs time and gains nothing.
const ZSTD_LEVEL: i32 = 3;
const CBOR_SEQUENCE: &str = "application/cbor-seq";

static TAILS: std::sync::LazyLock<Arc<Semaphore>> =
    std::sync::LazyLock::new(|| Arc::new(Semaphore::new(MAX_TAILS)));
static FETCHES: std::sync::LazyLock<Arc<Semaphore>> =
    std::sync::LazyLock::new(|| Arc::new(Semaphore::new(MAX_FETCHES)));

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
}

/// `GET /sync/v1/{scope}/tail`: entries in order of release; stays open.
pub async fn tail(
    State(app): State<SharedApp>,
    Path(scope): Path<String>,
    query: Result<Query<TailQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let scope = Scope::from_name(&scope).ok_or_else(|| not_found("This scope"))?;
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
    let permit = Arc::clone(&TAILS).try_acquire_owned().map_err(|_| WebError::Busy)?;
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
                match self.form {
                    Form::Full => entry.write_to(&mut chunk),
                    Form::Ids => write_id(&entry.id.prefix(), &mut chunk),
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
    let permit = Arc::clone(&FETCHES).try_acquire_owned().map_err(|_| WebError::Busy)?;
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compress =
        accepted.split(',').any(|encoding| encoding.split(';').next().map(str::trim) == Some("zstd"));
    // A slow reader holds this many chunks, not the whole answer.
    let (sender, mut receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let broken = sender.clone();
        let out = ChunkWriter { sender, chunk: Vec::new() };
        let written = if compress {
            zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)
                .and_then(|mut encoder| {
                    write_entries(&app, &ids, &mut encoder).and_then(|()| encoder.finish())
                })
                .and_then(|mut out| out.flush())
        } else {
            let mut out = out;
            write_entries(&app, &ids, &mut out).and_then(|()| out.flush())
        };
        if let Err(error) = written {
            tracing::debug!(%error, "a fetch was not answered to its end");
            // So that the reader sees it break off, and does not take it for the whole answer.
            let _ = broken.blocking_send(Err(error));
        }
        drop(permit);
    });
    let body = Body::from_stream(stream::poll_fn(move |context| receiver.poll_recv(context)));
    let mut response = ([(CONTENT_TYPE, CBOR_SEQUENCE)], body).into_response();
    if compress {
        response.headers_mut().insert(CONTENT_ENCODING, axum::http::HeaderValue::from_static("zstd"));
    }
    Ok(response)
}

fn write_entries(app: &SharedApp, ids: &[[u8; 16]], out: &mut impl Write) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    for id in ids {
        bytes.clear();
        for entry in app.store.entries_by_prefix(id).map_err(std::io::Error::other)? {
            entry.write_to(&mut bytes);
        }
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// Sends what is written in chunks to the body of an answer.
struct ChunkWriter {
    sender: mpsc::Sender<std::io::Result<Bytes>>,
    chunk: Vec<u8>,
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.chunk.extend(bytes);
        if self.chunk.len() >= 32 * 1024 {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let chunk = std::mem::take(&mut self.chunk);
        self.sender.blocking_send(Ok(chunk.into())).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }
}

fn bad(code: &'static str, field: &'static str, message: String) -> WebError {
    let fix = "doc/SYNC-PROTOCOL.md says what this request takes.";
    WebError::Bad(Problem { code, field, message, fix })
}

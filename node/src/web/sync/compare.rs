//! How a peer compares its set with this node's: digests, ids and sketch (`doc/SYNC-PROTOCOL.md` sections 6
//! and 7).

use super::ranges::Asked;
use super::{bad, in_pieces, scope_of};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{ApiError, WebError};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderMap};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use deadwax_index::store::StoreError;
use deadwax_index::sync::digests::parse_buckets;
use std::sync::Arc;

/// Lists of ids that are written at once: each reads the index of ids.
pub(super) const MAX_LISTS: usize = 8;
/// Digests and sketches that are brought up to date at once.
pub(super) const MAX_UPDATES: usize = 4;
/// Buckets that are read at once: 16,000 ids of ten million entries.
const BUCKETS_A_PIECE: usize = 8;
const BYTES: &str = "application/octet-stream";

/// The version of digests and sketches: up to which position of which incarnation they cover the set.
fn version(incarnation: &[u8], position: u64) -> String {
    format!("\"{}-{position}\"", HEXLOWER.encode(incarnation))
}

/// What is kept of a set, brought up to date, and the incarnation that its position is of.
async fn up_to_date<T: Send + 'static>(
    app: &SharedApp,
    update: impl FnOnce(&App) -> Result<T, StoreError> + Send + 'static,
) -> Result<([u8; 16], T), ApiError> {
    let turn = Arc::clone(&app.serving.updates).acquire_owned().await.map_err(|_| WebError::Busy)?;
    let done = blocking(app, move |app| {
        let done = app.store.incarnation().and_then(|incarnation| Ok((incarnation, update(app)?)));
        // Not before: whoever asked may have gone meanwhile, and the work goes on.
        drop(turn);
        done
    });
    Ok(done.await?)
}

/// `GET /sync/v1/{scope}/digests`: those of all buckets.
pub async fn digests(State(app): State<SharedApp>, Path(scope): Path<String>) -> Result<Response, ApiError> {
    let scope = scope_of(&scope)?;
    let (incarnation, kept) = up_to_date(&app, move |app| app.store.digests(scope)).await?;
    let version = version(&incarnation, kept.position);
    Ok(([(CONTENT_TYPE, BYTES.to_owned()), (ETAG, version)], kept.digests.to_bytes()).into_response())
}

/// `POST /sync/v1/{scope}/ids`: the ids in these buckets.
pub async fn ids(
    State(app): State<SharedApp>,
    Path(scope): Path<String>,
    request: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let scope = scope_of(&scope)?;
    let buckets = parse_buckets(&request?).map_err(|message| bad("sync.ids", "buckets", message))?;
    let permit = Arc::clone(&app.serving.lists).try_acquire_owned().map_err(|_| WebError::Busy)?;
    let pieces = (0..buckets.len().div_ceil(BUCKETS_A_PIECE)).map({
        let app = Arc::clone(&app);
        move |piece| {
            let mut ids = Vec::new();
            for bucket in buckets.iter().skip(piece * BUCKETS_A_PIECE).take(BUCKETS_A_PIECE) {
                let some = app.store.bucket_prefixes(scope, *bucket).map_err(std::io::Error::other)?;
                ids.extend_from_slice(some.as_flattened());
            }
            Ok(ids.into())
        }
    });
    Ok(in_pieces(app, permit, BYTES, pieces))
}

/// `GET /sync/v1/{scope}/sketch`: all of it, or the range that is asked for.
pub async fn sketch(
    State(app): State<SharedApp>,
    Path(scope): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let scope = scope_of(&scope)?;
    let frozen = move |app: &App| app.store.frozen_sketch(scope, &app.network_id()?);
    let (incarnation, sketch) = up_to_date(&app, frozen).await?;
    let asked = Asked::read(&headers, version(&incarnation, sketch.position), sketch.bytes.len());
    let part = sketch.bytes[asked.bytes()].to_vec();
    Ok(asked.answer(BYTES, part))
}

//! How a peer compares its set with this node's: digests, ids and sketch (`doc/SYNC-PROTOCOL.md` sections 6
//! and 7).

use super::{bad, in_pieces, scope_of};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{ApiError, WebError};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_RANGE, RANGE,
};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use deadwax_index::store::StoreError;
use deadwax_index::sync::digests::parse_buckets;
use std::ops::Range;
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
    let version = version(&incarnation, sketch.position);
    let all = sketch.bytes.len();
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let same = header(IF_RANGE).is_none_or(|wanted| wanted == version);
    let range = header(RANGE).filter(|_| same).and_then(|range| parse_range(range, all));
    let about = [(CONTENT_TYPE, BYTES.to_owned()), (ETAG, version), (ACCEPT_RANGES, "bytes".to_owned())];
    Ok(match range {
        None => (about, sketch.bytes.clone()).into_response(),
        Some(range) if range.is_empty() => {
            (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, format!("bytes */{all}"))]).into_response()
        }
        Some(range) => {
            let is = [(CONTENT_RANGE, format!("bytes {}-{}/{all}", range.start, range.end - 1))];
            (StatusCode::PARTIAL_CONTENT, about, is, sketch.bytes[range].to_vec()).into_response()
        }
    })
}

/// What `bytes=FIRST-LAST` or `bytes=FIRST-` means of so many bytes; empty if it begins behind the last one.
/// Other forms are not ranges here, and the whole is answered, as RFC 9110 section 14.2 allows.
fn parse_range(text: &str, all: usize) -> Option<Range<usize>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    let first: usize = number(first)?;
    let last: usize = if last.is_empty() { usize::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(first..last.saturating_add(1).min(all).max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_says() {
        for (text, expected) in [
            ("bytes=0-9", Some(0..10)),
            ("bytes=5-", Some(5..100)),
            ("bytes=90-1000", Some(90..100)),
            ("bytes=99-99", Some(99..100)),
            ("bytes=100-", Some(100..100)),
            ("bytes=100-200", Some(100..100)),
            ("bytes=9-0", None),
            ("bytes=-5", None),
            ("bytes=0-1,5-6", None),
            ("bytes=+1-2", None),
            ("items=0-1", None),
        ] {
            let range = parse_range(text, 100);
            // Behind the end everything is empty.
            let range = range.map(|range| if range.is_empty() { 100..100 } else { range });
            assert_eq!(range, expected, "{text}");
        }
    }
}

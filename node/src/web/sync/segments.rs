//! What a node that starts from nothing reads: the list of segments, and segments, by ranges
//! (`doc/SYNC-PROTOCOL.md` section 12).
//!
//! Whoever asks for the list has them made, in the background, if that was not done for a while. Not here: how they
//! are made (`deadwax_index::store::segments`).

use super::ranges::Asked;
use super::{PIECE_BYTES, in_pieces};
use crate::app::{SharedApp, blocking};
use crate::web::error::{ApiError, WebError, not_found};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, HeaderMap};
use axum::response::Response;
use data_encoding::HEXLOWER;
use deadwax_index::entry::Scope;
use deadwax_index::store::StoreError;
use deadwax_index::store::segments::Making;
use deadwax_index::sync::segments::SegmentList;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Segments that are sent at once: each has a file open.
const MAX_SEGMENTS: usize = 16;
/// Whether segments are old is looked at this often, at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(600);
/// They never change: their name is the hash of what they hold.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ZSTD: &str = "application/zstd";

/// What is known of making and sending segments.
pub struct Segments {
    sent: Arc<Semaphore>,
    /// Held by whoever makes them.
    making: Arc<Semaphore>,
    /// When there was nothing left to make.
    done: Mutex<Option<Instant>>,
}

impl Default for Segments {
    fn default() -> Self {
        let [sent, making] = [MAX_SEGMENTS, 1].map(|permits| Arc::new(Semaphore::new(permits)));
        Self { sent, making, done: Mutex::default() }
    }
}

/// `GET /sync/v1/segments`: those that are made.
pub async fn list(State(app): State<SharedApp>) -> Result<Json<SegmentList>, ApiError> {
    are_served(&app)?;
    make_some(&app);
    let list = blocking(&app, |app| -> Result<_, StoreError> {
        let scopes = Scope::ALL.map(|scope| Ok((scope, app.store.segments(scope)?)));
        Ok(SegmentList {
            incarnation: HEXLOWER.encode(&app.store.incarnation()?),
            building: app.serving.segments.making.available_permits() == 0,
            scopes: scopes.into_iter().collect::<Result<_, StoreError>>()?,
        })
    });
    Ok(Json(list.await?))
}

/// `GET /sync/v1/segments/{sha256}`: all of it, or the range that is asked for.
pub async fn segment(
    State(app): State<SharedApp>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    are_served(&app)?;
    let sha256 = HEXLOWER.decode(name.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let sha256: [u8; 32] = sha256.ok_or_else(|| not_found("This segment"))?;
    let permit = Arc::clone(&app.serving.segments.sent).try_acquire_owned().map_err(|_| WebError::Busy)?;
    let found = blocking(&app, move |app| app.store.open_segment(&sha256)).await?;
    let (file, length) = found.ok_or_else(|| not_found("This segment"))?;
    let asked = Asked::read(&headers, format!("\"{name}\""), length as usize);
    let range = asked.bytes();
    let pieces = FilePieces { file, from: range.start as u64, left: range.len() };
    let is_empty = range.is_empty();
    let mut response = asked.answer(ZSTD, in_pieces(Arc::clone(&app), permit, ZSTD, pieces).into_body());
    if !is_empty {
        response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
        response.headers_mut().insert(CONTENT_LENGTH, range.len().into());
    }
    Ok(response)
}

fn are_served(app: &SharedApp) -> Result<(), WebError> {
    if app.config.sync.segments { Ok(()) } else { Err(not_found("A list of segments")) }
}

/// Begins to make segments, unless somebody does or it was looked at not long ago.
fn make_some(app: &SharedApp) {
    let segments = &app.serving.segments;
    let is_recent = |done: Instant| done.elapsed() < LOOK_INTERVAL;
    if segments.done.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(is_recent) {
        return;
    }
    if let Ok(turn) = Arc::clone(&segments.making).try_acquire_owned() {
        tokio::spawn(make_all(Arc::clone(app), turn));
    }
}

/// Makes what is missing or old, one segment at a time, so that readers find the first ones soon.
async fn make_all(app: SharedApp, turn: OwnedSemaphorePermit) {
    for scope in Scope::ALL {
        loop {
            match blocking(&app, move |app| app.store.make_segment(scope)).await {
                Ok(Making::Made) => tokio::task::yield_now().await,
                Ok(Making::Done | Making::NoRoom) => break,
                Err(error) => {
                    if !app.disk.failed(&error) {
                        tracing::error!(%error, "segments could not be made");
                    }
                    break;
                }
            }
        }
    }
    let done = &app.serving.segments.done;
    *done.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    drop(turn);
}

/// A part of a file, piece by piece.
struct FilePieces {
    file: File,
    from: u64,
    left: usize,
}

impl Iterator for FilePieces {
    type Item = std::io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let length = self.left.min(PIECE_BYTES);
        if length == 0 {
            return None;
        }
        let mut piece = vec![0; length];
        let read = self.file.seek(SeekFrom::Start(self.from)).and_then(|_| self.file.read_exact(&mut piece));
        self.from += length as u64;
        // What cannot be read breaks the answer off.
        self.left = if read.is_ok() { self.left - length } else { 0 };
        Some(read.map(|()| piece.into()))
    }
}

#[cfg(test)]
mod tests;

//! `POST /admin/v1/import`: a file of entries of any length, taken in as it arrives.

use crate::app::{SharedApp, blocking};
use crate::web::error::{ApiError, WebError};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use deadwax_index::import::{ImportError, Report, import as read};
use deadwax_index::store::StoreError;
use futures::StreamExt;
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Chunks that have arrived and are not read yet; the sender waits when there are more.
const MAX_WAITING_CHUNKS: usize = 4;

pub async fn import(State(app): State<SharedApp>, body: Body) -> Result<Json<Report>, ApiError> {
    let (sender, receiver) = mpsc::channel(MAX_WAITING_CHUNKS);
    let pass_on = async {
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            // Taken to the end, whatever becomes of it: who is still sending does not listen.
            let _ = sender.send(chunk.map_err(io::Error::other)).await;
        }
        drop(sender);
    };
    let taken_in = blocking(&app, move |app| {
        let input = Arriving { receiver, chunk: Bytes::new() };
        read(input, |entries| app.take_in(entries, None), |_, _| {})
    });
    let (report, ()) = tokio::join!(taken_in, pass_on);
    Ok(Json(report?))
}

impl From<ImportError> for WebError {
    fn from(error: ImportError) -> Self {
        match &error {
            ImportError::Store { source: StoreError::Full, .. } => Self::Full(error.problem()),
            ImportError::Store { source, .. } => {
                tracing::error!(cause = %source, "an import failed");
                Self::Bad(error.problem())
            }
            _ => Self::Bad(error.problem()),
        }
    }
}

/// A request's body for a reader that may block.
struct Arriving {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let count = self.chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

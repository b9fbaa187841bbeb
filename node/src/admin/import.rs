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

#[cfg(test)]
mod tests {
    use crate::admin::router;
    use crate::app::App;
    use crate::config::Config;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use deadwax_index::entry::Scope;
    use deadwax_index::entry::identity::Identity;
    use futures::{StreamExt, stream};
    use http_body_util::BodyExt;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_file_is_taken_in_as_it_arrives_and_peers_hear_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let app = App::for_test(dir.path(), Config::default());
        let mut released = app.released.subscribe();
        let mut author = Identity::from_secret([3; 32]);
        let bytes: Vec<_> =
            (0..3_000).flat_map(|n| author.sign(vec![0xa1, 0x05, 0x07], 99, n, 494_000).to_bytes()).collect();
        let post = |chunks: Vec<Result<Vec<u8>, std::io::Error>>| {
            let request = Request::post("/admin/v1/import").body(Body::from_stream(stream::iter(chunks)));
            let answer = router(Arc::clone(&app)).oneshot(request.unwrap());
            async {
                let answer = answer.await.unwrap();
                let (status, body) =
                    (answer.status(), answer.into_body().collect().await.unwrap().to_bytes());
                (status, serde_json::from_slice::<Value>(&body).unwrap())
            }
        };
        let chunks = |bytes: &[u8]| bytes.chunks(777).map(|chunk| Ok(chunk.to_vec())).collect();
        let (status, report) = post(chunks(&bytes)).await;
        assert_eq!((status, &report["read"], &report["new"]), (StatusCode::OK, &json!(3_000), &json!(3_000)));
        assert!(released.has_changed().unwrap());
        released.mark_unchanged();
        assert_eq!(app.store.scope_state(Scope::Main).unwrap().count, 3_000);
        let (_, report) = post(chunks(&bytes[..bytes.len() - 1])).await;
        assert_eq!((&report["known"], report["cut"]["byte"].is_u64()), (&json!(2_999), true));
        assert!(!released.has_changed().unwrap());
        let (status, problem) = post(chunks(b"something else")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("import.form")));
        // The command was stopped: the batch that was under way is left out, and the same file brings it.
        let more = author.sign(vec![0xa0], 99, 3_000, 494_000).to_bytes();
        let broken = stream::iter([Ok(more), Err(std::io::Error::other("gone"))]);
        let (status, problem) = post(broken.collect().await).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("file")));
        assert_eq!(app.store.scope_state(Scope::Main).unwrap().count, 3_000);
    }
}

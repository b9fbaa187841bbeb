//! HTTP/1.1 on a stream of any network: the same limits, the same headers.

use crate::dialer::Stream;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

/// Streams that are served at once on one network; one costs some 20 KiB.
pub const MAX_STREAMS: usize = 512;
/// A request's head has to arrive within this time, and the next one on a kept connection too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(120);
/// Request heads are longer only in attacks.
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Who called, as far as the network says it. The onion service never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// SHA-256 of an authenticated I2P destination.
    I2p([u8; 32]),
}

/// Serves one stream until it ends. `permit` is given back then.
pub async fn serve(
    stream: impl Stream + 'static,
    router: Router,
    caller: Caller,
    permit: OwnedSemaphorePermit,
) {
    let service = router.map_request(move |mut request: hyper::Request<_>| {
        request.extensions_mut().insert(caller);
        request
    });
    let served = hyper::server::conn::http1::Builder::new()
        // The clock's deviation would tell that two addresses are one machine.
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a stream ended early");
    }
    drop(permit);
}

/// Serves `router` on a Unix socket until the listener fails.
pub async fn serve_unix(listener: UnixListener, router: Router) -> std::io::Result<()> {
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    loop {
        let permit = Arc::clone(&streams).acquire_owned().await.expect("the semaphore is never closed");
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, router.clone(), Caller::Anonymous, permit));
    }
}

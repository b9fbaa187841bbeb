//! HTTP/1.1 on a stream of any network: the same limits, the same headers.

use crate::dialer::Stream;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tower::ServiceExt;

/// Streams that are served at once on one network; one costs some 20 KiB.
pub const MAX_STREAMS: usize = 512;
/// Of these, streams of one destination of I2P: a browser opens six, a node some four.
const MAX_STREAMS_OF_ONE: usize = 32;
/// A request's head has to arrive within this time, and the next one on a kept connection too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes a second of an answer that a caller has to take, as long as there are some; as peers have to send it.
const MIN_BYTES_PER_SEC: u64 = crate::peers::pace::MIN_BYTES_PER_SEC;
/// A caller who has fallen behind that pace by so much, or takes nothing for as long, is gone, or never meant to read.
const MAX_LAG: Duration = Duration::from_secs(120);
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// Request heads are longer only in attacks.
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// A stream on which a write fails that waits for too long: what counts is how far the other side has fallen behind the
/// least pace, so that nobody holds an answer for hours by taking a byte of it now and then.
struct Impatient<S> {
    stream: S,
    max_lag: Duration,
    lag: Duration,
    /// Runs while a write waits: since when, and until when it may.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Impatient<S> {
    fn new(stream: S, max_lag: Duration) -> Self {
        Self { stream, max_lag, lag: Duration::ZERO, waiting: None }
    }

    /// Passes on what a write came to, unless it waits for too long; `taken` are its bytes.
    fn bound<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
        taken: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(written) = written {
            self.lag += self.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
            let bytes = written.as_ref().map_or(0, taken);
            let worth = Duration::from_nanos(bytes as u64 * (1_000_000_000 / MIN_BYTES_PER_SEC));
            self.lag = self.lag.saturating_sub(worth);
            return Poll::Ready(written);
        }
        let patience = self.max_lag.saturating_sub(self.lag);
        let now = || (Instant::now(), Box::pin(tokio::time::sleep(patience)));
        let (_, patience) = self.waiting.get_or_insert_with(now);
        patience.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bound(context, written, |bytes| *bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bound(context, flushed, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bound(context, shut, |()| 0)
    }
}

/// Who called, as far as the network says it. The onion service never does.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// SHA-256 of an authenticated I2P destination.
    I2p([u8; 32]),
}

/// How many streams each destination of I2P has open. Over Tor nobody can be told from anybody else.
#[derive(Default)]
pub struct Callers(Mutex<HashMap<[u8; 32], usize>>);

/// A stream's place among those of its destination, until it is dropped.
pub struct Place(Arc<Callers>, [u8; 32]);

impl Callers {
    /// A place for one more stream, unless there are [`MAX_STREAMS_OF_ONE`].
    pub fn take(self: &Arc<Self>, destination: [u8; 32]) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = open.entry(destination).or_default();
        if *streams == MAX_STREAMS_OF_ONE {
            return None;
        }
        *streams += 1;
        Some(Place(Arc::clone(self), destination))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut streams) = open.entry(self.1) {
            *streams.get_mut() -= 1;
            if *streams.get() == 0 {
                streams.remove();
            }
        }
    }
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
        .serve_connection(TokioIo::new(Impatient::new(stream, MAX_LAG)), TowerToHyperService::new(service))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a stream ended early");
    }
    drop(permit);
}

/// Serves `router` on a Unix socket.
pub async fn serve_unix(listener: UnixListener, router: Router) -> std::convert::Infallible {
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    loop {
        let permit = Arc::clone(&streams).acquire_owned().await.expect("the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of open files, most likely: they come back.
            Err(error) => {
                tracing::warn!(%error, "a local program could not be answered");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        tokio::spawn(serve(stream, router.clone(), Caller::Anonymous, permit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[test]
    fn a_destination_has_so_many_streams_and_leaves_the_others_theirs() {
        let callers = Arc::new(Callers::default());
        let mut places: Vec<_> = (0..MAX_STREAMS_OF_ONE).map(|_| callers.take([1; 32]).unwrap()).collect();
        assert!(callers.take([1; 32]).is_none() && callers.take([2; 32]).is_some());
        places.pop();
        places.push(callers.take([1; 32]).unwrap());
        assert!(callers.take([1; 32]).is_none());
        drop(places);
        assert!(callers.0.lock().unwrap().is_empty(), "nobody is remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_is_let_go() {
        let (mut near, far) = duplex(16);
        let mut far = Impatient::new(far, MAX_LAG);
        far.write_all(&[1; 16]).await.unwrap();
        let began = Instant::now();
        let error = far.write_all(&[2; 16]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, 120));
        near.read_exact(&mut [0; 16]).await.unwrap();
    }

    /// A caller who takes so many bytes each time, with pauses of so many seconds: how long until it is let go.
    async fn let_go_after(bytes: usize, secs: u64, sent: usize) -> Option<Duration> {
        let (mut near, far) = duplex(bytes);
        let mut far = Impatient::new(far, MAX_LAG);
        let reading = tokio::spawn(async move {
            let mut taken = vec![0; bytes];
            loop {
                tokio::time::sleep(Duration::from_secs(secs)).await;
                if near.read_exact(&mut taken).await.is_err() {
                    return;
                }
            }
        });
        let began = Instant::now();
        let written = far.write_all(&vec![7; sent]).await;
        reading.abort();
        written.is_err().then(|| began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_a_little_now_and_then_is_let_go_and_whoever_is_slow_is_not() {
        let after = let_go_after(16, 1, 1 << 20).await.unwrap();
        assert!((119..=125).contains(&after.as_secs()), "{after:?}");
        let after = let_go_after(1_000, 1, 1 << 20).await.unwrap();
        assert!((235..=245).contains(&after.as_secs()), "{after:?}");
        assert_eq!(let_go_after(2_100, 1, 10 << 20).await, None);
        assert_eq!(let_go_after(230_000, 110, 10 << 20).await, None, "with long pauses");
    }
}

//! Incoming streams, and the stream type of both directions.
//!
//! An onion service is told nothing about who calls; there is no peer address to give.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use arti_client::DataStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
};

/// Yields the streams that callers open on port 80 of the onion service.
pub struct OnionListener {
    incoming: mpsc::Receiver<OnionStream>,
}

impl OnionListener {
    pub(crate) fn new(incoming: mpsc::Receiver<OnionStream>) -> Self {
        Self { incoming }
    }

    /// The next stream; waits through restarts of the service. `None`: the gateway was shut down.
    ///
    /// Safe to cancel. Call it soon again: callers are turned away while too many wait.
    pub async fn accept(&mut self) -> Option<OnionStream> {
        self.incoming.recv().await
    }
}

/// A byte stream through Tor.
///
/// Writes are gathered into cells of some 500 bytes: what was written is only sure to leave after a flush.
pub struct OnionStream {
    inner: DataStream,
}

impl OnionStream {
    pub(crate) fn new(inner: DataStream) -> Self {
        Self { inner }
    }
}

impl AsyncRead for OnionStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        AsyncRead::poll_read(Pin::new(&mut self.inner), cx, buf)
    }
}

impl AsyncWrite for OnionStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(&mut self.inner), cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.inner), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_shutdown(Pin::new(&mut self.inner), cx)
    }
}

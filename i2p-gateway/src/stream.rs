//! A byte stream through I2P.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::outgoing::OpenSession;

/// A byte stream through I2P, in either direction: a connection to the router, which carries on.
///
/// There is no half-close: a stream is open both ways until one side drops it, and shutting it down
/// only flushes. So what is sent over it should say its own length.
pub struct I2pStream {
    inner: TcpStream,
    /// The session of an outgoing stream, which must not end before the stream does.
    _session: Option<Arc<OpenSession>>,
}

impl I2pStream {
    pub(crate) fn incoming(inner: TcpStream) -> Self {
        Self { inner, _session: None }
    }

    pub(crate) fn outgoing(inner: TcpStream, session: Arc<OpenSession>) -> Self {
        Self { inner, _session: Some(session) }
    }
}

impl AsyncRead for I2pStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for I2pStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// Flushes. The end of our bytes would be taken by the router for the end of the stream, and
    /// the peer's answer would be lost.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

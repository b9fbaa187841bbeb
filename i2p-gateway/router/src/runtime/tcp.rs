//! TCP for emissary: connections to other routers (NTCP2) and the SAM port.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use emissary_core::runtime::{AsyncRead, AsyncWrite, TcpListener, TcpStream};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::{Sleep, sleep, timeout};

use crate::host::Host;

/// How long another router may take to answer a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections waiting to be accepted.
const BACKLOG: u32 = 128;

/// Pause after a failed accept; the usual cause is that file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// A connected socket.
pub(crate) struct Stream(tokio::net::TcpStream);

/// A listening socket.
pub(crate) struct Listener {
    socket: tokio::net::TcpListener,
    pause: Option<Pin<Box<Sleep>>>,
}

fn error(error: std::io::Error) -> emissary_core::Error {
    emissary_core::Error::Custom(error.to_string())
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<emissary_core::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        let read = ready!(Pin::new(&mut self.0).poll_read(cx, &mut buf));
        Poll::Ready(read.map(|()| buf.filled().len()).map_err(error))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<emissary_core::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf).map_err(error)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<emissary_core::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx).map_err(error)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<emissary_core::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx).map_err(error)
    }
}

impl TcpStream for Stream {
    #[expect(clippy::disallowed_methods, reason = "the router's connections to other routers")]
    async fn connect(address: SocketAddr) -> Option<Self> {
        if !Host::current().is_some_and(|host| host.may_connect(address.ip())) {
            tracing::warn!("an I2P router of a private network was told to leave loopback");
            return None;
        }
        let connecting = tokio::net::TcpStream::connect(address);
        let stream = timeout(CONNECT_TIMEOUT, connecting).await.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self(stream))
    }
}

impl TcpListener<Stream> for Listener {
    #[expect(clippy::disallowed_methods, reason = "the router's listeners, which are on loopback")]
    async fn bind(mut address: SocketAddr) -> Option<Self> {
        let host = Host::current()?;
        if address.ip().is_unspecified() {
            address.set_ip(host.listen_address());
        }
        let socket = match address {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4(),
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6(),
        }
        .ok()?;
        socket.set_reuseaddr(true).ok()?;
        socket.bind(address).ok()?;
        let socket = socket.listen(BACKLOG).ok()?;
        Some(Self { socket, pause: None })
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Stream, SocketAddr)>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match ready!(self.socket.poll_accept(cx)) {
                Ok((stream, address)) => {
                    if stream.set_nodelay(true).is_ok() {
                        return Poll::Ready(Some((Stream(stream), address)));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the I2P router could not accept a connection");
                    self.pause = Some(Box::pin(sleep(ACCEPT_PAUSE)));
                }
            }
        }
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{I2pNetwork, Relay};

    #[tokio::test]
    async fn a_private_router_keeps_to_loopback() {
        let relay = Relay { address: [127, 0, 0, 9].into(), floodfill: false };
        Host::new(&I2pNetwork::Private { net_id: 77, relay: Some(relay) }).adopt_thread();
        let listener = Listener::bind("0.0.0.0:0".parse().expect("valid")).await.expect("binds");
        let address = listener.local_address().expect("bound");
        assert_eq!(address.ip(), relay.address);
        assert!(Stream::connect(address).await.is_some());
        // 192.0.2.0/24 is reserved for documentation; the refusal comes before any packet.
        assert!(Stream::connect("192.0.2.1:9".parse().expect("valid")).await.is_none());
    }

    #[tokio::test]
    async fn an_unpublished_router_shows_no_port() {
        Host::new(&I2pNetwork::Public).adopt_thread();
        let listener = Listener::bind("0.0.0.0:0".parse().expect("valid")).await.expect("binds");
        assert!(listener.local_address().expect("bound").ip().is_loopback());
    }
}

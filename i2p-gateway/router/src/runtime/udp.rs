//! UDP for emissary. SSU2 is off, so the only user is the datagram port that comes with SAM.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use emissary_core::runtime::UdpSocket;
use tokio::io::ReadBuf;

use crate::host::Host;

/// What is told to emissary when it names no MTU; nothing asks on loopback.
const DEFAULT_MTU: usize = 1500;

/// A bound socket.
#[derive(Clone)]
pub(crate) struct Socket {
    socket: Arc<tokio::net::UdpSocket>,
    mtu: usize,
}

fn allowed(target: SocketAddr) -> Option<()> {
    Host::current()?.may_connect(target.ip()).then_some(())
}

impl UdpSocket for Socket {
    async fn bind(address: SocketAddr) -> Option<Self> {
        Self::bind_with_mtu(address, DEFAULT_MTU).await
    }

    #[expect(clippy::disallowed_methods, reason = "SAM's datagram port, which is on loopback")]
    async fn bind_with_mtu(mut address: SocketAddr, mtu: usize) -> Option<Self> {
        if address.ip().is_unspecified() {
            address.set_ip(Host::current()?.listen_address());
        }
        let socket = tokio::net::UdpSocket::bind(address).await.ok()?;
        Some(Self { socket: Arc::new(socket), mtu })
    }

    async fn send_to(&mut self, buf: &[u8], target: SocketAddr) -> Option<usize> {
        allowed(target)?;
        self.socket.send_to(buf, target).await.ok()
    }

    async fn recv_from(&mut self, buf: &mut [u8]) -> Option<(usize, SocketAddr)> {
        self.socket.recv_from(buf).await.ok()
    }

    fn poll_send_to(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<Option<usize>> {
        if allowed(target).is_none() {
            return Poll::Ready(None);
        }
        self.socket.poll_send_to(cx, buf, target).map(Result::ok)
    }

    fn poll_recv_from(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Option<(usize, SocketAddr)>> {
        let mut buf = ReadBuf::new(buf);
        let from = ready!(self.socket.poll_recv_from(cx, &mut buf)).ok();
        Poll::Ready(from.map(|from| (buf.filled().len(), from)))
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    fn mtu(&self) -> usize {
        self.mtu
    }
}

//! emissary's `Runtime` trait on tokio: clock, randomness, timers, tasks, gzip, sockets.
//!
//! No part of it looks at the machine's interfaces or routes, so a router can start while the
//! machine is offline.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use emissary_core::runtime::{Instant as EmissaryInstant, MetricType, Runtime};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rand::{CryptoRng, RngExt};
use tokio::time::{Instant, Sleep, sleep};

use crate::host::Host;

mod metrics;
mod tasks;
mod tcp;
mod udp;

/// The wait by which emissary paces its backups: the only `delay` of that length in 0.4. There is no
/// other way to ask it for the routers it learned, so a wait of this length is answered when a save
/// is due, which is sooner, and at once when the router stops.
const EMISSARY_BACKUP_PERIOD: Duration = Duration::from_secs(15 * 60);

/// Nothing valid is larger once unpacked (an I2NP message holds 64 KiB); a bomb would be.
const MAX_UNPACKED_BYTES: u64 = 128 * 1024;

/// A clock that is set back by less than this is held still instead: emissary subtracts times
/// without checking, and a task that does so panics.
const MAX_CLOCK_STEP: Duration = Duration::from_secs(10);

/// The tokio runtime, as emissary sees it.
#[derive(Clone)]
pub(crate) struct TokioRuntime;

/// A point of tokio's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokioInstant(Instant);

impl EmissaryInstant for TokioInstant {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Runtime for TokioRuntime {
    type TcpStream = tcp::Stream;
    type UdpSocket = udp::Socket;
    type TcpListener = tcp::Listener;
    type JoinSet<T: Send + 'static> = tasks::Tasks<T>;
    type MetricsHandle = metrics::Metrics;
    type Instant = TokioInstant;
    type Timer = Pin<Box<Sleep>>;

    fn spawn<F>(future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        tasks::spawn(future);
    }

    fn time_since_epoch() -> Duration {
        static LATEST_MICROS: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let latest = LATEST_MICROS.fetch_max(now_micros, Ordering::Relaxed);
        let behind = Duration::from_micros(latest.saturating_sub(now_micros));
        if behind > MAX_CLOCK_STEP {
            LATEST_MICROS.store(now_micros, Ordering::Relaxed);
            return now;
        }
        Duration::from_micros(now_micros.max(latest))
    }

    fn now() -> Self::Instant {
        TokioInstant(Instant::now())
    }

    fn rng() -> impl CryptoRng + RngExt {
        rand::rng()
    }

    fn join_set<T: Send + 'static>() -> Self::JoinSet<T> {
        tasks::Tasks::default()
    }

    fn register_metrics(_: Vec<MetricType>, _: Option<u16>) -> Self::MetricsHandle {
        metrics::Metrics::new(Host::current())
    }

    fn timer(duration: Duration) -> Self::Timer {
        Box::pin(sleep(duration))
    }

    fn delay(duration: Duration) -> impl Future<Output = ()> + Send {
        let backup = Host::current().filter(|_| duration == EMISSARY_BACKUP_PERIOD);
        async move {
            match backup {
                Some(host) => host.save_due().await,
                None => sleep(duration).await,
            }
        }
    }

    fn gzip_compress(bytes: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes.as_ref()).ok()?;
        encoder.finish().ok()
    }

    fn gzip_decompress(bytes: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let mut unpacked = Vec::new();
        let mut limited = GzDecoder::new(bytes.as_ref()).take(MAX_UNPACKED_BYTES + 1);
        limited.read_to_end(&mut unpacked).ok()?;
        (unpacked.len() as u64 <= MAX_UNPACKED_BYTES).then_some(unpacked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_goes_round_and_a_bomb_does_not() {
        let text = b"run-out groove".repeat(100);
        let packed = TokioRuntime::gzip_compress(&text).expect("packs");
        assert_eq!(TokioRuntime::gzip_decompress(&packed), Some(text));
        let bomb = TokioRuntime::gzip_compress(vec![0; 1_000_000]).expect("packs");
        assert!(bomb.len() < 2_000);
        assert_eq!(TokioRuntime::gzip_decompress(&bomb), None);
        assert_eq!(TokioRuntime::gzip_decompress([0; 20]), None);
    }

    #[test]
    fn the_clock_does_not_run_back() {
        let first = TokioRuntime::time_since_epoch();
        let second = TokioRuntime::time_since_epoch();
        assert!(second >= first && first > Duration::from_secs(1_700_000_000));
    }
}

//! Tasks, alone and in sets.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use emissary_core::runtime::JoinSet;
use futures::Stream;

use crate::host::Host;

/// Runs `future` in the background. These are the router's main loops: nobody restarts one that
/// panics, so a panic is reported and ends the router.
pub(crate) fn spawn<F>(future: F)
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let on_panic = ReportPanic(Host::current());
    tokio::spawn(async move {
        let _on_panic = on_panic;
        let _ = future.await;
    });
}

struct ReportPanic(Option<Arc<Host>>);

impl Drop for ReportPanic {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(host) = &self.0
        {
            host.report_panic();
        }
    }
}

/// A set of tasks that yields their results. It never ends: emissary takes the end of such a stream
/// for the end of the subsystem that polls it.
pub(crate) struct Tasks<T> {
    set: tokio::task::JoinSet<T>,
    /// Whoever polled the set while it was empty; tokio would not wake them for a new task.
    idle: Option<Waker>,
}

impl<T> Default for Tasks<T> {
    fn default() -> Self {
        Self { set: tokio::task::JoinSet::new(), idle: None }
    }
}

impl<T: Send + 'static> JoinSet<T> for Tasks<T> {
    fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    fn len(&self) -> usize {
        self.set.len()
    }

    fn push<F>(&mut self, future: F)
    where
        F: Future<Output = T> + Send + 'static,
        F::Output: Send,
    {
        self.set.spawn(future);
        if let Some(waker) = self.idle.take() {
            waker.wake();
        }
    }
}

impl<T: Send + 'static> Stream for Tasks<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            match self.set.poll_join_next(cx) {
                Poll::Ready(Some(Ok(value))) => return Poll::Ready(Some(value)),
                // One connection or tunnel less, and no reason to stop serving the others.
                Poll::Ready(Some(Err(error))) => {
                    tracing::warn!(%error, "a task of the I2P router failed");
                }
                Poll::Ready(None) => {
                    self.idle = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::StreamExt as _;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_set_survives_a_panic_and_being_empty() {
        let mut tasks = Tasks::<u8>::default();
        assert!(timeout(Duration::from_millis(10), tasks.next()).await.is_err());
        tasks.push(async { panic!("on purpose") });
        tasks.push(async { 7 });
        let got = timeout(Duration::from_secs(5), tasks.next()).await;
        assert_eq!(got, Ok(Some(7)));
        assert!(timeout(Duration::from_millis(10), tasks.next()).await.is_err());
        assert!(tasks.is_empty());
    }

    #[tokio::test]
    async fn an_idle_poller_is_woken_by_a_push() {
        let mut tasks = Tasks::<u8>::default();
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<u8>(1);
        let poller = tokio::spawn(async move {
            futures::future::poll_fn(|cx| {
                if let Poll::Ready(Some(value)) = receiver.poll_recv(cx) {
                    tasks.push(async move { value });
                }
                tasks.poll_next_unpin(cx)
            })
            .await
        });
        sender.send(9).await.expect("the poller lives");
        let got = timeout(Duration::from_secs(5), poller).await.expect("woken");
        assert_eq!(got.expect("no panic"), Some(9));
    }

    #[tokio::test]
    async fn a_main_loop_that_panics_is_reported() {
        let host = Host::new(&crate::I2pNetwork::Public);
        Arc::clone(&host).adopt_thread();
        spawn(async { panic!("on purpose") });
        timeout(Duration::from_secs(5), host.panicked()).await.expect("reported");
    }
}

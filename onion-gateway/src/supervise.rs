//! Keeps the client connected and the onion service running, for as long as the gateway lives.
//!
//! Whatever ends is a named error, reported in the status, and is started again after a pause.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use arti_client::{HasKind as _, TorClient};
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tor_cell::relaycell::msg::{Connected, End, EndReason};
use tor_hsservice::{OnionServiceConfig, RendRequest, StreamRequest, handle_rend_requests};
use tor_proto::stream::IncomingStreamRequest;
use tor_rtcompat::PreferredRuntime;

use crate::{dial::ONION_PORT, listener::OnionStream, status::Reporter};

/// The pause after a first failure; it doubles up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_secs(1);
/// A machine that was offline for a week should be back within a minute of its connection.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Streams that may wait to be taken by the listener. The node takes them at once; more than
/// this waiting means that it cannot keep up, and callers are better told so.
pub(crate) const MAX_WAITING_STREAMS: usize = 128;

/// Callers answered at the same time. Answering waits for room on the caller's own circuit,
/// so one who does not read must not hold up the others.
const MAX_ANSWERS_AT_ONCE: usize = 256;
/// How long one caller may take to be answered.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The service starts no sooner than this after its gateway. What it publishes is numbered by the second (arti
/// derives the revision counter of a descriptor from the clock), and directories refuse a number that they have
/// seen: a service that is restarted within the second would go unpublished until the next time, hours later.
const SERVICE_DELAY: Duration = Duration::from_millis(1200);

/// Why an attempt ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("Tor could not be joined: {}", .0.kind())]
    Bootstrap(#[source] arti_client::Error),
    #[error("the onion service did not start: {}", .0.kind())]
    Launch(#[source] arti_client::Error),
    #[error("the onion service is switched off")]
    SwitchedOff,
    #[error("the onion service stopped taking callers")]
    NoMoreCallers,
}

/// Runs until it is dropped.
pub(crate) async fn supervise(
    client: Arc<TorClient<PreferredRuntime>>,
    service: OnionServiceConfig,
    streams: mpsc::Sender<OnionStream>,
    reporter: Arc<Reporter>,
) {
    let watch_client = async {
        let mut events = client.bootstrap_events();
        while let Some(status) = events.next().await {
            reporter.client(&status);
        }
        std::future::pending().await
    };
    let not_before = tokio::time::Instant::now() + SERVICE_DELAY;
    let run = async {
        let mut pause = MIN_PAUSE;
        loop {
            let begun = Instant::now();
            let Err(ended) = run_once(&client, &service, not_before, &streams, &reporter).await;
            if begun.elapsed() > MAX_PAUSE {
                pause = MIN_PAUSE;
            }
            tracing::warn!(cause = cause(&ended), retry_in_secs = pause.as_secs(), "{ended}");
            reporter.failed(&ended.to_string(), pause);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    };
    tokio::select! {
        () = watch_client => {}
        () = run => {}
    }
}

async fn run_once(
    client: &TorClient<PreferredRuntime>,
    service: &OnionServiceConfig,
    not_before: tokio::time::Instant,
    streams: &mpsc::Sender<OnionStream>,
    reporter: &Reporter,
) -> Result<Infallible, Ended> {
    client.bootstrap().await.map_err(Ended::Bootstrap)?;
    reporter.bootstrapped();
    tokio::time::sleep_until(not_before).await;
    let (running, callers) =
        client.launch_onion_service(service.clone()).map_err(Ended::Launch)?.ok_or(Ended::SwitchedOff)?;
    let watch_service = async {
        let mut events = running.status_events();
        while let Some(status) = events.next().await {
            reporter.service(&status);
        }
        std::future::pending().await
    };
    tokio::select! {
        () = watch_service => {}
        () = answer_all(callers, streams) => {}
    }
    Err(Ended::NoMoreCallers)
}

/// Ends when arti ends the stream of callers.
async fn answer_all(callers: impl Stream<Item = RendRequest>, streams: &mpsc::Sender<OnionStream>) {
    handle_rend_requests(callers)
        .for_each_concurrent(MAX_ANSWERS_AT_ONCE, |request| async move {
            if tokio::time::timeout(ANSWER_TIMEOUT, answer(request, streams)).await.is_err() {
                tracing::debug!("a caller took too long to be answered");
            }
        })
        .await;
}

async fn answer(request: StreamRequest, streams: &mpsc::Sender<OnionStream>) {
    let ours = matches!(request.request(), IncomingStreamRequest::Begin(begin) if begin.port() == ONION_PORT);
    let place = streams.try_reserve();
    let result = match place {
        Ok(place) if ours => {
            request.accept(Connected::new_empty()).await.map(|stream| place.send(OnionStream::new(stream)))
        }
        // DONE for every reason, as other onion services do: it says nothing about what runs here.
        _ => request.reject(End::new_with_reason(EndReason::DONE)).await,
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a caller left while being answered");
    }
}

/// The error below, and what is below that, in one line for the log.
fn cause(ended: &Ended) -> String {
    let mut text = Vec::new();
    let mut next = std::error::Error::source(ended);
    while let Some(error) = next {
        text.push(error.to_string());
        next = error.source();
    }
    text.join(": ")
}

//! Incoming streams, each with its authenticated caller.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::destination::Destination;
use crate::error::SessionError;
use crate::sam;
use crate::session::{Connection, SessionRef};
use crate::stream::I2pStream;

/// Callers that can be taken at the same moment. A router has a place for each `STREAM ACCEPT` that
/// is waiting; further callers wait until one is free again, some routers drop them after 3 s.
const OUTSTANDING_ACCEPTS: usize = 8;

/// Streams that may wait for the node to take them. With more waiting, no further ones are accepted.
pub(crate) const MAX_WAITING_STREAMS: usize = 64;

/// How long the router may take to note that we wait for a caller.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(30);

/// Pause after an accept that failed; the session is most likely going, and its owner notices.
const PAUSE: Duration = Duration::from_secs(1);

/// Yields the streams that callers open to the node's destination.
pub struct I2pListener {
    incoming: mpsc::Receiver<(I2pStream, Destination)>,
}

impl I2pListener {
    pub(crate) fn new(incoming: mpsc::Receiver<(I2pStream, Destination)>) -> Self {
        Self { incoming }
    }

    /// The next stream and who opened it; waits through restarts of the session and the router.
    /// `None`: the gateway was shut down.
    ///
    /// Safe to cancel.
    pub async fn accept(&mut self) -> Option<(I2pStream, Destination)> {
        self.incoming.recv().await
    }
}

/// Accepts callers of `session` until the returned set is dropped.
pub(crate) fn accept_all(
    session: &SessionRef,
    incoming: &mpsc::Sender<(I2pStream, Destination)>,
) -> JoinSet<()> {
    let mut acceptors = JoinSet::new();
    for _ in 0..OUTSTANDING_ACCEPTS {
        acceptors.spawn(keep_accepting(session.clone(), incoming.clone()));
    }
    acceptors
}

async fn keep_accepting(session: SessionRef, incoming: mpsc::Sender<(I2pStream, Destination)>) {
    loop {
        match accept(&session).await {
            Ok(caller) => {
                if incoming.send(caller).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "no caller accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Waits for one caller.
async fn accept(session: &SessionRef) -> Result<(I2pStream, Destination), SessionError> {
    let mut connection = Connection::open(session.sam).await?;
    let command = sam::stream_accept(&session.id);
    connection.ask(&command, "STREAM", "starting to accept", ACCEPT_TIMEOUT).await?;
    let doing = "waiting for a caller";
    // The caller's destination in base64; routers put ports behind it.
    let line = connection.line(doing).await?;
    let caller = line.split(' ').next().and_then(Destination::from_base64);
    let caller = caller.ok_or(SessionError::NotSam { doing })?;
    Ok((I2pStream::incoming(connection.into_stream()), caller))
}

//! Outgoing streams.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::destination::Destination;
use crate::error::{DialError, SessionError};
use crate::outgoing::{Caller, OpenSession};
use crate::sam;
use crate::session::Connection;
use crate::stream::I2pStream;

/// How long a connection may take: finding the destination, then a few rounds through its tunnels
/// and ours. A single lost packet costs nine seconds, and routers try three times.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(90);

/// Connects to `destination`.
///
/// A peer that was there and does not answer may have restarted, and then the routers of this world
/// do not all notice that what they remember of it is void (see `outgoing.rs`). So it is tried once
/// more from a fresh session.
pub(crate) async fn dial(
    caller: &Caller,
    destination: Destination,
    offline: impl Fn() -> DialError,
) -> Result<I2pStream, DialError> {
    let dialling = async {
        let session = caller.session().ok_or_else(&offline)?;
        match connect(&session, destination).await {
            Err(error) if worth_another_session(&error) && session.suspect(destination) => {
                let fresh = caller.fresh_session(&session).await.ok_or_else(&offline)?;
                connect(&fresh, destination).await
            }
            result => result,
        }
    };
    timeout(DIAL_TIMEOUT, dialling).await.unwrap_or(Err(DialError::TimedOut))
}

/// How long one attempt may take. emissary gives up by itself after 15 s, i2pd after 20.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

async fn connect(session: &Arc<OpenSession>, destination: Destination) -> Result<I2pStream, DialError> {
    let about = session.about();
    let command = sam::stream_connect(&about.id, &destination.to_b32());
    let connected = async {
        let mut connection = Connection::open(about.sam).await?;
        connection.ask(&command, "STREAM", "connecting a stream", ATTEMPT_TIMEOUT).await?;
        Ok(connection.into_stream())
    };
    let stream = connected.await.map_err(sorted)?;
    session.reached(destination);
    Ok(I2pStream::outgoing(stream, Arc::clone(session)))
}

fn worth_another_session(error: &DialError) -> bool {
    matches!(error, DialError::NotAnswering | DialError::TimedOut)
}

/// Sorts SAM's reasons into what matters to the caller.
fn sorted(error: SessionError) -> DialError {
    let result = match &error {
        SessionError::Refused { result, .. } => result.as_str(),
        SessionError::TimedOut { .. } => return DialError::TimedOut,
        // The session, or the router, went away meanwhile.
        SessionError::Connect(_) | SessionError::Broken(_) | SessionError::Closed { .. } => {
            return DialError::Offline { detail: error.to_string() };
        }
        _ => return DialError::Failed(error),
    };
    match result {
        "CANT_REACH_PEER" | "PEER_NOT_FOUND" | "KEY_NOT_FOUND" | "LEASESET_NOT_FOUND" => {
            DialError::NotAnswering
        }
        "TIMEOUT" => DialError::TimedOut,
        "INVALID_ID" => DialError::Offline { detail: error.to_string() },
        _ => DialError::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_sorted() {
        let refused = |result: &str| sorted(SessionError::Refused { doing: "", result: result.to_owned() });
        assert!(matches!(refused("CANT_REACH_PEER"), DialError::NotAnswering));
        assert!(matches!(refused("TIMEOUT"), DialError::TimedOut));
        assert!(matches!(refused("INVALID_ID"), DialError::Offline { .. }));
        assert!(matches!(refused("I2P_ERROR"), DialError::Failed(_)));
        let closed = SessionError::Closed { doing: "" };
        assert!(matches!(sorted(closed), DialError::Offline { .. }));
    }
}

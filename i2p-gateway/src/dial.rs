//! Outgoing streams.

use std::time::Duration;

use tokio::time::timeout;

use crate::error::{DialError, SessionError};
use crate::sam;
use crate::session::{Connection, SessionRef};
use crate::stream::I2pStream;

/// How long a connection may take: finding the destination, then a few rounds through its tunnels
/// and ours. A single lost packet costs nine seconds, and routers try three times.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(90);

/// Connects to `address`, which was checked, in `session`.
pub(crate) async fn dial(session: &SessionRef, address: &str) -> Result<I2pStream, DialError> {
    let connect = async {
        let mut connection = Connection::open(session.sam).await?;
        let command = sam::stream_connect(&session.id, address);
        connection.ask(&command, "STREAM", "connecting a stream", DIAL_TIMEOUT).await?;
        Ok(I2pStream::new(connection.into_stream()))
    };
    match timeout(DIAL_TIMEOUT, connect).await {
        Ok(connected) => connected.map_err(sorted),
        Err(_) => Err(DialError::TimedOut),
    }
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
        let refused =
            |result: &str| sorted(SessionError::Refused { doing: "", result: result.to_owned() });
        assert!(matches!(refused("CANT_REACH_PEER"), DialError::NotAnswering));
        assert!(matches!(refused("TIMEOUT"), DialError::TimedOut));
        assert!(matches!(refused("INVALID_ID"), DialError::Offline { .. }));
        assert!(matches!(refused("I2P_ERROR"), DialError::Failed(_)));
        let closed = SessionError::Closed { doing: "" };
        assert!(matches!(sorted(closed), DialError::Offline { .. }));
    }
}

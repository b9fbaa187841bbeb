//! Bodies of requests: how many large ones are read at once, and how slowly one may come.
//!
//! Not here: how large they may be ([`super::router`]), and the pace of answers ([`crate::serve`]).

use super::MAX_SMALL_REQUEST_BYTES;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use std::io;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

/// Large requests that are read at once, on all networks together: each is held in memory.
static LARGE_REQUESTS: Semaphore = Semaphore::const_new(8);
/// 12 MiB at 40 kB/s, which is a slow circuit; also the longest wait for a turn.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// A body may come as slowly as it likes for this long, which is what a circuit takes to be built anew,
const GRACE: Duration = Duration::from_secs(30);
/// then at this pace on average, in bytes a second,
const LEAST_PACE: usize = 4 * 1024;
/// and never with a longer pause than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Gives each large upload its turn, and ends those that do not arrive in time. Answers may take as long as they like.
pub async fn bound(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let _turn = if is_small(request.headers()) {
        None
    } else {
        match timeout(UPLOAD_TIMEOUT, LARGE_REQUESTS.acquire()).await {
            Ok(turn) => turn.ok(),
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    };
    let answered = timeout(UPLOAD_TIMEOUT, next.run(request.map(paced))).await;
    answered.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

/// Whether a request says that it is short. One that says nothing may be long.
fn is_small(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: usize| length <= MAX_SMALL_REQUEST_BYTES)
}

/// A body that fails once it comes too slowly.
fn paced(body: Body) -> Body {
    let began = Instant::now();
    let whole = (body.into_data_stream(), 0);
    Body::from_stream(stream::unfold(whole, move |(mut body, read_bytes)| async move {
        let due = began + GRACE + Duration::from_secs((read_bytes / LEAST_PACE) as u64);
        match timeout_at(due.min(Instant::now() + LONGEST_PAUSE), body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => {
                let read_bytes = read_bytes + bytes.len();
                Some((Ok(bytes), (body, read_bytes)))
            }
            Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), (body, read_bytes))),
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), (body, read_bytes))),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    /// How long a body is read of which a piece comes each `pause`, and whether it came to its end.
    async fn reading(pieces: usize, piece_bytes: usize, pause: Duration) -> (Duration, bool) {
        let slow = stream::unfold(0, move |number| async move {
            if number == pieces {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, io::Error>(vec![b'x'; piece_bytes]), number + 1))
        });
        let began = Instant::now();
        let read: Result<Vec<_>, _> = paced(Body::from_stream(slow)).into_data_stream().try_collect().await;
        (began.elapsed(), read.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_comes_to_its_end_and_a_dripping_one_does_not() {
        let second = Duration::from_secs(1);
        // 12 MiB at 40 kB/s, with and without long pauses; a small form in two halves.
        assert!(reading(300, 40_000, second).await.1);
        assert!(reading(10, 1_200_000, 29 * second).await.1);
        assert!(reading(2, 100, 14 * second).await.1);
        let (time, is_whole) = reading(1000, 1, second).await;
        assert!(!is_whole && time <= 31 * second, "{time:?}");
        // What came quickly at first buys no long silence.
        let (time, is_whole) = reading(3, 4_000_000, 200 * second).await;
        assert!(!is_whole && time <= 60 * second, "{time:?}");
    }

    #[test]
    fn only_what_says_so_is_small() {
        let mut headers = HeaderMap::new();
        assert!(!is_small(&headers), "chunked");
        for (length, small) in [("0", true), ("262144", true), ("262145", false), ("many", false)] {
            headers.insert(CONTENT_LENGTH, length.parse().unwrap());
            assert_eq!(is_small(&headers), small, "{length}");
        }
    }
}

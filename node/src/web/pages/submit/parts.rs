//! A form of several parts that never comes to its next part: whoever looks for that looks at all bytes again with
//! each packet, so that there have to be few.

use axum::body::Body;
use futures::{StreamExt, stream};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

/// Bytes that may come between two pieces of a part: more than its head has, and a packet.
const MAX_UNREAD_BYTES: usize = 64 * 1024;

/// How many bytes of a body came since something was made of them.
#[derive(Default)]
pub struct Watched(Arc<AtomicUsize>);

impl Watched {
    /// A part, or a piece of one, was found.
    pub fn went_on(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// The body, which fails when too much came of it that led to nothing.
    pub fn over(&self, body: Body) -> Body {
        let (unread, mut body) = (Arc::clone(&self.0), body.into_data_stream());
        let mut was_held = false;
        Body::from_stream(stream::poll_fn(move |context| {
            if unread.load(Ordering::Relaxed) > MAX_UNREAD_BYTES {
                if was_held {
                    return Poll::Ready(Some(Err(io::Error::other(
                        "a part of the form has no end to its head",
                    ))));
                }
                // The reader takes all that is there before it looks at any of it, so it is asked to look.
                was_held = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            was_held = false;
            body.poll_next_unpin(context).map(|piece| {
                piece.map(|bytes| {
                    let bytes = bytes.map_err(io::Error::other)?;
                    unread.fetch_add(bytes.len(), Ordering::Relaxed);
                    Ok(bytes)
                })
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::{FromRequest, Multipart};
    use axum::http::Request;
    use axum::http::header::CONTENT_TYPE;

    /// Reads a form whose bytes come in pieces of 4 KiB; how many bytes its fields have.
    async fn read(text: String) -> Result<usize, String> {
        let pieces: Vec<_> =
            text.as_bytes().chunks(4096).map(|piece| Ok::<_, io::Error>(piece.to_vec())).collect();
        let watched = Watched::default();
        let request = Request::post("/")
            .header(CONTENT_TYPE, "multipart/form-data; boundary=line")
            .body(watched.over(Body::from_stream(stream::iter(pieces))))
            .unwrap();
        let mut parts = Multipart::from_request(request, &()).await.map_err(|error| error.body_text())?;
        let mut bytes = 0;
        while let Some(mut field) = parts.next_field().await.map_err(|error| error.body_text())? {
            watched.went_on();
            while let Some(piece) = field.chunk().await.map_err(|error| error.body_text())? {
                watched.went_on();
                bytes += piece.len();
            }
        }
        Ok(bytes)
    }

    fn part(header: &str, body: &str) -> String {
        format!("--line\r\nContent-Disposition: form-data; name=\"a\"{header}\r\n\r\n{body}\r\n")
    }

    #[tokio::test]
    async fn large_parts_are_read_and_endless_heads_are_not() {
        let large = "x".repeat(900_000);
        let form = format!("{}{}--line--\r\n", part("", &large), part("", &large));
        assert_eq!(read(form).await, Ok(2 * large.len()));
        let long_head = part(&format!("\r\nX: {large}"), "y");
        assert!(read(format!("{long_head}--line--\r\n")).await.is_err());
        assert!(read(format!("--line\r\n{large}")).await.is_err());
    }
}

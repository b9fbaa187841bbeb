//! HTTP/1.1 requests to a peer: one connection, kept alive, with a time limit on each wait.

use super::address::PeerAddress;
use super::pace::{ANSWER_TIMEOUT, Pace};
use crate::dialer::{DialError, Dialer};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, RANGE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::ops::Range;

/// Answers that are read as a whole are JSON of a few hundred bytes, but for lists of segments.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why a request got no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No stream.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The stream broke, or what came is not HTTP.
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    /// Nothing came for too long.
    #[error("the peer did not answer for {} s", ANSWER_TIMEOUT.as_secs())]
    TimedOut,
    /// An answer began, and nothing more came of it.
    #[error("the peer sent nothing for {0} s")]
    Silent(u64),
    /// What came was less than one entry in this time.
    #[error("the peer sends so slowly that no entry was whole after {0} s")]
    TooSlow(u64),
    /// An answer comes so slowly, in bytes a second, that it is not waited for.
    #[error("the peer sends less than {0} bytes a second")]
    BelowPace(u64),
    /// Another status than 200, or than 206 for a range.
    #[error("the peer answered with status {}", .0.as_u16())]
    Status(StatusCode),
    /// An answer that is too long or not of the right form.
    #[error("the peer's answer is not what the protocol says: {0}")]
    Form(String),
    /// Bytes where items should be that are none.
    #[error("the peer sent something that is no entry, id or mark: {0}")]
    NoItem(String),
}

/// A connection to a peer.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Opens a stream to `peer`.
    pub async fn open(dialer: &Dialer, peer: &PeerAddress) -> Result<Self, RequestError> {
        let stream = dialer.dial(peer).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends when the sender is dropped or the peer closes.
        tokio::spawn(connection);
        let host = match peer {
            PeerAddress::Onion(host) | PeerAddress::I2p(host) => host.clone(),
            PeerAddress::Unix(_) => "localhost".into(),
        };
        Ok(Self { sender, host })
    }

    /// `GET path`, for an answer with status 200.
    pub async fn get(&mut self, path: &str) -> Result<Response<Incoming>, RequestError> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// `GET path` for a range of bytes, for an answer that has just those.
    pub async fn get_range(
        &mut self,
        path: &str,
        bytes: Range<usize>,
    ) -> Result<Response<Incoming>, RequestError> {
        let range = format!("bytes={}-{}", bytes.start, bytes.end.saturating_sub(1));
        let request = self.request(Method::GET, path).header(RANGE, range);
        self.answer(request.body(Full::default()), StatusCode::PARTIAL_CONTENT).await
    }

    /// `POST path` with a body of bytes, for an answer with status 200.
    pub async fn post(&mut self, path: &str, body: Vec<u8>) -> Result<Response<Incoming>, RequestError> {
        self.send(Method::POST, path, body.into()).await
    }

    /// `GET path`, for a short JSON answer.
    pub async fn get_json<T: serde::de::DeserializeOwned>(&mut self, path: &str) -> Result<T, RequestError> {
        self.get_json_of(path, MAX_ANSWER_BYTES).await
    }

    /// `GET path`, for a JSON answer of no more than so many bytes.
    pub async fn get_json_of<T: serde::de::DeserializeOwned>(
        &mut self,
        path: &str,
        max_bytes: usize,
    ) -> Result<T, RequestError> {
        let mut body = self.get(path).await?.into_body();
        let (mut pace, mut whole) = (Pace::default(), Vec::new());
        while let Some(chunk) = pace.next_chunk(&mut body).await? {
            if whole.len() + chunk.len() > max_bytes {
                return Err(RequestError::Form(format!("it is longer than {max_bytes} bytes")));
            }
            whole.extend(chunk);
        }
        serde_json::from_slice(&whole).map_err(|error| RequestError::Form(error.to_string()))
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, RequestError> {
        let mut request = self.request(method, path);
        if !body.is_empty() {
            request =
                request.header(CONTENT_TYPE, "application/octet-stream").header(ACCEPT_ENCODING, "zstd");
        }
        self.answer(request.body(Full::new(body)), StatusCode::OK).await
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder().method(method).uri(path).header(HOST, &self.host)
    }

    /// The answer to a request, if it has the status that one wants.
    async fn answer(
        &mut self,
        request: hyper::http::Result<Request<Full<Bytes>>>,
        wanted: StatusCode,
    ) -> Result<Response<Incoming>, RequestError> {
        let request = request.map_err(|error| RequestError::Form(error.to_string()))?;
        let answer = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let answer =
            tokio::time::timeout(ANSWER_TIMEOUT, answer).await.map_err(|_| RequestError::TimedOut)??;
        if answer.status() == wanted { Ok(answer) } else { Err(RequestError::Status(answer.status())) }
    }
}

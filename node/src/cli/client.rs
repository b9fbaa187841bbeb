//! Asks a running node over its Unix sockets.

use super::Context;
use super::output::Failure;
use deadwax_index::Problem;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{self, ErrorKind, Read};

/// A page of search results with long file lists stays far below this.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Of a long request, this much is read and sent at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// A request's body: short, or read from a file as it is sent.
type Body = UnsyncBoxBody<Bytes, io::Error>;

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// A connection to one of the node's sockets.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    sender: SendRequest<Body>,
}

impl Client {
    /// Connects to `admin.sock` or `web.sock` of the data directory.
    ///
    /// # Errors
    /// [`Failure::no_node`] if nobody listens there.
    pub fn connect(context: &Context, socket: &str) -> Result<Self, Failure> {
        let path = context.data_dir.join(socket);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::file(&path, &error))?;
        let sender = runtime.block_on(async {
            let stream = match tokio::net::UnixStream::connect(&path).await {
                Ok(stream) => stream,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                    return Err(Failure::no_node());
                }
                Err(error) => return Err(Failure::file(&path, &error)),
            };
            let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
            tokio::spawn(connection);
            Ok(sender)
        })?;
        Ok(Self { runtime, sender })
    }

    /// `GET path`.
    pub fn get(&mut self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, JSON, short(Bytes::new()))
    }

    /// `POST path` with JSON.
    pub fn post(&mut self, path: &str, json: &impl serde::Serialize) -> Result<Value, Failure> {
        let body = serde_json::to_vec(json).expect("requests always serialise");
        self.send(Method::POST, path, JSON, short(body.into()))
    }

    /// `POST path` with all that `input` gives, however much that is.
    pub fn upload<T: DeserializeOwned>(
        &mut self,
        path: &str,
        input: impl Read + Send + 'static,
    ) -> Result<T, Failure> {
        // This thread has nothing else to do than to read the file.
        let chunks = stream::unfold(Some(input), |input| async {
            let mut input = input?;
            let mut chunk = vec![0; CHUNK_BYTES];
            match input.read(&mut chunk) {
                Ok(0) => None,
                Ok(count) => {
                    chunk.truncate(count);
                    Some((Ok(Frame::data(chunk.into())), Some(input)))
                }
                Err(error) => Some((Err(error), None)),
            }
        });
        let answer = self.send(Method::POST, path, BYTES, StreamBody::new(chunks).boxed_unsync())?;
        serde_json::from_value(answer).map_err(|error| broken_answer(&error.to_string()))
    }

    fn send(&mut self, method: Method, path: &str, form: &str, body: Body) -> Result<Value, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, form)
            .body(body)
            .map_err(|error| broken_answer(&error.to_string()))?;
        let sender = &mut self.sender;
        let (status, bytes) = self.runtime.block_on(async {
            sender.ready().await.map_err(broken)?;
            let answer = sender.send_request(request).await.map_err(broken)?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| broken_answer(&error.to_string()))?;
            Ok((status, body.to_bytes()))
        })?;
        let answer: Value =
            serde_json::from_slice(&bytes).map_err(|error| broken_answer(&error.to_string()))?;
        if status.is_success() { Ok(answer) } else { Err(Failure::refused(problem_of(&answer))) }
    }
}

fn short(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// The problem that an answer holds. Its code, field and fix are a node's words, so they live on.
fn problem_of(answer: &Value) -> Problem {
    let text = |field: &str| -> &'static str {
        let text = answer.get(field).and_then(Value::as_str).unwrap_or_default();
        Box::leak(text.to_owned().into_boxed_str())
    };
    Problem { code: text("code"), field: text("field"), message: text("message").into(), fix: text("fix") }
}

fn broken(error: hyper::Error) -> Failure {
    broken_answer(&error.to_string())
}

fn broken_answer(error: &str) -> Failure {
    Failure::bad("node.answer", "", format!("The node's answer broke off: {error}."), "See the node's log.")
}

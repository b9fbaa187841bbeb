//! Asks a running node over its Unix sockets.

use super::Context;
use super::output::Failure;
use deadwax_index::Problem;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io::ErrorKind;

/// A page of search results with long file lists stays far below this.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A connection to one of the node's sockets.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    sender: SendRequest<Full<Bytes>>,
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
        self.send(Method::GET, path, Bytes::new())
    }

    /// `POST path` with JSON.
    pub fn post(&mut self, path: &str, json: &impl serde::Serialize) -> Result<Value, Failure> {
        let body = serde_json::to_vec(json).expect("requests always serialise");
        self.send(Method::POST, path, body.into())
    }

    fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Value, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
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

//! Errors of pages and of the API: a title, a plain sentence, a way onward.
//!
//! What a visitor can mend is a [`Problem`] and is shown; what only the operator can mend is
//! logged here, once, and shown as "something went wrong on this node".

use super::MAX_REQUEST_BYTES;
use super::pages::error_page;
use axum::Json;
use axum::extract::Request;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use deadwax_index::Problem;
use deadwax_index::search::SearchError;
use deadwax_index::store::StoreError;
use serde::Serialize;

/// Why a request cannot be answered.
#[derive(Debug)]
pub enum WebError {
    /// Bad input: 400.
    Bad(Problem),
    /// An n that is taken: 409, with the next free one.
    Taken {
        /// What happened.
        problem: Problem,
        /// The next free n of the author.
        next_n: u64,
    },
    /// What was there before and is not any more: 410.
    Gone(Problem),
    /// More than is read: 413.
    TooLarge,
    /// Nothing has this address: 404.
    NotFound(Problem),
    /// Too many requests of this sort at once: 503.
    Busy,
    /// There is no space left for what was sent: 507. The log has it.
    Full(Problem),
    /// The node's own fault: 500. The cause was logged.
    Internal,
}

impl WebError {
    /// Logs the cause of an internal error.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::Internal
    }

    /// Nothing new can be kept; for whoever is not the operator.
    pub fn full() -> Self {
        Self::Full(Problem {
            code: "disk.full",
            field: "",
            message: "This node's disk is full: it keeps nothing new for now.".into(),
            fix: "Try again later, or on another node of the network.",
        })
    }

    /// Status, and the problem in plain words.
    pub fn parts(self) -> (StatusCode, Problem) {
        match self {
            Self::Bad(problem) => (StatusCode::BAD_REQUEST, problem),
            Self::Taken { problem, .. } => (StatusCode::CONFLICT, problem),
            Self::Gone(problem) => (StatusCode::GONE, problem),
            Self::Full(problem) => (StatusCode::INSUFFICIENT_STORAGE, problem),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                Problem {
                    code: "request.length",
                    field: "",
                    message: format!("The request has more than {MAX_REQUEST_BYTES} bytes."),
                    fix: "Send the magnet instead of a large .torrent file.",
                },
            ),
            Self::NotFound(problem) => (StatusCode::NOT_FOUND, problem),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                Problem {
                    code: "busy",
                    field: "",
                    message: "This node has too many requests of this sort at once.".into(),
                    fix: "Try again in a minute, or on another node of the network.",
                },
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                Problem {
                    code: "internal",
                    field: "",
                    message: "Something went wrong on this node.".into(),
                    fix: "Try again later, or on another node of the network.",
                },
            ),
        }
    }
}

impl From<BytesRejection> for WebError {
    fn from(rejection: BytesRejection) -> Self {
        unreadable(rejection.status(), rejection.body_text())
    }
}

impl From<JsonRejection> for WebError {
    fn from(rejection: JsonRejection) -> Self {
        unreadable(rejection.status(), rejection.body_text())
    }
}

fn unreadable(status: StatusCode, message: String) -> WebError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return WebError::TooLarge;
    }
    WebError::Bad(Problem {
        code: "request",
        field: "",
        message,
        fix: "doc/API.md says what this request takes.",
    })
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::full(),
            error => Self::internal(error),
        }
    }
}

impl From<SearchError> for WebError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Full | SearchError::Store(StoreError::Full) => Self::full(),
            error => match error.problem() {
                Some(problem) => Self::Bad(problem),
                None => Self::internal(error),
            },
        }
    }
}

/// The members of a problem over HTTP.
#[derive(Serialize)]
struct ApiProblem {
    #[serde(flatten)]
    problem: Problem,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_n: Option<u64>,
}

/// A [`WebError`] as `application/problem+json` (RFC 9457).
pub struct ApiError(pub WebError);

impl<E: Into<WebError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let next_n = if let WebError::Taken { next_n, .. } = self.0 { Some(next_n) } else { None };
        let (status, problem) = self.0.parts();
        let mut response = (status, Json(ApiProblem { problem, next_n })).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// A [`WebError`] as a page.
pub struct PageError(pub WebError);

impl<E: Into<WebError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, problem) = self.0.parts();
        error_page(status, &problem)
    }
}

/// Nothing has this address.
pub fn not_found(what: &str) -> WebError {
    WebError::NotFound(Problem {
        code: "not-found",
        field: "",
        message: format!("{what} is not known to this node."),
        fix: "Check the address, or search for it.",
    })
}

/// The operators of the network decided that this record is not shown.
pub fn hidden() -> WebError {
    WebError::Gone(Problem {
        code: "ruling.hidden",
        field: "",
        message: "The operators of this network have decided not to show this record.".into(),
        fix: "Search for something else. The operator of a node sees all rulings with `deadwax network show`.",
    })
}

/// The answer for an address that no route has.
pub async fn no_such_page(uri: Uri) -> Response {
    let error = not_found("This address");
    if machine_readable(uri.path()) {
        ApiError(error).into_response()
    } else {
        PageError(error).into_response()
    }
}

/// The answer for a route that has no such method.
pub async fn method_not_allowed(request: Request) -> Response {
    let problem = Problem {
        code: "method",
        field: "",
        message: format!("This address does not take {} requests.", request.method()),
        fix: "Open it by a link or form of this node.",
    };
    if machine_readable(request.uri().path()) {
        let mut response = ApiError(WebError::Bad(problem)).into_response();
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return response;
    }
    error_page(StatusCode::METHOD_NOT_ALLOWED, &problem)
}

fn machine_readable(path: &str) -> bool {
    ["/api/", "/sync/", "/admin/"].iter().any(|start| path.starts_with(start))
}

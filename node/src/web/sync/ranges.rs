//! Answers of which a part can be asked for: one range, as RFC 9110 section 14 says it.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_RANGE, RANGE,
};
use axum::response::{IntoResponse, Response};
use std::ops::Range;

/// What is asked for of some bytes that have a version.
pub(super) struct Asked {
    version: String,
    all: usize,
    /// Empty: it begins behind the end.
    range: Option<Range<usize>>,
}

impl Asked {
    /// Reads it from the headers of a request. `version` has its quotation marks.
    pub(super) fn read(headers: &HeaderMap, version: String, all: usize) -> Self {
        let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let same = header(IF_RANGE).is_none_or(|wanted| wanted == version);
        let range = header(RANGE).filter(|_| same).and_then(|range| parse_range(range, all));
        Self { version, all, range }
    }

    /// Which bytes to send; none if there are no such.
    pub(super) fn bytes(&self) -> Range<usize> {
        self.range.clone().unwrap_or(0..self.all)
    }

    /// The answer, of which `body` are these bytes.
    pub(super) fn answer(self, content_type: &'static str, body: impl Into<Body>) -> Response {
        let Self { version, all, range } = self;
        let about =
            [(CONTENT_TYPE, content_type.to_owned()), (ETAG, version), (ACCEPT_RANGES, "bytes".to_owned())];
        match range {
            None => (about, body.into()).into_response(),
            Some(range) if range.is_empty() => {
                (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, format!("bytes */{all}"))])
                    .into_response()
            }
            Some(range) => {
                let is = [(CONTENT_RANGE, format!("bytes {}-{}/{all}", range.start, range.end - 1))];
                (StatusCode::PARTIAL_CONTENT, about, is, body.into()).into_response()
            }
        }
    }
}

/// What `bytes=FIRST-LAST` or `bytes=FIRST-` means of so many bytes; empty if it begins behind the last one.
/// Other forms are not ranges here, and the whole is answered, as RFC 9110 section 14.2 allows.
fn parse_range(text: &str, all: usize) -> Option<Range<usize>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    let first: usize = number(first)?;
    let last: usize = if last.is_empty() { usize::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(first..last.saturating_add(1).min(all).max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_says() {
        for (text, expected) in [
            ("bytes=0-9", Some(0..10)),
            ("bytes=5-", Some(5..100)),
            ("bytes=90-1000", Some(90..100)),
            ("bytes=99-99", Some(99..100)),
            ("bytes=100-", Some(100..100)),
            ("bytes=100-200", Some(100..100)),
            ("bytes=9-0", None),
            ("bytes=-5", None),
            ("bytes=0-1,5-6", None),
            ("bytes=+1-2", None),
            ("items=0-1", None),
        ] {
            let range = parse_range(text, 100);
            // Behind the end everything is empty.
            let range = range.map(|range| if range.is_empty() { 100..100 } else { range });
            assert_eq!(range, expected, "{text}");
        }
    }
}

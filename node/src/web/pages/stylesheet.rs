//! The one stylesheet, under an address that changes with its content, so that it is kept for good.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use std::sync::LazyLock;

const SOURCE: &str = include_str!("../../../static/deadwax.css");

/// What is sent: without comments and line breaks.
static STYLESHEET: LazyLock<String> = LazyLock::new(|| shortened(SOURCE));

static PATH: LazyLock<String> =
    LazyLock::new(|| format!("/static/{:016x}.css", fnv1a(STYLESHEET.as_bytes())));

/// Where the stylesheet is.
pub fn path() -> &'static str {
    &PATH
}

/// `GET /static/{hash}.css`.
pub async fn stylesheet() -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, STYLESHEET.as_str())
}

/// A stylesheet in fewer bytes. Within a line nothing changes: spaces mean something in places.
fn shortened(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let mut out = String::with_capacity(code.len());
    for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if out.ends_with(|last: char| !"{};,".contains(last)) {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

/// FNV-1a, 64 bits: tells versions of one file of ours apart, no more.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // Values of the algorithm's authors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_shorter_stylesheet_says_the_same() {
        let source =
            "/* one */\na, b {\n  color: red; /* two */\n  font: 1rem/1.5\n    serif;\n}\n\nc { x: y }\n";
        assert_eq!(shortened(source), "a, b {color: red;font: 1rem/1.5 serif;}c { x: y }");
        assert_eq!(STYLESHEET.matches('{').count(), SOURCE.matches('{').count());
    }

    #[test]
    fn nothing_foreign_is_loaded() {
        for word in ["url(", "@import", "@font-face", "http"] {
            assert!(!STYLESHEET.contains(word), "{word}");
        }
    }
}

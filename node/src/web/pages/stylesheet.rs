//! The one stylesheet, under an address that changes with its content, so that it is kept for good.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use std::sync::LazyLock;

const STYLESHEET: &str = include_str!("../../../static/deadwax.css");

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
    (headers, STYLESHEET)
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
    fn nothing_foreign_is_loaded() {
        for word in ["url(", "@import", "@font-face", "http"] {
            assert!(!STYLESHEET.contains(word), "{word}");
        }
    }
}

//! Forms are taken from this node's own pages only.
//!
//! The cookie of an account is not sent along by other sites, but they could still make their visitors submit
//! things in the dark, or sign in. Browsers say where a form came from; programs without such headers pass.

use super::error_page;
use axum::extract::FromRequestParts;
use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use deadwax_index::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Proof that a form was sent from a page of this node, or by a program.
pub struct SameOrigin;

impl<S: Sync> FromRequestParts<S> for SameOrigin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        if is_same_origin(&parts.headers) {
            return Ok(Self);
        }
        let problem = Problem {
            code: "form.origin",
            field: "",
            message: "This form was sent from another site, so nothing was done.".into(),
            fix: "Open the form on this node and send it from there.",
        };
        Err(error_page(StatusCode::FORBIDDEN, &problem))
    }
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    // Fetch Metadata. "none" is a person's own doing, such as sending the form again.
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (host, site, origin, same) in [
            ("abc.onion", None, None, true),
            ("abc.onion", None, Some("http://abc.onion"), true),
            ("ABC.b32.i2p", None, Some("http://abc.b32.i2p"), true),
            ("abc.onion", None, Some("http://abd.onion"), false),
            ("abc.onion", None, Some("http://abc.onion:81"), false),
            ("abc.onion", None, Some("null"), false),
            ("abc.onion", Some("same-origin"), Some("null"), true),
            ("abc.onion", Some("none"), None, true),
            ("abc.onion", Some("same-site"), Some("http://abc.onion"), false),
            ("abc.onion", Some("cross-site"), None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            for (name, value) in [(SEC_FETCH_SITE, site), (ORIGIN, origin)] {
                value.map(|value| headers.insert(name, value.parse().unwrap()));
            }
            assert_eq!(is_same_origin(&headers), same, "{host} {site:?} {origin:?}");
        }
    }
}

//! Where this node is, as whoever asked calls it: feeds need whole addresses.

use crate::app::App;
use axum::http::HeaderMap;
use axum::http::header::HOST;

/// Longer than any name of a host with its port.
const MAX_HOST_BYTES: usize = 260;

/// `http://` and the host: the one that was asked for, if it can be one, or else this node's own address.
pub fn base_url(app: &App, headers: &HeaderMap) -> String {
    let own = || {
        let addresses = [app.networks.tor().address, app.networks.i2p().address];
        addresses.into_iter().flatten().next().unwrap_or_else(|| "localhost".into())
    };
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host));
    format!("http://{}", asked.map_or_else(own, str::to_ascii_lowercase))
}

/// Letters, digits, dots and hyphens, and maybe a port: nothing that could end an address or begin another.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "80"));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.len() <= MAX_HOST_BYTES
        && name.bytes().all(is_plain)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::networks::{Network, Reach};

    #[test]
    fn hosts() {
        for host in ["abc.onion", "ABC.b32.i2p", "localhost", "127.0.0.1:8080", "mirror.example:80"] {
            assert!(is_host(host), "{host}");
        }
        for text in ["", ".onion", "a b", "a/b", "a@b", "a:0", "a:x", "a:80:80", "é.example", "a<b", "a\"b"]
        {
            assert!(!is_host(text), "{text}");
        }
        assert!(!is_host(&"a".repeat(300)));
    }

    #[test]
    fn what_was_asked_for_or_else_the_nodes_own() {
        let dir = tempfile::tempdir().unwrap();
        let app = App::for_test(dir.path(), Config::default());
        let mut headers = HeaderMap::new();
        assert_eq!(base_url(&app, &headers), "http://localhost");
        app.networks.set_i2p(Network {
            state: Reach::Reachable,
            address: Some("x7q.b32.i2p".into()),
            detail: String::new(),
        });
        headers.insert(HOST, "a/b".parse().unwrap());
        assert_eq!(base_url(&app, &headers), "http://x7q.b32.i2p");
        headers.insert(HOST, "K3F.onion".parse().unwrap());
        assert_eq!(base_url(&app, &headers), "http://k3f.onion");
    }
}

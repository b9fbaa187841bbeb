//! Tests of reading magnets, and that nothing leads out of I2P from what is composed.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::bencode::tests::Tree;
use crate::infohash::InfohashError;
use crate::torrent::{Torrent, TorrentSummary};

const V1: &str = "f7079c66cca02ab45934b9868572060010dfc97e";
const V2: &str = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e";

#[test]
fn a_magnet_with_everything_is_taken_apart() {
    let magnet = Magnet::parse(&format!(
        "magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}&dn=Alder+%26+Ash%20-%20Tidal&xl=640\
         &tr=udp%3A%2F%2Ftracker.example.com%3A80&tr=http%3A%2F%2FTracker.Alder.I2P%2Fannounce\
         &ws=http%3A%2F%2Fexample.com%2Ff&xs=http://example.com/x&as=http://example.com/y\
         &x.pe=192.0.2.7:6881&kt=tidal&so=0-2&tr.1=http://ash.i2p/a"
    ))
    .unwrap();
    assert_eq!(magnet.infohashes.v1().unwrap().to_string(), V1);
    assert_eq!(magnet.infohashes.v2().unwrap().to_string(), V2);
    assert_eq!(magnet.name.as_deref(), Some("Alder & Ash - Tidal"));
    assert_eq!(magnet.size_bytes, Some(640));
    let kept: Vec<_> = magnet.trackers.iter().map(I2pTracker::as_str).collect();
    assert_eq!(kept, ["http://tracker.alder.i2p/announce", "http://ash.i2p/a"]);
    let dropped: Vec<_> = magnet.dropped.iter().map(|d| (d.field.as_str(), d.value.as_str())).collect();
    assert_eq!(
        dropped,
        [
            ("tr", "udp://tracker.example.com:80"),
            ("ws", "http://example.com/f"),
            ("xs", "http://example.com/x"),
            ("as", "http://example.com/y"),
            ("x.pe", "192.0.2.7:6881"),
            ("kt", "tidal"),
            ("so", "0-2"),
        ]
    );
}

#[test]
fn errors_name_what_is_wrong() {
    let error = |text: &str| Magnet::parse(text).unwrap_err();
    for text in ["", "magnet", "magnet:", V1, "http://example.com/?xt=urn:btih:", "xmagnet:?xt="] {
        assert_eq!(error(text), MagnetError::NotAMagnet, "{text}");
    }
    for text in ["magnet:?", "magnet:?dn=Tidal", "magnet:?xt=urn:ed2k:354B15E6", "magnet:?xt=urn:btih"] {
        assert_eq!(error(text), MagnetError::NoInfohash, "{text}");
    }
    let truncated = InfohashError::Truncated { chars: 39, expected: 40 };
    let text = format!("magnet:?xt=urn:btih:{}&dn=Tidal", &V1[1..]);
    assert_eq!(error(&text), MagnetError::Infohash(truncated));
    assert_eq!(error(&text).problem().field, "infohash");
    let other = V1.replace('f', "0");
    let text = format!("magnet:?xt=urn:btih:{V1}&xt=urn:btih:{other}");
    assert_eq!(error(&text), MagnetError::SeveralTorrents);
    assert_eq!(error(&format!("magnet:?xt={}", "a".repeat(MAX_MAGNET_BYTES))), MagnetError::TooLong);
    let many = format!("magnet:?xt=urn:btih:{V1}{}", "&a=b".repeat(MAX_PARAMETERS));
    assert_eq!(error(&many), MagnetError::TooManyParameters);
}

#[test]
fn unusual_spellings_of_an_infohash_are_read() {
    let upper = V1.to_uppercase();
    for text in [
        format!("MAGNET:?xt=URN:BTIH:{upper}"),
        format!("\n magnet:?xt=urn%3Abtih%3A{V1} \n"),
        format!("magnet:?xt.1=urn:btih:{V1}&xt.2=urn:btih:{upper}"),
        "magnet:?dn=&xt=urn:btih:64DZYZWMUAVLIWJUXGDIK4QGAAIN7SL6".into(),
    ] {
        assert_eq!(Magnet::parse(&text).unwrap().infohashes.v1().unwrap().to_string(), V1, "{text}");
    }
}

#[test]
fn a_composed_magnet_is_what_clients_read() {
    let hashes = Infohashes::new(V1.parse().ok(), V2.parse().ok()).unwrap();
    let trackers: [I2pTracker; 3] =
        ["http://own.i2p/announce", "http://peer.i2p/announce", "http://own.i2p/announce"]
            .map(|url| url.parse().unwrap());
    assert_eq!(
        compose(&hashes, Some("Alder & Ash"), Some(640), &trackers),
        format!(
            "magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}&dn=Alder%20%26%20Ash&xl=640\
             &tr=http%3A%2F%2Fown.i2p%2Fannounce&tr=http%3A%2F%2Fpeer.i2p%2Fannounce"
        )
    );
    let v2_only = Infohashes::new(None, V2.parse().ok()).unwrap();
    assert_eq!(compose(&v2_only, None, None, []), format!("magnet:?xt=urn:btmh:1220{V2}"));
}

#[test]
fn a_composed_magnet_names_twelve_trackers_at_most() {
    let trackers: Vec<I2pTracker> = (0..40).map(|n| format!("http://t{n}.i2p/a").parse().unwrap()).collect();
    let hashes = Infohashes::new(V1.parse().ok(), None).unwrap();
    let magnet = compose(&hashes, None, None, &trackers);
    assert_eq!(magnet.matches("&tr=").count(), MAX_TRACKERS);
    assert!(magnet.contains("t0.i2p") && !magnet.contains("t12.i2p"));
}

/// Another reading of a magnet than ours: splits, undoes percent signs, and nothing else.
fn split_simply(magnet: &str) -> Vec<(String, String)> {
    let unescape = |text: &str| {
        let mut out = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'%' => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(out).unwrap()
    };
    let parameters = magnet.strip_prefix("magnet:?").unwrap().split('&');
    parameters
        .map(|parameter| parameter.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), unescape(value)))
        .collect()
}

/// THE rule: whatever went in, nothing but lowercase `.i2p` hosts comes out.
fn assert_only_i2p(magnet: &str) -> usize {
    assert!(magnet.bytes().all(|b| b.is_ascii_graphic()), "{magnet}");
    let parameters = split_simply(magnet);
    for (key, value) in &parameters {
        match key.as_str() {
            "xt" => assert!(
                value.starts_with("urn:btih:") && value.len() == 9 + 40
                    || value.starts_with("urn:btmh:1220") && value.len() == 13 + 64,
                "{value}"
            ),
            "xl" => assert!(value.parse::<u64>().is_ok(), "{value}"),
            "dn" => assert!(!value.contains(char::is_control), "{value:?}"),
            "tr" => {
                let rest = value.strip_prefix("http://").unwrap();
                let (host, path) = rest.split_once('/').unwrap();
                let is_host = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
                assert!(host.ends_with(".i2p") && host.bytes().all(is_host), "{value}");
                assert!(!path.contains(['@', '\\', '#', '%', ':', ' ']), "{value}");
            }
            other => panic!("{other} came out in {magnet}"),
        }
    }
    parameters.iter().filter(|(key, _)| key == "tr").count()
}

/// Addresses that are, nearly are, or pretend to be trackers inside I2P.
fn tracker_like() -> impl Strategy<Value = String> {
    let pick = |items: &'static [&'static str]| prop::sample::select(items).prop_map(str::to_owned);
    // Each part is mostly right, so that one wrong part is what decides.
    let mostly = move |right: &'static str, wrong: &'static [&'static str]| prop_oneof![4 => Just(right.to_owned()), 1 => pick(wrong)];
    let scheme = mostly(
        "http://",
        &[
            "HTTP://",
            "https://",
            "udp://",
            "wss://",
            "http:/",
            "http:\\\\",
            "//",
            "",
            "http://http://",
            "file://",
            "javascript:",
        ],
    );
    let user = mostly("", &["u@", "u:p@", "foo.i2p@", "foo.i2p:80@", "foo.i2p%40", "@"]);
    let host = prop_oneof![
        4 => "[a-z2-7]{52}".prop_map(|address| format!("{address}.b32.i2p")),
        1 => "[A-Z2-7]{52}".prop_map(|address| format!("{address}.B32.I2P")),
        1 => "[a-z2-7]{50,58}".prop_map(|address| format!("{address}.b32.i2p")),
        2 => "[a-zA-Z0-9-]{1,20}".prop_map(|name| format!("{name}.i2p")),
        2 => "\\PC{1,20}".prop_map(|name| format!("{name}.i2p")),
        3 => pick(&[
            "tracker.example.com", "192.0.2.7", "[2001:db8::7]", "foo.i2p.example.com", "evil.com\\.i2p",
            "evil.com/.i2p", "evil.com#.i2p", "evil.com?.i2p", "evil.com%00.i2p", "evil.com\0.i2p",
            "evil.com\n.i2p", "evil.com\t.i2p", "foo.i2p\u{3002}com", "xn--e1aybc.i2p", "b32.i2p", "i2p",
            ".i2p", "foo.onion", "localhost", "evil.com&tr=http://foo.i2p", "evil.com%2F.i2p",
        ]),
    ];
    let port = mostly("", &[":80", ":443", ":6969", ":", ":80:80", ":0", ":99999"]);
    let path = mostly(
        "/announce",
        &[
            "/a",
            "/announce.php?x=1&y=2",
            "",
            "/",
            "/%2e%2e/a",
            "/a b",
            "/a\\b",
            "/a#b",
            "/a@evil.com",
            "/?u=http://evil.com",
            "/a\r\nHost: evil.com",
            "?a",
            "#a",
        ],
    );
    let nasty =
        prop::sample::select("@\\/:?#%&=+ .\0\t\r\n\u{202e}\u{3002}\u{ff0e}AZé".chars().collect::<Vec<_>>());
    let edit = prop::option::weighted(0.2, (nasty, any::<prop::sample::Index>()));
    (scheme, user, host, port, path, edit).prop_map(|(scheme, user, host, port, path, edit)| {
        let mut url: Vec<char> = format!("{scheme}{user}{host}{port}{path}").chars().collect();
        if let Some((c, at)) = edit {
            url.insert(at.index(url.len() + 1), c);
        }
        url.into_iter().collect()
    })
}

fn parameter() -> impl Strategy<Value = String> {
    let key = prop::sample::select(
        [
            "tr", "tr", "tr", "tr.1", "TR", "ws", "xs", "as", "x.pe", "mt", "dn", "kt", "so", "xl", "xt",
            "amp;tr", "t%72", "",
        ]
        .as_slice(),
    );
    let value = prop_oneof![4 => tracker_like(), 1 => "\\PC{0,30}", 1 => "[0-9]{0,25}"];
    (key, value, any::<bool>()).prop_map(|(key, value, escaped)| {
        if escaped {
            let value = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
            format!("{key}={value}")
        } else {
            format!("{key}={value}")
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_but_i2p_comes_out_of_any_magnet(parameters in prop::collection::vec(parameter(), 0..12)) {
        let text = format!("magnet:?xt=urn:btih:{V1}&{}", parameters.join("&"));
        if let Ok(magnet) = Magnet::parse(&text) {
            let own = "http://own.i2p/announce".parse::<I2pTracker>().unwrap();
            let summary = TorrentSummary::of_magnet(&magnet, std::slice::from_ref(&own));
            let named = assert_only_i2p(&summary.magnet);
            prop_assert!((1..=MAX_TRACKERS).contains(&named));
            prop_assert!(summary.magnet.contains("&tr=http%3A%2F%2Fown.i2p%2Fannounce"));
            // What comes out is read again as it was meant, and loses nothing more.
            let again = Magnet::parse(&summary.magnet).unwrap();
            prop_assert_eq!(again.infohashes, magnet.infohashes);
            prop_assert_eq!(again.name, magnet.name);
            prop_assert_eq!(again.dropped, []);
            prop_assert_eq!(again.trackers.len(), named);
        }
    }

    #[test]
    fn nothing_but_i2p_comes_out_of_any_torrent(
        urls in prop::collection::vec(tracker_like(), 0..8),
        name in "\\PC{1,40}",
    ) {
        let list = |urls: &[String]| Tree::List(urls.iter().map(|url| Tree::text(url)).collect());
        let file = Tree::dict([
            ("info", Tree::dict([
                ("length", Tree::Integer(1)),
                ("name", Tree::text(&name)),
                ("piece length", Tree::Integer(16384)),
                ("pieces", Tree::Bytes(vec![7; 20])),
            ])),
            ("announce", Tree::text(urls.first().map_or("", String::as_str))),
            ("announce-list", Tree::List(vec![list(&urls)])),
            ("url-list", list(&urls)),
            ("nodes", list(&urls)),
        ]);
        let torrent = Torrent::parse(&file.to_bytes()).unwrap();
        assert_only_i2p(&TorrentSummary::of_torrent(&torrent, &[]).magnet);
    }

    #[test]
    fn a_good_tracker_always_comes_through(address in "[a-z2-7]{52}", path in "/[a-z]{1,9}") {
        let url = format!("http://{address}.b32.i2p{path}");
        let magnet = Magnet::parse(&format!("magnet:?xt=urn:btih:{V1}&tr={url}")).unwrap();
        let composed = compose(&magnet.infohashes, None, None, &magnet.trackers);
        prop_assert_eq!(split_simply(&composed).pop(), Some(("tr".to_owned(), url)));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(magnet:\\?)?\\PC{0,80}") {
        let _ = Magnet::parse(&text);
    }
}

/// The generator must reach both sides of the sieve, or the properties above prove little.
#[test]
fn the_hostile_generator_is_hostile_and_fair() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let urls: Vec<String> =
        (0..2_000).map(|_| tracker_like().new_tree(&mut runner).unwrap().current()).collect();
    let kept = urls.iter().filter(|url| url.parse::<I2pTracker>().is_ok()).count();
    let pretending = urls.iter().filter(|url| url.contains(".i2p") && url.parse::<I2pTracker>().is_err());
    assert!(kept > 50, "{kept}");
    assert!(pretending.count() > 500);
}

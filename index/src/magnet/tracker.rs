//! Trackers inside I2P, and the sieve that lets nothing else through.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::torrent::names;

/// The longest announce address: a 60-character host and an ample path.
pub const MAX_TRACKER_BYTES: usize = 256;

/// How many trackers a magnet names and a torrent keeps. i2psnark announces to at most twelve.
pub const MAX_TRACKERS: usize = 12;

/// The longest host name in I2P (its naming specification).
const MAX_HOST_BYTES: usize = 67;

/// Characters of base32 in the address of an I2P destination.
const B32_CHARS: usize = 52;

/// Why an address is no I2P tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrackerError {
    /// Longer than [`MAX_TRACKER_BYTES`].
    #[error("it is longer than {MAX_TRACKER_BYTES} bytes")]
    TooLong,
    /// Another scheme than `http`.
    #[error("it does not begin with http://")]
    NotHttp,
    /// A user name, or a port other than 80.
    #[error("it has a user name or a port")]
    NotJustAHost,
    /// The host is not inside I2P, or not written as one that is.
    #[error("its host is not a name.i2p or an address of 52 characters before .b32.i2p")]
    NotI2p,
    /// No path, or one with characters that an announce address does not need.
    #[error("it has no plain path like /announce")]
    Path,
}

/// The announce address of a tracker inside I2P. It can hold nothing else than
/// `http://HOST/PATH[?QUERY]`, where HOST is lowercase and `<52 base32 characters>.b32.i2p` or
/// `name.i2p`, without user, port, percent signs or anything else that programs read differently.
///
/// Names are kept besides `.b32.i2p` addresses, since torrents made in I2P name trackers that way;
/// each client looks them up in its own address book, inside I2P.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct I2pTracker(String);

impl I2pTracker {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, lowercase, ending in `.i2p`.
    pub fn host(&self) -> &str {
        let rest = &self.0[SCHEME.len()..];
        rest.split_once('/').map_or(rest, |(host, _)| host)
    }

    /// Whether both lead to the same host and path; a query makes no other tracker of it.
    pub fn is_same_announce(&self, other: &Self) -> bool {
        let announce = |tracker: &'_ Self| tracker.0.find('?').unwrap_or(tracker.0.len());
        self.0[..announce(self)] == other.0[..announce(other)]
    }
}

impl fmt::Display for I2pTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const SCHEME: &str = "http://";

/// Scheme and host in either case, a port of 80 and space around it are put right; anything else
/// unusual is refused.
impl FromStr for I2pTracker {
    type Err = TrackerError;

    fn from_str(text: &str) -> Result<Self, TrackerError> {
        let text = text.trim_matches(' ');
        if text.len() > MAX_TRACKER_BYTES {
            return Err(TrackerError::TooLong);
        }
        let rest = super::strip_prefix_ignoring_case(text, SCHEME).ok_or(TrackerError::NotHttp)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let host = authority.strip_suffix(":80").unwrap_or(authority).to_ascii_lowercase();
        if host.contains(['@', ':']) {
            return Err(TrackerError::NotJustAHost);
        }
        if !is_i2p_host(&host) {
            return Err(TrackerError::NotI2p);
        }
        if !is_plain_path(path) {
            return Err(TrackerError::Path);
        }
        Ok(Self(format!("{SCHEME}{host}{path}")))
    }
}

/// `host` must be lowercase already.
fn is_i2p_host(host: &str) -> bool {
    let Some(name) = host.strip_suffix(".i2p") else { return false };
    if host.len() > MAX_HOST_BYTES || !name.split('.').all(is_label) {
        return false;
    }
    match name.rsplit_once('.') {
        Some((address, "b32")) => {
            address.len() == B32_CHARS && address.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
        }
        _ => name != "b32",
    }
}

/// Letters, digits and single hyphens inside. Two hyphens in a row mark encoded scripts, in which a
/// name can look like another.
fn is_label(label: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty()
        && label.bytes().all(is_plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.contains("--")
}

/// A path, and a query if there is one, of the characters that announce addresses are made of.
fn is_plain_path(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-' | b'~');
    path.starts_with('/')
        && path.bytes().all(is_plain)
        && query.bytes().all(|b| is_plain(b) || matches!(b, b'=' | b'&'))
}

/// Something that was in a magnet or torrent and will not come out in ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The magnet's parameter (`tr`, `ws`, ...) or the torrent file's key (`announce`, ...).
    pub field: String,
    /// Its value, made fit for display.
    pub value: String,
}

/// What sort of thing was dropped, for a page that counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DroppedKind {
    /// A tracker, on the clearnet or beyond [`MAX_TRACKERS`].
    Tracker,
    /// An address to download from over the clearnet.
    WebSeed,
    /// The address of a peer or a DHT node.
    PeerAddress,
    /// Anything else.
    Other,
}

impl Dropped {
    /// Makes both fit for display.
    pub fn new(field: &str, value: &str) -> Self {
        Self { field: names::display(field.as_bytes()), value: names::display(value.as_bytes()) }
    }

    /// What sort of thing it is.
    pub fn kind(&self) -> DroppedKind {
        match self.field.as_str() {
            "tr" | "announce" | "announce-list" => DroppedKind::Tracker,
            "ws" | "as" | "xs" | "mt" | "url-list" | "httpseeds" => DroppedKind::WebSeed,
            "x.pe" | "nodes" => DroppedKind::PeerAddress,
            _ => DroppedKind::Other,
        }
    }
}

/// Parts trackers, each with the field it stands in, into those inside I2P (in order, each announce
/// address once, at most [`MAX_TRACKERS`]) and the others.
pub fn scrub_trackers<'a>(
    candidates: impl IntoIterator<Item = (&'a str, String)>,
) -> (Vec<I2pTracker>, Vec<Dropped>) {
    let mut kept: Vec<I2pTracker> = Vec::new();
    let mut dropped = Vec::new();
    for (field, value) in candidates {
        match value.parse::<I2pTracker>() {
            Ok(tracker) if kept.iter().any(|other| other.is_same_announce(&tracker)) => {}
            Ok(tracker) if kept.len() < MAX_TRACKERS => kept.push(tracker),
            _ => dropped.push(Dropped::new(field, &value)),
        }
    }
    (kept, dropped)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const B32: &str = "x7qabcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopa";

    fn parse(text: &str) -> Result<String, TrackerError> {
        text.parse().map(|tracker: I2pTracker| tracker.to_string())
    }

    #[test]
    fn i2p_trackers_are_kept_in_one_form() {
        assert_eq!(B32.len(), 52);
        let url = format!("http://{B32}.b32.i2p/announce");
        for text in [
            url.clone(),
            format!("HTTP://{}.B32.I2P/announce", B32.to_uppercase()),
            format!("http://{B32}.b32.i2p:80/announce"),
            format!(" {url} "),
        ] {
            assert_eq!(parse(&text), Ok(url.clone()), "{text}");
        }
        let name = "http://tracker2.postman.i2p/announce.php";
        assert_eq!(parse(name).as_deref(), Ok(name));
        let query = "http://some-tracker.i2p/a/b_c~d?x=1&y=2";
        assert_eq!(parse(query).as_deref(), Ok(query));
        assert_eq!(query.parse::<I2pTracker>().unwrap().host(), "some-tracker.i2p");
    }

    #[test]
    fn paths_keep_their_case_and_hosts_do_not() {
        assert_eq!(parse("http://Foo.I2P/Announce").as_deref(), Ok("http://foo.i2p/Announce"));
    }

    #[test]
    fn everything_else_is_refused() {
        let bare = format!("http://{B32}.b32.i2p");
        let base64 = format!("http://{}.i2p/a", "A".repeat(516));
        for text in [
            "",
            "http",
            "http://",
            "http:///a",
            "http://.i2p/a",
            "http://i2p/a",
            "http://b32.i2p/a",
            "https://foo.i2p/a",
            "udp://foo.i2p/a",
            "wss://foo.i2p/a",
            "//foo.i2p/a",
            "foo.i2p/a",
            "http:/foo.i2p/a",
            "http:\\\\foo.i2p\\a",
            "ftp://foo.i2p/a",
            "xhttp://foo.i2p/a",
            "http://example.com/a",
            "http://foo.i2p.example.com/a",
            "http://example.com/foo.i2p/a",
            "http://foo.i2p@evil.com/a",
            "http://evil.com@foo.i2p/a",
            "http://u:p@foo.i2p/a",
            "http://evil.com#.i2p/a",
            "http://evil.com?.i2p/a",
            "http://evil.com\\.i2p/a",
            "http://evil.com\\@foo.i2p/a",
            "http://foo.i2p:6969/a",
            "http://foo.i2p:/a",
            "http://foo.i2p:80:80/a",
            "http://foo.i2p:080/a",
            "http://[::1].i2p/a",
            "http://foo.i2p./a",
            "http://foo..i2p/a",
            "http://.foo.i2p/a",
            "http://-foo.i2p/a",
            "http://foo-.i2p/a",
            "http://xn--foo.i2p/a",
            "http://fóo.i2p/a",
            "http://foo.i2p\u{3002}evil.com/a",
            "http://foo\u{ff0e}i2p/a",
            "http://foo.ı2p/a",
            "http://foo%2ei2p/a",
            "http://foo.i2p%00/a",
            "http://evil.com%2f.i2p/a",
            "http://foo.i2p\0.evil.com/a",
            "http://foo.i2p\n/a",
            "http://fo\to.i2p/a",
            "http://foo.i2p/a\nHost: evil.com",
            "http://foo.i2p/a b",
            "http://foo.i2p/%61",
            "http://foo.i2p/a#b",
            "http://foo.i2p/a\\b",
            "http://foo.i2p/a?b?c",
            "http://foo.i2p/a?u=http://evil.com",
            "http://foo.i2p",
            "http://foo.i2p?a",
            "\thttp://foo.i2p/a",
            "http://foo_bar.i2p/a",
            "http://a.b32.i2p/a",
            "http://foo.onion/a",
            "http://foo.i2p,evil.com/a",
            &bare,
            &base64,
            &format!("{bare}:443/a"),
            &format!("http://{B32}a.b32.i2p/a"),
            &format!("http://{}.b32.i2p/a", &B32[1..]),
            &format!("http://{}1.b32.i2p/a", &B32[1..]),
            &format!("http://x.{B32}.b32.i2p/a"),
            &format!("http://foo.i2p/{}", "a".repeat(250)),
        ] {
            assert!(parse(text).is_err(), "{text:?} was kept as {:?}", parse(text));
        }
    }

    #[test]
    fn the_sieve_keeps_order_and_drops_repetitions() {
        let candidates = [
            ("tr", "udp://tracker.example.com:80"),
            ("tr", "http://b.i2p/a"),
            ("tr", "http://A.i2p/a"),
            ("tr", "http://B.i2p:80/a"),
            ("tr", "http://b.i2p/a?x=1"),
            ("tr", "http://b.i2p/other"),
        ];
        let (kept, dropped) = scrub_trackers(candidates.map(|(field, url)| (field, url.to_owned())));
        let kept: Vec<_> = kept.iter().map(I2pTracker::as_str).collect();
        assert_eq!(kept, ["http://b.i2p/a", "http://a.i2p/a", "http://b.i2p/other"]);
        assert_eq!(dropped, [Dropped::new("tr", "udp://tracker.example.com:80")]);
        assert_eq!(dropped[0].kind(), DroppedKind::Tracker);
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let candidates = (0..30).map(|n| ("tr", format!("http://t{n}.i2p/a")));
        let (kept, dropped) = scrub_trackers(candidates);
        assert_eq!((kept.len(), dropped.len()), (MAX_TRACKERS, 30 - MAX_TRACKERS));
        assert_eq!(dropped[0].value, "http://t12.i2p/a");
    }
}

//! Writing a magnet.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{I2pTracker, MAX_TRACKERS};
use crate::infohash::{Infohashes, MULTIHASH_SHA256};

/// All but the unreserved characters of RFC 3986. A space becomes `%20`, because i2psnark takes `+`
/// for a plus.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Composes a magnet from what is known of a torrent. It can name no other host than those of
/// `trackers`, which are inside I2P by their type: the first [`MAX_TRACKERS`] of them in the given
/// order, each announce address once. Give a node's own tracker first, then those of its configured
/// peers, then the torrent's own: i2psnark uses only the first.
///
/// The v1 infohash comes first, because i2psnark reads no other `xt` than the first one.
///
/// **Without any tracker the result is a clearnet magnet for libtorrent**, which tells an I2P
/// torrent by its trackers: do not show such a one as something to open.
pub fn compose<'a>(
    infohashes: &Infohashes,
    name: Option<&str>,
    size_bytes: Option<u64>,
    trackers: impl IntoIterator<Item = &'a I2pTracker>,
) -> String {
    let mut magnet = String::from("magnet:?");
    let mut parameter = |text: std::fmt::Arguments<'_>| {
        if !magnet.ends_with('?') {
            magnet.push('&');
        }
        magnet.write_fmt(text).expect("writing to a String cannot fail");
    };
    if let Some(v1) = infohashes.v1() {
        parameter(format_args!("xt=urn:btih:{v1}"));
    }
    if let Some(v2) = infohashes.v2() {
        parameter(format_args!("xt=urn:btmh:{MULTIHASH_SHA256}{v2}"));
    }
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        parameter(format_args!("dn={}", utf8_percent_encode(name, ESCAPED)));
    }
    if let Some(size_bytes) = size_bytes.filter(|size_bytes| *size_bytes > 0) {
        parameter(format_args!("xl={size_bytes}"));
    }
    let mut named: Vec<&I2pTracker> = Vec::new();
    for tracker in trackers {
        if named.len() < MAX_TRACKERS && !named.iter().any(|other| other.is_same_announce(tracker)) {
            parameter(format_args!("tr={}", utf8_percent_encode(tracker.as_str(), ESCAPED)));
            named.push(tracker);
        }
    }
    magnet
}

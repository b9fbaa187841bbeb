//! The addresses in a torrent file: trackers, web seeds, DHT nodes. I2P trackers are kept.

use super::names;
use crate::bencode::{Dict, Value};
use crate::magnet::{Dropped, I2pTracker, scrub_trackers};

/// How many addresses of one torrent are looked at. More than a handful is unusual.
const MAX_ADDRESSES: usize = 1_000;

/// What is kept of the trackers, and everything that is not kept.
pub(super) fn read(root: &Dict) -> (Vec<I2pTracker>, Vec<Dropped>) {
    let mut trackers: Vec<(&str, String)> = Vec::new();
    for key in ["announce", "announce-list"] {
        for url in root.get(key.as_bytes()).into_iter().flat_map(byte_strings) {
            let url = String::from_utf8_lossy(url).trim().to_owned();
            // Most files repeat `announce` in the list.
            if !url.is_empty() && trackers.len() < MAX_ADDRESSES && !trackers.iter().any(|t| t.1 == url) {
                trackers.push((key, url));
            }
        }
    }
    let (kept, mut dropped) = scrub_trackers(trackers);

    for key in ["url-list", "httpseeds"] {
        for url in root.get(key.as_bytes()).into_iter().flat_map(byte_strings) {
            push(&mut dropped, key, names::display(url));
        }
    }
    for node in root.get(b"nodes").and_then(Value::as_list).unwrap_or_default() {
        push(&mut dropped, "nodes", node_address(node));
    }
    (kept, dropped)
}

fn push(dropped: &mut Vec<Dropped>, field: &str, value: String) {
    if !value.is_empty() && dropped.len() < MAX_ADDRESSES {
        dropped.push(Dropped::new(field, &value));
    }
}

/// The byte strings of a value that is one, a list of them, or a list of lists.
fn byte_strings<'a>(value: &Value<'a>) -> Vec<&'a [u8]> {
    match value {
        Value::Bytes(bytes) => vec![bytes],
        Value::List(items) => items.iter().flat_map(byte_strings).collect(),
        Value::Integer(_) | Value::Dict(_) => Vec::new(),
    }
}

/// `[host, port]` as BEP 5 has it, or the plain text that some files have.
fn node_address(node: &Value) -> String {
    match node.as_list() {
        Some([host, port]) => {
            let host = names::display(host.as_bytes().unwrap_or_default());
            port.as_integer().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
        }
        _ => names::display(node.as_bytes().unwrap_or_default()),
    }
}

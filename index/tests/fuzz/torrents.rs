//! Bencode, torrent files, magnets and trackers.

use deadwax_index::bencode::{self, Dict, MAX_DEPTH, MAX_VALUES, Value};
use deadwax_index::infohash::{InfohashV1, InfohashV2, Infohashes};
use deadwax_index::magnet::{
    Dropped, I2pTracker, MAX_MAGNET_BYTES, MAX_TRACKER_BYTES, MAX_TRACKERS, Magnet, MagnetError, compose,
};
use deadwax_index::torrent::{Torrent, TorrentError, TorrentSummary};

use crate::harness::{Reached, Target, fuzz};
use crate::seeds::{self, B32};

/// The longest name that is kept.
const MAX_NAME_BYTES: usize = 255;

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Integer(number) => out.extend(format!("i{number}e").bytes()),
        Value::Bytes(bytes) => string(bytes, out),
        Value::List(items) => {
            out.push(b'l');
            items.iter().for_each(|item| encode(item, out));
            out.push(b'e');
        }
        Value::Dict(dict) => {
            let start = out.len();
            out.push(b'd');
            for (key, value) in dict.iter() {
                string(key, out);
                encode(value, out);
            }
            out.push(b'e');
            assert_eq!(dict.raw(), &out[start..]);
            check_keys(dict);
        }
    }
}

fn string(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!("{}:", bytes.len()).bytes());
    out.extend(bytes);
}

fn check_keys(dict: &Dict) {
    let mut keys: Vec<_> = dict.iter().map(|(key, _)| key).collect();
    keys.sort();
    assert!(keys.is_sorted_by(|a, b| a < b), "a key occurs twice");
}

/// How deep lists and dictionaries nest, and how many values there are.
fn measure(value: &Value) -> (usize, usize) {
    let inside: Vec<_> = match value {
        Value::Integer(_) | Value::Bytes(_) => return (0, 1),
        Value::List(items) => items.iter().map(measure).collect(),
        Value::Dict(dict) => dict.iter().map(|(_, value)| measure(value)).collect(),
    };
    let depth = inside.iter().map(|(depth, _)| depth).max().unwrap_or(&0);
    (1 + depth, 1 + inside.iter().map(|(_, values)| values).sum::<usize>())
}

#[test]
fn bencode() {
    let seeds = [seeds::bencode(), seeds::torrents()].concat();
    let tokens = b"d|l|e|de|le|i0e|0:|1:a|d0:|i-1e";
    let target = Target { name: "bencode", seeds, tokens, ..Target::default() };
    fuzz(&target, |bytes| match bencode::decode(bytes) {
        Ok(value) => {
            let mut written = Vec::new();
            encode(&value, &mut written);
            assert_eq!(written, bytes);
            let (depth, values) = measure(&value);
            assert!(depth <= MAX_DEPTH && values <= MAX_VALUES);
            Reached::End
        }
        Err(bencode::BencodeError::UnexpectedByte { at: 0 }) => Reached::Door,
        Err(_) => Reached::Inside,
    });
}

/// What may be shown: nothing that ends a line, reorders text or is very long.
fn check_shown(text: &str) {
    let misleads = |c: char| c.is_control() || "\u{2028}\u{2029}\u{202d}\u{202e}\u{2066}\u{2069}".contains(c);
    assert!(text.len() <= MAX_NAME_BYTES && !text.contains(misleads), "{text:?}");
    assert_eq!(text.trim(), text);
}

fn check_dropped(dropped: &[Dropped]) {
    dropped.iter().flat_map(|Dropped { field, value }| [field, value]).for_each(|text| check_shown(text));
}

fn check_trackers(trackers: &[I2pTracker]) {
    assert!(trackers.len() <= MAX_TRACKERS);
    trackers.iter().for_each(check_tracker);
    for (index, tracker) in trackers.iter().enumerate() {
        assert!(trackers[..index].iter().all(|other| !other.is_same_announce(tracker)), "{tracker} twice");
    }
}

/// Only what every program reads in the same way, and as something inside I2P.
fn check_tracker(tracker: &I2pTracker) {
    let text = tracker.as_str();
    assert_eq!(text.parse().as_ref(), Ok(tracker));
    assert!(text.len() <= MAX_TRACKER_BYTES, "{text}");
    let rest = text.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    assert_eq!(host, tracker.host());
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let name = host.strip_suffix(".i2p").unwrap();
    assert!(name.bytes().all(|byte| letter(byte) || b".-".contains(&byte)), "{text}");
    assert!(letter(name.as_bytes()[0]) && name.bytes().last().is_some_and(letter), "{text}");
    assert!(name != "b32" && !name.contains("..") && !name.contains("--"), "{text}");
    if let Some(address) = name.strip_suffix(".b32") {
        assert!(address.len() == 52 && !address.contains(['.', '-', '0', '1', '8', '9']), "{text}");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~?=&".contains(&byte);
    assert!(path.bytes().all(plain) && path.matches('?').count() <= 1, "{text}");
}

/// A composed magnet names no host outside I2P, and says the same when it is read again.
fn check_composed(text: &str, infohashes: &Infohashes, trackers: &[I2pTracker]) -> Magnet {
    let query = text.strip_prefix("magnet:?").unwrap();
    for parameter in query.split('&') {
        let (key, value) = parameter.split_once('=').unwrap();
        assert!(["xt", "dn", "xl", "tr"].contains(&key), "{text}");
        let escaped = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        assert!(key == "xt" || value.bytes().all(escaped), "{text}");
        if key == "tr" {
            let host = value.strip_prefix("http%3A%2F%2F").and_then(|rest| rest.split_once("%2F")).unwrap().0;
            assert!(host.ends_with(".i2p") && host == host.to_ascii_lowercase(), "{text}");
        }
    }
    let magnet = Magnet::parse(text).unwrap();
    assert_eq!((&magnet.infohashes, magnet.trackers.as_slice()), (infohashes, trackers), "{text}");
    assert!(magnet.dropped.is_empty(), "{text}");
    magnet
}

#[test]
fn torrent_files() {
    let tokens = b"6:lengthi1e|4:attr1:p|4:attr1:l|4:pathl1:ae|6:pieces0:|10:name.utf-81:a|d0:d|\
        12:meta versioni2e|de|le|i-1e|2:..|1:/|3:\xe2\x80\xae|7:privatei1e";
    let target = Target { name: "torrent_files", seeds: seeds::torrents(), tokens, ..Target::default() };
    fuzz(&target, |bytes| match Torrent::parse(bytes) {
        Ok(torrent) => {
            check_torrent(bytes, &torrent);
            Reached::End
        }
        Err(TorrentError::Bencode(_)) => Reached::Door,
        Err(_) => Reached::Inside,
    });
}

fn check_torrent(bytes: &[u8], torrent: &Torrent) {
    let root = bencode::decode(bytes.trim_ascii_end()).unwrap();
    let info = root.as_dict().and_then(|root| root.get(b"info")).and_then(Value::as_dict).unwrap().raw();
    let hashes = &torrent.infohashes;
    assert!(hashes.v1().is_none_or(|hash| hash == InfohashV1::of_info(info)));
    assert!(hashes.v2().is_none_or(|hash| hash == InfohashV2::of_info(info)));

    check_shown(&torrent.name);
    torrent.source.iter().for_each(|source| check_shown(source));
    check_dropped(&torrent.dropped);
    check_trackers(&torrent.trackers);
    for file in &torrent.files {
        assert!(file.path.len() <= 4096);
        for part in file.path.split('/') {
            check_shown(part);
            assert!(!["", ".", ".."].contains(&part) && !part.contains('\\'), "{:?}", file.path);
        }
    }
    let sizes = torrent.files.iter().map(|file| u128::from(file.size_bytes));
    assert_eq!(sizes.sum::<u128>(), u128::from(torrent.size_bytes));
    assert!(torrent.size_bytes <= i64::MAX as u64 && !torrent.files.is_empty());

    let summary = TorrentSummary::of_torrent(torrent, &[]);
    let magnet = check_composed(&summary.magnet, hashes, &torrent.trackers);
    assert_eq!(magnet.name.as_ref(), Some(&torrent.name));
    assert_eq!(magnet.size_bytes.unwrap_or_default(), torrent.size_bytes);
}

#[test]
fn magnets() {
    let tokens = b"&|=|%|%00|%26|%2e|+|&tr=|&xt=urn:btih:|&xt=urn:btmh:1220|&dn=|\
        &xl=|&xl=-0|&ws=|http://|.i2p|.I2P|@|%E2%80%AE|%FF|&tr.1=";
    let target = Target { name: "magnets", seeds: seeds::magnets(), tokens, ..Target::default() };
    fuzz(&target, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match Magnet::parse(&text) {
            Ok(magnet) => {
                check_magnet(&text, &magnet);
                Reached::End
            }
            Err(MagnetError::NotAMagnet) => Reached::Door,
            Err(_) => Reached::Inside,
        }
    });
}

fn check_magnet(text: &str, magnet: &Magnet) {
    assert!(text.trim().len() <= MAX_MAGNET_BYTES);
    magnet.name.iter().for_each(|name| check_shown(name));
    check_dropped(&magnet.dropped);
    check_trackers(&magnet.trackers);
    let (name, size_bytes) = (magnet.name.as_deref(), magnet.size_bytes.filter(|size| *size > 0));
    let composed = compose(&magnet.infohashes, name, size_bytes, &magnet.trackers);
    let again = check_composed(&composed, &magnet.infohashes, &magnet.trackers);
    assert_eq!((again.name.as_deref(), again.size_bytes), (name, size_bytes));
    assert_eq!(compose(&again.infohashes, name, size_bytes, &again.trackers), composed);
}

#[test]
fn tracker_addresses() {
    let tokens = "http://|.i2p|.b32.i2p|:80|/announce|@|#|?|\
        %2e|\\|xn--|b32|evil.example|\u{ff0e}|\u{131}|\0|\n| "
        .as_bytes();
    let seeds = seeds::texts(&[
        &format!("http://{B32}.b32.i2p/announce"),
        &format!("HTTP://{}.B32.I2P:80/a", B32.to_uppercase()),
        " http://some-tracker.i2p/a/b_c~d?x=1&y=2",
        "http://user@foo.i2p:6969/announce#x",
        "udp://tracker.example:80/announce",
    ]);
    let target = Target { name: "tracker_addresses", seeds, tokens, ..Target::default() };
    fuzz(&target, |bytes| match String::from_utf8_lossy(bytes).parse::<I2pTracker>() {
        Ok(tracker) => {
            check_tracker(&tracker);
            Reached::End
        }
        Err(deadwax_index::magnet::TrackerError::NotHttp) => Reached::Door,
        Err(_) => Reached::Inside,
    });
}

//! What the fuzzer begins with: the vectors of the entry format, and torrents made here.

use std::path::Path;

use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

pub const V1: &str = "5a5b5c5d5e5f606162636465666768696a6b6c6d";
pub const V2: &str = "d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6";
pub const MBID: &str = "8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";
pub const B32: &str = "x7qabcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopa";

/// The objects in some lists of a file of `index/vectors/`.
pub fn vectors(file: &str, lists: &[&str]) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    let file: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    lists.iter().flat_map(|list| file[list].as_array().unwrap().clone()).collect()
}

/// The bytes that each of them has in hexadecimal.
pub fn bytes(vectors: &[Json], key: &str) -> Vec<Vec<u8>> {
    vectors.iter().map(|vector| HEXLOWER.decode(vector[key].as_str().unwrap().as_bytes()).unwrap()).collect()
}

/// The vectors of entries in the given lists.
pub fn entries(lists: &[&str]) -> Vec<Vec<u8>> {
    bytes(&vectors("entries.json", lists), "bytes")
}

pub fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

// --- bencode ---------------------------------------------------------------------------------------

fn string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [format!("{}:", bytes.len()).as_bytes(), bytes].concat()
}

fn int(number: i64) -> Vec<u8> {
    format!("i{number}e").into_bytes()
}

fn list<const N: usize>(items: [Vec<u8>; N]) -> Vec<u8> {
    [b"l".as_slice(), &items.concat(), b"e"].concat()
}

/// The pairs in the order of their keys.
fn dict<const N: usize>(mut pairs: [(&str, Vec<u8>); N]) -> Vec<u8> {
    pairs.sort();
    let pairs = pairs.map(|(key, value)| [string(key), value].concat());
    [b"d".as_slice(), &pairs.concat(), b"e"].concat()
}

/// Bencode that is no torrent; the last ones are not valid.
pub fn bencode() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        int(i64::MIN),
        list([int(0), string("tidal"), list([]), dict([])]),
        dict([("a", int(-1)), ("b", dict([("c", list([string(b"\x00\xff")]))])), ("", string(""))]),
        [b"l".repeat(64), b"e".repeat(64)].concat(),
    ];
    seeds.extend(texts(&[
        "d1:bi1e1:ai2ee",
        "i-0e",
        "i01e",
        "d1:ai1e1:ai2ee",
        "02:ab",
        "i9223372036854775808e",
    ]));
    seeds
}

/// Files of a v1, a v2 and a hybrid torrent of an invented record, and one with odd names.
pub fn torrents() -> Vec<Vec<u8>> {
    let pieces = |count| string([7; 20].repeat(count));
    // Two pieces lead to their root in one step.
    let layer = [2; 64];
    let root = Sha256::digest(layer);
    let leaf = |length: i64| dict([("", dict([("length", int(length)), ("pieces root", string(root))]))]);
    let file = |length, path: &str, attribute: &str| {
        dict([("attr", string(attribute)), ("length", int(length)), ("path", list([string(path)]))])
    };
    let named = |name: &str, rest: [(&str, Vec<u8>); 3]| {
        let [a, b, c] = rest;
        dict([("name", string(name)), ("piece length", int(16_384)), a, b, c])
    };
    let files =
        || list([file(20_000, "01 Ebb.flac", ""), file(12_768, "0", "p"), file(5, "02 Neap.flac", "")]);
    let tree = || dict([("01 Ebb.flac", leaf(20_000)), ("02 Neap.flac", leaf(5))]);
    let odd = list([
        dict([("length", int(9)), ("path", list([string(".."), string("Disc 1"), string("a/b")]))]),
        file(7, &format!("..{}x", " ".repeat(260)), "x"),
        file(0, "\u{202e}3pm.exe\n", "l"),
    ]);
    let infos = [
        named("Tidal [FLAC]", [("files", files()), ("pieces", pieces(3)), ("source", string("ABC"))]),
        named("Ebb.flac", [("length", int(9)), ("pieces", pieces(1)), ("private", int(1))]),
        named("Tidal", [("file tree", tree()), ("meta version", int(2)), ("pieces root", int(0))]),
        dict([
            ("file tree", tree()),
            ("files", files()),
            ("meta version", int(2)),
            ("name", string("Tidal")),
            ("piece length", int(16_384)),
            ("pieces", pieces(3)),
        ]),
        named(&"Low Water ".repeat(26), [("files", odd), ("pieces", pieces(1)), ("x", int(0))]),
    ];
    let announce = format!("http://{B32}.b32.i2p/announce");
    infos
        .map(|info| {
            let other = list([string("udp://tracker.example:80"), string("http://Foo.I2P:80/a?x=1")]);
            dict([
                ("announce", string(&announce)),
                ("announce-list", list([list([string(&announce)]), other])),
                ("info", info),
                ("nodes", list([list([string("192.0.2.1"), int(6881)])])),
                ("piece layers", [b"d".as_slice(), &string(root), &string(layer), b"e"].concat()),
                ("url-list", string("http://seed.example/")),
            ])
        })
        .to_vec()
}

pub fn magnets() -> Vec<Vec<u8>> {
    texts(&[
        &format!(
            "magnet:?xt=urn:btih:{V1}&dn=Maps+of+Low%20Water&xl=123456&tr=http%3A%2F%2F{B32}.b32.i2p%2Fa"
        ),
        &format!("MAGNET:?xt.1=urn:btmh:1220{V2}&xt.2=urn:btih:{V1}&tr.1=http://Foo.I2P:80/announce.php?x=1"),
        &format!(
            "magnet:?xt=urn:btih:{V1}&tr=udp://tracker.example:80&ws=http://seed.example/&x.pe=192.0.2.1:6881"
        ),
        &format!(
            "magnet:?dn={}&xt=urn:btih:LJNVYXK6L5QGCYTDMRSWMZ3INFVGW3DN&kt=tide",
            "Low Water ".repeat(26)
        ),
        &format!("magnet:?xt=urn:btih:{V1}{}", "&tr=http://a.i2p/a&tr=http://b.i2p/b".repeat(20)),
        "magnet:?xt=urn:btih:5a5b",
    ])
}

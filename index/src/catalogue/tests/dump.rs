//! Dumps as MusicBrainz packs them, with invented records.

use super::super::Kind;
use crate::mbid::Uuid;
use liblzma::write::XzEncoder;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

pub const TIMESTAMP: &str = "2026-01-03 00:00:00.000000+00\n";

/// The MBID of the nth invented record of a kind.
pub fn mbid(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(kind << 64 | number)
}

fn credit(artist: u128) -> Value {
    let part = |name: &str, joinphrase: &str, number| {
        let artist = json!({"id": mbid(0, number).to_string(), "name": name, "tags": [{"name": "secret"}]});
        json!({"name": name, "joinphrase": joinphrase, "artist": artist})
    };
    if artist == 1 {
        json!([part("Tide", " & ", 1), part("Ebb", "", 2)])
    } else {
        json!([part("Solo", "", artist)])
    }
}

pub fn artist(number: u128, name: &str) -> String {
    json!({
        "id": mbid(0, number).to_string(), "name": name, "sort-name": name, "type": "Group", "country": "IS",
        "life-span": {"begin": "1968", "end": null, "ended": false}, "annotation": "secret",
        "aliases": [{"name": "The Tide", "locale": "en", "primary": true}, {"name": "潮", "primary": null}],
        "relations": [
            {"type": "discogs", "url": {"resource": "https://www.discogs.com/artist/1"}},
            {"type": "member of band", "artist": {"id": "x", "name": "secret"}},
        ],
        "genres": [{"name": "secret"}], "tags": [{"name": "secret"}], "rating": {"value": 5, "votes-count": 1},
    })
    .to_string()
}

pub fn label(number: u128, name: &str) -> String {
    json!({"id": mbid(1, number).to_string(), "name": name, "label-code": 1234, "type": "Imprint"})
        .to_string()
}

pub fn group(number: u128, title: &str, artist: u128) -> String {
    json!({
        "id": mbid(2, number).to_string(), "title": title, "primary-type": "Album", "secondary-types": ["Live"],
        "first-release-date": "1971-03", "artist-credit": credit(artist), "rating": null,
    })
    .to_string()
}

fn track(position: u32, number: &str, title: &str, length: u32, recording: u128, credit: Value) -> Value {
    json!({
        "position": position, "number": number, "title": title, "artist-credit": credit, "id": "x",
        "length": if length == 0 { Value::Null } else { length.into() },
        "recording": {"id": mbid(4, recording).to_string(), "title": "secret", "isrcs": ["secret"], "video": false},
    })
}

pub fn release(number: u128, title: &str, group: u128, artist: u128) -> String {
    let event = |date: &str, code: &str| json!({"date": date, "area": {"iso-3166-1-codes": [code]}});
    json!({
        "id": mbid(3, number).to_string(), "title": title, "status": "Official", "barcode": "5012394144777",
        "artist-credit": credit(artist), "release-group": {"id": mbid(2, group).to_string(), "title": title},
        "release-events": [event("1971-03-05", "GB"), event("1972", "JP")], "asin": "B000002UAL",
        "label-info": [
            {"catalog-number": "NHR-014", "label": {"id": mbid(1, 1).to_string(), "name": "Ninth Harbour"}},
            {"catalog-number": null, "label": null},
        ],
        "media": [
            {
                "format": "12\" Vinyl", "title": "", "track-count": 9, "position": 1,
                "tracks": [
                    track(1, "A1", "Spring Tide", 210_000, 100 * number + 1, credit(artist)),
                    track(2, "A2", "Neap Tide", 0, 900, credit(if artist == 1 { 2 } else { 1 })),
                ],
            },
            {
                "format": null, "track-count": 1, "position": 2, "data-tracks": null,
                "pregap": track(0, "0", "Slack Water", 1, 100 * number + 3, Value::Null),
            },
        ],
        "text-representation": {"language": "eng", "script": "Latn"},
    })
    .to_string()
}

/// An archive with these members.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = XzEncoder::new(Vec::new(), 0);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One dump with these lines and no newline at the end; the records come first or in the middle.
pub fn pack(kind: Kind, lines: &[String], records_first: bool) -> Vec<u8> {
    let name = format!("mbdump/{}", kind.dump_name());
    let text = lines.join("\n");
    let mut members = [
        ("TIMESTAMP", TIMESTAMP.as_bytes()),
        ("COPYING", b"CC0"),
        (name.as_str(), text.as_bytes()),
        ("README", b""),
    ];
    if records_first {
        members.reverse();
    }
    xz(&tar(&members))
}

/// A dump under its own name.
pub fn write_dump(folder: &Path, kind: Kind, lines: &[String]) -> PathBuf {
    let path = folder.join(format!("{}.tar.xz", kind.dump_name()));
    std::fs::write(&path, pack(kind, lines, false)).unwrap();
    path
}

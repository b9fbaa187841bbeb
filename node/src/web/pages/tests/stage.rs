//! An invented catalogue, and what invented people signed about it.

use super::*;
use deadwax_index::catalogue;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::json::body_from_json;
use deadwax_index::ingest::ingest;
use deadwax_index::mbid::Uuid;
use liblzma::write::XzEncoder;
use std::path::{Path, PathBuf};

/// Kinds of records, by the names of their dumps.
const KINDS: [&str; 4] = ["artist", "label", "release-group", "release"];

/// Artists: name, kind, country, years, what tells them apart.
const ARTISTS: [(&str, &str, &str, &str, &str, &str); 6] = [
    ("The Salt Cartographers", "Group", "IS", "1989", "2011", "ambient duo from the Westfjords"),
    ("Nell Aster", "Person", "GB", "1974", "", ""),
    ("Otto Vane", "Person", "DE", "1951", "2019", "organist"),
    ("Sigrún Hólm", "Person", "IS", "1986", "", ""),
    ("Marrow & Pine", "Group", "CA", "2004", "", ""),
    ("Кинотеатр Прибой", "Group", "RU", "1982", "1991", ""),
];
const LABELS: [&str; 3] = ["Ninth Harbour", "Kelp & Iron", "Mole Records"];
/// Release groups: title, artist, types, year.
const GROUPS: [(&str, usize, &[&str], &str); 24] = [
    ("Maps of Low Water", 0, &["Album"], "1994-05-17"),
    ("Soundings", 0, &["Album"], "1996"),
    ("The Ninth Harbour", 0, &["Album"], "1999-10"),
    ("Fathom Lines", 0, &["Album"], "2003"),
    ("Salt Works", 0, &["Album", "Compilation"], "2006"),
    ("Live at the Fish Hall", 0, &["Album", "Live"], "2001"),
    ("Ebb EP", 0, &["EP"], "1992"),
    ("Spring Tide", 0, &["Single"], "1994"),
    ("Neap", 0, &["Single"], "1996"),
    ("Low Water", 1, &["Album"], "1999"),
    ("A House by the Weir", 1, &["Album"], "2008"),
    ("Lanterns", 1, &["EP"], "2011"),
    ("Pedal Points", 2, &["Album"], "1978"),
    ("Kirche, Leerstand", 2, &["Album", "Live"], "1983"),
    ("Sextant", 3, &["Album"], "2014"),
    ("Night Ferry", 3, &["Album"], "2019"),
    ("Harbour Lights, Receding", 3, &["Single"], "2020"),
    ("Timberline", 4, &["Album"], "2007"),
    ("Winter Cut", 4, &["Album"], "2012"),
    ("Низкая вода", 5, &["Album"], "1986"),
    ("Афиша", 5, &["Album"], "1989"),
    ("Low Water, Slow Water", 4, &["EP"], "2015"),
    ("Waterline", 1, &["Single"], "2009"),
    ("Tidal Ledger", 0, &["Album"], ""),
];
const TRACKS: [(&str, u32); 9] = [
    ("Datum", 204_000),
    ("Maps of Low Water", 431_000),
    ("Spring Tide", 252_500),
    ("Chart Nineteen", 318_000),
    ("The Lead and the Line", 187_000),
    ("Neap Tide", 276_000),
    ("Saltings", 0),
    ("A Bearing on the Lighthouse, Lost", 522_000),
    ("Slack Water", 611_000),
];

/// The MBID of the nth record of a kind, from 0: as random as real ones look.
pub fn mbid(kind: &str, number: usize) -> String {
    let kind = KINDS.iter().position(|name| *name == kind).unwrap_or(KINDS.len());
    let mixed =
        ((number + 1) as u128 * 5 + kind as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    // Version 4, variant 1.
    let mixed = mixed & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    Uuid::from_u128(mixed).to_string()
}

fn credit(artist: usize) -> Value {
    let name = ARTISTS[artist].0;
    json!([{ "name": name, "artist": { "id": mbid("artist", artist), "name": name } }])
}

fn artist(number: usize) -> Value {
    let (name, kind, country, begin, end, disambiguation) = ARTISTS[number];
    let some = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    json!({
        "id": mbid("artist", number), "name": name, "type": kind, "country": country,
        "life-span": { "begin": some(begin), "end": some(end) }, "disambiguation": disambiguation,
        "aliases": [{ "name": format!("{name} Ensemble"), "primary": true }],
        "relations": [
            { "type": "official homepage", "url": { "resource": "https://www.salt-cartographers.example/" } },
            { "type": "discogs", "url": { "resource": format!("https://www.discogs.com/artist/{}", 100 + number) } },
        ],
    })
}

fn group(number: usize) -> Value {
    let (title, artist, types, date) = GROUPS[number];
    json!({
        "id": mbid("release-group", number), "title": title, "primary-type": types[0],
        "secondary-types": types[1..], "first-release-date": date, "artist-credit": credit(artist),
    })
}

/// The nth edition of the first group.
fn release(number: usize) -> Value {
    let (format, date, country, label, catno) = [
        ("12\" Vinyl", "1994-05-17", "IS", 0, "NHR-014"),
        ("CD", "1994-06-01", "GB", 0, "NHR-014CD"),
        ("CD", "2004", "DE", 1, "KI 31"),
        ("Digital Media", "2014-05-17", "XW", 0, "NHR-014D"),
        ("12\" Vinyl", "2024", "XE", 1, "KI 31LP"),
    ][number];
    let tracks = TRACKS.iter().zip(1..).map(|((title, length), position)| {
        let length = if *length == 0 { Value::Null } else { (*length).into() };
        let artist = if position == 6 { credit(3) } else { credit(0) };
        json!({
            "position": position, "number": position.to_string(), "title": title, "length": length,
            "artist-credit": artist, "recording": { "id": mbid("recording", position) },
        })
    });
    json!({
        "id": mbid("release", number), "title": "Maps of Low Water", "status": "Official", "barcode": "5012394144777",
        "artist-credit": credit(0), "release-group": { "id": mbid("release-group", 0) },
        "release-events": [{ "date": date, "area": { "iso-3166-1-codes": [country] } }],
        "date": date, "country": country, "packaging": "Jewel Case", "text-representation": { "language": "isl" },
        "label-info": [{
            "catalog-number": catno, "label": { "id": mbid("label", label), "name": LABELS[label] },
        }],
        "media": [{ "format": format, "position": 1, "track-count": TRACKS.len(), "tracks": tracks.collect::<Vec<_>>() }],
    })
}

fn dump(folder: &Path, kind: &str, records: Vec<Value>) -> PathBuf {
    let path = folder.join(format!("{kind}.tar.xz"));
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let mut tar = tar::Builder::new(XzEncoder::new(std::fs::File::create(&path).unwrap(), 0));
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, format!("mbdump/{kind}"), text.as_bytes()).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    path
}

/// A person who signs.
pub struct Person {
    identity: Identity,
    next_n: u64,
}

impl Person {
    /// The nth one.
    pub fn new(number: u8) -> Self {
        Self { identity: Identity::from_secret([number; 32]), next_n: 0 }
    }

    /// The key as pages name it.
    pub fn key(&self) -> String {
        self.identity.author().to_string()
    }

    /// Signs a body for the set of a node, and says under which id.
    pub fn sign(&mut self, node: &Node, kind: u64, body: Value) -> String {
        let body = body_from_json(kind, body.to_string().as_bytes()).unwrap();
        let entry = self.identity.sign(body, kind, self.next_n, crate::app::now_secs() / 3600 - 30);
        self.next_n += 1;
        ingest(&node.app.store, std::slice::from_ref(&entry), None).unwrap();
        entry.head().id().to_string()
    }
}

/// A torrent link that differs from a usual one in `changes`.
pub fn link(hash: u128, mbid: &str, changes: Value) -> Value {
    let mut link = json!({
        "infohash_v1": format!("{hash:040x}"), "mbid": mbid, "mbid_kind": "release-group",
        "artist": "The Salt Cartographers", "title": "Maps of Low Water", "year": 1994, "types": ["Album"],
        "media": "CD", "format": "FLAC", "encoding": "Lossless", "size_bytes": 352_000_000u64, "file_count": 11,
        "log": true, "cue": true, "trackers": [TRACKER],
        "name": "The Salt Cartographers - Maps of Low Water (1994) [FLAC]",
        "files": TRACKS.iter().zip(1..).map(|((title, length), n)| json!({
            "path": format!("{n:02} {}.flac", title.replace(',', "")), "size_bytes": 20_000_000 + u64::from(*length) * 90,
        })).collect::<Vec<_>>(),
    });
    link.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    link
}

impl Node {
    /// A node with the invented catalogue.
    pub fn with_catalogue() -> Self {
        let node = Self::new(false);
        let dir = node._dir.path();
        let archives = [
            dump(dir, "artist", (0..ARTISTS.len()).map(artist).collect()),
            dump(dir, "label", LABELS.iter().enumerate().map(|(number, name)| {
                json!({ "id": mbid("label", number), "name": name, "type": "Original Production", "country": "IS", "label-code": 4711 })
            }).collect()),
            dump(dir, "release-group", (0..GROUPS.len()).map(group).collect()),
            dump(dir, "release", (0..5).map(release).collect()),
        ];
        catalogue::import(dir, &archives, |_| {}).unwrap();
        node.app.search.catch_up(&node.app.store).unwrap();
        node
    }

    /// A node on which people have linked, tagged, voted, reported and written.
    pub fn lively() -> (Self, [Person; 3]) {
        let node = Self::with_catalogue();
        let [mut mara, mut otto, mut ilse] = [21, 22, 23].map(Person::new);
        let first = mbid("release-group", 0);
        let flac = mara.sign(
            &node,
            32,
            link(1, &mbid("release", 1), json!({ "mbid_kind": "release", "release_group": first })),
        );
        // Somebody confirms it.
        otto.sign(
            &node,
            32,
            link(1, &mbid("release", 1), json!({ "mbid_kind": "release", "release_group": first })),
        );
        let vinyl = otto.sign(&node, 32, link(2, &first, json!({
            "media": "Vinyl", "encoding": "24bit Lossless", "size_bytes": 1_240_000_000u64, "log": null, "cue": null,
            "edition": { "title": "first pressing", "year": 1994, "label": "Ninth Harbour", "catno": "NHR-014" },
        })));
        ilse.sign(&node, 32, link(3, &first, json!({ "format": "MP3", "encoding": "V0 (VBR)", "size_bytes": 98_000_000u64, "log": null, "cue": null,
            "trackers": [TRACKER, "http://clearnet.example/announce"] })));
        for (number, (title, artist, types, date)) in GROUPS.iter().enumerate().skip(1) {
            if number % 3 == 2 {
                continue;
            }
            let format = [
                ("FLAC", "Lossless", "CD"),
                ("MP3", "320", "WEB"),
                ("FLAC", "24bit Lossless", "WEB"),
                ("Opus", "V0 (VBR)", "Cassette"),
            ][number % 4];
            let year: Option<u16> = date.get(..4).and_then(|year| year.parse().ok());
            [&mut mara, &mut otto, &mut ilse][number % 3].sign(&node, 32, link(100 + number as u128, &mbid("release-group", number), json!({
                "artist": ARTISTS[*artist].0, "title": title, "types": types, "year": year,
                "format": format.0, "encoding": format.1, "media": format.2, "size_bytes": 90_000_000u64 * (1 + number as u64 % 5),
            })));
        }
        let about = json!({ "mbid": first, "mbid_kind": "release-group" });
        for tag in ["ambient", "field recording", "tape"] {
            mara.sign(&node, 35, json!({ "subject": about, "tag": tag }));
            otto.sign(&node, 35, json!({ "subject": about, "tag": tag }));
        }
        ilse.sign(&node, 35, json!({ "subject": about, "tag": "ambient" }));
        for person in [&mut mara, &mut otto, &mut ilse] {
            person.sign(&node, 36, json!({ "subject": { "entry": flac }, "value": 1 }));
        }
        ilse.sign(&node, 37, json!({ "subject": { "entry": vinyl }, "reason": "transcode", "note": "There is nothing above 16 kHz." }));
        ilse.sign(&node, 34, json!({ "subject": about, "language": "en", "text": "Recorded over two winters in a disused fish hall, with the doors open: the tide that gives the record its name is on every track.\n\nThe first pressing was cut at 45 rpm by mistake, and kept." }));
        mara.sign(&node, 45, json!({ "name": "Mara", "text": "Tapes, mostly. Everything that I link is ripped from my own shelf.\nWrite to me if a side is missing.", "urls": ["http://mara.i2p/shelf", "javascript:alert(1)"] }));
        for (hash, seeders) in [(1u128, 5u8), (2, 2), (104, 1), (110, 3)] {
            for seeder in 0..seeders {
                let query = format!(
                    "info_hash={}&left=0&numwant=0&event=started",
                    percent_encoded_hex(&format!("{hash:040x}"))
                );
                node.app.tracker.announce(&query, [seeder + 1; 32], uptime_secs());
            }
        }
        node.app.search.catch_up(&node.app.store).unwrap();
        node.app.search.set_seeders(&node.app.store, &node.app.tracker.seeders(uptime_secs())).unwrap();
        (node, [mara, otto, ilse])
    }
}

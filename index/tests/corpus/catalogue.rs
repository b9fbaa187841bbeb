//! Real MusicBrainz records of 1968 to 1973, packed as the official dumps are, and invented ones in
//! numbers.

use crate::corpus;
use deadwax_index::catalogue::lookup::Identifier;
use deadwax_index::catalogue::{Catalogue, Kind, Named, Options, Record, import, import_with};
use deadwax_index::mbid::Uuid;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn musicbrainz(test: &str) -> Option<PathBuf> {
    Some(corpus(test, "musicbrainz/json-dump-1968-1973")?.join("musicbrainz"))
}

#[test]
fn the_corpus_has_exactly_these_records_whichever_order_the_files_come_in() {
    let Some(corpus) = musicbrainz("MusicBrainz dumps") else { return };
    let folder = corpus.join("json-dump-1968-1973");
    let names = ["artist", "label", "release-group", "release"];
    let mut orders = vec![vec![folder.clone()]];
    for first in 0..names.len() {
        let mut order = names;
        order.rotate_left(first);
        if first % 2 == 1 {
            order.reverse();
        }
        orders.push(order.map(|name| folder.join(format!("{name}.tar.xz"))).to_vec());
    }
    for order in orders {
        let dir = tempfile::tempdir().unwrap();
        let start = Instant::now();
        let stats = import(dir.path(), &order, |_| {}).unwrap();
        println!("{stats:?} in {:?}", start.elapsed());
        let counts = [stats.release_groups, stats.releases, stats.artists, stats.labels];
        assert_eq!(counts, [7_126, 8_018, 3_691, 1_006], "{order:?}");
        assert_eq!((stats.tracks, stats.redirects), (0, 0), "there are none in it");
        assert_eq!(stats.dump, "2014-01-01 00:00:00.000000+00");
        let records = counts.iter().sum::<u64>();
        assert!(stats.size_bytes / records <= 200, "{} bytes a record", stats.size_bytes / records);
        let catalogue = Catalogue::open(dir.path()).unwrap().unwrap();
        let friends = Uuid::parse_str("320eeca0-a5ff-383f-a66e-b2f559ed0ab6").unwrap();
        let friends = catalogue.known_group(&friends).unwrap().unwrap();
        assert_eq!((friends.artist.as_str(), friends.title.as_str()), ("The Beach Boys", "Friends"));
        assert_eq!((friends.year, friends.types), (Some(1968), vec!["Album".to_owned()]));
    }
}

#[test]
fn records_with_every_key_are_read() {
    let Some(corpus) = musicbrainz("MusicBrainz records with every key") else { return };
    for kind in [Kind::Artist, Kind::ReleaseGroup, Kind::Release] {
        let path = corpus.join(format!("format-example/{}.json", kind.dump_name()));
        Record::parse(kind, &std::fs::read(path).unwrap()).unwrap();
    }
    let mut read = 0;
    for kind in Kind::ALL {
        let path = corpus.join(format!("ws2-extract/{}.jsonl", kind.dump_name()));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            Record::parse(kind, line.as_bytes()).unwrap_or_else(|error| panic!("{kind:?}: {error}: {line}"));
            read += 1;
        }
    }
    assert_eq!(read, 376 + 181 + 185 + 517);
}

/// Packs text as the official dumps are.
fn pack(path: &Path, member: &str, text: impl FnOnce(&mut dyn Write), length: u64) {
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut xz = liblzma::write::XzEncoder::new(file, 0);
    let mut header = tar::Header::new_gnu();
    header.set_path(member).unwrap();
    header.set_size(length);
    header.set_cksum();
    xz.write_all(header.as_bytes()).unwrap();
    text(&mut xz);
    let padding = (512 - length % 512) % 512 + 1024;
    xz.write_all(&vec![0; padding as usize]).unwrap();
    xz.finish().unwrap().flush().unwrap();
}

/// The most memory that this process had.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024
}

/// Real releases with all their tracks, and everything that their catalogue says of them.
#[test]
fn real_tracks_and_identifiers_are_found_again() {
    let Some(corpus) = musicbrainz("real tracks") else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut archives = Vec::new();
    for kind in Kind::ALL {
        let text = std::fs::read(corpus.join(format!("ws2-extract/{}.jsonl", kind.dump_name()))).unwrap();
        let path = dir.path().join(kind.dump_name());
        let member = format!("mbdump/{}", kind.dump_name());
        pack(&path, &member, |to| to.write_all(&text).unwrap(), text.len() as u64);
        archives.push(path);
    }
    let data = dir.path().join("data");
    let stats = import(&data, &archives, |_| {}).unwrap();
    let counts = [stats.artists, stats.labels, stats.release_groups, stats.releases];
    assert_eq!((counts, stats.tracks), ([376, 181, 185, 517], 866));
    let tracks_bytes = data.join("tracks.db").metadata().unwrap().len();
    println!("{} bytes for each of {} tracks", tracks_bytes / stats.tracks, stats.tracks);
    let catalogue = Catalogue::open(&data).unwrap().unwrap();
    let releases = std::fs::read_to_string(corpus.join("ws2-extract/release.jsonl")).unwrap();
    let groups = std::fs::read_to_string(corpus.join("ws2-extract/release-group.jsonl")).unwrap();
    let mbid = |value: &Value| Uuid::parse_str(value["id"].as_str().unwrap()).unwrap();
    let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let known: BTreeSet<Uuid> = groups.lines().map(|line| mbid(&parse(line))).collect();
    let (mut tracks, mut other_artists, mut led_on, mut on) = (0, 0, 0, BTreeMap::<Uuid, Vec<Uuid>>::new());
    for release in releases.lines().map(parse) {
        let media = catalogue.tracks(&mbid(&release)).unwrap();
        let none = Vec::new();
        let list = |value: &Value, key: &str| value[key].as_array().unwrap_or(&none).clone();
        let mut expected: Vec<Value> = Vec::new();
        for medium in list(&release, "media") {
            expected.extend(list(&medium, "tracks"));
            expected.extend(list(&medium, "data-tracks"));
        }
        let found: Vec<_> = media.into_iter().flat_map(|medium| medium.tracks).collect();
        assert_eq!(found.len(), expected.len(), "{}", release["id"]);
        for (found, expected) in found.iter().zip(&expected) {
            let recording = mbid(&expected["recording"]);
            assert_eq!(found.recording, Some(recording));
            assert_eq!(found.title, expected["title"].as_str().unwrap());
            assert_eq!(found.number, expected["number"].as_str().unwrap());
            assert_eq!(u64::from(found.position), expected["position"].as_u64().unwrap());
            assert_eq!(found.length_ms.map(u64::from), expected["length"].as_u64());
            other_artists += usize::from(found.artist().is_some());
            on.entry(recording).or_default().push(mbid(&release));
        }
        tracks += found.len();
        // Each of its own identifiers leads to its group.
        let group = release["release-group"]["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let Some(group) = group.filter(|group| known.contains(group)) else { continue };
        let own = |key: &str| release[key].as_str().filter(|text| !text.is_empty());
        // One release has the barcode 123 and the ASIN b123, which nobody would paste.
        let barcode = own("barcode").filter(|barcode| barcode.len() >= 8);
        let spaced = barcode.map(|barcode| format!("{}-{}", &barcode[..2], &barcode[2..]));
        let addresses: Vec<String> = list(&release, "relations")
            .iter()
            .filter_map(|relation| relation["url"]["resource"].as_str().map(str::to_owned))
            .filter(|url| url.contains("discogs") || url.contains("amazon"))
            .collect();
        let texts = [own("id"), barcode, own("asin").filter(|asin| asin.len() == 10), spaced.as_deref()];
        for text in texts.into_iter().flatten().chain(addresses.iter().map(String::as_str)) {
            let Some(identifier) = Identifier::parse(text) else { panic!("{text} is no identifier") };
            let groups = catalogue.groups_of(&identifier).unwrap();
            assert!(groups.contains(&group), "{text}: {groups:?}");
            led_on += 1;
        }
    }
    assert_eq!(tracks, 866);
    assert!(other_artists > 20, "{other_artists} tracks of other artists");
    assert!(led_on > 60, "{led_on} identifiers");
    println!("{other_artists} tracks of other artists, {led_on} identifiers");
    for (recording, mut releases) in on {
        let mut found = catalogue.releases_of_recording(&recording).unwrap();
        found.sort();
        releases.sort();
        releases.dedup();
        assert_eq!(found, releases, "{recording}");
    }
}

/// The numbers of rows in the dump of the tables lead to real records.
#[test]
fn merged_mbids_lead_to_real_records() {
    let Some(corpus) = musicbrainz("real tables") else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = std::fs::File::open(corpus.join("mbdump-1968-1973/mbdump.tar.bz2")).unwrap();
    let mut tar = tar::Archive::new(bzip2::bufread::MultiBzDecoder::new(BufReader::new(file)));
    let mut expected = Vec::new();
    for member in tar.entries().unwrap() {
        let mut member = member.unwrap();
        let name = member.path().unwrap().display().to_string();
        let Some(table) = name.strip_prefix("mbdump/") else { continue };
        let Some(named) = ["artist", "release_group", "release"].iter().position(|known| *known == table)
        else {
            continue;
        };
        let mut rows = String::new();
        member.read_to_string(&mut rows).unwrap();
        let mut merged = String::new();
        for (index, row) in rows.lines().enumerate().filter(|(index, _)| index % 7 == 0) {
            let mut columns = row.split('\t');
            let (row, mbid) = (columns.next().unwrap(), columns.next().unwrap());
            let old = Uuid::from_u128((named as u128) << 100 | index as u128);
            merged += &format!("{old}\t{row}\t2014-01-01 00:00:00+00\n");
            expected.push((old, Uuid::parse_str(mbid).unwrap()));
        }
        std::fs::write(dir.path().join(table), rows).unwrap();
        std::fs::write(dir.path().join(format!("{table}_gid_redirect")), merged).unwrap();
    }
    let data = dir.path().join("data");
    let sources = [corpus.join("json-dump-1968-1973"), dir.path().to_owned()];
    let stats = import(&data, &sources, |_| {}).unwrap();
    assert_eq!((stats.redirects, stats.release_groups), (expected.len() as u64, 7_126));
    assert!(expected.len() > 2_000, "{}", expected.len());
    let catalogue = Catalogue::open(&data).unwrap().unwrap();
    let mut kinds = BTreeSet::new();
    for (old, new) in expected {
        assert_eq!(catalogue.resolve(&old).unwrap(), new);
        for (named, mbid) in catalogue.records_of(&Identifier::Mbid(old)).unwrap() {
            assert_eq!(mbid, new);
            kinds.insert(named);
        }
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(!kinds.contains(&Named::Recording));
}

/// An invented release with 12 tracks, as long as a line of the dump without its aliases, tags and ISRCs.
fn release(number: u64) -> String {
    let mixed = |salt: u64| {
        let high = (number * 64 + salt + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Uuid::from_u64_pair(high, high.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ salt).to_string()
    };
    const WORDS: [&str; 16] = [
        "Low", "Water", "Maps", "of", "the", "Salt", "Harbour", "Night", "Ebb", "Tide", "Slack", "Mole",
        "Lantern", "Marsh", "Under", "Home",
    ];
    let word =
        |salt: u64| WORDS[(number.wrapping_mul(31).wrapping_add(salt * 7) >> (salt % 5)) as usize % 16];
    let title =
        |salt: u64| format!("{} {} {} {}", word(salt), word(salt + 3), word(salt + 5), (number + salt) % 97);
    let credit =
        json!([{"name": title(60), "joinphrase": "", "artist": {"id": mixed(60), "name": title(60)}}]);
    let tracks: Vec<Value> = (1..=12)
        .map(|position| {
            json!({
                "position": position, "number": position.to_string(), "title": title(position),
                "length": 120_000 + (number * position) % 240_000, "artist-credit": credit,
                "recording": {"id": mixed(position), "title": title(position), "artist-credit": credit},
            })
        })
        .collect();
    json!({
        "id": mixed(40), "title": title(41), "status": "Official", "barcode": format!("{:013}", number * 7),
        "artist-credit": credit, "release-group": {"id": mixed(42), "title": title(41)},
        "release-events": [{"date": "1994-05-01", "area": {"iso-3166-1-codes": ["GB"]}}],
        "label-info": [{"catalog-number": format!("NHR-{number}"), "label": {"id": mixed(43), "name": title(43)}}],
        "media": [{"format": "CD", "position": 1, "track-count": 12, "tracks": tracks}],
    })
    .to_string()
}

/// Run it alone: `cargo test -p deadwax-index --test corpus a_dump_of -- --ignored --nocapture`. What it
/// prints is in doc/CATALOGUE.md.
#[test]
#[ignore = "it takes some minutes"]
fn a_dump_of_300_000_releases_is_imported_in_bounded_memory() {
    const RELEASES: u64 = 300_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("release.tar.xz");
    let length = (0..RELEASES).map(|number| release(number).len() as u64 + 1).sum();
    let write = |to: &mut dyn Write| {
        for number in 0..RELEASES {
            to.write_all(release(number).as_bytes()).unwrap();
            to.write_all(b"\n").unwrap();
        }
    };
    pack(&path, "mbdump/release", write, length);
    println!("{RELEASES} releases, {} MB of JSON, {} MiB in memory", length / 1_000_000, peak_mib());
    for with_tracks in [false, true] {
        let data = dir.path().join(format!("data-{with_tracks}"));
        let start = Instant::now();
        let stats = import_with(&data, std::slice::from_ref(&path), Options { with_tracks }, |_| {}).unwrap();
        let secs = start.elapsed().as_secs_f64();
        let of = |name: &str| data.join(name).metadata().map_or(0, |file| file.len());
        println!(
            "tracks: {with_tracks}: {secs:.1} s, {:.0} releases/s, {} bytes a release, {:.1} bytes a track, {} MiB",
            RELEASES as f64 / secs,
            of("catalogue.db") / RELEASES,
            of("tracks.db") as f64 / stats.tracks.max(1) as f64,
            peak_mib()
        );
        assert_eq!((stats.releases, stats.tracks), (RELEASES, if with_tracks { 12 * RELEASES } else { 0 }));
    }
    assert!(peak_mib() < 512, "{} MiB", peak_mib());
}

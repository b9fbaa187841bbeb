//! Other people's torrent files, magnets and bencode, against the reading of libtorrent 2.1.1.
//!
//! They come with provenance and licences.

use crate::corpus;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use deadwax_index::bencode;
use deadwax_index::magnet::{DroppedKind, Magnet};
use deadwax_index::torrent::Torrent;

/// libtorrent counts the padding that aligns files to pieces as files: that of v1 lists (BEP 47), and for
/// v2 even padding that is nowhere written. We count what a person gets: files and bytes.
const WITHOUT_PADDING: [(&str, usize, u64); 9] = [
    ("anacrolix/bittorrent-v2-test.torrent", 11, 1_534_222_888),
    ("libtorrent/empty-files-4.torrent", 6, 51_712),
    ("libtorrent/empty-files-5.torrent", 6, 51_712),
    ("libtorrent/pad_file_no_path.torrent", 1, 45),
    ("libtorrent/sample.torrent", 2, 45),
    ("libtorrent/test2_pad_files.torrent", 4, 97_317),
    ("libtorrent/v2_hybrid.torrent", 9, 895_544_883),
    ("libtorrent/v2_incomplete_piece_layer.torrent", 3, 3_145_728_600),
    ("libtorrent/v2_multiple_files.torrent", 3, 3_145_728_600),
];

/// The rows of a table with a header, by column.
fn rows(path: PathBuf) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), header.len(), "{line}");
        header.iter().zip(cells).map(|(column, cell)| (column.to_string(), cell.to_owned())).collect()
    };
    lines.map(row).collect()
}

fn hex<T: ToString>(hash: Option<T>) -> String {
    hash.map_or_else(String::new, |hash| hash.to_string())
}

#[test]
fn torrent_files_are_read_as_libtorrent_reads_them() {
    let Some(corpus) = corpus("torrent files", "torrents/expected.tsv") else { return };
    let rows = rows(corpus.join("torrents/expected.tsv"));
    assert_eq!(rows.len(), 75);
    let mut failures = Vec::new();
    for row in &rows {
        let file = row["file"].as_str();
        let bytes = fs::read(corpus.join("torrents").join(file)).unwrap();
        assert_eq!(bytes.len().to_string(), row["bytes"], "{file}");
        // The two agree on all of them; a difference that is meant would be listed above.
        let verdict = row["libtorrent_2.1.1_verdict"].as_str();
        let torrent = match Torrent::parse(&bytes) {
            Ok(torrent) if verdict == "ok" => torrent,
            Err(_) if verdict != "ok" => continue,
            other => {
                failures.push(format!("{file}: {:?}, libtorrent: {verdict}", other.map(|t| t.name)));
                continue;
            }
        };
        let (files, size_bytes) = WITHOUT_PADDING
            .iter()
            .find(|(name, ..)| *name == file)
            .map_or((row["num_files"].clone(), row["total_size"].clone()), |(_, files, bytes)| {
                (files.to_string(), bytes.to_string())
            });
        let ours = [
            hex(torrent.infohashes.v1()),
            hex(torrent.infohashes.v2()),
            torrent.name.clone(),
            torrent.files.len().to_string(),
            torrent.size_bytes.to_string(),
            u8::from(torrent.private).to_string(),
        ];
        let theirs = [
            row["infohash_v1"].clone(),
            row["infohash_v2"].clone(),
            row["name"].clone(),
            files,
            size_bytes,
            row["private"].clone(),
        ];
        if ours != theirs {
            failures.push(format!("{file}:\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn magnets_are_read_as_libtorrent_reads_them() {
    let Some(corpus) = corpus("magnets", "torrents/expected.tsv") else { return };
    let rows = rows(corpus.join("torrents/magnets.tsv"));
    assert_eq!(rows.len(), 14);
    for row in &rows {
        let text = row["magnet"].as_str();
        let magnet = match Magnet::parse(text) {
            Ok(magnet) => magnet,
            Err(error) => {
                assert_ne!(row["libtorrent_2.1.1_verdict"], "ok", "{text} was refused: {error}");
                continue;
            }
        };
        assert_eq!(row["libtorrent_2.1.1_verdict"], "ok", "{text} was accepted");
        assert_eq!(hex(magnet.infohashes.v1()), row["infohash_v1"], "{text}");
        assert_eq!(hex(magnet.infohashes.v2()), row["infohash_v2"], "{text}");
        assert_eq!(magnet.name.unwrap_or_default(), row["name"], "{text}");
        let dropped = magnet.dropped.iter().filter(|dropped| dropped.kind() == DroppedKind::Tracker);
        assert_eq!((magnet.trackers.len() + dropped.count()).to_string(), row["trackers"], "{text}");
    }
}

/// Here the measure is BEP 3 read strictly; libtorrent accepts some of what is not valid.
#[test]
fn bencode_is_read_strictly() {
    let Some(corpus) = corpus("bencode", "torrents/expected.tsv") else { return };
    let text = fs::read(corpus.join("vectors/bencode/bencode_vectors.json")).unwrap();
    let vectors: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(vectors.len(), 12);
    for vector in &vectors {
        let bytes = HEXLOWER.decode(vector["hex"].as_str().unwrap().as_bytes()).unwrap();
        let valid = vector["strict_valid"].as_bool().unwrap();
        assert_eq!(bencode::decode(&bytes).is_ok(), valid, "{vector}");
    }
}

//! Tests of reading torrent files; the files of other people are in `tests/torrents.rs`.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::bencode::tests::Tree;
use crate::magnet::{DroppedKind, Magnet};

fn file(length: i64, path: &[&str]) -> Tree {
    let path = path.iter().map(|part| Tree::text(part)).collect();
    Tree::dict([("length", Tree::Integer(length)), ("path", Tree::List(path))])
}

fn pad(length: i64) -> Tree {
    file(length, &[".pad", "0"]).with("attr", Tree::text("p"))
}

fn v1_info(files: Vec<Tree>, pieces: usize) -> Tree {
    Tree::dict([
        ("files", Tree::List(files)),
        ("name", Tree::text("Alder & Ash - Tidal (2019) [FLAC]")),
        ("piece length", Tree::Integer(16384)),
        ("pieces", Tree::Bytes(vec![7; 20 * pieces])),
    ])
}

fn leaf(length: i64, root: u8) -> Tree {
    let file = Tree::dict([("length", Tree::Integer(length))]);
    let file = if root > 0 { file.with("pieces root", Tree::Bytes(vec![root; 32])) } else { file };
    Tree::dict([("", file)])
}

fn v2_info(tree: Tree) -> Tree {
    Tree::dict([
        ("file tree", tree),
        ("meta version", Tree::Integer(2)),
        ("name", Tree::text("Tidal")),
        ("piece length", Tree::Integer(16384)),
    ])
}

fn parse(info: Tree) -> Result<Torrent, TorrentError> {
    Torrent::parse(&Tree::dict([("info", info)]).to_bytes())
}

fn listing(torrent: &Torrent) -> Vec<(&str, u64)> {
    torrent.files.iter().map(|file| (file.path.as_str(), file.size_bytes)).collect()
}

#[test]
fn a_v1_album_is_read() {
    let files = vec![file(20_000, &["01 Ebb.flac"]), pad(12_768), file(5, &["Scans", "front.png"])];
    let info = v1_info(files, 3).with("private", Tree::Integer(1)).with("source", Tree::text("ABC"));
    let raw = info.to_bytes();
    let torrent = parse(info).unwrap();
    assert_eq!(torrent.name, "Alder & Ash - Tidal (2019) [FLAC]");
    assert_eq!(listing(&torrent), [("01 Ebb.flac", 20_000), ("Scans/front.png", 5)]);
    assert_eq!(torrent.size_bytes, 20_005);
    assert!(torrent.private);
    assert_eq!(torrent.source.as_deref(), Some("ABC"));
    assert_eq!(torrent.infohashes.v1(), Some(InfohashV1::of_info(&raw)));
    assert_eq!(torrent.infohashes.v2(), None);
}

#[test]
fn a_lone_file_has_the_torrents_name() {
    let info = Tree::dict([
        ("length", Tree::Integer(9)),
        ("name", Tree::text("Tidal.flac")),
        ("piece length", Tree::Integer(16384)),
        ("pieces", Tree::Bytes(vec![7; 20])),
    ]);
    assert_eq!(listing(&parse(info.clone()).unwrap()), [("Tidal.flac", 9)]);
    let both = info.with("files", Tree::List(vec![file(9, &["a"])]));
    assert_eq!(parse(both), Err(TorrentError::LengthOrFiles));
    assert_eq!(listing(&parse(v2_info(Tree::dict([("Tidal", leaf(9, 1))]))).unwrap()), [("Tidal", 9)]);
}

#[test]
fn a_v2_tree_is_read() {
    let scans = Tree::dict([("back.png", leaf(0, 0)), ("front.png", leaf(7, 2))]);
    let info = v2_info(Tree::dict([("01.flac", leaf(9, 1)), ("Scans", scans)]));
    let raw = info.to_bytes();
    let torrent = parse(info).unwrap();
    assert_eq!(listing(&torrent), [("01.flac", 9), ("Scans/back.png", 0), ("Scans/front.png", 7)]);
    assert_eq!(torrent.infohashes.v1(), None);
    assert_eq!(torrent.infohashes.v2(), Some(InfohashV2::of_info(&raw)));
}

#[test]
fn damaged_v2_trees_are_refused() {
    let refused = |tree| parse(v2_info(tree)).unwrap_err();
    assert_eq!(refused(Tree::Integer(1)), TorrentError::FileTree);
    assert_eq!(refused(Tree::dict([])), TorrentError::NoFiles);
    assert_eq!(refused(Tree::dict([("", leaf(9, 1))])), TorrentError::FileTree);
    let mixed = leaf(9, 1).with("b", leaf(9, 1));
    assert_eq!(refused(Tree::dict([("a", mixed)])), TorrentError::FileTree);
    assert_eq!(
        refused(Tree::dict([("a", Tree::dict([("length", Tree::Integer(1))]))])),
        TorrentError::FileTree
    );
    assert_eq!(refused(Tree::dict([("a", leaf(9, 0))])), TorrentError::NoRoot);
    assert_eq!(refused(Tree::dict([("a", leaf(-9, 1))])), TorrentError::FileLength);
    let small = v2_info(Tree::dict([("a", leaf(9, 1))])).with("piece length", Tree::Integer(8192));
    assert_eq!(parse(small), Err(TorrentError::PieceLength));
    let uneven = v2_info(Tree::dict([("a", leaf(9, 1))])).with("piece length", Tree::Integer(50_000));
    assert_eq!(parse(uneven), Err(TorrentError::PieceLength));
}

#[test]
fn the_halves_of_a_hybrid_must_agree() {
    let hybrid = |files, pieces| {
        let tree = Tree::dict([("a", leaf(9, 1)), ("b", leaf(7, 2))]);
        let Tree::Dict(v2) = v2_info(tree) else { unreachable!() };
        let mut info = v1_info(files, pieces);
        for (key, value) in v2 {
            info = info.with(std::str::from_utf8(&key).unwrap(), value);
        }
        parse(info)
    };
    let torrent = hybrid(vec![file(9, &["a"]), pad(16_375), file(7, &["b"])], 2).unwrap();
    assert!(torrent.infohashes.v1().is_some() && torrent.infohashes.v2().is_some());
    assert_eq!(listing(&torrent), [("a", 9), ("b", 7)]);
    for (files, pieces) in [
        (vec![file(9, &["a"]), file(7, &["b"])], 1),
        (vec![file(9, &["a"]), pad(16_375), file(8, &["b"])], 2),
        (vec![file(9, &["a"]), pad(16_375), file(7, &["c"])], 2),
        (vec![file(9, &["a"])], 1),
    ] {
        assert_eq!(hybrid(files, pieces), Err(TorrentError::HalvesDiffer));
    }
}

#[test]
fn paths_are_shown_without_climbing() {
    let files = vec![
        file(1, &["..", "..", "etc", "passwd"]),
        file(1, &["", "/", "a/../b"]),
        file(1, &[".."]),
        file(1, &["plain"]).with("path.utf-8", Tree::List(vec![Tree::text("plaïn")])),
    ];
    let torrent = parse(v1_info(files, 1)).unwrap();
    let paths: Vec<_> = torrent.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["etc/passwd", "_/a_.._b", "_", "plaïn"]);
}

#[test]
fn a_small_file_cannot_ask_for_endless_paths() {
    let many = |part: &str| {
        let leaves = (0..20_000).map(|n| (format!("{n}").into_bytes(), leaf(1, 1)));
        let folder = Tree::Dict(leaves.collect());
        (0..10).fold(folder, |inner, n| {
            Tree::Dict([(format!("{part}{n}").into_bytes(), inner)].into_iter().collect())
        })
    };
    assert!(parse(v2_info(many("a"))).is_ok());
    assert_eq!(parse(v2_info(many(&"a".repeat(200)))), Err(TorrentError::FilePath));
}

#[test]
fn sizes_and_pieces_must_fit() {
    let refused = |files, pieces| parse(v1_info(files, pieces)).unwrap_err();
    assert_eq!(refused(vec![file(16_385, &["a"])], 1), TorrentError::Pieces);
    assert_eq!(refused(vec![file(16_384, &["a"])], 2), TorrentError::Pieces);
    assert_eq!(refused(vec![file(0, &["a"])], 0), TorrentError::NoFiles);
    assert_eq!(refused(vec![], 0), TorrentError::NoFiles);
    assert_eq!(refused(vec![pad(9)], 1), TorrentError::NoFiles);
    assert_eq!(refused(vec![file(-1, &["a"])], 1), TorrentError::FileLength);
    let huge = vec![file(i64::MAX, &["a"]), file(i64::MAX, &["b"]), file(i64::MAX, &["c"])];
    assert_eq!(refused(huge, 1), TorrentError::FileLength);
    assert_eq!(refused(vec![file(1, &[])], 1), TorrentError::FilePath);
    assert_eq!(refused(vec![file(1, &["x".repeat(250).as_str(); 20])], 1), TorrentError::FilePath);
}

#[test]
fn each_missing_part_is_named() {
    let info = || v1_info(vec![file(1, &["a"])], 1);
    assert!(parse(info()).is_ok());
    for (key, field) in
        [("name", "name"), ("piece length", "piece length"), ("pieces", "pieces"), ("files", "files")]
    {
        let problem = parse(info().without(key)).unwrap_err().problem();
        assert_eq!(problem.field, field);
        assert!(!problem.fix.is_empty());
    }
    assert_eq!(parse(info().with("meta version", Tree::Integer(3))), Err(TorrentError::UnknownVersion));
    assert_eq!(parse(info().with("name", Tree::text(""))), Err(TorrentError::NoName));
    assert_eq!(parse(Tree::Integer(1)), Err(TorrentError::NoInfo));
    assert_eq!(Torrent::parse(b"le"), Err(TorrentError::NotADictionary));
    assert!(matches!(Torrent::parse(b"<html>"), Err(TorrentError::Bencode(_))));
    assert_eq!(Torrent::parse(&vec![b' '; MAX_TORRENT_BYTES + 1]), Err(TorrentError::TooLarge));
}

#[test]
fn the_infohash_is_of_the_raw_bytes_even_if_keys_are_out_of_order() {
    let info = b"d4:name1:a6:lengthi1e12:piece lengthi1e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
    let torrent = Torrent::parse(&[b"d4:info", info.as_slice(), b"e\r\n"].concat()).unwrap();
    assert_eq!(torrent.infohashes.v1(), Some(InfohashV1::of_info(info)));
}

#[test]
fn a_wrong_piece_layer_is_noticed_and_a_missing_one_is_not() {
    // Two pieces of one block each: the root is the parent of their hashes.
    let (left, right) = ([1u8; 32], [2u8; 32]);
    let root: [u8; 32] =
        sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix([left, right].concat()))
            .into();
    let leaf = Tree::dict([(
        "",
        Tree::dict([("length", Tree::Integer(20_000)), ("pieces root", Tree::Bytes(root.to_vec()))]),
    )]);
    let with_layer = |layer: Vec<u8>| {
        let layers = Tree::Dict([(root.to_vec(), Tree::Bytes(layer))].into_iter().collect());
        let info = v2_info(Tree::dict([("a", leaf.clone())]));
        Torrent::parse(&Tree::dict([("info", info), ("piece layers", layers)]).to_bytes())
    };
    assert!(with_layer([left, right].concat()).is_ok());
    for layer in [[right, left].concat(), left.to_vec(), vec![1; 63], vec![]] {
        assert_eq!(with_layer(layer), Err(TorrentError::PieceLayer));
    }
    assert!(parse(v2_info(Tree::dict([("a", leaf)]))).is_ok());
}

#[test]
fn addresses_outside_i2p_are_listed_as_dropped() {
    let list = |urls: &[&str]| Tree::List(urls.iter().map(|url| Tree::text(url)).collect());
    let file = Tree::dict([
        ("info", v1_info(vec![file(1, &["a"])], 1)),
        ("announce", Tree::text("http://tracker.example.com/announce")),
        (
            "announce-list",
            Tree::List(vec![
                list(&["http://tracker.example.com/announce"]),
                list(&["http://Tracker.Alder.i2p/a", "udp://tracker.example.com:80"]),
            ]),
        ),
        ("url-list", Tree::text("http://example.com/files/")),
        ("httpseeds", list(&["http://example.com/seed", ""])),
        ("nodes", Tree::List(vec![Tree::List(vec![Tree::text("192.0.2.7"), Tree::Integer(6881)])])),
    ]);
    let torrent = Torrent::parse(&file.to_bytes()).unwrap();
    assert_eq!(
        torrent.trackers.iter().map(I2pTracker::as_str).collect::<Vec<_>>(),
        ["http://tracker.alder.i2p/a"]
    );
    let dropped: Vec<_> = torrent.dropped.iter().map(|d| (d.field.as_str(), d.value.as_str())).collect();
    assert_eq!(
        dropped,
        [
            ("announce", "http://tracker.example.com/announce"),
            ("announce-list", "udp://tracker.example.com:80"),
            ("url-list", "http://example.com/files/"),
            ("httpseeds", "http://example.com/seed"),
            ("nodes", "192.0.2.7:6881"),
        ]
    );
    let kinds: Vec<_> = torrent.dropped.iter().map(Dropped::kind).collect();
    assert_eq!(kinds[1..4], [DroppedKind::Tracker, DroppedKind::WebSeed, DroppedKind::WebSeed]);
}

#[test]
fn the_summary_has_the_documented_members() {
    let info = v1_info(vec![file(16_000, &["01 Ebb.flac"])], 1);
    let torrent = parse(info).unwrap();
    let own = ["http://own.i2p/announce".parse::<I2pTracker>().unwrap()];
    let json = serde_json::to_value(TorrentSummary::of_torrent(&torrent, &own)).unwrap();
    let hash = torrent.infohashes.v1().unwrap().to_string();
    assert_eq!(
        json,
        serde_json::json!({
            "infohash_v1": hash,
            "infohash_v2": null,
            "name": "Alder & Ash - Tidal (2019) [FLAC]",
            "size_bytes": 16_000,
            "files": [{ "path": "01 Ebb.flac", "size_bytes": 16_000 }],
            "private": false,
            "source": null,
            "trackers_kept": [],
            "dropped": [],
            "magnet": format!(
                "magnet:?xt=urn:btih:{hash}&dn=Alder%20%26%20Ash%20-%20Tidal%20%282019%29%20%5BFLAC%5D\
                 &xl=16000&tr=http%3A%2F%2Fown.i2p%2Fannounce"
            ),
        })
    );
    let magnet = Magnet::parse(&format!("magnet:?xt=urn:btih:{hash}&ws=http://example.com/f")).unwrap();
    let json = serde_json::to_value(TorrentSummary::of_magnet(&magnet, &[])).unwrap();
    assert_eq!(json["dropped"], serde_json::json!([{ "field": "ws", "value": "http://example.com/f" }]));
    assert_eq!(json["magnet"], format!("magnet:?xt=urn:btih:{hash}"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Torrent::parse(&bytes);
    }

    /// A damaged torrent file is read or refused, and never shows a path that climbs.
    #[test]
    fn damage_is_survived(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in 0usize..4) {
        let tree = Tree::dict([("01.flac", leaf(9, 1)), ("..", Tree::dict([("b", leaf(7, 2))]))]);
        let mut bytes = Tree::dict([("announce", Tree::text("http://a.i2p/a")), ("info", v2_info(tree))]).to_bytes();
        let at = at.index(bytes.len());
        bytes.splice(at..(at + cut).min(bytes.len()), [byte]);
        if let Ok(torrent) = Torrent::parse(&bytes) {
            for file in &torrent.files {
                prop_assert!(file.path.split('/').all(|part| !part.is_empty() && part != ".."));
            }
        }
    }
}

//! A disk that is full: a clear error, what was there can be read, and with space everything goes on in the
//! same process.
//!
//! Each test runs once more on a small tmpfs, in a mount namespace of its own. Where the machine allows
//! neither, it says that it was skipped; `store.rs` has a smaller test that runs everywhere.

#![allow(clippy::unwrap_used)]

use deadwax_index::catalogue::{self, Catalogue};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::export::{self, ExportError};
use deadwax_index::ingest::ingest;
use deadwax_index::search::{Query, SearchError, SearchIndex};
use deadwax_index::store::{Store, StoreError};
use deadwax_index::sync::root::SetSum;
use liblzma::write::XzEncoder;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DIR: &str = "DEADWAX_SMALL_DISK";

/// Runs `test`, which has this name, in a folder on a disk of this size.
fn on_a_small_disk(name: &str, size_mib: u64, test: impl FnOnce(&Path)) {
    if let Some(dir) = std::env::var_os(DIR) {
        return test(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mounted = |namespace: &[&str], then: &str| -> io::Result<Output> {
        let script = format!("mount -t tmpfs -o size={size_mib}m,mode=700 tmpfs \"$0\" && exec {then}");
        let program = std::env::current_exe()?;
        let mut command = Command::new("unshare");
        command.args(namespace).args(["sh", "-c", &script]).arg(dir.path()).arg(program);
        command.args(["--exact", name, "--nocapture"]).env(DIR, dir.path()).output()
    };
    let kinds: [&[&str]; 2] = [&["--mount"], &["--mount", "--user", "--map-root-user"]];
    let allowed = |kind: &&&[&str]| mounted(kind, "true").is_ok_and(|output| output.status.success());
    let Some(kind) = kinds.iter().find(allowed) else {
        return println!("skipped: {name}: this machine mounts no tmpfs in a namespace");
    };
    let output = mounted(kind, "\"$@\"").unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    println!("{said}");
}

/// Fills the disk up, but for some bytes. Deleting the file makes the space free again.
fn fill(dir: &Path, leave_bytes: usize) -> PathBuf {
    let reserve = dir.join("reserve");
    fs::write(&reserve, vec![1; leave_bytes]).unwrap();
    let path = dir.join("ballast");
    let mut file = File::create(&path).unwrap();
    for chunk in [1 << 20, 4 << 10, 1] {
        let bytes = vec![1; chunk];
        let error = std::iter::repeat_with(|| file.write_all(&bytes)).find_map(Result::err).unwrap();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }
    fs::remove_file(reserve).unwrap();
    path
}

fn entries(author: u8, count: u64, body_bytes: usize) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([author; 32]);
    let mut sign = |n| author.sign([vec![0xa1, 0x05], vec![n as u8; body_bytes]].concat(), 99, n, 494_000);
    (0..count).map(&mut sign).collect()
}

fn links(author: u8, numbers: std::ops::Range<u64>) -> Vec<VerifiedEntry> {
    let mut author = Identity::from_secret([author; 32]);
    let mut sign = |n: u64| {
        let link = serde_json::json!({
            "infohash_v1": format!("{n:040x}"), "mbid": format!("8d1f2e3c-4b5a-4968-8776-{n:012x}"),
            "mbid_kind": "release-group", "title": format!("Maps of Low Water {n}"), "year": 1994,
            "artist": "The Salt Cartographers",
        });
        let link: deadwax_index::entry::link::Link = serde_json::from_value(link).unwrap();
        author.sign(link.to_body().unwrap(), 32, n, 494_000)
    };
    numbers.map(&mut sign).collect()
}

/// Of all files below a folder.
fn size_bytes(dir: &Path) -> u64 {
    let files = fs::read_dir(dir).unwrap().map(Result::unwrap);
    files
        .map(|file| match file.metadata().unwrap() {
            metadata if metadata.is_dir() => size_bytes(&file.path()),
            metadata => metadata.len(),
        })
        .sum()
}

/// The root that is stored is that of the rows, each row verifies, and SQLite finds nothing wrong.
fn assert_whole(dir: &Path, store: &Store) {
    let db = Connection::open(dir.join("entries.db")).unwrap();
    let said: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok");
    let mut sum = SetSum::default();
    for stored in store.tail_page(Scope::Main, 0, usize::MAX >> 1).unwrap().entries {
        sum.insert(&stored.verify().unwrap().head().id());
    }
    let state = store.scope_state(Scope::Main).unwrap();
    assert_eq!((state.count, state.root), (sum.count(), sum.root(Scope::Main)));
}

#[test]
fn entries_and_exports() {
    on_a_small_disk("entries_and_exports", 90, |disk| {
        let dir = disk.join("data");
        let store = Store::open(&dir).unwrap();
        assert!(store.has_room());
        let ballast = fill(disk, 12 << 20);
        assert!(!store.has_room());
        let all = entries(1, 2_000, 12_000);
        let (mut taken, mut error) = (0, None);
        for batch in all.chunks(40) {
            match ingest(&store, batch, None) {
                Ok(_) => taken += batch.len() as u64,
                Err(full) => {
                    error = Some(full);
                    break;
                }
            }
        }
        let error = error.expect("the disk is not full");
        assert!(matches!(error, StoreError::Full), "{error:?}");
        let problem = error.problem().unwrap();
        assert_eq!(problem.code, "disk.full");
        assert!(problem.message.contains("disk is full") && problem.fix.contains("Make space"), "{problem}");
        assert!(taken >= 40, "{taken}");
        // Nothing of the batch is there, however often it is tried, and all that was there can be read.
        for _ in 0..10 {
            let failed = ingest(&store, &all[taken as usize..][..40], None);
            assert!(matches!(failed, Err(StoreError::Full)), "{failed:?}");
        }
        assert_eq!(store.scope_state(Scope::Main).unwrap().count, taken);
        assert_whole(&dir, &store);
        assert!(
            store.put_in_outbox(&all[0], &[7; 32], 0, None).is_err() || store.waiting_count().unwrap() == 1
        );
        // Another process may look at it, too.
        let other = Store::open(&dir).unwrap();
        assert_eq!(other.scope_state(Scope::Main).unwrap().count, taken);

        let out = disk.join("out.cbor");
        let write = |new: &Path| {
            let file = File::create(new).map_err(ExportError::Write)?;
            export::cbor(&store, file, |_| {})
        };
        let error = export::into_place(&out, false, write).unwrap_err();
        assert!(matches!(error, ExportError::Full(_)), "{error:?}");
        assert_eq!(error.problem().code, "disk.full");
        let copy = disk.join("out.sqlite");
        let error = export::export_sqlite(&store, &copy, false, |_| {}).unwrap_err();
        assert!(matches!(&error, ExportError::Full(path) if *path == copy), "{error:?}");
        assert_eq!(error.problem().code, "disk.full");
        assert_eq!(fs::read_dir(disk).unwrap().count(), 2, "ballast and data are all that is there");

        // It is full in the middle of the rows, too.
        fs::remove_file(&ballast).unwrap();
        let ballast = fill(disk, 1 << 20);
        let error = export::export_sqlite(&store, &copy, false, |_| {}).unwrap_err();
        assert!(matches!(&error, ExportError::Full(path) if *path == copy), "{error:?}");
        assert_eq!(fs::read_dir(disk).unwrap().count(), 2, "ballast and data are all that is there");

        fs::remove_file(ballast).unwrap();
        assert!(store.has_room());
        for batch in all.chunks(40) {
            ingest(&store, batch, None).unwrap();
        }
        assert_eq!(store.scope_state(Scope::Main).unwrap().count, 2_000);
        assert_whole(&dir, &store);
        let exported = export::into_place(&out, false, write).unwrap();
        assert_eq!((exported.entries, exported.size_bytes), (2_000, fs::metadata(&out).unwrap().len()));
        fs::remove_file(&out).unwrap();
        assert_eq!(export::export_sqlite(&store, &copy, false, |_| {}).unwrap().entries, 2_000);
        println!("full after {taken} entries");
    });
}

#[test]
fn the_search_index() {
    on_a_small_disk("the_search_index", 60, |disk| {
        let dir = disk.join("data");
        let store = Store::open(&dir).unwrap();
        ingest(&store, &links(1, 0..500), None).unwrap();
        let search = SearchIndex::open(&dir).unwrap();
        search.catch_up(&store).unwrap();
        ingest(&store, &links(2, 500..4_000), None).unwrap();
        let found = |search: &SearchIndex| {
            let query = Query { text: "salt cartographers".into(), limit: 3, ..Query::default() };
            search.search(&store, &query).unwrap().total
        };
        let before = size_bytes(&dir.join("search"));
        let mut refused = 0;
        for leave_kib in [0, 4, 16, 32, 64, 128, 200, 300] {
            let ballast = fill(disk, leave_kib << 10);
            match search.catch_up(&store) {
                Err(error) => {
                    assert!(matches!(error, SearchError::Full), "{leave_kib} KiB: {error:?}");
                    let problem = error.problem().unwrap();
                    assert!(problem.code == "disk.full" && problem.message.contains("disk is full"));
                    assert_eq!(found(&search), 500, "{leave_kib} KiB");
                    // A process that begins now finds the same.
                    assert_eq!(found(&SearchIndex::open(&dir).unwrap()), 500, "{leave_kib} KiB");
                    let now = size_bytes(&dir.join("search"));
                    // What was begun in vain does not stay: the room is needed.
                    assert!(now <= before + (8 << 10), "{leave_kib} KiB: {before} bytes before, {now} after");
                    refused += 1;
                }
                Ok(_) => assert!(leave_kib > 64),
            }
            fs::remove_file(ballast).unwrap();
        }
        println!("refused {refused} times");
        assert!(refused >= 4, "{refused}");
        search.catch_up(&store).unwrap();
        assert_eq!(found(&search), 4_000);
    });
}

#[test]
fn the_catalogue() {
    on_a_small_disk("the_catalogue", 40, |disk| {
        let elsewhere = tempfile::tempdir().unwrap();
        let dump = |name: &str, count: u64| {
            let line = |n: u64| {
                format!("{{\"id\":\"8d1f2e3c-4b5a-4968-8776-{n:012x}\",\"title\":\"Low Water {n}\"}}\n")
            };
            let text = (0..count).map(line).collect::<String>();
            let mut builder = tar::Builder::new(XzEncoder::new(Vec::new(), 0));
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, "mbdump/release-group", text.as_bytes()).unwrap();
            let path = elsewhere.path().join(name);
            fs::write(&path, builder.into_inner().unwrap().finish().unwrap()).unwrap();
            [path]
        };
        let dir = disk.join("data");
        let large = dump("large", 40_000);
        catalogue::import(&dir, &dump("small", 100), |_| {}).unwrap();
        let before = fs::read(dir.join("catalogue.db")).unwrap();
        for leave_kib in [0, 100, 1_000] {
            let ballast = fill(disk, leave_kib << 10);
            let error = catalogue::import(&dir, &large, |_| {}).unwrap_err();
            assert!(matches!(error, catalogue::ImportError::Full), "{leave_kib} KiB: {error:?}");
            let problem = error.problem();
            assert!(problem.code == "disk.full" && problem.message.contains("disk is full"), "{problem}");
            assert!(!dir.join("catalogue.db.new").exists(), "{leave_kib} KiB");
            assert_eq!(fs::read(dir.join("catalogue.db")).unwrap(), before);
            assert_eq!(Catalogue::open(&dir).unwrap().unwrap().stats().unwrap().release_groups, 100);
            fs::remove_file(ballast).unwrap();
        }
        assert_eq!(catalogue::import(&dir, &large, |_| {}).unwrap().release_groups, 40_000);
    });
}

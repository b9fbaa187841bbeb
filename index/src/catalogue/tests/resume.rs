//! Imports that are killed in the middle. The killed one is a process of its own, which aborts: nothing
//! in it is cleaned up.

use super::super::import::run;
use super::super::{Kind, Options, Progress, Stats};
use super::dump::{artist, group, label, mbid, release, write_dump};
use super::{Library, contents, counts};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const RECORDS: u128 = 2_000;

fn library() -> Library {
    let library = Library::new();
    let dumps = library.dumps();
    let numbers = || 1..=RECORDS;
    write_dump(&dumps, Kind::Artist, &numbers().map(|n| artist(n, "Tide")).collect::<Vec<_>>());
    write_dump(&dumps, Kind::Label, &numbers().map(|n| label(n, "Ninth Harbour")).collect::<Vec<_>>());
    write_dump(&dumps, Kind::ReleaseGroup, &numbers().map(|n| group(n, "Low Water", n)).collect::<Vec<_>>());
    write_dump(&dumps, Kind::Release, &numbers().map(|n| release(n, "Low Water", n, n)).collect::<Vec<_>>());
    library
}

fn import(library: &Library, every: Duration) -> (Stats, Progress) {
    let mut last = Progress::default();
    let stats =
        run(&library.data(), &[library.dumps()], Options::default(), every, |progress| last = progress);
    (stats.unwrap(), last)
}

/// Never, within a test.
const NEVER: Duration = Duration::from_secs(3600);

/// Imports in a process that ends after so many records.
fn kill_after(library: &Library, records: u64, every: Duration) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "catalogue::tests::resume::an_import_that_is_killed", "--ignored"])
        .env("DEADWAX_TEST_DIR", library.dir.path())
        .env("DEADWAX_TEST_RECORDS", records.to_string())
        .env("DEADWAX_TEST_EVERY_MS", every.as_millis().to_string())
        .output()
        .unwrap()
        .status;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(6), "it was to abort: {status}");
    assert!(library.data().join("catalogue.db.new").exists());
}

#[test]
#[ignore = "it is the other process of the tests here"]
fn an_import_that_is_killed() {
    let Some(dir) = std::env::var_os("DEADWAX_TEST_DIR").map(PathBuf::from) else {
        return println!("there is nothing to do: the other tests start this one");
    };
    let variable = |name| std::env::var(name).unwrap();
    let records: u64 = variable("DEADWAX_TEST_RECORDS").parse().unwrap();
    let every = Duration::from_millis(variable("DEADWAX_TEST_EVERY_MS").parse().unwrap());
    run(&dir.join("data"), &[dir.join("dumps")], Options::default(), every, |progress| {
        if progress.records >= records {
            std::process::abort();
        }
    })
    .unwrap();
}

fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_is_there_is_not_imported_again() {
    let whole = library();
    import(&whole, NEVER);
    for (records, every, known) in [
        // Two archives were done, and the third was lost with its transaction.
        (5_000, NEVER, 4_000),
        // Each report commits.
        (7_000, Duration::ZERO, 6_700),
        (300, NEVER, 0),
        (RECORDS as u64 * 4, NEVER, 8_000),
    ] {
        let library = library();
        kill_after(&library, records, every);
        assert!(library.stats().is_none());
        let (stats, progress) = import(&library, NEVER);
        assert_eq!(counts(&stats), [RECORDS as u64; 4]);
        assert_eq!((stats.tracks, progress.records), (3 * RECORDS as u64, 4 * RECORDS as u64));
        assert!(progress.known_records >= known, "{records}: {progress:?}");
        assert!(progress.known_records <= records, "{records}: {progress:?}");
        assert_eq!(contents(&library), contents(&whole), "{records}");
        let mut names: Vec<_> =
            std::fs::read_dir(library.data()).unwrap().map(|f| f.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["catalogue.db", "catalogue.lock", "tracks.db"]);
    }
}

#[test]
fn what_was_left_of_another_import_is_thrown_away() {
    let whole = library();
    import(&whole, NEVER);
    type Change = fn(&Library);
    let changes: [(&str, Change, bool); 7] = [
        ("nothing", |_| {}, true),
        (
            "another dump",
            |library| {
                let lines: Vec<_> = (1..=RECORDS).map(|n| artist(n, "Tide")).collect();
                write_dump(&library.dumps(), Kind::Artist, &lines);
            },
            false,
        ),
        ("an archive less", |library| remove(&library.dumps().join("label.tar.xz")), false),
        ("no tracks", |library| remove(&library.data().join("tracks.db.new")), false),
        (
            "no database",
            |library| std::fs::write(library.data().join("catalogue.db.new"), b"half").unwrap(),
            false,
        ),
        ("no journal", |library| remove(&library.data().join("catalogue.db.new-journal")), false),
        (
            "a cut file",
            |library| {
                let path = library.data().join("tracks.db.new");
                let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(file.metadata().unwrap().len() / 2).unwrap();
            },
            false,
        ),
    ];
    for (what, change, goes_on) in changes {
        let library = library();
        // Within the last archive, after some commits there.
        kill_after(&library, 7_500, Duration::ZERO);
        change(&library);
        let (stats, progress) = import(&library, NEVER);
        if what == "no journal" {
            // Nothing was in the middle of being written, or else it is not sound: both are fine.
        } else {
            assert_eq!(progress.known_records > 0, goes_on, "{what}: {progress:?}");
        }
        let labels = if what == "an archive less" { 0 } else { RECORDS as u64 };
        assert_eq!(counts(&stats), [RECORDS as u64, labels, RECORDS as u64, RECORDS as u64], "{what}");
        if labels > 0 {
            assert_eq!(contents(&library), contents(&whole), "{what}");
        }
    }
}

#[test]
fn the_old_catalogue_stays_until_the_new_one_is_complete() {
    let library = library();
    let old = write_dump(&library.dir.path().join("dumps"), Kind::Label, &[label(9, "Ninth Harbour")]);
    library.import(std::slice::from_ref(&old)).unwrap();
    kill_after(&library, 3_000, Duration::ZERO);
    assert_eq!(counts(&library.stats().unwrap()), [0, 1, 0, 0]);
    assert_eq!(library.rows("SELECT mbid FROM labels"), [mbid(1, 9).to_string()]);
}

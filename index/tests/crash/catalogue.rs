//! Killed while dumps are imported: the catalogue is the one before or the one after.

use crate::worker::{run_and_kill, say};
use crate::{Random, assert_sound, seed};
use deadwax_index::catalogue::{Catalogue, import};
use liblzma::write::XzEncoder;
use rusqlite::Connection;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const KILLS: u64 = 50;

/// A version of a dump: its letter begins every name, and each has its own number of records.
const VERSIONS: [(char, u64); 2] = [('A', 1_500), ('B', 2_100)];
/// What an import brings: both archives, or one, and then the other half stays as it was.
const ARCHIVES: [(&str, &str); 2] = [("artist", "artists"), ("release-group", "release_groups")];

/// Writes the archives of all versions into a folder.
fn write_dumps(folder: &Path) {
    for (letter, count) in VERSIONS {
        for (kind, (name, _)) in (0u128..).zip(ARCHIVES) {
            let record = |number: u64| {
                let id = uuid(kind, number);
                match kind {
                    0 => format!(r#"{{"id":"{id}","name":"{letter} Tide {number}","sort-name":"Tide"}}"#),
                    _ => format!(
                        r#"{{"id":"{id}","title":"{letter} Low Water {number}","primary-type":"Album","artist-credit":[{{"name":"Tide {}"}}]}}"#,
                        number % 300
                    ),
                }
            };
            let lines = (0..count).map(|number| record(number) + "\n").collect::<String>();
            let mut builder = tar::Builder::new(XzEncoder::new(Vec::new(), 0));
            for (member, text) in
                [("TIMESTAMP", "2026-01-03 00:00:00+00\n"), (&format!("mbdump/{name}"), &lines)]
            {
                let mut header = tar::Header::new_gnu();
                header.set_size(text.len() as u64);
                header.set_mode(0o644);
                builder.append_data(&mut header, member, text.as_bytes()).unwrap();
            }
            let mut xz = builder.into_inner().unwrap();
            xz.flush().unwrap();
            std::fs::write(archive(folder, letter, name), xz.finish().unwrap()).unwrap();
        }
    }
}

fn uuid(kind: u128, number: u64) -> deadwax_index::mbid::Uuid {
    deadwax_index::mbid::Uuid::from_u128(kind << 64 | u128::from(number) << 1 | 1)
}

fn archive(folder: &Path, letter: char, name: &str) -> PathBuf {
    folder.join(format!("{letter}-{name}.tar.xz"))
}

/// Which version each half of the catalogue is of, after checking that all of it is: `AB` are artists of A
/// and release groups of B.
fn versions(dir: &Path) -> String {
    let path = dir.join("catalogue.db");
    let stats = Catalogue::open(dir).unwrap().unwrap().stats().unwrap();
    let db = Connection::open(path).unwrap();
    let mut versions = String::new();
    for ((_, table), counted) in ARCHIVES.into_iter().zip([stats.artists, stats.release_groups]) {
        let name = if table == "artists" { "name" } else { "title" };
        let sql =
            format!("SELECT count(*), min(substr({name}, 1, 1)), max(substr({name}, 1, 1)) FROM {table}");
        let (count, first, last): (u64, String, String) = db
            .query_row(&sql, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!(first, last, "{table} of two versions");
        let letter = first.chars().next().unwrap();
        let expected = VERSIONS.iter().find(|(version, _)| *version == letter).unwrap().1;
        assert_eq!((count, counted), (expected, expected), "{table} of {letter}");
        versions.push(letter);
    }
    versions
}

/// What a catalogue is after an import of `which` of version `letter`.
fn after(before: &str, letter: char, which: u64) -> String {
    let half = |place: usize| {
        if which == 2 || which == place as u64 { letter } else { before.as_bytes()[place] as char }
    };
    [half(0), half(1)].iter().collect()
}

pub fn work(dir: &Path, seed: u64) {
    let mut random = Random(seed);
    loop {
        let letter = VERSIONS[random.below(2) as usize].0;
        let which = random.below(3);
        let archives = ARCHIVES.iter().zip(0..).filter(|(_, place)| which == 2 || which == *place);
        let archives: Vec<_> =
            archives.map(|((name, _), _)| archive(&dir.join("dumps"), letter, name)).collect();
        say(format_args!("begins {}", after(&versions(dir), letter, which)));
        import(dir, &archives, |_| {}).unwrap();
        say(format_args!("done {}", versions(dir)));
    }
}

#[test]
fn killed_while_a_catalogue_is_imported() {
    let seed = seed();
    let mut random = Random(seed);
    let dir = tempfile::tempdir().unwrap();
    let dumps = dir.path().join("dumps");
    std::fs::create_dir(&dumps).unwrap();
    write_dumps(&dumps);
    let whole = ARCHIVES.map(|(name, _)| archive(&dumps, 'A', name));
    let start = Instant::now();
    import(dir.path(), &whole, |_| {}).unwrap();
    let longest = start.elapsed() * 2 + Duration::from_millis(30);
    let mut before = versions(dir.path());
    assert_eq!(before, "AA");
    let (mut left_behind, mut imports, mut moved) = (0, 0, 0);
    for kill in 0..KILLS {
        let time = Duration::from_micros(random.below(longest.as_micros() as u64));
        let killed = run_and_kill("catalogue", dir.path(), seed + kill, time);
        assert!(killed.was_alive, "its work has no end");
        imports += killed.said.iter().filter(|line| line.starts_with("done")).count();
        left_behind += u64::from(dir.path().join("catalogue.db.new").exists());
        before = killed.last("done").map_or(before, str::to_owned);
        let now = versions(dir.path());
        // What it had begun last may be done, or not be there at all.
        let begun = killed.last("begins").unwrap_or(&before);
        assert!(now == before || now == begun, "{now} is neither {before} nor {begun}");
        moved += u64::from(now != before);
        before = now;
        assert_sound(&dir.path().join("catalogue.db"));
    }
    println!(
        "{KILLS} kills, {imports} imports done; {left_behind} left an unfinished file, {moved} were done and not acknowledged"
    );
    assert!(left_behind >= KILLS / 5, "hardly any was killed at work: {left_behind}");
    import(dir.path(), &whole, |_| {}).unwrap();
    assert!(!dir.path().join("catalogue.db.new").exists());
    assert_eq!(versions(dir.path()), "AA");
}

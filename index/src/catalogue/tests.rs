//! Imports of dumps that are made here.

mod damaged;
mod dump;
mod headers;
mod kept;
mod lookups;
mod merged;
mod pages;
mod records;
mod resume;
mod tracks;

use super::{Catalogue, ImportError, Kind, KnownGroup, Stats, import};
use crate::mbid::Uuid;
use dump::{artist, group, label, mbid, pack, release, write_dump};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// A data directory.
struct Library {
    dir: tempfile::TempDir,
}

impl Library {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder for dumps in it, where nobody looks for any.
    fn dumps(&self) -> PathBuf {
        let dumps = self.dir.path().join("dumps");
        std::fs::create_dir_all(&dumps).unwrap();
        dumps
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn import(&self, sources: &[PathBuf]) -> Result<Stats, ImportError> {
        import(&self.data(), sources, |_| {})
    }

    fn stats(&self) -> Option<Stats> {
        Catalogue::open(&self.data()).unwrap().map(|catalogue| catalogue.stats().unwrap())
    }

    /// The rows of a query, each one as text with `|` between its columns.
    fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.data(), sql)
    }
}

fn rows(data: &Path, sql: &str) -> Vec<String> {
    let catalogue = Catalogue::open(data).unwrap().unwrap();
    let mut statement = catalogue.db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let cells = (0..columns).map(|column| {
            Ok(match row.get_ref(column)? {
                rusqlite::types::ValueRef::Null => "-".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Blob(bytes) => {
                    bytes.try_into().map_or("?".into(), |bytes| super::Uuid::from_bytes(bytes).to_string())
                }
                value => value.as_str()?.to_owned(),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    };
    statement.query_map([], text).unwrap().map(Result::unwrap).collect()
}

fn counts(stats: &Stats) -> [u64; 4] {
    [stats.artists, stats.labels, stats.release_groups, stats.releases]
}

/// Everything in a catalogue that does not depend on the order in which it came.
fn contents(library: &Library) -> Vec<Vec<String>> {
    [
        "SELECT mbid, name, sort_name FROM artists ORDER BY mbid",
        "SELECT mbid, name FROM labels ORDER BY mbid",
        "SELECT mbid, title, primary_type, first_release_date, credit
         FROM release_groups LEFT JOIN artist_credits USING (credit_no) ORDER BY mbid",
        "SELECT mbid, release_group_mbid, title, date, barcode, credit_no FROM releases ORDER BY mbid",
        "SELECT mbid, label_name, catalogue_number FROM releases JOIN release_labels USING (release_no)
         ORDER BY mbid, position",
        "SELECT * FROM artist_credit_names",
        "SELECT key, value FROM meta WHERE key <> 'tracks_id' ORDER BY key",
        "SELECT mbid, kind, new_mbid FROM redirects",
        "SELECT mbid, hex(addresses) FROM artists ORDER BY mbid",
        "SELECT address_key, owner & 3, count(*) FROM urls GROUP BY 1, 2 ORDER BY 1, 2",
    ]
    .map(|sql| library.rows(sql))
    .into_iter()
    .chain([tracks_of_all(library)])
    .collect()
}

/// What is known of the group that an MBID leads to.
fn led_to(catalogue: &Catalogue, mbid: &Uuid) -> Option<KnownGroup> {
    let group = catalogue.group_of(mbid).unwrap();
    group.map(|group| catalogue.known_group(&group).unwrap().unwrap())
}

/// The tracks of all releases, as text.
fn tracks_of_all(library: &Library) -> Vec<String> {
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    let releases = library.rows("SELECT mbid FROM releases ORDER BY mbid");
    releases.iter().map(|mbid| format!("{:?}", catalogue.tracks(&mbid.parse().unwrap()).unwrap())).collect()
}

#[test]
fn four_dumps_make_a_catalogue() {
    let library = Library::new();
    let dumps = library.dumps();
    write_dump(&dumps, Kind::Artist, &[artist(1, "Tide"), artist(2, "Ebb")]);
    write_dump(&dumps, Kind::Label, &[label(1, "Ninth Harbour")]);
    write_dump(&dumps, Kind::ReleaseGroup, &[group(1, "Low Water", 1)]);
    write_dump(&dumps, Kind::Release, &[release(1, "Low Water", 1, 1), release(2, "Low Water (CD)", 1, 7)]);
    assert_eq!(library.stats(), None);
    let mut last = super::Progress::default();
    let stats = import(&library.data(), &[dumps], |progress| {
        assert!(progress.read_bytes >= last.read_bytes && progress.read_bytes <= progress.total_bytes);
        last = progress;
    })
    .unwrap();
    assert_eq!((last.records, last.read_bytes), (6, last.total_bytes));
    assert_eq!(counts(&stats), [2, 1, 1, 2]);
    assert_eq!(stats.dump, "2026-01-03 00:00:00.000000+00");
    assert_eq!(library.stats(), Some(stats.clone()));
    let length = |name| library.data().join(name).metadata().unwrap().len();
    assert_eq!(stats.size_bytes, length("catalogue.db") + length("tracks.db"));
    assert_eq!((stats.tracks, stats.redirects), (6, 0));
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    let known = led_to(&catalogue, &mbid(2, 1)).unwrap();
    assert_eq!(
        (known.artist.as_str(), known.title.as_str(), known.year),
        ("Tide & Ebb", "Low Water", Some(1971))
    );
    assert_eq!(known.types, ["Album", "Live"]);
    assert_eq!(led_to(&catalogue, &mbid(3, 1)), Some(known), "by its release");
    assert_eq!(led_to(&catalogue, &mbid(3, 2)).map(|group| group.title), Some("Low Water".into()));
    assert_eq!(led_to(&catalogue, &mbid(9, 9)), None);
    let names: Vec<_> =
        std::fs::read_dir(library.data()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}: the catalogue, its tracks, the lock");
}

#[test]
fn a_newer_dump_replaces_its_kind_and_leaves_the_others() {
    let library = Library::new();
    let dumps = library.dumps();
    let artists = write_dump(&dumps, Kind::Artist, &[artist(1, "Tide"), artist(2, "Ebb")]);
    library.import(&[artists]).unwrap();
    let groups = write_dump(&dumps, Kind::ReleaseGroup, &[group(1, "Low Water", 1), group(2, "Solo", 2)]);
    let releases = write_dump(&dumps, Kind::Release, &[release(1, "Low Water", 1, 1)]);
    library.import(&[releases]).unwrap();
    assert_eq!(counts(&library.import(&[groups]).unwrap()), [2, 0, 2, 1]);
    let credits = "SELECT count(*) FROM artist_credits";
    let credits_before = library.rows(credits);
    let before = library.rows("SELECT credit FROM releases JOIN artist_credits USING (credit_no)");
    assert_eq!(before, ["Tide & Ebb"]);
    let groups = write_dump(&dumps, Kind::ReleaseGroup, &[group(1, "High Water", 1)]);
    assert_eq!(counts(&library.import(&[groups]).unwrap()), [2, 0, 1, 1]);
    assert_eq!(library.rows("SELECT title FROM release_groups"), ["High Water"]);
    assert_ne!(library.rows(credits), credits_before, "the credit of the group that is gone is gone too");
    assert_eq!(library.rows("SELECT credit FROM releases JOIN artist_credits USING (credit_no)"), before);
    assert_eq!(library.rows("PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn a_reader_keeps_the_catalogue_that_it_opened() {
    let library = Library::new();
    let dumps = library.dumps();
    let old = write_dump(&dumps, Kind::Artist, &[artist(1, "Tide")]);
    library.import(&[old]).unwrap();
    let reader = Catalogue::open(&library.data()).unwrap().unwrap();
    let new = write_dump(&dumps, Kind::Artist, &[artist(1, "Tide"), artist(2, "Ebb")]);
    library.import(&[new]).unwrap();
    assert_eq!(reader.stats().unwrap().artists, 1);
    assert_eq!(library.stats().unwrap().artists, 2);
}

#[test]
fn two_imports_at_once_are_refused() {
    let library = Library::new();
    let archives = [write_dump(&library.dumps(), Kind::Artist, &[artist(1, "Tide")])];
    let mut inner = None;
    import(&library.data(), &archives, |_| inner = Some(library.import(&archives))).unwrap();
    assert!(matches!(inner, Some(Err(ImportError::Busy))));
    assert_eq!(library.stats().unwrap().artists, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Lines in any order over the archives, archives in any order, members in any order.
    #[test]
    fn the_order_of_archives_does_not_matter(
        order in Just([0, 1, 2, 3]).prop_shuffle(), split: bool, at_once: bool, last_member_first: bool,
        titles in prop::collection::vec("\\PC{0,20}", 1..6),
    ) {
        let (first, second) = (Library::new(), Library::new());
        let number = |index: usize| index as u128 + 1;
        let mut lines = [vec![], vec![], vec![], vec![]];
        for (index, title) in titles.iter().enumerate() {
            let n = number(index);
            lines[0].push(artist(n, title));
            lines[1].push(label(n, title));
            lines[2].push(group(n, title, n));
            lines[3].push(release(n, title, number(titles.len() - index), n));
        }
        let mut archives = Vec::new();
        for (kind, lines) in Kind::ALL.into_iter().zip(&lines) {
            write_dump(&first.dumps(), kind, lines);
            let mut parts = vec![lines.as_slice()];
            if split {
                let (a, b) = lines.split_at(lines.len() / 2);
                parts = vec![a, b];
            }
            let parts: Vec<_> = parts.into_iter().enumerate().map(|(number, lines)| {
                let path = second.dumps().join(format!("{number}-{kind:?}"));
                std::fs::write(&path, pack(kind, lines, last_member_first)).unwrap();
                path
            }).collect();
            archives.push(parts);
        }
        first.import(&[first.dumps()]).unwrap();
        let ordered: Vec<_> = order.iter().map(|kind| archives[*kind].clone()).collect();
        if at_once {
            second.import(&ordered.concat()).unwrap();
        } else {
            for archives in ordered {
                second.import(&archives).unwrap();
            }
        }
        prop_assert_eq!(contents(&first), contents(&second));
    }
}

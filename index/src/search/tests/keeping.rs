//! The index follows the store, and can be lost at any time.

use super::*;
use crate::entry::VerifiedEntry;
use crate::search::Progress;
use crate::search::schema::FORMAT;
use crate::search::writer::FORGET_EVERY;
use std::fs;
use std::path::PathBuf;

const QUERIES: [&str; 5] = ["salt", "maps of low water", "cartografers", "東京", "year:1990..1999"];

fn answers(library: &Library) -> Vec<Hits> {
    QUERIES.iter().map(|query| library.hits(query)).collect()
}

fn files(library: &Library) -> Vec<PathBuf> {
    let generation = library.search.current().number.to_string();
    let files = fs::read_dir(library.dir.path().join("search").join(generation)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    // The rest of a name is random.
    files.sort_by_key(|file| file.extension().map(ToOwned::to_owned));
    files
}

impl Library {
    /// Closes the index and opens it again, as after a restart.
    fn reopen(mut self, between: impl FnOnce(&Self)) -> Self {
        // The other one, empty and elsewhere, only holds the place.
        let elsewhere = tempfile::tempdir().unwrap();
        self.search = SearchIndex::open(elsewhere.path()).unwrap();
        between(&self);
        self.search = SearchIndex::open(self.dir.path()).unwrap();
        self
    }
}

#[test]
fn changes_are_taken_in_once() {
    let mut library = Library::new();
    let mut links = catalogue::links();
    let late = links.split_off(10);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 0, rebuilt: true });
    library.add(links);
    assert_eq!(library.hits("salt").total, 0);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 10, rebuilt: false });
    assert_eq!(library.hits("soundings").exact, 1);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress::default());
    library.add(late);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 50, rebuilt: false });
    assert_eq!(library.hits("ilot").exact, 1);
    let rebuilt = Library::with(catalogue::links());
    assert_eq!(answers(&library), answers(&rebuilt));
}

#[test]
fn a_second_link_changes_its_group() {
    let mut library = Library::with(vec![link(1, "Salt", "Maps")]);
    assert_eq!(library.hits("format:wav").total, 0);
    let second = Link { format: Some("WAV".into()), infohash_v1: Some([1; 20]), ..link(1, "Sel", "Cartes") };
    library.add(vec![second]);
    library.search.catch_up(&library.store).unwrap();
    for query in ["format:wav", "format:flac", "salt maps", "sel cartes"] {
        let hits = library.hits(query);
        assert_eq!((hits.total, hits.groups[0].links().len()), (1, 2), "{query}");
    }
}

#[test]
fn a_link_that_loses_its_slot_is_not_found_any_more() {
    // Two entries with one n: the set keeps the one of the lower id, whichever comes first.
    let mut author = Identity::from_secret([9; 32]);
    let mut sign = |link: &Link| author.sign(link.to_body().unwrap(), Kind::Link.number(), 0, 494_000);
    let (one, two) = (link(1, "Ebb", "Outgoing"), link(2, "Flow", "Incoming"));
    let mut entries: [(VerifiedEntry, Link); 2] = [(sign(&one), one), (sign(&two), two)];
    entries.sort_by_key(|(entry, _)| entry.head().id());
    let [(lower, stays), (higher, goes)] = entries;

    let library = Library::new();
    ingest(&library.store, &[higher], None).unwrap();
    library.search.catch_up(&library.store).unwrap();
    assert_eq!(library.hits(&goes.title).total, 1);
    assert_eq!(library.hits(&stays.title).total, 0);
    ingest(&library.store, &[lower], None).unwrap();
    library.search.catch_up(&library.store).unwrap();
    assert_eq!(library.hits(&goes.title).total, 0);
    assert_eq!(library.hits(&stays.title).total, 1);
    assert_eq!(library.hits("year:1994").total, 1);
}

#[test]
fn void_links_are_not_found() {
    let mut library = Library::with(vec![link(1, "Salt", "Maps")]);
    let mut void = link(2, "Void", "Nothing").to_body().unwrap();
    // A map of indefinite length is not of the CBOR profile.
    void[0] = 0xbf;
    let n = library.author.next_n.main;
    let entry = library.author.sign(void, Kind::Link.number(), n, 494_000);
    assert_eq!(ingest(&library.store, &[entry], None).unwrap(), [Outcome::New]);
    library.search.catch_up(&library.store).unwrap();
    assert_eq!(library.hits("void nothing").total, 0);
    assert_eq!(library.hits("year:1994").total, 1);
}

#[test]
fn a_deleted_cache_is_rebuilt_the_same() {
    let library = Library::with(catalogue::links());
    let before = answers(&library);
    assert!(before.iter().all(|hits| hits.total > 0));
    let search = library.dir.path().join("search");
    let library = library.reopen(|_| fs::remove_dir_all(&search).unwrap());
    assert_eq!(library.hits("salt").total, 0);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 60, rebuilt: true });
    assert_eq!(answers(&library), before);
}

#[test]
fn an_index_that_is_kept_needs_no_rebuild() {
    let library = Library::with(catalogue::links());
    let before = answers(&library);
    let library = library.reopen(|_| {});
    assert_eq!(answers(&library), before);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress::default());
}

#[test]
fn an_index_that_was_left_behind_catches_up() {
    let mut links = catalogue::links();
    let late = links.split_off(30);
    let library = Library::with(links);
    // The entries were acknowledged; then the power failed.
    let mut library = library.reopen(|_| {});
    library.add(late);
    let library = library.reopen(|_| {});
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 30, rebuilt: false });
    assert_eq!(answers(&library), answers(&Library::with(catalogue::links())));
}

#[test]
fn any_damaged_file_is_noticed_and_made_anew() {
    let mut library = Library::with(catalogue::links());
    let before = answers(&library);
    let damages: [fn(Vec<u8>) -> Vec<u8>; 4] = [
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
            bytes
        },
        |_| Vec::new(),
        |_| vec![0xff; 4],
    ];
    let mut damaged = 0;
    for nth in 0..files(&library).len() {
        for damage in damages {
            library = library.reopen(|library| {
                let file = &files(library)[nth];
                let bytes = fs::read(file).unwrap();
                // The lock files are.
                if !bytes.is_empty() {
                    fs::write(file, damage(bytes)).unwrap();
                    damaged += 1;
                }
            });
            library.search.catch_up(&library.store).unwrap();
            assert_eq!(answers(&library), before, "file {nth}");
        }
    }
    assert!(damaged >= 4 * 5, "{damaged}");
}

#[test]
fn an_index_of_another_version_is_made_anew() {
    let library = Library::with(catalogue::links());
    let before = answers(&library);
    let search = library.dir.path().join("search");
    let library = library.reopen(|_| {
        fs::remove_dir_all(&search).unwrap();
        let first = search.join("1");
        fs::create_dir_all(&first).unwrap();
        let mut schema = tantivy::schema::Schema::builder();
        schema.add_text_field("body", tantivy::schema::TEXT);
        tantivy::Index::create_in_dir(&first, schema.build()).unwrap();
    });
    assert!(library.search.catch_up(&library.store).unwrap().rebuilt);
    assert_eq!(answers(&library), before);

    // The same fields, filled by other rules.
    let number = library.search.current().number.to_string();
    let library = library.reopen(|_| {
        let meta = search.join(&number).join("meta.json");
        let text = fs::read_to_string(&meta).unwrap();
        let older = text.replace(&format!("\\\"format\\\":{FORMAT}"), "\\\"format\\\":1");
        assert_ne!(text, older);
        fs::write(&meta, older).unwrap();
    });
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 60, rebuilt: true });
    assert_eq!(answers(&library), before);
}

#[test]
fn another_or_an_older_store_means_a_rebuild() {
    // Another store with more changes: only its incarnation tells.
    let mut library = Library::with(catalogue::links());
    let other = Library::with((0..99).map(|n| link(n, "Other", "Store")).collect());
    library.store = other.store;
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 99, rebuilt: true });
    assert_eq!((library.hits("other").total, library.hits("salt").total), (99, 0));

    // The same store, from a backup: fewer changes than the index has seen.
    let mut library = Library::with(catalogue::links()[..20].to_vec());
    let backup = tempfile::tempdir().unwrap();
    let saved = backup.path().join("entries.db");
    let saved_text = saved.to_str().unwrap().to_owned();
    rusqlite::Connection::open(library.dir.path().join("entries.db"))
        .unwrap()
        .execute("VACUUM INTO ?1", [saved_text])
        .unwrap();
    library.add(catalogue::links()[20..].to_vec());
    library.search.catch_up(&library.store).unwrap();
    library.store = Store::open(backup.path()).unwrap();
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 20, rebuilt: true });
    assert_eq!(library.hits("year:1..9999").total, 20);
}

#[test]
fn reading_needs_no_lock_and_one_writes_at_a_time() {
    let mut library = Library::with(catalogue::links());
    let reader = SearchIndex::open(library.dir.path()).unwrap();
    let query = Query { text: "soundings".into(), limit: 10, ..Query::default() };
    assert_eq!(reader.search(&library.store, &query).unwrap().exact, 1);
    // Up to date: nothing to write, so nothing to lock.
    assert_eq!(reader.catch_up(&library.store).unwrap(), Progress::default());
    library.add(vec![link(99, "Late", "Soundings")]);
    assert!(matches!(reader.catch_up(&library.store), Err(SearchError::Locked)));
    library.search.catch_up(&library.store).unwrap();
    assert_eq!(reader.search(&library.store, &query).unwrap().exact, 1);
    reader.catch_up(&library.store).unwrap();
    assert_eq!(reader.search(&library.store, &query).unwrap().exact, 2);
    library.search.finish().unwrap();
}

#[test]
fn changes_that_the_index_has_are_forgotten() {
    let mut library = Library::with(catalogue::links());
    let kept = tempfile::tempdir().unwrap();
    let copy = |from: PathBuf, to: PathBuf| {
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    };
    let generation = library.dir.path().join("search/1");
    copy(generation.clone(), kept.path().join("1"));
    let count = |library: &Library| library.store.group_changes_after(0, usize::MAX >> 1).unwrap().len();
    assert_eq!(count(&library), 60, "a few are kept");
    // One group changes all the time.
    let db = rusqlite::Connection::open(library.dir.path().join("entries.db")).unwrap();
    let sql = "WITH RECURSIVE times (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM times WHERE n < ?1)
               INSERT INTO group_changes (group_mbid) SELECT (SELECT min(group_mbid) FROM links) FROM times";
    db.execute(sql, [FORGET_EVERY as i64]).unwrap();
    library.search.catch_up(&library.store).unwrap();
    assert_eq!(count(&library), 0);
    assert_eq!(library.store.last_group_change().unwrap(), FORGET_EVERY + 60);
    // It goes on from there, in this process and in the next one.
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress::default());
    library.add(vec![link(99, "Late", "Soundings")]);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 1, rebuilt: false });
    let library = library.reopen(|_| {});
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress::default());
    assert_eq!(library.hits("late soundings").exact, 1);
    // An index that has not seen them, from a backup, cannot go on.
    let library = library.reopen(|_| {
        fs::remove_dir_all(&generation).unwrap();
        copy(kept.path().join("1"), generation.clone());
    });
    assert_eq!(library.hits("late soundings").exact, 0);
    assert_eq!(library.search.catch_up(&library.store).unwrap(), Progress { groups: 61, rebuilt: true });
    assert_eq!(library.hits("late soundings").exact, 1);
    assert_eq!(library.hits("year:1..9999").total, 61);
}

/// MBIDs that are alike in one half are easy to invent.
#[test]
fn an_identifier_leads_to_its_groups_and_no_others() {
    let same = |number| Link { infohash_v1: Some([3; 20]), ..link(number, "Salt", "Maps") };
    let library = Library::with(vec![same(1), same(2), link(3, "Salt", "Maps"), link(4, "Salt", "Maps")]);
    let hits = library.hits(&"03".repeat(20));
    let mut mbids: Vec<_> = hits.groups.iter().map(|group| group.mbid).collect();
    mbids.sort_unstable();
    assert_eq!((hits.total, mbids), (2, vec![same(1).mbid, same(2).mbid]));
    assert_ne!(hits.facets, Default::default(), "they were counted");
}

#[test]
fn hits_of_filters_alone_are_in_the_order_of_mbids() {
    let mut library = Library::new();
    library.add(catalogue::links());
    library.search.catch_up(&library.store).unwrap();
    let query = |after| Query { text: "year:1..9999".into(), limit: 25, after, ..Query::default() };
    let first = library.search.search(&library.store, &query(None)).unwrap();
    let second = library.search.search(&library.store, &query(first.next)).unwrap();
    let mbids: Vec<_> = first.groups.iter().chain(&second.groups).map(|group| group.mbid).collect();
    assert_eq!(mbids.len(), 50);
    assert!(mbids.is_sorted(), "{mbids:?}");
}

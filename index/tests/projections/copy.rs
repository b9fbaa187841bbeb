//! The SQLite copy, read by a program that knows nothing of Deadwax: a plain connection, and the
//! questions of `doc/EXPORT.md`.

use super::desk::{Desk, bytes, entry, link, mbid, record, text, texts};
use deadwax_index::entry::cbor::Value;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::export::{ExportError, export_sqlite};
use deadwax_index::ingest::ingest;
use deadwax_index::store::Store;
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../../doc/EXPORT.md");

/// Somebody said something of every kind.
fn desk() -> Desk {
    let mut desk = Desk::new();
    let (one, two) = (desk.link(0, 1, 8), desk.link(1, 1, 11));
    let mut other = link(2, 12);
    other[4] = (6, text("Soundings"));
    desk.say(0, 32, other);
    desk.vote(0, entry(two), 1);
    desk.vote(1, entry(two), -1);
    desk.vote(1, entry(two), 1);
    desk.vote(2, entry(one), -1);
    let collage = desk.say(2, 40, vec![(0, text("Coasts"))]);
    for (number, sort) in [(1, "b"), (2, "a"), (3, "c")] {
        let body = vec![
            (0, bytes(&collage.0)),
            (1, record(number)),
            (2, text(sort)),
            (3, text("For long evenings.")),
        ];
        desk.say(2, 41, body);
    }
    let ask =
        |title: &str| vec![(1, text("The Salt Cartographers")), (2, text(title)), (4, texts(&["FLAC"]))];
    let (ebb, flow) = (desk.say(0, 42, ask("Ebb")), desk.say(0, 42, ask("Flow")));
    let filled = desk.say(0, 42, ask("Maps of Low Water"));
    desk.say(1, 44, vec![(0, bytes(&filled.0)), (1, bytes(&one.0))]);
    for (person, request) in [(1, ebb), (2, ebb), (1, flow), (1, filled)] {
        desk.say(person, 43, vec![(0, entry(request))]);
    }
    let track = Value::Map(vec![(0, text("Slack water")), (1, Value::Uint(61_000))]);
    let medium = Value::Map(vec![(0, text("CD")), (2, Value::Array(vec![track]))]);
    let artist = Value::Map(vec![(0, text("The Salt Cartographers"))]);
    desk.say(0, 33, vec![(0, text("Ebb")), (1, Value::Array(vec![artist])), (9, Value::Array(vec![medium]))]);
    for said in ["Quiet.", "Quieter."] {
        desk.say(0, 34, vec![(0, record(1)), (1, text(said))]);
    }
    desk.say(0, 35, vec![(0, record(1)), (1, text("drone"))]);
    desk.say(0, 37, vec![(0, entry(one)), (1, Value::Uint(u64::MAX)), (3, record(2))]);
    let topic = desk.say(0, 39, vec![(0, text("tides")), (1, text("Harbours")), (2, text("Which?"))]);
    desk.say(1, 38, vec![(0, entry(topic)), (1, text("All."))]);
    desk.say(1, 45, vec![(0, text("Tove"))]);
    let regretted = desk.link(3, 1, 14);
    desk.retract(3, regretted);
    desk
}

fn export(store: &Store, out: &Path) -> Connection {
    let exported = export_sqlite(store, out, false, |_| {}).unwrap();
    assert_eq!(exported.size_bytes, out.metadata().unwrap().len());
    Connection::open(out).unwrap()
}

fn ask(db: &Connection, sql: &str) -> Vec<Vec<Sql>> {
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|index| row.get(index)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn word(text: &str) -> Sql {
    Sql::Text(text.to_owned())
}

#[test]
fn the_questions_of_the_document_are_answered() {
    let desk = desk();
    let db = export(&desk.store, &desk.dir.path().join("copy.db"));
    let questions: Vec<&str> =
        DOCUMENT.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [torrents, collage, wanted] = questions.as_slice() else { panic!("{questions:?}") };
    let torrent = |hash: &str, media: &str, score| {
        vec![word(&hash.repeat(20)), word("Lossless"), word(media), Sql::Integer(score)]
    };
    assert_eq!(ask(&db, torrents), [torrent("0b", "Vinyl", 2), torrent("08", "CD", -1)]);
    let item = |position, title: Option<&str>| {
        let artist = title.map_or(Sql::Null, |_| word("The Salt Cartographers"));
        let title = title.map_or(Sql::Null, word);
        vec![Sql::Integer(position), artist, title, Sql::Null, word("For long evenings.")]
    };
    assert_eq!(
        ask(&db, collage),
        [item(1, Some("Soundings")), item(2, Some("Maps of Low Water")), item(3, None)]
    );
    let request = |title: &str, wants| {
        vec![word("The Salt Cartographers"), word(title), word(r#"["FLAC"]"#), Sql::Integer(wants)]
    };
    assert_eq!(ask(&db, wanted), [request("Ebb", 2), request("Flow", 1)]);
}

#[test]
fn every_view_has_rows_and_is_documented_with_its_columns() {
    let desk = desk();
    let db = export(&desk.store, &desk.dir.path().join("copy.db"));
    let views =
        ask(&db, "SELECT name FROM sqlite_master WHERE type = 'view' AND name LIKE 'v1%' ORDER BY name");
    assert_eq!(views.len(), 19);
    let four = ["entry", "author", "n", "created_hours"];
    for view in views {
        let [Sql::Text(view)] = view.as_slice() else { panic!("{view:?}") };
        assert!(!ask(&db, &format!("SELECT * FROM {view}")).is_empty(), "{view} is empty");
        let line = DOCUMENT.lines().find(|line| line.starts_with(&format!("| `{view}` |")));
        let line = line.unwrap_or_else(|| panic!("{view} is not documented"));
        let statement = db.prepare(&format!("SELECT * FROM {view}")).unwrap();
        for column in statement.column_names() {
            assert!(four.contains(&column) || line.contains(&format!("`{column}`")), "{view}.{column}");
        }
    }
    assert_eq!(
        ask(&db, "SELECT state, count(*) FROM v1_entries GROUP BY state ORDER BY state")[1],
        [word("retracted"), Sql::Integer(1)]
    );
    assert_eq!(ask(&db, "SELECT reason, other_kind FROM v1_reports")[0][1], word("release-group"));
    let mbids = ask(&db, "SELECT mbid FROM v1_groups ORDER BY mbid");
    assert_eq!(mbids, [[word(&mbid(1).to_string())], [word(&mbid(2).to_string())]]);
}

#[test]
fn equal_sets_have_equal_copies_that_tell_nothing_of_their_nodes() {
    let desk = desk();
    let page = desk.store.tail_page(Scope::Main, 0, 1_000).unwrap();
    let mut entries: Vec<VerifiedEntry> = page.entries.iter().map(|entry| entry.verify().unwrap()).collect();
    entries.reverse();
    let dir = tempfile::tempdir().unwrap();
    let other = Store::open(dir.path()).unwrap();
    for chunk in entries.chunks(7) {
        ingest(&other, chunk, None).unwrap();
    }
    let waiting =
        deadwax_index::entry::identity::Identity::from_secret([9; 32]).sign(vec![0xa0], 32, 0, 494_000);
    other.put_in_outbox(&waiting, &[1; 32], 0, Some("a form")).unwrap();
    let copies = [desk.dir.path().join("copy.db"), dir.path().join("copy.db")];
    export_sqlite(&desk.store, &copies[0], false, |_| {}).unwrap();
    export_sqlite(&other, &copies[1], false, |_| {}).unwrap();
    let [one, two] = copies.map(|copy| std::fs::read(copy).unwrap());
    assert!(one == two, "the copies differ");
    for secret in [&desk.store.incarnation().unwrap()[..], &waiting.head().author().0, b"a form"] {
        assert!(!one.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn a_copy_is_whole_or_not_there_and_replaces_nothing() {
    let desk = desk();
    let out = desk.dir.path().join("copy.db");
    let new = desk.dir.path().join("copy.db.new");
    std::fs::write(&new, "left by an interrupted export").unwrap();
    let mut reports = Vec::new();
    export_sqlite(&desk.store, &out, false, |progress| {
        assert!(!out.exists());
        reports.push(progress);
    })
    .unwrap();
    assert!(reports.last().is_some_and(|(read, total)| read == total && *total > 30));
    assert!(!new.exists());
    let before = std::fs::read(&out).unwrap();
    let error = export_sqlite(&desk.store, &out, false, |_| {}).unwrap_err();
    assert!(matches!(error, ExportError::Exists(_)), "{error}");
    assert!(!new.exists());
    assert!(std::fs::read(&out).unwrap() == before);
    let nowhere = desk.dir.path().join("nowhere/copy.db");
    assert!(export_sqlite(&desk.store, &nowhere, false, |_| {}).is_err());
}

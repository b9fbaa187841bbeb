//! What of a record is kept, and what is not.

use super::super::{Catalogue, Kind, Record};
use super::dump::{artist, group, label, mbid, release, tar, write_dump, xz};
use super::{Library, counts};

fn full() -> Library {
    let library = Library::new();
    let dumps = library.dumps();
    write_dump(&dumps, Kind::Artist, &[artist(1, "Tide")]);
    write_dump(&dumps, Kind::Label, &[label(1, "Ninth Harbour")]);
    write_dump(&dumps, Kind::ReleaseGroup, &[group(1, "Low Water", 1)]);
    write_dump(&dumps, Kind::Release, &[release(1, "Low Water", 1, 1)]);
    library.import(&[dumps]).unwrap();
    library
}

#[test]
fn facts_are_kept() {
    let library = full();
    for (sql, expected) in [
        (
            "SELECT name, sort_name, type, country, begin_date, end_date FROM artists",
            "Tide|-|Group|IS|1968|-",
        ),
        ("SELECT name, type, label_code FROM labels", "Ninth Harbour|Imprint|1234"),
        (
            "SELECT primary_type, secondary_types, first_release_date FROM release_groups",
            "Album|Live|1971-03",
        ),
        (
            "SELECT status, date, country, barcode, asin, language, script FROM releases",
            "Official|1971-03-05|GB|5012394144777|B000002UAL|eng|Latn",
        ),
        ("SELECT position, date, country FROM release_events", "1|1972|JP"),
    ] {
        assert_eq!(library.rows(sql), [expected], "{sql}");
    }
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    let [address] = &catalogue.addresses(Kind::Artist, &mbid(0, 1)).unwrap()[..] else { panic!("not one") };
    assert_eq!((address.site, address.url.as_str()), ("discogs", "https://www.discogs.com/artist/1"));
    assert_eq!(catalogue.addresses(Kind::Label, &mbid(1, 1)).unwrap(), []);
    assert_eq!(
        library.rows("SELECT label_mbid, label_name, catalogue_number FROM release_labels"),
        [format!("{}|Ninth Harbour|NHR-014", mbid(1, 1)), "-|-|-".into()]
    );
    assert_eq!(library.rows("SELECT format, title, track_count FROM media"), ["12\" Vinyl|-|9", "-|-|1"]);
    assert_eq!(library.rows("SELECT name, locale, is_primary FROM aliases"), ["The Tide|en|1", "潮|-|0"]);
    assert_eq!(
        library.rows("SELECT credit, name, join_phrase, artist_mbid FROM artist_credits JOIN artist_credit_names USING (credit_no)"),
        [format!("Tide & Ebb|Tide| & |{}", mbid(0, 1)), format!("Tide & Ebb|Ebb||{}", mbid(0, 2))]
    );
}

#[test]
fn tags_genres_annotations_and_recordings_are_not_in_the_files() {
    let library = full();
    for (name, known) in [("catalogue.db", "Low Water"), ("tracks.db", "Spring Tide")] {
        let bytes = std::fs::read(library.data().join(name)).unwrap();
        let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(has(known), "{name}");
        assert!(!has("secret"), "{name}");
    }
}

#[test]
fn the_last_of_repeated_records_wins() {
    let library = Library::new();
    let bare = format!(r#"{{"id":"{}","title":"Bare"}}"#, mbid(3, 1));
    let lines = [release(1, "First", 1, 1), release(2, "Other", 1, 1), bare];
    let archive = write_dump(&library.dumps(), Kind::Release, &lines);
    assert_eq!(counts(&library.import(&[archive]).unwrap()), [0, 0, 0, 2]);
    assert_eq!(
        library.rows("SELECT title, barcode FROM releases ORDER BY title"),
        ["Bare|-", "Other|5012394144777"]
    );
    for table in ["media", "release_labels", "release_events"] {
        let sql = format!("SELECT DISTINCT title FROM {table} x JOIN releases USING (release_no)");
        let sql = sql.replace("DISTINCT title", "DISTINCT releases.title");
        assert_eq!(library.rows(&sql), ["Other"], "{table}");
        let orphans =
            format!("SELECT * FROM {table} WHERE release_no NOT IN (SELECT release_no FROM releases)");
        assert!(library.rows(&orphans).is_empty(), "{table}");
    }
}

#[test]
fn keys_may_be_absent_null_unknown_and_in_any_order() {
    let library = Library::new();
    let id = mbid(2, 1);
    let nulls = format!(
        r#"{{"title":null,"artist-credit":null,"secondary-types":null,"aliases":null,"relations":null,"id":"{id}","new":{{}}}}"#
    );
    let odd_credit = format!(
        r#"{{"artist-credit":[{{"name":"A"}},{{"artist":{{"id":"no MBID"}},"name":"B"}},{{}}],"id":"{}"}}"#,
        mbid(2, 2)
    );
    // A byte order mark, an empty line, the line ends of another system, and none at the end.
    let text = format!("\u{feff}{nulls}\r\n\n  \n{odd_credit}");
    let path = library.dumps().join("x");
    std::fs::write(&path, xz(&tar(&[("./mbdump/release-group", text.as_bytes())]))).unwrap();
    let stats = library.import(&[path]).unwrap();
    assert_eq!((counts(&stats), stats.dump.as_str()), ([0, 0, 2, 0], ""));
    assert_eq!(
        library.rows("SELECT title, credit FROM release_groups LEFT JOIN artist_credits USING (credit_no)"),
        ["|-", "|AB"]
    );
    assert_eq!(library.rows("SELECT count(artist_mbid) FROM artist_credit_names"), ["0"]);
}

#[test]
fn what_is_no_record_is_refused() {
    let id = mbid(0, 1);
    for line in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"id":null}"#,
        r#"{"id":"x"}"#,
        &format!(r#"{{"id":"{}"}}"#, id.simple()),
        &format!(r#"{{"id":"{id}","name":7}}"#),
        &format!(r#"{{"id":"{id}","id":"{id}"}}"#),
        &format!(r#"{{"id":"{id}"}}{{}}"#),
        &format!(r#"{{"id":"{id}","x":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000)),
        &format!(r#"{{"id":"{id}","aliases":{{}}}}"#),
    ] {
        for kind in Kind::ALL {
            let parsed = Record::parse(kind, line.as_bytes());
            // Unknown keys are skipped, however deep, and releases have no name.
            let is_skipped = line.contains("[[") || line.contains(":7") && kind as i64 >= 2;
            assert_eq!(parsed.is_ok(), is_skipped, "{kind:?}: {:.80}: {parsed:?}", line);
        }
    }
}

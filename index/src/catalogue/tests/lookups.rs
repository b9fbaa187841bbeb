//! From identifiers to records and release groups, with invented records.

use super::super::lookup::Identifier;
use super::super::{Catalogue, Kind, Named};
use super::Library;
use super::dump::{artist, label, mbid, release, write_dump};
use serde_json::{Value, json};

/// A record with addresses.
fn with(record: &str, changes: Value, urls: &[(&str, &str)]) -> String {
    let mut record: Value = serde_json::from_str(record).unwrap();
    let relations: Vec<_> =
        urls.iter().map(|(kind, url)| json!({"type": kind, "url": {"resource": url}})).collect();
    record["relations"] = relations.into();
    for (key, value) in changes.as_object().unwrap() {
        record[key] = value.clone();
    }
    record.to_string()
}

fn group(number: u128, artist: u128, date: &str, urls: &[(&str, &str)]) -> String {
    with(&super::dump::group(number, "Low Water", artist), json!({"first-release-date": date}), urls)
}

fn library() -> Catalogue {
    let library = Library::new();
    let dumps = library.dumps();
    let discogs = ("discogs", "https://www.discogs.com/artist/1");
    write_dump(&dumps, Kind::Artist, &[artist(1, "Tide"), with(&artist(2, "Ebb"), json!({}), &[discogs])]);
    write_dump(&dumps, Kind::Label, &[label(1, "Ninth Harbour"), label(2, "Mole")]);
    let master = ("discogs", "https://www.discogs.com/master/24047");
    write_dump(
        &dumps,
        Kind::ReleaseGroup,
        &[
            group(1, 1, "1972", &[master, ("wikidata", "https://www.wikidata.org/wiki/Q77")]),
            group(2, 5, "1971", &[]),
            group(3, 5, "", &[]),
        ],
    );
    let of = |number, group, changes: Value, urls: &[(&str, &str)]| {
        with(&release(number, "Low Water", group, 5), changes, urls)
    };
    let amazon = ("amazon asin", "https://www.amazon.co.uk/gp/product/B000009999");
    let bandcamp = ("purchase for download", "https://tide.bandcamp.com/album/low-water");
    write_dump(
        &dumps,
        Kind::Release,
        &[
            of(
                1,
                1,
                json!({"barcode": "012345678905", "asin": "B000001111"}),
                &[bandcamp, ("discogs", "https://www.discogs.com/release/123")],
            ),
            of(2, 2, json!({"barcode": "0012345678905", "asin": null}), &[amazon]),
            of(3, 3, json!({"barcode": "5012394144777", "asin": "B000001111", "label-info": []}), &[]),
            // Its group is in no dump.
            of(4, 9, json!({"barcode": "5099999999999", "asin": null}), &[]),
        ],
    );
    library.import(&[dumps]).unwrap();
    Catalogue::open(&library.data()).unwrap().unwrap()
}

fn groups_of(catalogue: &Catalogue, text: &str) -> Vec<u128> {
    let identifier = Identifier::parse(text).unwrap_or_else(|| panic!("{text} is no identifier"));
    let groups = catalogue.groups_of(&identifier).unwrap();
    groups.into_iter().map(|group| group.as_u128() & u128::from(u64::MAX)).collect()
}

#[test]
fn identifiers_lead_to_groups() {
    let catalogue = library();
    let mbid = |kind, number| mbid(kind, number).to_string();
    for (text, expected) in [
        (mbid(2, 1), &[1_u128] as &[u128]),
        (mbid(3, 2), &[2]),
        (format!("https://musicbrainz.org/release/{}", mbid(3, 3)), &[3]),
        (mbid(0, 1), &[1]),
        (mbid(0, 5), &[2, 3]),
        (mbid(1, 1), &[2, 1]),
        (mbid(1, 2), &[]),
        (mbid(4, 101), &[1]),
        (mbid(4, 900), &[2, 1, 3]),
        (mbid(3, 4), &[]),
        (mbid(3, 5), &[]),
        ("0 12345 67890-5".into(), &[1, 2]),
        ("12345678905".into(), &[1, 2]),
        ("00012345678905".into(), &[1, 2]),
        ("5012394144777".into(), &[3]),
        ("5012394144778".into(), &[]),
        ("B000001111".into(), &[1, 3]),
        ("https://www.amazon.de/Low-Water/dp/B000001111".into(), &[1, 3]),
        ("b000009999".into(), &[2]),
        ("https://www.amazon.com/dp/B000009999".into(), &[2]),
        ("discogs.com/release/123-Tide-Low-Water".into(), &[1]),
        ("[r123]".into(), &[1]),
        ("https://www.discogs.com/fr/master/24047-Low-Water".into(), &[1]),
        ("[m24047]".into(), &[1]),
        ("https://www.discogs.com/artist/1-Ebb".into(), &[1]),
        ("http://www.wikidata.org/entity/Q77".into(), &[1]),
        ("tide.bandcamp.com/album/low-water/".into(), &[1]),
        ("tide.bandcamp.com/album/high-water".into(), &[]),
        ("https://open.example/album/1".into(), &[]),
    ] {
        let found = groups_of(&catalogue, &text);
        if text == mbid(4, 900) {
            // Releases of a recording come in no order.
            let mut found = found;
            found.sort_unstable();
            assert_eq!(found, [1, 2, 3], "{text}");
        } else {
            assert_eq!(found, expected, "{text}");
        }
    }
}

#[test]
fn identifiers_say_which_record_they_are_of() {
    let catalogue = library();
    let records = |text: &str| catalogue.records_of(&Identifier::parse(text).unwrap()).unwrap();
    for (text, named, number) in [
        ("[r123]", Named::Record(Kind::Release), mbid(3, 1)),
        ("[m24047]", Named::Record(Kind::ReleaseGroup), mbid(2, 1)),
        ("[a1]", Named::Record(Kind::Artist), mbid(0, 1)),
        ("5099999999999", Named::Record(Kind::Release), mbid(3, 4)),
        (&mbid(1, 1).to_string(), Named::Record(Kind::Label), mbid(1, 1)),
        (&mbid(4, 201).to_string(), Named::Recording, mbid(4, 201)),
    ] {
        assert!(records(text).contains(&(named, number)), "{text}: {:?}", records(text));
    }
    assert_eq!(records(&mbid(4, 7).to_string()), []);
}

/// What nobody imports anew keeps its addresses, and a record that comes again has its new ones.
#[test]
fn addresses_follow_their_records() {
    let library = Library::new();
    let dumps = library.dumps();
    let at = |number: u32| [("discogs", format!("https://www.discogs.com/master/{number}"))];
    let of = |number, address: &[(&str, String)]| {
        let urls: Vec<_> = address.iter().map(|(kind, url)| (*kind, url.as_str())).collect();
        group(number, 1, "1971", &urls)
    };
    let groups = [of(1, &at(1)), of(2, &at(2)), of(1, &at(3))];
    library.import(&[write_dump(&dumps, Kind::ReleaseGroup, &groups)]).unwrap();
    let open = || Catalogue::open(&library.data()).unwrap().unwrap();
    let found = || ["[m1]", "[m2]", "[m3]"].map(|text| groups_of(&open(), text));
    assert_eq!(found(), [vec![], vec![2], vec![1]]);
    library.import(&[write_dump(&dumps, Kind::Artist, &[artist(1, "Tide")])]).unwrap();
    assert_eq!(found(), [vec![], vec![2], vec![1]], "carried over");
    assert_eq!(groups_of(&open(), "[a1]"), [1, 2]);
    library.import(&[write_dump(&dumps, Kind::ReleaseGroup, &[of(1, &at(1))])]).unwrap();
    assert_eq!(found(), [vec![1], vec![], vec![]], "replaced");
    assert_eq!(library.rows("SELECT name FROM sqlite_schema WHERE name = 'unsorted_urls'"), [""; 0]);
}

/// Addresses that are too alike for their keys are still compared.
#[test]
fn another_address_with_the_same_key_is_not_found() {
    let library = Library::new();
    let zeros = [("discogs", "https://www.discogs.com/release/0123")];
    let groups = [group(1, 1, "1971", &zeros)];
    library.import(&[write_dump(&library.dumps(), Kind::ReleaseGroup, &groups)]).unwrap();
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    assert_eq!(groups_of(&catalogue, "[r123]"), [] as [u128; 0]);
    assert_eq!(groups_of(&catalogue, "[r0123]"), [1]);
}

/// Each question that names an MBID goes by an index: a table is never read whole.
#[test]
fn mbids_are_found_by_their_first_bytes() {
    let catalogue = library();
    for (table, column, index) in [
        ("releases", "release_group_mbid", "releases_by_group"),
        ("release_labels", "label_mbid", "release_labels_by_label"),
        ("artist_credit_names", "artist_mbid", "artist_credit_names_by_artist"),
    ] {
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT 1 FROM {table}
             WHERE substr({column}, 1, 6) = substr(?1, 1, 6) AND {column} = ?1"
        );
        let plan: String =
            catalogue.db.query_row(&sql, [mbid(0, 1).as_bytes()], |row| row.get("detail")).unwrap();
        assert!(plan.contains(index), "{plan}");
    }
}

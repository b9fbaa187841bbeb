//! What is read for the pages of artists, labels and releases.

use super::super::{Catalogue, EntityRecord, Kind, ReleaseEvent};
use super::Library;
use super::dump::{artist, group, label, mbid, release, write_dump};

fn library() -> (Library, Catalogue) {
    let library = Library::new();
    let dumps = library.dumps();
    let archives = [
        write_dump(&dumps, Kind::Artist, &[artist(1, "Tide")]),
        write_dump(&dumps, Kind::Label, &[label(1, "Ninth Harbour")]),
        write_dump(&dumps, Kind::ReleaseGroup, &[group(1, "Low Water", 1)]),
        write_dump(&dumps, Kind::Release, &[release(1, "Low Water", 1, 1)]),
    ];
    library.import(&archives).unwrap();
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    (library, catalogue)
}

#[test]
fn artists_and_labels_have_what_their_records_say() {
    let (_library, catalogue) = library();
    let tide = catalogue.artist(&mbid(0, 1)).unwrap().unwrap();
    assert_eq!((tide.name.as_str(), tide.kind.as_deref()), ("Tide", Some("Group")));
    assert_eq!((tide.country.as_deref(), tide.begin.as_deref(), tide.end), (Some("IS"), Some("1968"), None));
    assert_eq!(tide.aliases, ["The Tide", "潮"]);
    assert_eq!(tide.addresses[0].url, "https://www.discogs.com/artist/1");
    let harbour = catalogue.label(&mbid(1, 1)).unwrap().unwrap();
    assert_eq!((harbour.name.as_str(), harbour.label_code), ("Ninth Harbour", Some(1234)));
    // In no dump, and named in a credit.
    let ebb = EntityRecord { mbid: mbid(0, 2), name: "Ebb".into(), ..EntityRecord::default() };
    assert_eq!(catalogue.artist(&mbid(0, 2)).unwrap(), Some(ebb));
    for nobody in [mbid(0, 77), mbid(1, 1)] {
        assert_eq!(catalogue.artist(&nobody).unwrap(), None);
    }
    assert_eq!(catalogue.label(&mbid(0, 1)).unwrap(), None);
}

#[test]
fn a_release_has_its_credit_events_labels_and_media() {
    let (_library, catalogue) = library();
    let found = catalogue.release(&mbid(3, 1)).unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.group), ("Low Water", Some(mbid(2, 1))));
    let credit: Vec<_> = found.credit.iter().map(|part| (part.artist, part.name.as_str())).collect();
    assert_eq!(credit, [(Some(mbid(0, 1)), "Tide"), (Some(mbid(0, 2)), "Ebb")]);
    assert_eq!(found.credit[0].join_phrase, " & ");
    assert_eq!(catalogue.credit_of_group(&mbid(2, 1)).unwrap(), found.credit);
    let event =
        |date: &str, country: &str| ReleaseEvent { date: Some(date.into()), country: Some(country.into()) };
    assert_eq!(found.events, [event("1971-03-05", "GB"), event("1972", "JP")]);
    let labels: Vec<_> = found.labels.iter().map(|label| (label.mbid, label.catno.as_deref())).collect();
    assert_eq!(labels, [(Some(mbid(1, 1)), Some("NHR-014")), (None, None)]);
    let media: Vec<_> = found.media.iter().map(|m| (m.format.as_deref(), m.track_count)).collect();
    assert_eq!(media, [(Some("12\" Vinyl"), 9), (None, 1)]);
    assert_eq!(
        (found.barcode.as_deref(), found.asin.as_deref()),
        (Some("5012394144777"), Some("B000002UAL"))
    );
    assert_eq!(catalogue.release(&mbid(2, 1)).unwrap(), None);
    assert_eq!(catalogue.credit_of_group(&mbid(2, 77)).unwrap(), []);
}

//! Tracks: what of them is kept, and that they belong to their catalogue.

use super::super::tracks::{Credited, Medium};
use super::super::{Catalogue, Kind, Options, import_with};
use super::dump::{artist, group, mbid, release, write_dump};
use super::{Library, tracks_of_all};
use crate::mbid::Uuid;
use std::path::PathBuf;

fn releases(library: &Library, numbers: &[u128]) -> PathBuf {
    let lines: Vec<_> = numbers.iter().map(|n| release(*n, "Low Water", 1, 1)).collect();
    write_dump(&library.dumps(), Kind::Release, &lines)
}

fn open(library: &Library) -> Catalogue {
    Catalogue::open(&library.data()).unwrap().unwrap()
}

fn media(library: &Library, release: u128) -> Vec<Medium> {
    open(library).tracks(&mbid(3, release)).unwrap()
}

#[test]
fn tracks_are_kept_with_their_recordings_and_other_artists() {
    let library = Library::new();
    library.import(&[releases(&library, &[1, 2])]).unwrap();
    let found = media(&library, 1);
    let media: Vec<_> = found.iter().map(|m| (m.position, m.format.as_deref(), m.tracks.len())).collect();
    assert_eq!(media, [(1, Some("12\" Vinyl"), 2), (2, None, 1)]);
    let [spring, neap] = &found[0].tracks[..] else { panic!("{found:?}") };
    assert_eq!((spring.position, spring.number.as_str(), spring.title.as_str()), (1, "A1", "Spring Tide"));
    assert_eq!((spring.length_ms, spring.recording), (Some(210_000), Some(mbid(4, 101))));
    assert_eq!(spring.artist(), None, "that of the release");
    assert_eq!((neap.length_ms, neap.artist().as_deref()), (None, Some("Solo")));
    let solo = Credited { artist: Some(mbid(0, 2)), name: "Solo".into(), join_phrase: String::new() };
    assert_eq!(neap.credit, [solo]);
    let slack = &found[1].tracks[0];
    assert_eq!((slack.position, slack.number.as_str(), slack.length_ms), (0, "0", Some(1)));
    assert_eq!(media_of_nothing(&library), []);
    let of = |recording| {
        let mut found = open(&library).releases_of_recording(&mbid(4, recording)).unwrap();
        found.sort();
        found
    };
    assert_eq!(of(900), [mbid(3, 1), mbid(3, 2)]);
    assert_eq!((of(101), of(201), of(203)), (vec![mbid(3, 1)], vec![mbid(3, 2)], vec![mbid(3, 2)]));
    assert_eq!((of(1), of(102)), (vec![], vec![]));
}

fn media_of_nothing(library: &Library) -> Vec<Medium> {
    media(library, 77)
}

#[test]
fn repeated_releases_have_the_last_ones_tracks() {
    let library = Library::new();
    let bare = format!(r#"{{"id":"{}","title":"Bare"}}"#, mbid(3, 1));
    let lines = [release(1, "Low Water", 1, 1), release(2, "Other", 1, 1), bare];
    let stats = library.import(&[write_dump(&library.dumps(), Kind::Release, &lines)]).unwrap();
    assert_eq!((stats.releases, stats.tracks), (2, 3));
    assert_eq!(media(&library, 1), []);
    assert_eq!(open(&library).releases_of_recording(&mbid(4, 101)).unwrap(), Vec::<Uuid>::new());
}

#[test]
fn tracks_stay_while_other_kinds_are_imported() {
    let library = Library::new();
    library.import(&[releases(&library, &[1, 2])]).unwrap();
    let before = tracks_of_all(&library);
    assert!(before[0].contains("Spring Tide"));
    let groups = write_dump(&library.dumps(), Kind::ReleaseGroup, &[group(1, "Low Water", 1)]);
    assert_eq!(library.import(&[groups]).unwrap().tracks, 6);
    assert_eq!(tracks_of_all(&library), before);
    assert!(!library.data().join("tracks.db.new").exists());
    let stats = library.import(&[releases(&library, &[2])]).unwrap();
    assert_eq!((stats.releases, stats.tracks), (1, 3));
    assert_eq!(tracks_of_all(&library), before[1..]);
}

#[test]
fn without_tracks_there_is_no_file() {
    let library = Library::new();
    let without = |sources: &[PathBuf]| {
        import_with(&library.data(), sources, Options { with_tracks: false }, |_| {}).unwrap()
    };
    let dump = releases(&library, &[1]);
    library.import(std::slice::from_ref(&dump)).unwrap();
    for sources in [vec![write_dump(&library.dumps(), Kind::Artist, &[artist(1, "Tide")])], vec![dump]] {
        let stats = without(&sources);
        assert_eq!((stats.releases, stats.tracks), (1, 0));
        let length = library.data().join("catalogue.db").metadata().unwrap().len();
        assert_eq!(stats.size_bytes, length);
        assert_eq!(media(&library, 1), []);
        for name in ["tracks.db", "tracks.db.new"] {
            assert!(!library.data().join(name).exists(), "{name}");
        }
    }
}

#[test]
fn a_reader_keeps_the_tracks_of_its_catalogue() {
    let library = Library::new();
    library.import(&[releases(&library, &[1])]).unwrap();
    let reader = open(&library);
    library.import(&[releases(&library, &[2])]).unwrap();
    assert_eq!(reader.tracks(&mbid(3, 1)).unwrap()[0].tracks.len(), 2);
    assert_eq!(reader.tracks(&mbid(3, 2)).unwrap(), []);
    assert_eq!((media(&library, 1).len(), media(&library, 2).len()), (0, 2));
}

#[test]
fn tracks_of_another_import_are_ignored() {
    let (library, other) = (Library::new(), Library::new());
    library.import(&[releases(&library, &[1])]).unwrap();
    other.import(&[releases(&other, &[2])]).unwrap();
    let tracks = library.data().join("tracks.db");
    std::fs::copy(other.data().join("tracks.db"), &tracks).unwrap();
    assert_eq!(media(&library, 1), []);
    assert_eq!(library.stats().unwrap().tracks, 0);
    // What cannot be read is said where somebody asks for it, and there alone.
    std::fs::write(&tracks, b"no database, but longer than a header has to be").unwrap();
    assert!(open(&library).tracks(&mbid(3, 1)).is_err());
    assert_eq!(library.stats().unwrap().releases, 1);
}

#[test]
fn between_the_two_renames_the_new_tracks_are_found() {
    let library = Library::new();
    library.import(&[releases(&library, &[1])]).unwrap();
    let (tracks, new) = (library.data().join("tracks.db"), library.data().join("tracks.db.new"));
    let old = std::fs::read(&tracks).unwrap();
    library.import(&[releases(&library, &[2])]).unwrap();
    // As if it had been killed after the first.
    std::fs::rename(&tracks, &new).unwrap();
    assert_eq!(media(&library, 2).len(), 2, "no old tracks");
    std::fs::write(&tracks, &old).unwrap();
    assert_eq!(media(&library, 2).len(), 2, "those of the catalogue before");
    // The next import ends it, even if it does nothing else.
    let artists = write_dump(&library.dumps(), Kind::Artist, &[artist(1, "Tide")]);
    assert_eq!(library.import(&[artists]).unwrap().tracks, 3);
    assert!(!new.exists());
    assert_eq!(media(&library, 2).len(), 2);
}

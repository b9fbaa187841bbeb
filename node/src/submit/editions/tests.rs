//! Which edition fits better, with invented records.

use super::likeness::alike;
use super::*;
use deadwax_index::catalogue::tracks::Track;
use deadwax_index::catalogue::{EditionLabel, EditionMedium};
use deadwax_index::torrent::TorrentFile;

fn edition(number: u128, tracks: u32, format: &str, date: &str, catno: &str) -> EditionRecord {
    EditionRecord {
        mbid: Uuid::from_u128(number),
        title: "Maps of Low Water".into(),
        artist: None,
        status: Some("Official".into()),
        date: Some(date.into()),
        countries: vec!["GB".into()],
        barcode: None,
        disambiguation: None,
        labels: vec![EditionLabel {
            mbid: None,
            name: Some("Ninth Harbour".into()),
            catno: Some(catno.into()),
        }],
        media: vec![EditionMedium { format: Some(format.into()), track_count: tracks }],
    }
}

fn group() -> GroupRecord {
    let known = KnownGroup {
        artist: "The Salt Cartographers".into(),
        title: "Maps of Low Water".into(),
        year: Some(1994),
        types: vec!["Album".into()],
    };
    GroupRecord {
        mbid: Uuid::from_u128(99),
        known,
        disambiguation: String::new(),
        artists: [].into(),
        aliases: vec![],
        editions: vec![],
        merged: vec![],
    }
}

fn medium(titles: &[&str]) -> Vec<Medium> {
    let track = |(position, title): (u32, &&str)| Track {
        position,
        number: position.to_string(),
        title: (*title).to_owned(),
        length_ms: Some(1000),
        recording: None,
        credit: vec![],
    };
    vec![Medium { position: 1, format: None, title: None, tracks: (1..).zip(titles).map(track).collect() }]
}

fn guess(name: &str, titles: &[&str]) -> Guess {
    let file = |title: &&str| TorrentFile { path: format!("01 - {title}.flac"), size_bytes: 1 };
    Guess::of(name, &titles.iter().map(file).collect::<Vec<_>>())
}

#[test]
fn every_agreement_counts_and_is_a_reason() {
    let guess =
        guess("The Salt Cartographers - Maps of Low Water (1994) [CD] {NHR-014}", &["Ebb", "Slack Water"]);
    let evidence = Evidence::new(&guess);
    let same = edition(1, 2, "CD", "1994-05", "NHR 014");
    let whole = evidence.weigh(&group(), &same, &medium(&["Ebb", "Slack Water"]));
    assert_eq!(whole.percent(), Some(100));
    assert!(whole.has_all_tracks);
    for reason in [
        "2 of 2 tracks",
        "titles alike",
        "catalogue number NHR-014 in the name",
        "name alike",
        "1994 in the name",
        "CD",
    ] {
        assert!(whole.reasons.iter().any(|found| found == reason), "{reason}: {:?}", whole.reasons);
    }
    for (other, titles) in [
        (edition(2, 3, "CD", "1994", "NHR-014"), &["Ebb", "Slack Water", "Flow"][..]),
        (edition(3, 2, "12\" Vinyl", "1994", "NHR-014"), &["Ebb", "Slack Water"]),
        (edition(4, 2, "CD", "2004", "NHR-014"), &["Ebb", "Slack Water"]),
        (edition(5, 2, "CD", "1994", "OTHER-1"), &["Ebb", "Slack Water"]),
        (edition(6, 2, "CD", "1994", "NHR-014"), &["Quite", "Another"]),
    ] {
        let weight = evidence.weigh(&group(), &other, &medium(titles));
        assert!(weight.earned < whole.earned && weight.percent() < Some(100), "{}", other.mbid);
    }
}

#[test]
fn nothing_to_compare_is_no_match() {
    let weight = Evidence::new(&guess("", &[])).weigh(&group(), &edition(1, 2, "CD", "1994", "NHR-014"), &[]);
    assert_eq!((weight.percent(), weight.reasons.len()), (None, 0));
}

#[test]
fn likeness_is_of_letters_only_and_between_0_and_1() {
    assert_eq!(alike("The Pilot's Daughter", "the pilots daughter!"), 1.0);
    assert_eq!(alike("Ebb", "Flow"), 0.0);
    assert_eq!((alike("", ""), alike("a", "a"), alike("a", "b")), (0.0, 1.0, 0.0));
    let some = alike("Slack Water", "Slack Water (live)");
    assert!(some > 0.5 && some < 1.0, "{some}");
    // "aaaa" has three pairs of one sort, "aa" one.
    assert_eq!(alike("aaaa", "aa"), 0.5);
}

#[test]
fn only_what_fits_well_and_better_is_chosen_beforehand() {
    let list = |percents: &[Option<u8>]| -> Vec<Candidate> {
        let candidate = |percent: &Option<u8>| Candidate {
            match_percent: *percent,
            ..plain(Uuid::nil(), MbidKind::Release, None, vec![])
        };
        percents.iter().map(candidate).collect()
    };
    assert_eq!(convincing(&list(&[Some(97), Some(80), None])), Some(0));
    assert_eq!(convincing(&list(&[Some(97), Some(97)])), None, "two fit as well");
    assert_eq!(convincing(&list(&[Some(79)])), None);
    assert_eq!(convincing(&list(&[None, Some(97)])), None);
    assert_eq!(convincing(&[]), None);
}

#[test]
fn the_chosen_one_is_never_cut_off() {
    let long: Vec<Candidate> =
        (0..20).map(|number| plain(Uuid::from_u128(number), MbidKind::Release, None, vec![])).collect();
    let shown = shown(long, Some(17));
    assert_eq!((shown.list.len(), shown.list[shown.chosen.unwrap()].mbid), (MAX_SHOWN, Uuid::from_u128(17)));
}

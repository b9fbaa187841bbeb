//! What a person would expect to find first.

use super::*;
use crate::search::{Identifier, MAX_QUERY_BYTES};
use proptest::prelude::*;

/// Each query with the hits that have to be first, in this order.
const JUDGED: &[(&str, &[&str])] = &[
    // Artist, title, both, in either order, with a year.
    ("maps of low water", &["* - Maps of Low Water", "* - Maps of Low Water"]),
    ("salt cartographers maps of low water", &["The Salt Cartographers - Maps of Low Water"]),
    ("Maps of Low Water The Salt Cartographers", &["The Salt Cartographers - Maps of Low Water"]),
    ("Tribute Orchestra - Maps of Low Water", &["Tribute Orchestra - Maps of Low Water"]),
    ("the salt cartographers soundings 1996", &["The Salt Cartographers - Soundings"]),
    ("salt cartographers", &["The Salt Cartographers - *"; 4]),
    (
        "low water choir maps",
        &[
            "Low Water Choir - Maps",
            "Low Water Choir - Low Water Choir Sings the Maps of the Salt Cartographers",
        ],
    ),
    ("violet rain", &["* - *Rain", "* - *Rain"]),
    ("prince of tides violet rain 1984 vinyl flac", &["Prince of Tides - Violet Rain"]),
    ("radiofoot", &["Radiofoot - *"; 3]),
    ("kid b", &["Radiofoot - Kid B"]),
    ("1994", &["Dead Reckoning - 1994"]),
    ("barometer", &["Gramophone Weather - Barometer", "Gramophone Weather - Barometers"]),
    ("lighthouse keepers 1988", &["Various Artists - Songs of the Lighthouse Keepers, Volume 1"]),
    ("wall of weed live", &["The Salt Cartographers - The Wall of Weed"]),
    // The last word need not be finished.
    ("salt cartog", &["The Salt Cartographers - *"; 4]),
    ("gramophone baro", &["Gramophone Weather - *"; 2]),
    // Label, catalogue number, barcode.
    ("lighthouse tapes lt4", &["Gramophone Weather - Barometer"]),
    ("nhr014", &["The Salt Cartographers - Maps of Low Water"]),
    ("NHR 021", &["The Salt Cartographers - Soundings"]),
    ("ta12", &["Low Water Choir - Low Water Choir Sings the Maps of the Salt Cartographers"]),
    ("500000000013", &["AM Radio - PM"]),
    // Case, diacritics, punctuation, signs, single letters.
    ("sigrun oros agaetis nott", &["Sigrún Órós - Ágætis Nótt"]),
    ("SIGRÚN ÓRÓS", &["Sigrún Órós - *"; 3]),
    ("Sigrún Órós ( )", &["Sigrún Órós - ( )"]),
    ("appetite forgravel", &["Nails N' Petals - Appetite for Gravel"]),
    ("sunflowerengines", &["Blackbirders - Sunflower Engines"]),
    ("hvarf and heim", &["Sigrún Órós - Hvarf & Heim"]),
    ("motor ampel ace of lanes", &["Motör Ämpel - Ace of Lanes"]),
    ("bjorn skrap", &["Björn Skráp - Posthumous"]),
    ("lucja zuraw piesni", &["Łucja Żuraw - Pieśni Zimowe"]),
    ("dang mua dem ha noi", &["Đặng Mưa - Đêm Hà Nội"]),
    ("ampm", &["AM/PM - *"; 2]),
    ("am pm", &["AM/PM - *", "AM/PM - *", "AM Radio - PM"]),
    ("AM/PM low voltage", &["AM/PM - Low Voltage"]),
    ("nails n petals", &["Nails N' Petals - *"; 2]),
    ("Nails & Petals shovel", &["Nails N' Petals - Use Your Shovel I"]),
    ("!!!", &["!!! - *"; 2]),
    ("!!! louden", &["!!! - Louden Down Now"]),
    ("panic in the greenhouse", &["Panic! In the Greenhouse - A Fever You Can Water"]),
    ("a", &["A - A"]),
    ("Z", &["Q - Z"]),
    ("ram automatic", &["R.A.M. - Automatic for Nobody"]),
    ("r.a.m.", &["R.A.M. - Automatic for Nobody"]),
    ("the the tide", &["The The Tide - Dusk Till Noon"]),
    ("harbour and tide", &["Harbour & Tide - Parsley, Thyme"]),
    ("harbour tide", &["Harbour & Tide - Parsley, Thyme"]),
    ("kasha tin", &["Ka$ha Tin - A$AP Harbour"]),
    ("dont sink well float", &["Don't Sink - We'll Float"]),
    ("l’ilot ete", &["L'Îlot - L'Été d'Or"]),
    ("ilot", &["L'Îlot - L'Été d'Or"]),
    // Scripts other than Latin.
    ("кинотеатр", &["Кинотеатр - *"; 2]),
    ("ЗВЕЗДА по имени йод", &["Кинотеатр - Звезда по имени Йод"]),
    ("елки зимнии", &["Ёлки - Зимний Вечер"]),
    ("μανος ναυτησ", &["Μάνος Ναύτης - Όλα τα Νησιά"]),
    ("東京塩湖", &["東京塩湖 - *"; 2]),
    ("塩湖 海", &["東京塩湖 - 海"]),
    ("海", &["東京塩湖 - 海", "京都砂丘 - 東の海"]),
    ("列車", &["東京塩湖 - 群青列車"]),
    ("ラジオ", &["ゆらめき帝都 - 空洞ラジオ"]),
    ("x塩 sea", &["X塩 - 紅いSEA"]),
    ("지도", &["소금지도 - 낮은 물의 지도"]),
    ("เกลือ", &["แผนที่เกลือ - น้ำลง"]),
    ("नमक पानी", &["नमक के नक्शे - धीमा पानी"]),
    ("خرائط", &["فرقة الملح - خرائط الماء"]),
    // Filters.
    ("salt format:mp3", &["The Salt Cartographers - The Salt Cartographers"]),
    ("artist:violet rain", &["Violet - Rain"]),
    ("type:live", &["The Salt Cartographers - The Wall of Weed"]),
    ("label:\"ninth harbour\" year:1995..1998", &["The Salt Cartographers - Soundings"]),
    ("catno:nhr-030 media:vinyl encoding:24bit", &["The Salt Cartographers - The Wall of Weed"]),
];

/// Queries that find nothing as typed, the first hit, and what is suggested.
const FORGIVEN: &[(&str, &str, Option<&str>)] = &[
    (
        "salt cartografers soundings",
        "The Salt Cartographers - Soundings",
        Some("salt cartographers soundings"),
    ),
    ("Radiofot Kid B", "Radiofoot - Kid B", Some("radiofoot kid b")),
    // Two errors in a long word; letters swapped.
    ("gramofon barometer", "Gramophone Weather - Barometer", None),
    ("gramofone wether", "Gramophone Weather - Barometer*", Some("gramophone weather")),
    ("paranoid cybrog", "Radiofoot - Paranoid Cyborg", Some("paranoid cyborg")),
    ("posthumuos skarp", "Björn Skráp - Posthumous", Some("posthumous skrap")),
    // A space too few, and one too many.
    ("blackbirderssunflower", "Blackbirders - Sunflower Engines", Some("blackbirders sunflower")),
    ("appetite forgravel 1987", "Nails N' Petals - Appetite for Gravel", Some("appetite for gravel 1987")),
    ("black birders engines", "Blackbirders - Sunflower Engines", Some("blackbirders engines")),
    ("кинотиатр", "Кинотеатр - *", Some("кинотеатр")),
    // A word too many, or a wrong one.
    ("salt cartographers soundings remastered deluxe", "The Salt Cartographers - Soundings", None),
    ("kid b 1999", "Radiofoot - Kid B", None),
    ("radiofot kidd d", "Radiofoot - Kid B", None),
    ("東京塩田 群青", "東京塩湖 - 群青列車", None),
    (
        "cartografers format:mp3",
        "The Salt Cartographers - The Salt Cartographers",
        Some("cartographers format:mp3"),
    ),
];

/// `*` stands for anything.
fn is(name: &str, pattern: &str) -> bool {
    let mut rest = name;
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap();
    let Some(stripped) = rest.strip_prefix(first) else { return false };
    rest = stripped;
    let mut open = false;
    for piece in pieces {
        open = piece.is_empty();
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || open
}

#[test]
fn what_is_meant_comes_first() {
    let library = Library::with(catalogue::links());
    let mut wrong = Vec::new();
    for (query, expected) in JUDGED {
        let (hits, names) = (library.hits(query), library.names(query));
        let right = names.len() >= expected.len()
            && names.iter().zip(*expected).all(|(name, pattern)| is(name, pattern))
            && hits.exact >= 1
            && hits.total >= hits.exact;
        if !right {
            wrong.push(format!("{query}\n  wanted {expected:?}\n  found {names:?} ({} exact)", hits.exact));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), JUDGED.len(), wrong.join("\n"));
}

#[test]
fn errors_are_forgiven() {
    let library = Library::with(catalogue::links());
    let mut wrong = Vec::new();
    for (query, first, suggestion) in FORGIVEN {
        let (hits, names) = (library.hits(query), library.names(query));
        let right =
            names.first().is_some_and(|name| is(name, first)) && hits.suggestion.as_deref() == *suggestion;
        if !right {
            wrong.push(format!("{query}\n  found {names:?} ({} exact) {:?}", hits.exact, hits.suggestion));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), FORGIVEN.len(), wrong.join("\n"));
}

/// What was typed right stays as it was, or it would no longer be found.
#[test]
fn a_suggestion_keeps_words_apart_that_punctuation_parts() {
    let library = Library::with(catalogue::links());
    for (query, suggestion) in [
        ("kid/b radiofot", "kid-b radiofoot"),
        ("salt & cartografers soundings", "salt & cartographers soundings"),
    ] {
        assert_eq!(library.hits(query).suggestion.as_deref(), Some(suggestion));
        assert!(library.hits(suggestion).exact >= 1, "{suggestion}");
    }
}

/// The label is found in spite of its error, but only errors in names are corrected.
#[test]
fn a_suggestion_that_would_find_nothing_is_not_made() {
    let library = Library::with(catalogue::links());
    let hits = library.hits("soundngs nint harbour");
    assert_eq!((hits.exact, hits.suggestion), (0, None));
    assert_eq!(name(&hits.groups[0]), "The Salt Cartographers - Soundings");
    assert_eq!(library.hits("soundngs ninth harbour").suggestion.as_deref(), Some("soundings ninth harbour"));
}

#[test]
fn what_is_typed_right_is_above_what_is_forgiven() {
    let library = Library::with(catalogue::links());
    // "Gramaphone" is an artist, and one letter off another's name.
    let hits = library.hits("gramaphone");
    let names = library.names("gramaphone");
    assert_eq!((hits.exact, hits.total, hits.suggestion), (1, 3, None));
    assert_eq!(names[0], "Gramaphone - Whether");
    assert!(names[1..].iter().all(|name| is(name, "Gramophone Weather - *")), "{names:?}");
    // A suggestion finds what it promises, as typed.
    for (query, first, suggestion) in FORGIVEN {
        if let Some(suggestion) = suggestion {
            assert_eq!(library.hits(query).exact, 0, "{query}");
            let hits = library.hits(suggestion);
            assert!(hits.exact >= 1 && is(&name(&hits.groups[0]), first), "{suggestion}");
        }
    }
}

#[test]
fn whole_names_and_whole_words_outrank_parts() {
    let library = Library::with(vec![
        link(1, "Kelp", "A Long Title That Speaks of the Sky and of Other Things"),
        link(2, "Sky Kelp Band", "Short"),
        link(3, "Some Older Tide of Many, Many Words", "Sail"),
        link(4, "Older Tide Two", "Sailor"),
    ]);
    // It begins with an artist's whole name.
    assert_eq!(library.hits("kelp sky").groups[0].mbid, link(1, "", "").mbid);
    assert_eq!(library.names("band sky kelp")[0], "Sky Kelp Band - Short");
    // The last word is one, and also the beginning of another: that is asked for alone, or with a star.
    assert_eq!(
        library.names("sail"),
        ["Some Older Tide of Many, Many Words - Sail", "Older Tide Two - Sailor"]
    );
    let hits = library.hits("older tide sail*");
    assert_eq!((hits.exact, hits.groups[0].title(), hits.groups[1].title()), (2, "Sail", "Sailor"));
    assert_eq!(library.hits("older tide sail").total, 1);
}

#[test]
fn frequent_words_are_not_doubted() {
    // "sang" and "song" are both common: neither finds the other.
    let links = (0..4).map(|n| link(n, "Sang", &format!("One {n}")));
    let links = links.chain((4..9).map(|n| link(n, "Song", &format!("Two {n}"))));
    let library = Library::with(links.collect());
    assert_eq!((library.hits("sang").total, library.hits("song").total), (4, 5));
    assert_eq!(library.hits("seng").total, 9);
}

#[test]
fn filters_narrow_and_alone_list_all() {
    let library = Library::with(catalogue::links());
    let all = library.hits("year:1..9999").total;
    assert_eq!(all, 60);
    let (flac, mp3) = (library.hits("format:flac").total, library.hits("format:MP3").total);
    assert_eq!(flac + mp3, all);
    assert_eq!(library.hits("media:vinyl year:..1970").total, 2);
    assert_eq!(library.hits("encoding:V0 type:album").total, 1);
    assert_eq!(library.hits("salt format:wav").total, 0);
    assert!(matches!(library.ask("year:x", 1, 0), Err(SearchError::Query(_))));
}

#[test]
fn pages_add_up_and_ties_are_sorted() {
    let library = Library::with((0..250).map(|n| link(n, "Even Keel", "Same Title")).collect());
    let mut mbids = Vec::new();
    for offset in [0, 100, 200, 300] {
        let hits = library.ask("even keel", 1_000, offset).unwrap();
        assert_eq!(hits.total, 250);
        mbids.extend(hits.groups.iter().map(|group| group.mbid));
    }
    assert_eq!(mbids.len(), 250);
    assert!(mbids.is_sorted());
    assert_eq!(library.ask("even keel", 0, 0).unwrap().groups, []);
    assert_eq!(library.ask("even keel", 7, usize::MAX).unwrap().groups, []);

    // A page can end among those found as typed, and go on with those forgiven.
    let library = Library::with(catalogue::links());
    let all = library.names("gramaphone");
    let paged: Vec<String> = (0..3)
        .flat_map(|offset| library.ask("gramaphone", 1, offset).unwrap().groups)
        .map(|g| name(&g))
        .collect();
    assert_eq!(paged, all);
}

#[test]
fn identifiers_lead_to_their_groups() {
    let mut links = catalogue::links();
    links[1].infohash_v2 = Some([0xd7; 32]);
    // Two editions of one group; a release that stands for itself.
    links[2].mbid_kind = crate::mbid::MbidKind::Release;
    links[2].release_group = Some(links[0].mbid);
    let library = Library::with(links.clone());
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let v1 = links[0].infohash_v1.unwrap();
    for text in [
        links[0].mbid.to_string(),
        links[2].mbid.to_string(),
        format!("https://musicbrainz.org/release-group/{}", links[0].mbid),
        format!("https://musicbrainz.org/release/{}/discids", links[2].mbid),
        hex(&v1),
        hex(&v1).to_uppercase(),
        data_encoding::BASE32.encode(&v1),
        format!("magnet:?xt=urn:btih:{}&dn=maps&tr=udp://tracker.example:80", hex(&v1)),
    ] {
        let hits = library.hits(&text);
        assert!(hits.identified.is_some(), "{text}");
        assert_eq!((hits.total, hits.exact, hits.groups.len()), (1, 1, 1), "{text}");
        assert_eq!(hits.groups[0].mbid, links[0].mbid, "{text}");
        assert_eq!(hits.groups[0].links().len(), 2, "{text}");
    }
    for text in [hex(&[0xd7; 32]), format!("magnet:?xt=urn:btmh:1220{}", hex(&[0xd7; 32]))] {
        assert_eq!(library.hits(&text).groups[0].mbid, links[1].mbid, "{text}");
    }
    // Nothing is linked there: the answer says what it was, and finds nothing.
    let unknown = Uuid::from_u128(1);
    let hits = library.hits(&unknown.to_string());
    assert_eq!((hits.identified, hits.total), (Some(Identifier::Mbid(unknown)), 0));
    // Of the form of an infohash, and a word all the same.
    let word = "abcdefghijklmnopqrstuvwxyzabcdef";
    let library = Library::with(vec![link(1, word, "A Long Name")]);
    assert_eq!(library.names(word), [format!("{word} - A Long Name")]);
}

#[test]
fn a_query_that_cannot_be_read_is_explained() {
    let library = Library::new();
    for (text, code) in [
        ("year:soon".to_owned(), "query.year"),
        ("label:\"open".to_owned(), "query.quote"),
        ("https://musicbrainz.org/artist/8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0".to_owned(), "mbid.kind"),
        ("a".repeat(MAX_QUERY_BYTES + 1), "query.length"),
    ] {
        let problem = library.ask(&text, 10, 0).unwrap_err().problem().unwrap();
        assert_eq!((problem.code, problem.field), (code, "q"), "{text}");
    }
    assert_eq!(library.hits("  "), Hits::default());
    assert_eq!(library.hits("anything").total, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_gets_an_answer(
        pieces in prop::collection::vec(
            prop_oneof![any::<String>(), "[a-z]{1,12} ", "[!-~]{1,9} ", "(year:19|label:|\"|東京塩|\\(|&) ?"],
            0..8,
        ),
    ) {
        thread_local!(static LIBRARY: Library = Library::with(catalogue::links()));
        let text = pieces.concat();
        LIBRARY.with(|library| match library.ask(&text, 5, 0) {
            Ok(hits) => {
                assert!(hits.exact <= hits.total);
                assert_eq!(hits.groups.len() as u64, hits.total.min(5));
            }
            Err(error) => assert!(error.problem().is_some(), "{error}"),
        });
    }
}

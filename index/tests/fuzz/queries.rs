//! What people type and paste: infohashes, MBIDs, queries.

use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::link::Link;
use deadwax_index::entry::{AuthorKey, EntryId, Kind, VerifiedEntry};
use deadwax_index::infohash::{InfohashError, InfohashV1, InfohashV2};
use deadwax_index::ingest::ingest;
use deadwax_index::mbid::{self, MbidError};
use deadwax_index::search::{
    Hits, Identifier, MAX_LIMIT, MAX_QUERY_BYTES, Query, QueryError, SearchError, SearchIndex,
    parse_identifier, parse_query,
};
use deadwax_index::store::Store;

use crate::harness::{Reached, Target, fuzz};
use crate::seeds::{self, MBID, V1, V2};

/// The first error of both versions is of the length; then come the characters.
fn reached<T>(result: &Result<T, InfohashError>) -> Reached {
    match result {
        Ok(_) => Reached::End,
        Err(InfohashError::WrongCharacters { .. }) => Reached::Inside,
        Err(_) => Reached::Door,
    }
}

#[test]
fn infohashes() {
    let base32 = "ljnvyxk6l5qgcytdmrswmz3infvgw3dn";
    let seeds = seeds::texts(&[V1, V2, &V1.to_uppercase(), base32, &format!(" 1220{V2}\n"), &V1[1..], ""]);
    let target = Target { name: "infohashes", seeds, tokens: b"1220| |g", ..Target::default() };
    fuzz(&target, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (v1, v2) = (text.parse::<InfohashV1>(), text.parse::<InfohashV2>());
        let folded = text.trim().to_ascii_lowercase();
        if let Ok(hash) = v1 {
            assert_eq!(hash.to_string().parse(), Ok(hash));
            assert!(hash.to_string() == folded || folded.len() == 32, "{text:?}");
            assert!(v2.is_err(), "{text:?} is both");
        }
        if let Ok(hash) = v2 {
            assert_eq!(hash.to_string(), folded);
            assert_eq!(InfohashV2::from_multihash(&format!("1220{hash}")), Ok(hash));
            assert_eq!(folded.parse(), Ok(EntryId(hash.0)));
        }
        if let Ok(key) = text.parse::<AuthorKey>() {
            assert_eq!(key.to_string(), text.to_ascii_lowercase());
        }
        if let Ok(hash) = InfohashV2::from_multihash(&text) {
            assert_eq!(format!("1220{hash}"), folded.split_whitespace().collect::<String>());
        }
        if reached(&v1) == Reached::Door { reached(&v2) } else { reached(&v1) }
    });
}

#[test]
fn mbids() {
    let seeds = seeds::texts(&[
        MBID,
        &format!(" https://musicbrainz.org/release-group/{MBID}?tab=1 "),
        &format!("http://beta.musicbrainz.org/recording/{}#top", MBID.to_uppercase()),
        &format!("musicbrainz.org/artist/{MBID}/releases"),
        "https://example.org/release/x",
    ]);
    let tokens = b"://|/|release|release-group|artist|.musicbrainz.org|-|#";
    let target = Target { name: "mbids", seeds, tokens, min_inside_percent: 5, ..Target::default() };
    fuzz(&target, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match mbid::parse(&text) {
            Ok((mbid, kind)) => {
                assert!(text.to_ascii_lowercase().contains(&mbid.to_string()), "{text:?}");
                assert_eq!(mbid::parse(&mbid.to_string()), Ok((mbid, None)));
                assert!(kind.is_none_or(|kind| text.contains(kind.url_segment())), "{text:?}");
                assert_eq!(parse_identifier(&text), Ok(Some(Identifier::Mbid(mbid))));
                Reached::End
            }
            Err(MbidError::Form) => Reached::Door,
            Err(error @ MbidError::WrongKind(_)) => {
                let message = error.problem().message;
                assert!(message.len() < 300 && !message.contains(char::is_control), "{message:?}");
                Reached::Inside
            }
        }
    });
}

/// A data directory with a few records, and its search index.
struct Library {
    store: Store,
    search: SearchIndex,
    _dir: tempfile::TempDir,
}

impl Library {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, search) = (Store::open(dir.path()).unwrap(), SearchIndex::open(dir.path()).unwrap());
        let valid = seeds::entries(&["valid"]);
        let mut links: Vec<_> = valid.iter().map(|bytes| VerifiedEntry::verify(bytes).unwrap()).collect();
        let mut author = Identity::from_secret([7; 32]);
        for (number, title) in
            (0..).zip(["Maps of Low Water", "R.E.M. & Tide", "東京の海", "!!!", "Low Tide 1970"])
        {
            let mut link = links.iter().find_map(|entry| Link::from_body(entry.body()?).ok()).unwrap();
            (link.title, link.infohash_v1) = (title.into(), Some([number; 20]));
            link.mbid = uuid::Uuid::from_u128(number.into());
            links.push(author.sign(link.to_body().unwrap(), Kind::Link.number(), number.into(), 494_000));
        }
        ingest(&store, &links, None).unwrap();
        search.catch_up(&store).unwrap();
        Self { store, search, _dir: dir }
    }

    fn ask(&self, text: &str, limit: usize) -> Result<Hits, SearchError> {
        self.search.search(&self.store, &Query { text: text.into(), limit, ..Query::default() })
    }
}

#[test]
fn searches() {
    let mut seeds = seeds::texts(&[
        "low water",
        "maps artist:\"salt cartographers\" year:1970..1999 format:flac",
        "LABEL:\"Ninth Harbour\" media:vinyl year:..1973 type:live catno:NHR-014",
        "東京の海 title:海",
        "r.e.m. $ & !!! lowwater ma ps carto graphers cartogrphers",
        "label:\"ninth",
        "\"low water\" -live -\"wall of weed\" -type:ep seeded:no log:100 added:2026-05.. cart*",
        "sort:newest by:03a107bf has:link -has:cue barcode:5012394144777",
        "[r123] 5 012394 144777",
        "year:1973..1970",
        V1,
    ]);
    seeds.extend(seeds::magnets());
    let tokens =
        "\"|:| |..| -| -\"|*| sort:size| has:link| added:20| seeded:yes| year:| title:| label:\"| media:cd|\
        \u{3000}|\u{fdfa}|\u{1f1e9}|が|\u{e33}|$|& |. "
            .as_bytes();
    let target = Target { name: "searches", seeds, tokens, ..Target::default() };
    let library = Library::new();
    fuzz(&target, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let parsed = parse_query(&text);
        match &parsed {
            Ok(parsed) => assert_eq!(parse_query(text.trim()).as_ref(), Ok(parsed)),
            Err(QueryError::TooLong(bytes)) => assert!(*bytes > MAX_QUERY_BYTES),
            // Phrases and exclusions count as filters.
            Err(QueryError::TooManyFilters) => assert!(text.len() > 48, "{text:?}"),
            Err(_) => assert!(text.contains(':'), "words alone are always understood"),
        }
        let limit = 1 + bytes.len() % (2 * MAX_LIMIT);
        let hits = match library.ask(&text, limit) {
            Ok(hits) => hits,
            Err(SearchError::Query(error)) => {
                let message = error.problem().message;
                assert!(message.len() < 500 && !message.contains(char::is_control), "{message:?}");
                return Reached::Door;
            }
            Err(error) => panic!("{error}"),
        };
        assert!(parsed.is_ok() || hits.identified.is_some());
        let count = hits.groups.len();
        assert!(hits.exact <= hits.total && count as u64 <= hits.total && count <= limit.min(MAX_LIMIT));
        if let Some(suggestion) = &hits.suggestion {
            let better = library.ask(suggestion, limit).unwrap();
            assert!(better.exact > 0, "{text:?}: {suggestion:?} finds nothing");
        }
        if hits.total == 0 { Reached::Inside } else { Reached::End }
    });
}

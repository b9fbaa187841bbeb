//! Search over the real catalogue of 1968 to 1973: what a person means comes first.
//!
//! Queries and MBIDs are facts; the records are in the corpus.

use crate::corpus;
use deadwax_index::catalogue;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::link::Link;
use deadwax_index::ingest::{Outcome, ingest};
use deadwax_index::mbid::{MbidKind, Uuid};
use deadwax_index::search::{Cursor, Hits, Query, SearchIndex, Sort};
use deadwax_index::store::Store;

/// Each query with the release group that has to be first.
const JUDGED: &[(&str, &str)] = &[
    // Artist and title, fragments of both, either order, a year.
    ("beatles abbey road", "9162580e-5df4-32de-80cc-f45a8d8a9b1d"),
    ("abbey road", "9162580e-5df4-32de-80cc-f45a8d8a9b1d"),
    ("Abbey Road The Beatles 1969", "9162580e-5df4-32de-80cc-f45a8d8a9b1d"),
    ("the beatles", "055be730-dcad-31bf-b550-45ba9c202aa3"),
    ("pink floyd meddle", "4e98c9b4-92f6-3049-b9da-a1088b623672"),
    ("meddle pink floyd", "4e98c9b4-92f6-3049-b9da-a1088b623672"),
    ("zeppelin houses of the holy", "9b5006e5-b276-3a05-bcdd-8d986842320b"),
    ("led zeppelin iv", "2e61da88-39e9-3473-81d2-c964cb394952"),
    ("nick drake pink moon", "740ec10a-e887-38a6-a04d-fe2069c9e2a7"),
    ("pink moon", "740ec10a-e887-38a6-a04d-fe2069c9e2a7"),
    ("velvet underground loaded", "4be9d91f-6ed7-34b8-aa5e-45be79819273"),
    ("funkadelic cosmic slop", "3337c981-c416-3513-a02b-6d6065b9316b"),
    ("marvin gaye whats going on 1971", "c1fa4d2c-ec62-37d5-b01d-6df7f8fd2c90"),
    ("paranoid 1970", "cc053745-c447-3566-8f27-bed5438c9133"),
    ("black sabbath paranoid album", "cc053745-c447-3566-8f27-bed5438c9133"),
    ("john coltrane 1971", "61782c64-3b25-3ecf-a770-84ecd9cfdfa9"),
    ("joni mitchell blue", "42d725fb-a8b7-388c-8866-3b02789af326"),
    ("deep purple machine head", "d00243c5-adcf-3018-9aa7-1957d7a5a774"),
    ("machine head", "d00243c5-adcf-3018-9aa7-1957d7a5a774"),
    ("miles davis bitches brew", "a9e30282-5b37-3f92-b897-b9659a1a312b"),
    ("the doors l.a. woman", "7be633bd-d1f6-3d89-8939-803ae0ed0de8"),
    ("la woman", "7be633bd-d1f6-3d89-8939-803ae0ed0de8"),
    ("david bowie ziggy stardust", "6c9ae3dd-32ad-472c-96be-69d0a3536261"),
    ("rise and fall of ziggy", "6c9ae3dd-32ad-472c-96be-69d0a3536261"),
    ("king crimson court", "a50636b5-5233-3329-a7f3-dba3d0e00ef7"),
    ("lou reed transformer", "6c8345df-f822-33af-b64a-eff2e46941b9"),
    ("elton john goodbye yellow brick road", "80df0f1b-4ce7-348a-aa1b-0d31ebff111a"),
    ("leonard cohen love and hate", "964ccc52-2873-3bce-a806-73d71532c539"),
    ("cosmos factory creedence", "3a31800f-1916-3f4c-a7ae-26b783d00670"),
    ("ccr cosmos factory", "3a31800f-1916-3f4c-a7ae-26b783d00670"),
    ("jimi hendrix electric ladyland", "47ba2d59-5544-34a4-b108-dc08c0956298"),
    ("mc5 kick out", "44410403-45d3-30fa-ba48-d16664bf6fb3"),
    ("the yes album", "0fa03925-736c-3537-b0c6-201091543177"),
    ("yes fragile", "b1176e7b-fa2e-3b28-959a-d8f55b5b6ccf"),
    ("if 1970 album", "77b52490-fdcf-4da3-9b5d-ef8287daf89b"),
    ("faust iv", "75ec1e72-cc7d-37b6-bebd-a1131b578e7b"),
    ("tommy", "0e587339-406a-3d21-8678-73e46e250379"),
    ("the who tommy 1972", "198a0e1d-ffe7-3cc7-92f7-167758d33acf"),
    ("stooges fun house", "edd57263-df77-3f1a-8803-8beb5d5b1a64"),
    ("hunky dory", "743b0b2e-a23a-3182-950e-232f8cb0dfb7"),
    // Errors and spaces.
    ("beetles abbey road", "9162580e-5df4-32de-80cc-f45a8d8a9b1d"),
    ("led zepplin houses", "9b5006e5-b276-3a05-bcdd-8d986842320b"),
    ("ummaguma", "b7aa61ae-3572-32c0-8b93-6af78ea83760"),
    ("bryter later", "d742fded-00e7-3746-a63d-aa2def3fdbcc"),
    ("bridge over trubled water simon", "840d6dc5-c003-4b94-9426-ab6544574d02"),
    ("beatels abey road", "9162580e-5df4-32de-80cc-f45a8d8a9b1d"),
    ("electric lady land", "47ba2d59-5544-34a4-b108-dc08c0956298"),
    ("funhouse", "edd57263-df77-3f1a-8803-8beb5d5b1a64"),
    ("super fly", "3f68cf91-b4f0-39ef-8318-93dc064a53ba"),
    ("after the goldrush", "b6a3952b-9977-351c-a80a-73e023143858"),
    ("astor piazola teatro regina", "8b46e318-b3d9-309a-a12f-b7bb34a5ec0f"),
    // Punctuation and stop words.
    ("whos next", "9584e28b-66a7-3846-8d52-b3008a283539"),
    ("who's next", "9584e28b-66a7-3846-8d52-b3008a283539"),
    ("What It Is birdsong", "a402fd98-94b2-492b-affa-15bf2d61174f"),
    ("free your mind and your ass will follow", "9e010e17-8f75-36b4-91e0-806da39177b1"),
    ("thank you falettinme be mice elf agin", "f3e02d30-2d66-31c2-a048-e4a0eb832abf"),
    ("neu! 2", "9ea01d83-e7e9-3445-a1bc-e231ebec635b"),
    ("cosmo's factory", "3a31800f-1916-3f4c-a7ae-26b783d00670"),
    ("if", "77b52490-fdcf-4da3-9b5d-ef8287daf89b"),
    ("can soundtracks", "898abf84-7be5-357b-87ca-cafd576f1638"),
    ("yes", "d85fd220-b4a7-3d98-baf1-7a53a5e5e255"),
    // One letter, one sign, a number.
    ("z", "9397cd80-c12f-3f49-b331-47cab5272e06"),
    ("3", "02fc0c8e-4a04-3260-aec8-6e6d072d46a0"),
    ("73", "87359d8a-5c61-4445-beed-3a600ab7233d"),
    ("mu", "8b9e1795-96d3-3ba4-af9b-15b496875bdf"),
    ("cq", "f41d7d9c-b18b-3229-9562-71eb08f184aa"),
    // Diacritics left out.
    ("amon duul yeti", "9dc1970e-6e6c-3143-b775-a54197d2c38d"),
    ("maquina en directo", "3afe12e4-31cb-457f-871a-c2ec4056e983"),
    ("giu la testa", "8c0d4ab6-a707-34a8-96f0-193b25908cb9"),
    ("wojciech mlynarski", "9ca94a74-9045-4a76-98ea-e64626c181ca"),
    ("tom ze", "15904e7c-3fae-3786-a7ef-4cfa4e3238e8"),
    ("jards macale", "ceeabbbc-c88a-3bf1-a81c-bc641612387f"),
    ("trubrot lifun", "62afbc8e-b21f-41ce-b627-3ff029a9a124"),
    ("magma kobaia muh", "d12cee75-c2c4-4097-9458-e7819c1d3a49"),
    ("fabrizio de andre storia di un impiegato", "cfb8d48c-912b-34d2-beef-7a3b38a8bff5"),
    ("victor jara el derecho de vivir en paz", "d0e604c3-5aea-4e73-b10c-f3782cbd33c2"),
    // Other scripts.
    ("祈り", "a04327af-eae9-4f23-9659-7d6c357227a2"),
    ("裏窓", "3b092935-5066-486d-b9dc-4967ea8920df"),
    ("ひこうき雲", "5d3b34b5-3852-3648-8543-2936aea417ac"),
    ("荒井由実", "5d3b34b5-3852-3648-8543-2936aea417ac"),
    ("修羅の花", "d312f45d-141c-4c96-af61-3a454ba93559"),
    ("ザ・タイガース", "a41e2433-21a0-4c76-90e2-31f6913d4011"),
    ("はっぴいえんど", "562cca67-d8eb-3d2b-b49c-2116803f2dd4"),
    ("самоцветы", "9a562547-95be-4be9-a0c8-80c9b9449a03"),
    ("червона рута", "ca9a80b1-4990-3909-bb5e-9a8c4a2f6387"),
    ("διονυσε καλοκαιρι μασ", "6bcfa58f-6f21-43d6-aa82-0243fddd6b40"),
    ("Άγιος Φεβρουάριος", "f9a8827c-861a-40ff-a39c-86b8fa227505"),
    ("אחרית הימים", "f5f8aa81-145d-37d7-be53-041272c50477"),
    // Various artists.
    ("various artists reggae movement", "e425592c-cf51-363d-8ce2-5003e1eff805"),
    ("various artists new sounds in electronic music", "9705f6f0-9aff-320c-8014-c1c76538e9f7"),
    ("asfalttilampaat", "76ea6b7d-aabf-3e67-94fe-3d56774c7efe"),
];

/// Queries with filters and phrases, and how many groups meet them.
const COUNTED: &[(&str, u64)] = &[
    ("\"abbey road\"", 2),
    ("\"road abbey\"", 0),
    ("abbey road -benson", 1),
    ("abbey road -\"other side\"", 1),
    ("artist:beatles abbey", 1),
    ("title:beatles abbey", 0),
    ("artist:\"pink floyd\" year:1971", 4),
    ("artist:\"pink floyd\" year:1971..1972", 8),
    ("artist:\"pink floyd\" year:1971..1972 -title:relics", 7),
    ("artist:\"led zeppelin\" type:album", 4),
    ("abbey has:link", 0),
    ("abbey -has:link", 2),
    ("abbey seeded:yes", 0),
    ("ab* road artist:beatles", 1),
];

struct Library {
    store: Store,
    search: SearchIndex,
    dir: tempfile::TempDir,
}

/// The corpus imported and indexed, or `None` after saying that a test was skipped.
fn library(test: &str) -> Option<Library> {
    let path = corpus(test, "musicbrainz")?;
    let dir = tempfile::tempdir().unwrap();
    catalogue::import(dir.path(), &[path.join("musicbrainz/json-dump-1968-1973")], |_| {}).unwrap();
    let store = Store::open(dir.path()).unwrap();
    let search = SearchIndex::open(dir.path()).unwrap();
    let progress = search.catch_up(&store).unwrap();
    assert_eq!((progress.groups, progress.rebuilt), (7_126, true));
    Some(Library { store, search, dir })
}

impl Library {
    fn ask(&self, query: &Query) -> Hits {
        self.search.search(&self.store, query).unwrap()
    }

    fn hits(&self, text: &str) -> Hits {
        self.ask(&Query { text: text.into(), limit: 10, ..Query::default() })
    }

    /// Signs links to the groups and takes them in.
    fn link(&self, author: u8, mbids: &[(Uuid, MbidKind)]) {
        let mut identity = Identity::from_secret([author; 32]);
        let entries: Vec<_> = mbids
            .iter()
            .zip(0..)
            .map(|((mbid, mbid_kind), n)| {
                let link = serde_json::json!({
                    "infohash_v1": format!("{:040x}", mbid.as_u128()),
                    "mbid": mbid, "mbid_kind": mbid_kind, "artist": "Somebody", "title": "Something Else",
                    "format": "FLAC", "media": "Vinyl", "encoding": "Lossless", "size_bytes": 1_000 + n,
                });
                let link: Link = serde_json::from_value(link).unwrap();
                identity.sign(link.to_body().unwrap(), 32, n, 494_000 + n)
            })
            .collect();
        let outcomes = ingest(&self.store, &entries, None).unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::New));
        self.search.catch_up(&self.store).unwrap();
    }
}

fn name(hits: &Hits) -> Vec<String> {
    hits.groups.iter().map(|group| format!("{} - {}", group.artist(), group.title())).collect()
}

#[test]
fn what_is_meant_comes_first() {
    let Some(library) = library("judged queries") else { return };
    let mut wrong = Vec::new();
    for (query, first) in JUDGED {
        let hits = library.hits(query);
        if hits.groups.first().is_none_or(|group| group.mbid.to_string() != *first) {
            wrong.push(format!("{query}: found {:?}", name(&hits)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), JUDGED.len(), wrong.join("\n"));
}

#[test]
fn filters_phrases_and_exclusions_narrow() {
    let Some(library) = library("filters") else { return };
    let counted: Vec<_> = COUNTED.iter().map(|(query, _)| (*query, library.hits(query).total)).collect();
    assert_eq!(counted, COUNTED);
}

#[test]
fn facets_add_up() {
    let Some(library) = library("facets") else { return };
    let hits = library.hits("year:1968..1973");
    let sum = |key: &str| hits.facets.0[key].values().sum::<u64>();
    assert_eq!(sum("year"), library.hits("year:1..9999").total);
    assert_eq!(hits.total, sum("year"));
    for kind in ["Album", "Single", "EP", "Other"] {
        let counted = hits.facets.0["type"][kind];
        assert_eq!(counted, library.hits(&format!("year:1968..1973 type:{kind}")).total, "{kind}");
        assert!(counted > 0);
    }
    assert_eq!(library.hits("year:1968..1973"), hits, "the answer that was kept is the same");
}

#[test]
fn linked_and_seeded_groups_come_before_others_and_a_name_before_them() {
    let Some(library) = library("linked first") else { return };
    let benson: Uuid = "4a7b829b-0599-374f-92c9-56b04634ce8e".parse().unwrap();
    let query = "george benson";
    let before = library.hits(query);
    assert!(before.total >= 3 && before.groups[0].mbid != benson, "{:?}", name(&before));
    let last = before.groups.last().unwrap().mbid;
    library.link(1, &[(benson, MbidKind::ReleaseGroup)]);
    let hits = library.hits(query);
    assert_eq!((hits.groups[0].mbid, hits.total), (benson, before.total));
    assert_eq!(name(&library.hits("abbey road"))[0], "The Beatles - Abbey Road");
    assert_eq!(library.hits("abbey road").facets.0["format"]["FLAC"], 1);

    library.link(2, &[(last, MbidKind::ReleaseGroup)]);
    let infohash: [u8; 20] = std::array::from_fn(|at| at.checked_sub(4).map_or(0, |at| last.as_bytes()[at]));
    library.search.set_seeders(&library.store, &[(infohash, 40), ([9; 20], 3)]).unwrap();
    let hits = library.hits(query);
    assert_eq!(hits.groups[0].mbid, last, "{:?}", name(&hits));
    assert_eq!(library.hits("seeded:yes").groups.iter().map(|group| group.mbid).collect::<Vec<_>>(), [last]);
    assert_eq!(library.hits("has:link seeded:no").groups[0].mbid, benson);
    assert_eq!(hits.facets.0["seeded"]["yes"], 1);
    let sorted = Query { text: "has:link".into(), limit: 10, sort: Some(Sort::Seeders), ..Query::default() };
    assert_eq!(library.ask(&sorted).groups[0].mbid, last);
    // What a link calls it finds the group, below what is called so.
    assert_eq!(library.hits("somebody something else").groups.len(), 2);
}

/// A link that names a release and no group is listed under the group that the catalogue knows.
#[test]
fn a_link_to_a_release_is_listed_under_its_group() {
    let Some(library) = library("releases") else { return };
    let group: Uuid = "9162580e-5df4-32de-80cc-f45a8d8a9b1d".parse().unwrap();
    let record = library.search.catalogue().with(|catalogue| catalogue.unwrap().0.group_record(&group));
    let release = record.unwrap().unwrap().editions[0].mbid;
    library.link(1, &[(release, MbidKind::Release)]);
    for text in ["abbey road has:link", &release.to_string(), &group.to_string()] {
        let hits = library.hits(text);
        assert_eq!((hits.total, hits.groups[0].mbid), (1, group), "{text}");
        assert_eq!((hits.groups[0].links().len(), hits.groups[0].title()), (1, "Abbey Road"), "{text}");
    }
    assert_eq!(library.hits("has:link").total, 1);
}

#[test]
fn every_order_is_walked_page_by_page() {
    let Some(library) = library("cursors") else { return };
    let some = library.hits("year:1969");
    let some: Vec<_> = some.groups.iter().map(|group| (group.mbid, MbidKind::ReleaseGroup)).collect();
    library.link(1, &some);
    for sort in Sort::ALL {
        let text = String::from("year:1969..1970 love");
        let mut query = Query { text, limit: 17, sort: Some(sort), ..Query::default() };
        let (mut mbids, mut years) = (Vec::new(), Vec::new());
        let total = loop {
            let hits = library.ask(&query);
            mbids.extend(hits.groups.iter().map(|group| group.mbid));
            years.extend(hits.groups.iter().map(|group| group.year().unwrap_or(0)));
            match hits.next {
                None => break hits.total,
                Some(next) => query.after = Some(next.to_string().parse::<Cursor>().unwrap()),
            }
        };
        assert!(total > 50, "{total}");
        assert_eq!(mbids.len() as u64, total, "{sort:?}");
        assert!(sort != Sort::Year || years.is_sorted_by(|a, b| a >= b), "{years:?}");
        mbids.sort();
        mbids.dedup();
        assert_eq!(mbids.len() as u64, total, "{sort:?}: a group was shown twice");
    }
}

/// A search sees the old catalogue or the new one.
#[test]
fn another_catalogue_makes_a_new_generation() {
    let Some(library) = library("generations") else { return };
    let before = library.hits("abbey road");
    let reader = SearchIndex::open(library.dir.path()).unwrap();
    // Without release groups there is nothing to find.
    let corpus = corpus("generations", "musicbrainz").unwrap();
    let artists = corpus.join("musicbrainz/json-dump-1968-1973/artist.tar.xz");
    catalogue::import(library.dir.path(), &[artists], |_| {}).unwrap();
    assert_eq!(library.hits("abbey road"), before);
    let progress = library.search.catch_up(&library.store).unwrap();
    assert_eq!((progress.groups, progress.rebuilt), (7_126, true));
    assert_eq!(library.hits("abbey road"), before);
    // Another process goes over to it when it looks.
    assert_eq!(
        reader
            .search(&library.store, &Query { text: "abbey road".into(), limit: 10, ..Query::default() })
            .unwrap(),
        before
    );
    assert_eq!(reader.catch_up(&library.store).unwrap().groups, 0);
    assert_eq!(
        std::fs::read_dir(library.dir.path().join("search"))
            .unwrap()
            .filter(|file| file.as_ref().unwrap().path().is_dir())
            .count(),
        1
    );
}

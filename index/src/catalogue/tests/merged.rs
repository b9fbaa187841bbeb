//! Merged MBIDs, from the tables of MusicBrainz's database.

use super::super::{Catalogue, ImportError, Kind};
use super::dump::{artist, bzip2, group, mbid, release, tar, write_dump};
use super::{Library, counts, led_to};
use crate::catalogue::lookup::Identifier;
use crate::entry::identity::Identity;
use crate::entry::link::{Link, tests::sample};
use crate::ingest::ingest;
use crate::listing::Listing;
use crate::mbid::Uuid;
use crate::search::{Query, SearchIndex};
use crate::store::Store;
use std::path::{Path, PathBuf};

/// Rows of a table: number and MBID, and columns that nobody reads.
fn rows(rows: &[(u64, u128, u128)]) -> String {
    let line = |(row, kind, number): &(u64, u128, u128)| {
        format!("{row}\t{}\tLow Water\t\\N\t0\t2014-01-01 00:00:00+00\n", mbid(*kind, *number))
    };
    rows.iter().map(line).collect()
}

/// Merged MBIDs: whose, and the row that they lead to.
fn merged(rows: &[(u128, u128, u64)]) -> String {
    let line = |(kind, number, row): &(u128, u128, u64)| {
        format!("{}\t{row}\t2014-01-01 00:00:00+00\n", mbid(*kind, *number))
    };
    rows.iter().map(line).collect()
}

fn pack(folder: &Path, members: &[(&str, String)]) -> PathBuf {
    let members: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let path = folder.join("mbdump.tar.bz2");
    std::fs::write(&path, bzip2(&tar(&members))).unwrap();
    path
}

fn library() -> Library {
    let library = Library::new();
    let dumps = library.dumps();
    write_dump(&dumps, Kind::Artist, &[artist(1, "Tide"), artist(2, "Ebb")]);
    write_dump(&dumps, Kind::ReleaseGroup, &[group(1, "Low Water", 1), group(2, "Solo", 2)]);
    write_dump(&dumps, Kind::Release, &[release(1, "Low Water", 1, 1), release(2, "Solo", 2, 2)]);
    library
}

fn resolve(library: &Library, kind: u128, number: u128) -> u128 {
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    let found = catalogue.resolve(&mbid(kind, number)).unwrap().as_u128();
    found ^ kind << 64
}

/// The MBIDs that links to a release group may name.
fn mbids_of(catalogue: &Catalogue, number: u128) -> Vec<Uuid> {
    let group = mbid(2, number);
    catalogue.known_groups(&[group]).unwrap().remove(&group).unwrap().1
}

fn tables() -> Vec<(&'static str, String)> {
    vec![
        ("TIMESTAMP", "2014-01-01 00:00:00+00\n".into()),
        ("mbdump/artist", rows(&[(1, 0, 2), (7, 0, 1)])),
        ("mbdump/artist_gid_redirect", merged(&[(0, 90, 7), (0, 91, 3), (0, 92, 1), (0, 93, 100_000)])),
        ("mbdump/label", rows(&[])),
        ("mbdump/label_gid_redirect", merged(&[])),
        ("mbdump/recording", rows(&[(5_000_000, 4, 101), (2, 4, 900)])),
        ("mbdump/recording_gid_redirect", merged(&[(4, 800, 5_000_000)])),
        ("mbdump/release", rows(&[(1, 3, 1), (2, 3, 2)])),
        ("mbdump/release_gid_redirect", merged(&[(3, 90, 2)])),
        ("mbdump/release_group", rows(&[(1, 2, 1)])),
        ("mbdump/release_group_gid_redirect", merged(&[(2, 90, 1)])),
        ("mbdump/work", "no table of ours".into()),
    ]
}

#[test]
fn merged_mbids_lead_on() {
    for is_reversed in [false, true] {
        let library = library();
        let mut tables = tables();
        if is_reversed {
            tables.reverse();
        }
        pack(&library.dumps(), &tables);
        let stats = library.import(&[library.dumps()]).unwrap();
        // 91 and 93 lead to rows that are not there.
        assert_eq!((counts(&stats), stats.redirects), ([2, 0, 2, 2], 5));
        assert_eq!(stats.dump, "2026-01-03 00:00:00.000000+00", "that of the records");
        assert_eq!(
            library.rows("SELECT value FROM meta WHERE key = 'redirects_dump'"),
            ["2014-01-01 00:00:00+00"]
        );
        for (kind, from, to) in [
            (0, 90, 1),
            (0, 91, 91),
            (0, 92, 2),
            (0, 93, 93),
            (2, 90, 1),
            (3, 90, 2),
            (4, 800, 101),
            (2, 2, 2),
        ] {
            assert_eq!(resolve(&library, kind, from), to, "{kind} {from}");
        }
        let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
        let title = |kind, number| led_to(&catalogue, &mbid(kind, number)).map(|group| group.title);
        assert_eq!(title(2, 90).as_deref(), Some("Low Water"));
        assert_eq!(title(3, 90).as_deref(), Some("Solo"));
        assert_eq!(title(2, 91), None);
        let groups = |kind, number| catalogue.groups_of(&Identifier::Mbid(mbid(kind, number))).unwrap();
        assert_eq!(groups(4, 800), [mbid(2, 1)]);
        assert_eq!(groups(0, 92), [mbid(2, 1), mbid(2, 2)], "Ebb is on both");
        let mbids = |number| mbids_of(&catalogue, number);
        assert_eq!(mbids(1), [mbid(2, 1), mbid(3, 1), mbid(2, 90)]);
        assert_eq!(mbids(2), [mbid(2, 2), mbid(3, 2), mbid(3, 90)]);
        for number in [1, 2] {
            let record = catalogue.group_record(&mbid(2, number)).unwrap().unwrap();
            assert_eq!(record.mbids().collect::<Vec<_>>(), mbids(number), "both ways to ask agree");
        }
    }
}

/// A group that was merged into another one, which was merged again; and one that was merged, and is still in
/// the older dump of the records.
#[test]
fn a_group_has_the_mbids_that_lead_to_it() {
    let library = library();
    let mut merges: Vec<_> = (100..120).map(|number| (2, number, number as u64 + 1)).collect();
    merges.extend([(2, 2, 7), (2, 50, 6)]);
    let mut targets: Vec<_> = (100..120).map(|number| (number, 2, u128::from(number))).collect();
    targets.extend([(120, 2, 1), (6, 2, 2), (7, 2, 1)]);
    let tables =
        [("mbdump/release_group", rows(&targets)), ("mbdump/release_group_gid_redirect", merged(&merges))];
    pack(&library.dumps(), &tables);
    library.import(&[library.dumps()]).unwrap();
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    let mbids = |number| mbids_of(&catalogue, number);
    let all = mbids(1);
    assert!(all.len() > 10 && !all.contains(&mbid(2, 100)), "{all:?}");
    for number in 100..120 {
        let leads = catalogue.group_of(&mbid(2, number)).unwrap() == Some(mbid(2, 1));
        assert_eq!(leads, all.contains(&mbid(2, number)), "{number}");
    }
    assert!(!all.contains(&mbid(2, 2)) && !all.contains(&mbid(2, 50)), "{all:?}");
    assert_eq!(mbids(2), [mbid(2, 2), mbid(3, 2), mbid(2, 50)]);
}

#[test]
fn an_mbid_that_is_merged_as_something_else_now_is_no_error() {
    let library = library();
    library.import(&[library.dumps(), pack(&library.dumps(), &tables())]).unwrap();
    // What was a release group is an artist in the newer table.
    let newer =
        [("mbdump/artist", rows(&[(7, 0, 1)])), ("mbdump/artist_gid_redirect", merged(&[(2, 90, 7)]))];
    library.import(&[pack(&library.dumps(), &newer)]).unwrap();
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    assert_eq!(catalogue.resolve(&mbid(2, 90)).unwrap(), mbid(0, 1), "the newer table counts");
}

#[test]
fn a_folder_with_the_tables_is_read_too() {
    for below in ["", "mbdump"] {
        let library = library();
        let folder = library.dumps().join("tables");
        std::fs::create_dir_all(folder.join(below)).unwrap();
        for (name, text) in tables() {
            let name = name.trim_start_matches("mbdump/");
            std::fs::write(folder.join(below).join(name), text).unwrap();
        }
        assert_eq!(library.import(&[folder]).unwrap().redirects, 5);
        let stats = library.import(&[library.dumps()]).unwrap();
        assert_eq!((counts(&stats), stats.redirects), ([2, 0, 2, 2], 5), "they stay with the next import");
        assert_eq!(resolve(&library, 2, 90), 1);
    }
}

#[test]
fn a_newer_table_replaces_its_kind_and_leaves_the_others() {
    let library = library();
    library.import(&[library.dumps(), pack(&library.dumps(), &tables())]).unwrap();
    let newer =
        [("mbdump/artist", rows(&[(7, 0, 1)])), ("mbdump/artist_gid_redirect", merged(&[(0, 95, 7)]))];
    let stats = library.import(&[pack(&library.dumps(), &newer)]).unwrap();
    assert_eq!((counts(&stats), stats.redirects, stats.tracks), ([2, 0, 2, 2], 4, 6));
    assert_eq!((resolve(&library, 0, 95), resolve(&library, 0, 90), resolve(&library, 2, 90)), (1, 90, 1));
}

#[test]
fn chains_end_and_circles_lead_nowhere() {
    let library = library();
    let chain: Vec<_> = (100..140).map(|number| (0, number, number as u64 + 1)).collect();
    let mut merges = chain.clone();
    merges.extend([(0, 200, 201), (0, 201, 200), (0, 2, 7)]);
    let mut targets: Vec<_> = (100..202).map(|number| (number, 0, u128::from(number))).collect();
    targets.push((7, 0, 1));
    let tables = [("mbdump/artist", rows(&targets)), ("mbdump/artist_gid_redirect", merged(&merges))];
    pack(&library.dumps(), &tables);
    library.import(&[library.dumps()]).unwrap();
    assert_eq!(resolve(&library, 0, 130), 140);
    assert_eq!(resolve(&library, 0, 100), 100, "longer than anybody follows");
    assert_eq!(resolve(&library, 0, 200), 200);
    assert_eq!(resolve(&library, 0, 2), 2, "it has a record of its own here");
}

#[test]
fn tables_that_do_not_hold_together_are_refused() {
    let library = library();
    let refused = |tables: &[(&str, String)]| library.import(&[pack(&library.dumps(), tables)]).unwrap_err();
    let alone = [("mbdump/artist_gid_redirect", merged(&[(0, 90, 7)]))];
    assert!(matches!(refused(&alone), ImportError::Apart { table: "artist", .. }));
    let none = [("mbdump/artist", rows(&[(1, 0, 1)]))];
    assert!(matches!(refused(&none), ImportError::Foreign(_)));
    for line in [
        "",
        "x",
        "1",
        "x\ty\n",
        "1\tno-mbid\n",
        "-1\t00000000-0000-0000-0000-000000000001",
        "2147483648\t00000000-0000-0000-0000-000000000001",
    ] {
        let text = format!("{}{line}\n{}\n\\.\n", rows(&[(1, 0, 1)]), merged(&[]));
        let tables = [("mbdump/artist", text), ("mbdump/artist_gid_redirect", merged(&[]))];
        let path = pack(&library.dumps(), &tables);
        let error = library.import(&[path]);
        if line.is_empty() {
            assert!(error.is_ok(), "empty lines and the end of data do no harm");
        } else {
            assert!(
                matches!(error, Err(ImportError::Row { table: "artist", line: 2, .. })),
                "{line}: {error:?}"
            );
        }
    }
    let whole = std::fs::read(pack(&library.dumps(), &tables())).unwrap();
    let path = library.dumps().join("cut");
    for end in [3, 4, 10, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..end]).unwrap();
        assert!(
            matches!(library.import(std::slice::from_ref(&path)), Err(ImportError::Damaged { .. })),
            "{end}"
        );
    }
    std::fs::write(&path, [&whole, b"more".as_slice()].concat()).unwrap();
    assert!(matches!(library.import(std::slice::from_ref(&path)), Err(ImportError::Damaged { .. })));
    // Some programs pack in several streams, one after the other.
    let tables: Vec<_> = tables();
    let members: Vec<_> = tables.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let tar = tar(&members);
    let (first, second) = tar.split_at(1000);
    std::fs::write(&path, [bzip2(first), bzip2(second)].concat()).unwrap();
    assert_eq!(library.import(&[path]).unwrap().redirects, 5);
}

/// Who signed a link before its group or release was merged could not know.
#[test]
fn links_under_merged_mbids_belong_to_the_group() {
    let library = library();
    pack(&library.dumps(), &tables());
    library.import(&[library.dumps()]).unwrap();
    let store = Store::open(&library.data()).unwrap();
    let search = SearchIndex::open(&library.data()).unwrap();
    let mut author = Identity::from_secret([7; 32]);
    let mut n = 0;
    let mut add = |mbid, hash, format: &str| {
        let (format, infohash_v1) = (Some(format.to_owned()), Some([hash; 20]));
        let link = Link { mbid, infohash_v1, format, ..sample() };
        let entry = author.sign(link.to_body().unwrap(), 32, n, 494_000);
        n += 1;
        ingest(&store, &[entry], None).unwrap();
    };
    let found = |text: &str| {
        let query = Query { text: text.into(), limit: 9, ..Query::default() };
        let hits = search.search(&store, &query).unwrap();
        let groups = hits.groups.iter().map(|group| (group.mbid, group.links().len()));
        (hits.total, groups.collect::<Vec<_>>())
    };
    // Before the first index, and after it: both ways into it.
    add(mbid(2, 90), 1, "FLAC");
    search.catch_up(&store).unwrap();
    assert_eq!(found("has:link"), (1, vec![(mbid(2, 1), 1)]));
    add(mbid(2, 1), 2, "MP3");
    add(mbid(3, 90), 3, "WAV");
    search.catch_up(&store).unwrap();
    for (text, group, links) in [
        ("format:flac", 1, 2),
        ("format:mp3", 1, 2),
        ("format:wav", 2, 1),
        (&mbid(2, 90).to_string(), 1, 2),
        (&mbid(3, 90).to_string(), 2, 1),
    ] {
        assert_eq!(found(text), (1, vec![(mbid(2, group), links)]), "{text}");
    }
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    for mbids in [vec![mbid(2, 90)], vec![mbid(2, 90), mbid(2, 1), mbid(3, 1)]] {
        let listed = Listing::read_all(&store, Some(&catalogue), &mbids, 9).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].mbid, listed[0].links().len()), (mbid(2, 1), 2));
    }
}

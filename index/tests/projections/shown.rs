//! What is shown of what people sign: one thing at a time.

use super::desk::{Desk, about, bytes, entry, link, mbid, record, text, texts};
use deadwax_index::entry::EntryId;
use deadwax_index::entry::cbor::Value;
use deadwax_index::entry::own_release;
use deadwax_index::entry::reason::Reason;
use deadwax_index::ingest::drop_body;
use deadwax_index::mbid::Uuid;
use deadwax_index::projection::duplicates::{Likeness, Torrent};
use deadwax_index::projection::links::MAX_GROUP_LINKS;
use deadwax_index::projection::tags::TagCount;
use deadwax_index::projection::votes::Tally;
use deadwax_index::projection::{Authored, Page};
use deadwax_index::store::Store;

fn torrents(desk: &Desk, number: u8) -> Vec<Torrent> {
    let editions = desk.store.editions(&mbid(number)).unwrap();
    editions.into_iter().flat_map(|edition| edition.torrents).collect()
}

fn ids<T>(entries: &[Authored<T>]) -> Vec<EntryId> {
    entries.iter().map(|entry| entry.entry).collect()
}

#[test]
fn links_that_say_the_same_are_one_with_confirmations() {
    let mut desk = Desk::new();
    let links = [desk.link(0, 1, 8), desk.link(1, 1, 8), desk.link(2, 1, 8)];
    let torrents = torrents(&desk, 1);
    let [torrent] = torrents.as_slice() else { panic!("{torrents:?}") };
    assert_eq!(Some(&torrent.link.entry), links.iter().min());
    assert_eq!((torrent.confirmations.len(), torrent.authors().len()), (2, 3));
    assert!(torrent.duplicates.is_empty(), "a confirmation is no duplicate");
}

#[test]
fn a_false_infohash_in_one_link_is_not_what_everybody_gets() {
    let mut desk = Desk::new();
    let honest = [desk.link(0, 1, 8), desk.link(1, 1, 8)];
    for person in 2..4 {
        let mut hybrid = link(1, 8);
        hybrid.insert(1, (1, bytes(&[person; 32])));
        desk.say(usize::from(person), 32, hybrid);
    }
    assert!(honest.contains(&torrents(&desk, 1)[0].link.entry));
}

#[test]
fn what_may_be_a_duplicate_is_pointed_out() {
    let mut desk = Desk::new();
    let first = desk.link(0, 1, 8);
    let other_record = desk.link(1, 2, 8);
    let same_edition = desk.link(1, 1, 10);
    let mut body = link(1, 11);
    body.pop();
    body.push((20, Value::Array(vec![text("other.flac"), Value::Uint(8)])));
    let same_files = desk.say(2, 32, body);
    let torrents = torrents(&desk, 1);
    let of_first = torrents.iter().find(|torrent| torrent.link.entry == first).unwrap();
    let found: Vec<_> =
        of_first.duplicates.iter().map(|other| (other.likeness, other.entry, other.mbid)).collect();
    assert_eq!(
        found,
        [
            (Likeness::SameTorrent, other_record, mbid(2)),
            (Likeness::SameFiles, same_files, mbid(1)),
            (Likeness::SameEdition, same_edition, mbid(1)),
        ]
    );
}

#[test]
fn editions_are_apart() {
    let mut desk = Desk::new();
    for (hash, year) in [(8, 2004), (10, 1994), (12, 1994)] {
        let mut body = link(1, hash);
        body.insert(8, (17, Value::Map(vec![(1, Value::Uint(year))])));
        desk.say(0, 32, body);
    }
    let editions = desk.store.editions(&mbid(1)).unwrap();
    let shown: Vec<_> =
        editions.iter().map(|edition| (edition.edition.year, edition.torrents.len())).collect();
    assert_eq!(shown, [(Some(1994), 2), (Some(2004), 1)]);
}

#[test]
fn of_each_author_the_newest_vote_counts_once_for_a_torrent() {
    let mut desk = Desk::new();
    let (one, two) = (desk.link(0, 1, 8), desk.link(1, 1, 8));
    desk.vote(2, entry(one), -1);
    desk.vote(2, entry(two), 1);
    desk.vote(3, entry(one), 1);
    assert_eq!(torrents(&desk, 1)[0].tally, Tally { up: 2, down: 0 });
    assert_eq!(desk.store.tally(&about(one)).unwrap(), Tally { up: 1, down: 1 });
    assert_eq!(desk.store.group_score(&mbid(1)).unwrap(), 2);
    desk.vote(3, entry(one), 0);
    assert_eq!(desk.store.group_score(&mbid(1)).unwrap(), 1);
    assert_eq!(desk.store.votes(&about(one)).unwrap().len(), 1);
    desk.vote(0, record(1), 1);
    let scores = desk.store.group_scores(&[mbid(1), mbid(2)]).unwrap();
    assert_eq!((scores[&mbid(1)], scores.get(&mbid(2))), (2, None));
}

#[test]
fn reports_count_once_for_each_author_and_reason() {
    let mut desk = Desk::new();
    let link = desk.link(0, 1, 8);
    let report =
        |reason, withdrawn| vec![(0, entry(link)), (1, Value::Uint(reason)), (4, Value::Bool(withdrawn))];
    desk.say(1, 37, report(2, false));
    desk.say(1, 37, report(2, false));
    desk.say(1, 37, report(4, false));
    desk.say(2, 37, report(2, false));
    desk.say(1, 37, report(4, true));
    let reports = &torrents(&desk, 1)[0].reports;
    assert_eq!(
        reports.iter().map(|(reason, count)| (*reason, *count)).collect::<Vec<_>>(),
        [(Reason::TRANSCODE, 2)]
    );
    assert_eq!(desk.store.reports(&about(link)).unwrap().len(), 2);
}

#[test]
fn a_retracted_link_is_gone_until_its_retract_is() {
    let mut desk = Desk::new();
    let (mine, other) = (desk.link(0, 1, 8), desk.link(1, 1, 10));
    desk.retract(1, mine);
    assert_eq!(torrents(&desk, 1).len(), 2, "others cannot retract it");
    let retract = desk.retract(0, mine);
    assert_eq!(torrents(&desk, 1).iter().map(|torrent| torrent.link.entry).collect::<Vec<_>>(), [other]);
    assert!(desk.store.is_retracted(&mine, &desk.author(0)).unwrap());
    desk.retract(0, retract);
    assert_eq!(torrents(&desk, 1).len(), 1, "a retract cannot be retracted");
    drop_body(&desk.store, &retract).unwrap();
    assert_eq!(torrents(&desk, 1).len(), 2, "nobody knows what it took back");
    desk.retract(1, other);
    desk.retract(0, mine);
    assert_eq!(desk.store.group(&mbid(1)).unwrap(), None);
    assert_eq!(desk.store.group_mbids_after(None, 10).unwrap(), [] as [Uuid; 0]);
}

#[test]
fn a_flood_by_one_author_does_not_push_out_another() {
    let mut desk = Desk::new();
    for hash in 0..=MAX_GROUP_LINKS {
        let mut body = link(1, 0);
        body[0] = (0, bytes(&[&(hash as u32).to_be_bytes()[..], &[1; 16]].concat()));
        desk.say(0, 32, body);
    }
    let late = desk.link(1, 1, 8);
    let group = desk.store.group(&mbid(1)).unwrap().unwrap();
    assert_eq!(group.links.len(), MAX_GROUP_LINKS);
    assert!(group.links.iter().any(|link| link.entry == late));
}

#[test]
fn descriptions_keep_their_history() {
    let mut desk = Desk::new();
    let texts: Vec<_> = ["One.", "Two.", "Three."]
        .map(|said| desk.say(0, 34, vec![(0, record(1)), (1, text(said))]))
        .to_vec();
    let other = desk.say(1, 34, vec![(0, record(1)), (1, text("Another."))]);
    desk.vote(2, entry(other), 1);
    let subject = deadwax_index::entry::subject::Subject::Mbid {
        mbid: mbid(1),
        kind: deadwax_index::entry::subject::SubjectKind::ReleaseGroup,
    };
    let shown = desk.store.descriptions(&subject).unwrap();
    assert_eq!((shown[0].current.entry, shown[0].tally.score()), (other, 1));
    assert_eq!(shown[1].current.body.text, "Three.");
    assert_eq!(ids(&shown[1].history), [texts[1], texts[0]]);
    desk.retract(0, texts[2]);
    assert_eq!(desk.store.descriptions(&subject).unwrap()[1].current.entry, texts[1]);
}

#[test]
fn tags_are_counted_by_authors() {
    let mut desk = Desk::new();
    let tag = |word, withdrawn| vec![(0, record(1)), (1, text(word)), (2, Value::Bool(withdrawn))];
    desk.say(0, 35, tag("drone", false));
    desk.say(0, 35, tag("drone", false));
    desk.say(1, 35, tag("drone", false));
    desk.say(1, 35, tag("ambient", false));
    desk.say(2, 35, tag("tape", false));
    desk.say(2, 35, tag("tape", true));
    let count = |tag: &str, count| TagCount { tag: tag.into(), count };
    assert_eq!(desk.store.tags_of_group(&mbid(1)).unwrap(), [count("drone", 2), count("ambient", 1)]);
    let tags = desk.store.tags_of_groups(&[mbid(1), mbid(2)]).unwrap();
    assert_eq!((tags.len(), tags[&mbid(1)].len()), (1, 2));
    assert_eq!(desk.store.mbids_with_tag("drone", Page::ALL).unwrap(), [mbid(1)]);
    assert_eq!(desk.store.mbids_with_tag("tape", Page::ALL).unwrap(), [] as [Uuid; 0]);
}

#[test]
fn an_answer_never_stands_before_what_it_answers() {
    let mut desk = Desk::new();
    let topic = desk.say(0, 39, vec![(0, text("tides")), (1, text("Harbours")), (2, text("Which?"))]);
    let comment = |answers: Option<EntryId>| {
        let mut body = vec![(0, entry(topic)), (1, text("Yes."))];
        body.extend(answers.map(|id| (2, bytes(&id.0))));
        body
    };
    let question = desk.say_in(1, 38, comment(None), 500_000);
    // The clock of whoever answers is late.
    let answer = desk.say_in(2, 38, comment(Some(question)), 400_000);
    let early = desk.say_in(0, 38, comment(None), 450_000);
    let elsewhere = desk.say_in(0, 38, comment(Some(topic)), 600_000);
    let thread = desk.store.thread(&about(topic), Page::ALL).unwrap();
    assert_eq!(ids(&thread.comments), [early, question, answer, elsewhere]);
    let page = desk.store.thread(&about(topic), Page { offset: 1, limit: 2 }).unwrap();
    assert_eq!((page.total, ids(&page.comments)), (4, vec![question, answer]));
    assert_eq!(desk.store.comment_count(&about(topic)).unwrap(), 4);
    let listed = desk.store.topics("tides", Page::ALL).unwrap();
    assert_eq!((listed[0].topic.entry, listed[0].comments, listed[0].last_hours), (topic, 4, 600_000));
    assert_eq!(desk.store.sections().unwrap()[0].topics, 1);
}

#[test]
fn a_collage_has_the_items_that_its_author_lets_in() {
    let mut desk = Desk::new();
    let collage = desk.say(0, 40, vec![(0, text("Coasts"))]);
    let item = |number, sort: Option<&str>, removed| {
        let mut body = vec![(0, bytes(&collage.0)), (1, record(number))];
        body.extend(sort.map(|sort| (2, text(sort))));
        body.push((4, Value::Bool(removed)));
        body
    };
    let first = [desk.say(0, 41, item(1, Some("b"), false)), desk.say(0, 41, item(2, Some("a"), false))];
    let unsorted = desk.say(0, 41, item(3, None, false));
    let gone = desk.say(0, 41, item(4, Some("c"), false));
    desk.say(0, 41, item(4, None, true));
    let guest = desk.say(1, 41, item(5, Some("0"), false));
    desk.say(1, 41, item(1, Some("0"), false));
    let shown = |desk: &Desk| ids(&desk.store.collage_items(&collage).unwrap().unwrap().items);
    assert_eq!(shown(&desk), [first[1], first[0], unsorted]);
    assert!(!shown(&desk).contains(&gone));

    // Somebody else cannot open it.
    desk.say(1, 40, vec![(0, text("Mine")), (3, bytes(&collage.0)), (4, Value::Bool(true))]);
    assert_eq!(shown(&desk).len(), 3);
    desk.say(0, 40, vec![(0, text("All coasts")), (3, bytes(&collage.0)), (4, Value::Bool(true))]);
    assert_eq!(shown(&desk), [guest, first[1], first[0], unsorted], "of two entries the owner's is shown");
    let current = desk.store.collage(&collage).unwrap().unwrap();
    assert_eq!((current.collage, current.current.body.title.as_str()), (collage, "All coasts"));
    assert_eq!(desk.store.collages(Page::ALL).unwrap().len(), 1);

    let with = |desk: &Desk, number| {
        let kind = deadwax_index::entry::subject::SubjectKind::ReleaseGroup;
        let item = deadwax_index::entry::subject::Subject::Mbid { mbid: mbid(number), kind };
        desk.store.collages_with(&item).unwrap().len()
    };
    assert_eq!((with(&desk, 5), with(&desk, 4)), (1, 0));
    desk.retract(0, collage);
    assert_eq!(desk.store.collage(&collage).unwrap(), None, "without its first entry there is none");
    assert_eq!(with(&desk, 5), 0);
}

#[test]
fn a_request_is_filled_by_a_link_that_has_what_it_asks_for() {
    let mut desk = Desk::new();
    let ask =
        |format: &str| vec![(0, record(1)), (2, text("Maps of Low Water")), (4, texts(&[format, "Opus"]))];
    let (flac, mp3) = (desk.say(0, 42, ask("flac")), desk.say(0, 42, ask("MP3")));
    for (person, withdrawn) in [(1, false), (2, false), (1, true)] {
        desk.say(person, 43, vec![(0, entry(mp3)), (1, Value::Bool(withdrawn))]);
    }
    let link = desk.link(3, 1, 8);
    for request in [flac, mp3] {
        desk.say(3, 44, vec![(0, bytes(&request.0)), (1, bytes(&link.0))]);
    }
    let request = |desk: &Desk, id| desk.store.request(&id).unwrap().unwrap();
    assert!(request(&desk, flac).is_filled());
    let unfit = request(&desk, mp3);
    assert_eq!((unfit.is_filled(), unfit.wants, unfit.fills.len()), (false, 1, 1));
    let listed = desk.store.requests(Page::ALL).unwrap();
    assert_eq!(listed.iter().map(|request| request.request.entry).collect::<Vec<_>>(), [mp3, flac]);
    assert_eq!(desk.store.requests_for(&mbid(1)).unwrap().len(), 2);
    desk.retract(3, link);
    let unlinked = request(&desk, flac);
    assert_eq!((unlinked.is_filled(), unlinked.fills.len()), (false, 1));
}

#[test]
fn people_and_records_of_their_own() {
    let mut desk = Desk::new();
    for name in ["Ilse", "Tove"] {
        desk.say(0, 45, vec![(0, text(name))]);
    }
    let profile = desk.store.profile(&desk.author(0)).unwrap().unwrap();
    assert_eq!(profile.body.name.as_deref(), Some("Tove"));
    assert_eq!(desk.store.profile(&desk.author(1)).unwrap(), None);

    let artists = || Value::Array(vec![Value::Map(vec![(0, text("The Salt Cartographers"))])]);
    let alone = desk.say(0, 33, vec![(0, text("Ebb")), (1, artists())]);
    let edition = desk.say(0, 33, vec![(0, text("Maps of Low Water")), (1, artists()), (2, bytes(&[1; 16]))]);
    let of_group = desk.store.own_releases_of_group(&mbid(1)).unwrap();
    assert_eq!(ids(&of_group), [edition]);
    assert_eq!(desk.store.own_release(&of_group[0].uuid()).unwrap().unwrap().entry, edition);
    let alone = desk.store.own_release(&own_release::uuid(&alone)).unwrap().unwrap();
    assert_eq!(alone.group(), alone.uuid());
}

#[test]
fn projections_of_another_version_and_damaged_ones_are_made_anew() {
    let mut desk = Desk::new();
    let link = desk.link(0, 1, 8);
    desk.vote(1, entry(link), 1);
    let digests = desk.store.projection_digests().unwrap();
    let damage = |sql: &str| {
        let db = rusqlite::Connection::open(desk.dir.path().join("entries.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    damage("DELETE FROM votes; UPDATE links SET infohash_v1 = zeroblob(20)");
    let changed = desk.store.projection_digests().unwrap();
    let differing: Vec<_> = digests.keys().filter(|name| digests[*name] != changed[*name]).copied().collect();
    assert_eq!(differing, ["links", "votes"]);
    assert_eq!(desk.store.rebuild_projections(|_| {}).unwrap().entries, 2);
    assert_eq!(desk.store.projection_digests().unwrap(), digests);

    damage("DELETE FROM votes; DELETE FROM meta WHERE key = 'projection_format'");
    assert_eq!(Store::open(desk.dir.path()).unwrap().projection_digests().unwrap(), digests);
}

#[test]
fn a_store_of_the_first_schema_is_folded_when_it_is_opened() {
    let mut desk = Desk::new();
    let link = desk.link(0, 1, 8);
    desk.vote(1, entry(link), 1);
    let expected = desk.store.projection_digests().unwrap();
    let dir = tempfile::tempdir().unwrap();
    {
        let db = rusqlite::Connection::open(dir.path().join("entries.db")).unwrap();
        db.execute_batch(include_str!("../../migrations/0001_entries.sql")).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        db.execute("ATTACH ?1 AS other", [desk.dir.path().join("entries.db").to_str().unwrap()]).unwrap();
        for table in ["authors", "entries", "set_roots"] {
            db.execute(&format!("INSERT INTO main.{table} SELECT * FROM other.{table}"), []).unwrap();
        }
        // Nothing of votes: that version knew them not.
        db.execute(
            "INSERT INTO links SELECT seq, group_mbid, mbid, infohash_v1, infohash_v2 FROM other.links",
            [],
        )
        .unwrap();
    }
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.projection_digests().unwrap(), expected);
    assert_eq!(
        store.group_changes_after(0, 9).unwrap().into_iter().map(|(_, mbid)| mbid).collect::<Vec<_>>(),
        [mbid(1)]
    );
}

/// A flood of links must not make each vote as expensive as all of them.
#[test]
fn votes_count_on_links_that_are_looked_at() {
    let mut desk = Desk::new();
    let score = |desk: &Desk| desk.store.group_score(&mbid(1)).unwrap();
    let mut links = Vec::new();
    for number in 0..MAX_GROUP_LINKS as u16 + 40 {
        let mut body = link(1, 8);
        body[0].1 = bytes(&[[0; 18].as_slice(), &number.to_be_bytes()].concat());
        links.push(desk.say(0, 32, body));
    }
    for link in &links {
        desk.vote(1, entry(*link), 1);
    }
    assert_eq!(score(&desk), MAX_GROUP_LINKS as i64);
    desk.vote(2, record(1), 1);
    assert_eq!(score(&desk), MAX_GROUP_LINKS as i64 + 1);
    // The first ones of an author are those that are looked at.
    desk.vote(1, entry(links[0]), -1);
    assert_eq!(score(&desk), MAX_GROUP_LINKS as i64 - 1);
    desk.vote(1, entry(links[MAX_GROUP_LINKS]), -1);
    assert_eq!(score(&desk), MAX_GROUP_LINKS as i64 - 1);
}

#[test]
fn a_link_is_known_by_its_torrent_among_any_number() {
    let mut desk = Desk::new();
    let hash =
        |number: u16| <[u8; 20]>::try_from([[0; 18].as_slice(), &number.to_be_bytes()].concat()).unwrap();
    let mut signed = Vec::new();
    for number in 0..MAX_GROUP_LINKS as u16 + 40 {
        let mut body = link(1, 8);
        body[0].1 = bytes(&hash(number));
        signed.push(desk.say(0, 32, body));
    }
    let known = |v1: u16, v2: Option<&[u8; 32]>, record| {
        desk.store.link_of_torrent(Some(&hash(v1)), v2, &mbid(record)).unwrap()
    };
    for (number, id) in (0..).zip(&signed) {
        assert_eq!(known(number, None, 1).as_ref(), Some(id));
    }
    assert_eq!(known(0, None, 2), None, "another record");
    assert_eq!(known(0, Some(&[1; 32]), 1), None, "a hybrid is another torrent");
    assert_eq!(known(900, None, 1), None);
}

//! What rulings hide, and that it comes back: one thing at a time, and in any order.

use super::desk::{Desk, about, bytes, entry, link, mbid, record, text};
use super::order::{Node, available, delivery};
use super::script::{self, deeds, sign};
use deadwax_index::entry::ballot::{Ballot, BallotInfohash, BallotSubject, Verdict};
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::node::Node as Said;
use deadwax_index::entry::subject::{Subject, SubjectKind};
use deadwax_index::entry::vouch::Vouch;
use deadwax_index::entry::{AuthorKey, Body, Scope, VerifiedEntry};
use deadwax_index::export;
use deadwax_index::ingest::{Kept, Outcome, drop_body, ingest, pin_charter};
use deadwax_index::mbid::Uuid;
use deadwax_index::members::RulingSubject;
use deadwax_index::store::Store;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Three operators: two of them rule.
struct Operators(Vec<Identity>);

impl Operators {
    fn new() -> Self {
        Self((101..=103).map(|secret| Identity::from_secret([secret; 32])).collect())
    }

    fn founding(&self) -> Charter {
        let roster = self.0.iter().map(Identity::author).collect();
        let charter = Charter { name: "Tidewater".into(), roster, budget: Some(100), ..Charter::default() };
        charter.signed(|message| self.0.iter().map(|one| one.sign_charter(message)).collect())
    }

    fn pinned(&self) -> CharterId {
        CharterId::of(&self.founding().to_be_signed())
    }

    fn sign(&mut self, operator: usize, body: &Body) -> VerifiedEntry {
        let n = self.0[operator].next_n.core;
        self.0[operator].sign(body.to_bytes().unwrap(), body.kind().number(), n, 494_000)
    }

    fn vouch(&mut self, key: AuthorKey, withdrawn: bool) -> VerifiedEntry {
        self.sign(0, &Body::Vouch(Vouch { key, grant: 1, withdrawn, note: None }))
    }

    fn ballot(&mut self, operator: usize, subject: BallotSubject, verdict: Verdict) -> VerifiedEntry {
        let dimension = subject.dimension();
        self.sign(operator, &Body::Ballot(Ballot { subject, dimension, verdict, reason: None, note: None }))
    }

    /// The network with these members.
    fn found(&mut self, members: &[AuthorKey]) -> Vec<VerifiedEntry> {
        let charter = self.founding();
        let mut entries = vec![self.sign(0, &Body::Charter(charter))];
        entries.extend(members.iter().map(|key| self.vouch(*key, false)));
        entries
    }
}

/// A desk in a network whose operators vouch for everybody at it.
fn desk() -> (Desk, Operators) {
    let (desk, mut operators) = (Desk::new(), Operators::new());
    pin_charter(&desk.store, operators.pinned()).unwrap();
    let people: Vec<_> = (0..4).map(|person| desk.author(person)).collect();
    ingest(&desk.store, &operators.found(&people), None).unwrap();
    (desk, operators)
}

fn rule(store: &Store, operators: &mut Operators, subject: BallotSubject, verdict: Verdict) {
    let ballots = [0, 2].map(|operator| operators.ballot(operator, subject, verdict));
    assert_eq!(ingest(store, &ballots, None).unwrap(), [Outcome::New; 2]);
}

fn of_record(number: u8) -> BallotSubject {
    BallotSubject::Subject(Subject::Mbid { mbid: mbid(number), kind: SubjectKind::ReleaseGroup })
}

fn links(desk: &Desk, number: u8) -> Vec<[u8; 20]> {
    let group = desk.store.group(&mbid(number)).unwrap();
    group.into_iter().flat_map(|group| group.links).filter_map(|link| link.link.infohash_v1).collect()
}

#[test]
fn one_of_three_operators_hides_nothing_and_two_hide_a_link_until_they_change_their_minds() {
    let (mut desk, mut operators) = desk();
    let (first, _) = (desk.link(0, 1, 8), desk.link(1, 1, 10));
    let before = (desk.store.projection_digests().unwrap(), desk.store.scope_state(Scope::Main).unwrap());
    let subject = BallotSubject::Subject(Subject::Entry(first));
    let one = operators.ballot(1, subject, Verdict::Falls);
    ingest(&desk.store, &[one], None).unwrap();
    assert_eq!(links(&desk, 1).len(), 2);
    let change = desk.store.last_group_change().unwrap();
    rule(&desk.store, &mut operators, subject, Verdict::Falls);
    assert_eq!(links(&desk, 1), [[10; 20]]);
    assert!(desk.store.is_hidden(&first).unwrap());
    assert_eq!(desk.store.group_changes_after(change, 9).unwrap().len(), 1, "search follows");
    assert_eq!(desk.store.groups_of_infohash_v1(&[8; 20]).unwrap(), [] as [Uuid; 0]);
    // It stays in the set and is passed on.
    assert_eq!(desk.store.scope_state(Scope::Main).unwrap().root, before.1.root);
    assert!(desk.store.entry(&first).unwrap().unwrap().body.is_some());
    rule(&desk.store, &mut operators, subject, Verdict::Stands);
    assert_eq!(links(&desk, 1).len(), 2);
    assert_eq!(desk.store.projection_digests().unwrap(), before.0);
}

#[test]
fn a_torrent_is_hidden_wherever_it_is_linked_by_either_of_its_infohashes() {
    let (mut desk, mut operators) = desk();
    desk.link(0, 1, 8);
    let mut hybrid = link(2, 8);
    hybrid.insert(1, (1, bytes(&[88; 32])));
    desk.say(1, 32, hybrid);
    desk.link(1, 2, 10);
    let v2 = BallotSubject::Torrent(BallotInfohash::V2([88; 32]));
    rule(&desk.store, &mut operators, v2, Verdict::Falls);
    assert_eq!((links(&desk, 1), links(&desk, 2)), (vec![[8; 20]], vec![[10; 20]]), "whoever names both");
    let v1 = BallotSubject::Torrent(BallotInfohash::V1([8; 20]));
    rule(&desk.store, &mut operators, v1, Verdict::Falls);
    rule(&desk.store, &mut operators, v2, Verdict::Stands);
    assert_eq!(
        (links(&desk, 1), links(&desk, 2)),
        (vec![], vec![[10; 20]]),
        "the other ruling is in the way"
    );
    assert_eq!(desk.store.groups_of_announced(&[8; 20]).unwrap(), [] as [Uuid; 0]);
    // What is published after the ruling is hidden as well.
    desk.link(2, 3, 8);
    assert!(links(&desk, 3).is_empty());
    rule(&desk.store, &mut operators, v1, Verdict::Stands);
    assert_eq!([1, 2, 3].map(|record| links(&desk, record).len()), [1, 2, 1]);
}

#[test]
fn a_record_is_hidden_with_all_that_is_said_of_it() {
    let (mut desk, mut operators) = desk();
    desk.link(0, 1, 8);
    desk.link(0, 2, 10);
    let tagged = |number| vec![(0, record(number)), (1, text("drone"))];
    desk.say(1, 35, tagged(1));
    desk.say(1, 35, tagged(2));
    let change = desk.store.last_group_change().unwrap();
    rule(&desk.store, &mut operators, of_record(1), Verdict::Falls);
    assert_eq!(desk.store.hidden_mbids(&[mbid(1), mbid(2)]).unwrap(), [mbid(1)].into());
    assert_eq!((links(&desk, 1).len(), links(&desk, 2).len()), (0, 1));
    assert_eq!(desk.store.mbids_with_tag("drone", deadwax_index::projection::Page::ALL).unwrap(), [mbid(2)]);
    let newest = desk.store.newest_groups(5).unwrap();
    assert_eq!(newest.iter().map(|group| group.mbid).collect::<Vec<_>>(), [mbid(2)]);
    let queued = desk.store.group_changes_after(change, 9).unwrap();
    assert!(queued.iter().all(|(_, queued)| *queued == mbid(1)) && !queued.is_empty());
}

#[test]
fn who_is_banned_shows_nothing_and_has_no_vote() {
    let (mut desk, mut operators) = desk();
    let mine = desk.link(0, 1, 8);
    let banned = desk.link(1, 1, 10);
    desk.vote(1, entry(mine), -1);
    desk.vote(2, entry(mine), -1);
    // What the author took back stays taken back, although a retract is theirs too.
    let gone = desk.link(1, 2, 12);
    desk.retract(1, gone);
    let before = desk.store.projection_digests().unwrap();
    let author = BallotSubject::Author(desk.author(1));
    rule(&desk.store, &mut operators, author, Verdict::Falls);
    assert_eq!(links(&desk, 1), [[8; 20]]);
    assert_eq!(desk.store.tally(&about(mine)).unwrap().down, 1);
    assert_eq!(desk.store.group_score(&mbid(1)).unwrap(), -1);
    assert!(desk.store.is_hidden(&banned).unwrap());
    assert!(links(&desk, 2).is_empty());
    rule(&desk.store, &mut operators, author, Verdict::Stands);
    assert_eq!(desk.store.projection_digests().unwrap(), before);
}

#[test]
fn what_a_node_says_of_itself_is_hidden_like_all_else_by_its_author_or_by_its_id() {
    let (desk, mut operators) = desk();
    let mut person = Identity::from_secret([1; 32]);
    assert_eq!(person.author(), desk.author(0));
    let mut says = |port: &str| {
        let onion = Some(format!("{}.onion", "b".repeat(56)));
        let body = Body::Node(Said { name: port.into(), onion, i2p: None, tracker: false, text: None });
        let entry = person.sign(body.to_bytes().unwrap(), body.kind().number(), person.next_n.core, 494_000);
        ingest(&desk.store, std::slice::from_ref(&entry), None).unwrap();
        entry.head().id()
    };
    let (_, newest) = (says("Old quay"), says("New quay"));
    let named = |desk: &Desk| -> Vec<String> {
        let nodes = desk.store.newest_nodes(&[desk.author(0)], 9).unwrap();
        nodes.into_iter().map(|(_, node)| node.name).collect()
    };
    assert_eq!(named(&desk), ["New quay"]);
    let before = desk.store.projection_digests().unwrap();
    let entry = BallotSubject::Subject(Subject::Entry(newest));
    rule(&desk.store, &mut operators, entry, Verdict::Falls);
    assert_eq!(named(&desk), ["Old quay"], "what is hidden counts for nothing");
    let author = BallotSubject::Author(desk.author(0));
    rule(&desk.store, &mut operators, author, Verdict::Falls);
    assert!(named(&desk).is_empty());
    rule(&desk.store, &mut operators, entry, Verdict::Stands);
    assert!(named(&desk).is_empty(), "the other ruling is in the way");
    rule(&desk.store, &mut operators, author, Verdict::Stands);
    assert_eq!(named(&desk), ["New quay"]);
    assert_eq!(desk.store.projection_digests().unwrap(), before);
}

#[test]
fn votes_of_those_for_whom_nobody_answers_any_more_do_not_count() {
    let (mut desk, mut operators) = desk();
    let mine = desk.link(0, 1, 8);
    desk.vote(1, entry(mine), 1);
    desk.vote(2, entry(mine), 1);
    let change = desk.store.last_group_change().unwrap();
    let withdrawn = operators.vouch(desk.author(2), true);
    ingest(&desk.store, std::slice::from_ref(&withdrawn), None).unwrap();
    assert_eq!(desk.store.tally(&about(mine)).unwrap().up, 1);
    assert_eq!(desk.store.group_score(&mbid(1)).unwrap(), 1);
    assert_eq!(desk.store.votes(&about(mine)).unwrap().len(), 1);
    assert_eq!(desk.store.group_changes_after(change, 9).unwrap().len(), 1, "search knows the score");
    assert_eq!(links(&desk, 1).len(), 1, "weight is for votes alone");
    drop_body(&desk.store, &withdrawn.head().id()).unwrap();
    assert_eq!(desk.store.group_score(&mbid(1)).unwrap(), 2);
}

#[test]
fn exports_say_what_is_hidden_and_keep_it() {
    let (mut desk, mut operators) = desk();
    let hidden = desk.link(0, 1, 8);
    desk.link(1, 1, 10);
    rule(&desk.store, &mut operators, BallotSubject::Subject(Subject::Entry(hidden)), Verdict::Falls);
    let mut lines = Vec::new();
    let exported = export::jsonl(&desk.store, &mut lines, |_| {}).unwrap();
    assert_eq!(exported.hidden, 1);
    let lines = String::from_utf8(lines).unwrap();
    let saying: Vec<_> = lines.lines().filter(|line| line.contains("\"hidden\":true")).collect();
    assert!(matches!(saying.as_slice(), [line] if line.contains(&hidden.to_string())), "{saying:?}");
    let copy = desk.dir.path().join("copy.db");
    export::export_sqlite(&desk.store, &copy, false, |_| {}).unwrap();
    let copy = rusqlite::Connection::open(copy).unwrap();
    let of = |sql: &str| copy.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(of("SELECT count(*) FROM v1_entries WHERE state = 'hidden'"), 1);
    assert_eq!(of("SELECT count(*) FROM v1_entries WHERE kind = 32"), 2);
}

/// Of the script's own entries of `core` none has this n.
const NODE_N: u64 = 60;

/// A ballot of the script: an operator, what it is about, and whether it falls.
type Cast = (usize, u8, u8, bool);

/// Two of three operators agree now and then.
fn casts() -> impl Strategy<Value = Vec<Cast>> {
    prop::collection::vec((0usize..3, 0u8..5, 0u8..3, prop::bool::weighted(0.8)), 0..40)
}

fn subject((_, what, which, _): &Cast, entries: &[VerifiedEntry], authors: &[AuthorKey]) -> BallotSubject {
    match what {
        0 => BallotSubject::Subject(Subject::Mbid {
            mbid: Uuid::from_slice(&script::mbid(*which)).unwrap(),
            kind: SubjectKind::Release,
        }),
        1 => BallotSubject::Author(authors[usize::from(*which)]),
        2 => BallotSubject::Torrent(BallotInfohash::V1([0xa0 + which; 20])),
        3 => BallotSubject::Torrent(BallotInfohash::V2([0xb0 + which; 32])),
        _ => {
            let entry = &entries[usize::from(*which) * (entries.len() - 1) / 2];
            BallotSubject::Subject(Subject::Entry(entry.head().id()))
        }
    }
}

/// What an author says of their node.
fn node_of(secret: u8) -> VerifiedEntry {
    let onion = Some(format!("{}.onion", "a".repeat(56)));
    let said = Said { name: format!("quay {secret}"), onion, i2p: None, tracker: false, text: None };
    let body = Body::Node(said);
    let mut author = Identity::from_secret([secret; 32]);
    author.sign(body.to_bytes().unwrap(), body.kind().number(), NODE_N, 494_000)
}

/// Offers entries as a node does: what is by strangers waits.
fn offer(store: &Store, batch: &[VerifiedEntry]) {
    for (entry, outcome) in batch.iter().zip(ingest(store, batch, None).unwrap()) {
        if outcome == Outcome::NotMember {
            assert_eq!(store.put_in_inbox(entry, 2_000_000_000).unwrap(), Kept::Waiting);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn rulings_do_not_depend_on_order_and_what_they_hide_comes_back(
        deeds in deeds(), casts in casts(), doubted in 0usize..4, one in delivery(), other in delivery(),
    ) {
        let mut operators = Operators::new();
        let authors: Vec<AuthorKey> =
            (1..=3).map(|secret| Identity::from_secret([secret; 32]).author()).collect();
        let mut said = available(&deeds, &sign(&deeds));
        said.extend((1..=3).map(node_of));
        let mut all = operators.found(&authors);
        // One of the authors may have lost who answered for them.
        all.extend(authors.get(doubted).map(|key| operators.vouch(*key, true)));
        let quiet = [&all[..], &said].concat();
        let subjects: Vec<_> = casts.iter().map(|cast| subject(cast, &said, &authors)).collect();
        for (cast, subject) in casts.iter().zip(&subjects) {
            let verdict = if cast.3 { Verdict::Falls } else { Verdict::Stands };
            all.push(operators.ballot(cast.0, *subject, verdict));
        }
        all.extend(said);

        let pinned = operators.pinned();
        let node = |batches: &[Vec<VerifiedEntry>]| {
            let node = Node::new();
            pin_charter(&node.store, pinned).unwrap();
            for batch in batches {
                let (before, change) = (node.shown(), node.store.last_group_change().unwrap());
                offer(&node.store, batch);
                let queued = node.store.group_changes_after(change, 10_000).unwrap();
                let queued: BTreeSet<Uuid> = queued.into_iter().map(|(_, mbid)| mbid).collect();
                for (mbid, shown) in node.shown() {
                    assert!(before[&mbid] == shown || queued.contains(&mbid), "{mbid} was not queued");
                }
            }
            node
        };
        let (first, second) = (node(&one.batches(&all)), node(&other.batches(&all)));
        let expected = first.state();
        prop_assert_eq!(&second.state(), &expected, "in another order");
        let named = [&first, &second].map(|node| node.store.newest_nodes(&authors, 9).unwrap());
        prop_assert_eq!(&named[0], &named[1], "whose nodes are looked for");
        let members = first.store.members().unwrap().unwrap();
        let fallen: BTreeSet<RulingSubject> = members
            .rulings()
            .filter(|ruling| ruling.verdict == Verdict::Falls)
            .map(|ruling| ruling.subject)
            .collect();
        prop_assert_eq!(&first.store.fallen().unwrap(), &fallen, "what was followed step by step");
        second.store.rebuild_projections(|_| {}).unwrap();
        prop_assert_eq!(&second.state(), &expected, "rebuilt");

        // All operators change their minds, and it is as if nobody had ever judged.
        let mut last = Vec::new();
        for subject in &subjects {
            last.extend((0..3).map(|operator| operators.ballot(operator, *subject, Verdict::Stands)));
        }
        offer(&first.store, &last);
        let never = node(&[quiet]);
        prop_assert_eq!(first.store.fallen().unwrap(), BTreeSet::new());
        let (mut after, mut before) = (first.state().1, never.state().1);
        prop_assert_eq!(after.remove("rulings"), before.remove("rulings"), "no ruling and the same weights");
        prop_assert_eq!(after, before, "all of it is shown again");
    }
}

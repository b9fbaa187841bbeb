//! What members, operators and whoever has an operator's key can do to a network.

use super::network::*;
use super::stage::*;
use crate::simulation::simulate;
use axum::Router;
use axum::body::Body as Answer;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use deadwax_index::entry::ballot::{BallotInfohash, BallotSubject, Verdict};
use deadwax_index::entry::limits::{QUOTA_CORE, QUOTA_MAIN};
use deadwax_index::entry::subject::{Subject, SubjectKind};
use deadwax_index::entry::{Body, Scope, VerifiedEntry};
use deadwax_index::mbid::Uuid;
use deadwax_index::members::{Members, RulingSubject};

fn members(stage: &Stage, node: usize) -> Members {
    stage.nodes[node].store.members().unwrap().unwrap()
}

fn of_scope(entries: &[VerifiedEntry], scope: Scope) -> Vec<VerifiedEntry> {
    entries.iter().filter(|entry| entry.head().scope() == scope).cloned().collect()
}

/// Both tails of a node that checks nothing: these entries, whole or as ids, whoever signed them. It sends them
/// when they are fetched too.
fn unchecked(entries: &[VerifiedEntry]) -> Router {
    let tail = |scope: Scope| {
        let entries = of_scope(entries, scope);
        let after = entries.len() as u64;
        // As few at a time as a mark has to follow.
        let in_parts = |of_part: &dyn Fn(&[VerifiedEntry], u64) -> Vec<u8>| -> Vec<u8> {
            entries
                .chunks(256)
                .zip(1..)
                .flat_map(|(part, number)| of_part(part, after.min(number * 256)))
                .collect()
        };
        let full = in_parts(&|part, mark| whole(part, mark));
        let names = in_parts(&|part, mark| ids(prefixes(part), mark));
        get(async move |request: Request| {
            let is_full = request.uri().query().is_some_and(|query| query.contains("form=full"));
            Response::new(stays_open(if is_full { full } else { names }, after))
        })
    };
    let all = entries.to_vec();
    let fetched = axum::routing::post(async move |wanted: axum::body::Bytes| {
        let wanted = wanted.as_chunks::<16>().0.to_vec();
        let is_wanted = |entry: &&VerifiedEntry| wanted.contains(&entry.head().id().prefix());
        let sent: Vec<u8> = all.iter().filter(is_wanted).flat_map(VerifiedEntry::to_bytes).collect();
        Response::new(Answer::from(sent))
    });
    Router::new()
        .route("/sync/v1/core/tail", tail(Scope::Core))
        .route("/sync/v1/main/tail", tail(Scope::Main))
        .route("/sync/v1/entries", fetched)
}

/// Serves these to both honest nodes, until they are equal with what is expected of them.
async fn end_with(stage: &mut Stage, served: &[VerifiedEntry], expected: &[VerifiedEntry]) {
    let newest = Scope::ALL.map(|scope| of_scope(served, scope).len() as u64);
    stage.lies_up_to(newest, unchecked(served));
    stage.follow_all().await;
    stage.until_equal_with(expected).await;
    // Nothing of a stranger's is stored because a peer sent it.
    assert_eq!([A, B].map(|node| stage.nodes[node].store.inbox_count().unwrap()), [0, 0]);
    let roots = [A, B].map(|node| stage.nodes[node].store.members_root().unwrap());
    assert_eq!(roots[0], roots[1]);
}

#[test]
fn a_member_floods_up_to_its_quota_and_beyond() {
    const FLOODER: u32 = 10;
    simulate(async {
        let mut stage = Stage::of_network();
        let vouched = [vouch(1, 0, FLOODER, 1)];
        stage.publish(A, &vouched);
        let of_core = (0..3 * QUOTA_CORE).map(|n| identity(FLOODER).sign(vec![0xa0], 9, n, 494_000));
        let of_main = (QUOTA_MAIN - 300..QUOTA_MAIN + 300).map(|n| main_entry(FLOODER, n));
        let flood: Vec<_> = of_core.chain(of_main).collect();
        let is_within = |entry: &&VerifiedEntry| {
            let quota = if entry.head().scope() == Scope::Core { QUOTA_CORE } else { QUOTA_MAIN };
            entry.head().statement().n < quota
        };
        let within: Vec<_> = flood.iter().filter(is_within).cloned().collect();
        assert_eq!(within.len(), 364);
        let expected = [&[founded()][..], &vouched, &within].concat();
        end_with(&mut stage, &[&expected[..], &flood].concat(), &expected).await;
    });
}

/// Signed beforehand, and sent so that each takes the slot from the one before it.
#[test]
fn a_member_signs_hundreds_of_heads_for_one_slot() {
    const RIVAL: u32 = 10;
    const RIVALS: u64 = 400;
    simulate(async {
        let mut stage = Stage::of_network();
        let vouched = [vouch(1, 0, RIVAL, 1)];
        stage.publish(A, &vouched);
        // As large as a body may be, or a little less.
        let body = [&[0xa1, 0x05, 0x59, 0x3f, 0xf0][..], &[7; 0x3ff0]].concat();
        let rivals = |kind| {
            let sign = |hour| identity(RIVAL).sign(body.clone(), kind, 0, 494_000 + hour);
            let mut rivals: Vec<_> = (0..RIVALS).map(sign).collect();
            rivals.sort_by_key(|entry| std::cmp::Reverse(entry.head().id()));
            rivals
        };
        let (of_core, of_main) = (rivals(9), rivals(99));
        let lowest = [&of_core, &of_main].map(|rivals| rivals.last().unwrap().clone());
        let expected = [&[founded()][..], &vouched, &lowest].concat();
        let sent = [&expected[..2], &of_core, &of_main].concat();
        end_with(&mut stage, &sent, &expected).await;
        let sent_bytes: usize = sent.iter().map(|entry| entry.to_bytes().len()).sum();
        for node in [A, B] {
            let kept = stage.database_bytes(node);
            assert!(kept < sent_bytes as u64 / 4, "{kept} bytes of {sent_bytes}");
        }
    });
}

#[test]
fn strangers_flood() {
    simulate(async {
        let mut stage = Stage::of_network();
        let strangers =
            (100..400).flat_map(|number| [main_entry(number, 0), vouch(number, 0, number + 1, 5)]);
        end_with(&mut stage, &strangers.collect::<Vec<_>>(), &[founded()]).await;
    });
}

/// One vouch with a grant of 1,000, and behind it as many keys as one likes.
#[test]
fn a_member_vouches_for_more_than_a_thousand_keys() {
    const EDGE: u32 = 10;
    simulate(async {
        let mut stage = Stage::of_network();
        let edge = [vouch(1, 0, EDGE, 1_000)];
        stage.publish(A, &edge);
        // 20 below the edge, each with 64 below it, of which budgets allow 16 and 61.
        let (mut crowd, mut keys) = (Vec::new(), vec![EDGE]);
        for middle in 0..20 {
            let sybil = 1_000 + 100 * middle;
            crowd.push(vouch(EDGE, middle.into(), sybil, 62));
            crowd.extend((0..64).map(|below| vouch(sybil, below.into(), sybil + 1 + below, 1)));
            keys.extend(sybil..=sybil + 64);
        }
        crowd.extend(keys.iter().map(|number| main_entry(*number, 0)));
        let behind = 1 + 16 + 16 * 61;
        assert!((900..=1_000).contains(&behind) && keys.len() > 1_300);
        let is_member = |number: u32| {
            number == EDGE || {
                let (middle, below) = ((number - 1_000) / 100, (number - 1_000) % 100);
                middle < 16 && below <= 61
            }
        };
        // Vouches that do not fit are heads by members all the same.
        let numbers: std::collections::HashMap<_, _> =
            keys.iter().map(|number| (key(*number), *number)).collect();
        let expected: Vec<_> = [founded(), edge[0].clone()]
            .into_iter()
            .chain(crowd.iter().filter(|entry| is_member(numbers[&entry.head().author()])).cloned())
            .collect();
        end_with(&mut stage, &[&expected[..], &crowd].concat(), &expected).await;
        let members = members(&stage, B);
        assert_eq!(members.keys().len(), OPERATORS.len() + behind);
        assert_eq!(stage.count(B, Scope::Main), behind as u64);
    });
}

/// A third of the operators signs two charters after the same one.
#[test]
fn operators_fork_the_charter() {
    simulate(async {
        let mut stage = Stage::of_network();
        let prev = Some(id_of(&founding()));
        let ours = charter(prev, &[0, 1, 2, 3, 20], &[0, 1, STOLEN], "Tidewater");
        let theirs = charter(prev, &[0, 1, 2, 3, 21], &[1, 2, STOLEN], "Tidewater");
        let (one, other) = (
            sign(1, 0, 494_000, &Body::Charter(ours.clone())),
            sign(2, 0, 494_000, &Body::Charter(theirs.clone())),
        );
        // Each node has adopted another one before they meet.
        stage.publish(A, std::slice::from_ref(&one));
        stage.publish(B, std::slice::from_ref(&other));
        let said: Vec<_> =
            OPERATORS.iter().flat_map(|number| (0..5).map(|n| main_entry(*number, n))).collect();
        let expected = [&[founded(), one, other][..], &said].concat();
        stage.lies(unchecked(&said));
        stage.follow_all().await;
        // Those who are members on both sides lose nothing, and both nodes say what happened.
        stage.until_equal_with(&expected).await;
        for (node, adopted, left) in [(A, &ours, &theirs), (B, &theirs, &ours)] {
            let members = members(&stage, node);
            assert_eq!(members.charters().last(), Some(id_of(adopted)));
            let [fork] = members.forks().try_into().unwrap();
            assert_eq!((fork.adopted, fork.other), (id_of(adopted), id_of(left)));
        }
        // That it cannot be healed by entries is seen in the roots of the members.
        let roots = [A, B].map(|node| stage.nodes[node].store.members_root().unwrap());
        assert_ne!(roots[0], roots[1]);
    });
}

/// Another network under the same name, with the hostile operator alone on its roster.
#[test]
fn a_hostile_operator_founds_the_network_again() {
    simulate(async {
        let mut stage = Stage::of_network();
        let false_one = charter(None, &[STOLEN], &[STOLEN], "Tidewater");
        let carried = sign(STOLEN, 0, 494_000, &Body::Charter(false_one));
        end_with(&mut stage, std::slice::from_ref(&carried), &[founded(), carried.clone()]).await;
        for node in [A, B] {
            assert_eq!(members(&stage, node).charters().collect::<Vec<_>>(), [id_of(&founding())]);
        }
    });
}

#[test]
fn whoever_has_one_operators_key_votes_vouches_and_signs_a_charter() {
    simulate(async {
        let mut stage = Stage::of_network();
        // Somebody honest, whom the key bans; the other operators say nothing.
        let honest = [vouch(0, 1, 10, 5), main_entry(10, 0)];
        stage.publish(A, &honest);
        let next = charter(Some(id_of(&founding())), &[STOLEN], &[STOLEN], "Tidewater");
        let mut done = vec![
            sign(STOLEN, 0, 494_000, &Body::Charter(next)),
            ballot(STOLEN, 1, 494_000, 10, Verdict::Falls),
            ballot(STOLEN, 2, 494_000, 0, Verdict::Falls),
        ];
        // Until the budget is spent, and on.
        done.extend((0..40).map(|number| vouch(STOLEN, 3 + u64::from(number), 50 + number, 100)));
        let crowd: Vec<_> = (50..90).map(|number| main_entry(number, 0)).collect();
        let fit = BUDGET as usize / 100;
        let expected = [&[founded()][..], &honest, &done, &crowd[..fit]].concat();
        end_with(&mut stage, &[&done[..], &crowd].concat(), &expected).await;
        let members = members(&stage, B);
        assert_eq!(members.rulings().count(), 0, "one vote of four rules nothing");
        assert_eq!(members.weight(&key(10)), Some(1));
        assert_eq!(members.charters().count(), 1, "a charter needs two thirds");
        assert_eq!(members.keys().len(), OPERATORS.len() + 1 + fit);
        // The three others get rid of it. What it did stays, and nothing follows from more of it.
        let without = charter(Some(id_of(&founding())), &[0, 1, 2, 30], &[0, 1, 2], "Tidewater");
        let adopted = sign(0, 2, 494_000, &Body::Charter(without.clone()));
        stage.publish(A, std::slice::from_ref(&adopted));
        let expected = [&expected[..], &[adopted]].concat();
        stage.until_equal_with(&expected).await;
        let members = self::members(&stage, B);
        assert_eq!(members.charters().last(), Some(id_of(&without)));
        assert_eq!(members.ruling(&RulingSubject::Author(key(10))), None);
    });
}

/// One of four operators says of everything the opposite of what the others say, or what nobody says.
#[test]
fn one_operator_of_four_can_neither_hide_a_link_nor_show_one() {
    simulate(async {
        let mut stage = Stage::of_network();
        const SEEN: [u8; 20] = [1; 20];
        const FAKE: [u8; 20] = [2; 20];
        let links = [link(10, 0, 7, SEEN), link(10, 1, 7, FAKE), link(10, 2, 8, SEEN)];
        let honest = [&[vouch(0, 1, 10, 1)][..], &links].concat();
        stage.publish(A, &honest);
        let torrent = |hash| BallotSubject::Torrent(BallotInfohash::V1(hash));
        let of = |subject| BallotSubject::Subject(subject);
        let mbid = Uuid::from_bytes([8; 16]);
        let everything = [
            torrent(SEEN),
            of(Subject::Entry(links[0].head().id())),
            of(Subject::Mbid { mbid, kind: SubjectKind::ReleaseGroup }),
            BallotSubject::Author(key(10)),
        ];
        let mut votes: Vec<_> =
            (0..).zip(everything).map(|(n, subject)| judge(STOLEN, n, subject, Verdict::Falls)).collect();
        votes.extend([0, 1, 2].map(|operator| judge(operator, 2, torrent(FAKE), Verdict::Falls)));
        votes.push(judge(STOLEN, 9, torrent(FAKE), Verdict::Stands));
        let expected = [&[founded()][..], &honest, &votes].concat();
        end_with(&mut stage, &votes, &expected).await;
        for node in [A, B] {
            let shown = |record| {
                let listing = stage.nodes[node].listing(&Uuid::from_bytes([record; 16])).unwrap();
                let links = listing.into_iter().flat_map(|listing| listing.links().to_vec());
                links.filter_map(|link| link.link.infohash_v1).collect::<Vec<_>>()
            };
            assert_eq!((shown(7), shown(8)), (vec![SEEN], vec![SEEN]));
        }
    });
}

/// `created` is what the author says: nothing that decides anything looks at it.
#[test]
fn signs_at_times_that_cannot_be() {
    simulate(async {
        let mut stage = Stage::of_network();
        let times = [0, 1, 494_000, i64::MAX as u64, u64::MAX];
        // The newest ballot is the one with the highest n, although it says that it is the oldest.
        let mut votes = Vec::new();
        for operator in [1, 2, STOLEN] {
            votes.push(ballot(operator, 0, u64::MAX, 10, Verdict::Falls));
            votes.push(ballot(operator, 1, 0, 10, Verdict::Stands));
        }
        let said = times
            .iter()
            .zip(0..)
            .map(|(time, n)| identity(STOLEN).sign(vec![0xa1, 0x05, 0x07], 99, n, *time));
        let said: Vec<_> = votes.iter().cloned().chain([vouch(0, 1, 10, 1)]).chain(said).collect();
        let expected = [&[founded()][..], &said].concat();
        end_with(&mut stage, &said, &expected).await;
        for node in [A, B] {
            let ruling = members(&stage, node).ruling(&RulingSubject::Author(key(10))).unwrap();
            assert_eq!((ruling.verdict, ruling.votes), (Verdict::Stands, 3));
        }
    });
}

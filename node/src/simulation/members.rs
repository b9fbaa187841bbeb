//! Nodes that know one peer from their configuration, and find others by what members say of their nodes.

use super::*;
use crate::peers::choice::Origin;
use crate::peers::status::PeerReport;
use deadwax_index::entry::Body;
use deadwax_index::entry::ballot::{Ballot, BallotSubject, Verdict};
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::node::Node as NodeSaid;
use deadwax_index::entry::subject::Subject;
use deadwax_index::entry::vouch::Vouch;
use deadwax_index::ingest::pin_charter;
use std::collections::BTreeMap;

/// The first of the nodes are those of the roster.
const ROSTER: usize = 5;
const NODES: usize = 14;
/// The number of a node that never runs.
const NOBODY: usize = NODES;
const HOUR: Duration = Duration::from_secs(3_600);

fn author(number: usize) -> Identity {
    Identity::from_secret([number as u8 + 1; 32])
}

fn sign(author: &mut Identity, body: &Body) -> VerifiedEntry {
    let n = author.next_n.core;
    author.sign(body.to_bytes().unwrap(), body.kind().number(), n, 494_000)
}

fn says(number: usize, onion: usize, i2p: Option<usize>) -> Body {
    let (onion, i2p) = (Some(net::onion(onion)), i2p.map(net::i2p));
    Body::Node(NodeSaid { name: format!("quay {number}"), onion, i2p, tracker: false, text: None })
}

/// The charter, and all that `core` has to say: all are members, and each names its node.
fn core() -> (CharterId, Vec<VerifiedEntry>) {
    let mut authors: Vec<Identity> = (0..NODES).map(author).collect();
    let mut charter = Charter {
        prev: None,
        name: "Tidewater".into(),
        roster: authors[..ROSTER].iter().map(Identity::author).collect(),
        budget: None,
        quota_main: None,
        quota_core: None,
        text: None,
        signatures: vec![],
    };
    charter.roster.sort();
    let message = charter.to_be_signed();
    charter.signatures = authors[..ROSTER].iter().map(|author| author.sign_charter(&message)).collect();
    charter.signatures.sort_by_key(|signed| signed.key);
    let mut entries = vec![sign(&mut authors[0], &Body::Charter(charter))];
    for number in ROSTER..NODES {
        let vouch = Vouch { key: authors[number].author(), grant: 1, withdrawn: false, note: None };
        entries.push(sign(&mut authors[0], &Body::Vouch(vouch)));
    }
    for (number, author) in authors.iter_mut().enumerate() {
        // One has an onion service that does not answer: it is reached over I2P.
        let said = if number == 1 { says(1, NOBODY, Some(1)) } else { says(number, number, None) };
        entries.push(sign(author, &said));
    }
    (CharterId::of(&message), entries)
}

/// All nodes, each of which is told of the first one.
fn start() -> Nodes {
    let mut nodes = Nodes::start(NODES + 1, 0..0, 0, MIDDLING, 6);
    let (charter, entries) = core();
    for number in 0..NODES {
        nodes.start_node(number, if number == 0 { &[] } else { &[0] });
        let app = &nodes.nodes[number].app;
        pin_charter(&app.store, charter).unwrap();
        let mut tor = app.networks.tor();
        tor.address = Some(net::onion(number));
        app.networks.set_tor(tor);
        let mut i2p = app.networks.i2p();
        i2p.address = Some(net::i2p(number));
        app.networks.set_i2p(i2p);
    }
    nodes.nodes[0].app.take_in(&entries, None).unwrap();
    nodes
}

fn report(node: &Node) -> Vec<PeerReport> {
    node.app.peers.report(&BTreeMap::new())
}

fn numbers(node: &Node) -> Vec<usize> {
    let address = |peer: &PeerReport| net::number(&peer.address.parse().unwrap());
    report(node).iter().map(address).collect()
}

#[test]
fn places_are_filled_with_nodes_that_members_name() {
    simulate(async {
        let mut nodes = start();
        sleep(Duration::from_secs(900)).await;
        let dials = nodes.net.dials.load(Ordering::Relaxed);
        sleep(HOUR / 4).await;
        assert_eq!(nodes.net.dials.load(Ordering::Relaxed), dials, "connections of quiet nodes stay open");
        let mut chosen = Vec::new();
        for (number, node) in nodes.nodes.iter().enumerate() {
            let peers = numbers(node);
            let trusted = report(node).iter().filter(|peer| peer.from != Origin::Member).count();
            assert!(!peers.contains(&number), "{number} follows itself: {peers:?}");
            assert_eq!((peers.len(), trusted >= 4), (8, true), "{number}: {peers:?}");
            let all: std::collections::HashSet<_> = peers.iter().collect();
            assert_eq!(all.len(), peers.len(), "{number} follows somebody twice");
            assert!(report(node).iter().all(|peer| peer.connected), "{number}: {:?}", report(node));
            let i2p = report(node).iter().filter(|peer| peer.address.starts_with("i2p:")).count();
            assert_eq!(i2p, usize::from(peers.contains(&1)), "{number}: over whichever network answers");
            chosen.push(peers.into_iter().filter(|peer| *peer >= ROSTER).collect::<Vec<_>>());
        }
        chosen.dedup();
        assert!(chosen.len() > NODES / 2, "nodes choose by chance: {chosen:?}");

        // Who is gone for an hour makes room for somebody else; the configuration stays.
        let gone = *numbers(&nodes.nodes[12]).iter().find(|number| **number >= ROSTER).unwrap();
        nodes.net.set_sides(|node| (node != gone && node != 0 && node != NOBODY).then_some(0));
        sleep(HOUR / 2).await;
        assert!(numbers(&nodes.nodes[12]).contains(&gone));
        sleep(HOUR).await;
        let now = numbers(&nodes.nodes[12]);
        assert!(now.contains(&0) && !now.contains(&gone) && now.len() == 8, "{now:?} without {gone}");

        // The set still spreads without the peer that everybody was told of.
        nodes.publish(3, 7);
        sleep(HOUR / 4).await;
        let alive = (1..NODES).filter(|number| *number != gone);
        let counts: Vec<u64> = alive.map(|number| count(&nodes.nodes[number].app)).collect();
        assert!(counts.iter().all(|count| *count == 7), "{counts:?}");
    });
}

#[test]
fn a_member_who_moves_is_followed_to_the_new_address() {
    simulate(async {
        let nodes = start();
        sleep(Duration::from_secs(900)).await;
        let moved = *numbers(&nodes.nodes[12]).iter().find(|number| **number >= ROSTER).unwrap();
        let mut author = author(moved);
        author.next_n.core = 1;
        let said = sign(&mut author, &says(moved, NOBODY, Some(moved)));
        nodes.nodes[3].app.take_in(&[said], None).unwrap();
        sleep(Duration::from_secs(900)).await;
        let addresses: Vec<String> = report(&nodes.nodes[12]).into_iter().map(|peer| peer.address).collect();
        assert!(addresses.contains(&format!("i2p:{}", net::i2p(moved))), "{addresses:?}");
        assert!(!addresses.contains(&format!("onion:{}", net::onion(moved))), "{addresses:?}");
    });
}

/// More than half of the roster says that this falls.
fn ruling(subject: BallotSubject, n: u64) -> Vec<VerifiedEntry> {
    let dimension = subject.dimension();
    let ballot = Ballot { subject, dimension, verdict: Verdict::Falls, reason: None, note: None };
    let body = Body::Ballot(ballot);
    (1..=3)
        .map(|operator| author(operator).sign(body.to_bytes().unwrap(), body.kind().number(), n, 494_000))
        .collect()
}

#[test]
fn who_is_banned_or_whose_node_is_hidden_is_not_dialled() {
    simulate(async {
        let nodes = start();
        sleep(Duration::from_secs(900)).await;
        let followed = |number: usize| nodes.nodes[12..].iter().any(|node| numbers(node).contains(&number));
        let mut of_members = (ROSTER..12).filter(|number| followed(*number));
        let (banned, hidden) = (of_members.next().unwrap(), of_members.next().unwrap());
        let said = sign(&mut author(hidden), &says(hidden, hidden, None));
        let entry = BallotSubject::Subject(Subject::Entry(said.head().id()));
        let all = [ruling(BallotSubject::Author(author(banned).author()), 10), ruling(entry, 11)].concat();
        nodes.nodes[0].app.take_in(&all, None).unwrap();
        sleep(Duration::from_secs(900)).await;
        for (number, node) in nodes.nodes.iter().enumerate() {
            let peers = numbers(node);
            assert!(!peers.contains(&banned) && !peers.contains(&hidden), "{number}: {peers:?}");
        }
        // Nobody comes back to them: not after a failure of others, nor when they say where they are once more.
        let mut again = author(banned);
        again.next_n.core = 1;
        let moved = sign(&mut again, &says(banned, NOBODY, None));
        nodes.nodes[3].app.take_in(&[moved], None).unwrap();
        let dials = nodes.net.dials.load(Ordering::Relaxed);
        sleep(HOUR * 2).await;
        assert_eq!(nodes.net.dials.load(Ordering::Relaxed), dials, "nobody is dialled who does not answer");
        for node in &nodes.nodes {
            assert!(!numbers(node).iter().any(|peer| [banned, hidden, NOBODY].contains(peer)));
        }
    });
}

#[test]
fn nobody_is_followed_for_an_entry_in_an_open_set() {
    simulate(async {
        let mut nodes = Nodes::start(NODES + 1, 0..0, 0, MIDDLING, 6);
        nodes.start_node(0, &[]);
        nodes.start_node(1, &[0]);
        nodes.nodes[0].app.take_in(&core().1, None).unwrap();
        sleep(Duration::from_secs(900)).await;
        assert!(nodes.nodes[1].app.store.scope_state(Scope::Core).unwrap().count > NODES as u64);
        assert_eq!(numbers(&nodes.nodes[1]), [0]);
    });
}

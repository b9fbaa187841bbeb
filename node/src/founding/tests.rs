//! First starts: of a new node, of one with entries, of one that was told where it belongs.

use super::*;
use deadwax_index::entry::identity::Identity;
use deadwax_index::ingest::{Outcome, ingest};
use tempfile::TempDir;

struct Node {
    store: Store,
    signer: Signer,
    config: Config,
    _dir: TempDir,
}

impl Node {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let signer = Signer::open(dir.path()).unwrap();
        Self { store, signer, config: Config::default(), _dir: dir }
    }

    fn start(&mut self, told: Told) -> Result<Belongs, FoundingError> {
        settle(&self.store, &mut self.signer, &self.config, told)
    }

    fn own_entry(&mut self) -> VerifiedEntry {
        let n = self.signer.next_n(Scope::Main);
        self.signer.sign(vec![0xa1, 0x05, 0x07], 99, n, 494_000).unwrap()
    }

    fn counts(&self) -> [u64; 2] {
        Scope::ALL.map(|scope| self.store.scope_state(scope).unwrap().count)
    }
}

fn other_entry() -> VerifiedEntry {
    Identity::from_secret([9; 32]).sign(vec![0xa1, 0x05, 0x07], 99, 0, 494_000)
}

/// A charter that somebody else has founded.
fn elsewhere() -> (CharterId, VerifiedEntry) {
    let mut identity = Identity::from_secret([8; 32]);
    let charter = Charter { name: "Tidewater".into(), roster: vec![identity.author()], ..Charter::default() };
    let charter = charter.signed(|message| vec![identity.sign_charter(message)]);
    let id = CharterId::of(&charter.to_be_signed());
    let body = Body::Charter(charter);
    (id, identity.sign(body.to_bytes().unwrap(), 0, 0, 494_000))
}

#[test]
fn a_node_that_was_told_nothing_founds_a_network_once() {
    let mut node = Node::new();
    node.config.node.name = "tideline ".repeat(7);
    let Belongs::Founded(charter) = node.start(Told::Nothing).unwrap() else { panic!() };
    let members = node.store.members().unwrap().unwrap();
    assert_eq!(members.keys().collect::<Vec<_>>(), [&node.signer.author()]);
    assert_eq!(members.roster(), [node.signer.author()]);
    let name = &members.charter().unwrap().1.name;
    assert!(name.len() <= MAX_LABEL_BYTES && name.starts_with("tideline tideline"), "{name:?}");
    assert_eq!(node.start(Told::Nothing).unwrap(), Belongs::Joined(charter));
    assert_eq!(node.counts(), [1, 0], "nothing is signed twice");
    assert_eq!(ingest(&node.store, &[other_entry()], None).unwrap(), [Outcome::NotMember]);
}

#[test]
fn entries_of_its_own_stay_and_those_of_others_keep_the_set_open() {
    let mut node = Node::new();
    let own = node.own_entry();
    ingest(&node.store, &[own], None).unwrap();
    let root = node.store.scope_state(Scope::Main).unwrap().root;
    assert!(matches!(node.start(Told::Nothing).unwrap(), Belongs::Founded(_)));
    assert_eq!(node.store.scope_state(Scope::Main).unwrap().root, root);

    let mut node = Node::new();
    let own = node.own_entry();
    ingest(&node.store, &[own, other_entry()], None).unwrap();
    assert_eq!(node.start(Told::Nothing).unwrap(), Belongs::StaysOpen);
    assert_eq!((node.counts(), node.store.inbox_count().unwrap()), ([0, 2], 0));
    assert_eq!(node.store.pinned_charter().unwrap(), None);
}

#[test]
fn a_network_file_without_a_charter_keeps_the_set_open() {
    let mut node = Node::new();
    assert_eq!(node.start(Told::Open).unwrap(), Belongs::Open);
    assert_eq!(ingest(&node.store, &[other_entry()], None).unwrap(), [Outcome::New]);
}

#[test]
fn a_network_of_one_is_left_for_another_and_a_network_of_two_is_not() {
    let (charter, carried) = elsewhere();
    let mut node = Node::new();
    node.start(Told::Nothing).unwrap();
    let own = node.own_entry();
    ingest(&node.store, &[own], None).unwrap();
    assert_eq!(node.start(Told::Charter(charter)).unwrap(), Belongs::Joined(charter));
    assert_eq!(node.store.members_root().unwrap(), None, "the charter is not here");
    assert_eq!(node.counts(), [1, 1], "its own entries stay until it is");
    assert_eq!(ingest(&node.store, &[carried], None).unwrap(), [Outcome::New]);
    assert_eq!((node.counts(), node.store.inbox_count().unwrap()), ([1, 0], 2), "they wait for a vouch");
    assert_eq!(node.start(Told::Nothing).unwrap(), Belongs::Joined(charter), "for good");
    assert!(matches!(node.start(Told::Charter(CharterId([7; 32]))), Err(FoundingError::Other { .. })));

    let mut node = Node::new();
    let Belongs::Founded(own) = node.start(Told::Nothing).unwrap() else { panic!() };
    let vouch = deadwax_index::entry::vouch::Vouch {
        key: other_entry().head().author(),
        grant: 1,
        withdrawn: false,
        note: None,
    };
    let body = Body::Vouch(vouch);
    let n = node.signer.next_n(Scope::Core);
    let vouch = node.signer.sign(body.to_bytes().unwrap(), body.kind().number(), n, 494_000).unwrap();
    assert_eq!(ingest(&node.store, &[vouch], None).unwrap(), [Outcome::New]);
    let refused = node.start(Told::Charter(charter)).unwrap_err();
    assert!(matches!(refused, FoundingError::Other { is, .. } if is == own), "{refused}");
}

//! The same entries, delivered in many ways.

use super::script::{Deed, deeds, mbid, sign};
use deadwax_index::entry::{AuthorKey, EntryId, Scope, VerifiedEntry, VerifiedHead};
use deadwax_index::ingest::{drop_body, ingest};
use deadwax_index::mbid::Uuid;
use deadwax_index::projection::links::Group;
use deadwax_index::projection::tags::TagCount;
use deadwax_index::store::Store;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};

/// What must be equal where the set is.
pub type State = ([[u8; 32]; 2], BTreeMap<&'static str, [u8; 32]>);

pub struct Node {
    pub store: Store,
    _dir: tempfile::TempDir,
}

impl Node {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { store: Store::open(dir.path()).unwrap(), _dir: dir }
    }

    /// A node that got these batches, one call for each.
    fn with<'a>(batches: impl IntoIterator<Item = &'a [VerifiedEntry]>) -> Self {
        let node = Self::new();
        for batch in batches {
            ingest(&node.store, batch, None).unwrap();
        }
        node
    }

    pub fn state(&self) -> State {
        let roots = Scope::ALL.map(|scope| self.store.scope_state(scope).unwrap().root);
        (roots, self.store.projection_digests().unwrap())
    }

    /// What search shows of each record's group.
    pub fn shown(&self) -> BTreeMap<Uuid, (Option<Group>, Vec<TagCount>, i64)> {
        let shown = |number| {
            let mbid = Uuid::from_slice(&mbid(number)).unwrap();
            let store = &self.store;
            let group = store.group(&mbid).unwrap();
            (mbid, (group, store.tags_of_group(&mbid).unwrap(), store.group_score(&mbid).unwrap()))
        };
        (0..3).map(shown).collect()
    }
}

fn bare(entry: &VerifiedEntry) -> VerifiedEntry {
    VerifiedEntry::new(VerifiedHead::verify(entry.head().bytes()).unwrap(), None).unwrap()
}

/// What becomes of the script in the end: of each slot the lowest id, with its body if anybody has it.
fn set(deeds: &[Deed], entries: &[VerifiedEntry]) -> Vec<VerifiedEntry> {
    let mut slots: BTreeMap<(AuthorKey, Scope, u64), VerifiedEntry> = BTreeMap::new();
    for entry in available(deeds, entries) {
        let head = entry.head();
        let slot = (head.author(), head.scope(), head.statement().n);
        let better = |known: &VerifiedEntry| {
            (known.head().id(), known.body().is_none()) <= (head.id(), entry.body().is_none())
        };
        if !slots.get(&slot).is_some_and(better) {
            slots.insert(slot, entry);
        }
    }
    slots.into_values().collect()
}

/// Entries as somebody has them. One that was signed twice has a body if either has.
pub fn available(deeds: &[Deed], entries: &[VerifiedEntry]) -> Vec<VerifiedEntry> {
    let given = deeds.iter().zip(entries);
    given.map(|(deed, entry)| if deed.bodiless { bare(entry) } else { entry.clone() }).collect()
}

/// How a script is delivered: the order, what comes twice, which heads come without their bodies first, and
/// where a call of `ingest` ends.
#[derive(Debug, Clone)]
pub struct Delivery {
    keys: Vec<u64>,
    again: Vec<(prop::sample::Index, bool)>,
    cuts: Vec<prop::sample::Index>,
}

pub fn delivery() -> impl Strategy<Value = Delivery> {
    (
        prop::collection::vec(any::<u64>(), 100),
        prop::collection::vec(any::<(prop::sample::Index, bool)>(), 0..20),
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    )
        .prop_map(|(keys, again, cuts)| Delivery { keys, again, cuts })
}

impl Delivery {
    pub fn batches(&self, entries: &[VerifiedEntry]) -> Vec<Vec<VerifiedEntry>> {
        let mut all = entries.to_vec();
        for (index, without_body) in &self.again {
            let entry = index.get(entries);
            all.push(if *without_body { bare(entry) } else { entry.clone() });
        }
        let mut keyed: Vec<_> = all.into_iter().zip(self.keys.iter().cycle()).collect();
        keyed.sort_by_key(|(_, key)| **key);
        let mut all: Vec<_> = keyed.into_iter().map(|(entry, _)| entry).collect();
        let mut cuts: Vec<_> = self.cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
        cuts.sort_unstable();
        let mut batches: Vec<_> = cuts.iter().rev().map(|cut| all.split_off(*cut)).collect();
        batches.push(all);
        batches.reverse();
        batches
    }
}

proptest! {
    // A case opens some databases on a disk, and so does every step of making a failure smaller.
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn equal_sets_have_equal_projections(deeds in deeds(), one in delivery(), other in delivery()) {
        let entries = sign(&deeds);
        let available = available(&deeds, &entries);
        let set = set(&deeds, &entries);
        let only_the_set = Node::with([set.as_slice()]);
        let expected = only_the_set.state();

        for delivery in [&one, &other] {
            let batches = delivery.batches(&available);
            let node = Node::with(batches.iter().map(Vec::as_slice));
            prop_assert_eq!(&node.state(), &expected, "as delivered");
            node.store.rebuild_projections(|_| {}).unwrap();
            prop_assert_eq!(&node.state(), &expected, "rebuilt");
        }

        // All bodies were here once, and some are dropped again.
        let batches = one.batches(&entries);
        let node = Node::with(batches.iter().map(Vec::as_slice));
        let kept: BTreeSet<EntryId> =
            set.iter().filter(|entry| entry.body().is_some()).map(|entry| entry.head().id()).collect();
        for id in entries.iter().map(|entry| entry.head().id()) {
            if !kept.contains(&id) {
                drop_body(&node.store, &id).unwrap();
            }
        }
        prop_assert_eq!(&node.state(), &expected, "bodies dropped");
    }

    #[test]
    fn a_group_that_is_shown_differently_is_queued_for_search(deeds in deeds(), delivery in delivery(), dropped in any::<prop::sample::Index>()) {
        let entries = sign(&deeds);
        let node = Node::new();
        let check = |before: &BTreeMap<_, _>, change: u64| {
            let queued: BTreeSet<Uuid> =
                node.store.group_changes_after(change, usize::MAX >> 1).unwrap().into_iter().map(|(_, mbid)| mbid).collect();
            for (mbid, shown) in node.shown() {
                prop_assert!(before[&mbid] == shown || queued.contains(&mbid), "{} was not queued", mbid);
            }
            Ok(())
        };
        for batch in delivery.batches(&available(&deeds, &entries)) {
            let (before, change) = (node.shown(), node.store.last_group_change().unwrap());
            ingest(&node.store, &batch, None).unwrap();
            check(&before, change)?;
        }
        let (before, change) = (node.shown(), node.store.last_group_change().unwrap());
        drop_body(&node.store, &dropped.get(&entries).head().id()).unwrap();
        check(&before, change)?;
        let (before, change) = (node.shown(), node.store.last_group_change().unwrap());
        node.store.rebuild_projections(|_| {}).unwrap();
        prop_assert_eq!(&before, &node.shown());
        check(&before, change)?;
        let mut queued: Vec<_> =
            node.store.group_changes_after(change, 1_000).unwrap().into_iter().map(|(_, mbid)| mbid).collect();
        queued.sort_unstable();
        prop_assert!(queued.is_sorted_by(|left, right| left < right), "queued twice: {:?}", queued);
        for (mbid, (group, ..)) in before {
            prop_assert!(group.is_none() || queued.contains(&mbid), "{} is shown and not queued", mbid);
        }
    }
}

/// The tests above would be worth little if scripts never got as far as a projection.
#[test]
fn scripts_reach_every_projection() {
    let mut runner = TestRunner::deterministic();
    let nothing = Node::new().state().1;
    let mut untouched: BTreeSet<_> = nothing.keys().copied().collect();
    // An open set has no operators.
    untouched.remove("rulings");
    for _ in 0..40 {
        let entries = sign(&deeds().new_tree(&mut runner).unwrap().current());
        let digests = Node::with([entries.as_slice()]).state().1;
        untouched.retain(|name| digests[name] == nothing[name]);
    }
    assert!(untouched.is_empty(), "{untouched:?}");
}

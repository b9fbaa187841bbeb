//! The chain of charters: from the one that the node was given, back by hashes and forward by signatures.

use super::Members;
use super::placed::CharterSaid;
use crate::entry::charter::{Charter, CharterId, needed_signatures};
use crate::entry::limits::{QUOTA_CORE, QUOTA_MAIN};
use crate::entry::{AuthorKey, Body, EntryId, Kind, Scope};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// What each operator may grant if no charter says so.
pub const DEFAULT_BUDGET: u64 = 1000;

/// Charters that are adopted, and those that could be.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pinned: CharterId,
    /// From the earliest that is known to the newest. Empty as long as the pinned one is not here.
    adopted: VecDeque<Arc<CharterSaid>>,
    /// Where the pinned one is in it.
    pinned_at: usize,
    /// Everybody who is or was on a roster of it.
    operators: BTreeSet<AuthorKey>,
    budget: u64,
    quota_main: u64,
    quota_core: u64,
    /// The charters that entries carry, by the one before them and by their id.
    carried: HashMap<Option<CharterId>, BTreeMap<CharterId, Vec<Carrier>>>,
    prev_of: HashMap<CharterId, Option<CharterId>>,
    /// Whether an entry has enough signatures for the charter before it, once that was asked.
    judged: HashMap<EntryId, bool>,
}

/// An entry that carries a charter.
#[derive(Debug, Clone)]
struct Carrier {
    entry: EntryId,
    author: AuthorKey,
    n: u64,
    said: Arc<CharterSaid>,
}

/// Two charters after one, each with enough signatures: some operators signed both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fork {
    /// The charter before both.
    pub prev: CharterId,
    /// The one that this node has adopted.
    pub adopted: CharterId,
    /// The other one.
    pub other: CharterId,
}

impl Chain {
    pub fn new(pinned: CharterId) -> Self {
        Self {
            pinned,
            adopted: VecDeque::new(),
            pinned_at: 0,
            operators: BTreeSet::new(),
            budget: 0,
            quota_main: QUOTA_MAIN,
            quota_core: QUOTA_CORE,
            carried: HashMap::new(),
            prev_of: HashMap::new(),
            judged: HashMap::new(),
        }
    }

    /// The earliest charter that is known, by which roots of members are told apart.
    pub fn first(&self) -> Option<CharterId> {
        self.adopted.front().map(|adopted| adopted.id)
    }

    pub fn operators(&self) -> &BTreeSet<AuthorKey> {
        &self.operators
    }

    /// The current roster, ascending.
    pub fn roster(&self) -> &[AuthorKey] {
        self.adopted.back().map_or(&[], |adopted| &adopted.charter.roster)
    }

    pub fn budget(&self) -> u64 {
        self.budget
    }

    pub fn quota(&self, scope: Scope, is_operator: bool) -> u64 {
        match scope {
            Scope::Main => self.quota_main,
            Scope::Core if is_operator => self.quota_main.max(self.quota_core),
            Scope::Core => self.quota_core,
        }
    }

    /// Notes that an entry carries a charter, or does not any more.
    pub fn index(
        &mut self,
        entry: EntryId,
        author: AuthorKey,
        n: u64,
        said: &Arc<CharterSaid>,
        is_there: bool,
    ) {
        let prev = said.charter.prev;
        let carriers = self.carried.entry(prev).or_default().entry(said.id).or_default();
        carriers.retain(|carrier| carrier.entry != entry);
        if is_there {
            carriers.push(Carrier { entry, author, n, said: Arc::clone(said) });
            self.prev_of.insert(said.id, prev);
        } else {
            self.judged.remove(&entry);
            if carriers.is_empty() {
                self.prev_of.remove(&said.id);
                if let Some(siblings) = self.carried.get_mut(&prev) {
                    siblings.remove(&said.id);
                }
            }
        }
    }

    /// Whether an entry of `core` with this n can carry a charter into the set: one by an operator can.
    fn is_heard(&self, author: &AuthorKey, n: u64) -> bool {
        self.operators.contains(author) && n < self.quota(Scope::Core, true)
    }

    /// The charter that is known by its hash alone: the pinned one, then the ones before it.
    pub fn wanted(&self) -> Option<CharterId> {
        match self.adopted.front() {
            None => Some(self.pinned),
            Some(first) => first.charter.prev,
        }
    }

    /// Adopts one charter more, if there is one.
    pub fn adopt(&mut self) -> bool {
        // What is known by its hash may come from anybody.
        if let Some(carrier) = self.wanted().and_then(|id| self.any_carrier(&id)) {
            let (said, is_before) = (Arc::clone(&carrier.said), !self.adopted.is_empty());
            self.take(said, is_before);
            return true;
        }
        let Some(tip) = self.adopted.back() else { return false };
        let children = self.carried.get(&Some(tip.id)).into_iter().flatten();
        let heard: Vec<&Carrier> = children
            .flat_map(|(_, carriers)| carriers)
            .filter(|carrier| self.is_heard(&carrier.author, carrier.n))
            .collect();
        let (judged, roster) = (&mut self.judged, &tip.charter.roster);
        // The lowest id, if there are several to choose from.
        let next = heard
            .into_iter()
            .find(|carrier| *judged.entry(carrier.entry).or_insert_with(|| carrier.has_enough(roster)));
        let Some(said) = next.map(|carrier| Arc::clone(&carrier.said)) else { return false };
        self.take(said, false);
        true
    }

    fn any_carrier(&self, id: &CharterId) -> Option<&Carrier> {
        self.carried.get(self.prev_of.get(id)?)?.get(id)?.first()
    }

    /// `is_before`: before all others. Amounts only rise, so that no member is lost by a charter.
    fn take(&mut self, adopted: Arc<CharterSaid>, is_before: bool) {
        let charter = &adopted.charter;
        let founding = charter.prev.is_none().then_some(DEFAULT_BUDGET);
        let budget = charter.budget.map(u64::from).or(founding).unwrap_or(0);
        self.budget = self.budget.max(budget);
        self.quota_main = self.quota_main.max(charter.quota_main.unwrap_or(0).into());
        self.quota_core = self.quota_core.max(charter.quota_core.unwrap_or(0).into());
        self.operators.extend(&charter.roster);
        if is_before {
            self.adopted.push_front(adopted);
            self.pinned_at += 1;
        } else {
            self.adopted.push_back(adopted);
        }
    }

    fn forks(&self) -> Vec<Fork> {
        let after = self.adopted.iter().zip(self.adopted.iter().skip(1));
        after
            .flat_map(|(prev, next)| {
                let others = self.carried.get(&Some(prev.id)).into_iter().flatten();
                others.filter(|(id, _)| **id != next.id).map(move |other| (prev, next, other))
            })
            .filter(|(prev, _, (_, carriers))| {
                carriers.iter().any(|carrier| {
                    self.is_heard(&carrier.author, carrier.n) && carrier.has_enough(&prev.charter.roster)
                })
            })
            .map(|(prev, next, (other, _))| Fork { prev: prev.id, adopted: next.id, other: *other })
            .collect()
    }
}

impl Carrier {
    fn has_enough(&self, roster: &[AuthorKey]) -> bool {
        let signers = self.said.charter.signers(roster, &self.said.message).count();
        signers >= needed_signatures(roster.len())
    }
}

impl Members {
    /// As [`Members::new`], with the charters that were adopted before: place in the chain, the pinned one at
    /// 0, and body. `None` if they are no chain.
    pub(crate) fn with_adopted(pinned: CharterId, adopted: Vec<(i64, Vec<u8>)>) -> Option<Self> {
        let mut members = Self::new(pinned);
        for (place, body) in adopted {
            let Ok(Body::Charter(charter)) = Body::from_bytes(Kind::Charter.number(), &body) else {
                return None;
            };
            let said = CharterSaid::new(charter, &body)?;
            members.chain.take(Arc::new(said), false);
            members.chain.pinned_at += usize::from(place < 0);
        }
        members.appoint();
        Some(members)
    }

    /// The charters that are adopted, from the earliest that is known, with their places ([`Self::with_adopted`]).
    pub(crate) fn adopted(&self) -> impl Iterator<Item = (i64, CharterId, &[u8])> {
        let start = -(self.chain.pinned_at as i64);
        (start..)
            .zip(&self.chain.adopted)
            .map(|(place, adopted)| (place, adopted.id, adopted.body.as_slice()))
    }

    /// The charter by which the node knows the network.
    pub fn pinned(&self) -> CharterId {
        self.chain.pinned
    }

    /// The newest charter, and its id.
    pub fn charter(&self) -> Option<(CharterId, &Charter)> {
        self.chain.adopted.back().map(|adopted| (adopted.id, &adopted.charter))
    }

    /// The ids of the adopted charters, from the earliest that is known to the newest.
    pub fn charters(&self) -> impl Iterator<Item = CharterId> {
        self.chain.adopted.iter().map(|adopted| adopted.id)
    }

    /// The current roster, ascending.
    pub fn roster(&self) -> &[AuthorKey] {
        self.chain.roster()
    }

    /// Charters that enough operators signed beside those that were adopted.
    pub fn forks(&self) -> Vec<Fork> {
        self.chain.forks()
    }
}

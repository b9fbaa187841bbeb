//! The chain of charters: from the one that the node was given, back by hashes and forward by signatures.

use super::Members;
use super::placed::{Carried, CharterSaid};
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
    /// Whether the content of all charters is kept, or only of those that may decide something now. One operator's
    /// budget is enough for gigabytes of charters.
    pub keeps_all: bool,
    /// Where charters are whose content is wanted, and was not kept.
    pub unread: BTreeSet<(AuthorKey, u64)>,
}

/// An entry that carries a charter.
#[derive(Debug, Clone)]
struct Carrier {
    entry: EntryId,
    author: AuthorKey,
    n: u64,
    /// Its content, if it is kept.
    said: Option<Arc<CharterSaid>>,
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
            keeps_all: true,
            unread: BTreeSet::new(),
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
    pub fn index(&mut self, entry: EntryId, author: AuthorKey, n: u64, carried: &Carried, is_there: bool) {
        let Carried { id, prev, .. } = *carried;
        let mut carrier = Carrier { entry, author, n, said: carried.said.clone() };
        if is_there && !self.keeps_all && !self.wants(&carrier, id, prev) {
            carrier.said = None;
        }
        let carriers = self.carried.entry(prev).or_default().entry(id).or_default();
        carriers.retain(|carrier| carrier.entry != entry);
        if is_there {
            carriers.push(carrier);
            self.prev_of.insert(id, prev);
        } else {
            self.judged.remove(&entry);
            if carriers.is_empty() {
                self.prev_of.remove(&id);
                if let Some(siblings) = self.carried.get_mut(&prev) {
                    siblings.remove(&id);
                }
            }
        }
    }

    /// Whether a charter may be adopted next, so that its content is wanted. What follows an adopted one is judged
    /// for that, once and for all.
    fn wants(&mut self, carrier: &Carrier, id: CharterId, prev: Option<CharterId>) -> bool {
        if carrier.said.is_none() || self.wanted() == Some(id) {
            return carrier.said.is_some();
        }
        let before = self.adopted.iter().find(|adopted| Some(adopted.id) == prev);
        let Some(before) = before.filter(|_| self.is_heard(&carrier.author, carrier.n)) else { return false };
        let is_tip = self.adopted.back().is_some_and(|tip| tip.id == before.id);
        let roster = &before.charter.roster;
        let has_enough =
            self.judged.get(&carrier.entry).copied().unwrap_or_else(|| carrier.has_enough(roster));
        self.judged.insert(carrier.entry, has_enough);
        has_enough && is_tip
    }

    /// Notes whose content is wanted by now, since the chain or the operators have changed.
    pub fn note_unread(&mut self) {
        if self.keeps_all {
            return;
        }
        if let Some(wanted) = self.wanted().filter(|wanted| self.any_carrier(wanted).is_none()) {
            let carriers = self.prev_of.get(&wanted).and_then(|prev| self.carried.get(prev)?.get(&wanted));
            let first = carriers.and_then(|carriers| carriers.first());
            let first = first.map(|carrier| (carrier.author, carrier.n));
            self.unread.extend(first);
        }
        let mut unread = Vec::new();
        for adopted in &self.adopted {
            let children = self.carried.get(&Some(adopted.id)).into_iter().flatten();
            for (_, carriers) in children.filter(|(id, _)| self.adopted.iter().all(|other| other.id != **id))
            {
                let is_unread = |carrier: &&Carrier| {
                    carrier.said.is_none()
                        && self.is_heard(&carrier.author, carrier.n)
                        && !self.judged.contains_key(&carrier.entry)
                };
                unread.extend(carriers.iter().filter(is_unread).map(|carrier| (carrier.author, carrier.n)));
            }
        }
        self.unread.extend(unread);
    }

    /// The content of a charter that was placed before. Kept if it is wanted.
    pub fn read_again(&mut self, entry: EntryId, carried: Carried) {
        let Carried { id, prev, said } = carried;
        let carriers = self.carried.get(&prev).and_then(|siblings| siblings.get(&id));
        let placed = carriers.and_then(|carriers| carriers.iter().find(|carrier| carrier.entry == entry));
        let Some(mut carrier) = placed.cloned() else { return };
        carrier.said = said;
        if !self.wants(&carrier, id, prev) {
            return;
        }
        let carriers = self.carried.get_mut(&prev).and_then(|siblings| siblings.get_mut(&id));
        if let Some(placed) = carriers.and_then(|all| all.iter_mut().find(|carrier| carrier.entry == entry)) {
            placed.said = carrier.said;
        }
    }

    /// Bytes of bodies that are kept, but for those of adopted charters.
    #[cfg(test)]
    pub fn kept_bytes(&self) -> usize {
        let carriers = self.carried.values().flat_map(BTreeMap::values).flatten();
        carriers.filter_map(|carrier| carrier.said.as_ref()).map(|said| said.body.len()).sum()
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
        if let Some(said) = self.wanted().and_then(|id| self.any_carrier(&id)) {
            let (said, is_before) = (Arc::clone(said), !self.adopted.is_empty());
            self.take(said, is_before);
            return true;
        }
        let Some(tip) = self.adopted.back() else { return false };
        let children = self.carried.get(&Some(tip.id)).into_iter().flatten();
        let heard: Vec<&Carrier> = children
            .flat_map(|(_, carriers)| carriers)
            .filter(|carrier| carrier.said.is_some() && self.is_heard(&carrier.author, carrier.n))
            .collect();
        let (judged, roster) = (&mut self.judged, &tip.charter.roster);
        // The lowest id, if there are several to choose from.
        let next = heard
            .into_iter()
            .find(|carrier| *judged.entry(carrier.entry).or_insert_with(|| carrier.has_enough(roster)));
        let Some(said) = next.and_then(|carrier| carrier.said.clone()) else { return false };
        self.take(said, false);
        true
    }

    /// The content of the charter with this id, if any entry that carries it brought it.
    fn any_carrier(&self, id: &CharterId) -> Option<&Arc<CharterSaid>> {
        self.carried.get(self.prev_of.get(id)?)?.get(id)?.iter().find_map(|carrier| carrier.said.as_ref())
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
        if !self.keeps_all {
            // Neither it nor those beside it can be adopted any more.
            let beside = self.carried.get_mut(&charter.prev).into_iter().flat_map(BTreeMap::values_mut);
            beside.flatten().for_each(|carrier| carrier.said = None);
        }
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
                    let judged = self.judged.get(&carrier.entry).copied();
                    self.is_heard(&carrier.author, carrier.n)
                        && judged.unwrap_or_else(|| carrier.has_enough(&prev.charter.roster))
                })
            })
            .map(|(prev, next, (other, _))| Fork { prev: prev.id, adopted: next.id, other: *other })
            .collect()
    }
}

impl Carrier {
    fn has_enough(&self, roster: &[AuthorKey]) -> bool {
        let Some(said) = &self.said else { return false };
        let signers = said.charter.signers(roster, &said.message).count();
        signers >= needed_signatures(roster.len())
    }
}

impl Members {
    /// As [`Members::lean`], with the charters that were adopted before: place in the chain, the pinned one at
    /// 0, and body. `None` if they are no chain.
    pub(crate) fn with_adopted(pinned: CharterId, adopted: Vec<(i64, Vec<u8>)>) -> Option<Self> {
        let mut members = Self::lean(pinned);
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

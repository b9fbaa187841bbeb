//! Who belongs to a network: a fold over the heads and bodies of `core`, from a charter that the node
//! was given (`doc/MEMBERSHIP.md`).
//!
//! Pure: no store, no clock. What it yields depends on which heads and bodies were placed, and not on
//! their order, with one exception: a charter that was adopted stays. Placing the next vouch of an
//! author costs the same however many members there are; only what takes something away (a slot that
//! goes to another head, a body that is dropped) folds everything again.
//!
//! Not here: whose heads are in the set of a node ([`crate::ingest`]).

pub mod charters;
mod placed;
pub mod rulings;

pub use charters::Fork;
pub use placed::CoreEntry;
pub use rulings::{Ruling, RulingSubject};

use crate::entry::charter::CharterId;
use crate::entry::{AuthorKey, Scope};
use charters::Chain;
use placed::{Says, Slot};
use rulings::Ballots;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const ROOT_DOMAIN: &[u8] = b"deadwax/members/1";

/// The members of a network, and all that follows from its `core`.
#[derive(Debug, Clone)]
pub struct Members {
    chain: Chain,
    /// Everything placed, also by keys that are no members: they may become some.
    slots: HashMap<AuthorKey, BTreeMap<u64, Slot>>,
    /// The members.
    accounts: BTreeMap<AuthorKey, Account>,
    /// For whom there are vouches: by whom, at which n, and whether it is a withdrawal.
    vouches: HashMap<AuthorKey, BTreeMap<AuthorKey, BTreeMap<u64, bool>>>,
    ballots: Ballots,
    /// Members whose next vouch may count now.
    work: Vec<AuthorKey>,
    /// Something that counted is gone: the accounts have to be made anew.
    is_stale: bool,
    changes: Changes,
}

/// What has happened since it was asked the last time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    /// Keys that became members, some of them perhaps for a moment.
    pub joined: Vec<AuthorKey>,
    /// Everything was folded again: there may be fewer members.
    pub is_refolded: bool,
    /// A charter was adopted.
    pub is_chain_longer: bool,
    /// What ballots came or went about.
    pub judged: BTreeSet<RulingSubject>,
    /// Keys for which vouches, withdrawals or ballots came, went, or began to count.
    pub weighed: BTreeSet<AuthorKey>,
}

/// What a member may grant.
#[derive(Debug, Clone, Default)]
struct Account {
    /// The key is or was on a roster.
    is_operator: bool,
    /// From vouches that count: each grant less one.
    granted: u64,
    spent: u64,
    /// The n that was not reached: everything below it was looked at.
    counted_to: u64,
}

impl Members {
    /// The network of this charter, of which nothing is known yet.
    pub fn new(pinned: CharterId) -> Self {
        Self {
            chain: Chain::new(pinned),
            slots: HashMap::new(),
            accounts: BTreeMap::new(),
            vouches: HashMap::new(),
            ballots: Ballots::default(),
            work: Vec::new(),
            is_stale: false,
            changes: Changes::default(),
        }
    }

    /// As [`Self::new`], for whoever has all entries on a disk: the content of charters is kept only while it may decide
    /// something. What is wanted of them later is in [`Self::take_unread`].
    pub(crate) fn lean(pinned: CharterId) -> Self {
        let mut members = Self::new(pinned);
        members.chain.keeps_all = false;
        members
    }

    /// Places of entries that carry charters whose content is wanted by now: to be given to [`Self::read_again`].
    pub(crate) fn take_unread(&mut self) -> BTreeSet<(AuthorKey, u64)> {
        std::mem::take(&mut self.chain.unread)
    }

    /// The content of a charter that was placed before; [`Self::settle`] draws the conclusions.
    pub(crate) fn read_again(&mut self, entry: CoreEntry) {
        if let Some(Says::Charter(carried)) = entry.slot.says {
            self.chain.read_again(entry.slot.id, carried);
        }
    }

    /// What these entries come to, whatever their order.
    pub fn fold(pinned: CharterId, entries: impl IntoIterator<Item = CoreEntry>) -> Self {
        let mut members = Self::new(pinned);
        entries.into_iter().for_each(|entry| members.place(entry));
        members.settle();
        members
    }

    /// Takes in one entry. Equal to folding all of them, unless there are two charters to choose from.
    pub fn insert(&mut self, entry: CoreEntry) {
        self.place(entry);
        self.settle();
    }

    /// Puts an entry where it belongs; [`Self::settle`] draws the conclusions.
    pub(crate) fn place(&mut self, entry: CoreEntry) {
        let CoreEntry { author, n, slot } = entry;
        let old = self.slots.get(&author).and_then(|slots| slots.get(&n));
        match old {
            // One head for each slot: the one with the lowest id. Of one head, the body if it is anywhere.
            Some(old) if old.id < slot.id => return,
            Some(old) if old.id == slot.id && (old.says.is_some() || slot.says.is_none()) => return,
            _ => {}
        }
        self.replace(author, n, Some(slot));
    }

    /// The body of the head in a slot is gone.
    pub(crate) fn drop_body(&mut self, author: AuthorKey, n: u64) {
        if let Some(slot) = self.slots.get(&author).and_then(|slots| slots.get(&n)) {
            let bodiless = Slot { says: None, ..slot.clone() };
            self.replace(author, n, Some(bodiless));
        }
    }

    /// All heads of an author are gone.
    pub(crate) fn forget(&mut self, author: &AuthorKey) {
        let numbers: Vec<u64> =
            self.slots.get(author).into_iter().flat_map(|slots| slots.keys().copied()).collect();
        numbers.into_iter().for_each(|n| self.replace(*author, n, None));
    }

    fn replace(&mut self, author: AuthorKey, n: u64, new: Option<Slot>) {
        let slots = self.slots.entry(author).or_default();
        let old = match &new {
            Some(slot) => slots.insert(n, slot.clone().without_content()),
            None => slots.remove(&n),
        };
        if let Some(old) = &old {
            self.index(author, n, old, false);
        }
        if let Some(new) = &new {
            self.index(author, n, new, true);
        }
        let takes = |slot: &Option<Slot>| slot.as_ref().is_some_and(|slot| slot.takes_budget(&author));
        match self.accounts.get(&author) {
            Some(account) if n < account.counted_to => {
                self.is_stale |= new.is_none() || takes(&old) || takes(&new);
            }
            Some(account) if n == account.counted_to => self.work.push(author),
            _ => {}
        }
    }

    /// Writes a slot into what is looked up by subject, or takes it out again.
    fn index(&mut self, author: AuthorKey, n: u64, slot: &Slot, is_there: bool) {
        match &slot.says {
            Some(Says::Vouch { key, withdrawn, .. }) => {
                self.changes.weighed.insert(*key);
                let by_author = self.vouches.entry(*key).or_default().entry(author).or_default();
                match is_there {
                    true => by_author.insert(n, *withdrawn),
                    false => by_author.remove(&n),
                };
            }
            Some(Says::Ballot { subject, verdict }) => {
                self.changes.judged.insert(*subject);
                if let RulingSubject::Author(key) = subject {
                    self.changes.weighed.insert(*key);
                }
                self.ballots.index(*subject, author, n, is_there.then_some(*verdict));
            }
            Some(Says::Charter(carried)) => self.chain.index(slot.id, author, n, carried, is_there),
            Some(Says::Nothing) | None => {}
        }
    }

    /// Draws the conclusions from what was placed.
    pub(crate) fn settle(&mut self) {
        loop {
            if std::mem::take(&mut self.is_stale) {
                self.changes.is_refolded = true;
                self.accounts.clear();
                self.work.clear();
                self.appoint();
            }
            while let Some(author) = self.work.pop() {
                self.count_vouches(author);
            }
            if !self.chain.adopt() {
                break;
            }
            self.changes.is_chain_longer = true;
            self.appoint();
        }
        if self.changes.is_chain_longer {
            self.chain.note_unread();
        }
    }

    /// What has happened since the last call.
    pub(crate) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// The account of a member, new if the key was none.
    fn account(&mut self, key: AuthorKey) -> &mut Account {
        let Self { accounts, changes, .. } = self;
        accounts.entry(key).or_insert_with(|| {
            changes.joined.push(key);
            Account::default()
        })
    }

    /// Everybody who is or was on a roster is a member, with the budget of an operator. Quotas may have
    /// risen for the others.
    fn appoint(&mut self) {
        for key in self.chain.operators().clone() {
            self.account(key).is_operator = true;
        }
        self.work.extend(self.accounts.keys());
    }

    /// Counts the vouches of a member from where it ended before, as long as they fit.
    fn count_vouches(&mut self, author: AuthorKey) {
        let (Some(slots), Some(account)) = (self.slots.get(&author), self.accounts.get(&author)) else {
            return;
        };
        let mut account = account.clone();
        let budget = if account.is_operator { self.chain.budget() } else { 0 } + account.granted;
        let quota = self.chain.quota(Scope::Core, account.is_operator);
        let mut granted = Vec::new();
        while account.counted_to < quota
            && let Some(slot) = slots.get(&account.counted_to)
        {
            if slot.takes_budget(&author) {
                // A vouch without its body may be any vouch.
                let Some(Says::Vouch { key, grant, .. }) = &slot.says else { break };
                let grant = u64::from(*grant);
                if budget - account.spent < grant {
                    break;
                }
                account.spent += grant;
                granted.push((*key, grant - 1));
            }
            account.counted_to += 1;
        }
        self.accounts.insert(author, account);
        for (key, grant) in granted {
            self.changes.weighed.insert(key);
            self.account(key).granted += grant;
            self.work.push(key);
        }
    }

    /// The charter that is known by its hash alone, whoever brings it: the pinned one, or one before it.
    pub(crate) fn wanted_charter(&self) -> Option<CharterId> {
        self.chain.wanted()
    }

    /// Whether heads by this key belong to the sets.
    pub fn is_member(&self, key: &AuthorKey) -> bool {
        self.accounts.contains_key(key)
    }

    /// Whether this key is or was on the roster of an adopted charter.
    pub fn is_operator(&self, key: &AuthorKey) -> bool {
        self.accounts.get(key).is_some_and(|account| account.is_operator)
    }

    /// The keys of all members, ascending.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &AuthorKey> {
        self.accounts.keys()
    }

    /// The quota on n of this member in a scope: n must be below it.
    pub fn quota(&self, scope: Scope, key: &AuthorKey) -> u64 {
        self.chain.quota(scope, self.accounts.get(key).is_some_and(|account| account.is_operator))
    }

    /// What this member can still grant.
    pub fn budget_left(&self, key: &AuthorKey) -> u64 {
        let Some(account) = self.accounts.get(key) else { return 0 };
        (if account.is_operator { self.chain.budget() } else { 0 }) + account.granted - account.spent
    }

    /// The first n of a member that was not looked at for vouches: there is no head there, or a vouch that
    /// does not fit or has no body. No later vouch of this member counts.
    pub fn counted_to(&self, key: &AuthorKey) -> Option<u64> {
        self.accounts.get(key).map(|account| account.counted_to)
    }

    /// How much a member's votes count, 0 or 1. `None`: no member.
    pub fn weight(&self, key: &AuthorKey) -> Option<u8> {
        let account = self.accounts.get(key)?;
        let stands = (account.is_operator || self.has_support(key)) && !self.is_banned(key);
        Some(stands.into())
    }

    /// Whether a member answers for this key: the newest that it said of it is a vouch that counts.
    fn has_support(&self, key: &AuthorKey) -> bool {
        let said = self.vouches.get(key).into_iter().flatten();
        said.filter(|(author, _)| *author != key).any(|(author, said)| {
            let Some(account) = self.accounts.get(author) else { return false };
            let quota = self.chain.quota(Scope::Core, account.is_operator);
            let mut newest = said.range(..quota).rev();
            let counts = |(n, withdrawn): &(&u64, &bool)| **withdrawn || **n < account.counted_to;
            newest.find(counts).is_some_and(|(_, withdrawn)| !withdrawn)
        })
    }

    /// One hash over the members: equal ones, and an equal first charter, have equal roots. `None` as long as
    /// the charter that the node was given is not here.
    pub fn root(&self) -> Option<[u8; 32]> {
        Some(members_root(self.chain.first()?, self.accounts.len() as u64, self.accounts.keys()))
    }
}

/// SHA-256(`deadwax/members/1` || first charter || count as u64 LE || keys ascending).
pub(crate) fn members_root<'a>(
    first: CharterId,
    count: u64,
    keys: impl IntoIterator<Item = &'a AuthorKey>,
) -> [u8; 32] {
    let mut hash =
        Sha256::new().chain_update(ROOT_DOMAIN).chain_update(first.0).chain_update(count.to_le_bytes());
    keys.into_iter().for_each(|key| hash.update(key.0));
    hash.finalize().into()
}

#[cfg(test)]
mod tests;

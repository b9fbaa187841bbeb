//! The one door in: verified entries join the set here, or are told why not.
//!
//! Set, members, root, projections and the queue of the search index change in one transaction, so no
//! crash can leave them apart. Without a charter the set is open to all keys.

mod network;
mod rulings;

pub use network::{Kept, PinError, found_alone, pin_charter};

use crate::entry::limits::{QUOTA_CORE, QUOTA_MAIN};
use crate::entry::{AuthorKey, EntryId, Scope, VerifiedEntry};
use crate::members::{CoreEntry, Members};
use crate::projection::authored::number_author;
use crate::projection::{Fold, Place};
use crate::store::changes::SetChanges;
use crate::store::entries::{load_sum, newest_position, read_head};
use crate::store::{Store, StoreError};
use crate::sync::root::SetSum;
use rulings::Unsettled;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::Serialize;
use std::collections::HashMap;

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It joined the set.
    New,
    /// The set has it already.
    Known,
    /// The set had its head; now it has the body too.
    BodyAdded,
    /// The author has signed another entry with the same n, and that one has the lower id.
    SlotTaken,
    /// Its n is beyond the quota.
    OverQuota,
    /// Its author is no member of the network.
    NotMember,
}

/// A position in a peer's order of release, to commit with the entries up to it.
#[derive(Debug, Clone, Copy)]
pub struct TailPosition<'a> {
    /// The peer's address.
    pub peer: &'a str,
    /// The scope whose tail was read.
    pub scope: Scope,
    /// The peer's incarnation.
    pub incarnation: [u8; 16],
    /// Everything up to here was read.
    pub after: u64,
}

/// The quota on n in a scope, if no charter raises it and the author is no operator: n must be below it.
pub fn quota(scope: Scope) -> u64 {
    match scope {
        Scope::Core => QUOTA_CORE,
        Scope::Main => QUOTA_MAIN,
    }
}

/// Offers entries to the set, all in one transaction; returns what became of each.
///
/// # Errors
/// The store's; then nothing has changed.
pub fn ingest(
    store: &Store,
    entries: &[VerifiedEntry],
    position: Option<TailPosition<'_>>,
) -> Result<Vec<Outcome>, StoreError> {
    store.write_set(|db, members| {
        let mut batch = Batch::new(db, members);
        let outcomes = batch.offer_all(entries)?;
        if let Some(TailPosition { peer, scope, incarnation, after }) = position {
            // Positions are given out below 2^63; a larger one that a peer claims is after all of them.
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            db.execute(
                "INSERT OR REPLACE INTO tail_positions (peer, scope, incarnation, after_seq) VALUES (?1, ?2, ?3, ?4)",
                params![peer, scope as i64, incarnation, after],
            )?;
        }
        Ok((outcomes, batch.finish()?))
    })
}

/// Drops the body of an entry; its head stays, and it counts for nothing until the body is here again.
/// Returns whether there was one.
///
/// # Errors
/// The store's; then nothing has changed.
pub fn drop_body(store: &Store, id: &EntryId) -> Result<bool, StoreError> {
    // Before, so that it is gone from there too if nothing more is done; and after, if it was read meanwhile.
    store.forget_segment_of(id)?;
    let dropped = drop_body_of_set(store, id)?;
    store.forget_segment_of(id)?;
    Ok(dropped)
}

fn drop_body_of_set(store: &Store, id: &EntryId) -> Result<bool, StoreError> {
    store.write_set(|db, members| {
        let sql = "SELECT seq, head FROM entries WHERE id = ?1 AND body IS NOT NULL";
        let found: Option<(i64, Vec<u8>)> =
            db.query_row(sql, [id.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((seq, head)) = found else { return Ok((false, SetChanges::default())) };
        Fold::new(db).withdraw(seq)?;
        db.execute("UPDATE entries SET body = NULL WHERE seq = ?1", [seq])?;
        let mut changes = SetChanges::default();
        let (author, said) = read_head(&head)?;
        if let (Some(network), Scope::Core) = (members.as_mut(), said.scope()) {
            network.drop_body(author, said.n);
            network.settle();
            let mut batch = Batch::new(db, members);
            batch.follow_members()?;
            changes = batch.finish()?;
        }
        Ok((true, changes))
    })
}

struct Batch<'a> {
    db: &'a Transaction<'a>,
    /// `None`: the set is open.
    members: &'a mut Option<Members>,
    fold: Fold<'a>,
    /// By scope; loaded when first needed.
    sums: [Option<RunningSum>; 2],
    /// Rulings and weights to be worked out when all entries are in.
    unsettled: Unsettled,
}

/// The sum of a scope, and which ids it has gained or lost since it was loaded.
struct RunningSum {
    sum: SetSum,
    changed: Vec<EntryId>,
}

impl RunningSum {
    fn insert(&mut self, id: &EntryId) {
        self.sum.insert(id);
        self.changed.push(*id);
    }

    fn remove(&mut self, id: &EntryId) {
        self.sum.remove(id);
        self.changed.push(*id);
    }
}

impl<'a> Batch<'a> {
    fn new(db: &'a Transaction<'a>, members: &'a mut Option<Members>) -> Self {
        let (fold, unsettled) = (Fold::new(db), Unsettled::default());
        Self { db, members, fold, sums: Scope::ALL.map(|_| None), unsettled }
    }

    /// Offers entries in their order; those whose authors become members because of later ones once more.
    fn offer_all(&mut self, entries: &[VerifiedEntry]) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut strangers: HashMap<AuthorKey, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let outcome = self.offer(entry)?;
            outcomes.push(outcome);
            if outcome == Outcome::NotMember {
                strangers.entry(entry.head().author()).or_default().push(index);
            }
            let mut joined = self.follow_members()?;
            while let Some(key) = joined.pop() {
                for index in strangers.remove(&key).unwrap_or_default() {
                    outcomes[index] = self.offer(&entries[index])?;
                    // An entry before it may have taken the membership away again: then it waits on.
                    if outcomes[index] == Outcome::NotMember {
                        strangers.entry(key).or_default().push(index);
                    }
                    joined.extend(self.follow_members()?);
                }
            }
        }
        Ok(outcomes)
    }

    /// Whether heads by this entry's author belong to the set, now that this entry is here too.
    fn is_by_member(&mut self, entry: &VerifiedEntry) -> bool {
        let (Some(members), head) = (self.members.as_mut(), entry.head()) else { return true };
        if members.is_member(&head.author()) {
            return true;
        }
        if head.scope() != Scope::Core || members.wanted_charter().is_none() {
            return false;
        }
        let said = CoreEntry::new(head, entry.body());
        if said.charter().is_none() || said.charter() != members.wanted_charter() {
            return false;
        }
        // The charter is known by its hash: it is adopted, whoever sends it.
        members.insert(said);
        let is_member = members.is_member(&head.author());
        if !is_member {
            members.forget(&head.author());
        }
        is_member
    }

    fn offer(&mut self, entry: &VerifiedEntry) -> Result<Outcome, StoreError> {
        let (head, db) = (entry.head(), self.db);
        let (id, scope, n) = (head.id(), head.scope(), head.statement().n);
        if !self.is_by_member(entry) {
            return Ok(Outcome::NotMember);
        }
        let quota = match self.members.as_ref() {
            Some(members) => members.quota(scope, &head.author()),
            None => quota(scope),
        };
        if n >= quota {
            return Ok(Outcome::OverQuota);
        }
        let author_no = number_author(db, &head.author())?;
        let holder: Option<(i64, [u8; 32], bool)> = db
            .prepare_cached(
                "SELECT seq, id, body IS NULL FROM entries WHERE author_no = ?1 AND scope = ?2 AND n = ?3",
            )?
            .query_row(params![author_no, scope as i64, n as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        match holder {
            None => {}
            Some((seq, holder, bodiless)) if holder == id.0 => {
                if !bodiless || entry.body().is_none() {
                    return Ok(Outcome::Known);
                }
                // At a new position: whoever read past the old one learned of the head alone.
                db.execute("DELETE FROM entries WHERE seq = ?1", [seq])?;
                self.insert(entry, author_no)?;
                return Ok(Outcome::BodyAdded);
            }
            Some((_, holder, _)) if holder < id.0 => return Ok(Outcome::SlotTaken),
            Some((seq, holder, _)) => {
                self.fold.withdraw(seq)?;
                db.execute("DELETE FROM entries WHERE seq = ?1", [seq])?;
                self.sum(scope)?.remove(&EntryId(holder));
            }
        }
        self.insert(entry, author_no)?;
        self.sum(scope)?.insert(&id);
        Ok(Outcome::New)
    }

    /// Gives an entry its row, at the newest position, and its place in the projections.
    fn insert(&mut self, entry: &VerifiedEntry, author_no: i64) -> Result<(), StoreError> {
        let (head, db) = (entry.head(), self.db);
        let (id, scope, n) = (head.id(), head.scope(), head.statement().n);
        db.prepare_cached(
            "INSERT INTO entries (id, scope, author_no, n, head, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![id.0, scope as i64, author_no, n as i64, head.bytes(), entry.body()])?;
        let statement = head.statement();
        let place = Place {
            seq: db.last_insert_rowid(),
            id,
            author_no,
            n: n as i64,
            kind: statement.kind,
            created_hours: statement.created_hours,
        };
        self.fold.project(&place, entry.body())?;
        if let (Some(members), Scope::Core) = (self.members.as_mut(), scope) {
            members.insert(CoreEntry::new(head, entry.body()));
        }
        Ok(())
    }

    fn sum(&mut self, scope: Scope) -> Result<&mut RunningSum, StoreError> {
        let slot = &mut self.sums[scope as usize];
        match slot {
            Some(sum) => Ok(sum),
            None => Ok(slot.insert(RunningSum { sum: load_sum(self.db, scope)?, changed: Vec::new() })),
        }
    }

    /// Draws the last conclusions; returns everything that joined or left the sets.
    fn finish(mut self) -> Result<SetChanges, StoreError> {
        self.follow_rulings()?;
        self.save_sums()?;
        self.changes()
    }

    fn changes(self) -> Result<SetChanges, StoreError> {
        let ids = self.sums.map(|sum| sum.map_or_else(Vec::new, |sum| sum.changed));
        Ok(SetChanges { position: newest_position(self.db)?, ids })
    }

    fn save_sums(&self) -> Result<(), StoreError> {
        for scope in Scope::ALL {
            if let Some(RunningSum { sum, .. }) = &self.sums[scope as usize] {
                self.db.execute(
                    "INSERT OR REPLACE INTO set_roots (scope, count, lanes) VALUES (?1, ?2, ?3)",
                    params![scope as i64, sum.count() as i64, sum.lanes_to_bytes()],
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::VerifiedHead;
    use crate::entry::identity::Identity;

    #[test]
    fn a_position_beyond_all_that_are_given_out_is_kept_as_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (peer, scope, incarnation) = ("peer", Scope::Main, [7; 16]);
        for (after, kept) in [(5, 5), (u64::MAX, i64::MAX as u64)] {
            ingest(&store, &[], Some(TailPosition { peer, scope, incarnation, after })).unwrap();
            assert_eq!(store.tail_position(peer, scope, &incarnation).unwrap(), kept);
        }
    }

    /// A head that somebody sends without its body must not keep the body from spreading.
    #[test]
    fn a_body_that_comes_after_its_head_is_wanted_and_spreads() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let whole = Identity::from_secret([3; 32]).sign(vec![0xa0], 32, 0, 494_000);
        let head = VerifiedHead::verify(whole.head().bytes()).unwrap();
        let bare = VerifiedEntry::new(head, None).unwrap();
        assert_eq!(ingest(&store, &[bare], None).unwrap(), [Outcome::New]);
        let (state, prefix) = (store.scope_state(Scope::Main).unwrap(), whole.head().id().prefix());
        assert_eq!(store.missing(&[prefix]).unwrap(), [prefix]);
        let whole = [whole];
        assert_eq!(ingest(&store, &whole, None).unwrap(), [Outcome::BodyAdded]);
        assert_eq!(ingest(&store, &whole, None).unwrap(), [Outcome::Known]);
        assert_eq!(store.missing(&[prefix]).unwrap(), [[0; 16]; 0]);
        let page = store.tail_page(Scope::Main, state.tail, 9).unwrap();
        assert_eq!(page.entries.len(), 1, "whoever read past the head gets the body");
        let after = store.scope_state(Scope::Main).unwrap();
        assert_eq!((after.count, after.root), (state.count, state.root));
    }
}

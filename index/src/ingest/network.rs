//! What a change of members does to the set: heads of new ones join, heads of those who are none any more
//! leave. And the inbox, where both wait.

use super::{Batch, Outcome};
use crate::entry::charter::CharterId;
use crate::entry::{AuthorKey, VerifiedEntry, VerifiedHead};
use crate::members::Members;
use crate::projection::column;
use crate::store::changes::SetChanges;
use crate::store::membership::{MAX_INBOX_OF_AUTHOR, count_of, forget_oldest, is_in_inbox};
use crate::store::membership::{load, load_of, put, read_charters, save_adopted, take_from_inbox};
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use std::slice;

/// Why the node does not join a network.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// It belongs to another one already, for good.
    #[error("this node belongs to the network of charter {0}")]
    Other(CharterId),
    /// The store's; then nothing has changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of an entry that was put into the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It waits there.
    Waiting,
    /// Its author has become a member meanwhile: it was offered to the set.
    Offered(Outcome),
    /// Its author has a whole share of the inbox, or the inbox is full.
    NoRoom,
}

/// Makes the set that of the network of this charter, from now on: `set = heads by members`. As soon as the
/// charter is here, what was in the open set by others leaves it for the inbox.
///
/// A node that founded a network because it was told none ([`found_alone`]) leaves it for this one, as long as
/// nobody else is a member of it.
///
/// # Errors
/// See [`PinError`].
pub fn pin_charter(store: &Store, charter: CharterId) -> Result<(), PinError> {
    let other = store.write_set(|db, members| {
        if let Some(joined) = members {
            if joined.pinned() == charter {
                return Ok((None, SetChanges::default()));
            }
            if !is_alone(db, joined)? {
                return Ok((Some(joined.pinned()), SetChanges::default()));
            }
            db.execute_batch(
                "DELETE FROM meta WHERE key IN ('charter', 'founded_alone');
                 DELETE FROM adopted_charters; DELETE FROM members;",
            )?;
            *members = None;
        }
        db.execute("INSERT INTO meta (key, value) VALUES ('charter', ?1)", [charter.0])?;
        let loaded = load_of(db, charter)?;
        save_adopted(db, &loaded)?;
        let is_known = loaded.charter().is_some();
        *members = Some(loaded);
        let mut batch = Batch::new(db, members);
        if is_known {
            batch.write_members()?;
            batch.sweep()?;
            batch.follow_members()?;
        }
        batch.unsettled.is_all = true;
        Ok((None, batch.finish()?))
    })?;
    other.map_or(Ok(()), |other| Err(PinError::Other(other)))
}

/// Founds the network of a charter whose only operator is this node, and makes the set its own: what a node does
/// that was told no network. `entry` carries the charter. Nothing changes if the node belongs to a network.
///
/// # Errors
/// The store's; then nothing has changed.
pub fn found_alone(store: &Store, entry: &VerifiedEntry, charter: CharterId) -> Result<(), StoreError> {
    store.write_set(|db, members| {
        if members.is_some() {
            return Ok(((), SetChanges::default()));
        }
        // The pinned charter is taken from anybody, and with it its author is a member.
        for key in ["charter", "founded_alone"] {
            db.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", params![key, charter.0])?;
        }
        *members = Some(load_of(db, charter)?);
        let mut batch = Batch::new(db, members);
        batch.offer_all(slice::from_ref(entry))?;
        Ok(((), batch.finish()?))
    })
}

/// Whether the network was founded by [`found_alone`], and has no member but whoever founded it.
fn is_alone(db: &Connection, members: &Members) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM meta WHERE key = 'founded_alone' AND value = ?1";
    let founded_alone = db.prepare_cached(sql)?.exists([members.pinned().0])?;
    Ok(founded_alone && members.keys().len() == 1)
}

impl Store {
    /// The network that the node belongs to for good; none if it belongs to none, or may leave its own.
    pub fn stays_in(&self) -> Result<Option<CharterId>, StoreError> {
        self.read(|db| match load(db)? {
            Some(members) if !is_alone(db, &members)? => Ok(Some(members.pinned())),
            _ => Ok(None),
        })
    }

    /// Keeps a stranger's entry until its author is a member, or forgets it after
    /// [`INBOX_SECS`](crate::store::membership::INBOX_SECS).
    ///
    /// Nobody takes entries of members out of the inbox: if the author has become one since the entry was offered,
    /// it is offered once more instead.
    pub fn put_in_inbox(&self, entry: &VerifiedEntry, now_secs: u64) -> Result<Kept, StoreError> {
        let (head, body) = (entry.head(), entry.body());
        self.write_set(|db, members| {
            if members.as_ref().is_some_and(|members| members.is_member(&head.author())) {
                let mut batch = Batch::new(db, members);
                let outcome = batch.offer_all(slice::from_ref(entry))?[0];
                return Ok((Kept::Offered(outcome), batch.finish()?));
            }
            forget_oldest(db, now_secs)?;
            let has_share =
                is_in_inbox(db, &head.id())? || count_of(db, &head.author())? < MAX_INBOX_OF_AUTHOR;
            let waits = has_share && put(db, head, body, now_secs)?;
            Ok((if waits { Kept::Waiting } else { Kept::NoRoom }, SetChanges::default()))
        })
    }
}

impl Batch<'_> {
    /// Draws the conclusions from what has changed about the members; returns who joined.
    pub(super) fn follow_members(&mut self) -> Result<Vec<AuthorKey>, StoreError> {
        let mut all = Vec::new();
        loop {
            let Some(members) = self.members.as_mut() else { return Ok(all) };
            read_charters(self.db, members)?;
            let changes = members.take_changes();
            self.unsettled.add(&changes);
            if changes.joined.is_empty() && !changes.is_refolded && !changes.is_chain_longer {
                return Ok(all);
            }
            let is_first = changes.is_chain_longer
                && !self.db.prepare_cached("SELECT 1 FROM adopted_charters")?.exists([])?;
            if changes.is_chain_longer {
                save_adopted(self.db, members)?;
            }
            if is_first || changes.is_refolded {
                self.write_members()?;
                self.sweep()?;
            } else {
                for key in &changes.joined {
                    self.db
                        .prepare_cached("INSERT OR IGNORE INTO members (key) VALUES (?1)")?
                        .execute([key.0])?;
                }
            }
            for key in &changes.joined {
                // What of it is beyond the quota, or lost its slot, is refused as it would be if it came now. But an
                // entry of one that joined may take the membership of the next one away again, which then waits on.
                for entry in take_from_inbox(self.db, key)? {
                    if self.offer(&entry)? == Outcome::NotMember {
                        let now_secs = self.now_secs()?;
                        put(self.db, entry.head(), entry.body(), now_secs)?;
                    }
                }
            }
            all.extend(changes.joined);
        }
    }

    /// Writes all members anew.
    fn write_members(&mut self) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM members", [])?;
        for key in self.members.iter().flat_map(|members| members.keys()) {
            self.db.prepare_cached("INSERT INTO members (key) VALUES (?1)")?.execute([key.0])?;
        }
        Ok(())
    }

    /// Takes the heads of all who are no members out of the set. They may become members again, so the inbox
    /// keeps what it has room for.
    fn sweep(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT author_no, key FROM authors";
        let authors = self
            .db
            .prepare_cached(sql)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(i64, [u8; 32])>, _>>()?;
        for (author_no, key) in authors {
            let key = AuthorKey(key);
            if self.members.as_ref().is_some_and(|members| !members.is_member(&key)) {
                self.remove_all(author_no)?;
                if let Some(members) = self.members.as_mut() {
                    members.forget(&key);
                }
            }
        }
        if let Some(members) = self.members.as_mut() {
            members.settle();
        }
        Ok(())
    }

    fn now_secs(&self) -> Result<u64, StoreError> {
        let now_secs: i64 = self.db.query_row("SELECT unixepoch()", [], |row| row.get(0))?;
        Ok(now_secs as u64)
    }

    fn remove_all(&mut self, author_no: i64) -> Result<(), StoreError> {
        let (db, now_secs) = (self.db, self.now_secs()?);
        // Positions first: all bodies of one author can be 160 MB.
        let seqs: Vec<i64> = column(db, "SELECT seq FROM entries WHERE author_no = ?1", &[&author_no])?;
        // Where there is none for one entry of an author, there is none for the next.
        let mut has_room = true;
        for seq in seqs {
            let (head, body): (Vec<u8>, Option<Vec<u8>>) = db
                .prepare_cached("SELECT head, body FROM entries WHERE seq = ?1")?
                .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let head = VerifiedHead::verify(&head)
                .map_err(|_| StoreError::Damaged("an entry does not verify any more"))?;
            has_room = has_room && put(db, &head, body.as_deref(), now_secs)?;
            self.fold.withdraw(seq)?;
            db.prepare_cached("DELETE FROM entries WHERE seq = ?1")?.execute([seq])?;
            self.sum(head.scope())?.remove(&head.id());
            // A set that lost a head is another version of it, and versions are positions.
            db.prepare_cached("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'entries'")?
                .execute([])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

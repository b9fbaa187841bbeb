//! `private.db`: entries that wait for release, and receipts of submissions.

use super::entries::verify;
use super::{Store, StoreError};
use crate::entry::{AuthorKey, EntryId, Scope, VerifiedEntry};
use rusqlite::{OptionalExtension, Params, params};

/// What an entry in the outbox is about, as SHA-256 of whatever its signer takes to be the same.
pub type Subject = [u8; 32];

impl Store {
    /// Keeps an entry until its release, and the receipt of its submission with it.
    pub fn put_in_outbox(
        &self,
        entry: &VerifiedEntry,
        subject: &Subject,
        release_at_secs: u64,
        idempotency_key: Option<&str>,
    ) -> Result<(), StoreError> {
        let head = entry.head();
        let (id, scope, n) = (head.id(), head.scope(), head.statement().n);
        self.write_private(|db| {
            db.execute(
                "INSERT INTO outbox (id, author, scope, n, subject, head, body, release_at_secs)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    id.0,
                    head.author().0,
                    scope as i64,
                    n as i64,
                    subject,
                    head.bytes(),
                    entry.body(),
                    release_at_secs as i64
                ],
            )?;
            if let Some(key) = idempotency_key {
                db.execute(
                    "INSERT OR IGNORE INTO receipts (idempotency_key, id) VALUES (?1, ?2)",
                    params![key, id.0],
                )?;
            }
            Ok(())
        })
    }

    /// The entry that a submission with this key became.
    pub fn receipt(&self, idempotency_key: &str) -> Result<Option<EntryId>, StoreError> {
        self.write_private(|db| {
            let sql = "SELECT id FROM receipts WHERE idempotency_key = ?1";
            Ok(db.query_row(sql, [idempotency_key], |row| row.get(0).map(EntryId)).optional()?)
        })
    }

    /// All waiting entries that are due at `now_secs`, sorted by id.
    pub fn due_in_outbox(&self, now_secs: u64) -> Result<Vec<VerifiedEntry>, StoreError> {
        self.outbox("release_at_secs <= ?1", [now_secs as i64])
    }

    /// The ids of all that wait.
    pub fn waiting_ids(&self) -> Result<Vec<EntryId>, StoreError> {
        self.write_private(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM outbox")?;
            Ok(statement.query_map([], |row| row.get(0).map(EntryId))?.collect::<Result<_, _>>()?)
        })
    }

    /// The waiting entry with this id.
    pub fn waiting(&self, id: &EntryId) -> Result<Option<VerifiedEntry>, StoreError> {
        Ok(self.outbox("id = ?1", [id.0])?.pop())
    }

    /// A waiting entry about this subject.
    pub fn waiting_about(&self, subject: &Subject) -> Result<Option<VerifiedEntry>, StoreError> {
        Ok(self.outbox("subject = ?1", [subject])?.pop())
    }

    /// How many entries wait.
    pub fn waiting_count(&self) -> Result<u64, StoreError> {
        let count: i64 =
            self.write_private(|db| Ok(db.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?))?;
        Ok(count as u64)
    }

    fn outbox(&self, condition: &'static str, of: impl Params) -> Result<Vec<VerifiedEntry>, StoreError> {
        let sql = format!("SELECT head, body FROM outbox WHERE {condition} ORDER BY id");
        let rows: Vec<(Vec<u8>, Vec<u8>)> = self.write_private(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map(of, |row| Ok((row.get("head")?, row.get("body")?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        rows.iter()
            .map(|(head, body)| verify(head, Some(body), "a waiting entry does not verify any more"))
            .collect()
    }

    /// Forgets waiting entries; called when they are in the set.
    pub fn remove_from_outbox(&self, entries: &[VerifiedEntry]) -> Result<(), StoreError> {
        self.write_private(|db| {
            for entry in entries {
                db.execute("DELETE FROM outbox WHERE id = ?1", [entry.head().id().0])?;
            }
            Ok(())
        })
    }

    /// The lowest n of `author` in `scope` above all of the set's, of the outbox's and of the inbox's.
    pub fn next_n_with_outbox(&self, author: &AuthorKey, scope: Scope) -> Result<u64, StoreError> {
        let waiting: Option<i64> = self.write_private(|db| {
            let sql = "SELECT max(n) FROM outbox WHERE author = ?1 AND scope = ?2";
            Ok(db.query_row(sql, params![author.0, scope as i64], |row| row.get(0))?)
        })?;
        let in_inbox = self.next_n_in_inbox(author, scope)?;
        Ok(self.next_n(author, scope)?.max(in_inbox).max(waiting.map_or(0, |n| n as u64 + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;

    #[test]
    fn what_waits_is_found_counted_and_released_in_order_of_ids() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut identity = Identity::from_secret([7; 32]);
        let entries: Vec<_> =
            (0..3).map(|n| identity.sign(vec![0xa1, 0x05, n], 99, n.into(), 494_000)).collect();
        for (number, entry) in (0u8..).zip(&entries) {
            store.put_in_outbox(entry, &[number; 32], 100 * u64::from(number), Some("form")).unwrap();
        }
        assert_eq!(store.waiting_count().unwrap(), 3);
        assert_eq!(store.receipt("form").unwrap(), Some(entries[0].head().id()), "the first answer stays");
        assert_eq!(store.waiting(&entries[1].head().id()).unwrap().as_ref(), Some(&entries[1]));
        assert_eq!(store.waiting_about(&[2; 32]).unwrap().as_ref(), Some(&entries[2]));
        assert_eq!(store.waiting_about(&[9; 32]).unwrap(), None);
        assert_eq!(store.next_n_with_outbox(&identity.author(), Scope::Main).unwrap(), 3);
        assert_eq!(store.next_n_with_outbox(&identity.author(), Scope::Core).unwrap(), 0);
        let due = store.due_in_outbox(100).unwrap();
        assert_eq!(due.len(), 2);
        assert!(due.is_sorted_by_key(|entry| entry.head().id().0));
        store.remove_from_outbox(&due).unwrap();
        assert_eq!(store.due_in_outbox(1000).unwrap(), entries[2..]);
    }
}

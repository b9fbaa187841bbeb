//! `private.db`: entries that wait for release, and receipts of submissions.

use super::{Store, StoreError};
use crate::entry::{AuthorKey, EntryId, Scope, VerifiedEntry};
use rusqlite::{OptionalExtension, params};

impl Store {
    /// Keeps an entry until its release, and the receipt of its submission with it.
    pub fn put_in_outbox(
        &self,
        entry: &VerifiedEntry,
        release_at_secs: u64,
        idempotency_key: Option<&str>,
    ) -> Result<(), StoreError> {
        self.write_private(|db| {
            let id = entry.head().id();
            db.execute(
                "INSERT OR IGNORE INTO outbox (id, head, body, release_at_secs) VALUES (?1, ?2, ?3, ?4)",
                params![id.0, entry.head().bytes(), entry.body(), release_at_secs as i64],
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
        self.outbox("release_at_secs <= ?1", now_secs)
    }

    /// All waiting entries, sorted by id.
    pub fn all_in_outbox(&self) -> Result<Vec<VerifiedEntry>, StoreError> {
        self.outbox("?1 = ?1", 0)
    }

    fn outbox(&self, condition: &'static str, now_secs: u64) -> Result<Vec<VerifiedEntry>, StoreError> {
        let sql = format!("SELECT head || body AS entry FROM outbox WHERE {condition} ORDER BY id");
        let rows: Vec<Vec<u8>> = self.write_private(|db| {
            let mut statement = db.prepare(&sql)?;
            let rows = statement.query_map([now_secs as i64], |row| row.get("entry"))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        rows.iter()
            .map(|bytes| VerifiedEntry::verify(bytes))
            .collect::<Result<_, _>>()
            .map_err(|_| StoreError::Damaged("a waiting entry does not verify any more"))
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

    /// The lowest n of `author` in `scope` above all of the set's and of the outbox's.
    pub fn next_n_with_outbox(&self, author: &AuthorKey, scope: Scope) -> Result<u64, StoreError> {
        let waiting = self.all_in_outbox()?;
        let own = waiting.iter().map(VerifiedEntry::head);
        let own = own.filter(|head| head.author() == *author && head.scope() == scope);
        let highest = own.map(|head| head.statement().n + 1).max().unwrap_or(0);
        Ok(self.next_n(author, scope)?.max(highest))
    }
}

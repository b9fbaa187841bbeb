//! When an entry joined this node's set, to the hour: for whoever wonders why they see it.
//!
//! Other nodes have other hours, so nothing else follows from them.

use super::{Store, StoreError};
use crate::entry::EntryId;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Notes the hour of all positions from `first_seq` on, if it is a new one.
pub(crate) fn note(db: &Connection, first_seq: i64) -> Result<(), StoreError> {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    note_hour(db, first_seq, (secs / 3600) as i64)
}

fn note_hour(db: &Connection, first_seq: i64, hour: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO arrivals (hour, first_seq) SELECT ?1, ?2
               WHERE NOT EXISTS (SELECT 1 FROM arrivals WHERE hour >= ?1)";
    db.prepare_cached(sql)?.execute(params![hour, first_seq])?;
    Ok(())
}

fn hour_of(db: &Connection, id: &EntryId) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT hour FROM entries JOIN arrivals ON first_seq <= seq WHERE id = ?1
               ORDER BY first_seq DESC LIMIT 1";
    let hour = db.prepare_cached(sql)?.query_row([id.0], |row| row.get::<_, i64>(0)).optional()?;
    Ok(hour.map(|hour| hour as u64))
}

impl Store {
    /// The hours since 1970 in which entries joined this set; those of which it is not known are left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn arrival_hours<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a EntryId>,
    ) -> Result<HashMap<EntryId, u64>, StoreError> {
        self.read(|db| {
            let mut hours = HashMap::new();
            for id in ids {
                hours.extend(hour_of(db, id)?.map(|hour| (*id, hour)));
            }
            Ok(hours)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::VerifiedEntry;
    use crate::entry::identity::Identity;
    use crate::ingest::ingest;

    #[test]
    fn entries_have_the_hour_in_which_they_joined() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut author = Identity::from_secret([3; 32]);
        let entries: Vec<VerifiedEntry> = (0..5).map(|n| author.sign(vec![0xa0], 99, n, 1)).collect();
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.head().id()).collect();
        ingest(&store, &entries[..2], None).unwrap();
        let now = *store.arrival_hours(&ids).unwrap().get(&ids[1]).unwrap();
        let secs = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!((secs / 3600 - 1..=secs / 3600).contains(&now));
        // As if an hour had passed, and then the clock had been set back.
        let next =
            store.read(|db| Ok(db.query_row("SELECT max(seq) + 1 FROM entries", [], |row| row.get(0))?));
        let next = next.unwrap();
        store.write(|db| note_hour(db, next, now as i64 + 1)).unwrap();
        ingest(&store, &entries[2..4], None).unwrap();
        store.write(|db| note_hour(db, next + 1, now as i64 - 5)).unwrap();
        let hours = store.arrival_hours(&ids).unwrap();
        let of = |number: usize| hours.get(&ids[number]).map(|hour| hour - now);
        assert_eq!([0, 1, 2, 3, 4].map(of), [Some(0), Some(0), Some(1), Some(1), None]);
    }

    #[test]
    fn what_was_there_before_has_no_hour() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut author = Identity::from_secret([3; 32]);
        let entries: Vec<VerifiedEntry> = (0..2).map(|n| author.sign(vec![0xa0], 99, n, 1)).collect();
        ingest(&store, &entries[..1], None).unwrap();
        store.write(|db| Ok(db.execute("DELETE FROM arrivals", [])?)).unwrap();
        ingest(&store, &entries[1..], None).unwrap();
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.head().id()).collect();
        let hours = store.arrival_hours(&ids).unwrap();
        assert!(!hours.contains_key(&ids[0]) && hours.contains_key(&ids[1]));
    }
}

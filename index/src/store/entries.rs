//! Questions about the set: entries by id and by position, counts and roots.

use super::{Store, StoreError};
use crate::entry::head::{Statement, read_trusted};
use crate::entry::{AuthorKey, EntryId, Scope, VerifiedEntry, VerifiedHead};
use crate::sync::root::SetSum;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// One scope at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeState {
    /// How many heads the set has.
    pub count: u64,
    /// The root over their ids.
    pub root: [u8; 32],
    /// The newest position in this node's order of release, which both scopes share.
    pub tail: u64,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Position in this node's order of release.
    pub seq: u64,
    /// The entry's id.
    pub id: EntryId,
    /// The bytes of the head.
    pub head: Vec<u8>,
    /// The bytes of the body, if it is here.
    pub body: Option<Vec<u8>>,
}

impl StoredEntry {
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let seq: i64 = row.get("seq")?;
        Ok(Self {
            seq: seq as u64,
            id: EntryId(row.get("id")?),
            head: row.get("head")?,
            body: row.get("body")?,
        })
    }

    /// Checks head and body again: disks fail.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn verify(&self) -> Result<VerifiedEntry, StoreError> {
        verify(&self.head, self.body.as_deref(), "an entry does not verify any more")
    }

    /// Head, then body: the form on the wire.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend(&self.head);
        out.extend(self.body.iter().flatten());
    }
}

/// A part of a node's order of release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailPage {
    /// The scope's entries, in order of release.
    pub entries: Vec<StoredEntry>,
    /// The scope has no other entries up to this position: where to go on. It moves on with the
    /// other scope too, so that a reader knows when it has caught up.
    pub position: u64,
}

/// What [`Store::each_entry`] shows.
pub(crate) enum Shown<'a> {
    /// How many entries there are, by scope.
    Counts([u64; 2]),
    /// One of them, and whether a ruling hides it.
    Entry(Scope, &'a StoredEntry, bool),
}

const COLUMNS: &str = "seq, id, head, body";

impl Store {
    /// The random number of this database, new whenever positions start anew.
    pub fn incarnation(&self) -> Result<[u8; 16], StoreError> {
        self.read(|db| {
            Ok(db.query_row("SELECT value FROM meta WHERE key = 'incarnation'", [], |row| row.get(0))?)
        })
    }

    /// Count, root and tail position of a scope, all of one moment.
    pub fn scope_state(&self, scope: Scope) -> Result<ScopeState, StoreError> {
        self.read(|db| {
            let sum = load_sum(db, scope)?;
            Ok(ScopeState { count: sum.count(), root: sum.root(scope), tail: newest_position(db)? })
        })
    }

    /// The entry with this id.
    pub fn entry(&self, id: &EntryId) -> Result<Option<StoredEntry>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE id = ?1");
        self.read(|db| Ok(db.prepare_cached(&sql)?.query_row([id.0], StoredEntry::from_row).optional()?))
    }

    /// All entries whose ids start with the 16 bytes; more than one only if somebody ground ids.
    pub fn entries_by_prefix(&self, prefix: &[u8; 16]) -> Result<Vec<StoredEntry>, StoreError> {
        let range = EntryId::range(prefix).map(|id| id.0);
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map(range, StoredEntry::from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Up to `limit` entries of a scope after a position, in order of release.
    pub fn tail_page(&self, scope: Scope, after: u64, limit: usize) -> Result<TailPage, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM entries WHERE scope = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
        // Positions are given out below 2^63; a larger one is after all of them.
        let from = i64::try_from(after).unwrap_or(i64::MAX);
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let rows =
                statement.query_map(params![scope as i64, from, limit as i64], StoredEntry::from_row)?;
            let entries: Vec<_> = rows.collect::<Result<_, _>>()?;
            let position = match entries.last() {
                Some(last) if entries.len() == limit => last.seq,
                _ => newest_position(db)?.max(after),
            };
            Ok(TailPage { entries, position })
        })
    }

    /// Shows `see` every entry of both scopes, `core` first, in order of ids: the set of one moment,
    /// whatever happens meanwhile. `see` may end it with an error. Before the first one it is told how
    /// many there are.
    pub(crate) fn each_entry<E: From<StoreError>>(
        &self,
        mut see: impl FnMut(Shown<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        // Who belongs to a network is a small part of it: found by the index on author, scope and n, and
        // sorted. All the rest is read along the index on ids.
        let columns = format!(
            "{COLUMNS}, EXISTS (SELECT 1 FROM hidden_entries WHERE hidden_entries.seq = entries.seq) AS hidden"
        );
        let core = format!(
            "SELECT {columns} FROM entries WHERE seq IN (SELECT seq FROM entries WHERE scope = 0) ORDER BY id"
        );
        let main = format!("SELECT {columns} FROM entries WHERE scope = 1 ORDER BY id");
        self.read(|db| {
            let counts = [load_sum(db, Scope::Core)?.count(), load_sum(db, Scope::Main)?.count()];
            let mut all = || -> Result<(), E> {
                see(Shown::Counts(counts))?;
                for (scope, sql) in Scope::ALL.into_iter().zip([&core, &main]) {
                    let mut statement = db.prepare(sql).map_err(StoreError::from)?;
                    let mut rows = statement.query([]).map_err(StoreError::from)?;
                    while let Some(row) = rows.next().map_err(StoreError::from)? {
                        let hidden = row.get("hidden").map_err(StoreError::from)?;
                        let entry = StoredEntry::from_row(row).map_err(StoreError::from)?;
                        see(Shown::Entry(scope, &entry, hidden))?;
                    }
                }
                Ok(())
            };
            Ok(all())
        })?
    }

    /// Which of `ids` (first 16 bytes) are not here with their bodies, in the given order.
    pub fn missing(&self, ids: &[[u8; 16]]) -> Result<Vec<[u8; 16]>, StoreError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT 1 FROM entries WHERE id BETWEEN ?1 AND ?2 AND body IS NOT NULL")?;
            let mut missing = Vec::new();
            for prefix in ids {
                if !statement.exists(EntryId::range(prefix).map(|id| id.0))? {
                    missing.push(*prefix);
                }
            }
            Ok(missing)
        })
    }

    /// The lowest n of `author` in `scope` that is above all of the set's.
    pub fn next_n(&self, author: &AuthorKey, scope: Scope) -> Result<u64, StoreError> {
        self.read(|db| {
            let highest: Option<i64> = db.query_row(
                "SELECT max(n) FROM entries JOIN authors USING (author_no) WHERE key = ?1 AND scope = ?2",
                params![author.0, scope as i64],
                |row| row.get(0),
            )?;
            Ok(highest.map_or(0, |n| n as u64 + 1))
        })
    }

    /// How far the tail of `peer` was read, if its incarnation is still this one.
    pub fn tail_position(&self, peer: &str, scope: Scope, incarnation: &[u8; 16]) -> Result<u64, StoreError> {
        self.read(|db| {
            let position: Option<i64> = db
                .query_row(
                    "SELECT after_seq FROM tail_positions WHERE peer = ?1 AND scope = ?2 AND incarnation = ?3",
                    params![peer, scope as i64, incarnation],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(position.unwrap_or(0) as u64)
        })
    }
}

/// Checks a stored head and its body again: disks fail. `damaged` says so if they do not hold any more.
pub(super) fn verify(
    head: &[u8],
    body: Option<&[u8]>,
    damaged: &'static str,
) -> Result<VerifiedEntry, StoreError> {
    VerifiedHead::verify(head)
        .map_err(Into::into)
        .and_then(|head| VerifiedEntry::new(head, body))
        .map_err(|_| StoreError::Damaged(damaged))
}

/// What a stored head says. It was verified before it was stored, and is not again.
pub(crate) fn read_head(head: &[u8]) -> Result<(AuthorKey, Statement), StoreError> {
    read_trusted(head).map_err(|_| StoreError::Damaged("a head is not one any more"))
}

/// The highest position ever given out, even if its entry was replaced since.
pub(crate) fn newest_position(db: &Connection) -> Result<u64, StoreError> {
    let position: Option<i64> = db
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'entries'", [], |row| row.get(0))
        .optional()?;
    Ok(position.unwrap_or(0) as u64)
}

/// The running sum of a scope.
pub(crate) fn load_sum(db: &Connection, scope: Scope) -> Result<SetSum, StoreError> {
    let row: Option<(i64, Vec<u8>)> = db
        .query_row("SELECT count, lanes FROM set_roots WHERE scope = ?1", [scope as i64], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match row {
        None => Ok(SetSum::default()),
        Some((count, lanes)) => SetSum::from_bytes(&lanes, count as u64)
            .ok_or(StoreError::Damaged("a set's sum has another length")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;
    use crate::ingest::ingest;

    #[test]
    fn a_scope_without_new_entries_is_read_to_the_newest_position() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.tail_page(Scope::Core, 0, 10).unwrap().position, 0);
        let mut identity = Identity::from_secret([3; 32]);
        let main: Vec<_> = (0..5).map(|n| identity.sign(vec![0xa0], 32, n, 494_000)).collect();
        ingest(&store, &main, None).unwrap();
        let tail = store.scope_state(Scope::Core).unwrap().tail;
        let core = store.tail_page(Scope::Core, 0, 10).unwrap();
        assert_eq!((core.entries.len(), core.position), (0, tail));
        let part = store.tail_page(Scope::Main, 0, 3).unwrap();
        assert_eq!((part.entries.len(), part.position), (3, part.entries[2].seq));
        let rest = store.tail_page(Scope::Main, part.position, 3).unwrap();
        assert_eq!((rest.entries.len(), rest.position), (2, tail));
        assert_eq!(store.tail_page(Scope::Main, tail + 9, 3).unwrap().position, tail + 9);
    }
}

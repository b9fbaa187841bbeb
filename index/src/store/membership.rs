//! Members on disk: the charter that the node was given, those that were adopted, and the inbox of strangers.
//!
//! Not here: the rules ([`crate::members`]), and what a change of members does to the set
//! ([`crate::ingest`]).

use super::changes::SetChanges;
use super::entries::{read_head, verify};
use super::{Store, StoreError, lock};
use crate::entry::charter::CharterId;
use crate::entry::{AuthorKey, EntryId, Scope, VerifiedEntry, VerifiedHead};
use crate::members::{CoreEntry, Members, members_root};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// Entries in the inbox: a flood of strangers ends here.
pub const MAX_INBOX: usize = 10_000;
/// Entries of one stranger that are taken in from outside: enough to be known by, and too few to fill the inbox.
pub const MAX_INBOX_OF_AUTHOR: usize = 100;
/// After this a stranger's entry is forgotten.
pub const INBOX_SECS: u64 = 30 * 24 * 3600;

/// The members as the writer left them. `None` inside: the set is open.
#[derive(Default)]
pub(super) struct Kept(Option<(i64, Option<Members>)>);

impl Store {
    /// As [`Self::change_sets`], with the members of the set that is written to; what `write` makes of them is kept for
    /// the next time if all of it is committed.
    pub(crate) fn write_set<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>, &mut Option<Members>) -> Result<(T, SetChanges), StoreError>,
    ) -> Result<T, StoreError> {
        let mut kept = lock(&self.members);
        let before = kept.0.take();
        let (result, after) = self.change_sets(|db| {
            // Changes when another connection has written: then what was kept is of another set.
            let version: i64 = db.query_row("PRAGMA data_version", [], |row| row.get(0))?;
            let mut members = match before {
                Some((seen, members)) if seen == version => members,
                _ => load(db)?,
            };
            let (result, changes) = write(db, &mut members)?;
            Ok(((result, (version, members)), changes))
        })?;
        kept.0 = Some(after);
        Ok(result)
    }

    /// The charter that the node was given; none: the set is open to all.
    pub fn pinned_charter(&self) -> Result<Option<CharterId>, StoreError> {
        self.read(pinned)
    }

    /// The members and all that follows from `core`, folded anew. `None`: the set is open to all.
    pub fn members(&self) -> Result<Option<Members>, StoreError> {
        self.read(load)
    }

    /// The root over the members. `None`: the set is open, or the charter is not here yet.
    pub fn members_root(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.read(|db| {
            let sql = "SELECT charter FROM adopted_charters ORDER BY place LIMIT 1";
            let first: Option<[u8; 32]> = db.query_row(sql, [], |row| row.get(0)).optional()?;
            let Some(first) = first else { return Ok(None) };
            let keys: Vec<[u8; 32]> =
                crate::projection::column(db, "SELECT key FROM members ORDER BY key", &[])?;
            let keys: Vec<AuthorKey> = keys.into_iter().map(AuthorKey).collect();
            Ok(Some(members_root(CharterId(first), keys.len() as u64, &keys)))
        })
    }

    /// Whether the sets have entries by anybody but this author.
    pub fn has_entries_of_others(&self, author: &AuthorKey) -> Result<bool, StoreError> {
        self.read(|db| {
            let sql = "SELECT 1 FROM authors
                       WHERE key <> ?1 AND EXISTS (
                           SELECT 1 FROM entries WHERE entries.author_no = authors.author_no)";
            Ok(db.prepare_cached(sql)?.exists([author.0])?)
        })
    }

    /// How many entries of strangers wait.
    pub fn inbox_count(&self) -> Result<u64, StoreError> {
        self.read(|db| Ok(count(db)? as u64))
    }

    /// An entry of this author that waits in the inbox and whose body is what is looked for.
    pub fn find_in_inbox(
        &self,
        author: &AuthorKey,
        is_it: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<VerifiedEntry>, StoreError> {
        let found = self.read(|db| {
            let mut statement = db.prepare_cached("SELECT head, body FROM inbox WHERE author = ?1")?;
            let mut rows = statement.query([author.0])?;
            while let Some(row) = rows.next()? {
                let (head, body): (Vec<u8>, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
                if body.as_deref().is_some_and(&is_it) {
                    return Ok(Some((head, body)));
                }
            }
            Ok(None)
        })?;
        found.as_ref().map(verify_row).transpose()
    }

    /// The lowest n of `author` in `scope` above all that wait in the inbox.
    pub(super) fn next_n_in_inbox(&self, author: &AuthorKey, scope: Scope) -> Result<u64, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT head FROM inbox WHERE author = ?1")?;
            let mut rows = statement.query([author.0])?;
            let mut next = 0;
            while let Some(row) = rows.next()? {
                let (_, statement) = read_head(&row.get::<_, Vec<u8>>(0)?)?;
                if statement.scope() == scope {
                    next = next.max(statement.n.saturating_add(1));
                }
            }
            Ok(next)
        })
    }

    /// The entry with this id, if it waits in the inbox.
    pub fn in_inbox(&self, id: &EntryId) -> Result<Option<VerifiedEntry>, StoreError> {
        let row = self.read(|db| {
            let mut statement = db.prepare_cached("SELECT head, body FROM inbox WHERE id = ?1")?;
            Ok(statement.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })?;
        row.as_ref().map(verify_row).transpose()
    }
}

fn count(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("SELECT count(*) FROM inbox", [], |row| row.get(0))?)
}

/// Forgets what has waited in the inbox for longer than [`INBOX_SECS`].
pub(crate) fn forget_oldest(db: &Connection, now_secs: u64) -> Result<(), StoreError> {
    let oldest = now_secs.saturating_sub(INBOX_SECS) as i64;
    db.execute("DELETE FROM inbox WHERE arrived_at_secs < ?1", [oldest])?;
    Ok(())
}

pub(crate) fn is_in_inbox(db: &Connection, id: &EntryId) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM inbox WHERE id = ?1")?.exists([id.0])?)
}

/// How many entries of an author wait.
pub(crate) fn count_of(db: &Connection, author: &AuthorKey) -> Result<usize, StoreError> {
    let mut statement = db.prepare_cached("SELECT count(*) FROM inbox WHERE author = ?1")?;
    Ok(statement.query_row([author.0], |row| row.get::<_, i64>(0))? as usize)
}

/// Makes room for one entry of `author` in a full inbox: the oldest one leaves of whoever has most, if that is still
/// no fewer than `author` has then. So nobody is pushed out by somebody who has as many.
fn make_room(db: &Connection, author: &AuthorKey) -> Result<bool, StoreError> {
    let sql = "SELECT author, count(*) FROM inbox GROUP BY author ORDER BY 2 DESC, author LIMIT 1";
    let fullest: Option<([u8; 32], i64)> =
        db.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((fullest, waiting)) = fullest else { return Ok(true) };
    if waiting as usize <= count_of(db, author)? + 1 {
        return Ok(false);
    }
    let sql = "DELETE FROM inbox WHERE id =
                   (SELECT id FROM inbox WHERE author = ?1 ORDER BY arrived_at_secs, id LIMIT 1)";
    Ok(db.prepare_cached(sql)?.execute([fullest])? == 1)
}

/// Puts an entry into the inbox if there is room.
pub(crate) fn put(
    db: &Connection,
    head: &VerifiedHead,
    body: Option<&[u8]>,
    now_secs: u64,
) -> Result<bool, StoreError> {
    let is_full = !is_in_inbox(db, &head.id())? && count(db)? >= MAX_INBOX as i64;
    if is_full && !make_room(db, &head.author())? {
        return Ok(false);
    }
    db.prepare_cached(
        "INSERT INTO inbox (id, author, head, body, arrived_at_secs) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET body = coalesce(body, excluded.body)",
    )?
    .execute(params![head.id().0, head.author().0, head.bytes(), body, now_secs as i64])?;
    Ok(true)
}

/// Takes all entries of an author out of the inbox, sorted by id.
pub(crate) fn take_from_inbox(db: &Connection, author: &AuthorKey) -> Result<Vec<VerifiedEntry>, StoreError> {
    let mut statement = db.prepare_cached("SELECT head, body FROM inbox WHERE author = ?1 ORDER BY id")?;
    let rows = statement.query_map([author.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> = rows.collect::<Result<_, _>>()?;
    db.prepare_cached("DELETE FROM inbox WHERE author = ?1")?.execute([author.0])?;
    rows.iter().map(verify_row).collect()
}

fn verify_row((head, body): &(Vec<u8>, Option<Vec<u8>>)) -> Result<VerifiedEntry, StoreError> {
    verify(head, body.as_deref(), "an entry in the inbox does not verify any more")
}

fn pinned(db: &Connection) -> Result<Option<CharterId>, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = 'charter'";
    let pinned: Option<[u8; 32]> = db.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(pinned.map(CharterId))
}

/// The members, folded anew. `None`: the set is open.
pub(crate) fn load(db: &Connection) -> Result<Option<Members>, StoreError> {
    pinned(db)?.map(|pinned| load_of(db, pinned)).transpose()
}

/// The members of the network of this charter, from all of `core` that is here.
pub(crate) fn load_of(db: &Connection, pinned: CharterId) -> Result<Members, StoreError> {
    let mut statement = db.prepare_cached("SELECT place, body FROM adopted_charters ORDER BY place")?;
    let adopted = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut members = Members::with_adopted(pinned, adopted)
        .ok_or(StoreError::Damaged("the adopted charters are not charters any more"))?;
    // By author: there is no index on the scope alone.
    let mut statement = db.prepare_cached(
        "SELECT id, head, body FROM authors CROSS JOIN entries USING (author_no) WHERE scope = 0",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (head, body): (Vec<u8>, Option<Vec<u8>>) = (row.get("head")?, row.get("body")?);
        let (author, said) = read_head(&head)?;
        members.place(CoreEntry::stored(EntryId(row.get("id")?), author, said.n, said.kind, body.as_deref()));
    }
    members.settle();
    read_charters(db, &mut members)?;
    members.take_changes();
    Ok(members)
}

/// Gives the fold the charters that it wants by now, until it wants no more.
pub(crate) fn read_charters(db: &Connection, members: &mut Members) -> Result<(), StoreError> {
    loop {
        let unread = members.take_unread();
        if unread.is_empty() {
            return Ok(());
        }
        for (author, n) in unread {
            let mut statement = db.prepare_cached(
                "SELECT id, head, body FROM authors JOIN entries USING (author_no)
                 WHERE key = ?1 AND scope = 0 AND n = ?2",
            )?;
            let place = params![author.0, n as i64];
            let mut rows = statement.query(place)?;
            let Some(row) = rows.next()? else { continue };
            let (head, body): (Vec<u8>, Option<Vec<u8>>) = (row.get("head")?, row.get("body")?);
            let (id, (_, said)) = (EntryId(row.get("id")?), read_head(&head)?);
            members.read_again(CoreEntry::stored(id, author, n, said.kind, body.as_deref()));
        }
        members.settle();
    }
}

/// Writes which charters are adopted.
pub(crate) fn save_adopted(db: &Connection, members: &Members) -> Result<(), StoreError> {
    db.execute("DELETE FROM adopted_charters", [])?;
    for (place, charter, body) in members.adopted() {
        db.prepare_cached("INSERT INTO adopted_charters (place, charter, body) VALUES (?1, ?2, ?3)")?
            .execute(params![place, charter.0, body])?;
    }
    Ok(())
}

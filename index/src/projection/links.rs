//! Links by MBID and by infohash: what is shown for a release group.

use crate::entry::kind::Kind;
use crate::entry::link::Link;
use crate::entry::{AuthorKey, EntryId, VerifiedEntry};
use crate::store::entries::StoredEntry;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A link with what its head says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkEntry {
    /// The entry's id.
    pub entry: EntryId,
    /// Who signed it.
    pub author: AuthorKey,
    /// When the author says it was made, in hours since 1970.
    pub created_hours: u64,
    /// What it says.
    pub link: Link,
}

/// All links that are shown under one MBID, sorted by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The release group, or what the links name where no release group is known.
    pub mbid: Uuid,
    /// At least one link.
    pub links: Vec<LinkEntry>,
}

impl Group {
    /// The artist that most links name.
    pub fn artist(&self) -> &str {
        most_common(self.links.iter().map(|entry| entry.link.artist.as_str())).unwrap_or_default()
    }

    /// The title that most links name.
    pub fn title(&self) -> &str {
        most_common(self.links.iter().map(|entry| entry.link.title.as_str())).unwrap_or_default()
    }

    /// The year that most links name.
    pub fn year(&self) -> Option<u16> {
        most_common(self.links.iter().filter_map(|entry| entry.link.year))
    }

    /// The types that most links name, the primary one first.
    pub fn types(&self) -> &[String] {
        let types = self.links.iter().map(|entry| entry.link.types.as_slice());
        most_common(types.filter(|types| !types.is_empty())).unwrap_or_default()
    }
}

/// The value that occurs most; of those that occur as often, the smallest: independent of order.
fn most_common<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

/// Links of a group that are looked at: those that were here first, so that a flood of new ones cannot
/// push them out. The best known records have some dozens.
pub const MAX_GROUP_LINKS: usize = 200;

/// Takes an entry that just joined the set into the projection, if it is a link with meaning.
pub(crate) fn project(db: &Transaction<'_>, seq: i64, entry: &VerifiedEntry) -> Result<(), StoreError> {
    if entry.head().statement().kind != Kind::Link.number() {
        return Ok(());
    }
    // A void link counts for nothing, but stays in the set.
    let Some(Ok(link)) = entry.body().map(Link::from_body) else { return Ok(()) };
    let group = link.group();
    db.prepare_cached(
        "INSERT INTO links (seq, group_mbid, mbid, infohash_v1, infohash_v2) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        seq,
        group.as_bytes(),
        link.mbid.as_bytes(),
        link.infohash_v1,
        link.infohash_v2
    ])?;
    db.prepare_cached("INSERT INTO group_changes (group_mbid) VALUES (?1)")?.execute([group.as_bytes()])?;
    Ok(())
}

/// Takes an entry that leaves the set out of the projection.
pub(crate) fn withdraw(db: &Transaction<'_>, seq: i64) -> Result<(), StoreError> {
    db.execute("INSERT INTO group_changes (group_mbid) SELECT group_mbid FROM links WHERE seq = ?1", [seq])?;
    db.execute("DELETE FROM links WHERE seq = ?1", [seq])?;
    Ok(())
}

impl Store {
    /// The links shown under a group's MBID.
    pub fn group(&self, mbid: &Uuid) -> Result<Option<Group>, StoreError> {
        self.read(|db| group(db, mbid))
    }

    /// The links shown under each of `mbids`, where there are any, in one state of the set.
    pub fn groups(&self, mbids: &[Uuid]) -> Result<HashMap<Uuid, Group>, StoreError> {
        self.read(|db| {
            let mut groups = HashMap::new();
            for mbid in mbids {
                groups.extend(group(db, mbid)?.map(|group| (*mbid, group)));
            }
            Ok(groups)
        })
    }

    /// The groups under which an MBID of any kind is shown.
    pub fn groups_of_mbid(&self, mbid: &Uuid) -> Result<Vec<Uuid>, StoreError> {
        self.group_mbids(
            "SELECT group_mbid FROM links WHERE group_mbid = ?1 UNION
             SELECT group_mbid FROM links WHERE mbid = ?1 AND mbid <> group_mbid",
            mbid.as_bytes(),
        )
    }

    /// The groups under which a BitTorrent v1 infohash is shown.
    pub fn groups_of_infohash_v1(&self, infohash: &[u8; 20]) -> Result<Vec<Uuid>, StoreError> {
        self.group_mbids("SELECT DISTINCT group_mbid FROM links WHERE infohash_v1 = ?1", infohash)
    }

    /// The groups under which a BitTorrent v2 infohash is shown.
    pub fn groups_of_infohash_v2(&self, infohash: &[u8; 32]) -> Result<Vec<Uuid>, StoreError> {
        self.group_mbids("SELECT DISTINCT group_mbid FROM links WHERE infohash_v2 = ?1", infohash)
    }

    /// The groups under which a torrent is shown that is announced with this infohash: v1, or the first 20
    /// bytes of v2.
    pub fn groups_of_announced(&self, infohash: &[u8; 20]) -> Result<Vec<Uuid>, StoreError> {
        self.read(|db| {
            let bound = |last: u8| [infohash.as_slice(), &[last; 12]].concat();
            let mut statement = db.prepare_cached(
                "SELECT group_mbid FROM links WHERE infohash_v1 = ?1 UNION
                 SELECT group_mbid FROM links WHERE infohash_v2 BETWEEN ?2 AND ?3",
            )?;
            let key = params![infohash, bound(0), bound(0xff)];
            let mbids = statement.query_map(key, |row| row.get(0).map(Uuid::from_bytes))?;
            Ok(mbids.collect::<Result<_, _>>()?)
        })
    }

    /// The groups whose newest link was released last, newest first.
    pub fn newest_groups(&self, limit: usize) -> Result<Vec<Group>, StoreError> {
        self.read(|db| {
            // Looks at no more rows than can matter: a group may have many new links.
            let mut statement = db.prepare_cached(
                "SELECT group_mbid FROM (SELECT seq, group_mbid FROM links ORDER BY seq DESC LIMIT ?1 * 20)
                 GROUP BY group_mbid ORDER BY max(seq) DESC LIMIT ?1",
            )?;
            let mbids = statement.query_map([limit as i64], |row| row.get(0).map(Uuid::from_bytes))?;
            let mbids = mbids.collect::<Result<Vec<_>, _>>()?;
            mbids.iter().filter_map(|mbid| group(db, mbid).transpose()).collect()
        })
    }

    /// Up to `limit` group MBIDs above `after`, ascending: all groups, in pages.
    pub fn group_mbids_after(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT DISTINCT group_mbid FROM links WHERE group_mbid > ?1 ORDER BY group_mbid LIMIT ?2",
            )?;
            let after = after.map_or(Vec::new(), |after| after.as_bytes().to_vec());
            let mbids =
                statement.query_map(params![after, limit as i64], |row| row.get(0).map(Uuid::from_bytes))?;
            Ok(mbids.collect::<Result<_, _>>()?)
        })
    }

    /// Up to `limit` changes of groups after one, in order: `(change, group MBID)`.
    pub fn group_changes_after(&self, change: u64, limit: usize) -> Result<Vec<(u64, Uuid)>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT change, group_mbid FROM group_changes WHERE change > ?1 ORDER BY change LIMIT ?2",
            )?;
            let rows = statement.query_map(params![change as i64, limit as i64], |row| {
                Ok((row.get::<_, i64>(0)? as u64, Uuid::from_bytes(row.get(1)?)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The number of the newest change of a group, 0 if there is none.
    pub fn last_group_change(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            let last: Option<i64> =
                db.query_row("SELECT max(change) FROM group_changes", [], |row| row.get(0))?;
            Ok(last.unwrap_or(0) as u64)
        })
    }

    fn group_mbids(&self, sql: &str, key: &[u8]) -> Result<Vec<Uuid>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mbids = statement.query_map([key], |row| row.get(0).map(Uuid::from_bytes))?;
            Ok(mbids.collect::<Result<_, _>>()?)
        })
    }
}

fn group(db: &Connection, mbid: &Uuid) -> Result<Option<Group>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, id, head, body FROM links JOIN entries USING (seq) WHERE group_mbid = ?1 ORDER BY seq LIMIT ?2",
    )?;
    let rows =
        statement.query_map(params![mbid.as_bytes(), MAX_GROUP_LINKS as i64], StoredEntry::from_row)?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    rows.sort_unstable_by_key(|row| row.id.0);
    let links = rows.iter().map(link_entry).collect::<Result<Vec<_>, _>>()?;
    Ok((!links.is_empty()).then_some(Group { mbid: *mbid, links }))
}

fn link_entry(stored: &StoredEntry) -> Result<LinkEntry, StoreError> {
    let damaged = StoreError::Damaged("a link's body is not one any more");
    let body = stored.body.as_deref().ok_or(StoreError::Damaged("a link has no body"))?;
    let link = Link::from_body(body).map_err(|_| damaged)?;
    let entry = crate::entry::head::read_trusted(&stored.head)
        .map_err(|_| StoreError::Damaged("a link's head is not one any more"))?;
    Ok(LinkEntry { entry: stored.id, author: entry.0, created_hours: entry.1.created_hours, link })
}

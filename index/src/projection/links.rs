//! Links by MBID and by infohash: what is shown for a release group.

use super::authored::load;
use super::{Authored, Fold, Place, column};
use crate::entry::link::Link;
use crate::entry::{AuthorKey, EntryId};
use crate::mbid::{ASKED_AT_ONCE, at_once};
use crate::store::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
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

impl From<Authored<Link>> for LinkEntry {
    fn from(authored: Authored<Link>) -> Self {
        let Authored { entry, author, n: _, created_hours, body: link } = authored;
        Self { entry, author, created_hours, link }
    }
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

/// A link with the infohash `?1`, as the indexes find it.
pub(super) const BY_V1: &str = "substr(infohash_v1, 1, 8) = substr(?1, 1, 8) AND infohash_v1 = ?1";
pub(super) const BY_V2: &str = "substr(infohash_v2, 1, 8) = substr(?1, 1, 8) AND infohash_v2 = ?1";

/// Links of a group that are looked at. The best known records have some dozens.
pub const MAX_GROUP_LINKS: usize = 200;

pub(super) fn insert(fold: &Fold<'_>, place: &Place, link: &Link) -> Result<(), StoreError> {
    let group = link.group();
    fold.execute(
        "INSERT INTO links (seq, group_mbid, mbid, infohash_v1, infohash_v2, author_no, n)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            place.seq,
            group.as_bytes(),
            link.mbid.as_bytes(),
            link.infohash_v1,
            link.infohash_v2,
            place.author_no,
            place.n
        ],
    )?;
    if !fold.queues_groups {
        return Ok(());
    }
    fold.execute("INSERT INTO group_changes (group_mbid) VALUES (?1)", [group.as_bytes()])
}

/// Queues the group of a link that is about to leave.
pub(super) fn queue(fold: &Fold<'_>, seq: i64) -> Result<(), StoreError> {
    if !fold.queues_groups {
        return Ok(());
    }
    fold.execute("INSERT INTO group_changes (group_mbid) SELECT group_mbid FROM links WHERE seq = ?1", [seq])
}

impl Store {
    /// The links shown under a group's MBID.
    pub fn group(&self, mbid: &Uuid) -> Result<Option<Group>, StoreError> {
        self.read(|db| group(db, mbid))
    }

    /// The links of each group, given with all MBIDs that its links may name; at most `limit` of each, where
    /// there are any, in one state of the set.
    pub fn groups<'a>(
        &self,
        groups: impl Iterator<Item = (&'a Uuid, &'a [Uuid])>,
        limit: usize,
    ) -> Result<HashMap<Uuid, Group>, StoreError> {
        self.read(|db| {
            let mut found = HashMap::new();
            let groups: Vec<_> = groups.collect();
            let named = groups.iter().flat_map(|(_, mbids)| mbids.iter().copied()).collect::<Vec<_>>();
            let linked = linked(db, &named)?;
            for (mbid, mbids) in groups {
                if !mbids.iter().any(|mbid| linked.contains(mbid)) {
                    continue;
                }
                found.extend(group_of(db, mbid, mbids, limit)?.map(|group| (*mbid, group)));
            }
            Ok(found)
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
        self.group_mbids(&format!("SELECT DISTINCT group_mbid FROM links WHERE {BY_V1}"), infohash)
    }

    /// The groups under which a BitTorrent v2 infohash is shown.
    pub fn groups_of_infohash_v2(&self, infohash: &[u8; 32]) -> Result<Vec<Uuid>, StoreError> {
        self.group_mbids(&format!("SELECT DISTINCT group_mbid FROM links WHERE {BY_V2}"), infohash)
    }

    /// The groups under which a torrent is shown that is announced with this infohash: v1, or the first 20
    /// bytes of v2.
    pub fn groups_of_announced(&self, infohash: &[u8; 20]) -> Result<Vec<Uuid>, StoreError> {
        self.group_mbids(&announced(), infohash)
    }

    /// An entry that links this torrent to this MBID, if there is one: the first that came.
    pub fn link_of_torrent(
        &self,
        infohash_v1: Option<&[u8; 20]>,
        infohash_v2: Option<&[u8; 32]>,
        mbid: &Uuid,
    ) -> Result<Option<EntryId>, StoreError> {
        let (sql, hash, other): (_, Option<&[u8]>, Option<&[u8; 32]>) = match infohash_v1 {
            Some(v1) => (of_torrent(BY_V1, "infohash_v2"), Some(v1), infohash_v2),
            None => (of_torrent(BY_V2, "infohash_v1"), infohash_v2.map(<[u8; 32]>::as_slice), None),
        };
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let key = params![hash, other, mbid.as_bytes()];
            Ok(statement.query_row(key, |row| row.get(0).map(EntryId)).optional()?)
        })
    }

    /// The groups whose newest link was released last, newest first: at this node, which is what a reader
    /// of its home page wants to know, so other nodes have another answer.
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

    /// All MBIDs that a link, a tag, a vote or a ruling is about, in one state of the set; `None` if there are more than
    /// `limit` of one of these.
    pub fn mbids_spoken_of(&self, limit: usize) -> Result<Option<HashSet<Uuid>>, StoreError> {
        self.read(|db| {
            let mut spoken_of = HashSet::new();
            for sql in [
                "SELECT DISTINCT group_mbid FROM links ORDER BY 1 LIMIT ?1",
                "SELECT DISTINCT subject FROM tags WHERE length(subject) = 16 ORDER BY 1 LIMIT ?1",
                "SELECT DISTINCT subject FROM votes WHERE length(subject) = 16 ORDER BY 1 LIMIT ?1",
                "SELECT subject FROM fallen WHERE kind = 0 AND length(subject) = 16 ORDER BY 1 LIMIT ?1",
            ] {
                let mbids: Vec<[u8; 16]> = column(db, sql, &[&(limit as i64 + 1)])?;
                if mbids.len() > limit {
                    return Ok(None);
                }
                spoken_of.extend(mbids.into_iter().map(Uuid::from_bytes));
            }
            Ok(Some(spoken_of))
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

    /// The number of the newest change of a group, 0 if there was none yet. It counts on where changes were
    /// forgotten.
    pub fn last_group_change(&self) -> Result<u64, StoreError> {
        self.read(last_change)
    }

    /// The number of the newest change that is forgotten, 0 if none is: what comes after it can be read.
    pub fn forgotten_group_changes(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            let sql = "SELECT min(change) - 1 FROM group_changes";
            match db.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))? {
                Some(before) => Ok(before as u64),
                None => last_change(db),
            }
        })
    }

    /// Forgets all changes up to this one, which everybody has read. An index that has not is built anew.
    pub fn forget_group_changes(&self, change: u64) -> Result<(), StoreError> {
        self.write(|db| {
            db.execute("DELETE FROM group_changes WHERE change <= ?1", [change as i64])?;
            Ok(())
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

/// The groups of torrents whose infohash is `?1`, or begins with it. The index of v2 has only those that have one,
/// and it is not plain to SQLite that these do.
fn announced() -> String {
    format!(
        "SELECT group_mbid FROM links WHERE {BY_V1} UNION
         SELECT group_mbid FROM links WHERE infohash_v2 IS NOT NULL
             AND substr(infohash_v2, 1, 8) = substr(?1, 1, 8) AND substr(infohash_v2, 1, 20) = ?1"
    )
}

/// The first link to the MBID `?3` whose torrent is found by an infohash, `?1`, and has the other one, `?2`.
fn of_torrent(by: &str, other: &str) -> String {
    format!(
        "SELECT id FROM links JOIN entries USING (seq)
         WHERE {by} AND {other} IS ?2 AND mbid = ?3 ORDER BY seq LIMIT 1"
    )
}

/// The number that AUTOINCREMENT gave last: rows may be gone.
fn last_change(db: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'group_changes'";
    Ok(db.query_row(sql, [], |row| row.get::<_, i64>(0)).optional()?.unwrap_or(0) as u64)
}

pub(crate) fn group(db: &Connection, mbid: &Uuid) -> Result<Option<Group>, StoreError> {
    group_of(db, mbid, &[*mbid], MAX_GROUP_LINKS)
}

/// Those of some MBIDs under which there are links: most groups of a catalogue have none.
fn linked(db: &Connection, mbids: &[Uuid]) -> Result<HashSet<Uuid>, StoreError> {
    let mut linked = HashSet::new();
    let mut statement = db.prepare_cached(
        "SELECT DISTINCT group_mbid FROM links
         WHERE group_mbid IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for mbids in mbids.chunks(ASKED_AT_ONCE) {
        let mut rows = statement.query(at_once(mbids))?;
        while let Some(row) = rows.next()? {
            linked.insert(Uuid::from_bytes(row.get(0)?));
        }
    }
    Ok(linked)
}

/// The links under any of `mbids`, at most `limit`, as one group. No more bodies than that are read.
fn group_of(db: &Connection, mbid: &Uuid, mbids: &[Uuid], limit: usize) -> Result<Option<Group>, StoreError> {
    let mut chosen: Vec<_> = mbids.iter().map(|mbid| chosen(db, mbid, limit)).collect::<Result<_, _>>()?;
    if chosen.iter().map(Vec::len).sum::<usize>() > limit {
        // Of each MBID in turn, so that a flood on one release leaves the others.
        let longest = chosen.iter().map(Vec::len).max().unwrap_or(0);
        let turns =
            (0..longest).flat_map(|turn| chosen.iter().filter_map(move |seqs| seqs.get(turn).copied()));
        chosen = vec![turns.take(limit).collect()];
    }
    let mut links = Vec::new();
    for seq in chosen.into_iter().flatten() {
        links.push(LinkEntry::from(load(db, seq, Link::from_body)?));
    }
    links.sort_unstable_by_key(|link| link.entry);
    Ok((!links.is_empty()).then_some(Group { mbid: *mbid, links }))
}

/// The positions of the links under an MBID, or of those that are looked at if there are too many: the first
/// ones of each author in turn, so that a flood by one author cannot push the others out. Among authors a hash
/// decides that is another one for each MBID, so that keys made to come first do so for one MBID only.
pub(super) fn chosen(db: &Connection, mbid: &Uuid, limit: usize) -> Result<Vec<i64>, StoreError> {
    let few = limit as i64 + 1;
    let seqs: Vec<i64> =
        column(db, "SELECT seq FROM links WHERE group_mbid = ?1 LIMIT ?2", &[mbid.as_bytes(), &few])?;
    if seqs.len() <= limit {
        return Ok(seqs);
    }
    let mut statement = db.prepare_cached(
        "SELECT seq, turn, key FROM (
             SELECT seq, author_no, row_number() OVER (PARTITION BY author_no ORDER BY n) AS turn
             FROM links WHERE group_mbid = ?1)
         JOIN authors USING (author_no) WHERE turn <= ?2",
    )?;
    let rows = statement.query_map(params![mbid.as_bytes(), limit as i64], |row| {
        let key: [u8; 32] = row.get(2)?;
        let place = blake3::hash(&[mbid.as_bytes().as_slice(), &key].concat());
        Ok((row.get::<_, i64>(1)?, *place.as_bytes(), row.get::<_, i64>(0)?))
    })?;
    let mut turns = rows.collect::<Result<Vec<_>, _>>()?;
    turns.sort_unstable();
    turns.truncate(limit);
    Ok(turns.into_iter().map(|(_, _, seq)| seq).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of some rows is used only where the condition says so plainly. Without it each question looks at
    /// every link.
    #[test]
    fn torrents_are_found_by_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for sql in [announced(), of_torrent(BY_V1, "infohash_v2"), of_torrent(BY_V2, "infohash_v1")] {
            let plan: Vec<String> = store
                .read(|db| {
                    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                    Ok(statement.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>()?)
                })
                .unwrap();
            assert!(plan.iter().any(|step| step.contains("links_by_infohash")), "{plan:?}");
            assert!(!plan.iter().any(|step| step.contains("SCAN")), "{plan:?}");
        }
    }
}

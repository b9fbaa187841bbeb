//! Items of collages: of each author the newest entry about an item counts, and whether it is by
//! somebody who may change the collage is asked when it is read.

use super::authored::load;
use super::collages::{CurrentCollage, collage};
use super::{Authored, Fold, Place, column, subject_key};
use crate::entry::EntryId;
use crate::entry::collage::CollageItem;
use crate::entry::subject::Subject;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::collections::BTreeMap;

/// A collage with what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemsOfCollage {
    /// The collage.
    pub collage: CurrentCollage,
    /// The items that count, in its order.
    pub items: Vec<Authored<CollageItem>>,
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, item: &CollageItem) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO collage_items (seq, collage, item, author_no, n, removed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            place.seq,
            item.collage.0,
            subject_key(&item.item),
            place.author_no,
            place.n,
            item.removed
        ],
    )
}

/// The items that count, each once, in the collage's order: by sort key, then those without one by id.
pub(crate) fn items(db: &Connection, id: &EntryId) -> Result<Option<ItemsOfCollage>, StoreError> {
    let Some((collage, owner_no)) = collage(db, id)? else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT item, author_no, seq FROM (
             SELECT item, author_no, seq, removed, max(n) FROM collage_items
             WHERE collage = ?1 AND (author_no = ?2 OR ?3) GROUP BY item, author_no)
         WHERE NOT removed",
    )?;
    let rows = statement.query_map(params![id.0, owner_no, collage.current.body.open], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    // Several authors may have added the same thing. The owner's entry is shown, or that with the lowest id.
    let mut items: BTreeMap<Vec<u8>, (bool, Authored<CollageItem>)> = BTreeMap::new();
    for row in rows {
        let (item, author_no, seq) = row?;
        let (is_owners, entry) = (author_no == owner_no, load(db, seq, CollageItem::from_body)?);
        let rank = |is_owners: bool, entry: &Authored<_>| (!is_owners, entry.entry);
        match items.get(&item) {
            Some((known_is_owners, known)) if rank(*known_is_owners, known) < rank(is_owners, &entry) => {}
            _ => drop(items.insert(item, (is_owners, entry))),
        }
    }
    let mut items: Vec<_> = items.into_values().map(|(_, entry)| entry).collect();
    items.sort_unstable_by(|left, right| {
        let key =
            |item: &Authored<CollageItem>| (item.body.sort.is_none(), item.body.sort.clone(), item.entry);
        key(left).cmp(&key(right))
    });
    Ok(Some(ItemsOfCollage { collage, items }))
}

fn is_item(
    db: &Connection,
    collage: &CurrentCollage,
    owner_no: i64,
    item: &[u8],
) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM (
             SELECT removed, max(n) FROM collage_items
             WHERE collage = ?1 AND item = ?2 AND (author_no = ?3 OR ?4) GROUP BY author_no)
         WHERE NOT removed",
    )?;
    Ok(statement.exists(params![collage.collage.0, item, owner_no, collage.current.body.open])?)
}

impl Store {
    /// A collage with the items that count, in its order.
    pub fn collage_items(&self, id: &EntryId) -> Result<Option<ItemsOfCollage>, StoreError> {
        self.read(|db| items(db, id))
    }

    /// The collages that have something as an item, sorted by id.
    pub fn collages_with(&self, item: &Subject) -> Result<Vec<CurrentCollage>, StoreError> {
        let key = subject_key(item);
        self.read(|db| {
            let sql = "SELECT DISTINCT collage FROM collage_items WHERE item = ?1 ORDER BY collage";
            let ids: Vec<[u8; 32]> = column(db, sql, &[&key])?;
            let mut found = Vec::new();
            for id in ids {
                if let Some((collage, owner_no)) = collage(db, &EntryId(id))?
                    && is_item(db, &collage, owner_no, key)?
                {
                    found.push(collage);
                }
            }
            Ok(found)
        })
    }
}

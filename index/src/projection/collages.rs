//! Collages: curated lists. The id of the first entry names one; later entries of the same author
//! change title, description and who may add items. The items are in [`super::collage_items`].

use super::authored::load;
use super::{Authored, Fold, Page, Place, column, limit_and_offset};
use crate::entry::EntryId;
use crate::entry::collage::Collage;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

/// A collage as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CurrentCollage {
    /// The id that names it.
    pub collage: EntryId,
    /// Its newest entry.
    pub current: Authored<Collage>,
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, collage: &Collage) -> Result<(), StoreError> {
    let first = collage.replaces.unwrap_or(place.id);
    fold.execute(
        "INSERT INTO collages (seq, collage, is_first, author_no, n) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![place.seq, first.0, collage.replaces.is_none(), place.author_no, place.n],
    )
}

/// The collage that an id names, and the number of its author. There is none without its first entry;
/// entries of other authors that claim to replace it count for nothing.
pub(super) fn collage(db: &Connection, id: &EntryId) -> Result<Option<(CurrentCollage, i64)>, StoreError> {
    let newest = db
        .prepare_cached(
            "SELECT newest.seq, newest.author_no FROM collages AS first
             JOIN collages AS newest USING (collage, author_no)
             WHERE collage = ?1 AND first.is_first ORDER BY newest.n DESC LIMIT 1",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, author_no)) = newest else { return Ok(None) };
    let current = load(db, seq, Collage::from_body)?;
    Ok(Some((CurrentCollage { collage: *id, current }, author_no)))
}

impl Store {
    /// The collage that this id names.
    pub fn collage(&self, id: &EntryId) -> Result<Option<CurrentCollage>, StoreError> {
        self.read(|db| Ok(collage(db, id)?.map(|(collage, _)| collage)))
    }

    /// All collages, sorted by id.
    pub fn collages(&self, page: Page) -> Result<Vec<CurrentCollage>, StoreError> {
        let [limit, offset] = limit_and_offset(&page);
        let sql = "SELECT collage FROM collages WHERE is_first ORDER BY collage LIMIT ?1 OFFSET ?2";
        self.read(|db| {
            let ids: Vec<[u8; 32]> = column(db, sql, &[&limit, &offset])?;
            let collages =
                ids.into_iter().map(|id| Ok(collage(db, &EntryId(id))?.map(|(collage, _)| collage)));
            collages.filter_map(Result::transpose).collect()
        })
    }
}

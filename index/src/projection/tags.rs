//! Tags: of each author the newest about a subject and a tag counts.

use super::{Fold, Page, Place, column, limit_and_offset, subject_key};
use crate::entry::opinion::Tag;
use crate::entry::subject::Subject;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::collections::HashMap;
use uuid::Uuid;

/// A tag, and how many authors gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TagCount {
    /// The tag.
    pub tag: String,
    /// How many authors gave it.
    pub count: u64,
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, tag: &Tag) -> Result<(), StoreError> {
    let subject = subject_key(&tag.subject);
    fold.execute(
        "INSERT INTO tags (seq, subject, tag, author_no, n, withdrawn) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![place.seq, subject, tag.tag, place.author_no, place.n, tag.withdrawn],
    )?;
    fold.queue_subject(subject)
}

/// The tags of a subject, those that most authors gave first.
pub(super) fn tags(db: &Connection, subject: &[u8]) -> Result<Vec<TagCount>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT tag, count(*) FROM (
             SELECT tag, withdrawn, max(n) FROM tags WHERE subject = ?1 GROUP BY tag, author_no)
         WHERE NOT withdrawn GROUP BY tag ORDER BY count(*) DESC, tag",
    )?;
    let rows = statement
        .query_map([subject], |row| Ok(TagCount { tag: row.get(0)?, count: row.get::<_, i64>(1)? as u64 }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Store {
    /// The tags of a subject, those that most authors gave first.
    pub fn tags(&self, subject: &Subject) -> Result<Vec<TagCount>, StoreError> {
        self.read(|db| tags(db, subject_key(subject)))
    }

    /// The tags of the MBID under which a group is shown.
    pub fn tags_of_group(&self, mbid: &Uuid) -> Result<Vec<TagCount>, StoreError> {
        self.read(|db| tags(db, mbid.as_bytes()))
    }

    /// The same for many groups at once; those without tags are left out.
    pub fn tags_of_groups(&self, mbids: &[Uuid]) -> Result<HashMap<Uuid, Vec<TagCount>>, StoreError> {
        self.read(|db| {
            let mut found = HashMap::new();
            for mbid in mbids {
                let tags = tags(db, mbid.as_bytes())?;
                found.extend((!tags.is_empty()).then_some((*mbid, tags)));
            }
            Ok(found)
        })
    }

    /// The MBIDs that have a tag, ascending.
    pub fn mbids_with_tag(&self, tag: &str, page: Page) -> Result<Vec<Uuid>, StoreError> {
        let [limit, offset] = limit_and_offset(&page);
        self.read(|db| {
            let mbids: Vec<[u8; 16]> = column(
                db,
                "SELECT DISTINCT subject FROM (
                     SELECT subject, withdrawn, max(n) FROM tags
                     WHERE tag = ?1 AND length(subject) = 16 GROUP BY subject, author_no)
                 WHERE NOT withdrawn ORDER BY subject LIMIT ?2 OFFSET ?3",
                &[&tag, &limit, &offset],
            )?;
            Ok(mbids.into_iter().map(Uuid::from_bytes).collect())
        })
    }
}

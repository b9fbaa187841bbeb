//! Topics: threads of the forum, by section. Their comments are in [`super::comments`].

use super::authored::load;
use super::{Authored, Fold, Page, Place, limit_and_offset};
use crate::entry::texts::Topic;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use serde::Serialize;

/// A section of the forum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its name.
    pub section: String,
    /// How many topics it has.
    pub topics: u64,
}

/// A topic in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedTopic {
    /// What opens it.
    pub topic: Authored<Topic>,
    /// How many comments it has.
    pub comments: u64,
    /// The hour of the newest of topic and comments, as their authors say.
    pub last_hours: u64,
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, topic: &Topic) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO topics (seq, section, created_hours) VALUES (?1, ?2, ?3)",
        params![place.seq, topic.section, place.created_hours()],
    )
}

pub(super) fn sections(db: &Connection) -> Result<Vec<Section>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT section, count(*) FROM topics GROUP BY section ORDER BY section")?;
    let rows = statement
        .query_map([], |row| Ok(Section { section: row.get(0)?, topics: row.get::<_, i64>(1)? as u64 }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn topics(db: &Connection, section: &str, page: &Page) -> Result<Vec<ListedTopic>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT topics.seq, count(comments.seq),
                max(topics.created_hours, coalesce(max(comments.created_hours), 0)) AS last_hours
         FROM topics JOIN entries USING (seq) LEFT JOIN comments ON comments.subject = entries.id
         WHERE section = ?1 GROUP BY topics.seq ORDER BY last_hours DESC, id LIMIT ?2 OFFSET ?3",
    )?;
    let [limit, offset] = limit_and_offset(page);
    let rows = statement.query_map(params![section, limit, offset], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64))
    })?;
    let listed = |row: rusqlite::Result<(i64, u64, u64)>| {
        let (seq, comments, last_hours) = row?;
        Ok(ListedTopic { topic: load(db, seq, Topic::from_body)?, comments, last_hours })
    };
    rows.map(listed).collect()
}

impl Store {
    /// The sections that have topics, by name.
    pub fn sections(&self) -> Result<Vec<Section>, StoreError> {
        self.read(sections)
    }

    /// The topics of a section, those with the newest words first. Hours are what authors say: one who
    /// writes from the future stays on top.
    pub fn topics(&self, section: &str, page: Page) -> Result<Vec<ListedTopic>, StoreError> {
        self.read(|db| topics(db, section, &page))
    }
}

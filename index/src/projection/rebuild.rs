//! Folding the whole set again: after a new version came that reads more from it, or when asked to.

use super::hidden::write_rulings;
use super::{Fold, Place, TABLES};
use crate::store::membership::load as load_members;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension};

/// What the tables hold and by which rules. To be raised with every change of either, also when a body
/// gets a meaning that it had not: entries that were void are folded in then.
const FORMAT: [u8; 4] = 3u32.to_le_bytes();
/// Entries that are read at once.
const READ_BATCH: i64 = 1_000;

/// The MBIDs of which search may show something that comes from projections.
const LISTED: &str = "SELECT group_mbid FROM links
    UNION SELECT subject FROM tags WHERE length(subject) = 16
    UNION SELECT subject FROM votes WHERE length(subject) = 16
    UNION SELECT subject FROM fallen WHERE kind = 0 AND length(subject) = 16";

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Entries that were folded so far.
    pub entries: u64,
    /// Entries there are.
    pub total: u64,
}

impl Store {
    /// Drops all projections and folds the set again; every group is queued for the search index.
    ///
    /// One transaction: readers see the old projections until the new ones are complete, and after a crash
    /// the old ones are there. It is not resumed, because its work cannot be seen in part.
    pub fn rebuild_projections(&self, progress: impl FnMut(Rebuilt)) -> Result<Rebuilt, StoreError> {
        let rebuilt = self.write(|db| rebuild(db, progress))?;
        self.shrink_log()?;
        Ok(rebuilt)
    }
}

/// Whether the tables are of another version than the program; new ones are.
pub(crate) fn is_outdated(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = 'projection_format'";
    let format: Option<Vec<u8>> = db.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(format.as_deref() != Some(&FORMAT))
}

/// Folds the set again if that is needed. Asks once more: another process may have done it.
pub(crate) fn rebuild_if_outdated(db: &Connection) -> Result<(), StoreError> {
    if is_outdated(db)? {
        rebuild(db, |_| {})?;
    }
    Ok(())
}

fn rebuild(db: &Connection, mut progress: impl FnMut(Rebuilt)) -> Result<Rebuilt, StoreError> {
    let count = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut rebuilt = Rebuilt { entries: 0, total: count("SELECT count(*) FROM entries")? as u64 };
    // Groups that are gone afterwards have to leave the search index too.
    let before = count("SELECT coalesce(max(change), 0) FROM group_changes")?;
    db.execute(&format!("INSERT INTO group_changes (group_mbid) {LISTED}"), [])?;
    for (_, table) in TABLES {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    write_rulings(db, load_members(db)?.as_ref())?;
    let fold = Fold { db, queues_groups: false };
    let sql =
        format!("SELECT {} FROM entries WHERE seq > ?1 ORDER BY seq LIMIT {READ_BATCH}", Place::COLUMNS);
    let mut after = 0;
    loop {
        let mut statement = db.prepare_cached(&sql)?;
        let batch = statement.query_map([after], Place::from_row)?.collect::<Result<Vec<_>, _>>()?;
        let Some(last) = batch.len().checked_sub(1) else { break };
        for (index, row) in batch.into_iter().enumerate() {
            let (place, body) = row?;
            fold.project(&place, body.as_deref())?;
            if index == last {
                after = place.seq;
            }
            rebuilt.entries += 1;
        }
        progress(rebuilt);
    }
    let sql = format!(
        "INSERT INTO group_changes (group_mbid)
         SELECT * FROM ({LISTED}) EXCEPT SELECT group_mbid FROM group_changes WHERE change > ?1"
    );
    db.execute(&sql, [before])?;
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('projection_format', ?1)", [FORMAT])?;
    Ok(rebuilt)
}

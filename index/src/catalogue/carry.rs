//! What stays of the catalogue before: the kinds of records that no archive of an import holds.

use super::kind::{Kind, Named};
use super::{Catalogue, FILE};
use crate::store::StoreError;
use rusqlite::{Connection, params};
use std::path::Path;

/// Attaches the catalogue in `dir` as `old`, if there is one that this version understands. `db` must not
/// be in a transaction.
pub(super) fn attach(dir: &Path, db: &Connection) -> Result<bool, StoreError> {
    match Catalogue::open(dir) {
        Ok(Some(_)) => {}
        Ok(None) | Err(StoreError::Older { .. }) => return Ok(false),
        Err(error) => return Err(error),
    }
    let path = dir.join(FILE);
    let path = path.to_str().ok_or(StoreError::Damaged("its path is no text"))?;
    db.execute("ATTACH ?1 AS old", [path])?;
    Ok(true)
}

/// Copies the records of `kinds`, with their numbers, and the merged MBIDs of `merged` from the catalogue
/// that is attached as `old`.
pub(super) fn carry_over(
    transaction: &Connection,
    kinds: &[Kind],
    merged: &[Named],
    with_tracks: bool,
) -> Result<(), StoreError> {
    for named in merged {
        // An MBID may have been merged as something else since.
        let sql = "INSERT OR IGNORE INTO redirects SELECT * FROM old.redirects WHERE kind = ?1";
        transaction.execute(sql, [named.number() as i64])?;
    }
    if merged.len() == Named::ALL.len() {
        let sql = "INSERT INTO meta SELECT * FROM old.meta WHERE key = 'redirects_dump'";
        transaction.execute(sql, [])?;
    }
    for kind in kinds {
        let table = kind.table();
        transaction.execute_batch(&format!("INSERT INTO {table} SELECT * FROM old.{table}"))?;
        let sql = "INSERT INTO aliases SELECT * FROM old.aliases WHERE kind = ?1";
        transaction.execute(sql, [*kind as i64])?;
        let dump = format!("dump_{table}");
        let sql = "INSERT INTO meta SELECT * FROM old.meta WHERE key = ?1";
        transaction.execute(sql, params![dump])?;
    }
    if kinds.contains(&Kind::Release) {
        for table in ["release_events", "release_labels", "media"] {
            transaction.execute_batch(&format!("INSERT INTO {table} SELECT * FROM old.{table}"))?;
        }
        // Their tracks stay where they are: the file belongs to this catalogue then, too.
        if with_tracks {
            let sql = "INSERT INTO meta SELECT * FROM old.meta WHERE key = 'tracks_id'";
            transaction.execute(sql, [])?;
        }
    }
    // The same credit has the same number in both. Then those go that nothing has any more.
    transaction.execute_batch(
        "INSERT OR IGNORE INTO artist_credits SELECT * FROM old.artist_credits;
         INSERT OR IGNORE INTO artist_credit_names SELECT * FROM old.artist_credit_names;
         DELETE FROM artist_credits WHERE credit_no NOT IN
             (SELECT credit_no FROM release_groups WHERE credit_no IS NOT NULL
              UNION SELECT credit_no FROM releases WHERE credit_no IS NOT NULL);
         DELETE FROM artist_credit_names WHERE credit_no NOT IN (SELECT credit_no FROM artist_credits);",
    )?;
    Ok(())
}

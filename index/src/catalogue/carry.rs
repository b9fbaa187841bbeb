//! What stays of the catalogue before: the kinds of records that no archive of an import holds.

use super::kind::Kind;
use super::{Catalogue, FILE};
use crate::store::StoreError;
use rusqlite::{Connection, params};
use std::path::Path;

/// Copies the records of `kinds`, with their numbers, from the catalogue in `dir`, if there is one.
/// `db` must not be in a transaction.
pub(super) fn carry_over(dir: &Path, db: &mut Connection, kinds: &[Kind]) -> Result<(), StoreError> {
    // Opened for its checks: a catalogue of a newer version is not understood.
    if kinds.is_empty() || Catalogue::open(dir)?.is_none() {
        return Ok(());
    }
    let path = dir.join(FILE);
    let path = path.to_str().ok_or(StoreError::Damaged("its path is no text"))?;
    db.execute("ATTACH ?1 AS old", [path])?;
    let transaction = db.transaction()?;
    for kind in kinds {
        let table = kind.table();
        transaction.execute_batch(&format!("INSERT INTO {table} SELECT * FROM old.{table}"))?;
        for table in ["aliases", "urls"] {
            let sql = format!("INSERT INTO {table} SELECT * FROM old.{table} WHERE kind = ?1");
            transaction.execute(&sql, [*kind as i64])?;
        }
        let dump = format!("dump_{table}");
        let sql = "INSERT INTO meta SELECT * FROM old.meta WHERE key = ?1";
        transaction.execute(sql, params![dump])?;
    }
    if kinds.contains(&Kind::Release) {
        for table in ["release_events", "release_labels", "media"] {
            transaction.execute_batch(&format!("INSERT INTO {table} SELECT * FROM old.{table}"))?;
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
    transaction.commit()?;
    db.execute_batch("DETACH old")?;
    Ok(())
}

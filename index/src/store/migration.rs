//! Numbered schema files, applied in order; `user_version` counts them.

use super::StoreError;
use rusqlite::Connection;

/// Schemas of `entries.db`.
pub(super) const ENTRIES: &[&str] = &[
    include_str!("../../migrations/0001_entries.sql"),
    include_str!("../../migrations/0002_projections.sql"),
    include_str!("../../migrations/0003_core_ids.sql"),
    include_str!("../../migrations/0004_members.sql"),
    include_str!("../../migrations/0005_infohash_indexes.sql"),
    include_str!("../../migrations/0006_rulings.sql"),
];
/// Schemas of `private.db`.
pub(super) const PRIVATE: &[&str] = &[include_str!("../../migrations/0001_private.sql")];
/// Schemas of `catalogue.db`, which is made anew by each import: only the newest is kept, and the empty
/// ones before it count.
pub(crate) const CATALOGUE: &[&str] = &["", "", include_str!("../../migrations/0003_catalogue.sql")];
/// The indexes of `catalogue.db`, for when its rows are there.
pub(crate) const CATALOGUE_INDEXES: &str = include_str!("../../migrations/0003_catalogue_indexes.sql");
/// A table of `catalogue.db` while it is made.
pub(crate) const CATALOGUE_IMPORTING: &str = include_str!("../../migrations/0003_catalogue_importing.sql");
/// The schema of `tracks.db`, made with the catalogue.
pub(crate) const TRACKS: &str = include_str!("../../migrations/0001_tracks.sql");

/// Brings a database to the newest schema; refuses one that is newer than that.
pub(crate) fn migrate(
    connection: &mut Connection,
    file: &'static str,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = migrations.len() as i64;
    if found > known {
        return Err(StoreError::Newer { file, found, known });
    }
    for (number, sql) in (1..).zip(migrations).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_database_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection, "entries.db", ENTRIES).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }));
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, "entries.db", ENTRIES).unwrap();
        migrate(&mut connection, "entries.db", ENTRIES).unwrap();
    }
}

//! Copies of the set for others.

mod sqlite;

pub use sqlite::{SqliteExportError, SqliteExported, export_sqlite};

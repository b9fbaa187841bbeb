//! SQLite's FTS5 over the documents.

use super::{TOP, documents};
use anyhow::Result;
use rusqlite::Connection;
use std::path::Path;

/// SQLite's FTS5, with its own tokenizer for all languages.
pub struct Fts5(Connection);

impl Fts5 {
    /// Indexes documents into a new database.
    ///
    /// # Errors
    /// SQLite, or the documents.
    pub fn build(path: &Path, documents_path: &Path) -> Result<()> {
        let mut db = Connection::open(path)?;
        db.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;
             CREATE VIRTUAL TABLE groups USING fts5 (artist, title, also, facts, content = '', tokenize = 'unicode61');",
        )?;
        let transaction = db.transaction()?;
        {
            let mut insert = transaction
                .prepare("INSERT INTO groups (artist, title, also, facts) VALUES (?1, ?2, ?3, ?4)")?;
            for document in documents(documents_path)? {
                let document = document?;
                insert.execute((
                    &document.artist,
                    &document.title,
                    document.also.join(" "),
                    document.facts(),
                ))?;
            }
        }
        transaction.execute("INSERT INTO groups (groups) VALUES ('optimize')", [])?;
        transaction.commit()?;
        Ok(())
    }

    /// Opens what [`Self::build`] made.
    ///
    /// # Errors
    /// SQLite.
    pub fn open(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.execute_batch("PRAGMA cache_size = -200000; PRAGMA mmap_size = 8000000000;")?;
        Ok(Self(db))
    }

    /// The best hits by BM25.
    ///
    /// # Errors
    /// SQLite.
    pub fn search(&self, text: &str, open_end: bool) -> Result<Vec<i64>> {
        let quoted = text.split_whitespace().map(|word| format!("\"{}\"", word.replace('"', "")));
        let mut query = quoted.collect::<Vec<_>>().join(" ");
        if open_end {
            query.push('*');
        }
        let sql = "SELECT rowid FROM groups WHERE groups MATCH ?1 ORDER BY bm25(groups) LIMIT ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map((query, TOP as i64), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

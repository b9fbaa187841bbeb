//! What the index is held against: the same documents in tantivy and in SQLite's FTS5, without anything
//! that is ours. Text is cut by their own tokenizers, and questions are read by their own parsers.

use anyhow::{Context, Result};
use deadwax_index::catalogue::{Catalogue, GroupRecord};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::QueryParser;
use tantivy::schema::{FAST, Field, INDEXED, STORED, STRING, Schema, TEXT};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument};

/// Documents that are read from the catalogue at once.
const READ_BATCH: usize = 1_000;
/// Hits that are asked for.
pub const TOP: usize = 10;
/// Memory for documents that are not yet on disk, as much as ours takes for a rebuild.
const HEAP_BYTES: usize = 200_000_000;

/// What can be searched of a release group, as texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its MBID.
    pub mbid: String,
    /// Artist credit.
    pub artist: String,
    /// Title.
    pub title: String,
    /// Aliases of artists and group, titles of editions.
    pub also: Vec<String>,
    /// Of the group and its editions.
    pub years: BTreeSet<u16>,
    /// Album, Live, ...
    pub types: BTreeSet<String>,
    /// Labels.
    pub labels: BTreeSet<String>,
    /// Catalogue numbers.
    pub catnos: BTreeSet<String>,
    /// Barcodes.
    pub barcodes: BTreeSet<String>,
    /// Formats of media.
    pub media: BTreeSet<String>,
    /// Countries.
    pub countries: BTreeSet<String>,
    /// Official, ...
    pub statuses: BTreeSet<String>,
}

impl From<&GroupRecord> for Document {
    fn from(record: &GroupRecord) -> Self {
        let editions = || record.editions.iter();
        let labels = || editions().flat_map(|edition| &edition.labels);
        let artists = record.artists.iter().flat_map(|artist| &artist.names);
        let titles = editions().map(|edition| &edition.title);
        let also: BTreeSet<&String> = artists.chain(&record.aliases).chain(titles).collect();
        let known = &record.known;
        Self {
            mbid: record.mbid.to_string(),
            also: also
                .into_iter()
                .filter(|name| **name != known.artist && **name != known.title)
                .cloned()
                .collect(),
            artist: known.artist.clone(),
            title: known.title.clone(),
            years: editions().filter_map(|edition| edition.year()).chain(known.year).collect(),
            types: known.types.iter().cloned().collect(),
            labels: labels().filter_map(|label| label.name.clone()).collect(),
            catnos: labels().filter_map(|label| label.catno.clone()).collect(),
            barcodes: editions().filter_map(|edition| edition.barcode.clone()).collect(),
            media: editions()
                .flat_map(|edition| &edition.media)
                .filter_map(|medium| medium.format.clone())
                .collect(),
            countries: editions().flat_map(|edition| edition.countries.iter().cloned()).collect(),
            statuses: editions().filter_map(|edition| edition.status.clone()).collect(),
        }
    }
}

impl Document {
    /// All else that words may be about.
    fn facts(&self) -> String {
        let years = self.years.iter().map(u16::to_string);
        let words =
            [&self.types, &self.labels, &self.catnos, &self.barcodes, &self.media].into_iter().flatten();
        years.chain(words.cloned()).collect::<Vec<_>>().join(" ")
    }
}

/// Writes the documents of a catalogue to a file, one a line; returns how many.
///
/// # Errors
/// Catalogue or file.
pub fn write_documents(data_dir: &Path, path: &Path) -> Result<u64> {
    let catalogue = Catalogue::open(data_dir)?.context("there is no catalogue")?;
    let mut out = BufWriter::new(File::create(path)?);
    let (mut after, mut count) = (0, 0);
    loop {
        let records = catalogue.groups_after(after, READ_BATCH)?;
        let Some((last, _)) = records.last() else { break };
        after = *last;
        for (_, record) in &records {
            serde_json::to_writer(&mut out, &Document::from(record))?;
            out.write_all(b"\n")?;
            count += 1;
        }
    }
    out.flush()?;
    Ok(count)
}

fn documents(path: &Path) -> Result<impl Iterator<Item = Result<Document>>> {
    let lines = BufReader::new(File::open(path)?).lines();
    Ok(lines.map(|line| Ok(serde_json::from_str(&line?)?)))
}

/// Bare tantivy.
pub struct Tantivy {
    index: Index,
    reader: IndexReader,
    parser: QueryParser,
}

/// The fields that words are looked for in, then those of filters.
const TEXTS: [&str; 4] = ["artist", "title", "also", "facts"];
const FILTERS: [&str; 5] = ["type", "label", "catno", "media", "country"];

fn schema() -> (Schema, Vec<Field>) {
    let mut builder = Schema::builder();
    let mut fields = vec![builder.add_text_field("mbid", STRING | STORED)];
    fields.extend(TEXTS.iter().chain(&FILTERS).map(|name| builder.add_text_field(name, TEXT)));
    fields.push(builder.add_u64_field("year", INDEXED | FAST));
    (builder.build(), fields)
}

impl Tantivy {
    /// Indexes documents into a new folder, with one thread beside this one, and merges to the end.
    ///
    /// # Errors
    /// Files.
    pub fn build(dir: &Path, documents_path: &Path) -> Result<()> {
        std::fs::create_dir_all(dir)?;
        let (schema, fields) = schema();
        let index = Index::create_in_dir(dir, schema)?;
        let mut writer: IndexWriter = index.writer_with_num_threads(1, HEAP_BYTES)?;
        for document in documents(documents_path)? {
            let document = document?;
            let mut made = TantivyDocument::default();
            let facts = document.facts();
            let texts = [&document.mbid, &document.artist, &document.title].map(String::as_str);
            for (field, text) in fields.iter().zip(texts) {
                made.add_text(*field, text);
            }
            document.also.iter().for_each(|name| made.add_text(fields[3], name));
            made.add_text(fields[4], &facts);
            let filters =
                [&document.types, &document.labels, &document.catnos, &document.media, &document.countries];
            for (field, values) in fields[5..].iter().zip(filters) {
                values.iter().for_each(|value| made.add_text(*field, value));
            }
            document.years.iter().for_each(|year| made.add_u64(fields[10], u64::from(*year)));
            writer.add_document(made)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Ok(())
    }

    /// Opens what [`Self::build`] made.
    ///
    /// # Errors
    /// Files.
    pub fn open(dir: &Path) -> Result<Self> {
        let index = Index::open_in_dir(dir)?;
        let (_, fields) = schema();
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let mut parser = QueryParser::for_index(&index, fields[1..=4].to_vec());
        parser.set_conjunction_by_default();
        Ok(Self { index, reader, parser })
    }

    /// How many match, and how many of the best there are.
    ///
    /// # Errors
    /// The question has no meaning there.
    pub fn search(&self, text: &str) -> Result<(usize, usize)> {
        let query = self.parser.parse_query(&in_its_words(text))?;
        let best = TopDocs::with_limit(TOP).order_by_score();
        let (count, best) = self.reader.searcher().search(&query, &(Count, best))?;
        Ok((count, best.len()))
    }

    /// How many segments there are.
    ///
    /// # Errors
    /// Files.
    pub fn segments(&self) -> Result<usize> {
        Ok(self.index.searchable_segment_ids()?.len())
    }
}

/// A question with filters in the syntax of tantivy's own parser.
fn in_its_words(text: &str) -> String {
    let word = |word: &str| match word.split_once(':') {
        Some(("year", years)) => match years.split_once("..") {
            Some((from, to)) => format!("year:[{from} TO {to}]"),
            None => format!("year:{years}"),
        },
        Some((key, value)) if FILTERS.contains(&key) => format!("{key}:\"{value}\""),
        _ => {
            // Signs have meanings there.
            let clean: String =
                word.chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
            clean.trim().to_owned()
        }
    };
    text.split_whitespace().map(word).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_said_in_its_syntax() {
        assert_eq!(in_its_words("salt year:1970..1973"), "salt year:[1970 TO 1973]");
        assert_eq!(in_its_words("sal-t's media:CD year:1970"), "sal t s media:\"CD\" year:1970");
    }

    #[test]
    fn both_find_a_document() {
        let dir = tempfile::tempdir().unwrap();
        let document = Document {
            artist: "The Salt Cartographers".into(),
            title: "Maps of Low Water".into(),
            media: ["CD".to_owned()].into(),
            years: [1971].into(),
            ..Document::default()
        };
        let path = dir.path().join("documents");
        std::fs::write(&path, serde_json::to_string(&document).unwrap()).unwrap();
        Tantivy::build(&dir.path().join("bare"), &path).unwrap();
        let bare = Tantivy::open(&dir.path().join("bare")).unwrap();
        for (text, found) in [
            ("salt maps", 1),
            ("salt media:CD", 1),
            ("year:1970..1973", 1),
            ("salt year:1980", 0),
            ("salt qqx", 0),
        ] {
            assert_eq!(bare.search(text).unwrap(), (found, found), "{text}");
        }
        Fts5::build(&dir.path().join("fts"), &path).unwrap();
        let fts = Fts5::open(&dir.path().join("fts")).unwrap();
        assert_eq!(fts.search("salt wat", true).unwrap(), [1]);
        assert_eq!(fts.search("salt wat", false).unwrap(), [0; 0]);
    }
}

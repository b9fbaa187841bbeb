//! What the index is held against: the same documents in tantivy and in SQLite's FTS5, without anything
//! that is ours. Text is cut by their own tokenizers, and questions are read by their own parsers.

mod bare;
mod fts5;

pub use bare::{Holds, Tantivy};
pub use fts5::Fts5;

use anyhow::{Context, Result};
use deadwax_index::catalogue::{Catalogue, GroupRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// Documents that are read from the catalogue at once.
const READ_BATCH: usize = 1_000;
/// Hits that are asked for.
pub const TOP: usize = 10;

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
    let (mut pages, mut count) = (catalogue.groups_after(0), 0);
    loop {
        let records = pages.next_page(READ_BATCH)?;
        if records.is_empty() {
            break;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_find_a_document() {
        let dir = tempfile::tempdir().unwrap();
        let document = Document {
            artist: "The Salt Cartographers".into(),
            title: "Maps of Low Water".into(),
            media: ["CD".to_owned()].into(),
            years: [1971].into(),
            types: ["Album".to_owned()].into(),
            ..Document::default()
        };
        let path = dir.path().join("documents");
        std::fs::write(&path, serde_json::to_string(&document).unwrap()).unwrap();
        Tantivy::build(&dir.path().join("bare"), &path, Holds::Answers).unwrap();
        let bare = Tantivy::open(&dir.path().join("bare")).unwrap();
        let answer = bare.answer("salt carto type:Album").unwrap();
        assert_eq!((answer.count, answer.listed.len(), answer.facets.len()), (0, 0, 0));
        let answer = bare.answer("salt year:1971").unwrap();
        let facets = [("1970..1979".to_owned(), 1), ("Album".to_owned(), 1)];
        assert_eq!(answer.facets, facets.into());
        assert_eq!(answer.listed[0].title, "Maps of Low Water");
        assert_eq!(answer.listed[0].years, [1971]);
        assert_eq!(bare.answer("slat maps").unwrap().count, 1, "forgiven");
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

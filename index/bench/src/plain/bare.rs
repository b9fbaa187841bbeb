//! Bare tantivy over the documents: its own tokenizers, its own parser, its own store of what is listed. Beside it
//! stand thirty lines that count facets, as any program would that shows some.

use super::{TOP, documents};
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;
use tantivy::collector::{Collector, Count, SegmentCollector, TopDocs};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::QueryParser;
use tantivy::schema::{FAST, Field, INDEXED, NumericOptions, STORED, STRING, Schema, TEXT, Value};
use tantivy::{DocId, Index, IndexReader, IndexWriter, ReloadPolicy, Score, SegmentReader, TantivyDocument};

/// Memory for documents that are not yet on disk, as much as ours takes for a rebuild.
const HEAP_BYTES: usize = 200_000_000;

/// What an index holds beside the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// MBIDs: it finds.
    Words,
    /// What is listed of a group, and columns of what is counted, too: it answers as a page of hits does.
    Answers,
}

/// An index of its own.
pub struct Tantivy {
    index: Index,
    reader: IndexReader,
    parser: QueryParser,
    forgiving: QueryParser,
    fields: Vec<Field>,
}

/// A page of hits.
#[derive(Debug, Default)]
pub struct Answer {
    /// How many match.
    pub count: usize,
    /// What is shown of the best.
    pub listed: Vec<Listed>,
    /// Of all that match, how many are of each type and decade.
    pub facets: BTreeMap<String, u64>,
}

/// What is shown of a hit.
#[derive(Debug, Default)]
pub struct Listed {
    /// Its MBID.
    pub mbid: String,
    /// Artist credit.
    pub artist: String,
    /// Title.
    pub title: String,
    /// Album, Live, ...
    pub types: Vec<String>,
    /// Of the group and its editions.
    pub years: Vec<u64>,
}

/// The fields that words are looked for in, then those of filters.
const TEXTS: [&str; 4] = ["artist", "title", "also", "facts"];
const FILTERS: [&str; 5] = ["type", "label", "catno", "media", "country"];
/// Typing errors that are forgiven where nothing matches: a letter more, less or other, or two swapped.
const ERRORS: u8 = 1;

fn schema(holds: Holds) -> (Schema, Vec<Field>) {
    let mut builder = Schema::builder();
    let answers = holds == Holds::Answers;
    let mut fields = vec![builder.add_text_field("mbid", STRING | STORED)];
    for name in TEXTS.iter().chain(&FILTERS) {
        let options = match *name {
            "artist" | "title" if answers => TEXT | STORED,
            "type" if answers => TEXT | STORED | FAST,
            _ => TEXT,
        };
        fields.push(builder.add_text_field(name, options));
    }
    let year: NumericOptions = (INDEXED | FAST).into();
    fields.push(builder.add_u64_field("year", if answers { year.set_stored() } else { year }));
    (builder.build(), fields)
}

impl Tantivy {
    /// Indexes documents into a new folder, with one thread beside this one, and merges to the end.
    ///
    /// # Errors
    /// Files.
    pub fn build(dir: &Path, documents_path: &Path, holds: Holds) -> Result<()> {
        std::fs::create_dir_all(dir)?;
        let (schema, fields) = schema(holds);
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
        // The same fields, whatever they hold.
        let (_, fields) = schema(Holds::Words);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let words = &fields[1..=TEXTS.len()];
        let mut parser = QueryParser::for_index(&index, words.to_vec());
        parser.set_conjunction_by_default();
        let mut forgiving = parser.clone();
        words.iter().for_each(|field| forgiving.set_field_fuzzy(*field, false, ERRORS, true));
        Ok(Self { index, reader, parser, forgiving, fields })
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

    /// A page of hits of an index that [`Holds::Answers`]: if nothing matches, errors in all words are forgiven.
    ///
    /// # Errors
    /// The question has no meaning there.
    pub fn answer(&self, text: &str) -> Result<Answer> {
        let text = in_its_words(text);
        let searcher = self.reader.searcher();
        let find = |parser: &QueryParser| -> Result<_> {
            let query = parser.parse_query(&text)?;
            let best = TopDocs::with_limit(TOP).order_by_score();
            Ok(searcher.search(&query, &(Count, best, Facets))?)
        };
        let mut found = find(&self.parser)?;
        if found.0 == 0 {
            found = find(&self.forgiving)?;
        }
        let (count, best, facets) = found;
        let listed = best.into_iter().map(|(_, place)| Ok(self.listed(&searcher.doc(place)?)));
        Ok(Answer { count, listed: listed.collect::<Result<_>>()?, facets })
    }

    fn listed(&self, document: &TantivyDocument) -> Listed {
        let mut listed = Listed::default();
        for (field, value) in document.field_values() {
            let text = || value.as_str().unwrap_or_default().to_owned();
            match self.fields.iter().position(|known| *known == field) {
                Some(0) => listed.mbid = text(),
                Some(1) => listed.artist = text(),
                Some(2) => listed.title = text(),
                Some(5) => listed.types.push(text()),
                _ => listed.years.extend(value.as_u64()),
            }
        }
        listed
    }

    /// How many segments there are.
    ///
    /// # Errors
    /// Files.
    pub fn segments(&self) -> Result<usize> {
        Ok(self.index.searchable_segment_ids()?.len())
    }
}

/// Counts hits by type and decade.
struct Facets;

struct SegmentFacets {
    types: StrColumn,
    years: Column<u64>,
    of_types: Vec<u64>,
    of_decades: Vec<u64>,
}

impl Collector for Facets {
    type Fruit = BTreeMap<String, u64>;
    type Child = SegmentFacets;

    fn for_segment(&self, _: u32, segment: &SegmentReader) -> tantivy::Result<SegmentFacets> {
        let columns = segment.fast_fields();
        let missing = || tantivy::TantivyError::FieldNotFound("type".into());
        let types = columns.str("type")?.ok_or_else(missing)?;
        let of_types = vec![0; types.num_terms()];
        Ok(SegmentFacets { types, years: columns.u64("year")?, of_types, of_decades: vec![0; 1_000] })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Self::Fruit>) -> tantivy::Result<Self::Fruit> {
        let mut all = BTreeMap::new();
        for (value, count) in segments.into_iter().flatten() {
            *all.entry(value).or_default() += count;
        }
        Ok(all)
    }
}

impl SegmentCollector for SegmentFacets {
    type Fruit = BTreeMap<String, u64>;

    fn collect(&mut self, doc: DocId, _: Score) {
        for kind in self.types.term_ords(doc) {
            self.of_types[kind as usize] += 1;
        }
        // The first year is that of the first release.
        if let Some(count) =
            self.years.first(doc).and_then(|year| self.of_decades.get_mut(year as usize / 10))
        {
            *count += 1;
        }
    }

    fn harvest(self) -> Self::Fruit {
        let mut counts = BTreeMap::new();
        for (kind, count) in (0..).zip(&self.of_types).filter(|(_, count)| **count > 0) {
            let mut name = String::new();
            // Of a number that came from the column there is a name.
            if self.types.ord_to_str(kind, &mut name).unwrap_or(false) {
                counts.insert(name, *count);
            }
        }
        let decades = self.of_decades.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.extend(decades.map(|(decade, count)| (format!("{decade}0..{decade}9"), *count)));
        counts
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_said_in_its_syntax() {
        assert_eq!(in_its_words("salt year:1970..1973"), "salt year:[1970 TO 1973]");
        assert_eq!(in_its_words("sal-t's media:CD year:1970"), "sal t s media:\"CD\" year:1970");
    }
}

//! The fields of the search index, and the document of a release group.

use super::text;
use crate::projection::links::Group;
use std::collections::{BTreeMap, BTreeSet};
use tantivy::schema::{
    BytesOptions, FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, SchemaBuilder,
    TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{TantivyDocument, Term};
use uuid::Uuid;

/// Raised whenever the same group would make another document: older caches are then rebuilt.
pub(super) const FORMAT: u32 = 1;
/// Spellings of artist and title that a group is found by: the most common ones. A group can have
/// thousands of links, and each may name it as it likes.
const MAX_NAMES: usize = 32;

/// Names of the columns by which hits of equal rank are sorted, and known.
pub(super) const MBID_HIGH: &str = "mbid_high";
pub(super) const MBID_LOW: &str = "mbid_low";

/// The fields. Text is cut into terms here ([`text`]); how often a term occurs does not matter.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    /// By which a document is replaced.
    mbid: Field,
    mbid_high: Field,
    mbid_low: Field,
    /// Whole names: artist, title, artist and title, title and artist.
    pub whole: Field,
    pub artist: Field,
    pub title: Field,
    /// All else that words may be about: the words of the fields below, edition, country, barcode.
    pub facts: Field,
    pub label: Field,
    pub catno: Field,
    pub types: Field,
    pub media: Field,
    pub format: Field,
    pub encoding: Field,
    /// Of the group and of its editions.
    pub year: Field,
}

/// The schema and its fields.
pub(super) fn schema() -> (Schema, Fields) {
    fn text(builder: &mut SchemaBuilder, name: &str, ranked: bool) -> Field {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(ranked);
        builder.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
    }
    let mut builder = Schema::builder();
    let column = NumericOptions::default().set_fast();
    let fields = Fields {
        mbid: builder.add_bytes_field("mbid", BytesOptions::default().set_indexed()),
        mbid_high: builder.add_u64_field(MBID_HIGH, column.clone()),
        mbid_low: builder.add_u64_field(MBID_LOW, column),
        whole: text(&mut builder, "whole", false),
        artist: text(&mut builder, "artist", true),
        title: text(&mut builder, "title", true),
        facts: text(&mut builder, "facts", true),
        label: text(&mut builder, "label", false),
        catno: text(&mut builder, "catno", false),
        types: text(&mut builder, "type", false),
        media: text(&mut builder, "media", false),
        format: text(&mut builder, "format", false),
        encoding: text(&mut builder, "encoding", false),
        year: builder.add_u64_field("year", INDEXED | FAST),
    };
    (builder.build(), fields)
}

impl Fields {
    /// The term that names a group's document.
    pub(super) fn mbid(&self, mbid: &Uuid) -> Term {
        Term::from_field_bytes(self.mbid, mbid.as_bytes())
    }

    /// The document of a group.
    pub(super) fn document(&self, group: &Group) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        let (high, low) = group.mbid.as_u64_pair();
        document.add_bytes(self.mbid, group.mbid.as_bytes());
        document.add_u64(self.mbid_high, high);
        document.add_u64(self.mbid_low, low);

        let names = names(group);
        let mut whole = BTreeSet::new();
        for (artist, title) in &names {
            let [artist, title] = [artist, title].map(|name| text::chunks(name));
            let both = [artist.as_slice(), title.as_slice()].concat();
            let turned = [title.as_slice(), artist.as_slice()].concat();
            whole.extend([artist, title, both, turned].map(|chunks| text::whole(&chunks)));
        }
        whole.remove("");
        add(&mut document, self.whole, whole);
        add(&mut document, self.artist, terms(names.iter().map(|(artist, _)| *artist)));
        add(&mut document, self.title, terms(names.iter().map(|(_, title)| *title)));

        let links = || group.links.iter().map(|entry| &entry.link);
        let editions = || links().map(|link| &link.edition);
        let years: BTreeSet<u16> = links()
            .filter_map(|link| link.year)
            .chain(editions().filter_map(|edition| edition.year))
            .collect();
        let mut facts: BTreeSet<String> = years.iter().map(u16::to_string).collect();
        for year in years {
            document.add_u64(self.year, year.into());
        }
        let others = editions().flat_map(|edition| edition.title.iter().chain(&edition.country));
        facts.extend(terms(others.map(String::as_str)));
        // `NHR 014` is also written `NHR014`, and barcodes are printed with gaps.
        let unspaced = |number: &str| text::whole(&text::chunks(number));
        facts.extend(editions().filter_map(|edition| edition.barcode.as_deref()).map(unspaced));
        let catnos = || editions().filter_map(|edition| edition.catno.as_deref());
        let mut catno = terms(catnos());
        catno.extend(catnos().map(unspaced));
        for (field, terms) in [
            (self.label, terms(editions().filter_map(|edition| edition.label.as_deref()))),
            (self.catno, catno),
            (self.types, terms(links().flat_map(|link| link.types.iter().map(String::as_str)))),
            (self.media, terms(links().filter_map(|link| link.media.as_deref()))),
            (self.format, terms(links().filter_map(|link| link.format.as_deref()))),
            (self.encoding, terms(links().filter_map(|link| link.encoding.as_deref()))),
        ] {
            facts.extend(terms.iter().cloned());
            add(&mut document, field, terms);
        }
        add(&mut document, self.facts, facts);
        document
    }
}

/// The most common pairs of artist and title; of those that occur as often, the smallest.
fn names(group: &Group) -> Vec<(&str, &str)> {
    let mut counts = BTreeMap::new();
    for entry in &group.links {
        *counts.entry((entry.link.artist.as_str(), entry.link.title.as_str())).or_insert(0u32) += 1;
    }
    let mut names: Vec<_> = counts.into_iter().collect();
    names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    names.truncate(MAX_NAMES);
    names.into_iter().map(|(name, _)| name).collect()
}

fn terms<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let texts: BTreeSet<&str> = texts.collect();
    texts.into_iter().flat_map(text::index_terms).collect()
}

fn add(document: &mut TantivyDocument, field: Field, terms: BTreeSet<String>) {
    if terms.is_empty() {
        return;
    }
    let tokens = terms.into_iter().enumerate();
    let tokens = tokens.map(|(position, text)| Token { position, text, ..Token::default() }).collect();
    document.add_pre_tokenized_text(field, PreTokenizedString { text: String::new(), tokens });
}

//! The fields of the search index. What is put into them is in [`super::document`].

use super::tokens::{LINES, NAMES, WORDS};
use tantivy::Term;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, SchemaBuilder, TextFieldIndexing,
    TextOptions,
};
use uuid::Uuid;

/// Raised whenever the same group would make another document: older caches are then rebuilt.
pub(super) const FORMAT: u32 = 3;

/// Names of the columns: an MBID in two halves, by which hits of equal rank are sorted.
pub(super) const MBID_HIGH: &str = "mbid_high";
pub(super) const MBID_LOW: &str = "mbid_low";
/// What is counted, see [`super::facets::Packed`].
pub(super) const PACKED: &str = "packed";
/// Columns to sort by. Groups without links have none of them.
pub(super) const ADDED: &str = "added";
pub(super) const SIZE: &str = "size";
pub(super) const VOTES: &str = "votes";

/// The fields. Their texts are cut into terms by [`super::tokens`].
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub mbid_high: Field,
    pub mbid_low: Field,
    /// Whole names as numbers: artist, title, and the sum of both.
    pub whole: Field,
    /// The artist credit, and the group's title.
    pub artist: Field,
    pub title: Field,
    /// Other names: aliases, titles of editions, what links call it.
    pub also: Field,
    /// All else that words may be about: the words of the fields below, years, barcodes.
    pub facts: Field,
    pub label: Field,
    pub catno: Field,
    pub types: Field,
    pub media: Field,
    pub format: Field,
    pub encoding: Field,
    pub status: Field,
    pub country: Field,
    pub barcode: Field,
    pub tag: Field,
    /// `link`, `log`, `cue`, `tag`: what there is.
    pub has: Field,
    /// Keys of the links' authors.
    pub by: Field,
    /// Of the group and of its editions.
    pub year: Field,
    pub packed: Field,
    /// Hours since 1970, of the newest link.
    pub added: Field,
    /// Of the largest link, in bytes.
    pub size: Field,
    pub votes: Field,
}

/// The schema and its fields.
pub(super) fn schema() -> (Schema, Fields) {
    fn text(
        builder: &mut SchemaBuilder,
        (name, cut): (&str, &str),
        records: IndexRecordOption,
        ranked: bool,
    ) -> Field {
        let indexing =
            TextFieldIndexing::default().set_tokenizer(cut).set_index_option(records).set_fieldnorms(ranked);
        builder.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
    }
    let mut builder = Schema::builder();
    let places = IndexRecordOption::WithFreqsAndPositions;
    let names = |builder: &mut _, name| text(builder, (name, NAMES), places, true);
    let filter = |builder: &mut _, name| text(builder, (name, WORDS), IndexRecordOption::Basic, false);
    let exact = |builder: &mut _, name| text(builder, (name, LINES), IndexRecordOption::Basic, false);
    let column = NumericOptions::default().set_fast();
    let fields = Fields {
        mbid_high: builder.add_u64_field(MBID_HIGH, INDEXED | FAST),
        mbid_low: builder.add_u64_field(MBID_LOW, column.clone()),
        whole: builder.add_u64_field("whole", INDEXED),
        artist: names(&mut builder, "artist"),
        title: names(&mut builder, "title"),
        also: names(&mut builder, "also"),
        facts: text(&mut builder, ("facts", WORDS), IndexRecordOption::Basic, true),
        label: filter(&mut builder, "label"),
        catno: filter(&mut builder, "catno"),
        types: filter(&mut builder, "type"),
        media: filter(&mut builder, "media"),
        format: filter(&mut builder, "format"),
        encoding: filter(&mut builder, "encoding"),
        status: filter(&mut builder, "status"),
        country: filter(&mut builder, "country"),
        barcode: filter(&mut builder, "barcode"),
        tag: filter(&mut builder, "tag"),
        has: exact(&mut builder, "has"),
        by: exact(&mut builder, "by"),
        year: builder.add_u64_field("year", column.clone()),
        packed: builder.add_u64_field(PACKED, column.clone()),
        added: builder.add_u64_field(ADDED, column.clone()),
        size: builder.add_u64_field(SIZE, column.clone()),
        votes: builder.add_i64_field(VOTES, column),
    };
    (builder.build(), fields)
}

impl Fields {
    /// Those in which the words of a query are looked for.
    pub(super) fn of_words(&self) -> [Field; 4] {
        [self.artist, self.title, self.also, self.facts]
    }

    /// One half of an MBID, by which most documents are told apart.
    pub(super) fn mbid_high(&self, mbid: &Uuid) -> Term {
        Term::from_field_u64(self.mbid_high, mbid.as_u64_pair().0)
    }

    /// The other half.
    pub(super) fn mbid_low(&self, mbid: &Uuid) -> Term {
        Term::from_field_u64(self.mbid_low, mbid.as_u64_pair().1)
    }
}

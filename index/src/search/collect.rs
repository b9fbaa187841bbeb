//! One look at every hit: counted, valued, and kept if it is among the best.
//!
//! Seeders are joined here, from memory: they change by the minute, and no document with them.

use super::facets::{Counts, Packed};
use super::plan::WHOLE_SCORE;
use super::schema::{ADDED, MBID_HIGH, MBID_LOW, PACKED, SIZE, VOTES};
use super::sort::{Place, Sort, score_key, signed_key};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, ColumnValues};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};
use uuid::Uuid;

/// Seeders by release group, as announced to this node.
pub type Seeders = HashMap<Uuid, u32>;

/// A group with a link is likelier meant than one without.
const LINKED_FACTOR: f32 = 1.25;
/// Each doubling of the seeders adds so much more,
const SEEDED_FACTOR: f32 = 0.05;
/// up to this.
const MAX_SEEDED_FACTOR: f32 = 0.3;

/// The score of all hits, where there are no words to tell them apart: they are in the order of their MBIDs.
const UNSCORED: Score = 0.0;
/// Numbers that are read from a column at once: as many as hits come together.
const COLUMN_BLOCK: usize = 64;

/// What is to be found.
#[derive(Clone)]
pub(super) struct Best {
    pub tier: u8,
    pub sort: Sort,
    /// How many of the best to keep.
    pub limit: usize,
    /// Only those after this place.
    pub after: Option<Place>,
    /// Only groups that somebody seeds, or only those that nobody does.
    pub seeded: Option<bool>,
    /// Whether hits differ in how well they match.
    pub scored: bool,
    pub seeders: Arc<Seeders>,
}

/// What was found.
#[derive(Clone, Default)]
pub(super) struct Found {
    pub total: u64,
    pub counts: Counts,
    /// The best, in order.
    pub places: Vec<Place>,
}

impl Found {
    /// Adds hits that all stand below these.
    pub(super) fn append(&mut self, below: Self, limit: usize) {
        self.total += below.total;
        self.counts.merge(&below.counts);
        self.places.extend(below.places);
        self.places.truncate(limit);
    }
}

/// The hits of one segment.
pub(super) struct SegmentBest {
    best: Best,
    packed: Arc<dyn ColumnValues<u64>>,
    mbid: [Arc<dyn ColumnValues<u64>>; 2],
    by: SortBy,
    heap: BinaryHeap<Place>,
    found: Found,
}

/// What hits are sorted by besides what every collector reads.
enum SortBy {
    Relevance,
    Year,
    Seeders,
    Number(Column<u64>),
    Signed(Column<i64>),
}

impl Collector for Best {
    type Fruit = Found;
    type Child = SegmentBest;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentBest> {
        let columns = segment.fast_fields();
        let first = |name| columns.column_first_or_default::<u64>(name);
        let by = match self.sort {
            Sort::Relevance => SortBy::Relevance,
            Sort::Year => SortBy::Year,
            Sort::Seeders => SortBy::Seeders,
            Sort::Newest => SortBy::Number(columns.u64(ADDED)?),
            Sort::Size => SortBy::Number(columns.u64(SIZE)?),
            Sort::Score => SortBy::Signed(columns.i64(VOTES)?),
        };
        Ok(SegmentBest {
            best: self.clone(),
            packed: first(PACKED)?,
            mbid: [first(MBID_HIGH)?, first(MBID_LOW)?],
            by,
            heap: BinaryHeap::with_capacity(self.limit + 1),
            found: Found::default(),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.scored && self.sort == Sort::Relevance
    }

    fn merge_fruits(&self, segments: Vec<Found>) -> tantivy::Result<Found> {
        let mut found = Found::default();
        for segment in segments {
            found.total += segment.total;
            found.counts.merge(&segment.counts);
            found.places.extend(segment.places);
        }
        found.places.sort_unstable();
        found.places.truncate(self.limit);
        Ok(found)
    }
}

impl SegmentBest {
    #[inline]
    fn take(&mut self, doc: DocId, score: Score, packed: Packed) {
        let seeders = self.seeders(doc, packed);
        if self.best.seeded.is_some_and(|wanted| wanted != (seeders > 0)) {
            return;
        }
        self.found.total += 1;
        self.found.counts.add(packed, seeders > 0);
        let key = self.key(doc, score, packed, seeders);
        self.keep(doc, key);
    }

    fn mbid(&self, doc: DocId) -> Uuid {
        Uuid::from_u64_pair(self.mbid[0].get_val(doc), self.mbid[1].get_val(doc))
    }

    fn seeders(&self, doc: DocId, packed: Packed) -> u32 {
        if !packed.is_linked() || self.best.seeders.is_empty() {
            return 0;
        }
        self.best.seeders.get(&self.mbid(doc)).copied().unwrap_or(0)
    }

    fn key(&self, doc: DocId, score: Score, packed: Packed, seeders: u32) -> u64 {
        match &self.by {
            SortBy::Relevance => score_key(valued(score, packed, seeders)),
            SortBy::Year => packed.year(),
            SortBy::Seeders => seeders.into(),
            SortBy::Number(column) => column.first(doc).map_or(0, |number| number.saturating_add(1)),
            SortBy::Signed(column) => column.first(doc).map_or(0, signed_key),
        }
    }

    fn keep(&mut self, doc: DocId, key: u64) {
        let full = self.heap.len() >= self.best.limit;
        // Most hits end here, without all of their MBID having been read.
        let comes_later = |worst: &Place| {
            key < worst.key.0 || key == worst.key.0 && self.mbid[0].get_val(doc) > worst.mbid.as_u64_pair().0
        };
        if full && self.heap.peek().is_none_or(comes_later) {
            return;
        }
        let place = Place { tier: self.best.tier, key: Reverse(key), mbid: self.mbid(doc) };
        if self.best.after.is_some_and(|after| place <= after) {
            return;
        }
        if full {
            match self.heap.peek_mut() {
                Some(mut worst) if place < *worst => *worst = place,
                _ => {}
            }
        } else {
            self.heap.push(place);
        }
    }
}

impl SegmentCollector for SegmentBest {
    type Fruit = Found;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.take(doc, score, Packed(self.packed.get_val(doc)));
    }

    /// Called where scores do not matter.
    fn collect_block(&mut self, docs: &[DocId]) {
        let mut packed = [0; COLUMN_BLOCK];
        for docs in docs.chunks(COLUMN_BLOCK) {
            let packed = &mut packed[..docs.len()];
            self.packed.get_vals(docs, packed);
            for (doc, packed) in docs.iter().zip(packed) {
                self.take(*doc, UNSCORED, Packed(*packed));
            }
        }
    }

    fn harvest(mut self) -> Found {
        self.found.places = self.heap.into_sorted_vec();
        self.found
    }
}

/// The score of the words, weighed by how likely the group is meant at all. What is exactly a whole name
/// stays above all else.
fn valued(score: Score, packed: Packed, seeders: u32) -> f32 {
    let mut factor = packed.prior();
    if packed.is_linked() {
        let seeded = (SEEDED_FACTOR * (seeders as f32 + 1.0).log2()).min(MAX_SEEDED_FACTOR);
        factor *= LINKED_FACTOR + seeded;
    }
    let whole = if score >= WHOLE_SCORE { WHOLE_SCORE } else { 0.0 };
    whole + (score - whole) * factor
}

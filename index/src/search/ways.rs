//! Groups that match in one of several ways, and groups that match in enough of them.
//!
//! tantivy's own unions value all documents of a window of thousands as soon as one of them is looked at. That is
//! right for whoever wants them all; beside a rare word it means to read all of a common one. These go straight to
//! the document asked for, and value it only then.

use tantivy::query::{EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, Term};

/// Scores as the best of the ways a document matches, with a share of the others.
#[derive(Debug)]
pub(super) struct BestOf {
    pub ways: Vec<Box<dyn Query>>,
    /// The share of all ways but the best.
    pub tie_breaker: f32,
}

/// Matches what at least `needed` of the ways match, and one of the first `leading` of them. Scores as their sum.
#[derive(Debug)]
pub(super) struct AtLeast {
    pub ways: Vec<Box<dyn Query>>,
    pub needed: usize,
    pub leading: usize,
}

fn cloned(ways: &[Box<dyn Query>]) -> Vec<Box<dyn Query>> {
    ways.iter().map(|way| way.box_clone()).collect()
}

impl Clone for BestOf {
    fn clone(&self) -> Self {
        Self { ways: cloned(&self.ways), tie_breaker: self.tie_breaker }
    }
}

impl Clone for AtLeast {
    fn clone(&self) -> Self {
        Self { ways: cloned(&self.ways), ..*self }
    }
}

impl Query for BestOf {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let how = How::BestOf { tie_breaker: self.tie_breaker };
        Ok(Box::new(Ways { weights: weights(&self.ways, scoring)?, how }))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.ways.iter().for_each(|way| way.query_terms(visitor));
    }
}

impl Query for AtLeast {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let how = How::AtLeast { needed: self.needed, leading: self.leading };
        Ok(Box::new(Ways { weights: weights(&self.ways, scoring)?, how }))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.ways.iter().for_each(|way| way.query_terms(visitor));
    }
}

fn weights(ways: &[Box<dyn Query>], scoring: EnableScoring<'_>) -> tantivy::Result<Vec<Box<dyn Weight>>> {
    ways.iter().map(|way| way.weight(scoring)).collect()
}

#[derive(Clone, Copy)]
enum How {
    BestOf { tie_breaker: f32 },
    AtLeast { needed: usize, leading: usize },
}

struct Ways {
    weights: Vec<Box<dyn Weight>>,
    how: How,
}

impl Weight for Ways {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut leading = Vec::new();
        let mut others = Vec::new();
        let leading_ways = match self.how {
            How::BestOf { .. } => self.weights.len(),
            How::AtLeast { leading, .. } => leading,
        };
        for (index, weight) in self.weights.iter().enumerate() {
            let scorer = weight.scorer(reader, boost)?;
            if scorer.doc() != TERMINATED {
                (if index < leading_ways { &mut leading } else { &mut others }).push(scorer);
            }
        }
        let first = leading.iter().map(|scorer| scorer.doc()).min().unwrap_or(TERMINATED);
        Ok(match self.how {
            _ if first == TERMINATED => Box::new(EmptyScorer),
            How::BestOf { .. } if leading.len() == 1 => leading.swap_remove(0),
            How::BestOf { tie_breaker } => Box::new(BestOfScorer { ways: leading, doc: first, tie_breaker }),
            How::AtLeast { needed, .. } => {
                let mut scorer = AtLeastScorer { leading, others, needed, doc: first };
                if !scorer.matches_enough() {
                    scorer.advance();
                }
                Box::new(scorer)
            }
        })
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.doc() > doc || scorer.seek(doc) != doc {
            return Err(tantivy::TantivyError::InvalidArgument(format!("document {doc} does not match")));
        }
        Ok(Explanation::new("the best of some ways, or enough of them", scorer.score()))
    }
}

/// Moves all that stand before `target` there or behind; returns where the first one stands then.
fn seek_all(scorers: &mut Vec<Box<dyn Scorer>>, target: DocId) -> DocId {
    let mut first = TERMINATED;
    let mut ended = false;
    for scorer in scorers.iter_mut() {
        let mut doc = scorer.doc();
        if doc < target {
            doc = scorer.seek(target);
            ended |= doc == TERMINATED;
        }
        first = first.min(doc);
    }
    if ended {
        scorers.retain(|scorer| scorer.doc() != TERMINATED);
    }
    first
}

/// Moves all that stand at `from` on; returns where the first one stands then.
fn advance_all(scorers: &mut Vec<Box<dyn Scorer>>, from: DocId) -> DocId {
    let mut first = TERMINATED;
    let mut ended = false;
    for scorer in scorers.iter_mut() {
        let mut doc = scorer.doc();
        if doc == from {
            doc = scorer.advance();
            ended |= doc == TERMINATED;
        }
        first = first.min(doc);
    }
    if ended {
        scorers.retain(|scorer| scorer.doc() != TERMINATED);
    }
    first
}

fn hints(scorers: &[Box<dyn Scorer>]) -> u32 {
    scorers.iter().fold(0, |sum: u32, scorer| sum.saturating_add(scorer.size_hint()))
}

fn costs(scorers: &[Box<dyn Scorer>]) -> u64 {
    scorers.iter().fold(0, |sum: u64, scorer| sum.saturating_add(scorer.cost()))
}

struct BestOfScorer {
    ways: Vec<Box<dyn Scorer>>,
    doc: DocId,
    tie_breaker: f32,
}

impl DocSet for BestOfScorer {
    fn advance(&mut self) -> DocId {
        self.doc = advance_all(&mut self.ways, self.doc);
        self.doc
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            self.doc = seek_all(&mut self.ways, target);
        }
        self.doc
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        hints(&self.ways)
    }

    fn cost(&self) -> u64 {
        costs(&self.ways)
    }
}

impl Scorer for BestOfScorer {
    fn score(&mut self) -> Score {
        let (mut best, mut sum) = (0.0f32, 0.0);
        for way in self.ways.iter_mut().filter(|way| way.doc() == self.doc) {
            let score = way.score();
            best = best.max(score);
            sum += score;
        }
        best + (sum - best) * self.tie_breaker
    }
}

struct AtLeastScorer {
    leading: Vec<Box<dyn Scorer>>,
    others: Vec<Box<dyn Scorer>>,
    needed: usize,
    doc: DocId,
}

impl AtLeastScorer {
    /// Whether enough ways match the document where the leading ones stand.
    fn matches_enough(&mut self) -> bool {
        let doc = self.doc;
        let mut found = self.leading.iter().filter(|way| way.doc() == doc).count();
        let mut left = self.others.len();
        for way in &mut self.others {
            if found + left < self.needed {
                return false;
            }
            if way.doc() < doc {
                way.seek(doc);
            }
            found += usize::from(way.doc() == doc);
            left -= 1;
        }
        found >= self.needed
    }

    fn find_from(&mut self, first: DocId) -> DocId {
        self.doc = first;
        while self.doc != TERMINATED && !self.matches_enough() {
            self.doc = advance_all(&mut self.leading, self.doc);
        }
        self.doc
    }
}

impl DocSet for AtLeastScorer {
    fn advance(&mut self) -> DocId {
        let next = advance_all(&mut self.leading, self.doc);
        self.find_from(next)
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            let next = seek_all(&mut self.leading, target);
            self.find_from(next);
        }
        self.doc
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        hints(&self.leading)
    }

    fn cost(&self) -> u64 {
        costs(&self.leading)
    }
}

impl Scorer for AtLeastScorer {
    fn score(&mut self) -> Score {
        let ways = self.leading.iter_mut().chain(&mut self.others);
        ways.filter(|way| way.doc() == self.doc).map(|way| way.score()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use tantivy::collector::TopDocs;
    use tantivy::query::{BooleanQuery, BoostQuery, DisjunctionMaxQuery, TermQuery};
    use tantivy::schema::{Field, IndexRecordOption, Schema, TEXT};
    use tantivy::{DocAddress, Index, IndexWriter, Searcher, TantivyDocument};

    const WORDS: [&str; 6] = ["salt", "low", "water", "maps", "of", "tide"];

    /// Two fields, two segments.
    fn index(documents: &[Vec<usize>]) -> (Searcher, [Field; 2]) {
        let mut builder = Schema::builder();
        let fields = ["a", "b"].map(|name| builder.add_text_field(name, TEXT));
        let index = Index::create_in_ram(builder.build());
        let mut writer: IndexWriter = index.writer_with_num_threads(1, 15_000_000).unwrap();
        for half in documents.chunks(documents.len().div_ceil(2).max(1)) {
            for words in half {
                let mut document = TantivyDocument::default();
                for word in words {
                    document.add_text(fields[word % 2], WORDS[word / 2]);
                }
                writer.add_document(document).unwrap();
            }
            writer.commit().unwrap();
        }
        (index.reader().unwrap().searcher(), fields)
    }

    fn ways(fields: [Field; 2], word: usize) -> Vec<Box<dyn Query>> {
        let term =
            |field| TermQuery::new(Term::from_field_text(field, WORDS[word]), IndexRecordOption::Basic);
        vec![Box::new(BoostQuery::new(Box::new(term(fields[0])), 2.0)), Box::new(term(fields[1]))]
    }

    fn all(searcher: &Searcher, query: &dyn Query) -> BTreeMap<DocAddress, Score> {
        let best = TopDocs::with_limit(1_000).order_by_score();
        searcher.search(query, &best).unwrap().into_iter().map(|(score, place)| (place, score)).collect()
    }

    fn same(
        ours: BTreeMap<DocAddress, Score>,
        theirs: BTreeMap<DocAddress, Score>,
    ) -> Result<(), TestCaseError> {
        let places = |found: &BTreeMap<DocAddress, Score>| found.keys().copied().collect::<Vec<_>>();
        prop_assert_eq!(places(&ours), places(&theirs));
        for (ours, theirs) in ours.values().zip(theirs.values()) {
            prop_assert!((ours - theirs).abs() < 1e-4, "{} {}", ours, theirs);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// They find what tantivy's own unions find, alone and beside another word, and value it the same.
        #[test]
        fn they_are_tantivys_unions(
            documents in prop::collection::vec(prop::collection::vec(0..2 * WORDS.len(), 0..6), 1..300),
            needed in 1..5usize,
        ) {
            let (searcher, fields) = index(&documents);
            let ours = |word| -> Box<dyn Query> {
                Box::new(BestOf { ways: ways(fields, word), tie_breaker: 0.1 })
            };
            let theirs = |word| -> Box<dyn Query> {
                Box::new(DisjunctionMaxQuery::with_tie_breaker(ways(fields, word), 0.1))
            };
            same(all(&searcher, &*ours(0)), all(&searcher, &*theirs(0)))?;
            let both = |of: &dyn Fn(usize) -> Box<dyn Query>| BooleanQuery::intersection(vec![of(1), of(2)]);
            same(all(&searcher, &both(&ours)), all(&searcher, &both(&theirs)))?;
            let enough = AtLeast { ways: (0..5).map(ours).collect(), needed, leading: 5 - needed + 1 };
            let theirs_enough =
                BooleanQuery::union_with_minimum_required_clauses((0..5).map(theirs).collect(), needed);
            same(all(&searcher, &enough), all(&searcher, &theirs_enough))?;
            let beside = |query: Box<dyn Query>| BooleanQuery::intersection(vec![query, theirs(5)]);
            same(
                all(&searcher, &beside(Box::new(enough.clone()))),
                all(&searcher, &beside(Box::new(theirs_enough))),
            )?;
        }
    }

    #[test]
    fn only_what_a_leading_way_matches_counts() {
        let (searcher, fields) = index(&[vec![0, 2], vec![2, 4]]);
        let way =
            |word| -> Box<dyn Query> { Box::new(BestOf { ways: ways(fields, word), tie_breaker: 0.1 }) };
        let found =
            |leading| all(&searcher, &AtLeast { ways: (0..3).map(way).collect(), needed: 2, leading }).len();
        assert_eq!([found(1), found(2)], [1, 2]);
    }
}

//! From the words of a query to clauses of the index: what has to match, and what ranks higher.
//!
//! `doc/SEARCH.md` says why. Not here: words that nobody wrote quite like that ([`super::forgive`]).

use super::parse::{Filter, Key};
use super::schema::Fields;
use super::text::{self, Chunk};
use std::ops::Bound;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, Query, RangeQuery,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

/// A word in the artist's name weighs a little more than in the title: artists are shared by
/// many groups, so their names would otherwise count as the more ordinary words.
const ARTIST_BOOST: f32 = 2.0;
const TITLE_BOOST: f32 = 1.8;
/// Formats, years and labels rather narrow down than name.
const FACTS_BOOST: f32 = 0.6;
/// What a word counts for that begins with the last word typed: less than any whole word.
const PREFIX_SCORE: f32 = 0.01;
/// Shorter last words begin too many words to mean one of them.
const MIN_PREFIX_CHARS: usize = 3;
/// Above all that words can score: the query is exactly an artist, a title or both.
const WHOLE_SCORE: f32 = 10_000.0;
/// The query begins with exactly an artist or title, and goes on with a year, a format, a title.
const LEAD_SCORE: f32 = 20.0;
/// Words after such a beginning.
const MAX_AFTER_LEAD: usize = 3;
/// A word that is in several fields counts a little more than in one.
const TIE_BREAKER: f32 = 0.1;

/// A clause of a search.
pub(super) type Clause = Box<dyn Query>;

/// Makes clauses for one moment of the index.
pub(super) struct Planner<'a> {
    pub searcher: &'a Searcher,
    pub fields: &'a Fields,
}

impl Planner<'_> {
    /// All words as typed, the last one perhaps not to its end. Words of signs only (`-`, `&`) rank
    /// but exclude nothing, unless there are no others.
    pub(super) fn as_typed(&self, words: &[Chunk]) -> Clause {
        let Some(last) = words.len().checked_sub(1) else { return Box::new(AllQuery) };
        let only_signs = words.iter().all(Chunk::is_signs);
        let mut clauses: Vec<(Occur, Clause)> = Vec::new();
        for (index, chunk) in words.iter().enumerate() {
            let occur = if only_signs || !chunk.is_signs() { Occur::Must } else { Occur::Should };
            clauses.push((occur, self.chunk(chunk, index == last)));
        }
        for end in words.len().saturating_sub(MAX_AFTER_LEAD)..words.len() {
            let lead = text::whole(&words[..end]);
            if !lead.is_empty() {
                clauses.push((Occur::Should, constant(self.term(self.fields.whole, &lead), LEAD_SCORE)));
            }
        }
        let all_words: Clause = Box::new(BooleanQuery::new(clauses));
        let whole = constant(self.term(self.fields.whole, &text::whole(words)), WHOLE_SCORE);
        Box::new(BooleanQuery::union(vec![whole, all_words]))
    }

    /// A chunk by its parts or run together; with `open_end`, also what begins like it.
    pub(super) fn chunk(&self, chunk: &Chunk, open_end: bool) -> Clause {
        let parts: Vec<Clause> = chunk.query_terms().iter().map(|term| self.word(term)).collect();
        let mut ways = vec![all_of(parts)];
        ways.extend(chunk.joined().map(|joined| self.word(joined)));
        let stem = chunk.word().filter(|_| open_end && !chunk.is_signs());
        if let Some(stem) = stem.filter(|stem| {
            stem.chars().nth(MIN_PREFIX_CHARS - 1).is_some()
                && !stem.bytes().all(|byte| byte.is_ascii_digit())
        }) {
            ways.extend([self.fields.artist, self.fields.title, self.fields.facts].map(|field| {
                // No character is above the last one of Unicode, so this ends what begins like it.
                let end = format!("{stem}{}", char::MAX);
                constant(
                    range(Term::from_field_text(field, stem), Term::from_field_text(field, &end)),
                    PREFIX_SCORE,
                )
            }));
        }
        best_of(ways)
    }

    /// A word wherever it is.
    pub(super) fn word(&self, word: &str) -> Clause {
        let Fields { artist, title, facts, .. } = *self.fields;
        let fields = [(artist, ARTIST_BOOST), (title, TITLE_BOOST), (facts, FACTS_BOOST)];
        best_of(fields.map(|(field, boost)| boosted(self.term(field, word), boost)).into())
    }

    /// How many groups have the word, over all places; one that has it twice counts twice.
    pub(super) fn frequency(&self, word: &str) -> tantivy::Result<u64> {
        let fields = [self.fields.artist, self.fields.title, self.fields.facts];
        fields
            .iter()
            .try_fold(0, |sum, field| Ok(sum + self.searcher.doc_freq(&Term::from_field_text(*field, word))?))
    }

    /// The clause, for groups that pass all filters.
    pub(super) fn filtered(&self, clause: Clause, filters: &[Filter]) -> Clause {
        let mut clauses = vec![(Occur::Must, clause)];
        for filter in filters {
            let filter = match filter {
                Filter::Years(years) => {
                    let term = |year: &u16| Term::from_field_u64(self.fields.year, (*year).into());
                    range(term(years.start()), term(years.end()))
                }
                Filter::Words(key, chunks) => self.all_in(self.field(*key), chunks),
            };
            clauses.push((Occur::Must, constant(filter, 0.0)));
        }
        Box::new(BooleanQuery::new(clauses))
    }

    fn all_in(&self, field: Field, chunks: &[Chunk]) -> Clause {
        let chunks = chunks.iter().map(|chunk| {
            let parts = chunk.query_terms().iter().map(|term| self.term(field, term)).collect();
            let mut ways = vec![all_of(parts)];
            ways.extend(chunk.joined().map(|joined| self.term(field, joined)));
            best_of(ways)
        });
        all_of(chunks.collect())
    }

    fn field(&self, key: Key) -> Field {
        match key {
            Key::Artist => self.fields.artist,
            Key::Title => self.fields.title,
            Key::Label => self.fields.label,
            Key::Catno => self.fields.catno,
            Key::Type => self.fields.types,
            Key::Media => self.fields.media,
            Key::Format => self.fields.format,
            Key::Encoding => self.fields.encoding,
            Key::Year => self.fields.year,
        }
    }

    fn term(&self, field: Field, text: &str) -> Clause {
        Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
    }
}

/// Scores as the best of the ways it matches.
pub(super) fn best_of(mut ways: Vec<Clause>) -> Clause {
    match ways.len() {
        1 => ways.remove(0),
        _ => Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, TIE_BREAKER)),
    }
}

/// Matches what all of the clauses match; everything, if there are none.
pub(super) fn all_of(mut clauses: Vec<Clause>) -> Clause {
    match clauses.len() {
        0 => Box::new(AllQuery),
        1 => clauses.remove(0),
        _ => Box::new(BooleanQuery::intersection(clauses)),
    }
}

/// What `clause` matches and `known` does not.
pub(super) fn without(clause: Clause, known: Clause) -> Clause {
    Box::new(BooleanQuery::new(vec![(Occur::Must, clause), (Occur::MustNot, known)]))
}

pub(super) fn boosted(clause: Clause, boost: f32) -> Clause {
    Box::new(BoostQuery::new(clause, boost))
}

fn constant(clause: Clause, score: f32) -> Clause {
    Box::new(ConstScoreQuery::new(clause, score))
}

fn range(from: Term, to: Term) -> Clause {
    Box::new(RangeQuery::new(Bound::Included(from), Bound::Included(to)))
}

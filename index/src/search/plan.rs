//! From the words of a query to clauses of the index: what has to match, and what ranks higher.
//!
//! `doc/SEARCH.md` says why. Not here: words that nobody wrote quite like that ([`super::forgive`]).

use super::filter::{Condition, Filter, Key};
use super::schema::Fields;
use super::text::{self, Chunk};
use super::ways::BestOf;
use std::collections::BTreeMap;
use std::ops::Bound;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query,
    RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

/// A word in the artist's name weighs a little more than in the title: artists are shared by
/// many groups, so their names would otherwise count as the more ordinary words.
const ARTIST_BOOST: f32 = 2.0;
const TITLE_BOOST: f32 = 1.8;
/// Aliases and titles of editions.
const ALSO_BOOST: f32 = 1.0;
/// Formats, years and labels rather narrow down than name.
const FACTS_BOOST: f32 = 0.6;
/// What a word counts for that begins with the last word typed: less than the word itself,
const PREFIX_BOOST: f32 = 0.5;
/// and next to nothing if it is none of the frequent ones.
const PREFIX_SCORE: f32 = 0.01;
/// Words that begin like the last one and are ranked by how rare they are.
const MAX_PREFIXED: usize = 32;
/// Words that are read from one field of one segment before the choice is made.
pub(super) const MAX_READ: usize = 1_000;
/// Shorter last words begin too many words to mean one of them.
const MIN_PREFIX_CHARS: usize = 3;
/// The same, if the query says that the word goes on.
const MIN_OPEN_CHARS: usize = 2;
/// Above all that words can score: the query is exactly an artist, a title or both.
pub(super) const WHOLE_SCORE: f32 = 10_000.0;
/// The query begins with exactly an artist or title, and goes on with a year, a format, a title.
const LEAD_SCORE: f32 = 20.0;
/// Words after such a beginning.
const MAX_AFTER_LEAD: usize = 3;
/// Longer queries are hardly ever a name and nothing else.
const MAX_WHOLE_WORDS: usize = 16;
/// A word that is in several fields counts a little more than in one.
const TIE_BREAKER: f32 = 0.1;
/// More ways to match than these are put in order before they are read.
const MAX_WAYS: usize = 32;

/// A clause of a search.
pub(super) type Clause = Box<dyn Query>;

/// Makes clauses for one moment of the index.
pub(super) struct Planner<'a> {
    pub searcher: &'a Searcher,
    pub fields: &'a Fields,
    /// The query is one word: all that have it are looked at, and none is sought beside another.
    pub alone: bool,
}

impl Planner<'_> {
    /// All words as typed; with `open_end` the last one perhaps not to its end. Words of signs only
    /// (`-`, `&`) rank but exclude nothing, unless there are no others.
    pub(super) fn as_typed(&self, words: &[Chunk], open_end: bool) -> tantivy::Result<Clause> {
        let Some(last) = words.len().checked_sub(1) else { return Ok(Box::new(AllQuery)) };
        let only_signs = words.iter().all(Chunk::is_signs);
        let mut clauses: Vec<(Occur, Clause)> = Vec::new();
        for (index, chunk) in words.iter().enumerate() {
            let occur = if only_signs || !chunk.is_signs() { Occur::Must } else { Occur::Should };
            let clause = if open_end && index == last { self.open_chunk(chunk)? } else { self.chunk(chunk) };
            clauses.push((occur, clause));
        }
        for end in words.len().saturating_sub(MAX_AFTER_LEAD)..words.len() {
            let names = self.whole_names(&words[..end])?;
            clauses.extend(names.into_iter().map(|name| (Occur::Should, constant(name, LEAD_SCORE))));
        }
        let all_words: Clause = match clauses.len() {
            1 => clauses.remove(0).1,
            _ => Box::new(BooleanQuery::new(clauses)),
        };
        let whole = self.whole_names(words)?;
        if whole.is_empty() {
            return Ok(all_words);
        }
        let mut ways = vec![all_words];
        // The best one counts: a group can have several of these names.
        ways.push(constant(any_of(whole), WHOLE_SCORE));
        Ok(Box::new(BooleanQuery::union(ways)))
    }

    /// The names that are exactly these words: of an artist, of a title, or of one and the other.
    fn whole_names(&self, words: &[Chunk]) -> tantivy::Result<Vec<Clause>> {
        let numbers = name_number(words).into_iter().chain(both_numbers(words));
        let terms = numbers.map(|number| Term::from_field_u64(self.fields.whole, number));
        let mut names: Vec<Clause> = Vec::new();
        for term in terms {
            if self.searcher.doc_freq(&term)? > 0 {
                names.push(Box::new(TermQuery::new(term, IndexRecordOption::Basic)));
            }
        }
        Ok(names)
    }

    /// A chunk by its parts or run together.
    pub(super) fn chunk(&self, chunk: &Chunk) -> Clause {
        best_of(self.ways(chunk))
    }

    fn ways(&self, chunk: &Chunk) -> Vec<Clause> {
        let parts: Vec<Clause> = chunk.query_terms().iter().map(|term| self.word(term)).collect();
        let mut ways = vec![all_of(parts)];
        ways.extend(chunk.joined().map(|joined| self.word(joined)));
        ways
    }

    /// A chunk, or a word that begins like it.
    pub(super) fn open_chunk(&self, chunk: &Chunk) -> tantivy::Result<Clause> {
        let mut ways = self.ways(chunk);
        if let Some(stem) = chunk.word().filter(|_| !chunk.is_signs()) {
            let end = end_of(stem);
            ways.extend(self.fields.of_words().map(|field| {
                let (from, to) = (Term::from_field_text(field, stem), Term::from_field_text(field, &end));
                constant(range(from, to), PREFIX_SCORE)
            }));
            let frequent = self.beginning_with(stem, &end)?;
            ways.extend(frequent.iter().map(|word| boosted(self.word(word), PREFIX_BOOST)));
        }
        Ok(best_of(ways))
    }

    /// Whether a query may be unfinished. `said`: it says so itself.
    pub(super) fn may_be_open(words: &[Chunk], said: bool) -> bool {
        let Some(last) = words.last().filter(|last| !last.is_signs()) else { return false };
        let min_chars = if said { MIN_OPEN_CHARS } else { MIN_PREFIX_CHARS };
        last.word().is_some_and(|word| {
            word.chars().nth(min_chars - 1).is_some()
                // Half a year or catalogue number is too many of them.
                && (said || !word.bytes().all(|byte| byte.is_ascii_digit()))
        })
    }

    /// The most frequent words between `stem` and `end`.
    fn beginning_with(&self, stem: &str, end: &str) -> tantivy::Result<Vec<String>> {
        Ok(most_frequent(self.frequencies_between(stem, end)?, MAX_PREFIXED))
    }

    /// How many groups have a word that goes on after the chunk, as far as is known.
    pub(super) fn frequency_of_beginning(&self, chunk: &Chunk) -> tantivy::Result<u64> {
        let Some(stem) = chunk.word() else { return Ok(0) };
        Ok(self.frequencies_between(stem, &end_of(stem))?.values().sum())
    }

    fn frequencies_between(&self, stem: &str, end: &str) -> tantivy::Result<BTreeMap<String, u64>> {
        let mut frequencies: BTreeMap<String, u64> = BTreeMap::new();
        for field in self.fields.of_words() {
            for segment in self.searcher.segment_readers() {
                let terms = segment.inverted_index(field)?;
                let mut stream = terms.terms().range().ge(stem).lt(end).into_stream()?;
                let mut read = 0;
                while read < MAX_READ && stream.advance() {
                    read += 1;
                    let Ok(term) = std::str::from_utf8(stream.key()) else { continue };
                    let more = u64::from(stream.value().doc_freq);
                    match frequencies.get_mut(term) {
                        Some(frequency) => *frequency += more,
                        None => drop(frequencies.insert(term.to_owned(), more)),
                    }
                }
            }
        }
        frequencies.remove(stem);
        Ok(frequencies)
    }

    /// A word wherever it is.
    pub(super) fn word(&self, word: &str) -> Clause {
        let Fields { artist, title, also, facts, .. } = *self.fields;
        let fields = [(artist, ARTIST_BOOST), (title, TITLE_BOOST), (also, ALSO_BOOST), (facts, FACTS_BOOST)];
        let ways = fields.map(|(field, boost)| boosted(self.term(field, word), boost)).into();
        if self.alone {
            return Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, TIE_BREAKER));
        }
        best_of(ways)
    }

    /// How many groups have the word, over all places; one that has it twice counts twice.
    pub(super) fn frequency(&self, word: &str) -> tantivy::Result<u64> {
        self.fields
            .of_words()
            .iter()
            .try_fold(0, |sum, field| Ok(sum + self.searcher.doc_freq(&Term::from_field_text(*field, word))?))
    }

    /// The clause, for groups that meet all conditions.
    pub(super) fn filtered(&self, clause: Clause, conditions: &[Condition]) -> Clause {
        if conditions.is_empty() {
            return clause;
        }
        let mut clauses = vec![(Occur::Must, clause)];
        for Condition { wanted, filter } in conditions {
            let occur = if *wanted { Occur::Must } else { Occur::MustNot };
            match filter {
                // Known when hits are collected; only what has links can be seeded.
                Filter::Seeded if !wanted => {}
                filter => clauses.push((occur, constant(self.filter(filter), 0.0))),
            }
        }
        Box::new(BooleanQuery::new(clauses))
    }

    fn filter(&self, filter: &Filter) -> Clause {
        let number = |field, number| Term::from_field_u64(field, number);
        match filter {
            Filter::Years(years) => {
                let term = |year: &u16| number(self.fields.year, (*year).into());
                range(term(years.start()), term(years.end()))
            }
            Filter::Added(hours) => {
                let term = |hour| number(self.fields.added, hour);
                range(term(*hours.start()), term(*hours.end()))
            }
            Filter::By(key) => {
                let term = |text: &str| Term::from_field_text(self.fields.by, text);
                range(term(key), term(&format!("{key}{}", char::MAX)))
            }
            Filter::Has(what) => self.term(self.fields.has, what),
            Filter::Seeded => self.term(self.fields.has, "link"),
            Filter::Phrase(chunks) => self.phrase(chunks),
            Filter::Anywhere(chunks) => all_of(chunks.iter().map(|chunk| self.chunk(chunk)).collect()),
            Filter::Words(key, chunks) => match key {
                Key::Artist | Key::Title => {
                    any_of(vec![self.all_in(self.field(*key), chunks), self.all_in(self.fields.also, chunks)])
                }
                key => self.all_in(self.field(*key), chunks),
            },
        }
    }

    /// The chunks next to each other in one name.
    fn phrase(&self, chunks: &[Chunk]) -> Clause {
        let words = text::phrase(chunks);
        let Fields { artist, title, also, .. } = *self.fields;
        let ways = [artist, title, also].map(|field| -> Clause {
            let term = |word: &str| Term::from_field_text(field, word);
            match words.as_slice() {
                [] => Box::new(AllQuery),
                [(word, _)] => self.term(field, word),
                words => {
                    let terms = words.iter().map(|(word, place)| (*place, term(word)));
                    Box::new(PhraseQuery::new_with_offset(terms.collect()))
                }
            }
        });
        any_of(ways.into())
    }

    fn all_in(&self, field: Field, chunks: &[Chunk]) -> Clause {
        let chunks = chunks.iter().map(|chunk| {
            let parts = chunk.query_terms().iter().map(|term| self.term(field, term)).collect();
            let mut ways = vec![all_of(parts)];
            ways.extend(chunk.joined().map(|joined| self.term(field, joined)));
            any_of(ways)
        });
        all_of(chunks.collect())
    }

    fn field(&self, key: Key) -> Field {
        match key {
            Key::Artist => self.fields.artist,
            Key::Title => self.fields.title,
            Key::Label => self.fields.label,
            Key::Catno => self.fields.catno,
            Key::Barcode => self.fields.barcode,
            Key::Type => self.fields.types,
            Key::Status => self.fields.status,
            Key::Country => self.fields.country,
            Key::Media => self.fields.media,
            Key::Format => self.fields.format,
            Key::Encoding => self.fields.encoding,
            Key::Tag => self.fields.tag,
            // These are no fields of words; `filter::read` makes other filters of them.
            Key::Year | Key::Log | Key::Cue | Key::Has | Key::Seeded | Key::Added | Key::By | Key::Sort => {
                self.fields.facts
            }
        }
    }

    fn term(&self, field: Field, text: &str) -> Clause {
        Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
    }
}

/// Ends what begins like this: no character is above the last one of Unicode.
fn end_of(stem: &str) -> String {
    format!("{stem}{}", char::MAX)
}

/// The words as one name.
fn name_number(words: &[Chunk]) -> Option<u64> {
    let whole = text::whole(words);
    (!whole.is_empty() && words.len() <= MAX_WHOLE_WORDS).then(|| text::whole_number(&whole))
}

/// The words as two names, wherever one ends and the other begins.
fn both_numbers(words: &[Chunk]) -> impl Iterator<Item = u64> + '_ {
    let cuts = if words.len() <= MAX_WHOLE_WORDS { 1..words.len() } else { 0..0 };
    cuts.filter_map(|cut| {
        let (left, right) = words.split_at(cut);
        Some(text::both_numbers(name_number(left)?, name_number(right)?))
    })
}

/// The most frequent words, at most `count`; of equally frequent ones those that come first in the alphabet.
pub(super) fn most_frequent(frequencies: BTreeMap<String, u64>, count: usize) -> Vec<String> {
    let mut words: Vec<_> = frequencies.into_iter().collect();
    words.sort_by_key(|(_, frequency)| std::cmp::Reverse(*frequency));
    words.truncate(count);
    words.into_iter().map(|(word, _)| word).collect()
}

/// Scores as the best of the ways it matches.
pub(super) fn best_of(mut ways: Vec<Clause>) -> Clause {
    match ways.len() {
        1 => ways.remove(0),
        // Moving on looks at each of them.
        2..=MAX_WAYS => Box::new(BestOf { ways, tie_breaker: TIE_BREAKER }),
        _ => Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, TIE_BREAKER)),
    }
}

/// Matches what any of the clauses matches.
fn any_of(mut clauses: Vec<Clause>) -> Clause {
    match clauses.len() {
        1 => clauses.remove(0),
        _ => Box::new(BooleanQuery::union(clauses)),
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

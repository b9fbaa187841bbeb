//! Second thoughts, for queries that find little: typing errors, and words that a group lacks.
//!
//! Only rare words are doubted: what many groups are called is not an error. What is found this way
//! always stands below what was found as typed.

use super::plan::{Clause, MAX_READ, Planner, all_of, best_of, boosted, most_frequent};
use super::text::{self, Chunk};
use super::ways::AtLeast;
use std::collections::{BTreeMap, BTreeSet};
use tantivy::Term;
use tantivy::query::{BooleanQuery, EmptyQuery, FuzzyTermQuery, Occur};

/// A word that more groups have is meant as it is.
const MAX_RARE: u64 = 3;
/// Words of one query that are doubted: each costs some walks through all words.
const MAX_DOUBTED: usize = 4;
/// Shorter words have too many neighbours.
const MIN_WORD_CHARS: usize = 4;
/// From this length on two errors are forgiven, if one does not explain the word.
const LONG_WORD_CHARS: usize = 8;
/// Neighbours of a word that are looked for, the most frequent first.
const MAX_NEIGHBOURS: usize = 20;
/// Each half of a word that lacks its space has so many characters.
const MIN_HALF_CHARS: usize = 2;
/// Groups that are looked at for half of the words, by how often the rarest of them occur. Each takes some tenths
/// of a microsecond, and what has nothing but common words in common with a query is hardly what it means.
const MAX_CANDIDATES: u64 = 50_000;
/// A neighbour counts for less than the word itself.
const NEIGHBOUR_BOOST: f32 = 0.5;

/// What a word may have been meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alternative {
    /// Another spelling.
    Word(String),
    /// Two words, their space left out.
    Split(String, String),
    /// One word together with the following, a space too many.
    JoinNext(String),
    /// The same, seen from the following word.
    JoinPrevious(String),
}

impl Planner<'_> {
    /// For each word, what else it may have been meant to be; with `far` also at two errors.
    pub(super) fn alternatives(&self, words: &[Chunk], far: bool) -> tantivy::Result<Vec<Vec<Alternative>>> {
        let mut alternatives = vec![Vec::new(); words.len()];
        let mut doubted = 0;
        for (index, chunk) in words.iter().enumerate() {
            let Some(word) = chunk.word().filter(|_| !chunk.is_signs()) else { continue };
            let frequency = self.frequency(word)?;
            // Numbers are years and catalogue numbers: another one is another thing.
            if frequency <= MAX_RARE && !has_digit(word) && doubted < MAX_DOUBTED {
                doubted += 1;
                alternatives[index].extend(self.neighbours(word, far)?.into_iter().map(Alternative::Word));
                if frequency == 0 {
                    alternatives[index].extend(self.splits(word)?);
                }
            }
            let next = words.get(index + 1).filter(|next| !next.is_signs()).and_then(Chunk::word);
            let joined = next.map(|next| format!("{word}{next}"));
            if let Some(joined) = joined
                && self.frequency(&joined)? > 0
            {
                alternatives[index].push(Alternative::JoinNext(joined.clone()));
                alternatives[index + 1].push(Alternative::JoinPrevious(joined));
            }
        }
        Ok(alternatives)
    }

    /// Words of the index within a few typing errors, the most frequent first.
    fn neighbours(&self, word: &str, far: bool) -> tantivy::Result<Vec<String>> {
        // Few people get the first letter wrong, and to look at all words costs twenty times as much.
        let tries: &[(u8, bool)] = match word.chars().count() {
            LONG_WORD_CHARS.. if far => &[(1, true), (1, false), (2, true)],
            MIN_WORD_CHARS.. => &[(1, true), (1, false)],
            _ => &[],
        };
        for (distance, same_start) in tries {
            let words = self.within(word, *distance, *same_start)?;
            if !words.is_empty() {
                return Ok(words);
            }
        }
        Ok(Vec::new())
    }

    /// Words within some typing errors; with `same_start` only those of the same first letter.
    fn within(&self, word: &str, distance: u8, same_start: bool) -> tantivy::Result<Vec<String>> {
        let first = word.chars().next().map(String::from).unwrap_or_default();
        let end = format!("{first}{}", char::MAX);
        let mut frequencies: BTreeMap<String, u64> = BTreeMap::new();
        for field in self.fields.of_words() {
            let query = FuzzyTermQuery::new(Term::from_field_text(field, word), distance, true);
            for segment in self.searcher.segment_readers() {
                let terms = segment.inverted_index(field)?;
                let mut near = terms.terms().search(query.automaton()?);
                if same_start {
                    near = near.ge(&first).lt(&end);
                }
                let mut stream = near.into_stream()?;
                let mut read = 0;
                while read < MAX_READ && stream.advance() {
                    read += 1;
                    let Ok(term) = std::str::from_utf8(stream.key()) else { continue };
                    if term != word && !has_digit(term) {
                        *frequencies.entry(term.to_owned()).or_default() +=
                            u64::from(stream.value().doc_freq);
                    }
                }
            }
        }
        Ok(most_frequent(frequencies, MAX_NEIGHBOURS))
    }

    fn splits(&self, word: &str) -> tantivy::Result<Vec<Alternative>> {
        let cuts: Vec<usize> = word.char_indices().map(|(at, _)| at).collect();
        let cuts = cuts.get(MIN_HALF_CHARS..(cuts.len() + 1).saturating_sub(MIN_HALF_CHARS)).unwrap_or(&[]);
        let mut splits = Vec::new();
        for cut in cuts {
            let (left, right) = word.split_at(*cut);
            if self.frequency(left)? > 0 && self.frequency(right)? > 0 {
                splits.push(Alternative::Split(left.to_owned(), right.to_owned()));
            }
        }
        Ok(splits)
    }

    /// All words, each as typed or in one of its alternatives.
    pub(super) fn forgiving(
        &self,
        words: &[Chunk],
        alternatives: &[Vec<Alternative>],
    ) -> tantivy::Result<Clause> {
        let mut clauses = Vec::new();
        for (index, (chunk, alternatives)) in words.iter().zip(alternatives).enumerate() {
            let occur = if chunk.is_signs() { Occur::Should } else { Occur::Must };
            clauses.push((occur, self.either(chunk, index + 1 == words.len(), alternatives)?));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    /// At least half of the words (pairs of characters in scripts without spaces).
    pub(super) fn at_least_half(
        &self,
        words: &[Chunk],
        alternatives: &[Vec<Alternative>],
    ) -> tantivy::Result<Clause> {
        let mut units: Vec<(u64, Clause)> = Vec::new();
        for (index, (chunk, alternatives)) in words.iter().zip(alternatives).enumerate() {
            let last = index + 1 == words.len();
            match chunk.word() {
                _ if chunk.is_signs() => {}
                Some(_) => {
                    let unit = self.either(chunk, last, alternatives)?;
                    units.push((self.frequency_of_either(chunk, last, alternatives)?, unit));
                }
                None => {
                    for term in chunk.query_terms() {
                        units.push((self.frequency(&term)?, self.word(&term)));
                    }
                }
            }
        }
        let needed = units.len().div_ceil(2);
        units.retain(|(frequency, _)| *frequency > 0);
        if units.is_empty() || units.len() < needed {
            return Ok(Box::new(EmptyQuery));
        }
        // Whatever has enough of these words has one of the rarest, if all but `needed` - 1 are among those.
        units.sort_by_key(|(frequency, _)| *frequency);
        let mut candidates = 0;
        let leading = units[..=units.len() - needed].iter().take_while(|(frequency, _)| {
            candidates += frequency;
            candidates <= MAX_CANDIDATES
        });
        let leading = leading.count().max(1);
        let ways = units.into_iter().map(|(_, unit)| unit).collect();
        Ok(Box::new(AtLeast { ways, needed, leading }))
    }

    /// How many groups [`Self::either`] matches, at most.
    fn frequency_of_either(
        &self,
        chunk: &Chunk,
        last: bool,
        alternatives: &[Alternative],
    ) -> tantivy::Result<u64> {
        let all = |words: &[String]| {
            let frequencies = words.iter().map(|word| self.frequency(word));
            frequencies.reduce(|one, other| Ok(one?.min(other?))).unwrap_or(Ok(0))
        };
        let mut sum = all(&chunk.query_terms())?;
        if let Some(joined) = chunk.joined() {
            sum += self.frequency(joined)?;
        }
        for alternative in alternatives {
            sum += match alternative {
                Alternative::Word(word) | Alternative::JoinNext(word) | Alternative::JoinPrevious(word) => {
                    self.frequency(word)?
                }
                Alternative::Split(left, right) => self.frequency(left)?.min(self.frequency(right)?),
            };
        }
        if is_open(chunk, last) {
            sum += self.frequency_of_beginning(chunk)?;
        }
        Ok(sum)
    }

    fn either(&self, chunk: &Chunk, last: bool, alternatives: &[Alternative]) -> tantivy::Result<Clause> {
        let mut ways = vec![if is_open(chunk, last) { self.open_chunk(chunk)? } else { self.chunk(chunk) }];
        ways.extend(alternatives.iter().map(|alternative| {
            let clause = match alternative {
                Alternative::Word(word) | Alternative::JoinNext(word) | Alternative::JoinPrevious(word) => {
                    self.word(word)
                }
                Alternative::Split(left, right) => all_of(vec![self.word(left), self.word(right)]),
            };
            boosted(clause, NEIGHBOUR_BOOST)
        }));
        Ok(best_of(ways))
    }
}

/// The query as it should have been typed to find a group of this artist and title; `None` if
/// that is how it was typed.
pub(super) fn suggestion(
    words: &[Chunk],
    alternatives: &[Vec<Alternative>],
    artist: &str,
    title: &str,
) -> Option<String> {
    let names: BTreeSet<String> = [artist, title].iter().flat_map(|name| text::index_terms(name)).collect();
    let (mut better, mut changed, mut joined) = (Vec::new(), false, false);
    for (chunk, alternatives) in words.iter().zip(alternatives) {
        if std::mem::take(&mut joined) {
            continue;
        }
        let run_together = chunk.joined().filter(|joined| names.contains(*joined));
        let known = run_together.is_some() || chunk.query_terms().iter().all(|term| names.contains(term));
        let instead = alternatives.iter().filter(|_| !known).find_map(|alternative| match alternative {
            Alternative::Word(word) => names.contains(word).then(|| word.clone()),
            Alternative::Split(left, right) => {
                (names.contains(left) && names.contains(right)).then(|| format!("{left} {right}"))
            }
            Alternative::JoinNext(word) => names.contains(word).then(|| {
                joined = true;
                word.clone()
            }),
            Alternative::JoinPrevious(_) => None,
        });
        changed |= instead.is_some();
        let kept = || run_together.map_or_else(|| chunk.in_parts(), str::to_owned);
        better.push(instead.unwrap_or_else(kept));
    }
    changed.then(|| better.join(" "))
}

/// Whether the chunk may be the beginning of a word.
fn is_open(chunk: &Chunk, last: bool) -> bool {
    last && Planner::may_be_open(std::slice::from_ref(chunk), false)
}

fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

//! What a person typed: words, `"phrases"`, `-exclusions`, and filters like `format:flac` or
//! `label:"Ninth Harbour"`.
//!
//! Whatever is not a filter of the table is words: titles have colons too. Not here: identifiers
//! ([`super::identifier`]), what filters mean ([`super::filter`]) and what the words find
//! ([`super::plan`]).

use super::filter::{self, Condition, Expected, Filter, KEYS, Key, Meaning};
use super::sort::Sort;
use super::text::{self, Chunk};
use crate::Problem;
use crate::magnet::{MAX_MAGNET_BYTES, MagnetError};
use crate::mbid::MbidError;

/// The longest query that is read: whatever magnet can be submitted can be searched for.
pub const MAX_QUERY_BYTES: usize = MAX_MAGNET_BYTES;
/// Words (pairs of characters in scripts without spaces) that are looked for; longer titles are
/// found by their first ones.
pub const MAX_WORDS: usize = 32;
/// The same of all filters together.
const MAX_FILTER_WORDS: usize = 128;
/// Filters, phrases and exclusions in one query: nobody narrows a search more often than there are keys.
pub const MAX_FILTERS: usize = 24;
/// Of a value that is not understood so much is repeated.
const MAX_SHOWN_CHARS: usize = 32;

/// Why a query cannot be understood. Positions are characters from the start, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Beyond [`MAX_QUERY_BYTES`].
    #[error("the query has {0} bytes; at most {MAX_QUERY_BYTES} are read")]
    TooLong(usize),
    /// Beyond [`MAX_FILTERS`].
    #[error("the query has more than {MAX_FILTERS} filters")]
    TooManyFilters,
    /// A quotation mark opens the value of a filter, and none closes it.
    #[error("the quotation mark at character {position} is not closed")]
    Quote {
        /// Where it stands.
        position: usize,
    },
    /// The value of a filter is none that it can have.
    #[error("at character {position}: {value:?} is not {expected}")]
    Value {
        /// Where the value begins.
        position: usize,
        /// The key before it.
        key: &'static str,
        /// The value, shortened.
        value: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A musicbrainz.org address that leads to no group.
    #[error("{0}")]
    Mbid(MbidError),
    /// A magnet that cannot be read.
    #[error("{0}")]
    Magnet(MagnetError),
}

impl QueryError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        let (code, fix) = match self {
            Self::TooLong(_) => ("query.length", "Shorten it; artist and title are enough."),
            Self::TooManyFilters => ("query.filters", "Leave some filters out."),
            Self::Quote { .. } => ("query.quote", "Close it, or leave it out."),
            Self::Value { key: "year", .. } => ("query.year", "Write year:1970 or year:1970..1973."),
            Self::Value { .. } => ("query.value", "Correct the filter, or leave it out."),
            Self::Mbid(error) => return Problem { field: "q", ..error.problem() },
            Self::Magnet(error) => return Problem { field: "q", ..error.problem() },
        };
        let message = format!("{}.", crate::mbid::capitalise(&self.to_string()));
        Problem { code, field: "q", message, fix }
    }
}

/// A query, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedQuery {
    /// In order, those of phrases too; at most [`MAX_WORDS`] words in all, with the filters'.
    pub(super) words: Vec<Chunk>,
    /// What a group has to meet besides.
    pub(super) conditions: Vec<Condition>,
    /// The filters and exclusions as they were typed.
    pub(super) filter_text: String,
    /// The order that is asked for.
    pub(super) sort: Option<Sort>,
    /// The last word ends in `*`, so it is only the beginning of one.
    pub(super) open_end: bool,
}

impl ParsedQuery {
    /// Whether anything but words narrows it: filters, phrases, exclusions.
    pub fn is_narrowed(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether it says in which order its hits are wanted.
    pub fn is_sorted(&self) -> bool {
        self.sort.is_some()
    }
}

/// Takes a query apart. A pure function of the text.
///
/// # Errors
/// See [`QueryError`]; words alone are always understood.
pub fn parse(text: &str) -> Result<ParsedQuery, QueryError> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(QueryError::TooLong(text.len()));
    }
    let mut reader = Reader { text, rest: text.trim_start(), budget: MAX_WORDS };
    // Of their own: a long title leaves no filter without its words.
    let mut filter_budget = MAX_FILTER_WORDS;
    let mut parsed = ParsedQuery {
        words: Vec::new(),
        conditions: Vec::new(),
        filter_text: String::new(),
        sort: None,
        open_end: false,
    };
    let mut excluded = Vec::new();
    while let Some(token) = reader.next()? {
        if parsed.conditions.len() + excluded.len() >= MAX_FILTERS {
            return Err(QueryError::TooManyFilters);
        }
        parsed.open_end = false;
        match token {
            Token { negated: true, key: None, .. } => excluded.push(token),
            Token { key: None, quoted, value, .. } => {
                let chunks = reader.bounded(value);
                parsed.words.extend(chunks.iter().cloned());
                if quoted && !chunks.is_empty() {
                    parsed.conditions.push(Condition { wanted: true, filter: Filter::Phrase(chunks) });
                }
                parsed.open_end = !quoted && value.trim_end_matches('*').len() < value.len();
            }
            Token { key: Some((name, key)), value, negated, at, .. } => {
                let position = reader.position(at);
                match meaning((name, key), value, position, &mut filter_budget)? {
                    Meaning::Sort(sort) => parsed.sort = Some(sort),
                    Meaning::Condition(condition) => {
                        let wanted = condition.wanted != negated;
                        parsed.conditions.push(Condition { wanted, ..condition });
                    }
                }
                parsed.filter_text.push(' ');
                parsed.filter_text.push_str(token.whole);
            }
        }
    }
    // Nothing but exclusions is a name that begins with a hyphen.
    let names = parsed.words.is_empty() && parsed.conditions.is_empty();
    for token in excluded {
        let chunks = reader.bounded(token.value);
        if names {
            parsed.words.extend(chunks);
        } else if !chunks.is_empty() {
            let filter = if token.quoted { Filter::Phrase(chunks) } else { Filter::Anywhere(chunks) };
            parsed.conditions.push(Condition { wanted: false, filter });
            parsed.filter_text.push(' ');
            parsed.filter_text.push_str(token.whole);
        }
    }
    Ok(parsed)
}

/// What stands between two spaces: `word`, `"a phrase"`, `-not`, `key:value`, `-key:"a value"`.
#[derive(Clone, Copy)]
struct Token<'a> {
    negated: bool,
    key: Option<(&'static str, Key)>,
    quoted: bool,
    value: &'a str,
    /// Where the value begins, in bytes.
    at: usize,
    whole: &'a str,
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    /// Words that may still be taken.
    budget: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, QueryError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let start = self.text.len() - self.rest.len();
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let mut offset = 0;
        // A hyphen that stands alone, and a dash of several, are no exclusion.
        let negated = self.rest[..end]
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(|letter: char| letter == '"' || letter.is_alphanumeric()));
        offset += usize::from(negated);
        let key = key(&self.rest[offset..end]);
        offset += key.map_or(0, |(name, _)| name.len() + 1);
        let at = start + offset;
        let quoted = self.rest[offset..].strip_prefix('"');
        let (quoted, value, end) = match quoted {
            None => (false, &self.rest[offset..end], end),
            Some(quoted) => match (quoted.find('"'), key) {
                (Some(length), _) => (true, &quoted[..length], offset + length + 2),
                (None, Some(_)) => return Err(QueryError::Quote { position: self.position(at) }),
                // Part of a title, as in `12" mix`.
                (None, None) => (false, &self.rest[offset..end], end),
            },
        };
        let token = Token { negated, key, quoted, value, at, whole: &self.rest[..end] };
        self.rest = self.rest[end..].trim_start();
        Ok(Some(token))
    }

    /// Characters up to a byte, from 1.
    fn position(&self, at: usize) -> usize {
        self.text[..at].chars().count() + 1
    }

    fn bounded(&mut self, text: &str) -> Vec<Chunk> {
        bounded(text, &mut self.budget)
    }
}

fn bounded(text: &str, budget: &mut usize) -> Vec<Chunk> {
    text::chunks(text).into_iter().map_while(|chunk| chunk.within(budget)).collect()
}

impl ParsedQuery {
    /// Adds filters that stand beside the text.
    ///
    /// # Errors
    /// [`QueryError::Value`] for a value that its key cannot have, [`QueryError::TooManyFilters`].
    pub(super) fn narrow(&mut self, filters: &[(String, String)]) -> Result<(), QueryError> {
        let mut budget = MAX_FILTER_WORDS;
        for (name, value) in filters {
            let Some(key) = known(name) else { continue };
            if self.conditions.len() >= MAX_FILTERS {
                return Err(QueryError::TooManyFilters);
            }
            match meaning(key, value, 1, &mut budget)? {
                Meaning::Sort(sort) => self.sort = Some(sort),
                Meaning::Condition(condition) => self.conditions.push(condition),
            }
        }
        Ok(())
    }
}

/// What a filter means, or what is wrong with its value at `position`.
fn meaning(
    (name, key): (&'static str, Key),
    value: &str,
    position: usize,
    budget: &mut usize,
) -> Result<Meaning, QueryError> {
    filter::read(key, value, |text| bounded(text, budget)).map_err(|Expected(expected)| QueryError::Value {
        position,
        key: name,
        value: value.chars().take(MAX_SHOWN_CHARS).collect(),
        expected,
    })
}

/// The key of this name.
fn known(name: &str) -> Option<(&'static str, Key)> {
    KEYS.into_iter().find(|(key, _)| name.eq_ignore_ascii_case(key))
}

/// The key of a filter, if there is one with a value: `Title: a subtitle` is words.
fn key(token: &str) -> Option<(&'static str, Key)> {
    let (name, value) = token.split_once(':')?;
    let key = known(name)?;
    (!value.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(parsed: &ParsedQuery) -> String {
        parsed.words.iter().map(Chunk::display).collect::<Vec<_>>().join(" ")
    }

    fn wanted(filter: Filter) -> Condition {
        Condition { wanted: true, filter }
    }

    fn unwanted(filter: Filter) -> Condition {
        Condition { wanted: false, filter }
    }

    #[test]
    fn filters_are_told_from_words() {
        let parsed =
            parse("  low FORMAT:flac water label:\"Ninth Harbour\" year:1970..1973 sort:Newest ").unwrap();
        assert_eq!((words(&parsed).as_str(), parsed.sort), ("low water", Some(Sort::Newest)));
        assert_eq!(
            parsed.conditions,
            [
                wanted(Filter::Words(Key::Format, text::chunks("flac"))),
                wanted(Filter::Words(Key::Label, text::chunks("Ninth Harbour"))),
                wanted(Filter::Years(1970..=1973)),
            ]
        );
        assert_eq!(parsed.filter_text, " FORMAT:flac label:\"Ninth Harbour\" year:1970..1973 sort:Newest");
        for (text, plain) in [
            ("Title: A Subtitle", "title a subtitle"),
            ("Format:", "format"),
            ("Re:Entry", "reentry"),
            ("12\" mix", "12 mix"),
            ("http://a/", "httpa"),
            ("Artist - Title -- Live", "artist - title -- live"),
            ("-M-", "m"),
            ("", ""),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!((words(&parsed).as_str(), parsed.conditions.len()), (plain, 0), "{text}");
        }
    }

    #[test]
    fn phrases_exclusions_and_open_ends() {
        let parsed = parse("salt \"low water\" -live -type:EP -\"wall of weed\" seeded:no log:100").unwrap();
        assert_eq!(words(&parsed), "salt low water");
        assert_eq!(
            parsed.conditions,
            [
                wanted(Filter::Phrase(text::chunks("low water"))),
                unwanted(Filter::Words(Key::Type, text::chunks("EP"))),
                unwanted(Filter::Seeded),
                wanted(Filter::Has("log100")),
                unwanted(Filter::Anywhere(text::chunks("live"))),
                unwanted(Filter::Phrase(text::chunks("wall of weed"))),
            ]
        );
        assert_eq!(parsed.filter_text, " -type:EP seeded:no log:100 -live -\"wall of weed\"");
        assert!(parse("maps car*").unwrap().open_end);
        assert!(!parse("car* maps").unwrap().open_end);
        assert_eq!(parse("-has:link x").unwrap().conditions, [unwanted(Filter::Has("link"))]);
    }

    #[test]
    fn errors_name_the_spot() {
        let error = parse("søuth year:abc").unwrap_err();
        let problem = error.problem();
        assert_eq!((problem.code, problem.field), ("query.year", "q"));
        assert_eq!(problem.message, "At character 12: \"abc\" is not a year or a range like 1970..1973.");
        assert_eq!(parse("low label:\"ninth").unwrap_err(), QueryError::Quote { position: 11 });
        assert_eq!(parse("low -label:\"ninth").unwrap_err(), QueryError::Quote { position: 12 });
        assert_eq!((words(&parse("\"heroes").unwrap()).as_str()), "heroes");
        for (text, spot) in [
            ("seeded:maybe", "At character 8: \"maybe\" is not yes or no."),
            ("a -log:101", "At character 8: \"101\" is not yes, no or 100."),
            ("has:music", "At character 5: \"music\" is not link, log, cue or tag."),
        ] {
            let problem = parse(text).unwrap_err().problem();
            assert_eq!((problem.code, problem.message.as_str()), ("query.value", spot));
        }
        for text in ["added:soon", "by:mara", "sort:best"] {
            assert_eq!(parse(text).unwrap_err().problem().code, "query.value", "{text}");
        }
        assert_eq!(parse(&"media:cd ".repeat(25)).unwrap_err(), QueryError::TooManyFilters);
        let long = "a".repeat(MAX_QUERY_BYTES + 1);
        assert_eq!(parse(&long).unwrap_err(), QueryError::TooLong(MAX_QUERY_BYTES + 1));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_stays_bounded(
            pieces in prop::collection::vec(
                prop_oneof![
                    any::<String>(),
                    "[ -]?(artist|YEAR|label|x|added|by|has|log|barcode):",
                    "[0-9.\"&$* -]{0,6}",
                    "[東京あ가]{0,80}",
                ],
                0..60,
            ),
        ) {
            if let Ok(parsed) = parse(&pieces.concat()) {
                let filters = parsed.conditions.iter().flat_map(|condition| match &condition.filter {
                    Filter::Words(_, chunks) | Filter::Anywhere(chunks) => chunks.as_slice(),
                    _ => &[],
                });
                let terms = parsed.words.iter().chain(filters).flat_map(Chunk::query_terms);
                prop_assert!(terms.count() <= MAX_WORDS + MAX_FILTER_WORDS);
                prop_assert!(parsed.conditions.len() <= MAX_FILTERS + 1);
            }
        }
    }
}

//! What a person typed: words, and filters like `format:flac` or `label:"Ninth Harbour"`.
//!
//! Whatever is not a filter of the table is words: titles have colons too. Not here: identifiers
//! ([`super::identifier`]) and what the words find ([`super::plan`]).

use super::text::{self, Chunk};
use crate::Problem;
use crate::entry::link::MAX_YEAR;
use crate::magnet::{MAX_MAGNET_BYTES, MagnetError};
use crate::mbid::MbidError;
use std::ops::RangeInclusive;

/// The longest query that is read: whatever magnet can be submitted can be searched for.
pub const MAX_QUERY_BYTES: usize = MAX_MAGNET_BYTES;
/// Words (pairs of characters in scripts without spaces) that are looked for; longer titles are
/// found by their first ones.
pub const MAX_WORDS: usize = 32;
/// Filters in one query: there are ten keys, and nobody narrows a search more often than that.
pub const MAX_FILTERS: usize = 16;

/// Why a query cannot be understood. Positions are characters from the start, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Beyond [`MAX_QUERY_BYTES`].
    #[error("the query has {0} bytes; at most {MAX_QUERY_BYTES} are read")]
    TooLong(usize),
    /// Beyond [`MAX_FILTERS`].
    #[error("the query has more than {MAX_FILTERS} filters")]
    TooManyFilters,
    /// A quotation mark opens the value of a filter and none closes it.
    #[error("the quotation mark at character {position} is not closed")]
    Quote {
        /// Where it stands.
        position: usize,
    },
    /// The value of `year:` is neither a year nor a range of them.
    #[error("at character {position}: {value:?} is not a year or a range of years")]
    Year {
        /// Where the value begins.
        position: usize,
        /// The value, shortened.
        value: String,
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
            Self::Year { .. } => ("query.year", "Write year:1970 or year:1970..1973."),
            Self::Mbid(error) => return Problem { field: "q", ..error.problem() },
            Self::Magnet(error) => return Problem { field: "q", ..error.problem() },
        };
        let message = format!("{}.", crate::mbid::capitalise(&self.to_string()));
        Problem { code, field: "q", message, fix }
    }
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Artist,
    Title,
    Label,
    Catno,
    Type,
    Media,
    Format,
    Encoding,
    Year,
}

const KEYS: [(&str, Key); 9] = [
    ("artist", Key::Artist),
    ("title", Key::Title),
    ("label", Key::Label),
    ("catno", Key::Catno),
    ("type", Key::Type),
    ("media", Key::Media),
    ("format", Key::Format),
    ("encoding", Key::Encoding),
    ("year", Key::Year),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// All of the chunks are in the field.
    Words(Key, Vec<Chunk>),
    /// The group or one of its editions is of these years.
    Years(RangeInclusive<u16>),
}

/// A query, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedQuery {
    /// In order; at most [`MAX_WORDS`] words in all, with the filters'.
    pub(super) words: Vec<Chunk>,
    pub(super) filters: Vec<Filter>,
    /// The filters as they were typed.
    pub(super) filter_text: String,
}

/// Takes a query apart. A pure function of the text.
///
/// # Errors
/// See [`QueryError`]; words alone are always understood.
pub fn parse(text: &str) -> Result<ParsedQuery, QueryError> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(QueryError::TooLong(text.len()));
    }
    let mut budget = MAX_WORDS;
    let mut bounded = |text: &str| -> Vec<Chunk> {
        text::chunks(text).into_iter().map_while(|chunk| chunk.within(&mut budget)).collect()
    };
    let (mut words, mut filters, mut filter_text) = (String::new(), Vec::new(), String::new());
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let position = |rest: &str| text[..text.len() - rest.len()].chars().count() + 1;
        let end = match filter(&rest[..end]) {
            None => {
                words.push_str(&rest[..end]);
                words.push(' ');
                end
            }
            Some((key, value_at)) => {
                if filters.len() == MAX_FILTERS {
                    return Err(QueryError::TooManyFilters);
                }
                let (value, end) = match rest[value_at..].strip_prefix('"') {
                    None => (&rest[value_at..end], end),
                    Some(quoted) => {
                        let length = quoted
                            .find('"')
                            .ok_or_else(|| QueryError::Quote { position: position(&rest[value_at..]) })?;
                        (&quoted[..length], value_at + length + 2)
                    }
                };
                filters.push(match key {
                    Key::Year => Filter::Years(years(value).ok_or_else(|| QueryError::Year {
                        position: position(&rest[value_at..]),
                        value: value.chars().take(32).collect(),
                    })?),
                    key => Filter::Words(key, bounded(value)),
                });
                filter_text.push(' ');
                filter_text.push_str(&rest[..end]);
                end
            }
        };
        rest = rest[end..].trim_start();
    }
    Ok(ParsedQuery { words: bounded(&words), filters, filter_text })
}

/// The key of a filter and where its value begins, if there is one: `Title: a subtitle` is words.
fn filter(token: &str) -> Option<(Key, usize)> {
    let (name, value) = token.split_once(':')?;
    let (_, key) = KEYS.into_iter().find(|(key, _)| name.eq_ignore_ascii_case(key))?;
    (!value.is_empty()).then_some((key, name.len() + 1))
}

/// `1970`, `1970..1973`, `1970..` or `..1973`.
fn years(value: &str) -> Option<RangeInclusive<u16>> {
    let year = |text: &str| -> Option<u16> {
        let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if plain { text.parse().ok() } else { None }
    };
    let Some((from, to)) = value.split_once("..") else {
        return year(value).map(|year| year..=year);
    };
    let from = if from.is_empty() { Some(0) } else { year(from) };
    let open = to.is_empty() && value != "..";
    let to = if open { Some(MAX_YEAR as u16) } else { year(to) };
    from.zip(to).filter(|(from, to)| from <= to).map(|(from, to)| from..=to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(parsed: &ParsedQuery) -> String {
        parsed.words.iter().map(Chunk::display).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn filters_are_told_from_words() {
        let parsed = parse("  low FORMAT:flac water label:\"Ninth Harbour\" year:1970..1973 ").unwrap();
        assert_eq!(words(&parsed), "low water");
        assert_eq!(
            parsed.filters,
            [
                Filter::Words(Key::Format, text::chunks("flac")),
                Filter::Words(Key::Label, text::chunks("Ninth Harbour")),
                Filter::Years(1970..=1973),
            ]
        );
        assert_eq!(parsed.filter_text, " FORMAT:flac label:\"Ninth Harbour\" year:1970..1973");
        for (text, plain) in [
            ("Title: A Subtitle", "title a subtitle"),
            ("Format:", "format"),
            ("Re:Entry", "reentry"),
            ("12\" mix \"quoted words\"", "12 mix quoted words"),
            ("http://a/", "httpa"),
            ("", ""),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!((words(&parsed).as_str(), parsed.filters.len()), (plain, 0), "{text}");
        }
    }

    #[test]
    fn years_and_ranges() {
        for (value, range) in [
            ("1970", Some(1970..=1970)),
            ("1970..1973", Some(1970..=1973)),
            ("1970..", Some(1970..=9999)),
            ("..1973", Some(0..=1973)),
            ("..", None),
            ("", None),
            ("1973..1970", None),
            ("197x", None),
            ("+970", None),
            ("19700", None),
        ] {
            assert_eq!(years(value), range, "{value}");
        }
    }

    #[test]
    fn errors_name_the_spot() {
        let error = parse("søuth year:abc").unwrap_err();
        assert_eq!(error, QueryError::Year { position: 12, value: "abc".into() });
        let problem = error.problem();
        assert_eq!((problem.code, problem.field), ("query.year", "q"));
        assert_eq!(problem.message, "At character 12: \"abc\" is not a year or a range of years.");
        assert_eq!(parse("low label:\"ninth").unwrap_err(), QueryError::Quote { position: 11 });
        assert_eq!(parse(&"media:cd ".repeat(17)).unwrap_err(), QueryError::TooManyFilters);
        let long = "a".repeat(MAX_QUERY_BYTES + 1);
        assert_eq!(parse(&long).unwrap_err(), QueryError::TooLong(MAX_QUERY_BYTES + 1));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_stays_bounded(
            pieces in prop::collection::vec(
                prop_oneof![any::<String>(), "(artist|YEAR|label|x):", "[0-9.\"&$ ]{0,6}", "[東京あ가]{0,80}"],
                0..60,
            ),
        ) {
            if let Ok(parsed) = parse(&pieces.concat()) {
                let filters = parsed.filters.iter().flat_map(|filter| match filter {
                    Filter::Words(_, chunks) => chunks.as_slice(),
                    Filter::Years(_) => &[],
                });
                let terms = parsed.words.iter().chain(filters).flat_map(Chunk::query_terms);
                prop_assert!(terms.count() <= MAX_WORDS);
                prop_assert!(parsed.filters.len() <= MAX_FILTERS);
            }
        }
    }
}

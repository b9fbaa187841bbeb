//! What an address asks of a search: `?q=maps&format=flac&sort=seeders&after=...`.
//!
//! Filters may stand in the text or beside it, under the same names.

use super::error::WebError;
use deadwax_index::Problem;
use deadwax_index::search::{self, Cursor, MAX_LIMIT, Sort, filter_keys};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write;

/// Groups in an answer, unless `limit` says otherwise.
pub const DEFAULT_LIMIT: usize = 50;

/// Query of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What to look for.
    pub q: String,
    /// Filters besides those in the text: key and value.
    pub filters: Vec<(String, String)>,
    /// The order, if it is said.
    pub sort: Option<Sort>,
    /// How many groups at most.
    pub limit: Option<usize>,
    /// How many groups to skip.
    pub offset: usize,
    /// Only groups after this one.
    pub after: Option<Cursor>,
}

impl SearchQuery {
    /// Reads the query of an address. What is no part of a search is skipped.
    ///
    /// # Errors
    /// A number, order or cursor that is none.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self, WebError> {
        let mut query = Self::default();
        for (name, value) in pairs {
            let bad = |fix| refused(&name, &value, fix);
            // Forms send empty fields too.
            match name.as_str() {
                "q" => query.q = value,
                _ if value.is_empty() => {}
                "limit" => {
                    query.limit = Some(value.parse().map_err(|_| bad("Write a number, like limit=50."))?);
                }
                "offset" => {
                    query.offset = value.parse().map_err(|_| bad("Write a number, like offset=50."))?
                }
                "sort" => {
                    let sort = Sort::from_name(&value);
                    let fix = "Write relevance, newest, year, seeders, score or size.";
                    query.sort = Some(sort.ok_or_else(|| bad(fix))?);
                }
                "after" => {
                    let cursor = value.parse().map_err(|_| bad("Follow the link to the next page again."));
                    query.after = Some(cursor?);
                }
                name if filter_keys().any(|key| key == name) => {
                    query.filters.push((name.to_owned(), value));
                }
                _ => {}
            }
        }
        Ok(query)
    }

    /// The question that the index is asked.
    pub fn to_search(&self) -> search::Query {
        search::Query {
            text: self.q.clone(),
            filters: self.filters.clone(),
            limit: self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
            offset: self.offset,
            after: self.after,
            sort: self.sort,
        }
    }

    /// The same search with one filter more.
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut query = self.clone();
        query.filters.push((key.into(), value.into()));
        query
    }

    /// The same search without one of its filters.
    pub fn without(&self, index: usize) -> Self {
        let mut query = self.clone();
        query.filters.remove(index);
        query
    }

    /// Where a filter beside the text is, whatever the case of its value.
    pub fn position(&self, key: &str, value: &str) -> Option<usize> {
        self.filters.iter().position(|(name, known)| name == key && known.eq_ignore_ascii_case(value))
    }

    /// The query of the same search from its first hit on.
    pub fn encoded(&self) -> String {
        let mut text = format!("q={}", encoded(&self.q));
        for (key, value) in &self.filters {
            let _ = write!(text, "&{key}={}", encoded(value));
        }
        if let Some(sort) = self.sort {
            let _ = write!(text, "&sort={}", sort.name());
        }
        text
    }
}

/// A text as a value in the query of an address.
pub fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

fn refused(name: &str, value: &str, fix: &'static str) -> WebError {
    let field = ["limit", "offset", "sort", "after"].into_iter().find(|field| *field == name).unwrap_or("");
    let value: String = value.chars().take(32).collect();
    let message = format!("{name}={value:?} cannot be understood.");
    WebError::Bad(Problem { code: "search.query", field, message, fix })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn filters_beside_the_text_are_filters() {
        let query = SearchQuery::from_pairs(pairs(&[
            ("q", "low & water"),
            ("format", "FLAC"),
            ("label", "The \"Ninth\" Harbour"),
            ("media", ""),
            ("sort", "seeders"),
            ("limit", "9"),
            ("from", "elsewhere"),
        ]))
        .unwrap();
        let asked = query.to_search();
        assert_eq!(asked.text, "low & water");
        assert_eq!(asked.filters, pairs(&[("format", "FLAC"), ("label", "The \"Ninth\" Harbour")]));
        assert_eq!((asked.limit, asked.sort), (9, Some(Sort::Seeders)));
        assert_eq!(
            query.encoded(),
            "q=low%20%26%20water&format=FLAC&label=The%20%22Ninth%22%20Harbour&sort=seeders"
        );
        for wrong in [("limit", "x"), ("sort", "best"), ("after", "?"), ("offset", "-1")] {
            let error = SearchQuery::from_pairs(pairs(&[wrong])).unwrap_err();
            assert_eq!(error.parts().1.field, wrong.0);
        }
    }
}

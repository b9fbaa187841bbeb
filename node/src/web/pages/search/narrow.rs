//! How the hits of a search can be narrowed down, widened again and sorted: each way is a link with an address of
//! its own, or a field of a form.

use crate::web::pages::wording;
use crate::web::search_query::SearchQuery;
use deadwax_index::search::{Facets, Sort, parse_query};

/// The facets, in the order of the page, and what they are called.
const FACETS: [(&str, &str); 7] = [
    ("format", "Format"),
    ("encoding", "Encoding"),
    ("media", "Medium"),
    ("type", "Type"),
    ("year", "Decade"),
    ("has", "Only"),
    ("seeded", "Only"),
];
/// Values of one facet that are listed, the most frequent first.
const MAX_VALUES: usize = 10;
/// A value is cut to this where it is repeated.
const MAX_VALUE_CHARS: usize = 40;
/// The fields of the form: key, label, and what can stand there.
const FIELDS: [(&str, &str, &str); 6] = [
    ("year", "Year", "1971 or 1970..1979"),
    ("type", "Type", "album, live, …"),
    ("tag", "Tag", ""),
    ("label", "Record label", ""),
    ("catno", "Catalogue number", ""),
    ("country", "Country", "is, gb, …"),
];

/// A way to count the hits.
pub struct Facet {
    /// "Format".
    pub name: &'static str,
    /// The most frequent first; decades newest first.
    pub values: Vec<FacetValue>,
}

/// A value that some of the hits have.
pub struct FacetValue {
    /// "FLAC".
    pub label: String,
    /// How many hits have it.
    pub count: String,
    /// The search with this filter, or without it if it is active.
    pub url: String,
    /// Whether the search has this filter.
    pub is_active: bool,
}

/// A filter that can be taken away.
pub struct ActiveFilter {
    /// "Format".
    pub name: String,
    /// "FLAC".
    pub value: String,
    /// The search without it.
    pub url: String,
}

/// An order.
pub struct Order {
    /// "newest".
    pub name: &'static str,
    /// The search in this order.
    pub url: String,
    /// Whether it is the order of the page.
    pub is_current: bool,
}

/// A field of the form that narrows a search.
pub struct NarrowField {
    /// Its name.
    pub key: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What to type.
    pub hint: &'static str,
    /// What it holds.
    pub value: String,
}

/// The facets of some hits. What all of them have in common narrows nothing and is left out.
pub fn facets(query: &SearchQuery, counted: &Facets, total: u64) -> Vec<Facet> {
    let mut found: Vec<Facet> = Vec::new();
    for (key, name) in FACETS {
        let Some(counts) = counted.0.get(key) else { continue };
        let mut counts: Vec<(&str, u64)> =
            counts.iter().map(|(value, count)| (value.as_ref(), *count)).collect();
        if key == "year" {
            counts.reverse();
        } else {
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        }
        counts.retain(|(value, count)| *count < total || query.position(key, value).is_some());
        let values =
            counts.into_iter().take(MAX_VALUES).map(|(value, count)| value_of(query, key, value, count));
        let values: Vec<FacetValue> = values.collect();
        match found.last_mut().filter(|facet| facet.name == name) {
            Some(facet) => facet.values.extend(values),
            None if values.is_empty() => {}
            None => found.push(Facet { name, values }),
        }
    }
    found
}

fn value_of(query: &SearchQuery, key: &str, value: &str, count: u64) -> FacetValue {
    let active = query.position(key, value);
    let there = active.map_or_else(|| query.with(key, value), |index| query.without(index));
    FacetValue {
        label: match key {
            "has" => "with torrent links".into(),
            "seeded" => "seeded".into(),
            "year" => decade(value),
            _ => value.to_owned(),
        },
        count: wording::thousands(count),
        url: url(&there),
        is_active: active.is_some(),
    }
}

/// "1990s" of "1990..1999".
fn decade(range: &str) -> String {
    range.split_once("..").map_or(range.to_owned(), |(first, _)| format!("{first}s"))
}

/// The filters beside the text, each with the search that lacks it.
pub fn active(query: &SearchQuery) -> Vec<ActiveFilter> {
    let filter = |(index, (key, value)): (usize, &(String, String))| {
        let name = FACETS
            .iter()
            .map(|(key, name)| (*key, *name))
            .chain(FIELDS.iter().map(|(key, name, _)| (*key, *name)));
        let name = name.into_iter().find(|(known, _)| known == key).map_or(key.as_str(), |(_, name)| name);
        ActiveFilter {
            name: name.to_owned(),
            value: match (key.as_str(), value.as_str()) {
                ("has", "link") => "with torrent links".into(),
                ("seeded", "yes") => "seeded".into(),
                ("year", value) if value.len() == 10 && value.ends_with('9') => decade(value),
                (_, value) => wording::shorten(value, MAX_VALUE_CHARS),
            },
            url: url(&query.without(index)),
        }
    };
    query.filters.iter().enumerate().map(filter).collect()
}

/// The orders, with that of the page marked.
pub fn orders(query: &SearchQuery) -> Vec<Order> {
    let said_in_text = parse_query(&query.q).is_ok_and(|parsed| parsed.is_sorted());
    let current = query.sort.or((!said_in_text).then_some(Sort::Relevance));
    let order = |sort: Sort| Order {
        name: sort.name(),
        url: url(&SearchQuery { sort: Some(sort), ..query.clone() }),
        is_current: current == Some(sort),
    };
    Sort::ALL.into_iter().map(order).collect()
}

/// The fields of the form, with what the search has for them.
pub fn fields(query: &SearchQuery) -> Vec<NarrowField> {
    let value = |key: &str| query.filters.iter().find(|(name, _)| name == key);
    let field = |(key, label, hint): (&'static str, &'static str, &'static str)| NarrowField {
        key,
        label,
        hint,
        value: value(key).map_or(String::new(), |(_, value)| value.clone()),
    };
    FIELDS.into_iter().map(field).collect()
}

/// What the form has to send along: everything that is in none of its fields.
pub fn hidden(query: &SearchQuery) -> Vec<(String, String)> {
    let mut hidden = vec![("q".to_owned(), query.q.clone())];
    let mut shown: Vec<&str> = Vec::new();
    for (key, value) in &query.filters {
        if FIELDS.iter().any(|(field, ..)| field == key) && !shown.contains(&key.as_str()) {
            shown.push(key);
        } else {
            hidden.push((key.clone(), value.clone()));
        }
    }
    hidden.extend(query.sort.map(|sort| ("sort".to_owned(), sort.name().to_owned())));
    hidden
}

fn url(query: &SearchQuery) -> String {
    format!("/search?{}", query.encoded())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    fn query() -> SearchQuery {
        let filters = [("format", "FLAC"), ("year", "1990..1999"), ("year", "1995")];
        SearchQuery {
            q: "low".into(),
            filters: filters.map(|(key, value)| (key.into(), value.into())).to_vec(),
            sort: Some(Sort::Newest),
            offset: 50,
            ..SearchQuery::default()
        }
    }

    #[test]
    fn facets_add_a_filter_or_take_it_away() {
        let counted = |values: &[(&'static str, u64)]| -> BTreeMap<Cow<'static, str>, u64> {
            values.iter().map(|(value, count)| (Cow::Borrowed(*value), *count)).collect()
        };
        let facets_of = Facets(BTreeMap::from([
            ("format", counted(&[("FLAC", 9), ("AAC", 2), ("MP3", 5)])),
            ("media", counted(&[("CD", 9)])),
            ("has", counted(&[("link", 8)])),
            ("seeded", counted(&[("yes", 1)])),
        ]));
        let found = facets(&query(), &facets_of, 9);
        let names: Vec<_> = found.iter().map(|facet| (facet.name, facet.values.len())).collect();
        // All are of CDs: nothing to narrow.
        assert_eq!(names, [("Format", 3), ("Only", 2)]);
        let [flac, mp3, _] = &found[0].values[..] else { panic!() };
        assert!(flac.is_active && !mp3.is_active);
        assert_eq!(flac.url, "/search?q=low&year=1990%2E%2E1999&year=1995&sort=newest");
        assert_eq!(mp3.url, "/search?q=low&format=FLAC&year=1990%2E%2E1999&year=1995&format=MP3&sort=newest");
        assert_eq!(found[1].values[0].label, "with torrent links");
    }

    #[test]
    fn the_form_sends_along_what_it_does_not_show() {
        let fields = fields(&query());
        assert_eq!((fields[0].key, fields[0].value.as_str()), ("year", "1990..1999"));
        let hidden = hidden(&query());
        let expected = [("q", "low"), ("format", "FLAC"), ("year", "1995"), ("sort", "newest")];
        assert_eq!(hidden, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let active = active(&query());
        assert_eq!((active[1].name.as_str(), active[1].value.as_str()), ("Decade", "1990s"));
        assert_eq!(active[1].url, "/search?q=low&format=FLAC&year=1995&sort=newest");
    }

    #[test]
    fn an_order_in_the_text_is_not_taken_for_another() {
        let current = |q: &str| {
            let query = SearchQuery { q: q.into(), ..SearchQuery::default() };
            orders(&query).into_iter().find(|order| order.is_current).map(|order| order.name)
        };
        assert_eq!((current("low"), current("low sort:year")), (Some("relevance"), None));
    }
}

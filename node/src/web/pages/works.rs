//! The release groups of an artist or a label, by type and year, with their best editions.
//!
//! Not here: which groups these are ([`deadwax_index::catalogue::lookup`]).

use super::pager::Pager;
use super::rows::{Row, rows};
use crate::app::App;
use crate::web::error::WebError;
use crate::web::search_query::DEFAULT_LIMIT;
use deadwax_index::catalogue::lookup::Identifier;
use deadwax_index::catalogue::{Catalogue, KnownGroup};
use deadwax_index::listing::Listing;
use deadwax_index::mbid::Uuid;
use deadwax_index::search::MAX_LISTED_LINKS;

/// Primary types in the order in which people look for them, and what several of them are called.
const TYPES: [(&str, &str); 5] = [
    ("Album", "Albums"),
    ("EP", "EPs"),
    ("Single", "Singles"),
    ("Broadcast", "Broadcasts"),
    ("Other", "Other"),
];

/// A page of groups.
pub struct Works {
    /// In order, each with a heading of its own.
    pub sections: Vec<Section>,
    /// Links to the other pages.
    pub pager: Pager,
    /// How many groups there are in all.
    pub total: usize,
}

/// Groups of one type.
pub struct Section {
    /// "Albums", "Album · Live".
    pub heading: String,
    /// Oldest first.
    pub rows: Vec<Row>,
}

/// The groups of an artist or label from `offset` on. An artist's own name is not repeated in each line.
///
/// # Errors
/// Store or catalogue cannot be read.
pub fn works(
    app: &App,
    catalogue: &Catalogue,
    of: &Uuid,
    offset: usize,
    name: &str,
) -> Result<Works, WebError> {
    let groups = catalogue.groups_of(&Identifier::Mbid(*of))?;
    let total = groups.len();
    let mut known: Vec<(Uuid, KnownGroup)> =
        catalogue.known_groups(&groups)?.into_iter().map(|(mbid, (known, _))| (mbid, known)).collect();
    known.sort_by_cached_key(place);
    let page: Vec<(Uuid, KnownGroup)> = known.into_iter().skip(offset).take(DEFAULT_LIMIT).collect();
    let mbids: Vec<Uuid> = page.iter().map(|(mbid, _)| *mbid).collect();
    let listings = Listing::read_all(&app.store, Some(catalogue), &mbids, MAX_LISTED_LINKS)?;
    let mut sections: Vec<Section> = Vec::new();
    for (mut row, listing) in rows(app, &listings)?.into_iter().zip(&listings) {
        if listing.artist() == name {
            row.artist = String::new();
        }
        // The heading says it.
        row.facts = listing.year().map_or(String::new(), |year| year.to_string());
        let heading = heading(listing.types());
        match sections.last_mut().filter(|section| section.heading == heading) {
            Some(section) => section.rows.push(row),
            None => sections.push(Section { heading, rows: vec![row] }),
        }
    }
    Ok(Works { sections, pager: Pager::new("?", offset, DEFAULT_LIMIT, total), total })
}

/// Where a group stands: by type, then by year; those without a year are last.
fn place((mbid, known): &(Uuid, KnownGroup)) -> (usize, Vec<String>, bool, Option<u16>, String, Uuid) {
    let (primary, secondary) = match known.types.split_first() {
        Some((first, rest)) => match TYPES.iter().position(|(name, _)| name == first) {
            Some(place) => (place, rest.to_vec()),
            None => (TYPES.len(), known.types.clone()),
        },
        None => (TYPES.len() + 1, Vec::new()),
    };
    (primary, secondary, known.year.is_none(), known.year, known.title.clone(), *mbid)
}

fn heading(types: &[String]) -> String {
    match types {
        [] => "Type not said".into(),
        [only] => {
            TYPES.iter().find(|(name, _)| name == only).map_or(only.clone(), |(_, many)| (*many).into())
        }
        several => several.join(" · "),
    }
}

/// What an artist or a label page asks of the catalogue.
///
/// # Errors
/// Those of `ask`; the catalogue cannot be opened.
pub fn with_catalogue<T>(
    app: &App,
    ask: impl FnOnce(&Catalogue) -> Result<Option<T>, WebError>,
) -> Result<Option<T>, WebError> {
    app.search.catalogue().with(|catalogue| match catalogue {
        Some((catalogue, _)) => ask(catalogue),
        None => Ok(None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn albums_first_and_years_ascending() {
        let group = |number: u128, year: Option<u16>, types: &[&str]| {
            let types = types.iter().map(|kind| (*kind).to_owned()).collect();
            let known = KnownGroup { artist: String::new(), title: "Low Water".into(), year, types };
            (Uuid::from_u128(number), known)
        };
        let mut groups = [
            group(1, Some(1990), &["Single"]),
            group(2, None, &["Album"]),
            group(3, Some(1980), &["Album", "Live"]),
            group(4, Some(1999), &["Album"]),
            group(5, Some(1971), &["Album"]),
            group(6, Some(1960), &[]),
            group(7, Some(1960), &["Audiobook"]),
        ];
        groups.sort_by_cached_key(place);
        assert_eq!(groups.map(|(mbid, _)| mbid.as_u128()), [5, 4, 2, 3, 1, 7, 6]);
        let headings =
            [vec!["Album".to_owned()], vec!["Album".into(), "Live".into()], vec![], vec!["X".into()]];
        assert_eq!(headings.map(|types| heading(&types)), ["Albums", "Album · Live", "Type not said", "X"]);
    }
}

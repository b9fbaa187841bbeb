//! Release groups by the page: each table is asked once for all groups of a page, by their numbers, and what it
//! says is handed out to them. Asking for each group costs several times as much, and indexing asks for millions.

use super::{
    Catalogue, CreditedArtist, EditionLabel, EditionMedium, EditionRecord, GroupRecord, MAX_EDITIONS, Uuid,
};
use crate::catalogue::{Kind, KnownGroup, types_of, year};
use crate::store::StoreError;
use rusqlite::Row;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

/// Aliases of one artist or group that count: the rest of a long list are spellings of spellings.
const MAX_ALIASES: usize = 32;
/// Credits that are kept from page to page, some 300 bytes each: an artist's records often stand together.
const MAX_CREDITS: usize = 50_000;

/// The joins that lead from the groups between two numbers to their releases, which an index has in the order
/// of the groups.
const RELEASES: &str = "FROM release_groups AS g CROSS JOIN releases AS r
                        ON substr(r.release_group_mbid, 1, 6) = substr(g.mbid, 1, 6)
                       AND r.release_group_mbid = g.mbid";
const OF_PAGE: &str = "WHERE g.release_group_no BETWEEN ?1 AND ?2";

/// All groups after a number, ascending.
pub struct GroupPages<'a> {
    catalogue: &'a Catalogue,
    after: i64,
    credits: HashMap<i64, Credit>,
}

/// Whether it is the primary one of its language, and the name.
type Alias = (bool, String);

/// What a credit says, and who is in it.
#[derive(Clone)]
struct Credit {
    text: String,
    artists: Arc<[CreditedArtist]>,
}

/// The groups of a page, before all is known of them.
struct Page {
    /// Number of each group.
    numbers: Vec<i64>,
    records: Vec<GroupRecord>,
    /// Where an edition is, by the number of its release: which group, and which of its editions.
    editions: HashMap<i64, (usize, usize)>,
}

impl Catalogue {
    /// All groups whose number is above `after`.
    pub fn groups_after(&self, after: i64) -> GroupPages<'_> {
        GroupPages { catalogue: self, after, credits: HashMap::new() }
    }
}

impl GroupPages<'_> {
    /// Up to `limit` groups with their numbers; none after the last one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn next_page(&mut self, limit: usize) -> Result<Vec<(i64, GroupRecord)>, StoreError> {
        // One for all statements: each would otherwise begin and end its own.
        let _transaction = self.catalogue.db.unchecked_transaction()?;
        let mut page = self.groups(limit)?;
        let (Some(first), Some(last)) = (page.numbers.first(), page.numbers.last()) else {
            return Ok(Vec::new());
        };
        let bounds = [*first, *last];
        self.after = bounds[1];
        self.add_aliases(&mut page, bounds)?;
        self.add_editions(&mut page, bounds)?;
        self.add_to_editions(&mut page, bounds)?;
        self.add_merged(&mut page, bounds)?;
        page.records.iter_mut().for_each(sort_editions);
        Ok(page.numbers.into_iter().zip(page.records).collect())
    }

    fn groups(&mut self, limit: usize) -> Result<Page, StoreError> {
        let mut statement = self.catalogue.db.prepare_cached(
            "SELECT release_group_no, mbid, title, primary_type, secondary_types, first_release_date,
                    disambiguation, credit_no
             FROM release_groups WHERE release_group_no > ?1 ORDER BY 1 LIMIT ?2",
        )?;
        let mut rows = statement.query((self.after, limit as i64))?;
        let mut page = Page { numbers: Vec::new(), records: Vec::new(), editions: HashMap::new() };
        while let Some(row) = rows.next()? {
            let credit_no: Option<i64> = row.get(7)?;
            let credit = credit_no.map(|credit_no| self.credit(credit_no)).transpose()?;
            page.numbers.push(row.get(0)?);
            page.records.push(GroupRecord {
                mbid: Uuid::from_bytes(row.get(1)?),
                known: KnownGroup {
                    artist: credit.as_ref().map(|credit| credit.text.clone()).unwrap_or_default(),
                    title: row.get(2)?,
                    year: year(text(row, 5)?),
                    types: types_of(text(row, 3)?, text(row, 4)?),
                },
                disambiguation: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
                artists: credit.map(|credit| credit.artists).unwrap_or_default(),
                aliases: Vec::new(),
                editions: Vec::new(),
                merged: Vec::new(),
            });
        }
        Ok(page)
    }

    fn credit(&mut self, credit_no: i64) -> Result<Credit, StoreError> {
        if let Some(credit) = self.credits.get(&credit_no) {
            return Ok(credit.clone());
        }
        let credit = self.read_credit(credit_no)?;
        if self.credits.len() >= MAX_CREDITS {
            self.credits.clear();
        }
        self.credits.insert(credit_no, credit.clone());
        Ok(credit)
    }

    fn read_credit(&self, credit_no: i64) -> Result<Credit, StoreError> {
        let mut statement = self.catalogue.db.prepare_cached(
            "SELECT position, artist_mbid, n.name, artists.name, sort_name, aliases.name, is_primary, credit
             FROM artist_credits LEFT JOIN artist_credit_names AS n USING (credit_no)
                  LEFT JOIN artists ON artists.mbid = artist_mbid
                  LEFT JOIN aliases ON kind = ?2 AND owner_no = artist_no
             WHERE artist_credits.credit_no = ?1 ORDER BY position",
        )?;
        let mut rows = statement.query((credit_no, Kind::Artist as i64))?;
        let mut credit = None;
        let mut artists: Vec<(i64, CreditedArtist, Vec<Alias>)> = Vec::new();
        while let Some(row) = rows.next()? {
            if credit.is_none() {
                credit = Some(row.get(7)?);
            }
            let Some(position) = row.get(0)? else { continue };
            if artists.last().is_none_or(|(last, ..)| *last != position) {
                let names = [row.get::<_, Option<String>>(3)?, row.get(4)?].into_iter().flatten().collect();
                let artist = CreditedArtist { mbid: uuid(row, 1)?, credited_as: row.get(2)?, names };
                artists.push((position, artist, Vec::new()));
            }
            if let (Some((.., aliases)), Some(alias)) = (artists.last_mut(), row.get(5)?) {
                aliases.push((row.get(6)?, alias));
            }
        }
        let artists = artists.into_iter().map(|(_, mut artist, aliases)| {
            artist.names.extend(primary_first(aliases));
            artist
        });
        Ok(Credit { text: credit.unwrap_or_default(), artists: artists.collect() })
    }

    fn add_aliases(&self, page: &mut Page, bounds: [i64; 2]) -> Result<(), StoreError> {
        let mut statement = self.catalogue.db.prepare_cached(
            "SELECT owner_no, name, is_primary FROM aliases
             WHERE kind = ?1 AND owner_no BETWEEN ?2 AND ?3 ORDER BY owner_no, name",
        )?;
        let mut rows = statement.query((Kind::ReleaseGroup as i64, bounds[0], bounds[1]))?;
        let mut aliases: HashMap<usize, Vec<Alias>> = HashMap::new();
        while let Some(row) = rows.next()? {
            if let Ok(group) = page.numbers.binary_search(&row.get(0)?) {
                aliases.entry(group).or_default().push((row.get(2)?, row.get(1)?));
            }
        }
        for (group, aliases) in aliases {
            page.records[group].aliases = primary_first(aliases).collect();
        }
        Ok(())
    }

    fn add_editions(&self, page: &mut Page, bounds: [i64; 2]) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT release_group_no, release_no, r.mbid, r.title, status, date, country, barcode,
                    r.disambiguation, credit
             {RELEASES} LEFT JOIN artist_credits AS c
                 ON c.credit_no = r.credit_no AND r.credit_no IS NOT g.credit_no
             {OF_PAGE}"
        );
        let mut statement = self.catalogue.db.prepare_cached(&sql)?;
        let mut rows = statement.query(bounds)?;
        while let Some(row) = rows.next()? {
            let Ok(group) = page.numbers.binary_search(&row.get(0)?) else { continue };
            let editions = &mut page.records[group].editions;
            page.editions.insert(row.get(1)?, (group, editions.len()));
            editions.push(EditionRecord {
                mbid: Uuid::from_bytes(row.get(2)?),
                title: row.get(3)?,
                artist: row.get(9)?,
                status: row.get(4)?,
                date: row.get(5)?,
                countries: row.get::<_, Option<String>>(6)?.into_iter().collect(),
                barcode: row.get(7)?,
                disambiguation: row.get(8)?,
                labels: Vec::new(),
                media: Vec::new(),
            });
        }
        Ok(())
    }

    /// Other countries, labels and media.
    fn add_to_editions(&self, page: &mut Page, bounds: [i64; 2]) -> Result<(), StoreError> {
        self.each(page, bounds, "release_events", "o.country", |edition, row| {
            if let Some(country) = row.get(1)?
                && !edition.countries.contains(&country)
            {
                edition.countries.push(country);
            }
            Ok(())
        })?;
        let columns = "label_mbid, label_name, catalogue_number";
        self.each(page, bounds, "release_labels", columns, |edition, row| {
            let label = EditionLabel { mbid: uuid(row, 1)?, name: row.get(2)?, catno: row.get(3)? };
            edition.labels.push(label);
            Ok(())
        })?;
        self.each(page, bounds, "media", "format, track_count", |edition, row| {
            edition.media.push(EditionMedium { format: row.get(1)?, track_count: row.get(2)? });
            Ok(())
        })
    }

    /// MBIDs that were merged into the groups and their releases, for the few that have any.
    fn add_merged(&self, page: &mut Page, bounds: [i64; 2]) -> Result<(), StoreError> {
        if !self.catalogue.has_redirects {
            return Ok(());
        }
        let sql = format!(
            "SELECT g.release_group_no FROM release_groups AS g JOIN redirects ON new_mbid = g.mbid {OF_PAGE}
             UNION SELECT g.release_group_no {RELEASES} CROSS JOIN redirects ON new_mbid = r.mbid {OF_PAGE}"
        );
        let mut statement = self.catalogue.db.prepare_cached(&sql)?;
        let mut rows = statement.query(bounds)?;
        while let Some(row) = rows.next()? {
            if let Ok(group) = page.numbers.binary_search(&row.get(0)?) {
                let record = &mut page.records[group];
                record.merged = self.catalogue.merged_into(&record.mbid)?;
            }
        }
        Ok(())
    }

    /// Hands out the rows of a table that releases have several of, in order.
    fn each(
        &self,
        page: &mut Page,
        bounds: [i64; 2],
        table: &str,
        columns: &str,
        mut add: impl FnMut(&mut EditionRecord, &Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT o.release_no, {columns} {RELEASES}
             CROSS JOIN {table} AS o ON o.release_no = r.release_no {OF_PAGE}"
        );
        let mut statement = self.catalogue.db.prepare_cached(&sql)?;
        let mut rows = statement.query(bounds)?;
        while let Some(row) = rows.next()? {
            if let Some((group, edition)) = page.editions.get(&row.get(0)?) {
                add(&mut page.records[*group].editions[*edition], row)?;
            }
        }
        Ok(())
    }
}

/// Oldest first; those without a date are last.
fn sort_editions(record: &mut GroupRecord) {
    fn place(edition: &EditionRecord) -> (bool, Option<&str>, Uuid) {
        (edition.date.is_none(), edition.date.as_deref(), edition.mbid)
    }
    record.editions.sort_by(|one, other| place(one).cmp(&place(other)));
    record.editions.truncate(MAX_EDITIONS);
}

/// The aliases that count, given by name.
fn primary_first(mut aliases: Vec<Alias>) -> impl Iterator<Item = String> {
    aliases.sort_by_key(|(is_primary, _)| Reverse(*is_primary));
    aliases.into_iter().take(MAX_ALIASES).map(|(_, name)| name)
}

/// Nothing, where there is none.
fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str_or_null()?.unwrap_or_default())
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

//! What the catalogue says of one release, and whom the credit of a group names: what their pages show.
//!
//! Not here: its tracks ([`super::tracks`]), and all releases of a group at once ([`super::groups`]).

use super::tracks::Credited;
use super::{Catalogue, EditionLabel, EditionMedium, Kind, SiteAddress};
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::{OptionalExtension, Params, Row};

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReleaseRecord {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its release group, which may be in no dump.
    pub group: Option<Uuid>,
    /// Its title.
    pub title: String,
    /// Whose it is.
    pub credit: Vec<Credited>,
    /// What tells it from others of the same title.
    pub disambiguation: Option<String>,
    /// `Official`, `Bootleg`, ...
    pub status: Option<String>,
    /// Where and when it came out, the first one first.
    pub events: Vec<ReleaseEvent>,
    /// As printed.
    pub barcode: Option<String>,
    /// Amazon's number.
    pub asin: Option<String>,
    /// `Jewel Case`, ...
    pub packaging: Option<String>,
    /// ISO 639-3 code of the language on it.
    pub language: Option<String>,
    /// Labels with catalogue numbers.
    pub labels: Vec<EditionLabel>,
    /// Format and track count of each medium.
    pub media: Vec<EditionMedium>,
    /// Where else it is found.
    pub addresses: Vec<SiteAddress>,
}

/// Where and when a release came out; at least one of both is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseEvent {
    /// A date, or a part of one.
    pub date: Option<String>,
    /// ISO 3166-1 code, or MusicBrainz's `XW`, `XE`, ...
    pub country: Option<String>,
}

impl Catalogue {
    /// The release with this MBID.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn release(&self, mbid: &Uuid) -> Result<Option<ReleaseRecord>, StoreError> {
        let sql =
            "SELECT release_no, release_group_mbid, title, disambiguation, status, date, country, barcode,
                          asin, packaging, language, credit_no FROM releases WHERE mbid = ?1";
        let found = self.db.prepare_cached(sql)?.query_row([mbid.as_bytes()], |row| {
            let record = ReleaseRecord {
                mbid: *mbid,
                group: uuid(row, 1)?,
                title: row.get(2)?,
                disambiguation: row.get(3)?,
                status: row.get(4)?,
                events: event(row, 5)?.into_iter().collect(),
                barcode: row.get(7)?,
                asin: row.get(8)?,
                packaging: row.get(9)?,
                language: row.get(10)?,
                ..ReleaseRecord::default()
            };
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(11)?, record))
        });
        let Some((number, credit_no, mut record)) = found.optional()? else { return Ok(None) };
        let sql = "SELECT date, country FROM release_events WHERE release_no = ?1 ORDER BY position";
        record.events.extend(self.all(sql, [number], |row| event(row, 0))?.into_iter().flatten());
        let sql = "SELECT label_mbid, label_name, catalogue_number FROM release_labels
                   WHERE release_no = ?1 ORDER BY position";
        record.labels = self.all(sql, [number], |row| {
            Ok(EditionLabel { mbid: uuid(row, 0)?, name: row.get(1)?, catno: row.get(2)? })
        })?;
        let sql = "SELECT format, track_count FROM media WHERE release_no = ?1 ORDER BY position";
        record.media = self
            .all(sql, [number], |row| Ok(EditionMedium { format: row.get(0)?, track_count: row.get(1)? }))?;
        record.credit = self.credit(credit_no)?;
        record.addresses = self.addresses(Kind::Release, mbid)?;
        Ok(Some(record))
    }

    /// Whom the credit of a release group names, in order; empty if it has none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn credit_of_group(&self, mbid: &Uuid) -> Result<Vec<Credited>, StoreError> {
        let sql = "SELECT credit_no FROM release_groups WHERE mbid = ?1";
        let number =
            self.db.prepare_cached(sql)?.query_row([mbid.as_bytes()], |row| row.get(0)).optional()?;
        self.credit(number.flatten())
    }

    fn credit(&self, credit_no: Option<i64>) -> Result<Vec<Credited>, StoreError> {
        let sql = "SELECT artist_mbid, name, join_phrase FROM artist_credit_names
                   WHERE credit_no = ?1 ORDER BY position";
        self.all(sql, [credit_no], |row| {
            Ok(Credited { artist: uuid(row, 0)?, name: row.get(1)?, join_phrase: row.get(2)? })
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

/// Date and country, from `column` on.
fn event(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ReleaseEvent>> {
    let event = ReleaseEvent { date: row.get(column)?, country: row.get(column + 1)? };
    Ok((event.date.is_some() || event.country.is_some()).then_some(event))
}

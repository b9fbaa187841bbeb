//! What the catalogue says of an artist or a label: what their pages show.
//!
//! Not here: their release groups ([`super::lookup`]).

use super::lookup::{BY_ARTIST, BY_LABEL};
use super::{Catalogue, Kind, SiteAddress};
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::OptionalExtension;

/// Other names that are read; the rest are spellings of spellings.
const MAX_ALIASES: i64 = 32;

/// An artist or a label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntityRecord {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its name.
    pub name: String,
    /// What tells it from others of the same name.
    pub disambiguation: Option<String>,
    /// `Person`, `Group`, `Imprint`, ...
    pub kind: Option<String>,
    /// ISO 3166-1 code.
    pub country: Option<String>,
    /// Since when it is there: a date, or a part of one; artists only.
    pub begin: Option<String>,
    /// Until when; artists only.
    pub end: Option<String>,
    /// The number that is printed after `LC`; labels only.
    pub label_code: Option<u32>,
    /// Other names, the main one of each language first.
    pub aliases: Vec<String>,
    /// Where else it is found.
    pub addresses: Vec<SiteAddress>,
}

impl Catalogue {
    /// The artist with this MBID. One that is only named in credits has a name and nothing else.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn artist(&self, mbid: &Uuid) -> Result<Option<EntityRecord>, StoreError> {
        let sql = "SELECT artist_no, name, disambiguation, type, country, begin_date, end_date, NULL
                   FROM artists WHERE mbid = ?1";
        let named = format!("SELECT name FROM artist_credit_names WHERE {BY_ARTIST} LIMIT 1");
        self.entity(Kind::Artist, mbid, sql, &named)
    }

    /// The label with this MBID. One that is only named in releases has a name and nothing else.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn label(&self, mbid: &Uuid) -> Result<Option<EntityRecord>, StoreError> {
        let sql = "SELECT label_no, name, disambiguation, type, country, NULL, NULL, label_code
                   FROM labels WHERE mbid = ?1";
        let named = format!("SELECT coalesce(label_name, '') FROM release_labels WHERE {BY_LABEL} LIMIT 1");
        self.entity(Kind::Label, mbid, sql, &named)
    }

    fn entity(
        &self,
        kind: Kind,
        mbid: &Uuid,
        sql: &str,
        named: &str,
    ) -> Result<Option<EntityRecord>, StoreError> {
        let found = self.db.prepare_cached(sql)?.query_row([mbid.as_bytes()], |row| {
            let record = EntityRecord {
                mbid: *mbid,
                name: row.get(1)?,
                disambiguation: row.get(2)?,
                kind: row.get(3)?,
                country: row.get(4)?,
                begin: row.get(5)?,
                end: row.get(6)?,
                label_code: row.get(7)?,
                ..EntityRecord::default()
            };
            Ok((row.get::<_, i64>(0)?, record))
        });
        let Some((number, mut record)) = found.optional()? else {
            let name = self.db.prepare_cached(named)?.query_row([mbid.as_bytes()], |row| row.get(0));
            return Ok(name.optional()?.map(|name| EntityRecord { mbid: *mbid, name, ..Default::default() }));
        };
        let sql = "SELECT name FROM aliases WHERE kind = ?1 AND owner_no = ?2
                   ORDER BY is_primary DESC, name LIMIT ?3";
        let mut statement = self.db.prepare_cached(sql)?;
        let aliases = statement.query_map((kind as i64, number, MAX_ALIASES), |row| row.get(0))?;
        record.aliases = aliases.collect::<Result<_, _>>()?;
        record.addresses = self.addresses(kind, mbid)?;
        Ok(Some(record))
    }
}

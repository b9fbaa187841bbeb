//! What the catalogue says of release groups: enough to find one, and to show it with its editions.
//!
//! Not here: which group an identifier leads to.

use super::{Catalogue, Kind, KnownGroup, known_group, year};
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::{OptionalExtension, Row};

/// Aliases of one artist or group that count: the rest of a long list are spellings of spellings.
const MAX_ALIASES: i64 = 32;
/// Editions of one group that are read: the most reissued records have some hundreds.
const MAX_EDITIONS: i64 = 500;

/// A release group with all that it can be found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its MBID.
    pub mbid: Uuid,
    /// Artist credit, title, year of first release and types.
    pub known: KnownGroup,
    /// What sets it apart from others of the same name; mostly empty.
    pub disambiguation: String,
    /// The artists of its credit, in order.
    pub artists: Vec<CreditedArtist>,
    /// Other titles of the group.
    pub aliases: Vec<String>,
    /// Its releases, oldest first; those without a date are last.
    pub editions: Vec<EditionRecord>,
    /// MBIDs that were merged into it or into one of its releases.
    pub merged: Vec<Uuid>,
}

/// One artist of a credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditedArtist {
    /// The artist's MBID.
    pub mbid: Option<Uuid>,
    /// The name in the credit.
    pub credited_as: String,
    /// The artist's own name, other names and sort name, where the catalogue has the artist.
    pub names: Vec<String>,
}

/// One release of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionRecord {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its title.
    pub title: String,
    /// Its artist credit, where it is another than the group's.
    pub artist: Option<String>,
    /// `Official`, `Bootleg`, ...
    pub status: Option<String>,
    /// When it first came out: `1971`, `1971-03` or `1971-03-05`.
    pub date: Option<String>,
    /// Where it first came out (ISO 3166-1, or MusicBrainz's XW and the like), then where else.
    pub countries: Vec<String>,
    /// As printed.
    pub barcode: Option<String>,
    /// What sets it apart; mostly empty.
    pub disambiguation: Option<String>,
    /// Labels with catalogue numbers.
    pub labels: Vec<EditionLabel>,
    /// Format and track count of each medium.
    pub media: Vec<EditionMedium>,
}

/// A label of an edition, and the edition's catalogue number there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionLabel {
    /// The label's MBID.
    pub mbid: Option<Uuid>,
    /// Its name.
    pub name: Option<String>,
    /// Catalogue number.
    pub catno: Option<String>,
}

/// A disc, tape or set of files of an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionMedium {
    /// `CD`, `12" Vinyl`, `Digital Media`, ...
    pub format: Option<String>,
    /// How many tracks it has.
    pub track_count: u32,
}

impl GroupRecord {
    /// All MBIDs that links to it may name: its own, those of its releases, and those merged into these.
    pub fn mbids(&self) -> impl Iterator<Item = Uuid> + '_ {
        let editions = self.editions.iter().map(|edition| edition.mbid);
        [self.mbid].into_iter().chain(editions).chain(self.merged.iter().copied())
    }
}

impl EditionRecord {
    /// The year in its date.
    pub fn year(&self) -> Option<u16> {
        year(self.date.as_deref()?)
    }
}

const GROUP_COLUMNS: &str =
    "release_group_no, mbid, title, primary_type, secondary_types, first_release_date,
    disambiguation, credit_no, credit FROM release_groups LEFT JOIN artist_credits USING (credit_no)";

/// A row of `release_groups`.
struct GroupRow {
    release_group_no: i64,
    credit_no: Option<i64>,
    record: GroupRecord,
}

impl Catalogue {
    /// The release group with this MBID, whole.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn group_record(&self, mbid: &Uuid) -> Result<Option<GroupRecord>, StoreError> {
        let sql = format!("SELECT {GROUP_COLUMNS} WHERE mbid = ?1");
        let row = self.db.prepare_cached(&sql)?.query_row([mbid.as_bytes()], group_row).optional()?;
        row.map(|row| self.complete(row)).transpose()
    }

    /// Up to `limit` groups whose number is above `after`, with their numbers, ascending: all groups, in
    /// pages.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn groups_after(&self, after: i64, limit: usize) -> Result<Vec<(i64, GroupRecord)>, StoreError> {
        let sql = format!("SELECT {GROUP_COLUMNS} WHERE release_group_no > ?1 ORDER BY 1 LIMIT ?2");
        // One for all statements: each would otherwise begin and end its own.
        let _transaction = self.db.unchecked_transaction()?;
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map((after, limit as i64), group_row)?.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().map(|row| Ok((row.release_group_no, self.complete(row)?))).collect()
    }

    /// The releases of a group, those that [`Self::group_record`] has as editions, in the same order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn releases_of(&self, group: &Uuid) -> Result<Vec<Uuid>, StoreError> {
        let sql = "SELECT mbid FROM releases WHERE substr(release_group_mbid, 1, 6) = substr(?1, 1, 6) AND release_group_mbid = ?1
                   ORDER BY date IS NULL, date, mbid LIMIT ?2";
        self.mbids(sql, (group.as_bytes(), MAX_EDITIONS))
    }

    /// All MBIDs that links to a group may name: what [`GroupRecord::mbids`] has.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn mbids_of(&self, group: &Uuid) -> Result<Vec<Uuid>, StoreError> {
        let mut mbids = vec![*group];
        mbids.extend(self.releases_of(group)?);
        mbids.extend(self.merged_into(group)?);
        Ok(mbids)
    }

    fn complete(&self, row: GroupRow) -> Result<GroupRecord, StoreError> {
        let GroupRow { release_group_no, credit_no, mut record } = row;
        if let Some(credit_no) = credit_no {
            record.artists = self.credited(credit_no)?;
        }
        record.aliases = self.aliases(Kind::ReleaseGroup, release_group_no)?;
        record.editions = self.editions(&record.mbid, credit_no)?;
        record.merged = self.merged_into(&record.mbid)?;
        Ok(record)
    }

    fn credited(&self, credit_no: i64) -> Result<Vec<CreditedArtist>, StoreError> {
        let sql = "SELECT artist_mbid, artist_credit_names.name, artist_no, artists.name, sort_name
                   FROM artist_credit_names LEFT JOIN artists ON artists.mbid = artist_mbid
                   WHERE credit_no = ?1 ORDER BY position";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map([credit_no], |row| {
            let artist = CreditedArtist {
                mbid: uuid(row, 0)?,
                credited_as: row.get(1)?,
                names: [row.get::<_, Option<String>>(3)?, row.get(4)?].into_iter().flatten().collect(),
            };
            Ok((artist, row.get::<_, Option<i64>>(2)?))
        })?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter()
            .map(|(mut artist, artist_no)| {
                if let Some(artist_no) = artist_no {
                    artist.names.extend(self.aliases(Kind::Artist, artist_no)?);
                }
                Ok(artist)
            })
            .collect()
    }

    fn aliases(&self, kind: Kind, owner_no: i64) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM aliases WHERE kind = ?1 AND owner_no = ?2
                   ORDER BY is_primary DESC, name LIMIT ?3";
        let mut statement = self.db.prepare_cached(sql)?;
        let names = statement.query_map((kind as i64, owner_no, MAX_ALIASES), |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    fn editions(&self, group: &Uuid, credit_no: Option<i64>) -> Result<Vec<EditionRecord>, StoreError> {
        let sql = "SELECT release_no, mbid, title, status, date, country, barcode, disambiguation,
                          CASE WHEN credit_no IS NOT ?2 THEN credit END
                   FROM releases LEFT JOIN artist_credits USING (credit_no)
                   WHERE substr(release_group_mbid, 1, 6) = substr(?1, 1, 6) AND release_group_mbid = ?1
                   ORDER BY date IS NULL, date, mbid LIMIT ?3";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map((group.as_bytes(), credit_no, MAX_EDITIONS), |row| {
            let edition = EditionRecord {
                mbid: Uuid::from_bytes(row.get(1)?),
                title: row.get(2)?,
                artist: row.get(8)?,
                status: row.get(3)?,
                date: row.get(4)?,
                countries: row.get::<_, Option<String>>(5)?.into_iter().collect(),
                barcode: row.get(6)?,
                disambiguation: row.get(7)?,
                labels: Vec::new(),
                media: Vec::new(),
            };
            Ok((row.get::<_, i64>(0)?, edition))
        })?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().map(|(release_no, edition)| self.complete_edition(release_no, edition)).collect()
    }

    fn complete_edition(
        &self,
        release_no: i64,
        mut edition: EditionRecord,
    ) -> Result<EditionRecord, StoreError> {
        let sql = "SELECT country FROM release_events WHERE release_no = ?1 AND country IS NOT NULL";
        let mut statement = self.db.prepare_cached(sql)?;
        for country in statement.query_map([release_no], |row| row.get(0))? {
            let country = country?;
            if !edition.countries.contains(&country) {
                edition.countries.push(country);
            }
        }
        let sql = "SELECT label_mbid, label_name, catalogue_number FROM release_labels WHERE release_no = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let labels = statement.query_map([release_no], |row| {
            Ok(EditionLabel { mbid: uuid(row, 0)?, name: row.get(1)?, catno: row.get(2)? })
        })?;
        edition.labels = labels.collect::<Result<_, _>>()?;
        let sql = "SELECT format, track_count FROM media WHERE release_no = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let media = statement.query_map([release_no], |row| {
            Ok(EditionMedium { format: row.get(0)?, track_count: row.get(1)? })
        })?;
        edition.media = media.collect::<Result<_, _>>()?;
        Ok(edition)
    }
}

fn group_row(row: &Row<'_>) -> rusqlite::Result<GroupRow> {
    Ok(GroupRow {
        release_group_no: row.get("release_group_no")?,
        credit_no: row.get("credit_no")?,
        record: GroupRecord {
            mbid: Uuid::from_bytes(row.get("mbid")?),
            known: known_group(row)?,
            disambiguation: row.get::<_, Option<String>>("disambiguation")?.unwrap_or_default(),
            artists: Vec::new(),
            aliases: Vec::new(),
            editions: Vec::new(),
            merged: Vec::new(),
        },
    })
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

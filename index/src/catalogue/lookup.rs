//! From what people paste to records, and from there to their release groups: MBIDs (merged ones too),
//! barcodes, ASINs, and addresses at other sites.
//!
//! Not here: infohashes and magnets, which the catalogue does not know.

mod address;
mod identifier;

pub use address::Address;
pub(super) use address::{address_key, is_at};
pub use identifier::Identifier;

use super::{Catalogue, Kind, Named};
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::{OptionalExtension, Params, params};

/// Merges that are followed one after the other: one dump has none of these, several have a few.
const MAX_MERGES: usize = 16;
/// Groups that one identifier leads to, at most: a label has thousands, and nobody looks at them all.
pub const MAX_GROUPS: usize = 1_000;
/// Records that one address or barcode is of, at most.
const MAX_RECORDS: usize = 100;
/// Merged MBIDs of one group and its releases that count: the most merged ones have some dozens.
const MAX_MERGED: i64 = 500;

/// What names an artist or label whose MBID is `?1`, as the indexes find it.
pub(super) const BY_ARTIST: &str = "substr(artist_mbid, 1, 6) = substr(?1, 1, 6) AND artist_mbid = ?1";
pub(super) const BY_LABEL: &str = "substr(label_mbid, 1, 6) = substr(?1, 1, 6) AND label_mbid = ?1";

/// A record, and what it is.
pub type Found = (Named, Uuid);

impl Catalogue {
    /// The MBID under which the catalogue has what this one names: the same, unless it was merged.
    ///
    /// An MBID with a record of its own is not led on, even where a newer dump has it merged.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn resolve(&self, mbid: &Uuid) -> Result<Uuid, StoreError> {
        if !self.has_redirects {
            return Ok(*mbid);
        }
        let sql = "SELECT new_mbid FROM redirects WHERE mbid = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut current = *mbid;
        for _ in 0..MAX_MERGES {
            let next = statement.query_row([current.as_bytes()], |row| row.get(0).map(Uuid::from_bytes));
            let Some(next) = next.optional()? else { return Ok(current) };
            if self.kind_of(&current)?.is_some() {
                return Ok(current);
            }
            current = next;
        }
        // They go round in circles.
        Ok(*mbid)
    }

    /// The MBIDs that were merged into a release group or one of its releases, ascending, at most
    /// [`MAX_MERGED`]: links may still name them.
    pub(super) fn merged_into(&self, group: &Uuid) -> Result<Vec<Uuid>, StoreError> {
        if !self.has_redirects {
            return Ok(Vec::new());
        }
        // As `resolve` goes, backwards: as far as that, and not on from what has a record of its own.
        let sql = "WITH RECURSIVE old (mbid, merges) AS (
                       SELECT mbid, 1 FROM redirects WHERE new_mbid = ?1
                       UNION SELECT redirects.mbid, 1 FROM releases JOIN redirects ON new_mbid = releases.mbid
                           WHERE substr(release_group_mbid, 1, 6) = substr(?1, 1, 6)
                             AND release_group_mbid = ?1
                       UNION SELECT redirects.mbid, merges + 1 FROM old JOIN redirects ON new_mbid = old.mbid
                           WHERE merges < ?2
                             AND NOT EXISTS (SELECT 1 FROM release_groups WHERE release_groups.mbid = old.mbid)
                             AND NOT EXISTS (SELECT 1 FROM releases WHERE releases.mbid = old.mbid))
                   SELECT DISTINCT mbid FROM old
                   WHERE NOT EXISTS (SELECT 1 FROM release_groups WHERE release_groups.mbid = old.mbid)
                     AND NOT EXISTS (SELECT 1 FROM releases WHERE releases.mbid = old.mbid)
                   ORDER BY mbid LIMIT ?3";
        self.mbids(sql, params![group.as_bytes(), MAX_MERGES as i64 - 1, MAX_MERGED])
    }

    /// What the record with this MBID is, if there is one.
    fn kind_of(&self, mbid: &Uuid) -> Result<Option<Kind>, StoreError> {
        for kind in Kind::ALL {
            let sql = format!("SELECT 1 FROM {} WHERE mbid = ?1", kind.table());
            if self.db.prepare_cached(&sql)?.exists([mbid.as_bytes()])? {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    /// What an MBID names: something with a record, or what records name that have their own.
    fn named(&self, mbid: &Uuid) -> Result<Option<Named>, StoreError> {
        if let Some(kind) = self.kind_of(mbid)? {
            return Ok(Some(Named::Record(kind)));
        }
        for (kind, table, by) in
            [(Kind::Artist, "artist_credit_names", BY_ARTIST), (Kind::Label, "release_labels", BY_LABEL)]
        {
            let sql = format!("SELECT 1 FROM {table} WHERE {by}");
            if self.db.prepare_cached(&sql)?.exists([mbid.as_bytes()])? {
                return Ok(Some(Named::Record(kind)));
            }
        }
        let is_recording = !self.releases_of_recording(mbid)?.is_empty();
        Ok(is_recording.then_some(Named::Recording))
    }

    /// The records that an identifier is of, in no particular order. Artists and labels count that are
    /// only named in others.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn records_of(&self, identifier: &Identifier) -> Result<Vec<Found>, StoreError> {
        match identifier {
            Identifier::Mbid(mbid) => {
                let mbid = self.resolve(mbid)?;
                let named = self.named(&mbid)?;
                Ok(named.map(|named| (named, mbid)).into_iter().collect())
            }
            Identifier::Barcode(barcode) => {
                let mut found = Vec::new();
                for form in barcode.forms() {
                    found.extend(self.releases("barcode = ?1", [form])?);
                }
                Ok(found)
            }
            Identifier::Asin(asin) => {
                let mut found = self.releases("asin = ?1", [asin])?;
                for record in self.at_address(&Address::of_asin(asin), MAX_RECORDS)? {
                    if !found.contains(&record) {
                        found.push(record);
                    }
                }
                Ok(found)
            }
            Identifier::Address(address) => self.at_address(address, MAX_RECORDS),
        }
    }

    fn releases(&self, condition: &str, values: impl Params) -> Result<Vec<Found>, StoreError> {
        let sql = format!("SELECT mbid FROM releases WHERE {condition} LIMIT {MAX_RECORDS}");
        Ok(self.mbids(&sql, values)?.into_iter().map(|mbid| (Named::Record(Kind::Release), mbid)).collect())
    }

    /// The release group that an MBID leads to: its own, or that of a release; a merged one is followed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn group_of(&self, mbid: &Uuid) -> Result<Option<Uuid>, StoreError> {
        if let Some(group) = self.group_with(mbid)? {
            return Ok(Some(group));
        }
        // Asked second: nearly all that are asked for are there.
        match self.resolve(mbid)? {
            same if same == *mbid => Ok(None),
            other => self.group_with(&other),
        }
    }

    /// The release group that has this MBID, or a release with it.
    fn group_with(&self, mbid: &Uuid) -> Result<Option<Uuid>, StoreError> {
        let sql = "SELECT mbid FROM release_groups WHERE mbid = ?1
                   UNION ALL SELECT release_groups.mbid FROM releases
                       JOIN release_groups ON release_groups.mbid = release_group_mbid
                       WHERE releases.mbid = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let group = statement.query_row([mbid.as_bytes()], |row| row.get(0).map(Uuid::from_bytes));
        Ok(group.optional()?)
    }

    /// The release groups that an identifier leads to: of an artist or label all, oldest first; at most
    /// [`MAX_GROUPS`]. Only groups that the catalogue has a record of.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn groups_of(&self, identifier: &Identifier) -> Result<Vec<Uuid>, StoreError> {
        let mut groups = Vec::new();
        for (named, mbid) in self.records_of(identifier)? {
            for group in self.groups_of_record(named, &mbid)? {
                if !groups.contains(&group) && groups.len() < MAX_GROUPS {
                    groups.push(group);
                }
            }
        }
        Ok(groups)
    }

    fn groups_of_record(&self, named: Named, mbid: &Uuid) -> Result<Vec<Uuid>, StoreError> {
        let condition = match named {
            Named::Record(Kind::ReleaseGroup) => "release_groups.mbid = ?1".to_owned(),
            Named::Record(Kind::Release) => {
                "release_groups.mbid = (SELECT release_group_mbid FROM releases WHERE mbid = ?1)".to_owned()
            }
            Named::Record(Kind::Artist) => {
                format!("credit_no IN (SELECT credit_no FROM artist_credit_names WHERE {BY_ARTIST})")
            }
            Named::Record(Kind::Label) => format!(
                "release_groups.mbid IN (SELECT release_group_mbid FROM releases
                 JOIN release_labels USING (release_no) WHERE {BY_LABEL})"
            ),
            Named::Recording => {
                let mut groups = Vec::new();
                for release in self.releases_of_recording(mbid)? {
                    groups.extend(self.groups_of_record(Named::Record(Kind::Release), &release)?);
                }
                return Ok(groups);
            }
        };
        let sql = format!(
            "SELECT mbid FROM release_groups WHERE {condition}
             ORDER BY first_release_date IS NULL, first_release_date, mbid LIMIT {MAX_GROUPS}"
        );
        self.mbids(&sql, [mbid.as_bytes()])
    }

    /// The MBIDs that a query gives.
    fn mbids(&self, sql: &str, values: impl Params) -> Result<Vec<Uuid>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mbids = statement.query_map(values, |row| row.get(0).map(Uuid::from_bytes))?;
        Ok(mbids.collect::<Result<_, _>>()?)
    }
}

//! What the catalogue says of release groups: enough to find one, and to show it with its editions.
//!
//! Not here: which group an identifier leads to.

mod pages;

pub use pages::GroupPages;

use super::{Catalogue, KnownGroup, known_group, year};
use crate::mbid::{ASKED_AT_ONCE, Uuid, at_once};
use crate::store::StoreError;
use rusqlite::OptionalExtension;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Editions of one group that are read: the most reissued records have some hundreds.
const MAX_EDITIONS: usize = 500;

/// A release group with all that it can be found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its MBID.
    pub mbid: Uuid,
    /// Artist credit, title, year of first release and types.
    pub known: KnownGroup,
    /// What sets it apart from others of the same name; mostly empty.
    pub disambiguation: String,
    /// The artists of its credit, in order: shared by all groups of a page that have the same credit.
    pub artists: Arc<[CreditedArtist]>,
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

impl Catalogue {
    /// The release group with this MBID, whole.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn group_record(&self, mbid: &Uuid) -> Result<Option<GroupRecord>, StoreError> {
        let sql = "SELECT release_group_no FROM release_groups WHERE mbid = ?1";
        let number = self.db.prepare_cached(sql)?.query_row([mbid.as_bytes()], |row| row.get::<_, i64>(0));
        let Some(number) = number.optional()? else { return Ok(None) };
        let page = self.groups_after(number - 1).next_page(1)?;
        Ok(page.into_iter().map(|(_, record)| record).next())
    }

    /// What is known of release groups, with all MBIDs that links to them may name: what [`GroupRecord::mbids`]
    /// has. Groups that it does not know are left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn known_groups(&self, mbids: &[Uuid]) -> Result<HashMap<Uuid, (KnownGroup, Vec<Uuid>)>, StoreError> {
        let mut found: HashMap<Uuid, (KnownGroup, Vec<Uuid>)> = HashMap::new();
        let mut statement = self.db.prepare_cached(
            "SELECT g.mbid AS mbid, g.title, primary_type, secondary_types, first_release_date, credit, r.mbid
             FROM release_groups AS g LEFT JOIN artist_credits AS c ON c.credit_no = g.credit_no
                  LEFT JOIN releases AS r ON substr(release_group_mbid, 1, 6) = substr(g.mbid, 1, 6)
                                        AND release_group_mbid = g.mbid
             WHERE g.mbid IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ORDER BY g.mbid, r.date IS NULL, r.date, r.mbid",
        )?;
        for mbids in mbids.chunks(ASKED_AT_ONCE) {
            let mut rows = statement.query(at_once(mbids))?;
            while let Some(row) = rows.next()? {
                let mbid = Uuid::from_bytes(row.get(0)?);
                let group = match found.entry(mbid) {
                    Entry::Occupied(group) => group.into_mut(),
                    Entry::Vacant(place) => place.insert((known_group(row)?, vec![mbid])),
                };
                if let Some(release) = row.get(6)?
                    && group.1.len() <= MAX_EDITIONS
                {
                    group.1.push(Uuid::from_bytes(release));
                }
            }
        }
        if self.has_redirects {
            for (mbid, (_, named)) in &mut found {
                named.extend(self.merged_into(mbid)?);
            }
        }
        Ok(found)
    }
}

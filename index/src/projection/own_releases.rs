//! Own releases: records that MusicBrainz does not have, by the UUID that follows from their ids.

use super::authored::{load_all, load_first};
use super::{Authored, Fold, Place};
use crate::entry::own_release::{self, OwnRelease};
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use uuid::Uuid;

pub(super) fn insert(fold: &Fold<'_>, place: &Place, record: &OwnRelease) -> Result<(), StoreError> {
    let uuid = own_release::uuid(&place.id);
    let group = record.release_group.unwrap_or(uuid);
    fold.execute(
        "INSERT INTO own_releases (seq, uuid, group_mbid) VALUES (?1, ?2, ?3)",
        params![place.seq, uuid.as_bytes(), group.as_bytes()],
    )
}

impl Authored<OwnRelease> {
    /// The UUID by which others name the record.
    pub fn uuid(&self) -> Uuid {
        own_release::uuid(&self.entry)
    }

    /// The release group that it is an edition of, or the record itself.
    pub fn group(&self) -> Uuid {
        self.body.release_group.unwrap_or_else(|| self.uuid())
    }
}

/// Two records with one UUID would take 2^61 hashes; should it happen, it is the lower id's.
pub(super) fn own_release(db: &Connection, uuid: &Uuid) -> Result<Option<Authored<OwnRelease>>, StoreError> {
    let sql = "SELECT seq FROM own_releases JOIN entries USING (seq) WHERE uuid = ?1 ORDER BY id LIMIT 1";
    load_first(db, sql, &[uuid.as_bytes()], OwnRelease::from_body)
}

pub(super) fn own_releases_of_group(
    db: &Connection,
    group: &Uuid,
) -> Result<Vec<Authored<OwnRelease>>, StoreError> {
    let sql = "SELECT seq FROM own_releases JOIN entries USING (seq) WHERE group_mbid = ?1 ORDER BY id";
    load_all(db, sql, &[group.as_bytes()], OwnRelease::from_body)
}

impl Store {
    /// The record with this derived UUID.
    pub fn own_release(&self, uuid: &Uuid) -> Result<Option<Authored<OwnRelease>>, StoreError> {
        self.read(|db| own_release(db, uuid))
    }

    /// The own releases that are editions of a release group, sorted by id. A record without a group is
    /// its own.
    pub fn own_releases_of_group(&self, group: &Uuid) -> Result<Vec<Authored<OwnRelease>>, StoreError> {
        self.read(|db| own_releases_of_group(db, group))
    }
}

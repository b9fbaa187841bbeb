//! The MusicBrainz catalogue: artists, labels, release groups, releases and merged MBIDs as reference
//! data, in a file `catalogue.db` of its own that each import makes anew, and tracks in another. What is
//! read, kept and dropped is in `doc/CATALOGUE.md`.
//!
//! It is not part of the set: no entry depends on it, and a node without it works all the same. Not
//! here: search over it.

mod addresses;
mod archive;
mod carry;
mod checkpoint;
mod entities;
mod error;
mod groups;
mod import;
mod kind;
mod lines;
mod lock;
pub mod lookup;
mod merges;
mod numbers;
mod pax;
mod place;
mod record;
mod releases;
mod shared;
mod site;
mod sources;
#[cfg(test)]
mod tests;
pub mod tracks;
mod writer;

pub use addresses::SiteAddress;
pub use archive::{MAX_DECODER_BYTES, MAX_HEADER_BYTES, MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_TRAILING_BYTES};
pub use entities::EntityRecord;
pub use error::ImportError;
pub use groups::{CreditedArtist, EditionLabel, EditionMedium, EditionRecord, GroupPages, GroupRecord};
pub use import::{Options, Progress, Stage, import, import_with};
pub use kind::{Kind, Named};
pub use lines::MAX_LINE_BYTES;
pub use record::{
    Alias, Area, CreditPart, Entity, Event, LabelInfo, LifeSpan, Medium, Record, Reference, Relation,
    Release, ReleaseGroup, Text, Track, Url,
};
pub use releases::{ReleaseEvent, ReleaseRecord};
pub use shared::{SharedCatalogue, Version};

use crate::mbid::Uuid;
use crate::store::{StoreError, migration, plan_once};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use serde::Serialize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tracks::Tracks;

/// The catalogue in a data directory.
pub(crate) const FILE: &str = "catalogue.db";

/// So much of the file is read where the system keeps it, without being copied. It takes no memory of the
/// node's own.
const MAPPED_BYTES: i64 = 16 << 30;

/// How much a catalogue holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Artists.
    pub artists: u64,
    /// Labels.
    pub labels: u64,
    /// Release groups.
    pub release_groups: u64,
    /// Releases.
    pub releases: u64,
    /// Tracks; 0 if they were left out.
    pub tracks: u64,
    /// Merged MBIDs.
    pub redirects: u64,
    /// When the oldest dump in it was made, as the dump says; empty if it does not say.
    pub dump: String,
    /// Length of the file, and of that of the tracks.
    pub size_bytes: u64,
}

/// What the catalogue says of a release group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownGroup {
    /// Its artist credit; empty if it has none.
    pub artist: String,
    /// Its title.
    pub title: String,
    /// Year of its first release.
    pub year: Option<u16>,
    /// Primary type, then secondary ones.
    pub types: Vec<String>,
}

/// An open catalogue, read only. One that is imported later is seen by opening again.
pub struct Catalogue {
    db: Connection,
    size_bytes: u64,
    /// Whether any MBID was merged: where none was, nobody has to look.
    has_redirects: bool,
    /// Its tracks, if they are here. Where they cannot be read, everything else can.
    tracks: Result<Option<Tracks>, StoreError>,
}

impl Catalogue {
    /// Opens the catalogue of a data directory; `None` if there is none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(FILE);
        let size_bytes = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Directory { path, source }),
        };
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let db = Connection::open_with_flags(immutable(&path), flags)?;
        db.pragma_update(None, "mmap_size", MAPPED_BYTES)?;
        plan_once(&db)?;
        let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let known = migration::CATALOGUE.len() as i64;
        if found > known {
            return Err(StoreError::Newer { file: FILE, found, known });
        }
        if found < known {
            return Err(StoreError::Older { file: FILE });
        }
        let has_redirects = db.query_row("SELECT EXISTS (SELECT 1 FROM redirects)", [], |row| row.get(0))?;
        let tracks = tracks::id_of(&db)?.map_or(Ok(None), |id| Tracks::open(dir, &id));
        Ok(Some(Self { db, size_bytes, has_redirects, tracks }))
    }

    /// How much it holds, as was counted when it was imported.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        let count = |table: &str| -> Result<u64, StoreError> {
            Ok(self.db.query_row(sql, [table], |row| row.get::<_, i64>(0))? as u64)
        };
        let tracks = self.tracks.as_ref().ok().and_then(Option::as_ref);
        let sql = "SELECT min(value) FROM meta WHERE key LIKE 'dump\\_%' ESCAPE '\\'";
        let dump: Option<String> = self.db.query_row(sql, [], |row| row.get(0))?;
        Ok(Stats {
            artists: count(Kind::Artist.table())?,
            labels: count(Kind::Label.table())?,
            release_groups: count(Kind::ReleaseGroup.table())?,
            releases: count(Kind::Release.table())?,
            tracks: tracks.map_or(0, |tracks| tracks.count),
            redirects: count("redirects")?,
            dump: dump.unwrap_or_default(),
            size_bytes: self.size_bytes + tracks.map_or(0, |tracks| tracks.size_bytes),
        })
    }

    /// What is known of the release group that has this MBID. Which one a merged MBID, or that of a release,
    /// leads to, [`Self::group_of`] says.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn known_group(&self, mbid: &Uuid) -> Result<Option<KnownGroup>, StoreError> {
        let sql = "SELECT title, primary_type, secondary_types, first_release_date, credit
                   FROM release_groups LEFT JOIN artist_credits USING (credit_no) WHERE mbid = ?1";
        Ok(self.db.prepare_cached(sql)?.query_row([mbid.as_bytes()], known_group).optional()?)
    }
}

/// The address of a file that nobody ever changes: an import puts another one in its place. Without locks
/// and looks at the file before each statement, reading is twice as fast.
fn immutable(path: &Path) -> String {
    format!("file:{}?immutable=1", percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC))
}

fn known_group(row: &Row<'_>) -> rusqlite::Result<KnownGroup> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.unwrap_or_default());
    Ok(KnownGroup {
        artist: text("credit")?,
        title: text("title")?,
        year: year(&text("first_release_date")?),
        types: types_of(&text("primary_type")?, &text("secondary_types")?),
    })
}

/// The primary type, if there is one, then the secondary ones.
fn types_of(primary: &str, secondary: &str) -> Vec<String> {
    let names = [primary].into_iter().chain(secondary.split(','));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The year in a date.
fn year(date: &str) -> Option<u16> {
    date.get(..4)?.parse().ok()
}

/// The first 63 bits of a digest, as a number that SQLite can hold.
fn number_of(digest: [u8; 32]) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_le_bytes([a, b, c, d, e, f, g, h]) & i64::MAX
}

//! The tracks of releases, in a file `tracks.db` of their own beside the catalogue.
//!
//! The two belong together by an id that both carry: tracks of another import are as good as none. In
//! the moment between the two renames that end an import, the tracks are still `tracks.db.new`, so a
//! reader looks there, too.

mod recordings;
mod row;

pub(super) use recordings::write as write_recordings;
pub(super) use row::encode;

use super::{Catalogue, FILE};
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;

/// The tracks in a data directory.
pub(super) const TRACKS_FILE: &str = "tracks.db";
/// Where new tracks are made.
pub(super) const NEW_TRACKS_FILE: &str = "tracks.db.new";
/// Releases that one recording is on, at most: of the most reissued there are some hundreds.
const MAX_RELEASES: usize = 1_000;
/// What a row that cannot be read is called.
const DAMAGED: StoreError = StoreError::Damaged("tracks.db is damaged");

/// A disc, tape or set of files of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// From 1, as a rule.
    pub position: u32,
    /// `CD`, `12" Vinyl`, `Digital Media`, ...
    pub format: Option<String>,
    /// Its own title.
    pub title: Option<String>,
    /// What is on it, hidden first tracks and data tracks included.
    pub tracks: Vec<Track>,
}

/// A track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// From 1; 0 is hidden before the first.
    pub position: u32,
    /// As printed: `A2`.
    pub number: String,
    /// As printed.
    pub title: String,
    /// How long it is.
    pub length_ms: Option<u32>,
    /// The MBID of the recording.
    pub recording: Option<Uuid>,
    /// Whose it is, where that is not the artist of the release; else empty.
    pub credit: Vec<Credited>,
}

/// A part of the credit of a track.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Credited {
    /// The artist's MBID.
    pub artist: Option<Uuid>,
    /// The name as printed.
    pub name: String,
    /// What stands between this name and the next: ` & `.
    pub join_phrase: String,
}

impl Track {
    /// Its credit as printed; `None` if it is that of the release.
    pub fn artist(&self) -> Option<String> {
        let parts = self.credit.iter().flat_map(|part| [part.name.as_str(), &part.join_phrase]);
        Some(parts.collect()).filter(|_| !self.credit.is_empty())
    }
}

/// An open `tracks.db` that belongs to a catalogue.
pub(super) struct Tracks {
    db: Connection,
    /// How many tracks are in it.
    pub count: u64,
    /// Length of the file.
    pub size_bytes: u64,
    form: recordings::Form,
}

impl Tracks {
    /// Opens the tracks with this id in a data directory; `None` if there are none.
    pub(super) fn open(dir: &Path, id: &[u8; 16]) -> Result<Option<Self>, StoreError> {
        let (tracks, new) = (dir.join(TRACKS_FILE), dir.join(NEW_TRACKS_FILE));
        // The new ones may take their place between two looks.
        let mut found = Self::open_file(&tracks, id);
        for path in [&new, &tracks] {
            if !matches!(found, Ok(Some(_))) && path.exists() {
                match Self::open_file(path, id) {
                    // Those of an import that is under way, or was killed.
                    Err(_) if path == &new => {}
                    answer => found = answer,
                }
            }
        }
        found
    }

    /// Opens a file, if it has this id.
    fn open_file(path: &Path, id: &[u8; 16]) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        let sql = "SELECT value FROM meta WHERE key = ?1";
        let number = |key: &str| db.query_row(sql, [key], |row| row.get::<_, i64>(0)).optional();
        let found = db.query_row(sql, ["id"], |row| row.get::<_, [u8; 16]>(0)).optional()?;
        if found.as_ref() != Some(id) {
            return Ok(None);
        }
        // Written last: without it they are not complete.
        let Some(count) = number("tracks")? else { return Ok(None) };
        let form =
            recordings::Form::new(number("bucket_bits")?, number("release_no_bytes")?).ok_or(DAMAGED)?;
        let pages = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let size_bytes = (pages("page_count")? * pages("page_size")?) as u64;
        Ok(Some(Self { db, count: count as u64, size_bytes, form }))
    }

    fn row(&self, release_no: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT tracks FROM release_tracks WHERE release_no = ?1";
        Ok(self.db.prepare_cached(sql)?.query_row([release_no], |row| row.get(0)).optional()?)
    }

    /// The numbers of the releases that have this recording.
    fn releases_of(&self, recording: &Uuid) -> Result<Vec<i64>, StoreError> {
        let (bucket, rest) = self.form.place(recording);
        let sql = "SELECT entries FROM recordings WHERE bucket = ?1";
        let entries: Option<Vec<u8>> =
            self.db.prepare_cached(sql)?.query_row([bucket], |row| row.get(0)).optional()?;
        let mut found = Vec::new();
        for release_no in self.form.find(&entries.unwrap_or_default(), rest).ok_or(DAMAGED)? {
            // Another recording may have the same 32 bits.
            let Some(row) = self.row(release_no)? else { continue };
            if row::recordings(&row).ok_or(DAMAGED)?.any(|mbid| mbid == *recording) {
                found.push(release_no);
                if found.len() == MAX_RELEASES {
                    break;
                }
            }
        }
        Ok(found)
    }
}

impl Catalogue {
    /// The media of the release with this MBID, with their tracks; empty if the tracks are not here.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn tracks(&self, release: &Uuid) -> Result<Vec<Medium>, StoreError> {
        let Some(tracks) = self.open_tracks()? else { return Ok(Vec::new()) };
        let sql = "SELECT release_no FROM releases WHERE mbid = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let release_no = statement.query_row([release.as_bytes()], |row| row.get::<_, i64>(0)).optional()?;
        let Some(release_no) = release_no else { return Ok(Vec::new()) };
        let Some(row) = tracks.row(release_no)? else { return Ok(Vec::new()) };
        let mut media = row::decode(&row).ok_or(DAMAGED)?;
        let sql = "SELECT format, title FROM media WHERE release_no = ?1 ORDER BY position";
        let mut statement = self.db.prepare_cached(sql)?;
        let named = statement.query_map([release_no], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (medium, named) in media.iter_mut().zip(named) {
            (medium.format, medium.title) = named?;
        }
        Ok(media)
    }

    /// The releases that have the recording with this MBID, at most 1,000; empty if the tracks are not
    /// here.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn releases_of_recording(&self, recording: &Uuid) -> Result<Vec<Uuid>, StoreError> {
        let Some(tracks) = self.open_tracks()? else { return Ok(Vec::new()) };
        let mut mbids = Vec::new();
        let sql = "SELECT mbid FROM releases WHERE release_no = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        for release_no in tracks.releases_of(recording)? {
            let mbid = statement.query_row([release_no], |row| row.get(0).map(Uuid::from_bytes));
            mbids.extend(mbid.optional()?);
        }
        Ok(mbids)
    }

    fn open_tracks(&self) -> Result<Option<&Tracks>, StoreError> {
        self.tracks.as_ref().map(Option::as_ref).map_err(|_| DAMAGED)
    }
}

/// The id of the tracks that belong to the catalogue in `db`.
pub(super) fn id_of(db: &Connection) -> Result<Option<[u8; 16]>, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = 'tracks_id'";
    Ok(db.query_row(sql, [], |row| row.get(0)).optional()?)
}

/// Ends what an import left that was killed between its two renames.
pub(super) fn settle(dir: &Path) -> Result<(), StoreError> {
    let (path, tracks, new) = (dir.join(FILE), dir.join(TRACKS_FILE), dir.join(NEW_TRACKS_FILE));
    if !path.exists() || !new.exists() {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // A catalogue that cannot be read has no tracks either.
    let id = Connection::open_with_flags(&path, flags).map_err(StoreError::from).and_then(|db| id_of(&db));
    let Ok(Some(id)) = id else { return Ok(()) };
    if matches!(Tracks::open_file(&new, &id), Ok(Some(_))) {
        std::fs::rename(&new, &tracks).map_err(|source| StoreError::Directory { path: new, source })?;
    }
    Ok(())
}

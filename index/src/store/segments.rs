//! Segments on disk, `DATA_DIR/segments/`: files that never change, each with the entries of a range of ids, for
//! nodes that start from nothing. They follow from the set, and can be deleted at any time.
//!
//! They are made one at a time ([`Store::make_segment`]): those that are missing first, then those that have
//! become old. A segment whose entry loses its body goes at once. On disk they take about what the bodies and
//! heads have, compressed, and one segment more while it is made. Not here: what a segment is
//! ([`crate::sync::segments`]), and when they are made; that is the node's.

use super::entries::{StoredEntry, load_sum, newest_position};
use super::{Store, StoreError, lock};
use crate::disk;
use crate::entry::{EntryId, Scope};
use crate::sync::segments::{
    MAX_SEGMENT_ENTRIES, MAX_SEGMENT_PLAIN_BYTES, MIN_SCOPE_ENTRIES, ScopeSegments, Segment,
};
use data_encoding::HEXLOWER;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder below the data directory.
const FOLDER: &str = "segments";
/// Says which segments there are.
const LIST: &str = "list.json";
/// What is being made, until it is whole.
const NEW: &str = "new";
/// A segment is old when the node gave out this share of its positions since, but no fewer than
/// [`MIN_SCOPE_ENTRIES`]: so much a reader finds in the tail, after the segments.
const OLD_SHARE: u64 = 8;
/// Segments are planned somewhat short of the limit, so that a few more entries still fit.
const PLANNED_ENTRIES: u64 = MAX_SEGMENT_ENTRIES as u64 / 16 * 15;
/// zstd level: entries are mostly random bytes, so more costs time and gains nothing.
const ZSTD_LEVEL: i32 = 3;

/// What is known of the segments.
#[derive(Default)]
pub(super) struct SegmentKeeper {
    /// Held by whoever makes one.
    turn: Mutex<()>,
    /// By scope; read from disk when it is first needed.
    listed: Mutex<Option<[Vec<Made>; 2]>>,
    /// How many bodies were dropped: what was read before the last time must not be shown. Changed and looked at
    /// under the lock of the list.
    drops: AtomicU64,
}

/// A segment that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    #[serde(flatten)]
    segment: Segment,
    /// The newest position when it was made.
    position: u64,
}

/// `list.json`.
#[derive(Serialize, Deserialize)]
struct ListFile {
    /// Of the database that the segments were made from.
    incarnation: String,
    scopes: [Vec<Made>; 2],
}

/// What came of asking for a segment to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Making {
    /// One was made. There may be more to do.
    Made,
    /// All are there, and none is old.
    Done,
    /// There is no space for more.
    NoRoom,
}

impl Store {
    /// The segments of a scope, as far as they are made.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn segments(&self, scope: Scope) -> Result<ScopeSegments, StoreError> {
        let newest = self.read(newest_position)?;
        self.with_segments(|listed| {
            let made = &listed[scope as usize];
            Ok(ScopeSegments {
                position: made.iter().map(|made| made.position).min().unwrap_or(newest),
                segments: made.iter().map(|made| made.segment.clone()).collect(),
            })
        })
    }

    /// The file of a segment, open: it can be read to its end even if it is replaced meanwhile.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open_segment(&self, sha256: &[u8; 32]) -> Result<Option<(File, u64)>, StoreError> {
        self.with_segments(|listed| {
            let found = listed.iter().flatten().find(|made| made.segment.sha256 == *sha256);
            // Somebody may have deleted it.
            Ok(found.and_then(|made| Some((File::open(self.segment_path(sha256)).ok()?, made.segment.bytes))))
        })
    }

    /// Makes one segment: the first that is missing in a scope, or else anew the oldest, if it is old.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn make_segment(&self, scope: Scope) -> Result<Making, StoreError> {
        let _turn = lock(&self.segments.turn);
        let (count, newest) = self.read(|db| Ok((load_sum(db, scope)?.count(), newest_position(db)?)))?;
        if count < MIN_SCOPE_ENTRIES {
            self.with_segments(|listed| self.replace_segments(listed, scope, |_| false, None))?;
            return Ok(Making::Done);
        }
        let (range, drops) = self.with_segments(|listed| {
            let drops = self.segments.drops.load(Ordering::Relaxed);
            Ok((next_range(&listed[scope as usize], count, newest), drops))
        })?;
        let Some([first, last]) = range else { return Ok(Making::Done) };
        if !self.has_room() {
            return Ok(Making::NoRoom);
        }
        let new = self.dir().join(FOLDER).join(NEW);
        let written = self.write_segment(&new, scope, [first, last], count);
        let made = match written {
            Err(StoreError::Full) => {
                // Without it there is as much space as before.
                let _ = fs::remove_file(&new);
                return Ok(Making::NoRoom);
            }
            written => written?,
        };
        self.with_segments(|listed| {
            if self.segments.drops.load(Ordering::Relaxed) != drops {
                return Ok(());
            }
            fs::rename(&new, self.segment_path(&made.segment.sha256))
                .map_err(|error| self.in_folder(error))?;
            // What it replaces lies within the range that was planned.
            let stays = |kept: &Made| kept.segment.last < first || kept.segment.first > last;
            self.replace_segments(listed, scope, stays, Some(made))
        })?;
        Ok(Making::Made)
    }

    /// Deletes the segment in whose range an entry is, before and after its body goes.
    pub(crate) fn forget_segment_of(&self, id: &EntryId) -> Result<(), StoreError> {
        self.with_segments(|listed| {
            self.segments.drops.fetch_add(1, Ordering::Relaxed);
            for scope in Scope::ALL {
                let stays = |kept: &Made| *id < kept.segment.first || *id > kept.segment.last;
                if !listed[scope as usize].iter().all(stays) {
                    self.replace_segments(listed, scope, stays, None)?;
                }
            }
            Ok(())
        })
    }

    /// Deletes all segments.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn remove_segments(&self) -> Result<(), StoreError> {
        let mut listed = lock(&self.segments.listed);
        self.segments.drops.fetch_add(1, Ordering::Relaxed);
        *listed = None;
        match fs::remove_dir_all(self.dir().join(FOLDER)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.in_folder(error)),
            _ => Ok(()),
        }
    }

    /// How many entries of a scope have ids in a range; no more than twice a segment's are counted, whatever
    /// range a peer names.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn count_between(&self, scope: Scope, first: &EntryId, last: &EntryId) -> Result<u64, StoreError> {
        // As for lists of ids: both read an index alone.
        let all = "SELECT count(*) FROM (SELECT 1 FROM entries WHERE id BETWEEN ?1 AND ?2 LIMIT ?3)";
        let core = "SELECT count(*) FROM (SELECT 1 FROM entries INDEXED BY core_ids
                    WHERE scope = 0 AND id BETWEEN ?1 AND ?2 LIMIT ?3)";
        let most = 2 * MAX_SEGMENT_ENTRIES as i64;
        self.read(|db| {
            let count = |sql| -> Result<u64, StoreError> {
                let counted: i64 =
                    db.prepare_cached(sql)?.query_row(params![first.0, last.0, most], |row| row.get(0))?;
                Ok(counted as u64)
            };
            let core = count(core)?;
            match scope {
                Scope::Core => Ok(core),
                Scope::Main => Ok(count(all)?.saturating_sub(core)),
            }
        })
    }

    /// Shows the list to `see`, reading it from disk before if nobody has.
    fn with_segments<T>(
        &self,
        see: impl FnOnce(&mut [Vec<Made>; 2]) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut listed = lock(&self.segments.listed);
        if listed.is_none() {
            *listed = Some(self.read_segment_list()?);
        }
        see(listed.get_or_insert_default())
    }

    /// The list as it is on disk, of segments that are there; none of another database, or of a newer copy of this
    /// one. Files that are not listed are deleted.
    fn read_segment_list(&self) -> Result<[Vec<Made>; 2], StoreError> {
        let folder = self.dir().join(FOLDER);
        let Ok(files) = fs::read_dir(&folder) else { return Ok(Default::default()) };
        let (incarnation, newest) = (self.incarnation()?, self.read(newest_position)?);
        let file = fs::read(folder.join(LIST)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let file = file.filter(|file: &ListFile| {
            file.incarnation == HEXLOWER.encode(&incarnation)
                && file.scopes.iter().flatten().all(|made| made.position <= newest)
        });
        let mut scopes = file.map_or_else(Default::default, |file| file.scopes);
        let is_there = |made: &Made| {
            let meta = fs::metadata(self.segment_path(&made.segment.sha256));
            meta.is_ok_and(|meta| meta.len() == made.segment.bytes)
        };
        scopes.iter_mut().for_each(|made| made.retain(is_there));
        let listed: HashSet<PathBuf> =
            scopes.iter().flatten().map(|made| self.segment_path(&made.segment.sha256)).collect();
        for file in files.flatten().map(|file| file.path()) {
            let is_other = file.extension().is_some_and(|extension| extension == "zst");
            if is_other && !listed.contains(&file) {
                fs::remove_file(&file).map_err(|error| self.in_folder(error))?;
            }
        }
        Ok(scopes)
    }

    /// Takes those that do not stay out of the list, `new` into it, and deletes what is not listed any more. The
    /// list is on disk before.
    fn replace_segments(
        &self,
        listed: &mut [Vec<Made>; 2],
        scope: Scope,
        stays: impl Fn(&Made) -> bool,
        new: Option<Made>,
    ) -> Result<(), StoreError> {
        let gone: Vec<_> = listed[scope as usize].extract_if(.., |made| !stays(made)).collect();
        if gone.is_empty() && new.is_none() {
            return Ok(());
        }
        listed[scope as usize].extend(new);
        listed[scope as usize].sort_by_key(|made| made.segment.first);
        // Before the list, which may not find room: what has to go is gone then.
        for made in gone {
            if !listed.iter().flatten().any(|kept| kept.segment.sha256 == made.segment.sha256) {
                let _ = fs::remove_file(self.segment_path(&made.segment.sha256));
            }
        }
        let file =
            ListFile { incarnation: HEXLOWER.encode(&self.incarnation()?), scopes: std::mem::take(listed) };
        let text = serde_json::to_vec(&file).map_err(|_| StoreError::Damaged("a list of segments"))?;
        *listed = file.scopes;
        let list = self.dir().join(FOLDER).join(LIST);
        let written = fs::write(list.with_extension("new"), text)
            .and_then(|()| fs::rename(list.with_extension("new"), list));
        written.map_err(|error| self.in_folder(error))
    }

    /// Writes a segment with the first entries of a range; all of them, if they fit.
    fn write_segment(
        &self,
        path: &std::path::Path,
        scope: Scope,
        [first, last]: [EntryId; 2],
        scope_count: u64,
    ) -> Result<Made, StoreError> {
        let failed = |error: io::Error| self.in_folder(error);
        let folder = self.dir().join(FOLDER);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let mut options = fs::OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).mode(0o600).open(path).map_err(failed)?;
        let hashed = Hashed { file: io::BufWriter::new(file), hash: Sha256::new(), bytes: 0 };
        let mut out = zstd::stream::write::Encoder::new(hashed, ZSTD_LEVEL).map_err(failed)?;
        let most = planned(scope_count, first, last);
        // Both along an index on ids.
        let sql = match scope {
            Scope::Core => {
                "SELECT seq, id, head, body FROM entries INDEXED BY core_ids
                 WHERE scope = 0 AND id BETWEEN ?1 AND ?2 ORDER BY id"
            }
            Scope::Main => {
                "SELECT seq, id, head, body FROM entries WHERE id BETWEEN ?1 AND ?2 AND +scope = 1 ORDER BY id"
            }
        };
        let (mut count, mut plain, mut last_of) = (0, 0, last);
        let position = self.read(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(params![first.0, last.0])?;
            let (mut bytes, mut previous) = (Vec::new(), None);
            while let Some(row) = rows.next()? {
                let entry = StoredEntry::from_row(row)?;
                bytes.clear();
                entry.write_to(&mut bytes);
                if let Some(previous) = previous
                    && (count == most || plain + bytes.len() > MAX_SEGMENT_PLAIN_BYTES)
                {
                    last_of = previous;
                    break;
                }
                out.write_all(&bytes).map_err(failed)?;
                (count, plain, previous) = (count + 1, plain + bytes.len(), Some(entry.id));
            }
            newest_position(db)
        })?;
        let mut hashed = out.finish().map_err(failed)?;
        hashed.flush().map_err(failed)?;
        let file = hashed.file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        let sha256 = hashed.hash.finalize().into();
        let segment = Segment { sha256, bytes: hashed.bytes, count, first, last: last_of };
        Ok(Made { segment, position })
    }

    fn segment_path(&self, sha256: &[u8; 32]) -> PathBuf {
        self.dir().join(FOLDER).join(format!("{}.zst", HEXLOWER.encode(sha256)))
    }

    fn in_folder(&self, source: io::Error) -> StoreError {
        match disk::is_full(&source) {
            true => StoreError::Full,
            false => StoreError::Directory { path: self.dir().join(FOLDER), source },
        }
    }
}

/// The range to make a segment of, if there is one to make.
fn next_range(made: &[Made], count: u64, newest: u64) -> Option<[EntryId; 2]> {
    let list =
        ScopeSegments { position: 0, segments: made.iter().map(|made| made.segment.clone()).collect() };
    if let Some(gap) = list.gap() {
        return Some(gap);
    }
    let oldest = made.iter().min_by_key(|made| made.position)?;
    let patience = |of: u64| (of / OLD_SHARE).max(MIN_SCOPE_ENTRIES);
    let listed: u64 = made.iter().map(|made| made.segment.count).sum();
    // Entries that leave the set get no positions.
    let is_old = newest > oldest.position + patience(count) || listed > count + patience(count);
    is_old.then_some([oldest.segment.first, oldest.segment.last])
}

/// How many entries a segment gets that begins where this range does, so that all of the range get about as many.
/// Ids are hashes: how many there are is told by how wide it is.
fn planned(scope_count: u64, first: EntryId, last: EntryId) -> u64 {
    let at = |id: EntryId| id.0.first_chunk().map_or(0.0, |bytes| u64::from_be_bytes(*bytes) as f64);
    let share = (at(last) - at(first)) / u64::MAX as f64;
    let about = (scope_count as f64 * share) as u64;
    match about.div_ceil(PLANNED_ENTRIES) {
        0 | 1 => MAX_SEGMENT_ENTRIES as u64,
        pieces => about.div_ceil(pieces),
    }
}

/// A file, with the hash and the number of the bytes that were written to it.
struct Hashed {
    file: io::BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests;

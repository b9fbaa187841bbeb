//! Merged MBIDs, from the tables of MusicBrainz's own database: `artist_gid_redirect` and its four
//! siblings name the row that an old MBID leads to, and `artist` has the MBID of that row.
//!
//! In the dump the rows come first, 35 million of recordings among them. So their MBIDs go to a file that
//! has that of row n at 16 n, and the merged ones to another, until both are there.

use super::archive::Member;
use super::kind::Named;
use super::place::spool;
use crate::mbid::Uuid;
use rusqlite::{Connection, params};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// MusicBrainz's row numbers are of PostgreSQL's type integer.
const MAX_ROW: u64 = i32::MAX as u64;
/// MBIDs of rows that are written at once.
const RUN_BYTES: usize = 64 << 10;
/// Missing rows that are written as zeros, rather than beginning a new run.
const MAX_GAP_ROWS: u64 = 64;
const MBID_BYTES: usize = 16;
/// Ends a table in some dumps.
const END_OF_DATA: &[u8] = b"\\.";

/// What is wrong with a source of merged MBIDs.
#[derive(Debug)]
pub(super) enum MergeError {
    /// A line that is no row of its table.
    Row,
    /// A table of merged MBIDs without the one that they lead to.
    Apart(Named),
    /// A temporary file cannot be written or read.
    Spool(io::Error),
    /// The database refused.
    Sqlite(rusqlite::Error),
}

impl From<io::Error> for MergeError {
    fn from(error: io::Error) -> Self {
        Self::Spool(error)
    }
}

/// The tables of one source.
pub(super) struct Merges {
    /// Where temporary files are made.
    dir: PathBuf,
    rows: [Option<RowFile>; 5],
    merged: [Option<BufWriter<File>>; 5],
}

impl Merges {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), rows: Default::default(), merged: Default::default() }
    }

    /// A table is there, even if it has no rows.
    pub(super) fn begin(&mut self, member: Member) -> Result<(), MergeError> {
        match member {
            Member::Rows(named) if self.rows[named.number()].is_none() => {
                self.rows[named.number()] = Some(RowFile::new(spool(&self.dir)?));
            }
            Member::Merged(named) if self.merged[named.number()].is_none() => {
                self.merged[named.number()] = Some(BufWriter::new(spool(&self.dir)?));
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes a line of a table in.
    pub(super) fn line(&mut self, member: Member, text: &[u8]) -> Result<(), MergeError> {
        if text == END_OF_DATA {
            return Ok(());
        }
        self.begin(member)?;
        let mut columns = text.split(|byte| *byte == b'\t');
        let (first, second) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        match member {
            Member::Rows(named) => {
                let (row, mbid) = row_and_mbid(first, second).ok_or(MergeError::Row)?;
                if let Some(rows) = &mut self.rows[named.number()] {
                    rows.put(row, mbid)?;
                }
            }
            Member::Merged(named) => {
                let (row, mbid) = row_and_mbid(second, first).ok_or(MergeError::Row)?;
                if let Some(merged) = &mut self.merged[named.number()] {
                    merged.write_all(mbid.as_bytes())?;
                    merged.write_all(&row.to_le_bytes())?;
                }
            }
            Member::Records(_) => return Err(MergeError::Row),
        }
        Ok(())
    }

    /// Whether a table of merged MBIDs was among them.
    pub(super) fn is_empty(&self) -> bool {
        self.merged.iter().all(Option::is_none)
    }

    /// Writes what the tables say. A row that is not there leads nowhere, and is left out.
    pub(super) fn write(self, db: &Connection) -> Result<(), MergeError> {
        let mut insert = db
            .prepare("INSERT OR REPLACE INTO redirects (mbid, kind, new_mbid) VALUES (?1, ?2, ?3)")
            .map_err(MergeError::Sqlite)?;
        for ((named, rows), merged) in Named::ALL.into_iter().zip(self.rows).zip(self.merged) {
            let Some(merged) = merged else { continue };
            let rows = rows.ok_or(MergeError::Apart(named))?.finish()?;
            let mut merged = merged.into_inner().map_err(io::IntoInnerError::into_error)?;
            merged.rewind()?;
            let mut merged = BufReader::new(merged);
            let mut record = [0; MBID_BYTES + 8];
            while read_whole(&mut merged, &mut record)? {
                let (mbid, row) = record.split_at(MBID_BYTES);
                let row = u64::from_le_bytes(row.try_into().unwrap_or_default());
                let mut new_mbid = [0; MBID_BYTES];
                let is_there = match rows.read_exact_at(&mut new_mbid, row * MBID_BYTES as u64) {
                    Ok(()) => new_mbid != [0; MBID_BYTES],
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
                    Err(error) => return Err(error.into()),
                };
                if is_there && new_mbid != mbid {
                    insert
                        .execute(params![mbid, named.number() as i64, new_mbid])
                        .map_err(MergeError::Sqlite)?;
                }
            }
        }
        Ok(())
    }
}

fn row_and_mbid(row: &[u8], mbid: &[u8]) -> Option<(u64, Uuid)> {
    let row = std::str::from_utf8(row).ok()?.parse().ok().filter(|row| *row <= MAX_ROW)?;
    let mbid = Uuid::try_parse_ascii(mbid).ok().filter(|_| mbid.len() == 36)?;
    Some((row, mbid))
}

/// Fills the buffer; `false` at the end of the file.
fn read_whole(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The MBID of row n at 16 n. Rows come mostly in order, so runs of them are written at once.
struct RowFile {
    file: File,
    first_row: u64,
    run: Vec<u8>,
}

impl RowFile {
    fn new(file: File) -> Self {
        Self { file, first_row: 0, run: Vec::new() }
    }

    fn put(&mut self, row: u64, mbid: Uuid) -> io::Result<()> {
        let next = self.first_row + (self.run.len() / MBID_BYTES) as u64;
        // What a gap would overwrite with zeros may be there already, so only a run of its own is sure
        // to be new: gaps are filled at the end of the file alone.
        let gap_rows = row.checked_sub(next).filter(|gap| *gap <= MAX_GAP_ROWS);
        let joins = match gap_rows.filter(|_| self.run.len() < RUN_BYTES) {
            Some(0) => true,
            Some(_) => self.file.metadata()?.len() <= next * MBID_BYTES as u64,
            None => false,
        };
        if joins {
            self.run.resize(self.run.len() + (row - next) as usize * MBID_BYTES, 0);
        } else {
            self.flush()?;
            self.first_row = row;
        }
        self.run.extend(mbid.as_bytes());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.run, self.first_row * MBID_BYTES as u64)?;
        self.run.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<File> {
        self.flush()?;
        Ok(self.file)
    }
}

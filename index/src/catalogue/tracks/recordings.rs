//! On which releases a recording is, in some five bytes a track.
//!
//! A table with the MBIDs would have more bytes than the tracks themselves. Here a track is 32 bits of the
//! MBID, mixed, and the release's number: sorted, in buckets, the bits as differences. At 50 million
//! tracks one question in a hundred finds one release too many, which its row tells.

use super::DAMAGED;
use super::row;
use crate::catalogue::numbers::{number_at, put_number};
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::{Connection, params};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Tracks of a bucket, on average: some 300 bytes, of which a page of the database holds a dozen.
const BUCKET_TRACKS: u64 = 64;
/// With more buckets the differences would no longer be shorter than the bits.
const MAX_BUCKET_BITS: u32 = 24;
/// Parts that are sorted one by one, by the first bits.
const PART_BITS: u32 = 8;
/// Pairs of one part that are in memory before they are written.
const CHUNK_PAIRS: usize = 1024;

/// How the table is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    bucket_bits: u32,
    release_no_bytes: usize,
}

impl Form {
    /// The form with these numbers, if there is one.
    pub(super) fn new(bucket_bits: Option<i64>, release_no_bytes: Option<i64>) -> Option<Self> {
        let bucket_bits = u32::try_from(bucket_bits?).ok().filter(|bits| *bits <= MAX_BUCKET_BITS)?;
        let release_no_bytes =
            usize::try_from(release_no_bytes?).ok().filter(|bytes| (1..=4).contains(bytes))?;
        Some(Self { bucket_bits, release_no_bytes })
    }

    fn of(tracks: u64, last_release_no: u32) -> Self {
        let buckets = (tracks / BUCKET_TRACKS).max(1);
        let release_no_bytes = 4 - last_release_no.leading_zeros() as usize / 8;
        Self { bucket_bits: buckets.ilog2().min(MAX_BUCKET_BITS), release_no_bytes: release_no_bytes.max(1) }
    }

    /// The bucket of a recording, and the bits that tell it from others there.
    pub(super) fn place(self, recording: &Uuid) -> (u32, u32) {
        self.split(mixed(recording))
    }

    fn split(self, bits: u32) -> (u32, u32) {
        let rest_bits = 32 - self.bucket_bits;
        (bits.checked_shr(rest_bits).unwrap_or(0), bits & (u32::MAX >> self.bucket_bits))
    }

    fn pack(self, pairs: &[(u32, u32)]) -> Vec<u8> {
        let (mut packed, mut before) = (Vec::new(), 0);
        for (rest, release_no) in pairs {
            put_number(&mut packed, u64::from(rest - before));
            packed.extend(&release_no.to_le_bytes()[..self.release_no_bytes]);
            before = *rest;
        }
        packed
    }

    /// The numbers of releases that a bucket has for these bits; `None` if it is damaged.
    pub(super) fn find(self, mut entries: &[u8], rest: u32) -> Option<Vec<i64>> {
        let (mut found, mut bits) = (Vec::new(), 0_u64);
        while !entries.is_empty() {
            let (difference, length) = number_at(entries)?;
            let number = entries.get(length..length + self.release_no_bytes)?;
            entries = &entries[length + self.release_no_bytes..];
            bits = bits.checked_add(difference)?;
            if bits == u64::from(rest) {
                found.push(number.iter().rev().fold(0, |all, byte| all << 8 | i64::from(*byte)));
            } else if bits > u64::from(rest) {
                break;
            }
        }
        Some(found)
    }
}

/// 32 bits of an MBID, each of which depends on all of it: not all MBIDs are random.
fn mixed(mbid: &Uuid) -> u32 {
    let (first, second) = mbid.as_u64_pair();
    // The golden ratio's bits, as in Fibonacci hashing (Knuth, volume 3, section 6.4).
    let mixed = (first ^ second.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}

/// Makes the table in the attached database `tracks` from its rows. `spool` is an empty file.
pub(in super::super) fn write(db: &Connection, spool: &File) -> Result<(), StoreError> {
    let mut parts = Parts::new(spool);
    let in_spool = |source| StoreError::Directory { path: super::NEW_TRACKS_FILE.into(), source };
    let (mut tracks, mut last_release_no) = (0, 0);
    let mut statement = db.prepare("SELECT release_no, tracks FROM tracks.release_tracks")?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        let release_no = u32::try_from(found.get::<_, i64>(0)?).map_err(|_| DAMAGED)?;
        last_release_no = release_no.max(last_release_no);
        let bytes = found.get_ref(1)?.as_blob().map_err(|_| DAMAGED)?;
        let recordings = row::recordings(bytes).ok_or(DAMAGED)?;
        tracks += recordings.len() as u64;
        for recording in recordings.filter(|recording| !recording.is_nil()) {
            parts.put(mixed(&recording), release_no).map_err(in_spool)?;
        }
    }
    let form = Form::of(tracks, last_release_no);
    let mut insert = db.prepare("INSERT INTO tracks.recordings (bucket, entries) VALUES (?1, ?2)")?;
    // Buckets do not end where parts do if there are fewer of them; so the last one is carried on.
    let (mut bucket, mut pairs) = (0, Vec::new());
    for part in 0..parts.buffers.len() {
        for (bits, release_no) in parts.sorted(part).map_err(in_spool)? {
            let (of, rest) = form.split(bits);
            if of != bucket && !pairs.is_empty() {
                insert.execute(params![bucket, form.pack(&pairs)])?;
                pairs.clear();
            }
            bucket = of;
            pairs.push((rest, release_no));
        }
    }
    if !pairs.is_empty() {
        insert.execute(params![bucket, form.pack(&pairs)])?;
    }
    let mut meta = db.prepare("INSERT INTO tracks.meta (key, value) VALUES (?1, ?2)")?;
    meta.execute(params!["bucket_bits", form.bucket_bits])?;
    meta.execute(params!["release_no_bytes", form.release_no_bytes as i64])?;
    meta.execute(params!["tracks", tracks as i64])?;
    Ok(())
}

/// Pairs of bits and release number, in parts by the first bits, in a file: together they may be larger
/// than memory.
struct Parts<'a> {
    spool: &'a File,
    written_bytes: u64,
    buffers: Vec<Vec<(u32, u32)>>,
    chunks: Vec<Vec<u64>>,
}

impl<'a> Parts<'a> {
    fn new(spool: &'a File) -> Self {
        let empty = 1 << PART_BITS;
        Self { spool, written_bytes: 0, buffers: vec![Vec::new(); empty], chunks: vec![Vec::new(); empty] }
    }

    fn put(&mut self, bits: u32, release_no: u32) -> io::Result<()> {
        let part = (bits >> (32 - PART_BITS)) as usize;
        self.buffers[part].push((bits, release_no));
        if self.buffers[part].len() == CHUNK_PAIRS {
            let pairs = self.buffers[part].drain(..);
            let chunk: Vec<u8> =
                pairs.flat_map(|(a, b)| (u64::from(a) << 32 | u64::from(b)).to_le_bytes()).collect();
            self.spool.write_all_at(&chunk, self.written_bytes)?;
            self.chunks[part].push(self.written_bytes);
            self.written_bytes += chunk.len() as u64;
        }
        Ok(())
    }

    /// The pairs of one part, ascending, each once.
    fn sorted(&mut self, part: usize) -> io::Result<Vec<(u32, u32)>> {
        let mut pairs = std::mem::take(&mut self.buffers[part]);
        let mut chunk = vec![0; CHUNK_PAIRS * 8];
        for offset in &self.chunks[part] {
            self.spool.read_exact_at(&mut chunk, *offset)?;
            pairs.extend(chunk.as_chunks::<8>().0.iter().map(|pair| {
                let pair = u64::from_le_bytes(*pair);
                ((pair >> 32) as u32, pair as u32)
            }));
        }
        pairs.sort_unstable();
        pairs.dedup();
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests;

//! A catalogue as the `.tar.xz` archives that MusicBrainz publishes, written as a stream.
//!
//! Threads make the lines of some blocks each and compress them to an xz stream of their own; a file of
//! concatenated streams is a valid one (.xz format 1.2.1, section 2). The tar header comes first and needs
//! the length of what follows, so the streams wait in a file beside.

use super::{ARTISTS, FAMOUS_BLOCKS, GROUPS, World, json};
use anyhow::{Context, Result};
use deadwax_index::catalogue::Kind;
use liblzma::write::XzEncoder;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// Blocks that are compressed together: some MiB of lines.
const UNIT_BLOCKS: u64 = 16;
/// Fast: real dumps are packed harder, and take longer to read for it.
const XZ_PRESET: u32 = 0;
/// When the dump says that it was made.
const TIMESTAMP: &[u8] = b"2026-01-03 00:00:00.000000+00\n";
/// A tar archive is a sequence of blocks of this length, and ends with two that are empty.
const TAR_BLOCK_BYTES: usize = 512;

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Release groups.
    pub groups: u64,
    /// The seed.
    pub seed: u64,
    /// Whether releases have lists of tracks, which make them ten times as long.
    pub with_tracks: bool,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Written {
    /// Artists.
    pub artists: u64,
    /// Labels.
    pub labels: u64,
    /// Release groups.
    pub release_groups: u64,
    /// Releases.
    pub releases: u64,
    /// Length of the lines.
    pub json_bytes: u64,
    /// Length of the archives.
    pub archive_bytes: u64,
}

/// Writes the four archives into a folder, which is made if there is none.
///
/// # Errors
/// The folder cannot be written.
pub fn write(dir: &Path, options: Options, threads: usize) -> Result<Written> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let world = World::new(options.seed);
    let mut written = Written::default();
    for kind in Kind::ALL {
        let path = dir.join(format!("{}.tar.xz", kind.dump_name()));
        let (records, bytes) = archive(&path, &world, kind, options, threads)
            .with_context(|| format!("cannot write {}", path.display()))?;
        *match kind {
            Kind::Artist => &mut written.artists,
            Kind::Label => &mut written.labels,
            Kind::ReleaseGroup => &mut written.release_groups,
            Kind::Release => &mut written.releases,
        } = records;
        written.json_bytes += bytes;
        written.archive_bytes += std::fs::metadata(&path)?.len();
    }
    Ok(written)
}

/// Writes one archive; returns how many records and bytes of lines are in it.
fn archive(path: &Path, world: &World, kind: Kind, options: Options, threads: usize) -> Result<(u64, u64)> {
    let waiting = tempfile::tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    let mut out = BufWriter::new(waiting);
    let blocks = options.groups.div_ceil(GROUPS);
    let blocks = if matches!(kind, Kind::Artist | Kind::Label) { blocks.max(FAMOUS_BLOCKS) } else { blocks };
    let units = blocks.div_ceil(UNIT_BLOCKS);
    let (mut records, mut json_bytes) = (0, 0);
    std::thread::scope(|scope| -> Result<()> {
        // Each thread takes every nth unit, so that their order is known and none runs far ahead.
        let results: Vec<_> = (0..threads as u64)
            .map(|thread| {
                let (send, results) = sync_channel(1);
                scope.spawn(move || {
                    for unit in (thread..units).step_by(threads) {
                        let made = make(
                            world,
                            kind,
                            options,
                            unit * UNIT_BLOCKS..blocks.min((unit + 1) * UNIT_BLOCKS),
                        );
                        if send.send(made).is_err() {
                            break;
                        }
                    }
                });
                results
            })
            .collect();
        for unit in 0..units as usize {
            let (count, bytes, stream) = results[unit % threads].recv().context("a thread ended")??;
            records += count;
            json_bytes += bytes;
            out.write_all(&stream)?;
        }
        Ok(())
    })?;
    let mut waiting = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    io::Seek::rewind(&mut waiting)?;

    let mut out = BufWriter::new(File::create(path)?);
    let mut members = tar::Builder::new(Vec::new());
    for (name, text) in [("TIMESTAMP", TIMESTAMP), ("COPYING", b"Invented records: CC0.\n".as_slice())] {
        members.append(&header(name, text.len() as u64)?, text)?;
    }
    let mut first = members.get_ref().clone();
    first.extend_from_slice(header(&format!("mbdump/{}", kind.dump_name()), json_bytes)?.as_bytes());
    out.write_all(&compress(&first)?)?;
    io::copy(&mut waiting, &mut out)?;
    let padding = json_bytes.next_multiple_of(TAR_BLOCK_BYTES as u64) - json_bytes;
    out.write_all(&compress(&vec![0; padding as usize + 2 * TAR_BLOCK_BYTES])?)?;
    out.flush()?;
    Ok((records, json_bytes))
}

fn header(name: &str, bytes: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_cksum();
    Ok(header)
}

/// The lines of some blocks: how many, how long, and compressed.
fn make(
    world: &World,
    kind: Kind,
    options: Options,
    blocks: std::ops::Range<u64>,
) -> Result<(u64, u64, Vec<u8>)> {
    let mut lines = Vec::new();
    let mut records = 0;
    for block in blocks {
        match kind {
            Kind::Artist => {
                let wanted = (options.groups * ARTISTS).div_ceil(GROUPS).max(FAMOUS_BLOCKS * ARTISTS);
                let artists = world.artists(block);
                let artists = artists.iter().zip(block * ARTISTS..wanted);
                records += artists.map(|(artist, _)| json::artist(artist, &mut lines)).count();
            }
            Kind::Label => {
                records += world.labels(block).iter().map(|label| json::label(label, &mut lines)).count();
            }
            Kind::ReleaseGroup | Kind::Release => {
                let made = world.block(block);
                let groups = GROUPS.min(options.groups - block * GROUPS) as usize;
                if kind == Kind::ReleaseGroup {
                    records +=
                        made.groups[..groups].iter().map(|group| json::group(group, &mut lines)).count();
                } else {
                    let releases = made.releases.iter().filter(|release| release.group < groups);
                    let write =
                        |release| json::release(world.seed, &made, release, options.with_tracks, &mut lines);
                    records += releases.map(write).count();
                }
            }
        }
    }
    let stream = compress(&lines)?;
    Ok((records as u64, lines.len() as u64, stream))
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = XzEncoder::new(Vec::new(), XZ_PRESET);
    encoder.write_all(bytes)?;
    encoder.finish()
}

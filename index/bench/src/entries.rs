//! Invented links to the releases of a catalogue, signed by many authors, as files of CBOR sequences.
//!
//! Not here: what a link is (`deadwax_index::entry::link`).

use crate::catalogue::{self, Block, GroupRecord, Release, ReleaseRecord, World};
use crate::numbers::{Numbers, Purpose};
use anyhow::{Context, Result};
use deadwax_index::entry::VerifiedEntry;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::kind::Kind;
use deadwax_index::entry::link::{Edition, File, Link};
use deadwax_index::mbid::MbidKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// Entries in a file.
pub const FILE_ENTRIES: u64 = 100_000;
/// Authors of a file's entries. The most active one signs about 6 % of them, below the quota of 10,000.
const FILE_AUTHORS: u64 = 64;
/// An author's entries; a set has no more than 10,000 of one.
const MAX_AUTHOR_ENTRIES: u64 = 9_999;
/// Hours since 1970 at which the first entry says that it was signed: 2026-01-01.
const CREATED_HOURS: u64 = 490_896;
/// How many links a release has, in a thousand. A few are shared again and again.
const COPIES: &[(u64, u32)] = &[(0, 350), (1, 400), (2, 150), (3, 50), (4, 25), (8, 20), (25, 5)];
/// Medium, format and encoding, as music sites have them.
const RIPS: &[((&str, &str, &str), u32)] = &[
    (("CD", "FLAC", "Lossless"), 400),
    (("WEB", "FLAC", "Lossless"), 220),
    (("CD", "MP3", "320"), 120),
    (("CD", "MP3", "V0 (VBR)"), 110),
    (("WEB", "FLAC", "24bit Lossless"), 70),
    (("Vinyl", "FLAC", "24bit Lossless"), 50),
    (("Vinyl", "FLAC", "Lossless"), 20),
    (("Cassette", "FLAC", "Lossless"), 10),
];
/// Links that come from a .torrent file and so list their files, in a thousand; magnets have none.
const WITH_FILES: u64 = 600;

/// What to write.
#[derive(Debug, Clone)]
pub struct Options {
    /// Entries.
    pub count: u64,
    /// The seed.
    pub seed: u64,
    /// The folder of the dumps that the entries are about; else records are invented.
    pub catalogue: Option<PathBuf>,
}

/// Writes entries to `entries-NNNNN.cbor` in a folder, which is made if there is none; returns the files.
///
/// # Errors
/// The folder cannot be written, or the catalogue not be read.
pub fn write(dir: &Path, options: &Options, threads: usize) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        let senders: Vec<_> = (0..threads)
            .map(|_| {
                let (send, chunks) = sync_channel::<(u64, Vec<Arc<ReleaseRecord>>)>(1);
                workers.push(scope.spawn(move || -> Result<Vec<PathBuf>> {
                    let mut files = Vec::new();
                    for (number, chunk) in chunks {
                        let mut bytes = Vec::new();
                        for entry in sign(options.seed, number, &chunk) {
                            bytes.extend(entry.to_bytes());
                        }
                        let path = dir.join(format!("entries-{number:05}.cbor"));
                        std::fs::write(&path, bytes)
                            .with_context(|| format!("cannot write {}", path.display()))?;
                        files.push(path);
                    }
                    Ok(files)
                }));
                send
            })
            .collect();
        let read = chunks(options, |number, chunk| {
            Ok(senders[number as usize % threads].send((number, chunk)).is_ok())
        });
        drop(senders);
        let mut files = Vec::new();
        for worker in workers {
            files.extend(worker.join().map_err(|_| anyhow::anyhow!("a thread ended"))??);
        }
        read?;
        files.sort();
        Ok(files)
    })
}

/// The same entries in memory.
///
/// # Errors
/// The catalogue cannot be read.
pub fn make(options: &Options) -> Result<Vec<VerifiedEntry>> {
    let mut entries = Vec::new();
    chunks(options, |number, chunk| {
        entries.extend(sign(options.seed, number, &chunk));
        Ok(true)
    })?;
    Ok(entries)
}

/// Hands on the releases that links are about, a file's worth at a time, until `each` returns false.
fn chunks(
    options: &Options,
    mut each: impl FnMut(u64, Vec<Arc<ReleaseRecord>>) -> Result<bool>,
) -> Result<()> {
    let (mut chunk, mut left, mut number, mut round) = (Vec::new(), options.count, 0, 0);
    while left > 0 {
        let mut copies = Numbers::new(options.seed, Purpose::Copies, round);
        let mut seen = 0;
        each_release(options, |release| {
            seen += 1;
            let release = Arc::new(release);
            for _ in 0..copies.pick(COPIES) {
                chunk.push(Arc::clone(&release));
                left -= 1;
                if chunk.len() as u64 == FILE_ENTRIES || left == 0 {
                    let go_on = each(number, std::mem::take(&mut chunk))?;
                    number += 1;
                    if !go_on || left == 0 {
                        left = 0;
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        })?;
        anyhow::ensure!(seen > 0, "the catalogue has no releases");
        round += 1;
    }
    Ok(())
}

fn each_release(options: &Options, mut each: impl FnMut(ReleaseRecord) -> Result<bool>) -> Result<()> {
    match &options.catalogue {
        Some(dir) => catalogue::releases(dir, each),
        None => {
            let world = World::new(options.seed);
            for number in 0.. {
                let block = world.block(number);
                for release in &block.releases {
                    if !each(record(&block, release))? {
                        return Ok(());
                    }
                }
            }
            Ok(())
        }
    }
}

/// What reading the dump of an invented release would give.
fn record(block: &Block, release: &Release) -> ReleaseRecord {
    let group = &block.groups[release.group];
    let types = group.primary_type.iter().chain(group.secondary_types);
    let (date, country) = release.events.first().map_or(("", None), |(date, country)| (date, *country));
    let info = release.labels.first();
    ReleaseRecord {
        mbid: release.mbid,
        group: GroupRecord {
            mbid: group.mbid,
            artist: group.credit.iter().flat_map(|part| [part.name.as_str(), part.join_phrase]).collect(),
            title: group.title.clone(),
            year: group.date.get(..4).and_then(|year| year.parse().ok()),
            types: types.map(|kind| (*kind).to_owned()).collect(),
        },
        year: date.get(..4).and_then(|year| year.parse().ok()),
        country: country.map(str::to_owned),
        barcode: release.barcode.clone(),
        label: info.map(|info| info.label.name.clone()),
        catalogue_number: info.and_then(|info| info.catalogue_number.clone()),
        format: release.media.first().and_then(|medium| medium.format).map(str::to_owned),
        tracks: release.media.iter().map(|medium| medium.tracks).sum(),
    }
}

/// Signs a link to each release.
fn sign(seed: u64, chunk: u64, releases: &[Arc<ReleaseRecord>]) -> impl Iterator<Item = VerifiedEntry> {
    let mut authors: Vec<Identity> = (0..FILE_AUTHORS)
        .map(|author| Identity::from_secret(secret(seed, chunk * FILE_AUTHORS + author)))
        .collect();
    let mut numbers = Numbers::new(seed, Purpose::Links, chunk);
    releases.iter().enumerate().map(move |(at, release)| {
        let mut author = numbers.early(FILE_AUTHORS, 1.5) as usize;
        while authors[author].next_n.main > MAX_AUTHOR_ENTRIES {
            author = (author + 1) % authors.len();
        }
        let author = &mut authors[author];
        let body = link(&mut numbers, release).to_body().expect("invented links keep the limits");
        let created_hours = CREATED_HOURS + chunk * 24 + at as u64 * 24 / FILE_ENTRIES;
        author.sign(body, Kind::Link.number(), author.next_n.main, created_hours)
    })
}

fn secret(seed: u64, author: u64) -> [u8; 32] {
    let mut numbers = Numbers::new(seed, Purpose::Keys, author);
    let mut secret = [0; 32];
    secret.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&numbers.draw().to_le_bytes()));
    secret
}

/// A link to a release. Half of the authors know only its group.
fn link(numbers: &mut Numbers, release: &ReleaseRecord) -> Link {
    let mut hash = [0; 32];
    hash.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&numbers.draw().to_le_bytes()));
    let (media, format, encoding) = numbers.pick(RIPS);
    let group = &release.group;
    let of_release = numbers.happens(500);
    let (artist, title) = (cut(&group.artist), cut(&group.title));
    let tracks = release.tracks.clamp(1, 60);
    let minutes = tracks * (3 + numbers.below(3));
    let size_bytes =
        minutes * if format == "FLAC" { 6_500_000 } else { 2_200_000 } + numbers.below(1_000_000);
    let ripped = (media, format) == ("CD", "FLAC");
    let known = |text: &Option<String>| {
        text.as_deref().filter(|_| of_release).map(cut).filter(|text| !text.is_empty())
    };
    let name = format!("{artist} - {title} ({}) [{format}]", release.year.or(group.year).unwrap_or(2000));
    let extension = format.to_lowercase();
    let files = (1..=tracks).map(|at| File {
        path: format!("{at:02} - {}.{extension}", catalogue::track_title(numbers)),
        size_bytes: size_bytes / tracks,
    });
    let files: Vec<_> = files.collect();
    Link {
        infohash_v1: Some(std::array::from_fn(|at| hash[at])),
        infohash_v2: numbers.happens(50).then_some(hash),
        mbid: if of_release { release.mbid } else { group.mbid },
        mbid_kind: if of_release { MbidKind::Release } else { MbidKind::ReleaseGroup },
        release_group: of_release.then_some(group.mbid),
        artist: if artist.is_empty() { "[unknown]".into() } else { artist },
        title: if title.is_empty() { "[untitled]".into() } else { title },
        year: group.year,
        types: group.types.clone(),
        media: Some(media.into()),
        format: Some(format.into()),
        encoding: Some(encoding.into()),
        size_bytes: Some(size_bytes),
        file_count: Some(tracks + 1),
        log: ripped.then_some(true),
        log_score: ripped.then(|| 100 - numbers.early(60, 4.0) as u8),
        cue: ripped.then_some(true),
        edition: Edition {
            title: None,
            year: release.year.filter(|_| of_release),
            label: known(&release.label),
            catno: known(&release.catalogue_number),
            country: known(&release.country),
            barcode: known(&release.barcode),
        },
        trackers: Vec::new(),
        name: Some(name),
        files: if numbers.happens(WITH_FILES) { files } else { Vec::new() },
    }
}

/// Short enough for any field of a link. Names in real dumps can be longer, and hold what a link may not.
fn cut(text: &str) -> String {
    const MAX_FIELD_BYTES: usize = 120;
    let mut text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    text.truncate(text.floor_char_boundary(MAX_FIELD_BYTES));
    text
}

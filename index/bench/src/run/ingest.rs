//! How fast entries join the set, and how much room they take.
//!
//! Ours does what a node does with a peer's tail (`node/src/peers/follow.rs`, `run.rs`): a batch is cut from the
//! stream, verified on all cores, while the one before is offered to the set in one durable transaction, and another thread
//! brings the search index up to date, at most once a second. A sample ends when both are done (the last
//! update of the index waits for nothing, since nothing more comes). The baseline
//! is `verify_strict` of the same heads on one core, with all keys and messages prepared: no program that
//! accepts only signed entries can be faster on one core.

use super::{Setting, timed};
use crate::machine;
use crate::measure::{Measurement, Target};
use anyhow::{Context, Result};
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::ingest::{Outcome, TailPosition, ingest as offer};
use deadwax_index::search::SearchIndex;
use deadwax_index::store::Store;
use deadwax_index::sync::wire::{Item, ItemReader};
use ed25519_dalek::{Signature, VerifyingKey};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Entries in one transaction.
const BATCH: usize = 4_096;
/// Updates of the search index begin this far apart.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// As a socket delivers.
const CHUNK_BYTES: usize = 64 << 10;

/// Head, then body.
type Raw = (Vec<u8>, Option<Vec<u8>>);

/// Cuts a stream into entries and hands them on, so many at a time; those that are left stay in `stretch`.
fn cut(
    wire: &[u8],
    entries: usize,
    stretch: &mut Vec<Raw>,
    mut each: impl FnMut(Vec<Raw>) -> Result<()>,
) -> Result<()> {
    let mut reader = ItemReader::default();
    for chunk in wire.chunks(CHUNK_BYTES) {
        reader.push(chunk);
        while let Some(item) = reader.next_item()? {
            match item {
                Item::Head(head) => {
                    if stretch.len() == entries {
                        each(std::mem::take(stretch))?;
                    }
                    stretch.push((head, None));
                }
                Item::Body(body) => stretch.last_mut().context("a body without its head")?.1 = Some(body),
                other => anyhow::bail!("a stream of entries holds {other:?}"),
            }
        }
    }
    Ok(())
}

/// Hands on the entries of files, some at a time, as their bytes.
fn stretches(files: &[PathBuf], entries: usize, mut each: impl FnMut(Vec<Raw>) -> Result<()>) -> Result<()> {
    let mut stretch: Vec<Raw> = Vec::new();
    for file in files {
        cut(&std::fs::read(file)?, entries, &mut stretch, &mut each)?;
    }
    if stretch.is_empty() { Ok(()) } else { each(stretch) }
}

/// What a sample of ours took, in seconds.
#[derive(Default, Clone, Copy)]
struct Took {
    /// Until all was verified, stored and searchable.
    all: f64,
    /// Of that until all was stored.
    stored: f64,
    /// Cutting the stream and verifying.
    verify: f64,
    /// Store, root, projections, and waiting for the disk.
    store: f64,
    /// Time of all cores.
    cpu: f64,
}

/// The stream of a peer, from its bytes to the search index.
fn take_in(store: &Store, search: &SearchIndex, wire: &[u8], after: &mut u64) -> Result<Took> {
    let mut took = Took { cpu: -machine::cpu_secs(), ..Took::default() };
    let started = Instant::now();
    std::thread::scope(|scope| -> Result<()> {
        // At most one signal waits: what came meanwhile is one piece of work.
        let (released, waiting) = sync_channel::<()>(1);
        let follower = scope.spawn(move || keep_current(store, search, &waiting));
        // The next batch is verified while one is stored.
        let (verified_batches, to_store) = sync_channel::<Vec<VerifiedEntry>>(0);
        let storing = scope.spawn(move || -> Result<f64> {
            let mut secs_storing = 0.0;
            for verified in to_store {
                *after += verified.len() as u64;
                let position = TailPosition {
                    peer: "unix:/bench",
                    scope: Scope::Main,
                    incarnation: [7; 16],
                    after: *after,
                };
                let (outcomes, secs) = timed(|| Ok(offer(store, &verified, Some(position))?))?;
                secs_storing += secs;
                anyhow::ensure!(
                    outcomes.iter().all(|outcome| *outcome == Outcome::New),
                    "an entry did not join"
                );
                let _ = released.try_send(());
            }
            Ok(secs_storing)
        });
        let mut hand_on = |batch: Vec<Raw>| -> Result<()> {
            let (verified, secs) = timed(|| Ok(VerifiedEntry::verify_all(&batch)?))?;
            took.verify += secs;
            // Nobody receives any more if storing failed, which is said below.
            let _ = verified_batches.send(verified);
            Ok(())
        };
        let mut batch: Vec<Raw> = Vec::new();
        cut(wire, BATCH, &mut batch, &mut hand_on)?;
        hand_on(batch)?;
        drop(verified_batches);
        took.store = storing.join().map_err(|_| anyhow::anyhow!("the store panicked"))??;
        took.stored = started.elapsed().as_secs_f64();
        follower.join().map_err(|_| anyhow::anyhow!("the search index panicked"))?
    })?;
    took.all = started.elapsed().as_secs_f64();
    took.cpu += machine::cpu_secs();
    Ok(took)
}

/// Brings the index up to date whenever entries joined, until no more come.
fn keep_current(store: &Store, search: &SearchIndex, released: &Receiver<()>) -> Result<()> {
    let mut came = released.recv().is_ok();
    while came {
        let started = Instant::now();
        search.catch_up(store)?;
        came = false;
        loop {
            match released.recv_timeout(COMMIT_INTERVAL.saturating_sub(started.elapsed())) {
                Ok(()) => came = true,
                Err(RecvTimeoutError::Timeout) => break came = came || released.recv().is_ok(),
                Err(RecvTimeoutError::Disconnected) => break came = false,
            }
        }
    }
    search.catch_up(store)?;
    Ok(())
}

/// Stores the entries of files.
pub(super) fn take_in_files(store: &Store, files: &[PathBuf]) -> Result<()> {
    stretches(files, BATCH, |batch| {
        offer(store, &VerifiedEntry::verify_all(&batch)?, None)?;
        Ok(())
    })
}

/// Key, message and signature of a head, as `verify_strict` takes them.
struct Signed {
    key: VerifyingKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Signed {
    /// Takes a head apart, by `doc/ENTRY-FORMAT.md` section 3 and no code of the index.
    fn of(head: &[u8]) -> Result<Self> {
        let (protected, key) = (head.get(4..42), head.get(10..42));
        let (protected, key) = protected.zip(key).context("a head is too short")?;
        let payload = head.get(45..head.len().saturating_sub(66)).context("a head is too short")?;
        let signature = &head[head.len() - 64..];
        // Sig_structure of RFC 9052 section 4.4: an array of four, in CBOR.
        let mut message = b"\x84\x6aSignature1\x58\x26".to_vec();
        message.extend(protected);
        message.extend(b"\x4fdeadwax/entry/1\x58");
        message.push(u8::try_from(payload.len())?);
        message.extend(payload);
        Ok(Self {
            key: VerifyingKey::from_bytes(key.try_into()?)?,
            message,
            signature: Signature::from_slice(signature)?,
        })
    }
}

/// Entries a second that one core verifies, and the seconds that it worked.
fn bare_verification(stretch: &[Raw]) -> Result<(f64, f64)> {
    let signed = stretch.iter().map(|(head, _)| Signed::of(head)).collect::<Result<Vec<_>>>()?;
    let cpu = machine::cpu_secs();
    let (_, secs) = timed(|| {
        signed
            .iter()
            .try_for_each(|signed| Ok(signed.key.verify_strict(&signed.message, &signed.signature)?))
    })?;
    Ok((signed.len() as f64 / secs, machine::cpu_secs() - cpu))
}

/// `ingest`.
pub(super) fn ingest(setting: &Setting) -> Result<Measurement> {
    let names = ["verified, stored and searchable, from a peer's stream", "verify_strict on one core"];
    let mut measurement = Measurement::new("ingest", "entries/s", names, Some(Target::RatioAtLeast(0.5)));
    let dir = setting.fresh("ingest")?;
    let store = Store::open(&dir)?;
    let search = SearchIndex::open(&dir)?;
    let mut parts: Vec<Took> = Vec::new();
    let (mut after, mut bare_cpu) = (0, 0.0);
    let per_sample = setting.scale.entries.div_ceil(setting.scale.samples) as usize;
    stretches(&setting.entries()?, per_sample, |stretch| {
        let (rate, cpu) = bare_verification(&stretch)?;
        measurement.baseline.push(rate);
        bare_cpu += cpu;
        let wire: Vec<u8> = stretch
            .iter()
            .flat_map(|(head, body)| [Some(head), body.as_ref()])
            .flatten()
            .flatten()
            .copied()
            .collect();
        let took = take_in(&store, &search, &wire, &mut after)?;
        measurement.ours.push(stretch.len() as f64 / took.all);
        let count = stretch.len() as f64;
        let micros = |secs: f64| secs * 1e6 / count;
        parts.push(Took {
            all: micros(took.all),
            stored: micros(took.stored),
            verify: micros(took.verify),
            store: micros(took.store),
            cpu: micros(took.cpu),
        });
        Ok(())
    })?;
    let column = |of: fn(&Took) -> f64| parts.iter().map(|took| of(took).round()).collect::<Vec<_>>();
    measurement.detail("entries_a_sample", per_sample);
    measurement.detail("us_an_entry", column(|took| took.all));
    measurement.detail("us_until_stored", column(|took| took.stored));
    measurement.detail("us_verify", column(|took| took.verify));
    measurement.detail("us_store", column(|took| took.store));
    measurement.detail("us_all_cores", column(|took| took.cpu));
    let bare_micros = bare_cpu * 1e6 / setting.scale.entries as f64;
    let all_cores = column(|took| took.cpu);
    measurement.detail("us_verify_strict_core", bare_micros.round());
    // What the ratio would be if two cores did nothing else and never waited.
    let both_busy = 2.0 * bare_micros / (all_cores.iter().sum::<f64>() / all_cores.len() as f64);
    measurement.detail("ratio_if_two_cores_never_waited", (both_busy * 100.0).round() / 100.0);
    let (first, last) = (measurement.ours.first(), measurement.ours.last());
    measurement.detail("last_by_first", first.zip(last).map(|(first, last)| last / first));
    search.finish()?;
    drop(store);
    measurement.detail("search_index_bytes", machine::folder_bytes(&dir.join("search"))?);
    std::fs::remove_dir_all(dir)?;
    Ok(measurement)
}

/// `entry-size`.
pub(super) fn entry_size(setting: &Setting) -> Result<Measurement> {
    let names = ["of entries.db and its log", "of head and body"];
    let mut measurement =
        Measurement::new("entry-size", "bytes/entry", names, Some(Target::RatioAtMost(1.6)));
    let dir = setting.fresh("entry-size")?;
    let (mut entries, mut wire_bytes) = (0, 0);
    let per_sample = setting.scale.entries.div_ceil(setting.scale.samples) as usize;
    stretches(&setting.entries()?, per_sample, |stretch| {
        {
            let store = Store::open(&dir)?;
            for batch in stretch.chunks(BATCH) {
                let verified = VerifiedEntry::verify_all(batch)?;
                offer(&store, &verified, None)?;
            }
        }
        entries += stretch.len();
        wire_bytes +=
            stretch.iter().map(|(head, body)| head.len() + body.as_ref().map_or(0, Vec::len)).sum::<usize>();
        // The store is closed, so its log is in the file.
        measurement.ours.push(database_bytes(&dir)? as f64 / entries as f64);
        measurement.baseline.push(wire_bytes as f64 / entries as f64);
        Ok(())
    })?;
    std::fs::remove_dir_all(dir)?;
    Ok(measurement)
}

fn database_bytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(dir)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("entries.db") {
            bytes += file.metadata()?.len();
        }
    }
    Ok(bytes)
}

//! How many bytes and round trips it takes until two sets are equal.
//!
//! Ours is what `node/src/peers/` does, with the same functions: state, sketch or digests with lists, fetch. The
//! baseline is the crate `negentropy` on the same ids, each at a moment of its own, so that what differs is
//! scattered, and the same fetch after it. Bodies of requests and answers count in both directions, headers
//! do not. Where both sides lack something, each reads what it lacks; one reconciliation tells both. A figure
//! is bytes by those of the missing entries alone, compressed.

use super::{SEED, Setting, timed};
use crate::entries;
use crate::measure::{Measurement, quantile};
use crate::numbers::{Numbers, Purpose};
use anyhow::{Context, Result};
use deadwax_index::entry::{EntryId, VerifiedEntry};
use deadwax_index::sync::digests::{Bucket, DIGESTS_BYTES, Digests, digest, write_buckets};
use deadwax_index::sync::sketch::{
    OPEN_NETWORK, SYMBOL_BYTES, Sketch, SketchKey, decode, estimate, next_symbols,
};
use deadwax_index::sync::wire::{ID_PREFIX_BYTES, MAX_FETCH_IDS};
use negentropy::{Id, Negentropy, NegentropyStorageVector};
use serde::Serialize;
use std::collections::HashSet;

/// How many entries differ, where the set is large enough.
const DIFFERENCES: [usize; 2] = [100, 10_000];
/// A state: both counts of seven digits.
const STATE_BYTES: usize = 330;
/// The level at which a node compresses what is fetched.
const ZSTD_LEVEL: i32 = 3;
/// Ranges of a sketch that a node reads before it goes on to digests.
const MAX_READS: usize = 3;
/// Messages of relays are cut at this size.
const FRAME_BYTES: u64 = 60_000;

/// Bytes in both directions, and round trips until the last request is sent.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Cost {
    bytes: usize,
    round_trips: usize,
}

/// One difference, in all ways.
#[derive(Debug, Clone, Serialize)]
struct Case {
    set: usize,
    different: usize,
    lacking: &'static str,
    missing_compressed_bytes: usize,
    sketch: Cost,
    digests: Cost,
    negentropy: Cost,
    negentropy_in_frames: Cost,
    /// Bytes of sketches, of digests with lists, and of negentropy, without state and fetch.
    to_find_out_bytes: [usize; 3],
}

/// A set: its ids, ascending.
struct Side {
    ids: Vec<EntryId>,
}

/// Two sets, and what of each the other lacks.
struct Pair<'a> {
    sides: [Side; 2],
    alone: [&'a [VerifiedEntry]; 2],
}

/// `sync`.
pub(super) fn sync(setting: &Setting) -> Result<Measurement> {
    let names = [
        "bytes by those of the missing entries: state, sketch, fetch",
        "the same of negentropy and the same fetch",
    ];
    let mut measurement = Measurement::new("sync", "times the missing", names, None);
    let size = setting.scale.set as usize;
    let mut cases = Vec::new();
    for different in DIFFERENCES.map(|different| different.min(size / 10)) {
        let options = entries::Options { count: different as u64, seed: SEED, catalogue: None };
        let made = entries::make(&options)?;
        for (lacking, own) in [("one side", 0), ("both sides", different / 2)] {
            let case = Pair::new(size, made.split_at(own)).measure(lacking)?;
            let share = |cost: Cost| cost.bytes as f64 / case.missing_compressed_bytes as f64;
            measurement.ours.push(share(case.sketch));
            measurement.baseline.push(share(case.negentropy));
            cases.push(case);
        }
    }
    let saved = |case: &Case| case.to_find_out_bytes[1] as f64 / case.to_find_out_bytes[0] as f64;
    measurement.detail("digests_by_sketch", cases.iter().map(saved).collect::<Vec<_>>());
    measurement
        .detail("digests_by_sketch_least", quantile(&cases.iter().map(saved).collect::<Vec<_>>(), 0.0));
    let ((), sketch_secs) = timed(|| {
        let mut sketch = Sketch::new(SketchKey::of_network(&OPEN_NETWORK));
        invented(size).iter().for_each(|id| sketch.toggle(&id.prefix()));
        anyhow::ensure!(sketch.symbols().len() > 1);
        Ok(())
    })?;
    measurement.detail("secs_to_build_a_sketch", sketch_secs);
    measurement.detail("cases", cases);
    Ok(measurement)
}

/// Ids that nobody signed.
fn invented(count: usize) -> Vec<EntryId> {
    let mut numbers = Numbers::new(SEED, Purpose::Ids, 0);
    let id = |_| {
        let mut id = [0; 32];
        id.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&numbers.draw().to_be_bytes()));
        EntryId(id)
    };
    (0..count).map(id).collect()
}

impl<'a> Pair<'a> {
    /// Two sets of about `size` ids that differ by these entries.
    fn new(size: usize, (of_own, of_peer): (&'a [VerifiedEntry], &'a [VerifiedEntry])) -> Self {
        let common = invented(size - of_own.len() - of_peer.len());
        let side = |alone: &[VerifiedEntry]| {
            let mut ids: Vec<_> = alone.iter().map(|entry| entry.head().id()).collect();
            ids.extend(&common);
            ids.sort_unstable();
            Side { ids }
        };
        Self { sides: [side(of_own), side(of_peer)], alone: [of_own, of_peer] }
    }

    fn measure(&self, lacking: &'static str) -> Result<Case> {
        let missing = [0, 1].map(|reader| self.fetched_bytes(reader)).into_iter().sum::<Result<usize>>()?;
        // Whoever lacks nothing reads nothing; both at the same time, so that round trips do not add up.
        let readers = || (0..2).filter(|reader| !self.alone[1 - reader].is_empty());
        let of_all = |cost: &dyn Fn(usize) -> Result<(Cost, usize)>| -> Result<(Cost, usize)> {
            readers().map(cost).try_fold((Cost::default(), 0), |(sum, found), cost| {
                let (cost, find_out) = cost?;
                let round_trips = sum.round_trips.max(cost.round_trips);
                Ok((Cost { bytes: sum.bytes + cost.bytes, round_trips }, found + find_out))
            })
        };
        let (sketch, by_sketch) = of_all(&|reader| self.by_sketch(reader))?;
        let (digests, by_digests) = of_all(&|reader| self.by_digests(reader))?;
        let (negentropy, by_negentropy) = self.by_negentropy(0)?;
        Ok(Case {
            set: self.sides[1].ids.len(),
            different: self.alone.iter().map(|alone| alone.len()).sum(),
            lacking,
            missing_compressed_bytes: missing,
            sketch,
            digests,
            negentropy,
            negentropy_in_frames: self.by_negentropy(FRAME_BYTES)?.0,
            to_find_out_bytes: [by_sketch, by_digests, by_negentropy],
        })
    }

    /// The answers to fetches of what one side lacks.
    fn fetched_bytes(&self, reader: usize) -> Result<usize> {
        let mut entries: Vec<_> = self.alone[1 - reader].iter().collect();
        entries.sort_unstable_by_key(|entry| entry.head().id());
        let answer = |entries: &[&VerifiedEntry]| -> Result<usize> {
            let bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_bytes()).collect();
            Ok(zstd::encode_all(bytes.as_slice(), ZSTD_LEVEL)?.len())
        };
        entries.chunks(MAX_FETCH_IDS).map(answer).sum()
    }

    /// Requests and answers of the fetch.
    fn fetch(&self, reader: usize) -> Result<Cost> {
        let count = self.alone[1 - reader].len();
        Ok(Cost {
            bytes: count * ID_PREFIX_BYTES + self.fetched_bytes(reader)?,
            round_trips: count.div_ceil(MAX_FETCH_IDS),
        })
    }

    /// All that one side reads, if finding out takes so many bytes and round trips.
    fn in_all(&self, reader: usize, find_out: Cost) -> Result<(Cost, usize)> {
        let fetch = self.fetch(reader)?;
        let cost = Cost {
            bytes: STATE_BYTES + find_out.bytes + fetch.bytes,
            // The state is the first one, and none of the last request is waited for.
            round_trips: 1 + find_out.round_trips + fetch.round_trips - 1,
        };
        Ok((cost, find_out.bytes))
    }

    fn by_sketch(&self, reader: usize) -> Result<(Cost, usize)> {
        let key = SketchKey::of_network(&OPEN_NETWORK);
        let [own, theirs] = [reader, 1 - reader].map(|side| {
            let mut sketch = Sketch::new(key);
            self.sides[side].ids.iter().for_each(|id| sketch.toggle(&id.prefix()));
            sketch
        });
        let counts_differ_by = self.sides[0].ids.len().abs_diff(self.sides[1].ids.len());
        let mut count = next_symbols(0, Some(counts_differ_by as u64));
        let mut cost = Cost::default();
        for _ in 0..MAX_READS {
            let Some(symbols) = count else { break };
            let (own, theirs) = (&own.symbols()[..symbols], &theirs.symbols()[..symbols]);
            cost = Cost { bytes: symbols * SYMBOL_BYTES, round_trips: cost.round_trips + 1 };
            let decoded = decode(key, own, theirs);
            if decoded.is_complete {
                let missing: HashSet<_> = decoded.items.into_iter().collect();
                let all: usize = self.alone.iter().map(|alone| alone.len()).sum();
                anyhow::ensure!(missing.len() == all, "the sketch tells something else");
                return self.in_all(reader, cost);
            }
            count = next_symbols(symbols, estimate(own, theirs).map(|items| items as u64));
        }
        let (digests, find_out) = self.by_digests(reader)?;
        let sum =
            Cost { bytes: digests.bytes + cost.bytes, round_trips: digests.round_trips + cost.round_trips };
        Ok((sum, find_out + cost.bytes))
    }

    fn by_digests(&self, reader: usize) -> Result<(Cost, usize)> {
        let [own, theirs] = [reader, 1 - reader].map(|side| self.sides[side].digests());
        let unequal = own.unequal(&theirs);
        let own: HashSet<_> = self.sides[reader].ids.iter().collect();
        let asked: HashSet<_> = unequal.iter().map(|bucket| bucket.index()).collect();
        let listed = self.sides[1 - reader].ids.iter().filter(|id| asked.contains(&bucket_of(id).index()));
        let (count, missing) =
            listed.fold((0, 0), |(count, missing), id| (count + 1, missing + usize::from(!own.contains(id))));
        anyhow::ensure!(missing == self.alone[1 - reader].len(), "the digests tell something else");
        let bytes = DIGESTS_BYTES + write_buckets(&unequal).len() + count * ID_PREFIX_BYTES;
        self.in_all(reader, Cost { bytes, round_trips: 2 })
    }

    /// One reconciliation, and what both sides then fetch.
    fn by_negentropy(&self, frame_bytes: u64) -> Result<(Cost, usize)> {
        let [own, theirs] = [0, 1].map(|side| self.sides[side].negentropy());
        let (own, theirs) = (own?, theirs?);
        let mut client = Negentropy::borrowed(&own, frame_bytes)?;
        let mut server = Negentropy::borrowed(&theirs, frame_bytes)?;
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let mut cost = Cost::default();
        let mut message = Some(client.initiate()?);
        while let Some(query) = message {
            let answer = server.reconcile(&query)?;
            cost = Cost { bytes: cost.bytes + query.len() + answer.len(), round_trips: cost.round_trips + 1 };
            message = client.reconcile_with_ids(&answer, &mut have, &mut need)?;
        }
        let found = [&have, &need].map(|ids| ids.iter().collect::<HashSet<_>>().len());
        anyhow::ensure!(found == self.alone.map(<[_]>::len), "negentropy tells something else: {found:?}");
        let fetches = [self.fetch(0)?, self.fetch(1)?];
        let last = fetches.iter().map(|fetch| fetch.round_trips).max().context("two")?;
        let bytes = cost.bytes + fetches.iter().map(|fetch| fetch.bytes).sum::<usize>();
        Ok((Cost { bytes, round_trips: cost.round_trips + last - 1 }, cost.bytes))
    }
}

fn bucket_of(id: &EntryId) -> Bucket {
    Bucket::of([id.0[0], id.0[1]])
}

impl Side {
    fn digests(&self) -> Digests {
        let mut digests = Digests::default();
        for ids in self.ids.chunk_by(|one, next| bucket_of(one) == bucket_of(next)) {
            digests.set(bucket_of(&ids[0]), digest(ids));
        }
        digests
    }

    /// The ids as events of relays, each at a second that its bytes decide: what differs is scattered.
    fn negentropy(&self) -> Result<NegentropyStorageVector> {
        let mut storage = NegentropyStorageVector::with_capacity(self.ids.len());
        for id in &self.ids {
            let secs = id.0.last_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
            storage.insert(secs.into(), Id::from_byte_array(id.0))?;
        }
        storage.seal()?;
        Ok(storage)
    }
}

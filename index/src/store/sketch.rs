//! The sketch of each scope, kept in memory: 384 KiB that ids join and leave as they do the set, and a frozen
//! copy for peers.
//!
//! Not here: what a sketch is and how it is decoded ([`crate::sync::sketch`]).

use super::entries::newest_position;
use super::{Store, StoreError, lock};
use crate::entry::{EntryId, Scope};
use crate::sync::digests::Bucket;
use crate::sync::sketch::{Sketch, SketchItem, SketchKey, Symbol};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A frozen sketch stays the same for this long, so that a peer can read more of it.
const FREEZE: Duration = Duration::from_secs(60);

/// A sketch as peers read it.
#[derive(Debug, PartialEq, Eq)]
pub struct FrozenSketch {
    /// All symbols.
    pub bytes: Vec<u8>,
    /// The newest position of the node when it was frozen.
    pub position: u64,
}

/// The sketch of one scope.
#[derive(Default)]
pub(super) struct SketchKeeper {
    /// Held by whoever reads the running sketch or builds it, so that it is built once.
    turn: Mutex<()>,
    running: Mutex<Running>,
    frozen: Mutex<Option<(Instant, SketchKey, Arc<FrozenSketch>)>>,
}

#[derive(Default)]
struct Running {
    /// Made when it is first asked for.
    sketch: Option<Sketch>,
    /// Every change up to this position is in it.
    position: u64,
    /// What changes while it is built.
    meanwhile: Option<Vec<(u64, SketchItem)>>,
}

impl SketchKeeper {
    /// Ids have joined or left the set, which is the same here.
    pub(super) fn note(&self, position: u64, ids: &[EntryId]) {
        let mut running = lock(&self.running);
        if let Some(meanwhile) = &mut running.meanwhile {
            meanwhile.extend(ids.iter().map(|id| (position, id.prefix())));
        } else if position > running.position {
            running.position = position;
            if let Some(sketch) = &mut running.sketch {
                ids.iter().for_each(|id| sketch.toggle(&id.prefix()));
            }
        }
    }
}

impl Store {
    /// The sketch of a scope as peers read it: at most [`FREEZE`] old, and as long the same.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn frozen_sketch(&self, scope: Scope, network: &[u8; 32]) -> Result<Arc<FrozenSketch>, StoreError> {
        let key = SketchKey::of_network(network);
        let mut frozen = lock(&self.sketches[scope as usize].frozen);
        if let Some((since, of, kept)) = &*frozen
            && *of == key
            && since.elapsed() < FREEZE
        {
            return Ok(Arc::clone(kept));
        }
        let made = self.with_sketch(scope, key, |sketch, position| {
            Arc::new(FrozenSketch { bytes: sketch.to_bytes(), position })
        })?;
        *frozen = Some((Instant::now(), key, Arc::clone(&made)));
        Ok(made)
    }

    /// The first symbols of a scope's sketch, as the set is now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn sketch_symbols(
        &self,
        scope: Scope,
        network: &[u8; 32],
        count: usize,
    ) -> Result<Vec<Symbol>, StoreError> {
        self.with_sketch(scope, SketchKey::of_network(network), |sketch, _| {
            sketch.symbols().iter().take(count).copied().collect()
        })
    }

    /// Shows `see` the running sketch and its position; builds it from all ids if there is none.
    fn with_sketch<T>(
        &self,
        scope: Scope,
        key: SketchKey,
        see: impl FnOnce(&Sketch, u64) -> T,
    ) -> Result<T, StoreError> {
        let keeper = &self.sketches[scope as usize];
        let _turn = lock(&keeper.turn);
        {
            let mut running = lock(&keeper.running);
            if let Some(sketch) = running.sketch.as_ref().filter(|sketch| sketch.key() == key) {
                return Ok(see(sketch, running.position));
            }
            running.meanwhile = Some(Vec::new());
        }
        let built = self.read(|db| {
            let position = newest_position(db)?;
            let mut sketch = Sketch::new(key);
            for bucket in Bucket::all() {
                let [first, last] = bucket.range();
                for id in super::digests::ids_between(db, scope, &first, &last)? {
                    sketch.toggle(&id.prefix());
                }
            }
            Ok((sketch, position))
        });
        let mut running = lock(&keeper.running);
        let meanwhile = running.meanwhile.take().unwrap_or_default();
        running.sketch = None;
        let (mut sketch, mut position) = built?;
        // What was committed before the set was read is in it already.
        let read = position;
        for (at, item) in meanwhile.into_iter().filter(|(at, _)| *at > read) {
            sketch.toggle(&item);
            position = at;
        }
        running.position = position;
        let seen = see(&sketch, position);
        running.sketch = Some(sketch);
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;
    use crate::ingest::ingest;
    use crate::store::changes::rival_rounds;
    use crate::sync::sketch::{OPEN_NETWORK, SYMBOLS, read_symbols};

    fn from_scratch(store: &Store, scope: Scope) -> Vec<Symbol> {
        let mut sketch = Sketch::new(SketchKey::of_network(&OPEN_NETWORK));
        for bucket in Bucket::all() {
            store.bucket_prefixes(scope, bucket).unwrap().iter().for_each(|item| sketch.toggle(item));
        }
        sketch.symbols().to_vec()
    }

    #[test]
    fn sketches_follow_the_set_and_stay_frozen() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let symbols = |scope| store.sketch_symbols(scope, &OPEN_NETWORK, SYMBOLS).unwrap();
        for (round, entries) in rival_rounds().enumerate() {
            ingest(&store, &entries, None).unwrap();
            for scope in Scope::ALL {
                assert!(symbols(scope) == from_scratch(&store, scope), "round {round}");
            }
            let frozen = store.frozen_sketch(Scope::Main, &OPEN_NETWORK).unwrap();
            let is_new = read_symbols(&frozen.bytes).unwrap() == symbols(Scope::Main);
            assert_eq!(is_new, round == 0, "frozen for a minute");
        }
        let other = store.frozen_sketch(Scope::Main, &[7; 32]).unwrap();
        assert_ne!(read_symbols(&other.bytes).unwrap(), symbols(Scope::Main));
    }

    /// Entries join from another thread while the sketch is built and asked for.
    #[test]
    fn nothing_is_lost_while_a_sketch_is_built() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut author = Identity::from_secret([3; 32]);
        let entries: Vec<_> = (0..600).map(|n| author.sign(vec![0xa0], 32, n, 494_000)).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| entries.chunks(5).for_each(|some| _ = ingest(&store, some, None).unwrap()));
            // Another network's sketch each time: built anew, again and again.
            for network in 0..40 {
                store.sketch_symbols(Scope::Main, &[network; 32], 1).unwrap();
            }
            store.sketch_symbols(Scope::Main, &OPEN_NETWORK, 1).unwrap();
        });
        let symbols = store.sketch_symbols(Scope::Main, &OPEN_NETWORK, SYMBOLS).unwrap();
        assert!(symbols == from_scratch(&store, Scope::Main));
    }
}

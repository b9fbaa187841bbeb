//! The digests of both scopes, kept in memory: 128 KiB each, and only what changed is computed anew.
//!
//! Also ids in ranges. Not here: what buckets and digests are ([`crate::sync::digests`]).

use super::entries::newest_position;
use super::{Store, StoreError, lock};
use crate::entry::{EntryId, Scope};
use crate::sync::digests::{BUCKETS, Bucket, Digests, digest};
use crate::sync::wire::ID_PREFIX_BYTES;
use rusqlite::{Connection, params};
use std::sync::{Arc, Mutex};

/// Digests of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDigests {
    /// The digests themselves.
    pub digests: Digests,
    /// They cover all entries up to this position in the order of release, and perhaps some after it.
    pub position: u64,
}

/// The digests of one scope, and which of them are out of date.
pub(super) struct DigestKeeper {
    kept: Mutex<Option<Arc<KeptDigests>>>,
    marks: Mutex<Marks>,
}

struct Marks {
    /// By bucket: whether ids joined or left since its digest was computed.
    changed: Vec<bool>,
    /// The newest position that is noted.
    position: u64,
}

impl Default for DigestKeeper {
    fn default() -> Self {
        let marks = Marks { changed: vec![true; BUCKETS], position: 0 };
        Self { kept: Mutex::default(), marks: Mutex::new(marks) }
    }
}

impl DigestKeeper {
    /// Ids have joined or left the set.
    pub(super) fn note(&self, position: u64, ids: &[EntryId]) {
        let mut marks = lock(&self.marks);
        marks.position = position;
        ids.iter().for_each(|id| marks.changed[Bucket::of([id.0[0], id.0[1]]).index()] = true);
    }
}

impl Store {
    /// The digests of a scope.
    ///
    /// The first time all ids are read, later those of the buckets that changed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn digests(&self, scope: Scope) -> Result<Arc<KeptDigests>, StoreError> {
        let keeper = &self.digests[scope as usize];
        let mut kept = lock(&keeper.kept);
        // Taken before the set is read: what changes meanwhile is marked anew, and computed next time.
        let (changed, noted) = {
            let mut marks = lock(&keeper.marks);
            let changed: Vec<_> = Bucket::all().filter(|bucket| marks.changed[bucket.index()]).collect();
            marks.changed.fill(false);
            (changed, marks.position)
        };
        if let Some(kept) = kept.as_ref().filter(|_| changed.is_empty()) {
            return Ok(Arc::clone(kept));
        }
        let computed = self.read(|db| {
            let newest = newest_position(db)?;
            let digest_of = |bucket: &Bucket| -> Result<_, StoreError> {
                let [first, last] = bucket.range();
                Ok((*bucket, digest(&ids_between(db, scope, &first, &last)?)))
            };
            Ok((newest, changed.iter().map(digest_of).collect::<Result<Vec<_>, _>>()?))
        });
        let (newest, computed) = computed.inspect_err(|_| {
            let mut marks = lock(&keeper.marks);
            changed.iter().for_each(|bucket| marks.changed[bucket.index()] = true);
        })?;
        let mut new = match kept.as_deref() {
            Some(old) => KeptDigests { position: old.position.max(noted), ..old.clone() },
            None => KeptDigests { digests: Digests::default(), position: newest },
        };
        for (bucket, digest) in computed {
            new.digests.set(bucket, digest);
        }
        Ok(Arc::clone(kept.insert(Arc::new(new))))
    }

    /// The prefixes of a bucket's ids, ascending, each once.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn bucket_prefixes(
        &self,
        scope: Scope,
        bucket: Bucket,
    ) -> Result<Vec<[u8; ID_PREFIX_BYTES]>, StoreError> {
        let [first, last] = bucket.range();
        self.prefixes_between(scope, &first, &last)
    }

    /// Those of `listed`, which ascend, that no id of the set begins with; with or without their bodies.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn not_listed(
        &self,
        scope: Scope,
        listed: &[[u8; ID_PREFIX_BYTES]],
    ) -> Result<Vec<[u8; ID_PREFIX_BYTES]>, StoreError> {
        let mut missing = Vec::new();
        // One range for each bucket: the ids of a list are close together there, and far apart elsewhere.
        let bucket_of = |id: &[u8; ID_PREFIX_BYTES]| Bucket::of([id[0], id[1]]);
        for bucket in listed.chunk_by(|one, next| bucket_of(one) == bucket_of(next)) {
            let [Some(first), Some(last)] = [bucket.first(), bucket.last()] else { continue };
            let ([first, _], [_, last]) = (EntryId::range(first), EntryId::range(last));
            let own = self.prefixes_between(scope, &first, &last)?;
            missing.extend(bucket.iter().filter(|id| own.binary_search(id).is_err()));
        }
        Ok(missing)
    }

    fn prefixes_between(
        &self,
        scope: Scope,
        first: &EntryId,
        last: &EntryId,
    ) -> Result<Vec<[u8; ID_PREFIX_BYTES]>, StoreError> {
        let ids = self.read(|db| ids_between(db, scope, first, last))?;
        let mut prefixes: Vec<_> = ids.iter().map(EntryId::prefix).collect();
        prefixes.dedup();
        Ok(prefixes)
    }
}

/// The ids of a scope in a range, ascending.
pub(super) fn ids_between(
    db: &Connection,
    scope: Scope,
    first: &EntryId,
    last: &EntryId,
) -> Result<Vec<EntryId>, StoreError> {
    // Both read an index alone. Asked for `main` itself, SQLite would look into the row of each entry.
    let all = "SELECT id FROM entries WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
    let core =
        "SELECT id FROM entries INDEXED BY core_ids WHERE scope = 0 AND id BETWEEN ?1 AND ?2 ORDER BY id";
    let read = |sql| -> Result<Vec<EntryId>, StoreError> {
        let mut statement = db.prepare_cached(sql)?;
        let ids = statement.query_map(params![first.0, last.0], |row| row.get(0).map(EntryId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    };
    let core = read(core)?;
    match scope {
        Scope::Core => Ok(core),
        Scope::Main => {
            let mut main = read(all)?;
            main.retain(|id| core.binary_search(id).is_err());
            Ok(main)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;
    use crate::ingest::ingest;
    use crate::store::changes::rival_rounds;

    fn from_scratch(store: &Store, scope: Scope) -> Digests {
        let mut digests = Digests::default();
        store
            .read(|db| {
                for bucket in Bucket::all() {
                    let mut statement = db.prepare(
                        "SELECT id FROM entries WHERE scope = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id",
                    )?;
                    let [first, last] = bucket.range();
                    let ids = statement
                        .query_map(params![scope as i64, first.0, last.0], |row| row.get(0).map(EntryId))?
                        .collect::<Result<Vec<_>, _>>()?;
                    digests.set(bucket, digest(&ids));
                }
                Ok(())
            })
            .unwrap();
        digests
    }

    /// Joining and being replaced in a slot, in both scopes.
    #[test]
    fn digests_follow_the_set() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.digests(Scope::Main).unwrap().digests, Digests::default());
        for (round, entries) in rival_rounds().enumerate() {
            ingest(&store, &entries, None).unwrap();
            for scope in Scope::ALL {
                let kept = store.digests(scope).unwrap();
                assert_eq!(kept.digests, from_scratch(&store, scope), "round {round}");
                assert_eq!(kept.position, store.scope_state(scope).unwrap().tail);
                assert!(Arc::ptr_eq(&kept, &store.digests(scope).unwrap()), "nothing is computed twice");
            }
        }
        drop(store);
        let again = Store::open(dir.path()).unwrap();
        assert_eq!(again.digests(Scope::Core).unwrap().digests, from_scratch(&again, Scope::Core));
    }

    #[test]
    fn lists_leave_out_the_other_scope_and_tell_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut author = Identity::from_secret([3; 32]);
        let core: Vec<_> = (0..20).map(|n| author.sign(vec![0xa0], 3, n, 494_000)).collect();
        let main: Vec<_> = (0..60).map(|n| author.sign(vec![0xa0], 32, n, 494_000)).collect();
        ingest(&store, &core, None).unwrap();
        ingest(&store, &main[..40], None).unwrap();
        let prefixes = |entries: &[crate::entry::VerifiedEntry]| {
            let mut ids: Vec<_> = entries.iter().map(|entry| entry.head().id().prefix()).collect();
            ids.sort_unstable();
            ids
        };
        for (scope, expected) in [(Scope::Core, prefixes(&core)), (Scope::Main, prefixes(&main[..40]))] {
            let listed: Vec<_> =
                Bucket::all().flat_map(|bucket| store.bucket_prefixes(scope, bucket).unwrap()).collect();
            assert_eq!(listed, expected);
        }
        assert_eq!(store.not_listed(Scope::Main, &prefixes(&main)).unwrap(), prefixes(&main[40..]));
        assert_eq!(store.not_listed(Scope::Main, &prefixes(&core)).unwrap(), prefixes(&core));
        assert_eq!(store.not_listed(Scope::Core, &prefixes(&core)).unwrap(), [[0; 16]; 0]);
    }
}

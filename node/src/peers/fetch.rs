//! Entries by their ids, from one peer: asked for, verified, and offered to the set.

use super::address::PeerAddress;
use super::client::{Connection, RequestError};
use super::follow::FollowError;
use super::items::Items;
use super::status::Taken;
use crate::app::{SharedApp, blocking};
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::ingest::{Outcome, TailPosition};
use deadwax_index::sync::segments::Unverified;
use deadwax_index::sync::wire::{ID_PREFIX_BYTES, Item, MAX_FETCH_IDS, MAX_ITEMS_PER_MARK};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

/// Items that may come before a mark. A server marks more often; this one cannot exhaust memory.
pub(super) const MAX_UNMARKED_ITEMS: usize = 4 * MAX_ITEMS_PER_MARK;
/// A transaction takes in this much at most, and what comes until the next mark. The ids of entries are random,
/// so that each touches pages of its own: few large transactions write fewer of them than many small ones.
const FULL_BATCH: usize = 4_096;
const FULL_BATCH_BYTES: usize = 4 << 20;

/// What is read of one scope of one peer ends up here.
#[derive(Clone, Copy)]
pub(super) struct Fetcher<'a> {
    pub(super) app: &'a SharedApp,
    pub(super) peer: &'a PeerAddress,
    pub(super) scope: Scope,
    /// The peer's.
    pub(super) incarnation: [u8; 16],
    /// For all that is not a tail: one request at a time.
    pub(super) control: &'a Mutex<Connection>,
}

/// What a fetch came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Fetched {
    /// Entries that the peer sent.
    pub(super) sent: usize,
    /// What became of them.
    pub(super) taken: Taken,
    /// Ids that were asked for and did not come.
    pub(super) unserved: Vec<[u8; ID_PREFIX_BYTES]>,
}

impl Fetcher<'_> {
    /// Fetches the entries with these ids.
    pub(super) async fn fetch(&self, mut wanted: Vec<[u8; ID_PREFIX_BYTES]>) -> Result<Fetched, FollowError> {
        // In random order (they are hashes): a server learns nothing from which come first.
        wanted.sort_unstable();
        let mut fetched = Fetched::default();
        for wanted in wanted.chunks(MAX_FETCH_IDS) {
            let some = self.fetch_sorted(&mut *self.control.lock().await, wanted).await?;
            fetched.sent += some.sent;
            fetched.taken += some.taken;
            fetched.unserved.extend(some.unserved);
        }
        Ok(fetched)
    }

    /// Fetches the entries with these ids, which ascend, in one request.
    pub(super) async fn fetch_sorted(
        &self,
        control: &mut Connection,
        wanted: &[[u8; ID_PREFIX_BYTES]],
    ) -> Result<Fetched, FollowError> {
        let mut items = Items::new(control.post("/sync/v1/entries", wanted.concat()).await?)?.paced();
        let mut batch = Batch::default();
        let most = wanted.len() * 2;
        let mut served = vec![false; wanted.len()];
        let mut fetched = Fetched::default();
        while let Some(item) = items.next().await? {
            if let Item::Head(head) = &item {
                let id: [u8; 32] = Sha256::digest(head).into();
                let place = id.first_chunk().and_then(|prefix| wanted.binary_search(prefix).ok());
                let Some(place) = place else {
                    return Err(RequestError::Form("an entry that was not asked for".into()).into());
                };
                served[place] = true;
                fetched.sent += 1;
                // The next head begins a new entry: what is complete can be committed.
                if batch.entries.len() >= MAX_ITEMS_PER_MARK {
                    fetched.taken += self.commit(std::mem::take(&mut batch), None).await?;
                }
            }
            batch.push(item)?;
            if fetched.sent > most {
                return Err(RequestError::Form("more entries than were asked for".into()).into());
            }
        }
        fetched.taken += self.commit(batch, None).await?;
        fetched.taken.unsent = wanted.len().saturating_sub(fetched.sent) as u64;
        self.app.peers.received(self.peer, items.bytes, fetched.taken);
        let unserved = wanted.iter().zip(served).filter(|(_, served)| !served);
        fetched.unserved = unserved.map(|(id, _)| *id).collect();
        Ok(fetched)
    }

    /// Verifies a batch and offers it to the set.
    pub(super) async fn commit(&self, batch: Batch, after: Option<u64>) -> Result<Taken, FollowError> {
        self.keep(self.verify(batch).await?, after).await
    }

    /// Makes entries of what came; one that is none is an error.
    pub(super) async fn verify(&self, batch: Batch) -> Result<Vec<VerifiedEntry>, FollowError> {
        let scope = self.scope;
        blocking(self.app, move |_| batch.verify(scope)).await
    }

    /// Offers entries to the set, together with the position that covers them.
    pub(super) async fn keep(
        &self,
        entries: Vec<VerifiedEntry>,
        after: Option<u64>,
    ) -> Result<Taken, FollowError> {
        let (address, scope, incarnation) = (self.peer.clone(), self.scope, self.incarnation);
        let peer = address.to_string();
        blocking(self.app, move |app| {
            let position = after.map(|after| TailPosition { peer: &peer, scope, incarnation, after });
            let outcomes = app.take_in(&entries, position)?;
            app.shown
                .by(&address, entries.iter().filter_map(|entry| entry.head().id().0.first_chunk().copied()));
            let count = |what| outcomes.iter().filter(|outcome| **outcome == what).count() as u64;
            Ok(Taken { new: count(Outcome::New), known: count(Outcome::Known), unsent: 0 })
        })
        .await
    }
}

/// Heads with their bodies, as they came.
#[derive(Default)]
pub(super) struct Batch {
    entries: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    bytes: usize,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= FULL_BATCH || self.bytes >= FULL_BATCH_BYTES
    }

    pub(super) fn append(&mut self, mut later: Self) {
        self.entries.append(&mut later.entries);
        self.bytes += later.bytes;
    }

    /// Adds an entry of a stream that has no marks: whoever reads it commits when the batch is full.
    pub(super) fn push_whole(&mut self, (head, body): Unverified) {
        self.bytes += head.len() + body.as_ref().map_or(0, Vec::len);
        self.entries.push((head, body));
    }

    pub(super) fn push(&mut self, item: Item) -> Result<(), RequestError> {
        match item {
            Item::Head(head) => {
                self.bytes += head.len();
                self.entries.push((head, None));
            }
            // The reader lets a body through only right after its head.
            Item::Body(body) => {
                if let Some(entry) = self.entries.last_mut() {
                    self.bytes += body.len();
                    entry.1 = Some(body);
                }
            }
            Item::Id(_) | Item::Mark(_) => {
                return Err(RequestError::Form("an id or mark among entries".into()));
            }
        }
        if self.entries.len() > MAX_UNMARKED_ITEMS {
            return Err(RequestError::Form("too many entries without a mark".into()));
        }
        Ok(())
    }

    fn verify(&self, scope: Scope) -> Result<Vec<VerifiedEntry>, FollowError> {
        let entries = VerifiedEntry::verify_all(&self.entries)
            .map_err(|error| FollowError::Invalid(error.to_string()))?;
        match entries.iter().any(|entry| entry.head().scope() != scope) {
            true => Err(FollowError::Invalid(format!("an entry of another scope than {}", scope.name()))),
            false => Ok(entries),
        }
    }
}

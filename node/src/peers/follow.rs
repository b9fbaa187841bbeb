//! Follows one peer: its tails, as long as it lives, with a back-off when it does not.
//!
//! The peer is not trusted: each entry is verified, and a stream that lies ends the connection.
//! What a position covers is committed together with the position, so a cut costs at most the
//! items since the last mark.

use super::address::PeerAddress;
use super::client::{Connection, RequestError};
use super::items::Items;
use super::status::StateAnswer;
use crate::app::{SharedApp, blocking};
use crate::disk::wait_for_space;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::ingest::{Outcome, TailPosition};
use deadwax_index::store::StoreError;
use deadwax_index::sync::wire::{ID_PREFIX_BYTES, Item, MAX_FETCH_IDS, MAX_ITEMS_PER_MARK};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::Instant;

/// First wait after a failure; doubles up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Duration = Duration::from_secs(1);
/// A peer that is down for long is asked every five minutes.
const MAX_BACKOFF: Duration = Duration::from_secs(300);
/// A connection that lasted this long was a good one: the back-off starts anew.
const GOOD_CONNECTION: Duration = Duration::from_secs(60);
/// How often a peer is asked for its state while its tails are open.
const STATE_INTERVAL: Duration = Duration::from_secs(30);
/// Entries that this peer named wait this long for the peer that sends whole entries.
const GRACE: Duration = Duration::from_secs(2);
/// Items that may come before a mark. A server marks more often; this one cannot exhaust memory.
const MAX_UNMARKED_ITEMS: usize = 4 * MAX_ITEMS_PER_MARK;
/// A transaction takes in this much at most, and what comes until the next mark. The ids of entries are random,
/// so that each touches pages of its own: few large transactions write fewer of them than many small ones.
const FULL_BATCH: usize = 4_096;
const FULL_BATCH_BYTES: usize = 4 << 20;
/// How long a transaction waits for more: much less than a round trip, and long enough for what is on its way.
const LINGER: Duration = Duration::from_millis(10);

/// Why following a peer ended.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the peer sent something that is not a valid entry: {0}")]
    Invalid(String),
    #[error("the peer closed its tail")]
    Closed,
    #[error("what the peer sent could not be kept: {0}")]
    Store(#[from] StoreError),
}

/// Which tail of a scope is read with whole entries; the others name ids only.
#[derive(Default)]
pub struct Turns([Arc<Mutex<()>>; 2]);

/// Follows `peer` for ever.
pub async fn follow(app: SharedApp, peer: PeerAddress, turns: Arc<Turns>) {
    let mut backoff = MIN_BACKOFF;
    loop {
        let started = Instant::now();
        let Err(error) = connection(&app, &peer, &turns).await;
        tracing::debug!(%error, "a peer's connection ended");
        app.peers.failed(&peer, &error.to_string());
        if let FollowError::Store(StoreError::Full) = error {
            // The peer is as good as before, and what it sends could not be kept.
            wait_for_space(&app).await;
            backoff = MIN_BACKOFF;
            continue;
        }
        if started.elapsed() >= GOOD_CONNECTION {
            backoff = MIN_BACKOFF;
        }
        tokio::time::sleep(backoff.mul_f64(jitter())).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

/// 0.75 to 1.25, so that nodes do not knock in step.
fn jitter() -> f64 {
    let mut byte = [128];
    // Without random numbers the wait is just not varied.
    let _ = getrandom::fill(&mut byte);
    0.75 + f64::from(byte[0]) / 510.0
}

async fn connection(
    app: &SharedApp,
    peer: &PeerAddress,
    turns: &Turns,
) -> Result<std::convert::Infallible, FollowError> {
    let mut control = Connection::open(&app.dialer, peer).await?;
    let state: StateAnswer = control.get_json("/sync/v1/state").await?;
    let incarnation = data_encoding::HEXLOWER
        .decode(state.incarnation.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| RequestError::Form("the incarnation is not 32 hexadecimal digits".into()))?;
    let tails = Scope::ALL.map(|scope| state.tail.get(&scope).copied().unwrap_or(0));
    let core_tail = tails[Scope::Core as usize];
    app.peers.answered(peer, state);
    let control = Arc::new(Mutex::new(control));
    let (progress, core_progress) = watch::channel(0);
    let tail = |scope: Scope| Tail {
        app,
        peer,
        turns,
        scope,
        incarnation,
        newest: tails[scope as usize],
        control: &control,
        progress: &progress,
    };
    let main = async {
        // Who belongs to the network comes first: it decides what the rest is worth.
        let mut core_progress = core_progress;
        let _ = core_progress.wait_for(|read| *read >= core_tail).await;
        tail(Scope::Main).follow().await
    };
    let (never, _, _) = tokio::try_join!(tail(Scope::Core).follow(), main, watch_state(app, peer, &control))?;
    Ok(never)
}

/// Asks for the state now and then, and when entries came.
async fn watch_state(
    app: &SharedApp,
    peer: &PeerAddress,
    control: &Mutex<Connection>,
) -> Result<std::convert::Infallible, FollowError> {
    let mut released = app.released.subscribe();
    loop {
        // Entries come in bursts: one question after the burst is enough.
        let _ = tokio::time::timeout(STATE_INTERVAL, released.changed()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        released.mark_unchanged();
        let state = control.lock().await.get_json("/sync/v1/state").await?;
        app.peers.answered(peer, state);
    }
}

struct Tail<'a> {
    app: &'a SharedApp,
    peer: &'a PeerAddress,
    turns: &'a Turns,
    scope: Scope,
    incarnation: [u8; 16],
    /// The peer's newest position when the connection began.
    newest: u64,
    control: &'a Mutex<Connection>,
    progress: &'a watch::Sender<u64>,
}

impl Tail<'_> {
    async fn follow(self) -> Result<std::convert::Infallible, FollowError> {
        let turn = Arc::clone(&self.turns.0[self.scope as usize]);
        let mut guard = Arc::clone(&turn).try_lock_owned().ok();
        // Whether this tail was read to its end by ids before.
        let mut met = false;
        loop {
            // A later position was given out by a database that the peer's is an older copy of.
            let position = Some(self.position().await?).filter(|at| *at <= self.newest || met).unwrap_or(0);
            let have_some = blocking(self.app, {
                let scope = self.scope;
                move |app| app.store.scope_state(scope)
            })
            .await?
            .count
                > 0;
            // A first meeting of two nodes that both have entries: most are on both sides.
            let full = guard.is_some() && (met || position > 0 || !have_some);
            let mut connection = Connection::open(&self.app.dialer, self.peer).await?;
            let path = format!(
                "/sync/v1/{}/tail?inc={}&after={position}&form={}",
                self.scope.name(),
                data_encoding::HEXLOWER.encode(&self.incarnation),
                if full { "full" } else { "ids" },
            );
            let items = Items::new(connection.get(&path).await?)?;
            if full {
                return self.read_full(items).await;
            }
            guard = self.read_ids(items, guard, &turn).await?;
            met = true;
        }
    }

    async fn position(&self) -> Result<u64, StoreError> {
        let (peer, scope, incarnation) = (self.peer.to_string(), self.scope, self.incarnation);
        blocking(self.app, move |app| app.store.tail_position(&peer, scope, &incarnation)).await
    }

    /// Takes in whole entries until the stream ends.
    async fn read_full(&self, mut items: Items) -> Result<std::convert::Infallible, FollowError> {
        // What came after the last mark.
        let mut rest = Batch::default();
        loop {
            let mut after = until_mark(&mut items, &mut rest).await?;
            let mut batch = std::mem::take(&mut rest);
            let ended = loop {
                if batch.is_full() {
                    break Ok(());
                }
                match tokio::time::timeout(LINGER, until_mark(&mut items, &mut rest)).await {
                    Ok(Ok(later)) => {
                        after = later;
                        batch.append(std::mem::take(&mut rest));
                    }
                    Ok(Err(error)) => break Err(error),
                    Err(_) => break Ok(()),
                }
            };
            let new = self.commit(batch, Some(after)).await?;
            self.app.peers.received(self.peer, std::mem::take(&mut items.bytes), new);
            self.progress.send_if_modified(|read| self.scope == Scope::Core && replace(read, after));
            // Whatever ends a stream, what was marked before is kept.
            ended?;
        }
    }

    /// Takes in ids and fetches what no other peer delivers, until it is this tail's turn to be
    /// read in full. A tail that has the turn already (`guard`) catches up first.
    async fn read_ids(
        &self,
        mut items: Items,
        guard: Option<OwnedMutexGuard<()>>,
        turn: &Arc<Mutex<()>>,
    ) -> Result<Option<OwnedMutexGuard<()>>, FollowError> {
        let (mut ids, mut marked) = (Vec::new(), None);
        let mut unmarked = 0;
        loop {
            // Whole batches: as long as more is here, or fits into one fetch.
            let item = match items.ready()? {
                Some(item) if ids.len() < MAX_FETCH_IDS - MAX_UNMARKED_ITEMS => item,
                Some(_) if marked.is_none() => {
                    return Err(RequestError::Form("too many ids without a mark".into()).into());
                }
                kept => {
                    if let Some((after, count)) = marked.take() {
                        let wanted: Vec<_> = ids.drain(..count).collect();
                        self.fetch(wanted, after, guard.is_none()).await?;
                        self.app.peers.received(self.peer, std::mem::take(&mut items.bytes), 0);
                        self.progress
                            .send_if_modified(|read| self.scope == Scope::Core && replace(read, after));
                        if guard.is_some() && after >= self.newest && ids.is_empty() {
                            return Ok(guard);
                        }
                    }
                    match kept {
                        Some(item) => item,
                        None => tokio::select! {
                            item = items.next() => item?.ok_or(FollowError::Closed)?,
                            guard = Arc::clone(turn).lock_owned(), if guard.is_none() && ids.is_empty() => return Ok(Some(guard)),
                        },
                    }
                }
            };
            match item {
                Item::Id(id) => {
                    ids.push(id);
                    unmarked += 1;
                    if unmarked > MAX_UNMARKED_ITEMS {
                        return Err(RequestError::Form("too many ids without a mark".into()).into());
                    }
                }
                Item::Mark(after) => {
                    marked = Some((after, ids.len()));
                    unmarked = 0;
                }
                Item::Head(_) | Item::Body(_) => {
                    return Err(RequestError::Form("an entry among ids".into()).into());
                }
            }
        }
    }

    /// Fetches those of `ids` that are missing, then commits the position.
    async fn fetch(
        &self,
        ids: Vec<[u8; ID_PREFIX_BYTES]>,
        after: u64,
        wait: bool,
    ) -> Result<(), FollowError> {
        let missing = |ids: Vec<_>| blocking(self.app, move |app| app.store.missing(&ids));
        let mut wanted = missing(ids).await?;
        if wait && !wanted.is_empty() {
            tokio::time::sleep(GRACE).await;
            wanted = missing(wanted).await?;
        }
        if !wanted.is_empty() {
            // In random order (they are hashes): a server learns nothing from which come first.
            wanted.sort_unstable();
            let mut control = self.control.lock().await;
            let mut items = Items::new(control.post("/sync/v1/entries", wanted.concat()).await?)?;
            let mut batch = Batch::default();
            let most = wanted.len() * 2;
            let (mut new, mut heads) = (0, 0);
            while let Some(item) = items.next().await? {
                // The next head begins a new entry: what is complete can be committed.
                if matches!(item, Item::Head(_)) && batch.entries.len() >= MAX_ITEMS_PER_MARK {
                    new += self.commit(std::mem::take(&mut batch), None).await?;
                }
                heads += usize::from(matches!(item, Item::Head(_)));
                batch.push(item)?;
                if heads > most {
                    return Err(RequestError::Form("more entries than were asked for".into()).into());
                }
            }
            new += self.commit(batch, None).await?;
            self.app.peers.received(self.peer, items.bytes, new);
        }
        self.commit(Batch::default(), Some(after)).await?;
        Ok(())
    }

    /// Verifies a batch and offers it to the set; returns how many entries were new.
    fn commit(&self, batch: Batch, after: Option<u64>) -> impl Future<Output = Result<u64, FollowError>> {
        let (peer, scope, incarnation) = (self.peer.to_string(), self.scope, self.incarnation);
        blocking(self.app, move |app| {
            let entries = batch.verify(scope)?;
            let position = after.map(|after| TailPosition { peer: &peer, scope, incarnation, after });
            let outcomes = app.take_in(&entries, position)?;
            Ok(outcomes.iter().filter(|outcome| **outcome == Outcome::New).count() as u64)
        })
    }
}

fn replace(read: &mut u64, after: u64) -> bool {
    std::mem::replace(read, after) != after
}

/// Reads entries up to the next mark into `batch`. Dropping the future loses nothing: `batch` has what was read.
async fn until_mark(items: &mut Items, batch: &mut Batch) -> Result<u64, FollowError> {
    loop {
        match items.next().await?.ok_or(FollowError::Closed)? {
            Item::Mark(after) => return Ok(after),
            item => batch.push(item)?,
        }
    }
}

/// Heads with their bodies, as they came.
#[derive(Default)]
struct Batch {
    entries: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.entries.len() >= FULL_BATCH || self.bytes >= FULL_BATCH_BYTES
    }

    fn append(&mut self, mut later: Self) {
        self.entries.append(&mut later.entries);
        self.bytes += later.bytes;
    }

    fn push(&mut self, item: Item) -> Result<(), RequestError> {
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

#[cfg(test)]
mod tests;

//! Follows one peer: its tails, as long as it lives, with a back-off when it does not.
//!
//! The peer is not trusted: each entry is verified, and a stream that lies ends the connection.
//! What a position covers is committed together with the position, so a cut costs at most the
//! items since the last mark.

use super::address::PeerAddress;
use super::claims::Claims;
use super::client::{Connection, RequestError};
use super::fetch::{Batch, Fetcher, MAX_UNMARKED_ITEMS};
use super::items::Items;
use super::segments::{SegmentTurns, Start};
use super::status::{StateAnswer, Taken};
use super::watch::watch_state;
use crate::app::{SharedApp, blocking};
use crate::disk::wait_for_space;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::store::StoreError;
use deadwax_index::sync::wire::{ID_PREFIX_BYTES, Item, MAX_FETCH_IDS};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::Instant;

/// First wait after a failure; doubles up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Duration = Duration::from_secs(1);
/// A peer that is down for long is asked every five minutes.
const MAX_BACKOFF: Duration = Duration::from_secs(300);
/// One whose word is worth nothing is asked every five minutes at first, and every hour in the end.
const MAX_BACKOFF_OF_LIARS: Duration = Duration::from_secs(3_600);
/// A connection that was open for this long was a good one: the back-off starts anew. To wait in vain for an answer may
/// take longer, and is none.
pub(super) const GOOD_CONNECTION: Duration = Duration::from_secs(60);

/// Whether what others fetch has come is looked at this often, if they say nothing.
const CLAIMS_LOOK: Duration = Duration::from_secs(1);
/// How long a transaction waits for more: much less than a round trip, and long enough for what is on its way.
const LINGER: Duration = Duration::from_millis(10);
/// What has come is committed after this long, even if marks never cease to come.
const MAX_LINGER: Duration = Duration::from_secs(1);

/// A tail of more entries than this is not read from its beginning by a node that has entries too: at 17 bytes
/// for each, the sketch of some differences is shorter.
const LONG_TAIL: u64 = 4_096;

/// Why following a peer ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the peer sent something that is not a valid entry: {0}")]
    Invalid(String),
    #[error("the peer sent a segment that is not what it lists: {0}")]
    Segment(String),
    #[error("the peer closed its tail")]
    Closed,
    #[error("what the peer sent could not be kept: {0}")]
    Store(#[from] StoreError),
}

impl FollowError {
    /// Whether an honest peer would not have done so, whatever its network is like.
    fn is_fault(&self) -> bool {
        let of_answer = |error: &RequestError| {
            matches!(error, RequestError::Form(_) | RequestError::BelowPace(_) | RequestError::TooSlow(_))
        };
        self.is_lie() || matches!(self, Self::Request(error) if of_answer(error))
    }

    /// Whether the peer sent bytes that no honest one sends. What else ends a connection may be bad luck.
    fn is_lie(&self) -> bool {
        matches!(self, Self::Invalid(_) | Self::Segment(_) | Self::Request(RequestError::NoItem(_)))
    }
}

/// What those who follow the peers of one node agree on.
#[derive(Default)]
pub struct Turns {
    /// By scope: who catches up by whole entries; the others name ids meanwhile.
    full: [Arc<Mutex<()>>; 2],
    /// What is being fetched.
    claims: Claims,
    /// Whose segments are read.
    segments: SegmentTurns,
}

/// Follows one peer for ever, at whichever of its `addresses` answers: one is tried after the other, never two at once.
pub async fn follow(
    app: SharedApp,
    addresses: Vec<PeerAddress>,
    turns: Arc<Turns>,
) -> std::convert::Infallible {
    let mut backoff = MIN_BACKOFF;
    let mut addresses = addresses.iter().cycle().peekable();
    // The fault that was told last: a peer that goes on with it is not told of again.
    let mut told = None;
    loop {
        let Some(peer) = addresses.peek().copied() else { return std::future::pending().await };
        let Err(error) = connection(&app, peer, &turns).await;
        let text = Some(error.to_string());
        if error.is_fault() && told != text {
            tracing::warn!(%error, "a peer is at fault; `deadwax peers` shows which one");
            told = text;
        } else {
            tracing::debug!(%error, "a peer's connection ended");
        }
        let was_good = app.peers.failed(peer, &error.to_string());
        if error.is_lie() {
            app.peers.lied(peer);
        }
        if let FollowError::Store(StoreError::Full) = error {
            // The peer is as good as before, and what it sends could not be kept.
            wait_for_space(&app).await;
            backoff = MIN_BACKOFF;
            continue;
        }
        if was_good {
            // Where it answered once, it probably answers again.
            backoff = MIN_BACKOFF;
        } else {
            addresses.next();
        }
        let (min, max) = match app.peers.is_out_of_credit(peer) {
            true => (MAX_BACKOFF, MAX_BACKOFF_OF_LIARS),
            false => (MIN_BACKOFF, MAX_BACKOFF),
        };
        backoff = backoff.clamp(min, max);
        tokio::time::sleep(backoff.mul_f64(jitter())).await;
        backoff = (backoff * 2).min(max);
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
    let counts = Scope::ALL.map(|scope| state.scopes.get(&scope).map_or(0, |scope| scope.count));
    let core_tail = tails[Scope::Core as usize];
    let own_core = blocking(app, |app| app.store.scope_state(Scope::Core)).await?;
    let own_core = data_encoding::HEXLOWER.encode(&own_core.root);
    let core_is_here = state.scopes.get(&Scope::Core).is_some_and(|core| core.root == own_core);
    app.peers.answered(peer, state);
    let control = Mutex::new(control);
    let fetchers = Scope::ALL.map(|scope| Fetcher { app, peer, scope, incarnation, control: &control });
    let (progress, read) = watch::channel([0; 2]);
    let tail = |scope: Scope| Tail {
        fetcher: fetchers[scope as usize],
        turns,
        newest: tails[scope as usize],
        count: counts[scope as usize],
        progress: &progress,
    };
    let main = async {
        let tail = tail(Scope::Main);
        // Who belongs to the network comes first: it decides what the rest is worth. Whoever knows the same of it, and
        // has much to compare, need not wait.
        if !core_is_here || !tail.is_long_and_new().await? {
            let mut read = read.clone();
            let _ = read.wait_for(|read| read[Scope::Core as usize] >= core_tail).await;
        }
        tail.follow().await
    };
    let watching = watch_state(fetchers, read.clone());
    let (never, _, _) = tokio::try_join!(tail(Scope::Core).follow(), main, watching)?;
    Ok(never)
}

struct Tail<'a> {
    fetcher: Fetcher<'a>,
    turns: &'a Turns,
    /// The peer's newest position when the connection began.
    newest: u64,
    /// How many entries it had then.
    count: u64,
    /// By scope, how far the tails were read.
    progress: &'a watch::Sender<[u64; 2]>,
}

/// A tail that is read with whole entries.
struct FullStream {
    items: Items,
    /// What came after the last mark.
    rest: Batch,
    /// The last mark.
    position: u64,
}

/// What was read of it at once.
struct Stretch {
    entries: Vec<VerifiedEntry>,
    /// The mark that covers them.
    after: u64,
    /// Compressed, from the peer.
    bytes: u64,
    /// Whether the stream went on.
    ended: Result<(), FollowError>,
}

impl Tail<'_> {
    async fn follow(self) -> Result<std::convert::Infallible, FollowError> {
        let Fetcher { app, peer, scope, incarnation, .. } = self.fetcher;
        let turn = Arc::clone(&self.turns.full[scope as usize]);
        let mut guard = Arc::clone(&turn).try_lock_owned().ok();
        // Whether the sets were compared, or this tail was read to its end by ids.
        let mut met = false;
        let mut has_started = false;
        loop {
            // A later position was given out by a database that the peer's is an older copy of.
            let position = Some(self.position().await?).filter(|at| *at <= self.newest || met).unwrap_or(0);
            let own_count = self.own_count().await?;
            let have_some = own_count > 0;
            if position == 0 && !met && !has_started {
                met = self.start().await?;
                has_started = true;
                continue;
            }
            if position == 0 && have_some && !met && self.count > LONG_TAIL && self.meet(own_count).await? {
                met = true;
                continue;
            }
            // Where two nodes that both have entries meet first, most of a tail is on both sides; and when others have
            // brought what was missed, most of its rest.
            let lacks = self.count.saturating_sub(own_count);
            let is_rest_new = (met || position > 0) && lacks > self.newest.saturating_sub(position) / 2;
            let is_all_new = position < self.newest && (is_rest_new || !have_some);
            guard = guard.filter(|_| is_all_new);
            let mut connection = Connection::open(&app.dialer, peer).await?;
            let path = format!(
                "/sync/v1/{}/tail?inc={}&after={position}&form={}",
                scope.name(),
                data_encoding::HEXLOWER.encode(&incarnation),
                if guard.is_some() { "full" } else { "fresh" },
            );
            let items = Items::new(connection.get(&path).await?)?;
            guard = match guard {
                Some(_) => self.read_full(items.paced(), position).await.map(|()| None)?,
                None => Some(self.read_fresh(items, position, is_all_new.then_some(&turn)).await?),
            };
            met = true;
        }
    }

    /// Whether sets are compared before the tail is read: it is long, was never read, and this node has entries too.
    async fn is_long_and_new(&self) -> Result<bool, StoreError> {
        Ok(self.count > LONG_TAIL && self.position().await? == 0 && self.own_count().await? > 0)
    }

    /// Reads segments, if this node lacks much of what the peer has; true if that was all, and the tail can be read
    /// from there.
    async fn start(&self) -> Result<bool, FollowError> {
        let Fetcher { app, scope, .. } = self.fetcher;
        let segments = &self.turns.segments;
        loop {
            if !segments.are_worth_it(app, scope, self.count).await? {
                return Ok(false);
            }
            let _turn = segments.wait(scope as usize).await;
            // Whoever had the turn may have read everything.
            if !segments.are_worth_it(app, scope, self.count).await? {
                return Ok(false);
            }
            match self.fetcher.read_segments(segments).await? {
                Start::Whole(position) => {
                    self.fetcher.commit(Batch::default(), Some(position)).await?;
                    self.has_read(position);
                    return Ok(true);
                }
                Start::Partly => return Ok(false),
                Start::HandedOn => {}
            }
        }
    }

    /// Compares two large sets in place of reading a tail from its beginning; false if that did not find out
    /// all that the peer has.
    async fn meet(&self, own_count: u64) -> Result<bool, FollowError> {
        let compared = self.fetcher.compare(Some(self.count.abs_diff(own_count))).await?;
        let Some(compared) = compared.filter(|compared| compared.is_whole) else { return Ok(false) };
        self.fetcher.commit(Batch::default(), Some(compared.position)).await?;
        self.has_read(compared.position);
        Ok(true)
    }

    async fn own_count(&self) -> Result<u64, StoreError> {
        let scope = self.fetcher.scope;
        Ok(blocking(self.fetcher.app, move |app| app.store.scope_state(scope)).await?.count)
    }

    async fn position(&self) -> Result<u64, StoreError> {
        let Fetcher { app, scope, incarnation, .. } = self.fetcher;
        let peer = self.fetcher.peer.to_string();
        blocking(app, move |app| app.store.tail_position(&peer, scope, &incarnation)).await
    }

    /// Takes in whole entries until nothing is left of what there was when the connection began. While some are stored,
    /// those after them are read and verified.
    async fn read_full(&self, items: Items, position: u64) -> Result<(), FollowError> {
        let Fetcher { app, peer, .. } = self.fetcher;
        let mut stream = FullStream { items, rest: Batch::default(), position };
        let mut read = self.read_stretch(&mut stream).await?;
        loop {
            let Stretch { entries, after, bytes, ended } = read;
            let keep = async {
                let taken = self.fetcher.keep(entries, Some(after)).await?;
                app.peers.received(peer, bytes, taken);
                self.has_read(after);
                Ok::<_, FollowError>(())
            };
            // Whatever ends a stream, what was marked before is kept.
            if ended.is_err() || after >= self.newest {
                keep.await?;
                return ended;
            }
            let (_, next) = tokio::try_join!(keep, async { Ok(self.read_stretch(&mut stream).await) })?;
            read = next?;
        }
    }

    /// Reads up to a mark, and as far as more is on its way, and verifies it.
    async fn read_stretch(&self, stream: &mut FullStream) -> Result<Stretch, FollowError> {
        let FullStream { items, rest, position } = stream;
        *position = until_mark(items, rest, *position).await?;
        let began = Instant::now();
        let mut batch = std::mem::take(rest);
        let ended = loop {
            if batch.is_full() || began.elapsed() >= MAX_LINGER {
                break Ok(());
            }
            match tokio::time::timeout(LINGER, until_mark(items, rest, *position)).await {
                Ok(Ok(later)) => {
                    *position = later;
                    batch.append(std::mem::take(rest));
                }
                Ok(Err(error)) => break Err(error),
                Err(_) => break Ok(()),
            }
        };
        let entries = self.fetcher.verify(batch).await?;
        Ok(Stretch { entries, after: *position, bytes: std::mem::take(&mut items.bytes), ended })
    }

    /// Takes in ids and fetches what no other peer delivers, and entries that nobody else can have; until it is this
    /// tail's `turn` to catch up by whole entries, if it is still behind then.
    async fn read_fresh(
        &self,
        mut items: Items,
        mut position: u64,
        turn: Option<&Arc<Mutex<()>>>,
    ) -> Result<OwnedMutexGuard<()>, FollowError> {
        let (mut ids, mut batch, mut marked) = (Vec::new(), Batch::default(), None);
        // What came after the last mark.
        let (mut unmarked, mut rest) = (0, Batch::default());
        loop {
            // Whole batches: as long as more is here, or fits into one fetch.
            let item = match items.ready()? {
                Some(item) if ids.len() < MAX_FETCH_IDS - MAX_UNMARKED_ITEMS && !batch.is_full() => item,
                Some(_) if marked.is_none() => {
                    return Err(RequestError::Form("too many ids without a mark".into()).into());
                }
                kept => {
                    if let Some((after, count)) = marked.take() {
                        let wanted: Vec<_> = ids.drain(..count).collect();
                        let taken = self.take(std::mem::take(&mut batch), wanted, after).await?;
                        let bytes = std::mem::take(&mut items.bytes);
                        self.fetcher.app.peers.received(self.fetcher.peer, bytes, taken);
                        self.has_read(after);
                    }
                    let turn = turn.filter(|_| ids.is_empty() && position < self.newest);
                    match (kept, turn) {
                        (Some(item), _) => item,
                        (None, None) => items.next().await?.ok_or(FollowError::Closed)?,
                        (None, Some(turn)) => tokio::select! {
                            item = items.next() => item?.ok_or(FollowError::Closed)?,
                            guard = Arc::clone(turn).lock_owned() => return Ok(guard),
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
                    position = ascend(position, after)?;
                    marked = Some((after, ids.len()));
                    batch.append(std::mem::take(&mut rest));
                    unmarked = 0;
                }
                entry @ (Item::Head(_) | Item::Body(_)) => rest.push(entry)?,
            }
        }
    }

    /// Takes in what a tail said up to a mark: whole entries first, because nobody has to be asked for them.
    async fn take(
        &self,
        whole: Batch,
        ids: Vec<[u8; ID_PREFIX_BYTES]>,
        after: u64,
    ) -> Result<Taken, FollowError> {
        if ids.is_empty() {
            return self.fetcher.commit(whole, Some(after)).await;
        }
        let taken = self.fetcher.commit(whole, None).await?;
        self.fetch(ids, after).await?;
        Ok(taken)
    }

    /// Fetches those of `ids` that are missing, as far as no other tail does, then commits the position.
    async fn fetch(&self, ids: Vec<[u8; ID_PREFIX_BYTES]>, after: u64) -> Result<(), FollowError> {
        let app = self.fetcher.app;
        app.shown.by(self.fetcher.peer, ids.iter().copied());
        let missing = |ids: Vec<_>| blocking(app, move |app| app.store.missing(&ids));
        let mut wanted = missing(ids).await?;
        let mut ended = self.turns.claims.ended();
        while !wanted.is_empty() {
            ended.mark_unchanged();
            let claim = self.turns.claims.claim(&mut wanted);
            match claim.ids.is_empty() {
                false => {
                    let fetched = self.fetcher.fetch(claim.ids.clone()).await?;
                    app.peers.not_served(self.fetcher.peer, &fetched.unserved);
                }
                // Others are fetching all of them: they come, or somebody fails.
                true => _ = tokio::time::timeout(CLAIMS_LOOK, ended.changed()).await,
            }
            drop(claim);
            wanted = missing(wanted).await?;
        }
        self.fetcher.commit(Batch::default(), Some(after)).await?;
        Ok(())
    }

    /// The tail was read up to a position.
    fn has_read(&self, after: u64) {
        self.progress.send_if_modified(|read| {
            std::mem::replace(&mut read[self.fetcher.scope as usize], after) != after
        });
    }
}

/// Reads entries up to the next mark into `batch`. Dropping the future loses nothing: `batch` has what was read.
/// `position` is the mark before.
async fn until_mark(items: &mut Items, batch: &mut Batch, position: u64) -> Result<u64, FollowError> {
    loop {
        match items.next().await?.ok_or(FollowError::Closed)? {
            Item::Mark(after) => return Ok(ascend(position, after)?),
            item => batch.push(item)?,
        }
    }
}

/// The next mark, if it is not before the one before.
fn ascend(position: u64, after: u64) -> Result<u64, RequestError> {
    match after >= position {
        true => Ok(after),
        false => Err(RequestError::Form(format!("its marks go back, from {position} to {after}"))),
    }
}

#[cfg(test)]
mod tests;

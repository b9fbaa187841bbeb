//! A first start: a node that lacks most of what a peer has reads its segments (`doc/SYNC-PROTOCOL.md` section 12),
//! and only then its tail.
//!
//! One peer at a time; when others wait it hands on after a while, so that a slow one delays no more than its share.
//! Bytes are kept as they come (`segments/part.rs`), entries are verified and taken in as they come, so whatever
//! ends a connection or this process costs next to nothing. What was not read, or could not be, is found
//! when the sets are compared; so a peer that lies about its segments is only slower.

mod part;

use super::client::{Connection, RequestError};
use super::fetch::{Batch, Fetcher};
use super::follow::FollowError;
use super::pace::Pace;
use super::status::Taken;
use crate::app::{SharedApp, blocking};
use data_encoding::HEXLOWER;
use deadwax_index::entry::{Scope, VerifiedEntry};
use deadwax_index::store::StoreError;
use deadwax_index::sync::segments::{
    MAX_LIST_BYTES, ScopeSegments, Segment, SegmentError, SegmentList, SegmentReader,
};
use hyper::StatusCode;
use part::Part;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Mutex as Turn, MutexGuard};
use tokio::time::{Instant, sleep};

/// With fewer entries on the other side, or fewer that are lacking, a tail or a comparison is as good.
const MANY_ENTRIES: u64 = 4_096;
/// The share of a peer's entries that a node must lack to read segments: where less is missing, and scattered, a
/// comparison carries less.
const LACKING_SHARE: u64 = 2;
/// The same for a node that has read some of them: what is missing is in the others.
const LACKING_SHARE_OF_REST: u64 = 8;
/// A peer's segments are read for this long before another one that waits has its turn.
const SHARE: Duration = Duration::from_secs(300);
/// A peer that is making segments is asked again after this.
const MAKING_PAUSE: Duration = Duration::from_secs(2);
/// So often in a row, without anything new, at most: two minutes.
const MAX_PAUSES: usize = 60;
/// Lists that are read of a peer: each names something that is new.
const MAX_LISTS: usize = 200;
/// What is gathered before it is handed on.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that are read while others are verified and stored: as much as arrives during a transaction.
const PIECES_AHEAD: usize = 48;
/// Segments of which is remembered whether they were read: the lists of two peers at their longest.
const MAX_REMEMBERED: usize = 16_384;

/// What those who follow the peers of one node agree on about segments.
#[derive(Default)]
pub(super) struct SegmentTurns {
    /// By scope.
    turns: [Turn<()>; 2],
    /// By scope: who waits for it.
    waiting: [AtomicUsize; 2],
    /// By hash: whether it was read to its end, or is of no use.
    known: Mutex<HashMap<[u8; 32], bool>>,
}

/// What reading the segments of a peer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// All that the peer had up to this position was read.
    Whole(u64),
    /// What could be read was.
    Partly,
    /// Somebody else has the turn now.
    HandedOn,
}

/// What comes of the file of a segment.
enum Piece {
    Begin(Segment),
    Bytes(Vec<u8>),
    /// The hash is as listed.
    End,
}

/// Entries of a segment, verified.
struct Sound {
    entries: Vec<VerifiedEntry>,
    /// The segment that ends with them.
    ended: Option<[u8; 32]>,
}

/// Counts one who waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SegmentTurns {
    /// Waits for the turn to read segments of a scope.
    pub(super) async fn wait(&self, scope: usize) -> MutexGuard<'_, ()> {
        self.waiting[scope].fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting[scope]);
        self.turns[scope].lock().await
    }

    /// Whether this node should read the segments of a peer with so many entries.
    pub(super) async fn are_worth_it(
        &self,
        app: &SharedApp,
        scope: Scope,
        count: u64,
    ) -> Result<bool, StoreError> {
        let own = blocking(app, move |app| app.store.scope_state(scope)).await?.count;
        let share = if self.has_read_some() { LACKING_SHARE_OF_REST } else { LACKING_SHARE };
        if count.saturating_sub(own) > MANY_ENTRIES.max(count / share) {
            return Ok(true);
        }
        // Where one was begun, the rest of it is less than what it takes to find out what is missing.
        Ok(count > own && blocking(app, move |app| part::are_some(&app.store, scope)).await)
    }

    fn remember(&self, sha256: [u8; 32], was_read: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(sha256, was_read);
    }

    fn has_read_some(&self) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().any(|was_read| *was_read)
    }

    fn known(&self, sha256: &[u8; 32]) -> Option<bool> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(sha256).copied()
    }
}

impl Fetcher<'_> {
    /// Reads the peer's segments, as far as there are any and this node lacks what is in them. Whoever calls has the
    /// turn.
    pub(super) async fn read_segments(&self, turns: &SegmentTurns) -> Result<Start, FollowError> {
        let mut connection = Connection::open(&self.app.dialer, self.peer).await?;
        let until = Instant::now() + SHARE;
        let mut pauses = 0;
        for _ in 0..MAX_LISTS {
            let Some((list, building)) = self.segment_list(&mut connection).await? else {
                return Ok(Start::Partly);
            };
            let (planned, all_read) = self.plan(&list, turns).await?;
            if planned.is_empty() {
                if building && pauses < MAX_PAUSES {
                    pauses += 1;
                    sleep(MAKING_PAUSE).await;
                    continue;
                }
                let is_complete = list.is_complete();
                if is_complete {
                    // What other peers began to send is here now.
                    part::remove_all(self.app, self.scope).await;
                }
                let is_whole = all_read && is_complete;
                return Ok(if is_whole { Start::Whole(list.position) } else { Start::Partly });
            }
            pauses = 0;
            let (pieces, from_pieces) = channel(PIECES_AHEAD);
            let (sound, from_sound) = channel(1);
            let load = self.load(&mut connection, planned, pieces, turns, until);
            let verify = self.verify_all(from_pieces, sound, turns);
            let (goes_on, (), ()) = tokio::try_join!(load, verify, self.keep_all(from_sound, turns))?;
            if !goes_on {
                return Ok(Start::HandedOn);
            }
        }
        Ok(Start::Partly)
    }

    /// The peer's list for this scope, and whether more are being made; none if it has no such request.
    async fn segment_list(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<(ScopeSegments, bool)>, FollowError> {
        let answer = connection.get_json_of::<SegmentList>("/sync/v1/segments", MAX_LIST_BYTES).await;
        let mut list = match answer {
            Err(RequestError::Status(StatusCode::NOT_FOUND)) => return Ok(None),
            answer => answer?,
        };
        if list.incarnation != HEXLOWER.encode(&self.incarnation) {
            return Err(RequestError::Form("its segments are of another incarnation".into()).into());
        }
        let Some(scope) = list.scopes.remove(&self.scope) else { return Ok(None) };
        scope.check().map_err(|error| RequestError::Form(error.to_string()))?;
        Ok(Some((scope, list.building)))
    }

    /// Which segments to read, and whether all others have been read.
    async fn plan(
        &self,
        list: &ScopeSegments,
        turns: &SegmentTurns,
    ) -> Result<(Vec<Segment>, bool), FollowError> {
        let (mut planned, mut all_read) = (Vec::new(), true);
        for segment in &list.segments {
            match turns.known(&segment.sha256) {
                Some(true) => {}
                None if segment.count == 0 => {}
                None if self.is_worth_it(segment).await? => planned.push(segment.clone()),
                _ => all_read = false,
            }
        }
        Ok((planned, all_read))
    }

    /// Whether what is left to read of a segment is not much more than what this node lacks of it.
    async fn is_worth_it(&self, segment: &Segment) -> Result<bool, StoreError> {
        let (scope, of) = (self.scope, segment.clone());
        blocking(self.app, move |app| {
            let own = app.store.count_between(scope, &of.first, &of.last)?;
            let left_bytes = of.bytes.saturating_sub(part::length(&app.store, scope, &of.sha256));
            // As shares of the segment: half of what is left to read must be of use.
            Ok(left_bytes * of.count <= 2 * of.count.saturating_sub(own) * of.bytes)
        })
        .await
    }

    /// Brings the bytes of segments, those first that an earlier connection has left; false if somebody else is to
    /// have the turn.
    async fn load(
        &self,
        connection: &mut Connection,
        planned: Vec<Segment>,
        to: Sender<Piece>,
        turns: &SegmentTurns,
        until: Instant,
    ) -> Result<bool, FollowError> {
        for segment in planned {
            let mut part = Part::open(self.app, self.scope, &segment).await?;
            hand_on(&to, Piece::Begin(segment.clone())).await;
            while let Some(piece) = part.read_on(self.app, PIECE_BYTES).await? {
                hand_on(&to, Piece::Bytes(piece)).await;
            }
            if part.length() < segment.bytes {
                let path = format!("/sync/v1/segments/{}", HEXLOWER.encode(&segment.sha256));
                let range = part.length() as usize..segment.bytes as usize;
                let answer = match connection.get_range(&path, range).await {
                    // It was replaced by a newer one: the next list has that.
                    Err(RequestError::Status(StatusCode::NOT_FOUND)) => {
                        turns.remember(segment.sha256, false);
                        part.remove(self.app).await;
                        return Ok(true);
                    }
                    answer => answer?,
                };
                let (mut body, mut pace) = (answer.into_body(), Pace::default());
                // Kept as it comes, because nobody knows when it ends; handed on in larger pieces.
                let mut gathered = Vec::new();
                while let Some(chunk) = pace.next_chunk(&mut body).await? {
                    self.app.peers.received(self.peer, chunk.len() as u64, Taken::default());
                    if part.length() + chunk.len() as u64 > segment.bytes {
                        return Err(self.useless(turns, part, "it is longer than its list says").await);
                    }
                    part.append(self.app, &chunk).await?;
                    gathered.extend(chunk);
                    if gathered.len() >= PIECE_BYTES || part.length() == segment.bytes {
                        for piece in std::mem::take(&mut gathered).chunks(PIECE_BYTES) {
                            hand_on(&to, Piece::Bytes(piece.to_vec())).await;
                        }
                    }
                    let others_wait = turns.waiting[self.scope as usize].load(Ordering::Relaxed) > 0;
                    if others_wait && Instant::now() >= until {
                        // The rest of the answer is on its way, and so is this connection's end.
                        return Ok(false);
                    }
                }
            }
            if part.length() < segment.bytes {
                return Err(self.useless(turns, part, "it is shorter than its list says").await);
            }
            if part.hash() != segment.sha256 {
                return Err(self.useless(turns, part, "its bytes do not have the hash in its name").await);
            }
            hand_on(&to, Piece::End).await;
        }
        Ok(true)
    }

    /// A segment that is not asked for again, and why.
    async fn useless(&self, turns: &SegmentTurns, part: Part, why: &str) -> FollowError {
        turns.remember(*part.name(), false);
        part.remove(self.app).await;
        FollowError::Segment(why.into())
    }

    /// Makes entries of what comes, and hands them on.
    async fn verify_all(
        &self,
        mut from: Receiver<Piece>,
        to: Sender<Sound>,
        turns: &SegmentTurns,
    ) -> Result<(), FollowError> {
        let mut reading: Option<(Segment, SegmentReader)> = None;
        let mut batch = Batch::default();
        while let Some(piece) = from.recv().await {
            let verified = match (piece, &mut reading) {
                (Piece::Begin(segment), reading) => {
                    SegmentReader::new(&segment).map(|reader| *reading = Some((segment, reader))).map_err(lie)
                }
                (Piece::Bytes(bytes), Some((_, reader))) => {
                    reader.push(&bytes);
                    self.verify_entries(reader, &mut batch, &to).await
                }
                (Piece::End, Some((segment, reader))) => match reader.finish() {
                    Ok(last) => {
                        last.into_iter().for_each(|last| batch.push_whole(last));
                        self.verify_some(&mut batch, Some(segment.sha256), &to).await
                    }
                    Err(error) => Err(lie(error)),
                },
                (_, None) => Ok(()),
            };
            if let (Err(FollowError::Invalid(_) | FollowError::Segment(_)), Some((segment, _))) =
                (&verified, &reading)
            {
                turns.remember(segment.sha256, false);
                part::remove(self.app, self.scope, segment.sha256).await;
            }
            verified?;
        }
        self.verify_some(&mut batch, None, &to).await
    }

    async fn verify_entries(
        &self,
        reader: &mut SegmentReader,
        batch: &mut Batch,
        to: &Sender<Sound>,
    ) -> Result<(), FollowError> {
        while let Some(entry) = reader.next_entry().map_err(lie)? {
            batch.push_whole(entry);
            if batch.is_full() {
                self.verify_some(batch, None, to).await?;
            }
        }
        Ok(())
    }

    async fn verify_some(
        &self,
        batch: &mut Batch,
        ended: Option<[u8; 32]>,
        to: &Sender<Sound>,
    ) -> Result<(), FollowError> {
        let entries = self.verify(std::mem::take(batch)).await?;
        hand_on(to, Sound { entries, ended }).await;
        Ok(())
    }

    /// Offers what was verified to the set, while what comes after it is verified.
    async fn keep_all(&self, mut from: Receiver<Sound>, turns: &SegmentTurns) -> Result<(), FollowError> {
        while let Some(Sound { entries, ended }) = from.recv().await {
            let taken = self.keep(entries, None).await?;
            self.app.peers.received(self.peer, 0, taken);
            if let Some(sha256) = ended {
                turns.remember(sha256, true);
                part::remove(self.app, self.scope, sha256).await;
            }
        }
        Ok(())
    }
}

fn lie(error: SegmentError) -> FollowError {
    FollowError::Segment(error.to_string())
}

/// Where nobody takes it any more, their error is the one to tell.
async fn hand_on<T>(to: &Sender<T>, piece: T) {
    if to.send(piece).await.is_err() {
        std::future::pending::<()>().await;
    }
}

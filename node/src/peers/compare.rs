//! Compares a scope of the own set with a peer's by digests, and fetches what the peer has more
//! (`doc/SYNC-PROTOCOL.md` section 6).
//!
//! What is held of a peer's answers is bounded, and what they say is believed only as far as the entries that
//! it sends then verify. Not here: when to compare (`watch.rs`), and the shorter way (`sketch.rs`).

use super::client::{Connection, RequestError};
use super::doubt::Way;
use super::fetch::Fetcher;
use super::follow::FollowError;
use super::pace::Pace;
use super::status::Taken;
use crate::app::blocking;
use data_encoding::HEXLOWER;
use deadwax_index::sync::digests::{Bucket, DIGESTS_BYTES, Digests, ListReader, write_buckets};
use deadwax_index::sync::wire::{ID_PREFIX_BYTES, MAX_POSITION};
use hyper::body::Incoming;
use hyper::header::ETAG;
use hyper::{Response, StatusCode};

/// Ids that are held of one list, 4 MiB. Where more are missing, the rest is found by comparing again.
const MAX_WANTED: usize = 262_144;
/// Ids of a list that are looked up at a time.
const LOOKUP_IDS: usize = 8_192;

/// What a comparison came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compared {
    /// How it was done at last.
    pub(super) way: Way,
    /// Entries that joined the own set.
    pub(super) new: u64,
    /// The peer's entries up to this position in its order of release were compared.
    pub(super) position: u64,
    /// Whether all of them are here now, as far as the peer says the truth and they can be in the set.
    pub(super) is_whole: bool,
}

impl Fetcher<'_> {
    /// Compares, by the sketch first if it is told by how many entries the counts differ, and by digests if
    /// that did not find everything; `None` if the peer cannot.
    pub(super) async fn compare(
        &self,
        counts_differ_by: Option<u64>,
    ) -> Result<Option<Compared>, FollowError> {
        let mut new = 0;
        if let Some(difference) = counts_differ_by {
            let by_sketch = known(self.compare_sketches(difference).await)?;
            if by_sketch.is_some_and(|compared| compared.is_whole) {
                return Ok(by_sketch);
            }
            new = by_sketch.map_or(0, |compared| compared.new);
        }
        let by_digests = known(self.compare_digests().await)?;
        Ok(by_digests.map(|compared| Compared { new: new + compared.new, ..compared }))
    }

    /// Compares by digests, and by the ids of those buckets that differ.
    async fn compare_digests(&self) -> Result<Compared, FollowError> {
        let mut new = 0;
        loop {
            let some = self.compare_digests_once().await?;
            new += some.new;
            if some.is_whole || some.new == 0 {
                return Ok(Compared { new, ..some });
            }
        }
    }

    async fn compare_digests_once(&self) -> Result<Compared, FollowError> {
        let scope = self.scope;
        let path = format!("/sync/v1/{}/digests", scope.name());
        let (theirs, position) = {
            let mut control = self.control.lock().await;
            let answer = control.get(&path).await?;
            let position = self.version(&answer)?;
            (self.read_exactly(answer, DIGESTS_BYTES).await?, position)
        };
        let theirs = Digests::from_bytes(&theirs)
            .ok_or_else(|| RequestError::Form("the digests have another length".into()))?;
        let own = blocking(self.app, move |app| app.store.digests(scope)).await?;
        let buckets = own.digests.unequal(&theirs);
        let (wanted, is_whole) = match buckets.is_empty() {
            true => (Vec::new(), true),
            false => self.read_lists(&buckets).await?,
        };
        let count = wanted.len();
        let fetched = self.fetch(wanted).await?;
        self.app.peers.not_served(self.peer, &fetched.unserved);
        if count > 0 && fetched.sent == 0 {
            let message = format!("it lists {count} entries that it does not send");
            return Err(RequestError::Form(message).into());
        }
        Ok(Compared { way: Way::Digests, new: fetched.taken.new, position, is_whole })
    }

    /// Those ids in the buckets that the own set lacks, and whether these are all.
    async fn read_lists(
        &self,
        buckets: &[Bucket],
    ) -> Result<(Vec<[u8; ID_PREFIX_BYTES]>, bool), FollowError> {
        let scope = self.scope;
        let path = format!("/sync/v1/{}/ids", scope.name());
        let form = |error: &dyn std::fmt::Display| RequestError::Form(format!("a list of ids: {error}"));
        let mut control = self.control.lock().await;
        let mut body = control.post(&path, write_buckets(buckets)).await?.into_body();
        let mut reader = ListReader::new(buckets);
        let (mut listed, mut wanted) = (Vec::new(), Vec::new());
        let mut pace = Pace::default();
        loop {
            let chunk = pace.next_chunk(&mut body).await?;
            if let Some(chunk) = &chunk {
                self.app.peers.received(self.peer, chunk.len() as u64, Taken::default());
                listed.extend(reader.push(chunk).map_err(|error| form(&error))?);
            } else {
                reader.finish().map_err(|error| form(&error))?;
            }
            if listed.len() >= LOOKUP_IDS || chunk.is_none() {
                let ids = std::mem::take(&mut listed);
                wanted.extend(blocking(self.app, move |app| app.store.not_listed(scope, &ids)).await?);
            }
            if chunk.is_none() {
                return Ok((wanted, true));
            }
            // A list without end ends here: what the own set has is finite, and this is all that is held.
            if wanted.len() >= MAX_WANTED {
                wanted.truncate(MAX_WANTED);
                // The rest of the answer is still on its way.
                *control = Connection::open(&self.app.dialer, self.peer).await?;
                return Ok((wanted, false));
            }
        }
    }

    /// The position in the version of an answer.
    pub(super) fn version(&self, answer: &Response<Incoming>) -> Result<u64, RequestError> {
        let version = answer.headers().get(ETAG).and_then(|version| version.to_str().ok());
        let parts = version.and_then(|version| version.strip_prefix('"')?.strip_suffix('"')?.split_once('-'));
        match parts.map(|(incarnation, position)| (incarnation, position.parse())) {
            // As marks: there are no larger positions.
            Some((incarnation, Ok(position @ 0..=MAX_POSITION)))
                if incarnation == HEXLOWER.encode(&self.incarnation) =>
            {
                Ok(position)
            }
            _ => Err(RequestError::Form("its version is not one of this incarnation".into())),
        }
    }

    /// The body of an answer that has exactly so many bytes.
    pub(super) async fn read_exactly(
        &self,
        answer: Response<Incoming>,
        length: usize,
    ) -> Result<Vec<u8>, RequestError> {
        let (mut body, mut pace, mut bytes) = (answer.into_body(), Pace::default(), Vec::new());
        while let Some(chunk) = pace.next_chunk(&mut body).await? {
            if bytes.len() + chunk.len() > length {
                return Err(RequestError::Form(format!("it is longer than {length} bytes")));
            }
            bytes.extend(chunk);
        }
        self.app.peers.received(self.peer, bytes.len() as u64, Taken::default());
        if bytes.len() < length {
            return Err(RequestError::Form(format!("it is shorter than {length} bytes")));
        }
        Ok(bytes)
    }
}

/// `None` if the peer does not know such a request.
fn known(compared: Result<Compared, FollowError>) -> Result<Option<Compared>, FollowError> {
    match compared {
        Err(FollowError::Request(RequestError::Status(StatusCode::NOT_FOUND))) => Ok(None),
        compared => compared.map(Some),
    }
}

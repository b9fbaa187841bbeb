//! Compares a scope of the own set with a peer's by its sketch, of which no more is read than the difference
//! needs (`doc/SYNC-PROTOCOL.md` section 7).
//!
//! Nothing depends on it: what a sketch does not tell, digests do (`compare.rs`), and a sketch that tells
//! nothing is not held against the peer.

use super::client::{Connection, RequestError};
use super::compare::Compared;
use super::doubt::Way;
use super::fetch::{Fetched, Fetcher};
use super::follow::FollowError;
use crate::app::blocking;
use deadwax_index::store::StoreError;
use deadwax_index::sync::sketch::{
    Decoded, SYMBOL_BYTES, SYMBOLS, SketchKey, decode, estimate, next_symbols, read_symbols,
};

/// Ranges that are read of one sketch.
const MAX_READS: usize = 3;

impl Fetcher<'_> {
    /// Compares by sketches, and fetches what could be told of the difference.
    pub(super) async fn compare_sketches(&self, counts_differ_by: u64) -> Result<Compared, FollowError> {
        let scope = self.scope;
        let (mut bytes, mut position) = (Vec::new(), None);
        let mut decoded = Decoded::default();
        let mut count = next_symbols(0, Some(counts_differ_by));
        // Until the end: whoever comes in between costs a round trip.
        let mut control = self.control.lock().await;
        for _ in 0..MAX_READS {
            let Some(symbols) = count else { break };
            self.read_sketch(&mut control, &mut bytes, &mut position, symbols * SYMBOL_BYTES).await?;
            let theirs = read_symbols(&bytes)
                .ok_or_else(|| RequestError::Form("its sketch is longer than one".into()))?;
            let (told, about) = blocking(self.app, move |app| -> Result<_, StoreError> {
                let network = app.network_id()?;
                let own = app.store.sketch_symbols(scope, &network, symbols)?;
                let told = decode(SketchKey::of_network(&network), &own, &theirs);
                Ok((told, estimate(&own, &theirs)))
            })
            .await?;
            decoded = told;
            if decoded.is_complete {
                break;
            }
            count = next_symbols(symbols, about.map(|about| about as u64));
        }
        let items = decoded.items;
        let mut wanted = blocking(self.app, move |app| app.store.missing(&items)).await?;
        // A sketch tells fewer than fit into a request.
        wanted.sort_unstable();
        let count = wanted.len();
        let fetched = match wanted.is_empty() {
            true => Fetched::default(),
            false => self.fetch_sorted(&mut control, &wanted).await?,
        };
        // Ids that nobody has are no proof of a lie, and no reason to believe the rest.
        let is_whole = decoded.is_complete && (count == 0 || fetched.sent > 0);
        Ok(Compared { way: Way::Sketch, new: fetched.taken.new, position: position.unwrap_or(0), is_whole })
    }

    /// Reads on until so many bytes of the peer's sketch are here; from its beginning if it changed.
    async fn read_sketch(
        &self,
        control: &mut Connection,
        bytes: &mut Vec<u8>,
        position: &mut Option<u64>,
        until: usize,
    ) -> Result<(), FollowError> {
        let path = format!("/sync/v1/{}/sketch", self.scope.name());
        debug_assert!(until <= SYMBOLS * SYMBOL_BYTES);
        loop {
            let answer = control.get_range(&path, bytes.len()..until).await?;
            let version = self.version(&answer)?;
            let part = self.read_exactly(answer, until - bytes.len()).await?;
            let is_other = position.replace(version).is_some_and(|before| before != version);
            if is_other && !bytes.is_empty() {
                bytes.clear();
                continue;
            }
            bytes.extend(part);
            return Ok(());
        }
    }
}

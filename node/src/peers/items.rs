//! The items of a streamed answer, one by one, with a time limit and bounded memory.

use super::client::RequestError;
use super::pace::{IDLE_TIMEOUT, ITEM_TIMEOUT, Pace};
use deadwax_index::sync::wire::{Item, ItemReader};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::CONTENT_ENCODING;
use std::time::Duration;
use tokio::time::Instant;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Memory that a peer's zstd stream may ask for: 8 MiB.
const MAX_WINDOW_LOG: u32 = 23;
/// Decompressed bytes that are held at once, so that a small chunk cannot become a large one.
const INFLATE_STEP_BYTES: usize = 64 * 1024;

/// Items of one answer.
pub struct Items {
    body: Incoming,
    reader: ItemReader,
    inflate: Option<Decoder<'static>>,
    /// Whether what was decompressed so far is a whole frame.
    is_whole: bool,
    /// Received, and not yet given to the reader.
    pending: Vec<u8>,
    /// How long the next item has been waited for.
    waited: Duration,
    /// Of an answer that the peer need not wait for.
    pace: Option<Pace>,
    /// Bytes that came over the wire.
    pub bytes: u64,
}

impl Items {
    /// Reads the body of `answer`, decompressing it if it says so. It may have to wait for news.
    pub fn new(answer: Response<Incoming>) -> Result<Self, RequestError> {
        let inflate = match answer.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes()) {
            None => None,
            Some(b"zstd") => {
                let mut decoder = Decoder::new().map_err(|error| RequestError::Form(error.to_string()))?;
                decoder
                    .set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))
                    .map_err(|error| RequestError::Form(error.to_string()))?;
                Some(decoder)
            }
            Some(_) => return Err(RequestError::Form("an encoding that was not asked for".into())),
        };
        let body = answer.into_body();
        let is_whole = inflate.is_none();
        let (reader, pending) = (ItemReader::default(), Vec::new());
        Ok(Self { body, reader, inflate, is_whole, pending, waited: Duration::ZERO, pace: None, bytes: 0 })
    }

    /// The same, of entries that the peer has: it is to keep up a pace.
    pub fn paced(self) -> Self {
        Self { pace: Some(Pace::default()), ..self }
    }

    /// The next item that is already here.
    pub fn ready(&mut self) -> Result<Option<Item>, RequestError> {
        loop {
            let item = self.reader.next_item().map_err(|error| RequestError::NoItem(error.to_string()))?;
            if item.is_some() || !self.step()? {
                return Ok(item);
            }
        }
    }

    /// The next item; `None` at the end of the answer. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Item>, RequestError> {
        loop {
            if let Some(item) = self.ready()? {
                self.waited = Duration::ZERO;
                return Ok(Some(item));
            }
            // Time in which nobody asks for an item does not count.
            let asked = Instant::now();
            let patience = self.pace.as_ref().map_or(IDLE_TIMEOUT, Pace::patience);
            let patience = patience.min(ITEM_TIMEOUT.saturating_sub(self.waited));
            let frame = tokio::time::timeout(patience, self.body.frame()).await;
            self.waited += asked.elapsed();
            if let Some(pace) = &mut self.pace {
                pace.waited(asked.elapsed());
            }
            let frame = frame.map_err(|_| match &self.pace {
                _ if self.waited >= ITEM_TIMEOUT => RequestError::TooSlow(ITEM_TIMEOUT.as_secs()),
                Some(pace) => pace.fault(),
                None => RequestError::Silent(IDLE_TIMEOUT.as_secs()),
            })?;
            match frame {
                None if self.reader.is_empty() && self.is_whole => return Ok(None),
                None => return Err(RequestError::Form("it ends in the middle of an item".into())),
                Some(frame) => {
                    let data = frame?.into_data().unwrap_or_default();
                    self.bytes += data.len() as u64;
                    if let Some(pace) = &mut self.pace {
                        pace.came(data.len());
                    }
                    self.pending.extend(data);
                }
            }
        }
    }

    /// Gives the reader more of what was received; false if nothing is left.
    fn step(&mut self) -> Result<bool, RequestError> {
        let Some(inflate) = &mut self.inflate else {
            let chunk = std::mem::take(&mut self.pending);
            self.reader.push(&chunk);
            return Ok(!chunk.is_empty());
        };
        let mut out = vec![0; INFLATE_STEP_BYTES];
        let mut output = OutBuffer::around(out.as_mut_slice());
        let mut input = InBuffer::around(&self.pending);
        let hint = inflate.run(&mut input, &mut output);
        let hint = hint.map_err(|error| RequestError::Form(error.to_string()))?;
        let (used, written) = (input.pos(), output.pos());
        if used > 0 || written > 0 {
            // zstd's decoder wants nothing more after the end of a frame.
            self.is_whole = hint == 0;
        }
        self.pending.drain(..used);
        self.reader.push(&out[..written]);
        Ok(used > 0 || written > 0)
    }
}

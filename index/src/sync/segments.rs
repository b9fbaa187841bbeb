//! Segments: files of entries for a first start, as bytes and types (`doc/SYNC-PROTOCOL.md` section 12).
//!
//! A segment is a zstd stream of a CBOR sequence: the heads and bodies of one scope whose ids are in one range,
//! ascending. Not here: making them (`store/segments.rs`), and who asks whom; that is the node's.

use super::wire::{Item, ItemReader, MAX_POSITION, WireError};
use crate::entry::{EntryId, Scope};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Entries of a segment: one that turns out worthless costs no more than a fetch does.
pub const MAX_SEGMENT_ENTRIES: usize = 16_384;
/// A segment unpacks to no more than this.
pub const MAX_SEGMENT_PLAIN_BYTES: usize = 16 << 20;
/// Bytes of a segment: what random ones become when zstd finds nothing in them, and some more.
pub const MAX_SEGMENT_BYTES: u64 = (MAX_SEGMENT_PLAIN_BYTES + (128 << 10)) as u64;
/// Segments of a scope in one list: of 60 million entries.
pub const MAX_SEGMENTS: usize = 4_096;
/// A list of as many segments in both scopes, in JSON.
pub const MAX_LIST_BYTES: usize = 4 << 20;
/// A scope with fewer entries has no segments: its tail is as short.
pub const MIN_SCOPE_ENTRIES: u64 = 4_096;
/// Memory that a segment's zstd stream may ask for: 8 MiB, as for what is fetched.
const MAX_WINDOW_LOG: u32 = 23;
/// Unpacked at once, so that a small chunk cannot become a large one.
const INFLATE_STEP_BYTES: usize = 64 << 10;

/// One segment, as lists name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// SHA-256 of its bytes; by which it is asked for.
    #[serde(with = "hex32")]
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: u64,
    /// Entries in it.
    pub count: u64,
    /// The lowest id that can be in it.
    #[serde(with = "hex_id")]
    pub first: EntryId,
    /// The highest id that can be in it.
    #[serde(with = "hex_id")]
    pub last: EntryId,
}

/// The segments of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScopeSegments {
    /// Entries up to this position in the node's order of release are in the segments, as far as these reach, and
    /// perhaps some after it.
    pub position: u64,
    /// Ascending; no two have an id in common.
    pub segments: Vec<Segment>,
}

/// The answer of `GET /sync/v1/segments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentList {
    /// Of the node's positions, 32 hexadecimal digits.
    pub incarnation: String,
    /// Whether more are being made: then whoever asks again finds them.
    pub building: bool,
    /// By scope.
    pub scopes: BTreeMap<Scope, ScopeSegments>,
}

/// A list that no node of this version can have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// More than a list has.
    #[error("it lists more than {MAX_SEGMENTS} segments of a scope")]
    TooMany,
    /// Ranges that go back or overlap.
    #[error("the ranges of its segments do not ascend")]
    Order,
    /// A segment that is longer than any, or has more entries.
    #[error("it lists a segment beyond the limits")]
    Limits,
    /// A position where nothing can be.
    #[error("a position is beyond all positions")]
    Position,
}

impl ScopeSegments {
    /// Checks what a peer lists.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn check(&self) -> Result<(), ListError> {
        if self.segments.len() > MAX_SEGMENTS {
            return Err(ListError::TooMany);
        }
        if self.position > MAX_POSITION {
            return Err(ListError::Position);
        }
        let within = |segment: &Segment| {
            segment.bytes > 0
                && segment.bytes <= MAX_SEGMENT_BYTES
                && segment.count <= MAX_SEGMENT_ENTRIES as u64
        };
        if !self.segments.iter().all(within) {
            return Err(ListError::Limits);
        }
        let ends = self.segments.iter().flat_map(|segment| [(segment.first, 0), (segment.last, 1)]);
        match ends.is_sorted_by(|one, next| one.0 < next.0 || (one.0 == next.0 && one.1 < next.1)) {
            true => Ok(()),
            false => Err(ListError::Order),
        }
    }

    /// Whether every id there can be is in the range of one of the segments.
    pub fn is_complete(&self) -> bool {
        self.gap().is_none()
    }

    /// The first range of ids that no segment has.
    pub fn gap(&self) -> Option<[EntryId; 2]> {
        let mut from = Some(EntryId([0; 32]));
        for segment in &self.segments {
            let at = from?;
            if at < segment.first {
                return before(&segment.first).map(|last| [at, last]);
            }
            from = after(&segment.last);
        }
        from.map(|at| [at, EntryId([0xff; 32])])
    }
}

/// The id right after this one, if there is one.
pub fn after(id: &EntryId) -> Option<EntryId> {
    step(id, |byte| byte.overflowing_add(1))
}

/// The id right before this one, if there is one.
fn before(id: &EntryId) -> Option<EntryId> {
    step(id, |byte| byte.overflowing_sub(1))
}

fn step(id: &EntryId, by_one: fn(u8) -> (u8, bool)) -> Option<EntryId> {
    let mut bytes = id.0;
    for byte in bytes.iter_mut().rev() {
        let (next, goes_on) = by_one(*byte);
        *byte = next;
        if !goes_on {
            return Some(EntryId(bytes));
        }
    }
    None
}

/// A segment that is not what its list says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Bytes that zstd cannot unpack within the limits.
    #[error("a segment cannot be unpacked: {0}")]
    Packed(String),
    /// More than any segment unpacks to.
    #[error("a segment unpacks to more than {MAX_SEGMENT_PLAIN_BYTES} bytes")]
    Plain,
    /// What is unpacked is not a sequence of items.
    #[error("in a segment, {0}")]
    Wire(#[from] WireError),
    /// An id or a mark.
    #[error("a segment has an id or mark among its entries")]
    Stray,
    /// An entry of another range, or one that is not above the one before it.
    #[error("a segment has an entry where it does not belong")]
    Order,
    /// Another number of entries than listed.
    #[error("a segment has more or fewer entries than its list says")]
    Count,
    /// The end within an entry or the zstd stream.
    #[error("a segment ends in the middle of an item")]
    Cut,
}

/// Head and body of an entry, of which nothing but the place in its segment is checked.
pub type Unverified = (Vec<u8>, Option<Vec<u8>>);

/// Reads the entries of a segment from chunks; holds the last chunk, and one entry.
pub struct SegmentReader {
    inflate: Decoder<'static>,
    packed: Vec<u8>,
    items: ItemReader,
    /// The entry whose body may follow.
    held: Option<Unverified>,
    range: [EntryId; 2],
    last: Option<EntryId>,
    left: u64,
    plain: usize,
    /// Whether what was unpacked so far is a whole stream.
    is_whole: bool,
}

impl SegmentReader {
    /// For a segment of that description.
    ///
    /// # Errors
    /// zstd has no memory.
    pub fn new(segment: &Segment) -> Result<Self, SegmentError> {
        let packed = |error: std::io::Error| SegmentError::Packed(error.to_string());
        let mut inflate = Decoder::new().map_err(packed)?;
        inflate.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG)).map_err(packed)?;
        Ok(Self {
            inflate,
            packed: Vec::new(),
            items: ItemReader::default(),
            held: None,
            range: [segment.first, segment.last],
            last: None,
            left: segment.count,
            plain: 0,
            is_whole: false,
        })
    }

    /// Takes in the next chunk of the file.
    pub fn push(&mut self, chunk: &[u8]) {
        self.packed.extend(chunk);
    }

    /// The next entry that is here as a whole. The last one comes only with [`SegmentReader::finish`].
    ///
    /// # Errors
    /// [`SegmentError`]; the segment is of no more use then.
    pub fn next_entry(&mut self) -> Result<Option<Unverified>, SegmentError> {
        loop {
            while let Some(item) = self.items.next_item()? {
                match item {
                    Item::Head(head) => {
                        self.place(&head)?;
                        let before = self.held.replace((head, None));
                        if before.is_some() {
                            return Ok(before);
                        }
                    }
                    // The reader lets a body through only right after its head.
                    Item::Body(body) => {
                        if let Some(held) = &mut self.held {
                            held.1 = Some(body);
                        }
                    }
                    Item::Id(_) | Item::Mark(_) => return Err(SegmentError::Stray),
                }
            }
            if !self.unpack()? {
                return Ok(None);
            }
        }
    }

    /// The last entry, after all of the file was pushed and read; none if the segment is empty.
    ///
    /// # Errors
    /// [`SegmentError`]: something is missing.
    pub fn finish(&mut self) -> Result<Option<Unverified>, SegmentError> {
        if !self.packed.is_empty() || !self.items.is_empty() || !self.is_whole {
            return Err(SegmentError::Cut);
        }
        if self.left > 0 {
            return Err(SegmentError::Count);
        }
        Ok(self.held.take())
    }

    /// Whether a head may come here.
    fn place(&mut self, head: &[u8]) -> Result<(), SegmentError> {
        let id = EntryId(Sha256::digest(head).into());
        let [first, last] = self.range;
        if id < first || id > last || self.last.is_some_and(|before| before >= id) {
            return Err(SegmentError::Order);
        }
        self.last = Some(id);
        self.left = self.left.checked_sub(1).ok_or(SegmentError::Count)?;
        Ok(())
    }

    /// Unpacks some more; false if there is nothing to unpack.
    fn unpack(&mut self) -> Result<bool, SegmentError> {
        let mut out = vec![0; INFLATE_STEP_BYTES];
        let mut output = OutBuffer::around(out.as_mut_slice());
        let mut input = InBuffer::around(&self.packed);
        let hint = self.inflate.run(&mut input, &mut output);
        let hint = hint.map_err(|error| SegmentError::Packed(error.to_string()))?;
        let (used, written) = (input.pos(), output.pos());
        if used > 0 || written > 0 {
            // zstd wants nothing more after the end of a stream.
            self.is_whole = hint == 0;
        }
        self.packed.drain(..used);
        self.plain += written;
        if self.plain > MAX_SEGMENT_PLAIN_BYTES {
            return Err(SegmentError::Plain);
        }
        self.items.push(&out[..written]);
        Ok(used > 0 || written > 0)
    }
}

mod hex32 {
    use super::HEXLOWER;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| D::Error::custom("expected 64 lowercase hexadecimal digits"))
    }
}

mod hex_id {
    use super::{EntryId, hex32};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(id: &EntryId, to: S) -> Result<S::Ok, S::Error> {
        hex32::serialize(&id.0, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<EntryId, D::Error> {
        hex32::deserialize(from).map(EntryId)
    }
}

#[cfg(test)]
mod tests;

//! The bytes of `tail` and `fetch`: a CBOR sequence (RFC 8742) of heads, bodies, ids and marks.
//!
//! `doc/SYNC-PROTOCOL.md` sections 4 and 5. [`ItemReader`] turns chunks of any size into [`Item`]s
//! with bounded memory; it checks form only. What it yields is verified by
//! [`crate::entry::VerifiedEntry`].

use crate::entry::cbor;
use crate::entry::head;
use crate::entry::limits::MAX_BODY_BYTES;

/// Ids in one fetch; 256 KiB of request.
pub const MAX_FETCH_IDS: usize = 16_384;
/// A server sends a mark at least after this many entries or ids, so that a reader can commit.
pub const MAX_ITEMS_PER_MARK: usize = 256;
/// The last position that there can be: SQLite numbers rows with 63 bits.
pub const MAX_POSITION: u64 = i64::MAX as u64;
/// Bytes of an id on the wire: the first 16 of 32.
pub const ID_PREFIX_BYTES: usize = 16;

/// One item of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Bytes of the shape of a head.
    Head(Vec<u8>),
    /// The body of the head before it.
    Body(Vec<u8>),
    /// The first 16 bytes of an id.
    Id([u8; ID_PREFIX_BYTES]),
    /// All entries up to this position have been sent.
    Mark(u64),
}

/// A stream that is not a sequence of items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A byte with which no item begins.
    #[error("an item begins with byte {0:#04x}")]
    Start(u8),
    /// A head of another shape.
    #[error("a head has the wrong form")]
    Head,
    /// A map where no head came before it.
    #[error("a body without its head")]
    StrayBody,
    /// A mark where nothing can be.
    #[error("a mark is beyond all positions")]
    Position,
    /// An integer or an id in another form than the one allowed.
    #[error("an integer or id has the wrong form")]
    Form,
}

/// Writes the id of an entry as an item.
pub fn write_id(id: &[u8; ID_PREFIX_BYTES], out: &mut Vec<u8>) {
    cbor::write_header(2, ID_PREFIX_BYTES as u64, out);
    out.extend(id);
}

/// Writes a mark as an item.
pub fn write_mark(seq: u64, out: &mut Vec<u8>) {
    cbor::write_header(0, seq, out);
}

/// Splits the body of a fetch request into ids.
///
/// # Errors
/// In plain words: not a multiple of 16 bytes, none, or too many.
pub fn parse_fetch(bytes: &[u8]) -> Result<Vec<[u8; ID_PREFIX_BYTES]>, String> {
    let (ids, rest) = bytes.as_chunks();
    if !rest.is_empty() || ids.is_empty() {
        return Err(format!("the request must be one or more ids of {ID_PREFIX_BYTES} bytes"));
    }
    if ids.len() > MAX_FETCH_IDS {
        return Err(format!("at most {MAX_FETCH_IDS} ids can be asked for at once"));
    }
    Ok(ids.to_vec())
}

/// Reads items from chunks; holds at most one unfinished item and the last chunk.
#[derive(Debug, Default)]
pub struct ItemReader {
    buffer: Vec<u8>,
    at: usize,
    /// Declared length of the body that the last head allows to follow.
    body_bytes: Option<usize>,
}

impl ItemReader {
    /// Takes in the next chunk of the stream.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend(chunk);
    }

    /// The next whole item, or `None` until more has been pushed.
    ///
    /// # Errors
    /// [`WireError`]; the stream is of no more use then.
    pub fn next_item(&mut self) -> Result<Option<Item>, WireError> {
        let rest = &self.buffer[self.at..];
        let Some(&first) = rest.first() else { return Ok(None) };
        let (item, used) = match first {
            0x00..=0x1b => match uint_length(first).filter(|length| *length <= rest.len()) {
                None => return Ok(None),
                Some(length) => match cbor::decode(&rest[..length]) {
                    Ok(cbor::Value::Uint(seq)) if seq > MAX_POSITION => return Err(WireError::Position),
                    Ok(cbor::Value::Uint(seq)) => (Item::Mark(seq), length),
                    _ => return Err(WireError::Form),
                },
            },
            0x50 => match rest.get(1..=ID_PREFIX_BYTES) {
                None => return Ok(None),
                Some(id) => (Item::Id(id.try_into().map_err(|_| WireError::Form)?), 1 + ID_PREFIX_BYTES),
            },
            0xd2 => {
                let length = head::length(rest).map_err(|_| WireError::Head)?;
                let Some(length) = length.filter(|length| *length <= rest.len()) else { return Ok(None) };
                let (_, statement) = head::read_trusted(&rest[..length]).map_err(|_| WireError::Head)?;
                self.body_bytes = Some(statement.body_bytes as usize);
                self.at += length;
                return Ok(Some(Item::Head(rest[..length].to_vec())));
            }
            0xa0..=0xbb => {
                // The head has declared 1 to MAX_BODY_BYTES, so this cannot grow without bounds.
                let length = self.body_bytes.ok_or(WireError::StrayBody)?.min(MAX_BODY_BYTES);
                if rest.len() < length {
                    return Ok(None);
                }
                (Item::Body(rest[..length].to_vec()), length)
            }
            other => return Err(WireError::Start(other)),
        };
        self.body_bytes = None;
        self.at += used;
        Ok(Some(item))
    }

    /// Whether the stream may end here: no unfinished item is held.
    pub fn is_empty(&self) -> bool {
        self.at == self.buffer.len()
    }
}

/// Length of an unsigned integer by its first byte.
fn uint_length(first: u8) -> Option<usize> {
    match first {
        0..=0x17 => Some(1),
        0x18 => Some(2),
        0x19 => Some(3),
        0x1a => Some(5),
        0x1b => Some(9),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::VerifiedEntry;
    use crate::entry::identity::Identity;
    use proptest::prelude::*;

    fn entries(count: u64) -> Vec<VerifiedEntry> {
        let mut identity = Identity::from_secret([3; 32]);
        (0..count).map(|n| identity.sign(vec![0xa1, 0x05, n as u8], 99, n, 494_000)).collect()
    }

    fn read(bytes: &[u8], chunk: usize) -> Result<Vec<Item>, WireError> {
        let mut reader = ItemReader::default();
        let mut items = Vec::new();
        for chunk in bytes.chunks(chunk.max(1)) {
            reader.push(chunk);
            while let Some(item) = reader.next_item()? {
                items.push(item);
            }
        }
        Ok(items)
    }

    #[test]
    fn a_stream_is_read_back_whatever_the_chunks() {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (n, entry) in (0u64..).zip(entries(5)) {
            bytes.extend(entry.head().bytes());
            expected.push(Item::Head(entry.head().bytes().to_vec()));
            if n % 2 == 0 {
                bytes.extend(entry.body().unwrap());
                expected.push(Item::Body(entry.body().unwrap().to_vec()));
            }
            write_id(&entry.head().id().prefix(), &mut bytes);
            expected.push(Item::Id(entry.head().id().prefix()));
            write_mark(n * 200_000, &mut bytes);
            expected.push(Item::Mark(n * 200_000));
        }
        for chunk in 1..400 {
            assert_eq!(read(&bytes, chunk).unwrap(), expected, "chunks of {chunk}");
        }
    }

    #[test]
    fn hostile_streams_are_refused() {
        assert_eq!(read(&[0xa0], 1), Err(WireError::StrayBody));
        assert_eq!(read(&[0x40], 1), Err(WireError::Start(0x40)));
        assert_eq!(read(&[0xff], 1), Err(WireError::Start(0xff)));
        assert_eq!(read(&[0x18, 0x01], 1), Err(WireError::Form));
        assert_eq!(read(&[&[0x1b][..], &[0xff; 8]].concat(), 9), Err(WireError::Position));
        assert_eq!(read(&[0xd2, 0x85], 2), Err(WireError::Head));
        assert_eq!(read(&[0x5f], 1), Err(WireError::Start(0x5f)));
    }

    #[test]
    fn a_fetch_has_whole_ids_within_its_limit() {
        assert_eq!(parse_fetch(&[7; 32]).unwrap(), vec![[7; 16]; 2]);
        for length in [0, 15, 17, 16 * (MAX_FETCH_IDS + 1)] {
            assert!(parse_fetch(&vec![0; length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), chunk in 1usize..40) {
            let _ = read(&bytes, chunk);
        }
    }
}

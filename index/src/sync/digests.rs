//! Digests: the way to find every difference between two sets (`doc/SYNC-PROTOCOL.md` section 6).
//!
//! Ids fall into 4,096 buckets by their first 12 bits. Equal buckets have equal digests; of the others the
//! ids themselves are asked for. Not here: where ids come from (`store/digests.rs`).

use super::wire::ID_PREFIX_BYTES;
use crate::entry::EntryId;
use sha2::{Digest as _, Sha256};

/// Buckets of a scope: with a million entries each has about 250 ids.
pub const BUCKETS: usize = 4096;
/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 32;
/// Bytes of all digests of a scope: 128 KiB.
pub const DIGESTS_BYTES: usize = BUCKETS * DIGEST_BYTES;
/// Bytes of a bucket's number on the wire.
const NUMBER_BYTES: usize = 2;

/// The ids that begin with the same 12 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket(u16);

impl Bucket {
    /// Every bucket, ascending.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..BUCKETS as u16).map(Self)
    }

    /// The bucket of an id, by its first two bytes.
    pub fn of(first: [u8; 2]) -> Self {
        Self(u16::from_be_bytes(first) >> 4)
    }

    /// Its number, below [`BUCKETS`].
    pub fn index(self) -> usize {
        self.0.into()
    }

    /// The first and the last id that can be in it.
    pub fn range(self) -> [EntryId; 2] {
        let [high, low] = (self.0 << 4).to_be_bytes();
        let (mut first, mut last) = ([0; 32], [0xff; 32]);
        (first[0], first[1]) = (high, low);
        (last[0], last[1]) = (high, low | 0x0f);
        [EntryId(first), EntryId(last)]
    }
}

/// The digest of a bucket: SHA-256 over its ids, all 32 bytes of each, ascending.
pub fn digest<'a>(sorted: impl IntoIterator<Item = &'a EntryId>) -> [u8; DIGEST_BYTES] {
    let hash = sorted.into_iter().fold(Sha256::new(), |hash, id| hash.chain_update(id.0));
    hash.finalize().into()
}

/// The digests of a scope, in order of buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests(Vec<[u8; DIGEST_BYTES]>);

impl Default for Digests {
    /// The empty set.
    fn default() -> Self {
        Self(vec![digest([]); BUCKETS])
    }
}

impl Digests {
    /// As they came from a peer; `None` if they have another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (digests, rest) = bytes.as_chunks();
        (digests.len() == BUCKETS && rest.is_empty()).then(|| Self(digests.to_vec()))
    }

    /// As they go over the wire: [`DIGESTS_BYTES`].
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// Replaces the digest of a bucket.
    pub fn set(&mut self, bucket: Bucket, digest: [u8; DIGEST_BYTES]) {
        self.0[bucket.index()] = digest;
    }

    /// The buckets in which two sets differ, ascending.
    pub fn unequal(&self, other: &Self) -> Vec<Bucket> {
        Bucket::all().filter(|bucket| self.0[bucket.index()] != other.0[bucket.index()]).collect()
    }
}

/// The request for the ids of buckets: their numbers, u16 big-endian.
pub fn write_buckets(buckets: &[Bucket]) -> Vec<u8> {
    buckets.iter().flat_map(|bucket| bucket.0.to_be_bytes()).collect()
}

/// Reads such a request.
///
/// # Errors
/// In plain words: none, half a number, one beyond the last bucket, or not strictly ascending.
pub fn parse_buckets(bytes: &[u8]) -> Result<Vec<Bucket>, String> {
    let (numbers, rest) = bytes.as_chunks::<NUMBER_BYTES>();
    let buckets: Vec<_> = numbers.iter().map(|number| Bucket(u16::from_be_bytes(*number))).collect();
    let ascend = buckets.is_sorted_by(|one, next| one < next);
    let all_there = buckets.last().is_some_and(|last| last.index() < BUCKETS);
    if !rest.is_empty() || !ascend || !all_there {
        return Err(format!(
            "the request must be one or more numbers of buckets, u16 big-endian, ascending, below {BUCKETS}"
        ));
    }
    Ok(buckets)
}

/// A list of ids that is not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// An id that is not above the one before it.
    #[error("its ids do not ascend")]
    Order,
    /// An id of a bucket that was not asked for.
    #[error("it lists an id of a bucket that was not asked for")]
    Bucket,
    /// The end in the middle of an id.
    #[error("it ends in the middle of an id")]
    Cut,
}

/// Reads a list of ids from chunks of any size; holds one unfinished id.
#[derive(Debug)]
pub struct ListReader {
    /// By number: whether it was asked for.
    asked: Vec<bool>,
    unfinished: Vec<u8>,
    last: Option<[u8; ID_PREFIX_BYTES]>,
}

impl ListReader {
    /// For the answer to a request for these buckets.
    pub fn new(buckets: &[Bucket]) -> Self {
        let mut asked = vec![false; BUCKETS];
        buckets.iter().for_each(|bucket| asked[bucket.index()] = true);
        Self { asked, unfinished: Vec::new(), last: None }
    }

    /// The ids that are complete with the next chunk.
    ///
    /// # Errors
    /// [`ListError`]; the list is of no more use then.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<[u8; ID_PREFIX_BYTES]>, ListError> {
        self.unfinished.extend(chunk);
        let (ids, rest) = self.unfinished.as_chunks();
        let (ids, rest) = (ids.to_vec(), rest.to_vec());
        for id in &ids {
            if self.last.is_some_and(|last| last >= *id) {
                return Err(ListError::Order);
            }
            if !self.asked[Bucket::of([id[0], id[1]]).index()] {
                return Err(ListError::Bucket);
            }
            self.last = Some(*id);
        }
        self.unfinished = rest;
        Ok(ids)
    }

    /// The answer has ended.
    ///
    /// # Errors
    /// [`ListError::Cut`].
    pub fn finish(&self) -> Result<(), ListError> {
        if self.unfinished.is_empty() { Ok(()) } else { Err(ListError::Cut) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bucket_has_its_range_and_no_more() {
        for bucket in Bucket::all() {
            let [first, last] = bucket.range();
            for id in [first, last] {
                assert_eq!(Bucket::of([id.0[0], id.0[1]]), bucket);
            }
            if let Some(next) = Bucket::all().nth(bucket.index() + 1) {
                assert_eq!(
                    Bucket::of([next.range()[0].0[0], next.range()[0].0[1]]).index(),
                    bucket.index() + 1
                );
            }
        }
        assert_eq!(Bucket::of([0xab, 0xcd]).index(), 0xabc);
    }

    #[test]
    fn requests_are_numbers_that_ascend() {
        let buckets: Vec<_> = Bucket::all().collect();
        assert_eq!(parse_buckets(&write_buckets(&buckets)), Ok(buckets));
        for bad in [&[][..], &[0], &[0, 1, 2], &[0, 1, 0, 1], &[0, 2, 0, 1], &[0x10, 0]] {
            assert!(parse_buckets(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lists_that_lie_are_refused() {
        let id = |first: u8, last: u8| [[first; 15].as_slice(), &[last]].concat();
        let buckets = [Bucket::of([1, 1]), Bucket::of([3, 3])];
        let read = |ids: &[Vec<u8>]| ListReader::new(&buckets).push(&ids.concat()).map(|ids| ids.len());
        assert_eq!(read(&[id(1, 0), id(1, 1), id(3, 0)]), Ok(3));
        assert_eq!(read(&[id(1, 1), id(1, 0)]), Err(ListError::Order));
        assert_eq!(read(&[id(1, 1), id(1, 1)]), Err(ListError::Order));
        assert_eq!(read(&[id(1, 1), id(2, 2)]), Err(ListError::Bucket));
        let mut reader = ListReader::new(&buckets);
        assert_eq!(reader.push(&id(1, 1)[..9]), Ok(vec![]));
        assert_eq!(reader.finish(), Err(ListError::Cut));
        assert_eq!(reader.push(&id(1, 1)[9..]).map(|ids| ids.len()), Ok(1));
        assert_eq!(reader.finish(), Ok(()));
    }

    proptest! {
        #[test]
        fn exactly_the_buckets_that_differ_are_unequal(
            ids in prop::collection::btree_map(any::<[u8; 32]>(), 0..3u8, 0..60),
            chunk in 1usize..50,
        ) {
            // In one set, in the other, or in both.
            let of = |side: u8| -> Vec<EntryId> {
                ids.iter().filter(|(_, who)| **who == side || **who == 2).map(|(id, _)| EntryId(*id)).collect()
            };
            let [left, right] = [of(0), of(1)];
            let digests = |set: &[EntryId]| {
                let mut digests = Digests::default();
                for bucket in Bucket::all() {
                    digests.set(bucket, digest(set.iter().filter(|id| Bucket::of([id.0[0], id.0[1]]) == bucket)));
                }
                digests
            };
            let mut expected: Vec<_> = ids.iter().filter(|(_, who)| **who < 2).map(|(id, _)| Bucket::of([id[0], id[1]])).collect();
            expected.dedup();
            let theirs = Digests::from_bytes(&digests(&right).to_bytes()).unwrap();
            let unequal = digests(&left).unequal(&theirs);
            prop_assert_eq!(&unequal, &expected);

            // What the lists of those buckets have and the left set lacks is what the right set has alone.
            let listed: Vec<u8> = right
                .iter()
                .filter(|id| unequal.contains(&Bucket::of([id.0[0], id.0[1]])))
                .flat_map(|id| id.prefix())
                .collect();
            let (mut reader, mut read) = (ListReader::new(&unequal), Vec::new());
            for chunk in listed.chunks(chunk) {
                read.extend(reader.push(chunk).unwrap());
            }
            prop_assert_eq!(reader.finish(), Ok(()));
            read.retain(|id| left.iter().all(|known| known.prefix() != *id));
            let alone: Vec<_> = ids.iter().filter(|(_, who)| **who == 1).map(|(id, _)| EntryId(*id).prefix()).collect();
            prop_assert_eq!(read, alone);
        }
    }
}

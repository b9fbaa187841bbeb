//! Every limit of the entry format, in one place. They are part of validity: never change them.

/// A head is at most this long; the longest that the format allows has 183 bytes.
pub const MAX_HEAD_BYTES: usize = 256;
/// A body is at most this long, so that a thousand entries fit into a few megabytes of memory.
pub const MAX_BODY_BYTES: usize = 16 * 1024;
/// Head and body together.
pub const MAX_ENTRY_BYTES: usize = MAX_HEAD_BYTES + MAX_BODY_BYTES;
/// Arrays and maps within arrays and maps, counting the outermost; bounds the decoder's recursion.
pub const MAX_CBOR_DEPTH: usize = 8;
/// A member's heads in `main` have n below this, or below more where a charter raises it; bounds what one key can make every node store.
pub const QUOTA_MAIN: u64 = 10_000;
/// A member's heads in `core` have n below this, likewise. Operators have the quota of `main`.
pub const QUOTA_CORE: u64 = 64;

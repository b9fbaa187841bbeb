//! Sketch: a rateless IBLT, the fast way to find few differences between large sets
//! (`doc/SYNC-PROTOCOL.md` section 7).
//!
//! After Yang et al., "Practical Rateless Set Reconciliation", SIGCOMM 2024. A set becomes symbols, each the
//! XOR of some of its items; the XOR of two sets' symbols is that of their difference, which can be peeled
//! from a prefix of about 1.4 symbols for each item of it. Symbols have no counts, so an item does not tell
//! on which side it is. Whoever signs entries can grind ids that never peel: a sketch saves bytes and proves
//! nothing. Not here: how a node keeps its own (`store/sketch.rs`).

use super::wire::ID_PREFIX_BYTES;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// Symbols of a sketch: enough for about 11,000 differences.
pub const SYMBOLS: usize = 16_384;
/// Bytes of a symbol: the XOR of its items and that of their checks.
pub const SYMBOL_BYTES: usize = ID_PREFIX_BYTES + CHECK_BYTES;
/// Bytes of a sketch: 384 KiB.
pub const SKETCH_BYTES: usize = SYMBOLS * SYMBOL_BYTES;
/// While no charter is pinned, a network has this id.
pub const OPEN_NETWORK: [u8; 32] = [0; 32];

/// Items that a whole sketch can tell: it takes at least 1.34 symbols for each.
const MAX_ITEMS: u64 = SYMBOLS as u64 * 100 / 134;
const CHECK_BYTES: usize = 8;
const DOMAIN: &[u8] = b"deadwax/sketch/1";
/// Output of the hash at a time: a block of BLAKE3.
const BLOCK_BYTES: usize = 64;

/// An id's first 16 bytes.
pub type SketchItem = [u8; ID_PREFIX_BYTES];

/// What an item's symbols are drawn with; networks have different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SketchKey([u8; 32]);

impl SketchKey {
    /// SHA-256(`deadwax/sketch/1` || id of the network).
    pub fn of_network(network: &[u8; 32]) -> Self {
        Self(Sha256::new().chain_update(DOMAIN).chain_update(network).finalize().into())
    }

    fn draw(&self, item: &SketchItem) -> Draw {
        let mut draw = Draw {
            output: blake3::Hasher::new_keyed(&self.0).update(item).finalize_xof(),
            block: [0; BLOCK_BYTES],
            at: BLOCK_BYTES,
            index: None,
            check: 0,
        };
        draw.check = draw.next_number();
        draw
    }
}

/// The check of an item, and the numbers of the symbols that it is part of, ascending, without end.
struct Draw {
    output: blake3::OutputReader,
    block: [u8; BLOCK_BYTES],
    at: usize,
    index: Option<u64>,
    check: u64,
}

impl Draw {
    fn next_number(&mut self) -> u64 {
        if self.at == BLOCK_BYTES {
            self.output.fill(&mut self.block);
            self.at = 0;
        }
        let bytes = self.block[self.at..].first_chunk().copied().unwrap_or_default();
        self.at += bytes.len();
        u64::from_le_bytes(bytes)
    }

    /// The symbols below `count` that the item is part of.
    fn below(mut self, count: usize) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let index = match self.index {
                None => 0,
                Some(index) => {
                    // Each operation is one of IEEE 754 on 64 bits, so all machines agree.
                    let number = self.next_number() as f64;
                    let step = (index as f64 + 1.5) * (4_294_967_296.0 / (number + 1.0).sqrt() - 1.0);
                    index.saturating_add(step.ceil().max(1.0) as u64)
                }
            };
            self.index = Some(index);
            usize::try_from(index).ok().filter(|index| *index < count)
        })
    }
}

/// The XOR of some items, and that of their checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Symbol {
    items: u128,
    checks: u64,
}

impl Symbol {
    fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn toggle(&mut self, item: u128, check: u64) {
        self.items ^= item;
        self.checks ^= check;
    }

    fn write_to(self, out: &mut Vec<u8>) {
        out.extend(self.items.to_be_bytes());
        out.extend(self.checks.to_le_bytes());
    }
}

/// Reads the beginning of a sketch; `None` if it is longer than one, or ends within a symbol.
pub fn read_symbols(bytes: &[u8]) -> Option<Vec<Symbol>> {
    let (symbols, rest) = bytes.as_chunks::<SYMBOL_BYTES>();
    let read = |symbol: &[u8; SYMBOL_BYTES]| {
        let (items, checks) = symbol.split_first_chunk()?;
        let items = u128::from_be_bytes(*items);
        Some(Symbol { items, checks: u64::from_le_bytes(checks.try_into().ok()?) })
    };
    if !rest.is_empty() || symbols.len() > SYMBOLS {
        return None;
    }
    symbols.iter().map(read).collect()
}

/// The symbols of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    key: SketchKey,
    symbols: Vec<Symbol>,
}

impl Sketch {
    /// The empty set.
    pub fn new(key: SketchKey) -> Self {
        Self { key, symbols: vec![Symbol::default(); SYMBOLS] }
    }

    /// What its symbols are drawn with.
    pub fn key(&self) -> SketchKey {
        self.key
    }

    /// Adds an item that is not in the set, or takes out one that is.
    pub fn toggle(&mut self, item: &SketchItem) {
        let draw = self.key.draw(item);
        let (number, check) = (u128::from_be_bytes(*item), draw.check);
        for index in draw.below(SYMBOLS) {
            self.symbols[index].toggle(number, check);
        }
    }

    /// All symbols.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// As it goes over the wire: [`SKETCH_BYTES`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SKETCH_BYTES);
        self.symbols.iter().for_each(|symbol| symbol.write_to(&mut bytes));
        bytes
    }
}

/// What the symbols of two sets say about their difference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decoded {
    /// Items that are in one of them only, ascending.
    pub items: Vec<SketchItem>,
    /// Whether nothing is left: then these are all, but for a lie.
    pub is_complete: bool,
}

/// Peels the difference of two sets from as many symbols as both slices have.
///
/// Bounded whatever the symbols are: no item is peeled twice, and no more items than there are symbols.
pub fn decode(key: SketchKey, left: &[Symbol], right: &[Symbol]) -> Decoded {
    let mut symbols = difference(left, right);
    let count = symbols.len();
    let mut items = HashSet::new();
    let mut to_look_at: Vec<usize> = (0..count).rev().collect();
    while let Some(at) = to_look_at.pop() {
        let Symbol { items: number, checks } = symbols[at];
        if symbols[at].is_empty() {
            continue;
        }
        let item = number.to_be_bytes();
        let draw = key.draw(&item);
        if draw.check != checks {
            continue;
        }
        let parts: Vec<usize> = draw.below(count).collect();
        if parts.binary_search(&at).is_err() {
            continue;
        }
        // Nobody's symbols give an item twice: these were made up.
        if items.len() == count || !items.insert(item) {
            break;
        }
        for part in parts {
            symbols[part].toggle(number, checks);
            to_look_at.push(part);
        }
    }
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort_unstable();
    Decoded { items, is_complete: symbols.iter().all(|symbol| symbol.is_empty()) }
}

/// How many items differ, by how many of the symbols are empty; `None` if none is, so that there may be any
/// number.
pub fn estimate(left: &[Symbol], right: &[Symbol]) -> Option<usize> {
    let symbols = difference(left, right);
    let empty = symbols.iter().filter(|symbol| symbol.is_empty()).count() as f64;
    if empty == 0.0 {
        return None;
    }
    // An item is part of symbol i with probability 1 / (1 + i / 2).
    let expected = |items: f64| -> f64 {
        (0..symbols.len()).map(|index| (1.0 - 1.0 / (1.0 + index as f64 / 2.0)).powf(items)).sum()
    };
    let (mut low, mut high) = (0.0, SYMBOLS as f64 * 4.0);
    while high - low > 0.5 {
        let middle = f64::midpoint(low, high);
        if expected(middle) > empty { low = middle } else { high = middle }
    }
    Some(high.ceil() as usize)
}

/// How many symbols of a peer's sketch to have next, when the first `have` do not decode and about so many items
/// differ (`None`: nobody can tell). Without any symbols yet, the items are those by which the counts differ.
/// `None` if a whole sketch would not be enough.
pub fn next_symbols(have: usize, items: Option<u64>) -> Option<usize> {
    let Some(items) = items else { return (have < SYMBOLS).then_some(SYMBOLS) };
    if items > MAX_ITEMS || have == SYMBOLS {
        return None;
    }
    let items = items as f64;
    let wanted = if have == 0 { 1.45 * items + 128.0 } else { (1.5 * items + 32.0).max(1.25 * have as f64) };
    Some((wanted.ceil() as usize).min(SYMBOLS))
}

fn difference(left: &[Symbol], right: &[Symbol]) -> Vec<Symbol> {
    let xor = |(left, right): (&Symbol, &Symbol)| Symbol {
        items: left.items ^ right.items,
        checks: left.checks ^ right.checks,
    };
    left.iter().zip(right).map(xor).collect()
}

#[cfg(test)]
mod tests;

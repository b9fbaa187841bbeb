//! Random changes of inputs: bits, lengths, numbers, pieces.

use crate::harness::Target;

/// Longer than a body, a query and a magnet may be, and short enough to be printed.
const MAX_INPUT_BYTES: usize = 40 << 10;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// From 1 up to 2,048, small ones more often.
    fn length(&mut self) -> usize {
        let bits = self.below(12);
        1 + self.below(1 << bits)
    }

    /// One of [`EDGES`], or the number before it.
    fn edge(&mut self) -> u64 {
        self.pick(&EDGES).wrapping_sub(self.below(2) as u64)
    }
}

/// A seed with one change, or with several: each one more half as often.
pub fn changed(target: &Target, random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(&target.seeds).clone();
    loop {
        change(&mut bytes, target, random);
        bytes.truncate(MAX_INPUT_BYTES);
        if random.below(2) == 0 {
            return bytes;
        }
    }
}

/// Where CBOR, binary formats and decimal numbers have their edges.
const EDGES: [u64; 16] =
    [0, 1, 10, 20, 24, 32, 0x80, 0x100, 1_000, 10_000, 16_385, 0x8000, 0x1_0000, 1 << 32, 1 << 63, u64::MAX];
/// First bytes of CBOR items of each type and width, and the letters of bencode and of URLs.
const FIRST_BYTES: &[u8] =
    b"\x00\x18\x19\x1a\x1b\x1f\x20\x3b\x40\x50\x58\x5f\x60\x78\x80\x9b\xa0\xa1\xbb\xc0\
    \xd2\xf4\xf5\xf6\xf9\xff dilexn0123456789:-+.%&=?#/@\"\\";

fn change(bytes: &mut Vec<u8>, target: &Target, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.length()).min(bytes.len());
    match random.below(14) {
        0 => flip(bytes, at, random),
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..end)),
        3 => repeat(bytes, at..end, random),
        4 => put(bytes, at, 1, &[random.next() as u8]),
        5 => put(bytes, at, random.below(2), &[*random.pick(FIRST_BYTES)]),
        6 => {
            let width = 1 << random.below(4);
            let edge = random.edge().to_be_bytes();
            put(bytes, at, width, &edge[8 - width..]);
        }
        7 | 8 if !target.tokens.is_empty() => {
            let tokens: Vec<_> = target.tokens.split(|byte| *byte == b'|').collect();
            let token = *random.pick(&tokens);
            put(bytes, at, *random.pick(&[0, 1, token.len()]), token);
        }
        7..=9 => number(bytes, at, random),
        // The end of another seed, or a piece of it.
        10 => {
            let other = random.pick(&target.seeds);
            bytes.truncate(at);
            bytes.extend(&other[random.below(other.len() + 1)..]);
        }
        11 => {
            let other = random.pick(&target.seeds);
            let from = random.below(other.len() + 1);
            let to = (from + random.length()).min(other.len());
            put(bytes, at, end - at, &other[from..to]);
        }
        12 => {
            let moved: Vec<u8> = bytes.drain(at..end).collect();
            let to = random.below(bytes.len() + 1);
            put(bytes, to, 0, &moved);
        }
        // Lengths that are off by one.
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = byte.wrapping_add(*random.pick(&[1, 0xff]));
            }
        }
    }
}

/// Replaces up to `count` bytes at `at`.
fn put(bytes: &mut Vec<u8>, at: usize, count: usize, new: &[u8]) {
    let end = (at + count).min(bytes.len());
    bytes.splice(at..end, new.iter().copied());
}

fn flip(bytes: &mut [u8], at: usize, random: &mut Random) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn repeat(bytes: &mut Vec<u8>, range: std::ops::Range<usize>, random: &mut Random) {
    let chunk = bytes[range.clone()].to_vec();
    let room = MAX_INPUT_BYTES.saturating_sub(bytes.len()) / chunk.len().max(1);
    let times = if random.below(8) == 0 { room } else { random.length().min(room) };
    put(bytes, range.start, 0, &chunk.repeat(times));
}

/// Another number instead of the first decimal one from `at` on.
fn number(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|first| at + first) else { return };
    let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let old = std::str::from_utf8(&bytes[start..start + digits]).ok().and_then(|text| text.parse().ok());
    let new: u64 = match random.below(3) {
        0 => random.edge(),
        1 => old.unwrap_or(0_u64).wrapping_add(1),
        _ => old.unwrap_or(0_u64).wrapping_sub(1),
    };
    put(bytes, start, digits, new.to_string().as_bytes());
}

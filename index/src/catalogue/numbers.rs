//! Numbers as packed rows have them: groups of seven bits, the lowest first, and the eighth bit set in all
//! but the last.

/// Bytes of the longest number: 64 bits.
const MAX_NUMBER_BYTES: usize = 10;

/// The number that `bytes` begin with, and how many of them it has; `None` if it does not end.
pub(super) fn number_at(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(MAX_NUMBER_BYTES) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, index + 1));
        }
    }
    None
}

/// Appends a number.
pub(super) fn put_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

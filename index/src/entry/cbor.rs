//! The CBOR profile of bodies and payloads: deterministic, integer map keys, nothing exotic.
//!
//! RFC 8949 section 4.2.1, narrowed by `doc/ENTRY-FORMAT.md` section 2. Decoding accepts exactly
//! the bytes that encoding makes: it checks each rule where it applies and compares at the end.
//! Not here: the COSE head, which has one fixed shape and is read by [`super::head`].

use super::limits::MAX_CBOR_DEPTH;

/// A value of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Major type 0.
    Uint(u64),
    /// Major type 1: the number is `-1 - .0`.
    Nint(u64),
    /// Major type 2.
    Bytes(Vec<u8>),
    /// Major type 3.
    Text(String),
    /// Major type 4, definite length.
    Array(Vec<Value>),
    /// Major type 5, definite length, keys ascending.
    Map(Vec<(u64, Value)>),
    /// `false` or `true`.
    Bool(bool),
}

/// How bytes break the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The input ends inside an item.
    #[error("the data ends in the middle of an item")]
    Truncated,
    /// Bytes follow the item.
    #[error("bytes follow after the end of the item")]
    Trailing,
    /// An integer or length could be written shorter.
    #[error("an integer is not in its shortest form")]
    NotShortest,
    /// Indefinite length.
    #[error("an item has indefinite length")]
    Indefinite,
    /// Tag, float, null, undefined or another simple value.
    #[error("an item is of a type that the profile leaves out")]
    Forbidden,
    /// A map key that is not an unsigned integer.
    #[error("a map key is not an unsigned integer")]
    Key,
    /// Map keys repeat or descend.
    #[error("map keys are not strictly ascending")]
    Order,
    /// Text that is not UTF-8.
    #[error("text is not valid UTF-8")]
    Utf8,
    /// Nesting beyond [`MAX_CBOR_DEPTH`].
    #[error("arrays and maps are nested too deeply")]
    Depth,
    /// Re-encoding gave other bytes (no input is known to get here).
    #[error("the bytes are not the deterministic encoding")]
    NotDeterministic,
}

/// Decodes the one item that `bytes` must be.
pub fn decode(bytes: &[u8]) -> Result<Value, CborError> {
    let (value, used) = decode_prefix(bytes)?;
    if used != bytes.len() {
        return Err(CborError::Trailing);
    }
    Ok(value)
}

/// Decodes the item that `bytes` begins with; also returns its length in bytes.
pub fn decode_prefix(bytes: &[u8]) -> Result<(Value, usize), CborError> {
    let mut decoder = Decoder { bytes, at: 0 };
    let value = decoder.value(0)?;
    if encode(&value) != bytes[..decoder.at] {
        return Err(CborError::NotDeterministic);
    }
    Ok((value, decoder.at))
}

/// The one encoding of `value`. Map keys must be ascending, as decoding leaves them.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

/// Writes the initial byte and argument of an item, in the shortest form.
pub(crate) fn write_header(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend([major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(argument.to_be_bytes());
        }
    }
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Uint(number) => write_header(0, *number, out),
        Value::Nint(number) => write_header(1, *number, out),
        Value::Bytes(bytes) => {
            write_header(2, bytes.len() as u64, out);
            out.extend(bytes);
        }
        Value::Text(text) => {
            write_header(3, text.len() as u64, out);
            out.extend(text.as_bytes());
        }
        Value::Array(items) => {
            write_header(4, items.len() as u64, out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Map(pairs) => {
            write_header(5, pairs.len() as u64, out);
            for (key, item) in pairs {
                write_header(0, *key, out);
                write(item, out);
            }
        }
        Value::Bool(flag) => out.push(if *flag { 0xf5 } else { 0xf4 }),
    }
}

struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], CborError> {
        let rest = &self.bytes[self.at..];
        // Compared before any allocation: a claimed length beyond the input ends here.
        let count = usize::try_from(count).map_err(|_| CborError::Truncated)?;
        let taken = rest.get(..count).ok_or(CborError::Truncated)?;
        self.at += count;
        Ok(taken)
    }

    fn header(&mut self) -> Result<(u8, u64), CborError> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        if major >= 6 {
            // Tags, floats and simple values; only the two booleans are in the profile.
            return match first {
                0xf4 => Ok((7, 0)),
                0xf5 => Ok((7, 1)),
                _ => Err(CborError::Forbidden),
            };
        }
        let width = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            31 => return Err(CborError::Indefinite),
            _ => return Err(CborError::Forbidden),
        };
        let argument = self.take(width)?.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        let smallest = match width {
            1 => 24,
            2 => 0x100,
            4 => 0x1_0000,
            _ => 0x1_0000_0000,
        };
        if argument < smallest {
            return Err(CborError::NotShortest);
        }
        Ok((major, argument))
    }

    fn value(&mut self, depth: usize) -> Result<Value, CborError> {
        let (major, argument) = self.header()?;
        if matches!(major, 4 | 5) && depth == MAX_CBOR_DEPTH {
            return Err(CborError::Depth);
        }
        Ok(match major {
            0 => Value::Uint(argument),
            1 => Value::Nint(argument),
            2 => Value::Bytes(self.take(argument)?.to_vec()),
            3 => {
                let text = std::str::from_utf8(self.take(argument)?).map_err(|_| CborError::Utf8)?;
                Value::Text(text.to_owned())
            }
            4 => {
                // Grows as items arrive: the claimed count allocates nothing.
                let mut items = Vec::new();
                for _ in 0..argument {
                    items.push(self.value(depth + 1)?);
                }
                Value::Array(items)
            }
            5 => {
                let mut pairs: Vec<(u64, Value)> = Vec::new();
                for _ in 0..argument {
                    let (0, key) = self.header()? else { return Err(CborError::Key) };
                    if pairs.last().is_some_and(|(last, _)| *last >= key) {
                        return Err(CborError::Order);
                    }
                    pairs.push((key, self.value(depth + 1)?));
                }
                Value::Map(pairs)
            }
            _ => Value::Bool(argument == 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// The examples of RFC 8949 appendix A that the profile covers, typed from the RFC.
    #[test]
    fn rfc_8949_appendix_a() {
        for (bytes, value) in [
            ("00", Value::Uint(0)),
            ("17", Value::Uint(23)),
            ("1818", Value::Uint(24)),
            ("1903e8", Value::Uint(1000)),
            ("1a000f4240", Value::Uint(1_000_000)),
            ("1b000000e8d4a51000", Value::Uint(1_000_000_000_000)),
            ("1bffffffffffffffff", Value::Uint(u64::MAX)),
            ("20", Value::Nint(0)),
            ("3863", Value::Nint(99)),
            ("f4", Value::Bool(false)),
            ("f5", Value::Bool(true)),
            ("4401020304", Value::Bytes(vec![1, 2, 3, 4])),
            ("62c3bc", Value::Text("ü".into())),
            (
                "8301820203820405",
                Value::Array(vec![
                    Value::Uint(1),
                    Value::Array(vec![Value::Uint(2), Value::Uint(3)]),
                    Value::Array(vec![Value::Uint(4), Value::Uint(5)]),
                ]),
            ),
            ("a201020304", Value::Map(vec![(1, Value::Uint(2)), (3, Value::Uint(4))])),
        ] {
            assert_eq!(decode(&hex(bytes)), Ok(value.clone()), "{bytes}");
            assert_eq!(encode(&value), hex(bytes));
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        for (bytes, error) in [
            ("", CborError::Truncated),
            ("18", CborError::Truncated),
            ("4401", CborError::Truncated),
            ("9bffffffffffffffff", CborError::Truncated),
            ("5bffffffffffffffff00", CborError::Truncated),
            ("0000", CborError::Trailing),
            ("1817", CborError::NotShortest),
            ("190001", CborError::NotShortest),
            ("1a0000ffff", CborError::NotShortest),
            ("1b00000000ffffffff", CborError::NotShortest),
            ("580100", CborError::NotShortest),
            ("9fff", CborError::Indefinite),
            ("5f4100ff", CborError::Indefinite),
            ("c000", CborError::Forbidden),
            ("f6", CborError::Forbidden),
            ("f7", CborError::Forbidden),
            ("f97e00", CborError::Forbidden),
            ("fb3ff199999999999a", CborError::Forbidden),
            ("f818", CborError::Forbidden),
            ("1c", CborError::Forbidden),
            ("a1613100", CborError::Key),
            ("a12000", CborError::Key),
            ("a201000100", CborError::Order),
            ("a202000100", CborError::Order),
            ("61ff", CborError::Utf8),
            ("818181818181818180", CborError::Depth),
        ] {
            assert_eq!(decode(&hex(bytes)), Err(error), "{bytes}");
        }
        assert!(decode(&hex("8181818181818180")).is_ok(), "depth 8 is allowed");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<u64>().prop_map(Value::Uint),
            any::<u64>().prop_map(Value::Nint),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            ".{0,12}".prop_map(Value::Text),
            any::<bool>().prop_map(Value::Bool),
        ];
        leaf.prop_recursive(6, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::btree_map(any::<u64>(), inner, 0..6)
                    .prop_map(|map| Value::Map(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn writing_then_reading_is_the_identity(value in value()) {
            prop_assert_eq!(decode(&encode(&value)), Ok(value));
        }

        #[test]
        fn what_decodes_is_its_own_encoding(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = decode(&bytes) {
                prop_assert_eq!(encode(&value), bytes);
            }
        }
    }
}

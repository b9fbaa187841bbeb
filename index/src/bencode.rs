//! Bencode (BEP 3), read strictly and within limits.
//!
//! The decoder borrows from its input: a [`Dict`] knows its own raw bytes, so that an info
//! dictionary can be hashed exactly as it stands in the file. What could be read in two ways is
//! refused: repeated keys, leading zeros, `-0`, integers beyond 64 bits, bytes after the end.
//! Keys that are out of order are accepted, because BEP 3 asks that the infohash be taken from
//! the original bytes, so their order leaves no doubt about it, and such files are in use.
//!
//! Not here: writing (nothing in this crate needs it) and what a torrent file means
//! ([`crate::torrent`]).

#[cfg(test)]
pub(crate) mod tests;

/// How deep lists and dictionaries may nest. A torrent's own structure takes five levels; the rest
/// is for the folders of a BEP 52 file tree, each of which is one level.
pub const MAX_DEPTH: usize = 64;

/// How many values one input may hold. A file of a torrent takes five, so this is enough for
/// about 50,000 files, and bounds the memory of a decoded input to some 15 MB.
pub const MAX_VALUES: usize = 250_000;

/// Why bytes are not bencode as we accept it. `at` is the offset in bytes from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BencodeError {
    /// The input stops in the middle of a value.
    #[error("the data ends in the middle of a value, at byte {at}")]
    UnexpectedEnd {
        /// Where more was expected.
        at: usize,
    },
    /// A byte that cannot stand where it does.
    #[error("byte {at} cannot start or continue a value here")]
    UnexpectedByte {
        /// Where it is.
        at: usize,
    },
    /// An integer or a length with a leading zero, or `-0`.
    #[error("the number at byte {at} is not in its shortest form")]
    NotShortest {
        /// Where the number starts.
        at: usize,
    },
    /// An integer outside the signed 64-bit range, or a length beyond the address space.
    #[error("the number at byte {at} is too large")]
    NumberTooLarge {
        /// Where the number starts.
        at: usize,
    },
    /// A key occurs twice in a dictionary, so that readers could disagree about its value.
    #[error("the dictionary at byte {at} has a key twice")]
    RepeatedKey {
        /// Where the dictionary starts.
        at: usize,
    },
    /// Bytes follow after the end of the value.
    #[error("there is more data after the end, at byte {at}")]
    TrailingData {
        /// Where the surplus starts.
        at: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("lists and dictionaries are nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More values than [`MAX_VALUES`].
    #[error("it holds more than {MAX_VALUES} values")]
    TooManyValues,
}

/// One bencoded value, borrowing from the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// An integer.
    Integer(i64),
    /// A byte string; bencode knows no text.
    Bytes(&'a [u8]),
    /// A list.
    List(Vec<Value<'a>>),
    /// A dictionary.
    Dict(Dict<'a>),
}

/// A dictionary with the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dict<'a> {
    raw: &'a [u8],
    entries: Vec<(&'a [u8], Value<'a>)>,
}

impl<'a> Dict<'a> {
    /// The bytes of the dictionary in the input, from its `d` to its `e`.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The value under `key`.
    pub fn get(&self, key: &[u8]) -> Option<&Value<'a>> {
        let (_, value) = self.entries.iter().find(|(k, _)| *k == key)?;
        Some(value)
    }

    /// Keys and values in the order of the input.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a [u8], &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (*key, value))
    }
}

impl<'a> Value<'a> {
    /// The integer, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(n) => Some(*n),
            _ => None,
        }
    }

    /// The byte string, if it is one.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The dictionary, if it is one.
    pub fn as_dict(&self) -> Option<&Dict<'a>> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }
}

/// Reads `input`, which must be exactly one value.
pub fn decode(input: &[u8]) -> Result<Value<'_>, BencodeError> {
    let mut reader = Reader { input, at: 0, values: 0 };
    let value = reader.value(0)?;
    if reader.at < input.len() {
        return Err(BencodeError::TrailingData { at: reader.at });
    }
    Ok(value)
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, BencodeError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(BencodeError::TooManyValues);
        }
        match self.peek()? {
            b'i' => self.integer().map(Value::Integer),
            b'0'..=b'9' => self.bytes().map(Value::Bytes),
            b'l' | b'd' if depth == MAX_DEPTH => Err(BencodeError::TooDeep),
            b'l' => self.list(depth).map(Value::List),
            b'd' => self.dict(depth).map(Value::Dict),
            _ => Err(BencodeError::UnexpectedByte { at: self.at }),
        }
    }

    fn peek(&self) -> Result<u8, BencodeError> {
        let byte = self.input.get(self.at).copied();
        byte.ok_or(BencodeError::UnexpectedEnd { at: self.at })
    }

    fn integer(&mut self) -> Result<i64, BencodeError> {
        let start = self.at;
        self.at += 1;
        let negative = self.peek()? == b'-';
        if negative {
            self.at += 1;
        }
        let digits = self.digits(b'e')?;
        if negative && digits == b"0" {
            return Err(BencodeError::NotShortest { at: start });
        }
        // Counted downwards, so that the lowest integer fits too.
        let mut n: i64 = 0;
        for digit in digits {
            n = n
                .checked_mul(10)
                .and_then(|n| n.checked_sub(i64::from(digit - b'0')))
                .ok_or(BencodeError::NumberTooLarge { at: start })?;
        }
        if negative {
            return Ok(n);
        }
        n.checked_neg().ok_or(BencodeError::NumberTooLarge { at: start })
    }

    fn bytes(&mut self) -> Result<&'a [u8], BencodeError> {
        let start = self.at;
        let mut length: usize = 0;
        for digit in self.digits(b':')? {
            length = length
                .checked_mul(10)
                .and_then(|n| n.checked_add(usize::from(digit - b'0')))
                .ok_or(BencodeError::NumberTooLarge { at: start })?;
        }
        let rest = self.input.get(self.at..).unwrap_or_default();
        let bytes = rest.get(..length).ok_or(BencodeError::UnexpectedEnd { at: self.input.len() })?;
        self.at += length;
        Ok(bytes)
    }

    /// Digits without a leading zero, up to `end`, which is consumed.
    fn digits(&mut self, end: u8) -> Result<&'a [u8], BencodeError> {
        let start = self.at;
        while self.peek()?.is_ascii_digit() {
            self.at += 1;
        }
        if self.peek()? != end || self.at == start {
            return Err(BencodeError::UnexpectedByte { at: self.at });
        }
        let digits = &self.input[start..self.at];
        if digits.len() > 1 && digits[0] == b'0' {
            return Err(BencodeError::NotShortest { at: start });
        }
        self.at += 1;
        Ok(digits)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value<'a>>, BencodeError> {
        self.at += 1;
        let mut items = Vec::new();
        while self.peek()? != b'e' {
            items.push(self.value(depth + 1)?);
        }
        self.at += 1;
        Ok(items)
    }

    fn dict(&mut self, depth: usize) -> Result<Dict<'a>, BencodeError> {
        let start = self.at;
        self.at += 1;
        let mut entries: Vec<(&[u8], Value)> = Vec::new();
        let mut ascending = true;
        while self.peek()? != b'e' {
            if !self.peek()?.is_ascii_digit() {
                return Err(BencodeError::UnexpectedByte { at: self.at });
            }
            let key = self.bytes()?;
            ascending &= entries.last().is_none_or(|(last, _)| *last < key);
            entries.push((key, self.value(depth + 1)?));
        }
        self.at += 1;
        if !ascending {
            let mut keys: Vec<&[u8]> = entries.iter().map(|(key, _)| *key).collect();
            keys.sort_unstable();
            if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(BencodeError::RepeatedKey { at: start });
            }
        }
        Ok(Dict { raw: &self.input[start..self.at], entries })
    }
}

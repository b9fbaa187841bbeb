//! What a pax header or a GNU long name says of the member after it: its path, and its size.
//!
//! The dumps have neither. Whoever packs them anew may get them.

use super::archive::invalid;
use std::io;
use tar::EntryType;

/// What was said before a member.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Its path, if the one in its own header is cut.
    pub path: Option<Vec<u8>>,
    /// Its length in bytes.
    pub size_bytes: Option<u64>,
}

impl Header {
    /// Takes one of the two in.
    pub(super) fn take(&mut self, entry_type: EntryType, text: &[u8]) -> io::Result<()> {
        if entry_type == EntryType::GNULongName {
            let name = text.split(|byte| *byte == 0).next().unwrap_or_default();
            self.path = Some(name.to_owned());
            return Ok(());
        }
        let mut rest = text;
        while !rest.is_empty() {
            let record;
            (record, rest) = record_of(rest).ok_or_else(|| invalid("a pax header is damaged"))?;
            let equals = record.iter().position(|byte| *byte == b'=');
            let (key, value) = record.split_at(equals.ok_or_else(|| invalid("a pax header is damaged"))?);
            match (key, &value[1..]) {
                (b"path", path) => self.path = Some(path.to_owned()),
                (b"size", size) => {
                    let size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
                    self.size_bytes = Some(size.ok_or_else(|| invalid("a pax header has no valid size"))?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The first record, `LENGTH key=value\n`, without length and end, and what follows it. The length counts
/// the whole record.
fn record_of(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&text[..space]).ok()?.parse().ok()?;
    let record = text.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((record, &text[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pax(text: &[u8]) -> io::Result<Header> {
        let mut header = Header::default();
        header.take(EntryType::XHeader, text).map(|()| header)
    }

    #[test]
    fn path_and_size_are_read_and_the_rest_is_not() {
        let header = pax(b"20 atime=1400000000\n22 path=mbdump/artist\n9 size=7\n").unwrap();
        assert_eq!(header, Header { path: Some(b"mbdump/artist".to_vec()), size_bytes: Some(7) });
        for damaged in [
            "x",
            "5 a=b",
            "6 a=b\n5",
            "0 a=b\n",
            "4 ab\n",
            "99 a=b\n",
            "6 a=b ",
            "12 size=-1\n\n",
            "18446744073709551616 a=b\n",
            "1 a=b\n",
        ] {
            assert!(pax(damaged.as_bytes()).is_err(), "{damaged:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..64), digits in "[0-9]{0,3} ?") {
            let _ = pax(&[digits.as_bytes(), &text].concat());
        }
    }
}

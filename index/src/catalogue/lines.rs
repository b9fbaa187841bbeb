//! Text as lines, in bounded memory.

use super::error::ImportError;
use std::io::{self, BufRead, Read};

/// The longest line that is read. Releases with thousands of tracks have some MiB.
pub const MAX_LINE_BYTES: usize = 64 << 20;

/// Why lines were not read to the end.
pub(super) enum LineError {
    /// They could not be read.
    Read(io::Error),
    /// Whoever got them wanted no more.
    Refused(ImportError),
}

/// Hands on each line that is not empty, with its number and without its end and spaces around it; `None`
/// stands for one that is too long. Returns how many bytes were read.
pub(super) fn read_lines(
    input: &mut impl BufRead,
    mut on_line: impl FnMut(u64, Option<&[u8]>) -> Result<(), ImportError>,
) -> Result<u64, LineError> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let (mut line, mut read_bytes) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        // One byte more for the line's end, and one to see that it is too long.
        let mut limited = input.by_ref().take(MAX_LINE_BYTES as u64 + 2);
        let length = limited.read_until(b'\n', &mut line).map_err(LineError::Read)?;
        if length == 0 {
            break;
        }
        read_bytes += length as u64;
        let mut text = line.strip_suffix(b"\n").unwrap_or(&line);
        if number == 1 {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        let text = text.trim_ascii();
        if text.len() > MAX_LINE_BYTES {
            on_line(number, None).map_err(LineError::Refused)?;
        } else if !text.is_empty() {
            on_line(number, Some(text)).map_err(LineError::Refused)?;
        }
    }
    Ok(read_bytes)
}

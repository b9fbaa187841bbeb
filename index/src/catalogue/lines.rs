//! Text as lines, in bounded memory.

use super::archive::Member;
use super::error::ImportError;
use std::io::{BufRead, Read};
use std::path::Path;

/// The longest line that is read. Releases with thousands of tracks have some MiB.
pub const MAX_LINE_BYTES: usize = 64 << 20;

/// Hands on each line of a member that is not empty, with its number and without its end and spaces around
/// it; one that is too long is refused. Returns how many bytes were read.
pub(super) fn each_line(
    path: &Path,
    member: Member,
    input: &mut impl BufRead,
    mut on_line: impl FnMut(u64, &[u8]) -> Result<(), ImportError>,
) -> Result<u64, ImportError> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let damaged = |source| ImportError::Damaged { path: path.to_owned(), source };
    let (mut line, mut read_bytes) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        // One byte more for the line's end, and one to see that it is too long.
        let mut limited = input.by_ref().take(MAX_LINE_BYTES as u64 + 2);
        let length = limited.read_until(b'\n', &mut line).map_err(damaged)?;
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
            let (path, member) = (path.to_owned(), member.text());
            return Err(ImportError::LongLine { path, member, line: number, max_bytes: MAX_LINE_BYTES });
        }
        if !text.is_empty() {
            on_line(number, text)?;
        }
    }
    Ok(read_bytes)
}

//! A `.tar.xz` dump as a stream of lines, in memory that does not depend on its size.
//!
//! The archive is read to its very end, so that every checksum in it is looked at. Names of files do not
//! matter: the members below `mbdump/` say what an archive holds.

use super::error::ImportError;
use super::kind::Kind;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest line that is read. Releases with thousands of tracks have some MiB.
pub const MAX_LINE_BYTES: usize = 64 << 20;
/// The most memory that the decoder may take: `xz -9` makes archives that need 65 MiB.
pub const MAX_DECODER_BYTES: u64 = 128 << 20;
/// No dump comes near it: the largest has some hundred GiB today.
pub const MAX_MEMBER_BYTES: u64 = 1 << 44;
/// The most members: dumps have seven.
pub const MAX_MEMBERS: usize = 1_000;
/// Zeros that fill an archive's last record. tar writes up to 10 KiB of them.
pub const MAX_TRAILING_BYTES: u64 = 1 << 20;
/// A time in one line.
const MAX_TIMESTAMP_BYTES: u64 = 64;
/// Read at once from a member.
const BUFFER_BYTES: usize = 256 << 10;

/// What was in an archive, beside its records.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The kinds of records, in the order of the members.
    pub kinds: Vec<Kind>,
    /// When the dump was made, as it says itself.
    pub timestamp: Option<String>,
}

/// Reads an archive and hands on each line that is not empty, without its end, and with its number.
pub(super) fn read(
    path: &Path,
    input: impl BufRead,
    mut on_line: impl FnMut(Kind, u64, &[u8]) -> Result<(), ImportError>,
) -> Result<Contents, ImportError> {
    let damaged = |source| ImportError::Damaged { path: path.to_owned(), source };
    let stream =
        Stream::new_stream_decoder(MAX_DECODER_BYTES, CONCATENATED).map_err(|error| damaged(error.into()))?;
    let mut archive = tar::Archive::new(XzDecoder::new_stream(input, stream));
    let mut contents = Contents::default();
    // Raw: other members of the format (long names, pax headers) would be read into memory whole, however
    // large they say that they are. The dumps have none.
    let members = archive.entries().map_err(damaged)?.raw(true);
    for (number, member) in members.enumerate() {
        if number >= MAX_MEMBERS {
            return Err(damaged(invalid("it has too many members")));
        }
        let mut member = member.map_err(damaged)?;
        let size_bytes = member.size();
        if size_bytes > MAX_MEMBER_BYTES {
            return Err(damaged(invalid("a member has an absurd size")));
        }
        if !member.header().entry_type().is_file() {
            continue;
        }
        let name = member.path_bytes().into_owned();
        let name = name.strip_prefix(b"./").unwrap_or(&name);
        if name == b"TIMESTAMP" {
            let mut text = String::new();
            (&mut member).take(MAX_TIMESTAMP_BYTES).read_to_string(&mut text).map_err(damaged)?;
            contents.timestamp = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            continue;
        }
        let kind = name
            .strip_prefix(b"mbdump/")
            .and_then(|name| Kind::ALL.into_iter().find(|kind| kind.dump_name().as_bytes() == name));
        let Some(kind) = kind else { continue };
        contents.kinds.push(kind);
        let mut lines = BufReader::with_capacity(BUFFER_BYTES, &mut member);
        let read_bytes = read_lines(&mut lines, |line, text| match text {
            Some(text) => on_line(kind, line, text),
            None => {
                let (path, max_bytes) = (path.to_owned(), MAX_LINE_BYTES);
                Err(ImportError::LongLine { path, kind, line, max_bytes })
            }
        })
        .map_err(|error| match error {
            LineError::Read(source) => damaged(source),
            LineError::Refused(error) => error,
        })?;
        if read_bytes < size_bytes {
            return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    let mut rest = archive.into_inner();
    let rest_bytes = io::copy(&mut (&mut rest).take(MAX_TRAILING_BYTES + 1), &mut io::sink());
    if rest_bytes.map_err(damaged)? > MAX_TRAILING_BYTES {
        return Err(damaged(invalid("something follows the archive's end")));
    }
    if !rest.into_inner().fill_buf().map_err(damaged)?.is_empty() {
        return Err(damaged(invalid("something follows the compressed data")));
    }
    Ok(contents)
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Why lines were not read to the end.
enum LineError {
    /// They could not be read.
    Read(io::Error),
    /// Whoever got them wanted no more.
    Refused(ImportError),
}

/// Hands on each line that is not empty; `None` stands for one that is too long. Returns how many bytes
/// were read.
fn read_lines(
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

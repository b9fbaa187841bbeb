//! A `.tar.xz` or `.tar.bz2` dump as a stream of lines, in memory that does not depend on its size.
//!
//! The archive is read to its very end, so that every checksum in it is looked at. Names of files do not
//! matter: the members below `mbdump/` say what an archive holds.

use super::error::ImportError;
use super::kind::{Kind, Named};
use super::lines::each_line;
use super::pax;
use bzip2::bufread::MultiBzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use tar::EntryType;

/// The most memory that the decoder may take: `xz -9` makes archives that need 65 MiB.
pub const MAX_DECODER_BYTES: u64 = 128 << 20;
/// No dump comes near it: the largest has some hundred GiB today.
pub const MAX_MEMBER_BYTES: u64 = 1 << 44;
/// The most members: the dump of the tables has some two hundred.
pub const MAX_MEMBERS: usize = 1_000;
/// Of a long name or a pax header: paths have some KiB at most, and this much is in memory.
pub const MAX_HEADER_BYTES: u64 = 1 << 20;
/// Zeros that fill an archive's last record. tar writes up to 10 KiB of them.
pub const MAX_TRAILING_BYTES: u64 = 1 << 20;
/// A time in one line.
const MAX_TIMESTAMP_BYTES: u64 = 64;
/// Read at once from a member.
const BUFFER_BYTES: usize = 256 << 10;

/// How an archive is compressed, which says what it is, too: MusicBrainz packs JSON with xz, and its
/// tables with bzip2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// A JSON dump.
    Xz,
    /// A dump of tables.
    Bzip2,
}

/// A member of a dump that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// JSON records.
    Records(Kind),
    /// A table whose rows have numbers and MBIDs.
    Rows(Named),
    /// A table of merged MBIDs.
    Merged(Named),
}

impl Member {
    /// The member with this name below `mbdump/`, if it is of use.
    fn named(packing: Packing, name: &[u8]) -> Option<Self> {
        match packing {
            Packing::Xz => Kind::ALL.into_iter().map(Self::Records).find(|member| member.name() == name),
            Packing::Bzip2 => Self::table(name),
        }
    }

    /// The table with this name, if it is of use.
    fn table(name: &[u8]) -> Option<Self> {
        let tables = Named::ALL.into_iter().flat_map(|named| [Self::Rows(named), Self::Merged(named)]);
        tables.into_iter().find(|member| member.name() == name)
    }

    fn name(self) -> &'static [u8] {
        self.text().as_bytes()
    }

    /// Its name below `mbdump/`.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Records(kind) => kind.dump_name(),
            Self::Rows(named) => named.row_table(),
            Self::Merged(named) => named.redirect_table(),
        }
    }
}

/// What was in an archive, beside its lines.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The members that were read, in their order.
    pub members: Vec<Member>,
    /// When the dump was made, as it says itself.
    pub timestamp: Option<String>,
}

/// Reads an archive and hands on each line that is not empty, without its end, and with its number.
pub(super) fn read(
    path: &Path,
    mut input: impl BufRead,
    packing: Packing,
    mut on_line: impl FnMut(Member, u64, &[u8]) -> Result<(), ImportError>,
) -> Result<Contents, ImportError> {
    let damaged = |source| ImportError::Damaged { path: path.to_owned(), source };
    let decoder: Box<dyn Read + '_> = match packing {
        Packing::Xz => {
            let stream = Stream::new_stream_decoder(MAX_DECODER_BYTES, CONCATENATED);
            Box::new(XzDecoder::new_stream(&mut input, stream.map_err(|error| damaged(error.into()))?))
        }
        Packing::Bzip2 => Box::new(MultiBzDecoder::new(&mut input)),
    };
    let mut archive = tar::Archive::new(decoder);
    let mut contents = Contents::default();
    // Raw: the library would read long names and pax headers into memory whole, however large they say
    // that they are.
    let members = archive.entries().map_err(damaged)?.raw(true);
    let mut before = pax::Header::default();
    for (number, member) in members.enumerate() {
        if number >= MAX_MEMBERS {
            return Err(damaged(invalid("it has too many members")));
        }
        let mut member = member.map_err(damaged)?;
        let size_bytes = member.size();
        if size_bytes > MAX_MEMBER_BYTES {
            return Err(damaged(invalid("a member has an absurd size")));
        }
        let entry_type = member.header().entry_type();
        match entry_type {
            EntryType::GNULongName | EntryType::XHeader => {
                let text = header_text(&mut member, size_bytes).map_err(damaged)?;
                before.take(entry_type, &text).map_err(damaged)?;
                continue;
            }
            // Of a link, or for all members: nothing that matters.
            EntryType::GNULongLink | EntryType::XGlobalHeader => {
                header_text(&mut member, size_bytes).map_err(damaged)?;
                continue;
            }
            _ => {}
        }
        let header = std::mem::take(&mut before);
        if header.size_bytes.is_some_and(|bytes| bytes != size_bytes) {
            return Err(damaged(invalid("a pax header gives another size than the member has")));
        }
        if !entry_type.is_file() {
            continue;
        }
        let name = header.path.unwrap_or_else(|| member.path_bytes().into_owned());
        let name = name.strip_prefix(b"./").unwrap_or(&name);
        if name == b"TIMESTAMP" {
            let mut text = String::new();
            (&mut member).take(MAX_TIMESTAMP_BYTES).read_to_string(&mut text).map_err(damaged)?;
            contents.timestamp = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            continue;
        }
        let of_use = name.strip_prefix(b"mbdump/").and_then(|name| Member::named(packing, name));
        let Some(found) = of_use else { continue };
        contents.members.push(found);
        let mut lines = BufReader::with_capacity(BUFFER_BYTES, &mut member);
        let read_bytes = each_line(path, found, &mut lines, |line, text| on_line(found, line, text))?;
        if read_bytes < size_bytes {
            return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    let mut rest = archive.into_inner();
    let rest_bytes = io::copy(&mut (&mut rest).take(MAX_TRAILING_BYTES + 1), &mut io::sink());
    if rest_bytes.map_err(damaged)? > MAX_TRAILING_BYTES {
        return Err(damaged(invalid("something follows the archive's end")));
    }
    drop(rest);
    if !input.fill_buf().map_err(damaged)?.is_empty() {
        return Err(damaged(invalid("something follows the compressed data")));
    }
    Ok(contents)
}

/// The content of a member that says something of the next one.
fn header_text(member: &mut impl Read, size_bytes: u64) -> io::Result<Vec<u8>> {
    if size_bytes > MAX_HEADER_BYTES {
        return Err(invalid("a pax header or long name is too long"));
    }
    let mut text = Vec::new();
    member.take(MAX_HEADER_BYTES).read_to_end(&mut text)?;
    if (text.len() as u64) < size_bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text)
}

pub(super) fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

//! Reading dumps again, invented or real ones, as plainly as can be: for entries that are about their
//! records, and as the measure that the import of the index is held against.

use anyhow::{Context, Result};
use deadwax_index::catalogue::Kind;
use deadwax_index::mbid::Uuid;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Read at once from an archive and from its lines.
const BUFFER_BYTES: usize = 256 << 10;

/// Hands on each line of a kind of records until `each` returns false.
///
/// # Errors
/// The archive cannot be read, or `each` fails.
pub fn lines(dir: &Path, kind: Kind, mut each: impl FnMut(&[u8]) -> Result<bool>) -> Result<()> {
    let path = dir.join(format!("{}.tar.xz", kind.dump_name()));
    let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let stream = Stream::new_stream_decoder(u64::MAX, CONCATENATED)?;
    let decoder = XzDecoder::new_stream(BufReader::with_capacity(BUFFER_BYTES, file), stream);
    let mut archive = tar::Archive::new(decoder);
    let name = format!("mbdump/{}", kind.dump_name());
    for member in archive.entries()? {
        let member = member?;
        if member.path_bytes() != name.as_bytes() {
            continue;
        }
        let mut input = BufReader::with_capacity(BUFFER_BYTES, member);
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            if !each(line.trim_ascii())? {
                return Ok(());
            }
            line.clear();
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CreditLine {
    name: String,
    joinphrase: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct GroupLine {
    id: Uuid,
    title: String,
    primary_type: Option<String>,
    secondary_types: Option<Vec<String>>,
    first_release_date: Option<String>,
    artist_credit: Vec<CreditLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ReleaseLine {
    id: Uuid,
    date: Option<String>,
    country: Option<String>,
    barcode: Option<String>,
    label_info: Vec<LabelLine>,
    media: Option<Vec<MediumLine>>,
    release_group: GroupLine,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LabelLine {
    catalog_number: Option<String>,
    label: Option<NameLine>,
}

#[derive(Deserialize)]
struct NameLine {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct MediumLine {
    format: Option<String>,
    track_count: u64,
}

/// What links and questions need of a release group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its artists as one text.
    pub artist: String,
    /// Its title.
    pub title: String,
    /// Year of its first release.
    pub year: Option<u16>,
    /// Primary type, then secondary ones.
    pub types: Vec<String>,
}

/// What links need of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseRecord {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its group.
    pub group: GroupRecord,
    /// Year of this release.
    pub year: Option<u16>,
    /// Its country.
    pub country: Option<String>,
    /// Its barcode.
    pub barcode: Option<String>,
    /// Its label.
    pub label: Option<String>,
    /// Its catalogue number.
    pub catalogue_number: Option<String>,
    /// Format of its first medium.
    pub format: Option<String>,
    /// Tracks on all media.
    pub tracks: u64,
}

/// Hands on the releases of a dump.
///
/// # Errors
/// As [`lines`]; what is no release.
pub fn releases(dir: &Path, mut each: impl FnMut(ReleaseRecord) -> Result<bool>) -> Result<()> {
    lines(dir, Kind::Release, |line| {
        let release: ReleaseLine = serde_json::from_slice(line).context("a line is no release")?;
        each(release.into())
    })
}

fn year(date: Option<&str>) -> Option<u16> {
    date?.get(..4)?.parse().ok()
}

impl From<GroupLine> for GroupRecord {
    fn from(line: GroupLine) -> Self {
        let credit = line.artist_credit.iter();
        let types = line.primary_type.into_iter().chain(line.secondary_types.into_iter().flatten());
        Self {
            mbid: line.id,
            artist: credit
                .flat_map(|part| [part.name.as_str(), part.joinphrase.as_deref().unwrap_or("")])
                .collect(),
            title: line.title,
            year: year(line.first_release_date.as_deref()),
            types: types.collect(),
        }
    }
}

impl From<ReleaseLine> for ReleaseRecord {
    fn from(line: ReleaseLine) -> Self {
        let info = line.label_info.into_iter().next();
        let (label, catalogue_number) = info.map_or((None, None), |info| (info.label, info.catalog_number));
        let media = line.media.unwrap_or_default();
        Self {
            mbid: line.id,
            group: line.release_group.into(),
            year: year(line.date.as_deref()),
            country: line.country,
            barcode: line.barcode,
            label: label.map(|label| label.name),
            catalogue_number,
            tracks: media.iter().map(|medium| medium.track_count).sum(),
            format: media.into_iter().next().and_then(|medium| medium.format),
        }
    }
}

//! A group's torrents: links that say the same count as one, and what may be a duplicate is pointed out.

use super::links::{BY_V1, BY_V2, LinkEntry, group};
use super::reports::{ReasonCounts, reasons};
use super::votes::{Tally, tally};
use crate::entry::link::{Edition, Link};
use crate::entry::{AuthorKey, EntryId};
use crate::mbid::MbidKind;
use crate::store::{Store, StoreError};
use rusqlite::Connection;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Links of other MBIDs to one torrent that are pointed out: more tell a reader nothing new.
pub const MAX_ELSEWHERE: usize = 16;

/// The torrents of one edition of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EditionTorrents {
    /// The MBID of the release, where the links name one.
    pub release: Option<Uuid>,
    /// The edition that the links name; of several descriptions of one release, one.
    pub edition: Edition,
    /// At least one torrent, sorted by the id of the link that stands for each.
    pub torrents: Vec<Torrent>,
}

/// One torrent, said to hold one MBID by one link or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Torrent {
    /// The link that stands for all of them: of the infohashes that most links name, the lowest id.
    pub link: LinkEntry,
    /// The other links that say the same, sorted by id.
    pub confirmations: Vec<LinkEntry>,
    /// The votes about any of these links: of each author the newest.
    pub tally: Tally,
    /// How many authors report any of them, by reason.
    pub reports: ReasonCounts,
    /// What may be the same as this one.
    pub duplicates: Vec<Duplicate>,
}

impl Torrent {
    /// All links, the one that stands for them first.
    pub fn links(&self) -> impl Iterator<Item = &LinkEntry> {
        std::iter::once(&self.link).chain(&self.confirmations)
    }

    /// The authors who say that this torrent holds this MBID.
    pub fn authors(&self) -> BTreeSet<AuthorKey> {
        self.links().map(|link| link.author).collect()
    }
}

/// Another torrent or link that may say the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Duplicate {
    /// In what way.
    pub likeness: Likeness,
    /// The other link.
    pub entry: EntryId,
    /// The MBID of the other link.
    pub mbid: Uuid,
}

/// In what way two links are alike. Of several ways the first one is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// The same torrent, for another MBID: it holds both, or one of them is wrong.
    SameTorrent,
    /// Other torrents whose files have the same sizes: most likely the same content.
    SameFiles,
    /// Other torrents with the same edition, media, format and encoding.
    SameEdition,
}

/// What makes a torrent: links of the same MBID that name the same v1 infohash, or, without one, the same v2
/// infohash. Nobody can merge two torrents by naming both infohashes in one link.
fn torrent_key(link: &Link) -> (Uuid, Option<[u8; 20]>, Option<[u8; 32]>) {
    (link.mbid, link.infohash_v1, link.infohash_v2.filter(|_| link.infohash_v1.is_none()))
}

/// What makes an edition: a release's MBID, or else what is said of the edition, without regard to capitals.
type EditionKey = (Option<Uuid>, Option<u16>, [Option<String>; 5]);

fn edition_key(link: &Link) -> EditionKey {
    if link.mbid_kind == MbidKind::Release {
        return (Some(link.mbid), None, Default::default());
    }
    let Edition { title, year, label, catno, country, barcode } = &link.edition;
    let word = |word: &Option<String>| word.as_ref().map(|word| word.trim().to_lowercase());
    (None, *year, [title, label, catno, country, barcode].map(word))
}

/// Format, encoding and media, if enough is said to compare.
fn form(link: &Link) -> Option<[Option<String>; 3]> {
    let lower = |word: &Option<String>| word.as_ref().map(|word| word.to_lowercase());
    link.format.as_ref().map(|_| [&link.format, &link.encoding, &link.media].map(lower))
}

/// The sizes of a torrent's files, if any are given; in no order, as the order of files is the maker's choice.
fn file_sizes(link: &Link) -> Option<(Option<u64>, Vec<u64>)> {
    let mut sizes: Vec<u64> = link.files.iter().map(|file| file.size_bytes).collect();
    sizes.sort_unstable();
    // A list that was cut short counts only beside the same total.
    (!sizes.is_empty()).then_some((link.size_bytes, sizes))
}

/// The torrents among a group's links.
fn torrents(db: &Connection, links: Vec<LinkEntry>) -> Result<Vec<Torrent>, StoreError> {
    let mut by_torrent: BTreeMap<_, Vec<LinkEntry>> = BTreeMap::new();
    for link in links {
        by_torrent.entry(torrent_key(&link.link)).or_default().push(link);
    }
    let complete = |mut links: Vec<LinkEntry>| {
        // A false v2 infohash beside a true v1 one must not be what everybody gets.
        let hashes = |link: &Link| (link.infohash_v1, link.infohash_v2);
        let mut named = BTreeMap::new();
        links.iter().for_each(|entry| *named.entry(hashes(&entry.link)).or_insert(0usize) += 1);
        links.sort_unstable_by_key(|entry| {
            (std::cmp::Reverse(named.get(&hashes(&entry.link)).copied()), entry.entry)
        });
        let ids: Vec<&[u8]> = links.iter().map(|link| link.entry.0.as_slice()).collect();
        let (tally, reports) = (tally(db, &ids)?, reasons(db, &ids)?);
        let link = links.remove(0);
        links.sort_unstable_by_key(|link| link.entry);
        let duplicates = elsewhere(db, &link)?;
        Ok(Torrent { link, confirmations: links, tally, reports, duplicates })
    };
    let mut torrents = by_torrent.into_values().map(complete).collect::<Result<Vec<_>, StoreError>>()?;
    torrents.sort_unstable_by_key(|torrent| torrent.link.entry);
    point_out(&mut torrents);
    Ok(torrents)
}

/// What of a torrent is compared with others.
#[derive(PartialEq)]
pub(super) struct Face {
    infohash_v1: Option<[u8; 20]>,
    infohash_v2: Option<[u8; 32]>,
    file_sizes: Option<(Option<u64>, Vec<u64>)>,
    edition: EditionKey,
    form: Option<[Option<String>; 3]>,
}

impl Face {
    pub(super) fn of(link: &Link) -> Self {
        let Link { infohash_v1, infohash_v2, .. } = *link;
        let (file_sizes, edition, form) = (file_sizes(link), edition_key(link), form(link));
        Self { infohash_v1, infohash_v2, file_sizes, edition, form }
    }

    pub(super) fn likeness(&self, other: &Self) -> Option<Likeness> {
        fn same<T: PartialEq>(left: &Option<T>, right: &Option<T>) -> bool {
            left.is_some() && left == right
        }
        if same(&self.infohash_v1, &other.infohash_v1) || same(&self.infohash_v2, &other.infohash_v2) {
            Some(Likeness::SameTorrent)
        } else if same(&self.file_sizes, &other.file_sizes) {
            Some(Likeness::SameFiles)
        } else if self.edition == other.edition && same(&self.form, &other.form) {
            Some(Likeness::SameEdition)
        } else {
            None
        }
    }
}

/// Points out torrents of one group that are alike.
fn point_out(torrents: &mut [Torrent]) {
    let faces: Vec<_> = torrents.iter().map(|torrent| Face::of(&torrent.link.link)).collect();
    for index in 0..torrents.len() {
        let alike = |other: usize| {
            let likeness = faces[index].likeness(&faces[other]).filter(|_| other != index)?;
            let link = &torrents[other].link;
            Some(Duplicate { likeness, entry: link.entry, mbid: link.link.mbid })
        };
        let found: Vec<_> = (0..torrents.len()).filter_map(alike).collect();
        let known = &mut torrents[index].duplicates;
        known.extend(found);
        known.sort_unstable();
        known.dedup();
    }
}

/// Links to the same torrent for another MBID, in whatever group they are; of each such MBID the lowest id.
fn elsewhere(db: &Connection, link: &LinkEntry) -> Result<Vec<Duplicate>, StoreError> {
    let mut found = BTreeMap::new();
    let hashes: [(&str, Option<&[u8]>); 2] = [
        (BY_V1, link.link.infohash_v1.as_ref().map(|hash| hash.as_slice())),
        (BY_V2, link.link.infohash_v2.as_ref().map(|hash| hash.as_slice())),
    ];
    for (by, hash) in hashes {
        let Some(hash) = hash else { continue };
        let sql = format!(
            "SELECT mbid, min(id) FROM links JOIN entries USING (seq)
             WHERE {by} AND mbid <> ?2 GROUP BY mbid ORDER BY mbid LIMIT ?3"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let limit = MAX_ELSEWHERE as i64;
        let mut rows = statement.query(rusqlite::params![hash, link.link.mbid.as_bytes(), limit])?;
        while let Some(row) = rows.next()? {
            let (mbid, id) = (Uuid::from_bytes(row.get(0)?), EntryId(row.get(1)?));
            found.entry(mbid).and_modify(|known: &mut EntryId| *known = id.min(*known)).or_insert(id);
        }
    }
    let duplicate = |(mbid, entry)| Duplicate { likeness: Likeness::SameTorrent, entry, mbid };
    Ok(found.into_iter().map(duplicate).take(MAX_ELSEWHERE).collect())
}

/// The torrents of a group, by edition. Editions are sorted by year, then by what is said of them.
pub(super) fn editions(db: &Connection, mbid: &Uuid) -> Result<Vec<EditionTorrents>, StoreError> {
    let Some(group) = group(db, mbid)? else { return Ok(Vec::new()) };
    let mut editions: BTreeMap<EditionKey, Vec<Torrent>> = BTreeMap::new();
    for torrent in torrents(db, group.links)? {
        editions.entry(edition_key(&torrent.link.link)).or_default().push(torrent);
    }
    let mut editions: Vec<_> = editions
        .into_iter()
        .map(|((release, ..), torrents)| {
            let said = torrents.iter().map(|torrent| &torrent.link.link.edition);
            let edition = said.clone().find(|edition| !edition.is_empty()).or(said.clone().next());
            EditionTorrents { release, edition: edition.cloned().unwrap_or_default(), torrents }
        })
        .collect();
    // Stable: those of one year stay in the order of their keys.
    editions.sort_by_key(|edition| edition.edition.year);
    Ok(editions)
}

impl Store {
    /// The torrents of a group, by edition, with their votes and reports and with what may be duplicates.
    pub fn editions(&self, mbid: &Uuid) -> Result<Vec<EditionTorrents>, StoreError> {
        self.read(|db| editions(db, mbid))
    }
}

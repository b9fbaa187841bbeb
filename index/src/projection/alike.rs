//! What is in the set already that a link which nobody has signed yet may repeat.
//!
//! Not here: duplicates among links that are in the set (`duplicates.rs`).

use super::authored::load;
use super::column;
use super::duplicates::{Face, Likeness};
use super::links::{BY_V1, BY_V2, LinkEntry, MAX_GROUP_LINKS, group_of};
use crate::entry::link::Link;
use crate::store::{Store, StoreError};
use rusqlite::Connection;
use serde::Serialize;
use std::collections::HashSet;
use uuid::Uuid;

/// Links that are pointed out: more tell a person nothing new.
pub const MAX_ALIKE: usize = 16;

/// In what way a link of the set is like a new one. Of several ways the first one is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sameness {
    /// The same torrent for the same MBID: there is nothing new to say.
    SameLink,
    /// The same torrent for another MBID: it holds both, or one of them is wrong.
    SameTorrent,
    /// Another torrent whose files have the same sizes: most likely the same content.
    SameFiles,
    /// Another torrent with the same edition, media, format and encoding.
    SameEdition,
}

impl Sameness {
    /// Its name in JSON and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::SameLink => "same-link",
            Self::SameTorrent => "same-torrent",
            Self::SameFiles => "same-files",
            Self::SameEdition => "same-edition",
        }
    }
}

/// A link of the set that is like a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// In what way.
    pub sameness: Sameness,
    /// The link.
    pub link: LinkEntry,
}

impl Store {
    /// The links that are like `link`, by sameness and then by id, at most [`MAX_ALIKE`]: those of the same torrent
    /// anywhere, and of those under `mbids` (a release group with all that may name it) the ones with the same files
    /// or the same edition and format. Of each torrent for each MBID one link is given.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn alike(&self, link: &Link, mbids: &[Uuid]) -> Result<Vec<Alike>, StoreError> {
        self.read(|db| alike(db, link, mbids))
    }
}

fn alike(db: &Connection, link: &Link, mbids: &[Uuid]) -> Result<Vec<Alike>, StoreError> {
    let mut others = of_torrent(db, BY_V1, link.infohash_v1.as_ref().map(<[u8; 20]>::as_slice), link.mbid)?;
    others.extend(of_torrent(db, BY_V2, link.infohash_v2.as_ref().map(<[u8; 32]>::as_slice), link.mbid)?);
    others.extend(
        group_of(db, &link.group(), mbids, MAX_GROUP_LINKS)?.into_iter().flat_map(|group| group.links),
    );
    let face = Face::of(link);
    let mut found: Vec<Alike> = others
        .into_iter()
        .filter_map(|other| {
            let sameness = match face.likeness(&Face::of(&other.link))? {
                Likeness::SameTorrent if other.link.mbid == link.mbid => Sameness::SameLink,
                Likeness::SameTorrent => Sameness::SameTorrent,
                Likeness::SameFiles => Sameness::SameFiles,
                Likeness::SameEdition => Sameness::SameEdition,
            };
            Some(Alike { sameness, link: other })
        })
        .collect();
    found.sort_unstable_by_key(|alike| (alike.sameness, alike.link.entry));
    let mut seen = HashSet::new();
    found.retain(|Alike { link: LinkEntry { link, .. }, .. }| {
        seen.insert((link.mbid, link.infohash_v1, link.infohash_v2))
    });
    found.truncate(MAX_ALIKE);
    Ok(found)
}

/// The first link of a torrent for each MBID; the one for `mbid` is never cut off.
fn of_torrent(
    db: &Connection,
    by: &str,
    hash: Option<&[u8]>,
    mbid: Uuid,
) -> Result<Vec<LinkEntry>, StoreError> {
    let Some(hash) = hash else { return Ok(Vec::new()) };
    let sql =
        format!("SELECT min(seq) FROM links WHERE {by} GROUP BY mbid ORDER BY mbid <> ?2, mbid LIMIT ?3");
    let seqs: Vec<i64> = column(db, &sql, &[&hash, mbid.as_bytes(), &(MAX_ALIKE as i64)])?;
    seqs.into_iter().map(|seq| Ok(LinkEntry::from(load(db, seq, Link::from_body)?))).collect()
}

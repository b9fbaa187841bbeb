//! What pages and the API show of a group: links with magnets and seeders, best seeded first.

use crate::app::{App, now_secs, uptime_secs};
use data_encoding::HEXLOWER;
use deadwax_index::entry::EntryId;
use deadwax_index::entry::link::Link;
use deadwax_index::infohash::{InfohashV1, InfohashV2, Infohashes};
use deadwax_index::listing::Listing;
use deadwax_index::magnet::{I2pTracker, compose};
use deadwax_index::mbid::{MbidKind, Uuid};
use deadwax_index::projection::links::LinkEntry;
use serde::Serialize;

/// A release group with its links.
#[derive(Debug, Clone, Serialize)]
pub struct GroupView {
    /// The MBID, hyphenated.
    pub mbid: String,
    /// Artist credit.
    pub artist: String,
    /// Title.
    pub title: String,
    /// Year of first release.
    pub year: Option<u16>,
    /// Primary type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Primary and secondary types.
    pub types: Vec<String>,
    /// What the MBID names: `release-group`, `release` or `recording`.
    pub mbid_kind: &'static str,
    /// Best seeded first.
    pub links: Vec<LinkView>,
}

/// A link.
#[derive(Debug, Clone, Serialize)]
pub struct LinkView {
    /// The entry's id.
    pub entry: String,
    /// Its author's key.
    pub author: String,
    /// When the author says it was signed, hours since 1970.
    pub created_hours: u64,
    /// BitTorrent v1 infohash.
    pub infohash_v1: Option<String>,
    /// BitTorrent v2 infohash.
    pub infohash_v2: Option<String>,
    /// As announced to this node; null if nobody has announced.
    pub seeders: Option<u64>,
    /// As announced to this node.
    pub leechers: Option<u64>,
    /// Since the last announce.
    pub age_secs: Option<u64>,
    /// Works inside I2P only; null as long as this node knows no I2P tracker for it.
    pub magnet: Option<String>,
    /// The trackers that the magnet names, in order.
    pub trackers: Vec<String>,
    /// What the entry itself says.
    #[serde(flatten)]
    pub link: LinkFields,
    /// The entry's id, as the store is asked.
    #[serde(skip)]
    pub id: EntryId,
    /// What the entry says that the torrent holds.
    #[serde(skip)]
    pub mbid: Uuid,
    /// What that names.
    #[serde(skip)]
    pub mbid_kind: MbidKind,
    /// How many announce addresses the entry names, whether they are used or not.
    #[serde(skip)]
    pub named_trackers: usize,
    /// How many of those are inside I2P, and so in `trackers`.
    #[serde(skip)]
    pub own_trackers: usize,
}

/// The descriptive fields of a link.
#[derive(Debug, Clone, Serialize)]
pub struct LinkFields {
    /// `FLAC`, `MP3`, ...
    pub format: Option<String>,
    /// `Lossless`, ...
    pub encoding: Option<String>,
    /// `CD`, ...
    pub media: Option<String>,
    /// Sum of the files.
    pub size_bytes: Option<u64>,
    /// How many files.
    pub file_count: Option<u64>,
    /// Whether a rip log is there.
    pub log: Option<bool>,
    /// Whether a cue sheet is there.
    pub cue: Option<bool>,
    /// The edition.
    pub edition: deadwax_index::entry::link::Edition,
    /// Name of the torrent.
    pub name: Option<String>,
    /// The first files.
    pub files: Vec<deadwax_index::entry::link::File>,
}

impl GroupView {
    /// What this node shows of `group`.
    pub fn new(app: &App, group: &Listing) -> Self {
        let trackers = trackers_of(app);
        let mut links: Vec<_> =
            group.links().iter().map(|entry| LinkView::new(app, entry, &trackers)).collect();
        // Stable: equally seeded links stay sorted by id.
        links.sort_by_key(|link| std::cmp::Reverse(link.seeders));
        // What the links call it, where the catalogue does not know it as a group.
        let own_kind = match group.links().first() {
            Some(first) if group.known.is_none() && first.link.mbid == group.mbid => first.link.mbid_kind,
            _ => MbidKind::ReleaseGroup,
        };
        Self {
            mbid: group.mbid.to_string(),
            artist: group.artist().to_owned(),
            title: group.title().to_owned(),
            year: group.year(),
            kind: group.types().first().cloned(),
            types: group.types().to_vec(),
            mbid_kind: own_kind.url_segment(),
            links,
        }
    }
}

/// What every magnet of this node names.
fn trackers_of(app: &App) -> Vec<I2pTracker> {
    app.trackers().iter().filter_map(|tracker| tracker.parse().ok()).collect()
}

impl LinkView {
    /// What this node shows of a link by itself.
    pub fn of(app: &App, entry: &LinkEntry) -> Self {
        Self::new(app, entry, &trackers_of(app))
    }

    fn new(app: &App, entry: &LinkEntry, first: &[I2pTracker]) -> Self {
        let link = &entry.link;
        let infohashes = infohashes(link);
        let health = infohashes
            .iter()
            .flat_map(|hashes| hashes.announced().collect::<Vec<_>>())
            .filter_map(|hash| app.tracker.health(&hash, uptime_secs()))
            .max_by_key(|health| health.seeders);
        let own: Vec<I2pTracker> = link.trackers.iter().filter_map(|tracker| tracker.parse().ok()).collect();
        let mut trackers: Vec<&I2pTracker> = Vec::new();
        for tracker in first.iter().chain(&own) {
            if !trackers.iter().any(|other| other.is_same_announce(tracker)) {
                trackers.push(tracker);
            }
        }
        // A magnet without an I2P tracker would be opened outside I2P.
        let magnet = infohashes
            .as_ref()
            .filter(|_| !trackers.is_empty())
            .map(|hashes| compose(hashes, link.name.as_deref(), link.size_bytes, trackers.iter().copied()));
        Self {
            entry: entry.entry.to_string(),
            author: entry.author.to_string(),
            created_hours: entry.created_hours,
            infohash_v1: link.infohash_v1.map(|hash| HEXLOWER.encode(&hash)),
            infohash_v2: link.infohash_v2.map(|hash| HEXLOWER.encode(&hash)),
            seeders: health.as_ref().map(|health| u64::from(health.seeders)),
            leechers: health.as_ref().map(|health| u64::from(health.leechers)),
            age_secs: health.as_ref().map(|health| health.last_announce_age_secs),
            magnet,
            trackers: trackers.iter().map(|tracker| tracker.as_str().to_owned()).collect(),
            id: entry.entry,
            mbid: link.mbid,
            mbid_kind: link.mbid_kind,
            named_trackers: link.trackers.len(),
            own_trackers: own.len(),
            link: LinkFields {
                format: link.format.clone(),
                encoding: link.encoding.clone(),
                media: link.media.clone(),
                size_bytes: link.size_bytes,
                file_count: link.file_count,
                log: link.log,
                cue: link.cue,
                edition: link.edition.clone(),
                name: link.name.clone(),
                files: link.files.clone(),
            },
        }
    }

    /// Whole hours since the author signed it, as far as the clocks agree.
    pub fn age_hours(&self) -> u64 {
        (now_secs() / 3600).saturating_sub(self.created_hours)
    }
}

fn infohashes(link: &Link) -> Option<Infohashes> {
    Infohashes::new(link.infohash_v1.map(InfohashV1), link.infohash_v2.map(InfohashV2))
}

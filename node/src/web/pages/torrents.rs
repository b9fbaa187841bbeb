//! A torrent as pages show it: quality, seeders, the magnet, files, what people think of it, and why it is here.
//!
//! Links that name one torrent for one MBID are one torrent here: the others confirm it.

use super::rows::now_hours;
use super::wording::{self, Date};
use crate::app::App;
use crate::web::error::WebError;
use crate::web::view::LinkView;
use deadwax_index::entry::EntryId;
use deadwax_index::mbid::Uuid;
use deadwax_index::projection::opinions::Opinions;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Files that are listed on one page, over all its torrents: names of files are most of what a page weighs.
const MAX_FILES_ON_PAGE: usize = 160;
/// Fewer files of each torrent are not worth a list: where that is all that there is room for, a link leads to them.
const MIN_FILES: usize = 12;
/// Contributors who confirm a torrent that are named.
const MAX_CONFIRMATIONS: usize = 10;

/// The links that name one torrent for one MBID.
#[derive(Debug, Clone)]
pub struct Torrent<'a> {
    /// The one that stands for all of them.
    pub link: &'a LinkView,
    /// The others.
    pub others: Vec<&'a LinkView>,
}

/// The torrents among links, in the order of their first links.
pub fn torrents(links: &[LinkView]) -> Vec<Torrent<'_>> {
    let key = |link: &LinkView| {
        let v2 = link.infohash_v2.clone().filter(|_| link.infohash_v1.is_none());
        (link.mbid, link.infohash_v1.clone(), v2)
    };
    let mut places: BTreeMap<(Uuid, Option<String>, Option<String>), usize> = BTreeMap::new();
    let mut found: Vec<Vec<&LinkView>> = Vec::new();
    for link in links {
        let place = *places.entry(key(link)).or_insert(found.len());
        match found.get_mut(place) {
            Some(links) => links.push(link),
            None => found.push(vec![link]),
        }
    }
    found.into_iter().map(of_links).collect()
}

fn of_links(mut links: Vec<&LinkView>) -> Torrent<'_> {
    // A false v2 infohash beside a true v1 one must not be what everybody gets: most links decide, then the id.
    let mut named: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    links.iter().for_each(|link| *named.entry(link.infohash_v2.as_deref()).or_default() += 1);
    links.sort_by_key(|link| (Reverse(named.get(&link.infohash_v2.as_deref()).copied()), link.id));
    Torrent { link: links.remove(0), others: links }
}

/// A torrent as it is shown.
pub struct TorrentPart {
    /// Id of the link that stands for it.
    pub entry: String,
    /// Who signed that.
    pub contributor: Contributor,
    /// When, as they say.
    pub signed: Option<Date>,
    /// When it joined this node's set.
    pub arrived: Option<Date>,
    /// Others who signed the same.
    pub confirmed_by: Vec<Contributor>,
    /// More of them than are named.
    pub more_confirmations: usize,
    /// "FLAC Lossless".
    pub quality: String,
    /// "640 MB · 38 files · log · cue".
    pub facts: String,
    /// "5 seeders, 1 leecher".
    pub seeders: String,
    /// Whether there is a seeder.
    pub is_seeded: bool,
    /// Since the last announce.
    pub announced: Option<String>,
    /// "14 for it, 1 against"; empty without votes.
    pub votes: String,
    /// "transcode (2)"; empty without reports.
    pub reports: String,
    /// Works inside I2P only.
    pub magnet: Option<String>,
    /// The announce addresses in it.
    pub trackers: Vec<String>,
    /// Where those come from, and what was left out.
    pub about_trackers: String,
    /// With their names.
    pub infohashes: Vec<(&'static str, String)>,
    /// Of the torrent.
    pub name: Option<String>,
    /// Paths and sizes.
    pub files: Vec<(String, String)>,
    /// How many there are.
    pub file_count: String,
    /// Those that are not listed here.
    pub files_left_out: u64,
    /// Whether more of them are on the torrent's own page.
    pub has_more_files: bool,
    /// Whether the parts are open, as on a page of its own.
    pub is_open: bool,
}

/// A contributor as others are told of them.
pub struct Contributor {
    /// The key.
    pub key: String,
    /// The key, shortened.
    pub fingerprint: String,
}

impl Contributor {
    /// Whose key it is.
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), fingerprint: wording::fingerprint(key) }
    }
}

/// Torrents as one page shows them.
///
/// # Errors
/// The store's.
pub fn parts(app: &App, torrents: &[Torrent<'_>]) -> Result<Vec<TorrentPart>, WebError> {
    let max_files =
        Some(MAX_FILES_ON_PAGE / torrents.len().max(1)).filter(|files| *files >= MIN_FILES).unwrap_or(0);
    let arrivals = app.store.arrival_hours(torrents.iter().map(|torrent| &torrent.link.id))?;
    let part = |torrent: &Torrent<'_>| {
        let ids: Vec<EntryId> = [torrent.link].iter().chain(&torrent.others).map(|link| link.id).collect();
        let opinions = app.store.opinions(&ids)?;
        let arrived = arrivals.get(&torrent.link.id).copied();
        Ok(TorrentPart::new(torrent, &opinions, arrived, max_files))
    };
    torrents.iter().map(part).collect()
}

/// One torrent on a page of its own.
///
/// # Errors
/// The store's.
pub fn alone(app: &App, torrent: &Torrent<'_>) -> Result<TorrentPart, WebError> {
    let opinions = app.store.opinions(&[torrent.link.id])?;
    let arrivals = app.store.arrival_hours([&torrent.link.id])?;
    let arrived = arrivals.get(&torrent.link.id).copied();
    Ok(TorrentPart { is_open: true, ..TorrentPart::new(torrent, &opinions, arrived, usize::MAX) })
}

impl TorrentPart {
    fn new(torrent: &Torrent<'_>, opinions: &Opinions, arrived: Option<u64>, max_files: usize) -> Self {
        let link = torrent.link;
        let fields = &link.link;
        let quality =
            [&fields.format, &fields.encoding].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let present = |there: Option<bool>, yes: &str, no: &str| {
            there.map(|there| if there { yes.into() } else { no.into() })
        };
        let file_count = fields.file_count.unwrap_or(fields.files.len() as u64);
        let shown = fields.files.iter().take(max_files);
        let mut confirmed_by: BTreeSet<&str> =
            torrent.others.iter().map(|link| link.author.as_str()).collect();
        confirmed_by.remove(link.author.as_str());
        Self {
            entry: link.entry.clone(),
            contributor: Contributor::new(&link.author),
            signed: wording::date(link.created_hours, now_hours()),
            arrived: arrived.and_then(|hour| wording::date(hour, now_hours())),
            more_confirmations: confirmed_by.len().saturating_sub(MAX_CONFIRMATIONS),
            confirmed_by: confirmed_by.into_iter().take(MAX_CONFIRMATIONS).map(Contributor::new).collect(),
            quality: if quality.is_empty() { "Format not said".into() } else { quality },
            facts: wording::dotted([
                fields.size_bytes.map(wording::size),
                (file_count > 0).then(|| wording::count(file_count, "file", "files")),
                present(fields.log, "log", "no log"),
                present(fields.cue, "cue", "no cue"),
            ]),
            seeders: swarm(link),
            is_seeded: link.seeders.is_some_and(|seeders| seeders > 0),
            announced: link.age_secs.map(wording::age),
            votes: votes(opinions),
            reports: reports(opinions),
            magnet: link.magnet.clone(),
            trackers: link.trackers.clone(),
            about_trackers: about_trackers(link),
            infohashes: [("Infohash", &link.infohash_v1), ("Infohash, version 2", &link.infohash_v2)]
                .into_iter()
                .filter_map(|(name, hash)| Some((name, hash.clone()?)))
                .collect(),
            name: fields.name.clone(),
            files_left_out: file_count.saturating_sub(shown.len() as u64),
            has_more_files: fields.files.len() > shown.len(),
            files: shown.map(|file| (file.path.clone(), wording::size(file.size_bytes))).collect(),
            file_count: wording::thousands(file_count),
            is_open: false,
        }
    }
}

/// "5 seeders, 1 leecher".
fn swarm(link: &LinkView) -> String {
    let Some(seeders) = link.seeders else { return "nobody has announced here yet".into() };
    let seeders = wording::count(seeders, "seeder", "seeders");
    match link.leechers {
        None | Some(0) => seeders,
        Some(leechers) => format!("{seeders}, {}", wording::count(leechers, "leecher", "leechers")),
    }
}

fn votes(opinions: &Opinions) -> String {
    let tally = opinions.tally;
    match (tally.up, tally.down) {
        (0, 0) => String::new(),
        (up, down) => format!("{} for it, {} against", wording::thousands(up), wording::thousands(down)),
    }
}

fn reports(opinions: &Opinions) -> String {
    let reports = opinions.reports.iter().map(|(reason, count)| format!("{} ({count})", reason.word()));
    reports.collect::<Vec<_>>().join(", ")
}

/// Which trackers are the entry's own, and how many addresses in it are of no use.
fn about_trackers(link: &LinkView) -> String {
    let own = match link.own_trackers {
        0 => "The entry names no I2P tracker of its own".into(),
        own => format!(
            "The entry names {} of its own",
            wording::count(own as u64, "I2P tracker", "I2P trackers")
        ),
    };
    let added = link.trackers.len().saturating_sub(link.own_trackers) as u64;
    let added = match added {
        0 => String::new(),
        added => format!("; {} put in by this node", wording::count(added, "is", "are")),
    };
    let left_out = match (link.named_trackers - link.own_trackers) as u64 {
        0 => String::new(),
        out => format!(" {} outside I2P left out.", wording::count(out, "address is", "addresses are")),
    };
    format!("{own}{added}.{left_out}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadwax_index::entry::reason::Reason;
    use deadwax_index::projection::votes::Tally;

    #[test]
    fn opinions_in_words() {
        assert_eq!((votes(&Opinions::default()), reports(&Opinions::default())), Default::default());
        let opinions = Opinions {
            tally: Tally { up: 1400, down: 1 },
            reports: [(Reason::TRANSCODE, 2), (Reason::DEAD, 1)].into(),
        };
        assert_eq!(votes(&opinions), "1,400 for it, 1 against");
        assert_eq!(reports(&opinions), "transcode (2), dead (1)");
    }
}

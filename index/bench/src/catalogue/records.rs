//! The records of a block.

use super::measured::{self as real, Script};
use super::{ARTISTS, FAMOUS_BLOCKS, GROUPS, LABELS, words};
use crate::numbers::{Numbers, Purpose, mix};
use deadwax_index::mbid::Uuid;
use std::sync::Arc;

/// An artist.
#[derive(Debug)]
pub struct Artist {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its name.
    pub name: String,
    /// `Salt, The`.
    pub sort_name: String,
    /// What tells it from others.
    pub disambiguation: String,
    /// Its type.
    pub kind: Option<&'static str>,
    /// Of persons.
    pub gender: Option<&'static str>,
    /// Where from.
    pub country: Option<&'static str>,
    /// First and last year.
    pub years: [Option<u16>; 2],
    /// Other names.
    pub aliases: Vec<String>,
    /// Type and address.
    pub urls: Vec<(&'static str, String)>,
}

/// A label.
#[derive(Debug)]
pub struct Label {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Option<&'static str>,
    /// Where from.
    pub country: Option<&'static str>,
    /// First year.
    pub begin: Option<u16>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Type and address.
    pub urls: Vec<(&'static str, String)>,
}

/// One artist of a credit.
#[derive(Debug, Clone)]
pub struct Credit {
    /// Who.
    pub artist: Arc<Artist>,
    /// As named here.
    pub name: String,
    /// What follows.
    pub join_phrase: &'static str,
}

/// A release group.
#[derive(Debug)]
pub struct Group {
    /// Its MBID.
    pub mbid: Uuid,
    /// Its title.
    pub title: String,
    /// Whose it is.
    pub credit: Vec<Credit>,
    /// Album, Single, ...
    pub primary_type: Option<&'static str>,
    /// Live, ...
    pub secondary_types: &'static [&'static str],
    /// Of the first release.
    pub date: String,
    /// The year of that.
    pub year: u16,
    /// What tells it from others.
    pub disambiguation: String,
    /// Other titles.
    pub aliases: Vec<String>,
    /// Type and address.
    pub urls: Vec<(&'static str, String)>,
}

/// A label and a catalogue number.
#[derive(Debug)]
pub struct LabelInfo {
    /// The label.
    pub label: Arc<Label>,
    /// The number.
    pub catalogue_number: Option<String>,
}

/// A disc, a tape, a set of files.
#[derive(Debug)]
pub struct Medium {
    /// CD, ...
    pub format: Option<&'static str>,
    /// How many tracks are on it.
    pub tracks: u64,
}

/// A release.
#[derive(Debug)]
pub struct Release {
    /// Its MBID.
    pub mbid: Uuid,
    /// The place of its group in the block.
    pub group: usize,
    /// Its title.
    pub title: String,
    /// Official, ...
    pub status: Option<&'static str>,
    /// Digits.
    pub barcode: Option<String>,
    /// Amazon's number.
    pub asin: Option<String>,
    /// Jewel Case, ...
    pub packaging: Option<&'static str>,
    /// Of what is printed.
    pub language: Option<&'static str>,
    /// Of what is printed.
    pub script: Option<&'static str>,
    /// What tells it from others.
    pub disambiguation: String,
    /// Date and country.
    pub events: Vec<(String, Option<&'static str>)>,
    /// Labels.
    pub labels: Vec<LabelInfo>,
    /// Media.
    pub media: Vec<Medium>,
    /// Type and address.
    pub urls: Vec<(&'static str, String)>,
}

/// The catalogue of a seed.
#[derive(Debug)]
pub struct World {
    /// The seed.
    pub seed: u64,
    famous_artists: Vec<Arc<Artist>>,
    famous_labels: Vec<Arc<Label>>,
}

/// Release groups and releases of a block.
#[derive(Debug)]
pub struct Block {
    /// Its groups.
    pub groups: Vec<Group>,
    /// Their releases, group by group.
    pub releases: Vec<Release>,
}

/// What an MBID is of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named {
    Artist,
    Label,
    Group,
    Release,
    Track,
    Recording,
    Medium,
}

/// The MBID of the nth thing of a kind: random to look at.
pub(super) fn mbid(seed: u64, named: Named, number: u64) -> Uuid {
    let mut numbers = Numbers::new(seed, Purpose::Mbids, mix(number) ^ named as u64);
    let bits = u128::from(numbers.draw()) << 64 | u128::from(numbers.draw());
    // Version 4, variant 1 (RFC 9562 section 5.4).
    Uuid::from_u128(bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
}

impl World {
    /// The catalogue of a seed.
    pub fn new(seed: u64) -> Self {
        let mut world = Self { seed, famous_artists: Vec::new(), famous_labels: Vec::new() };
        world.famous_artists = (0..FAMOUS_BLOCKS).flat_map(|block| world.artists(block)).collect();
        world.famous_labels = (0..FAMOUS_BLOCKS).flat_map(|block| world.labels(block)).collect();
        world
    }

    /// The artists of a block. The very first is for groups of many.
    pub fn artists(&self, block: u64) -> Vec<Arc<Artist>> {
        let mut numbers = Numbers::new(self.seed, Purpose::Artists, block);
        let artists =
            (0..ARTISTS).map(|at| artist(&mut numbers, mbid(self.seed, Named::Artist, block * ARTISTS + at)));
        let mut artists: Vec<_> = artists.collect();
        if block == 0 {
            let name = "Various Artists".to_owned();
            artists[0] =
                Artist { sort_name: name.clone(), name, kind: Some("Other"), ..artists.swap_remove(0) };
        }
        artists.into_iter().map(Arc::new).collect()
    }

    /// The labels of a block.
    pub fn labels(&self, block: u64) -> Vec<Arc<Label>> {
        let mut numbers = Numbers::new(self.seed, Purpose::Labels, block);
        let label = |at| Arc::new(label(&mut numbers, mbid(self.seed, Named::Label, block * LABELS + at)));
        (0..LABELS).map(label).collect()
    }

    /// Groups and releases of a block.
    pub fn block(&self, block: u64) -> Block {
        let artists = self.artists(block);
        let mut numbers = Numbers::new(self.seed, Purpose::Groups, block);
        let group = |at| {
            let credit = self.credit(&mut numbers, &artists);
            group(&mut numbers, mbid(self.seed, Named::Group, block * GROUPS + at), credit)
        };
        let groups: Vec<Group> = (0..GROUPS).map(group).collect();
        let labels = self.labels(block);
        let mut numbers = Numbers::new(self.seed, Purpose::Releases, block);
        let mut releases = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            for _ in 0..numbers.pick(real::RELEASES) {
                let number = block << 32 | releases.len() as u64;
                let mbid = mbid(self.seed, Named::Release, number);
                releases.push(self.release(&mut numbers, mbid, at, group, &labels));
            }
        }
        Block { groups, releases }
    }

    fn credit(&self, numbers: &mut Numbers, local: &[Arc<Artist>]) -> Vec<Credit> {
        if numbers.happens(real::VARIOUS) {
            let artist = Arc::clone(&self.famous_artists[0]);
            return vec![Credit { name: artist.name.clone(), artist, join_phrase: "" }];
        }
        let count = numbers.pick(real::CREDITED);
        let credit = (1..=count).map(|at| {
            let artist = if numbers.happens(real::FAMOUS) {
                &self.famous_artists[1 + numbers.early(self.famous_artists.len() as u64 - 1, 2.0) as usize]
            } else {
                // A few have many of the groups, and about half of all artists have none.
                &local[numbers.early(local.len() as u64, 3.0) as usize]
            };
            let name = match artist.name.strip_prefix("The ") {
                Some(rest) if numbers.happens(real::CREDITED_AS * 5) => rest.to_owned(),
                None if numbers.happens(real::CREDITED_AS) => artist.name.to_uppercase(),
                _ => artist.name.clone(),
            };
            let join_phrase = if at < count { numbers.pick(real::JOIN_PHRASES) } else { "" };
            Credit { artist: Arc::clone(artist), name, join_phrase }
        });
        credit.collect()
    }

    fn release(
        &self,
        numbers: &mut Numbers,
        mbid: Uuid,
        at: usize,
        group: &Group,
        local: &[Arc<Label>],
    ) -> Release {
        // Reissues come later.
        let year = group.year + numbers.early(2026 - u64::from(group.year), 6.0) as u16;
        let late = year >= real::DIGITAL_YEAR;
        let labels = (0..numbers.pick(real::LABELS)).map(|_| {
            let label = if numbers.happens(350) {
                &self.famous_labels[numbers.early(self.famous_labels.len() as u64, 2.0) as usize]
            } else {
                &local[numbers.early(local.len() as u64, 2.0) as usize]
            };
            let numbered = numbers.happens(real::CATALOGUE_NUMBER);
            let catalogue_number = numbered.then(|| words::catalogue_number(numbers));
            LabelInfo { label: Arc::clone(label), catalogue_number }
        });
        let labels = labels.collect();
        let events = (0..numbers.pick(real::EVENTS))
            .map(|_| (date(numbers, year), (!numbers.happens(20)).then(|| numbers.pick(real::COUNTRIES))));
        let events = events.collect();
        let formats = if late { real::FORMATS_LATE } else { real::FORMATS_EARLY };
        let format = numbers.pick(formats);
        let media =
            (0..numbers.pick(real::MEDIA)).map(|_| Medium { format, tracks: numbers.pick(real::TRACKS) });
        let media = media.collect();
        let barcode = numbers.happens(real::BARCODE[usize::from(late)]).then(|| {
            let digits = if numbers.happens(750) { 13 } else { 12 };
            format!("{:0digits$}", numbers.below(10u64.pow(digits as u32)))
        });
        let (language, script) = numbers.pick(real::LANGUAGES);
        let title = match numbers.happens(25) {
            true => format!("{} ({})", group.title, words::remark(numbers)),
            false => group.title.clone(),
        };
        Release {
            mbid,
            group: at,
            title,
            status: numbers.pick(real::STATUS),
            barcode,
            asin: numbers.happens(real::ASIN).then(|| format!("B{:09}", numbers.below(1_000_000_000))),
            packaging: numbers.pick(real::PACKAGING),
            language,
            script,
            disambiguation: remark(numbers, real::DISAMBIGUATION[2]),
            events,
            labels,
            media,
            urls: urls(numbers, real::ADDRESSES[3], &["discogs", "purchase for download"], "release"),
        }
    }
}

fn artist(numbers: &mut Numbers, mbid: Uuid) -> Artist {
    let name = words::artist(numbers);
    let kind = numbers.pick(real::ARTIST_TYPES);
    let sort_name = match (name.strip_prefix("The "), name.rsplit_once(' ')) {
        (Some(rest), _) => format!("{rest}, The"),
        (None, Some((first, last))) if kind == Some("Person") => format!("{last}, {first}"),
        _ => name.clone(),
    };
    let begin = numbers.happens(662).then(|| 1900 + numbers.below(100) as u16);
    let end = numbers.happens(303).then(|| begin.unwrap_or(1950) + 20);
    let aliased = numbers.happens(real::ARTIST_ALIASES);
    let aliases = if aliased { numbers.pick(real::ALIASES) } else { 0 };
    Artist {
        mbid,
        kind,
        gender: if kind == Some("Person") { numbers.pick(real::GENDERS) } else { None },
        country: numbers.happens(670).then(|| numbers.pick(real::COUNTRIES)),
        years: [begin, end],
        disambiguation: remark(numbers, real::DISAMBIGUATION[0]),
        aliases: (0..aliases).map(|_| alias(numbers, &name)).collect(),
        urls: urls(
            numbers,
            real::ADDRESSES[0],
            &["discogs", "official homepage", "wikidata", "allmusic"],
            "artist",
        ),
        name,
        sort_name,
    }
}

/// Another spelling, in other letters, or another name.
fn alias(numbers: &mut Numbers, name: &str) -> String {
    match numbers.below(4) {
        0 => name.replace(' ', ""),
        1 => format!("{name} {}", words::remark(numbers)),
        2 if name.is_ascii() => words::artist(numbers),
        _ => words::latin_artist(numbers),
    }
}

fn label(numbers: &mut Numbers, mbid: Uuid) -> Label {
    let name = words::label(numbers);
    Label {
        mbid,
        kind: numbers.pick(real::LABEL_TYPES),
        country: (!numbers.happens(95)).then(|| numbers.pick(real::COUNTRIES)),
        begin: numbers.happens(321).then(|| 1900 + numbers.below(120) as u16),
        aliases: (0..u64::from(numbers.happens(real::LABEL_ALIASES)))
            .map(|_| alias(numbers, &name))
            .collect(),
        urls: urls(numbers, real::ADDRESSES[1], &["discogs", "official site"], "label"),
        name,
    }
}

fn group(numbers: &mut Numbers, mbid: Uuid, credit: Vec<Credit>) -> Group {
    let year = 1950 + (numbers.share().sqrt() * 76.0) as u16;
    let title = match numbers.happens(real::SELF_TITLED) {
        true => credit[0].artist.name.clone(),
        false => words::title(numbers),
    };
    let aliased = u64::from(numbers.happens(real::GROUP_ALIASES));
    Group {
        mbid,
        primary_type: numbers.pick(real::PRIMARY_TYPES),
        secondary_types: numbers.pick(real::SECONDARY_TYPES),
        date: date(numbers, year),
        year,
        disambiguation: remark(numbers, real::DISAMBIGUATION[1]),
        aliases: (0..aliased * 2).map(|_| words::title(numbers)).collect(),
        urls: urls(numbers, real::ADDRESSES[2], &["discogs", "wikidata", "allmusic"], "master"),
        title,
        credit,
    }
}

fn date(numbers: &mut Numbers, year: u16) -> String {
    let lengths = if year < real::DIGITAL_YEAR { real::DATE_CHARS_EARLY } else { real::DATE_CHARS_LATE };
    let length = numbers.pick(lengths);
    let mut date = format!("{year}-{:02}-{:02}", 1 + numbers.below(12), 1 + numbers.below(28));
    date.truncate(length);
    date
}

fn remark(numbers: &mut Numbers, per_mille: u64) -> String {
    if numbers.happens(per_mille) { words::remark(numbers) } else { String::new() }
}

fn urls(
    numbers: &mut Numbers,
    per_mille: u64,
    kinds: &[&'static str],
    path: &str,
) -> Vec<(&'static str, String)> {
    if !numbers.happens(per_mille) {
        return Vec::new();
    }
    let address = |kind: &&'static str| {
        let number = numbers.below(40_000_000);
        let address = match *kind {
            "discogs" => format!("https://www.discogs.com/{path}/{number}"),
            "wikidata" => format!("https://www.wikidata.org/wiki/Q{number}"),
            "purchase for download" => format!("https://a{number}.bandcamp.com/album/b{}", number % 1_000),
            _ => format!("https://site{number}.example/{path}"),
        };
        (*kind, address)
    };
    kinds.iter().map(address).collect()
}

/// The script of the tracks of a release.
pub(super) fn track_script(release: &Release) -> Script {
    match release.script {
        Some("Jpan") => Script::Kana,
        Some("Hant") => Script::Han,
        _ => Script::Latin,
    }
}

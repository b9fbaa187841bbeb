//! The document of a release group: what the catalogue and the links say, as terms and columns.

use super::facets::Packed;
use super::schema::Fields;
use super::text::{self, Chunk};
use crate::catalogue::GroupRecord;
use crate::projection::links::Group;
use crate::projection::tags::TagCount;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use tantivy::TantivyDocument;
use uuid::Uuid;

/// Spellings of artist and title that a group is found by: the most common ones. A group can have
/// thousands of links, and each may name it as it likes.
const MAX_NAMES: usize = 32;

/// What a group's document is made from; one of the two is there.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub record: Option<&'a GroupRecord>,
    pub links: Option<&'a Group>,
    /// Tags on the group, and the sum of the votes on its links.
    pub tags: &'a [TagCount],
    pub score: i64,
}

/// What a document is made of before it is written.
#[derive(Default)]
struct Draft<'a> {
    artists: Vec<&'a str>,
    titles: Vec<&'a str>,
    also: OtherNames<'a>,
    /// Titles of editions and the like, each once.
    other_titles: Vec<&'a str>,
    whole: BTreeSet<u64>,
    labels: BTreeSet<&'a str>,
    catnos: BTreeSet<&'a str>,
    barcodes: BTreeSet<&'a str>,
    countries: BTreeSet<&'a str>,
    statuses: BTreeSet<&'a str>,
    types: BTreeSet<&'a str>,
    media: BTreeSet<&'a str>,
    formats: BTreeSet<&'a str>,
    encodings: BTreeSet<&'a str>,
    editions: BTreeSet<&'a str>,
    tags: BTreeSet<&'a str>,
    has: BTreeSet<&'static str>,
    by: BTreeSet<String>,
    years: BTreeSet<u16>,
    added: Option<u64>,
    size: Option<u64>,
    score: i64,
    packed: Packed,
}

/// Names that are looked at after all artists and titles.
#[derive(Default)]
struct OtherNames<'a> {
    all: Vec<&'a str>,
    /// Those with at least one word that no name before them has: `Beatles, The` says nothing new.
    telling: Vec<&'a str>,
    /// Artists and titles, until there is a name to compare them with.
    before: Vec<Vec<Chunk>>,
    words: HashSet<String>,
}

impl<'a> OtherNames<'a> {
    fn add(&mut self, name: &'a str, chunks: Vec<Chunk>) {
        self.words.extend(self.before.drain(..).flat_map(text::terms));
        self.all.push(name);
        let before = self.words.len();
        self.words.extend(text::terms(chunks));
        if self.words.len() > before {
            self.telling.push(name);
        }
    }
}

impl Fields {
    /// The document of a group.
    pub(super) fn document(&self, mbid: &Uuid, source: Source<'_>) -> TantivyDocument {
        let mut draft = Draft::default();
        if let Some(record) = source.record {
            draft.take_record(record);
        }
        if let Some(group) = source.links {
            draft.take_links(group, source.record.is_some());
        }
        draft.tags.extend(source.tags.iter().map(|tag| tag.tag.as_str()));
        draft.has.extend((!draft.tags.is_empty()).then_some("tag"));
        draft.score = source.score;
        self.write(mbid, draft)
    }

    fn write(&self, mbid: &Uuid, draft: Draft<'_>) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        let (high, low) = mbid.as_u64_pair();
        document.add_u64(self.mbid_high, high);
        document.add_u64(self.mbid_low, low);
        for number in &draft.whole {
            document.add_u64(self.whole, *number);
        }
        let mut add = |field, text: String| {
            if !text.is_empty() {
                document.add_text(field, text);
            }
        };
        add(self.artist, draft.artists.join("\n"));
        add(self.title, draft.titles.join("\n"));
        add(self.also, draft.also.telling.join("\n"));
        // `NHR 014` is also written `NHR014`, and barcodes are printed with gaps.
        let codes: Vec<String> = unspaced(&draft.catnos).collect();
        let barcodes: Vec<String> = unspaced(&draft.barcodes).collect();
        let codes = || draft.catnos.iter().copied().chain(codes.iter().map(String::as_str));
        let barcodes = || barcodes.iter().map(String::as_str);
        let words =
            [&draft.labels, &draft.types, &draft.media, &draft.formats, &draft.encodings, &draft.editions];
        let words = words.into_iter().flatten().copied();
        let years: Vec<String> = draft.years.iter().map(u16::to_string).collect();
        add(
            self.facts,
            lines(words.chain(codes()).chain(barcodes()).chain(years.iter().map(String::as_str))),
        );
        add(self.catno, lines(codes()));
        add(self.barcode, lines(barcodes()));
        for (field, texts) in [
            (self.label, &draft.labels),
            (self.types, &draft.types),
            (self.media, &draft.media),
            (self.format, &draft.formats),
            (self.encoding, &draft.encodings),
            (self.status, &draft.statuses),
            (self.country, &draft.countries),
            (self.tag, &draft.tags),
        ] {
            add(field, lines(texts.iter().copied()));
        }
        add(self.has, lines(draft.has.iter().copied()));
        add(self.by, lines(draft.by.iter().map(String::as_str)));

        for year in &draft.years {
            document.add_u64(self.year, u64::from(*year));
        }
        document.add_u64(self.packed, draft.packed.0);
        if let Some(added) = draft.added {
            document.add_u64(self.added, added);
        }
        if draft.score != 0 {
            document.add_i64(self.votes, draft.score);
        }
        if let Some(size) = draft.size {
            document.add_u64(self.size, size);
        }
        document
    }
}

impl<'a> Draft<'a> {
    fn take_record(&mut self, record: &'a GroupRecord) {
        let known = &record.known;
        let artist_number = self.name(&known.artist, &known.title);
        self.types.extend(known.types.iter().map(String::as_str));
        self.years.extend(known.year);
        self.packed = known.types.iter().fold(Packed::default(), |packed, name| packed.with_type(name));
        self.packed = self.packed.with_year(known.year.unwrap_or(0)).with_prior(prior(record));
        for artist in record.artists.iter() {
            self.other_artist(&artist.credited_as);
            artist.names.iter().for_each(|name| self.other_artist(name));
        }
        for alias in &record.aliases {
            self.other_title(artist_number, alias);
        }
        for edition in &record.editions {
            self.years.extend(edition.year());
            self.other_title(artist_number, &edition.title);
            edition.artist.iter().for_each(|artist| self.other_artist(artist));
            self.statuses.extend(edition.status.as_deref());
            self.countries.extend(edition.countries.iter().map(String::as_str));
            self.barcodes.extend(edition.barcode.as_deref());
            self.editions.extend(edition.disambiguation.as_deref());
            for label in &edition.labels {
                self.labels.extend(label.name.as_deref());
                self.catnos.extend(label.catno.as_deref());
            }
        }
        if !record.disambiguation.is_empty() {
            self.editions.insert(&record.disambiguation);
        }
    }

    fn take_links(&mut self, group: &'a Group, catalogued: bool) {
        for (artist, title) in names(group) {
            if catalogued {
                // Anybody can sign a link: its names may find the group, and not outrank the right one.
                self.also(artist);
                self.also(title);
            } else {
                self.name(artist, title);
            }
        }
        if !catalogued {
            self.packed = group.types().iter().fold(self.packed, |packed, name| packed.with_type(name));
            self.packed = self.packed.with_year(group.year().unwrap_or(0)).with_prior(PRIOR_UNKNOWN);
        }
        self.has.insert("link");
        for entry in &group.links {
            let link = &entry.link;
            let edition = &link.edition;
            self.years.extend([link.year, edition.year].into_iter().flatten());
            self.types.extend(link.types.iter().map(String::as_str));
            self.labels.extend(edition.label.as_deref());
            self.catnos.extend(edition.catno.as_deref());
            self.barcodes.extend(edition.barcode.as_deref());
            self.countries.extend(edition.country.as_deref());
            self.editions.extend(edition.title.as_deref());
            self.media.extend(link.media.as_deref());
            self.formats.extend(link.format.as_deref());
            self.encodings.extend(link.encoding.as_deref());
            self.packed = self.packed.with_link(
                link.format.as_deref(),
                link.media.as_deref(),
                link.encoding.as_deref(),
            );
            self.has.extend((link.log == Some(true)).then_some("log"));
            self.has.extend((link.log_score == Some(100)).then_some("log100"));
            self.has.extend((link.cue == Some(true)).then_some("cue"));
            self.by.insert(entry.author.to_string());
            self.added = self.added.max(Some(entry.created_hours));
            self.size = self.size.max(link.size_bytes);
        }
    }

    /// A name that counts fully: the group is called that. Returns the number of the artist's name.
    fn name(&mut self, artist: &'a str, title: &'a str) -> Option<u64> {
        let [artist_chunks, title_chunks] = [artist, title].map(text::chunks);
        let [artist_number, title_number] = [&artist_chunks, &title_chunks].map(|chunks| number(chunks));
        self.whole.extend(artist_number);
        self.whole.extend(title_number);
        self.whole.extend(both(artist_number, title_number));
        let names = [(&mut self.artists, artist, artist_chunks), (&mut self.titles, title, title_chunks)];
        for (names, name, chunks) in names {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
                self.also.before.push(chunks);
            }
        }
        artist_number
    }

    fn other_artist(&mut self, name: &'a str) {
        // Of a name that is there already the number is, too.
        if self.is_new(name) {
            let chunks = text::chunks(name);
            self.whole.extend(number(&chunks));
            self.also.add(name, chunks);
        }
    }

    fn other_title(&mut self, artist_number: Option<u64>, title: &'a str) {
        if self.titles.contains(&title) || self.other_titles.contains(&title) {
            return;
        }
        self.other_titles.push(title);
        let chunks = text::chunks(title);
        let title_number = number(&chunks);
        self.whole.extend(title_number);
        self.whole.extend(both(artist_number, title_number));
        if self.is_new(title) {
            self.also.add(title, chunks);
        }
    }

    fn also(&mut self, name: &'a str) {
        if self.is_new(name) {
            self.also.add(name, text::chunks(name));
        }
    }

    fn is_new(&self, name: &str) -> bool {
        let names = [&self.artists, &self.titles, &self.also.all];
        !name.is_empty() && !names.into_iter().any(|names| names.contains(&name))
    }
}

/// How much likelier than another a group is meant by the same words, in 64ths: records that were
/// reissued often are known to more people, albums rather than singles, originals rather than bootlegs.
fn prior(record: &GroupRecord) -> u8 {
    let mut prior = match record.known.types.first().map(String::as_str) {
        Some("Album") => 1.0,
        Some("EP") => 0.95,
        Some("Single") => 0.9,
        _ => 0.85,
    };
    if record.known.types.len() > 1 {
        prior *= 0.9;
    }
    let mut statuses = record.editions.iter().map(|edition| edition.status.as_deref());
    if !record.editions.is_empty() && statuses.all(|status| status == Some("Bootleg")) {
        prior *= 0.6;
    }
    let editions = record.editions.len().max(1) as f64;
    (64.0 * prior * (1.0 + 0.12 * editions.log2())).round().min(255.0) as u8
}

/// Of groups that the catalogue does not have.
const PRIOR_UNKNOWN: u8 = 60;

/// A name as a number.
fn number(chunks: &[Chunk]) -> Option<u64> {
    let whole = text::whole(chunks);
    (!whole.is_empty()).then(|| text::whole_number(&whole))
}

/// Artist and title as one number.
fn both(artist_number: Option<u64>, title_number: Option<u64>) -> Option<u64> {
    artist_number.zip(title_number).map(|(artist, title)| text::both_numbers(artist, title))
}

/// The most common pairs of artist and title; of those that occur as often, the smallest.
fn names(group: &Group) -> Vec<(&str, &str)> {
    let mut counts = BTreeMap::new();
    for entry in &group.links {
        *counts.entry((entry.link.artist.as_str(), entry.link.title.as_str())).or_insert(0u32) += 1;
    }
    let mut names: Vec<_> = counts.into_iter().collect();
    names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    names.truncate(MAX_NAMES);
    names.into_iter().map(|(name, _)| name).collect()
}

fn unspaced<'a>(texts: &'a BTreeSet<&str>) -> impl Iterator<Item = String> + 'a {
    texts.iter().map(|text| text::whole(&text::chunks(text)))
}

fn lines<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}

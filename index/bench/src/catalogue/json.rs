//! Records as the lines of the official JSON dumps: the same keys, in the same order.

use super::records::{Artist, Block, Credit, Group, Label, Named, Release, mbid, track_script};
use super::words;
use crate::numbers::{Numbers, Purpose, mix};
use deadwax_index::mbid::Uuid;

const NOTHING_FOLLOWS: &str = r#""tags":[],"genres":[],"#;
const RATING: &str = r#""rating":{"value":null,"votes-count":0}}"#;

/// Writes JSON into a buffer. Lines are gigabytes, so nothing is built that is only written.
struct Line<'a>(&'a mut Vec<u8>);

impl Line<'_> {
    fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// A key after the first, and its value.
    fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        self.quoted(value)
    }

    fn some(&mut self, key: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.key(key).raw("null"),
        }
    }

    /// An attribute and the id that MusicBrainz has for its value.
    fn kind(&mut self, key: &str, value: Option<&str>) -> &mut Self {
        self.some(key, value);
        let id = value.map(|value| constant_id(value).to_string());
        self.some(&format!("{key}-id"), id.as_deref())
    }

    fn key(&mut self, key: &str) -> &mut Self {
        if !matches!(self.0.last(), None | Some(b'{' | b'\n')) {
            self.raw(",");
        }
        self.raw("\"").raw(key).raw("\":")
    }

    fn quoted(&mut self, value: &str) -> &mut Self {
        if value.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
            self.0.extend(serde_json::to_vec(value).unwrap_or_default());
        } else {
            self.raw("\"").raw(value).raw("\"");
        }
        self
    }

    fn id(&mut self, id: &Uuid) -> &mut Self {
        let mut buffer = [0; 36];
        let id: &str = id.as_hyphenated().encode_lower(&mut buffer);
        self.text("id", id)
    }

    fn each<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.key(key).raw("[");
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.raw(",");
            }
            write(self, item);
        }
        self.raw("]");
    }

    fn aliases(&mut self, aliases: &[String]) {
        self.each("aliases", aliases, |line, alias| {
            line.raw("{").text("name", alias).text("sort-name", alias);
            line.raw(r#","locale":null,"primary":null,"type":null,"type-id":null,"begin":null,"end":null,"ended":false}"#);
        });
    }

    fn relations(&mut self, urls: &[(&str, String)]) {
        self.key("annotation").raw("null");
        self.each("relations", urls, |line, (kind, url)| {
            line.raw("{").text("type", kind).text("type-id", &constant_id(kind).to_string());
            line.raw(r#","direction":"forward","target-type":"url","attributes":[],"begin":null,"end":null,"ended":false,"url":{"#);
            line.id(&constant_id(url)).text("resource", url).raw("}}");
        });
        self.raw(",").raw(NOTHING_FOLLOWS);
    }

    fn life_span(&mut self, years: [Option<u16>; 2]) {
        let [begin, end] = years.map(|year| year.map(|year| year.to_string()));
        self.key("life-span").raw("{").some("begin", begin.as_deref()).some("end", end.as_deref());
        self.raw(if end.is_some() { r#","ended":true},"# } else { r#","ended":false},"# });
        self.raw(r#""ipis":[],"isnis":[]"#);
    }

    fn credit(&mut self, credit: &[Credit]) {
        self.each("artist-credit", credit, |line, part| {
            line.raw("{").text("name", &part.name).text("joinphrase", part.join_phrase);
            let artist = &part.artist;
            line.key("artist").raw("{").id(&artist.mbid).text("name", &artist.name);
            line.text("sort-name", &artist.sort_name).text("disambiguation", &artist.disambiguation);
            line.kind("type", artist.kind).some("country", artist.country).raw("}}");
        });
    }

    fn area(&mut self, country: Option<&str>) {
        match country {
            None => {
                self.key("area").raw("null");
            }
            Some(country) => {
                self.key("area").raw("{").id(&constant_id(country)).text("name", country);
                self.text("sort-name", country).text("disambiguation", "");
                self.raw(r#","type":null,"type-id":null,"iso-3166-1-codes":[""#).raw(country).raw(r#""]}"#);
            }
        }
    }

    fn group(&mut self, group: &Group) {
        self.id(&group.mbid).text("title", &group.title).kind("primary-type", group.primary_type);
        self.each("secondary-types", group.secondary_types, |line, kind| {
            line.quoted(kind);
        });
        self.each("secondary-type-ids", group.secondary_types, |line, kind| {
            line.quoted(&constant_id(kind).to_string());
        });
        self.text("first-release-date", &group.date).text("disambiguation", &group.disambiguation);
        self.credit(&group.credit);
    }
}

/// An id that is the same for the same text.
fn constant_id(text: &str) -> Uuid {
    let fold = |seed: u64| text.bytes().fold(seed, |hash, byte| mix(hash ^ u64::from(byte)));
    Uuid::from_u64_pair(fold(1), fold(2))
}

/// Writes an artist's line, with its end.
pub fn artist(artist: &Artist, out: &mut Vec<u8>) {
    let mut line = Line(out);
    line.raw("{").id(&artist.mbid).text("name", &artist.name).text("sort-name", &artist.sort_name);
    line.text("disambiguation", &artist.disambiguation)
        .kind("type", artist.kind)
        .kind("gender", artist.gender);
    line.some("country", artist.country).area(artist.country);
    line.raw(r#","begin-area":null,"end-area":null"#);
    line.life_span(artist.years);
    line.aliases(&artist.aliases);
    line.relations(&artist.urls);
    line.raw(RATING).raw("\n");
}

/// Writes a label's line, with its end.
pub fn label(label: &Label, out: &mut Vec<u8>) {
    let mut line = Line(out);
    line.raw("{").id(&label.mbid).text("name", &label.name).text("sort-name", &label.name);
    line.raw(r#","label-code":null,"disambiguation":"""#).kind("type", label.kind);
    line.some("country", label.country).area(label.country);
    line.life_span([label.begin, None]);
    line.aliases(&label.aliases);
    line.relations(&label.urls);
    line.raw(RATING).raw("\n");
}

/// Writes a release group's line, with its end.
pub fn group(group: &Group, out: &mut Vec<u8>) {
    let mut line = Line(out);
    line.raw("{").group(group);
    line.aliases(&group.aliases);
    line.relations(&group.urls);
    line.raw(RATING).raw("\n");
}

/// Writes a release's line, with its end; its tracks if they are wanted.
pub fn release(seed: u64, block: &Block, release: &Release, with_tracks: bool, out: &mut Vec<u8>) {
    let group = &block.groups[release.group];
    let mut line = Line(out);
    line.raw("{").id(&release.mbid).text("title", &release.title);
    line.credit(&group.credit);
    line.some("asin", release.asin.as_deref()).some("barcode", release.barcode.as_deref());
    line.text("disambiguation", &release.disambiguation).kind("status", release.status);
    line.text("quality", "normal").kind("packaging", release.packaging);
    line.raw(
        r#","cover-art-archive":{"artwork":false,"darkened":false,"count":0,"front":false,"back":false},"#,
    );
    line.raw(r#""text-representation":{"#).some("language", release.language).some("script", release.script);
    line.raw("}");
    let first = release.events.first();
    line.some("date", first.map(|(date, _)| date.as_str())).some("country", first.and_then(|event| event.1));
    line.each("release-events", &release.events, |line, (date, country)| {
        line.raw("{").text("date", date).area(*country);
        line.raw("}");
    });
    line.each("label-info", &release.labels, |line, info| {
        line.raw("{").some("catalog-number", info.catalogue_number.as_deref());
        line.key("label").raw("{").id(&info.label.mbid).text("name", &info.label.name);
        line.text("sort-name", &info.label.name).raw(r#","label-code":null,"disambiguation":"""#);
        line.kind("type", info.label.kind).raw(r#","aliases":[]}}"#);
    });
    let mut numbers = Numbers::new(seed, Purpose::Tracks, release.mbid.as_u64_pair().0);
    let mut position = 0;
    line.each("media", &release.media, |line, medium| {
        position += 1;
        line.raw("{").id(&mbid(numbers.draw(), Named::Medium, 0)).key("position").raw(&position.to_string());
        line.text("title", "").kind("format", medium.format);
        line.key("track-count").raw(&medium.tracks.to_string());
        line.raw(r#","track-offset":0,"discs":[]"#);
        if with_tracks {
            line.each("tracks", 1..=medium.tracks, |line, at| track(line, &mut numbers, release, group, at));
        }
        line.raw("}");
    });
    line.raw(r#","aliases":[]"#);
    line.relations(&release.urls);
    line.raw(r#""release-group":{"#).group(group);
    line.raw(r#","aliases":[],"genres":[],"tags":[]}}"#).raw("\n");
}

fn track(line: &mut Line<'_>, numbers: &mut Numbers, release: &Release, group: &Group, at: u64) {
    let title = words::track(numbers, track_script(release));
    let length = (90_000 + numbers.below(300_000)).to_string();
    line.raw("{").id(&mbid(numbers.draw(), Named::Track, 0)).text("title", &title);
    line.text("number", &at.to_string()).key("position").raw(&at.to_string()).key("length").raw(&length);
    line.credit(&group.credit);
    line.key("recording").raw("{").id(&mbid(numbers.draw(), Named::Recording, 0)).text("title", &title);
    line.key("length").raw(&length).raw(r#","disambiguation":"","video":false"#);
    line.credit(&group.credit);
    line.raw(r#","aliases":[],"isrcs":[],"relations":[],"genres":[],"tags":[]}}"#);
}

//! One line of a dump as a record: the parts that Deadwax keeps, and no others.
//!
//! Keys come in any order; absent and null ones count as empty, unknown ones are skipped. Tags,
//! genres, ratings and annotations are not CC0, so nothing here reads them (`doc/CATALOGUE.md`).

use super::kind::Kind;
use crate::mbid::{self, Uuid};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

/// A record of one of the kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// An artist.
    Artist(Entity),
    /// A label.
    Label(Entity),
    /// A release group.
    ReleaseGroup(ReleaseGroup),
    /// A release.
    Release(Box<Release>),
}

impl Record {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// What is no object of this kind: not JSON, no valid `id`, or a value of another type than the dumps have.
    pub fn parse(kind: Kind, line: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            Kind::Artist => Self::Artist(serde_json::from_slice(line)?),
            Kind::Label => Self::Label(serde_json::from_slice(line)?),
            Kind::ReleaseGroup => Self::ReleaseGroup(serde_json::from_slice(line)?),
            Kind::Release => Self::Release(serde_json::from_slice(line)?),
        })
    }
}

/// Declares records whose fields are all optional, and null counts as absent; `id` is required.
macro_rules! records {
    ($($(#[$doc:meta])* $name:ident $([id: $id:ident])? { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct $name {
            $(#[doc = "Its MBID."] #[serde(rename = "id", deserialize_with = "mbid")] pub $id: Uuid,)?
            $($(#[$field_doc])* #[serde(default, deserialize_with = "or_default")] pub $field: $type,)*
        }
    )*};
}

records! {
    /// An artist or a label.
    Entity [id: mbid] {
        /// Its name.
        name: String,
        /// Its name for sorting: `Beatles, The`.
        sort_name: String,
        /// What tells it from others of the same name.
        disambiguation: String,
        /// `Person`, `Group`, `Imprint`, ...
        r#type: String,
        /// ISO 3166-1 code.
        country: String,
        /// The number that is printed after `LC`; labels only.
        label_code: Option<u32>,
        /// From when to when.
        life_span: Option<LifeSpan>,
        /// Other names.
        aliases: Vec<Alias>,
        /// What it has to do with others.
        relations: Vec<Relation>,
    }
    /// From when to when something was there.
    LifeSpan {
        /// A date, or a part of one.
        begin: String,
        /// A date, or a part of one.
        end: String,
    }
    /// Another name.
    Alias {
        /// The name.
        name: String,
        /// The language for which it is meant: `ja`, `en_GB`.
        locale: String,
        /// Whether it is the name for that language.
        primary: bool,
    }
    /// What a record has to do with something else; only addresses are kept.
    Relation {
        /// `discogs`, `official homepage`, ...
        r#type: String,
        /// The address, if it is one.
        url: Option<Url>,
    }
    /// An address.
    Url {
        /// The address itself.
        resource: String,
    }
    /// One part of an artist credit.
    CreditPart {
        /// The name as credited.
        name: String,
        /// What stands between this name and the next: ` & `.
        joinphrase: String,
        /// Who it is.
        artist: Option<Reference>,
    }
    /// Another record that this one names.
    Reference {
        /// Its MBID.
        id: String,
        /// Its name; what has a title instead is named by it, which is not read.
        name: String,
    }
    /// An album as a work.
    ReleaseGroup [id: mbid] {
        /// Its title.
        title: String,
        /// `Album`, `Single`, ...
        primary_type: String,
        /// `Live`, `Compilation`, ...
        secondary_types: Vec<String>,
        /// A date, or a part of one.
        first_release_date: String,
        /// What tells it from others of the same title.
        disambiguation: String,
        /// Whose it is.
        artist_credit: Vec<CreditPart>,
        /// Other titles.
        aliases: Vec<Alias>,
        /// What it has to do with others.
        relations: Vec<Relation>,
    }
    /// An edition.
    Release [id: mbid] {
        /// Its title.
        title: String,
        /// `Official`, `Bootleg`, ...
        status: String,
        /// Of the first event: a date, or a part of one.
        date: String,
        /// Of the first event: ISO 3166-1 code, or `XW`, `XE` for the world and Europe.
        country: String,
        /// Digits, as a rule.
        barcode: String,
        /// Amazon's number.
        asin: String,
        /// `Jewel Case`, ...
        packaging: String,
        /// Of the text on it.
        text_representation: Option<Text>,
        /// What tells it from others of the same title.
        disambiguation: String,
        /// Whose it is.
        artist_credit: Vec<CreditPart>,
        /// When and where it came out.
        release_events: Vec<Event>,
        /// Labels and catalogue numbers.
        label_info: Vec<LabelInfo>,
        /// Discs, tapes, files.
        media: Vec<Medium>,
        /// The work of which it is an edition.
        release_group: Option<Reference>,
        /// Other titles.
        aliases: Vec<Alias>,
        /// What it has to do with others.
        relations: Vec<Relation>,
    }
    /// Language and script.
    Text {
        /// ISO 639-3 code.
        language: String,
        /// ISO 15924 code.
        script: String,
    }
    /// When and where a release came out.
    Event {
        /// A date, or a part of one.
        date: String,
        /// Where.
        area: Option<Area>,
    }
    /// A country, or a part of the world.
    Area {
        /// Its codes; as a rule one.
        iso_3166_1_codes: Vec<String>,
    }
    /// A label and a catalogue number.
    LabelInfo {
        /// The number.
        catalog_number: String,
        /// The label.
        label: Option<Reference>,
    }
    /// A disc, a tape, a set of files.
    Medium {
        /// `CD`, `12" Vinyl`, ...
        format: String,
        /// Its own title.
        title: String,
        /// How many tracks are on it.
        track_count: u32,
        /// Which one it is, from 1.
        position: u32,
        /// What is hidden before the first track.
        pregap: Option<Track>,
        /// Its tracks.
        tracks: Vec<Track>,
        /// What a computer finds on it beside them.
        data_tracks: Vec<Track>,
    }
    /// A track.
    Track {
        /// Which one it is, from 1.
        position: u32,
        /// As printed.
        number: String,
        /// As printed.
        title: String,
        /// In milliseconds.
        length: Option<u64>,
        /// Whose it is.
        artist_credit: Vec<CreditPart>,
        /// What was recorded, maybe on other releases too.
        recording: Option<Reference>,
    }
}

impl Event {
    /// The first code of its area; empty if there is none.
    pub(super) fn country(&self) -> &str {
        let codes = self.area.as_ref().map(|area| area.iso_3166_1_codes.as_slice());
        codes.and_then(|codes| codes.first()).map_or("", String::as_str)
    }
}

impl Reference {
    /// Whom it names, if it says so in the right form. What it names may be in no dump.
    pub(super) fn mbid(&self) -> Option<Uuid> {
        mbid::bare(&self.id)
    }
}

/// null is the same as absent.
fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

fn mbid<'de, D: Deserializer<'de>>(from: D) -> Result<Uuid, D::Error> {
    mbid::bare(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("the id is no MBID"))
}

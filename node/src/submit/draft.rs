//! A draft of a link as a form, the command line or the API gives it, and the link that it becomes.

use super::guess::Guess;
use super::release::{Release, release_of};
use super::source::Source;
use super::{SubmitError, problem};
use crate::app::App;
use deadwax_index::Problem;
use deadwax_index::entry::link::{Edition, Link, MAX_TRACKERS};
use deadwax_index::mbid::MbidKind;
use serde::{Deserialize, Serialize};

/// A link before it is one. Empty fields count as absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    /// The torrent as a magnet or infohash, or ...
    pub magnet: String,
    /// ... as a .torrent file in base64.
    pub torrent: String,
    /// MBID, address at MusicBrainz or at another site, or barcode.
    pub mbid: String,
    /// Artist credit; may be absent where the release group is known here.
    pub artist: String,
    /// Title; may be absent where the release group is known here.
    pub title: String,
    /// Year of first release.
    pub year: String,
    /// Types, separated by commas: `Album, Live`.
    #[serde(rename = "type")]
    pub types: String,
    /// `CD`, `Vinyl`, `WEB`, ...
    pub media: String,
    /// `FLAC`, `MP3`, ...
    pub format: String,
    /// `Lossless`, `V0 (VBR)`, `320`, ...
    pub encoding: String,
    /// Whether a rip log is there: `yes` or `no`; as the files say, if it is absent.
    pub log: String,
    /// Whether a cue sheet is there, in the same way.
    pub cue: String,
    /// Record label of the edition.
    pub label: String,
    /// Catalogue number of the edition.
    pub catno: String,
}

/// Turns a draft into a link, with what is known here filled in.
///
/// # Errors
/// The first field that a person has to mend.
pub fn link_of(app: &App, draft: &Draft) -> Result<Link, SubmitError> {
    let release = release_of(app, &draft.mbid)?;
    let link = outline(app, draft, &release, Source::read(draft)?)?;
    if link.artist.is_empty() {
        return Err(problem(
            "link.artist",
            "artist",
            "The artist is missing.",
            "Type the artist as the release names it.",
        )
        .into());
    }
    if link.title.is_empty() {
        return Err(
            problem("link.title", "title", "The title is missing.", "Type the title of the album.").into()
        );
    }
    Ok(link)
}

/// The link as far as it is known: artist and title may still be empty.
///
/// # Errors
/// A field that cannot be what it says.
pub fn outline(app: &App, draft: &Draft, release: &Release, source: Source) -> Result<Link, Problem> {
    let mut link = source.into_link();
    add_own_tracker(&mut link, app.own_tracker());
    link.mbid = release.mbid;
    // A bare MBID does not say what it names: the catalogue may know, and else people copy the release group's.
    link.release_group = release.group;
    link.mbid_kind = release.kind.unwrap_or(MbidKind::ReleaseGroup);
    let known = release.known.as_ref();
    link.artist = text(&draft.artist).or_else(|| text(&known?.artist)).unwrap_or_default();
    link.title = text(&draft.title).or_else(|| text(&known?.title)).unwrap_or_default();
    link.year = match draft.year.trim() {
        "" => known.and_then(|known| known.year),
        year => Some(year.parse().ok().filter(|year| (1..=9999).contains(year)).ok_or_else(|| {
            problem("link.year", "year", "This is not a year.", "Type four digits, or leave it empty.")
        })?),
    };
    link.types = draft.types.split(',').filter_map(text).collect();
    if link.types.is_empty() {
        link.types = known.map(|known| known.types.clone()).unwrap_or_default();
    }
    link.media = text(&draft.media);
    link.format = text(&draft.format);
    link.encoding = text(&draft.encoding);
    link.log = yes_or_no("log", &draft.log)?.or(link.log);
    link.cue = yes_or_no("cue", &draft.cue)?.or(link.cue);
    link.edition = Edition {
        label: text(&draft.label).or_else(|| release.edition.label.clone()),
        catno: text(&draft.catno).or_else(|| release.edition.catno.clone()),
        ..release.edition.clone()
    };
    Ok(link)
}

impl Draft {
    /// Puts what the files say into the fields of this copy that are empty; the names of those fields. The
    /// catalogue number is that of the edition, where it is known.
    pub fn fill_in(&mut self, guess: &Guess, edition: &Edition) -> Vec<&'static str> {
        let mut filled = Vec::new();
        let mut set = |name, field: &mut String, value: Option<String>| {
            if let (true, Some(value)) = (field.trim().is_empty(), value) {
                *field = value;
                filled.push(name);
            }
        };
        let said = |said: Option<bool>| said.map(|said| if said { "yes" } else { "no" }.to_owned());
        set("media", &mut self.media, guess.media.map(str::to_owned));
        set("format", &mut self.format, guess.format.map(str::to_owned));
        set("encoding", &mut self.encoding, guess.encoding.clone());
        set("log", &mut self.log, said(guess.log));
        set("cue", &mut self.cue, said(guess.cue));
        set("catno", &mut self.catno, guess.catno.clone().filter(|_| edition.catno.is_none()));
        filled
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> &str {
        match name {
            "magnet" => &self.magnet,
            "torrent" => &self.torrent,
            "mbid" => &self.mbid,
            "artist" => &self.artist,
            "title" => &self.title,
            "year" => &self.year,
            "type" => &self.types,
            "media" => &self.media,
            "format" => &self.format,
            "encoding" => &self.encoding,
            "log" => &self.log,
            "cue" => &self.cue,
            "label" => &self.label,
            "catno" => &self.catno,
            _ => "",
        }
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn yes_or_no(field: &'static str, text: &str) -> Result<Option<bool>, Problem> {
    match text.trim() {
        "" => Ok(None),
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        _ => Err(problem(
            "link.answer",
            field,
            "This is neither yes nor no.",
            "Write yes or no, or leave it out.",
        )),
    }
}

/// Names this node's tracker beside the torrent's own. Whoever seeds what was submitted here announces
/// to it, and readers on other nodes have to learn where that is.
fn add_own_tracker(link: &mut Link, own: Option<String>) {
    if let Some(own) = own.filter(|own| !link.trackers.contains(own)) {
        link.trackers.truncate(MAX_TRACKERS - 1);
        link.trackers.push(own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_can_be_asked_for_by_its_name() {
        let mut fields = serde_json::to_value(Draft::default()).unwrap();
        for (name, value) in fields.as_object_mut().unwrap() {
            *value = format!("the {name}").into();
        }
        let draft: Draft = serde_json::from_value(fields.clone()).unwrap();
        for name in fields.as_object().unwrap().keys() {
            assert_eq!(draft.field(name), format!("the {name}"));
        }
    }

    #[test]
    fn what_was_typed_is_not_replaced() {
        let guess = Guess {
            format: Some("FLAC"),
            media: Some("CD"),
            log: Some(false),
            catno: Some("NHR-014".into()),
            ..Guess::default()
        };
        let mut draft = Draft { media: "Vinyl".into(), ..Draft::default() };
        assert_eq!(draft.fill_in(&guess, &Edition::default()), ["format", "log", "catno"]);
        assert_eq!((draft.media.as_str(), draft.log.as_str(), draft.cue.as_str()), ("Vinyl", "no", ""));
        let known = Edition { catno: Some("NHR-014R".into()), ..Edition::default() };
        assert!(!Draft::default().fill_in(&guess, &known).contains(&"catno"));
    }
}

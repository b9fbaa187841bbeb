//! The pages of a submission as structs for their templates.

use super::super::{Frame, wording};
use super::fields::{self, COPY, Field, MAGNET, NAMES, RELEASE, URL, carried, fill};
use super::form::SubmitForm;
use crate::app::{App, now_secs};
use crate::submit::check::{Check, in_words};
use crate::submit::editions::Candidate;
use crate::submit::release::Release;
use crate::submit::source::Source;
use askama::Template;
use deadwax_index::Problem;
use deadwax_index::magnet::{Dropped, DroppedKind};
use deadwax_index::projection::alike::Alike;

/// Addresses that are named one by one; of more than that the rest is counted.
const MAX_NAMED: usize = 20;
/// Names in lists are cut to this.
const MAX_NAME_CHARS: usize = 120;

/// Names and values of hidden fields.
type Hidden<'a> = Vec<(&'static str, &'a str)>;

/// The first page: torrent and release.
#[derive(Template)]
#[template(path = "submit.html")]
pub struct SourcePage<'a> {
    frame: Frame,
    idempotency_key: &'a str,
    magnet: Field<'a>,
    /// Why a file was refused.
    file_problem: Option<&'a Problem>,
    /// The file that was sent before, in words.
    kept_file: Option<String>,
    release: Field<'a>,
    hidden: Hidden<'a>,
    problem: Option<&'a Problem>,
    /// The field at fault.
    faulty: Option<&'static str>,
}

impl<'a> SourcePage<'a> {
    /// The page with what was typed.
    pub fn new(app: &App, form: &'a SubmitForm, problem: Option<&'a Problem>) -> Self {
        let title = if problem.is_some() { "Error: Submit a torrent link" } else { "Submit a torrent link" };
        let faulty = problem.and_then(|problem| fields::at_fault(problem.field));
        let fault = faulty.zip(problem);
        let mut hidden = carried(&form.draft, &["magnet", "mbid"]);
        hidden.extend([("url", form.url.as_str())].into_iter().filter(|(_, value)| !value.is_empty()));
        Self {
            frame: Frame::new(app, "/submit", title),
            idempotency_key: form.key.as_deref().unwrap_or_default(),
            magnet: fill(&MAGNET, &form.draft.magnet, None, fault),
            file_problem: problem.filter(|_| faulty == Some("torrent_file")),
            kept_file: kept_file(form),
            release: fill(&RELEASE, &form.draft.mbid, None, fault),
            hidden,
            problem,
            faulty,
        }
    }
}

/// "Maps of Low Water, 640 MB, 38 files".
fn kept_file(form: &SubmitForm) -> Option<String> {
    if form.draft.torrent.is_empty() {
        return None;
    }
    let alone = crate::submit::Draft { torrent: form.draft.torrent.clone(), ..Default::default() };
    Some(
        Source::read(&alone)
            .map_or_else(|_| "a file that cannot be read".into(), |source| torrent_in_words(&source)),
    )
}

fn torrent_in_words(source: &Source) -> String {
    let name = source.name.as_deref().map(|name| wording::shorten(name, MAX_NAME_CHARS));
    let size = source.size_bytes.map(wording::size);
    let files =
        (!source.files.is_empty()).then(|| wording::count(source.files.len() as u64, "file", "files"));
    let parts: Vec<String> = [name, size, files].into_iter().flatten().collect();
    if parts.is_empty() { "without a name".into() } else { parts.join(", ") }
}

/// The second page: what would be signed.
#[derive(Template)]
#[template(path = "submit_check.html")]
pub struct CheckPage<'a> {
    frame: Frame,
    idempotency_key: &'a str,
    torrent: String,
    infohash: String,
    choices: Vec<Choice>,
    release: Field<'a>,
    names: Vec<Field<'a>>,
    /// Whether the names have to be looked at.
    opens_names: bool,
    copy: Vec<Field<'a>>,
    alike: Vec<AlikeView>,
    /// "Removed: 2 trackers, 1 web seed." and so on.
    trackers: String,
    dropped: Vec<&'a Dropped>,
    more_dropped: usize,
    hidden: Hidden<'a>,
    problem: Option<&'a Problem>,
    faulty: Option<&'static str>,
    is_delayed: bool,
}

/// A record to choose.
struct Choice {
    value: String,
    mbid: String,
    artist: String,
    title: String,
    facts: String,
    reasons: String,
    is_chosen: bool,
}

/// A link that is in the set already.
struct AlikeView {
    name: &'static str,
    entry: String,
    message: String,
    date: String,
    /// Where it can be looked at.
    page: String,
}

/// Puts what the files say into the empty fields of this copy, and what the torrent's name says into those of a
/// release that is not known; the names of these fields.
pub fn fill_in(draft: &mut crate::submit::Draft, check: &Check) -> Vec<&'static str> {
    let edition = check.release.as_ref().map(|release| release.edition.clone()).unwrap_or_default();
    let mut read = draft.fill_in(&check.guess, &edition);
    let is_known = check.release.as_ref().is_some_and(|release| release.known.is_some());
    if !is_known {
        let year = check.guess.year.map(|year| year.to_string());
        for (name, field, value) in [
            ("artist", &mut draft.artist, check.guess.artist.clone()),
            ("title", &mut draft.title, check.guess.title.clone()),
            ("year", &mut draft.year, year),
        ] {
            if let (true, Some(value)) = (field.trim().is_empty(), value) {
                *field = value;
                read.push(name);
            }
        }
    }
    read
}

impl<'a> CheckPage<'a> {
    /// The page; `read` are the fields that were filled in from the files just now.
    pub fn new(
        app: &App,
        form: &'a SubmitForm,
        check: &'a Check,
        read: &[&'static str],
        problem: Option<&'a Problem>,
    ) -> Self {
        let title =
            if problem.is_some() { "Error: Check the torrent link" } else { "Check the torrent link" };
        let faulty = problem.and_then(|problem| fields::at_fault(problem.field));
        let fault = faulty.zip(problem);
        let known = check.release.as_ref();
        let fill_all = |specs: &'static [fields::FieldSpec]| -> Vec<Field<'a>> {
            let note = |name: &str| {
                if read.contains(&name) {
                    Some("Read from the torrent.".into())
                } else {
                    if_empty(known, name)
                }
            };
            specs.iter().map(|spec| fill(spec, form.draft.field(spec.name), note(spec.name), fault)).collect()
        };
        let names = fill_all(&NAMES);
        let is_named =
            known.and_then(|release| release.known.as_ref()).is_some_and(|known| !known.title.is_empty());
        let mut hidden: Hidden<'a> =
            [("magnet", form.draft.magnet.as_str()), ("torrent", &form.draft.torrent), ("url", &form.url)]
                .to_vec();
        hidden.retain(|(_, value)| !value.is_empty());
        let source = &check.source;
        let infohash = match (source.infohashes.v1(), source.infohashes.v2()) {
            (Some(v1), _) => v1.to_string(),
            (None, Some(v2)) => v2.to_string(),
            (None, None) => String::new(),
        };
        Self {
            frame: Frame::new(app, "/submit", title),
            idempotency_key: form.key.as_deref().unwrap_or_default(),
            torrent: torrent_in_words(source),
            infohash,
            choices: choices(check),
            release: fill(&RELEASE, &form.draft.mbid, None, fault),
            opens_names: !is_named
                || names.iter().any(|field| !field.value.is_empty() || field.problem.is_some()),
            names,
            copy: fill_all(&COPY),
            alike: check.alike.iter().map(AlikeView::new).collect(),
            trackers: trackers_in_words(source),
            dropped: source.dropped.iter().take(MAX_NAMED).collect(),
            more_dropped: source.dropped.len().saturating_sub(MAX_NAMED),
            hidden,
            problem,
            faulty,
            is_delayed: app.config.publication.delay,
        }
    }
}

/// What an empty field of a known release will say.
fn if_empty(release: Option<&Release>, name: &str) -> Option<String> {
    let release = release?;
    let known = release.known.as_ref();
    let value = match name {
        "artist" => known?.artist.clone(),
        "title" => known?.title.clone(),
        "year" => known?.year?.to_string(),
        "type" => known?.types.join(", "),
        "label" => release.edition.label.clone()?,
        "catno" => release.edition.catno.clone()?,
        _ => return None,
    };
    (!value.is_empty()).then(|| format!("If empty: {}", wording::shorten(&value, MAX_NAME_CHARS)))
}

fn choices(check: &Check) -> Vec<Choice> {
    let choice = |(index, candidate): (usize, &Candidate)| {
        let percent = candidate.match_percent.map(|percent| format!("match {percent} %"));
        Choice {
            value: candidate.value(),
            mbid: candidate.mbid.to_string(),
            artist: wording::shorten(&candidate.artist, MAX_NAME_CHARS),
            title: wording::shorten(&candidate.title, MAX_NAME_CHARS),
            facts: wording::shorten(&candidate.facts.join(" · "), MAX_NAME_CHARS),
            reasons: candidate.reasons.iter().cloned().chain(percent).collect::<Vec<_>>().join(" · "),
            is_chosen: check.candidates.chosen == Some(index),
        }
    };
    check.candidates.list.iter().enumerate().map(choice).collect()
}

impl AlikeView {
    fn new(alike: &Alike) -> Self {
        let date = wording::date(alike.link.created_hours, now_secs() / 3600);
        Self {
            name: alike.sameness.name(),
            entry: alike.link.entry.to_string(),
            message: in_words(alike),
            date: date.map(|date| date.plain).unwrap_or_default(),
            page: format!("/release-group/{}", alike.link.link.group()),
        }
    }
}

/// "Kept: 1 I2P tracker. Removed: 2 trackers, 1 web seed."
fn trackers_in_words(source: &Source) -> String {
    let count = |kind| source.dropped.iter().filter(|dropped| dropped.kind() == kind).count() as u64;
    let removed: Vec<String> = [
        (DroppedKind::Tracker, "tracker", "trackers"),
        (DroppedKind::WebSeed, "web seed", "web seeds"),
        (DroppedKind::PeerAddress, "peer address", "peer addresses"),
        (DroppedKind::Other, "other parameter", "other parameters"),
    ]
    .into_iter()
    .filter_map(|(kind, one, many)| {
        Some(count(kind)).filter(|count| *count > 0).map(|n| wording::count(n, one, many))
    })
    .collect();
    let kept = wording::count(source.trackers.len() as u64, "I2P tracker", "I2P trackers");
    if removed.is_empty() {
        return format!("Kept: {kept}. Nothing had to be removed.");
    }
    format!(
        "Kept: {kept}. Removed, because they lead out of I2P or say nothing here: {}.",
        removed.join(", ")
    )
}

/// The form for a record that MusicBrainz does not have.
#[derive(Template)]
#[template(path = "submit_own.html")]
pub struct OwnReleasePage<'a> {
    frame: Frame,
    idempotency_key: &'a str,
    fields: Vec<Field<'a>>,
    hidden: Hidden<'a>,
    problem: Option<&'a Problem>,
    faulty: Option<&'static str>,
}

impl<'a> OwnReleasePage<'a> {
    /// The form with what was typed for the link.
    pub fn new(app: &App, form: &'a SubmitForm, problem: Option<&'a Problem>) -> Self {
        const SHOWN: [&str; 7] = ["artist", "title", "year", "type", "media", "label", "catno"];
        let faulty = problem.and_then(|problem| fields::at_fault(problem.field));
        let fault = faulty.zip(problem);
        let specs = NAMES.iter().chain(&COPY).filter(|spec| SHOWN.contains(&spec.name));
        let fields = specs.map(|spec| fill(spec, form.draft.field(spec.name), None, fault));
        Self {
            frame: Frame::new(app, "/submit", "A record that MusicBrainz does not have"),
            idempotency_key: form.key.as_deref().unwrap_or_default(),
            fields: fields.chain([fill(&URL, &form.url, None, fault)]).collect(),
            hidden: carried(&form.draft, &SHOWN),
            problem,
            faulty,
        }
    }
}

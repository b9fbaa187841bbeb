//! What a person is told before anything is signed: which releases the torrent may hold, what its files say, what
//! it repeats, and what will not be published.

use super::draft::{Draft, outline};
use super::editions::{Candidates, candidates};
use super::guess::Guess;
use super::release::{Release, release_of};
use super::source::Source;
use super::{SubmitError, link_of};
use crate::app::App;
use deadwax_index::Problem;
use deadwax_index::entry::link::Link;
use deadwax_index::magnet::Dropped;
use deadwax_index::projection::alike::{Alike, Sameness};
use serde::Serialize;
use std::collections::BTreeMap;

/// All that a check page shows.
pub struct Check {
    /// The torrent.
    pub source: Source,
    /// What its names say.
    pub guess: Guess,
    /// Which records it may hold.
    pub candidates: Candidates,
    /// Why what was typed leads to no record.
    pub release_problem: Option<Problem>,
    /// The record that is chosen, with what is known of it.
    pub release: Option<Release>,
    /// What is in the set already.
    pub alike: Vec<Alike>,
}

/// Looks at a draft. `choice` is the record that was chosen from the list before, or empty.
///
/// # Errors
/// The torrent cannot be read; the store or the search index failed.
pub fn check(app: &App, draft: &Draft, choice: &str) -> Result<Check, SubmitError> {
    let source = Source::read(draft)?;
    let mut guess = Guess::of(source.name.as_deref().unwrap_or_default(), &source.files);
    let (mut candidates, mut release_problem) = match candidates(app, &draft.mbid, &guess) {
        Ok(candidates) => (candidates, None),
        Err(SubmitError::Problem(problem)) => (Candidates::default(), Some(problem)),
        Err(error) => return Err(error),
    };
    // What was chosen stays chosen, as long as it is still there to choose.
    let again = candidates.list.iter().position(|candidate| candidate.value() == choice);
    candidates.chosen = again.or(candidates.chosen);
    let chosen = candidates.chosen.and_then(|index| candidates.list.get(index));
    let release = match chosen.map(|candidate| release_of(app, &candidate.value())) {
        Some(Ok(release)) => Some(release),
        Some(Err(SubmitError::Problem(problem))) => {
            release_problem = release_problem.or(Some(problem));
            None
        }
        Some(Err(error)) => return Err(error),
        None => None,
    };
    guess = guess.with_duration(chosen.map_or(0, |candidate| candidate.duration_ms));
    let mut filled = draft.clone();
    filled.fill_in(&guess, &Default::default());
    let alike = match &release {
        Some(release) => match outline(app, &filled, release, source.clone()) {
            Ok(link) => app.store.alike(&link, &release.named)?,
            // A field cannot be read, which is said when it is to be signed.
            Err(_) => of_torrent(app, &source)?,
        },
        None => of_torrent(app, &source)?,
    };
    Ok(Check { source, guess, candidates, release_problem, release, alike })
}

/// The links to the same torrent, where the release is still open.
fn of_torrent(app: &App, source: &Source) -> Result<Vec<Alike>, SubmitError> {
    Ok(app.store.alike(&source.clone().into_link(), &[])?)
}

/// What the command line is told beside its receipt.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// What may be a duplicate.
    pub warnings: Vec<Warning>,
    /// What the torrent had and the link has not: trackers, web seeds, peer addresses.
    pub dropped: Vec<Dropped>,
    /// Fields that were filled in from the files, and with what.
    pub read: BTreeMap<&'static str, String>,
}

/// Something that a person should look at; it does not keep the link from being signed.
#[derive(Debug, Serialize)]
pub struct Warning {
    /// `duplicate.same-torrent`, ...
    pub code: String,
    /// The entry that it repeats.
    pub entry: String,
    /// What that entry is about.
    pub mbid: String,
    /// In one sentence.
    pub message: String,
}

/// The link of a draft that nobody will look at again, with what the files say in its empty fields, and what is to
/// be said about it.
///
/// # Errors
/// As [`link_of`].
pub fn link_with_findings(app: &App, draft: &Draft) -> Result<(Link, Findings), SubmitError> {
    let mut draft = draft.clone();
    let release = release_of(app, &draft.mbid)?;
    let source = Source::read(&draft)?;
    let guess = Guess::of(source.name.as_deref().unwrap_or_default(), &source.files);
    let filled = draft.fill_in(&guess, &release.edition);
    let read = filled.into_iter().map(|name| (name, draft.field(name).to_owned())).collect();
    let link = link_of(app, &draft)?;
    let alike = app.store.alike(&link, &release.named)?;
    // That the same link is there is what the receipt says.
    let others = alike.iter().filter(|alike| alike.sameness != Sameness::SameLink);
    let warnings = others
        .map(|alike| Warning {
            code: format!("duplicate.{}", alike.sameness.name()),
            entry: alike.link.entry.to_string(),
            mbid: alike.link.link.mbid.to_string(),
            message: in_words(alike),
        })
        .collect();
    Ok((link, Findings { warnings, dropped: source.dropped, read }))
}

/// What a link of the set and a new one have in common, as one sentence.
pub fn in_words(alike: &Alike) -> String {
    let link = &alike.link.link;
    let name = format!("{} - {}", link.artist, link.title);
    match alike.sameness {
        Sameness::SameLink => "This torrent is linked to this release already.".into(),
        Sameness::SameTorrent => {
            format!("The same torrent is linked to {name}: it holds both, or one is wrong.")
        }
        Sameness::SameFiles => {
            format!(
                "Another torrent of {name} has files of the same sizes: join its swarm rather than splitting it."
            )
        }
        Sameness::SameEdition => {
            let form = [&link.media, &link.format, &link.encoding].into_iter().flatten();
            let form: Vec<&str> = form.map(String::as_str).collect();
            format!(
                "This edition of {name} is there in the same form ({}), as another torrent.",
                form.join(", ")
            )
        }
    }
}

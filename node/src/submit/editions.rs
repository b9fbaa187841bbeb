//! Which records a torrent may hold: those that what was typed leads to, each with why it fits.
//!
//! Only proposals: a person chooses. Not here: what the files say (`guess.rs`).

use super::guess::Guess;
use super::release::{asked, edition_of, release_of};
use super::{SubmitError, release};
use crate::app::App;
use deadwax_index::catalogue::lookup::Identifier;
use deadwax_index::catalogue::tracks::Medium;
use deadwax_index::catalogue::{Catalogue, EditionRecord, GroupRecord, KnownGroup};
use deadwax_index::entry::link::Edition;
use deadwax_index::mbid::{self, MbidKind, Uuid};
use deadwax_index::search::{MAX_QUERY_BYTES, Query};
use deadwax_index::store::StoreError;

mod likeness;

pub use likeness::Evidence;

/// Groups that words lead to and that are looked at.
const MAX_GROUPS: usize = 6;
/// Editions whose tracks are compared: reading them is what takes time.
const MAX_COMPARED: usize = 40;
/// Records in a list to choose from.
const MAX_SHOWN: usize = 12;
/// From this match on the best edition is chosen beforehand.
const CONVINCING_PERCENT: u8 = 80;

/// A record to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its MBID.
    pub mbid: Uuid,
    /// What it is.
    pub kind: MbidKind,
    /// Artist credit; empty if nobody knows.
    pub artist: String,
    /// Title; empty if nobody knows.
    pub title: String,
    /// "2CD, 2008, Ninth Harbour, NHR-014".
    pub facts: Vec<String>,
    /// "36 of 36 tracks", "catalogue number in the name".
    pub reasons: Vec<String>,
    /// How much of what can be compared agrees; `None` where nothing can be.
    pub match_percent: Option<u8>,
    /// How long the music is, where the catalogue says.
    pub duration_ms: u64,
}

impl Candidate {
    /// What stands for it in a form: the address at MusicBrainz says what it is.
    pub fn value(&self) -> String {
        format!("https://musicbrainz.org/{}/{}", self.kind.url_segment(), self.mbid)
    }
}

/// What was found, best first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// To choose from.
    pub list: Vec<Candidate>,
    /// The one that is chosen beforehand.
    pub chosen: Option<usize>,
}

/// What `typed` leads to: an MBID, an address, a barcode, or words. Where nothing was typed, the torrent's own
/// name is searched for.
///
/// # Errors
/// What was typed leads nowhere.
pub fn candidates(app: &App, typed: &str, guess: &Guess) -> Result<Candidates, SubmitError> {
    let typed = typed.trim();
    let evidence = Evidence::new(guess);
    let identifier = Identifier::parse(typed);
    match (mbid::parse(typed), &identifier) {
        (Ok(_), _) => of_record(app, typed, &evidence),
        (Err(mbid::MbidError::Form), Some(Identifier::Mbid(_))) => {
            Err(mbid::MbidError::Form.problem().into())
        }
        (Err(mbid::MbidError::Form), Some(identifier)) => of_identifier(app, identifier, &evidence),
        (Err(mbid::MbidError::Form), None) => of_words(app, typed, &evidence, guess),
        (Err(error), _) => Err(error.problem().into()),
    }
}

/// A record that was named: all editions of its group, and itself.
fn of_record(app: &App, typed: &str, evidence: &Evidence) -> Result<Candidates, SubmitError> {
    let release = release_of(app, typed)?;
    let group = asked(app, |catalogue| catalogue.group_record(&release.listed()));
    let mut list = match &group {
        Some(group) => ranked(app, std::slice::from_ref(group), evidence),
        None => Vec::new(),
    };
    let is_named = |candidate: &Candidate| candidate.mbid == release.mbid;
    if !list.iter().any(is_named) {
        let known = release.known.clone();
        let kind = release.kind.unwrap_or(MbidKind::ReleaseGroup);
        list.push(plain(release.mbid, kind, known.as_ref(), facts_of(&release.edition, known.as_ref())));
    }
    let named = list.iter().position(is_named);
    // Whoever names an edition means it; whoever names the album may mean the one that fits.
    let is_edition = release.kind == Some(MbidKind::Release) || release.kind == Some(MbidKind::Recording);
    let chosen = if is_edition { named } else { convincing(&list).or(named) };
    Ok(shown(list, chosen))
}

fn of_identifier(app: &App, identifier: &Identifier, evidence: &Evidence) -> Result<Candidates, SubmitError> {
    let (releases, groups) = asked(app, |catalogue| {
        let records = catalogue.records_of(identifier)?;
        let groups = catalogue.groups_of(identifier)?;
        let groups =
            groups.iter().take(MAX_GROUPS).filter_map(|mbid| catalogue.group_record(mbid).transpose());
        let releases: Vec<Uuid> = records.into_iter().map(|(_, mbid)| mbid).collect();
        Ok((releases, groups.collect::<Result<Vec<_>, _>>()?))
    });
    if groups.is_empty() {
        return Err(release::unknown(identifier).into());
    }
    let list = ranked(app, &groups, evidence);
    let of_identifier: Vec<usize> =
        (0..list.len()).filter(|index| releases.contains(&list[*index].mbid)).collect();
    let chosen = of_identifier.first().copied().or_else(|| convincing(&list));
    Ok(shown(list, chosen))
}

fn of_words(app: &App, typed: &str, evidence: &Evidence, guess: &Guess) -> Result<Candidates, SubmitError> {
    let words = if typed.is_empty() { guess.words().unwrap_or_default() } else { typed.to_owned() };
    if words.is_empty() {
        return Ok(Candidates::default());
    }
    if words.len() > MAX_QUERY_BYTES {
        return Err(mbid::MbidError::Form.problem().into());
    }
    let query = Query { text: words, limit: MAX_GROUPS, ..Query::default() };
    let hits = match app.search.search(&app.store, &query) {
        Ok(hits) => hits,
        Err(error) => {
            return Err(match error.problem() {
                Some(problem) => SubmitError::Problem(deadwax_index::Problem { field: "mbid", ..problem }),
                None => SubmitError::Search(error),
            });
        }
    };
    let mut groups = Vec::new();
    let mut linked = Vec::new();
    for hit in &hits.groups {
        match asked(app, |catalogue| catalogue.group_record(&hit.mbid)) {
            Some(group) => groups.push(group),
            None => {
                let known = KnownGroup {
                    artist: hit.artist().to_owned(),
                    title: hit.title().to_owned(),
                    year: hit.year(),
                    types: hit.types().to_vec(),
                };
                let kind = hit.links().first().filter(|link| link.link.mbid == hit.mbid);
                let kind = kind.map_or(MbidKind::ReleaseGroup, |link| link.link.mbid_kind);
                linked.push(plain(hit.mbid, kind, Some(&known), facts_of(&Edition::default(), Some(&known))));
            }
        }
    }
    let mut list = ranked(app, &groups, evidence);
    list.extend(linked);
    // Words are no decision: only what fits well is chosen, or what is alone.
    let chosen = convincing(&list).or((list.len() == 1).then_some(0));
    Ok(shown(list, chosen))
}

/// All editions of some groups by how well they fit, and after them the groups themselves.
fn ranked(app: &App, groups: &[GroupRecord], evidence: &Evidence) -> Vec<Candidate> {
    let mut editions: Vec<(f64, Candidate)> = asked(app, |catalogue| {
        let mut first: Vec<(f64, &GroupRecord, &EditionRecord)> = groups
            .iter()
            .flat_map(|group| group.editions.iter().map(move |edition| (group, edition)))
            .map(|(group, edition)| (evidence.weigh(group, edition, &[]).earned, group, edition))
            .collect();
        first.sort_by(|left, right| right.0.total_cmp(&left.0));
        let compared = first.into_iter().take(MAX_COMPARED);
        compared.map(|(_, group, edition)| candidate(catalogue, group, edition, evidence)).collect()
    });
    // Stable: editions that fit equally well stay in the order of their dates.
    editions.sort_by(|left, right| right.0.total_cmp(&left.0));
    let groups = groups.iter().map(|group| {
        let mut facts = facts_of(&Edition::default(), Some(&group.known));
        facts.push("edition not known".into());
        plain(group.mbid, MbidKind::ReleaseGroup, Some(&group.known), facts)
    });
    let room = MAX_SHOWN.saturating_sub(groups.len());
    editions.into_iter().map(|(_, candidate)| candidate).take(room).chain(groups).collect()
}

fn candidate(
    catalogue: &Catalogue,
    group: &GroupRecord,
    edition: &EditionRecord,
    evidence: &Evidence,
) -> Result<(f64, Candidate), StoreError> {
    let media: Vec<Medium> =
        if evidence.has_tracks() { catalogue.tracks(&edition.mbid)? } else { Vec::new() };
    let weight = evidence.weigh(group, edition, &media);
    let tracks = media.iter().flat_map(|medium| &medium.tracks);
    let lengths: Vec<u64> = tracks.clone().filter_map(|track| track.length_ms).map(u64::from).collect();
    let is_whole = lengths.len() == tracks.count() && weight.has_all_tracks;
    let candidate = Candidate {
        mbid: edition.mbid,
        kind: MbidKind::Release,
        artist: edition.artist.clone().unwrap_or_else(|| group.known.artist.clone()),
        title: edition.title.clone(),
        facts: edition_facts(edition),
        match_percent: weight.percent(),
        reasons: weight.reasons,
        duration_ms: if is_whole { lengths.iter().sum() } else { 0 },
    };
    Ok((weight.earned, candidate))
}

/// "2CD", "2008", "Ninth Harbour", "NHR-014", "GB".
fn edition_facts(edition: &EditionRecord) -> Vec<String> {
    let mut media: Vec<(String, usize)> = Vec::new();
    for medium in &edition.media {
        let format = medium.format.clone().unwrap_or_else(|| "medium".into());
        match media.iter_mut().find(|(known, _)| *known == format) {
            Some((_, count)) => *count += 1,
            None => media.push((format, 1)),
        }
    }
    let media = media.into_iter().map(|(format, count)| match count {
        1 => format,
        count => format!("{count} × {format}"),
    });
    let status = edition.status.clone().filter(|status| status != "Official");
    media.chain(facts_of(&edition_of(edition), None)).chain(status).collect()
}

fn facts_of(edition: &Edition, known: Option<&KnownGroup>) -> Vec<String> {
    let year = edition.year.or(known.and_then(|known| known.year)).map(|year| year.to_string());
    let types = known.map(|known| known.types.clone()).unwrap_or_default();
    let Edition { title, label, catno, country, .. } = edition.clone();
    year.into_iter().chain(types).chain([label, catno, country, title].into_iter().flatten()).collect()
}

fn plain(mbid: Uuid, kind: MbidKind, known: Option<&KnownGroup>, facts: Vec<String>) -> Candidate {
    Candidate {
        mbid,
        kind,
        artist: known.map(|known| known.artist.clone()).unwrap_or_default(),
        title: known.map(|known| known.title.clone()).unwrap_or_default(),
        facts,
        reasons: Vec::new(),
        match_percent: None,
        duration_ms: 0,
    }
}

/// The first of a list, if it fits well and better than the second.
fn convincing(list: &[Candidate]) -> Option<usize> {
    let percent = |index: usize| list.get(index).and_then(|candidate: &Candidate| candidate.match_percent);
    let first = percent(0)?;
    (first >= CONVINCING_PERCENT && percent(1).is_none_or(|second| first > second)).then_some(0)
}

/// As many as are shown, the chosen one among them.
fn shown(mut list: Vec<Candidate>, chosen: Option<usize>) -> Candidates {
    let chosen = match chosen {
        Some(index) if index >= MAX_SHOWN => {
            let candidate = list.remove(index);
            list.insert(0, candidate);
            Some(0)
        }
        chosen => chosen,
    };
    list.truncate(MAX_SHOWN);
    Candidates { list, chosen }
}

#[cfg(test)]
mod tests;

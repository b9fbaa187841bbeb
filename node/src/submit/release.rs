//! Which release a draft is about: from what was typed to one record. An MBID or an address at MusicBrainz does
//! without a catalogue; a barcode or another site's address needs it.
//!
//! Not here: proposals where that is not clear (`editions.rs`).

use super::{SubmitError, problem};
use crate::app::App;
use deadwax_index::Problem;
use deadwax_index::catalogue::lookup::Identifier;
use deadwax_index::catalogue::{Catalogue, EditionRecord, Kind, KnownGroup, Named};
use deadwax_index::entry::link::Edition;
use deadwax_index::entry::own_release::{self, OwnRelease};
use deadwax_index::mbid::{self, MbidError, MbidKind, Uuid};
use deadwax_index::store::StoreError;

/// UUIDs of own releases are of this version, and no MBID is (`doc/ENTRY-FORMAT.md` 11.2).
const OWN_RELEASE_VERSION: usize = 8;

/// What a link will be about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Release {
    /// The record.
    pub mbid: Uuid,
    /// What it is; `None` where nobody knows.
    pub kind: Option<MbidKind>,
    /// Its release group, where that is known and another record.
    pub group: Option<Uuid>,
    /// What is known of artist, title, year and types.
    pub known: Option<KnownGroup>,
    /// What is known of the edition.
    pub edition: Edition,
    /// All MBIDs that links to the group may name; at least one.
    pub named: Vec<Uuid>,
}

impl Release {
    /// What the link is listed under.
    pub fn listed(&self) -> Uuid {
        self.group.unwrap_or(self.mbid)
    }
}

/// The one release that `text` names.
///
/// # Errors
/// It names none, several, or something that is no release.
pub fn release_of(app: &App, text: &str) -> Result<Release, SubmitError> {
    match mbid::parse(text) {
        Ok((mbid, kind)) => described(app, mbid, kind),
        Err(MbidError::Form) => {
            let identifier = Identifier::parse(text.trim());
            let identifier = identifier.ok_or_else(|| MbidError::Form.problem())?;
            let mbid = led_to(app, &identifier)?;
            described(app, mbid, None)
        }
        Err(error) => Err(error.problem().into()),
    }
}

/// The record that an identifier of the catalogue leads to, if that is one.
fn led_to(app: &App, identifier: &Identifier) -> Result<Uuid, SubmitError> {
    let (records, groups) =
        asked(app, |catalogue| Ok((catalogue.records_of(identifier)?, catalogue.groups_of(identifier)?)));
    let releases: Vec<Uuid> = records
        .iter()
        .filter(|(named, _)| *named == Named::Record(Kind::Release))
        .map(|(_, mbid)| *mbid)
        .collect();
    match (releases.as_slice(), groups.as_slice(), records.first()) {
        ([release], ..) => Ok(*release),
        (_, [group], _) => Ok(*group),
        (.., Some((Named::Record(kind @ (Kind::Artist | Kind::Label)), _))) => {
            Err(MbidError::WrongKind(kind.dump_name().to_owned()).problem().into())
        }
        (_, [], _) => Err(unknown(identifier).into()),
        _ => Err(problem(
            "mbid.several",
            "mbid",
            "Several releases have this.",
            "Choose one of them, or paste the address of the one on musicbrainz.org.",
        )
        .into()),
    }
}

/// What to say of an identifier that leads nowhere.
pub fn unknown(identifier: &Identifier) -> Problem {
    match identifier {
        Identifier::Address(_) => problem(
            "mbid.address",
            "mbid",
            "No release that this node knows has this address.",
            "Paste the address of the release on musicbrainz.org, or search for it by words.",
        ),
        _ => problem(
            "mbid.unknown",
            "mbid",
            "No release that this node knows has this number.",
            "Paste the address of the release on musicbrainz.org, or search for it by words.",
        ),
    }
}

/// What is known of a record. A merged MBID is followed; with it comes the group of a release.
fn described(app: &App, mbid: Uuid, kind: Option<MbidKind>) -> Result<Release, SubmitError> {
    if mbid.get_version_num() == OWN_RELEASE_VERSION
        && let Some(own) = own_release_of(app, &mbid)?
    {
        return Ok(own);
    }
    let found = asked(app, |catalogue| {
        let mbid = catalogue.resolve(&mbid)?;
        let Some(group) = catalogue.group_of(&mbid)? else {
            let record = catalogue.records_of(&Identifier::Mbid(mbid))?.first().map(|(named, _)| *named);
            return Ok(Some((Release { mbid, ..Release::default() }, record)));
        };
        let is_release = group != mbid;
        let edition = if is_release { edition_with(catalogue, &group, &mbid)? } else { None };
        let (known, named) = catalogue.known_groups(&[group])?.remove(&group).unzip();
        let release = Release {
            mbid,
            kind: Some(if is_release { MbidKind::Release } else { MbidKind::ReleaseGroup }),
            group: is_release.then_some(group),
            known,
            edition: edition.as_ref().map(edition_of).unwrap_or_default(),
            named: named.unwrap_or_default(),
        };
        Ok(Some((release, None)))
    });
    let (mut release, record) = found.unwrap_or((Release { mbid, ..Release::default() }, None));
    if let Some(Named::Record(wrong @ (Kind::Artist | Kind::Label))) = record {
        return Err(MbidError::WrongKind(wrong.dump_name().to_owned()).problem().into());
    }
    release.kind =
        release.kind.or(kind).or((record == Some(Named::Recording)).then_some(MbidKind::Recording));
    let listed = release.listed();
    if !release.named.contains(&listed) {
        release.named.push(listed);
    }
    if release.known.is_none()
        && let Some(group) = app.store.group(&listed)?
    {
        release.known = Some(KnownGroup {
            artist: group.artist().to_owned(),
            title: group.title().to_owned(),
            year: group.year(),
            types: group.types().to_vec(),
        });
    }
    Ok(release)
}

fn edition_with(
    catalogue: &Catalogue,
    group: &Uuid,
    release: &Uuid,
) -> Result<Option<EditionRecord>, StoreError> {
    let record = catalogue.group_record(group)?;
    Ok(record.and_then(|record| record.editions.into_iter().find(|edition| edition.mbid == *release)))
}

/// An edition of the catalogue as links describe editions.
pub fn edition_of(record: &EditionRecord) -> Edition {
    let label = record.labels.first();
    Edition {
        title: record.disambiguation.clone().filter(|text| !text.is_empty()),
        year: record.year(),
        label: label.and_then(|label| label.name.clone()),
        catno: label.and_then(|label| label.catno.clone()),
        country: record.countries.first().cloned(),
        barcode: record.barcode.clone().filter(|barcode| !barcode.is_empty()),
    }
}

/// The own release with this UUID, in the set or waiting.
fn own_release_of(app: &App, uuid: &Uuid) -> Result<Option<Release>, SubmitError> {
    let body = match app.store.own_release(uuid)? {
        Some(own) => Some(own.body),
        None => {
            let ids = app.store.waiting_ids()?;
            let id = ids.iter().find(|id| own_release::uuid(id) == *uuid);
            let own = id.map(|id| app.store.waiting(id)).transpose()?.flatten();
            own.and_then(|entry| OwnRelease::from_body(entry.body()?).ok())
        }
    };
    Ok(body.map(|body| of_own_release(*uuid, &body)))
}

fn of_own_release(uuid: Uuid, body: &OwnRelease) -> Release {
    let credit = body
        .artists
        .iter()
        .map(|artist| format!("{}{}", artist.name, artist.join.as_deref().unwrap_or_default()));
    let year = body.date.as_deref().and_then(|date| date.get(..4)?.parse().ok());
    let label = body.labels.first();
    Release {
        mbid: uuid,
        kind: Some(MbidKind::Release),
        group: body.release_group,
        known: Some(KnownGroup {
            artist: credit.collect(),
            title: body.title.clone(),
            year,
            types: body.types.clone(),
        }),
        edition: Edition {
            title: None,
            year,
            label: label.and_then(|label| label.name.clone()),
            catno: label.and_then(|label| label.catno.clone()),
            country: body.country.clone(),
            barcode: body.barcode.clone(),
        },
        named: vec![body.release_group.unwrap_or(uuid)],
    }
}

/// What the MusicBrainz catalogue answers, if it is here and can be read: links are made without it, too.
pub fn asked<T: Default>(app: &App, ask: impl FnOnce(&Catalogue) -> Result<T, StoreError>) -> T {
    let answer = app.search.catalogue().with(|catalogue| match catalogue {
        Some((catalogue, _)) => ask(catalogue),
        None => Ok(T::default()),
    });
    answer.unwrap_or_else(|error: StoreError| {
        tracing::warn!(%error, "the catalogue cannot be read");
        T::default()
    })
}

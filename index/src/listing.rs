//! What is listed of a release group: what the catalogue knows of it, and the links to it.
//!
//! Either may be missing, not both. Where they disagree on names, the catalogue is right. A link that names a
//! release and no group is listed with the group that the catalogue knows: its author knew none. So is one that
//! names an MBID which was merged since.

use crate::catalogue::{Catalogue, KnownGroup};
use crate::mbid::Uuid;
use crate::projection::links::{Group, LinkEntry, MAX_GROUP_LINKS};
use crate::store::{Store, StoreError};

/// A release group with its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The release group, or what the links name where no release group is known.
    pub mbid: Uuid,
    /// What the catalogue says.
    pub known: Option<KnownGroup>,
    /// The links, if there are any.
    pub group: Option<Group>,
}

impl Listing {
    /// The group with this MBID; `None` if neither the catalogue nor any link knows it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn read(
        store: &Store,
        catalogue: Option<&Catalogue>,
        mbid: &Uuid,
    ) -> Result<Option<Self>, StoreError> {
        Ok(Self::read_all(store, catalogue, &[*mbid], MAX_GROUP_LINKS)?.pop())
    }

    /// The groups with these MBIDs, in the same order, with at most `max_links` links each as of one moment. An
    /// MBID that the catalogue has as that of a release, or as merged, stands for the group that it leads to.
    /// Each group is there once; what neither the catalogue nor any link knows is left out, and so is what a
    /// ruling hides.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn read_all(
        store: &Store,
        catalogue: Option<&Catalogue>,
        mbids: &[Uuid],
        max_links: usize,
    ) -> Result<Vec<Self>, StoreError> {
        let known = catalogue.map(|catalogue| catalogue.known_groups(mbids)).transpose()?;
        let mut known = known.unwrap_or_default();
        let mut groups: Vec<(Uuid, Vec<Uuid>, Option<KnownGroup>)> = Vec::with_capacity(mbids.len());
        for asked in mbids {
            let (mbid, found) = match known.remove(asked) {
                Some(found) => (*asked, Some(found)),
                None => led_to(catalogue, asked)?,
            };
            if groups.iter().all(|(there, ..)| *there != mbid) {
                let (known_group, named) = found.unzip();
                groups.push((mbid, named.unwrap_or_else(|| vec![mbid]), known_group));
            }
        }
        let hidden = store.hidden_mbids(groups.iter().map(|(mbid, ..)| mbid))?;
        groups.retain(|(mbid, ..)| !hidden.contains(mbid));
        let named = groups.iter().map(|(mbid, named, _)| (mbid, named.as_slice()));
        let mut links = store.groups(named, max_links)?;
        let listings = groups.into_iter().filter_map(|(mbid, _, known)| {
            let group = links.remove(&mbid);
            (known.is_some() || group.is_some()).then_some(Self { mbid, known, group })
        });
        Ok(listings.collect())
    }

    /// The artist credit.
    pub fn artist(&self) -> &str {
        match (&self.known, &self.group) {
            (Some(known), _) if !known.artist.is_empty() => &known.artist,
            (_, Some(group)) => group.artist(),
            _ => "",
        }
    }

    /// The title.
    pub fn title(&self) -> &str {
        match (&self.known, &self.group) {
            (Some(known), _) => &known.title,
            (_, Some(group)) => group.title(),
            _ => "",
        }
    }

    /// The year of the first release.
    pub fn year(&self) -> Option<u16> {
        self.known.as_ref().and_then(|known| known.year).or_else(|| self.group.as_ref()?.year())
    }

    /// Primary type, then secondary ones.
    pub fn types(&self) -> &[String] {
        match (&self.known, &self.group) {
            (Some(known), _) if !known.types.is_empty() => &known.types,
            (_, Some(group)) => group.types(),
            _ => &[],
        }
    }

    /// The links, sorted by id.
    pub fn links(&self) -> &[LinkEntry] {
        self.group.as_ref().map_or(&[], |group| &group.links)
    }
}

/// What the catalogue has of the group that an MBID leads to: the group's own MBID, and as
/// [`Catalogue::known_groups`] has it. Nothing of the MBID itself, if it leads nowhere.
fn led_to(catalogue: Option<&Catalogue>, mbid: &Uuid) -> Result<Found, StoreError> {
    let Some(catalogue) = catalogue else { return Ok((*mbid, None)) };
    let Some(group) = catalogue.group_of(mbid)? else { return Ok((*mbid, None)) };
    Ok((group, catalogue.known_groups(&[group])?.remove(&group)))
}

/// A group, and what the catalogue has of it.
type Found = (Uuid, Option<(KnownGroup, Vec<Uuid>)>);

//! What an index holds: which store and catalogue, and how much of them. It stands in the payload of the
//! index's own commits.

use super::schema::FORMAT;
use crate::catalogue::Version;
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The state of store and catalogue that an index holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub format: u32,
    /// The store's incarnation.
    pub store: Uuid,
    pub catalogue: Option<Version>,
    /// The last change taken in; in a rebuild, the last one before it began.
    pub change: u64,
    /// A rebuild is under way, and has come to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilding: Option<Rebuilt>,
}

/// How far a rebuild is: first the groups of the catalogue, then those that only links know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Rebuilt {
    pub catalogue_to: i64,
    pub links_to: Option<Uuid>,
}

/// What there is to index.
pub(super) struct Target {
    pub store: Uuid,
    pub catalogue: Option<Version>,
    /// The newest change.
    pub newest: u64,
    /// The newest change that is forgotten.
    pub forgotten: u64,
}

impl Target {
    pub(super) fn read(store: &Store, catalogue: Option<&Version>) -> Result<Self, StoreError> {
        // In this order: what is forgotten is never newer than the newest.
        let (forgotten, newest) = (store.forgotten_group_changes()?, store.last_group_change()?);
        let incarnation = Uuid::from_bytes(store.incarnation()?);
        Ok(Self { store: incarnation, catalogue: catalogue.cloned(), newest, forgotten })
    }
}

impl Position {
    /// Of an index with nothing in it, at the beginning of a rebuild.
    pub(super) fn at_start(target: &Target) -> Self {
        Self {
            format: FORMAT,
            store: target.store,
            catalogue: target.catalogue.clone(),
            change: target.newest,
            rebuilding: Some(Rebuilt::default()),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.rebuilding.is_none()
    }

    pub(super) fn is(&self, target: &Target) -> bool {
        self.can_go_on(target) && self.is_complete() && self.change == target.newest
    }

    /// Whether the store's changes lead on from here.
    pub(super) fn can_go_on(&self, target: &Target) -> bool {
        let has_rest = (target.forgotten..=target.newest).contains(&self.change);
        self.store == target.store && self.catalogue == target.catalogue && has_rest
    }
}

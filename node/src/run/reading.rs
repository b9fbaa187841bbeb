//! Opening a data directory to look things up in it, where no node runs.
//!
//! Not here: what is asked.

use crate::app::App;
use crate::config::Config;
use crate::dialer::Dialer;
use crate::signer::Signer;
use deadwax_i2p_gateway::tracker::{Tracker, TrackerConfig};
use deadwax_index::Problem;
use deadwax_index::search::{SearchError, SearchIndex};
use deadwax_index::store::{Store, StoreError};
use std::path::Path;

/// Why a data directory cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is nothing that a node has left.
    #[error("there is no node's data")]
    Absent,
    /// The entries cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The search index cannot be brought up to date.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// What else an [`App`] needs.
    #[error("{0:#}")]
    App(#[from] anyhow::Error),
}

impl ReadError {
    /// The error in plain words; `None` if there is nothing to read.
    pub fn problem(&self, data_dir: &Path) -> Option<Problem> {
        let (code, fix) = match self {
            Self::Absent => return None,
            Self::Store(StoreError::Full) | Self::Search(SearchError::Full) => {
                ("disk.full", "Make space on the disk of the data directory and try again.")
            }
            Self::Store(error) | Self::Search(SearchError::Store(error)) if error.is_busy() => {
                ("store.locked", "Wait until the other program is done, and try again.")
            }
            Self::Search(SearchError::Locked) => {
                ("store.locked", "Wait until the other program is done, and try again.")
            }
            Self::Store(StoreError::Newer { .. }) => ("store", "Use the newest Deadwax that was used on it."),
            Self::Store(StoreError::Directory { .. }) | Self::Search(SearchError::Directory { .. }) => {
                ("store", "Check the path and its permissions.")
            }
            _ => ("store", "Check the disk; `deadwax index rebuild` makes anew what can be."),
        };
        let message = format!("The data in {} cannot be searched: {self}.", data_dir.display());
        Some(Problem { code, field: "", message, fix })
    }
}

/// Opens a data directory to look things up in it; makes nothing that is not there.
///
/// # Errors
/// See [`ReadError`].
pub fn open_for_reading(config: Config, data_dir: &Path) -> Result<App, ReadError> {
    if !["entries.db", "catalogue.db"].iter().any(|file| data_dir.join(file).exists()) {
        return Err(ReadError::Absent);
    }
    let store = Store::open(data_dir)?;
    let search = SearchIndex::open(data_dir)?;
    search.catch_up(&store)?;
    let tracker = Tracker::new(TrackerConfig::default());
    Ok(App::new(config, store, search, Signer::unsaved()?, tracker, Dialer::new(false)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadwax_index::entry::identity::Identity;
    use deadwax_index::ingest::ingest;

    fn code(data_dir: &Path) -> Option<&'static str> {
        let Err(error) = open_for_reading(Config::default(), data_dir) else { return Some("readable") };
        error.problem(data_dir).map(|problem| problem.code)
    }

    #[test]
    fn an_absent_a_locked_and_a_damaged_directory_differ() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(code(dir.path()), None);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(code(dir.path()), Some("readable"));
        // Another process writes to the index, and is behind.
        let link = r#"{"infohash_v1":"5a5b5c5d5e5f606162636465666768696a6b6c6d",
            "mbid":"8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0","mbid_kind":"release-group",
            "artist":"The Salt Cartographers","title":"Maps of Low Water"}"#;
        let link = deadwax_index::entry::json::body_from_json(32, link.as_bytes()).unwrap();
        let mut author = Identity::from_secret([3; 32]);
        let mut add = |n| ingest(&store, &[author.sign(link.clone(), 32, n, 494_000)], None).unwrap();
        add(0);
        let other = SearchIndex::open(dir.path()).unwrap();
        other.catch_up(&store).unwrap();
        add(1);
        assert_eq!(code(dir.path()), Some("store.locked"));
        drop(other);
        assert_eq!(code(dir.path()), Some("readable"));
        drop(store);
        // The log beside it has all pages that were written last, and would mend it.
        let _ = std::fs::remove_file(dir.path().join("entries.db-wal"));
        std::fs::write(dir.path().join("entries.db"), [b'x'; 8192]).unwrap();
        assert_eq!(code(dir.path()), Some("store"));
    }
}

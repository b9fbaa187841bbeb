//! What people think of a torrent: votes and reports over all links that name it.

use super::reports::{ReasonCounts, reasons};
use super::votes::{Tally, tally};
use crate::entry::EntryId;
use crate::store::{Store, StoreError};

/// Votes and reports about entries that are one to a reader: an author counts once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opinions {
    /// How the votes came out.
    pub tally: Tally,
    /// How many authors report any of the entries, by reason.
    pub reports: ReasonCounts,
}

impl Store {
    /// The opinions about entries that say the same.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn opinions(&self, entries: &[EntryId]) -> Result<Opinions, StoreError> {
        let subjects: Vec<&[u8]> = entries.iter().map(|id| id.0.as_slice()).collect();
        self.read(|db| Ok(Opinions { tally: tally(db, &subjects)?, reports: reasons(db, &subjects)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::identity::Identity;
    use crate::entry::json::body_from_json;
    use crate::entry::reason::Reason;
    use crate::ingest::ingest;

    #[test]
    fn an_author_counts_once_over_all_entries() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let [one, two] = [EntryId([1; 32]), EntryId([2; 32])];
        let body = |kind, text: String| body_from_json(kind, text.as_bytes()).unwrap();
        let vote = |id, value| body(36, format!(r#"{{"subject":{{"entry":"{id}"}},"value":{value}}}"#));
        let report = |id| body(37, format!(r#"{{"subject":{{"entry":"{id}"}},"reason":"transcode"}}"#));
        let mut nell = Identity::from_secret([3; 32]);
        let mut otto = Identity::from_secret([4; 32]);
        let entries = [
            nell.sign(vote(one, 1), 36, 0, 494_000),
            nell.sign(vote(two, 1), 36, 1, 494_000),
            otto.sign(vote(two, -1), 36, 0, 494_000),
            nell.sign(report(one), 37, 2, 494_000),
            nell.sign(report(two), 37, 3, 494_000),
        ];
        ingest(&store, &entries, None).unwrap();
        let found = store.opinions(&[one, two]).unwrap();
        assert_eq!((found.tally.up, found.tally.down), (1, 1));
        assert_eq!(found.reports, ReasonCounts::from([(Reason::TRANSCODE, 1)]));
        assert_eq!(store.opinions(&[EntryId([7; 32])]).unwrap(), Opinions::default());
    }
}

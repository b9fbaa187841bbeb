//! Searches over a real store: what is found and in which order, and how the cache is kept.

pub(super) mod catalogue;
mod judged;
mod keeping;

use super::{Hits, Query, SearchError, SearchIndex};
use crate::entry::identity::Identity;
use crate::entry::kind::Kind;
use crate::entry::link::{Link, tests::sample};
use crate::ingest::{Outcome, ingest};
use crate::listing::Listing;
use crate::store::Store;
use tempfile::TempDir;
use uuid::Uuid;

/// A data directory with a store, a search index over it, and an author.
pub(super) struct Library {
    dir: TempDir,
    pub store: Store,
    pub search: SearchIndex,
    author: Identity,
}

impl Library {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let search = SearchIndex::open(dir.path()).unwrap();
        Self { dir, store, search, author: Identity::from_secret([7; 32]) }
    }

    pub fn with(links: Vec<Link>) -> Self {
        let mut library = Self::new();
        library.add(links);
        library.search.catch_up(&library.store).unwrap();
        library
    }

    /// Signs the links and offers them to the set; the index does not know of them yet.
    pub fn add(&mut self, links: Vec<Link>) {
        let entries: Vec<_> = links
            .iter()
            .map(|link| {
                let n = self.author.next_n.main;
                self.author.sign(link.to_body().unwrap(), Kind::Link.number(), n, 494_000)
            })
            .collect();
        for entries in entries.chunks(1_000) {
            let outcomes = ingest(&self.store, entries, None).unwrap();
            assert!(outcomes.iter().all(|outcome| *outcome == Outcome::New));
        }
    }

    fn ask(&self, text: &str, limit: usize, offset: usize) -> Result<Hits, SearchError> {
        self.search.search(&self.store, &Query { text: text.into(), limit, offset, ..Query::default() })
    }

    pub fn hits(&self, text: &str) -> Hits {
        self.ask(text, 100, 0).unwrap()
    }

    /// `Artist - Title` of each hit.
    fn names(&self, text: &str) -> Vec<String> {
        self.hits(text).groups.iter().map(name).collect()
    }
}

fn name(group: &Listing) -> String {
    format!("{} - {}", group.artist(), group.title())
}

/// A link to a release group of its own.
pub(super) fn link(number: u32, artist: &str, title: &str) -> Link {
    let mut hash = [0x5a; 20];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    Link {
        infohash_v1: Some(hash),
        mbid: Uuid::from_u128(0x8d1f_2e3c_4b5a_4968_8776_0000_0000_0000 + u128::from(number)),
        artist: artist.into(),
        title: title.into(),
        ..sample()
    }
}

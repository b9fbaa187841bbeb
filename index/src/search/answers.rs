//! Answers to queries of filters alone, which look at the most groups and are asked the most.

use super::SearchError;
use super::collect::{Found, Seeders};
use super::sort::{Place, Sort};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that are kept: each holds the places of a page and its counts, some kilobytes.
const MAX_ANSWERS: usize = 128;

/// Pages further down are asked for once, if at all.
const MAX_DEPTH: usize = 500;

/// A question, and the state of the index that answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub filters: String,
    pub sort: Sort,
    pub depth: usize,
    pub after: Option<Place>,
    /// Number, and what of it is shown.
    pub generation: (u64, u64),
}

/// The answers, the newest first.
#[derive(Default)]
pub(super) struct Answers(Mutex<VecDeque<(Asked, Arc<Seeders>, Found)>>);

impl Answers {
    pub(super) fn get_or(
        &self,
        asked: Asked,
        seeders: &Arc<Seeders>,
        find: impl FnOnce() -> Result<Found, SearchError>,
    ) -> Result<Found, SearchError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |(other, then, _): &(Asked, Arc<Seeders>, _)| *other == asked && Arc::ptr_eq(then, seeders);
        if let Some(position) = kept.iter().position(same)
            && let Some(answer) = kept.remove(position)
        {
            let found = answer.2.clone();
            kept.push_front(answer);
            return Ok(found);
        }
        drop(kept);
        let found = find()?;
        if asked.depth > MAX_DEPTH {
            return Ok(found);
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An answer of another state of index or seeders is never asked for again.
        kept.retain(|(other, then, _)| other.generation == asked.generation && Arc::ptr_eq(then, seeders));
        kept.truncate(MAX_ANSWERS - 1);
        kept.push_front((asked, Arc::clone(seeders), found.clone()));
        Ok(found)
    }
}

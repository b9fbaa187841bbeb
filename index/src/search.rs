//! Finding release groups by words, artist and title, or a pasted identifier.
//!
//! A tantivy index over the links, one document per group: a cache of the [`Store`], which can be
//! deleted at any time. How it ranks and why is in `doc/SEARCH.md`. Not here: what a link is
//! ([`crate::entry::link`]), and what is shown of a group ([`crate::projection::links`]).

mod cache;
mod fold;
mod forgive;
mod identifier;
mod parse;
mod plan;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod writer;

pub use identifier::{Identifier, parse as parse_identifier};
pub use parse::{MAX_FILTERS, MAX_QUERY_BYTES, MAX_WORDS, ParsedQuery, QueryError, parse as parse_query};
pub use writer::Progress;

use crate::projection::links::Group;
use crate::store::{Store, StoreError};
use crate::{Problem, disk};
use plan::{Clause, Planner};
use schema::{Fields, MBID_HIGH, MBID_LOW};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tantivy::collector::sort_key::{SortBySimilarityScore, SortByStaticFastValue};
use tantivy::collector::{Count, TopDocs};
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenWriteError};
use tantivy::{Index, IndexReader, IndexWriter, Order, Searcher, TantivyError};
use uuid::Uuid;

/// Where the index is, below the data directory.
const DIRECTORY: &str = "search";
/// Groups in one answer: each is read from the store with all its links.
pub const MAX_LIMIT: usize = 100;
/// Hits that can be paged to: nobody reads further, and all of them are kept in memory to sort.
pub const MAX_DEPTH: usize = 10_000;
/// With fewer hits than this, typing errors are looked for too.
const FEW_HITS: u64 = 10;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What was typed or pasted, up to [`MAX_QUERY_BYTES`].
    pub text: String,
    /// How many groups to return; more than [`MAX_LIMIT`] are never returned.
    pub limit: usize,
    /// How many hits to skip; there are none beyond [`MAX_DEPTH`].
    pub offset: usize,
}

/// The answer. Equal questions to an equal index get equal answers: hits of the same score are
/// sorted by MBID.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hits {
    /// How many groups match in all.
    pub total: u64,
    /// How many of them match as typed. They come first; the others do after a typing error is
    /// corrected or a word left out.
    pub exact: u64,
    /// The groups asked for, best first.
    pub groups: Vec<Group>,
    /// The text was this identifier, and `groups` are those that it leads to.
    pub identified: Option<Identifier>,
    /// Nothing matches as typed; this text finds the first of `groups`.
    pub suggestion: Option<String>,
}

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query cannot be understood.
    #[error("{0}")]
    Query(QueryError),
    /// The store cannot answer.
    #[error("{0}")]
    Store(#[source] StoreError),
    /// The directory of the index cannot be made or read.
    #[error("cannot use the search directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// There is no space left. What the index holds can be searched all the same.
    #[error("the disk is full: the search index stays as it was")]
    Full,
    /// Another process writes to the index.
    #[error("another process is writing to the search index")]
    Locked,
    /// The index failed. Deleting its directory makes the next start rebuild it.
    #[error("the search index failed to {doing}: {source}")]
    Index {
        /// What it was to do.
        doing: &'static str,
        /// The cause.
        source: TantivyError,
    },
}

impl SearchError {
    /// The error in plain words, if whoever asked can do something about it.
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::Query(error) => Some(error.problem()),
            Self::Store(error) => error.problem(),
            Self::Full => Some(disk::problem("the search index stays as it was")),
            _ => None,
        }
    }

    /// Tells a full disk apart, wherever it was met.
    fn or_full(self) -> Self {
        let full = match &self {
            Self::Store(StoreError::Full) => true,
            Self::Directory { source, .. } => disk::is_full(source),
            Self::Index { source, .. } => is_full(source),
            _ => false,
        };
        if full { Self::Full } else { self }
    }
}

/// tantivy's errors do not name the error of the system as their source.
fn is_full(error: &TantivyError) -> bool {
    match error {
        TantivyError::IoError(error) => disk::is_full(error),
        TantivyError::OpenWriteError(OpenWriteError::IoError { io_error, .. }) => disk::is_full(io_error),
        TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error, .. }) => {
            disk::is_full(io_error)
        }
        TantivyError::LockFailure(LockError::IoError(error), _) => disk::is_full(error),
        _ => false,
    }
}

/// The index over the links of one data directory. Any number of processes may search; one at a
/// time may write.
pub struct SearchIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    /// The commit that the reader shows.
    shown: AtomicU64,
    /// Made when first needed, as it locks out other processes, and kept.
    writer: Mutex<Option<IndexWriter>>,
}

impl SearchIndex {
    /// Opens the index of a data directory without locking it. One that is missing, damaged or of
    /// another version is replaced by an empty one, for [`Self::catch_up`] to fill.
    ///
    /// # Errors
    /// The directory cannot be written, or another process is at work in an index of another version.
    pub fn open(data_dir: &Path) -> Result<Self, SearchError> {
        let (index, reader, fields) = cache::open(&data_dir.join(DIRECTORY)).map_err(SearchError::or_full)?;
        // No commit has this number: the first reload always happens.
        let shown = AtomicU64::new(u64::MAX);
        Ok(Self { index, reader, fields, shown, writer: Mutex::default() })
    }

    /// Finds groups. Sees what [`Self::catch_up`] last took in.
    ///
    /// # Errors
    /// [`SearchError::Query`] if the text is at fault.
    pub fn search(&self, store: &Store, query: &Query) -> Result<Hits, SearchError> {
        let text = query.text.as_str();
        if text.len() > MAX_QUERY_BYTES {
            return Err(SearchError::Query(QueryError::TooLong(text.len())));
        }
        if let Some(identifier) = parse_identifier(text).map_err(SearchError::Query)? {
            let mbids = identifier.groups(store).map_err(SearchError::Store)?;
            if !mbids.is_empty() || !Identifier::may_be_a_word(text) {
                let (total, groups) = (mbids.len() as u64, page(store, &mbids, query)?);
                return Ok(Hits {
                    total,
                    exact: total,
                    groups,
                    identified: Some(identifier),
                    suggestion: None,
                });
            }
        }
        let parsed = parse_query(text).map_err(SearchError::Query)?;
        self.find(store, query, &parsed)
    }

    fn find(&self, store: &Store, query: &Query, parsed: &ParsedQuery) -> Result<Hits, SearchError> {
        let failed = |source| SearchError::Index { doing: "search", source };
        let ParsedQuery { words, filters, filter_text } = parsed;
        if words.is_empty() && filters.is_empty() {
            return Ok(Hits::default());
        }
        let searcher = self.reader.searcher();
        let planner = Planner { searcher: &searcher, fields: &self.fields };
        let depth = query.offset.saturating_add(query.limit.min(MAX_LIMIT)).min(MAX_DEPTH);
        let best = |clause| best(&searcher, &planner.filtered(clause, filters), depth).map_err(failed);

        let (exact, mut mbids) = best(planner.as_typed(words))?;
        let mut hits = Hits { total: exact, exact, ..Hits::default() };
        if exact < FEW_HITS && !words.is_empty() {
            let alternatives = planner.alternatives(words).map_err(failed)?;
            let mut more = (0, Vec::new());
            if alternatives.iter().any(|alternatives| !alternatives.is_empty()) {
                let forgiving = planner.forgiving(words, &alternatives);
                more = best(plan::without(forgiving, planner.as_typed(words)))?;
            }
            if let (0, Some(first)) = (exact, more.1.first()) {
                let first = store.group(first).map_err(SearchError::Store)?;
                let suggestion = first
                    .and_then(|group| {
                        forgive::suggestion(words, &alternatives, group.artist(), group.title())
                    })
                    .map(|suggestion| suggestion + filter_text);
                // Words that stand in neither name are left as they were, with their errors.
                if let Some(Ok(better)) = suggestion.as_deref().map(parse_query)
                    && best(planner.as_typed(&better.words))?.0 > 0
                {
                    hits.suggestion = suggestion;
                }
            }
            if exact + more.0 == 0 {
                more = best(planner.at_least_half(words, &alternatives))?;
            }
            hits.total += more.0;
            mbids.extend(more.1);
        }
        hits.groups = page(store, &mbids, query)?;
        Ok(hits)
    }

    /// Shows the newest commit, if it is not shown yet.
    fn reload(&self) -> Result<(), SearchError> {
        let failed = |source| SearchError::Index { doing: "show its newest state", source };
        let newest = self.index.load_metas().map_err(failed)?.opstamp;
        if self.shown.load(Ordering::Acquire) != newest {
            self.reader.reload().map_err(failed)?;
            self.shown.store(newest, Ordering::Release);
        }
        Ok(())
    }
}

/// How many groups a clause matches, and the best `depth` of them.
fn best(searcher: &Searcher, clause: &Clause, depth: usize) -> tantivy::Result<(u64, Vec<Uuid>)> {
    let ascending = |column: &str| (SortByStaticFastValue::<u64>::for_field(column), Order::Asc);
    let by_mbid = (ascending(MBID_HIGH), ascending(MBID_LOW));
    let top = TopDocs::with_limit(depth.max(1)).order_by((SortBySimilarityScore, by_mbid));
    let (count, top) = searcher.search(clause, &(Count, top))?;
    let mbid = |(high, low): (Option<u64>, Option<u64>)| Some(Uuid::from_u64_pair(high?, low?));
    Ok((count as u64, top.into_iter().filter_map(|((_, key), _)| mbid(key)).collect()))
}

/// The groups on the page that is asked for. One that left the store meanwhile is left out.
fn page(store: &Store, mbids: &[Uuid], query: &Query) -> Result<Vec<Group>, SearchError> {
    let page = mbids.iter().skip(query.offset).take(query.limit.min(MAX_LIMIT));
    page.filter_map(|mbid| store.group(mbid).transpose())
        .collect::<Result<_, _>>()
        .map_err(SearchError::Store)
}

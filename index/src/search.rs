//! Finding release groups by words, artist and title, or a pasted identifier.
//!
//! A tantivy index over the catalogue and the links, one document per group: a cache of the [`Store`] and
//! the catalogue, which can be deleted at any time. How it ranks and why is in `doc/SEARCH.md`. Not here:
//! what a link is ([`crate::entry::link`]), and what is shown of a group ([`crate::listing`]).

mod answers;
mod cache;
mod catch_up;
mod collect;
mod document;
mod facets;
mod filter;
mod fold;
mod forgive;
mod identifier;
mod parse;
mod plan;
mod position;
mod schema;
mod sort;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod ways;
mod writer;

use collect::Seeders;
pub use facets::Facets;
pub use filter::filter_keys;
pub use identifier::{Identifier, parse as parse_identifier};
pub use parse::{MAX_FILTERS, MAX_QUERY_BYTES, MAX_WORDS, ParsedQuery, QueryError, parse as parse_query};
pub use sort::{Cursor, CursorError, Sort};
pub use writer::Progress;

use crate::catalogue::SharedCatalogue;
use crate::listing::Listing;
use crate::store::{Store, StoreError};
use crate::{Problem, disk};
use answers::{Answers, Asked};
use cache::Generation;
use collect::{Best, Found};
use filter::Filter;
use plan::{Clause, Planner};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use tantivy::query::{BooleanQuery, EnableScoring, Occur};
use tantivy::{Executor, Searcher, TantivyError};
use uuid::Uuid;
use writer::Keeper;

/// Where the index is, below the data directory.
const DIRECTORY: &str = "search";
/// Groups in one answer: each is read from the store with all its links.
pub const MAX_LIMIT: usize = 100;
/// Hits that can be skipped: all of them are kept in memory to sort. A [`Cursor`] leads on.
pub const MAX_DEPTH: usize = 10_000;
/// Links that are read of each group in an answer: its page has more.
pub const MAX_LISTED_LINKS: usize = 50;
/// A word with fewer hits than this is taken for unfinished or mistyped, too.
const FEW_HITS: u64 = 10;
/// In a larger index several threads read for a query of filters alone. For less it does not pay.
const MANY_DOCUMENTS: u64 = 200_000;
/// So many threads at most: others ask, too.
const MAX_READERS: usize = 4;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// What was typed or pasted, up to [`MAX_QUERY_BYTES`].
    pub text: String,
    /// How many groups to return; more than [`MAX_LIMIT`] are never returned.
    pub limit: usize,
    /// How many hits to skip; there are none beyond [`MAX_DEPTH`].
    pub offset: usize,
    /// Filters beside the text: key and value.
    pub filters: Vec<(String, String)>,
    /// Only hits after this one.
    pub after: Option<Cursor>,
    /// The order; that of the text, or else by relevance, if it is not said here.
    pub sort: Option<Sort>,
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
    pub groups: Vec<Listing>,
    /// How all that match are spread over types, formats and the like.
    pub facets: Facets,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
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
    Store(#[from] StoreError),
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
            // tantivy wraps the system's errors in many ways, and of some it keeps only the words.
            Self::Index { source, .. } => disk::says_full(&format!("{source:?}")),
            _ => false,
        };
        if full { Self::Full } else { self }
    }
}

/// The index over one data directory. Any number of processes may search; one at a time may write.
pub struct SearchIndex {
    directory: PathBuf,
    catalogue: SharedCatalogue,
    /// What answers.
    current: RwLock<Arc<Generation>>,
    keeper: Mutex<Keeper>,
    seeders: RwLock<Arc<Seeders>>,
    answers: Answers,
    /// Threads that read segments side by side, for queries that look at most of them.
    readers: OnceLock<Executor>,
}

impl SearchIndex {
    /// Opens the index of a data directory without locking it. One that is missing, unreadable or of
    /// another version is replaced by an empty one, for [`Self::catch_up`] to fill.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn open(data_dir: &Path) -> Result<Self, SearchError> {
        let directory = data_dir.join(DIRECTORY);
        let current = RwLock::new(Arc::new(cache::open(&directory).map_err(SearchError::or_full)?));
        Ok(Self {
            directory,
            catalogue: SharedCatalogue::new(data_dir),
            current,
            keeper: Mutex::default(),
            seeders: RwLock::default(),
            answers: Answers::default(),
            readers: OnceLock::new(),
        })
    }

    /// The catalogue that is searched.
    pub fn catalogue(&self) -> &SharedCatalogue {
        &self.catalogue
    }

    /// What is known of seeders from now on, by infohash as announced. They are joined to hits as these are
    /// found; of a group the best seeded torrent counts.
    ///
    /// # Errors
    /// Store or catalogue cannot be read.
    pub fn set_seeders(&self, store: &Store, announced: &[([u8; 20], u32)]) -> Result<(), SearchError> {
        let mut seeders = Seeders::new();
        self.catalogue.with(|catalogue| {
            for (infohash, count) in announced {
                for mbid in store.groups_of_announced(infohash)? {
                    let known = catalogue.map(|(catalogue, _)| catalogue.group_of(&mbid)).transpose()?;
                    let best = seeders.entry(known.flatten().unwrap_or(mbid)).or_default();
                    *best = (*best).max(*count);
                }
            }
            Ok::<(), SearchError>(())
        })?;
        let mut current = self.seeders.write().unwrap_or_else(PoisonError::into_inner);
        // Answers that are kept stay right as long as nothing changes.
        if **current != seeders {
            *current = Arc::new(seeders);
        }
        Ok(())
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
            let mbids = self.groups_of(store, &identifier)?;
            if !mbids.is_empty() || !identifier.may_be_words(text) {
                let hits = self.identified(store, query, &mbids)?;
                return Ok(Hits { identified: Some(identifier), ..hits });
            }
            if let Some(error) = identifier::why_nowhere(text) {
                return Err(SearchError::Query(error));
            }
        }
        let mut parsed = parse_query(text).map_err(SearchError::Query)?;
        parsed.narrow(&query.filters).map_err(SearchError::Query)?;
        self.find(store, query, &parsed)
    }

    /// The groups that an identifier leads to, ascending.
    ///
    /// # Errors
    /// Store or catalogue cannot be read.
    pub fn groups_of(&self, store: &Store, identifier: &Identifier) -> Result<Vec<Uuid>, SearchError> {
        self.catalogue.with(|catalogue| {
            identifier.groups(store, catalogue.map(|(catalogue, _)| catalogue)).map_err(SearchError::Store)
        })
    }

    /// The answer of an identifier that leads to these groups. Filters do not narrow it.
    fn identified(&self, store: &Store, query: &Query, mbids: &[Uuid]) -> Result<Hits, SearchError> {
        if mbids.len() > 1 {
            let generation = self.current();
            // By the whole MBID: anybody can invent one that shares a half with a known one.
            let documents = mbids.iter().map(|mbid| (Occur::Should, generation.fields.document_of(mbid)));
            let clause: Clause = Box::new(BooleanQuery::new(documents.collect()));
            let asked = Asking { query, sort: query.sort.unwrap_or_default(), seeded: None, scored: false };
            let found = self.best(&generation.reader.searcher(), &clause, 0, &asked)?;
            // What joined the set just now is not in the index yet.
            if found.total >= mbids.len() as u64 {
                return self.hits(store, &asked, found.total, found, None);
            }
        }
        let total = mbids.len() as u64;
        // Not in any order that a place could be in.
        let mbids = if query.after.is_some() { &[] } else { mbids };
        let page = mbids.iter().skip(query.offset).take(query.limit.min(MAX_LIMIT));
        let groups = self.listings(store, page)?;
        Ok(Hits { total, exact: total, groups, ..Hits::default() })
    }

    fn find(&self, store: &Store, query: &Query, parsed: &ParsedQuery) -> Result<Hits, SearchError> {
        let ParsedQuery { words, conditions, filter_text, sort, open_end } = parsed;
        let asking = Asking {
            query,
            sort: query.sort.or(*sort).unwrap_or_default(),
            scored: !words.is_empty(),
            seeded: conditions
                .iter()
                .find_map(|condition| (condition.filter == Filter::Seeded).then_some(condition.wanted)),
        };
        if words.is_empty() && conditions.is_empty() && asking.sort == Sort::Relevance {
            return Ok(Hits::default());
        }
        let generation = self.current();
        let searcher = generation.reader.searcher();
        let alone = words.len() == 1;
        let planner = Planner { searcher: &searcher, fields: &generation.fields, alone };
        let best = |clause, tier| {
            let clause = planner.filtered(clause, conditions);
            if words.is_empty() {
                return self.best_filtered(&generation, &searcher, &clause, &asking, filter_text);
            }
            self.best(&searcher, &clause, tier, &asking)
        };

        let said_open = *open_end && Planner::may_be_open(words, true);
        let as_typed = |open| planner.as_typed(words, open).map_err(failed);
        let mut found = best(as_typed(said_open)?, 0)?;
        let mut open = said_open;
        // Several words that stand together somewhere were hardly mistyped.
        let several = words.iter().filter(|word| !word.is_signs()).count() > 1;
        let few =
            |found: &Found| found.total < FEW_HITS && !words.is_empty() && (found.total == 0 || !several);
        if few(&found) && !open && Planner::may_be_open(words, false) {
            open = true;
            found = best(as_typed(true)?, 0)?;
        }
        let exact = found.total;
        let mut suggestion = None;
        if few(&found) {
            let alternatives = planner.alternatives(words, exact == 0).map_err(failed)?;
            if alternatives.iter().any(|alternatives| !alternatives.is_empty()) {
                let forgiving = planner.forgiving(words, &alternatives).map_err(failed)?;
                let more = if exact == 0 { forgiving } else { plan::without(forgiving, as_typed(open)?) };
                let more = best(more, 1)?;
                found.append(more, asking.depth());
            }
            if let (0, Some(first)) = (exact, found.places.first()) {
                let first = self.listings(store, [&first.mbid].into_iter())?.pop();
                suggestion = first
                    .and_then(|group| {
                        forgive::suggestion(words, &alternatives, group.artist(), group.title())
                    })
                    .map(|suggestion| suggestion + filter_text);
                // Words that stand in neither name are left as they were, with their errors.
                if let Some(Ok(better)) = suggestion.as_deref().map(parse_query) {
                    let finds = |open| {
                        let clause = planner.as_typed(&better.words, open).map_err(failed)?;
                        Ok::<_, SearchError>(best(clause, 0)?.total > 0)
                    };
                    // Few of them go on after the last word, and those cost the most.
                    if !finds(false)? && !finds(true)? {
                        suggestion = None;
                    }
                }
            }
            if found.total == 0 {
                found = best(planner.at_least_half(words, &alternatives).map_err(failed)?, 1)?;
            }
        }
        self.hits(store, &asking, exact, found, suggestion)
    }

    fn hits(
        &self,
        store: &Store,
        asking: &Asking<'_>,
        exact: u64,
        found: Found,
        suggestion: Option<String>,
    ) -> Result<Hits, SearchError> {
        let Query { limit, offset, .. } = *asking.query;
        let limit = limit.min(MAX_LIMIT);
        let page = found.places.get(offset..).unwrap_or_default();
        let more = page.len() > limit;
        let page = &page[..page.len().min(limit)];
        let next = page.last().filter(|_| more).map(|last| Cursor(*last));
        let groups = self.listings(store, page.iter().map(|place| &place.mbid))?;
        let facets = found.counts.to_facets();
        Ok(Hits { total: found.total, exact, groups, facets, next, identified: None, suggestion })
    }

    /// How many groups a clause matches, and the best of them.
    fn best(
        &self,
        searcher: &Searcher,
        clause: &Clause,
        tier: u8,
        asking: &Asking<'_>,
    ) -> Result<Found, SearchError> {
        searcher.search(clause, &self.wanted(tier, asking)).map_err(failed)
    }

    fn wanted(&self, tier: u8, asking: &Asking<'_>) -> Best {
        Best {
            tier,
            sort: asking.sort,
            limit: asking.depth(),
            after: asking.query.after.map(|Cursor(place)| place),
            seeded: asking.seeded,
            scored: asking.scored,
            seeders: self.seeders(),
        }
    }

    /// The same for queries without words: the broadest of all, and the most repeated.
    fn best_filtered(
        &self,
        generation: &Generation,
        searcher: &Searcher,
        clause: &Clause,
        asking: &Asking<'_>,
        filter_text: &str,
    ) -> Result<Found, SearchError> {
        let asked = Asked {
            filters: format!("{filter_text} {:?}", asking.query.filters),
            sort: asking.sort,
            depth: asking.depth(),
            after: asking.query.after.map(|Cursor(place)| place),
            generation: (generation.number, searcher.generation().generation_id()),
        };
        let seeders = self.seeders();
        self.answers.get_or(asked, &seeders, || {
            if searcher.num_docs() < MANY_DOCUMENTS {
                return self.best(searcher, clause, 0, asking);
            }
            let scoring = EnableScoring::disabled_from_searcher(searcher);
            searcher
                .search_with_executor(clause, &self.wanted(0, asking), self.readers(), scoring)
                .map_err(failed)
        })
    }

    fn readers(&self) -> &Executor {
        self.readers.get_or_init(|| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let threads = Executor::multi_thread(cores.min(MAX_READERS), "search-");
            // Without threads it takes longer, and that is all.
            threads.unwrap_or_else(|_| Executor::single_thread())
        })
    }

    /// What is shown of groups. One that left the store meanwhile is left out.
    fn listings<'a>(
        &self,
        store: &Store,
        mbids: impl Iterator<Item = &'a Uuid>,
    ) -> Result<Vec<Listing>, SearchError> {
        let mbids: Vec<Uuid> = mbids.copied().collect();
        self.catalogue.with(|catalogue| {
            let catalogue = catalogue.map(|(catalogue, _)| catalogue);
            Listing::read_all(store, catalogue, &mbids, MAX_LISTED_LINKS).map_err(SearchError::Store)
        })
    }

    fn seeders(&self) -> Arc<Seeders> {
        Arc::clone(&self.seeders.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn show(&self, generation: Arc<Generation>) -> Arc<Generation> {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&generation);
        generation
    }
}

fn failed(source: TantivyError) -> SearchError {
    SearchError::Index { doing: "search", source }
}

/// How the hits of a query are wanted.
struct Asking<'a> {
    query: &'a Query,
    sort: Sort,
    seeded: Option<bool>,
    /// Whether there are words: without them all hits score the same.
    scored: bool,
}

impl Asking<'_> {
    /// How many of the best hits have to be known: one more than is shown tells whether there is more.
    fn depth(&self) -> usize {
        self.query.offset.min(MAX_DEPTH) + self.query.limit.min(MAX_LIMIT) + 1
    }
}

//! The measurements by name, and what they share: sizes, the folder they work in, and data that is made
//! once.

mod import;
mod index;
mod ingest;
mod open;
mod search;
mod sync;

pub use open::{Opened, open_once};

use crate::measure::Measurement;
use crate::{catalogue, entries, plain};
use anyhow::{Context, Result};
use deadwax_index::catalogue::import as import_catalogue;
use deadwax_index::search::SearchIndex;
use deadwax_index::store::Store;
use std::fs;
use std::path::{Path, PathBuf};

/// The seed of all that is measured.
const SEED: u64 = 1;

/// Links over which is searched: a million where there are 4.5 million groups.
const LINKS_A_THOUSAND_GROUPS: u64 = 222;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Release groups of the catalogue.
    pub groups: u64,
    /// Entries.
    pub entries: u64,
    /// Ids of a set that is compared with another one.
    pub set: u64,
    /// Samples.
    pub samples: u64,
}

impl Scale {
    /// For tests: whether it works at all.
    pub const TINY: Self = Self { groups: 600, entries: 1_000, set: 2_000, samples: 2 };
    /// Some minutes.
    pub const SMALL: Self = Self { groups: 30_000, entries: 100_000, set: 30_000, samples: 5 };
    /// As large as MusicBrainz, and the first five million entries: hours.
    pub const FULL: Self = Self { groups: 4_500_000, entries: 5_000_000, set: 1_000_000, samples: 20 };
}

/// Where and how much is measured.
#[derive(Debug, Clone)]
pub struct Setting {
    /// How much.
    pub scale: Scale,
    /// Where everything is written. What is there already is used again.
    pub work: PathBuf,
    /// The program `deadwax-bench`: some things can be seen in a new process only.
    pub program: PathBuf,
}

/// A measurement that can be asked for.
pub struct Benchmark {
    /// Its name.
    pub name: &'static str,
    /// What it tells, in one line.
    pub tells: &'static str,
    measure: fn(&Setting) -> Result<Measurement>,
}

/// All of them.
pub const BENCHMARKS: [Benchmark; 8] = [
    Benchmark {
        name: "ingest",
        tells: "entries a second, verified, durable and searchable, beside bare verification on one core",
        measure: ingest::ingest,
    },
    Benchmark {
        name: "entry-size",
        tells: "bytes of entries.db per entry, beside its bytes on the wire",
        measure: ingest::entry_size,
    },
    Benchmark {
        name: "import",
        tells: "seconds to import a catalogue, beside decompressing and parsing alone",
        measure: import::import,
    },
    Benchmark {
        name: "search-index",
        tells: "seconds to index the catalogue, beside bare tantivy",
        measure: index::search_index,
    },
    Benchmark {
        name: "search",
        tells: "milliseconds for a mix of questions, beside bare tantivy",
        measure: search::search,
    },
    Benchmark {
        name: "fts5",
        tells: "milliseconds for the ten best hits, beside SQLite's FTS5",
        measure: search::fts5,
    },
    Benchmark {
        name: "open",
        tells: "seconds from opening to the first answer in a new process, beside bare tantivy",
        measure: open::open,
    },
    Benchmark {
        name: "sync",
        tells: "bytes to end the difference of two sets, by what is missing, compressed; beside negentropy",
        measure: sync::sync,
    },
];

/// Runs the measurement of this name.
///
/// # Errors
/// There is none, or it failed.
pub fn run(name: &str, setting: &Setting) -> Result<Measurement> {
    let benchmark = BENCHMARKS.iter().find(|benchmark| benchmark.name == name);
    let benchmark =
        benchmark.with_context(|| format!("there is no measurement {name}; see: deadwax-bench list"))?;
    fs::create_dir_all(&setting.work)?;
    let mut measurement = (benchmark.measure)(setting).with_context(|| format!("{name} failed"))?;
    measurement
        .detail("scale", format!("{} groups, {} entries", setting.scale.groups, setting.scale.entries));
    Ok(measurement)
}

impl Setting {
    fn threads() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// A folder of this name that `make` has filled, now or before.
    fn once(&self, name: String, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let dir = self.work.join(name);
        let done = dir.join("done");
        if !done.exists() {
            self.empty(&dir)?;
            make(&dir)?;
            fs::write(done, "")?;
        }
        Ok(dir)
    }

    /// An empty folder in the place of whatever is there.
    fn empty(&self, dir: &Path) -> Result<()> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        Ok(fs::create_dir_all(dir)?)
    }

    /// A new folder of this name.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let dir = self.work.join(name);
        self.empty(&dir)?;
        Ok(dir)
    }

    /// The dumps of a catalogue.
    fn dumps(&self) -> Result<PathBuf> {
        let groups = self.scale.groups;
        self.once(format!("dumps-{groups}"), |dir| {
            let options = catalogue::Options { groups, seed: SEED, with_tracks: false };
            catalogue::write(dir, options, Self::threads()).map(drop)
        })
    }

    /// Files of signed entries.
    fn entries(&self) -> Result<Vec<PathBuf>> {
        let count = self.scale.entries;
        let dir = self.once(format!("entries-{count}"), |dir| {
            let options = entries::Options { count, seed: SEED, catalogue: None };
            entries::write(dir, &options, Self::threads()).map(drop)
        })?;
        let mut files = fs::read_dir(dir)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "cbor"));
        files.sort();
        Ok(files)
    }

    /// A data directory with the catalogue.
    fn catalogued(&self) -> Result<PathBuf> {
        let dumps = self.dumps()?;
        self.once(format!("catalogued-{}", self.scale.groups), |dir| {
            import_catalogue(dir, &[dumps], |_| {})?;
            Ok(())
        })
    }

    /// Another one with the same catalogue, and links to its releases.
    fn linked(&self) -> Result<PathBuf> {
        let (dumps, catalogued) = (self.dumps()?, self.catalogued()?);
        let links = self.scale.groups * LINKS_A_THOUSAND_GROUPS / 1_000;
        self.once(format!("linked-{}", self.scale.groups), |dir| {
            for name in ["catalogue.db", "tracks.db"] {
                // An import puts another file in the place of one, and writes to none.
                fs::hard_link(catalogued.join(name), dir.join(name))?;
            }
            let entries = dir.join("entries");
            let options = entries::Options { count: links, seed: SEED, catalogue: Some(dumps) };
            let files = entries::write(&entries, &options, Self::threads())?;
            ingest::take_in_files(&Store::open(dir)?, &files)?;
            Ok(fs::remove_dir_all(entries)?)
        })
    }

    /// The documents of the catalogue's groups, as texts.
    fn documents(&self) -> Result<PathBuf> {
        let catalogued = self.catalogued()?;
        let dir = self.once(format!("documents-{}", self.scale.groups), |dir| {
            plain::write_documents(&catalogued, &dir.join("documents.jsonl")).map(drop)
        })?;
        Ok(dir.join("documents.jsonl"))
    }

    /// A directory with catalogue, links and a search index over both, and bare tantivy over the catalogue's
    /// documents.
    fn searchable(&self) -> Result<(PathBuf, PathBuf)> {
        let dir = self.linked()?;
        // If there is one, it may be by the rules of another version.
        let search = SearchIndex::open(&dir)?;
        search.catch_up(&Store::open(&dir)?)?;
        search.finish()?;
        let documents = self.documents()?;
        let bare = self.once(format!("bare-answers-{}", self.scale.groups), |dir| {
            plain::Tantivy::build(&dir.join("index"), &documents, plain::Holds::Answers)
        })?;
        Ok((dir, bare.join("index")))
    }

    /// FTS5 over the documents.
    fn fts5(&self) -> Result<PathBuf> {
        let documents = self.documents()?;
        let dir = self.once(format!("fts5-{}", self.scale.groups), |dir| {
            plain::Fts5::build(&dir.join("fts5.db"), &documents)
        })?;
        Ok(dir.join("fts5.db"))
    }
}

/// Runs `work`; returns what it gave and how many seconds it took.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let started = std::time::Instant::now();
    let done = work()?;
    Ok((done, started.elapsed().as_secs_f64()))
}

//! From archives to `catalogue.db` and `tracks.db`: written beside them as `*.new`, checked, and put in
//! their place. Whoever reads meanwhile sees the old catalogue or the new one, with its own tracks.
//!
//! Kinds of records that no archive holds are carried over from the catalogue that was there. What is
//! written is committed now and then, so that an import that was killed goes on from there.

use super::Stats;
use super::addresses;
use super::archive::{self, Contents, Member};
use super::carry;
use super::checkpoint::{self, Checkpoint};
use super::error::ImportError;
use super::kind::{Kind, Named};
use super::lines::each_line;
use super::lock::Lock;
use super::merges::{MergeError, Merges};
use super::place::{Made, in_file, put_in_place, remove_new, spool};
use super::record::Record;
use super::sources::{self, Form, Source};
use super::tracks;
use super::writer::Writer;
use crate::store::{StoreError, migration};
use rusqlite::params;
use std::cell::Cell;
use std::fs::{DirBuilder, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Read at once from a source.
const BUFFER_BYTES: usize = 64 << 10;
/// Records between two reports of progress.
const REPORT_EVERY: u64 = 256;
/// Time between two commits: this much is lost at most when an import is killed. Each commit writes most
/// of the b-trees by MBID, so more of them would cost more than they save.
const COMMIT_EVERY: Duration = Duration::from_secs(120);

/// What to import, beside the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether tracks are kept.
    pub with_tracks: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { with_tracks: true }
    }
}

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Checking what an import left that was killed.
    #[default]
    Resuming,
    /// Reading dumps.
    Reading,
    /// Making indexes, and checking what was written.
    Finishing,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Compressed bytes read, of all sources.
    pub read_bytes: u64,
    /// Compressed bytes of all sources.
    pub total_bytes: u64,
    /// Records read, and rows of tables.
    pub records: u64,
    /// How many of those records were in the catalogue already: an import that was killed had read them.
    pub known_records: u64,
}

/// Imports dumps into the catalogue of a data directory, which is made if there is none. A source is an
/// archive, or a folder with archives or tables named as MusicBrainz names them.
///
/// # Errors
/// See [`ImportError`]; the catalogue that was there is untouched then.
pub fn import(dir: &Path, named: &[PathBuf], progress: impl FnMut(Progress)) -> Result<Stats, ImportError> {
    import_with(dir, named, Options::default(), progress)
}

/// Imports dumps like [`import`], and only what the options say.
///
/// # Errors
/// Those of [`import`].
pub fn import_with(
    dir: &Path,
    named: &[PathBuf],
    options: Options,
    progress: impl FnMut(Progress),
) -> Result<Stats, ImportError> {
    run(dir, named, options, COMMIT_EVERY, progress)
}

/// The same, with commits at another interval.
pub(super) fn run(
    dir: &Path,
    named: &[PathBuf],
    options: Options,
    commit_every: Duration,
    mut progress: impl FnMut(Progress),
) -> Result<Stats, ImportError> {
    let sources = sources::find(named)?;
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(in_file(dir))?;
    let _lock = Lock::take(dir)?;
    tracks::settle(dir)?;
    let mut import = Import {
        dir,
        sources: &sources,
        options,
        commit_every,
        state: Progress {
            total_bytes: sources.iter().map(|source| source.bytes).sum(),
            ..Progress::default()
        },
        progress: &mut progress,
    };
    if let Err(error) = import.make().and_then(|made| put_in_place(dir, made)) {
        // The first error is the one to tell.
        let _ = remove_new(dir);
        return Err(error.or_full());
    }
    let catalogue = super::Catalogue::open(dir)?;
    let catalogue = catalogue.ok_or_else(|| ImportError::Unsound("it is gone".into()))?;
    Ok(catalogue.stats()?)
}

/// An import that is under way.
struct Import<'a> {
    dir: &'a Path,
    sources: &'a [Source],
    options: Options,
    commit_every: Duration,
    state: Progress,
    progress: &'a mut dyn FnMut(Progress),
}

impl Import<'_> {
    fn report(&mut self) {
        (self.progress)(self.state);
    }

    /// Writes the new catalogue and checks it.
    fn make(&mut self) -> Result<Made, ImportError> {
        self.report();
        let mut checkpoint = Checkpoint::open(self.dir, self.sources, self.options)?;
        self.state.stage = Stage::Reading;
        for position in 0..self.sources.len() {
            self.source(&mut checkpoint, position)?;
        }
        self.state.stage = Stage::Finishing;
        self.report();
        self.finish(checkpoint)
    }

    fn source(&mut self, checkpoint: &mut Checkpoint, position: usize) -> Result<(), ImportError> {
        let sources = self.sources;
        let source = &sources[position];
        let (before, records) = (self.state.read_bytes, checkpoint.records(position));
        if checkpoint.is_done(position) {
            self.state.records += records;
            self.state.known_records += records;
        } else {
            checkpoint.begin()?;
            let (contents, records) = match &source.form {
                Form::Archive(archive::Packing::Xz) => self.records(checkpoint, position, records)?,
                _ => self.merges(checkpoint, position)?,
            };
            checkpoint.done(position, &contents, records)?;
        }
        self.state.read_bytes = before + source.bytes;
        self.report();
        Ok(())
    }

    /// Reads JSON records, of which the first `known` are in the catalogue already.
    fn records(
        &mut self,
        checkpoint: &Checkpoint,
        position: usize,
        known: u64,
    ) -> Result<(Contents, u64), ImportError> {
        let sources = self.sources;
        let path = &sources[position].path;
        let writer = Writer::new(checkpoint.db(), self.options.with_tracks);
        let (before, counted) = (self.state.read_bytes, Cell::new(0));
        let input = open(path, &counted)?;
        let (mut records, mut committed) = (0, Instant::now());
        let contents = archive::read(path, input, archive::Packing::Xz, |member, line, text| {
            let Member::Records(kind) = member else { return Ok(()) };
            records += 1;
            self.state.records += 1;
            if records <= known {
                self.state.known_records += 1;
            } else {
                let record = Record::parse(kind, text).map_err(|source| ImportError::Record {
                    path: path.clone(),
                    kind,
                    line,
                    source,
                })?;
                writer.write(&record)?;
            }
            if records.is_multiple_of(REPORT_EVERY) {
                self.state.read_bytes = before + counted.get();
                self.report();
                if committed.elapsed() >= self.commit_every && records > known {
                    checkpoint.commit(position, records)?;
                    committed = Instant::now();
                }
            }
            Ok(())
        })?;
        if contents.members.is_empty() {
            return Err(ImportError::Foreign(path.clone()));
        }
        Ok((contents, records))
    }

    /// Reads the tables of merged MBIDs.
    fn merges(&mut self, checkpoint: &Checkpoint, position: usize) -> Result<(Contents, u64), ImportError> {
        let sources = self.sources;
        let source = &sources[position];
        let mut merges = Merges::new(self.dir);
        let (before, counted, mut records) = (self.state.read_bytes, Cell::new(0), 0_u64);
        let failed = |error, member: Member, line| match error {
            MergeError::Row => ImportError::Row { path: source.path.clone(), table: member.text(), line },
            MergeError::Apart(named) => {
                ImportError::Apart { path: source.path.clone(), table: named.row_table() }
            }
            MergeError::Spool(error) => in_file(self.dir)(error),
            MergeError::Sqlite(error) => error.into(),
        };
        let (state, progress) = (&mut self.state, &mut self.progress);
        let mut on_line = |merges: &mut Merges, member, line, text: &[u8]| {
            merges.line(member, text).map_err(|error| failed(error, member, line))?;
            records += 1;
            state.records += 1;
            if records.is_multiple_of(REPORT_EVERY) {
                state.read_bytes = before + counted.get();
                progress(*state);
            }
            Ok(())
        };
        let contents = match &source.form {
            Form::Archive(packing) => {
                archive::read(&source.path, open(&source.path, &counted)?, *packing, |member, line, text| {
                    on_line(&mut merges, member, line, text)
                })?
            }
            Form::Folder(files) => {
                for (member, path) in files {
                    each_line(path, *member, &mut open(path, &counted)?, |line, text| {
                        on_line(&mut merges, *member, line, text)
                    })?;
                }
                Contents { members: files.iter().map(|(member, _)| *member).collect(), timestamp: None }
            }
        };
        for member in &contents.members {
            merges.begin(*member).map_err(|error| failed(error, *member, 0))?;
        }
        if merges.is_empty() {
            return Err(ImportError::Foreign(source.path.clone()));
        }
        merges.write(checkpoint.db()).map_err(|error| failed(error, Member::Rows(Named::Recording), 0))?;
        Ok((contents, records))
    }

    /// What is left when all sources are in: all in one transaction, so that it is done again if it is cut.
    fn finish(&mut self, checkpoint: Checkpoint) -> Result<Made, ImportError> {
        let read = checkpoint.read();
        let mut db = checkpoint.into_db();
        let (kinds, merged): (Vec<Kind>, Vec<Named>) = (
            Kind::ALL.into_iter().filter(|kind| !read.has(Member::Records(*kind))).collect(),
            Named::ALL.into_iter().filter(|named| !read.has(Member::Merged(*named))).collect(),
        );
        let carried = (!kinds.is_empty() || !merged.is_empty()) && carry::attach(self.dir, &db)?;
        let new_tracks = self.options.with_tracks && read.has(Member::Records(Kind::Release));
        let transaction = db.transaction()?;
        for (kind, timestamp) in &read.dumps {
            let sql = "INSERT INTO meta (key, value) SELECT ?1, ?2 WHERE ?2 IS NOT NULL";
            transaction.execute(sql, params![format!("dump_{}", kind.table()), timestamp])?;
        }
        let sql = "INSERT INTO meta (key, value) SELECT 'redirects_dump', ?1 WHERE ?1 IS NOT NULL";
        transaction.execute(sql, [&read.redirects_dump])?;
        if carried {
            carry::carry_over(&transaction, &kinds, &merged, self.options.with_tracks)?;
        }
        for table in Kind::ALL.map(Kind::table).into_iter().chain(["redirects"]) {
            let sql = format!("INSERT INTO meta (key, value) SELECT ?1, count(*) FROM main.{table}");
            transaction.execute(&sql, params![table])?;
        }
        addresses::write_urls(&transaction)?;
        transaction.execute_batch(migration::CATALOGUE_INDEXES)?;
        if new_tracks {
            let sql = "INSERT INTO main.meta SELECT 'tracks_id', value FROM tracks.meta WHERE key = 'id'";
            transaction.execute(sql, [])?;
            let spool = spool(self.dir).map_err(in_file(self.dir))?;
            tracks::write_recordings(&transaction, &spool)?;
        }
        let tracks = tracks::id_of(&transaction)?.is_some();
        transaction.execute_batch("DROP TABLE main.importing")?;
        transaction.commit()?;
        if carried {
            db.execute_batch("DETACH old")?;
        }
        self.report();
        checkpoint::quick_check(&db)?;
        db.close().map_err(|(_, error)| StoreError::from(error))?;
        Ok(Made { new_tracks, tracks })
    }
}

/// Opens a source, and counts what is read of it.
fn open<'a>(path: &Path, bytes: &'a Cell<u64>) -> Result<BufReader<Counted<'a>>, ImportError> {
    let file = File::open(path).map_err(in_file(path))?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, Counted { file, bytes }))
}

/// Counts what is read of files.
struct Counted<'a> {
    file: File,
    bytes: &'a Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

//! What an import reads: which files the named ones and folders stand for, and how each is known again.

use super::archive::{Member, Packing};
use super::error::ImportError;
use super::kind::{Kind, Named};
use super::place::in_file;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The dump of MusicBrainz's tables, among them those of merged MBIDs.
const TABLES_ARCHIVE: &str = "mbdump.tar.bz2";
/// Of a file's beginning, what counts when it is asked whether it is still the same.
const MARKED_BYTES: u64 = 4096;
/// What a bzip2 stream begins with.
const BZIP2_MAGIC: &[u8] = b"BZh";

/// What a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// An archive.
    Archive(Packing),
    /// A folder with tables, each in a file of its own.
    Folder(Vec<(Member, PathBuf)>),
}

/// One thing to read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub form: Form,
    /// How long it is.
    pub bytes: u64,
    /// A digest of lengths, times and beginnings of its files: equal for the same source, as a rule.
    pub mark: [u8; 32],
}

/// The sources that files and folders stand for.
pub(super) fn find(named: &[PathBuf]) -> Result<Vec<Source>, ImportError> {
    let mut found = Vec::new();
    for path in named {
        let metadata = fs::metadata(path).map_err(in_file(path))?;
        if !metadata.is_dir() {
            found.push(archive(path)?);
            continue;
        }
        let before = found.len();
        let archives = Kind::ALL.map(|kind| format!("{}.tar.xz", kind.dump_name()));
        for name in archives.iter().map(String::as_str).chain([TABLES_ARCHIVE]) {
            let path = path.join(name);
            if exists(&path)? {
                found.push(archive(&path)?);
            }
        }
        for folder in [path.clone(), path.join("mbdump")] {
            found.extend(tables(&folder)?);
        }
        if found.len() == before {
            return Err(ImportError::Nothing(path.clone()));
        }
    }
    Ok(found)
}

fn archive(path: &Path) -> Result<Source, ImportError> {
    let mut mark = Mark::default();
    let start = mark.file(path)?;
    let packing = if start.starts_with(BZIP2_MAGIC) { Packing::Bzip2 } else { Packing::Xz };
    Ok(mark.source(path, Form::Archive(packing)))
}

/// The tables of merged MBIDs in a folder, and those that they lead to; `None` if there are none.
fn tables(folder: &Path) -> Result<Option<Source>, ImportError> {
    let mut files = Vec::new();
    for named in Named::ALL {
        let merged = folder.join(named.redirect_table());
        if !exists(&merged)? {
            continue;
        }
        files.push((Member::Merged(named), merged));
        let rows = folder.join(named.row_table());
        if exists(&rows)? {
            files.push((Member::Rows(named), rows));
        }
    }
    if files.is_empty() {
        return Ok(None);
    }
    let mut mark = Mark::default();
    for (_, path) in &files {
        mark.file(path)?;
    }
    Ok(Some(mark.source(folder, Form::Folder(files))))
}

fn exists(path: &Path) -> Result<bool, ImportError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(!metadata.is_dir()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(in_file(path)(error)),
    }
}

#[derive(Default)]
struct Mark {
    hash: Sha256,
    bytes: u64,
}

impl Mark {
    /// Takes a file in, and returns its beginning.
    fn file(&mut self, path: &Path) -> Result<Vec<u8>, ImportError> {
        let read = || -> io::Result<_> {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            let mut start = Vec::new();
            file.take(MARKED_BYTES).read_to_end(&mut start)?;
            Ok((metadata, start))
        };
        let (metadata, start) = read().map_err(in_file(path))?;
        self.bytes += metadata.len();
        self.hash.update(metadata.len().to_le_bytes());
        self.hash.update(metadata.mtime().to_le_bytes());
        self.hash.update(metadata.mtime_nsec().to_le_bytes());
        self.hash.update((start.len() as u64).to_le_bytes());
        self.hash.update(&start);
        Ok(start)
    }

    fn source(self, path: &Path, form: Form) -> Source {
        Source { path: path.to_owned(), form, bytes: self.bytes, mark: self.hash.finalize().into() }
    }
}

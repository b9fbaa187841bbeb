//! What was read of a segment before it is whole: a file below `DATA_DIR/segments-read/`, so that neither a stream
//! that breaks nor a process that is killed has to read it again. Not here: whether it is worth anything.

use crate::app::{SharedApp, blocking};
use data_encoding::HEXLOWER;
use deadwax_index::disk::is_full;
use deadwax_index::entry::Scope;
use deadwax_index::store::{Store, StoreError};
use deadwax_index::sync::segments::Segment;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

/// The folder below the data directory; in it one for each scope.
const FOLDER: &str = "segments-read";
/// Parts that are kept of a scope, of several peers in turn: 64 MiB at most. The oldest go.
const MAX_PARTS: usize = 4;

/// A segment, as far as it is here.
pub(super) struct Part {
    scope: Scope,
    sha256: [u8; 32],
    file: Arc<File>,
    /// Bytes that are here and hashed.
    length: u64,
    hash: Sha256,
    /// Bytes that an earlier connection left, and that are not read yet.
    left: u64,
}

impl Part {
    /// Opens what is here of a segment, or begins anew.
    pub(super) async fn open(app: &SharedApp, scope: Scope, segment: &Segment) -> Result<Self, StoreError> {
        let (sha256, bytes) = (segment.sha256, segment.bytes);
        let (file, left) = blocking(app, move |app| {
            let path = path(&app.store, scope, &sha256);
            open(&path, bytes).map_err(|source| refused(path, source))
        })
        .await?;
        Ok(Self { scope, sha256, file: Arc::new(file), length: 0, hash: Sha256::new(), left })
    }

    /// The next piece that an earlier connection left.
    pub(super) async fn read_on(
        &mut self,
        app: &SharedApp,
        most: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if self.left == 0 {
            return Ok(None);
        }
        let (file, at, length) = (Arc::clone(&self.file), self.length, most.min(self.left as usize));
        let (scope, sha256) = (self.scope, self.sha256);
        let piece = blocking(app, move |app| {
            let mut piece = vec![0; length];
            let mut file = &*file;
            let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut piece));
            read.map(|()| piece).map_err(|source| refused(path(&app.store, scope, &sha256), source))
        })
        .await?;
        self.left -= piece.len() as u64;
        self.note(&piece);
        Ok(Some(piece))
    }

    /// Puts more behind what is here.
    pub(super) async fn append(&mut self, app: &SharedApp, piece: &[u8]) -> Result<(), StoreError> {
        self.note(piece);
        let (file, at, piece) = (Arc::clone(&self.file), self.length - piece.len() as u64, piece.to_vec());
        let (scope, sha256) = (self.scope, self.sha256);
        blocking(app, move |app| {
            let mut file = &*file;
            let written = file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(&piece));
            written.map_err(|source| refused(path(&app.store, scope, &sha256), source))
        })
        .await
    }

    fn note(&mut self, piece: &[u8]) {
        self.length += piece.len() as u64;
        self.hash.update(piece);
    }

    /// How many bytes are here and have been read.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The hash of these bytes.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// The hash that they should have as a whole.
    pub(super) fn name(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Deletes the file.
    pub(super) async fn remove(self, app: &SharedApp) {
        remove(app, self.scope, self.sha256).await;
    }
}

/// How much of a segment is here.
pub(super) fn length(store: &Store, scope: Scope, sha256: &[u8; 32]) -> u64 {
    fs::metadata(path(store, scope, sha256)).map_or(0, |meta| meta.len())
}

/// Whether there is a part of any segment of a scope.
pub(super) fn are_some(store: &Store, scope: Scope) -> bool {
    fs::read_dir(folder(store, scope)).is_ok_and(|mut parts| parts.next().is_some())
}

/// Deletes what is here of a segment.
pub(super) async fn remove(app: &SharedApp, scope: Scope, sha256: [u8; 32]) {
    // It may have gone already; one that stays costs no more than its space.
    blocking(app, move |app| _ = fs::remove_file(path(&app.store, scope, &sha256))).await;
}

/// Deletes all parts of a scope.
pub(super) async fn remove_all(app: &SharedApp, scope: Scope) {
    blocking(app, move |app| _ = fs::remove_dir_all(folder(&app.store, scope))).await;
}

fn folder(store: &Store, scope: Scope) -> PathBuf {
    store.dir().join(FOLDER).join(scope.name())
}

fn path(store: &Store, scope: Scope, sha256: &[u8; 32]) -> PathBuf {
    folder(store, scope).join(HEXLOWER.encode(sha256))
}

fn open(path: &std::path::Path, bytes: u64) -> io::Result<(File, u64)> {
    let folder = path.parent().unwrap_or(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if !path.exists() {
        make_room(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    let file = options.create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
    let here = file.metadata()?.len();
    if here > bytes {
        file.set_len(0)?;
        return Ok((file, 0));
    }
    Ok((file, here))
}

/// Deletes the oldest parts until one more is not too many.
fn make_room(folder: &std::path::Path) -> io::Result<()> {
    let mut parts: Vec<_> = fs::read_dir(folder)?
        .flatten()
        .filter_map(|part| Some((part.metadata().ok()?.modified().ok()?, part.path())))
        .collect();
    parts.sort();
    let too_many = (parts.len() + 1).saturating_sub(MAX_PARTS);
    parts.iter().take(too_many).try_for_each(|(_, path)| fs::remove_file(path))
}

fn refused(path: PathBuf, source: io::Error) -> StoreError {
    match is_full(&source) {
        true => StoreError::Full,
        false => StoreError::Directory { path, source },
    }
}

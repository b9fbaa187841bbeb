//! The lists of files: v1's `length` or `files`, v2's `file tree`, and that a hybrid's two agree.

use super::{TorrentError, TorrentFile, names, text};
use crate::bencode::{Dict, Value};

/// The longest path that is read, all parts together: what common systems allow.
const MAX_PATH_BYTES: usize = 4096;

/// All paths of one torrent together. A v2 tree names a folder once for all that is in it, so that
/// without this limit a small file could ask for gigabytes of paths.
const MAX_ALL_PATHS_BYTES: usize = 2 * super::MAX_TORRENT_BYTES;

/// A SHA-1 hash in `pieces`.
const PIECE_HASH_BYTES: u64 = 20;

/// An entry of a v1 list of files, with the padding that hybrids need (BEP 47).
pub(super) struct V1Entry {
    file: TorrentFile,
    is_padding: bool,
}

/// A file of a v2 tree.
pub(super) struct V2Entry {
    pub(super) file: TorrentFile,
    /// `None` if and only if there is nothing to hash.
    pub(super) root: Option<[u8; 32]>,
}

/// The files of a v1 torrent, whose piece hashes must fit their sizes.
pub(super) fn read_v1(info: &Dict, piece_bytes: u64, name: &str) -> Result<Vec<V1Entry>, TorrentError> {
    let entries = match (info.get(b"length"), info.get(b"files")) {
        (Some(_), None) => {
            let size_bytes = size(info)?;
            let file = TorrentFile { path: name.into(), size_bytes };
            vec![V1Entry { file, is_padding: false }]
        }
        (None, Some(files)) => {
            let files = files.as_list().ok_or(TorrentError::LengthOrFiles)?;
            files.iter().map(v1_entry).collect::<Result<_, _>>()?
        }
        _ => return Err(TorrentError::LengthOrFiles),
    };
    let total = total(entries.iter().map(|entry| &entry.file))?;
    let hashes = info.get(b"pieces").and_then(Value::as_bytes).ok_or(TorrentError::Pieces)?;
    if Some(hashes.len() as u64) != total.div_ceil(piece_bytes).checked_mul(PIECE_HASH_BYTES) {
        return Err(TorrentError::Pieces);
    }
    Ok(entries)
}

fn v1_entry(entry: &Value) -> Result<V1Entry, TorrentError> {
    let entry = entry.as_dict().ok_or(TorrentError::LengthOrFiles)?;
    let is_padding = has_attribute(entry, b'p');
    let size_bytes = size(entry)?;
    // Padding needs no path: there is nothing to write.
    let path = if is_padding { String::new() } else { v1_path(entry)? };
    Ok(V1Entry { file: TorrentFile { path, size_bytes }, is_padding })
}

fn v1_path(entry: &Dict) -> Result<String, TorrentError> {
    let utf8 = entry.get(b"path.utf-8").and_then(Value::as_list).filter(|parts| {
        let is_utf8 = |part: &Value| part.as_bytes().is_some_and(|b| std::str::from_utf8(b).is_ok());
        !parts.is_empty() && parts.iter().all(is_utf8)
    });
    let parts = utf8.or_else(|| entry.get(b"path").and_then(Value::as_list));
    let mut path = Path::default();
    for part in parts.filter(|parts| !parts.is_empty()).ok_or(TorrentError::FilePath)? {
        path = path.join(part.as_bytes().ok_or(TorrentError::FilePath)?)?;
    }
    Ok(path.or_placeholder())
}

/// A path for display that grows part by part.
#[derive(Default, Clone)]
struct Path(String);

impl Path {
    fn join(&self, part: &[u8]) -> Result<Self, TorrentError> {
        let Some(part) = names::path_part(part) else { return Ok(self.clone()) };
        if self.0.len() + 1 + part.len() > MAX_PATH_BYTES {
            return Err(TorrentError::FilePath);
        }
        let separator = if self.0.is_empty() { "" } else { "/" };
        Ok(Self(format!("{}{separator}{part}", self.0)))
    }

    fn or_placeholder(self) -> String {
        if self.0.is_empty() { names::NOTHING_LEFT.into() } else { self.0 }
    }
}

/// The files of a v2 torrent in the order of its tree.
pub(super) fn read_v2(info: &Dict, name: &str) -> Result<Vec<V2Entry>, TorrentError> {
    let tree = info.get(b"file tree").and_then(Value::as_dict).ok_or(TorrentError::FileTree)?;
    let mut walk = TreeWalk::default();
    walk.folder(tree, &Path::default())?;
    let mut entries = walk.entries;
    // A lone file stands in the tree under the torrent's own name.
    if let (1, [entry]) = (tree.iter().len(), entries.as_mut_slice())
        && tree.iter().next().map(|(key, _)| key) == text(info, "name")
    {
        entry.file.path = name.into();
    }
    total(entries.iter().map(|entry| &entry.file))?;
    Ok(entries)
}

#[derive(Default)]
struct TreeWalk {
    entries: Vec<V2Entry>,
    path_bytes: usize,
}

impl TreeWalk {
    /// Recursion is bounded by [`crate::bencode::MAX_DEPTH`].
    fn folder(&mut self, folder: &Dict, path: &Path) -> Result<(), TorrentError> {
        for (part, node) in folder.iter() {
            let node = node.as_dict().ok_or(TorrentError::FileTree)?;
            if part.is_empty() {
                return Err(TorrentError::FileTree);
            }
            let path = path.join(part)?;
            match node.get(b"") {
                // An empty key marks a file, and a file has nothing beside it.
                Some(file) if node.iter().len() == 1 => {
                    self.file(file.as_dict().ok_or(TorrentError::FileTree)?, path)?;
                }
                Some(_) => return Err(TorrentError::FileTree),
                None => self.folder(node, &path)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &Dict, path: Path) -> Result<(), TorrentError> {
        self.path_bytes += path.0.len();
        if self.path_bytes > MAX_ALL_PATHS_BYTES {
            return Err(TorrentError::FilePath);
        }
        self.entries.push(v2_entry(file, path.or_placeholder())?);
        Ok(())
    }
}

fn v2_entry(file: &Dict, path: String) -> Result<V2Entry, TorrentError> {
    let size_bytes = size(file)?;
    let root = if size_bytes == 0 {
        None
    } else {
        let root = file.get(b"pieces root").and_then(Value::as_bytes);
        let root: Option<[u8; 32]> = root.and_then(|root| root.try_into().ok());
        Some(root.filter(|root| *root != [0; 32]).ok_or(TorrentError::NoRoot)?)
    };
    Ok(V2Entry { file: TorrentFile { path, size_bytes }, root })
}

/// The size of a file's entry. A symbolic link holds nothing, whatever length it claims.
fn size(entry: &Dict) -> Result<u64, TorrentError> {
    let length = entry.get(b"length").and_then(Value::as_integer);
    let length = length.and_then(|n| u64::try_from(n).ok()).ok_or(TorrentError::FileLength)?;
    Ok(if has_attribute(entry, b'l') { 0 } else { length })
}

fn has_attribute(entry: &Dict, attribute: u8) -> bool {
    let attributes = entry.get(b"attr").and_then(Value::as_bytes);
    attributes.is_some_and(|attributes| attributes.contains(&attribute))
}

/// The sum of the sizes, which must be something and fit where clients keep it.
fn total<'a>(files: impl Iterator<Item = &'a TorrentFile>) -> Result<u64, TorrentError> {
    let mut total: u64 = 0;
    for file in files {
        total = total.checked_add(file.size_bytes).ok_or(TorrentError::FileLength)?;
    }
    match total {
        0 => Err(TorrentError::NoFiles),
        _ if i64::try_from(total).is_err() => Err(TorrentError::FileLength),
        _ => Ok(total),
    }
}

/// A hybrid's two halves must name the same files in the same order, and each file of the v1 half
/// must begin at a piece, as v2 files do (BEP 52, upgrade path).
pub(super) fn check_hybrid(v1: &[V1Entry], v2: &[V2Entry], piece_bytes: u64) -> Result<(), TorrentError> {
    let same = v1
        .iter()
        .filter(|entry| !entry.is_padding)
        .map(|entry| &entry.file)
        .eq(v2.iter().map(|entry| &entry.file));
    let mut offset = 0;
    let aligned = v1.iter().all(|entry| {
        let starts_a_piece = offset % piece_bytes == 0;
        offset += entry.file.size_bytes;
        starts_a_piece || entry.is_padding || entry.file.size_bytes == 0
    });
    if same && aligned { Ok(()) } else { Err(TorrentError::HalvesDiffer) }
}

/// The files of a v1 list without its padding.
pub(super) fn without_padding(entries: Vec<V1Entry>) -> Vec<TorrentFile> {
    entries.into_iter().filter(|entry| !entry.is_padding).map(|entry| entry.file).collect()
}

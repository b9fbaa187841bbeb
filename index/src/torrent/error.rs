//! Why bytes are not a torrent file, in plain words.

use crate::Problem;
use crate::bencode::BencodeError;

/// Why a torrent file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TorrentError {
    /// More than [`super::MAX_TORRENT_BYTES`].
    #[error("the file is larger than {} MiB", super::MAX_TORRENT_BYTES >> 20)]
    TooLarge,
    /// Not bencode, or not as we accept it.
    #[error("the file is not a torrent file: {0}")]
    Bencode(#[from] BencodeError),
    /// Bencode, but no dictionary.
    #[error("the file is not a torrent file: it is not a dictionary")]
    NotADictionary,
    /// `info` is missing or no dictionary.
    #[error("the file has no info dictionary")]
    NoInfo,
    /// `name` is missing, empty or no text.
    #[error("the torrent has no name")]
    NoName,
    /// `meta version` is neither 1 nor 2.
    #[error("the torrent is of a version that is neither 1 nor 2")]
    UnknownVersion,
    /// `piece length` is missing or out of range.
    #[error("the torrent's piece length is missing or not allowed")]
    PieceLength,
    /// `pieces` is missing, no text, or of a length that does not fit the files.
    #[error("the torrent's piece hashes do not fit the size of its files")]
    Pieces,
    /// No files, or nothing but empty ones.
    #[error("the torrent has no files, or only empty ones")]
    NoFiles,
    /// Both `length` and `files`, or neither.
    #[error("the torrent must have either one length or a list of files")]
    LengthOrFiles,
    /// A file without a usable size.
    #[error("a file's length is missing, negative or too large")]
    FileLength,
    /// A file without a usable path.
    #[error("a file's path is missing or too long")]
    FilePath,
    /// The file tree of a v2 torrent is damaged.
    #[error("the file tree is damaged")]
    FileTree,
    /// A file of a v2 torrent without its root hash.
    #[error("a file has no root hash")]
    NoRoot,
    /// A piece layer that does not lead to its root hash.
    #[error("a piece layer does not match its file")]
    PieceLayer,
    /// The two halves of a hybrid describe different files.
    #[error("the v1 and v2 halves of this hybrid torrent describe different files")]
    HalvesDiffer,
}

impl TorrentError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        const AGAIN: &str = "Create the torrent again with a current client.";
        let (code, field, fix) = match self {
            Self::TooLarge => (
                "torrent.too-large",
                "torrent",
                "Submit its magnet instead, or create it again with larger pieces.",
            ),
            Self::Bencode(_) | Self::NotADictionary => (
                "torrent.bencode",
                "torrent",
                "Choose a .torrent file; if it is one, download or create it again.",
            ),
            Self::NoInfo => ("torrent.info", "info", "Choose a whole .torrent file."),
            Self::NoName => ("torrent.name", "name", AGAIN),
            Self::UnknownVersion => ("torrent.version", "meta version", AGAIN),
            Self::PieceLength => ("torrent.piece-length", "piece length", AGAIN),
            Self::Pieces => ("torrent.pieces", "pieces", AGAIN),
            Self::NoFiles => ("torrent.no-files", "files", "Create it again with the music in it."),
            Self::LengthOrFiles => ("torrent.files", "files", AGAIN),
            Self::FileLength => ("torrent.file-length", "length", AGAIN),
            Self::FilePath => ("torrent.file-path", "path", AGAIN),
            Self::FileTree => ("torrent.file-tree", "file tree", AGAIN),
            Self::NoRoot => ("torrent.root", "pieces root", AGAIN),
            Self::PieceLayer => ("torrent.piece-layer", "piece layers", AGAIN),
            Self::HalvesDiffer => ("torrent.hybrid", "file tree", AGAIN),
        };
        let message = format!("{}.", crate::mbid::capitalise(&self.to_string()));
        Problem { code, field, message, fix }
    }
}

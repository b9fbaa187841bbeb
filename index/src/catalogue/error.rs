//! Why a dump cannot be imported, in plain words.

use super::kind::Kind;
use crate::mbid::capitalise;
use crate::store::StoreError;
use crate::{Problem, disk};
use std::io;
use std::path::PathBuf;

/// Why an import was given up. The catalogue that was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A folder without any of the archives or tables.
    #[error(
        "{0} holds no artist.tar.xz, label.tar.xz, release-group.tar.xz, release.tar.xz or mbdump.tar.bz2"
    )]
    Nothing(PathBuf),
    /// A file or folder that cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another import is under way in this data directory.
    #[error("another import is under way")]
    Busy,
    /// An archive that does not end as it should, or has another form inside.
    #[error("{path} is damaged, or no .tar.xz or .tar.bz2: {source}")]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What the reader said.
        source: io::Error,
    },
    /// An archive with no records that are of use here.
    #[error("{0} holds no artists, labels, release groups, releases or merged MBIDs")]
    Foreign(PathBuf),
    /// A line that is too long to be a record.
    #[error("{path}: line {line} of mbdump/{member} has more than {max_bytes} bytes")]
    LongLine {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: &'static str,
        /// Number of the line, from 1.
        line: u64,
        /// The limit.
        max_bytes: usize,
    },
    /// A line that is no record.
    #[error("{path}: line {line} of mbdump/{} is no record: {source}", kind.dump_name())]
    Record {
        /// The archive.
        path: PathBuf,
        /// The member.
        kind: Kind,
        /// Number of the line, from 1.
        line: u64,
        /// Where JSON ended or differs.
        source: serde_json::Error,
    },
    /// A line that is no row of a table.
    #[error("{path}: line {line} of mbdump/{table} is no row of that table")]
    Row {
        /// The archive or folder.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// Number of the line, from 1.
        line: u64,
    },
    /// Merged MBIDs without the records that they lead to.
    #[error("{path} holds {table}_gid_redirect, but not {table}, to which it leads")]
    Apart {
        /// The archive or folder.
        path: PathBuf,
        /// The table that is missing.
        table: &'static str,
    },
    /// What was written does not pass its check.
    #[error("the new catalogue does not pass its check: {0}")]
    Unsound(String),
    /// There is no space left for the new catalogue.
    #[error("the disk is full: the catalogue stays as it was")]
    Full,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ImportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl ImportError {
    /// Tells a full disk apart, wherever it was met.
    pub(super) fn or_full(self) -> Self {
        match &self {
            Self::Store(StoreError::Full) => Self::Full,
            other if disk::is_full(other) => Self::Full,
            _ => self,
        }
    }

    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        const AGAIN: &str = "Download it again and compare it with SHA256SUMS; nothing here was changed.";
        let (code, fix) = match self {
            Self::Full => return disk::problem("the catalogue stays as it was"),
            Self::Nothing(_) | Self::Foreign(_) => (
                "catalogue.nothing",
                "Name the dumps of MusicBrainz (artist, label, release-group, release, mbdump), or their folder.",
            ),
            Self::File { .. } => ("file", "Check the path and its permissions."),
            Self::Busy => ("catalogue.busy", "Wait until it is done."),
            Self::Damaged { .. } => ("catalogue.damaged", AGAIN),
            Self::LongLine { .. } => ("catalogue.line", AGAIN),
            Self::Record { .. } | Self::Row { .. } => ("catalogue.record", AGAIN),
            Self::Apart { .. } => (
                "catalogue.apart",
                "Put both tables of the same dump into one folder, or name the archive mbdump.tar.bz2.",
            ),
            Self::Unsound(_) => {
                ("catalogue.check", "Check the disk and import again; nothing here was changed.")
            }
            Self::Store(_) => (
                "catalogue.store",
                "Is the old catalogue sound, and of this version? Nothing here was changed.",
            ),
        };
        Problem { code, field: "", message: format!("{}.", capitalise(&self.to_string())), fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_wherever_it_was_met() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let path = PathBuf::from("data");
        for error in [
            ImportError::Store(StoreError::Full),
            ImportError::File { path: path.clone(), source: full() },
            // A temporary file, as the recordings of tracks need one.
            ImportError::Store(StoreError::Directory { path: path.clone(), source: full() }),
        ] {
            assert!(matches!(error.or_full(), ImportError::Full));
        }
        let other = ImportError::File { path, source: io::ErrorKind::PermissionDenied.into() };
        assert!(matches!(other.or_full(), ImportError::File { .. }));
    }
}

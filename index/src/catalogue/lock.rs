//! One import at a time in a data directory.
//!
//! Not here: readers, who need no lock.

use super::error::ImportError;
use super::place::{in_file, private};
use std::fs::{File, TryLockError};
use std::path::Path;

/// Locked while an import is under way.
const LOCK_FILE: &str = "catalogue.lock";

/// The right to import.
pub(super) struct Lock(File);

impl Lock {
    /// Takes it, if nobody has it.
    pub(super) fn take(dir: &Path) -> Result<Self, ImportError> {
        let path = dir.join(LOCK_FILE);
        let failed = |error| in_file(&path)(error).or_full();
        let file = private().create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(ImportError::Busy),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is being started just now has it open as well, until it
        // runs its own program.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_though_somebody_else_has_its_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        let inherited = lock.0.try_clone().unwrap();
        assert!(matches!(Lock::take(dir.path()), Err(ImportError::Busy)));
        drop(lock);
        assert!(Lock::take(dir.path()).is_ok());
        drop(inherited);
    }
}

//! The catalogue as many threads ask it: kept open between questions, opened anew after an import.

use super::{Catalogue, FILE};
use crate::store::StoreError;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Connections that are kept while nobody uses them.
const MAX_IDLE: usize = 4;

/// Which catalogue it is: another import makes another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    modified_secs: i64,
    modified_nanos: i64,
    size_bytes: u64,
}

/// The catalogue of a data directory, whichever is there at the moment.
pub struct SharedCatalogue {
    dir: PathBuf,
    idle: Mutex<Vec<(Version, Catalogue)>>,
}

impl SharedCatalogue {
    /// That of the data directory `dir`. Opens nothing yet.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), idle: Mutex::default() }
    }

    /// Which catalogue is there now; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn version(&self) -> Result<Option<Version>, StoreError> {
        let path = self.dir.join(FILE);
        match std::fs::metadata(&path) {
            Ok(file) => Ok(Some(Version {
                modified_secs: file.mtime(),
                modified_nanos: file.mtime_nsec(),
                size_bytes: file.size(),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Directory { path, source }),
        }
    }

    /// Asks it, and says which it is. An import meanwhile does not change what `ask` sees.
    ///
    /// # Errors
    /// Those of `ask`; the catalogue cannot be opened.
    pub fn with<T, E: From<StoreError>>(
        &self,
        ask: impl FnOnce(Option<(&Catalogue, &Version)>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some((version, catalogue)) = self.take()? else { return ask(None) };
        let answer = ask(Some((&catalogue, &version)));
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push((version, catalogue));
        }
        answer
    }

    fn take(&self) -> Result<Option<(Version, Catalogue)>, StoreError> {
        let mut found = self.version()?;
        while let Some(version) = found {
            let idle = {
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.retain(|(kept, _)| *kept == version);
                idle.pop()
            };
            if idle.is_some() {
                return Ok(idle);
            }
            let catalogue = Catalogue::open(&self.dir)?;
            // It may have been replaced between the look and the opening.
            found = self.version()?;
            if let (Some(catalogue), true) = (catalogue, found.as_ref() == Some(&version)) {
                return Ok(Some((version, catalogue)));
            }
        }
        Ok(None)
    }
}

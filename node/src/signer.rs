//! The node's own key, with the file that keeps it and its counters (`node.identity`).

use anyhow::{Context, Result};
use deadwax_index::entry::charter::CharterSignature;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::{AuthorKey, Scope, VerifiedEntry};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Name of the file in the data directory.
const FILE: &str = "node.identity";

/// A key that signs, and never forgets which n it has used.
pub struct Signer {
    identity: Identity,
    /// `None`: nothing is kept, because nothing will be signed.
    file: Option<PathBuf>,
}

impl Signer {
    /// The key of the node in `data_dir`, made at its first start.
    ///
    /// # Errors
    /// The file cannot be read or made, or is no identity.
    pub fn open(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(FILE);
        let identity = match std::fs::read(&path) {
            Ok(bytes) => Identity::from_file(&bytes).with_context(|| path.display().to_string())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let identity = Identity::generate()?;
                save(&path, &identity).with_context(|| format!("cannot write {}", path.display()))?;
                identity
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { identity, file: Some(path) })
    }

    /// A key for a program that only looks things up; it is kept nowhere.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn unsaved() -> Result<Self> {
        Ok(Self { identity: Identity::generate()?, file: None })
    }

    /// The public key.
    pub fn author(&self) -> AuthorKey {
        self.identity.author()
    }

    /// The lowest n that this key has not used, as far as its file says.
    pub fn next_n(&self, scope: Scope) -> u64 {
        let mut next_n = self.identity.next_n;
        *next_n.of(scope)
    }

    /// Agrees to a charter as an operator; `message` is what operators sign of it.
    pub fn sign_charter(&self, message: &[u8]) -> CharterSignature {
        self.identity.sign_charter(message)
    }

    /// Signs a new entry. Its n is on the disk as used before anybody sees the entry: an author who
    /// signs one n twice withdraws one of the two.
    ///
    /// # Errors
    /// The file cannot be written; then nothing was signed.
    pub fn sign(
        &mut self,
        body: Vec<u8>,
        kind: u64,
        n: u64,
        created_hours: u64,
    ) -> io::Result<VerifiedEntry> {
        let entry = self.identity.sign(body, kind, n, created_hours);
        if let Some(path) = &self.file {
            save(path, &self.identity)?;
        }
        Ok(entry)
    }
}

/// By rename, so that a crash leaves the old file or the new one.
fn save(path: &Path, identity: &Identity) -> io::Result<()> {
    let temporary = path.with_extension("identity.new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(identity.to_file().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    // The rename itself is in the folder.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_used_n_is_remembered_and_the_file_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let mut signer = Signer::open(dir.path()).unwrap();
        assert_eq!(signer.next_n(Scope::Main), 0);
        signer.sign(vec![0xa0], 32, 6, 494_000).unwrap();
        let again = Signer::open(dir.path()).unwrap();
        assert_eq!((again.author(), again.next_n(Scope::Main)), (signer.author(), 7));
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{}").unwrap();
        assert!(Signer::open(dir.path()).is_err());
        assert_eq!(std::fs::read(dir.path().join(FILE)).unwrap(), b"{}");
    }
}

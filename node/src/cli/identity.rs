//! `deadwax identity`: signing keys in files.

use super::Context;
use super::output::Failure;
use clap::Subcommand;
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::identity::{Identity as Key, NextN};
use serde::Serialize;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Identity {
    /// Make a new key
    New {
        /// File to make; an existing one is never overwritten
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show the public key and the counters of a key file
    Show {
        /// Key file
        file: PathBuf,
    },
}

#[derive(Serialize)]
struct Shown {
    key: AuthorKey,
    next_n: NextN,
}

impl Identity {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let (key, file) = match self {
            Self::New { out } => {
                let key = Key::generate().map_err(|error| {
                    Failure::bad(
                        "identity.random",
                        "",
                        format!("{error}."),
                        "Try again: the system has no random numbers yet.",
                    )
                })?;
                write_new(&out, &key)?;
                (key, out)
            }
            Self::Show { file } => (read(&file)?, file),
        };
        let shown = Shown { key: key.author(), next_n: key.next_n };
        context.out.print(&shown, |shown| {
            format!(
                "key     {}\nnext n  {} in core, {} in main\nfile    {}: whoever has it can sign as you; keep a copy in a safe place\n",
                shown.key, shown.next_n.core, shown.next_n.main, file.display()
            )
        });
        Ok(())
    }
}

/// Reads a key file.
pub fn read(path: &Path) -> Result<Key, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    Key::from_file(&bytes).map_err(|error| Failure::refused(error.problem()))
}

/// Writes a key to a file that must not exist yet.
pub fn write_new(path: &Path, key: &Key) -> Result<(), Failure> {
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(key.to_file().as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| Failure::file(path, &error))
}

/// Writes a key over its file, so that a crash leaves the old one or the new one.
pub fn replace(path: &Path, key: &Key) -> Result<(), Failure> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let _ = std::fs::remove_file(&temporary);
    write_new(&temporary, key)?;
    std::fs::rename(&temporary, path).map_err(|error| Failure::file(path, &error))
}

//! `deadwax identity`: signing keys in files, and as encrypted texts that accounts on nodes take and give.

mod passphrase;

use super::Context;
use super::output::Failure;
use crate::accounts::age::{self, MAX_TEXT_BYTES};
use crate::accounts::age_problem;
use crate::accounts::name::check_passphrase;
use crate::accounts::seal::Cost;
use clap::Subcommand;
use deadwax_index::entry::AuthorKey;
use deadwax_index::entry::identity::{Identity as Key, NextN};
use serde::Serialize;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What a text may cost to open: 1 GiB, which somebody who chose it has.
const MAX_SCRYPT_LOG_N: u8 = 20;

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
    /// Make a key file of the text that an account gave out
    Import {
        /// The text, in a file; - is standard input
        file: PathBuf,
        /// File to make; an existing one is never overwritten
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// File whose first line is the passphrase; it is asked for otherwise
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Make a text of a key file that an account takes, encrypted under a passphrase
    Export {
        /// Key file
        file: PathBuf,
        /// File to make; an existing one is never overwritten
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// File whose first line is the passphrase; it is asked for otherwise
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
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
            Self::Import { file, out, passphrase_file } => {
                let text = read_text(&file)?;
                let passphrase = passphrase::read(passphrase_file.as_deref(), "Passphrase of the text")?;
                let refused = |error| Failure::refused(age_problem(error));
                let plain = age::decrypt(&text, &passphrase, MAX_SCRYPT_LOG_N).map_err(refused)?;
                let key = Key::from_file(&plain).map_err(|error| Failure::refused(error.problem()))?;
                write_new(&out, &key)?;
                (key, out)
            }
            Self::Export { file, out, passphrase_file } => {
                let key = read(&file)?;
                let passphrase = passphrase::read(passphrase_file.as_deref(), "New passphrase for the text")?;
                check_passphrase(&passphrase, &passphrase, "").map_err(Failure::refused)?;
                let plain = Zeroizing::new(key.to_file());
                let text = age::encrypt(plain.as_bytes(), &passphrase, Cost::FULL);
                write_file(&out, text.map_err(|error| Failure::refused(age_problem(error)))?.as_bytes())?;
                let shown = Shown { key: key.author(), next_n: key.next_n };
                context.out.print(&shown, |shown| {
                    format!(
                        "key     {}\nfile    {}: nobody can read it without the passphrase\n",
                        shown.key,
                        out.display()
                    )
                });
                return Ok(());
            }
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

/// Reads a text of no more than such a text has.
fn read_text(path: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::file(path, &error);
    let input: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(path).map_err(failed)?),
    };
    let mut text = String::new();
    input.take(MAX_TEXT_BYTES as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Reads a key file.
pub fn read(path: &Path) -> Result<Key, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    Key::from_file(&bytes).map_err(|error| Failure::refused(error.problem()))
}

/// Writes a key to a file that must not exist yet.
pub fn write_new(path: &Path, key: &Key) -> Result<(), Failure> {
    write_file(path, Zeroizing::new(key.to_file()).as_bytes())
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Output;

    #[test]
    fn a_key_goes_into_a_text_and_back_with_its_counters() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let context = Context { data_dir: at("data"), config_file: None, out: Output { json: true } };
        let mut key = Key::from_secret([7; 32]);
        key.sign(vec![0xa0], 32, 41, 494_000);
        write_new(&at("key"), &key).unwrap();
        std::fs::write(at("passphrase"), "low water at nine\n").unwrap();
        std::fs::write(at("other"), "low water at ten\n").unwrap();
        let export = |out: &str| Identity::Export {
            file: at("key"),
            out: at(out),
            passphrase_file: Some(at("passphrase")),
        };
        export("text").run(&context).unwrap();
        assert!(export("text").run(&context).is_err(), "nothing is overwritten");
        let text = std::fs::read_to_string(at("text")).unwrap();
        assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n") && !text.contains("0707"));
        let import = |out: &str, passphrase: &str| Identity::Import {
            file: at("text"),
            out: at(out),
            passphrase_file: Some(at(passphrase)),
        };
        let refused = import("back", "other").run(&context).unwrap_err();
        assert!(format!("{refused:?}").contains("account.key"), "{refused:?}");
        assert!(!at("back").exists());
        import("back", "passphrase").run(&context).unwrap();
        assert_eq!(std::fs::read(at("back")).unwrap(), std::fs::read(at("key")).unwrap());
    }
}

//! `deadwax entry`: signing and verifying entries in files.

use super::Context;
use super::identity;
use super::output::Failure;
use clap::Subcommand;
use deadwax_index::entry::body::{EntryError, VerifiedEntry};
use deadwax_index::entry::head::{self, HeadError};
use deadwax_index::entry::json::body_from_json;
use deadwax_index::entry::limits::MAX_ENTRY_BYTES;
use deadwax_index::entry::{AuthorKey, EntryId, Kind, Scope, VerifiedHead};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Entry {
    /// Sign an entry
    Sign {
        /// Kind, as a number or a name: 32 or link
        #[arg(long, value_parser = kind)]
        kind: u64,
        /// The author's counter in the scope of the kind
        #[arg(long)]
        n: u64,
        /// When it was made, in whole hours since 1970
        #[arg(long, value_name = "HOURS")]
        created: u64,
        /// Key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Body as JSON
        #[arg(long, value_name = "FILE.json")]
        body: PathBuf,
        /// File to write the entry to
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Verify an entry: a CBOR sequence of head and body, or a head alone
    Verify {
        /// File with the entry
        file: PathBuf,
    },
}

fn kind(text: &str) -> Result<u64, String> {
    let named = Kind::ALL.iter().find(|kind| kind.name() == text).map(|kind| kind.number());
    named.or_else(|| text.parse().ok()).ok_or_else(|| "not a number or the name of a kind".into())
}

/// What `entry verify` prints.
#[derive(Debug, Serialize)]
struct Verdict {
    valid: bool,
    id: EntryId,
    author: AuthorKey,
    kind: u64,
    scope: Scope,
    n: u64,
    created: u64,
    head_bytes: usize,
    body: &'static str,
    void: Option<String>,
}

impl Verdict {
    fn of(entry: &VerifiedEntry, body: &'static str) -> Self {
        let head = entry.head();
        let statement = head.statement();
        Self {
            valid: true,
            id: head.id(),
            author: head.author(),
            kind: statement.kind,
            scope: head.scope(),
            n: statement.n,
            created: statement.created_hours,
            head_bytes: head.bytes().len(),
            body,
            void: entry.void_reason(),
        }
    }

    fn text(&self) -> String {
        let Self { id, author, kind, n, created, head_bytes, body, .. } = self;
        let name = Kind::from_number(*kind).map_or("unknown", Kind::name);
        let scope = self.scope.name();
        let void = self.void.as_ref().map_or(String::new(), |reason| format!("void     {reason}\n"));
        format!(
            "valid    the signature is the author's\nid       {id}\nauthor   {author}\nkind     {kind} ({name}), scope {scope}\n\
             n        {n}\ncreated  hour {created} since 1970\nhead     {head_bytes} bytes\nbody     {body}\n{void}"
        )
    }
}

impl Entry {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let verdict = match self {
            Self::Verify { file } => verify(&file)?,
            Self::Sign { kind, n, created, key: key_file, body, out } => {
                let mut key = identity::read(&key_file)?;
                let json = std::fs::read(&body).map_err(|error| Failure::file(&body, &error))?;
                let body = body_from_json(kind, &json).map_err(|error| Failure::refused(error.problem()))?;
                let before = key.next_n;
                let entry = key.sign(body, kind, n, created);
                std::fs::write(&out, entry.to_bytes()).map_err(|error| Failure::file(&out, &error))?;
                // The file remembers which n are used, so that the next node signs with free ones.
                if key.next_n != before {
                    identity::replace(&key_file, &key)?;
                }
                Verdict::of(&entry, "matches")
            }
        };
        context.out.print(&verdict, Verdict::text);
        Ok(())
    }
}

fn verify(path: &Path) -> Result<Verdict, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    if bytes.len() > MAX_ENTRY_BYTES {
        let message = format!("The file has {} bytes; an entry has at most {MAX_ENTRY_BYTES}.", bytes.len());
        return Err(Failure::bad("entry.length", "", message, "Name a file that holds one entry."));
    }
    match VerifiedEntry::verify(&bytes) {
        Ok(entry) => Ok(Verdict::of(&entry, if entry.body().is_some() { "matches" } else { "absent" })),
        Err(EntryError::Head(error)) => Err(Failure::refused(error.problem())),
        // The head is good all the same, and says who answers for it.
        Err(EntryError::BodyMismatch) => {
            let end = head::length(&bytes).ok().flatten().unwrap_or_default();
            let head = VerifiedHead::verify(&bytes[..end])
                .map_err(|error: HeadError| Failure::refused(error.problem()))?;
            let entry = VerifiedEntry::new(head, None).map_err(|error| Failure::refused(error.problem()))?;
            Ok(Verdict::of(&entry, "mismatch"))
        }
    }
}

//! Entries from a file into the set: the two forms that [`mod@crate::export`] writes, told apart by their
//! first byte, read once from front to end in bounded memory.
//!
//! A file is foreign bytes: each entry is verified, and what is damaged is passed over, so that one bad
//! sector does not cost all that comes after it. Only heads and bodies are looked at, whatever else a
//! line says.

mod input;
mod lines;
mod sequence;
#[cfg(test)]
mod tests;

pub use lines::MAX_LINE_BYTES;

use crate::Problem;
use crate::entry::VerifiedEntry;
use crate::ingest::Outcome;
use crate::mbid::capitalise;
use crate::store::StoreError;
use input::Input;
use lines::Lines;
use sequence::Sequence;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// Entries that join the set in one transaction: 16 MiB of memory at most, and a crash costs no more.
const BATCH_ENTRIES: usize = 1_000;
/// Faults that are told one by one; the others are counted.
pub const MAX_TOLD_FAULTS: usize = 10;

/// What became of the entries of a file: `read` is the sum of `new`, `known`, `refused` and `invalid`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Entries that were read, invalid ones too.
    pub read: u64,
    /// Entries that joined the set, or brought a body that was missing.
    pub new: u64,
    /// Entries that were there before.
    pub known: u64,
    /// What is no valid entry. A stretch of damage counts as one.
    pub invalid: u64,
    /// Valid entries that do not belong to the set: another one has their n, or n is beyond the quota.
    pub refused: u64,
    /// Where the file ends in the middle of an entry, which is not counted.
    pub cut: Option<Place>,
    /// The first invalid ones, at most [`MAX_TOLD_FAULTS`].
    pub faults: Vec<Fault>,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Bytes before it.
    Byte(u64),
    /// Number of the line, from 1.
    Line(u64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Byte(byte) => write!(f, "byte {byte}"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

/// Something that is no valid entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where it begins.
    pub at: Place,
    /// What is wrong with it.
    pub reason: String,
}

/// What comes next in a file.
enum Found {
    /// A valid entry.
    Entry(Box<VerifiedEntry>),
    /// Something else.
    Invalid(Fault),
    /// The file ends in the middle of an entry, which began here.
    Cut(Place),
}

/// Why an import ended early. What joined the set before stays there, and the same file again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Read(#[from] io::Error),
    /// Neither of the two forms.
    #[error("the file begins with byte {0:#04x}, as neither a head nor a JSON object does")]
    Form(u8),
    /// The set cannot take in more.
    #[error("{source} ({} entries of the file were taken in before)", so_far.new)]
    Store {
        /// The cause.
        source: StoreError,
        /// What was done before.
        so_far: Box<Report>,
    },
}

impl ImportError {
    /// The error in plain words.
    pub fn problem(&self) -> Problem {
        let (code, fix) = match self {
            Self::Read(_) => ("file", "Check the path and its permissions, and import again: it goes on."),
            Self::Form(_) => ("import.form", "Name a file made by `deadwax export --cbor` or `--jsonl`."),
            Self::Store { source, .. } => match source.problem() {
                Some(problem) => (problem.code, problem.fix),
                None => ("import.store", "Is the data directory that of a node, and of this version?"),
            },
        };
        Problem { code, field: "", message: format!("{}.", capitalise(&self.to_string())), fix }
    }
}

/// Reads entries from `input` and offers them to the set, in batches, by `offer`. `progress` is told of
/// each batch: bytes read so far, and the report so far.
///
/// # Errors
/// See [`ImportError`]. Invalid entries are none: they are counted.
pub fn import(
    input: impl Read,
    mut offer: impl FnMut(&[VerifiedEntry]) -> Result<Vec<Outcome>, StoreError>,
    mut progress: impl FnMut(u64, &Report),
) -> Result<Report, ImportError> {
    let mut reader = match Reader::new(Input::new(input))? {
        Some(reader) => reader,
        None => return Ok(Report::default()),
    };
    let mut report = Report::default();
    let mut batch = Vec::new();
    loop {
        let found = reader.next()?;
        let is_last = matches!(found, None | Some(Found::Cut(_)));
        match found {
            None => {}
            Some(Found::Cut(place)) => report.cut = Some(place),
            Some(Found::Invalid(fault)) => {
                report.read += 1;
                report.invalid += 1;
                if report.faults.len() < MAX_TOLD_FAULTS {
                    report.faults.push(fault);
                }
            }
            Some(Found::Entry(entry)) => batch.push(*entry),
        }
        if batch.len() >= BATCH_ENTRIES || is_last {
            let outcomes = match offer(&batch) {
                Ok(outcomes) => outcomes,
                Err(source) => return Err(ImportError::Store { source, so_far: Box::new(report) }),
            };
            report.count(&outcomes);
            batch.clear();
            progress(reader.input().offset(), &report);
        }
        if is_last {
            return Ok(report);
        }
    }
}

impl Report {
    fn count(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            self.read += 1;
            *match outcome {
                Outcome::New | Outcome::BodyAdded => &mut self.new,
                Outcome::Known => &mut self.known,
                Outcome::SlotTaken | Outcome::OverQuota | Outcome::NotMember => &mut self.refused,
            } += 1;
        }
    }
}

/// The reader of either form.
enum Reader<R> {
    Sequence(Sequence<R>),
    Lines(Lines<R>),
}

impl<R: Read> Reader<R> {
    /// The reader of the form that the first byte belongs to; `None` for an empty file.
    fn new(mut input: Input<R>) -> Result<Option<Self>, ImportError> {
        Ok(match input.at_least(1)?.first() {
            None => None,
            Some(0xd2) => Some(Self::Sequence(Sequence::new(input))),
            // An object, space before it, or the byte order mark of another system's editor.
            Some(b'{' | b' ' | b'\t' | b'\r' | b'\n' | 0xef) => Some(Self::Lines(Lines::new(input))),
            Some(other) => return Err(ImportError::Form(*other)),
        })
    }

    fn next(&mut self) -> io::Result<Option<Found>> {
        match self {
            Self::Sequence(sequence) => sequence.next(),
            Self::Lines(lines) => lines.next(),
        }
    }

    fn input(&self) -> &Input<R> {
        match self {
            Self::Sequence(sequence) => &sequence.input,
            Self::Lines(lines) => &lines.input,
        }
    }
}

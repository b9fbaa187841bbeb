//! Entries from lines of JSON, of which `head` and `body` are read.

use super::input::Input;
use super::{Fault, Found, Place};
use crate::entry::{VerifiedEntry, VerifiedHead};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use std::io::{self, Read};

/// A line is at most this long: an entry in hexadecimal has 33 KiB, and what it says, with every character
/// escaped, is not 20 times as long.
pub const MAX_LINE_BYTES: usize = 1 << 20;

pub(super) struct Lines<R> {
    pub input: Input<R>,
    /// Lines before.
    number: u64,
}

/// Of a line, what is read.
#[derive(Deserialize)]
struct Line {
    head: String,
    #[serde(default)]
    body: Option<String>,
}

impl<R: Read> Lines<R> {
    pub fn new(input: Input<R>) -> Self {
        Self { input, number: 0 }
    }

    /// The entry of the next line, or what is there instead; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Found>> {
        loop {
            let number = self.number + 1;
            let rest = self.line()?;
            let (line, is_whole) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&rest[..end], true),
                None => (rest, false),
            };
            if line.is_empty() && !is_whole {
                return Ok(None);
            }
            let at = Place::Line(number);
            let length = line.len() + usize::from(is_whole);
            if line.len() > MAX_LINE_BYTES {
                self.number = number;
                self.skip_line()?;
                let reason = format!("the line has more than {MAX_LINE_BYTES} bytes");
                return Ok(Some(Found::Invalid(Fault { at, reason })));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(line);
            let found = match text.trim_ascii() {
                [] => None,
                text => Some(match entry(text) {
                    Ok(entry) => Found::Entry(Box::new(entry)),
                    Err(Wrong::Cut) if !is_whole => Found::Cut(at),
                    Err(Wrong::Cut) => Found::Invalid(Fault { at, reason: "the object has no end".into() }),
                    Err(Wrong::Invalid(reason)) => Found::Invalid(Fault { at, reason }),
                }),
            };
            self.input.take(length);
            self.number = number;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// What follows: a whole line, or all that is left, or more than a line may have.
    fn line(&mut self) -> io::Result<&[u8]> {
        let mut want = 1;
        loop {
            let rest = self.input.at_least(want)?;
            let is_enough = rest.len() < want || rest.len() > MAX_LINE_BYTES || rest.contains(&b'\n');
            // Twice as much each time: what was searched before is not searched too often.
            want = (rest.len() + 1).max(rest.len() * 2).min(MAX_LINE_BYTES + 1);
            if is_enough {
                return self.input.at_least(0);
            }
        }
    }

    /// Passes over the rest of a line, however long.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = self.input.at_least(1)?;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let (passed, is_done) = (end.map_or(rest.len(), |end| end + 1), end.is_some() || rest.is_empty());
            self.input.take(passed);
            if is_done {
                return Ok(());
            }
        }
    }
}

/// Why a line is no entry.
enum Wrong {
    /// The JSON ends too early.
    Cut,
    Invalid(String),
}

fn entry(text: &[u8]) -> Result<VerifiedEntry, Wrong> {
    let invalid = |error: &dyn std::error::Error| Wrong::Invalid(error.to_string());
    let line: Line = serde_json::from_slice(text).map_err(|error| match error.is_eof() {
        true => Wrong::Cut,
        // Not in the words of the error, which repeats what the file says.
        false => Wrong::Invalid(format!("it is not the JSON of an entry, from column {} on", error.column())),
    })?;
    let bytes = |name: &str, hex: &str| {
        let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes());
        bytes.map_err(|_| Wrong::Invalid(format!("its {name} is not hexadecimal")))
    };
    let head = VerifiedHead::verify(&bytes("head", &line.head)?).map_err(|error| invalid(&error))?;
    let body = line.body.map(|body| bytes("body", &body)).transpose()?;
    VerifiedEntry::new(head, body.as_deref()).map_err(|error| invalid(&error))
}

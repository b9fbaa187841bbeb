//! Entries from a CBOR sequence of heads and bodies.
//!
//! Heads say how long they and their bodies are, and all begin with the same ten bytes: after damage, the
//! next place with those is where it goes on.

use super::input::Input;
use super::{Fault, Found, Place};
use crate::entry::head::{self, HeadError, START};
use crate::entry::limits::MAX_ENTRY_BYTES;
use crate::entry::{VerifiedEntry, VerifiedHead};
use std::io::{self, Read};

pub(super) struct Sequence<R> {
    pub input: Input<R>,
}

/// Why there is no entry where one should be.
enum Wrong {
    /// More bytes would be needed than are there.
    TooShort,
    Invalid(String),
}

impl<R: Read> Sequence<R> {
    pub fn new(input: Input<R>) -> Self {
        Self { input }
    }

    /// The next entry, or what is there instead; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Found>> {
        let at = Place::Byte(self.input.offset());
        // A whole entry, and one more byte: whether a body follows is seen by its first.
        let rest = self.input.at_least(MAX_ENTRY_BYTES + 1)?;
        if rest.is_empty() {
            return Ok(None);
        }
        let wrong = match entry(rest) {
            Ok((entry, length)) => {
                self.input.take(length);
                return Ok(Some(Found::Entry(Box::new(entry))));
            }
            Err(wrong) => wrong,
        };
        self.input.take(1);
        let goes_on = self.skip_to_start()?;
        Ok(Some(match wrong {
            // With more after it, something in the middle is missing.
            Wrong::TooShort if goes_on => {
                Found::Invalid(Fault { at, reason: "the next one begins before its end".into() })
            }
            Wrong::TooShort => Found::Cut(at),
            Wrong::Invalid(reason) => Found::Invalid(Fault { at, reason }),
        }))
    }

    /// Passes over everything before the next start of a head; false if there is none any more.
    fn skip_to_start(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.input.at_least(MAX_ENTRY_BYTES)?;
            if let Some(start) = rest.windows(START.len()).position(|bytes| *bytes == START) {
                self.input.take(start);
                return Ok(true);
            }
            // The last bytes may be the first ones of a start.
            let has_ended = rest.len() < MAX_ENTRY_BYTES;
            let keep = if has_ended { 0 } else { START.len() - 1 };
            let passed = rest.len() - keep;
            self.input.take(passed);
            if has_ended {
                return Ok(false);
            }
        }
    }
}

/// The entry at the start of `bytes`, and its length.
fn entry(bytes: &[u8]) -> Result<(VerifiedEntry, usize), Wrong> {
    let invalid = |error: &dyn std::error::Error| Wrong::Invalid(error.to_string());
    let head_bytes = head::length(bytes).map_err(|error: HeadError| invalid(&error))?;
    let head_bytes = head_bytes.ok_or(Wrong::TooShort)?;
    let head = bytes.get(..head_bytes).ok_or(Wrong::TooShort)?;
    let head = VerifiedHead::verify(head).map_err(|error| invalid(&error))?;
    let body = match bytes.get(head_bytes) {
        Some(0xa0..=0xbb) => {
            let end = head_bytes + head.statement().body_bytes as usize;
            Some(bytes.get(head_bytes..end).ok_or(Wrong::TooShort)?)
        }
        _ => None,
    };
    let length = head_bytes + body.map_or(0, <[u8]>::len);
    let entry = VerifiedEntry::new(head, body).map_err(|error| invalid(&error))?;
    Ok((entry, length))
}

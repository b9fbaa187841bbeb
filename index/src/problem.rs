//! One shape for "what is wrong and what to do", shared by pages, the API and the command line.
//!
//! Each error enum of this crate that a person can cause turns into a [`Problem`].

use serde::Serialize;

/// A refusal in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable dotted name of the case, e.g. `head.signature`.
    pub code: &'static str,
    /// The input field at fault, e.g. `signature`; empty if no single one is.
    pub field: &'static str,
    /// What happened, as one sentence.
    pub message: String,
    /// What to do about it, as one sentence.
    pub fix: &'static str,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.message, self.fix)
    }
}

impl std::error::Error for Problem {}

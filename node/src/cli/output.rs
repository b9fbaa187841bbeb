//! How commands answer: text for people, JSON for programs, errors that say what to do.

use deadwax_index::Problem;
use deadwax_index::store::StoreError;
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// Exit status where a command needs a node and none runs.
const NO_NODE: u8 = 3;

/// Where answers go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether `--json` was given.
    pub json: bool,
}

/// Why a command could not do it.
#[derive(Debug)]
pub struct Failure {
    problem: Problem,
    status: u8,
    /// Of the file that was read, from 1.
    line: Option<u64>,
}

impl Failure {
    /// Bad input: exit status 1.
    pub fn refused(problem: Problem) -> Self {
        Self { problem, status: 1, line: None }
    }

    /// Bad input that only this command knows: exit status 1.
    pub fn bad(code: &'static str, field: &'static str, message: String, fix: &'static str) -> Self {
        Self::refused(Problem { code, field, message, fix })
    }

    /// Wrong use of the command line: exit status 2.
    pub fn usage(message: &str) -> Self {
        let problem =
            Problem { code: "usage", field: "", message: message.into(), fix: "See `deadwax --help`." };
        Self { problem, status: 2, line: None }
    }

    /// No node is running: exit status 3.
    pub fn no_node() -> Self {
        let message = "No node is running on this data directory.".into();
        let fix = "Start one with `deadwax run`, or name its folder with --data-dir.";
        Self {
            problem: Problem { code: "node.absent", field: "", message, fix },
            status: NO_NODE,
            line: None,
        }
    }

    /// Whether it is that no node runs.
    pub fn is_no_node(&self) -> bool {
        self.status == NO_NODE
    }

    /// Whether there is no sense in going on with the next line: the node is gone, or its disk is full.
    pub fn ends_everything(&self) -> bool {
        self.is_no_node() || ["node.answer", "disk.full"].contains(&self.problem.code)
    }

    /// The same, with the number of the line that it is about.
    pub fn at_line(mut self, number: u64) -> Self {
        self.problem.message = format!("Line {number}: {}", self.problem.message);
        self.line = Some(number);
        self
    }

    /// The entries cannot be used. A full disk has the same code wherever it is met.
    pub fn store(error: StoreError) -> Self {
        let fix = "Check the disk of the data directory.";
        let message = format!("The entries cannot be read or written: {error}.");
        error.problem().map_or_else(|| Self::bad("store", "", message, fix), Self::refused)
    }

    /// A file that cannot be read or written.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::bad("file", "", format!("{}: {error}.", path.display()), "Check the path and its permissions.")
    }
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    error: &'a Problem,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

impl Output {
    /// Prints an answer: as JSON on one line, or as `text` says it.
    pub fn print<T: Serialize>(self, answer: &T, text: impl FnOnce(&T) -> String) {
        let line = if self.json {
            serde_json::to_string(answer).expect("answers always serialise") + "\n"
        } else {
            text(answer)
        };
        // A reader that closed the pipe has read enough.
        let _ = std::io::stdout().write_all(line.as_bytes());
    }

    /// Says why it could not be done.
    pub fn fail(self, failure: Failure) -> ExitCode {
        let Problem { message, fix, .. } = &failure.problem;
        let line = if self.json {
            serde_json::to_string(&ErrorLine { error: &failure.problem, line: failure.line })
                .expect("a problem always serialises")
        } else {
            format!("deadwax: {message}\n{fix}")
        };
        let _ = writeln!(std::io::stderr(), "{line}");
        ExitCode::from(failure.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_its_own_code() {
        assert!(format!("{:?}", Failure::store(StoreError::Full)).contains("disk.full"));
        assert!(format!("{:?}", Failure::store(StoreError::Damaged("a row"))).contains("\"store\""));
    }
}

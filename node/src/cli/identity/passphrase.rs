//! A passphrase from a file, from a terminal that does not show it, or from standard input.
//!
//! Never from the command line: other users of a machine can read that.

use crate::cli::output::Failure;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// More than any passphrase.
const MAX_BYTES: u64 = 4096;

/// The first line of `file`, or of what is typed.
///
/// # Errors
/// Nothing can be read, or it is no text.
pub fn read(file: Option<&Path>, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let path = file.unwrap_or(Path::new("standard input"));
    let line = match file {
        Some(file) => std::fs::File::open(file).and_then(first_line),
        None if io::stdin().is_terminal() => typed(prompt),
        None => first_line(io::stdin()),
    };
    line.map_err(|error| Failure::file(path, &error))
}

fn first_line(input: impl Read) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    BufReader::new(input.take(MAX_BYTES)).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

fn typed(prompt: &str) -> io::Result<Zeroizing<String>> {
    write!(io::stderr(), "{prompt}: ")?;
    let hidden = Hidden::begin()?;
    let line = first_line(io::stdin());
    drop(hidden);
    writeln!(io::stderr())?;
    line
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_first_line_without_its_end() {
        for (input, line) in [
            ("low water\nat nine\n", "low water"),
            ("low water\r\n", "low water"),
            (" low water ", " low water "),
            ("", ""),
        ] {
            assert_eq!(first_line(input.as_bytes()).unwrap().as_str(), line);
        }
        assert!(first_line(&[0xff, 0x0a][..]).is_err());
    }
}

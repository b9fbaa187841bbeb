//! The programs in `tests/python` that run beside a test: started, spoken to in lines of JSON, ended.
//!
//! What they say means something in the files beside this one, one for each program.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// How long a program may take to end after its stdin was closed: a browser has to be closed, a
/// torrent client says good-bye to its trackers.
const END_TIMEOUT: Duration = Duration::from_secs(15);

/// As much of what a program complained about as an error message should carry.
const MAX_COMPLAINT_BYTES: u64 = 4096;

/// The Python that has what `tests/python/requirements.txt` lists: the one that `DEADWAX_TEST_PYTHON`
/// names, else that of `tests/.venv`.
pub fn interpreter() -> PathBuf {
    let chosen = std::env::var_os("DEADWAX_TEST_PYTHON").map(PathBuf::from);
    chosen.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python"))
}

/// A program that runs. Dropping it closes its stdin, which ends it, and waits for that.
pub(super) struct PythonProgram {
    script: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    complaints: File,
}

impl PythonProgram {
    /// Starts `tests/python/SCRIPT`.
    pub(super) fn start(
        script: &'static str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> anyhow::Result<Self> {
        let complaints = tempfile::tempfile()?;
        let mut child = Command::new(interpreter())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot start {} (tests/run makes it)", interpreter().display()))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("a piped stdout is there")?;
        let (sender, lines) = channel();
        // Ends with the program, or with the first line after we are gone.
        thread::Builder::new().name(script.to_owned()).spawn(move || {
            let mut all = BufReader::new(stdout).lines();
            while all.next().is_some_and(|line| line.is_ok_and(|line| sender.send(line).is_ok())) {}
        })?;
        Ok(Self { script, child, stdin, lines, complaints })
    }

    /// Says something to the program.
    pub(super) fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        self.send_line(&message.to_string())
    }

    /// Says something to a program that takes plain lines.
    pub(super) fn send_line(&mut self, line: &str) -> anyhow::Result<()> {
        let stdin = self.stdin.as_mut().context("stdin is open until we are dropped")?;
        let sent = writeln!(stdin, "{line}").and_then(|()| stdin.flush());
        sent.map_err(|_| self.ended())
    }

    /// What the program says next, waiting for it until `deadline`; `None` if it says nothing.
    /// Fails if it ended.
    pub(super) fn next(&mut self, deadline: Instant) -> anyhow::Result<Option<Value>> {
        match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let message = serde_json::from_str(&line);
                Ok(Some(message.with_context(|| format!("{} said {line:?}", self.script))?))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// The last that the program wrote to stderr.
    pub(super) fn complaints(&self) -> String {
        let length = self.complaints.metadata().map_or(0, |about| about.len());
        let mut text = vec![0; length.min(MAX_COMPLAINT_BYTES) as usize];
        // Not by seeking: the program writes where the file's one position is.
        match self.complaints.read_exact_at(&mut text, length.saturating_sub(MAX_COMPLAINT_BYTES)) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("(its stderr cannot be read: {error})"),
        }
    }

    fn ended(&mut self) -> anyhow::Error {
        // Closed pipes come a moment before the end of the process.
        let status = self.end().map_or_else(|error| error.to_string(), |status| status.to_string());
        anyhow::anyhow!("{} ended ({status}):\n{}", self.script, self.complaints())
    }

    fn end(&mut self) -> anyhow::Result<std::process::ExitStatus> {
        drop(self.stdin.take());
        let deadline = Instant::now() + END_TIMEOUT;
        // Its stdout ends with it.
        while let Ok(_unread) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {}
        if Instant::now() >= deadline && self.child.try_wait()?.is_none() {
            self.child.kill()?;
            self.child.wait()?;
            bail!("it had to be killed");
        }
        Ok(self.child.wait()?)
    }
}

impl Drop for PythonProgram {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("{}: {error}", self.script);
        }
    }
}

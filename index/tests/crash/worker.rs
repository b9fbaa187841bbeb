//! The process that is killed: this test program, started once more with a job.

use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A job that says nothing for this long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);
const SIGKILL: i32 = 9;
/// What a worker says comes after this: the test runner writes to the same pipe, and to the same line.
const MARK: &str = "worker: ";

/// What is left of a worker.
pub struct Killed {
    /// Each whole line that it said, after it had done what the line says.
    pub said: Vec<String>,
    /// It was killed, and had not ended before.
    pub was_alive: bool,
}

impl Killed {
    /// What follows after `word` on the last line that begins with it.
    pub fn last(&self, word: &str) -> Option<&str> {
        self.said.iter().rev().find_map(|line| line.strip_prefix(word)).map(str::trim)
    }
}

/// Starts a job in a folder, and kills it after this time: as a rule counted from the first line that it
/// says, when it is at work, but one time in five from its start.
pub fn run_and_kill(job: &str, dir: &Path, seed: u64, after: Duration) -> Killed {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker::worker", "--ignored", "--nocapture"])
        .env("DEADWAX_CRASH_JOB", job)
        .env("DEADWAX_CRASH_DIR", dir)
        .env("DEADWAX_CRASH_WORKER", seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Read all the time: a full pipe would make it wait.
    let (mut out, mut errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (at_work, is_at_work) = mpsc::channel();
    let out = std::thread::spawn(move || {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            match out.read(&mut chunk).unwrap() {
                0 => break,
                count => bytes.extend(&chunk[..count]),
            }
            if bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes()) {
                // Nobody waits for it any more after the first time.
                let _ = at_work.send(());
            }
        }
        // What comes after the last line end may be a piece of a line: not taken for said.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        String::from_utf8_lossy(&bytes[..end])
            .lines()
            .filter_map(|line| line.split_once(MARK).map(|(_, said)| said.to_owned()))
            .collect::<Vec<_>>()
    });
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text).unwrap_or_default()
    });
    if !seed.is_multiple_of(5) {
        // An error means that it has ended.
        let _ = is_at_work.recv_timeout(PATIENCE);
    }
    let until = Instant::now() + after;
    while Instant::now() < until && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(500).min(until.saturating_duration_since(Instant::now())));
    }
    let _ = child.kill();
    let status = child.wait().unwrap();
    let (said, errors) = (out.join().unwrap(), errors.join().unwrap());
    let was_alive = status.signal() == Some(SIGKILL);
    assert!(was_alive || status.success(), "the worker failed by itself: {errors}\n{said:?}");
    Killed { said, was_alive }
}

/// Says, to whoever is going to kill this process, that something is done.
pub fn say(line: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    // At once: a line that waits in this process is lost with it.
    writeln!(out, "{MARK}{line}").and_then(|()| out.flush()).unwrap();
}

#[test]
#[ignore = "the process that the other tests start and kill"]
fn worker() {
    let Ok(job) = std::env::var("DEADWAX_CRASH_JOB") else {
        return println!("there is nothing to do: the other tests start this one");
    };
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        // Nobody has killed it: whoever should is gone.
        std::process::exit(102);
    });
    let dir = std::env::var_os("DEADWAX_CRASH_DIR").unwrap();
    let seed = std::env::var("DEADWAX_CRASH_WORKER").unwrap().parse().unwrap();
    let dir = Path::new(&dir);
    match job.as_str() {
        "ingest" => super::ingest::work(dir, seed),
        "catalogue" => super::catalogue::work(dir, seed),
        "projections" => super::projections::work(dir, seed),
        "follow" => super::search::follow(dir, seed),
        "rebuild" => super::search::rebuild(dir),
        other => panic!("{other} is no job"),
    }
}

//! A small fuzzer for stable Rust: changes seeds at random, and judges what a decoder makes of them.
//!
//! Every input follows from one 64-bit number, so a failure can be run again by its number or by its
//! bytes. There is no feedback from coverage: the seeds are good, and the changes (`mutate.rs`) know
//! what numbers and lengths look like.
//!
//! | variable | meaning |
//! |---|---|
//! | `DEADWAX_FUZZ_SECS` | how long each decoder is fuzzed; 1 if it is not set |
//! | `DEADWAX_FUZZ_SEED` | where to begin, as a failure prints it |
//! | `DEADWAX_FUZZ_INPUT` | run only this input, in hexadecimal, and only the test that is named |
//!
//! `DEADWAX_FUZZ_INPUT=6d61 cargo test --workspace --test fuzz magnets -- --show-output`

use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::mutate::{Random, changed};

/// An execution that takes longer is taken to have no end, and ends the whole program.
const ENDLESS: Duration = Duration::from_secs(30);
/// Fewer executions say nothing about shares.
const MIN_EXECUTIONS: u64 = 300;

/// How far an input came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// Refused by the first check.
    Door,
    /// Refused by a later one.
    Inside,
    /// Accepted.
    End,
}

/// A decoder with what to feed it.
pub struct Target {
    /// The name of its test.
    pub name: &'static str,
    /// Inputs to change, valid and invalid ones.
    pub seeds: Vec<Vec<u8>>,
    /// Byte strings that mean something to the decoder, with `|` between them.
    pub tokens: &'static [u8],
    /// The least share of changed inputs that has to get past the first check.
    pub min_inside_percent: u64,
    /// The longest that one execution may take.
    pub max_execution: Duration,
}

impl Default for Target {
    /// Two seconds are more than any decoder needs for so little, however busy the machine is.
    fn default() -> Self {
        let max_execution = Duration::from_secs(2);
        Self { name: "", seeds: Vec::new(), tokens: b"", min_inside_percent: 10, max_execution }
    }
}

/// What was done.
#[derive(Default, Debug)]
pub struct Report {
    pub accepted_seeds: usize,
    // Of changed inputs:
    pub executions: u64,
    pub inside: u64,
    pub accepted: u64,
    pub time: Duration,
}

/// An input on which a property does not hold.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    pub input: Vec<u8>,
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, input, message } = self;
        write!(f, "{message}\n  DEADWAX_FUZZ_SEED={seed}\n  DEADWAX_FUZZ_INPUT={}", HEXLOWER.encode(input))
    }
}

/// Fuzzes for the time that is set. `check` panics on inputs on which a property does not hold.
///
/// # Panics
/// With the input, if there is such a one; or if too few inputs get past the first check.
pub fn fuzz(target: &Target, check: impl Fn(&[u8]) -> Reached) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    if let Ok(input) = std::env::var("DEADWAX_FUZZ_INPUT") {
        let reached = check(&HEXLOWER.decode(input.as_bytes()).expect("hexadecimal"));
        return println!("fuzz {}: {reached:?}", target.name);
    }
    let time = Duration::from_secs(number("DEADWAX_FUZZ_SECS").unwrap_or(1));
    let report = run(target, check, number("DEADWAX_FUZZ_SEED").unwrap_or_default(), time)
        .unwrap_or_else(|failure| panic!("fuzz {}: {failure}", target.name));
    let Report { accepted_seeds, executions, inside, accepted, time } = report;
    let inside_percent = inside * 100 / executions;
    println!(
        "fuzz {}: {executions} executions, {:.0} a second; {inside_percent} % past the first check, {accepted} accepted",
        target.name,
        executions as f64 / time.as_secs_f64(),
    );
    assert!(accepted_seeds > 0, "fuzz {}: there is nothing valid to begin with", target.name);
    assert!(inside_percent >= target.min_inside_percent, "fuzz {}: hardly anything gets in", target.name);
}

/// The seeds as they are, then changed ones until `time` is over.
pub fn run(
    target: &Target,
    check: impl Fn(&[u8]) -> Reached,
    first_seed: u64,
    time: Duration,
) -> Result<Report, Box<Failure>> {
    let under_way = watch(target.name);
    let execute = |seed: u64, input: &[u8]| {
        *under_way.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), input.to_vec());
        let fail = |message| Box::new(Failure { seed, input: input.to_vec(), message });
        let timed = || {
            let start = Instant::now();
            let reached = catch_unwind(AssertUnwindSafe(|| check(input)));
            reached.map(|reached| (reached, start.elapsed())).map_err(|cause| fail(said(&*cause)))
        };
        let (reached, mut taken) = timed()?;
        if taken > target.max_execution {
            // The machine may have been busy with something else.
            taken = taken.min(timed()?.1);
        }
        if taken > target.max_execution {
            return Err(fail(format!("it took {taken:?}")));
        }
        Ok(reached)
    };
    let mut report = Report::default();
    for input in &target.seeds {
        report.accepted_seeds += usize::from(execute(0, input)? == Reached::End);
    }
    let start = Instant::now();
    for seed in first_seed.. {
        report.time = start.elapsed();
        if report.executions >= MIN_EXECUTIONS && report.time >= time {
            break;
        }
        let reached = execute(seed, &changed(target, &mut Random(seed)))?;
        report.executions += 1;
        report.inside += u64::from(reached != Reached::Door);
        report.accepted += u64::from(reached == Reached::End);
    }
    Ok(report)
}

/// The input that is under way, and since when; watched until it is dropped.
type UnderWay = Mutex<(Instant, Vec<u8>)>;

fn watch(name: &'static str) -> Arc<UnderWay> {
    let under_way = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    let watched: Weak<UnderWay> = Arc::downgrade(&under_way);
    std::thread::spawn(move || {
        while let Some(under_way) = watched.upgrade() {
            let (since, input) = under_way.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if since.elapsed() > ENDLESS {
                // Not by a macro: their output is kept until the test is over.
                let input = HEXLOWER.encode(&input);
                let _ = writeln!(std::io::stderr(), "fuzz {name}: no end\n  DEADWAX_FUZZ_INPUT={input}");
                std::process::exit(101);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    under_way
}

/// What a panic said.
fn said(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    text.or(cause.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

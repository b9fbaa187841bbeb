//! `cargo bench -p deadwax-bench [-- NAME]`: all measurements at the small scale, or one of them.

use anyhow::Result;
use deadwax_bench::machine;
use deadwax_bench::run::{BENCHMARKS, Scale, Setting, run};
use std::path::PathBuf;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says so when it measures; when it only tests that all targets run, a glance is enough.
    let measuring = arguments.iter().any(|argument| argument == "--bench");
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let work = tempfile::tempdir()?;
    let setting = Setting {
        scale: if measuring { Scale::SMALL } else { Scale::TINY },
        work: work.path().to_owned(),
        program: PathBuf::from(env!("CARGO_BIN_EXE_deadwax-bench")),
    };
    for benchmark in
        BENCHMARKS.iter().filter(|benchmark| wanted.is_none_or(|wanted| *wanted == benchmark.name))
    {
        println!("{}", run(benchmark.name, &setting)?.to_table());
    }
    println!("machine: {}", machine::describe());
    Ok(())
}

//! The stories: Deadwax from end to end, on private networks that are started once for all of them.
//!
//! `tests/run` enters a namespace that has only loopback, and starts this there.

mod stage;
mod stories;

use anyhow::{Context, Result};
use clap::Parser;
use deadwax_tests::harness::namespace;
use stage::{Stage, World};
use std::process::ExitCode;
use std::time::Instant;

/// Runs the stories.
#[derive(Parser)]
struct Arguments {
    /// Run only this story
    story: Option<String>,
    /// Print the names of the stories
    #[arg(long)]
    list: bool,
}

/// A story: its name, and what happens.
type Story = (&'static str, fn(&mut Stage) -> Result<()>);

const STORIES: &[Story] = &[
    ("bad_input", stories::bad_input::run),
    ("crash", stories::crash::run),
    ("offline", stories::offline::run),
    ("crossing", stories::crossing::run),
    ("hostile", stories::hostile::run),
    ("reseed", stories::reseed::run),
    ("account", stories::account::run),
    ("story", stories::story::run),
];

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.list {
        STORIES.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    namespace::assert_loopback_only()?;
    let chosen: Vec<_> = STORIES
        .iter()
        .filter(|(name, _)| arguments.story.as_deref().is_none_or(|only| only == *name))
        .collect();
    if chosen.is_empty() {
        eprintln!("no story is called {}; --list names them", arguments.story.unwrap_or_default());
        return Ok(ExitCode::from(2));
    }
    let world = World::new().context("cannot prepare the stories")?;
    let mut failed = 0;
    for (name, run) in &chosen {
        println!("\nstory {name}");
        let started = Instant::now();
        let mut stage = Stage::new(&world, name)?;
        let result = run(&mut stage).and_then(|()| stage.close());
        match &result {
            Ok(()) => println!("story {name} ... ok ({:.1} s)", started.elapsed().as_secs_f64()),
            Err(error) => {
                failed += 1;
                println!("story {name} ... FAILED after {:.1} s\n{error:#}", started.elapsed().as_secs_f64());
            }
        }
        stage.write_report()?;
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {} passed; {failed} failed; 0 ignored", chosen.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

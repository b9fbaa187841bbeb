//! `deadwax-bench`: the command line of the measurements.

use anyhow::Result;
use clap::{Parser, Subcommand};
use deadwax_bench::run::{BENCHMARKS, Scale, Setting, open_once, run};
use deadwax_bench::{catalogue, entries, machine, queries};
use std::path::PathBuf;

/// Makes catalogues and entries of any size, and measures the index beside plain programs.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a catalogue as the archives that MusicBrainz publishes: artist, label, release-group, release.
    GenCatalogue {
        #[command(flatten)]
        made: Made,
        /// With the tracks of each release: ten times as long.
        #[arg(long)]
        with_tracks: bool,
    },
    /// Write signed links as CBOR sequences of up to 100,000 entries.
    GenEntries {
        #[command(flatten)]
        made: Made,
        /// About the releases of the dumps in this folder; else about invented ones of the same seed.
        #[arg(long, value_name = "DIR")]
        catalogue: Option<PathBuf>,
    },
    /// Write the questions that are asked, one a line: kind, tab, text.
    GenQueries {
        /// The catalogue's seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Name the measurements.
    List,
    /// Run measurements: one of them, or all.
    Run {
        /// The name of one, as `list` gives it, or `all`.
        name: String,
        /// One line of JSON for each.
        #[arg(long)]
        json: bool,
        /// small: some minutes. full: the size of MusicBrainz, some hours and 30 GB.
        #[arg(long, value_enum, default_value_t = Size::Small)]
        scale: Size,
        /// Release groups of the catalogue, in place of the scale's.
        #[arg(long, value_name = "N")]
        groups: Option<u64>,
        /// Entries, in place of the scale's.
        #[arg(long, value_name = "N")]
        entries: Option<u64>,
        /// Ids of a set that is compared, in place of the scale's.
        #[arg(long, value_name = "N")]
        set: Option<u64>,
        /// Samples, in place of the scale's.
        #[arg(long, value_name = "N")]
        samples: Option<u64>,
        /// Work in this folder and keep it for the next run; else in a temporary one.
        #[arg(long, value_name = "DIR")]
        work: Option<PathBuf>,
    },
    /// Open an index and ask it once.
    #[command(hide = true)]
    OpenOnce {
        dir: PathBuf,
        #[arg(long)]
        bare: bool,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Size {
    Tiny,
    Small,
    Full,
}

#[derive(clap::Args)]
struct Made {
    /// How many: release groups or entries. The rest of a catalogue follows from its groups.
    #[arg(long, value_name = "N")]
    count: u64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to write to; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    match Arguments::parse().command {
        Command::GenCatalogue { made, with_tracks } => {
            let options = catalogue::Options { groups: made.count, seed: made.seed, with_tracks };
            let written = catalogue::write(&made.out, options, threads)?;
            println!("{}", serde_json::to_string(&written)?);
        }
        Command::GenEntries { made, catalogue } => {
            let options = entries::Options { count: made.count, seed: made.seed, catalogue };
            let files = entries::write(&made.out, &options, threads)?;
            println!("{}", serde_json::json!({"entries": made.count, "files": files.len()}));
        }
        Command::GenQueries { seed } => print!("{}", queries::to_tsv(&queries::make(seed))),
        Command::List => {
            for benchmark in &BENCHMARKS {
                println!("{:<16}{}", benchmark.name, benchmark.tells);
            }
        }
        Command::Run { name, json, scale, groups, entries, set, samples, work } => {
            let scale = match scale {
                Size::Tiny => Scale::TINY,
                Size::Small => Scale::SMALL,
                Size::Full => Scale::FULL,
            };
            let scale = Scale {
                groups: groups.unwrap_or(scale.groups),
                entries: entries.unwrap_or(scale.entries),
                set: set.unwrap_or(scale.set),
                samples: samples.unwrap_or(scale.samples).max(1),
            };
            let temporary = tempfile::tempdir()?;
            let work = work.unwrap_or_else(|| temporary.path().to_owned());
            let setting = Setting { scale, work, program: std::env::current_exe()? };
            let names: Vec<_> = match name.as_str() {
                "all" => BENCHMARKS.iter().map(|benchmark| benchmark.name).collect(),
                name => vec![name],
            };
            for name in names {
                let measurement = run(name, &setting)?;
                if json {
                    println!("{}", measurement.to_json());
                } else {
                    println!("{}", measurement.to_table());
                }
            }
            if !json {
                println!("machine: {}", machine::describe());
            }
        }
        Command::OpenOnce { dir, bare } => println!("{}", serde_json::to_string(&open_once(&dir, bare)?)?),
    }
    Ok(())
}

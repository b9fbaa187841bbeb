//! `deadwax-bench`: the command line of the measurements.

use anyhow::Result;
use clap::{Parser, Subcommand};
use deadwax_bench::{catalogue, entries};
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
    }
    Ok(())
}

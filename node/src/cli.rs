//! The command line: what can be asked, and who answers (`doc/CLI.md`).
//!
//! Exit status: 0 done, 1 refused (bad input), 2 usage, 3 no node running.

mod catalogue;
mod client;
mod entry;
mod export;
mod identity;
mod import;
mod index;
mod link;
mod network;
mod node;
mod output;
mod peers;
mod search;
mod sync;
mod torrent;

use crate::config::Config;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use output::{Failure, Output};
use std::path::PathBuf;
use std::process::ExitCode;

/// A music index that nobody can switch off: a node, and what can be done with it.
#[derive(Debug, Parser)]
#[command(name = "deadwax", version, after_help = EXAMPLES, arg_required_else_help = false)]
struct Cli {
    /// Where the node keeps everything [default: ~/.local/share/deadwax]
    #[arg(long, value_name = "DIR", global = true, env = "DEADWAX_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration [default: DATA_DIR/deadwax.toml, where it exists]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Print JSON, and errors as JSON on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  deadwax                                    run a node
  deadwax run --network network.toml         run a node in a network of its own, for trying it out
  deadwax search 'salt cartographers'        search the running node, or its files
  deadwax magnet 'magnet:?xt=urn:btih:...'   see what of a magnet stays inside I2P
  deadwax status                             what the running node is doing";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node (also what `deadwax` alone does)
    Run(node::Run),
    /// Make or show a signing key
    #[command(subcommand)]
    Identity(identity::Identity),
    /// Sign or verify an entry in a file
    #[command(subcommand)]
    Entry(entry::Entry),
    /// Publish torrent links
    #[command(subcommand)]
    Link(Box<link::Link>),
    /// Found or join a network, or show who belongs to it
    #[command(subcommand)]
    Network(network::Network),
    /// Answer for somebody, so that their entries belong to the network
    Vouch(network::Vouch),
    /// Vote as an operator to hide something, or to ban somebody (counted; nothing is hidden by it yet)
    Ballot(network::Ballot),
    /// Search for release groups by words, filters or an identifier
    Search(search::Search),
    /// Import the MusicBrainz catalogue, or say how much of it is here
    #[command(subcommand)]
    Catalogue(catalogue::Catalogue),
    /// Write all entries to a file
    Export(export::Export),
    /// Take in the entries of a file
    Import(import::Import),
    /// Rebuild what follows from the entries, or compare it with another node's
    #[command(subcommand)]
    Index(index::Index),
    /// Show what the running node is doing
    Status,
    /// Show the peers of the running node
    Peers,
    /// Compare the sets of two nodes
    #[command(subcommand)]
    Sync(sync::Sync),
    /// Show what a magnet says, and the one that works inside I2P
    Magnet(torrent::Magnet),
    /// Look into a .torrent file
    #[command(subcommand)]
    Torrent(torrent::Torrent),
    /// Ask the tracker of the running node
    #[command(subcommand)]
    Tracker(node::Tracker),
    /// Show the configuration
    #[command(subcommand)]
    Config(node::ConfigCommand),
}

/// What every command gets.
struct Context {
    data_dir: PathBuf,
    config_file: Option<PathBuf>,
    out: Output,
}

impl Context {
    fn config(&self) -> Result<Config, Failure> {
        Config::load(self.config_file.as_deref(), &self.data_dir)
            .map_err(|error| Failure::refused(error.problem()))
    }
}

/// Parses the arguments and runs the command.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are no errors; programs get theirs in the form that they asked for.
        Err(error) if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") => {
            return Output { json: true }.fail(Failure::usage(&one_line(&error)));
        }
        Err(error) => error.exit(),
    };
    let out = Output { json: cli.json };
    let Some(data_dir) = cli.data_dir.or_else(default_data_dir) else {
        return out.fail(Failure::usage("There is no home directory. Name a folder with --data-dir."));
    };
    let context = Context { data_dir, config_file: cli.config, out };
    let done = match cli.command.unwrap_or(Command::Run(node::Run::default())) {
        Command::Run(command) => command.run(&context),
        Command::Identity(command) => command.run(&context),
        Command::Entry(command) => command.run(&context),
        Command::Link(command) => command.run(&context),
        Command::Network(command) => command.run(&context),
        Command::Vouch(command) => command.run(&context),
        Command::Ballot(command) => command.run(&context),
        Command::Search(command) => command.run(&context),
        Command::Catalogue(command) => command.run(&context),
        Command::Export(command) => command.run(&context),
        Command::Import(command) => command.run(&context),
        Command::Index(command) => command.run(&context),
        Command::Status => node::status(&context),
        Command::Peers => peers::peers(&context),
        Command::Sync(command) => command.run(&context),
        Command::Magnet(command) => command.run(&context),
        Command::Torrent(command) => command.run(&context),
        Command::Tracker(command) => command.run(&context),
        Command::Config(command) => command.run(&context),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => out.fail(failure),
    }
}

/// What clap says in one line, without its hints on usage.
fn one_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "A command is missing.".to_owned();
    }
    let text = error.to_string();
    let said = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `$XDG_DATA_HOME/deadwax`, or `~/.local/share/deadwax`.
fn default_data_dir() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("deadwax"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

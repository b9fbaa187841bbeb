//! `deadwax run`, and the questions that only a running node can answer.

use super::client::Client;
use super::output::Failure;
use super::{Context, peers};
use crate::config::NetworkFile;
use crate::run;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, Default, Args)]
pub struct Run {
    /// Join a network of its own instead of the public Tor and I2P, as described in this file
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Write this file as soon as the node is reachable
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Start from the I2P routers in this reseed file (su3 or zip), if too few are known yet
    #[arg(long, value_name = "FILE")]
    reseed: Option<PathBuf>,
}

impl Run {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let network = self.network.as_deref().map(NetworkFile::load).transpose();
        let network = network.map_err(|error| Failure::refused(error.problem()))?;
        let options = run::Options {
            config: context.config()?,
            data_dir: context.data_dir.clone(),
            network,
            ready_file: self.ready_file,
            reseed: self.reseed,
        };
        run::run(options).map_err(|error| {
            Failure::bad(
                "node.run",
                "",
                format!("{error:#}."),
                "See the messages above; `deadwax config show` prints every setting.",
            )
        })
    }
}

#[derive(Debug, Subcommand)]
pub enum Tracker {
    /// Show how many torrents and swarm members the tracker knows
    Stats,
}

impl Tracker {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let stats = Client::connect(context, "admin.sock")?.get("/admin/v1/tracker")?;
        context.out.print(&stats, |stats| {
            format!(
                "{} torrents, {} swarm members, about {} bytes of memory\n",
                stats["hashes"], stats["members"], stats["bytes"]
            )
        });
        Ok(())
    }
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting with its meaning and the value in force
    Show,
}

impl ConfigCommand {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Show = self;
        context.out.print(&context.config()?, crate::config::Config::show);
        Ok(())
    }
}

/// `deadwax status`.
pub fn status(context: &Context) -> Result<(), Failure> {
    let status = Client::connect(context, "admin.sock")?.get("/admin/v1/status")?;
    context.out.print(&status, |status| {
        let mut out = format!("deadwax {} · node \"{}\"\n", text(&status["version"]), text(&status["name"]));
        for (name, network) in [("Tor", &status["tor"]), ("I2P", &status["i2p"])] {
            let address = network["address"].as_str().unwrap_or("no address yet");
            out += &format!(
                " {name:<9} {} · {address} · {}\n",
                text(&network["state"]),
                text(&network["detail"])
            );
        }
        let count = |scope: &str| status["scopes"][scope]["count"].as_u64().unwrap_or(0);
        out += &format!(" entries   {} in main, {} in core\n", count("main"), count("core"));
        out + &peers::lines(&status["peers"])
    });
    Ok(())
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

//! `deadwax magnet` and `deadwax torrent`: what of a torrent stays inside I2P.

use super::Context;
use super::client::Client;
use super::output::Failure;
use clap::{Args, Subcommand};
use deadwax_index::magnet::I2pTracker;
use deadwax_index::torrent::{MAX_TORRENT_BYTES, Torrent as Parsed, TorrentSummary};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Magnet {
    /// The magnet; quote it, because it contains &
    magnet: String,
}

#[derive(Debug, Subcommand)]
pub enum Torrent {
    /// Show what a .torrent file says, and the magnet that works inside I2P
    Inspect {
        /// .torrent file
        file: PathBuf,
    },
}

impl Magnet {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let magnet = deadwax_index::magnet::Magnet::parse(&self.magnet)
            .map_err(|error| Failure::refused(error.problem()))?;
        context.out.print(&TorrentSummary::of_magnet(&magnet, &node_trackers(context)), text);
        Ok(())
    }
}

impl Torrent {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Inspect { file } = self;
        let length = std::fs::metadata(&file).map_err(|error| Failure::file(&file, &error))?.len();
        if length > MAX_TORRENT_BYTES as u64 {
            let message = format!("The file has {length} bytes; at most {MAX_TORRENT_BYTES} are read.");
            return Err(Failure::bad("torrent.length", "torrent", message, "Is it a .torrent file?"));
        }
        let bytes = std::fs::read(&file).map_err(|error| Failure::file(&file, &error))?;
        let torrent = Parsed::parse(&bytes).map_err(|error| Failure::refused(error.problem()))?;
        context.out.print(&TorrentSummary::of_torrent(&torrent, &node_trackers(context)), text);
        Ok(())
    }
}

/// The tracker of the running node, if one runs: magnets name it first.
fn node_trackers(context: &Context) -> Vec<I2pTracker> {
    let status = Client::connect(context, "admin.sock").and_then(|mut client| client.get("/admin/v1/status"));
    let address = status.ok().and_then(|status| Some(status["i2p"]["address"].as_str()?.to_owned()));
    address.and_then(|address| format!("http://{address}/announce").parse().ok()).into_iter().collect()
}

fn text(summary: &TorrentSummary) -> String {
    let hash =
        |name: &str, hash: Option<String>| hash.map_or(String::new(), |hash| format!("{name}  {hash}\n"));
    let mut out = format!(
        "name        {}\nsize        {} bytes, {} files\n",
        summary.name,
        summary.size_bytes,
        summary.files.len()
    );
    out += &hash("infohash v1", summary.infohash_v1.map(|hash| hash.to_string()));
    out += &hash("infohash v2", summary.infohash_v2.map(|hash| hash.to_string()));
    for file in &summary.files {
        out += &format!("file        {:>12}  {}\n", file.size_bytes, file.path);
    }
    if summary.private {
        out += "private     yes: it belongs to a private site and cannot be published\n";
    }
    for tracker in &summary.trackers_kept {
        out += &format!("kept        {}\n", tracker.as_str());
    }
    for dropped in &summary.dropped {
        out += &format!("dropped     {}  {}\n", dropped.field, dropped.value);
    }
    if summary.magnet.contains("&tr=") {
        out + &format!("magnet      {}\n", summary.magnet)
    } else {
        // Whoever opens it would be on the clearnet.
        out + "magnet      none: no I2P tracker is known for it. Start a node, and its tracker is named here.\n"
    }
}

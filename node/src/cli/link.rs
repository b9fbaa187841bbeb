//! `deadwax link`: publishing torrent links through the running node, with the checks of the submit form.
//!
//! Not here: files of many links (`link/lines.rs`).

mod lines;

use super::Context;
use super::client::Client;
use super::output::Failure;
use crate::submit::{Draft, Receipt, ReceiptState};
use clap::{Args, Subcommand};
use deadwax_index::torrent::MAX_TORRENT_BYTES;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Link {
    /// Publish one link, or a file of them
    Add(Add),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["magnet", "torrent", "jsonl"]))]
pub struct Add {
    /// The torrent as a magnet or infohash
    #[arg(long)]
    magnet: Option<String>,
    /// The torrent as a .torrent file
    #[arg(long, value_name = "FILE")]
    torrent: Option<PathBuf>,
    /// Many links: a JSON object with these fields on each line; `torrent_file` names a .torrent file
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// The release group, release or recording: MBID, address, or barcode
    #[arg(long, required_unless_present = "jsonl", value_name = "MBID-or-URL")]
    mbid: Option<String>,
    /// Artist; may be left out where the release group is known to the node
    #[arg(long)]
    artist: Option<String>,
    /// Title; may be left out where the release group is known to the node
    #[arg(long)]
    title: Option<String>,
    /// Year of first release
    #[arg(long)]
    year: Option<String>,
    /// Types, separated by commas: Album,Live
    #[arg(long = "type", value_name = "TYPES")]
    types: Option<String>,
    /// FLAC, MP3, ...
    #[arg(long)]
    format: Option<String>,
    /// Lossless, V0 (VBR), 320, ...
    #[arg(long)]
    encoding: Option<String>,
    /// CD, Vinyl, WEB, ...
    #[arg(long)]
    media: Option<String>,
    /// Whether a rip log is there, where the files do not say
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    log: Option<String>,
    /// Whether a cue sheet is there, where the files do not say
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    cue: Option<String>,
    /// Record label of the edition
    #[arg(long)]
    label: Option<String>,
    /// Catalogue number of the edition
    #[arg(long)]
    catno: Option<String>,
    /// Say what would be signed, and sign nothing
    #[arg(long)]
    dry_run: bool,
}

/// The node's answer.
#[derive(Debug, Serialize, Deserialize)]
struct Added {
    /// None where it was only looked at.
    #[serde(flatten)]
    receipt: Option<Receipt>,
    /// What may be a duplicate.
    warnings: Vec<Warning>,
    /// What was in the torrent and is not in the link.
    dropped: Vec<Dropped>,
    /// Fields that were filled in from the list of files.
    read: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Warning {
    code: String,
    entry: String,
    mbid: String,
    message: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Dropped {
    field: String,
    value: String,
}

impl Link {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Add(add) = self;
        if let Some(path) = &add.jsonl {
            return lines::add_lines(context, path, add.dry_run);
        }
        let dry_run = add.dry_run;
        let draft = add.draft()?;
        let added = publish(&mut Client::connect(context, "admin.sock")?, &draft, dry_run)?;
        context.out.print(&added, Added::in_words);
        Ok(())
    }
}

impl Added {
    fn in_words(&self) -> String {
        let mut text = String::new();
        let mut line = |line: String| writeln!(text, "{line}").expect("writing to a String cannot fail");
        match &self.receipt {
            Some(receipt) => {
                line(format!("entry {}", receipt.id));
                line(in_words(receipt.state).to_owned());
            }
            None => line("nothing is signed: this is what the link would be".into()),
        }
        if !self.read.is_empty() {
            let fields = self.read.iter().map(|(name, value)| format!("{name} {value}"));
            line(format!("read from the files: {}", fields.collect::<Vec<_>>().join(", ")));
        }
        if !self.dropped.is_empty() {
            let fields = self.dropped.iter().map(|dropped| format!("{} {}", dropped.field, dropped.value));
            line(format!("left out: {}", fields.collect::<Vec<_>>().join(", ")));
        }
        for warning in &self.warnings {
            line(format!("warning: {} (entry {})", warning.message, warning.entry));
        }
        text
    }
}

fn in_words(state: ReceiptState) -> &'static str {
    match state {
        ReceiptState::Released => "published",
        ReceiptState::Queued => "signed; it will be published within the hour",
        ReceiptState::Inbox => "signed; it will be published when a member vouches for this node's key",
        ReceiptState::Known => "was published before",
    }
}

impl Add {
    fn draft(self) -> Result<Draft, Failure> {
        let torrent = self.torrent.as_deref().map(read_torrent).transpose()?;
        Ok(Draft {
            magnet: self.magnet.unwrap_or_default(),
            torrent: torrent.unwrap_or_default(),
            mbid: self.mbid.unwrap_or_default(),
            artist: self.artist.unwrap_or_default(),
            title: self.title.unwrap_or_default(),
            year: self.year.unwrap_or_default(),
            types: self.types.unwrap_or_default(),
            media: self.media.unwrap_or_default(),
            format: self.format.unwrap_or_default(),
            encoding: self.encoding.unwrap_or_default(),
            log: self.log.unwrap_or_default(),
            cue: self.cue.unwrap_or_default(),
            label: self.label.unwrap_or_default(),
            catno: self.catno.unwrap_or_default(),
        })
    }
}

fn read_torrent(path: &Path) -> Result<String, Failure> {
    let length = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
    if length > MAX_TORRENT_BYTES as u64 {
        let message = format!("The .torrent file has {length} bytes; at most {MAX_TORRENT_BYTES} are read.");
        return Err(Failure::bad("torrent.length", "torrent", message, "Give the magnet instead."));
    }
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    Ok(data_encoding::BASE64.encode(&bytes))
}

/// Has the node sign a link, or look at it where `dry_run`.
fn publish(client: &mut Client, draft: &Draft, dry_run: bool) -> Result<Added, Failure> {
    let path = if dry_run { "/admin/v1/links?check=true" } else { "/admin/v1/links" };
    let answer = client.post(path, draft)?;
    serde_json::from_value(answer).map_err(|error| {
        Failure::bad("node.answer", "", format!("{error}."), "Is the node of another version?")
    })
}

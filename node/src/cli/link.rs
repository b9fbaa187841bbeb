//! `deadwax link`: publishing torrent links through the running node.

use super::Context;
use super::client::Client;
use super::output::Failure;
use crate::submit::{Draft, Receipt, ReceiptState};
use clap::{Args, Subcommand};
use deadwax_index::torrent::MAX_TORRENT_BYTES;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Link {
    /// Publish one link, or a file of them
    Add(Add),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["magnet", "torrent", "jsonl"]))]
pub struct Add {
    /// The torrent as a magnet
    #[arg(long)]
    magnet: Option<String>,
    /// The torrent as a .torrent file
    #[arg(long, value_name = "FILE")]
    torrent: Option<PathBuf>,
    /// Many links: a JSON object with these fields on each line
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// MBID or musicbrainz.org address of the release group, release or recording
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
    /// Record label of the edition
    #[arg(long)]
    label: Option<String>,
    /// Catalogue number of the edition
    #[arg(long)]
    catno: Option<String>,
}

/// What became of the lines of a file.
#[derive(Debug, Default, Serialize)]
struct Bulk {
    read: u64,
    new: u64,
    known: u64,
    invalid: u64,
}

impl Link {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Add(add) = self;
        if let Some(path) = &add.jsonl {
            return add_lines(context, path);
        }
        let draft = add.draft()?;
        let receipt = publish(&mut Client::connect(context, "admin.sock")?, &draft)?;
        context.out.print(&receipt, |receipt| {
            let state = match receipt.state {
                ReceiptState::Released => "published",
                ReceiptState::Queued => "signed; it will be published within the hour",
                ReceiptState::Inbox => {
                    "signed; it will be published when a member vouches for this node's key"
                }
                ReceiptState::Known => "was published before",
            };
            format!("entry {}\n{state}\n", receipt.id)
        });
        Ok(())
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

fn publish(client: &mut Client, draft: &Draft) -> Result<Receipt, Failure> {
    let answer = client.post("/admin/v1/links", draft)?;
    serde_json::from_value(answer).map_err(|error| {
        Failure::bad("node.answer", "", format!("{error}."), "Is the node of another version?")
    })
}

/// Publishes each line of a file. A line that is refused is reported with its number, and the rest
/// goes on; running the same file again publishes only what is missing.
fn add_lines(context: &Context, path: &Path) -> Result<(), Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
    let length = file.metadata().map_err(|error| Failure::file(path, &error))?.len();
    let mut client = Client::connect(context, "admin.sock")?;
    // Drawn on standard error, and only on a terminal.
    let bar = ProgressBar::new(length).with_style(
        ProgressStyle::with_template("{bar:30} {percent}% · {elapsed} · {eta} left · {msg}")
            .expect("the template is constant"),
    );
    let mut bulk = Bulk::default();
    for (number, line) in (1u64..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|error| Failure::file(path, &error))?;
        bar.inc(line.len() as u64 + 1);
        if line.trim().is_empty() {
            continue;
        }
        bulk.read += 1;
        let draft = serde_json::from_str::<Draft>(&line).map_err(|error| {
            Failure::bad("link.json", "", format!("{error}."), "Write one JSON object on each line.")
        });
        match draft.and_then(|draft| publish(&mut client, &draft)) {
            Ok(receipt) if receipt.state == ReceiptState::Known => bulk.known += 1,
            Ok(_) => bulk.new += 1,
            Err(failure) => {
                bulk.invalid += 1;
                bar.suspend(|| context.out.fail(failure.at_line(number)));
            }
        }
        bar.set_message(format!("{} new, {} known, {} refused", bulk.new, bulk.known, bulk.invalid));
    }
    bar.finish_and_clear();
    context.out.print(&bulk, |bulk| {
        format!(
            "{} lines: {} new, {} known before, {} refused\n",
            bulk.read, bulk.new, bulk.known, bulk.invalid
        )
    });
    if bulk.invalid > 0 {
        let message = format!("{} lines were refused.", bulk.invalid);
        return Err(Failure::bad("link.lines", "", message, "Mend them and run the same command again."));
    }
    Ok(())
}

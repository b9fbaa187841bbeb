//! `deadwax import`: entries from a file into the set. A running node takes them in itself, so that its
//! search index and its peers hear of them; without one, the command works on the files.

use super::Context;
use super::client::Client;
use super::output::Failure;
use crate::run;
use clap::Args;
use deadwax_index::import::{Report, import};
use deadwax_index::ingest::ingest;
use deadwax_index::store::Store;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Import {
    /// File written by `deadwax export --cbor` or `--jsonl`, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Import {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        // Drawn on standard error, and only on a terminal.
        let bar = ProgressBar::no_length().with_style(
            ProgressStyle::with_template("{bar:20} {percent}% · {bytes_per_sec} · {eta} left · {msg}")
                .expect("the template is constant"),
        );
        let input: Box<dyn Read + Send> = if self.file == Path::new("-") {
            Box::new(bar.wrap_read(io::stdin()))
        } else {
            let file = File::open(&self.file).map_err(|error| Failure::file(&self.file, &error))?;
            let metadata = file.metadata().map_err(|error| Failure::file(&self.file, &error))?;
            bar.set_length(metadata.len());
            Box::new(bar.wrap_read(file))
        };
        let report = match Client::connect(context, "admin.sock") {
            Ok(mut client) => client.upload("/admin/v1/import", input),
            Err(failure) if failure.is_no_node() => offline(context, input, &bar),
            Err(failure) => Err(failure),
        };
        bar.finish_and_clear();
        told(context, &report?)
    }
}

/// Takes the entries in without a node, and keeps one from starting meanwhile.
fn offline(context: &Context, input: impl Read, bar: &ProgressBar) -> Result<Report, Failure> {
    let _lock = run::lock(&context.data_dir).map_err(|error| {
        let fix = "A node is about to start or stop there: try again in a moment.";
        Failure::bad("import.locked", "", format!("{error:#}."), fix)
    })?;
    let store = Store::open(&context.data_dir).map_err(|error| {
        let fix = "Is the data directory that of a node, and of this version?";
        let problem = error.problem();
        problem.map_or_else(
            || Failure::bad("import.store", "", format!("The store cannot be opened: {error}."), fix),
            Failure::refused,
        )
    })?;
    let progress = |_, report: &Report| {
        bar.set_message(format!("{} new, {} known, {} invalid", report.new, report.known, report.invalid));
    };
    import(input, |entries| ingest(&store, entries, None), progress)
        .map_err(|error| Failure::refused(error.problem()))
}

/// Prints what became of the entries; what was wrong with the file goes to standard error.
fn told(context: &Context, report: &Report) -> Result<(), Failure> {
    const AGAIN: &str = "All others were taken in. Get the file again, or these entries from another node.";
    for fault in &report.faults {
        let message = format!("At {}: {}.", fault.at, fault.reason);
        context.out.fail(Failure::bad("import.entry", "", message, "It was left out."));
    }
    context.out.print(report, |report| {
        let Report { read, new, known, invalid, refused, .. } = report;
        format!(
            "{read} entries: {new} new, {known} known before, {refused} not in the set, {invalid} invalid\n"
        )
    });
    if let Some(place) = report.cut {
        let message = format!("The file is cut: it ends in the middle of the entry at {place}.");
        return Err(Failure::bad("import.cut", "", message, AGAIN));
    }
    if report.invalid > 0 {
        let message = format!("{} entries of the file are invalid.", report.invalid);
        return Err(Failure::bad("import.invalid", "", message, AGAIN));
    }
    Ok(())
}

//! `deadwax export`: the whole set as a file, whether or not a node runs.

use super::Context;
use super::output::Failure;
use clap::Args;
use deadwax_index::export::{self, ExportError, Exported, Progress, SqliteExported};
use deadwax_index::store::Store;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("form").required(true).args(["cbor", "jsonl", "sqlite"]))]
pub struct Export {
    /// Write a CBOR sequence of heads and bodies
    #[arg(long)]
    cbor: bool,
    /// Write a JSON object for each entry, one on a line
    #[arg(long)]
    jsonl: bool,
    /// Write an SQLite database with documented views, for any SQLite tool
    #[arg(long)]
    sqlite: bool,
    /// File to write, or - for standard output (not with --sqlite)
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

impl Export {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let dir = &context.data_dir;
        // Opening a store makes one where there is none.
        if !dir.join("entries.db").exists() {
            let message = format!("There is no node's data in {}.", dir.display());
            return Err(Failure::bad("export.absent", "", message, "Name its folder with --data-dir."));
        }
        let store = Store::open(dir).map_err(|error| Failure::refused(ExportError::from(error).problem()))?;
        if self.sqlite {
            return self.copy(context, &store);
        }
        if self.out == Path::new("-") {
            let written = self.write(&store, io::stdout().lock());
            return match written {
                // Who reads it has read enough.
                Err(ExportError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                written => written.map(drop).map_err(|error| Failure::refused(error.problem())),
            };
        }
        let exported = export::into_place(&self.out, self.force, |new| {
            let file = File::create(new);
            let file = file.map_err(|source| ExportError::File { path: new.to_owned(), source })?;
            self.write(&store, file)
        });
        let exported = exported.map_err(|error| Failure::refused(error.problem()))?;
        context.out.print(&exported, |exported| {
            let Exported { entries, core, main, size_bytes, .. } = exported;
            format!("{entries} entries ({main} in main, {core} in core), {size_bytes} bytes\n")
        });
        Ok(())
    }

    fn copy(&self, context: &Context, store: &Store) -> Result<(), Failure> {
        if self.out == Path::new("-") {
            return Err(Failure::usage("A database cannot be written to standard output. Name a file."));
        }
        let bar = bar();
        let copied = export::export_sqlite(store, &self.out, self.force, |(read, total)| {
            bar.set_length(total);
            bar.set_position(read);
        });
        bar.finish_and_clear();
        let copied = copied.map_err(|error| Failure::refused(error.problem()))?;
        context.out.print(&copied, |copied| {
            let SqliteExported { entries, rows, size_bytes } = copied;
            format!("{entries} entries, {rows} rows of what they say, {size_bytes} bytes\n")
        });
        Ok(())
    }

    fn write(&self, store: &Store, out: impl io::Write) -> Result<Exported, ExportError> {
        let bar = bar();
        let progress = |(written, total): Progress| {
            bar.set_length(total);
            bar.set_position(written);
        };
        let exported = match self.cbor {
            true => export::cbor(store, out, progress),
            false => export::jsonl(store, out, progress),
        };
        bar.finish_and_clear();
        exported
    }
}

/// Drawn on standard error, and only on a terminal.
fn bar() -> ProgressBar {
    ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{bar:20} {percent}% · {pos} entries · {per_sec} · {eta} left")
            .expect("the template is constant"),
    )
}

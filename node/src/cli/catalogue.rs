//! `deadwax catalogue`: MusicBrainz reference data from its dumps, whether or not a node runs.

use super::Context;
use super::output::Failure;
use clap::Subcommand;
use deadwax_index::catalogue::{self, Catalogue as Open, Stats};
use deadwax_index::store::StoreError;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Catalogue {
    /// Import MusicBrainz JSON dumps, in place of those that were imported before
    Import {
        /// artist.tar.xz, label.tar.xz, release-group.tar.xz, release.tar.xz, or a folder with them
        #[arg(required = true, value_name = "DIR|FILE")]
        sources: Vec<PathBuf>,
    },
    /// Show how much the catalogue holds
    Stats,
}

impl Catalogue {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let stats = match self {
            Self::Import { sources } => import(context, &sources)?,
            Self::Stats => stats(context)?,
        };
        context.out.print(&stats, text);
        Ok(())
    }
}

fn import(context: &Context, sources: &[PathBuf]) -> Result<Stats, Failure> {
    // Drawn on standard error, and only on a terminal.
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{bar:20} {percent}% · {bytes_per_sec} · {eta} left · {msg}")
            .expect("the template is constant"),
    );
    let imported = catalogue::import(&context.data_dir, sources, |progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.read_bytes);
        let end = if progress.read_bytes == progress.total_bytes { ", checking" } else { "" };
        bar.set_message(format!("{} records{end}", progress.records));
    });
    bar.finish_and_clear();
    imported.map_err(|error| Failure::refused(error.problem()))
}

fn stats(context: &Context) -> Result<Stats, Failure> {
    let unreadable = |error: StoreError| {
        let fix = "Import the dumps again; nothing else depends on it.";
        Failure::bad("catalogue.store", "", format!("The catalogue cannot be read: {error}."), fix)
    };
    let catalogue = Open::open(&context.data_dir).map_err(unreadable)?.ok_or_else(|| {
        let message = "There is no catalogue in this data directory.".into();
        let fix = "Import one with `deadwax catalogue import`; a node works without it, too.";
        Failure::bad("catalogue.absent", "", message, fix)
    })?;
    catalogue.stats().map_err(unreadable)
}

fn text(stats: &Stats) -> String {
    let Stats { artists, labels, release_groups, releases, dump, size_bytes } = stats;
    let dump = if dump.is_empty() { "unknown" } else { dump };
    format!(
        "release groups  {release_groups}\nreleases        {releases}\nartists         {artists}\n\
         labels          {labels}\ndump            {dump}\nsize            {size_bytes} bytes\n"
    )
}

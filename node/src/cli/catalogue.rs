//! `deadwax catalogue`: MusicBrainz reference data from its dumps, whether or not a node runs.

use super::Context;
use super::output::Failure;
use clap::Subcommand;
use deadwax_index::catalogue::{self, Catalogue as Open, Options, Progress, Stage, Stats};
use deadwax_index::store::StoreError;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A pace of less time is chance.
const MIN_PACE_SECS: f64 = 1.0;

#[derive(Debug, Subcommand)]
pub enum Catalogue {
    /// Import MusicBrainz dumps, in place of those that were imported before
    Import {
        /// artist.tar.xz, label.tar.xz, release-group.tar.xz, release.tar.xz, mbdump.tar.bz2, or a folder
        /// with them
        #[arg(required = true, value_name = "DIR|FILE")]
        sources: Vec<PathBuf>,
        /// Leave out the tracks of releases
        #[arg(long)]
        without_tracks: bool,
    },
    /// Show how much the catalogue holds
    Stats,
}

impl Catalogue {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let stats = match self {
            Self::Import { sources, without_tracks } => {
                import(context, &sources, Options { with_tracks: !without_tracks })?
            }
            Self::Stats => stats(context)?,
        };
        context.out.print(&stats, text);
        Ok(())
    }
}

fn import(context: &Context, sources: &[PathBuf], options: Options) -> Result<Stats, Failure> {
    // Drawn on standard error, and only on a terminal.
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{bar:12} {percent}% of {total_bytes} · {msg}")
            .expect("the template is constant"),
    );
    let mut pace = Pace::default();
    let imported = catalogue::import_with(&context.data_dir, sources, options, |progress| {
        if bar.is_hidden() {
            return;
        }
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.read_bytes);
        bar.set_message(match progress.stage {
            Stage::Resuming => "looking for what is left of an import".to_owned(),
            Stage::Reading => pace.at(&progress, Instant::now()),
            Stage::Finishing => "making indexes, and checking".to_owned(),
        });
    });
    bar.finish_and_clear();
    imported.map_err(|error| Failure::refused(error.problem()))
}

/// How fast an import is, without what an import before had read already: that only has to be skipped.
#[derive(Default)]
struct Pace {
    start: Option<(Instant, Progress)>,
}

impl Pace {
    /// Records, rate and remaining time.
    fn at(&mut self, progress: &Progress, now: Instant) -> String {
        // As long as all records are known, nothing is read anew.
        if progress.records == progress.known_records {
            self.start = Some((now, *progress));
        }
        let (since, start) = *self.start.get_or_insert((now, *progress));
        let secs = now.duration_since(since).as_secs_f64();
        let (records, bytes) = (progress.records - start.records, progress.read_bytes - start.read_bytes);
        if records == 0 || bytes == 0 || secs < MIN_PACE_SECS {
            return format!("{} records", HumanCount(progress.records));
        }
        let rest_bytes = progress.total_bytes.saturating_sub(progress.read_bytes);
        let left = Duration::from_secs_f64(secs * rest_bytes as f64 / bytes as f64);
        let rate = HumanCount((records as f64 / secs) as u64);
        format!("{} records, {rate}/s · {} left", HumanCount(progress.records), HumanDuration(left))
    }
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
    let Stats { artists, labels, release_groups, releases, tracks, redirects, dump, size_bytes } = stats;
    let dump = if dump.is_empty() { "unknown" } else { dump };
    format!(
        "release groups  {release_groups}\nreleases        {releases}\ntracks          {tracks}\n\
         artists         {artists}\nlabels          {labels}\nmerged MBIDs    {redirects}\n\
         dump            {dump}\nsize            {size_bytes} bytes\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_what_is_new() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        let mut at = |secs, records, known_records, read_bytes| {
            let progress =
                Progress { stage: Stage::Reading, read_bytes, total_bytes: 1000, records, known_records };
            pace.at(&progress, start + Duration::from_secs(secs))
        };
        assert_eq!(at(0, 5_000, 5_000, 400), "5,000 records");
        assert_eq!(at(10, 10_000, 10_000, 500), "10,000 records", "skipped");
        assert_eq!(at(10, 10_001, 10_000, 500), "10,001 records", "too soon to say");
        assert_eq!(at(20, 20_000, 10_000, 600), "20,000 records, 1,000/s · 40 seconds left");
        assert_eq!(at(60, 60_000, 10_000, 1000), "60,000 records, 1,000/s · 0 seconds left");
    }
}

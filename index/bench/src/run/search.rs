//! How long questions take.

use super::Setting;
use crate::measure::{Measurement, Target, quantile};
use crate::plain::{Fts5, TOP, Tantivy};
use crate::queries::{self, Asked};
use anyhow::Result;
use deadwax_index::search::{Hits, Query, SearchIndex};
use deadwax_index::store::Store;
use std::collections::BTreeSet;
use std::time::Instant;

/// The committed questions, each text once.
fn questions() -> Vec<(Asked, &'static str)> {
    let mut seen = BTreeSet::new();
    queries::committed().filter(|(_, text)| seen.insert(*text)).collect()
}

/// The times of one program, in milliseconds, with the sort of each question.
#[derive(Default)]
struct Times(Vec<(Asked, f64)>);

impl Times {
    fn add<T>(&mut self, asked: Asked, answer: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let answer = answer()?;
        self.0.push((asked, started.elapsed().as_secs_f64() * 1e3));
        Ok(answer)
    }

    fn quantile(&self, of: Option<Asked>, share: f64) -> f64 {
        let times = self.0.iter().filter(|(asked, _)| of.is_none_or(|of| of == *asked));
        let times: Vec<f64> = times.map(|(_, ms)| *ms).collect();
        (quantile(&times, share) * 1e4).round() / 1e4
    }
}

fn ask(search: &SearchIndex, store: &Store, text: &str) -> Result<Hits> {
    let query = Query { text: text.to_owned(), limit: TOP, ..Query::default() };
    Ok(search.search(store, &query)?)
}

/// For each kind of question what programs took, in the order of `whose`.
fn details(measurement: &mut Measurement, whose: &str, times: &[&Times]) {
    let [ours, baseline, ..] = times else { return };
    let kinds = [None].into_iter().chain(Asked::ALL.map(Some));
    for kind in kinds {
        if ours.quantile(kind, 0.5) == 0.0 {
            continue;
        }
        let name = kind.map_or("all".to_owned(), |kind| kind.to_string());
        let all = |share| times.iter().map(|times| times.quantile(kind, share)).collect::<Vec<_>>();
        measurement.detail(&format!("{name}: p50, p99 in ms, {whose}"), (all(0.5), all(0.99)));
    }
    let p99 = ours.quantile(None, 0.99) / baseline.quantile(None, 0.99).max(f64::MIN_POSITIVE);
    measurement.detail("ratio_p99", p99);
}

/// `search`: each sample is the median over all questions, and each round has an index that was opened anew,
/// so that no answer is remembered from the round before.
///
/// The baseline does the same work as far as tantivy does any of it by itself: the ten best, how many match, how
/// many of each type and decade, what is listed of each from its own store, and another look with all words
/// fuzzy if nothing matches. It does not finish the last word, knows no whole names, no priors, links or
/// seeders, joins nothing from another file, and gives up where ours tries half of the words. The ten best and
/// their number alone stand among the details.
pub(super) fn search(setting: &Setting) -> Result<Measurement> {
    let names =
        ["ten best, count, facets and what is listed, median", "bare tantivy: the same of its own, median"];
    let mut measurement = Measurement::new("search", "ms", names, Some(Target::RatioAtMost(1.3)));
    let (data, bare) = setting.searchable()?;
    let store = Store::open(&data)?;
    let bare = Tantivy::open(&bare)?;
    let (mut ours, mut baseline, mut bare_hits) = (Times::default(), Times::default(), Times::default());
    let mut found = (0, 0);
    for round in 0..=setting.scale.samples {
        let index = SearchIndex::open(&data)?;
        ask(&index, &store, "the")?;
        let (mut ours_now, mut baseline_now) = (Times::default(), Times::default());
        let mut hits_now = Times::default();
        for (asked, text) in questions() {
            let hits = ours_now.add(asked, || ask(&index, &store, text))?;
            let answer = baseline_now.add(asked, || bare.answer(text))?;
            hits_now.add(asked, || bare.search(text))?;
            found.0 += u64::from(hits.total > 0);
            found.1 += u64::from(answer.count > 0);
        }
        // The first round brings the files into memory.
        if round > 0 {
            measurement.ours.push(ours_now.quantile(None, 0.5));
            measurement.baseline.push(baseline_now.quantile(None, 0.5));
            ours.0.extend(ours_now.0);
            baseline.0.extend(baseline_now.0);
            bare_hits.0.extend(hits_now.0);
        }
    }
    let whose = "ours, baseline, and its ten best and count alone";
    details(&mut measurement, whose, &[&ours, &baseline, &bare_hits]);
    let rounds = setting.scale.samples + 1;
    measurement.detail("questions", questions().len());
    measurement.detail("of_which_found_something", [found.0 / rounds, found.1 / rounds]);
    measurement.detail("segments_of_baseline", bare.segments()?);
    Ok(measurement)
}

/// `fts5`: questions of words only, as FTS5 has no filters.
pub(super) fn fts5(setting: &Setting) -> Result<Measurement> {
    let names =
        ["ten best, count, facets and what is listed, median", "SQLite FTS5: ten best by BM25, median"];
    let mut measurement = Measurement::new("fts5", "ms", names, Some(Target::RatioAtMost(1.0 / 40.0)));
    let (data, _) = setting.searchable()?;
    let store = Store::open(&data)?;
    let index = SearchIndex::open(&data)?;
    let fts = Fts5::open(&setting.fts5()?)?;
    let (mut ours, mut baseline) = (Times::default(), Times::default());
    for round in 0..=setting.scale.samples {
        let (mut ours_now, mut baseline_now) = (Times::default(), Times::default());
        for (asked, text) in questions().into_iter().filter(|(asked, _)| asked.is_words()) {
            ours_now.add(asked, || ask(&index, &store, text))?;
            baseline_now.add(asked, || fts.search(text, asked == Asked::Prefix))?;
        }
        if round > 0 {
            measurement.ours.push(ours_now.quantile(None, 0.5));
            measurement.baseline.push(baseline_now.quantile(None, 0.5));
            ours.0.extend(ours_now.0);
            baseline.0.extend(baseline_now.0);
        }
    }
    details(&mut measurement, "ours and baseline", &[&ours, &baseline]);
    measurement
        .detail("bytes_a_document_fts5", std::fs::metadata(setting.fts5()?)?.len() / setting.scale.groups);
    Ok(measurement)
}

//! How long it takes to make the search index of a catalogue, and how much room it takes.

use super::{Setting, timed};
use crate::machine;
use crate::measure::{Measurement, Target};
use crate::plain::{Holds, Tantivy};
use anyhow::Result;
use deadwax_index::search::SearchIndex;
use deadwax_index::store::Store;

/// `search-index`: ours reads the catalogue, the baseline a file with the texts of the same documents. Both have
/// one thread that indexes, and merge to the end. The baseline has one more, that reads and makes documents; of ours
/// one reads and one makes them.
pub(super) fn search_index(setting: &Setting) -> Result<Measurement> {
    let names = ["catalogue.db to a merged search index", "tantivy, from texts that wait in a file"];
    let mut measurement = Measurement::new("search-index", "s", names, Some(Target::RatioAtMost(1.5)));
    let data = setting.catalogued()?;
    let documents = setting.documents()?;
    let (mut sizes, mut peaks, mut cores) = (Vec::new(), Vec::new(), Vec::new());
    let store = Store::open(&data)?;
    for _ in 0..setting.scale.samples.min(5) {
        let bare = setting.fresh("bare")?;
        let before = machine::cpu_secs();
        let ((), secs) = timed(|| Tantivy::build(&bare, &documents, Holds::Words))?;
        let between = machine::cpu_secs();
        measurement.baseline.push(secs);
        let _ = std::fs::remove_dir_all(data.join("search"));
        let forgot = machine::forget_peak();
        let (groups, secs) = timed(|| {
            let search = SearchIndex::open(&data)?;
            let progress = search.catch_up(&store)?;
            search.finish()?;
            Ok(progress.groups)
        })?;
        measurement.ours.push(secs);
        cores.push([machine::cpu_secs() - between, between - before]);
        anyhow::ensure!(groups == setting.scale.groups, "{groups} groups were indexed");
        peaks.extend(forgot.then(machine::peak_bytes).transpose()?.map(|bytes| bytes >> 20));
        let bytes = |dir| Ok::<_, anyhow::Error>(machine::folder_bytes(dir)? / groups);
        sizes.push((bytes(&data.join("search"))?, bytes(&bare)?));
    }
    measurement.detail("bytes_a_document", sizes.iter().map(|(ours, _)| ours).collect::<Vec<_>>());
    measurement.detail("bytes_a_document_bare", sizes.iter().map(|(_, bare)| bare).collect::<Vec<_>>());
    measurement.detail("cpu_secs_ours_and_baseline", cores);
    measurement.detail("target_bytes_a_document", 250);
    measurement.detail("peak_mib", peaks);
    std::fs::remove_dir_all(setting.work.join("bare"))?;
    Ok(measurement)
}

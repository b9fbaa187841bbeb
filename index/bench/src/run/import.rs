//! How long it takes to import a catalogue, and how much room it takes.

use super::{Setting, timed};
use crate::catalogue;
use crate::machine;
use crate::measure::{Measurement, Target};
use anyhow::Result;
use deadwax_index::catalogue::{Kind, Record, Stats, import as import_catalogue};
use std::path::Path;

/// Decompresses and parses all lines to the same structs, and drops them; returns how many.
fn parse_all(dumps: &Path) -> Result<u64> {
    let mut records = 0;
    for kind in Kind::ALL {
        catalogue::lines(dumps, kind, |line| {
            std::hint::black_box(Record::parse(kind, line)?);
            records += 1;
            Ok(true)
        })?;
    }
    Ok(records)
}

fn records(stats: &Stats) -> u64 {
    stats.artists + stats.labels + stats.release_groups + stats.releases
}

/// `import`.
pub(super) fn import(setting: &Setting) -> Result<Measurement> {
    let names = ["archives to catalogue.db, checked and synced", "the same archives decompressed and parsed"];
    let mut measurement = Measurement::new("import", "s", names, Some(Target::RatioAtMost(3.0)));
    let dumps = setting.dumps()?;
    let (mut peaks, mut cores, mut sizes, mut rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..setting.scale.samples.min(5) {
        let (parsed, secs) = timed(|| parse_all(&dumps))?;
        measurement.baseline.push(secs);
        let dir = setting.fresh("import")?;
        let forgot = machine::forget_peak();
        let cpu = machine::cpu_secs();
        let (stats, secs) = timed(|| Ok(import_catalogue(&dir, std::slice::from_ref(&dumps), |_| {})?))?;
        cores.push((machine::cpu_secs() - cpu) / secs);
        peaks.extend(forgot.then(machine::peak_bytes).transpose()?.map(|bytes| bytes >> 20));
        anyhow::ensure!(records(&stats) == parsed, "{parsed} records were parsed, and {stats:?} imported");
        sizes.push(stats.size_bytes as f64 / parsed as f64);
        rates.push(parsed as f64 / secs);
        measurement.ours.push(secs);
    }
    measurement.detail("peak_mib", peaks);
    measurement.detail("cores_used", cores);
    measurement.detail("records_a_second", rates);
    measurement.detail("bytes_a_record", sizes);
    measurement.detail("target_bytes_a_record", 200);
    measurement.detail("target_peak_mib", 1024);
    std::fs::remove_dir_all(setting.work.join("import"))?;
    Ok(measurement)
}

//! How long a new process takes to its first answer, and how much memory it holds then.

use super::{Setting, timed};
use crate::machine;
use crate::measure::Measurement;
use crate::plain::Tantivy;
use anyhow::{Context, Result};
use deadwax_index::search::{Query, SearchIndex};
use deadwax_index::store::Store;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

/// A question that many groups answer.
const QUESTION: &str = "the type:album";

/// What one process saw.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Opened {
    /// From opening to the first answer.
    pub secs: f64,
    /// Memory of the process then, with the pages of mapped files.
    pub resident_bytes: u64,
    /// Memory of the process then, without them.
    pub anonymous_bytes: u64,
    /// Hits.
    pub hits: u64,
}

/// Opens an index and asks it once: what the hidden command `open-once` does.
///
/// # Errors
/// There is no index.
pub fn open_once(dir: &Path, bare: bool) -> Result<Opened> {
    let (hits, secs, _kept): (u64, f64, Box<dyn std::any::Any>) = if bare {
        let ((index, hits), secs) = timed(|| {
            let index = Tantivy::open(dir)?;
            let (hits, _) = index.search(QUESTION)?;
            Ok((index, hits))
        })?;
        (hits as u64, secs, Box::new(index))
    } else {
        let ((index, store, hits), secs) = timed(|| {
            let (store, index) = (Store::open(dir)?, SearchIndex::open(dir)?);
            // As a node does when it starts.
            index.catch_up(&store)?;
            let query = Query { text: QUESTION.to_owned(), limit: 10, ..Query::default() };
            let hits = index.search(&store, &query)?.total;
            Ok((index, store, hits))
        })?;
        (hits, secs, Box::new((index, store)))
    };
    Ok(Opened {
        secs,
        resident_bytes: machine::resident_bytes()?,
        anonymous_bytes: machine::anonymous_bytes()?,
        hits,
    })
}

/// `open`.
pub(super) fn open(setting: &Setting) -> Result<Measurement> {
    let names = ["store and index opened, looked over and asked once", "bare tantivy opened and asked once"];
    let mut measurement = Measurement::new("open", "s", names, None);
    let (data, bare) = setting.searchable()?;
    let (mut resident, mut anonymous) = (Vec::new(), Vec::new());
    for _ in 0..setting.scale.samples.min(5) {
        let ours = in_new_process(setting, &data, false)?;
        let baseline = in_new_process(setting, &bare, true)?;
        anyhow::ensure!(ours.hits > 0, "nothing was found");
        measurement.ours.push(ours.secs);
        measurement.baseline.push(baseline.secs);
        resident.push(ours.resident_bytes >> 20);
        anonymous.push(ours.anonymous_bytes >> 20);
    }
    measurement.detail("target_secs", 3);
    measurement.detail("resident_mib", resident);
    measurement.detail("of_which_not_mapped_files_mib", anonymous);
    measurement.detail("target_mib", 300);
    Ok(measurement)
}

fn in_new_process(setting: &Setting, dir: &Path, bare: bool) -> Result<Opened> {
    let mut command = Command::new(&setting.program);
    command.arg("open-once").arg(dir);
    if bare {
        command.arg("--bare");
    }
    let output = command.output().with_context(|| format!("cannot run {}", setting.program.display()))?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

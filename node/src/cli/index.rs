//! `deadwax index`: what follows from the entries, made anew or compared by its hashes.

use super::Context;
use super::output::Failure;
use crate::run;
use clap::Subcommand;
use data_encoding::HEXLOWER;
use deadwax_index::search::{SearchError, SearchIndex};
use deadwax_index::store::Store;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where the search index is, below the data directory.
const SEARCH_DIRECTORY: &str = "search";

#[derive(Debug, Subcommand)]
pub enum Index {
    /// Make the projections and the search index anew from the entries; no node may run meanwhile
    Rebuild,
    /// Print a hash of each projection: equal sets with the same bodies have equal ones
    Digest,
}

#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<u64>,
    projections: BTreeMap<&'static str, String>,
}

impl Index {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        if !context.data_dir.join("entries.db").exists() {
            let message = format!("There are no entries in {}.", context.data_dir.display());
            return Err(Failure::bad("store.absent", "", message, "Name a node's folder with --data-dir."));
        }
        let answer = match self {
            Self::Rebuild => rebuild(context)?,
            Self::Digest => {
                let store = Store::open(&context.data_dir).map_err(Failure::store)?;
                Answer { entries: None, groups: None, projections: digests(&store)? }
            }
        };
        context.out.print(&answer, text);
        Ok(())
    }
}

fn rebuild(context: &Context) -> Result<Answer, Failure> {
    // Held to the end, so that no node starts in the middle.
    let _lock = run::lock(&context.data_dir).map_err(|error| {
        let fix = "Stop the node first; `deadwax index digest` works while it runs.";
        Failure::bad("node.running", "", format!("The projections cannot be rebuilt: {error:#}."), fix)
    })?;
    let store = Store::open(&context.data_dir).map_err(Failure::store)?;
    // Drawn on standard error, and only on a terminal.
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{bar:20} {percent}% · {pos} entries · {per_sec} · {eta} left")
            .expect("the template is constant"),
    );
    let rebuilt = store.rebuild_projections(|progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.entries);
    });
    bar.finish_and_clear();
    let entries = rebuilt.map_err(Failure::store)?.entries;
    let groups = rebuild_search(context, &store)?;
    Ok(Answer { entries: Some(entries), groups: Some(groups), projections: digests(&store)? })
}

fn rebuild_search(context: &Context, store: &Store) -> Result<u64, Failure> {
    let directory = context.data_dir.join(SEARCH_DIRECTORY);
    match std::fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::file(&directory, &error));
        }
        _ => {}
    }
    // How many there will be is not known.
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("search index: {pos} groups · {per_sec} · {elapsed}")
            .expect("the template is constant"),
    );
    let rebuild = || -> Result<u64, SearchError> {
        let search = SearchIndex::open(&context.data_dir)?;
        let progress = search.catch_up_with(store, &mut |groups| bar.set_position(groups))?;
        search.finish()?;
        Ok(progress.groups)
    };
    let rebuilt = rebuild();
    bar.finish_and_clear();
    rebuilt.map_err(|error| match error.problem() {
        // A full disk has the same code wherever it is met.
        Some(problem) => Failure::refused(problem),
        None => {
            let fix = "The projections are done. Check the disk, and try again.";
            Failure::bad("search.index", "", format!("The search index cannot be rebuilt: {error}."), fix)
        }
    })
}

fn digests(store: &Store) -> Result<BTreeMap<&'static str, String>, Failure> {
    let digests = store.projection_digests().map_err(Failure::store)?;
    Ok(digests.into_iter().map(|(name, digest)| (name, HEXLOWER.encode(&digest))).collect())
}

fn text(answer: &Answer) -> String {
    let mut out = String::new();
    if let (Some(entries), Some(groups)) = (answer.entries, answer.groups) {
        out += &format!("{entries} entries folded, {groups} groups in the search index\n");
    }
    for (name, digest) in &answer.projections {
        out += &format!("{name:<15} {digest}\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Output;
    use deadwax_index::entry::identity::Identity;
    use deadwax_index::ingest::ingest;

    fn context() -> (tempfile::TempDir, Context) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let link = r#"{"infohash_v1":"5a5b5c5d5e5f606162636465666768696a6b6c6d",
            "mbid":"8d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0","mbid_kind":"release-group",
            "artist":"The Salt Cartographers","title":"Maps of Low Water"}"#;
        let link = deadwax_index::entry::json::body_from_json(32, link.as_bytes()).unwrap();
        let link = Identity::from_secret([3; 32]).sign(link, 32, 0, 494_000);
        ingest(&store, &[link], None).unwrap();
        let context =
            Context { data_dir: dir.path().to_owned(), config_file: None, out: Output { json: true } };
        (dir, context)
    }

    #[test]
    fn a_rebuild_makes_projections_and_search_anew() {
        let (dir, context) = context();
        let before = digests(&Store::open(dir.path()).unwrap()).unwrap();
        let stale = dir.path().join(SEARCH_DIRECTORY).join("stale");
        std::fs::create_dir_all(&stale).unwrap();
        let answer = rebuild(&context).unwrap();
        assert_eq!((answer.entries, answer.groups), (Some(1), Some(1)));
        assert_eq!(answer.projections, before);
        assert!(!stale.exists());
    }

    #[test]
    fn a_rebuild_is_refused_while_a_node_runs() {
        let (dir, context) = context();
        let node = run::lock(dir.path()).unwrap();
        let Err(refused) = rebuild(&context) else { panic!("rebuilt under a running node") };
        assert!(format!("{refused:?}").contains("node.running"), "{refused:?}");
        Index::Digest.run(&context).unwrap();
        drop(node);
        rebuild(&context).unwrap();
    }
}

//! Real records and other people's files: the project's corpus, which is not part of this repository. The tests
//! look for it in `DEADWAX_CORPUS`, or in `shared/corpus` beside the checkout. In CI its absence is a
//! failure; elsewhere the tests say that they were skipped.
#![allow(clippy::unwrap_used)]

mod catalogue;
mod judged;
mod torrents;

use std::path::PathBuf;

/// The corpus with what `needed` names in it, or `None` after saying that a test was skipped.
fn corpus(test: &str, needed: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus");
    let path = std::env::var_os("DEADWAX_CORPUS").map_or_else(|| beside.into(), PathBuf::from);
    if path.join(needed).exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "the corpus is missing in CI");
    println!("skipped: {test}: no corpus at {} (set DEADWAX_CORPUS)", path.display());
    None
}

//! `deadwax sync`: what two nodes' sets do not share, from files of their sketches.

use super::Context;
use super::output::Failure;
use clap::Subcommand;
use data_encoding::HEXLOWER;
use deadwax_index::entry::Scope;
use deadwax_index::entry::charter::CharterId;
use deadwax_index::store::Store;
use deadwax_index::sync::sketch::{
    OPEN_NETWORK, SKETCH_BYTES, SYMBOL_BYTES, SketchItem, SketchKey, Symbol, decode, read_symbols,
};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Sync {
    /// Tell which ids only one of two sets has, from their sketches
    ///
    /// A sketch does not say on which side an id is. That is told where one of the two sets has fewer than
    /// some 11,000 entries, or little more or less than the node in the data directory.
    Decode {
        /// A sketch, or its beginning, as GET /sync/v1/main/sketch answers it
        #[arg(value_name = "SKETCH")]
        left: PathBuf,
        /// The other set's, of the same network and scope
        #[arg(long, value_name = "SKETCH")]
        against: PathBuf,
        /// The id of the charter that both nodes have pinned, 64 hexadecimal digits
        #[arg(long, value_name = "ID")]
        network: Option<CharterId>,
    },
}

#[derive(Default, Serialize)]
struct Answer {
    /// Whether these are all.
    complete: bool,
    only_left: Vec<String>,
    only_right: Vec<String>,
    /// Those of which the sketches do not tell the side.
    unknown_side: Vec<String>,
}

impl Sync {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Decode { left, against, network } = self;
        let network = network.map_or(OPEN_NETWORK, |charter| charter.0);
        let answer = Answer::of(&context.data_dir, &network, &read(&left)?, &read(&against)?);
        context.out.print(&answer, text);
        Ok(())
    }
}

impl Answer {
    fn of(data_dir: &Path, network: &[u8; 32], left: &[Symbol], right: &[Symbol]) -> Self {
        let decoded = decode(SketchKey::of_network(network), left, right);
        let left_has = items_of(data_dir, network, left).map(|items| (items, true));
        let side = left_has.or_else(|| items_of(data_dir, network, right).map(|items| (items, false)));
        let mut answer = Answer { complete: decoded.is_complete, ..Answer::default() };
        for item in decoded.items {
            let list = match &side {
                None => &mut answer.unknown_side,
                Some((set, is_left)) if set.has(&item) == *is_left => &mut answer.only_left,
                Some(_) => &mut answer.only_right,
            };
            list.push(HEXLOWER.encode(&item));
        }
        answer
    }
}

/// A set as its sketch differs from one that is known: that of nothing, or a store's.
struct KnownSet {
    store: Option<(Store, Scope)>,
    differs: BTreeSet<SketchItem>,
}

impl KnownSet {
    fn has(&self, item: &SketchItem) -> bool {
        let in_store = self.store.as_ref().is_some_and(|(store, scope)| {
            store.not_listed(*scope, std::slice::from_ref(item)).is_ok_and(|missing| missing.is_empty())
        });
        in_store != self.differs.contains(item)
    }
}

/// The items of a sketch, if it alone tells them, or together with the node in the data directory.
fn items_of(data_dir: &Path, network: &[u8; 32], symbols: &[Symbol]) -> Option<KnownSet> {
    let key = SketchKey::of_network(network);
    let differing = |known: &[Symbol]| {
        let decoded = decode(key, symbols, known);
        decoded.is_complete.then(|| decoded.items.into_iter().collect())
    };
    if let Some(differs) = differing(&vec![Symbol::default(); symbols.len()]) {
        return Some(KnownSet { store: None, differs });
    }
    if !data_dir.join("entries.db").exists() {
        return None;
    }
    // Which scope they are of is not in the files.
    let store = Store::open(data_dir).ok()?;
    let found = Scope::ALL.into_iter().find_map(|scope| {
        let known = store.sketch_symbols(scope, network, symbols.len()).ok()?;
        Some((scope, differing(&known)?))
    });
    found.map(|(scope, differs)| KnownSet { store: Some((store, scope)), differs })
}

fn read(path: &Path) -> Result<Vec<Symbol>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    read_symbols(&bytes).ok_or_else(|| {
        let message = format!(
            "{} has {} bytes; a sketch has {SKETCH_BYTES}, its beginning a multiple of {SYMBOL_BYTES}.",
            path.display(),
            bytes.len()
        );
        Failure::bad("sketch.length", "", message, "Read it with GET /sync/v1/main/sketch from a node.")
    })
}

fn text(answer: &Answer) -> String {
    let Answer { complete, only_left, only_right, unknown_side } = answer;
    let mut text = String::new();
    for (side, ids) in [("left", only_left), ("right", only_right), ("?", unknown_side)] {
        ids.iter().for_each(|id| text += &format!("{side:<6} {id}\n"));
    }
    let all = if *complete { "These are all." } else { "There are more, which these symbols do not tell." };
    text + all + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadwax_index::entry::identity::Identity;
    use deadwax_index::ingest::ingest;
    use deadwax_index::sync::sketch::Sketch;

    #[test]
    fn sides_are_told_by_one_sketch_alone_or_by_the_node() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut author = Identity::from_secret([3; 32]);
        let entries: Vec<_> = (0..420).map(|n| author.sign(vec![0xa0], 32, n, 494_000)).collect();
        ingest(&store, &entries[..405], None).unwrap();
        let items: Vec<_> = entries.iter().map(|entry| entry.head().id().prefix()).collect();
        let sketch = |items: &[SketchItem]| {
            let mut sketch = Sketch::new(SketchKey::of_network(&OPEN_NETWORK));
            items.iter().for_each(|item| sketch.toggle(item));
            sketch
        };
        let hex = |items: &[SketchItem]| {
            let mut hex: Vec<_> = items.iter().map(|item| HEXLOWER.encode(item)).collect();
            hex.sort_unstable();
            hex
        };
        let (left, right) = (sketch(&items[..400]), sketch(&items[10..]));
        let elsewhere = dir.path().join("elsewhere");
        // Whole sketches tell all of such small sets; of their beginnings each needs the node.
        for (symbols, data_dir, known) in
            [(16_384, elsewhere.as_path(), true), (200, dir.path(), true), (200, elsewhere.as_path(), false)]
        {
            let (left, right) = (&left.symbols()[..symbols], &right.symbols()[..symbols]);
            let answer = Answer::of(data_dir, &OPEN_NETWORK, left, right);
            assert!(answer.complete);
            if known {
                assert_eq!((answer.only_left, answer.only_right), (hex(&items[..10]), hex(&items[400..])));
                assert!(answer.unknown_side.is_empty());
            } else {
                assert_eq!(answer.unknown_side, hex(&[&items[..10], &items[400..]].concat()));
            }
        }
    }
}

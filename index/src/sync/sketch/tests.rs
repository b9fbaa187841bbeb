use super::*;
use proptest::prelude::*;

fn key() -> SketchKey {
    SketchKey::of_network(&OPEN_NETWORK)
}

/// Items that look like ids.
fn items(seed: u64, count: u64) -> Vec<SketchItem> {
    let item = |n: u64| {
        let hash = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(n.to_le_bytes()).finalize();
        hash.first_chunk().copied().unwrap()
    };
    (0..count).map(item).collect()
}

fn sketch(sets: &[&[SketchItem]]) -> Sketch {
    let mut sketch = Sketch::new(key());
    sets.iter().copied().flatten().for_each(|item| sketch.toggle(item));
    sketch
}

fn sorted(sets: &[&[SketchItem]]) -> Vec<SketchItem> {
    let mut all = sets.concat();
    all.sort_unstable();
    all
}

#[test]
fn a_difference_is_peeled_whatever_the_sets_have_in_common() {
    let common = items(1, 20_000);
    for (count, symbols) in [(0, 1), (1, 16), (100, 230), (1_000, 1_600), (10_000, 14_600)] {
        let (left, right) = (items(2, count / 3), items(3, count - count / 3));
        let (a, b) = (sketch(&[&common, &left]), sketch(&[&common, &right]));
        let decoded = decode(key(), &a.symbols()[..symbols], &b.symbols()[..symbols]);
        assert_eq!(decoded, Decoded { items: sorted(&[&left, &right]), is_complete: true }, "{count}");
    }
}

#[test]
fn too_few_symbols_are_incomplete_and_what_peels_is_true() {
    let different = items(2, 1_000);
    let (a, b) = (sketch(&[&different]), sketch(&[]));
    for symbols in [1, 100, 900, 1_200] {
        let decoded = decode(key(), &a.symbols()[..symbols], &b.symbols()[..symbols]);
        assert!(!decoded.is_complete, "{symbols}");
        assert!(decoded.items.iter().all(|item| different.contains(item)), "{symbols}");
    }
}

#[test]
fn a_prefix_tells_about_how_many_differ() {
    for (count, symbols) in [(30, 128), (100, 128), (1_000, 1_024), (8_000, 8_192)] {
        let (a, b) = (sketch(&[&items(2, count)]), sketch(&[]));
        let estimated = estimate(&a.symbols()[..symbols], &b.symbols()[..symbols]).unwrap() as f64;
        let share = estimated / count as f64;
        assert!((0.6..1.6).contains(&share), "{count}: {estimated}");
    }
    let (a, b) = (sketch(&[&items(2, 9_000)]), sketch(&[]));
    assert_eq!(estimate(&a.symbols()[..128], &b.symbols()[..128]), None);
}

#[test]
fn networks_have_different_sketches() {
    let mut other = Sketch::new(SketchKey::of_network(&[1; 32]));
    let one = items(1, 1);
    other.toggle(&one[0]);
    assert_ne!(other.to_bytes(), sketch(&[&one]).to_bytes());
}

/// An item that stands in one symbol only, though it is part of others, would be peeled in turn for ever.
#[test]
fn symbols_that_lie_end() {
    let lies = items(4, 200);
    let mut symbols = vec![Symbol::default(); SYMBOLS];
    for (item, n) in lies.iter().zip(0..) {
        let draw = key().draw(item);
        let check = draw.check;
        let part = draw.below(SYMBOLS).nth(n % 3).unwrap();
        symbols[part].toggle(u128::from_be_bytes(*item), check);
    }
    let decoded = decode(key(), &symbols, sketch(&[]).symbols());
    assert!(!decoded.is_complete);
    assert!(decoded.items.len() <= SYMBOLS);
}

#[test]
fn a_sketch_is_read_back_and_nothing_longer() {
    let sketch = sketch(&[&items(1, 50)]);
    let bytes = sketch.to_bytes();
    assert_eq!(bytes.len(), SKETCH_BYTES);
    assert_eq!(read_symbols(&bytes).unwrap(), sketch.symbols());
    assert_eq!(read_symbols(&bytes[..SYMBOL_BYTES * 3]).unwrap(), sketch.symbols()[..3]);
    assert_eq!(read_symbols(&bytes[..SYMBOL_BYTES + 1]), None);
    assert_eq!(read_symbols(&[bytes.as_slice(), &[0; SYMBOL_BYTES]].concat()), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_joins_and_leaves_gives_the_sketch_of_what_is_left(
        ids in prop::collection::btree_map(any::<SketchItem>(), any::<bool>(), 0..40),
    ) {
        let mut running = Sketch::new(key());
        ids.keys().for_each(|item| running.toggle(item));
        ids.iter().filter(|(_, leaves)| **leaves).for_each(|(item, _)| running.toggle(item));
        let left: Vec<_> = ids.iter().filter(|(_, leaves)| !**leaves).map(|(item, _)| *item).collect();
        prop_assert_eq!(running, sketch(&[&left]));
    }

    #[test]
    fn arbitrary_symbols_end(bytes in prop::collection::vec(any::<u8>(), 0..SYMBOL_BYTES * 60)) {
        let whole = bytes.len() / SYMBOL_BYTES * SYMBOL_BYTES;
        let symbols = read_symbols(&bytes[..whole]).unwrap();
        let decoded = decode(key(), &symbols, Sketch::new(key()).symbols());
        prop_assert!(decoded.items.len() <= symbols.len());
        estimate(&symbols, Sketch::new(key()).symbols());
    }
}

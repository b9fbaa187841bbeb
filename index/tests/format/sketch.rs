//! Sketches against `sketch.json`.

use crate::{hex, list, text, vectors};
use data_encoding::HEXLOWER;
use deadwax_index::sync::sketch::{Sketch, SketchItem, SketchKey, decode};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn key(vector: &Value) -> SketchKey {
    SketchKey::of_network(&hex(text(vector, "network")).try_into().unwrap())
}

fn sketch(key: SketchKey, items: impl Iterator<Item = SketchItem>) -> Sketch {
    let mut sketch = Sketch::new(key);
    items.for_each(|item| sketch.toggle(&item));
    sketch
}

#[test]
fn sets_have_the_sketches_of_the_vectors() {
    for set in list(&vectors("sketch.json"), "sets") {
        let ids = set["ids"].as_array().unwrap().iter().map(|id| hex(id.as_str().unwrap()));
        let bytes = sketch(key(set), ids.map(|id| *id.first_chunk().unwrap())).to_bytes();
        assert!(bytes.starts_with(&hex(text(set, "prefix"))), "{set}");
        assert_eq!(HEXLOWER.encode(&Sha256::digest(bytes)), text(set, "sha256"), "{set}");
    }
}

#[test]
fn differences_are_those_of_the_vectors() {
    for vector in list(&vectors("sketch.json"), "differences") {
        let side = |side: &str| {
            let [first, last] = [0, 1].map(|at| vector[side][at].as_u64().unwrap() as u32);
            let ids = (first..last).map(|n| Sha256::digest(n.to_be_bytes()));
            sketch(key(vector), ids.map(|id| *id.first_chunk().unwrap()))
        };
        let symbols = vector["symbols"].as_u64().unwrap() as usize;
        let (left, right) = (side("left"), side("right"));
        let decoded = decode(key(vector), &left.symbols()[..symbols], &right.symbols()[..symbols]);
        assert_eq!(Some(decoded.is_complete), vector["complete"].as_bool());
        let items: Vec<_> = decoded.items.iter().map(|item| HEXLOWER.encode(item)).collect();
        let different = vector["different"].as_array().unwrap();
        assert!(items.iter().all(|item| different.iter().any(|different| different == item)));
        assert!(!decoded.is_complete || items.len() == different.len());
    }
}

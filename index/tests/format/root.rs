//! The root against `root.json`.

use crate::{hex, list, text, vectors};
use deadwax_index::entry::{EntryId, Scope};
use deadwax_index::sync::root::SetSum;
use sha2::{Digest, Sha256};

#[test]
fn sets_have_the_roots_of_the_vectors() {
    for set in list(&vectors("root.json"), "sets") {
        let scope = Scope::from_name(text(set, "scope")).unwrap();
        let ids: Vec<EntryId> =
            set["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().parse().unwrap()).collect();
        let mut sum = SetSum::default();
        ids.iter().for_each(|id| sum.insert(id));
        assert_eq!(Sha256::digest(sum.lanes_to_bytes())[..], hex(text(set, "lanes_sha256")), "{ids:?}");
        assert_eq!(sum.root(scope)[..], hex(text(set, "root")), "{ids:?}");

        ids.iter().for_each(|id| sum.remove(id));
        assert_eq!(sum, SetSum::default(), "taking out undoes putting in");
    }
}

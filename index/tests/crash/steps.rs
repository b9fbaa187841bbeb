//! What a worker puts into the set, step by step: it follows from one number, so that the test knows what
//! has to be there.

use crate::Random;
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::link::Link;
use deadwax_index::entry::{EntryId, Kind, Scope, VerifiedEntry, VerifiedHead};
use deadwax_index::ingest::{TailPosition, ingest};
use deadwax_index::mbid::{MbidKind, Uuid};
use deadwax_index::store::{Store, StoreError};
use std::collections::BTreeMap;

/// An author's steps: each joins the set in one transaction, or not at all.
pub struct Steps {
    author: Identity,
    random: Random,
    n: u64,
    /// Signed with its body and offered without.
    bare: Vec<VerifiedEntry>,
    most: u64,
}

impl Steps {
    /// Steps of up to `most` entries.
    pub fn new(seed: u64, most: u64) -> Self {
        let mut secret = [0x5a; 32];
        secret[..8].copy_from_slice(&seed.to_le_bytes());
        let author = Identity::from_secret(secret);
        Self { author, random: Random(seed), n: 0, bare: Vec::new(), most }
    }

    fn link(&mut self, n: u64, created: u64) -> VerifiedEntry {
        let body = link(self.random.next()).to_body().unwrap();
        self.author.sign(body, Kind::Link.number(), n, created)
    }
}

impl Iterator for Steps {
    type Item = Vec<VerifiedEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut step = Vec::new();
        for _ in 0..1 + self.random.below(self.most) {
            let n = self.n;
            match self.random.below(12) {
                // A second entry for a slot that one has.
                0 if n > 0 => {
                    let again = self.random.below(n);
                    step.push(self.link(again, 494_000 + n));
                    continue;
                }
                // A body that comes after its head.
                1 if !self.bare.is_empty() => {
                    step.extend(self.bare.pop());
                    continue;
                }
                2 => {
                    let entry = self.link(n, 494_000);
                    let head = VerifiedHead::verify(entry.head().bytes()).unwrap();
                    step.push(VerifiedEntry::new(head, None).unwrap());
                    self.bare.push(entry);
                }
                3 if n < 64 => step.push(self.author.sign(vec![0xa1, 0x05, 0x07], 2, n, 494_000)),
                _ => step.push(self.link(n, 494_000)),
            }
            self.n += 1;
        }
        Some(step)
    }
}

/// An invented record.
pub fn link(number: u64) -> Link {
    const WORDS: [&str; 8] = ["Salt", "Maps", "Low", "Water", "Harbour", "Ebb", "Tide", "Lantern"];
    let word = |shift: u32| WORDS[(number >> shift) as usize % WORDS.len()];
    let mut infohash = [0x5a; 20];
    infohash[..8].copy_from_slice(&number.to_le_bytes());
    let json = serde_json::json!({
        "infohash_v1": data_encoding::HEXLOWER.encode(&infohash),
        // Some records have several links.
        "mbid": Uuid::from_u128(0x8d1f_2e3c_4b5a_4968_8776_0000_0000_0000 | u128::from(number >> 24 & 0xff_ffff)),
        "mbid_kind": MbidKind::ReleaseGroup,
        "artist": format!("The {} {}", word(3), word(6)), "title": format!("{} of {} {}", word(9), word(12), number % 1_000),
        "year": 1950 + number % 70, "format": "FLAC",
    });
    serde_json::from_value(json).unwrap()
}

/// Offers some steps one after the other; after each, `done` is told its number, from 1.
pub fn take(
    store: &Store,
    seed: u64,
    most: u64,
    steps: u64,
    mut done: impl FnMut(u64, &Store),
) -> Result<(), StoreError> {
    let peer = peer(seed);
    for (after, step) in (1..=steps).zip(Steps::new(seed, most)) {
        let position = TailPosition { peer: &peer, scope: Scope::Main, incarnation: [7; 16], after };
        ingest(store, &step, Some(position))?;
        done(after, store);
    }
    Ok(())
}

fn peer(seed: u64) -> String {
    format!("unix:/{seed}")
}

/// How many steps of an author the set has, by the position that was committed with them.
pub fn position(store: &Store, seed: u64) -> u64 {
    store.tail_position(&peer(seed), Scope::Main, &[7; 16]).unwrap()
}

/// What the first steps leave in the set: by scope and n the lowest id, and whether its body is there.
pub fn expected(seed: u64, most: u64, steps: u64) -> BTreeMap<(Scope, u64), (EntryId, bool)> {
    let mut slots = BTreeMap::new();
    for entry in Steps::new(seed, most).take(steps as usize).flatten() {
        let head = entry.head();
        let offered = (head.id(), entry.body().is_some());
        let slot: &mut (EntryId, bool) = slots.entry((head.scope(), head.statement().n)).or_insert(offered);
        match slot.0.cmp(&offered.0) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => slot.1 |= offered.1,
            std::cmp::Ordering::Greater => *slot = offered,
        }
    }
    slots
}

/// The set has exactly the first steps of an author, the last of them whole and the next not at all.
pub fn assert_steps(store: &Store, seed: u64, most: u64, steps: u64) {
    let expected = expected(seed, most, steps);
    for ((scope, n), (id, has_body)) in &expected {
        let stored = store.entry(id).unwrap();
        let stored = stored.unwrap_or_else(|| panic!("{seed}: {scope:?} {n} {id} of {steps} steps is lost"));
        assert_eq!(stored.body.is_some(), *has_body, "{seed}: {id}");
    }
    let holds = |id: &EntryId| expected.values().any(|(held, _)| held == id);
    for entry in Steps::new(seed, most).take(steps as usize + 1).flatten() {
        let id = entry.head().id();
        assert!(
            holds(&id) || store.entry(&id).unwrap().is_none(),
            "{seed}: {id} is too much after {steps} steps"
        );
    }
}

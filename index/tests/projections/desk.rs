//! A store at which a few people sign entries by hand.

use deadwax_index::entry::cbor::{Value, encode};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::subject::Subject;
use deadwax_index::entry::{AuthorKey, EntryId};
use deadwax_index::ingest::{Outcome, ingest};
use deadwax_index::mbid::Uuid;
use deadwax_index::store::Store;

pub struct Desk {
    pub store: Store,
    pub dir: tempfile::TempDir,
    people: Vec<Identity>,
}

impl Desk {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let people = (1..=4).map(|secret| Identity::from_secret([secret; 32])).collect();
        Self { store: Store::open(dir.path()).unwrap(), dir, people }
    }

    pub fn author(&self, person: usize) -> AuthorKey {
        self.people[person].author()
    }

    /// Somebody signs with their next n, in the hour of that number.
    pub fn say(&mut self, person: usize, kind: u64, body: Vec<(u64, Value)>) -> EntryId {
        let n = self.people[person].next_n.main;
        self.say_in(person, kind, body, 494_000 + n)
    }

    pub fn say_in(&mut self, person: usize, kind: u64, body: Vec<(u64, Value)>, hour: u64) -> EntryId {
        let n = self.people[person].next_n.main;
        let entry = self.people[person].sign(encode(&Value::Map(body)), kind, n, hour);
        let id = entry.head().id();
        assert!(entry.void_reason().is_none(), "{:?}", entry.void_reason());
        assert_eq!(ingest(&self.store, &[entry], None).unwrap(), [Outcome::New]);
        id
    }

    /// A FLAC link to a record. The hash says which torrent, and how large its one file is.
    pub fn link(&mut self, person: usize, record: u8, hash: u8) -> EntryId {
        self.say(person, 32, link(record, hash))
    }

    pub fn vote(&mut self, person: usize, about: Value, value: i8) -> EntryId {
        let value = if value < 0 { Value::Nint(0) } else { Value::Uint(value as u64) };
        self.say(person, 36, vec![(0, about), (1, value)])
    }

    pub fn retract(&mut self, person: usize, id: EntryId) -> EntryId {
        self.say(person, 46, vec![(0, bytes(&id.0))])
    }
}

pub fn link(record: u8, hash: u8) -> Vec<(u64, Value)> {
    vec![
        (0, bytes(&[hash; 20])),
        (2, bytes(&[record; 16])),
        (3, Value::Uint(0)),
        (5, text("The Salt Cartographers")),
        (6, text("Maps of Low Water")),
        (9, text(if hash.is_multiple_of(2) { "CD" } else { "Vinyl" })),
        (10, text("FLAC")),
        (11, text("Lossless")),
        (20, Value::Array(vec![text("01.flac"), Value::Uint(u64::from(hash))])),
    ]
}

pub fn mbid(record: u8) -> Uuid {
    Uuid::from_bytes([record; 16])
}

/// A release group as a subject, in a body.
pub fn record(record: u8) -> Value {
    Value::Map(vec![(0, bytes(&[record; 16])), (1, Value::Uint(0))])
}

/// An entry as a subject, in a body.
pub fn entry(id: EntryId) -> Value {
    Value::Map(vec![(2, bytes(&id.0))])
}

/// An entry as a subject, in a question.
pub fn about(id: EntryId) -> Subject {
    Subject::Entry(id)
}

pub fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub fn texts(texts: &[&str]) -> Value {
    Value::Array(texts.iter().map(|word| text(word)).collect())
}

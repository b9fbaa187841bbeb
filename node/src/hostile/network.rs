//! A network of four operators for the tests: keys, charters, vouches, ballots.

use super::stage::{A, B, HOSTILE, OTHER_FACE, Stage};
use deadwax_index::entry::ballot::{Ballot, BallotSubject, Dimension, Verdict};
use deadwax_index::entry::charter::{Charter, CharterId};
use deadwax_index::entry::identity::Identity;
use deadwax_index::entry::kind::Kind;
use deadwax_index::entry::link::Link;
use deadwax_index::entry::vouch::Vouch;
use deadwax_index::entry::{AuthorKey, Body, VerifiedEntry};
use deadwax_index::ingest::pin_charter;
use deadwax_index::mbid::Uuid;

/// What each operator may grant: room for one vouch of 1,000 and a little more.
pub const BUDGET: u32 = 1_010;
/// Numbers of the operators: three honest ones, and one who is hostile or whose key is stolen.
pub const OPERATORS: [u32; 4] = [0, 1, 2, 3];
pub const STOLEN: u32 = 3;

pub fn identity(number: u32) -> Identity {
    let mut secret = [77; 32];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    Identity::from_secret(secret)
}

pub fn key(number: u32) -> AuthorKey {
    identity(number).author()
}

pub fn charter(prev: Option<CharterId>, roster: &[u32], signers: &[u32], name: &str) -> Charter {
    let roster = roster.iter().map(|number| key(*number)).collect();
    let charter = Charter { prev, name: name.into(), roster, budget: Some(BUDGET), ..Charter::default() };
    charter.signed(|message| signers.iter().map(|number| identity(*number).sign_charter(message)).collect())
}

pub fn id_of(charter: &Charter) -> CharterId {
    CharterId::of(&charter.to_be_signed())
}

pub fn founding() -> Charter {
    charter(None, &OPERATORS, &OPERATORS, "Tidewater")
}

pub fn sign(author: u32, n: u64, created_hours: u64, body: &Body) -> VerifiedEntry {
    identity(author).sign(body.to_bytes().unwrap(), body.kind().number(), n, created_hours)
}

/// The entry that carries the founding charter.
pub fn founded() -> VerifiedEntry {
    sign(0, 0, 494_000, &Body::Charter(founding()))
}

pub fn vouch(author: u32, n: u64, subject: u32, grant: u32) -> VerifiedEntry {
    sign(author, n, 494_000, &Body::Vouch(Vouch { key: key(subject), grant, withdrawn: false, note: None }))
}

pub fn ballot(author: u32, n: u64, created_hours: u64, subject: u32, verdict: Verdict) -> VerifiedEntry {
    let subject = BallotSubject::Author(key(subject));
    let ballot = Ballot { subject, dimension: Dimension::Author, verdict, reason: None, note: None };
    sign(author, n, created_hours, &Body::Ballot(ballot))
}

/// A link by this author: what a page of its record shows.
pub fn link(author: u32, n: u64, record: u8, infohash: [u8; 20]) -> VerifiedEntry {
    let link: Link = serde_json::from_value(serde_json::json!({
        "infohash_v1": data_encoding::HEXLOWER.encode(&infohash), "mbid": Uuid::from_bytes([record; 16]),
        "mbid_kind": "release-group", "artist": "The Salt Cartographers", "title": "Maps of Low Water",
        "types": [], "trackers": [], "files": [], "edition": {},
    }))
    .unwrap();
    identity(author).sign(link.to_body().unwrap(), Kind::Link.number(), n, 494_000)
}

/// A ballot about what is shown.
pub fn judge(author: u32, n: u64, subject: BallotSubject, verdict: Verdict) -> VerifiedEntry {
    let dimension = subject.dimension();
    sign(author, n, 494_000, &Body::Ballot(Ballot { subject, dimension, verdict, reason: None, note: None }))
}

pub fn main_entry(author: u32, n: u64) -> VerifiedEntry {
    identity(author).sign(vec![0xa1, 0x05, 0x07], 99, n, 494_000)
}

impl Stage {
    /// All nodes belong to the network; the honest ones have its charter.
    pub fn of_network() -> Self {
        let stage = Self::new();
        for node in [A, B, HOSTILE, OTHER_FACE] {
            pin_charter(&stage.nodes[node].store, id_of(&founding())).unwrap();
        }
        stage.publish(A, &[founded()]);
        stage.publish(B, &[founded()]);
        stage
    }
}

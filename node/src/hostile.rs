//! Hostile peers: each test is named after what the peer does, and ends with honest nodes that have equal sets,
//! with a bound on what the peer made them store or read, and with the fault in plain words.
//!
//! The nodes are real, the network is the simulation's ([`crate::simulation::net`]), so that a peer can take its
//! time. `doc/THREAT-MODEL.md` section 6 lists what each of these peers achieves.
//!
//! Not here, because it is tested where it belongs:
//! - a poisoned or endless sketch, digests and lists that lie, an entry that was not asked for:
//!   `peers/watch/tests.rs`;
//! - what was marked before a lie is kept: `peers/follow/tests.rs`;
//! - items in chunks of any size, and arbitrary bytes: `index/src/sync/wire.rs`;
//! - members in any order, the inbox, two heads for one slot: `index/src/members/tests.rs`,
//!   `index/src/ingest/network/tests.rs`; rulings with f hostile operators of 3f + 1:
//!   `index/src/members/tests/operators.rs`;
//! - whoever does not read an answer: `serve.rs`.

mod bombs;
mod members;
mod network;
mod segments;
mod slow;
mod stage;
mod tails;
mod two_faces;

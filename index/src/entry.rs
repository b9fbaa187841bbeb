//! Entries: what is signed, in which bytes, and what those bytes may be (`doc/ENTRY-FORMAT.md`).
//!
//! Not here: which entries belong to a set ([`crate::ingest`]) and what follows from them
//! ([`crate::projection`]).

pub mod body;
pub mod cbor;
pub mod head;
pub mod identity;
pub mod json;
pub mod kind;
pub mod limits;
pub mod link;

pub use body::VerifiedEntry;
pub use head::{AuthorKey, EntryId, Statement, VerifiedHead};
pub use kind::{Kind, Scope};

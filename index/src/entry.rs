//! Entries: what is signed, in which bytes, and what those bytes may be (`doc/ENTRY-FORMAT.md`).
//!
//! Not here: which entries belong to a set ([`crate::ingest`]) and what follows from them
//! ([`crate::projection`]).

pub mod ballot;
pub mod bodies;
pub mod body;
pub mod cbor;
pub mod charter;
pub mod collage;
pub mod fields;
pub mod head;
pub mod identity;
pub mod json;
pub mod kind;
pub mod limits;
pub mod link;
pub mod node;
pub mod opinion;
pub mod own_release;
pub mod reason;
pub mod request;
pub mod retract;
pub mod signature;
pub mod subject;
pub mod texts;
pub mod vouch;

pub use bodies::Body;
pub use body::VerifiedEntry;
pub use fields::BodyError;
pub use head::{AuthorKey, EntryId, Statement, VerifiedHead};
pub use kind::{Kind, Scope};
pub use subject::Subject;

//! An invented catalogue of any size, in the statistics of the real one.
//!
//! It comes in blocks of [`GROUPS`] release groups with their artists, labels and releases. A block
//! depends on its number and the seed alone: the first records of a large catalogue are those of a small
//! one, and any number of threads can make blocks at once. Not here: how records are written
//! ([`json`]) and packed ([`pack`]).

mod json;
#[rustfmt::skip]
mod measured;
mod pack;
mod read;
mod records;
mod words;

pub use pack::{Options, Written, write};
pub use read::{GroupRecord, ReleaseRecord, lines, releases};
pub use records::{Artist, Block, Credit, Group, Label, LabelInfo, Medium, Release, World};

/// Release groups in a block.
pub const GROUPS: u64 = 150;
/// Artists in a block: MusicBrainz has 3.0M for 4.5M groups.
pub const ARTISTS: u64 = 100;
/// Labels in a block.
pub const LABELS: u64 = 10;
/// Blocks whose artists and labels all other blocks name too. Always written.
pub const FAMOUS_BLOCKS: u64 = 10;

/// A track's title, for names of files.
pub fn track_title(numbers: &mut crate::numbers::Numbers) -> String {
    words::track(numbers, measured::Script::Latin)
}

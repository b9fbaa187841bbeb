//! Other nodes: whom to follow, what is known about each, following their tails, and comparing sets.

pub mod address;
pub mod board;
mod candidates;
pub mod choice;
mod claims;
pub mod client;
mod compare;
mod credit;
mod disagreement;
mod doubt;
mod fetch;
pub mod follow;
pub mod items;
pub mod outbound;
pub mod pace;
mod segments;
pub mod shown;
mod sketch;
pub mod status;
mod watch;

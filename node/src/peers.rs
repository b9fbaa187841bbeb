//! Other nodes: their addresses, what is known about each, following their tails, and comparing sets.

pub mod address;
mod claims;
pub mod client;
mod compare;
mod doubt;
mod fetch;
pub mod follow;
pub mod items;
mod segments;
mod sketch;
pub mod status;
mod watch;

//! Other nodes: their addresses, what is known about each, and following their tails.

pub mod address;
pub mod client;
pub mod follow;
pub mod items;
pub mod status;

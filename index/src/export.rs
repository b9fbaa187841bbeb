//! Copies of the set for others.

pub mod sqlite;

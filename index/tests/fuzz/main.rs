//! Every decoder of foreign bytes, fuzzed: what it accepts comes out as it went in and keeps its
//! limits, and whatever it gets, it answers in time. `harness.rs` says how, and how to run a failure
//! again.

#![allow(clippy::unwrap_used)]

mod catalogue;
mod compare;
mod entries;
mod harness;
mod imports;
mod mutate;
mod queries;
mod seeds;
mod segments;
mod self_check;
mod torrents;

//! Catalogues and entries of any size, made from a seed, and measurements of the index beside plain
//! programs that do the same job: ratios, taken in one run.
//!
//! `doc/BENCHMARKS.md` says how to run it and what was seen. Not here: the networks.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod catalogue;
pub mod entries;
pub mod machine;
pub mod measure;
pub mod numbers;
pub mod plain;
pub mod queries;
pub mod run;

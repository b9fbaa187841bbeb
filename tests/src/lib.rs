//! End to end: what the tests of the whole program, the test network and the benchmarks share.

pub mod harness;
pub mod samples;

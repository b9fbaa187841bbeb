//! Projections are folds over the set: whatever comes in whatever order, equal sets show the same.
//!
//! `script.rs` invents what authors sign, `order.rs` delivers it in many ways and compares.

#![allow(clippy::unwrap_used)]

mod order;
mod script;

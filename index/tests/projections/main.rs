//! Projections are folds over the set: whatever comes in whatever order, equal sets show the same.
//!
//! `copy.rs` asks the SQLite copy what its document asks.
//! `shown.rs` says what is shown, one thing at a time, with entries signed at a `desk.rs`.
//! `rulings.rs` says what operators hide, and that it comes back.
//! `script.rs` invents what authors sign, `order.rs` delivers it in many ways and compares.

#![allow(clippy::unwrap_used)]

mod copy;
mod desk;
mod order;
mod rulings;
mod script;
mod shown;

//! What follows from the set: folds over its entries that do not depend on their order.
//!
//! One file per projection. Each can be dropped and rebuilt from the entries.

pub mod links;

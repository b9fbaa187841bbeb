//! Accounts over a store on disk: limits, vouches, lost entries, and what the disk holds.

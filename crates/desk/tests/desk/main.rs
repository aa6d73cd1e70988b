//! The desk with a whole installation around it: real ledger, real vault, real tables.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which fail by panicking")]

mod archive;
mod path;

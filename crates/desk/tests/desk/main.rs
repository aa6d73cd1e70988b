//! The desk with a whole installation around it: real ledger, real vault, real tables.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: what goes wrong ends them, and helpers stand outside of #[test] functions"
)]

mod archive;
mod crashes;
mod crowd;
mod faults;
mod golden;
mod gone;
mod naive;
mod orders;
mod path;
mod refusals;
mod responses;
mod script;
mod shred;
mod sources;
mod swept;
mod time;
mod watched;
mod words;
mod yard;

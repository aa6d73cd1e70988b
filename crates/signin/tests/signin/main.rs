//! Signing in, with a whole installation around it: real ledger, vault, tables and desk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: what goes wrong ends them, and helpers stand outside of #[test] functions"
)]

mod browser;
mod door;
mod factors;
mod first;
mod limits;
mod oracle;
mod passkeys;
mod recovery;
mod sessions;
mod terminals;
mod tokens;
mod town;

//! Evaluation of checks, against figures reckoned record by record.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which fail by panicking"
)]

mod machine;
mod naive;
mod pack;
mod random;
mod stands;
mod town;

//! The store on both databases: one suite, run on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, which fail by panicking"
)]

mod bed;
mod pack;

mod alarms;
mod door;
mod lists;
mod many;
mod plans;
mod pools;
mod postgres;
mod reading;
mod scrubs;
mod searches;
mod state;
mod tells;
mod tombs;
mod turns;
mod versions;

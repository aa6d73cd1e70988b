//! Pages, asked of the router in process, over a whole installation.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests, which fail by panicking")]

mod asvs;
mod defence;
mod export;
mod forms;
mod layers;
mod lists;
mod site;
mod templates;

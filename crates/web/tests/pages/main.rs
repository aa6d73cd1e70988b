//! Pages, asked of the router in process, over a whole installation.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which fail by panicking"
)]

mod agree;
mod alarms;
mod api;
mod asvs;
mod audit;
mod browser;
mod clauses;
mod defence;
mod duties;
mod english;
mod enter;
mod export;
mod filing;
mod forms;
mod gone;
mod incidents;
mod layers;
mod lists;
mod live;
mod manual;
mod matrix;
mod moving;
mod network;
mod notices;
mod outlets;
mod papers;
mod people;
mod readings;
mod records;
mod responses;
mod rooms;
mod signing;
mod site;
mod sources;
mod stopped;
mod templates;
mod terminals;
mod tour;
mod trace;
mod views;
mod warnings;
mod work;

//! The ledger: one writer, its journal, its reader, the vault that seals, the witnesses that watch.
//!
//! Owns: appending durably, publishing tiles, recovering, reading, sealing keys, cosigning.
//! Never: knows a form, a register or SQL; reads the clock or draws randomness by itself (both are arguments).
//! Formats are those of `docs/format.md`, which crate `proof` reads and checks without this crate.

pub mod cosign;
pub mod disk;
pub mod entropy;
pub mod error;
pub mod journal;
pub mod keyfile;
mod ledger;
mod leftovers;
pub mod lock;
pub mod master;
pub mod objects;
mod publisher;
pub mod reader;
mod recover;
mod shared;
mod stepped;
pub mod succession;
pub mod tiles;
pub mod vault;
pub mod verify;
pub mod witness;
mod writer;

pub use ledger::{Ledger, Receipt, create};
pub use recover::Recovered;
pub use stepped::Stepped;
pub use writer::{MOST_BATCH_BYTES, MOST_BATCH_ENTRIES};

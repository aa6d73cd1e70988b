//! The format of a Ward ledger: reading and checking what it says, offline and without trust in its host.
//!
//! Owns: `docs/format.md`, section by section; the order of the modules below is that of the page.
//! Never: writes anything, opens a file, waits, reads the time. Whoever has the bytes has all it needs.
//! Does not: know what an entry means to a form; that is for the crates above.

pub mod base64;
pub mod bundle;
pub mod checkpoint;
pub mod entry;
pub mod hash;
pub mod inclusion;
pub mod json;
pub mod lifecycle;
pub mod note;
pub mod policy;
pub mod seal;
pub mod signature;
pub mod tile;
pub mod tree;

//! Attachments: what is too big for an entry.
//!
//! Owns: the [`Shelf`], which keeps files under the SHA-256 of their stored bytes, in clear or sealed; [`kind::check`],
//! which tells what a file is by its bytes and not by its name alone; [`text::extract`], the text in a file, for search.
//! Invariants: what was put is durable; what is given out has the digest it was asked for by; nothing that a stranger
//! wrote is read without a bound, and the one reader of strange files that is not ours runs confined or not at all.
//! Does not: know which entry speaks of a file, hold or destroy data keys (`ledger::vault`), keep the text it finds.
//! Source: `docs/format.md` §10.5; ADR 0010.

mod confined;
mod digest;
mod encoding;
mod error;
pub mod kind;
mod package;
mod reader;
pub mod sealed;
mod shelf;
pub mod text;

pub use digest::{Digest, DigestError};
pub use error::{GetError, PutError};
pub use kind::{Kind, Refused, check, check_name};
pub use reader::Reader;
pub use shelf::{Keep, Seal, Shelf, Stored, Swept};
pub use text::{ExtractError, Extracted, extract};

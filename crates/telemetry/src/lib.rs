//! Telemetry: every line kept as it was received, provable, and found again.
//!
//! Way of a line: a receiver reads it into a [`Chunk`]; the [`Journal`] makes the chunk durable; a [`Maker`] takes it
//! apart into a [`Block`] of columns and leaves; blocks become a file ([`mod@file`]), and each second the root of what came in
//! it goes into the ledger. Who is known to send them is said by a list ([`source`]).
//! Invariants: what was received is on the disk before it is looked at; no line is dropped or changed; a line is given
//! back to the byte.
//! Never: knows a form, writes the ledger, reads the machine's clock.
//! Source: regulation 27.1.2; `docs/format.md` §8.5.

mod came;
mod chunk;

mod leb;

mod journal;
mod salt;

mod block;
pub mod column;
mod fill;
mod gaps;
pub mod shape;

pub mod file;
pub mod index;

pub mod source;

mod peers;

mod receiver;

pub mod erase;
pub mod merge;

pub mod receive;

pub mod check;
pub mod find;
pub mod follow;
pub mod prove;
pub mod traffic;

pub use block::{Block, Maker, Row, Shapes};
pub use came::{Came, HEAD, leaf};
pub use chunk::{Chunk, ENOUGH_BYTES, MOST_LINES};
pub use gaps::{Gaps, Run};
pub use journal::{Journal, JournalError, Segment};
pub use peers::{MOST as MOST_PEERS, Peer, Peers};
pub use receiver::{
    Acknowledge, Batch, Bell, Figures, Filed, Full, Intake, Receiver, ReceiverError, SEGMENT_AGE,
    SEGMENT_LINES, Since, file_paths, files_folder, journal_folder, lines_of_name,
};
pub use salt::SaltKey;

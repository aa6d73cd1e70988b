//! SQL over lines, for whoever asks what a trace does not answer: counts, groups, times of the day.
//!
//! One table, `lines`: a row for each line, over all receivers, in files and not yet in files. Statements are queries and
//! nothing else. What a query may take of memory, time and rows is an argument; it fails, and nothing else does.
//! Owns: the columns people see ([`mod@column`]), which files and pages a query has to look into.
//! Never: writes anything, knows who asks.
//! Source: `docs/howto/receive-lines.md`; the engine is DataFusion.

mod answer;
pub mod column;
mod group;
mod network;
mod scan;
mod table;
mod wanted;

pub use answer::{Answer, Limits, QueryError, ask};
pub use table::Snapshot;

//! The board: whether each clause is met, reckoned from what the tables hold.
//!
//! Owns: the evaluation of every check a pack declares, for each unit and for all together; what was found wanting; when
//! a check is to be evaluated again, and what of it is to be recorded.
//! Invariants: what is not known is never met; a population of none is met by nothing, and *does not apply* only by a
//! signed statement; what cannot be reckoned says why; no sealed field is read.
//! Never: writes, appends, reads a clock, names a clause or a register.
//! Source: `docs/adr/0016-board.md`; `docs/pack.md`, "Clauses".

mod changes;
mod fact;
mod memory;
mod reach;
mod read;
mod reason;
mod scan;
mod tally;

pub use changes::Changes;
pub use fact::{Fact, Machines};
pub use memory::{Around, Failing, Memory, Shown, Standing};
pub use read::Reading;

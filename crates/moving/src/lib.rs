//! Moving in: tables that a city has already (people, units, terminals, or whatever a register keeps), read and laid out as
//! what would be done, row by row, before anything is.
//!
//! Owns: reading CSV, XLSX and ODS within bounds ([`read`]); the columns of each kind of table and their templates; what
//! each row would do against the people and units there are ([`plan`]).
//! Invariants: nothing is done here; the same table planned again after it was carried out does nothing. A formula is
//! never reckoned: what counts is the value the file shows. Nothing that a stranger wrote is read without a bound.
//! Never: asks the desk, reads a clock, draws an id (they are handed in).
//! Source: `docs/howto/move-in.md`.

mod column;
mod ods;
mod plan;
mod sheet;
mod template;
mod text;
mod xlsx;

pub use column::{Column, Heads, Kind, heads};
pub use plan::{Doing, Fresh, Planned, Wrong, plan};
pub use sheet::{LARGEST, MOST_COLUMNS, MOST_ROWS, Row, Table, read};
pub use template::{file, template};

//! Lines: what devices send, read.
//!
//! Owns: where one message ends and the next begins in a stream ([`Framer`], [`RelpFrame`]); heads (RFC 3164, RFC 5424
//! and what vendors make of them), the vendors' ways of writing, and the fields a line gives ([`Reader`], [`Record`]).
//! Invariants: nothing is dropped and nothing is changed: what is read is named by its place in the line, and a line that
//! no dialect knows is a record without fields. What is read of a line follows from the line, its source and the time of
//! its reception alone. No bytes, however broken, make a reader fail; none take longer than their length.
//! Never: stores, waits, reads the machine's clock, looks up a name, knows a form.
//! Source: regulation 27.1.2; RFC 3164, RFC 5424, RFC 6587; RELP; the vendors' lists of fields, named at each dialect.

mod frame;
mod relp;

mod scan;
mod time;

mod draft;
mod field;
mod head;
mod names;
mod pairs;

mod dialect;
mod record;

pub mod flow;

pub use dialect::Dialect;
pub use field::{Field, Nine, Span, Value};
pub use frame::{Frame, Framer, LONGEST, Part};
pub use record::{Mark, Reader, Record, Source};
pub use relp::{Broken, MOST_DATA, RelpFrame};
pub use time::Stamp;

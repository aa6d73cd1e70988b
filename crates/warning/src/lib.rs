//! Public warnings: what an alert of the Common Alerting Protocol says, and whether something is to be done about it here.
//!
//! `read` takes the bytes of an alert, `place` says whether an area is ours, `judge` whether it is to be acted on.
//! Invariants: only an actual alert to the public, in force, for this place, of an event that is looked for, from a sender
//! that is trusted, is acted on; a test, an exercise, a draft and whatever cannot be read never are. Of an exercise a drill
//! may be planned, where an actual alert would be acted on. No bytes make it fail, and nothing in them is fetched, expanded or believed beyond its bounds.
//! Does not: open a case, keep what was heard, listen anywhere.
//! Source: OASIS Common Alerting Protocol 1.2.

mod alert;
mod judge;
mod place;
mod read;

pub use alert::{Alert, Area, Info, MessageType, Point, Reference, Scope, Status};
pub use judge::{Heard, Ours, Verdict, Why, judge};
pub use place::Place;
pub use read::{LONGEST, ReadError, read};

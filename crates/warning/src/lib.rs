//! Public warnings: what an alert of the Common Alerting Protocol says, whether something is to be done about it here, and
//! what was heard of it before.
//!
//! `read` takes the bytes of an alert, `place` says whether an area is ours, `judge` whether it is to be acted on. `settings`
//! says whom an installation believes, what it looks for and where its rooms stand; `book` remembers what was heard and
//! weighs each alert for each room; an `entry` is what came of it, a line of telemetry.
//! Invariants: only an actual alert to the public, in force, for this place, of an event that is looked for, from a sender
//! that is trusted, is acted on; a test, an exercise, a draft and whatever cannot be read never are. Of an exercise a drill
//! may be planned, where an actual alert would be acted on. No bytes make it fail, and nothing in them is fetched, expanded
//! or believed beyond its bounds. What the book knows follows from its entries alone, so that a restart knows the same.
//! Does not: open a case, listen anywhere, read a clock.
//! Source: OASIS Common Alerting Protocol 1.2; clause 3.9.1; `docs/howto/hear-warnings.md`.

mod alert;
mod book;
mod entry;
mod judge;
mod place;
mod read;
mod settings;

pub use alert::{Alert, Area, Info, MessageType, Point, Reference, Scope, Status};
pub use book::{Book, Concern, HeardAlert, Unheard, Weighed};
pub use entry::{About, Entry, Expected, Heard as HeardEntry, Named, Place as PlaceEntry, Why as Ended};
pub use judge::{Heard, Ours, Verdict, Why, judge};
pub use place::Place;
pub use read::{LONGEST, ReadError, Unread, read};
pub use settings::{Event, Room, Settings};

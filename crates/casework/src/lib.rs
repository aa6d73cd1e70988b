//! Casework: what may be done to records of registers, and what follows from it.
//!
//! Owns: `decide` (state and command to events), `apply` (state and event to state), what is due and when, walks
//! over the flows of a pack.
//! Invariants: nothing passes a step without every signature the step asks for; nobody, counted together with
//! those who stand in for each other, signs twice where two are asked; a change of what was approved voids the
//! approval and says so; events carry every resolved result, so that `apply` needs no pack, clock or other record.
//! Never: does I/O, reads the time, draws randomness, checks cryptography (whoever calls has done so).
//! Source: `docs/pack.md`, "Flow", "Duties", "Moves".

mod rules;

mod case;
mod event;
mod lift;
mod mention;
mod spelled;

mod apply;
mod around;
mod command;
mod refusal;
mod state;

mod decide;
mod due;
mod view;
mod walk;

pub use around::{Appointment, Around, Directory, Records, Seek};
pub use case::{
    Approval, Bound, Case, Content, ContentHash, DutyKey, Ending, EntryNumber, Link, Mark, Object,
    Occurrence, Point, Reference, Running, Seated, Seats, Series, Taken,
};
pub use command::{By, Command, Fill, Permitted, Policy, Signed};
pub use decide::{
    Asked, Asking, Filling, Form, Offer, Origin, Spell, Turn, awaited, decide, form, leads_on, may_refer,
    offered, openings, rehearse, rests, title, turns,
};
pub use due::{clocks_due, duties_chased, duties_due};
pub use event::{Addressee, Body, Entered, Event, Happened, Rooted, Subject, VoidCause, form_of, read_form};
pub use lift::{LiftError, Upcaster, read_body};
pub use mention::{Mention, mentions};
pub use refusal::Refusal;
pub use rules::{Rules, Shelf};
pub use state::{ApplyError, State};
pub use view::seen;
pub use walk::{Edge, Place, by_role, edges, reachable};

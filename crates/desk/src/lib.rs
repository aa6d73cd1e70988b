//! The desk: the command path, and nothing beside it.
//!
//! Owns: authorise, decide, append, commit, answer; clocks and duties as they come; approved destructions; the outbox;
//! published packs; files handed in.
//! Invariants: nothing else changes anything; a command answers after the commit; an acknowledged entry is in the
//! tables, or will be before the next command is taken.
//! Never: knows a form by name, renders anything, reads the machine's clock.
//! Source: `docs/adr/0013-desk.md`.

mod order;
mod outlets;

mod files;
mod keys;
mod packs;
mod seen;
mod sign;

mod entering;
mod overlay;

mod access;
mod alarms;
mod batch;
mod decide;
mod door;
mod gone;
mod responses;

mod clerk;
mod destroy;
mod sweep;
mod tick;

mod assess;
mod desk;
mod outbox;
mod rulings;
mod signing;
mod sources;
mod state;

pub use access::{READ, REFUSED};
pub use assess::Assessed;
pub use desk::{Desk, Opened, Parts, Receipt};
pub use files::{Files, Keeping, LARGEST_FILE};
pub use keys::Vaulted;
pub use order::{About, Asker, Denial, Done, DoorOrder, KeyFault, LinesGoing, MOST_READ, Order, Refused};
pub use outbox::{Sent, Way, Ways};
pub use packs::{MakeSections, PackFiles, read};
pub use rulings::{LineDisposal, LineErasure, LineHold, LineRulings, RulingsRead, Stays, registers, rulings};
pub use seen::{Figures, Seen};
pub use signing::ToSign;
pub use sources::{LineSource, ListedSources, ListedUnits, SourcesRead, UnitsRead};
pub use tick::Ticked;

//! Words everyone shares: identifiers, time, actors, evidence.
//!
//! Owns: one newtype an entity, UTC time in microseconds, civil dates, who acted and how sure we are of it, how bad
//! something is.
//! Never: does I/O, reads the time, draws randomness.

mod actor;
mod id;
mod severity;
mod time;
mod told;

pub use actor::{Actor, Evidence, Person};
pub use id::{DataKeyId, IdError, PersonId, RecordId, SessionId, TerminalId, TokenId, UnitId};
pub use severity::Severity;
pub use time::{CivilDate, Clock, Instant, TimeError};
pub use told::Told;

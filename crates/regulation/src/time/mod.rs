//! Time as offices count it: days off, limits, recurrence, the pack's zone.
//!
//! All pure functions on `model`'s instants and dates; a day past the loaded calendar is an error, never a guess.

mod calendar;
mod limit;
mod recurrence;
mod rule;
mod zone;

pub use calendar::{Calendar, CalendarError, CalendarMissing, Day, DayOff, Roll, WorkDay, Year};
pub use limit::{Limit, LimitError, LimitUnit, OfficeTime};
pub use recurrence::{Occurrence, Recurrence};
pub(crate) use rule::RULE_WORDS;
pub use rule::{Frequency, RuleError, WeekdayRule};
pub use zone::{Span, TimeOfDay, TimeOfDayError, Zone, ZoneError};

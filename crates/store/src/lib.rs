//! The store: tables computed from the ledger, and the little that is neither in the ledger nor computed.
//!
//! Owns: all SQL, on SQLite and PostgreSQL; the projection and its rebuilding; lists, search, the reading predicate;
//! how an event becomes an entry and an entry an event again.
//! Invariants: rows follow from entries alone; position and rows change in one transaction; whatever is read for a
//! person went through that person's predicate; sealed fields are ciphertext.
//! Never: decides anything, appends, sends.
//! Source: `docs/adr/0012-store.md`.

mod error;
mod sql;

mod alarm;
mod board;
mod fact;
mod outlet;
mod response;
mod telemetry;

mod layout;
mod place;
mod schema;

mod fold;
mod row;

mod flush;
mod put;
mod roster;
mod search;
mod tally;

mod projection;
mod rebuild;

mod compare;

mod dump;
mod list;
mod notice;
mod pool;
mod questions;
mod reading;
mod scrub;
mod state;
mod turn;
mod work;

pub use alarm::{
    ALARM_ACKNOWLEDGED, ALARM_CALLED, ALARM_RAISED, ALARM_RESOLVED, ALARM_SETTLED, AlarmAcknowledged,
    AlarmCall, AlarmCalled, AlarmEnd, AlarmFact, AlarmGroup, AlarmLine, AlarmName, AlarmOwner, AlarmRaised,
    AlarmResolved, AlarmRow, AlarmSettled, AlarmState, AlarmsOf, AlarmsWanted,
};
pub use board::{CasePart, Closed, EVALUATED, Evaluated, Evaluation, Figure, Owed, Planned, Verdict};
pub use compare::{Comparison, Difference, Likeness, first_difference};
pub use dump::{digest, dump};
pub use error::StoreError;
pub use fact::{
    Fact, FactError, Gone, Keys, NOTICE_READ, NoticeRead, PUBLISHED, Published, Recorded, Said, UPCASTERS,
    is_reserved, spelled as spelled_actor,
};
pub use layout::{Cell, Column as SheetColumn, Layout, Packs, Sheet};
pub use list::{
    Ask, Column, Counts, Direction, Filter, Found, ListError, Listed, Page, Test, list, search_everywhere,
    seen_of, sees,
};
pub use notice::Notice;
pub use outlet::{
    ALARM_SENT, AlarmNews, AlarmSent, NewsOf, OUTLET_SET, OutletAnswer, OutletAs, OutletFact, OutletRow,
    OutletSet, SentAnswer,
};
pub use place::{FileSort, Place};
pub use pool::Pool;
pub use projection::Projection;
pub use reading::{Readable, Reader};
pub use rebuild::{ReadPacks, Rebuilt, Sources, compare, rebuild};
pub use response::{
    RESPONSE_DONE, RESPONSE_EVENT, RESPONSE_FAILED, ResponseAnswer, ResponseEffect, ResponseEvent,
    ResponseEventRow, ResponseFact, ResponseMissing, ResponseRow, ResponseSeen,
};
pub use sql::{Access, Dialect, Row, Sql, Value};
pub use state::{Answered, Attempt, Draft, Failures, SavedView, SessionRow, Stored, TokenRow, TrafficGone};
pub use telemetry::{
    Gone as LineWent, LINE_ERASED, LINES_BATCH, LINES_FILE, LINES_MERGED, LINES_RETIRED, LINES_TRACED,
    LineErased, LineGone, LinesBatch, LinesEnd, LinesFact, LinesFile, LinesGone, LinesRetired, LinesTraced,
};
pub use turn::{Turn, Turns, turns};
pub use work::{Due, Mention};

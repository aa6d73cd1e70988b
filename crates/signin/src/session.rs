//! Sessions as pages see them.
//!
//! Does not: open or end one, keep anything. A session belongs to one person.

use crate::place::Place;
use identity::Factor;
use model::{Instant, PersonId, SessionId, TerminalId, Told};
use std::collections::BTreeSet;

/// Whoever keeps sessions.
pub trait Sessions: Send + Sync {
    /// The session a cookie stands for, if it is still open at this moment and the request comes from where it was
    /// opened. It may block.
    fn session(&self, cookie: &str, place: &Place, now: Instant) -> Option<Session>;

    /// As [`Sessions::session`], for what a page asks of its own accord: that is no use of it, and it lasts no longer.
    fn glance(&self, cookie: &str, place: &Place, now: Instant) -> Option<Session>;

    /// Is it open still? To be asked is no use of it: it lasts no longer for that. It may block.
    fn is_open(&self, session: &Session, now: Instant) -> bool;
}

/// Whoever checks one-time codes of people who are signed in.
pub trait Codes: Send + Sync {
    /// Is it the person's code of this moment? It is used up by the question. It may block.
    ///
    /// # Errors
    /// It cannot be said: too many wrong ones, no such factor, the tables are away.
    fn verify_otp(&self, person: PersonId, code: &str, now: Instant) -> Result<bool, Told>;
}

/// One log-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub person: PersonId,
    /// What the session's forms carry, so that nobody else's form passes for one of them.
    pub csrf: String,
    /// The registered terminal it was opened at, or the console.
    pub terminal: Option<TerminalId>,
    /// What the person has shown.
    pub factors: BTreeSet<Factor>,
}

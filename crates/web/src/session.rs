//! Who is signed in, and is a one-time code right: the questions pages ask of whoever keeps sessions.
//!
//! Does not: sign anybody in, keep anything. A session belongs to one person.

use model::{Instant, PersonId, SessionId, TerminalId, Told};
use std::collections::BTreeSet;

/// Whoever keeps sessions.
pub trait Sessions: Send + Sync {
    /// The session a cookie stands for, if it is still open at this moment. It may block.
    fn session(&self, cookie: &str, now: Instant) -> Option<Session>;
}

/// Whoever checks one-time codes: asked when somebody signs without a passkey.
pub trait Codes: Send + Sync {
    /// Is it the person's code at this moment? A code that was right is used up. It may block.
    ///
    /// # Errors
    /// Why no code of theirs is looked at now: they have none, or too many were wrong.
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
    /// The registered terminal it was opened at.
    pub terminal: Option<TerminalId>,
    /// What the person has shown.
    pub factors: BTreeSet<Factor>,
}

/// What a person shows to be who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// A one-time code.
    Otp,
    /// A passkey.
    Passkey,
    /// A password.
    Password,
    /// A recovery code.
    Recovery,
}

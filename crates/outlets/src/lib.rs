//! Outlets: the six ways by which an alarm is told.
//!
//! Owns: the [`Message`] of an alarm, and for each way who sends it: a file of alarms, mail, the terminals of people who
//! are logged in, SNMP (traps and informs), the console, a program. The settings of these ([`Settings`]), and the pace of
//! each ([`Course`]): so many a minute, growing pauses while it is down.
//! Invariants: a [`Message`] holds texts of one line that no terminal obeys and no header is broken by ([`Plain`]), whoever
//! wrote them; nothing is said to be done that was not; a secret is in no setting, no answer and no `Debug` form.
//! Does not: decide what is an alarm (`watch`), remember what was sent (the ledger does), use a shell.
//! Source: regulation 27.2.2; RFC 5321, 3207, 3834 (mail); RFC 3411-3418, 3826, 7860 (SNMP); utmp(5).

mod message;
mod plain;
mod words;

mod course;

mod secret;
mod settings;

mod console;
mod file;
mod mail;
mod program;
mod snmp;
mod terminals;
mod tty;

pub use console::ConsoleSetting;
pub use course::{Course, Turn};
pub use file::FileSetting;
pub use mail::{MailSetting, Security};
pub use message::{Message, Title, What};
pub use plain::Plain;
pub use program::ProgramSetting;
pub use secret::Secret;
pub use settings::{Setting, Settings, Way};
pub use snmp::{Access, Engine, SnmpSetting, Sort};
pub use terminals::TerminalSetting;

use model::Told;

/// A way by which messages go.
pub trait Outlet: Send + Sync {
    /// Sends a message. It may have been sent before; its numbers tell the other side.
    fn send(&self, message: &Message) -> Sent;
}

/// How sending went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It was done, as far as the way lets anybody know.
    Done(Told),
    /// It will never be done.
    Refused(Told),
    /// It could not be done; it is to be tried again.
    Later(Told),
}

/// Most characters of what another program or machine answers that are kept.
const LONGEST_ANSWER: usize = 1_000;

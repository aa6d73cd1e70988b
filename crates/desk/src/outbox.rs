//! What leaves Ward: at least once, each try under the number of the entry that asked, its answer an entry again.
//!
//! Rebuilding sends nothing: what is sent is what is asked for and not answered, and that only while the desk is open.

use crate::desk::Desk;
use crate::order::{Asker, Done, Order, Refused};
use casework::{Command, EntryNumber};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Attempt;

/// A way out of Ward.
pub trait Way: Send + Sync {
    /// Sends something. It may have been sent before; the number of the entry tells the other side.
    fn send(&self, attempt: &Attempt) -> Sent;
}

/// How sending went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It was done.
    Done(String),
    /// It will never be done.
    Refused(String),
    /// It could not be tried; it will be again.
    Later(String),
}

/// Ways by their hooks.
pub type Ways = BTreeMap<String, Arc<dyn Way>>;

/// Most things sent in one go.
const MOST: usize = 64;
/// Most characters of an answer that are kept.
const LONGEST_ANSWER: usize = 4_000;

impl Desk {
    /// Sends what is to be sent now; gives how many answers came. What has no way out yet stays, and is shown.
    ///
    /// # Errors
    /// The tables or the ledger failed.
    pub fn send(&self, ways: &Ways) -> Result<u64, Refused> {
        let mut answered = 0;
        for attempt in self.outbox(MOST)? {
            let Some(way) = ways.get(&attempt.hook) else { continue };
            let (done, text) = match way.send(&attempt) {
                Sent::Done(text) => (true, text),
                Sent::Refused(text) => (false, text),
                Sent::Later(text) => {
                    self.not_sent(&attempt, &text)?;
                    continue;
                }
            };
            match self.answer(&attempt, done, &text) {
                Ok(_) => answered += 1,
                Err(refused @ (Refused::Append(_) | Refused::Behind(_) | Refused::Stopped(_))) => {
                    return Err(refused);
                }
                // What came back cannot be entered: it does not keep others from leaving.
                Err(refused) => self.not_sent(&attempt, &refused.told().to_string())?,
            }
        }
        Ok(answered)
    }

    fn answer(&self, attempt: &Attempt, done: bool, text: &str) -> Result<Done, Refused> {
        let hook = attempt.hook.parse().map_err(|_| casework::Refusal::NoSuch(attempt.hook.clone()))?;
        let (record, asked) = (attempt.record, EntryNumber(attempt.entry));
        let text = text.chars().take(LONGEST_ANSWER).collect();
        self.ask(Asker::System, Order::Casework(Command::Answer { record, hook, asked, done, text }))
    }
}

//! A batch on its way: which orders go into it, what they have given, who waits for the answer.
//!
//! Invariants: orders on one record keep their order; what changes the ground others stand on goes alone; nothing is in
//! a batch that the ledger would not take.

use crate::clerk::Work;
use crate::order::{Done, Order, Refused};
use casework::Command;
use ledger::MOST_BATCH_BYTES;
use model::{DataKeyId, RecordId};
use proof::entry::Encoded;
use std::collections::VecDeque;
use std::ops::Range;
use store::Fact;

/// Most orders of a batch.
pub(crate) const MOST_TOGETHER: usize = 256;
/// Bytes of entries after which a batch takes no further order.
const FULL_BYTES: usize = 2 << 20;
/// Bytes of entries that one order may give, so that the ledger takes the batch whatever else is in it.
pub(crate) const MOST_OF_ONE: usize = MOST_BATCH_BYTES - FULL_BYTES;

/// An entry on its way.
pub(crate) struct Entering {
    pub(crate) fact: Option<Fact>,
    pub(crate) key: Option<DataKeyId>,
    pub(crate) encoded: Encoded,
}

/// An order that has given entries, or nothing to enter.
pub(crate) struct Accepted {
    pub(crate) reply: oneshot::Sender<Result<Done, Refused>>,
    /// Its entries within the batch.
    pub(crate) entries: Range<usize>,
    pub(crate) outcome: Result<Option<RecordId>, Refused>,
}

/// What has come of an order.
pub(crate) enum Made {
    /// It looked at a case that the batch has changed: it is decided again in the next one, on committed tables.
    Again,
    /// Entries, and what is answered once they are committed.
    Entries(Vec<Entering>, Result<Option<RecordId>, Refused>),
}

/// A batch.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) entering: Vec<Entering>,
    pub(crate) accepted: Vec<Accepted>,
    /// Orders for the next batch, before those that were not looked at.
    pub(crate) later: VecDeque<Work>,
    /// Orders that were refused without an entry, and answered at once.
    pub(crate) refused: u64,
    /// Decisions that are to be made again.
    pub(crate) again: u64,
    bytes: usize,
    put_off: Vec<RecordId>,
    alone: bool,
}

impl Batch {
    /// The next order that may go in; none when the batch is complete.
    pub(crate) fn next(&mut self, waiting: &mut VecDeque<Work>) -> Option<Work> {
        while let Some(work) = waiting.pop_front() {
            let full = self.accepted.len() >= MOST_TOGETHER || self.bytes > FULL_BYTES;
            let first = self.accepted.is_empty();
            if self.alone || full || (goes_alone(&work.order) && !first) {
                waiting.push_front(work);
                return None;
            }
            if subject(&work.order).is_some_and(|record| self.put_off.contains(&record)) {
                self.later.push_back(work);
                continue;
            }
            return Some(work);
        }
        None
    }

    /// Takes what an order has given.
    pub(crate) fn take(&mut self, work: Work, made: Made) {
        match made {
            Made::Again => {
                self.again += 1;
                self.put_off.extend(subject(&work.order));
                self.later.push_back(work);
            }
            // Nothing is to be entered, so there is nothing to wait for.
            Made::Entries(entering, Err(refused)) if entering.is_empty() => {
                self.refused += 1;
                // Who no longer waits need not be told.
                let _ = work.reply.send(Err(refused));
            }
            Made::Entries(entering, outcome) => {
                self.alone = outcome.is_ok() && goes_alone(&work.order);
                self.bytes += entering.iter().map(|one| one.encoded.len()).sum::<usize>();
                let first = self.entering.len();
                self.entering.extend(entering);
                self.accepted.push(Accepted {
                    reply: work.reply,
                    entries: first..self.entering.len(),
                    outcome,
                });
            }
        }
    }
}

/// Does it change what every other decision rests on?
const fn goes_alone(order: &Order) -> bool {
    matches!(order, Order::Identity(_) | Order::Publish(_))
}

/// The record an order is about.
const fn subject(order: &Order) -> Option<RecordId> {
    match order {
        Order::Casework(
            Command::Answer { record, .. }
            | Command::Move { record, .. }
            | Command::Open { record, .. }
            | Command::Take { record, .. }
            | Command::Tick { record, .. },
        ) => Some(*record),
        _ => None,
    }
}

//! A ledger without threads: whoever holds it says when it writes and when it publishes.
//!
//! The writer and the publisher are those of [`Ledger`](crate::Ledger), and so is recovery; only the waiting is left
//! out. For programs that append and leave, and for tests that must know what happens when.

use crate::error::{AppendError, OpenError, StopReason};
use crate::journal::Journal;
use crate::objects::Objects;
use crate::publisher::Publisher;
use crate::reader::Reader;
use crate::recover::{self, Parts, Recovered};
use crate::shared::Job;
use crate::writer::Writer;
use model::Clock;
use proof::checkpoint::Checkpoint;
use proof::entry::Encoded;
use proof::note::SignerKey;
use std::ops::Range;
use std::sync::Arc;

/// A ledger that is open for appending and does nothing by itself.
pub struct Stepped {
    writer: Writer,
    publisher: Publisher,
}

impl Stepped {
    /// Opens a ledger, as [`Ledger::open`](crate::Ledger::open) does.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        objects: Arc<dyn Objects>,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        keys: Vec<SignerKey>,
    ) -> Result<(Self, Recovered), OpenError> {
        let (writer, publisher, recovered) = recover::open(&Parts { objects, journal, clock }, keys)?;
        Ok((Self { writer, publisher }, recovered))
    }

    /// Appends a batch; it is durable when this returns.
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn append(&mut self, batch: Vec<Encoded>) -> Result<Range<u64>, AppendError> {
        self.append_together(vec![batch]).pop().unwrap_or(Err(AppendError::Stopped(StopReason::Closed)))
    }

    /// Appends batches of several callers together; each is answered for itself.
    pub fn append_together(&mut self, batches: Vec<Vec<Encoded>>) -> Vec<Result<Range<u64>, AppendError>> {
        let (jobs, receipts): (Vec<_>, Vec<_>) = batches
            .into_iter()
            .map(|batch| {
                let (reply, receipt) = oneshot::channel();
                (Job::Append { batch, reply }, receipt)
            })
            .unzip();
        self.step(jobs);
        let closed = || Err(AppendError::Stopped(StopReason::Closed));
        receipts.into_iter().map(|receipt| receipt.recv().unwrap_or_else(|_| closed())).collect()
    }

    /// Hands the ledger over to a new key; gives the number of the entry that says so.
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn change_key(&mut self, new: SignerKey) -> Result<u64, AppendError> {
        let (reply, receipt) = oneshot::channel();
        self.step(vec![Job::ChangeKey { new: Box::new(new), reply }]);
        let answer = receipt.recv().unwrap_or(Err(AppendError::Stopped(StopReason::Closed)));
        answer.map(|range| range.start)
    }

    /// Lets the writer do these jobs, through the queue that answers for a ledger that has stopped.
    fn step(&mut self, jobs: Vec<Job>) {
        jobs.into_iter().for_each(|job| self.writer.shared.submit(job));
        while self.writer.shared.has_jobs()
            && let Some(group) = self.writer.shared.next_jobs()
        {
            self.writer.step(group);
        }
    }

    /// Publishes all that is acknowledged.
    ///
    /// # Errors
    /// Why it has stopped.
    pub fn publish(&mut self) -> Result<(), StopReason> {
        self.going()?;
        self.publisher.step();
        self.going()
    }

    /// Publishes, makes all durable, and lets the journal forget it.
    ///
    /// # Errors
    /// Why it has stopped.
    pub fn flush(&mut self) -> Result<(), StopReason> {
        self.publish()?;
        self.publisher.flush().map_err(|error| {
            let reason = StopReason::Publish(Arc::new(error));
            self.writer.shared.stop(&reason);
            reason
        })
    }

    /// Publishes, makes all durable and empties the journal.
    ///
    /// # Errors
    /// Why it has stopped; what is acknowledged is still in the journal.
    pub fn close(mut self) -> Result<(), StopReason> {
        self.going()?;
        self.publisher.close();
        self.going()
    }

    /// The acknowledged head.
    #[must_use]
    pub fn head(&self) -> Checkpoint {
        self.writer.shared.state().head.clone()
    }

    /// Reads what is acknowledged, published or not.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::live(Arc::clone(&self.publisher.objects), Arc::clone(&self.writer.shared))
    }

    fn going(&self) -> Result<(), StopReason> {
        self.writer.shared.state().stopped.clone().map_or(Ok(()), Err)
    }
}

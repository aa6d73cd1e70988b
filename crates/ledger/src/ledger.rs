//! The ledger of one process: many callers, one writer, one publisher, and those who follow.
//!
//! Owns: the two threads and their end; [`Ledger`] is a handle that can be cloned and sent.
//! Guarantee: what `append` returned for is durable, in order, and published within a second.
//! Does not: decide what is appended.
//! Source: `docs/format.md` §10; clause 24.2.10.

use crate::error::{AppendError, OpenError, StopReason};
use crate::journal::Journal;
use crate::objects::Objects;
use crate::publisher::Publisher;
use crate::reader::Reader;
use crate::recover::{self, Parts, Recovered};
use crate::shared::{Cosigned, Job, Shared, State};
use crate::writer::Writer;
use model::Clock;
use proof::checkpoint::Checkpoint;
use proof::entry::Encoded;
use proof::lifecycle::Created;
use proof::note::SignerKey;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two publications, so that a busy ledger does not write a checkpoint for each batch.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(200);

/// A ledger that is open for appending.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
    objects: Arc<dyn Objects>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// A batch on its way to being acknowledged.
#[must_use = "a batch is acknowledged only when its receipt says so"]
pub struct Receipt(oneshot::Receiver<Result<Range<u64>, AppendError>>);

/// Makes a ledger; `created` becomes its entry 0.
///
/// # Errors
/// `Exists`: there is one, or part of one. `Disk`, `Tiles`, `Entry`, `Sign`.
pub fn create(
    objects: Arc<dyn Objects>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    key: &SignerKey,
    created: &Created,
) -> Result<(), OpenError> {
    recover::create(&Parts { objects, journal, clock }, key, created)
}

impl Ledger {
    /// Opens a ledger and starts its threads. `keys` are the key in use and, after an interrupted change of key, the
    /// next one; the head tells which it is.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        objects: Arc<dyn Objects>,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        keys: Vec<SignerKey>,
    ) -> Result<(Self, Recovered), OpenError> {
        let (writer, publisher, recovered) =
            recover::open(&Parts { objects: Arc::clone(&objects), journal, clock }, keys)?;
        let shared = Arc::clone(&writer.shared);
        let threads =
            vec![std::thread::spawn(move || write(writer)), std::thread::spawn(move || publish(publisher))];
        Ok((Self { shared, objects, threads: Arc::new(Mutex::new(threads)) }, recovered))
    }

    /// Appends a batch and waits until it is durable; gives the numbers of its entries.
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn append(&self, batch: Vec<Encoded>) -> Result<Range<u64>, AppendError> {
        self.submit(batch).wait()
    }

    /// Hands a batch to the writer. Waits only while too much waits already.
    pub fn submit(&self, batch: Vec<Encoded>) -> Receipt {
        let (reply, receipt) = oneshot::channel();
        self.shared.submit(Job::Append { batch, reply });
        Receipt(receipt)
    }

    /// Hands the ledger over to a new key; both sign the entry that says so. The new key must be durably kept before.
    ///
    /// # Errors
    /// [`AppendError`]: the old key stays in use, or (`Unknown`) opening will tell.
    pub fn change_key(&self, new: SignerKey) -> Result<u64, AppendError> {
        let (reply, receipt) = oneshot::channel();
        self.shared.submit(Job::ChangeKey { new: Box::new(new), reply });
        Receipt(receipt).wait().map(|range| range.start)
    }

    /// The acknowledged head.
    #[must_use]
    pub fn head(&self) -> Checkpoint {
        self.shared.state().head.clone()
    }

    /// The acknowledged head, signed.
    #[must_use]
    pub fn signed_head(&self) -> Vec<u8> {
        self.shared.state().signed_head.clone()
    }

    /// Size of the published tree.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.shared.state().published
    }

    /// Why it takes nothing any more; none while it does.
    #[must_use]
    pub fn stopped(&self) -> Option<StopReason> {
        self.shared.state().stopped.clone()
    }

    /// Stops it, for a reason found outside: a witness contradicts.
    pub fn stop(&self, reason: &StopReason) {
        self.shared.stop(reason);
    }

    /// Waits until `size` entries are published or `limit` is over; says whether they are.
    #[must_use]
    pub fn wait_published(&self, size: u64, limit: Duration) -> bool {
        let done = |state: &State| state.published >= size || state.stopped.is_some();
        self.shared.wait(limit, done).published >= size
    }

    /// Waits until more than `size` entries are published, it ends, or `limit` is over; false when it ends.
    pub(crate) fn wait_beyond(&self, size: u64, limit: Duration) -> bool {
        let ends = |state: &State| state.closing || state.stopped.is_some();
        !ends(&self.shared.wait(limit, |state| state.published > size || ends(state)))
    }

    /// Hands the publisher a published head with the cosignatures it has received; `quorum` where they are enough.
    pub(crate) fn offer_cosigned(&self, size: u64, head: Vec<u8>, quorum: bool) {
        self.shared.change(|state| state.cosigned = Some(Cosigned { size, head, quorum }));
    }

    /// Reads what is acknowledged, published or not.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::live(Arc::clone(&self.objects), Arc::clone(&self.shared))
    }

    /// Does what is queued, publishes it, makes it durable in the published files and empties the journal.
    ///
    /// # Errors
    /// The reason why it stopped before; what is acknowledged is still in the journal.
    pub fn close(self) -> Result<(), StopReason> {
        self.shared.close_queue();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that panicked has poisoned nothing that is on disk; opening recovers.
            let _ = thread.join();
        }
        match self.stopped() {
            Some(StopReason::Closed) | None => Ok(()),
            Some(reason) => Err(reason),
        }
    }
}

impl Receipt {
    /// Waits until the batch is durable.
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn wait(self) -> Result<Range<u64>, AppendError> {
        self.0.recv().unwrap_or(Err(AppendError::Stopped(StopReason::Closed)))
    }

    /// The same for callers that must not block.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn acknowledged(self) -> Result<Range<u64>, AppendError> {
        self.0.await.unwrap_or(Err(AppendError::Stopped(StopReason::Closed)))
    }
}

impl Drop for Ledger {
    /// The last handle lets nobody in any more; the threads finish what is queued by themselves.
    fn drop(&mut self) {
        if Arc::strong_count(&self.threads) == 1 {
            self.shared.close_queue();
        }
    }
}

fn write(mut writer: Writer) {
    while let Some(jobs) = writer.shared.next_jobs() {
        writer.step(jobs);
    }
    writer.shared.change(|state| state.closing = true);
}

fn publish(mut publisher: Publisher) {
    let shared = Arc::clone(&publisher.shared);
    loop {
        let due = |state: &State| {
            !state.tail.is_empty() || state.cosigned.is_some() || state.closing || state.stopped.is_some()
        };
        let (closing, stopped) = {
            let state = shared.wait(Duration::from_secs(3600), due);
            (state.closing, state.stopped.is_some())
        };
        if stopped {
            return;
        }
        if closing {
            return publisher.close();
        }
        publisher.step();
        drop(shared.wait(PUBLISH_INTERVAL, |state| state.closing || state.stopped.is_some()));
    }
}

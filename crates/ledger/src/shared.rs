//! What the writer, the publisher, readers and subscribers of one process share.
//!
//! Owns: the queue of jobs; the acknowledged head; entries acknowledged but not yet published; the reason why the
//! ledger stopped. One lock each for queue and state, held for no I/O.

use crate::error::{AppendError, StopReason};
use model::Clock;
use proof::checkpoint::Checkpoint;
use proof::entry::Encoded;
use proof::hash::Hash;
use proof::note::SignerKey;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most bytes of entries that wait for the writer; further callers wait to be let in.
const MOST_WAITING_BYTES: usize = 64 << 20;
/// Most bytes of entries the writer takes at once.
const MOST_GROUP_BYTES: usize = 4 << 20;

/// Entries made durable together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) first: u64,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) leaves: Vec<Hash>,
    /// The head that ends with them, signed.
    pub(crate) head: Vec<u8>,
}

impl Batch {
    pub(crate) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }
}

/// What the writer is asked for.
pub(crate) enum Job {
    Append { batch: Vec<Encoded>, reply: oneshot::Sender<Result<Range<u64>, AppendError>> },
    ChangeKey { new: Box<SignerKey>, reply: oneshot::Sender<Result<Range<u64>, AppendError>> },
}

impl Job {
    fn bytes(&self) -> usize {
        match self {
            Job::Append { batch, .. } => batch.iter().map(Encoded::len).sum(),
            Job::ChangeKey { .. } => 0,
        }
    }

    pub(crate) fn reply(self, result: Result<Range<u64>, AppendError>) {
        let (Job::Append { reply, .. } | Job::ChangeKey { reply, .. }) = self;
        // A caller who no longer waits has lost interest, not the entry.
        let _ = reply.send(result);
    }
}

pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    queue: Mutex<Queue>,
    queued: Condvar,
    admitted: Condvar,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
    closing: bool,
}

/// A published head and the cosignatures it has received.
#[derive(Clone)]
pub(crate) struct Cosigned {
    pub(crate) size: u64,
    pub(crate) head: Vec<u8>,
    /// The quorum of the policy is met.
    pub(crate) quorum: bool,
}

pub(crate) struct State {
    /// The acknowledged head.
    pub(crate) head: Checkpoint,
    /// The same, signed.
    pub(crate) signed_head: Vec<u8>,
    /// Acknowledged batches of which an entry is not published, in order.
    pub(crate) tail: VecDeque<Arc<Batch>>,
    /// Size of the published tree.
    pub(crate) published: u64,
    /// A published head with cosignatures that the publisher is to put in its place.
    pub(crate) cosigned: Option<Cosigned>,
    pub(crate) stopped: Option<StopReason>,
    pub(crate) closing: bool,
}

impl Shared {
    pub(crate) fn new(clock: Arc<dyn Clock>, head: Checkpoint, signed_head: Vec<u8>) -> Self {
        let published = head.size;
        let state = State {
            head,
            signed_head,
            tail: VecDeque::new(),
            published,
            cosigned: None,
            stopped: None,
            closing: false,
        };
        Self {
            clock,
            queue: Mutex::default(),
            queued: Condvar::new(),
            admitted: Condvar::new(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all who wait for it.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until `ready` holds or `limit` is over; the lock is held on return.
    pub(crate) fn wait(&self, limit: Duration, ready: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.state();
        let waited = self.changed.wait_timeout_while(state, limit, |state| !ready(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job, after waiting for room. Where the ledger has stopped, the job is answered at once.
    pub(crate) fn submit(&self, job: Job) {
        let stopped = self.state().stopped.clone();
        let mut queue = self.queue();
        while queue.bytes > MOST_WAITING_BYTES && !queue.closing {
            queue = self.admitted.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let reason = stopped.or_else(|| queue.closing.then_some(StopReason::Closed));
        if let Some(reason) = reason {
            drop(queue);
            return job.reply(Err(AppendError::Stopped(reason)));
        }
        queue.bytes += job.bytes();
        queue.jobs.push_back(job);
        drop(queue);
        self.queued.notify_one();
    }

    /// Whether a job waits.
    pub(crate) fn has_jobs(&self) -> bool {
        !self.queue().jobs.is_empty()
    }

    /// The next jobs to do together; a change of key comes alone. None where the ledger closes and nothing waits.
    pub(crate) fn next_jobs(&self) -> Option<Vec<Job>> {
        let waiting = self.queue();
        let mut queue = self
            .queued
            .wait_while(waiting, |queue| queue.jobs.is_empty() && !queue.closing)
            .unwrap_or_else(PoisonError::into_inner);
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(job) = queue.jobs.front() {
            let alone = matches!(job, Job::ChangeKey { .. });
            if !group.is_empty() && (alone || bytes + job.bytes() > MOST_GROUP_BYTES) {
                break;
            }
            bytes += job.bytes();
            group.extend(queue.jobs.pop_front());
            if alone {
                break;
            }
        }
        queue.bytes = queue.bytes.saturating_sub(bytes);
        drop(queue);
        self.admitted.notify_all();
        if group.is_empty() { None } else { Some(group) }
    }

    /// Lets nobody in any more; what is queued is still done.
    pub(crate) fn close_queue(&self) {
        self.queue().closing = true;
        self.queued.notify_all();
        self.admitted.notify_all();
    }

    /// Stops the ledger for good: the state on disk is not known, or must not be built upon.
    pub(crate) fn stop(&self, reason: &StopReason) {
        self.change(|state| {
            state.stopped.get_or_insert_with(|| reason.clone());
        });
        self.close_queue();
        let jobs: Vec<_> = self.queue().jobs.drain(..).collect();
        for job in jobs {
            job.reply(Err(AppendError::Stopped(reason.clone())));
        }
    }
}

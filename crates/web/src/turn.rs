//! Turns: of what is costly so much is done at once and no more. Whoever comes when all turns are taken waits a while.

use crate::error::PageError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Turns of one kind of work.
pub(crate) struct Turns {
    free: Arc<Semaphore>,
    wait: Duration,
}

/// A turn, until it is dropped.
pub(crate) type Turn = OwnedSemaphorePermit;

/// Seconds after which whoever found no turn may ask again.
const AGAIN: u64 = 10;

impl Turns {
    /// So many at once, each waited for so long.
    pub(crate) fn new(at_once: usize, wait: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(at_once)), wait }
    }

    /// The next turn; who came first has it first.
    ///
    /// # Errors
    /// `Busy`: none came free in time.
    pub(crate) async fn take(&self) -> Result<Turn, PageError> {
        let turn = timeout(self.wait, Arc::clone(&self.free).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(PageError::Busy(AGAIN))
    }
}

//! The bell: rung by whoever has read lines, heard by the one who watches.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A bell. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<(Mutex<Pending>, Condvar)>);

#[derive(Default)]
struct Pending {
    rung: bool,
    stop: bool,
}

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    /// Lines have come, or it is time to look.
    Look,
    /// It is to end.
    Stop,
}

impl Bell {
    /// Lines have come.
    pub(crate) fn ring(&self) {
        self.change(|pending| pending.rung = true);
    }

    /// It is to end.
    pub(super) fn stop(&self) {
        self.change(|pending| pending.stop = true);
    }

    fn change(&self, change: impl FnOnce(&mut Pending)) {
        let (pending, moved) = &*self.0;
        change(&mut pending.lock().unwrap_or_else(PoisonError::into_inner));
        moved.notify_one();
    }

    /// Waits until it is rung, but no longer than this.
    pub(super) fn wait(&self, most: Duration) -> Rung {
        let (pending, moved) = &*self.0;
        let pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |pending: &mut Pending| !pending.rung && !pending.stop;
        let (mut pending, _) =
            moved.wait_timeout_while(pending, most, quiet).unwrap_or_else(PoisonError::into_inner);
        pending.rung = false;
        if pending.stop { Rung::Stop } else { Rung::Look }
    }
}

//! A gate before the sections of packs. Whoever reads a pack passes it; while it is shut the desk waits there, and
//! what is handed in meanwhile is taken together, however fast the machine is.

use desk::MakeSections;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The gate of a house. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    shut: bool,
    somebody_waits: bool,
}

impl Gate {
    /// Sections behind the gate.
    pub(super) fn sections(&self) -> MakeSections {
        let (gate, sections) = (self.clone(), super::sections());
        Arc::new(move || {
            gate.pass();
            sections()
        })
    }

    pub(super) fn shut(&self) {
        self.state().shut = true;
    }

    pub(super) fn open(&self) {
        self.state().shut = false;
        self.0.1.notify_all();
    }

    pub(super) fn until_somebody_waits(&self) {
        let waits = self.0.1.wait_while(self.state(), |state| !state.somebody_waits);
        drop(waits);
    }

    fn pass(&self) {
        let mut state = self.state();
        state.somebody_waits = state.shut;
        self.0.1.notify_all();
        let state = self.0.1.wait_while(state, |state| state.shut);
        state.unwrap_or_else(PoisonError::into_inner).somebody_waits = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

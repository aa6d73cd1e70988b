//! Evaluating the checks of clauses, and handing in what is to be recorded of it.
//!
//! It reads committed tables on the caller's thread, so that the clerk goes on meanwhile; what comes of it is an order
//! like any other. One caller at a time; a second finds that it is being done.

use crate::desk::Desk;
use crate::order::{Asker, Order, Refused};
use board::{Around, Changes, Machines, Memory, Shown};
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};

/// What is remembered between evaluations, and how checks stand.
#[derive(Default)]
pub(crate) struct Board {
    memory: Mutex<Memory>,
    standing: RwLock<Arc<Shown>>,
}

/// How an evaluation went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Assessed {
    /// Entries that say how a check was evaluated.
    pub entries: u64,
    /// Figures in them.
    pub figures: u64,
}

/// Most entries of one order.
const MOST_ENTRIES: usize = 16;

impl Desk {
    /// Evaluates the checks that are due and records what differs.
    ///
    /// # Errors
    /// The tables failed, or what was found could not be recorded; all is evaluated anew the next time.
    pub fn assess(&self) -> Result<Assessed, Refused> {
        self.assess_with(None)
    }

    /// The same, with what only the running machine knows.
    ///
    /// # Errors
    /// As above.
    pub fn assess_with(&self, machines: Option<&dyn Machines>) -> Result<Assessed, Refused> {
        let mut memory = match self.board.memory.try_lock() {
            Ok(memory) => memory,
            Err(TryLockError::WouldBlock) => return Ok(Assessed::default()),
            Err(TryLockError::Poisoned(poisoned)) => {
                let mut memory = poisoned.into_inner();
                memory.forget();
                memory
            }
        };
        // What changes from here on is looked at the next time, if this reading does not see it.
        let changes = self.shown.take_changes();
        self.evaluate(&mut memory, &changes, machines).inspect_err(|_| memory.forget())
    }

    /// How checks stand, by the last evaluation.
    #[must_use]
    pub fn standing(&self) -> Arc<Shown> {
        Arc::clone(&self.board.standing.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn evaluate(
        &self,
        memory: &mut Memory,
        changes: &Changes,
        machines: Option<&dyn Machines>,
    ) -> Result<Assessed, Refused> {
        let (seen, now) = (self.seen(), self.clock.now());
        let around = Around {
            packs: &seen.packs,
            layout: &seen.layout,
            units: &seen.roster,
            machines,
            now,
            size: seen.position,
        };
        let evaluated = self.pool.with(|sql| memory.evaluate(sql, around, changes))?;
        let mut assessed = Assessed::default();
        for some in evaluated.chunks(MOST_ENTRIES) {
            self.ask(Asker::System, Order::Evaluated(some.to_vec()))?;
            memory.recorded(some, now);
            assessed.entries += some.len() as u64;
            assessed.figures += some.iter().map(|one| one.figures.len() as u64).sum::<u64>();
        }
        *self.board.standing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(memory.shown());
        Ok(assessed)
    }
}

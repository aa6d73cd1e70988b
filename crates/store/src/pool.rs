//! Readers: connections that only read, some at once and no more.
//!
//! More of them than a machine has work for make each slower, and each holds memory of its own; whoever comes when all
//! are taken waits. A reader that asks again while it reads is let through, or readers could wait for one another.
//! A connection that its database has ended is not used again: a database that was restarted is read again by whoever
//! asks next.

use crate::error::StoreError;
use crate::list::Kept;
use crate::place::Place;
use crate::sql::Sql;
use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long somebody waits for a connection.
const LIMIT: Duration = Duration::from_secs(20);

thread_local! {
    /// How many connections this thread reads with.
    static READING: Cell<usize> = const { Cell::new(0) };
}

/// Connections that read.
pub struct Pool {
    place: Place,
    /// What a common word was last found in.
    lately: Kept,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Sql>,
    /// Those that read.
    taken: usize,
}

impl Pool {
    /// Who reads at once, at most.
    pub const MOST: usize = 16;

    /// To these tables.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place, lately: Kept::default(), state: Mutex::default(), given_back: Condvar::new() }
    }

    /// Reads.
    ///
    /// # Errors
    /// What `read` failed with; `Unavailable`; `Busy`: others went on reading for as long as was waited.
    pub fn with<T, E: From<StoreError>>(&self, read: impl FnOnce(&mut Sql) -> Result<T, E>) -> Result<T, E> {
        let mut taken = self.take()?;
        let mut sql = match taken.kept() {
            Some(sql) => sql,
            None => self.place.open_to_read()?,
        };
        sql.lately = Arc::clone(&self.lately);
        let done = read(&mut sql);
        // What was answered with an error leaves the connection as it was; whether it still answers is asked before it is
        // used again.
        taken.idle = Some(sql);
        done
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Taken<'_>, StoreError> {
        let full = |state: &mut State| state.taken >= Self::MOST && READING.get() == 0;
        let waited = self.given_back.wait_timeout_while(self.state(), LIMIT, full);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(StoreError::Busy { what: format!("{} readers", state.taken) });
        }
        state.taken += 1;
        READING.set(READING.get() + 1);
        Ok(Taken { pool: self, idle: None })
    }
}

/// A place among those who read, until it is dropped.
struct Taken<'p> {
    pool: &'p Pool,
    /// The connection to be kept.
    idle: Option<Sql>,
}

impl Taken<'_> {
    /// An idle connection that still answers.
    fn kept(&self) -> Option<Sql> {
        loop {
            let mut sql = self.pool.state().idle.pop()?;
            if sql.is_alive() {
                return Some(sql);
            }
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.taken -= 1;
        if state.idle.len() < Pool::MOST {
            state.idle.extend(self.idle.take());
        }
        drop(state);
        READING.set(READING.get().saturating_sub(1));
        self.pool.given_back.notify_one();
    }
}

//! Readers: connections that only read, as many as are needed at once.
//!
//! A connection that its database has ended is not used again: a database that was restarted is read again by whoever
//! asks next.

use crate::error::StoreError;
use crate::place::Place;
use crate::sql::Sql;
use std::sync::{Mutex, PoisonError};

/// Connections kept open while nobody reads.
const KEPT: usize = 32;

/// Connections that read.
pub struct Pool {
    place: Place,
    idle: Mutex<Vec<Sql>>,
}

impl Pool {
    /// To these tables.
    #[must_use]
    pub const fn new(place: Place) -> Self {
        Self { place, idle: Mutex::new(Vec::new()) }
    }

    /// Reads.
    ///
    /// # Errors
    /// What `read` failed with, or `Unavailable`.
    pub fn with<T, E: From<StoreError>>(&self, read: impl FnOnce(&mut Sql) -> Result<T, E>) -> Result<T, E> {
        let mut sql = match self.kept() {
            Some(sql) => sql,
            None => self.place.open_to_read()?,
        };
        let done = read(&mut sql);
        // What was answered with an error leaves the connection as it was; whether it still answers is asked before it is
        // used again.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(sql);
        }
        done
    }

    /// An idle connection that still answers.
    fn kept(&self) -> Option<Sql> {
        loop {
            let mut sql = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if sql.is_alive() {
                return Some(sql);
            }
        }
    }
}

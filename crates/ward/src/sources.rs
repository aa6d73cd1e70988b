//! Sources of lines: the register's list, as doors and readers use it.
//!
//! Invariant: who is not in force in the register is unknown; so is everybody until it has been read.

use desk::{Desk, SourcesRead};
use lines::Source;
use std::sync::{Mutex, PoisonError};
use store::StoreError;
use telemetry::source::{Network, Networks, Sources};

/// Taiwan's time, for devices that say no zone and of which no zone is registered.
const OFFSET: i32 = 8 * 3_600;

/// The list, and what of the register it was made of.
pub(crate) struct Known {
    sources: Sources,
    read: Mutex<Option<SourcesRead>>,
}

impl Known {
    /// Nobody is known yet.
    pub(crate) fn nobody() -> Self {
        Self { sources: Sources::new(Source { offset: OFFSET }), read: Mutex::default() }
    }

    /// The list, as doors and readers share it.
    pub(crate) const fn list(&self) -> &Sources {
        &self.sources
    }

    /// Reads the register anew where it may say something else.
    pub(crate) fn refresh(&self, desk: &Desk) -> Result<(), StoreError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(listed) = desk.line_sources(&mut read)? else { return Ok(()) };
        let mut networks = Networks::default();
        for source in &listed.sources {
            if let Ok(network) = source.network.parse::<Network>() {
                networks.insert(network, Source { offset: source.offset });
            }
        }
        self.sources.set(networks);
        Ok(())
    }
}

//! Where reading stands in what could be read again: files, the journal of systemd.
//!
//! Guarantee: what is read goes into the receiver once, whatever ends the process. Before lines are handed in it is durable
//! where reading stands without them, where with them, and how many lines the receiver then has; whichever of the two
//! holds, the receiver's own journal says at the next start. Nobody else hands in lines to such a receiver.

use crate::chunk::Chunk;
use crate::receiver::{Intake, Receiver, ReceiverError};
use ledger::disk::{Disk, replace};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::mpsc::channel;

/// The file in which a receiver's place is kept; `.new` beside it is one that is being written.
#[must_use]
pub fn place_path(receiver: &str) -> String {
    format!("lines/{receiver}/place")
}

/// A place that is kept.
pub(super) struct Place<P> {
    disk: Arc<dyn Disk>,
    path: String,
    intake: Intake,
    /// Lines that the receiver has.
    lines: u64,
    at: P,
}

/// What the file says.
#[derive(Serialize, Deserialize)]
struct Said<P> {
    /// Lines that the receiver has once `after` holds.
    lines: u64,
    before: P,
    after: P,
}

impl<P: Serialize + DeserializeOwned + Default> Place<P> {
    /// Where a former run has come to; at the beginning where there was none.
    ///
    /// # Errors
    /// `Disk`. `Place`: the file is none of ours.
    pub(super) fn open(disk: Arc<dyn Disk>, receiver: &Receiver) -> Result<Self, ReceiverError> {
        let (path, lines) = (place_path(receiver.name()), receiver.figures().lines);
        let at = match disk.read(&path)? {
            None => P::default(),
            Some(bytes) => {
                let said: Said<P> = serde_json::from_slice(&bytes)
                    .map_err(|error| ReceiverError::Place { path: path.clone(), why: error.to_string() })?;
                if lines >= said.lines { said.after } else { said.before }
            }
        };
        Ok(Self { disk, path, intake: receiver.intake(), lines, at })
    }

    pub(super) const fn at(&self) -> &P {
        &self.at
    }

    /// Hands in lines and waits until they are durable; reading then stands at `after`.
    ///
    /// # Errors
    /// `Disk`, `Stopped`: which of the two places holds, the next opening finds.
    pub(super) fn step(&mut self, chunk: Chunk, after: P) -> Result<(), ReceiverError> {
        let lines = self.lines + chunk.count() as u64;
        let said = Said { lines, before: &self.at, after: &after };
        let bytes = serde_json::to_vec(&said)
            .map_err(|error| ReceiverError::Place { path: self.path.clone(), why: error.to_string() })?;
        replace(&*self.disk, &self.path, &bytes)?;
        if !chunk.is_empty() {
            let (told, durable) = channel();
            let acknowledge = Box::new(move |first: Option<u64>| {
                // Nobody waits where the thread that read has ended.
                let _ = told.send(first.is_some());
            });
            let taken = self.intake.put(chunk, Some(acknowledge)).is_ok();
            if !taken || durable.recv() != Ok(true) {
                return Err(ReceiverError::Stopped("lines that were read are not durable".to_owned()));
            }
        }
        (self.lines, self.at) = (lines, after);
        Ok(())
    }
}

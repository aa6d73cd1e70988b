//! Names of files that are followed, numbered: a line bears the number of its file's where others bear their sender's port.
//!
//! Invariant: a number stands for one name for ever; it is durable before a line bears it. When reading of a file begins a
//! line says so, too, so that what a number stands for is proven with the lines.
//! Source: `docs/format.md` §10.7.

use crate::receiver::{Receiver, ReceiverError};
use ledger::disk::{Disk, replace};
use std::collections::HashMap;
use std::sync::Arc;

/// The file in which the names of a receiver's files are kept; `.new` beside it is one that is being written.
#[must_use]
pub fn names_path(receiver: &str) -> String {
    format!("lines/{receiver}/names")
}

/// What such a file says: the name with number 1 is the first; none where it is no such file.
#[must_use]
pub fn names_of(bytes: &[u8]) -> Option<Vec<String>> {
    serde_json::from_slice(bytes).ok()
}

/// The names of a receiver's files.
pub(super) struct Names {
    disk: Arc<dyn Disk>,
    path: String,
    names: Vec<String>,
    numbers: HashMap<String, u16>,
}

impl Names {
    /// Those that former runs have numbered.
    ///
    /// # Errors
    /// `Disk`. `Place`: the file is none of ours.
    pub(super) fn open(disk: Arc<dyn Disk>, receiver: &Receiver) -> Result<Self, ReceiverError> {
        let path = names_path(receiver.name());
        let names = match disk.read(&path)? {
            None => Vec::new(),
            Some(bytes) => names_of(&bytes).ok_or_else(|| ReceiverError::Place {
                path: path.clone(),
                why: "it is no list of names".to_owned(),
            })?,
        };
        let numbers = names.iter().cloned().zip(1..=u16::MAX).collect();
        Ok(Self { disk, path, names, numbers })
    }

    /// The number of a name, which has one from now on; 0 where all are given away.
    ///
    /// # Errors
    /// `Disk`.
    pub(super) fn number(&mut self, name: &str) -> Result<u16, ReceiverError> {
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        let Ok(number) = u16::try_from(self.names.len() + 1) else { return Ok(0) };
        self.names.push(name.to_owned());
        let written = serde_json::to_vec(&self.names)
            .map_err(|error| ReceiverError::Place { path: self.path.clone(), why: error.to_string() });
        if let Err(error) = written.and_then(|bytes| Ok(replace(&*self.disk, &self.path, &bytes)?)) {
            self.names.pop();
            return Err(error);
        }
        self.numbers.insert(name.to_owned(), number);
        Ok(number)
    }
}

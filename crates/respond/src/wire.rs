//! What is said between whoever orders and the enforcer: frames of JSON, their length before them in four bytes, the highest
//! first.
//!
//! Invariant: what is longer than [`LONGEST_ASK`] or does not read is answered by no act; unknown members are refused.

use crate::act::{Order, Outcome, Said};
use crate::standing::{Event, Standing};
use model::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Most bytes of what is asked.
pub(crate) const LONGEST_ASK: usize = 64 << 10;
/// Most bytes of an answer.
pub(crate) const LONGEST_ANSWER: usize = 16 << 20;

/// What the enforcer is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// What happened behind the event of this number.
    Events(u64),
    /// To do this.
    Order(Order),
    /// What stands.
    Standing,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// What happened, and since when events are counted.
    Events(Instant, Vec<Event>),
    /// What came of an order.
    Outcome(Outcome),
    /// It could not be done now, and nothing has changed.
    Later(Said),
    /// What stands.
    Standing(Box<Standing>),
    /// It was not understood.
    Refused(Said),
}

/// Writes a frame.
pub(crate) fn write(to: &mut impl Write, what: &impl Serialize, longest: usize) -> io::Result<()> {
    let content = serde_json::to_vec(what)?;
    let length = u32::try_from(content.len()).ok().filter(|_| content.len() <= longest);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend(content);
    to.write_all(&frame)?;
    to.flush()
}

/// Reads a frame; none where the other side has ended. What does not read is the inner error.
pub(crate) fn read<T: DeserializeOwned>(
    from: &mut impl Read,
    longest: usize,
) -> io::Result<Option<Result<T, serde_json::Error>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > longest {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut content = vec![0; length];
    from.read_exact(&mut content)?;
    Ok(Some(serde_json::from_slice(&content)))
}

//! The feed: which lines come next, whichever receiver has them and wherever they are.
//!
//! Invariant: of each receiver lines come in the order of their numbers; among receivers first what was received first, as
//! far as it has been read.

use crate::lines::{FLOWS_RAW, IMPORT, Lines, Whereabouts};
use model::{Instant, Told};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use telemetry::find::FindError;
use telemetry::follow::Stretch;
use telemetry::source::apart;
use telemetry::{Receiver, Since};

/// Blocks taken at once from a receiver.
const BLOCKS: usize = 16;

/// Lines that wait to be handed in.
pub(super) struct Feed {
    lines: Lines,
    heads: BTreeMap<String, Head>,
}

/// What waits of one receiver.
#[derive(Default)]
struct Head {
    stretches: VecDeque<Stretch>,
    /// A file that is being read.
    file: Option<Box<dyn Iterator<Item = Result<Stretch, FindError>> + Send>>,
}

/// What comes next.
pub(super) enum Coming {
    /// Lines.
    Lines(Stretch),
    /// Lines up to this one have gone by an approved case.
    Gone(u64),
}

/// What stands in front of a receiver's lines.
enum Front {
    /// A line that was received at this moment.
    Received(Instant),
    /// Lines up to this one that have gone.
    Gone(u64),
}

/// Are its lines looked at as they come? What is imported is of the past, and datagrams of flows are no lines.
fn is_watched(receiver: &str) -> bool {
    receiver != IMPORT && receiver != FLOWS_RAW && receiver != apart(FLOWS_RAW)
}

fn watched(lines: &Lines) -> impl Iterator<Item = Arc<Receiver>> + use<> {
    lines.receivers().into_iter().filter(|receiver| is_watched(receiver.name()))
}

/// The number of the next line of each receiver.
pub(super) fn ends(lines: &Lines) -> BTreeMap<String, u64> {
    watched(lines).map(|receiver| (receiver.name().to_owned(), receiver.figures().lines)).collect()
}

impl Feed {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines, heads: BTreeMap::new() }
    }

    /// The receiver and what comes next of it; none where all was handed in. `next` says which line of a receiver is wanted.
    pub(super) fn next(&mut self, next: impl Fn(&str) -> u64) -> Result<Option<(String, Coming)>, Told> {
        let mut first: Option<(Instant, String)> = None;
        for receiver in watched(&self.lines) {
            let wanted = next(receiver.name());
            let received = match self.front(&receiver, wanted)? {
                None => continue,
                Some(Front::Gone(until)) => {
                    return Ok(Some((receiver.name().to_owned(), Coming::Gone(until))));
                }
                Some(Front::Received(received)) => received,
            };
            let earlier = first.as_ref().is_none_or(|(moment, _)| received < *moment);
            if earlier {
                first = Some((received, receiver.name().to_owned()));
            }
        }
        let Some((_, name)) = first else { return Ok(None) };
        let stretch = self.heads.get_mut(&name).and_then(|head| head.stretches.pop_front());
        Ok(stretch.map(|stretch| (name, Coming::Lines(stretch))))
    }

    /// Lines of one receiver from this one on; none where there are none yet.
    pub(super) fn of(&mut self, receiver: &str, next: u64) -> Result<Option<Coming>, Told> {
        let Some(receiver) = watched(&self.lines).find(|one| one.name() == receiver) else { return Ok(None) };
        if let Some(Front::Gone(until)) = self.front(&receiver, next)? {
            return Ok(Some(Coming::Gone(until)));
        }
        let head = self.heads.get_mut(receiver.name());
        Ok(head.and_then(|head| head.stretches.pop_front()).map(Coming::Lines))
    }

    /// Lets go of what waits of a receiver.
    pub(super) fn forget(&mut self, receiver: &str) {
        self.heads.remove(receiver);
    }

    /// What stands in front of a receiver's lines from this one on; none where there are none yet.
    fn front(&mut self, receiver: &Receiver, next: u64) -> Result<Option<Front>, Told> {
        let name = receiver.name();
        let head = self.heads.entry(name.to_owned()).or_default();
        loop {
            while let Some(stretch) = head.stretches.front() {
                if let Some(received) = stretch.received(next.max(stretch.first())) {
                    return Ok(Some(Front::Received(received)));
                }
                head.stretches.pop_front();
            }
            match head.file.as_mut().and_then(Iterator::next) {
                Some(stretch) => {
                    head.stretches.push_back(stretch.map_err(|error| crate::lines::unfound(&error))?);
                    continue;
                }
                None => head.file = None,
            }
            match receiver.since(next, BLOCKS) {
                Since::Tail(blocks) if blocks.is_empty() => return Ok(None),
                Since::Tail(blocks) => head.stretches.extend(blocks.iter().map(|block| Stretch::of(block))),
                Since::Filed => match self.lines.filed(name, next)? {
                    Whereabouts::Here(file) => head.file = Some(file),
                    Whereabouts::Gone(until) => return Ok(Some(Front::Gone(until))),
                },
            }
        }
    }
}

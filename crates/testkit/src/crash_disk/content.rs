//! Content of one file: what is on the platter, what the page cache shows, and the changes between the two.
//!
//! The unit that reaches the platter whole is a sector of 512 bytes. The cache is written back sector by sector at any
//! moment, so that after a crash each sector is as it stood after some change, each at its own; the length is as it
//! stood after some change too, and where it outran the data there are zeros.

use crate::Chance;

/// What a disk writes whole or not at all, in bytes.
pub(super) const SECTOR: usize = 512;

/// A file without its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    durable: Vec<u8>,
    cached: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Emptied,
    Written { offset: usize, bytes: Vec<u8> },
}

/// How much of what was pending a crash leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Survival {
    Nothing,
    Everything,
    /// What came first, up to a point.
    Beginning,
    /// Any part, in any order.
    AnyPart,
}

impl Survival {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        match chance.below(8) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 | 3 => Self::Beginning,
            _ => Self::AnyPart,
        }
    }
}

impl Content {
    pub(super) fn visible(&self) -> &[u8] {
        &self.cached
    }

    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    pub(super) fn empty(&mut self) {
        self.change(Change::Emptied);
    }

    pub(super) fn write_at(&mut self, offset: usize, bytes: &[u8]) {
        self.change(Change::Written { offset, bytes: bytes.to_vec() });
    }

    /// Everything pending reaches the platter.
    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Everything pending will never reach the platter, though the cache shows it still: what a kernel leaves behind
    /// that could not write the pages back and has reported it once.
    pub(super) fn drop_pending(&mut self) {
        self.pending.clear();
    }

    /// What is on the platter after a crash.
    pub(super) fn after_crash(&self, chance: &mut Chance) -> Self {
        let content = if self.is_settled() { self.durable.clone() } else { self.settle(chance) };
        Self { durable: content.clone(), cached: content, pending: Vec::new() }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.cached);
        self.pending.push(change);
    }

    fn settle(&self, chance: &mut Chance) -> Vec<u8> {
        let kept = match Survival::draw(chance) {
            Survival::Nothing => 0,
            Survival::Everything => self.pending.len(),
            Survival::Beginning => chance.below(self.pending.len() + 1),
            Survival::AnyPart => return self.tear(chance),
        };
        let mut content = self.durable.clone();
        self.pending.iter().take(kept).for_each(|change| change.apply(&mut content));
        content
    }

    fn tear(&self, chance: &mut Chance) -> Vec<u8> {
        let lengths = self.lengths();
        let length = chance.pick(&lengths).copied().unwrap_or(0);
        let mut content = vec![0; length];
        for (index, sector) in content.chunks_mut(SECTOR).enumerate() {
            self.settle_sector(index * SECTOR, sector, chance);
        }
        content
    }

    /// The lengths the file had: on the platter, and after each change.
    fn lengths(&self) -> Vec<usize> {
        let mut lengths = vec![self.durable.len()];
        let mut length = self.durable.len();
        for change in &self.pending {
            length = match change {
                Change::Emptied => 0,
                Change::Written { offset, bytes } => length.max(offset + bytes.len()),
            };
            lengths.push(length);
        }
        lengths
    }

    /// The sector as it stood after some of the changes to it.
    fn settle_sector(&self, at: usize, sector: &mut [u8], chance: &mut Chance) {
        overlay(sector, at, 0, &self.durable);
        let touching: Vec<_> =
            self.pending.iter().filter(|change| change.touches(at, sector.len())).collect();
        let kept = chance.below(touching.len() + 1);
        for change in touching.into_iter().take(kept) {
            match change {
                Change::Emptied => sector.fill(0),
                Change::Written { offset, bytes } => overlay(sector, at, *offset, bytes),
            }
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Emptied => content.clear(),
            Self::Written { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                overlay(content, 0, *offset, bytes);
            }
        }
    }

    fn touches(&self, at: usize, length: usize) -> bool {
        match self {
            Self::Emptied => true,
            Self::Written { offset, bytes } => *offset < at + length && at < offset + bytes.len(),
        }
    }
}

/// Lays `bytes`, which stand at `offset` of a file, over the part of it that begins at `at`.
fn overlay(part: &mut [u8], at: usize, offset: usize, bytes: &[u8]) {
    let from = offset.max(at);
    let to = (offset + bytes.len()).min(at + part.len());
    if from < to
        && let (Some(target), Some(source)) =
            (part.get_mut(from - at..to - at), bytes.get(from - offset..to - offset))
    {
        target.copy_from_slice(source);
    }
}

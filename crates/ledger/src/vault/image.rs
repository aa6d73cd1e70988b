//! The whole content of `vault/keys`, in memory.
//!
//! Owns: where each slot lies, the index by id, what is damage and what is the trace of a crash.
//! Invariants: no id twice; every slot has the header's generation; slot `n` lies at byte 4,096 + 128 n.
//! Source: `docs/format.md` §10.2.

use super::error::VaultError;
use super::header::{HEADER_BYTES, Header};
use super::slot::{SLOT_BYTES, Slot, SlotFault};
use model::DataKeyId;
use std::collections::HashMap;

/// Header and slots.
pub(crate) struct Image {
    pub(crate) header: Header,
    slots: Vec<Slot>,
    index: HashMap<DataKeyId, u32>,
}

/// A key that is just being destroyed. Its slot may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Doomed {
    pub(crate) slot: u32,
    pub(crate) id: DataKeyId,
}

/// What parsing a file gave.
pub(crate) struct Parsed {
    pub(crate) image: Image,
    /// Behind the last slot lies one that was never written to its end.
    pub(crate) torn: bool,
    /// The key being destroyed, and where it lies now.
    pub(crate) doomed: Option<Doomed>,
}

impl Image {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, slots: Vec::new(), index: HashMap::new() }
    }

    /// Takes the content of the file at `path` apart.
    pub(crate) fn parse(path: &str, content: &[u8], doomed: Option<Doomed>) -> Result<Parsed, VaultError> {
        let header = Header::decode(content)
            .map_err(|error| VaultError::Header { path: path.to_owned(), what: error.0 })?;
        let (slots, rest) = content.get(HEADER_BYTES..).unwrap_or_default().as_chunks::<SLOT_BYTES>();
        let mut image = Self::new(header);
        image.slots.reserve(slots.len());
        image.index.reserve(slots.len());
        let mut torn = !rest.is_empty();
        for (number, bytes) in (0u32..).zip(slots) {
            let is_last = number as usize + 1 == slots.len() && rest.is_empty();
            let slot = match Slot::decode(bytes) {
                Ok(slot) => slot,
                Err(_) if let Some(doomed) = doomed.filter(|doomed| doomed.slot == number) => {
                    Slot::destroyed(doomed.id, image.header.generation)
                }
                Err(SlotFault::Torn) if is_last => {
                    torn = true;
                    break;
                }
                Err(SlotFault::Torn) => return Err(damaged(path, number, "it was not written to its end")),
                Err(SlotFault::Damaged(what)) => return Err(damaged(path, number, what)),
            };
            image.push(slot).map_err(|what| damaged(path, number, what))?;
        }
        let doomed = doomed.map(|doomed| image.locate(doomed)).transpose()?;
        Ok(Parsed { image, torn, doomed })
    }

    /// Where the key to be destroyed lies: not where the note says when a restoration was interrupted after it had put
    /// the slots in another order.
    fn locate(&mut self, doomed: Doomed) -> Result<Doomed, VaultError> {
        let missing = || VaultError::intent(format!("the key {} is not in the vault", doomed.id));
        let slot = self.number(doomed.id).ok_or_else(missing)?;
        self.destroy(slot);
        Ok(Doomed { slot, ..doomed })
    }

    /// Adds a slot behind the last; gives its number.
    pub(crate) fn push(&mut self, slot: Slot) -> Result<u32, &'static str> {
        if slot.generation != self.header.generation {
            return Err("its generation is not that of the header");
        }
        let number = u32::try_from(self.slots.len()).map_err(|_| "there are more slots than numbers")?;
        if self.index.insert(slot.id, number).is_some() {
            return Err("its id is that of another slot");
        }
        self.slots.push(slot);
        Ok(number)
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn number(&self, id: DataKeyId) -> Option<u32> {
        self.index.get(&id).copied()
    }

    pub(crate) fn slot(&self, number: u32) -> Option<&Slot> {
        self.slots.get(number as usize)
    }

    pub(crate) fn find(&self, id: DataKeyId) -> Option<&Slot> {
        self.slot(self.number(id)?)
    }

    /// Forgets a key in memory.
    pub(crate) fn destroy(&mut self, number: u32) {
        if let Some(slot) = self.slots.get_mut(number as usize) {
            slot.destroy();
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut content = self.header.encode();
        content.reserve(self.slots.len() * SLOT_BYTES);
        self.slots.iter().for_each(|slot| content.extend_from_slice(&slot.encode()));
        content
    }
}

/// Where a slot begins, in bytes.
pub(crate) const fn offset(number: u32) -> u64 {
    HEADER_BYTES as u64 + number as u64 * SLOT_BYTES as u64
}

pub(crate) fn damaged(path: &str, slot: u32, what: &'static str) -> VaultError {
    VaultError::Slot { path: path.to_owned(), slot, at: offset(slot), what }
}

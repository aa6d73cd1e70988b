//! One slot of the vault: a data key under the wrapping key, or the place where one was.
//!
//! 128 bytes: id (16) ‖ generation (4) ‖ nonce (24) ‖ wrapped key and tag (48) ‖ zeros (4) ‖ SHA-256 of these 96 (32).
//! A slot begins at a multiple of its own size, so that no disk sector or page holds a part of one.
//! Source: `docs/format.md` §10.2.

use super::wrap::{self, NONCE_BYTES, WRAPPED_BYTES};
use crate::entropy::{self, Entropy, EntropyError};
use model::DataKeyId;
use proof::hash::Hash;
use proof::seal::DataKey;
use zeroize::Zeroize as _;

/// Bytes of a slot.
pub(crate) const SLOT_BYTES: usize = 128;
const CHECKED_BYTES: usize = SLOT_BYTES - Hash::LENGTH;
/// What a destroyed slot is filled with.
const DESTROYED: u8 = 0xff;

/// One slot.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) id: DataKeyId,
    /// Which wrapping key.
    pub(crate) generation: u32,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Wrapped { nonce: [u8; NONCE_BYTES], wrapped: [u8; WRAPPED_BYTES] },
    Destroyed,
}

/// Why 128 bytes are not a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotFault {
    /// The end was never written: what a crash leaves of the slot it interrupted. In a slot that was once whole, no
    /// single change makes it: the second half of its checksum would have to be zeros.
    Torn,
    /// The checksum does not match, or what it covers is not a slot.
    Damaged(&'static str),
}

impl Slot {
    /// Puts `key` under the wrapping key.
    pub(crate) fn wrap(
        id: DataKeyId,
        generation: u32,
        key: &DataKey,
        wrapping: &[u8; 32],
        entropy: &mut dyn Entropy,
    ) -> Result<Self, EntropyError> {
        let nonce = entropy::draw(entropy)?;
        let wrapped = wrap::wrap(wrapping, nonce, &bound(id, generation), key.secret_bytes());
        Ok(Self { id, generation, content: Content::Wrapped { nonce, wrapped } })
    }

    /// The place where a key was.
    pub(crate) const fn destroyed(id: DataKeyId, generation: u32) -> Self {
        Self { id, generation, content: Content::Destroyed }
    }

    pub(crate) const fn is_destroyed(&self) -> bool {
        matches!(self.content, Content::Destroyed)
    }

    /// The key; none where it was destroyed, or the wrapping key is another one, or the slot was forged.
    pub(crate) fn unwrap(&self, wrapping: &[u8; 32]) -> Option<DataKey> {
        let Content::Wrapped { nonce, wrapped } = &self.content else { return None };
        let key = wrap::unwrap(wrapping, *nonce, &bound(self.id, self.generation), wrapped)?;
        Some(DataKey::from_bytes(*key))
    }

    /// Forgets the key in memory.
    pub(crate) fn destroy(&mut self) {
        if let Content::Wrapped { nonce, wrapped } = &mut self.content {
            nonce.zeroize();
            wrapped.zeroize();
        }
        self.content = Content::Destroyed;
    }

    /// As it stands in the file.
    pub(crate) fn encode(&self) -> [u8; SLOT_BYTES] {
        let generation = self.generation.to_be_bytes();
        let (nonce, wrapped) = match &self.content {
            Content::Wrapped { nonce, wrapped } => (*nonce, *wrapped),
            Content::Destroyed => ([DESTROYED; NONCE_BYTES], [DESTROYED; WRAPPED_BYTES]),
        };
        let checked: [&[u8]; 5] = [self.id.as_bytes(), &generation, &nonce, &wrapped, &[0; 4]];
        let check = Hash::of(&checked);
        let mut slot = [0; SLOT_BYTES];
        let bytes = checked.into_iter().flatten().chain(check.as_bytes());
        slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        slot
    }

    /// From the file.
    pub(crate) fn decode(slot: &[u8; SLOT_BYTES]) -> Result<Self, SlotFault> {
        let (checked, check) = slot.split_at(CHECKED_BYTES);
        if Hash::of(&[checked]).as_bytes() != check {
            let unwritten = check.iter().skip(Hash::LENGTH / 2).all(|byte| *byte == 0);
            return Err(if unwritten {
                SlotFault::Torn
            } else {
                SlotFault::Damaged("its checksum does not match")
            });
        }
        Self::parts(checked).ok_or(SlotFault::Damaged("it has bytes behind the wrapped key"))
    }

    fn parts(checked: &[u8]) -> Option<Self> {
        let (id, rest) = checked.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let (wrapped, zeros) = rest.split_first_chunk::<WRAPPED_BYTES>()?;
        if zeros != [0; 4] {
            return None;
        }
        let destroyed = nonce.iter().chain(wrapped).all(|byte| *byte == DESTROYED);
        let content = if destroyed {
            Content::Destroyed
        } else {
            Content::Wrapped { nonce: *nonce, wrapped: *wrapped }
        };
        Some(Self { id: DataKeyId::from_bytes(*id), generation: u32::from_be_bytes(*generation), content })
    }
}

/// What a wrapped key is bound to.
fn bound(id: DataKeyId, generation: u32) -> [u8; 20] {
    let mut bound = [0; 20];
    let bytes = id.as_bytes().iter().copied().chain(generation.to_be_bytes());
    bound.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::MachineEntropy;

    fn slot() -> Slot {
        let id = DataKeyId::from_bytes([7; 16]);
        Slot::wrap(id, 3, &DataKey::from_bytes([5; 32]), &[1; 32], &mut MachineEntropy).unwrap()
    }

    #[test]
    fn a_slot_goes_there_and_back() {
        let bytes = slot().encode();
        let read = Slot::decode(&bytes).unwrap();
        assert_eq!((read.id, read.generation), (slot().id, 3));
        assert_eq!(read.unwrap(&[1; 32]).unwrap().secret_bytes(), &[5; 32]);
        assert!(read.unwrap(&[2; 32]).is_none());
        assert_eq!(read.encode(), bytes);
    }

    #[test]
    fn a_destroyed_slot_keeps_its_id_and_nothing_of_its_key() {
        let mut slot = slot();
        slot.destroy();
        let bytes = slot.encode();
        assert_eq!(bytes[..16], [7; 16]);
        assert_eq!(bytes[20..92], [0xff; 72]);
        let read = Slot::decode(&bytes).unwrap();
        assert!(read.is_destroyed() && read.unwrap(&[1; 32]).is_none());
    }

    #[test]
    fn every_flipped_bit_is_damage_and_not_a_torn_write() {
        let mut destroyed = slot();
        destroyed.destroy();
        for whole in [slot().encode(), destroyed.encode()] {
            for at in 0..SLOT_BYTES * 8 {
                let mut bytes = whole;
                bytes[at / 8] ^= 1 << (at % 8);
                assert!(matches!(Slot::decode(&bytes), Err(SlotFault::Damaged(_))), "bit {at}");
            }
        }
    }

    #[test]
    fn what_was_not_written_to_its_end_is_torn() {
        for written in 0..=SLOT_BYTES - 16 {
            let mut bytes = slot().encode();
            bytes[written..].fill(0);
            assert_eq!(Slot::decode(&bytes).err(), Some(SlotFault::Torn), "{written}");
        }
    }

    #[test]
    fn a_key_does_not_open_under_another_id_or_generation() {
        let mut other = slot();
        other.id = DataKeyId::from_bytes([8; 16]);
        assert!(other.unwrap(&[1; 32]).is_none());
        let mut other = slot();
        other.generation = 4;
        assert!(other.unwrap(&[1; 32]).is_none());
    }
}

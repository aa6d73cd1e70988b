//! The names that a dialect gives to its values, as a table made when the program is built.
//!
//! A name is found by its length and its first eight bytes, which fit into a register.

use crate::field::{Field, Span};
use crate::scan::eight;

const SLOTS: usize = 256;

/// Names, and what each stands for.
pub(crate) struct Names {
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy)]
struct Slot {
    /// The first eight bytes, or fewer, with noughts behind them.
    front: u64,
    name: &'static [u8],
    field: Option<Field>,
}

impl Names {
    /// A table of at most 128 names.
    #[expect(clippy::indexing_slicing, reason = "runs when the program is built, and would not build")]
    pub(crate) const fn of(names: &[(&'static str, Field)]) -> Self {
        let mut slots = [Slot { front: 0, name: b"", field: None }; SLOTS];
        assert!(names.len() <= SLOTS / 2);
        let mut at = 0;
        while at < names.len() {
            let name = names[at].0.as_bytes();
            let mut front = 0;
            let mut byte = 0;
            while byte < 8 && byte < name.len() {
                front |= (name[byte] as u64) << (8 * byte);
                byte += 1;
            }
            let mut slot = slot(front, name.len());
            while slots[slot].field.is_some() {
                slot = (slot + 1) % SLOTS;
            }
            slots[slot] = Slot { front, name, field: Some(names[at].1) };
            at += 1;
        }
        Self { slots }
    }

    /// What the name at a place stands for.
    #[inline]
    pub(crate) fn find(&self, line: &[u8], name: Span) -> Option<Field> {
        let (at, length) = (name.start(), name.length());
        let front = match eight(line, at) {
            _ if length == 0 => return None,
            Some(front) if length >= 8 => front,
            Some(front) => front & ((1 << (8 * length)) - 1),
            // The last bytes of the line.
            None => {
                let bytes = name.within(line).iter().take(8).rev();
                bytes.fold(0, |front, byte| front << 8 | u64::from(*byte))
            }
        };
        let mut place = slot(front, length);
        loop {
            let slot = self.slots.get(place)?;
            slot.field?;
            if slot.front == front
                && slot.name.len() == length
                && (length <= 8 || slot.name.get(8..) == line.get(at + 8..name.end()))
            {
                return slot.field;
            }
            place = (place + 1) % SLOTS;
        }
    }
}

const fn slot(front: u64, length: usize) -> usize {
    ((front ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand_and_others_are_not() {
        const NAMES: Names = Names::of(&[
            ("srcip", Field::SrcIp),
            ("id", Field::Session),
            ("destination-address", Field::DstIp),
            ("destination-port", Field::DstPort),
            ("eightlen", Field::Rule),
        ]);
        for (name, field) in [
            ("srcip", Some(Field::SrcIp)),
            ("id", Some(Field::Session)),
            ("destination-address", Some(Field::DstIp)),
            ("destination-port", Some(Field::DstPort)),
            ("eightlen", Some(Field::Rule)),
            ("", None),
            ("i", None),
            ("srcip2", None),
            ("destination-addresse", None),
            ("destination-addresx", None),
            ("destinat", None),
        ] {
            for behind in ["", "=", "=a long value that follows"] {
                let line = format!("{name}{behind}");
                assert_eq!(NAMES.find(line.as_bytes(), Span::of(0, name.len())), field, "{line}");
            }
        }
    }
}

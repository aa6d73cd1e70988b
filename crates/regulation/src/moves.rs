//! How running cases of the former version pass to this one.
//!
//! Source: `docs/pack.md`, "Moves".

use crate::word::{FieldId, RegisterId, StateId};
use std::collections::{BTreeMap, BTreeSet};

/// The moves of a pack.
#[derive(Debug, Clone)]
pub struct Moves {
    /// The version cases come from.
    pub from: u32,
    /// Registers with something to say; all others move as they are.
    pub registers: BTreeMap<RegisterId, Move>,
}

/// How cases of one register pass over.
#[derive(Debug, Clone, Default)]
pub struct Move {
    /// Former state, state now; states of the same name need no line.
    pub states: BTreeMap<StateId, StateId>,
    /// Former field, field now; fields of the same name and kind need no line.
    pub fields: BTreeMap<FieldId, FieldId>,
    /// Former fields that stay in the history only.
    pub drop: BTreeSet<FieldId>,
}

impl Moves {
    /// The state a case passes to.
    #[must_use]
    pub fn state(&self, register: &RegisterId, former: &StateId) -> StateId {
        let moved = self.registers.get(register).and_then(|one| one.states.get(former));
        moved.unwrap_or(former).clone()
    }

    /// The field a value passes to; `None` when it stays in the history only.
    #[must_use]
    pub fn field(&self, register: &RegisterId, former: &FieldId) -> Option<FieldId> {
        let Some(one) = self.registers.get(register) else { return Some(former.clone()) };
        if one.drop.contains(former) {
            return None;
        }
        Some(one.fields.get(former).unwrap_or(former).clone())
    }
}

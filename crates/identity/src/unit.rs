//! Units, and the tree they form.
//!
//! Invariants: each unit stands once in the tree, directly behind its superior's other descendants or before them;
//! the units below one are a single run of the list. Closed units stay where they were, so that their records keep
//! a place.
//! Does not: refuse a cycle (that is decided); from a cycle no unit of it is listed.

use crate::text::{Code, Names};
use model::{Instant, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An organisational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Its name.
    pub names: Names,
    /// Its code in numbers.
    pub code: Code,
    /// Codes it had before; no other unit is given one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_codes: Vec<Code>,
    /// The unit directly above; none for the topmost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superior: Option<UnitId>,
    /// When it was created.
    pub created_at: Instant,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
}

/// The units in pre-order: each before those below it, neighbours by code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    order: Vec<UnitId>,
    /// Where a unit and those below it stand in `order`.
    runs: BTreeMap<UnitId, std::ops::Range<usize>>,
}

impl Tree {
    /// The tree of these units.
    pub(crate) fn of(units: &BTreeMap<UnitId, Unit>) -> Self {
        let mut below: BTreeMap<Option<UnitId>, Vec<&Unit>> = BTreeMap::new();
        for unit in units.values() {
            below.entry(unit.superior).or_default().push(unit);
        }
        // The last is visited first.
        below.values_mut().for_each(|units| units.sort_by(|one, other| other.code.cmp(&one.code)));
        let mut tree = Self::default();
        let mut visits: Vec<Visit> = Vec::new();
        let enter = |visits: &mut Vec<Visit>, superior: Option<UnitId>| {
            let units = below.get(&superior).into_iter().flatten();
            visits.extend(units.map(|unit| Visit::Enter(unit.id)));
        };
        enter(&mut visits, None);
        while let Some(visit) = visits.pop() {
            match visit {
                Visit::Enter(unit) => {
                    visits.push(Visit::Leave(unit, tree.order.len()));
                    tree.order.push(unit);
                    enter(&mut visits, Some(unit));
                }
                Visit::Leave(unit, start) => drop(tree.runs.insert(unit, start..tree.order.len())),
            }
        }
        tree
    }

    /// Every unit, in pre-order.
    pub(crate) fn order(&self) -> &[UnitId] {
        &self.order
    }

    /// A unit and all below it; nothing when there is no such unit.
    pub(crate) fn subtree(&self, unit: UnitId) -> &[UnitId] {
        let run = self.runs.get(&unit).cloned();
        run.and_then(|run| self.order.get(run)).unwrap_or_default()
    }

    /// Is the first the second, or below it?
    pub(crate) fn within(&self, unit: UnitId, above: UnitId) -> bool {
        match (self.runs.get(&unit), self.runs.get(&above)) {
            (Some(unit), Some(above)) => above.start <= unit.start && unit.end <= above.end,
            _ => false,
        }
    }
}

/// A unit still to be visited.
enum Visit {
    Enter(UnitId),
    /// All below it have been; where it stands.
    Leave(UnitId, usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> UnitId {
        UnitId::from_bytes([number; 16])
    }

    fn units(list: &[(u8, Option<u8>)]) -> BTreeMap<UnitId, Unit> {
        let unit = |(number, superior): &(u8, Option<u8>)| Unit {
            id: id(*number),
            names: Names::new("單位", "Unit").unwrap(),
            code: Code::new(&format!("{}", 100 + number)).unwrap(),
            former_codes: Vec::new(),
            superior: superior.map(id),
            created_at: Instant::EPOCH,
            closed_at: None,
        };
        list.iter().map(|one| (id(one.0), unit(one))).collect()
    }

    #[test]
    fn the_units_below_one_are_a_single_run() {
        let units = units(&[(1, None), (5, Some(1)), (2, Some(1)), (3, Some(2)), (4, Some(2)), (6, Some(5))]);
        let tree = Tree::of(&units);
        assert_eq!(tree.order(), [1, 2, 3, 4, 5, 6].map(id));
        assert_eq!(tree.subtree(id(2)), [2, 3, 4].map(id));
        assert_eq!(tree.subtree(id(9)), []);
        for (unit, above, expected) in
            [(4, 2, true), (4, 1, true), (2, 2, true), (2, 4, false), (6, 2, false)]
        {
            assert_eq!(tree.within(id(unit), id(above)), expected, "{unit} {above}");
        }
    }

    #[test]
    fn a_cycle_is_left_out_and_does_not_hang() {
        let tree = Tree::of(&units(&[(1, None), (2, Some(3)), (3, Some(2))]));
        assert_eq!(tree.order(), [id(1)]);
        assert!(!tree.within(id(2), id(3)));
    }
}

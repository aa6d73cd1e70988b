//! Walks over flows, for tests of packs: every state, every step, every role.

use regulation::{ActorRule, Outcome, Register, RoleId, Signers, State, StateId, Step, Who};
use std::collections::BTreeSet;

/// A way from one state to another.
#[derive(Debug, Clone, Copy)]
pub struct Edge<'r> {
    /// The state it starts in; none when it opens a record.
    pub from: Option<&'r StateId>,
    /// The step.
    pub step: &'r Step,
    /// The outcome.
    pub outcome: Outcome,
    /// The state it leads to.
    pub to: &'r StateId,
}

/// A state, a step and a role: may holders of the role take the step there?
#[derive(Debug, Clone, Copy)]
pub struct Place<'r> {
    /// The state; none for opening steps.
    pub state: Option<&'r State>,
    /// The step.
    pub step: &'r Step,
    /// The role.
    pub role: &'r RoleId,
    /// Does the step start there and name the role? By person it may be open to its holders all the same.
    pub named: bool,
}

/// Every way through a register's flow.
pub fn edges(register: &Register) -> impl Iterator<Item = Edge<'_>> {
    register.flow.steps.iter().flat_map(|step| {
        let from = step.from.iter().map(Some).chain(step.opens().then_some(None));
        from.flat_map(move |from| {
            step.outcomes.iter().map(move |(outcome, to)| Edge { from, step, outcome: *outcome, to })
        })
    })
}

/// The states that are reached from opening steps.
#[must_use]
pub fn reachable(register: &Register) -> BTreeSet<&StateId> {
    let mut reached: BTreeSet<&StateId> = BTreeSet::new();
    loop {
        let before = reached.len();
        for edge in edges(register) {
            if edge.from.is_none_or(|from| reached.contains(from)) {
                reached.insert(edge.to);
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

/// Every state with every step and every role, opening steps without a state.
pub fn by_role<'r>(register: &'r Register, roles: &'r [RoleId]) -> impl Iterator<Item = Place<'r>> {
    let states = register.flow.states.iter().map(Some).chain(std::iter::once(None));
    states.flat_map(move |state| {
        register.flow.steps.iter().flat_map(move |step| {
            let starts = state.map_or(step.opens(), |state| step.from.contains(&state.id));
            roles.iter().map(move |role| Place { state, step, role, named: starts && names(step, role) })
        })
    })
}

fn names(step: &Step, role: &RoleId) -> bool {
    let named = |rule: &ActorRule| matches!(&rule.who, Who::Role { role: one, .. } if one == role);
    match &step.signers {
        Signers::People { by, if_short, .. } => by.iter().chain(if_short).any(named),
        Signers::Seats { seats, .. } => seats.iter().any(|seat| named(&seat.rule)),
    }
}

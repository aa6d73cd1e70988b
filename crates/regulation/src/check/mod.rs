//! Checks over the whole pack, once everything is read: what no single line shows.

mod automatic;
mod fields;
mod graph;
mod people;
mod sealing;

use crate::clause::Clause;
use crate::duty::Duty;
use crate::flow::Effect;
use crate::read::Context;
use crate::register::Register;
use crate::role::{Grade, Role};
use crate::word::{DutyId, RegisterId, RoleId};
use std::collections::BTreeMap;

/// What was read.
pub(crate) struct Whole<'w> {
    pub(crate) registers: &'w BTreeMap<RegisterId, Register>,
    pub(crate) clauses: &'w [Clause],
    pub(crate) duties: &'w BTreeMap<DutyId, Duty>,
    pub(crate) roles: &'w BTreeMap<RoleId, Role>,
    /// The lowest first.
    pub(crate) grades: &'w [Grade],
    pub(crate) destruction: Option<&'w RegisterId>,
    /// Was everything read? Otherwise nothing is judged by what is absent elsewhere.
    pub(crate) complete: bool,
}

/// Tells everything wrong with the whole.
pub(crate) fn check(whole: &Whole<'_>, context: &Context<'_>) {
    for register in whole.registers.values() {
        graph::check(register, context);
        people::check(register, whole, context);
        fields::check(register, context);
        fields::on_paper(register, whole, context);
    }
    fields::openings(whole, context);
    automatic::check(whole, context);
    sealing::check(whole, context);
}

impl Whole<'_> {
    /// Every effect of the pack with the name its place is kept under.
    fn effects(&self) -> Vec<(String, &Effect)> {
        let mut effects = Vec::new();
        for register in self.registers.values() {
            for step in &register.flow.steps {
                let name = format!("{}/step/{}", register.id, step.id);
                effects.extend(step.then.iter().map(|follow| (name.clone(), &follow.effect)));
            }
            for clock in &register.flow.clocks {
                let name = format!("{}/clock/{}", register.id, clock.id);
                effects.extend(clock.then.iter().map(|escalation| (name.clone(), &escalation.effect)));
            }
        }
        for duty in self.duties.values() {
            let name = format!("duty/{}", duty.id);
            effects.extend(duty.then.iter().map(|escalation| (name.clone(), &escalation.effect)));
        }
        effects
    }
}

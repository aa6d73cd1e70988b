//! How far the conditions of a check look: what must change for its figure to change.

use regulation::{
    Check, CheckEvidence, Condition, DutyId, Expr, Function, Kind, Member, Name, Pack, Population, RegisterId,
};
use std::collections::BTreeSet;

/// How far a check looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// At each record of this register alone: it is judged again only when it changes itself.
    Alone(RegisterId),
    /// At the occurrences of a duty.
    Duty(DutyId),
    /// At what an engine, or the system by itself, knows.
    Engine,
    /// At the time, at people or at other records as well: all are judged again.
    Around {
        /// Registers whose records may matter, its own among them.
        registers: BTreeSet<RegisterId>,
        /// Do people, roles and units matter?
        people: bool,
    },
}

impl Reach {
    /// That of a check.
    pub(crate) fn of(pack: &Pack, check: &Check) -> Self {
        let (register, only) = match &check.population {
            Population::Duty { duty, .. } => return Self::Duty(duty.clone()),
            Population::Engine { .. } | Population::Machine { .. } => return Self::Engine,
            Population::Records { register, only, .. } => (register, only),
        };
        let judged = match &check.evidence {
            CheckEvidence::Measure { value: condition, .. }
            | CheckEvidence::Newest(condition)
            | CheckEvidence::Share(condition) => Some(condition),
            CheckEvidence::Engine | CheckEvidence::NoneOpen | CheckEvidence::OnTime => None,
        };
        let conditions: Vec<&Condition> = only.iter().chain(judged).collect();
        let (mut alone, mut people, mut others) = (true, false, false);
        for condition in &conditions {
            condition.expr().visit(&mut |expr| match expr {
                Expr::Name(Name::Now | Name::Today) => alone = false,
                Expr::Name(Name::Lookup(_))
                | Expr::Member(_, Member::Field(_) | Member::Record(_) | Member::Step(..)) => others = true,
                Expr::Call(Function::Holds | Function::Superior | Function::Within, _) => people = true,
                _ => {}
            });
        }
        if alone && !people && !others {
            return Self::Alone(register.clone());
        }
        let mut registers = BTreeSet::from([register.clone()]);
        if others {
            registers.extend(referred(pack, register));
        }
        Self::Around { registers, people }
    }
}

/// Registers that lookups and references of a register lead to.
fn referred(pack: &Pack, register: &RegisterId) -> BTreeSet<RegisterId> {
    let Some(register) = pack.registers.get(register) else { return BTreeSet::new() };
    let lookups = register.lookups.iter().map(|lookup| lookup.register.clone());
    let fields = register.fields.iter().filter_map(|field| match &field.kind {
        Kind::Reference { register, .. } => Some(register.clone()),
        _ => None,
    });
    lookups.chain(fields).collect()
}

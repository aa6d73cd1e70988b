//! What the walks must cover, read from the pack, and what they have covered.
//!
//! Invariant: nothing in it names a register, so whatever the pack comes to hold is wanted from then on.

use regulation::{
    Effect, End, Escalation, EscalationTime, Outcome, Pack, Register, Signers, StateId, Step, Who,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// By register, or `duty <id>`: what of it, in words.
    met: BTreeSet<(String, String)>,
}

impl Coverage {
    pub(crate) fn meet(&mut self, of: &impl ToString, what: String) {
        self.met.insert((of.to_string(), what));
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.met.extend(other.met);
    }

    /// What is missing, by register and duty; one line for what has no walk at all.
    pub(crate) fn missing(&self, pack: &Pack) -> Vec<String> {
        let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let wanted = wanted(pack);
        assert!(wanted.len() > 1_000, "{} things to cover: the pack was not read whole", wanted.len());
        for (name, what) in wanted {
            if !self.met.contains(&(name.clone(), what.clone())) {
                missing.entry(name).or_default().push(what);
            }
        }
        let walked: BTreeSet<&str> = self.met.iter().map(|(name, _)| name.as_str()).collect();
        let told = |(name, whats): (String, Vec<String>)| {
            if walked.contains(name.as_str()) {
                return whats.iter().map(|what| format!("{name}: {what}")).collect();
            }
            let duty = name.starts_with("duty ");
            let mend = if duty { "let a walk owe it".to_owned() } else { format!("write data/{name}.toml") };
            vec![format!("{name}: no walk at all, {} things to cover; {mend}", whats.len())]
        };
        missing.into_iter().flat_map::<Vec<String>, _>(told).collect()
    }
}

fn wanted(pack: &Pack) -> BTreeSet<(String, String)> {
    let mut wanted = BTreeSet::new();
    for register in pack.registers.values() {
        let mut whats = flow(register);
        whats.extend(refusals(pack, register));
        whats.extend(rules(register));
        wanted.extend(whats.into_iter().map(|what| (register.id.to_string(), what)));
    }
    for duty in pack.duties.values() {
        let mut whats = vec![DONE.to_owned()];
        whats.extend(points("", &duty.then));
        let ends = &pack.register(duty.register.as_str()).unwrap().flow.states;
        if ends.iter().any(|state| state.end.is_some_and(|end| end != End::Done)) {
            whats.push(REOPENED.to_owned());
        }
        wanted.extend(whats.into_iter().map(|what| (format!("duty {}", duty.id), what)));
    }
    wanted
}

fn flow(register: &Register) -> Vec<String> {
    let mut whats: Vec<String> = register.flow.states.iter().map(|one| state(&one.id)).collect();
    whats.extend(casework::edges(register).map(|way| edge(way.from, way.step, way.outcome)));
    for step in &register.flow.steps {
        for (index, follow) in step.then.iter().enumerate() {
            whats.push(effect(&format!("step {}", step.id), index, &follow.effect));
        }
    }
    for clock in &register.flow.clocks {
        whats.extend(points(&format!("clock {}", clock.id), &clock.then));
    }
    whats
}

fn points(place: &str, then: &[Escalation]) -> Vec<String> {
    let each = |(index, one): (usize, &Escalation)| {
        [
            point(place, index, one.at, false),
            point(place, index, one.at, true),
            effect(place, index, &one.effect),
        ]
    };
    then.iter().enumerate().flat_map(each).collect()
}

/// Every role that is not named, in every state; every step where it does not start.
fn refusals(pack: &Pack, register: &Register) -> Vec<String> {
    let roles: Vec<_> = pack.roles.keys().cloned().collect();
    let mut whats = Vec::new();
    for place in casework::by_role(register, &roles).filter(|place| !place.named) {
        let at = place.state.map(|state| &state.id);
        let starts = at.map_or(place.step.opens(), |state| place.step.from.contains(state));
        match (starts, at) {
            (true, at) => whats.push(refused(at, place.step, place.role)),
            (false, Some(at)) if !place.step.opens() => whats.push(not_there(at, place.step)),
            _ => {}
        }
    }
    for step in &register.flow.steps {
        let by: Vec<_> = match &step.signers {
            Signers::People { by, if_short, .. } => by.iter().chain(if_short).collect(),
            Signers::Seats { seats, .. } => seats.iter().map(|seat| &seat.rule).collect(),
        };
        let people = by.iter().enumerate().filter(|(_, rule)| !matches!(rule.who, Who::System));
        whats.extend(people.map(|(index, _)| let_in(step, index)));
    }
    whats
}

fn rules(register: &Register) -> Vec<String> {
    let mut whats = Vec::new();
    let mut both = |what: &dyn Fn(bool) -> String| whats.extend([what(true), what(false)]);
    for step in &register.flow.steps {
        for guarded in &step.guards {
            both(&|kept| guard(step, guarded.message.zh(), kept));
        }
        if step.lead.is_some() {
            both(&|kept| lead(step, kept));
        }
    }
    for one in &register.constraints {
        both(&|kept| constraint(one.id.as_str(), kept));
    }
    for one in &register.uniques {
        both(&|kept| unique(one.message.zh(), kept));
    }
    let by_hand = |step: &Step| step.opens() && !step.by_system();
    if register.late.is_some() && register.flow.steps.iter().any(by_hand) {
        both(&late);
    }
    whats
}

pub(crate) const DONE: &str = "done through its record";
pub(crate) const REOPENED: &str = "opened again when its record came to nothing";

pub(crate) fn state(id: &StateId) -> String {
    format!("the state {id} is reached")
}

pub(crate) fn edge(from: Option<&StateId>, step: &Step, outcome: Outcome) -> String {
    format!(
        "the step {} is taken from {} as {}",
        step.id,
        from.map_or("nothing", StateId::as_str),
        outcome.word()
    )
}

pub(crate) fn let_in(step: &Step, rule: usize) -> String {
    format!("the step {} lets in whom its rule {rule} names", step.id)
}

pub(crate) fn refused(at: Option<&StateId>, step: &Step, role: &regulation::RoleId) -> String {
    format!(
        "in {}, the step {} is refused to the role {role}",
        at.map_or("nothing", StateId::as_str),
        step.id
    )
}

pub(crate) fn not_there(at: &StateId, step: &Step) -> String {
    format!("in {at}, the step {} does not start", step.id)
}

pub(crate) fn point(place: &str, index: usize, at: EscalationTime, outage: bool) -> String {
    let when = match at {
        EscalationTime::Due => "when it runs out".to_owned(),
        EscalationTime::Early(limit) => format!("{limit} before"),
        EscalationTime::Late(limit) => format!("{limit} after"),
    };
    format!("{place} point {index} comes {when}{}", if outage { ", late by outage" } else { "" })
}

pub(crate) fn effect(place: &str, index: usize, effect: &Effect) -> String {
    let what = match effect {
        Effect::Change { register, .. } => format!("change {register}"),
        Effect::Destroy { .. } => "destroy".to_owned(),
        Effect::Hook { hook, .. } => format!("hook {hook}"),
        Effect::Open { register, .. } => format!("open {register}"),
        Effect::Set(_) => "set".to_owned(),
        Effect::Take { register, step, .. } => format!("take {register}.{step}"),
        Effect::Tell { .. } => "tell".to_owned(),
    };
    format!("{place} effect {index} happens: {what}")
}

pub(crate) fn guard(step: &Step, message: &str, kept: bool) -> String {
    format!("the guard of {} 「{message}」 {}", step.id, if kept { "lets pass" } else { "refuses" })
}

pub(crate) fn lead(step: &Step, kept: bool) -> String {
    format!("the lead of {} {}", step.id, if kept { "lets pass" } else { "refuses" })
}

pub(crate) fn constraint(id: &str, kept: bool) -> String {
    format!("the constraint {id} {}", if kept { "lets pass" } else { "refuses" })
}

pub(crate) fn unique(message: &str, kept: bool) -> String {
    format!("unique 「{message}」 {}", if kept { "lets two records differ" } else { "refuses" })
}

pub(crate) fn late(kept: bool) -> String {
    format!("a late entry {}", if kept { "with a reason is taken" } else { "without a reason is refused" })
}

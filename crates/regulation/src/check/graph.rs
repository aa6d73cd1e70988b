//! States and steps of one flow: everything is reached, nothing is a dead end.

use crate::read::Context;
use crate::register::Register;
use crate::word::StateId;
use std::collections::BTreeSet;

pub(super) fn check(register: &Register, context: &Context<'_>) {
    let flow = &register.flow;
    let place = |kind: &str, id: &str| context.place(&format!("{}/{kind}/{id}", register.id));
    if !flow.steps.iter().any(crate::flow::Step::opens) && !flow.steps.is_empty() {
        let (zh, en) = ("沒有開立案件之步驟(無 from 之步驟)", "no step opens a record (a step without from)");
        context.problem(context.place(register.id.as_str()), zh, en);
        return;
    }
    let reached = reached(register);
    let whole = is_whole(register, context);
    for state in flow.states.iter().filter(|state| whole && !reached.contains(&state.id)) {
        let (zh, en) = (
            format!("沒有任何步驟到達狀態「{}」", state.id),
            format!("no path reaches the state {}", state.id),
        );
        context.problem(place("state", state.id.as_str()), zh, en);
    }
    for state in flow.states.iter().filter(|state| whole && state.end.is_none()) {
        let leaves = flow.steps.iter().any(|step| step.from.contains(&state.id));
        if !leaves {
            let zh = format!("狀態「{}」既非終結,又無步驟可離開", state.id);
            let en = format!("the state {} is no end, and no step leads out of it", state.id);
            context.problem(place("state", state.id.as_str()), zh, en);
        }
    }
    let ends: BTreeSet<&StateId> =
        flow.states.iter().filter(|state| state.end.is_some()).map(|state| &state.id).collect();
    for step in &flow.steps {
        if let Some(end) = step.from.iter().find(|from| ends.contains(from)) {
            let zh = format!("步驟「{}」起自終結狀態「{end}」", step.id);
            let en = format!("the step {} starts in the end state {end}", step.id);
            context.problem(place("step", step.id.as_str()), zh, en);
        }
    }
    for clock in &flow.clocks {
        if let Some(end) = clock.runs.iter().find(|state| ends.contains(state)) {
            let zh = format!("時限「{}」於終結狀態「{end}」計時", clock.id);
            let en = format!("the clock {} runs in the end state {end}", clock.id);
            context.problem(place("clock", clock.id.as_str()), zh, en);
        }
    }
}

/// Was every step read with all its outcomes? Otherwise what is not reached may only seem so.
fn is_whole(register: &Register, context: &Context<'_>) -> bool {
    let written = context.vocabulary().registers.get(&register.id).map(|outline| &outline.steps);
    let read = |step: &crate::StepId| register.flow.step(step.as_str()).map_or(0, |step| step.outcomes.len());
    written.is_some_and(|steps| steps.iter().all(|(step, outcomes)| read(step) == outcomes.len()))
}

/// The states reached from opening steps.
fn reached(register: &Register) -> BTreeSet<&StateId> {
    let mut reached: BTreeSet<&StateId> = BTreeSet::new();
    loop {
        let before = reached.len();
        for step in &register.flow.steps {
            if step.opens() || step.from.iter().any(|from| reached.contains(from)) {
                reached.extend(step.outcomes.iter().map(|(_, to)| to));
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

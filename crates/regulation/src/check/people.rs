//! Steps somebody can take.

use super::Whole;
use crate::condition::{Expr, Name, RecordAttribute};
use crate::field::When;
use crate::flow::{Effect, Outcome, Signers, Step};
use crate::read::Context;
use crate::register::Register;
use crate::role::{ActorRule, HeldIn, Role, RolePlace, Who};
use crate::word::RoleId;
use std::collections::BTreeMap;

pub(super) fn check(register: &Register, whole: &Whole<'_>, context: &Context<'_>) {
    for step in &register.flow.steps {
        if let Some((zh, en)) = nobody(register, step, whole) {
            let place = context.place(&format!("{}/step/{}", register.id, step.id));
            let (zh, en) = (
                format!("沒有人能辦理步驟「{}」:{zh}", step.id),
                format!("nobody can take the step {}: {en}", step.id),
            );
            context.problem(place, zh, en);
        }
    }
}

/// Why nobody can take a step.
fn nobody(register: &Register, step: &Step, whole: &Whole<'_>) -> Option<(String, String)> {
    if matches!(step.when, When::Never) {
        return said("when 為 false", "its `when` is false");
    }
    match &step.signers {
        Signers::Seats { seats, need, .. } => {
            let open: Vec<_> = seats.iter().filter(|seat| may_count(&seat.rule)).collect();
            if open.is_empty() {
                return said("沒有任何席次", "it has no seats");
            }
            let fixed = open.iter().all(|seat| seat.each.is_none());
            let short = need.filter(|need| fixed && *need as usize > open.len());
            short.and_then(|need| {
                said(
                    &format!("需 {need} 席,僅有 {} 席", open.len()),
                    &format!("it needs {need} seats of {}", open.len()),
                )
            })
        }
        Signers::People { by, need, if_short, .. } => {
            let open: Vec<&ActorRule> = by.iter().filter(|rule| may_count(rule)).collect();
            if open.is_empty() {
                return said("by 未列任何人", "`by` names nobody");
            }
            by_system_only(register, step, &open, whole)
                .or_else(|| barred(step, &open))
                .or_else(|| too_few(&open, *need, if_short, whole.roles))
        }
    }
}

fn said(zh: &str, en: &str) -> Option<(String, String)> {
    Some((zh.to_owned(), en.to_owned()))
}

fn may_count(rule: &ActorRule) -> bool {
    !matches!(rule.when, When::Never)
}

/// A step only the system takes, which nothing takes. Opening steps are left to duties, effects and engines.
fn by_system_only(
    register: &Register,
    step: &Step,
    open: &[&ActorRule],
    whole: &Whole<'_>,
) -> Option<(String, String)> {
    if !whole.complete || step.opens() || !open.iter().all(|rule| matches!(rule.who, Who::System)) {
        return None;
    }
    let taken = whole.effects().iter().any(|(_, effect)| {
        matches!(effect, Effect::Take { step: taken, register: of, .. } if *taken == step.id && *of == register.id)
    });
    if taken {
        None
    } else {
        said("僅由系統辦理,卻無任何時限或後續觸發", "only the system may, and no clock or effect does")
    }
}

/// Every rule names a person who is barred: whoever opened the record where it is approved, or one of `never`.
fn barred(step: &Step, open: &[&ActorRule]) -> Option<(String, String)> {
    let approves = step.outcomes.iter().any(|(outcome, _)| *outcome == Outcome::Approve);
    let opener = Expr::Name(Name::Record(RecordAttribute::OpenedBy));
    let all_barred = open.iter().all(|rule| match &rule.who {
        Who::Person(person) => {
            (approves && *person.expr() == opener)
                || step.never.iter().any(|never| never.expr() == person.expr())
        }
        _ => false,
    });
    if all_barred { said("所列之人均不得辦理", "everyone named is barred from it") } else { None }
}

/// A role with fewer holders than are needed, and nobody to fill up.
fn too_few(
    open: &[&ActorRule],
    need: u32,
    if_short: &[ActorRule],
    roles: &BTreeMap<RoleId, Role>,
) -> Option<(String, String)> {
    if !if_short.is_empty() {
        return None;
    }
    let mut most = 0_u32;
    for rule in open {
        most = most.saturating_add(holders(rule, roles)?);
    }
    if most >= need {
        return None;
    }
    said(
        &format!("需 {need} 人,至多僅 {most} 人"),
        &format!("it needs {need} people, and there are at most {most}"),
    )
}

/// How many people a rule can mean at most; `None` when there is no telling.
fn holders(rule: &ActorRule, roles: &BTreeMap<RoleId, Role>) -> Option<u32> {
    match &rule.who {
        Who::System => Some(1),
        Who::Person(person) => (*person.of() == crate::Type::Person).then_some(1),
        Who::Role { role, place } => {
            let role = roles.get(role)?;
            let one_place = role.held_in == HeldIn::City
                || matches!(place, RolePlace::Own { above: false } | RolePlace::Unit { above: false, .. });
            role.most.filter(|_| one_place)
        }
    }
}

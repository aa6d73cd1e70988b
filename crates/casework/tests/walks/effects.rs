//! What follows by itself is there: for each step that was taken and each point that came, its effects are sought
//! among the events, with the values they should carry.

use crate::coverage::{Coverage, DONE, REOPENED, edge, effect as named, state};
use crate::seen::Seen;
use crate::town::{Actor, Town};
use casework::{Addressee, Body, Case, Content, Directory, Event, Records, Subject};
use model::RecordId;
use regulation::{Condition, Effect, FieldId, Outcome, Reference, StepId};

/// One command: the town before it, the town after it, what happened.
pub(crate) struct After<'a> {
    pub(crate) before: &'a Town,
    pub(crate) town: &'a Town,
    pub(crate) events: &'a [Event],
}

/// What the events of one command say of flows, and whether what should follow them did.
pub(crate) fn follow(after: &After<'_>, actor: Option<&Actor>, coverage: &mut Coverage) {
    let town = after.town;
    let mut signed = None;
    for event in after.events {
        match (&event.body, event.record()) {
            (Body::Opened { register, step, state: at, content, .. }, Some(record)) => {
                let rules = town.pack.register(register.as_str()).unwrap();
                let step = rules.flow.step(step.as_str()).unwrap();
                let outcome = step.outcomes.iter().map(|(one, _)| *one).find(|one| one.is_forward()).unwrap();
                coverage.meet(register, edge(None, step, outcome));
                coverage.meet(register, state(at));
                of_step(
                    after,
                    &Taking { record, step: &step.id, outcome, content, old: None, actor },
                    coverage,
                );
            }
            (Body::Signed { step, outcome, content, .. }, Some(record)) => {
                let filled = content.clone().unwrap_or_else(|| after.before.case(record).content.clone());
                signed = Some((record, step, *outcome, filled));
            }
            (Body::Taken { step, outcome, from, to, by, .. }, Some(record)) => {
                let case = town.case(record);
                let rules = town.pack.register(case.register.as_str()).unwrap();
                let taken = rules.flow.step(step.as_str()).unwrap();
                coverage.meet(&case.register, edge(Some(from), taken, *outcome));
                coverage.meet(&case.register, state(to));
                let old = after.before.kept.case(record).map(|before| before.content.clone());
                let own = signed.as_ref().filter(|(of, ..)| *of == record).map(|(.., filled)| filled);
                let content = own.or(old.as_ref()).unwrap_or(&case.content);
                let actor = actor.filter(|_| !by.is_empty());
                let (outcome, old) = (*outcome, old.as_ref());
                of_step(after, &Taking { record, step, outcome, content, old, actor }, coverage);
            }
            (Body::SentBack { to }, Some(record)) => {
                // The step was signed, and what it changed has to be approved again.
                let (case, before) = (town.case(record), after.before.case(record));
                let rules = town.pack.register(case.register.as_str()).unwrap();
                let (_, step, outcome, _) = signed.as_ref().unwrap();
                let taken = rules.flow.step(step.as_str()).unwrap();
                coverage.meet(&case.register, edge(Some(&before.state), taken, *outcome));
                coverage.meet(&case.register, state(to));
            }
            (Body::Notice { zh, en, .. }, _) => readable(zh, en),
            (Body::DutyDone { key, .. }, _) => coverage.meet(&format!("duty {}", key.duty), DONE.into()),
            (Body::DutyReopened { key, .. }, _) => {
                coverage.meet(&format!("duty {}", key.duty), REOPENED.into())
            }
            (Body::EffectRefused { zh, en }, _) => panic!("what should follow was refused: {zh} / {en}"),
            _ => {}
        }
    }
}

/// Is a notice fit to be read: every value there, and no value as a machine writes it?
fn readable(zh: &str, en: &str) {
    for text in [zh, en] {
        let machine = text.contains("000000Z") || text.contains('—') || text.contains('{');
        let id = text.split(|c: char| !c.is_ascii_hexdigit()).any(|part| part.len() >= 12);
        assert!(!machine && !id, "not fit to be read: {text}");
    }
}

/// A step that was taken, with what its effects saw.
struct Taking<'a> {
    record: RecordId,
    step: &'a StepId,
    outcome: Outcome,
    /// What the record held when the first effect came.
    content: &'a Content,
    old: Option<&'a Content>,
    actor: Option<&'a Actor>,
}

fn of_step(after: &After<'_>, taking: &Taking<'_>, coverage: &mut Coverage) {
    let case = after.town.case(taking.record);
    let register = after.town.pack.register(case.register.as_str()).unwrap();
    let step = register.flow.step(taking.step.as_str()).unwrap();
    let case = Case { content: taking.content.clone(), ..(*case).clone() };
    let seen =
        Seen { old: taking.old, actor: taking.actor, now: after.town.now, ..Seen::new(after.before, &case) };
    for (index, follow) in step.then.iter().enumerate() {
        let applies = follow.on.contains(&taking.outcome) && seen.applies(&follow.when);
        if applies && happened(&seen, after, &follow.effect) {
            coverage.meet(&register.id, named(&format!("step {}", step.id), index, &follow.effect));
        }
    }
}

/// Is the effect among the events? Panics when it should be and is not; `false` when there was nothing left to do.
pub(crate) fn happened(seen: &Seen<'_>, after: &After<'_>, effect: &Effect) -> bool {
    let (case, events) = (seen.case.unwrap(), after.events);
    let own = Subject::Record(case.record);
    let of_record = || events.iter().filter(|event| event.subject == own).map(|event| &event.body);
    let found = match effect {
        Effect::Tell { text, .. } => of_record().any(|body| {
            let Body::Notice { to, zh, en } = body else { return false };
            let meant = Seen::could_be(&text.zh, zh) && Seen::could_be(&text.en, en);
            assert!(!meant || to.iter().any(|to| reaches(after.town, to)), "nobody is told: {zh}");
            meant
        }),
        Effect::Hook { hook, give } => of_record().any(|body| match body {
            Body::HookAsked { hook: asked, give: given } => {
                asked == hook && give.iter().all(|(id, value)| told(seen, value) == given.get(id).cloned())
            }
            _ => false,
        }),
        Effect::Destroy { records } => {
            let wanted: Vec<RecordId> = seen.references(records).iter().map(|one| one.record).collect();
            of_record().any(|body| match body {
                Body::Condemned { records } => {
                    records.iter().map(|one| one.record).eq(wanted.iter().copied())
                }
                _ => false,
            })
        }
        Effect::Open { register, step, set } => events.iter().any(|event| match &event.body {
            Body::Opened { register: of, step: by, content, rooted, .. } => {
                let from = rooted.origin.as_ref().map(|origin| origin.record);
                of == register && by == step && from == Some(case.record) && holds(seen, set, content)
            }
            _ => false,
        }),
        Effect::Set(set) => {
            let changed = events.iter().any(|event| match &event.body {
                Body::Changed { by: None, content, .. } => event.subject == own && holds(seen, set, content),
                _ => false,
            });
            assert!(holds(seen, set, &after.town.case(case.record).content), "{} was not set", case.register);
            return changed;
        }
        Effect::Change { records, set, .. } => {
            let targets = seen.references(records);
            let of = |target: &Reference| Subject::Record(target.record);
            let held = |target: &Reference| holds(seen, set, &after.town.case(target.record).content);
            assert!(targets.iter().all(held), "{}: records referred to were not changed", case.register);
            let changed = |target: &Reference| {
                let by_this = |body: &Body| matches!(body, Body::Changed { by: Some(by), .. } if by.record == case.record);
                events.iter().any(|event| event.subject == of(target) && by_this(&event.body))
            };
            return !targets.is_empty() && targets.iter().all(changed);
        }
        Effect::Take { step, of, .. } => {
            let targets = match of {
                Some(of) => seen.references(of).iter().map(|one| one.record).collect(),
                None => vec![case.record],
            };
            let taken = |target: &RecordId| {
                let this = |body: &Body| matches!(body, Body::Taken { step: one, by, .. } if one == step && by.is_empty());
                events.iter().any(|event| event.record() == Some(*target) && this(&event.body))
            };
            if targets.is_empty() {
                return false;
            }
            targets.iter().all(taken)
        }
    };
    let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
    assert!(found, "{} in {}: it does not follow: {effect:?}\namong {kinds:?}", case.register, case.state);
    true
}

fn told(seen: &Seen<'_>, condition: &Condition) -> Option<serde_json::Value> {
    seen.value(condition).map(|value| value.to_json())
}

/// Are these values in the content, as far as they have any?
fn holds(seen: &Seen<'_>, set: &[(FieldId, Condition)], content: &Content) -> bool {
    set.iter().all(|(field, value)| told(seen, value).as_ref() == content.0.get(field))
}

fn reaches(town: &Town, to: &Addressee) -> bool {
    match to {
        Addressee::Person(_) => true,
        Addressee::Role { role, unit, above } => !town.people.holders(role, *unit, *above).is_empty(),
    }
}

/// Everyone who is told by these events, short: `name`, `role@unit`, `role@unit+`, `role@*`.
pub(crate) fn addressees(town: &Town, events: &[Event]) -> Vec<String> {
    let mut all = Vec::new();
    for event in events {
        let Body::Notice { to, .. } = &event.body else { continue };
        all.extend(to.iter().map(|to| match to {
            Addressee::Person(person) => town.people.name(*person).to_owned(),
            Addressee::Role { role, unit: None, .. } => format!("{role}@*"),
            Addressee::Role { role, unit: Some(unit), above } => {
                format!("{role}@{}{}", town.people.unit_name(*unit), if *above { "+" } else { "" })
            }
        }));
    }
    all.sort();
    all.dedup();
    all
}

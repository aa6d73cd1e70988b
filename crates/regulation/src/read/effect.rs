//! Who acts, and what follows by itself.

use super::context::Context;
use crate::condition::Typing;
use crate::field::When;
use crate::flow::{Effect, Escalation, EscalationTime, Follow, Outcome};
use crate::raw::{Node, Table};
use crate::role::{ActorRule, RolePlace, Who};
use crate::value::Type;
use crate::word::{FieldId, HookId, RegisterId, StepId};

/// The rules at a key.
pub(super) fn actors(
    table: Table<'_>,
    key: &str,
    typing: &Typing<'_>,
    context: &Context<'_>,
) -> Vec<ActorRule> {
    let rules = table.list(key).into_iter().filter_map(Node::table);
    rules.filter_map(|rule| actor(rule, typing, context)).collect()
}

/// One rule.
pub(super) fn actor(table: Table<'_>, typing: &Typing<'_>, context: &Context<'_>) -> Option<ActorRule> {
    let given: Vec<&str> =
        ["role", "person", "system"].into_iter().filter(|key| table.get(key).is_some()).collect();
    let [one] = given.as_slice() else {
        let (zh, en) =
            ("須且僅能有 role、person、system 其中之一", "exactly one of role, person, system is asked for");
        context.problem(table.place(), zh, en);
        return None;
    };
    for key in ["unit", "above"].into_iter().filter(|key| *one != "role" && table.get(key).is_some()) {
        let (zh, en) = (format!("「{key}」僅能與 role 並用"), format!("{key:?} goes with role only"));
        context.problem(table.place_of(key), zh, en);
    }
    let who = match *one {
        "person" => Who::Person(context.people(table.get("person")?, typing)?),
        "system" => Who::System,
        _ => Who::Role { role: context.role_at(table, "role")?, place: role_place(table, typing, context)? },
    };
    Some(ActorRule { who, when: context.when(table, "when", When::Always, typing) })
}

fn role_place(table: Table<'_>, typing: &Typing<'_>, context: &Context<'_>) -> Option<RolePlace> {
    let above = table.flag("above").unwrap_or(false);
    match table.get("unit") {
        None if typing.record.is_none() => {
            let (zh, en) = ("此處須指明 unit", "here the unit must be said");
            context.problem(table.place(), zh, en);
            None
        }
        None => Some(RolePlace::Own { above }),
        Some(node) if node.text() == Some("*") => Some(RolePlace::Anywhere),
        Some(node) => {
            Some(RolePlace::Unit { unit: context.condition(node, Some(&Type::Unit), typing)?, above })
        }
    }
}

/// What follows a step.
pub(super) fn follows(
    table: Table<'_>,
    register: &RegisterId,
    typing: &Typing<'_>,
    context: &Context<'_>,
) -> Vec<Follow> {
    let read = |then: Table<'_>| {
        let on = outcomes(then);
        let when = context.when(then, "when", When::Always, typing);
        Some(Follow { on, when, effect: effect(then, Some(register), typing, context)? })
    };
    table.tables("then").into_iter().filter_map(read).collect()
}

/// The outcomes at `on`; the forward ones where it says nothing.
pub(super) fn outcomes(table: Table<'_>) -> Vec<Outcome> {
    let written: Vec<Outcome> =
        table.list("on").into_iter().filter_map(|node| Outcome::from_word(node.text()?)).collect();
    if written.is_empty() { vec![Outcome::Approve, Outcome::Done] } else { written }
}

/// What happens around the time something is due.
pub(super) fn escalations(
    table: Table<'_>,
    register: Option<&RegisterId>,
    typing: &Typing<'_>,
    context: &Context<'_>,
) -> Vec<Escalation> {
    let read = |then: Table<'_>| {
        let at = match (then.parsed("early"), then.parsed("late")) {
            (Some(_), Some(_)) => {
                let (zh, en) = ("early 與 late 不可並用", "early and late exclude each other");
                context.problem(then.place_of("late"), zh, en);
                return None;
            }
            (Some(early), None) => EscalationTime::Early(early),
            (None, Some(late)) => EscalationTime::Late(late),
            (None, None) => EscalationTime::Due,
        };
        let when = context.when(then, "when", When::Always, typing);
        Some(Escalation { at, when, effect: effect(then, register, typing, context)? })
    };
    table.tables("then").into_iter().filter_map(read).collect()
}

const VERBS: [&str; 6] = ["tell", "open", "change", "take", "hook", "destroy"];

/// Keys that go with a verb; `set` also stands alone.
fn companions(verb: &str) -> (&'static [&'static str], &'static [&'static str]) {
    // Needed, allowed.
    match verb {
        "tell" => (&["text"], &[]),
        "open" => (&[], &["set"]),
        "change" => (&["set"], &[]),
        "take" => (&[], &["of"]),
        "hook" => (&[], &["give"]),
        "set" => (&["set"], &[]),
        _ => (&[], &[]),
    }
}

fn effect(
    table: Table<'_>,
    register: Option<&RegisterId>,
    typing: &Typing<'_>,
    context: &Context<'_>,
) -> Option<Effect> {
    let verb = verb(table, context)?;
    match verb {
        "tell" => Some(Effect::Tell {
            to: actors(table, "tell", typing, context),
            text: context.template(table, "text", typing)?,
        }),
        "open" => open(table, typing, context),
        "change" => {
            let records = context.condition_at(table, "change", None, typing)?;
            let target = target(table.get("change")?, records.of(), context)?;
            let set = set(table, "set", &target, typing, context);
            Some(Effect::Change { records, register: target, set })
        }
        "take" => take(table, register, typing, context),
        "hook" => hook(table, typing, context),
        "destroy" => {
            let records = context.condition_at(table, "destroy", None, typing)?;
            target(table.get("destroy")?, records.of(), context)?;
            Some(Effect::Destroy { records })
        }
        _ => match register {
            Some(register) => Some(Effect::Set(set(table, "set", register, typing, context))),
            None => {
                let (zh, en) = ("此處沒有本案可設定", "there is no record here whose fields could be set");
                context.problem(table.place_of("set"), zh, en);
                None
            }
        },
    }
}

fn verb(table: Table<'_>, context: &Context<'_>) -> Option<&'static str> {
    let verbs: Vec<&'static str> = VERBS.into_iter().filter(|verb| table.get(verb).is_some()).collect();
    let verb = match verbs.as_slice() {
        [verb] => *verb,
        [] if table.get("set").is_some() => "set",
        _ => {
            let (zh, en) = (
                "須且僅能有 tell、open、change、set、take、hook、destroy 其中之一",
                "exactly one of tell, open, change, set, take, hook, destroy is asked for",
            );
            context.problem(table.place(), zh, en);
            return None;
        }
    };
    let (needed, allowed) = companions(verb);
    for key in needed.iter().filter(|key| table.get(key).is_none()) {
        context.problem(table.place(), format!("「{verb}」缺少「{key}」"), format!("{verb} needs {key}"));
    }
    for key in ["text", "set", "of", "give"] {
        if table.get(key).is_some() && !needed.contains(&key) && !allowed.contains(&key) {
            context.problem(
                table.place_of(key),
                format!("「{key}」不能與「{verb}」並用"),
                format!("{key} does not go with {verb}"),
            );
        }
    }
    Some(verb)
}

fn open(table: Table<'_>, typing: &Typing<'_>, context: &Context<'_>) -> Option<Effect> {
    let register = context.register_at(table, "open")?;
    let step = opening(table.get("open")?, &register, context)?;
    let set = set(table, "set", &register, typing, context);
    Some(Effect::Open { register, step, set })
}

/// The opening step of a register that the system takes; there must be exactly one.
pub(super) fn opening(node: Node<'_>, register: &RegisterId, context: &Context<'_>) -> Option<StepId> {
    let openings = context.names.openings.get(register).map(Vec::as_slice).unwrap_or_default();
    match openings {
        [step] => Some(step.clone()),
        [] => {
            let zh =
                format!("登記簿「{register}」沒有由系統開立之步驟(by = [{{ system = true }}] 且無 from)");
            let en = format!(
                "the register {register} has no opening step for the system: by = [{{ system = true }}] and no from"
            );
            context.problem(node.place(), zh, en);
            None
        }
        [..] => {
            let zh = format!("登記簿「{register}」由系統開立之步驟不止一個");
            let en = format!("the register {register} has more than one opening step for the system");
            context.problem(node.place(), zh, en);
            None
        }
    }
}

/// Fields of `register` and the conditions that fill them.
pub(super) fn set(
    table: Table<'_>,
    key: &str,
    register: &RegisterId,
    typing: &Typing<'_>,
    context: &Context<'_>,
) -> Vec<(FieldId, crate::Condition)> {
    let Some(outline) = context.vocabulary.registers.get(register) else { return Vec::new() };
    let entries = table.inner(key).map(Table::entries).unwrap_or_default();
    let read = |(name, place, value): (&str, crate::Place, Node<'_>)| {
        if context.names.broken.contains(name) {
            return None;
        }
        let Some((field, of)) = outline.fields.get_key_value(name) else {
            let suggestion = crate::similar::nearest(name, outline.fields.keys().map(FieldId::as_str));
            let zh = format!("登記簿「{register}」沒有欄位「{name}」");
            let en = format!("the register {register} has no field {name:?}");
            context.problems.add_with(place, zh, en, suggestion.map(str::to_owned));
            return None;
        };
        Some((field.clone(), context.condition(value, Some(of), typing)?))
    };
    entries.into_iter().filter_map(read).collect()
}

fn take(
    table: Table<'_>,
    register: Option<&RegisterId>,
    typing: &Typing<'_>,
    context: &Context<'_>,
) -> Option<Effect> {
    let of = match table.get("of") {
        Some(node) => Some((context.condition(node, None, typing)?, node)),
        None => None,
    };
    let owner = match (&of, register) {
        (Some((of, node)), _) => target(*node, of.of(), context)?,
        (None, Some(register)) => register.clone(),
        (None, None) => {
            let (zh, en) = ("此處須以 of 指明何案件", "here `of` must say whose step it is");
            context.problem(table.place_of("take"), zh, en);
            return None;
        }
    };
    let steps = context.vocabulary.registers.get(&owner)?.steps.keys().map(StepId::as_str);
    let step: StepId = context.known_at(table, "take", steps, ("步驟", "step"))?;
    let allowed = context.names.by_system.get(&owner).is_some_and(|steps| steps.contains(&step));
    if !allowed {
        let zh = format!("步驟「{step}」未許可由系統辦理(by 須含 {{ system = true }})");
        let en = format!("the step {step} is not the system's to take: by must hold {{ system = true }}");
        context.problem(table.place_at("take"), zh, en);
        return None;
    }
    Some(Effect::Take { step, of: of.map(|(of, _)| of), register: owner })
}

fn hook(table: Table<'_>, typing: &Typing<'_>, context: &Context<'_>) -> Option<Effect> {
    let hooks = &context.names.hooks;
    let hook: HookId =
        context.known_at(table, "hook", hooks.keys().map(HookId::as_str), ("對外動作", "hook"))?;
    let wanted = hooks.get(&hook)?;
    let entries = table.inner("give").map(Table::entries).unwrap_or_default();
    for missing in wanted.keys().filter(|name| entries.iter().all(|(given, _, _)| *given != name.as_str())) {
        let (zh, en) = (format!("未交付「{missing}」"), format!("{missing:?} is not given"));
        context.problem(table.place_of("hook"), zh, en);
    }
    let read = |(name, place, value): (&str, crate::Place, Node<'_>)| {
        let Some((id, of)) = wanted.get_key_value(name) else {
            let suggestion = crate::similar::nearest(name, wanted.keys().map(FieldId::as_str));
            let (zh, en) = (format!("「{hook}」不收「{name}」"), format!("{hook} takes no {name:?}"));
            context.problems.add_with(place, zh, en, suggestion.map(str::to_owned));
            return None;
        };
        Some((id.clone(), context.condition(value, Some(of), typing)?))
    };
    let give = entries.into_iter().filter_map(read).collect();
    Some(Effect::Hook { hook, give })
}

fn target(node: Node<'_>, of: &Type, context: &Context<'_>) -> Option<RegisterId> {
    let of = if let Type::List(of) = of { of } else { of };
    match of {
        Type::Reference(register) => Some(register.clone()),
        other => {
            let (zh, en) = other.name();
            context.problem(
                node.place(),
                format!("此處應為登記資料,不是{zh}"),
                format!("a record or records are asked for here, not {en}"),
            );
            None
        }
    }
}

//! Lines in the head of a pack: who sends them, how long they are kept, where it is signed that some go, or stay.
//!
//! Invariant: what is signed of lines that go is kept for ever and in clear, so that whoever has the ledger alone can tell
//! whether they might.

use super::context::Context;
use crate::condition::{Condition, Typing};
use crate::pack::{
    AlarmCall, DutyRoster, Incidents, LineDisposals, LineErasures, LineHolds, LineRules, LineSources,
    UnitsOf, WatchedUnits,
};
use crate::raw::Table;
use crate::register::Register;
use crate::time::{Limit, LimitUnit};
use crate::value::Type;
use crate::word::{RegisterId, RoleId};
use model::Severity;
use std::collections::BTreeMap;

pub(super) fn sources(table: Table<'_>, context: &Context<'_>) -> Option<LineSources> {
    let register = context.register_at(table, "register")?;
    let typing = Typing::record(&context.vocabulary, &register);
    let condition = |key, of: &Type| context.condition_at(table, key, Some(of), &typing);
    Some(LineSources {
        network: condition("network", &Type::Text)?,
        name: condition("name", &Type::Text)?,
        offset: condition("offset", &Type::Number)?,
        holds: condition("while", &Type::Truth)?,
        register,
    })
}

pub(super) fn watched(table: Table<'_>, context: &Context<'_>) -> WatchedUnits {
    let of = |key, name| {
        let table = table.inner(key)?;
        let register = context.register_at(table, "register")?;
        let typing = Typing::record(&context.vocabulary, &register);
        let condition = |key, of: &Type| context.condition_at(table, key, Some(of), &typing);
        Some(UnitsOf {
            name: condition(name, &Type::Text)?,
            unit: condition("unit", &Type::Unit)?,
            holds: condition("while", &Type::Truth)?,
            register,
        })
    };
    WatchedUnits { accounts: of("accounts", "name"), terminals: of("terminals", "network") }
}

/// Who is called for an alarm that nobody answers for; a later one is called later.
pub(super) fn calls(table: Table<'_>, context: &Context<'_>) -> Vec<AlarmCall> {
    let mut calls: Vec<AlarmCall> = Vec::new();
    for table in table.tables("call") {
        let Some(call) = call(table, context) else { continue };
        if calls.last().is_some_and(|last| last.after >= call.after) {
            let (zh, en) = ("後一級之時間須晚於前一級", "each is called later than the one before");
            context.problem(table.place_of("after"), zh, en);
        }
        calls.push(call);
    }
    calls
}

fn call(table: Table<'_>, context: &Context<'_>) -> Option<AlarmCall> {
    let limit: Limit = table.parsed("after")?;
    let seconds = match limit.unit {
        LimitUnit::Minutes => 60,
        LimitUnit::Hours => 3_600,
        LimitUnit::Days => 86_400,
        _ => {
            let (zh, en) = (
                "此處應為分、時或日，例如 \"10 minutes\"",
                "minutes, hours or days are asked for here, like \"10 minutes\"",
            );
            context.problem(table.place_of("after"), zh, en);
            return None;
        }
    };
    let roles = table.list("roles").into_iter().filter_map(|node| {
        let id: Option<RoleId> = node.parsed();
        let id = id.filter(|id| context.vocabulary.roles.contains(id));
        if id.is_none() {
            context.problem(node.place(), "沒有此角色", "there is no such role");
        }
        id
    });
    let (roles, on_duty) = (roles.collect::<Vec<_>>(), table.flag("on_duty").unwrap_or(false));
    if roles.is_empty() && !on_duty {
        let (zh, en) = ("未指明通知何人", "it is not said who is called");
        context.problem(table.place(), zh, en);
        return None;
    }
    Some(AlarmCall {
        after: limit.count.checked_mul(seconds)?,
        least: Severity::of_word(table.text("least")?)?,
        on_duty,
        roles,
    })
}

pub(super) fn roster(table: Table<'_>, context: &Context<'_>) -> Option<DutyRoster> {
    let register = context.register_at(table, "register")?;
    let typing = Typing::record(&context.vocabulary, &register);
    Some(DutyRoster {
        person: context.condition_at(table, "person", Some(&Type::Person), &typing)?,
        from: context.time_at(table, "from", &typing)?,
        until: context.time_at(table, "until", &typing)?,
        holds: context.condition_at(table, "while", Some(&Type::Truth), &typing)?,
        register,
    })
}

/// The register of incidents; a field that it has not is told.
pub(super) fn incidents(
    table: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Option<Incidents> {
    let register = context.register_at(table, "register")?;
    let of = registers.get(&register)?;
    let mut told = Vec::new();
    for node in table.list("told") {
        let field = node.text().and_then(|text| of.field(text));
        match field.filter(|field| !field.sealed) {
            Some(field) => told.push(field.id.clone()),
            None => context.problem(
                node.place(),
                format!("登記簿「{register}」沒有此未加密欄位"),
                format!("the register {register} has no such field in clear"),
            ),
        }
    }
    Some(Incidents { register, told })
}

pub(super) fn rules(
    table: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> LineRules {
    let keep = table.parsed("keep");
    let disposal = table.inner("disposal");
    if keep.is_none()
        && let Some(disposal) = disposal
    {
        context.problem(
            disposal.place_of("register"),
            "訂有屆期銷毀者，[lines] 須以 keep 訂明最短保存期間",
            "where lines are disposed of, `keep` of [lines] says how long they are kept at least",
        );
    }
    let inner = |key| table.inner(key).inspect(|table| kept_in_clear(*table, registers, context));
    LineRules {
        keep,
        disposal: inner("disposal").and_then(|table| self::disposal(table, context)),
        hold: inner("hold").and_then(|table| hold(table, context)),
        erasure: inner("erasure").and_then(|table| erasure(table, context)),
    }
}

/// Records that lines go by, or stay by, must be there for whoever checks the ledger.
fn kept_in_clear(table: Table<'_>, registers: &BTreeMap<RegisterId, Register>, context: &Context<'_>) {
    let register = table.parsed::<RegisterId>("register").and_then(|id| registers.get(&id));
    let Some(register) = register else { return };
    if register.retention.keep.is_some() || register.fields.iter().any(|field| field.sealed) {
        context.problem(
            table.place_of("register"),
            format!("登記簿「{}」須永久保存且不含密封欄位，查核者始能核對紀錄之銷毀", register.id),
            format!(
                "the register {} is to be kept for ever and to have no sealed field, so that anyone can check what has gone",
                register.id
            ),
        );
    }
}

fn disposal(table: Table<'_>, context: &Context<'_>) -> Option<LineDisposals> {
    let register = context.register_at(table, "register")?;
    let typing = Typing::record(&context.vocabulary, &register);
    Some(LineDisposals {
        receiver: context.condition_at(table, "receiver", Some(&Type::Text), &typing)?,
        until: context.time_at(table, "until", &typing)?,
        holds: context.condition_at(table, "while", Some(&Type::Truth), &typing)?,
        register,
    })
}

fn hold(table: Table<'_>, context: &Context<'_>) -> Option<LineHolds> {
    let register = context.register_at(table, "register")?;
    let typing = Typing::record(&context.vocabulary, &register);
    let text = |key| context.condition_at(table, key, Some(&Type::Text), &typing);
    let time = |key| -> Option<Condition> { context.time_at(table, key, &typing) };
    Some(LineHolds {
        receiver: text("receiver"),
        network: text("network"),
        from: time("from"),
        until: time("until"),
        holds: context.condition_at(table, "while", Some(&Type::Truth), &typing)?,
        register,
    })
}

fn erasure(table: Table<'_>, context: &Context<'_>) -> Option<LineErasures> {
    let register = context.register_at(table, "register")?;
    let typing = Typing::record(&context.vocabulary, &register);
    let numbers = Type::List(Box::new(Type::Number));
    Some(LineErasures {
        receiver: context.condition_at(table, "receiver", Some(&Type::Text), &typing)?,
        lines: context.condition_at(table, "lines", Some(&numbers), &typing)?,
        holds: context.condition_at(table, "while", Some(&Type::Truth), &typing)?,
        register,
    })
}

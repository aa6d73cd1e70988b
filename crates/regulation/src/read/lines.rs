//! Lines in the head of a pack: who sends them, how long they are kept, where it is signed that some go, or stay.
//!
//! Invariant: what is signed of lines that go is kept for ever and in clear, so that whoever has the ledger alone can tell
//! whether they might.

use super::context::Context;
use crate::condition::{Condition, Typing};
use crate::pack::{LineDisposals, LineErasures, LineHolds, LineRules, LineSources};
use crate::raw::Table;
use crate::register::Register;
use crate::value::Type;
use crate::word::RegisterId;
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

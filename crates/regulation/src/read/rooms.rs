//! Registers that pages know of, in the head of a pack: the one whose records are rooms, with those whose records belong to
//! one; the one in which acts against intruders are decided.

use super::context::Context;
use crate::field::{Field, Kind};
use crate::pack::{BesideRoom, Responding, Rooms};
use crate::raw::Table;
use crate::register::Register;
use crate::value::Type;
use crate::word::{FieldId, RegisterId, StateId};
use std::collections::BTreeMap;

pub(super) fn rooms(
    table: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Option<Rooms> {
    let register = registers.get(&context.register_at(table, "register")?)?;
    let fits = |field: &Field| field.of() == Type::Text && !field.sealed;
    let code = field(table, "code", register, fits, context, ("文字欄位", "field of type text"))?;
    let names = || register.flow.states.iter().map(|state| state.id.as_str());
    let states: Vec<StateId> = table
        .list("states")
        .into_iter()
        .filter_map(|node| context.known(node, names(), ("狀態", "state")))
        .collect();
    let beside = table.tables("beside").into_iter();
    let beside = beside.filter_map(|table| self::beside(table, &register.id, registers, context)).collect();
    Some(Rooms { register: register.id.clone(), code, states, beside })
}

pub(super) fn responding(
    table: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Option<Responding> {
    let register = registers.get(&context.register_at(table, "register")?)?;
    let steps = register.flow.steps.iter().filter(|step| step.opens() && !step.by_system());
    let step = context.known_at(
        table,
        "step",
        steps.map(|step| step.id.as_str()),
        ("開立案件之步驟", "step that opens"),
    )?;
    let fits = |field: &Field| matches!(field.kind, Kind::Address { .. }) && !field.sealed;
    let target = field(table, "target", register, fits, context, ("位址欄位", "field with an address"))?;
    let fits = |field: &Field| field.of() == Type::Text && !field.sealed;
    let reason = table
        .get("reason")
        .and_then(|_| field(table, "reason", register, fits, context, ("文字欄位", "field of type text")));
    Some(Responding { register: register.id.clone(), step, target, reason })
}

fn beside(
    table: Table<'_>,
    rooms: &RegisterId,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Option<BesideRoom> {
    let register = registers.get(&context.register_at(table, "register")?)?;
    let fits = |field: &Field| {
        matches!(&field.kind, Kind::Reference { register, .. } if register == rooms) && !field.sealed
    };
    let what = ("指向機房之欄位", "field that refers to a room");
    let room = field(table, "room", register, fits, context, what)?;
    let open = table.flag("open").unwrap_or(false);
    let fits = |field: &Field| field.of() == Type::Date && !field.sealed;
    let day = table
        .get("day")
        .and_then(|_| field(table, "day", register, fits, context, ("日期欄位", "field of type date")));
    Some(BesideRoom { register: register.id.clone(), room, open, day })
}

/// The field at a key, where it is one that fits.
pub(super) fn field(
    table: Table<'_>,
    key: &str,
    register: &Register,
    fits: impl Fn(&Field) -> bool,
    context: &Context<'_>,
    what: (&str, &str),
) -> Option<FieldId> {
    let names = register.fields.iter().filter(|field| fits(field)).map(|field| field.id.as_str());
    context.known_at(table, key, names, what)
}

//! What the drawing of the network is made of, in the head of a pack.

use super::context::Context;
use super::rooms::field;
use crate::field::{Address, Field, Kind};
use crate::pack::{Diagram, Network, NetworkLayer, NetworkNode};
use crate::raw::Table;
use crate::register::Register;
use crate::value::Type;
use crate::word::{RegisterId, StateId};
use std::collections::BTreeMap;

pub(super) fn network(
    table: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Network {
    let nodes =
        table.tables("node").into_iter().filter_map(|table| node(table, registers, context)).collect();
    let diagram = table.inner("diagram").and_then(|table| diagram(table, registers, context));
    Network { nodes, diagram }
}

fn node(
    table: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Option<NetworkNode> {
    let register = registers.get(&context.register_at(table, "register")?)?;
    let word = table.text("layer")?;
    let layer = NetworkLayer::ALL.into_iter().find(|layer| layer.word() == word)?;
    let names = || register.flow.states.iter().map(|state| state.id.as_str());
    let states: Vec<StateId> = table
        .list("states")
        .into_iter()
        .filter_map(|node| context.known(node, names(), ("狀態", "state")))
        .collect();
    let is_address = |field: &Field| {
        matches!(field.kind, Kind::Address { of: Address::Hosts | Address::Ip | Address::Network })
            && !field.sealed
    };
    let what = ("位址或網段欄位", "field with an address or network");
    let address =
        table.get("address").and_then(|_| field(table, "address", register, is_address, context, what));
    let refers = |field: &&Field| matches!(field.kind, Kind::Reference { .. }) && !field.sealed;
    let names = || register.fields.iter().filter(refers).map(|field| field.id.as_str());
    let what = ("指向紀錄之欄位", "field that refers to records");
    let to = table.list("to").into_iter().filter_map(|node| context.known(node, names(), what)).collect();
    let flag = |key| table.flag(key).unwrap_or(false);
    let (together, spare) = (flag("together"), flag("spare"));
    for (key, _) in
        [("together", together), ("spare", spare)].iter().filter(|(_, set)| *set && address.is_none())
    {
        context.problem(
            table.place_of(key),
            format!("{key} 須有 address：無位址欄位者無從辨別網段"),
            format!("{key} needs an address: without its field no network is known"),
        );
    }
    Some(NetworkNode { register: register.id.clone(), layer, states, address, to, together, spare })
}

fn diagram(
    table: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Option<Diagram> {
    let register = registers.get(&context.register_at(table, "register")?)?;
    let steps = register.flow.steps.iter().filter(|step| step.opens() && !step.by_system());
    let step = context.known_at(
        table,
        "step",
        steps.map(|step| step.id.as_str()),
        ("開立案件之步驟", "step that opens"),
    )?;
    let takes_pdf = |field: &Field| match &field.kind {
        Kind::Files { types, .. } => types.iter().any(|one| &**one == "pdf") && !field.sealed,
        _ => false,
    };
    let what = ("可附 PDF 之檔案欄位", "field of files that takes PDF");
    let drawing = field(table, "drawing", register, takes_pdf, context, what)?;
    let says = |field: &Field| field.of() == Type::Text && !field.sealed;
    let what = ("文字欄位", "field of type text");
    let covers = table.get("covers").and_then(|_| field(table, "covers", register, says, context, what));
    Some(Diagram { register: register.id.clone(), step, drawing, covers })
}

//! What others read of packs: JSON Schemas for editors, the listing of `ward pack check --json`.

use crate::pack::Contents;
use crate::section::Sections;
use crate::shape::{FILE_KINDS, schema};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The JSON Schema of every kind of file, by name; `regulations/schema/<name>.json` holds them.
#[must_use]
pub fn schemas(sections: &Sections) -> BTreeMap<String, Value> {
    let ours = FILE_KINDS.iter().map(|kind| (kind.schema.to_owned(), schema(kind.title, kind.shape)));
    let engines = sections
        .iter()
        .filter(|section| section.has_folder())
        .map(|section| (section.name().to_owned(), schema(section.title(), section.shape())));
    ours.chain(engines)
        .map(|(name, mut schema)| {
            // Whatever else is built beside, members come in the order of their names.
            schema.sort_all_objects();
            (name, schema)
        })
        .collect()
}

impl Contents {
    /// What the pack holds, for programs: clauses, registers, flows, duties and all else by name.
    #[must_use]
    pub fn list(&self, sections: &Sections) -> Value {
        let engines = sections.iter().filter_map(|section| {
            let body = self.sections.get(section.name())?;
            Some((section.name().to_owned(), section.list(body)))
        });
        json!({
            "pack": self.id.as_str(),
            "version": self.version,
            "digest": HEXLOWER.encode(&self.digest),
            "title": self.title,
            "clauses": self.clauses.iter().map(clause).collect::<Vec<_>>(),
            "registers": self.registers.values().map(register).collect::<Vec<_>>(),
            "duties": self.duties.values().map(duty).collect::<Vec<_>>(),
            "roles": self.roles.values().map(|role| json!({ "id": role.id, "label": role.label })).collect::<Vec<_>>(),
            "grades": self.grades.iter().map(|grade| json!({ "id": grade.id, "label": grade.label })).collect::<Vec<_>>(),
            "procedures": self.procedures.values().map(|one| json!({
                "id": one.id, "label": one.label, "steps": one.steps.len(),
            })).collect::<Vec<_>>(),
            "calendar": self.calendar.years().map(|year| year.year).collect::<Vec<_>>(),
            "sections": engines.collect::<serde_json::Map<_, _>>(),
        })
    }
}

fn clause(clause: &crate::Clause) -> Value {
    json!({
        "id": clause.id,
        "article": clause.article,
        "title": clause.title,
        "checks": clause.checks.iter().map(|check| json!({ "id": check.id, "label": check.label })).collect::<Vec<_>>(),
    })
}

fn register(register: &crate::Register) -> Value {
    let flow = &register.flow;
    json!({
        "id": register.id,
        "label": register.label,
        "clauses": register.clauses,
        "fields": register.fields.iter().map(|field| json!({
            "id": field.id, "kind": field.kind.word(), "label": field.label, "sealed": field.sealed,
        })).collect::<Vec<_>>(),
        "flow": {
            "states": flow.states.iter().map(|state| json!({ "id": state.id, "label": state.label })).collect::<Vec<_>>(),
            "steps": flow.steps.iter().map(step).collect::<Vec<_>>(),
            "clocks": flow.clocks.iter().map(|clock| json!({ "id": clock.id, "label": clock.label })).collect::<Vec<_>>(),
        },
    })
}

fn step(step: &crate::Step) -> Value {
    let outcomes = step.outcomes.iter().map(|(outcome, state)| (outcome.word().to_owned(), json!(state)));
    json!({
        "id": step.id,
        "label": step.label,
        "from": step.from,
        "outcomes": outcomes.collect::<serde_json::Map<_, _>>(),
    })
}

fn duty(duty: &crate::Duty) -> Value {
    json!({
        "id": duty.id,
        "label": duty.label,
        "clauses": duty.clauses,
        "repeat": duty.repeat.text(),
        "record": duty.register,
    })
}

//! What `ward pack check --json` prints: the pack for programs, or its problems.

use super::advice::mend;
use regulation::{CheckEvidence, ClauseId, Field, Kind, Pack, Population, Problem, Register, Sections};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a pack without problems holds.
pub(super) fn listing(pack: &Pack, sections: &Sections) -> Value {
    let mut listed = match pack.list(sections) {
        Value::Object(listed) => listed,
        _ => Map::new(),
    };
    listed.remove("pack");
    listed.insert("good".into(), true.into());
    listed.insert("id".into(), json!(pack.id));
    listed.insert("clauses".into(), clauses(pack));
    let (registers, flows) = registers(listed.remove("registers"), pack);
    listed.insert("registers".into(), registers);
    listed.insert("flows".into(), flows);
    let calendars = listed.remove("calendar").unwrap_or_default();
    listed.insert("calendars".into(), calendars);
    // An engine that only looks at the policies has nothing to list.
    if let Some(sections) = listed.get_mut("sections").and_then(Value::as_object_mut) {
        sections.retain(|_, section| !section.is_null());
    }
    listed.insert("notes".into(), json!(pack.notes));
    let mut listed = Value::Object(listed);
    listed.sort_all_objects();
    listed
}

/// A problem as `regulation` writes it, and how it is mended.
pub(super) fn problem(problem: &Problem) -> Value {
    let mut listed = json!(problem);
    if let Some(listed) = listed.as_object_mut() {
        let told = mend(problem);
        listed.insert("mend".into(), json!({ "en": told.en, "zh": told.zh }));
    }
    listed
}

fn clauses(pack: &Pack) -> Value {
    let serving = Serving::of(pack);
    let clauses = pack.clauses.iter().map(|clause| {
        let serve = |by: &Served<'_>| json!(by.get(&clause.id).cloned().unwrap_or_default());
        let checks = clause.checks.iter().map(|check| {
            json!({
                "id": check.id, "label": check.label,
                "population": population(&check.population), "evidence": evidence(&check.evidence),
            })
        });
        json!({
            "id": clause.id, "article": clause.article, "title": clause.title,
            "checks": checks.collect::<Vec<_>>(), "not_live": clause.not_live,
            "registers": serve(&serving.registers), "duties": serve(&serving.duties),
            "procedures": serve(&serving.procedures), "roles": serve(&serving.roles),
        })
    });
    clauses.collect()
}

fn population(population: &Population) -> Value {
    match population {
        Population::Duty { duty, .. } => json!({ "duty": duty }),
        Population::Engine { engine, .. } => json!({ "engine": engine }),
        Population::Machine { machine, .. } => json!({ "machine": machine.name }),
        Population::Records { register, .. } => json!({ "register": register }),
    }
}

fn evidence(evidence: &CheckEvidence) -> &'static str {
    match evidence {
        CheckEvidence::Engine => "engine",
        CheckEvidence::Measure { .. } => "measure",
        CheckEvidence::Newest(_) => "newest",
        CheckEvidence::NoneOpen => "none_open",
        CheckEvidence::OnTime => "on_time",
        CheckEvidence::Share(_) => "share",
    }
}

/// The names of what serves each clause.
pub(super) type Served<'p> = BTreeMap<&'p ClauseId, BTreeSet<&'p str>>;

/// What serves each clause: what cites it anywhere, and what its checks look at.
#[derive(Default)]
pub(super) struct Serving<'p> {
    pub(super) registers: Served<'p>,
    pub(super) duties: Served<'p>,
    procedures: Served<'p>,
    roles: Served<'p>,
}

impl<'p> Serving<'p> {
    pub(super) fn of(pack: &'p Pack) -> Self {
        let mut serving = Self::default();
        for register in pack.registers.values() {
            add(&mut serving.registers, cited(register), register.id.as_str());
        }
        for duty in pack.duties.values() {
            add(&mut serving.duties, &duty.clauses, duty.id.as_str());
        }
        for procedure in pack.procedures.values() {
            add(&mut serving.procedures, &procedure.clauses, procedure.id.as_str());
        }
        for role in pack.roles.values() {
            add(&mut serving.roles, &role.clauses, role.id.as_str());
        }
        for clause in &pack.clauses {
            for check in &clause.checks {
                match &check.population {
                    Population::Records { register, .. } => {
                        add(&mut serving.registers, [&clause.id], register.as_str())
                    }
                    Population::Duty { duty, .. } => add(&mut serving.duties, [&clause.id], duty.as_str()),
                    Population::Engine { .. } | Population::Machine { .. } => {}
                }
            }
        }
        serving
    }
}

fn add<'p>(to: &mut Served<'p>, clauses: impl IntoIterator<Item = &'p ClauseId>, id: &'p str) {
    for clause in clauses {
        to.entry(clause).or_default().insert(id);
    }
}

/// The clauses a register cites, wherever in it.
pub(super) fn cited(register: &Register) -> BTreeSet<&ClauseId> {
    let mut clauses: BTreeSet<&ClauseId> = register.clauses.iter().collect();
    for field in &register.fields {
        clauses.extend(cited_by_field(field));
    }
    clauses.extend(register.constraints.iter().flat_map(|constraint| &constraint.clauses));
    clauses.extend(register.flow.steps.iter().flat_map(|step| &step.clauses));
    clauses.extend(register.flow.clocks.iter().flat_map(|clock| &clock.clauses));
    clauses
}

fn cited_by_field(field: &Field) -> BTreeSet<&ClauseId> {
    let mut clauses: BTreeSet<&ClauseId> = field.clauses.iter().collect();
    match &field.kind {
        Kind::Table { columns, .. } => clauses.extend(columns.iter().flat_map(cited_by_field)),
        Kind::Checklist { items, .. } => clauses.extend(items.iter().flat_map(|item| &item.clauses)),
        _ => {}
    }
    clauses
}

/// Registers with the names of their states and steps, and flows with all about them.
fn registers(listed: Option<Value>, pack: &Pack) -> (Value, Value) {
    let Some(Value::Array(listed)) = listed else { return (json!([]), json!([])) };
    let (mut registers, mut flows) = (Vec::new(), Vec::new());
    for (mut listed, register) in listed.into_iter().zip(pack.registers.values()) {
        let Some(members) = listed.as_object_mut() else { continue };
        if let Some(Value::Object(mut flow)) = members.remove("flow") {
            flow.insert("register".into(), json!(register.id));
            flows.push(Value::Object(flow));
        }
        let flow = &register.flow;
        members.insert("clauses".into(), json!(cited(register)));
        members.insert("states".into(), flow.states.iter().map(|state| json!(state.id)).collect());
        members.insert("steps".into(), flow.steps.iter().map(|step| json!(step.id)).collect());
        registers.push(listed);
    }
    (Value::Array(registers), Value::Array(flows))
}

//! Clauses and their checks, second reading.

use super::context::Context;
use super::names::ids;
use super::register::states;
use crate::clause::{Check, CheckEvidence, Clause, Measure, Population};
use crate::condition::Typing;
use crate::machine::{MACHINES, Machine};
use crate::raw::Table;
use crate::section::Sections;
use crate::shape::{self, EVIDENCE, POPULATION};
use crate::time::Limit;
use crate::value::Type;
use crate::word::{CheckId, ClauseId, DutyId};

pub(super) fn clauses(files: &[Table<'_>], sections: &Sections, context: &Context<'_>) -> Vec<Clause> {
    let tables = files.iter().flat_map(|file| file.tables("clause"));
    let mut clauses: Vec<Clause> = tables.filter_map(|table| clause(table, sections, context)).collect();
    let number = |clause: &Clause| {
        clause.id.as_str().split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>()
    };
    clauses.sort_by_key(number);
    clauses
}

fn clause(table: Table<'_>, sections: &Sections, context: &Context<'_>) -> Option<Clause> {
    let tables = table.tables("check");
    ids::<CheckId>(&tables, "檢核", "check", context.problems);
    match (tables.is_empty(), table.get("live").is_some(), table.get("why").is_some()) {
        (true, false, _) => {
            let zh = "此條無檢核;無從計算者請寫 live = \"none\" 並說明 why";
            let en = "this clause has no check; where nothing can be computed write live = \"none\" and why";
            context.problem(table.place(), zh, en);
        }
        (false, true, _) => context.problem(
            table.place_of("live"),
            "已有檢核,不可為 none",
            "there are checks, so it is not none",
        ),
        (true, true, false) => context.problem(table.place_of("live"), "請說明 why", "say why"),
        _ => {}
    }
    let id: ClauseId = table.parsed("id")?;
    for table in &tables {
        if let Some(check) = table.text("id") {
            context.mark(format!("clause/{id}/{check}"), table.place_at("id"));
        }
    }
    Some(Clause {
        id,
        article: table.text("article")?.into(),
        title: context.label(table, "title")?,
        summary: context.label(table, "summary")?,
        not_live: context.label(table, "why"),
        checks: tables.into_iter().filter_map(|table| check(table, sections, context)).collect(),
    })
}

fn check(table: Table<'_>, sections: &Sections, context: &Context<'_>) -> Option<Check> {
    let population_node = table.get("population")?;
    let Some(population_table) = population_node.table() else {
        context.problem(population_node.place(), "此處應為表格 { }", "a table { } is asked for here");
        return None;
    };
    let population = if population_table.get("engine").is_some() {
        engine(population_table, sections, context)?
    } else {
        shape::check(population_table, &POPULATION, context.problems);
        population(population_table, context)?
    };
    Some(Check {
        id: table.parsed("id")?,
        label: context.label(table, "label")?,
        evidence: evidence(table, &population, context)?,
        population,
        freshness: table.parsed("freshness")?,
        goal: table.get("goal").and_then(crate::raw::Node::number),
    })
}

fn engine(table: Table<'_>, sections: &Sections, context: &Context<'_>) -> Option<Population> {
    let names = sections.iter().map(crate::section::Section::name);
    let engine: String = context.known_at(table, "engine", names, ("引擎", "engine"))?;
    let body = sections.find(&engine)?.population(table, context)?;
    Some(Population::Engine { engine: engine.into(), body })
}

fn population(table: Table<'_>, context: &Context<'_>) -> Option<Population> {
    let within = table.parsed("within");
    match (table.get("register"), table.get("duty"), table.get("machine")) {
        (None, None, Some(_)) => machine(table, within, context),
        (Some(_), None, None) => {
            let register = context.register_at(table, "register")?;
            let typing = Typing::record(&context.vocabulary, &register);
            Some(Population::Records {
                only: context.condition_at(table, "where", Some(&Type::Truth), &typing),
                states: states(table, "states", &register, context),
                within,
                register,
            })
        }
        (None, Some(_), None) => {
            for key in ["where", "states"].into_iter().filter(|key| table.get(key).is_some()) {
                context.problem(
                    table.place_of(key),
                    format!("「{key}」僅能與 register 並用"),
                    format!("{key} goes with register only"),
                );
            }
            let duties = context.names.duties.iter().map(DutyId::as_str);
            Some(Population::Duty {
                duty: context.known_at(table, "duty", duties, ("定期工作", "duty"))?,
                within,
            })
        }
        _ => {
            let (zh, en) = (
                "須且僅能有 register、duty、machine、engine 其中之一",
                "exactly one of register, duty, machine, engine is asked for",
            );
            context.problem(table.place(), zh, en);
            None
        }
    }
}

fn machine(table: Table<'_>, within: Option<Limit>, context: &Context<'_>) -> Option<Population> {
    if table.get("states").is_some() {
        let (zh, en) = ("「states」僅能與 register 並用", "states goes with register only");
        context.problem(table.place_of("states"), zh, en);
    }
    let names = MACHINES.iter().map(|machine| machine.name);
    let name: String = context.known_at(table, "machine", names, ("系統所知", "machine"))?;
    let machine = Machine::named(&name)?;
    if within.is_some() && !machine.comes_about {
        let zh = format!("「{name}」並非逐次發生之事，不得有 within");
        let en = format!("{name} is nothing that comes about, so it has no within");
        context.problem(table.place_of("within"), zh, en);
    }
    let outline = machine.outline();
    let typing = Typing::about(&context.vocabulary, &outline);
    let only = context.condition_at(table, "where", Some(&Type::Truth), &typing);
    Some(Population::Machine { machine, only, within })
}

fn evidence(table: Table<'_>, population: &Population, context: &Context<'_>) -> Option<CheckEvidence> {
    let node = table.get("evidence")?;
    let Some(inner) = node.table() else {
        context.problem(node.place(), "此處應為表格 { }", "a table { } is asked for here");
        return None;
    };
    let outline;
    let typing = match population {
        Population::Engine { .. } => return Some(CheckEvidence::Engine),
        Population::Duty { .. } => None,
        Population::Machine { machine, .. } => {
            outline = machine.outline();
            Some(Typing::about(&context.vocabulary, &outline))
        }
        Population::Records { register, .. } => Some(Typing::record(&context.vocabulary, register)),
    };
    shape::check(inner, &EVIDENCE, context.problems);
    let kinds = ["share", "newest", "measure", "on_time", "none_open"];
    let given: Vec<&str> = kinds.into_iter().filter(|key| inner.get(key).is_some()).collect();
    let [kind] = given.as_slice() else {
        let (zh, en) = (
            "須且僅能有 share、newest、measure、on_time、none_open 其中之一",
            "exactly one of share, newest, measure, on_time, none_open is asked for",
        );
        context.problem(node.place(), zh, en);
        return None;
    };
    if inner.get("of").is_some() != (*kind == "measure") {
        let (zh, en) = ("measure 與 of 須並用", "measure and of go together");
        context.problem(node.place(), zh, en);
    }
    match (*kind, typing) {
        ("none_open", _) if matches!(population, Population::Machine { .. }) => {
            let zh = "none_open 僅能用於 register 及 duty";
            context.problem(node.place(), zh, "none_open goes with a register or a duty only");
            None
        }
        ("none_open", _) => Some(CheckEvidence::NoneOpen),
        ("on_time", None) => Some(CheckEvidence::OnTime),
        ("on_time", Some(_)) => {
            context.problem(node.place(), "on_time 僅能用於 duty", "on_time goes with a duty only");
            None
        }
        (_, None) => {
            let (zh, en) = ("duty 之佐證為 on_time 或 none_open", "a duty is judged by on_time or none_open");
            context.problem(node.place(), zh, en);
            None
        }
        (kind, Some(typing)) => record_evidence(kind, inner, &typing, context),
    }
}

fn record_evidence(
    kind: &str,
    table: Table<'_>,
    typing: &Typing<'_>,
    context: &Context<'_>,
) -> Option<CheckEvidence> {
    match kind {
        "share" => {
            Some(CheckEvidence::Share(context.condition_at(table, kind, Some(&Type::Truth), typing)?))
        }
        "newest" => Some(CheckEvidence::Newest(context.time_at(table, kind, typing)?)),
        _ => {
            let node = table.get(kind)?;
            let value = context.condition(node, None, typing)?;
            if !matches!(value.of(), Type::Number | Type::Span) {
                let (zh, en) = value.of().name();
                let (zh, en) = (
                    format!("此處應為數值或時間長度,不是{zh}"),
                    format!("a number or a span is asked for here, not {en}"),
                );
                context.problem(node.place(), zh, en);
            }
            let of = match table.text("of")? {
                "median" => Measure::Median,
                "sum" => Measure::Sum,
                _ => Measure::Worst,
            };
            Some(CheckEvidence::Measure { value, of })
        }
    }
}

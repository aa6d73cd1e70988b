//! Flows, second reading.

use super::context::Context;
use super::effect::{actor, actors, escalations, follows, outcomes};
use super::names::ids;
use super::register::{Trial, is_computed, states};
use super::sample::{Wanted, examples};
use crate::condition::{Condition, Typing};
use crate::field::{Field, When};
use crate::flow::{Clock, Due, End, Flow, Guard, Lead, Outcome, Seat, Signers, State, Step};
use crate::raw::{Node, Table};
use crate::time::Roll;
use crate::value::Type;
use crate::word::{ClockId, FieldId, RegisterId, StateId};
use model::Evidence;

/// The flow of a register.
pub(super) fn flow(
    file: Table<'_>,
    register: &RegisterId,
    fields: &[Field],
    trial: &Trial<'_>,
    context: &Context<'_>,
) -> Flow {
    let steps = file.tables("step");
    let asked_later: Vec<FieldId> =
        steps.iter().flat_map(|step| step.list("fields").into_iter().filter_map(Node::parsed)).collect();
    let reader = StepReader { register, fields, asked_later: &asked_later, trial, context };
    Flow {
        states: file
            .tables("state")
            .into_iter()
            .filter_map(|table| state(table, register, context))
            .collect(),
        steps: steps.into_iter().filter_map(|table| reader.step(table)).collect(),
        clocks: clocks(file, register, context),
    }
}

fn state(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Option<State> {
    let id: StateId = table.parsed("id")?;
    context.mark(format!("{register}/state/{id}"), table.place_at("id"));
    let end = match table.text("end") {
        Some("done") => Some(End::Done),
        Some("refused") => Some(End::Refused),
        Some("withdrawn") => Some(End::Withdrawn),
        Some("void") => Some(End::Void),
        _ => None,
    };
    Some(State { id, label: context.label(table, "label")?, end })
}

struct StepReader<'r> {
    register: &'r RegisterId,
    fields: &'r [Field],
    asked_later: &'r [FieldId],
    trial: &'r Trial<'r>,
    context: &'r Context<'r>,
}

impl StepReader<'_> {
    fn step(&self, table: Table<'_>) -> Option<Step> {
        let (context, register) = (self.context, self.register);
        let typing = Typing::record(&context.vocabulary, register).acting();
        let id: crate::StepId = table.parsed("id")?;
        context.mark(format!("{register}/step/{id}"), table.place_at("id"));
        let outcomes = self.outcomes(table);
        let signers = self.signers(table, &typing)?;
        let two_person = match &signers {
            Signers::People { two_person, .. } | Signers::Seats { two_person, .. } => *two_person,
        };
        Some(Step {
            label: context.label(table, "label")?,
            help: context.label(table, "help"),
            clauses: context.clauses(table),
            from: states(table, "from", register, context),
            signers,
            never: table.list("never").into_iter().filter_map(|node| context.people(node, &typing)).collect(),
            sign: sign(table, &outcomes, two_person, context),
            fields: self.asked(table),
            when: context.when(table, "when", When::Always, &typing),
            guards: table
                .tables("guard")
                .into_iter()
                .filter_map(|table| self.guard(table, &typing))
                .collect(),
            lead: table.inner("lead").and_then(|table| lead(table, &typing, context)),
            outcomes,
            then: follows(table, register, &typing, context),
            id,
        })
    }

    fn outcomes(&self, table: Table<'_>) -> Vec<(Outcome, StateId)> {
        let context = self.context;
        let Some(outline) = context.vocabulary.registers.get(self.register) else { return Vec::new() };
        let names = || outline.states.iter().map(StateId::as_str);
        let state = |node| context.known::<StateId>(node, names(), ("狀態", "state"));
        match (table.get("to"), table.inner("outcomes")) {
            (Some(node), None) => state(node).map(|state| (Outcome::Done, state)).into_iter().collect(),
            (None, Some(outcomes)) => {
                let entries = outcomes.entries().into_iter();
                entries
                    .filter_map(|(name, _, node)| Some((Outcome::from_word(name)?, state(node)?)))
                    .collect()
            }
            _ => {
                let (zh, en) =
                    ("須且僅能有 to 或 outcomes 其中之一", "exactly one of to, outcomes is asked for");
                context.problem(table.place(), zh, en);
                Vec::new()
            }
        }
    }

    fn signers(&self, table: Table<'_>, typing: &Typing<'_>) -> Option<Signers> {
        let context = self.context;
        let two_person = table.flag("two_person").unwrap_or(false);
        let need = table.get("need").and_then(|node| u32::try_from(node.whole()?).ok());
        match (table.get("by"), table.get("cosign")) {
            (Some(_), None) => {
                if table.text("need") == Some("all") {
                    let (zh, en) = ("need = \"all\" 僅用於會簽", "need = \"all\" is for co-signers");
                    context.problem(table.place_of("need"), zh, en);
                }
                let least = if two_person { 2 } else { 1 };
                let need = need.unwrap_or(least);
                if need < least {
                    context.problem(
                        table.place_of("need"),
                        "二人共同至少須二人",
                        "two_person needs at least two",
                    );
                }
                let by = actors(table, "by", typing, context);
                let if_short = actors(table, "if_short", typing, context);
                Some(Signers::People { by, need, two_person, if_short })
            }
            (None, Some(_)) => {
                if table.get("if_short").is_some() {
                    context.problem(table.place_of("if_short"), "會簽無遞補", "co-signers have no if_short");
                }
                let rules = table.list("cosign").into_iter().filter_map(Node::table);
                let seats = rules.filter_map(|rule| self.seat(rule, typing)).collect();
                Some(Signers::Seats { seats, need, two_person })
            }
            _ => {
                let (zh, en) = ("須且僅能有 by 或 cosign 其中之一", "exactly one of by, cosign is asked for");
                context.problem(table.place(), zh, en);
                None
            }
        }
    }

    fn seat(&self, table: Table<'_>, typing: &Typing<'_>) -> Option<Seat> {
        let context = self.context;
        let Some(node) = table.get("each") else {
            return Some(Seat { rule: actor(table, typing, context)?, each: None });
        };
        let field = context.field(node, self.register)?;
        let of = context.vocabulary.registers.get(self.register)?.fields.get(&field)?;
        let Type::List(element) = of else {
            context.problem(
                node.place(),
                "each 須為可複選之欄位或表格",
                "each names a field with several values, or a table",
            );
            return None;
        };
        let typing = typing.clone().with_each((**element).clone());
        Some(Seat { rule: actor(table, &typing, context)?, each: Some(field) })
    }

    /// The fields a step asks; for an opening step that says nothing, all no other step asks.
    fn asked(&self, table: Table<'_>) -> Vec<FieldId> {
        if table.get("fields").is_none() {
            let left = self.fields.iter().filter(|field| {
                table.get("from").is_none()
                    && !is_computed(&field.kind)
                    && !self.asked_later.contains(&field.id)
            });
            return left.map(|field| field.id.clone()).collect();
        }
        let mut asked = Vec::new();
        for (field, place) in self.context.fields(table, "fields", self.register) {
            if self.fields.iter().any(|one| one.id == field && is_computed(&one.kind)) {
                self.context.problem(place, "計算欄位不可填寫", "a computed field is not asked");
            } else if asked.contains(&field) {
                self.context.problem(
                    place,
                    format!("欄位「{field}」重複"),
                    format!("the field {field} is asked twice"),
                );
            } else {
                asked.push(field);
            }
        }
        asked
    }

    fn guard(&self, table: Table<'_>, typing: &Typing<'_>) -> Option<Guard> {
        let context = self.context;
        let rule = context.condition_at(table, "rule", Some(&Type::Truth), typing)?;
        examples(table, &rule, typing, Wanted::Refused, self.trial, context);
        Some(Guard { rule, on: outcomes(table), message: context.label(table, "message")? })
    }
}

/// The least signature of a step; what it cannot be lower than is told.
fn sign(
    table: Table<'_>,
    outcomes: &[(Outcome, StateId)],
    two_person: bool,
    context: &Context<'_>,
) -> Evidence {
    let written = evidence(table.text("sign"));
    let approves = outcomes.iter().any(|(outcome, _)| *outcome == Outcome::Approve);
    let least = if two_person {
        Evidence::Passkey
    } else if approves {
        Evidence::Otp
    } else {
        Evidence::None
    };
    match written {
        Some(written) if written < least => {
            let (zh, en) = if two_person {
                ("二人共同之步驟須以 passkey 簽章", "a two-person step is signed by passkey")
            } else {
                ("核准須簽章(otp 或 passkey)", "an approval is signed: otp or passkey")
            };
            context.problem(table.place_of("sign"), zh, en);
            least
        }
        Some(written) => written,
        None => least,
    }
}

/// The evidence a word names.
pub(super) fn evidence(word: Option<&str>) -> Option<Evidence> {
    match word? {
        "none" => Some(Evidence::None),
        "otp" => Some(Evidence::Otp),
        "passkey" => Some(Evidence::Passkey),
        _ => None,
    }
}

/// What a word says of days off.
pub(super) fn roll(word: Option<&str>, absent: Roll) -> Roll {
    match word {
        Some("before") => Roll::Before,
        Some("after") => Roll::After,
        Some("keep") => Roll::Keep,
        Some("skip") => Roll::Skip,
        _ => absent,
    }
}

fn lead(table: Table<'_>, typing: &Typing<'_>, context: &Context<'_>) -> Option<Lead> {
    Some(Lead {
        before: context.time_at(table, "before", typing)?,
        limit: table.parsed("limit")?,
        roll: roll(table.text("roll"), Roll::Before),
    })
}

fn clocks(file: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Vec<Clock> {
    let tables = file.tables("clock");
    ids::<ClockId>(&tables, "時限", "clock", context.problems);
    let typing = Typing::record(&context.vocabulary, register);
    let read = |table: Table<'_>| {
        let id: ClockId = table.parsed("id")?;
        context.mark(format!("{register}/clock/{id}"), table.place_at("id"));
        Some(Clock {
            id,
            label: context.label(table, "label")?,
            clauses: context.clauses(table),
            runs: states(table, "runs", register, context),
            when: context.when(table, "when", When::Always, &typing),
            due: due(table, &typing, context)?,
            then: escalations(table, Some(register), &typing, context),
        })
    };
    tables.into_iter().filter_map(read).collect()
}

fn due(table: Table<'_>, typing: &Typing<'_>, context: &Context<'_>) -> Option<Due> {
    let given: Vec<&str> =
        ["after", "before", "until"].into_iter().filter(|key| table.get(key).is_some()).collect();
    let backwards = given.contains(&"before");
    let roll = roll(table.text("roll"), if backwards { Roll::Before } else { Roll::Keep });
    let limit = || {
        if table.get("limit").is_none() {
            context.problem(table.place(), "缺少「limit」(時限)", "limit is missing");
        }
        table.parsed("limit")
    };
    let value = |key: &str| -> Option<Condition> { context.time_at(table, key, typing) };
    match given.as_slice() {
        [] => Some(Due::Entered { limit: limit()?, roll }),
        ["after"] => Some(Due::After { limit: limit()?, value: value("after")?, roll }),
        ["before"] => Some(Due::Before { limit: limit()?, value: value("before")?, roll }),
        ["until"] => {
            if table.get("limit").is_some() {
                context.problem(table.place_of("limit"), "until 不需 limit", "until has no limit");
            }
            Some(Due::Until { value: value("until")? })
        }
        _ => {
            let (zh, en) =
                ("after、before、until 僅能有其一", "only one of after, before, until may be there");
            context.problem(table.place(), zh, en);
            None
        }
    }
}

//! Registers, second reading.

use super::context::{Braced, Context, split_braces};
use super::effect::actors;
use super::field::field;
use super::flow::flow;
use super::names::ids;
use super::sample::{Wanted, examples};
use crate::condition::Typing;
use crate::field::{Kind, When};
use crate::raw::{Node, Table};
use crate::register::{
    Constraint, GradeRule, Group, Listing, Lookup, NumberPart, Numbering, Paper, Reading, ReadingUnits,
    Register, Reset, Retention, RetentionStart, Sequence, Sort, Unique,
};
use crate::time::{Calendar, Zone};
use crate::value::Type;
use crate::word::{ConstraintId, FieldId, GroupId, RegisterId, StateId, StepId};

/// What examples are tried with.
pub(super) struct Trial<'t> {
    pub(super) calendar: &'t Calendar,
    pub(super) zone: &'t Zone,
}

/// A register from its file.
pub(super) fn register(file: Table<'_>, trial: &Trial<'_>, context: &Context<'_>) -> Option<Register> {
    let head = file.inner("register")?;
    let id: RegisterId = head.parsed("id")?;
    let typing = Typing::record(&context.vocabulary, &id);
    context.mark(format!("{id}"), head.place_at("id"));
    let fields: Vec<_> = file
        .tables("field")
        .into_iter()
        .filter_map(|table| {
            let field = field(table, &id, context)?;
            context.mark(format!("{id}/field/{}", field.id), table.place_at("id"));
            Some(field)
        })
        .collect();
    let flow = flow(file, &id, &fields, trial, context);
    let list = head.inner("list").map_or_else(Listing::default, |table| listing(table, &id, context));
    Some(Register {
        label: context.label(head, "label")?,
        help: context.label(head, "help"),
        clauses: context.clauses(head),
        title: context.template(head, "title", &typing)?,
        unit: context.condition_at(head, "unit", Some(&Type::Unit), &typing),
        search: marked(head, "search", &id, context),
        list,
        numbering: file.inner("numbering").and_then(|table| numbering(table, &id, context)),
        grade: grade(file.inner("grade")?, &id, context)?,
        late: file.inner("late").and_then(|table| table.parsed("after")),
        paper: file.inner("paper").map(|table| Paper {
            when: context.when(table, "when", When::Never, &typing),
            keep: marked(table, "keep", &id, context),
        }),
        retention: retention(file.inner("retention")?, &id, context)?,
        reading: reading(file.inner("reading")?, &id, context)?,
        groups: groups(file, &id, context),
        constraints: constraints(file, &id, trial, context),
        uniques: uniques(file, &id, context),
        lookups: lookups(file, &id, context),
        fields,
        flow,
        id,
    })
}

/// Field ids of a list, each place kept under `<register>/<key>/<field>`.
fn marked(table: Table<'_>, key: &str, register: &RegisterId, context: &Context<'_>) -> Vec<FieldId> {
    let fields = context.fields(table, key, register).into_iter();
    fields
        .map(|(field, place)| {
            context.mark(format!("{register}/{key}/{field}"), place);
            field
        })
        .collect()
}

fn listing(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Listing {
    let columns = marked(table, "columns", register, context);
    let sort = table.list("sort").into_iter().filter_map(|node| sort(node, register, context)).collect();
    Listing { columns, sort }
}

fn sort(node: Node<'_>, register: &RegisterId, context: &Context<'_>) -> Option<Sort> {
    let text = node.text()?;
    let (downwards, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
    let outline = context.vocabulary.registers.get(register)?;
    let Some((field, of)) = outline.fields.get_key_value(name) else {
        if !context.names.broken.contains(name) {
            let suggestion = crate::similar::nearest(name, outline.fields.keys().map(FieldId::as_str));
            let (zh, en) = (format!("沒有名為「{name}」的欄位"), format!("there is no field {name:?}"));
            context.problems.add_with(node.place(), zh, en, suggestion.map(str::to_owned));
        }
        return None;
    };
    if !of.is_ordered() && !matches!(of, Type::Truth | Type::Word(_)) {
        let (zh, en) = of.name();
        context.problem(node.place(), format!("{zh}不能排序"), format!("{en} cannot be sorted"));
    }
    context.mark(format!("{register}/sort/{field}"), node.place());
    Some(Sort { field: field.clone(), downwards })
}

fn numbering(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Option<Numbering> {
    let node = table.get("format")?;
    let format = number_parts(node, context)?;
    let per = if table.text("per") == Some("unit") { Sequence::Unit } else { Sequence::City };
    let reset = match table.text("reset") {
        Some("month") => Reset::Month,
        Some("never") => Reset::Never,
        _ => Reset::Year,
    };
    let has = |part: &NumberPart| format.contains(part);
    let year = has(&NumberPart::Year) || has(&NumberPart::RocYear);
    let twice_the_same = match (reset, per) {
        (Reset::Year, _) if !year => Some(("{roc} 或 {year}", "{roc} or {year}")),
        (Reset::Month, _) if !year || !has(&NumberPart::Month) => {
            Some(("{month} 與 {roc} 或 {year}", "{month} and {roc} or {year}"))
        }
        (_, Sequence::Unit) if !has(&NumberPart::Unit) => Some(("{unit}", "{unit}")),
        _ => None,
    };
    if let Some((zh, en)) = twice_the_same {
        context.problem(
            node.place(),
            format!("編號會重複:格式須含 {zh}"),
            format!("numbers would repeat: the format needs {en}"),
        );
    }
    let steps = context.vocabulary.registers.get(register)?.steps.keys().map(StepId::as_str);
    Some(Numbering { per, reset, at: context.known_at(table, "at", steps, ("步驟", "step")), format })
}

fn number_parts(node: Node<'_>, context: &Context<'_>) -> Option<Vec<NumberPart>> {
    let mut parts = Vec::new();
    for (offset, part) in split_braces(node.text()?) {
        let part = match part {
            Braced::Text(text) => Some(NumberPart::Text(text.into())),
            Braced::Inside(inside) => number_part(inside),
            Braced::Open => None,
        };
        let Some(part) = part else {
            let zh = "編號格式僅可用 {roc}、{year}、{month}、{unit}、{seq} 或 {seq:4}";
            let en = "a number's format knows {roc}, {year}, {month}, {unit}, {seq} and {seq:4}";
            context.problem(node.place_in(offset), zh, en);
            return None;
        };
        parts.push(part);
    }
    let sequences = parts.iter().filter(|part| matches!(part, NumberPart::Sequence(_))).count();
    if sequences != 1 {
        context.problem(node.place(), "編號格式須有一個 {seq}", "a number's format has one {seq}");
    }
    Some(parts)
}

fn number_part(inside: &str) -> Option<NumberPart> {
    Some(match inside {
        "roc" => NumberPart::RocYear,
        "year" => NumberPart::Year,
        "month" => NumberPart::Month,
        "unit" => NumberPart::Unit,
        "seq" => NumberPart::Sequence(1),
        _ => NumberPart::Sequence(
            inside.strip_prefix("seq:")?.parse().ok().filter(|width| (1..=9).contains(width))?,
        ),
    })
}

fn grade(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Option<GradeRule> {
    match (table.get("is"), table.get("field")) {
        (Some(_), None) => {
            if table.get("by").is_some() {
                context.problem(table.place_of("by"), "by 僅能與 field 並用", "by goes with field only");
            }
            Some(GradeRule::Fixed(context.grade_at(table, "is")?))
        }
        (None, Some(node)) => {
            let field = context.field(node, register)?;
            if context.vocabulary.registers.get(register)?.fields.get(&field) != Some(&Type::Grade) {
                context.problem(node.place(), "此欄位不是機密等級", "this field is not of kind grade");
            }
            let by = actors(table, "by", &Typing::record(&context.vocabulary, register), context);
            Some(GradeRule::Field { field, by })
        }
        _ => {
            context.problem(
                table.place(),
                "須且僅能有 is 或 field 其中之一",
                "exactly one of is, field is asked for",
            );
            None
        }
    }
}

fn retention(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Option<Retention> {
    let from = match table.text("from") {
        None | Some("closed") => RetentionStart::Closed,
        Some("occurred") => RetentionStart::Occurred,
        Some(_) => {
            let node = table.get("from")?;
            let field = context.field(node, register)?;
            let of = context.vocabulary.registers.get(register)?.fields.get(&field)?;
            if !matches!(of, Type::Date | Type::Moment) {
                context.problem(node.place(), "起算欄位須為日期", "retention starts from a date");
            }
            context.mark(format!("{register}/retention/{field}"), node.place());
            RetentionStart::Field(field)
        }
    };
    let keep = if table.text("keep") == Some("for ever") { None } else { Some(table.parsed("keep")?) };
    Some(Retention { keep, from })
}

fn reading(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Option<Reading> {
    let units = match table.text("units")? {
        "own" => ReadingUnits::Own,
        "subtree" => ReadingUnits::Subtree,
        "city" => ReadingUnits::City,
        _ => return None,
    };
    let mut parties = Vec::new();
    for (field, place) in context.fields(table, "parties", register) {
        let of = context.vocabulary.registers.get(register)?.fields.get(&field)?;
        if *of != Type::Person && *of != Type::Person.list() {
            context.problem(place.clone(), "當事人欄位須為人員", "a party is a field of kind person");
        }
        context.mark(format!("{register}/parties/{field}"), place);
        parties.push(field);
    }
    Some(Reading { units, roles: context.roles(table, "roles"), parties })
}

fn groups(file: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Vec<Group> {
    let tables = file.tables("group");
    ids::<GroupId>(&tables, "題組", "group", context.problems);
    let typing = Typing::record(&context.vocabulary, register);
    let read = |table: Table<'_>| {
        Some(Group {
            id: table.parsed("id")?,
            label: context.label(table, "label")?,
            fields: context.fields(table, "fields", register).into_iter().map(|(field, _)| field).collect(),
            show: context.when(table, "show", When::Always, &typing),
        })
    };
    tables.into_iter().filter_map(read).collect()
}

fn constraints(
    file: Table<'_>,
    register: &RegisterId,
    trial: &Trial<'_>,
    context: &Context<'_>,
) -> Vec<Constraint> {
    let tables = file.tables("constraint");
    ids::<ConstraintId>(&tables, "限制", "constraint", context.problems);
    let typing = Typing::record(&context.vocabulary, register);
    let read = |table: Table<'_>| {
        let rule = context.condition_at(table, "rule", Some(&Type::Truth), &typing)?;
        examples(table, &rule, &typing, Wanted::Broken, trial, context);
        Some(Constraint {
            id: table.parsed("id")?,
            clauses: context.clauses(table),
            rule,
            message: context.label(table, "message")?,
        })
    };
    tables.into_iter().filter_map(read).collect()
}

/// The states named at a key.
pub(super) fn states(
    table: Table<'_>,
    key: &str,
    register: &RegisterId,
    context: &Context<'_>,
) -> Vec<StateId> {
    let Some(outline) = context.vocabulary.registers.get(register) else { return Vec::new() };
    let names = || outline.states.iter().map(StateId::as_str);
    table.list(key).into_iter().filter_map(|node| context.known(node, names(), ("狀態", "state"))).collect()
}

fn uniques(file: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Vec<Unique> {
    let read = |table: Table<'_>| {
        Some(Unique {
            fields: marked(table, "fields", register, context),
            states: states(table, "states", register, context),
            message: context.label(table, "message")?,
        })
    };
    file.tables("unique").into_iter().filter_map(read).collect()
}

fn lookups(file: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Vec<Lookup> {
    let typing = Typing::record(&context.vocabulary, register);
    let read = |table: Table<'_>| {
        let target = context.register_at(table, "register")?;
        let matches = super::effect::set(table, "match", &target, &typing, context);
        if table.inner("match").is_some_and(|table| table.entries().is_empty()) {
            context.problem(table.place_of("match"), "match 至少須有一欄", "match names at least one field");
        }
        for (name, place, _) in table.inner("match").map(Table::entries).unwrap_or_default() {
            context.mark(format!("{target}/match/{name}"), place);
        }
        let with_target = typing.clone().with_target(&target);
        Some(Lookup {
            id: table.parsed("id")?,
            states: states(table, "states", &target, context),
            only: context.condition_at(table, "where", Some(&Type::Truth), &with_target),
            register: target,
            matches,
        })
    };
    file.tables("lookup").into_iter().filter_map(read).collect()
}

/// Does the field hold nothing but what is reckoned?
pub(super) fn is_computed(kind: &Kind) -> bool {
    matches!(kind, Kind::Computed { .. })
}

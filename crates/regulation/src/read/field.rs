//! Fields, second reading.

use super::context::Context;
use super::names::{answers, ids};
use crate::condition::Typing;
use crate::field::{Address, Choice, Count, Field, Item, Kind, When};
use crate::problem::Place;
use crate::raw::{Node, Table};
use crate::value::Type;
use crate::word::{FieldId, ItemId, OptionId, RegisterId};

/// The keys a kind has beside those every field has.
fn own_keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "address" => &["of"],
        "checklist" => &["item", "answers"],
        "choice" => &["options", "many"],
        "computed" => &["value"],
        "date" => &["min", "max"],
        "files" => &["types", "least", "most", "max_mb"],
        "grade" => &["least", "most"],
        "number" => &["unit", "min", "max", "decimals"],
        "person" => &["role", "many"],
        "photo" => &["least", "most"],
        "reference" => &["register", "only", "many"],
        "run" => &["procedures"],
        "table" => &["column", "least", "most"],
        "text" => &["lines", "min", "max"],
        "unit" => &["many"],
        _ => &[],
    }
}

/// Keys without which a kind means nothing.
fn needed_keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "address" => &["of"],
        "checklist" => &["item"],
        "choice" => &["options"],
        "computed" => &["value"],
        "reference" => &["register"],
        "run" => &["procedures"],
        "table" => &["column"],
        _ => &[],
    }
}

const COMMON: [&str; 9] = ["id", "kind", "label", "help", "clause", "required", "show", "start", "sealed"];

/// A field of a register, or a column of a table.
pub(super) fn field(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Option<Field> {
    let kind_word = table.text("kind").filter(|word| Kind::WORDS.contains(word))?;
    keys(table, kind_word, context);
    let typing = Typing::record(&context.vocabulary, register);
    let kind = kind(table, kind_word, register, context)?;
    let sealed = table.flag("sealed").unwrap_or(false);
    // The type as first read: a broken option is told once, not again by what speaks of it.
    let outline = context.vocabulary.registers.get(register);
    let of = table.text("id").and_then(|id| outline?.fields.get(id)).cloned().unwrap_or_else(|| kind.of());
    let start = context.condition_at(table, "start", Some(&of), &typing);
    Some(Field {
        id: table.parsed("id")?,
        label: context.label(table, "label")?,
        help: context.label(table, "help"),
        clauses: context.clauses(table),
        required: context.when(table, "required", When::Never, &typing),
        show: context.when(table, "show", When::Always, &typing),
        start,
        sealed,
        kind,
    })
}

fn keys(table: Table<'_>, kind: &str, context: &Context<'_>) {
    for (name, place, _) in table.entries() {
        let everywhere = COMMON.contains(&name);
        // Keys no field has were told by the structural check.
        let somewhere = Kind::WORDS.iter().any(|kind| own_keys(kind).contains(&name));
        if !everywhere && somewhere && !own_keys(kind).contains(&name) {
            let (zh, en) = (
                format!("種類「{kind}」沒有「{name}」這個鍵"),
                format!("a field of kind {kind} has no key {name:?}"),
            );
            context.problem(place, zh, en);
        }
    }
    for name in needed_keys(kind).iter().filter(|name| table.get(name).is_none()) {
        let (zh, en) =
            (format!("種類「{kind}」缺少「{name}」"), format!("a field of kind {kind} needs {name:?}"));
        context.problem(table.place(), zh, en);
    }
    if kind == "computed" {
        for name in ["required", "start"].into_iter().filter(|name| table.get(name).is_some()) {
            let (zh, en) = (format!("計算欄位不可有「{name}」"), format!("a computed field has no {name:?}"));
            context.problem(table.place_of(name), zh, en);
        }
    }
}

fn kind(table: Table<'_>, word: &str, register: &RegisterId, context: &Context<'_>) -> Option<Kind> {
    let typing = Typing::record(&context.vocabulary, register);
    let many = table.flag("many").unwrap_or(false);
    Some(match word {
        "address" => {
            let of = table.text("of")?;
            Kind::Address { of: Address::ALL.into_iter().find(|one| one.word() == of)? }
        }
        "checklist" => Kind::Checklist { items: items(table, context), answers: answers(table) },
        "choice" => Kind::Choice { options: options(table, context), many },
        "computed" => Kind::Computed { value: context.condition_at(table, "value", None, &typing)? },
        "date" => Kind::Date {
            min: context.condition_at(table, "min", Some(&Type::Date), &typing),
            max: context.condition_at(table, "max", Some(&Type::Date), &typing),
        },
        "files" => Kind::Files {
            types: table.list("types").into_iter().filter_map(|node| file_type(node, context)).collect(),
            count: count(table, 20, context),
            max_mb: table.small("max_mb").unwrap_or(20),
        },
        "grade" => {
            Kind::Grade { least: context.grade_at(table, "least"), most: context.grade_at(table, "most") }
        }
        "moment" => Kind::Moment,
        "number" => number(table, context),
        "person" => Kind::Person { role: context.role_at(table, "role"), many },
        "photo" => Kind::Photo { count: count(table, 20, context) },
        "reference" => {
            let target = context.register_at(table, "register")?;
            let typing = typing.with_target(&target);
            let only = context.condition_at(table, "only", Some(&Type::Truth), &typing);
            Kind::Reference { register: target, only, many }
        }
        "run" => Kind::Run { procedures: context.procedures(table, "procedures") },
        "table" => {
            Kind::Table { columns: columns(table, register, context), count: count(table, 200, context) }
        }
        "text" => text(table, context),
        "time" => Kind::Time,
        "unit" => Kind::Unit { many },
        "yes_no" => Kind::YesNo,
        _ => return None,
    })
}

fn items(table: Table<'_>, context: &Context<'_>) -> Vec<Item> {
    let tables = table.tables("item");
    ids::<ItemId>(&tables, "檢核項目", "item", context.problems);
    for item in &tables {
        if let (Some(id @ ("done" | "bad")), place) = (item.text("id"), item.place_at("id")) {
            let (zh, en) = (
                format!("「{id}」為檢核表屬性,不得作為項目代號"),
                format!("{id:?} is an attribute of checklists; no item may be called so"),
            );
            context.problem(place, zh, en);
        }
    }
    tables
        .into_iter()
        .filter_map(|item| {
            Some(Item {
                id: item.parsed("id")?,
                label: context.label(item, "label")?,
                clauses: context.clauses(item),
            })
        })
        .collect()
}

fn options(table: Table<'_>, context: &Context<'_>) -> Vec<Choice> {
    let tables = table.tables("options");
    ids::<OptionId>(&tables, "選項", "option", context.problems);
    if let (Some(node), true) = (table.get("options"), tables.len() < 2) {
        context.problem(node.place(), "選項至少兩個", "a choice has at least two options");
    }
    tables
        .into_iter()
        .filter_map(|option| {
            Some(Choice { id: option.parsed("id")?, label: context.label(option, "label")? })
        })
        .collect()
}

fn columns(table: Table<'_>, register: &RegisterId, context: &Context<'_>) -> Vec<Field> {
    let tables = table.tables("column");
    ids::<FieldId>(&tables, "欄", "column", context.problems);
    for column in &tables {
        if let Some(kind @ ("table" | "computed" | "run" | "checklist")) = column.text("kind") {
            let (zh, en) =
                (format!("表格之欄不可為「{kind}」"), format!("a column of a table cannot be a {kind}"));
            context.problem(column.place_of("kind"), zh, en);
        }
        if column.flag("sealed") == Some(true) {
            let (zh, en) =
                ("表格僅能整個加密,請於表格欄位設定", "a table is sealed as a whole; say so at the field");
            context.problem(column.place_of("sealed"), zh, en);
        }
    }
    tables.into_iter().filter_map(|column| field(column, register, context)).collect()
}

fn file_type(node: Node<'_>, context: &Context<'_>) -> Option<Box<str>> {
    let text = node.text()?;
    if (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Some(text.into());
    }
    let (zh, en) = (format!("「{text}」不是檔案類型,例如 pdf"), format!("{text:?} is no file kind like pdf"));
    context.problem(node.place(), zh, en);
    None
}

fn count(table: Table<'_>, most: u32, context: &Context<'_>) -> Count {
    let count = Count { least: table.small("least").unwrap_or(0), most: table.small("most").unwrap_or(most) };
    if count.least > count.most {
        upside_down(table.place_of("least"), context);
    }
    count
}

fn upside_down(place: Place, context: &Context<'_>) {
    context.problem(place, "下限大於上限", "the least is more than the most");
}

fn number(table: Table<'_>, context: &Context<'_>) -> Kind {
    let limit = |key: &str| {
        let node = table.get(key)?;
        if node.number().is_none() {
            context.problem(node.place(), "此處應為數值", "a number is asked for here");
        }
        node.number()
    };
    let (min, max) = (limit("min"), limit("max"));
    if let (Some(least), Some(most)) = (min, max)
        && least > most
    {
        upside_down(table.place_of("min"), context);
    }
    let decimals = table.small("decimals").and_then(|places| u8::try_from(places).ok()).unwrap_or(0);
    Kind::Number { unit: context.label(table, "unit"), min, max, decimals }
}

fn text(table: Table<'_>, context: &Context<'_>) -> Kind {
    let limit = |key: &str, absent: u32| match table.get(key) {
        None => absent,
        Some(node) => {
            let small =
                node.whole().and_then(|whole| u32::try_from(whole).ok()).filter(|whole| *whole <= 20_000);
            if small.is_none() {
                context.problem(
                    node.place(),
                    "此處應為 0 至 20000 之字數",
                    "a number of characters from 0 to 20,000 is asked for",
                );
            }
            small.unwrap_or(absent)
        }
    };
    let (min, max) = (limit("min", 0), limit("max", 2_000));
    if min > max {
        upside_down(table.place_of("min"), context);
    }
    Kind::Text { lines: table.small("lines").unwrap_or(1), min, max }
}

//! First reading: the names of the pack and the types of fields, so that conditions can be typed in any order.
//!
//! Tells duplicates. Definitions too broken to have a name or type are remembered, so that what speaks of them
//! is not blamed.

use super::context::Names;
use crate::condition::{Condition, Outline, RESERVED, Typing, Vocabulary};
use crate::problem::Place;
use crate::raw::{Document, Problems, Table};
use crate::value::{Answer, Columns, Type};
use crate::word::{FieldId, HookId, ItemId, LookupId, RegisterId, StateId, StepId};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

/// The documents of a pack, by kind.
pub(crate) struct Documents<'d> {
    pub(crate) pack: Option<Table<'d>>,
    pub(crate) grades: Option<Table<'d>>,
    pub(crate) roles: Option<Table<'d>>,
    pub(crate) moves: Option<Table<'d>>,
    pub(crate) clauses: Vec<Table<'d>>,
    pub(crate) registers: Vec<(&'d str, Table<'d>)>,
    pub(crate) duties: Vec<Table<'d>>,
    pub(crate) procedures: Vec<Table<'d>>,
    pub(crate) calendars: Vec<(&'d str, Table<'d>)>,
}

impl<'d> Documents<'d> {
    pub(crate) fn sort(documents: &'d [Document<'d>]) -> Self {
        let one = |path: &str| documents.iter().find(|document| document.path() == path).map(Document::root);
        let under = |folder: &str| {
            let found = documents.iter().filter(|document| document.path().starts_with(folder));
            found.map(|document| (document.path(), document.root())).collect::<Vec<_>>()
        };
        let tables = |folder: &str| under(folder).into_iter().map(|(_, table)| table).collect();
        Self {
            pack: one("pack.toml"),
            grades: one("grades.toml"),
            roles: one("roles.toml"),
            moves: one("moves.toml"),
            clauses: tables("clauses/"),
            registers: under("registers/"),
            duties: tables("duties/"),
            procedures: tables("procedures/"),
            calendars: under("calendars/"),
        }
    }
}

/// Collects the names of a pack.
pub(crate) fn names(documents: &Documents<'_>, problems: &Problems) -> (Vocabulary, Names) {
    let mut vocabulary = Vocabulary::default();
    let mut names = Names::default();
    vocabulary.grades = ids(&all(documents.grades.as_slice(), "grade"), "機密等級", "grade", problems);
    vocabulary.roles = ids(&all(documents.roles.as_slice(), "role"), "角色", "role", problems);
    vocabulary.procedures = ids(&all(&documents.procedures, "procedure"), "程序", "procedure", problems);
    names.clauses = ids(&all(&documents.clauses, "clause"), "條文", "clause", problems).into_iter().collect();
    names.duties = ids(&all(&documents.duties, "duty"), "定期工作", "duty", problems).into_iter().collect();
    names.hooks = hooks(&all(documents.pack.as_slice(), "hook"), problems);
    let mut pending = Vec::new();
    for (path, file) in &documents.registers {
        register(path, *file, &mut vocabulary, &mut names, &mut pending, problems);
    }
    computed(pending, &mut vocabulary, &mut names, problems);
    (vocabulary, names)
}

/// The tables of one name in several files.
fn all<'d>(files: &[Table<'d>], key: &str) -> Vec<Table<'d>> {
    files.iter().flat_map(|file| file.tables(key)).collect()
}

/// The ids of tables, each once; a second one is told.
pub(crate) fn ids<T: FromStr + Ord + Clone + std::fmt::Display>(
    tables: &[Table<'_>],
    zh: &str,
    en: &str,
    problems: &Problems,
) -> Vec<T> {
    let mut seen: BTreeMap<T, Place> = BTreeMap::new();
    let mut ids = Vec::new();
    for table in tables {
        let (Some(id), Some(node)) = (table.parsed::<T>("id"), table.get("id")) else { continue };
        match seen.get(&id) {
            Some(first) => twice(node.place(), &id.to_string(), first, (zh, en), problems),
            None => {
                seen.insert(id.clone(), node.place());
                ids.push(id);
            }
        }
    }
    ids
}

pub(crate) fn twice(place: Place, id: &str, first: &Place, what: (&str, &str), problems: &Problems) {
    let (zh, en) = (
        format!("{}「{id}」重複,已見於 {first}", what.0),
        format!("{} {id:?} is there already, at {first}", what.1),
    );
    problems.add(place, zh, en);
}

fn hooks(tables: &[Table<'_>], problems: &Problems) -> BTreeMap<HookId, BTreeMap<FieldId, Type>> {
    ids::<HookId>(tables, "對外動作", "hook", problems)
        .into_iter()
        .filter_map(|id| {
            let table = tables.iter().find(|table| table.text("id") == Some(id.as_str()))?;
            let entries = table.inner("gives").map(Table::entries).unwrap_or_default();
            let gives = entries
                .into_iter()
                .filter_map(|(name, _, of)| Some((name.parse().ok()?, hook_type(of.text()?)?)));
            Some((id, gives.collect()))
        })
        .collect()
}

fn hook_type(word: &str) -> Option<Type> {
    Some(match word {
        "text" => Type::Text,
        "number" => Type::Number,
        "date" => Type::Date,
        "moment" => Type::Moment,
        "person" => Type::Person,
        "unit" => Type::Unit,
        "truth" => Type::Truth,
        "files" => Type::File.list(),
        "people" => Type::Person.list(),
        "units" => Type::Unit.list(),
        _ => return None,
    })
}

/// A computed field whose type is not known yet.
struct Pending<'d> {
    register: RegisterId,
    field: FieldId,
    table: Table<'d>,
}

fn register<'d>(
    path: &str,
    file: Table<'d>,
    vocabulary: &mut Vocabulary,
    names: &mut Names,
    pending: &mut Vec<Pending<'d>>,
    problems: &Problems,
) {
    let Some(head) = file.inner("register") else { return };
    let Some(id) = head.parsed::<RegisterId>("id") else { return };
    let wanted = format!("registers/{id}.toml");
    if path != wanted {
        let (zh, en) =
            (format!("登記簿「{id}」的檔名應為 {wanted}"), format!("the register {id} belongs in {wanted}"));
        problems.add(head.place_at("id"), zh, en);
        // Whoever speaks of the name the file has means this register.
        names.broken.extend(
            path.strip_prefix("registers/").and_then(|name| name.strip_suffix(".toml")).map(String::from),
        );
    }
    let mut outline = Outline {
        states: ids::<StateId>(&file.tables("state"), "狀態", "state", problems),
        ..Outline::default()
    };
    let steps = file.tables("step");
    for step in ids::<StepId>(&steps, "步驟", "step", problems) {
        let Some(table) = steps.iter().find(|table| table.text("id") == Some(step.as_str())) else {
            continue;
        };
        if takes_system(*table) {
            names.by_system.entry(id.clone()).or_default().insert(step.clone());
            if table.get("from").is_none() {
                names.openings.entry(id.clone()).or_default().push(step.clone());
            }
        }
        outline.steps.insert(step, outcome_words(*table));
    }
    let lookups = file.tables("lookup");
    for lookup in ids::<LookupId>(&lookups, "查詢", "lookup", problems) {
        let table = lookups.iter().find(|table| table.text("id") == Some(lookup.as_str()));
        match table.and_then(|table| table.parsed("register")) {
            Some(register) => drop(outline.lookups.insert(lookup, register)),
            None => drop(names.broken.insert(lookup.to_string())),
        }
    }
    let fields = file.tables("field");
    for field in ids::<FieldId>(&fields, "欄位", "field", problems) {
        let Some(table) = fields.iter().find(|table| table.text("id") == Some(field.as_str())) else {
            continue;
        };
        if RESERVED.contains(&field.as_str()) {
            let (zh, en) = (
                format!("「{field}」為條件式保留字,不得作為欄位代號"),
                format!("{:?} is a word of conditions; no field may be called so", field.as_str()),
            );
            problems.add(table.place_at("id"), zh, en);
        }
        match (table.text("kind"), field_type(*table)) {
            (Some("computed"), _) => pending.push(Pending { register: id.clone(), field, table: *table }),
            (_, Some(of)) => drop(outline.fields.insert(field, of)),
            (_, None) => drop(names.broken.insert(field.to_string())),
        }
    }
    vocabulary.registers.entry(id).or_insert(outline);
}

fn takes_system(step: Table<'_>) -> bool {
    let rules = step.list("by").into_iter().filter_map(crate::raw::Node::table);
    rules.into_iter().any(|rule| rule.flag("system") == Some(true))
}

/// The words of the outcomes a step has.
fn outcome_words(step: Table<'_>) -> Vec<&'static str> {
    let written: BTreeSet<&str> = step
        .inner("outcomes")
        .map(|table| table.entries().into_iter().map(|(name, _, _)| name).collect())
        .unwrap_or_default();
    let all = crate::flow::Outcome::ALL.into_iter().map(crate::flow::Outcome::word);
    if written.is_empty() { vec!["done"] } else { all.filter(|word| written.contains(word)).collect() }
}

/// The type of a field as written; computed fields are typed afterwards.
fn field_type(table: Table<'_>) -> Option<Type> {
    let several = |of: Type| if table.flag("many") == Some(true) { of.list() } else { of };
    Some(match table.text("kind")? {
        "address" | "text" => Type::Text,
        "checklist" => Type::Checklist(Arc::new(
            table
                .tables("item")
                .into_iter()
                .filter_map(|item| Some((item.parsed::<ItemId>("id")?, answers(table))))
                .collect(),
        )),
        "choice" => {
            let options = table.tables("options");
            several(Type::words(options.iter().filter_map(|option| option.text("id"))))
        }
        "date" => Type::Date,
        "files" | "photo" => Type::File.list(),
        "grade" => Type::Grade,
        "moment" => Type::Moment,
        "number" => Type::Number,
        "person" => several(Type::Person),
        "reference" => several(Type::Reference(table.parsed("register")?)),
        "run" => {
            let procedures = table.list("procedures").into_iter();
            Type::Run(procedures.filter_map(crate::raw::Node::parsed).collect())
        }
        "table" => {
            let columns = table.tables("column").into_iter();
            let typed = columns.filter_map(|column| Some((column.parsed("id")?, field_type(column)?)));
            Type::Row(Columns(Arc::new(typed.collect()))).list()
        }
        "time" => Type::Time,
        "unit" => several(Type::Unit),
        "yes_no" => Type::Truth,
        _ => return None,
    })
}

/// The answers a checklist allows; all of them where it says nothing.
pub(crate) fn answers(table: Table<'_>) -> Vec<Answer> {
    let written: Vec<Answer> =
        table.list("answers").into_iter().filter_map(|node| Answer::from_word(node.text()?)).collect();
    if written.is_empty() { Answer::ALL.to_vec() } else { written }
}

/// Types computed fields, each as soon as those it uses are typed. What is left is in a circle or wrong; the
/// second reading tells why.
fn computed(
    mut pending: Vec<Pending<'_>>,
    vocabulary: &mut Vocabulary,
    names: &mut Names,
    problems: &Problems,
) {
    loop {
        let before = pending.len();
        pending.retain(|one| {
            let typing = Typing::record(vocabulary, &one.register);
            let typed = one.table.text("value").and_then(|text| Condition::new(text, &typing).ok());
            let Some(condition) = typed else { return true };
            let of = condition.of().clone();
            if let Some(outline) = vocabulary.registers.get_mut(&one.register) {
                outline.fields.insert(one.field.clone(), of);
            }
            false
        });
        if pending.len() == before {
            break;
        }
    }
    let left: BTreeSet<&str> = pending.iter().map(|one| one.field.as_str()).collect();
    for one in &pending {
        names.broken.insert(one.field.to_string());
        let text = one.table.text("value").unwrap_or_default();
        let circle =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').find(|word| left.contains(word));
        let Some(node) = one.table.get("value") else { continue };
        match circle {
            Some(word) => {
                let zh = format!("計算欄位「{}」與「{word}」互相引用", one.field);
                let en = format!(
                    "the computed field {} needs {word}, which cannot be computed before it",
                    one.field
                );
                problems.add(node.place(), zh, en);
            }
            None => {
                let typing = Typing::record(vocabulary, &one.register);
                if let Err(error) = Condition::new(text, &typing) {
                    problems.add_with(node.place_in(error.at), error.what_zh, error.what, error.suggestion);
                }
            }
        }
    }
}

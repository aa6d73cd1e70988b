//! A table of what a register keeps: each row opens a record, by the step and in the role in which the person may.
//!
//! What a form would send is put together from the cells and read as a form is; so a cell is refused where a field would be.
//! A record that holds the same already is not opened again.

use super::of_cells;
use crate::acting::{self, Stance};
use crate::cx::Cx;
use crate::error::PageError;
use crate::form::{self, Posted};
use crate::look::Look;
use crate::query::Query;
use ::moving::{Column, Doing, Planned, Row, Table, Wrong, heads};
use casework::{Command, Fill, Records as _, Seek};
use desk::{Asker, Order};
use model::{Evidence, PersonId, RecordId, Told, UnitId};
use regulation::{Field, FieldId, Kind, Register, RegisterId, StepId, Type};
use serde_json::Value as Json;

/// A register, and how the person opens records of it.
pub(super) struct Target<'a> {
    pub(super) register: &'a Register,
    step: &'a regulation::Step,
    stance: Stance,
}

impl<'a> Target<'a> {
    /// By the first of its opening steps that is theirs; none where none is.
    pub(super) fn of(cx: &'a Cx, register: &'a Register) -> Result<Option<Self>, PageError> {
        let openings = cx.look(|look| Ok(acting::openings(look, &register.id)))?;
        Ok(openings.into_iter().find_map(|(step, stances): (StepId, Vec<Stance>)| {
            let step = register.flow.step(step.as_str())?;
            Some(Self { register, step, stance: stances.into_iter().next()? })
        }))
    }

    fn fields(&self) -> impl Iterator<Item = &'a Field> {
        let asked = &self.step.fields;
        of_cells(self.register).filter(move |field| asked.contains(&field.id))
    }

    pub(super) fn columns(&self) -> Vec<Column> {
        let column = |field: &Field| Column {
            name: field.id.to_string(),
            zh: field.label.zh().to_owned(),
            en: field.label.en().to_owned(),
            // What must be filled in may hang on other cells; a form tells it, and so does the look.
            needed: false,
            help: help(field),
        };
        self.fields().map(column).collect()
    }

    pub(super) fn plan(&self, cx: &Cx, table: &Table) -> Result<Result<Vec<Planned>, Told>, PageError> {
        let found = match heads(table, &self.columns()) {
            Ok(found) => found,
            Err(told) => return Ok(Err(told)),
        };
        cx.look(|look| {
            let mut planned = Vec::with_capacity(table.rows.len());
            for row in &table.rows {
                planned.push(self.row(look, row, |column| found.at(column))?);
            }
            Ok(Ok(planned))
        })
    }

    fn row(
        &self,
        look: &Look<'_>,
        row: &Row,
        at: impl Fn(usize) -> Option<usize>,
    ) -> Result<Planned, PageError> {
        let cx = look.cx;
        let (fill, wrong) = self.fill(look, row, &at);
        let title = row.cells.iter().find(|cell| !cell.is_empty()).cloned().unwrap_or_default();
        let planned = |doing: Doing, wrong: Vec<Wrong>| Planned {
            line: row.line,
            title: title.clone(),
            doing,
            commands: Vec::new(),
            wrong,
        };
        if !wrong.is_empty() {
            return Ok(planned(Doing::Wrong, wrong));
        }
        if self.is_there(look, &fill) {
            return Ok(planned(Doing::Nothing, wrong));
        }
        let actor = self.actor(look);
        let filling = casework::Filling::Open { register: &self.register.id, step: &self.step.id };
        if form::stand(look, &actor, filling, &fill, false)?.least > Evidence::None {
            return Ok(planned(Doing::Wrong, vec![Wrong { column: None, told: to_be_signed() }]));
        }
        match cx.site.desk().rehearse(actor, self.command(cx, fill)?) {
            Ok(_) => Ok(planned(Doing::Create, Vec::new())),
            Err(refused) => Ok(planned(Doing::Wrong, self.refused(&refused, &at))),
        }
    }

    /// What a refusal says of each cell; of the row as a whole where it says it of none.
    fn refused(&self, refused: &desk::Refused, at: &impl Fn(usize) -> Option<usize>) -> Vec<Wrong> {
        let fields: Vec<&FieldId> = self.fields().map(|field| &field.id).collect();
        let of_cells: Vec<Wrong> = form::wrong(refused)
            .into_iter()
            .map(|(field, told)| {
                let column = fields.iter().position(|one| **one == field).and_then(at);
                let label = self.register.field(field.as_str()).map(|one| &one.label);
                let told = match (column, label) {
                    (None, Some(label)) => Told::new(
                        format!("{}：{}", label.zh(), told.zh),
                        format!("{}: {}", label.en(), told.en),
                    ),
                    _ => told,
                };
                Wrong { column, told }
            })
            .collect();
        if of_cells.is_empty() { vec![Wrong { column: None, told: refused.told() }] } else { of_cells }
    }

    /// Opens the record of a row, which is read anew; gives what was refused.
    pub(super) fn carry_out(
        &self,
        cx: &Cx,
        row: &Planned,
        table: &Table,
    ) -> Result<Option<Vec<Wrong>>, PageError> {
        let Ok(found) = heads(table, &self.columns()) else { return Ok(None) };
        let Some(row) = table.rows.iter().find(|one| one.line == row.line) else { return Ok(None) };
        let at = |column| found.at(column);
        let ready = cx.look(|look| {
            let (fill, _) = self.fill(look, row, &at);
            // An earlier row may have said the same.
            let there = self.is_there(look, &fill);
            Ok((!there).then(|| (self.actor(look), fill)))
        })?;
        let Some((actor, fill)) = ready else { return Ok(None) };
        let order = Order::Casework(self.command(cx, fill)?);
        Ok(cx.site.desk().ask(Asker::Person(actor), order).err().map(|refused| self.refused(&refused, &at)))
    }

    fn command(&self, cx: &Cx, fill: Fill) -> Result<Command, PageError> {
        Ok(Command::Open {
            record: RecordId::from_bytes(cx.site.draw()?),
            register: self.register.id.clone(),
            step: self.step.id.clone(),
            fill,
            occurred_at: None,
            late_reason: None,
            signed: None,
        })
    }

    fn actor(&self, look: &Look<'_>) -> model::Person {
        let home = look.roster.here(look.cx.person()).map(|person| person.home);
        self.stance.actor(look.cx, home.unwrap_or_else(|| UnitId::from_bytes([0; 16])))
    }

    /// Is there a record that says all of this?
    fn is_there(&self, look: &Look<'_>, fill: &Fill) -> bool {
        let equal: Vec<(FieldId, Json)> = fill
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(id, value)| (id.clone(), value.clone()))
            .collect();
        if equal.is_empty() {
            return false;
        }
        let seek = Seek { register: self.register.id.clone(), equal, states: Vec::new(), but: None };
        look.find(&seek).into_iter().any(|one| look.sees(one.record))
    }

    /// What a form would fill in, and which cells name what is not there.
    fn fill(&self, look: &Look<'_>, row: &Row, at: &impl Fn(usize) -> Option<usize>) -> (Fill, Vec<Wrong>) {
        let (mut pairs, mut wrong) = (Vec::new(), Vec::new());
        let mut fields = Vec::new();
        for (column, field) in self.fields().enumerate() {
            fields.push(field.id.clone());
            let text = at(column).and_then(|at| row.cells.get(at)).map_or("", |text| text.trim());
            if text.is_empty() {
                continue;
            }
            let several = matches!(field.of(), Type::List(_));
            let parts: Vec<&str> = match several {
                true => {
                    text.split([';', '；', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect()
                }
                false => vec![text],
            };
            for part in parts {
                match named(look, field, part) {
                    Ok(value) => pairs.push((form::name(&field.id), value)),
                    Err(told) => wrong.push(Wrong { column: at(column), told }),
                }
            }
        }
        let posted = Posted::of(Query::of(pairs));
        (form::fill(look.cx, self.register, &fields, None, &posted), wrong)
    }
}

/// What a form would send for a cell: ids for what is chosen, and what is typed as it is.
fn named(look: &Look<'_>, field: &Field, text: &str) -> Result<String, Told> {
    match &field.kind {
        Kind::Choice { options, .. } => {
            let option = options.iter().find(|option| {
                option.id.as_str() == text
                    || option.label.zh() == text
                    || option.label.en().eq_ignore_ascii_case(text)
            });
            option.map(|option| option.id.to_string()).ok_or_else(|| {
                let (zh, en): (Vec<&str>, Vec<&str>) =
                    options.iter().map(|option| (option.label.zh(), option.label.en())).unzip();
                Told::new(
                    format!("「{text}」不是可選之項目：{}", zh.join("、")),
                    format!("{text:?} is none of: {}", en.join(", ")),
                )
            })
        }
        Kind::YesNo => match text.to_lowercase().as_str() {
            "是" | "yes" | "y" | "true" | "1" => Ok("true".to_owned()),
            "否" | "no" | "n" | "false" | "0" => Ok("false".to_owned()),
            _ => Err(Told::new("請填是或否", "write yes or no")),
        },
        Kind::Grade { .. } => {
            let grade = look.pack.grades.iter().find(|grade| {
                grade.id.as_str() == text
                    || grade.label.zh() == text
                    || grade.label.en().eq_ignore_ascii_case(text)
            });
            grade.map(|grade| grade.id.to_string()).ok_or_else(|| {
                Told::new(format!("沒有機密等級「{text}」"), format!("there is no grade {text:?}"))
            })
        }
        Kind::Unit { .. } => {
            let unit = look.roster.state.unit_of_code(text);
            unit.map(|unit| unit.to_string()).ok_or_else(|| {
                Told::new(format!("查無單位代碼「{text}」"), format!("there is no unit {text:?}"))
            })
        }
        Kind::Person { .. } => person(look, text).map(|person| person.to_string()),
        Kind::Reference { register, .. } => record(look, register, text).map(|record| record.to_string()),
        _ => Ok(text.to_owned()),
    }
}

/// Somebody by account, or by a name that only one person has.
fn person(look: &Look<'_>, text: &str) -> Result<PersonId, Told> {
    let state = look.roster.state;
    if let Some(person) = state.person_of_login(&text.to_lowercase()) {
        return Ok(person);
    }
    let called = |person: &&identity::Person| {
        person.here() && person.details.as_ref().is_some_and(|details| details.name.as_str() == text)
    };
    let mut found = state.people().filter(called);
    match (found.next(), found.next()) {
        (Some(person), None) => Ok(person.id),
        (Some(_), Some(_)) => Err(Told::new(
            format!("姓名「{text}」不只一人，請填帳號"),
            format!("several are called {text:?}; give the account"),
        )),
        (None, _) => {
            Err(Told::new(format!("查無此人「{text}」"), format!("there is nobody called {text:?}")))
        }
    }
}

/// A record by what it is called in a field by which it is sought; it has to be one, and theirs to see.
fn record(look: &Look<'_>, register: &RegisterId, text: &str) -> Result<RecordId, Told> {
    if let Ok(record) = text.parse::<RecordId>()
        && look.sees(record)
    {
        return Ok(record);
    }
    let seen = look.cx.seen();
    let found = match seen.layout.sheets.get(register) {
        Some(sheet) => look.sql(|sql| sql.records_called(sheet, text)).unwrap_or_default(),
        None => Vec::new(),
    };
    let found = found.into_iter().map(|(record, _)| record).filter(|record| look.sees(*record));
    let found: Vec<RecordId> = found.collect();
    match found.as_slice() {
        [record] => Ok(*record),
        [] => Err(Told::new(format!("查無「{text}」"), format!("there is no {text:?}"))),
        _ => Err(Told::new(format!("「{text}」不只一筆"), format!("there are several {text:?}"))),
    }
}

fn help(field: &Field) -> Told {
    let mut help =
        field.help.as_ref().map_or_else(|| Told::new("", ""), |help| Told::new(help.zh(), help.en()));
    let more = match &field.kind {
        Kind::Choice { options, .. } => {
            let (zh, en): (Vec<&str>, Vec<&str>) =
                options.iter().map(|option| (option.label.zh(), option.label.en())).unzip();
            Told::new(format!("選項：{}", zh.join("、")), format!("One of: {}", en.join(", ")))
        }
        Kind::Person { .. } => Told::new("填帳號或姓名", "Account or name"),
        Kind::Reference { .. } => Told::new("填代號或名稱", "Code or name"),
        Kind::Unit { .. } => Told::new("填單位代碼", "Code of the unit"),
        Kind::YesNo => Told::new("填是或否", "yes or no"),
        _ => Told::new("", ""),
    };
    for (text, more) in [(&mut help.zh, more.zh), (&mut help.en, more.en)] {
        if !text.is_empty() && !more.is_empty() {
            text.push(' ');
        }
        text.push_str(&more);
    }
    help
}

fn to_be_signed() -> Told {
    Told::new(
        "本登記簿之登錄須逐案簽章，不得整批匯入",
        "Records of this register are signed one by one, and cannot be moved in by a table",
    )
}

//! From what a step asks to questions on a page, each with the answer so far.

use super::{Wrong, name};
use crate::choose;
use crate::component::{Input, InputKind, ItemView, Opt, Picked, RowView, SectionView, StepView, id};
use crate::form::Posted;
use crate::look::Look;
use crate::names::{clause_path, size};
use crate::query::Query;
use crate::roc;
use crate::route::is_there;
use casework::{Case, Form};
use model::Person;
use regulation::{Address, ClauseId, Condition, Field, FieldId, Kind, Limit, Name, Proof, Value, When};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// More options than these are folded into one box.
const UNFOLDED: usize = 7;

/// What questions are made from.
struct Asking<'l, 'a> {
    look: &'l Look<'a>,
    by: &'l Person,
    form: &'l Form<'l>,
    posted: &'l Posted,
    action: &'l str,
    wrong: &'l Wrong,
    /// Fields that decide what else is asked.
    looked: BTreeSet<FieldId>,
}

/// The questions of a form as it stands, by groups in the order of the register; what is not asked is not there.
/// `action` is where the form is posted, `posted` what was typed so far.
#[must_use]
pub fn sections<'a>(
    look: &Look<'a>,
    by: &Person,
    form: &Form<'_>,
    posted: &Posted,
    action: &str,
    wrong: &Wrong,
) -> Vec<SectionView<'a>> {
    let asking = Asking { look, by, form, posted, action, wrong, looked: looked(form) };
    let mut sections: Vec<SectionView<'a>> = Vec::new();
    for ask in form.asks.iter().filter(|ask| ask.shown) {
        let group = ask.group.map(|group| group.id.to_string());
        let section = match &group {
            Some(group) => format!("group-{group}"),
            None => "group".to_owned(),
        };
        let input = asking.input(ask.field, &name(&ask.field.id), ask.required, false);
        // A group stands where its first question does; questions of none go on with those before them.
        match sections.iter_mut().find(|one| one.id == section) {
            Some(there) => there.inputs.push(input),
            None => sections.push(SectionView {
                id: section,
                label: ask.group.map(|group| look.cx.label(&group.label).to_owned()),
                inputs: vec![input],
            }),
        }
    }
    sections
}

/// Fields that conditions of what is asked speak of.
fn looked(form: &Form<'_>) -> BTreeSet<FieldId> {
    let mut looked = BTreeSet::new();
    let mut speak = |condition: &Condition| {
        looked.extend(condition.names().into_iter().filter_map(|name| match name {
            Name::Field(id) => Some(id.clone()),
            _ => None,
        }));
    };
    for ask in &form.asks {
        let group = ask.group.map(|group| &group.show);
        for when in [Some(&ask.field.show), Some(&ask.field.required), group].into_iter().flatten() {
            if let When::If(condition) = when {
                speak(condition);
            }
        }
        match &ask.field.kind {
            Kind::Computed { value } => speak(value),
            Kind::Reference { only: Some(only), .. } => speak(only),
            _ => {}
        }
    }
    looked
}

impl<'a> Asking<'_, 'a> {
    fn query(&self) -> &Query {
        &self.posted.query
    }

    fn text(&self, name: &str) -> String {
        let first = self.query().pairs().find(|(key, _)| *key == name);
        first.map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    fn clauses(&self, clauses: &[ClauseId]) -> Vec<(String, Option<String>)> {
        let there = is_there("/clauses/{clause}");
        clauses
            .iter()
            .map(|clause| {
                let text = format!("{} {clause}", self.look.cx.t("條文", "Clause"));
                (text, there.then(|| clause_path(clause)))
            })
            .collect()
    }

    fn input(&self, field: &Field, name: &str, required: bool, in_row: bool) -> Input<'a> {
        let cx = self.look.cx;
        let told = if in_row { None } else { self.wrong.get(&field.id) };
        let looks = !in_row && self.looked.contains(&field.id);
        Input {
            cx,
            id: id(name),
            name: name.to_owned(),
            label: cx.label(&field.label).to_owned(),
            help: field.help.as_ref().map(|help| cx.label(help).to_owned()),
            clauses: if in_row { Vec::new() } else { self.clauses(&field.clauses) },
            required,
            error: told.map(|told| cx.language.told(told).to_owned()),
            looks: looks.then(|| self.action.to_owned()),
            in_row,
            kind: self.kind(field, name),
        }
    }

    fn kind(&self, field: &Field, name: &str) -> InputKind<'a> {
        let cx = self.look.cx;
        match &field.kind {
            Kind::Text { lines, max, .. } => {
                InputKind::Text { value: self.text(name), lines: *lines, max: *max, of: "text" }
            }
            Kind::Address { of } => {
                let of = match of {
                    Address::Mail => "email",
                    Address::Phone => "tel",
                    Address::Url => "url",
                    _ => "text",
                };
                InputKind::Text { value: self.text(name), lines: 1, max: 300, of }
            }
            Kind::Number { unit, .. } => InputKind::Number {
                value: self.text(name),
                unit: unit.as_ref().map(|unit| cx.label(unit).to_owned()),
            },
            Kind::Date { .. } => {
                let read = roc::read_date(&self.text(name));
                let value = read.map_or_else(|| self.text(name), |day| day.to_string());
                InputKind::Date { value, told: self.republic(read) }
            }
            Kind::Moment => {
                let read =
                    cx.zone().ok().and_then(|zone| Some((zone, roc::read_moment(zone, &self.text(name))?)));
                let value = read.map_or_else(|| self.text(name), |(zone, at)| roc::field_moment(zone, at));
                InputKind::Moment { value, told: self.republic(read.map(|(zone, at)| zone.date(at))) }
            }
            Kind::Time => InputKind::Time(self.text(name)),
            Kind::YesNo => {
                let options = [("true", cx.t("是", "Yes")), ("false", cx.t("否", "No"))];
                self.options(
                    name,
                    options.map(|(value, text)| (value.to_owned(), text.to_owned())).into(),
                    false,
                )
            }
            Kind::Choice { options, many } => {
                let option = |one: &regulation::Choice| (one.id.to_string(), cx.label(&one.label).to_owned());
                self.options(name, options.iter().map(option).collect(), *many)
            }
            Kind::Grade { least, most } => {
                let height = |grade: &Option<regulation::GradeId>| {
                    grade.as_ref().and_then(|one| self.look.pack.height(one))
                };
                let (least, most) = (height(least).unwrap_or(0), height(most).unwrap_or(usize::MAX));
                let within =
                    self.look.pack.grades.iter().enumerate().filter(|(at, _)| (least..=most).contains(at));
                let option = |(_, one): (usize, &regulation::Grade)| {
                    (one.id.to_string(), cx.label(&one.label).to_owned())
                };
                self.options(name, within.map(option).collect(), false)
            }
            Kind::Person { role, many } => {
                let source = match role {
                    Some(role) => format!("/choose/person?role={role}"),
                    None => "/choose/person".to_owned(),
                };
                let shown = |id: &str| id.parse().ok().map(|one| self.look.person_in_full(one));
                let seek = |words: &str| {
                    let found = choose::people(self.look, role.as_ref(), words, choose::OFFERED);
                    found.into_iter().map(|one| (one.to_string(), self.look.person_in_full(one))).collect()
                };
                self.pick(name, source, *many, &shown, &seek)
            }
            Kind::Unit { many } => {
                let shown = |id: &str| id.parse().ok().map(|one| self.look.unit(one));
                let seek = |words: &str| {
                    let found = choose::units(self.look, words, choose::OFFERED);
                    found.into_iter().map(|one| (one.to_string(), self.look.unit(one))).collect()
                };
                self.pick(name, "/choose/unit".to_owned(), *many, &shown, &seek)
            }
            Kind::Reference { register, many, .. } => {
                let shown = |id: &str| id.parse().ok().map(|one| self.look.record(one).text);
                let seek = |words: &str| self.records(field, words);
                self.pick(name, format!("/choose/record?register={register}"), *many, &shown, &seek)
            }
            Kind::Files { types, count, .. } => {
                let accept: Vec<String> = types.iter().map(|one| format!(".{one}")).collect();
                InputKind::Files {
                    kept: self.kept(name),
                    accept: accept.join(","),
                    many: count.most > 1,
                    camera: false,
                }
            }
            Kind::Photo { count } => InputKind::Files {
                kept: self.kept(name),
                accept: "image/jpeg,image/png,image/webp,image/heic".to_owned(),
                many: count.most > 1,
                camera: true,
            },
            Kind::Table { columns, count } => self.table(columns, *count, name),
            Kind::Checklist { items, answers } => {
                let item = |item: &regulation::Item| {
                    let name = format!("{name}.{}", item.id);
                    let said = self.text(&name);
                    let option = |answer: &regulation::Answer| Opt {
                        value: answer.word().to_owned(),
                        text: self.look.answer(Some(*answer)).to_owned(),
                        on: said == answer.word(),
                    };
                    ItemView {
                        id: id(&name),
                        label: cx.label(&item.label).to_owned(),
                        clauses: self.clauses(&item.clauses),
                        answers: answers.iter().map(option).collect(),
                        note: self.text(&format!("{name}.note")),
                        name,
                    }
                };
                InputKind::Checklist(items.iter().map(item).collect())
            }
            Kind::Run { procedures } => self.run(&field.id, procedures, name),
            Kind::Computed { .. } => InputKind::Computed(self.look.field(&self.form.case, field)),
        }
    }

    /// The year of the Republic beside a field that browsers show with another.
    fn republic(&self, day: Option<model::CivilDate>) -> String {
        day.filter(|_| self.look.cx.chinese())
            .map(|day| format!("民國{}", roc::date(crate::Language::Chinese, day)))
            .unwrap_or_default()
    }

    fn options(&self, name: &str, options: Vec<(String, String)>, many: bool) -> InputKind<'a> {
        let folded = !many && options.len() > UNFOLDED;
        let option =
            |(value, text): (String, String)| Opt { on: self.query().has(name, &value), value, text };
        InputKind::Options { options: options.into_iter().map(option).collect(), many, folded }
    }

    fn pick(
        &self,
        name: &str,
        source: String,
        many: bool,
        shown: &dyn Fn(&str) -> Option<String>,
        seek: &dyn Fn(&str) -> Vec<(String, String)>,
    ) -> InputKind<'a> {
        let mut picked: Vec<Picked> = Vec::new();
        for value in self.query().all(name) {
            // The last one chosen is the one, where there may be one.
            if !many {
                picked.clear();
            }
            if picked.iter().all(|one| one.value != value) {
                let text = shown(value).unwrap_or_else(|| value.to_owned());
                picked.push(Picked { value: value.to_owned(), text });
            }
        }
        let words = self.text(&format!("{name}.q"));
        let found = (self.posted.sought() == Some(name)).then(|| {
            let found = seek(&words).into_iter().map(|(value, text)| Picked { value, text });
            found.filter(|one| picked.iter().all(|chosen| chosen.value != one.value)).collect()
        });
        InputKind::Pick { source, many, picked, query: words, found }
    }

    /// Records a reference field may name, as things stand.
    fn records(&self, field: &Field, words: &str) -> Vec<(String, String)> {
        let Kind::Reference { register, .. } = &field.kind else { return Vec::new() };
        let look = self.look;
        let fits = |record: &model::RecordId| {
            casework::may_refer(look.around(), &self.form.case, field, self.by, *record) == Ok(true)
        };
        let found =
            choose::records(look, register, words, 200).into_iter().filter(fits).take(choose::OFFERED);
        found.map(|one| (one.to_string(), look.record(one).text)).collect()
    }

    /// Files the form carries.
    fn kept(&self, name: &str) -> Vec<(String, String)> {
        let kept = |text: &str| {
            let file: Json = serde_json::from_str(text).ok()?;
            let bytes = file.get("size")?.as_str()?.parse().ok()?;
            Some((
                text.to_owned(),
                format!("{}{}", file.get("name")?.as_str()?, self.look.cx.beside(&size(bytes))),
            ))
        };
        self.query().all(name).filter_map(kept).collect()
    }

    fn table(&self, columns: &[Field], count: regulation::Count, name: &str) -> InputKind<'a> {
        let cx = self.look.cx;
        let row_name = format!("{name}.row");
        let mut numbers: Vec<String> = self.query().all(&row_name).map(ToOwned::to_owned).collect();
        // There are as many rows as there must be, and one to begin with.
        let mut next =
            numbers.iter().filter_map(|number| number.parse::<u32>().ok()).max().map_or(0, |last| last + 1);
        while numbers.len() < (count.least.clamp(1, 20) as usize) {
            numbers.push(next.to_string());
            next += 1;
        }
        let must = |column: &Field| matches!(column.required, When::Always);
        let row = |number: String| {
            let cell = |column: &Field| {
                self.input(column, &format!("{name}.{number}.{}", column.id), must(column), true)
            };
            RowView { cells: columns.iter().map(cell).collect(), number }
        };
        InputKind::Table {
            heads: columns.iter().map(|column| (cx.label(&column.label).to_owned(), must(column))).collect(),
            more: numbers.len() < count.most as usize,
            rows: numbers.into_iter().map(row).collect(),
        }
    }

    fn run(&self, field: &FieldId, procedures: &[regulation::ProcedureId], name: &str) -> InputKind<'a> {
        let (cx, pack) = (self.look.cx, self.look.pack);
        let case: &Case = &self.form.case;
        let field = self.form.register.field(field.as_str());
        let held = field.and_then(|field| field.of().read(case.content.0.get(&field.id)?).ok());
        let option = |one: &regulation::ProcedureId| {
            let text = pack
                .procedures
                .get(one)
                .map_or_else(|| one.to_string(), |one| cx.label(&one.label).to_owned());
            Opt { value: one.to_string(), text, on: self.text(name) == one.as_str() }
        };
        let Some(Value::Run(run)) = held else {
            return InputKind::Run {
                procedures: procedures.iter().map(option).collect(),
                started: None,
                steps: Vec::new(),
            };
        };
        let procedure = pack.procedures.get(&run.procedure);
        let step = |step: &regulation::ProcedureStep| {
            let tick = run.ticks.get(&step.id);
            let step_name = format!("{name}.{}", step.id);
            StepView {
                id: id(&step_name),
                label: cx.label(&step.label).to_owned(),
                help: step.help.as_ref().map(|help| cx.label(help).to_owned()),
                limit: step.limit.map(|limit| self.limit(limit)),
                done: tick.map(|tick| format!("{} {}", cx.moment(tick.at), self.look.person(tick.by))),
                note: match tick {
                    Some(tick) => tick.note.as_deref().unwrap_or_default().to_owned(),
                    None => self.text(&format!("{step_name}.note")),
                },
                noted: matches!(step.proof, Proof::Note | Proof::Number),
                photo: step.proof == Proof::Photo,
                name: step_name,
            }
        };
        let title =
            procedure.map_or_else(|| run.procedure.to_string(), |one| cx.label(&one.label).to_owned());
        InputKind::Run {
            procedures: Vec::new(),
            started: Some(format!("{title}{} {}", cx.t("，開始於", ", begun"), cx.moment(run.started_at))),
            steps: procedure.map_or_else(Vec::new, |procedure| procedure.steps.iter().map(step).collect()),
        }
    }

    fn limit(&self, limit: Limit) -> String {
        let limit = roc::limit(self.look.cx.language, limit);
        self.look.cx.t("{limit}內", "within {limit}").replace("{limit}", &limit)
    }
}

//! Names: what units, people, records and values are called on pages, in the reader's language.
//!
//! Invariant: a record one may not see is never named; it shows as *not for you to see*, without a link.
//! Source: `docs/pack.md`, "Registers" (`title`), "Fields".

use crate::cx::Cx;
use crate::language::Language;
use crate::look::Look;
use crate::roc;
use casework::{Case, Mention, Origin, Spell};
use model::{PersonId, RecordId, Told, UnitId};
use regulation::{
    Answer, Choice, Field, GradeId, Kind, Register, RegisterId, RoleId, StateId, StepId, Value,
};
use serde_json::Value as Json;

/// Something named, perhaps with a way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What is shown.
    pub text: String,
    /// Where it leads.
    pub href: Option<String>,
}

/// A value as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Nothing is filled in.
    Nothing,
    /// One or several things.
    Parts(Vec<Named>),
    /// A text of several lines.
    Lines(String),
    /// Rows under heads.
    Table {
        /// The heads.
        heads: Vec<String>,
        /// The rows.
        rows: Vec<Vec<Shown>>,
    },
    /// Items with their answers and notes.
    Checklist(Vec<Checked>),
    /// Steps of a procedure with when, by whom, and what was noted.
    Run {
        /// The procedure.
        procedure: String,
        /// Its steps.
        ticks: Vec<Ticked>,
    },
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The item.
    pub item: String,
    /// The answer's word; none when it is not answered.
    pub answer: Option<Answer>,
    /// The answer as people read it.
    pub told: String,
    /// What was noted.
    pub note: Option<String>,
}

/// A step of a procedure that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticked {
    /// The step.
    pub step: String,
    /// When; none while it is not done.
    pub at: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// What was noted.
    pub note: Option<String>,
}

impl Named {
    /// Without a way to it.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None }
    }
}

impl Shown {
    /// As one line: for lists and for export.
    #[must_use]
    pub fn line(&self, language: Language) -> String {
        let (between, after, rows_between) =
            (language.of("、", ", "), language.of("：", ": "), language.of("；", "; "));
        match self {
            Self::Nothing => String::new(),
            Self::Parts(parts) => {
                let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
                texts.join(between)
            }
            Self::Lines(text) => text.clone(),
            Self::Table { rows, .. } => {
                let row = |row: &Vec<Self>| {
                    let cells: Vec<String> = row.iter().map(|cell| cell.line(language)).collect();
                    cells.join(" ")
                };
                let rows: Vec<String> = rows.iter().map(row).collect();
                rows.join(rows_between)
            }
            Self::Checklist(items) => {
                let items: Vec<String> =
                    items.iter().map(|checked| format!("{}{after}{}", checked.item, checked.told)).collect();
                items.join(rows_between)
            }
            Self::Run { procedure, ticks } => {
                let done = ticks.iter().filter(|tick| tick.at.is_some()).count();
                format!("{procedure} {done}/{}", ticks.len())
            }
        }
    }
}

/// The path of a record's page.
#[must_use]
pub fn record_path(record: RecordId) -> String {
    format!("/records/{record}")
}

/// The path of a register's list.
#[must_use]
pub fn register_path(register: &RegisterId) -> String {
    format!("/registers/{register}")
}

/// The path of a clause's page.
#[must_use]
pub fn clause_path(clause: &regulation::ClauseId) -> String {
    format!("/clauses/{clause}")
}

/// Where it was looked up that something is put beside a clause, or that it is to be confirmed.
pub(crate) fn crosswalk_source(cx: &Cx, one: &regulation::Crosswalk) -> String {
    let unsure = cx.t("待確認", "to be confirmed");
    one.source.as_ref().map_or(unsure, |source| cx.label(source)).to_owned()
}

/// The path of an entry's page in the ledger browser, where there is one.
#[must_use]
pub(crate) fn entry_path(entry: u64) -> Option<String> {
    crate::route::is_there(ENTRY).then(|| ENTRY.replace("{entry}", &entry.to_string()))
}

/// The page of an entry.
const ENTRY: &str = "/audit/entries/{entry}";

impl Look<'_> {
    /// A unit's name.
    #[must_use]
    pub fn unit(&self, unit: UnitId) -> String {
        self.cx.unit_name(unit)
    }

    /// A person's name.
    #[must_use]
    pub fn person(&self, person: PersonId) -> String {
        self.cx.person_name(person)
    }

    /// A person's name with title and unit, to tell people of the same name apart.
    #[must_use]
    pub fn person_in_full(&self, person: PersonId) -> String {
        let Some(one) = self.roster.state.person(person) else { return self.person(person) };
        let Some(details) = &one.details else { return self.person(person) };
        let unit = self.unit(one.home);
        match self.cx.language {
            crate::Language::Chinese => {
                format!("{}（{unit} {}）", details.name.as_str(), details.title.as_str())
            }
            crate::Language::English => {
                format!("{} ({unit}, {})", details.name.as_str(), details.title.as_str())
            }
        }
    }

    /// A role's name.
    #[must_use]
    pub fn role(&self, role: &RoleId) -> String {
        self.pack
            .roles
            .get(role)
            .map_or_else(|| role.to_string(), |role| self.cx.label(&role.label).to_owned())
    }

    /// A grade's name.
    #[must_use]
    pub fn grade(&self, grade: &GradeId) -> String {
        let packs = self.cx.seen().packs.0.iter().rev();
        let found = packs.into_iter().find_map(|pack| pack.grade(grade));
        found.map_or_else(|| grade.to_string(), |grade| self.cx.label(&grade.label).to_owned())
    }

    /// The register of a case, as its version of the pack has it.
    #[must_use]
    pub fn register(&self, case: &Case) -> Option<&regulation::Register> {
        self.cx.seen().packs.register(&case.register, case.version)
    }

    /// A state's name.
    #[must_use]
    pub fn state(&self, register: &Register, state: &StateId) -> String {
        let found = register.flow.state(state.as_str());
        found.map_or_else(|| state.to_string(), |state| self.cx.label(&state.label).to_owned())
    }

    /// A step's name.
    #[must_use]
    pub fn step(&self, register: &Register, step: &StepId) -> String {
        let found = register.flow.step(step.as_str());
        found.map_or_else(|| step.to_string(), |step| self.cx.label(&step.label).to_owned())
    }

    /// A record's title, whoever may see it: of one that is known to be seen.
    #[must_use]
    pub fn title(&self, case: &Case) -> String {
        self.cx.language.told(&self.title_told(case)).to_owned()
    }

    /// The same in both languages.
    pub(crate) fn title_told(&self, case: &Case) -> Told {
        let record = || case.record.to_string();
        casework::title(self.around(), case, self).unwrap_or_else(|_| Told::new(record(), record()))
    }

    /// A record by number and title, with the way to it; masked where it may not be seen.
    #[must_use]
    pub fn record(&self, record: RecordId) -> Named {
        match self.known(record) {
            Some(told) => {
                Named { text: self.cx.language.told(&told).to_owned(), href: Some(record_path(record)) }
            }
            None => Named::plain(self.cx.language.told(&masked())),
        }
    }

    /// The same in both languages, without the way.
    #[must_use]
    pub fn record_told(&self, record: RecordId) -> Told {
        self.known(record).unwrap_or_else(masked)
    }

    /// Number and title of a record; none where it may not be seen.
    fn known(&self, record: RecordId) -> Option<Told> {
        let case = self.sees(record).then(|| self.case(record))??;
        let title = self.title_told(&case);
        Some(match &case.number {
            Some(number) => Told::new(format!("{number} {}", title.zh), format!("{number} {}", title.en)),
            None => title,
        })
    }

    /// What is recorded for people to read, such as a notice, with people, units and records as they are called now; a
    /// record that may not be seen is masked.
    #[must_use]
    pub fn said(&self, zh: &str, en: &str) -> String {
        self.cx.language.told(&self.said_told(zh, en)).to_owned()
    }

    /// The same in both languages.
    #[must_use]
    pub fn said_told(&self, zh: &str, en: &str) -> Told {
        let named = |text: &str, of: fn(&Told) -> &str| -> String {
            let name = |mention: &Mention<'_>| match mention {
                Mention::Text(text) => (*text).to_owned(),
                Mention::Person(person) => of(&self.cx.person_told(*person)).to_owned(),
                Mention::Record(record) => of(&self.record_told(*record)).to_owned(),
                Mention::Unit(unit) => of(&self.cx.unit_told(*unit)).to_owned(),
            };
            casework::mentions(text).iter().map(name).collect()
        };
        Told::new(named(zh, |told| &told.zh), named(en, |told| &told.en))
    }

    /// The value of a field of a case.
    #[must_use]
    pub fn field(&self, case: &Case, field: &Field) -> Shown {
        let json = case.content.0.get(&field.id).or_else(|| case.reckoned.0.get(&field.id));
        json.map_or(Shown::Nothing, |json| self.value(field, json))
    }

    /// A value of a field, from its JSON.
    #[must_use]
    pub fn value(&self, field: &Field, json: &Json) -> Shown {
        match field.of().read(json) {
            Ok(value) => self.shown(&field.kind, &value),
            // Of a former version of the form: as it stands.
            Err(_) => Shown::Parts(vec![Named::plain(
                json.as_str().map_or_else(|| json.to_string(), str::to_owned),
            )]),
        }
    }

    /// A value of a kind of field.
    #[must_use]
    pub fn shown(&self, kind: &Kind, value: &Value) -> Shown {
        match (kind, value) {
            (Kind::Text { lines, .. }, Value::Text(text)) if *lines > 1 => Shown::Lines(text.to_string()),
            (Kind::Table { columns, .. }, Value::List(rows)) => {
                let cell = |row: &Value, column: &Field| match row {
                    Value::Row(cells) => {
                        cells.get(&column.id).map_or(Shown::Nothing, |value| self.shown(&column.kind, value))
                    }
                    _ => Shown::Nothing,
                };
                Shown::Table {
                    heads: columns.iter().map(|column| self.cx.label(&column.label).to_owned()).collect(),
                    rows: rows
                        .iter()
                        .map(|row| columns.iter().map(|column| cell(row, column)).collect())
                        .collect(),
                }
            }
            (Kind::Checklist { items, .. }, Value::Checklist(answers)) => {
                let item = |item: &regulation::Item| {
                    let answered = answers.get(&item.id);
                    let answer = answered.map(|answered| answered.answer);
                    Checked {
                        item: self.cx.label(&item.label).to_owned(),
                        answer,
                        told: self.answer(answer).to_owned(),
                        note: answered.and_then(|answered| answered.note.as_deref().map(ToOwned::to_owned)),
                    }
                };
                Shown::Checklist(items.iter().map(item).collect())
            }
            (_, Value::Run(run)) => self.run(run),
            (_, Value::List(values)) => {
                Shown::Parts(values.iter().map(|value| self.named(kind, value)).collect())
            }
            (_, value) => Shown::Parts(vec![self.named(kind, value)]),
        }
    }

    /// An answer to an item of a checklist.
    #[must_use]
    pub fn answer(&self, answer: Option<Answer>) -> &'static str {
        match answer {
            Some(Answer::Good) => self.cx.t("正常", "Good"),
            Some(Answer::Bad) => self.cx.t("異常", "Bad"),
            Some(Answer::NotApplicable) => self.cx.t("不適用", "Not applicable"),
            None => self.cx.t("未填", "Not answered"),
        }
    }

    fn run(&self, run: &regulation::Run) -> Shown {
        let procedure = self.pack.procedures.get(&run.procedure);
        let ticked = |step: &regulation::ProcedureStep| {
            let tick = run.ticks.get(&step.id);
            Ticked {
                step: self.cx.label(&step.label).to_owned(),
                at: tick.map(|tick| self.cx.moment(tick.at)),
                by: tick.map(|tick| self.person(tick.by)),
                note: tick.and_then(|tick| tick.note.as_deref().map(ToOwned::to_owned)),
            }
        };
        Shown::Run {
            procedure: procedure.map_or_else(
                || run.procedure.to_string(),
                |procedure| self.cx.label(&procedure.label).to_owned(),
            ),
            ticks: procedure.map_or_else(Vec::new, |procedure| procedure.steps.iter().map(ticked).collect()),
        }
    }

    /// One value that is no list.
    fn named(&self, kind: &Kind, value: &Value) -> Named {
        match value {
            Value::Reference(reference) => self.record(reference.record),
            Value::File(file) => {
                Named { text: format!("{}{}", file.name, self.cx.beside(&size(file.size))), href: None }
            }
            Value::Number(number) => {
                let unit = match kind {
                    Kind::Number { unit: Some(unit), .. } => format!(" {}", self.cx.label(unit)),
                    _ => String::new(),
                };
                Named::plain(format!("{number}{unit}"))
            }
            Value::Word(word) => Named::plain(self.word(kind, word)),
            value => Named::plain(self.cx.language.told(&self.spell(value, Origin::Field(kind))).to_owned()),
        }
    }

    fn word(&self, kind: &Kind, word: &str) -> String {
        let option = match kind {
            Kind::Choice { options, .. } => options.iter().find(|option: &&Choice| option.id == *word),
            _ => None,
        };
        option.map_or_else(|| word.to_owned(), |option| self.cx.label(&option.label).to_owned())
    }
}

/// Values within titles, in both languages.
impl Spell for Look<'_> {
    fn spell(&self, value: &Value, origin: Origin<'_>) -> Told {
        use crate::Language::{Chinese, English};
        let same = |text: String| Told::new(text.clone(), text);
        match value {
            Value::Date(day) => Told::new(roc::date(Chinese, *day), roc::date(English, *day)),
            Value::Moment(at) => Told::new(
                roc::moment(Chinese, &self.pack.zone, *at),
                roc::moment(English, &self.pack.zone, *at),
            ),
            Value::Span(span) => {
                Told::new(roc::span(Chinese, span.micros()), roc::span(English, span.micros()))
            }
            Value::Truth(true) => Told::new("是", "Yes"),
            Value::Truth(false) => Told::new("否", "No"),
            Value::Person(person) => self.cx.person_told(*person),
            Value::Unit(unit) => self.cx.unit_told(*unit),
            Value::Grade(grade) => match self.pack.grade(grade) {
                Some(grade) => Told::new(grade.label.zh(), grade.label.en()),
                None => same(grade.to_string()),
            },
            Value::Reference(reference) => self.record_told(reference.record),
            Value::File(file) => same(file.name.to_string()),
            Value::Text(text) => same(text.to_string()),
            Value::Number(number) => same(number.to_string()),
            Value::Time(time) => same(time.to_string()),
            Value::Word(word) => labelled(word, origin),
            Value::List(values) => {
                let told: Vec<Told> = values.iter().map(|value| self.spell(value, origin)).collect();
                let zh: Vec<&str> = told.iter().map(|told| told.zh.as_str()).collect();
                let en: Vec<&str> = told.iter().map(|told| told.en.as_str()).collect();
                Told::new(zh.join("、"), en.join(", "))
            }
            Value::Checklist(_) | Value::Row(_) | Value::Run(_) => same("…".to_owned()),
        }
    }
}

/// What stands for a record that may not be seen.
fn masked() -> Told {
    Told::new("（不在您可檢視的範圍）", "(not for you to see)")
}

/// The label of an option or a state.
fn labelled(word: &str, origin: Origin<'_>) -> Told {
    let label = match origin {
        Origin::Field(Kind::Choice { options, .. }) => {
            options.iter().find(|option| option.id == *word).map(|option| &option.label)
        }
        Origin::State(register) => register.flow.state(word).map(|state| &state.label),
        _ => None,
    };
    label.map_or_else(|| Told::new(word, word), |label| Told::new(label.zh(), label.en()))
}

/// Bytes as people read them.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

//! Columns of a register's list and their cells, as pages and as exports show them.
//!
//! Invariants: nothing sealed is a column; a list shows of a graded record what tells it apart and no field beside,
//! since a list is no reading (`docs/adr/0014-web.md`).

use crate::component::export::Plain;
use crate::component::{ColumnChoice, Head, ListCell, Pill, Sorted};
use crate::cx::Cx;
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::query::Query;
use crate::reading;
use casework::Case;
use model::Instant;
use regulation::{Field, Kind, Register};
use store::Column;

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Col {
    Common(Common),
    Field(regulation::FieldId, bool),
}

/// What every record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Common {
    ClosedAt,
    EnteredAt,
    Grade,
    Number,
    OccurredAt,
    OpenedAt,
    OpenedBy,
    State,
    Title,
    Unit,
}

/// The columns of a list.
pub(super) struct Shelf<'a> {
    cx: &'a Cx,
    register: &'a Register,
    columns: Vec<Col>,
}

impl Common {
    const ALL: [Self; 10] = [
        Self::Number,
        Self::Title,
        Self::State,
        Self::Unit,
        Self::Grade,
        Self::OpenedBy,
        Self::OpenedAt,
        Self::OccurredAt,
        Self::EnteredAt,
        Self::ClosedAt,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::ClosedAt => "closed_at",
            Self::EnteredAt => "entered_at",
            Self::Grade => "grade",
            Self::Number => "number",
            Self::OccurredAt => "occurred_at",
            Self::OpenedAt => "opened_at",
            Self::OpenedBy => "opened_by",
            Self::State => "state",
            Self::Title => "title",
            Self::Unit => "unit",
        }
    }

    fn text(self, cx: &Cx) -> &'static str {
        match self {
            Self::ClosedAt => cx.t("結案時間", "Closed"),
            Self::EnteredAt => cx.t("進入現狀時間", "In this state since"),
            Self::Grade => cx.t("機密等級", "Grade"),
            Self::Number => cx.t("編號", "Number"),
            Self::OccurredAt => cx.t("發生時間", "Happened"),
            Self::OpenedAt => cx.t("建立時間", "Opened"),
            Self::OpenedBy => cx.t("建立人", "Opened by"),
            Self::State => cx.t("狀態", "State"),
            Self::Title => cx.t("案由", "Title"),
            Self::Unit => cx.t("單位", "Unit"),
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::ClosedAt | Self::EnteredAt | Self::OccurredAt | Self::OpenedAt => "when",
            Self::Number => "number",
            _ => "",
        }
    }
}

impl Col {
    /// By its name in an address: what every record has has a dot before it where a field bears the same name.
    pub(super) fn named(look: &Look<'_>, register: &Register, name: &str) -> Option<Self> {
        let common =
            |name: &str| Common::ALL.into_iter().find(|common| common.name() == name).map(Self::Common);
        if let Some(name) = name.strip_prefix('.') {
            return common(name);
        }
        let field = register.field(name).filter(|field| is_listed(field));
        field.map(|field| Self::of_field(look, register, field)).or_else(|| common(name))
    }

    fn of_field(look: &Look<'_>, register: &Register, field: &Field) -> Self {
        let sheet = look.cx.seen().layout.sheets.get(&register.id);
        let sortable = sheet.is_some_and(|sheet| sheet.column(field.id.as_str()).is_some());
        Self::Field(field.id.clone(), sortable)
    }

    fn key(&self, register: &Register) -> String {
        match self {
            Self::Common(common) if register.field(common.name()).is_some() => format!(".{}", common.name()),
            Self::Common(common) => common.name().to_owned(),
            Self::Field(id, _) => id.to_string(),
        }
    }

    /// Those a list shows where nothing is chosen.
    pub(super) fn usual(look: &Look<'_>, register: &Register) -> Vec<Self> {
        let mut columns = vec![Self::Common(Common::Title), Self::Common(Common::State)];
        if register.numbering.is_some() {
            columns.insert(0, Self::Common(Common::Number));
        }
        if look.roster.state.units().nth(1).is_some() {
            columns.push(Self::Common(Common::Unit));
        }
        let fields = register.list.columns.iter().filter_map(|id| register.field(id.as_str()));
        columns.extend(
            fields.filter(|field| is_listed(field)).map(|field| Self::of_field(look, register, field)),
        );
        if matches!(register.grade, regulation::GradeRule::Field { .. }) {
            columns.push(Self::Common(Common::Grade));
        }
        columns
    }

    /// Are these the columns a list shows where nothing is chosen?
    pub(super) fn are_usual(look: &Look<'_>, register: &Register, names: &[&str]) -> bool {
        let usual: Vec<String> =
            Self::usual(look, register).iter().map(|column| column.key(register)).collect();
        usual == names
    }

    /// The column of the store it is sorted by.
    pub(super) fn sortable(&self) -> Option<Column> {
        Some(match self {
            Self::Common(Common::ClosedAt) => Column::ClosedAt,
            Self::Common(Common::EnteredAt) => Column::EnteredAt,
            Self::Common(Common::Grade) => Column::Grade,
            Self::Common(Common::Number) => Column::Number,
            Self::Common(Common::OccurredAt) => Column::OccurredAt,
            Self::Common(Common::OpenedAt) => Column::OpenedAt,
            Self::Common(Common::State) => Column::State,
            // By their ids, which tell people nothing.
            Self::Common(Common::OpenedBy | Common::Title | Common::Unit) | Self::Field(_, false) => {
                return None;
            }
            Self::Field(id, true) => Column::Field(id.clone()),
        })
    }
}

/// Is it short enough for a list, and open?
fn is_listed(field: &Field) -> bool {
    let fits = match &field.kind {
        Kind::Checklist { .. }
        | Kind::Files { .. }
        | Kind::Photo { .. }
        | Kind::Run { .. }
        | Kind::Table { .. } => false,
        Kind::Text { lines, .. } => *lines == 1,
        _ => true,
    };
    fits && !field.sealed
}

impl<'a> Shelf<'a> {
    pub(super) fn new(cx: &'a Cx, register: &'a Register, columns: &[Col]) -> Self {
        Self { cx, register, columns: columns.to_vec() }
    }

    /// Texts of the heads.
    pub(super) fn texts(&self) -> Vec<String> {
        self.columns.iter().map(|column| self.text(column)).collect()
    }

    fn text(&self, column: &Col) -> String {
        match column {
            Col::Common(common) => common.text(self.cx).to_owned(),
            Col::Field(id, _) => {
                let field = self.register.field(id.as_str());
                field.map_or_else(|| id.to_string(), |field| self.cx.label(&field.label).to_owned())
            }
        }
    }

    /// The heads, with the ways to sort.
    pub(super) fn heads(&self, query: &Query, path: &str) -> Vec<Head> {
        let usual = self.register.list.sort.first();
        let usual = usual.map(|sort| format!("{}{}", if sort.downwards { "-" } else { "" }, sort.field));
        let now = query.one("sort").map(ToOwned::to_owned).or(usual).unwrap_or_default();
        let head = |column: &Col| {
            let key = column.key(self.register);
            let sorted = match now.strip_prefix('-') {
                Some(name) if name == key => Sorted::Down,
                None if now == key => Sorted::Up,
                _ => Sorted::Not,
            };
            let next = if sorted == Sorted::Up { format!("-{key}") } else { key.clone() };
            let href = query.without("page").with("sort", next).behind(path);
            Head {
                text: self.text(column),
                class: self.class(column),
                sort: column.sortable().map(|_| (href, sorted)),
                name: key,
            }
        };
        self.columns.iter().map(head).collect()
    }

    fn class(&self, column: &Col) -> &'static str {
        match column {
            Col::Common(common) => common.class(),
            Col::Field(id, _) => match self.register.field(id.as_str()).map(Field::of) {
                Some(regulation::Type::Number | regulation::Type::Span) => "num",
                Some(regulation::Type::Date | regulation::Type::Moment | regulation::Type::Time) => "when",
                _ => "",
            },
        }
    }

    /// Columns to choose from.
    pub(super) fn choices(&self) -> Vec<ColumnChoice> {
        let fields = self.register.fields.iter().filter(|field| is_listed(field));
        let fields = fields.map(|field| Col::Field(field.id.clone(), false));
        let same = |one: &Col, other: &Col| one.key(self.register) == other.key(self.register);
        let all = Common::ALL.into_iter().map(Col::Common).chain(fields);
        // Those shown come first, in their order, which a form then keeps.
        let others = all.filter(|column| !self.columns.iter().any(|shown| same(shown, column)));
        let all = self.columns.iter().cloned().chain(others.collect::<Vec<_>>());
        let choice = |column: Col| ColumnChoice {
            name: column.key(self.register),
            text: self.text(&column),
            on: self.columns.iter().any(|shown| same(shown, &column)),
        };
        all.map(choice).collect()
    }

    /// The cells of a record.
    pub(super) fn cells(&self, look: &Look<'_>, case: &Case) -> Vec<ListCell<'a>> {
        // Where no title is shown the first column leads to the record.
        let title = Col::Common(Common::Title);
        let lead = self.columns.iter().position(|column| *column == title).unwrap_or(0);
        let graded = reading::graded(look, case);
        let shown = |column: &Col| match column {
            Col::Field(..) if graded => {
                Shown::Parts(vec![Named::plain(self.cx.t("（開啟紀錄後檢視）", "(within the record)"))])
            }
            column => self.shown(look, case, column),
        };
        let cell = |(at, column): (usize, &Col)| match column {
            Col::Common(Common::State) if at != lead => {
                let register = look.register(case).unwrap_or(self.register);
                ListCell::Pill(Pill::state(look.state(register, &case.state), case.ending))
            }
            Col::Common(Common::Grade) if at != lead => ListCell::Pill(Pill::grade(
                look.grade(&case.grade),
                look.pack.height(&case.grade).unwrap_or(9),
            )),
            column if at == lead => {
                let text = shown(column).line(self.cx.language);
                ListCell::Lead(if text.is_empty() { "—".to_owned() } else { text })
            }
            column => ListCell::Value(shown(column)),
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    fn shown(&self, look: &Look<'_>, case: &Case, column: &Col) -> Shown {
        let part = |text: String| Shown::Parts(vec![Named::plain(text)]);
        let moment = |at: Instant| part(self.cx.moment(at));
        match column {
            Col::Common(Common::ClosedAt) => case.closed_at.map_or(Shown::Nothing, moment),
            Col::Common(Common::EnteredAt) => moment(case.entered_at),
            Col::Common(Common::OccurredAt) => moment(case.occurred_at),
            Col::Common(Common::OpenedAt) => moment(case.opened_at),
            Col::Common(Common::Grade) => part(look.grade(&case.grade)),
            Col::Common(Common::Number) => case.number.clone().map_or(Shown::Nothing, part),
            Col::Common(Common::OpenedBy) => match case.opened_by {
                Some(person) => part(look.person(person)),
                None => part(self.cx.t("系統", "The system").to_owned()),
            },
            Col::Common(Common::State) => {
                part(look.state(look.register(case).unwrap_or(self.register), &case.state))
            }
            Col::Common(Common::Title) => part(look.title(case)),
            Col::Common(Common::Unit) => part(look.unit(case.unit)),
            Col::Field(id, _) => {
                let register = look.register(case).unwrap_or(self.register);
                match register.field(id.as_str()).filter(|field| !field.sealed) {
                    Some(field) => look.field(case, field),
                    None => Shown::Nothing,
                }
            }
        }
    }

    /// The cells of a record for an export.
    pub(super) fn plain(&self, look: &Look<'_>, case: &Case) -> Vec<Plain> {
        self.columns.iter().map(|column| self.plain_cell(look, case, column)).collect()
    }

    fn plain_cell(&self, look: &Look<'_>, case: &Case, column: &Col) -> Plain {
        let moment = |at: Option<Instant>| at.map_or(Plain::Nothing, Plain::Moment);
        match column {
            Col::Common(Common::ClosedAt) => return moment(case.closed_at),
            Col::Common(Common::EnteredAt) => return moment(Some(case.entered_at)),
            Col::Common(Common::OccurredAt) => return moment(Some(case.occurred_at)),
            Col::Common(Common::OpenedAt) => return moment(Some(case.opened_at)),
            Col::Common(_) => {}
            Col::Field(id, _) => {
                let register = look.register(case).unwrap_or(self.register);
                let Some(field) = register.field(id.as_str()).filter(|field| !field.sealed) else {
                    return Plain::Nothing;
                };
                let json = case.content.0.get(id).or_else(|| case.reckoned.0.get(id));
                match json.and_then(|json| field.of().read(json).ok()) {
                    Some(regulation::Value::Date(day)) => return Plain::Date(day),
                    Some(regulation::Value::Moment(at)) => return Plain::Moment(at),
                    Some(regulation::Value::Number(number)) => return Plain::Number(number.to_string()),
                    _ => {}
                }
            }
        }
        match self.shown(look, case, column).line(self.cx.language) {
            text if text.is_empty() => Plain::Nothing,
            text => Plain::Text(text),
        }
    }
}

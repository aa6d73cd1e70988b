//! Fields: a question, asked once, from which form, parser, list and paper derive.
//!
//! Owns: kinds with their limits, and whether a value keeps to them ([`Field::admit`]).
//! Does not: evaluate conditions of a field (`required`, `show`, limits of dates); the engine does, it has the record.
//! Source: `docs/pack.md`, "Fields".

mod admit;

use crate::condition::Condition;
use crate::label::Label;
use crate::value::{Answer, Columns, Type};
use crate::word::{ClauseId, FieldId, GradeId, ItemId, OptionId, ProcedureId, RegisterId, RoleId};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use admit::Unfit;

/// A field of a register, or a column of a table.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its id.
    pub id: FieldId,
    /// What it holds, with its limits.
    pub kind: Kind,
    /// Its name.
    pub label: Label,
    /// What helps to answer it.
    pub help: Option<Label>,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
    /// Must it be filled in?
    pub required: When,
    /// Is it asked at all?
    pub show: When,
    /// The value offered at first.
    pub start: Option<Condition>,
    /// Is it encrypted, and never listed, sorted or indexed?
    pub sealed: bool,
}

/// When something applies.
#[derive(Debug, Clone)]
pub enum When {
    /// Always.
    Always,
    /// Never.
    Never,
    /// When the condition holds; without an answer it does not.
    If(Condition),
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Kind {
    /// An address.
    Address {
        /// Of what.
        of: Address,
    },
    /// Items to look at one by one.
    Checklist {
        /// The items, in order.
        items: Vec<Item>,
        /// The answers that may be given.
        answers: Vec<Answer>,
    },
    /// One or several of some options.
    Choice {
        /// The options, in order.
        options: Vec<Choice>,
        /// May several be chosen?
        many: bool,
    },
    /// Reckoned from other fields.
    Computed {
        /// How.
        value: Condition,
    },
    /// A day.
    Date {
        /// Not before this day.
        min: Option<Condition>,
        /// Not after this day.
        max: Option<Condition>,
    },
    /// Files.
    Files {
        /// The file kinds allowed, such as `pdf`; empty: every kind the installation allows.
        types: Vec<Box<str>>,
        /// How many.
        count: Count,
        /// The largest, in MiB.
        max_mb: u32,
    },
    /// A grade.
    Grade {
        /// Not lower than.
        least: Option<GradeId>,
        /// Not higher than.
        most: Option<GradeId>,
    },
    /// A date and a time.
    Moment,
    /// A number.
    Number {
        /// What it is counted in.
        unit: Option<Label>,
        /// Not less than.
        min: Option<crate::Decimal>,
        /// Not more than.
        max: Option<crate::Decimal>,
        /// Decimals allowed, 0 to 6.
        decimals: u8,
    },
    /// People.
    Person {
        /// Only holders of this role.
        role: Option<RoleId>,
        /// May several be named?
        many: bool,
    },
    /// Pictures, taken on the spot or handed in.
    Photo {
        /// How many.
        count: Count,
    },
    /// Records of a register.
    Reference {
        /// The register.
        register: RegisterId,
        /// Only those this holds for, as `target`.
        only: Option<Condition>,
        /// May several be named?
        many: bool,
    },
    /// A procedure followed step by step.
    Run {
        /// Those that may be started.
        procedures: Vec<ProcedureId>,
    },
    /// Rows.
    Table {
        /// The columns, in order.
        columns: Vec<Field>,
        /// How many rows.
        count: Count,
    },
    /// A text.
    Text {
        /// Lines of the box it is written in.
        lines: u32,
        /// Fewest characters.
        min: u32,
        /// Most characters.
        max: u32,
    },
    /// A time of day.
    Time,
    /// Units.
    Unit {
        /// May several be named?
        many: bool,
    },
    /// Yes or no.
    YesNo,
}

/// How many of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// At least.
    pub least: u32,
    /// At most.
    pub most: u32,
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its id, which the record holds.
    pub id: OptionId,
    /// Its name.
    pub label: Label,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// What is looked at.
    pub label: Label,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
}

/// What an address is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host name.
    Host,
    /// An IP address, or the network of several hosts.
    Hosts,
    /// An IP address.
    Ip,
    /// A MAC address.
    Mac,
    /// An e-mail address.
    Mail,
    /// A network, `10.0.0.0/8`.
    Network,
    /// A telephone number.
    Phone,
    /// A place.
    Place,
    /// A URL.
    Url,
}

impl Field {
    /// The type its value has in conditions.
    #[must_use]
    pub fn of(&self) -> Type {
        self.kind.of()
    }
}

impl Kind {
    /// The type of its values in conditions.
    #[must_use]
    pub fn of(&self) -> Type {
        let several = |of: Type, many: bool| if many { of.list() } else { of };
        match self {
            Self::Address { .. } | Self::Text { .. } => Type::Text,
            Self::Checklist { items, answers } => Type::Checklist(Arc::new(
                items.iter().map(|item| (item.id.clone(), answers.clone())).collect(),
            )),
            Self::Choice { options, many } => {
                several(Type::words(options.iter().map(|option| option.id.as_str())), *many)
            }
            Self::Computed { value } => value.of().clone(),
            Self::Date { .. } => Type::Date,
            Self::Files { .. } | Self::Photo { .. } => Type::File.list(),
            Self::Grade { .. } => Type::Grade,
            Self::Moment => Type::Moment,
            Self::Number { .. } => Type::Number,
            Self::Person { many, .. } => several(Type::Person, *many),
            Self::Reference { register, many, .. } => several(Type::Reference(register.clone()), *many),
            Self::Run { procedures } => Type::Run(procedures.iter().cloned().collect()),
            Self::Table { columns, .. } => {
                let columns: BTreeMap<FieldId, Type> =
                    columns.iter().map(|column| (column.id.clone(), column.of())).collect();
                Type::Row(Columns(Arc::new(columns))).list()
            }
            Self::Time => Type::Time,
            Self::Unit { many } => several(Type::Unit, *many),
            Self::YesNo => Type::Truth,
        }
    }

    /// Its word in files.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address",
            Self::Checklist { .. } => "checklist",
            Self::Choice { .. } => "choice",
            Self::Computed { .. } => "computed",
            Self::Date { .. } => "date",
            Self::Files { .. } => "files",
            Self::Grade { .. } => "grade",
            Self::Moment => "moment",
            Self::Number { .. } => "number",
            Self::Person { .. } => "person",
            Self::Photo { .. } => "photo",
            Self::Reference { .. } => "reference",
            Self::Run { .. } => "run",
            Self::Table { .. } => "table",
            Self::Text { .. } => "text",
            Self::Time => "time",
            Self::Unit { .. } => "unit",
            Self::YesNo => "yes_no",
        }
    }

    /// The words of all kinds.
    pub(crate) const WORDS: &'static [&'static str] = &[
        "address",
        "checklist",
        "choice",
        "computed",
        "date",
        "files",
        "grade",
        "moment",
        "number",
        "person",
        "photo",
        "reference",
        "run",
        "table",
        "text",
        "time",
        "unit",
        "yes_no",
    ];
}

impl Address {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Host,
        Self::Hosts,
        Self::Ip,
        Self::Mac,
        Self::Mail,
        Self::Network,
        Self::Phone,
        Self::Place,
        Self::Url,
    ];

    /// Its word in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Hosts => "hosts",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Mail => "mail",
            Self::Network => "network",
            Self::Phone => "phone",
            Self::Place => "place",
            Self::Url => "url",
        }
    }
}

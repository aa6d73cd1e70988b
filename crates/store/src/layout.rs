//! Layout: which tables the registers of the packs need, and how a value becomes a cell.
//!
//! Each register has a sheet: a narrow table with what every record has and a column for each field that lists can
//! show, sort and filter. Sealed fields have none. Everything in it is computed from the case, so that a sheet may be
//! dropped and filled anew when a pack changes its fields.
//! Invariant: the same packs give the same layout, on every database.
//! Source: `docs/pack.md`, "Registers".

use crate::schema;
use crate::sql::{Dialect, Value};
use casework::{Rules, Shelf};
use regulation::{Decimal, Field, FieldId, GradeId, Kind, Pack, Register, RegisterId, Type};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tables of all registers, and the heights of grades.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Sheets by register.
    pub sheets: BTreeMap<RegisterId, Sheet>,
    heights: BTreeMap<GradeId, i64>,
}

/// The table of one register.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The register.
    pub register: RegisterId,
    /// The table.
    pub table: String,
    /// The table of how many rows have the same values in the columns that are [tallied](Column::tallied).
    pub tally: String,
    /// Columns of fields.
    pub columns: Vec<Column>,
    /// Fields that hold several people, units, words or references.
    pub several: Vec<FieldId>,
    /// Fields that refer to records.
    pub references: Vec<FieldId>,
    /// Person fields whose people may read.
    pub parties: Vec<FieldId>,
    /// Fields with files.
    pub files: Vec<FieldId>,
    /// Fields in the full-text index.
    pub search: Vec<FieldId>,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// The field.
    pub field: FieldId,
    /// Its name in the table.
    pub name: String,
    /// What is in it.
    pub cell: Cell,
    /// Has it an index of its own?
    pub indexed: bool,
    /// Is it in the index by which a register is read?
    pub facet: bool,
    /// Are rows counted by it beforehand?
    pub tallied: bool,
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Yes or no: 1 or 0.
    Truth,
    /// A number or a span in millionths.
    Millionths,
    /// A text that sorts as the value does, byte by byte; in a column with an index, its first 600 characters.
    Text,
    /// The height of a grade.
    Grade,
}

/// Columns every sheet has, with their types.
pub(crate) const COMMON: [(&str, &str); 12] = [
    ("opened", "INTEGER NOT NULL PRIMARY KEY"),
    ("record", "TEXT NOT NULL"),
    ("number", "TEXT"),
    ("state", "TEXT NOT NULL"),
    ("ending", "TEXT"),
    ("unit", "TEXT NOT NULL"),
    ("grade", "INTEGER NOT NULL"),
    ("opened_at", "TEXT NOT NULL"),
    ("opened_by", "TEXT"),
    ("entered_at", "TEXT NOT NULL"),
    ("occurred_at", "TEXT NOT NULL"),
    ("closed_at", "TEXT"),
];

/// Columns of every sheet that lists sort by.
const SORTED: [&str; 7] =
    ["closed_at", "entered_at", "number", "occurred_at", "opened_at", "opened_by", "state"];
/// Columns that are what they were when the record was opened.
const FIXED: [&str; 4] = ["opened", "record", "opened_at", "opened_by"];
/// Most fields in the index by which a register is read; PostgreSQL has room for 32 columns in all.
const MOST_FACETS: usize = 24;

/// Columns of every sheet by which rows are counted beforehand, as they stand in its rows.
const TALLIED: [&str; 4] = ["state", "ending", "unit", "grade"];
/// Most combinations of states and values of fields that are told apart so, within a unit and a grade. More would be
/// hardly fewer than the rows they count.
const MOST_COMBINATIONS: usize = 512;

/// The longest text PostgreSQL keeps in an index with room to spare, in characters. Of longer ones such a column holds
/// the beginnings.
const LONGEST_INDEXED: u32 = 600;

impl Layout {
    /// From the packs, the current one last; a register is laid out as the latest pack that has it says.
    #[must_use]
    pub fn new<'p>(packs: impl IntoIterator<Item = &'p Pack>) -> Self {
        let (mut sheets, mut heights) = (BTreeMap::new(), BTreeMap::new());
        for pack in packs {
            for register in pack.registers.values() {
                sheets.insert(register.id.clone(), Sheet::new(pack, register));
            }
            heights.extend((0i64..).zip(&pack.grades).map(|(height, grade)| (grade.id.clone(), height)));
        }
        Self { sheets, heights }
    }

    /// Height of a grade. One that no pack has is higher than all, so that nobody reads it by mistake.
    #[must_use]
    pub fn height(&self, grade: &GradeId) -> i64 {
        self.heights.get(grade).copied().unwrap_or(i64::MAX)
    }

    /// The grade of a height; none for that of a grade no pack has.
    #[must_use]
    pub fn grade(&self, height: i64) -> Option<&GradeId> {
        self.heights.iter().find(|(_, one)| **one == height).map(|(grade, _)| grade)
    }

    /// Tells layouts apart.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new_with_prefix(b"ward-layout/1\n");
        for sheet in self.sheets.values() {
            digest.update(sheet.create(Dialect::Sqlite).join("\n"));
            let lists = (&sheet.several, &sheet.references, &sheet.parties, &sheet.files, &sheet.search);
            digest.update(format!("{lists:?}"));
        }
        digest.update(format!("{:?}", self.heights));
        data_encoding::HEXLOWER.encode(&digest.finalize())
    }
}

impl Sheet {
    fn new(pack: &Pack, register: &Register) -> Self {
        let open = || register.fields.iter().filter(|field| !field.sealed);
        let ids = |wanted: fn(&Type) -> bool| -> Vec<FieldId> {
            open().filter(|field| wanted(&field.of())).map(|field| field.id.clone()).collect()
        };
        let indexed = indexed(pack, register);
        let (mut facets, mut room) = (0, MOST_COMBINATIONS / register.flow.states.len().max(1));
        let mut columns: Vec<Column> = Vec::new();
        for field in open() {
            let Some(mut column) = column(field, &indexed) else { continue };
            let values = values(&field.of(), pack);
            column.facet = values.is_some() && facets < MOST_FACETS;
            facets += usize::from(column.facet);
            // One of them may be that nothing is filled in.
            if let Some(left) = values.map(|values| room / (values + 1)).filter(|left| *left > 0) {
                (column.tallied, room) = (column.facet, left);
            }
            columns.push(column);
        }
        Self {
            register: register.id.clone(),
            table: format!("sheet_{}", register.id),
            tally: format!("tally_{}", register.id),
            several: ids(|of| matches!(of, Type::List(of) if names_one(of))),
            references: ids(|of| {
                matches!(of, Type::Reference(_))
                    || matches!(of, Type::List(of) if matches!(**of, Type::Reference(_)))
            }),
            parties: register.reading.parties.clone(),
            files: ids(holds_files),
            search: open()
                .map(|field| &field.id)
                .filter(|id| register.search.contains(id))
                .cloned()
                .collect(),
            columns,
        }
    }

    /// The column of a field.
    #[must_use]
    pub fn column(&self, field: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == *field)
    }

    /// Is there an index that has the rows in the order of a column, by its name in the table?
    #[must_use]
    pub fn sorts(&self, name: &str) -> bool {
        SORTED.contains(&name) || self.columns.iter().any(|column| column.indexed && column.name == name)
    }

    /// The index by which a register is read: in the order of opening, with all that decides who reads a record, and
    /// every column that has few values.
    #[must_use]
    pub fn reading(&self) -> String {
        format!("{}_reading", self.table)
    }

    /// Statements that make its tables and their indexes.
    fn create(&self, dialect: Dialect) -> Vec<String> {
        [self.create_tables(dialect), self.create_indexes(dialect)].concat()
    }

    /// Statements that make its tables.
    #[must_use]
    pub fn create_tables(&self, dialect: Dialect) -> Vec<String> {
        let spelled = |(name, of): &(&str, &str)| format!("{name} {of}");
        let fields = self.columns.iter().map(Column::spelled);
        let rows: Vec<String> = COMMON.iter().map(spelled).chain(fields).collect();
        let common = COMMON.iter().filter(|(name, _)| TALLIED.contains(name)).map(spelled);
        let fields = self.columns.iter().filter(|column| column.tallied).map(Column::spelled);
        // The values as one text, too, since some of them may be missing, which is equal to nothing.
        let count = ["same TEXT NOT NULL", "n INTEGER NOT NULL", "PRIMARY KEY (unit, same)"];
        let counts: Vec<String> = common.chain(fields).chain(count.map(str::to_owned)).collect();
        let tables = [
            format!("CREATE TABLE {} (\n  {}\n) STRICT", self.table, rows.join(",\n  ")),
            format!("CREATE TABLE {} (\n  {}\n) STRICT, WITHOUT ROWID", self.tally, counts.join(",\n  ")),
        ];
        tables.iter().map(|text| schema::spelled(text, dialect)).collect()
    }

    /// Names of the columns by which rows are counted beforehand, in the order in which both tables have them.
    pub(crate) fn tallied(&self) -> Vec<&str> {
        let own = self.columns.iter().filter(|column| column.tallied).map(|column| column.name.as_str());
        TALLIED.into_iter().chain(own).collect()
    }

    /// Statements that make its indexes. Each holds what decides who reads a record, so that rows are counted, and
    /// passed over, without being looked up.
    #[must_use]
    pub fn create_indexes(&self, dialect: Dialect) -> Vec<String> {
        let table = &self.table;
        let facets = self.columns.iter().filter(|column| column.facet).map(|column| column.name.as_str());
        let reading: Vec<&str> =
            ["opened", "unit", "grade", "state", "ending"].into_iter().chain(facets).collect();
        let mut statements = vec![
            format!("CREATE UNIQUE INDEX {table}_record ON {table} (record)"),
            format!("CREATE INDEX {} ON {table} ({})", self.reading(), reading.join(", ")),
        ];
        // Lists show what is not filled in first; PostgreSQL would sort it last.
        let nulls = match dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => " NULLS FIRST",
        };
        let own = self.columns.iter().filter(|column| column.indexed).map(|column| column.name.as_str());
        for name in SORTED.into_iter().chain(own) {
            let more = if name == "state" { ", ending" } else { "" };
            statements.push(format!(
                "CREATE INDEX {table}_{name} ON {table} ({name}{nulls}, opened, unit, grade{more})"
            ));
        }
        statements
    }

    /// Names of all columns, in the order of its rows.
    pub(crate) fn names(&self) -> Vec<&str> {
        let own = self.columns.iter().map(|column| column.name.as_str());
        COMMON.iter().map(|(name, _)| *name).chain(own).collect()
    }

    /// The statement that puts a row, up to its values, and what follows them.
    #[must_use]
    pub(crate) fn put(&self) -> (String, String) {
        let names = self.names();
        let changing = names.iter().skip(1).filter(|name| !FIXED.contains(name));
        let set: Vec<String> = changing.map(|name| format!("{name} = excluded.{name}")).collect();
        let put = format!("INSERT INTO {} ({})", self.table, names.join(", "));
        (put, format!("ON CONFLICT (opened) DO UPDATE SET {}", set.join(", ")))
    }
}

impl Column {
    fn spelled(&self) -> String {
        let of = match self.cell {
            Cell::Grade | Cell::Millionths | Cell::Truth => "INTEGER",
            Cell::Text => "TEXT",
        };
        format!("{} {of}", self.name)
    }

    /// The cell of a value.
    #[must_use]
    pub fn cell(&self, json: Option<&Json>, layout: &Layout) -> Value {
        let Some(json) = json else { return Value::Null };
        let text = json.as_str();
        match self.cell {
            Cell::Truth => json.as_bool().into(),
            Cell::Millionths => {
                text.and_then(|text| text.parse::<Decimal>().ok()).map(Decimal::millionths).into()
            }
            Cell::Grade => text.and_then(|text| text.parse().ok()).map(|grade| layout.height(&grade)).into(),
            Cell::Text if self.indexed => text.map(cut).into(),
            Cell::Text => text.into(),
        }
    }
}

/// What an index holds of a text.
pub(crate) fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(LONGEST_INDEXED as usize).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// Does it name one thing, by an identifier or a word?
fn names_one(of: &Type) -> bool {
    matches!(of, Type::Person | Type::Reference(_) | Type::Unit | Type::Word(_) | Type::Grade)
}

/// How many values there are, where they are few.
fn values(of: &Type, pack: &Pack) -> Option<usize> {
    match of {
        Type::Grade => Some(pack.grades.len()),
        Type::Truth => Some(2),
        Type::Word(words) => Some(words.len()),
        _ => None,
    }
}

fn holds_files(of: &Type) -> bool {
    match of {
        Type::File => true,
        Type::List(of) => holds_files(of),
        Type::Row(columns) => columns.0.values().any(holds_files),
        _ => false,
    }
}

fn column(field: &Field, indexed: &BTreeSet<FieldId>) -> Option<Column> {
    let cell = match (&field.kind, field.of()) {
        // Long texts are read in the record and found by search.
        (Kind::Text { lines, .. }, _) if *lines > 1 => return None,
        (_, Type::Truth) => Cell::Truth,
        (_, Type::Number | Type::Span) => Cell::Millionths,
        (_, Type::Grade) => Cell::Grade,
        (_, of) if names_one(&of) => Cell::Text,
        (_, Type::Date | Type::Moment | Type::Text | Type::Time) => Cell::Text,
        _ => return None,
    };
    let (id, name) = (field.id.clone(), format!("f_{}", field.id));
    Some(Column { indexed: indexed.contains(&id), facet: false, tallied: false, field: id, name, cell })
}

/// Fields that lists sort by, and by which records are sought: lookups of every register, uniques, references, people,
/// units.
fn indexed(pack: &Pack, register: &Register) -> BTreeSet<FieldId> {
    let mut found: BTreeSet<FieldId> = register.list.columns.iter().cloned().collect();
    found.extend(register.list.sort.iter().map(|sort| sort.field.clone()));
    found.extend(register.uniques.iter().flat_map(|unique| unique.fields.iter().cloned()));
    let lookups = pack.registers.values().flat_map(|other| &other.lookups);
    let here = lookups.filter(|lookup| lookup.register == register.id);
    found.extend(here.flat_map(|lookup| lookup.matches.iter().map(|(field, _)| field.clone())));
    let referring = |field: &&Field| matches!(field.of(), Type::Reference(_) | Type::Person | Type::Unit);
    found.extend(register.fields.iter().filter(referring).map(|field| field.id.clone()));
    found
}

/// Packs, shared: every version that records run on, the current one last.
#[derive(Debug, Clone, Default)]
pub struct Packs(pub Arc<Vec<Pack>>);

impl Packs {
    /// The version under which records are opened; none before the first is published.
    #[must_use]
    pub fn current(&self) -> Option<&Pack> {
        self.0.last()
    }

    /// A version.
    #[must_use]
    pub fn version(&self, version: u32) -> Option<&Pack> {
        self.0.iter().find(|pack| pack.version == version)
    }

    /// Every version that records run on; none before the first is published.
    #[must_use]
    pub fn shelf(&self) -> Option<Shelf<'_>> {
        let current = Rules::from(self.current()?);
        Some(self.0.iter().map(Rules::from).fold(Shelf::new(current), Shelf::with))
    }

    /// A register as the latest version that has it.
    #[must_use]
    pub fn latest(&self, id: &RegisterId) -> Option<&Register> {
        self.0.iter().rev().find_map(|pack| pack.registers.get(id))
    }

    /// A register as a version has it.
    #[must_use]
    pub fn register(&self, id: &RegisterId, version: u32) -> Option<&Register> {
        self.version(version)?.registers.get(id)
    }
}

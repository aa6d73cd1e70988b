//! Shapes: which keys a table of a pack has, declared once.
//!
//! From a shape come the structural check (unknown key, missing key, wrong kind of value, missing translation)
//! and the JSON Schema editors use. What the values mean is read afterwards.

mod check;
mod files;
mod flow;
mod register;
mod schema;

pub(crate) use check::{check, label_of};
pub(crate) use files::{EVIDENCE, FILE_KINDS, POPULATION, WEEKDAYS};
pub(crate) use schema::schema;

/// The keys of a table.
#[derive(Debug)]
pub struct Shape {
    /// The keys.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What stands there.
    pub form: Form,
    /// Must it be there?
    pub needed: bool,
    /// What it is for: Traditional Chinese, then English.
    pub doc: (&'static str, &'static str),
}

/// What may stand at a key.
#[derive(Debug)]
pub enum Form {
    /// Anything; the reader looks.
    Anything,
    /// The number of a clause.
    Clause,
    /// A condition.
    Condition,
    /// A date.
    Date,
    /// Any of these.
    Either(&'static [Form]),
    /// True or false.
    Flag,
    /// An id.
    Id,
    /// A text in both languages.
    Label,
    /// A span of time.
    Limit,
    /// Several of one form.
    List(&'static Form),
    /// A table whose keys are ids, with one form of values.
    Map(&'static Form),
    /// A number, perhaps with decimals.
    Number,
    /// One table.
    Table(&'static Shape),
    /// A list of tables.
    Tables(&'static Shape),
    /// A text.
    Text,
    /// A time of day.
    TimeOfDay,
    /// A whole number from, to.
    Whole(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A key that must be there.
#[must_use]
pub const fn need(name: &'static str, form: Form, zh: &'static str, en: &'static str) -> Key {
    Key { name, form, needed: true, doc: (zh, en) }
}

/// A key that may be there.
#[must_use]
pub const fn may(name: &'static str, form: Form, zh: &'static str, en: &'static str) -> Key {
    Key { name, form, needed: false, doc: (zh, en) }
}

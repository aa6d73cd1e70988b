//! Values of a file with their places. Readers ask leniently: what has the wrong shape was told before
//! (`shape`), so here it simply is not there.

use super::Document;
use crate::problem::Place;
use model::CivilDate;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// A value.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    at: usize,
    end: usize,
    value: &'d DeValue<'d>,
}

/// A table.
#[derive(Clone, Copy)]
pub struct Table<'d> {
    document: &'d Document<'d>,
    at: usize,
    table: &'d DeTable<'d>,
}

impl<'d> Node<'d> {
    fn new(document: &'d Document<'d>, value: &'d Spanned<DeValue<'d>>) -> Self {
        let span = value.span();
        Self { document, at: span.start, end: span.end, value: value.get_ref() }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(self) -> Place {
        self.document.place(self.at)
    }

    /// The place of a byte offset inside a text. Where escapes or several lines make counting unsafe it is the
    /// place of the text itself.
    #[must_use]
    pub fn place_in(self, offset: usize) -> Place {
        let written = self.written();
        let plain = !written.contains('\\') && !written.starts_with("\"\"\"") && !written.starts_with("'''");
        self.document.place(if plain { self.at + 1 + offset } else { self.at })
    }

    /// As it stands in the file.
    #[must_use]
    pub fn written(self) -> &'d str {
        self.document.text.get(self.at..self.end).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> Option<&'d str> {
        self.value.as_str()
    }

    /// A text parsed as something.
    #[must_use]
    pub fn parsed<T: FromStr>(self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// True or false.
    #[must_use]
    pub fn flag(self) -> Option<bool> {
        self.value.as_bool()
    }

    /// The whole number.
    #[must_use]
    pub fn whole(self) -> Option<i64> {
        let integer = self.value.as_integer()?;
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    /// A number as written, whole or with decimals.
    #[must_use]
    pub fn number(self) -> Option<crate::Decimal> {
        if let Some(whole) = self.whole() {
            return crate::Decimal::from_whole(whole);
        }
        self.value.as_float()?.as_str().parse().ok()
    }

    /// A date without a time.
    #[must_use]
    pub fn date(self) -> Option<CivilDate> {
        let written = self.value.as_datetime()?;
        match (written.date, written.time, written.offset) {
            (Some(date), None, None) => {
                CivilDate::new(i64::from(date.year), i64::from(date.month), i64::from(date.day)).ok()
            }
            _ => None,
        }
    }

    /// A date with time and offset.
    #[must_use]
    pub fn moment(self) -> Option<model::Instant> {
        let written = self.value.as_datetime()?;
        let (date, time) = (written.date?, written.time?);
        let minutes = match written.offset? {
            toml::value::Offset::Z => 0,
            toml::value::Offset::Custom { minutes } => i64::from(minutes),
        };
        let day = CivilDate::new(i64::from(date.year), i64::from(date.month), i64::from(date.day)).ok()?;
        let seconds = day.days_since_epoch() * 86_400
            + i64::from(time.hour) * 3_600
            + i64::from(time.minute) * 60
            + i64::from(time.second.unwrap_or(0))
            - minutes * 60;
        let micros = i64::from(time.nanosecond.unwrap_or(0) / 1_000);
        model::Instant::from_micros(seconds * 1_000_000 + micros).ok()
    }

    /// The items of a list.
    #[must_use]
    pub fn items(self) -> Option<Vec<Node<'d>>> {
        let items = self.value.as_array()?;
        Some(items.iter().map(|item| Node::new(self.document, item)).collect())
    }

    /// The items of a list, or the value itself where it is none.
    #[must_use]
    pub fn one_or_more(self) -> Vec<Node<'d>> {
        self.items().unwrap_or_else(|| vec![self])
    }

    /// The table.
    #[must_use]
    pub fn table(self) -> Option<Table<'d>> {
        Some(Table::new(self.document, self.at, self.value.as_table()?))
    }

    /// What is written there, in Traditional Chinese and English.
    #[must_use]
    pub fn kind(self) -> (&'static str, &'static str) {
        match self.value {
            DeValue::String(_) => ("文字", "a text"),
            DeValue::Integer(_) => ("整數", "a whole number"),
            DeValue::Float(_) => ("小數", "a number with decimals"),
            DeValue::Boolean(_) => ("true/false", "true or false"),
            DeValue::Datetime(_) => ("日期或時間", "a date or time"),
            DeValue::Array(_) => ("清單", "a list"),
            DeValue::Table(_) => ("表格", "a table"),
        }
    }
}

impl<'d> Table<'d> {
    pub(super) const fn new(document: &'d Document<'d>, at: usize, table: &'d DeTable<'d>) -> Self {
        Self { document, at, table }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(self) -> Place {
        self.document.place(self.at)
    }

    /// The value at a key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        self.table.get(key).map(|value| Node::new(self.document, value))
    }

    /// Keys with their places and values, in the order of the file.
    #[must_use]
    pub fn entries(self) -> Vec<(&'d str, Place, Node<'d>)> {
        let mut entries: Vec<(&'d Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>)> =
            self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| {
                (&**key.get_ref(), self.document.place(key.span().start), Node::new(self.document, value))
            })
            .collect()
    }

    /// The place of a key, of the table where it is missing.
    #[must_use]
    pub fn place_of(self, key: &str) -> Place {
        let found = self.table.keys().find(|one| one.get_ref() == key);
        found.map_or_else(|| self.place(), |key| self.document.place(key.span().start))
    }

    /// The place of a key's value, of the table where it is missing.
    #[must_use]
    pub fn place_at(self, key: &str) -> Place {
        self.get(key).map_or_else(|| self.place(), Node::place)
    }

    /// The text at a key.
    #[must_use]
    pub fn text(self, key: &str) -> Option<&'d str> {
        self.get(key)?.text()
    }

    ///
    /// The text at a key, parsed as something.
    #[must_use]
    pub fn parsed<T: FromStr>(self, key: &str) -> Option<T> {
        self.get(key)?.parsed()
    }

    /// True or false at a key.
    #[must_use]
    pub fn flag(self, key: &str) -> Option<bool> {
        self.get(key)?.flag()
    }

    /// The whole number at a key, not negative.
    #[must_use]
    pub fn small(self, key: &str) -> Option<u32> {
        u32::try_from(self.get(key)?.whole()?).ok()
    }

    /// The tables of a list of tables; none where the key is missing.
    #[must_use]
    pub fn tables(self, key: &str) -> Vec<Table<'d>> {
        let items = self.get(key).and_then(Node::items).unwrap_or_default();
        items.into_iter().filter_map(Node::table).collect()
    }

    /// The items of a list (or the single value); none where the key is missing.
    #[must_use]
    pub fn list(self, key: &str) -> Vec<Node<'d>> {
        self.get(key).map(Node::one_or_more).unwrap_or_default()
    }

    /// The table at a key.
    #[must_use]
    pub fn inner(self, key: &str) -> Option<Table<'d>> {
        self.get(key)?.table()
    }
}

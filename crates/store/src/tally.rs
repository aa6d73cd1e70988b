//! Tallies: how many rows of a register have the same values, counted as they are written.
//!
//! Every list says how many records there are, and of each state and kind; to count 100,000 rows each time takes longer
//! than all the rest. A row is taken off the tally as it was and put on as it is, in the transaction of its sheet.
//! Invariant: a tally says what counting the rows of its sheet would say; `dump` writes it out with them.
//! Does not: know who reads what (`list::tallied` does).

use crate::error::StoreError;
use crate::layout::{Layout, Sheet};
use crate::reading::Holders;
use crate::sql::{Sql, Value};
use regulation::RegisterId;
use std::collections::BTreeMap;

/// Rows within one statement.
const SOME: usize = 500;

/// How tallies are to change.
#[derive(Default)]
pub(crate) struct Tallies<'m>(BTreeMap<&'m RegisterId, BTreeMap<Vec<Value>, i64>>);

impl<'m> Tallies<'m> {
    /// A row of a sheet, as it was or as it is.
    pub(crate) fn add(&mut self, sheet: &'m Sheet, row: &[Value], count: i64) {
        let names = sheet.names();
        let value = |name: &str| {
            let at = names.iter().position(|one| *one == name);
            at.and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null)
        };
        let values = sheet.tallied().into_iter().map(value).collect();
        self.count(sheet, values, count);
    }

    fn count(&mut self, sheet: &'m Sheet, values: Vec<Value>, count: i64) {
        *self.0.entry(&sheet.register).or_default().entry(values).or_default() += count;
    }

    /// Takes off rows as they stand in their sheet.
    pub(crate) fn take(
        &mut self,
        sql: &mut Sql,
        sheet: &'m Sheet,
        opened: &[Value],
    ) -> Result<(), StoreError> {
        for some in opened.chunks(SOME) {
            let mut holders = Holders::default();
            let these = holders.list(some.iter().cloned());
            let (columns, table) = (sheet.tallied().join(", "), &sheet.table);
            for row in
                sql.rows(&format!("SELECT {columns} FROM {table} WHERE opened IN {these}"), &holders.0)?
            {
                self.count(sheet, row.0, -1);
            }
        }
        Ok(())
    }

    /// Writes them.
    pub(crate) fn write(self, sql: &mut Sql, layout: &Layout) -> Result<(), StoreError> {
        for (register, counts) in self.0 {
            let Some(sheet) = layout.sheets.get(register) else { continue };
            let changed = || counts.iter().filter(|(_, count)| **count != 0);
            let rows: Vec<Vec<Value>> = changed().map(|(values, count)| row(values, *count)).collect();
            put(sql, sheet, &rows)?;
            let text = format!("DELETE FROM {} WHERE unit = $1 AND same = $2 AND n = 0", sheet.tally);
            let unit = sheet.tallied().iter().position(|name| *name == "unit").unwrap_or_default();
            for (values, _) in changed().filter(|(_, count)| **count < 0) {
                let unit = values.get(unit).cloned().unwrap_or(Value::Null);
                sql.run(&text, &[unit, same(values).into()])?;
            }
        }
        Ok(())
    }
}

/// Counts the rows of all sheets, whose tallies are empty.
pub(crate) fn fill(sql: &mut Sql, layout: &Layout) -> Result<(), StoreError> {
    for sheet in layout.sheets.values() {
        let columns = sheet.tallied().join(", ");
        let text = format!("SELECT {columns}, count(*) FROM {} GROUP BY {columns}", sheet.table);
        let counted = sql.rows(&text, &[])?;
        let rows = counted.iter().filter_map(|counted| {
            let (count, values) = counted.0.split_last()?;
            Some([values, &[same(values).into(), count.clone()]].concat())
        });
        put(sql, sheet, &rows.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn put(sql: &mut Sql, sheet: &Sheet, rows: &[Vec<Value>]) -> Result<(), StoreError> {
    let tally = &sheet.tally;
    let text = format!("INSERT INTO {tally} ({}, same, n)", sheet.tallied().join(", "));
    sql.put(&text, &format!("ON CONFLICT (unit, same) DO UPDATE SET n = {tally}.n + excluded.n"), rows)
}

fn row(values: &[Value], count: i64) -> Vec<Value> {
    [values, &[same(values).into(), count.into()]].concat()
}

/// The values as one text.
fn same(values: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Text(text) => serde_json::Value::from(text.as_str()),
        Value::Int(number) => (*number).into(),
        Value::Bytes(_) | Value::Null => serde_json::Value::Null,
    };
    serde_json::Value::from_iter(values.iter().map(one)).to_string()
}

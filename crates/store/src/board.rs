//! Evaluations of checks: what an entry says of one, its rows, and the questions an evaluation asks of the tables.
//!
//! Owns: kind `check.evaluated/1`, table `evaluation`.
//! Invariants: rows follow from entries alone; sealed fields are not read here, so that no figure tells of them.
//! Does not: evaluate anything.
//! Source: `docs/adr/0016-board.md`.

use crate::error::StoreError;
use crate::flush::object;
use crate::layout::Layout;
use crate::projection::{duty_key, parsed};
use crate::reading::{Holders, NAMED};
use crate::sql::{Dialect, Row, Sql, Value};
use casework::{Case, DutyKey, EntryNumber, Object};
use model::{CivilDate, Instant, RecordId, Told, UnitId};
use regulation::{CheckId, ClauseId, Decimal, DutyId, RegisterId, StateId};
use serde::{Deserialize, Serialize};

/// Kind of the entry that says how a check was evaluated.
pub const EVALUATED: &str = "check.evaluated/1";

/// How a check was evaluated: figures that differ from those recorded before, or all of them at a month's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluated {
    /// The check.
    pub check: CheckId,
    /// Its clause.
    pub clause: ClauseId,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The month that it closes, by its first day; none within a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<CivilDate>,
    /// The version of the pack it was evaluated by.
    pub pack: u32,
    /// How many entries of the ledger it rests on.
    pub size: EntryNumber,
}

/// An occurrence of a duty, with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The duty, what it is for, and the day the rule names.
    pub key: DutyKey,
    /// The day it is due.
    pub due_on: CivilDate,
    /// The moment.
    pub due: Instant,
    /// The record that is to prove it.
    pub record: RecordId,
    /// When it was done.
    pub done_at: Option<Instant>,
}

/// A check's figure for a unit with those below it, or for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Of the population, how many are as they should be (or have what is asked).
    pub good: u32,
    /// The day of the oldest evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<CivilDate>,
    /// How many there are that should be so.
    pub population: u32,
    /// The unit; none for all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The figure: per cent, days, a number; none where there is nothing to reckon it from.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "decimal")]
    pub value: Option<Decimal>,
    /// What it amounts to.
    pub verdict: Verdict,
    /// Why it could not be computed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "told")]
    pub why: Option<Told>,
}

/// What a figure amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nobody is there, and it is signed that the clause does not apply.
    Exempt,
    /// A figure without a goal.
    Figure,
    /// As it should be.
    Met,
    /// Nobody is there: it is not known whether anybody should be.
    Nobody,
    /// It could not be computed.
    NotComputed,
    /// Not as it should be.
    NotMet,
}

/// A figure as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The clause.
    pub clause: ClauseId,
    /// The check.
    pub check: CheckId,
    /// The entry that says so.
    pub entry: u64,
    /// Its time.
    pub at: Instant,
    /// The month that it closes, by its first day.
    pub month: Option<CivilDate>,
    /// The version of the pack.
    pub pack: u32,
    /// How many entries of the ledger it rests on.
    pub size: u64,
    /// The figure.
    pub figure: Figure,
}

/// Since when a check has been recorded, and how far its months are closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The clause.
    pub clause: ClauseId,
    /// The check.
    pub check: CheckId,
    /// When it was recorded first.
    pub first: Instant,
    /// The last month that was closed, by its first day.
    pub month: Option<CivilDate>,
}

/// Which cases of a register are read.
#[derive(Debug, Clone, Copy)]
pub struct CasePart<'a> {
    /// The register.
    pub register: &'a RegisterId,
    /// In one of these states; in any when empty.
    pub states: &'a [StateId],
    /// Opened since.
    pub since: Option<Instant>,
}

/// An occurrence of a duty, as it is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The record that proves it, or is to.
    pub record: RecordId,
    /// The unit that owes it.
    pub unit: UnitId,
    /// When it is due.
    pub due: Instant,
    /// When it was done.
    pub done_at: Option<Instant>,
}

/// Columns of a row, in the order of [`Evaluated::rows`].
pub(crate) const ROW: &str =
    "clause, check_id, unit, entry, at, month, pack, size, verdict, population, good, value, oldest, zh, en";

impl Verdict {
    const ALL: [Self; 6] =
        [Self::Exempt, Self::Figure, Self::Met, Self::Nobody, Self::NotComputed, Self::NotMet];

    /// Its word, in entries and tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Figure => "figure",
            Self::Met => "met",
            Self::Nobody => "nobody",
            Self::NotComputed => "not-computed",
            Self::NotMet => "not-met",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

impl Figure {
    /// Nobody is there.
    #[must_use]
    pub const fn nobody(unit: Option<UnitId>) -> Self {
        let verdict = Verdict::Nobody;
        Self { good: 0, oldest: None, population: 0, unit, value: None, verdict, why: None }
    }

    /// Do two figures of one unit tell the same? The day of the oldest evidence, which moves with the calendar, does not
    /// count.
    #[must_use]
    pub fn tells_as(&self, other: &Self) -> bool {
        let told = |one: &Self| (one.verdict, one.population, one.good, one.value);
        told(self) == told(other) && self.why == other.why
    }
}

impl Evaluated {
    /// Its rows.
    pub(crate) fn rows(&self, entry: u64, at: Instant) -> Vec<Vec<Value>> {
        let day = |day: Option<CivilDate>| Value::from(day.map(|day| day.to_string()));
        let row = |figure: &Figure| {
            vec![
                self.clause.as_str().into(),
                self.check.as_str().into(),
                unit_text(figure.unit).into(),
                entry.into(),
                at.to_string().into(),
                day(self.month),
                self.pack.into(),
                self.size.0.into(),
                figure.verdict.word().into(),
                figure.population.into(),
                figure.good.into(),
                figure.value.map(Decimal::millionths).into(),
                day(figure.oldest),
                figure.why.as_ref().map(|why| why.zh.clone()).into(),
                figure.why.as_ref().map(|why| why.en.clone()).into(),
            ]
        };
        self.figures.iter().map(row).collect()
    }
}

fn unit_text(unit: Option<UnitId>) -> String {
    unit.map(|unit| unit.to_string()).unwrap_or_default()
}

/// Most points of a curve.
const MOST_POINTS: u32 = 2_000;

impl Sql {
    /// The figure of a check for a unit (none: all together) as it was recorded last, or last before `until`.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn evaluation(
        &mut self,
        clause: &ClauseId,
        check: &CheckId,
        unit: Option<UnitId>,
        until: Option<Instant>,
    ) -> Result<Option<Evaluation>, StoreError> {
        let mut found = self.evaluations_of(&[(clause, check)], unit, until)?;
        Ok(found.pop())
    }

    /// The figures of checks for a unit (none: all together) as they were recorded last, or last before `until`; checks of
    /// which nothing was recorded are left out.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn evaluations_of(
        &mut self,
        checks: &[(&ClauseId, &CheckId)],
        unit: Option<UnitId>,
        until: Option<Instant>,
    ) -> Result<Vec<Evaluation>, StoreError> {
        let mut found = Vec::with_capacity(checks.len());
        for some in checks.chunks(NAMED) {
            let mut holders = Holders::default();
            let unit = holders.put(unit_text(unit));
            let until = match until {
                Some(until) => format!(" AND at < {}", holders.put(until.to_string())),
                None => String::new(),
            };
            let asked = some.iter().map(|(clause, check)| holders.list([clause.as_str(), check.as_str()]));
            let asked = asked.collect::<Vec<_>>().join(", ");
            let text = format!(
                "WITH asked (clause, check_id) AS (VALUES {asked}) \
                 SELECT {} FROM asked JOIN evaluation e ON e.clause = asked.clause \
                 AND e.check_id = asked.check_id AND e.unit = {unit} AND e.entry = \
                 (SELECT entry FROM evaluation WHERE clause = asked.clause AND check_id = asked.check_id \
                 AND unit = {unit}{until} ORDER BY entry DESC LIMIT 1)",
                ROW.split(", ").map(|column| format!("e.{column}")).collect::<Vec<_>>().join(", ")
            );
            for row in &self.rows(&text, &holders.0)? {
                found.push(evaluation(row)?);
            }
        }
        Ok(found)
    }

    /// How the figure of a check went for a unit (none: all together), until a moment (none: now): the latest points, the
    /// oldest first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn evaluations(
        &mut self,
        clause: &ClauseId,
        check: &CheckId,
        unit: Option<UnitId>,
        until: Option<Instant>,
    ) -> Result<Vec<Evaluation>, StoreError> {
        let mut holders = Holders(one_check(clause, check, unit));
        let before = match until {
            Some(until) => format!(" AND at < {}", holders.put(until.to_string())),
            None => String::new(),
        };
        let most = holders.put(MOST_POINTS);
        let text =
            format!("SELECT {ROW} FROM evaluation WHERE {ONE}{before} ORDER BY entry DESC LIMIT {most}");
        let mut rows: Vec<Evaluation> =
            self.rows(&text, &holders.0)?.iter().map(evaluation).collect::<Result<_, _>>()?;
        rows.reverse();
        Ok(rows)
    }

    /// What was recorded last of every check for every unit.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn evaluations_last(&mut self) -> Result<Vec<Evaluation>, StoreError> {
        let text = format!(
            "SELECT {ROW} FROM evaluation WHERE (clause, check_id, unit, entry) IN \
             (SELECT clause, check_id, unit, max(entry) FROM evaluation GROUP BY clause, check_id, unit)"
        );
        self.rows(&text, &[])?.iter().map(evaluation).collect()
    }

    /// For every check: when it was recorded first, and the last month that was closed.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn evaluations_closed(&mut self) -> Result<Vec<Closed>, StoreError> {
        let text = "SELECT clause, check_id, min(at), max(month) FROM evaluation WHERE unit = '' GROUP BY clause, check_id";
        let rows = self.rows(text, &[])?;
        let one = |row: &Row| {
            let month = row.text(3).map(|_| parsed(row, 3, TABLE)).transpose()?;
            let (clause, check) = (parsed(row, 0, TABLE)?, parsed(row, 1, TABLE)?);
            Ok(Closed { clause, check, first: parsed(row, 2, TABLE)?, month })
        };
        rows.iter().map(one).collect()
    }

    /// Cases of a register, without what is sealed of them, behind the one that entry `after` opened; with the entry that
    /// opened each.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn cases_open(
        &mut self,
        layout: &Layout,
        part: CasePart<'_>,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<(u64, Case)>, StoreError> {
        let Some(sheet) = layout.sheets.get(part.register) else { return Ok(Vec::new()) };
        let mut holders = Holders::default();
        let mut wheres = vec!["r.body IS NOT NULL".to_owned()];
        if let Some(after) = after {
            wheres.push(format!("s.opened > {}", holders.put(after)));
        }
        if !part.states.is_empty() {
            wheres.push(format!("s.state IN {}", holders.list(part.states.iter().map(StateId::as_str))));
        }
        if let Some(since) = part.since {
            wheres.push(format!("s.opened_at >= {}", holders.put(since.to_string())));
        }
        let (most, wheres) = (holders.put(most), wheres.join(" AND "));
        // From the register to its records: SQLite would go through those of all registers.
        let join = match self.dialect() {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::Postgres => "JOIN",
        };
        let text = format!(
            "SELECT r.opened, r.body FROM {} s {join} record r ON r.opened = s.opened WHERE {wheres} \
             ORDER BY s.opened LIMIT {most}",
            sheet.table
        );
        self.rows(&text, &holders.0)?.iter().map(open_case).collect()
    }

    /// These cases, without what is sealed of them; those that are not there any more are left out.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn cases_open_of(&mut self, records: &[RecordId]) -> Result<Vec<Case>, StoreError> {
        let mut cases = Vec::with_capacity(records.len());
        for some in records.chunks(NAMED) {
            let mut holders = Holders::default();
            let list = holders.list(some.iter().map(ToString::to_string));
            let text = format!(
                "SELECT opened, body FROM record WHERE record IN {list} AND body IS NOT NULL ORDER BY opened"
            );
            for row in self.rows(&text, &holders.0)? {
                cases.push(open_case(&row)?.1);
            }
        }
        Ok(cases)
    }

    /// Occurrences of a duty that were due from `since` on, and by `until`.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn duty_owed(
        &mut self,
        duty: &DutyId,
        since: Option<Instant>,
        until: Instant,
    ) -> Result<Vec<Owed>, StoreError> {
        let mut holders = Holders::default();
        let (duty, until) = (holders.put(duty.as_str()), holders.put(until.to_string()));
        let since = match since {
            Some(since) => format!(" AND o.due >= {}", holders.put(since.to_string())),
            None => String::new(),
        };
        let text = format!(
            "SELECT o.record, r.unit, o.due, o.done_at FROM occurrence o JOIN record r ON r.record = o.record \
             WHERE o.duty = {duty} AND o.due <= {until}{since} ORDER BY o.due, o.object"
        );
        self.rows(&text, &holders.0)?.iter().map(owed).collect()
    }

    /// Occurrences of a duty due from one moment up to another, with what each is for, in order.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn duty_planned(
        &mut self,
        duty: &DutyId,
        span: std::ops::Range<Instant>,
        most: usize,
    ) -> Result<Vec<Planned>, StoreError> {
        let text = "SELECT duty, object, nominal, due_on, record, done_at, due FROM occurrence \
                    WHERE duty = $1 AND due >= $2 AND due < $3 ORDER BY due, object LIMIT $4";
        let values =
            [duty.as_str().into(), span.start.to_string().into(), span.end.to_string().into(), most.into()];
        self.rows(text, &values)?.iter().map(planned).collect()
    }

    /// What a duty is owed for now, with the last day for which it was opened.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn duty_series(&mut self, duty: &DutyId) -> Result<Vec<(Object, CivilDate)>, StoreError> {
        let text = "SELECT object, last FROM series WHERE duty = $1 AND last IS NOT NULL ORDER BY object";
        let read = |row: &Row| {
            let object = row.text(0).and_then(object);
            let object = object.ok_or_else(|| StoreError::damaged("series", format!("{row:?}")))?;
            Ok((object, parsed(row, 1, "series")?))
        };
        self.rows(text, &[duty.as_str().into()])?.iter().map(read).collect()
    }

    /// Occurrences of a duty that are not done, those due first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn duty_open(&mut self, duty: &DutyId, most: usize) -> Result<Vec<Owed>, StoreError> {
        let text = "SELECT o.record, r.unit, o.due, o.done_at FROM occurrence o JOIN record r ON r.record = o.record \
                    WHERE o.duty = $1 AND o.done_at IS NULL ORDER BY o.due, o.object LIMIT $2";
        self.rows(text, &[duty.as_str().into(), most.into()])?.iter().map(owed).collect()
    }
}

const TABLE: &str = "evaluation";
const ONE: &str = "clause = $1 AND check_id = $2 AND unit = $3";

fn one_check(clause: &ClauseId, check: &CheckId, unit: Option<UnitId>) -> Vec<Value> {
    vec![clause.as_str().into(), check.as_str().into(), unit_text(unit).into()]
}

fn owed(row: &Row) -> Result<Owed, StoreError> {
    let table = "occurrence";
    let done_at = row.text(3).map(|_| parsed(row, 3, table)).transpose()?;
    let (record, unit) = (parsed(row, 0, table)?, parsed(row, 1, "record")?);
    Ok(Owed { record, unit, due: parsed(row, 2, table)?, done_at })
}

fn planned(row: &Row) -> Result<Planned, StoreError> {
    Ok(Planned {
        key: duty_key(row)?,
        due_on: parsed(row, 3, "occurrence")?,
        due: parsed(row, 6, "occurrence")?,
        record: parsed(row, 4, "occurrence")?,
        done_at: row.text(5).map(|_| parsed(row, 5, "occurrence")).transpose()?,
    })
}

fn open_case(row: &Row) -> Result<(u64, Case), StoreError> {
    let opened = row.entry(0).ok_or_else(|| StoreError::damaged("record", "opened"))?;
    let case = serde_json::from_str(row.text(1).unwrap_or_default());
    Ok((opened, case.map_err(|error| StoreError::damaged("record", error.to_string()))?))
}

fn evaluation(row: &Row) -> Result<Evaluation, StoreError> {
    let damaged = || StoreError::damaged(TABLE, format!("entry {:?}", row.int(3)));
    let small = |at: usize| row.int(at).and_then(|number| u32::try_from(number).ok()).ok_or_else(damaged);
    let day = |at: usize| row.text(at).map(|_| parsed(row, at, TABLE)).transpose();
    let unit = row.text(2).filter(|text| !text.is_empty()).map(|_| parsed(row, 2, TABLE)).transpose()?;
    let why = match (row.text(13), row.text(14)) {
        (Some(zh), Some(en)) => Some(Told::new(zh, en)),
        _ => None,
    };
    Ok(Evaluation {
        clause: parsed(row, 0, TABLE)?,
        check: parsed(row, 1, TABLE)?,
        entry: row.entry(3).ok_or_else(damaged)?,
        at: parsed(row, 4, TABLE)?,
        month: day(5)?,
        pack: small(6)?,
        size: row.entry(7).ok_or_else(damaged)?,
        figure: Figure {
            good: small(10)?,
            oldest: day(12)?,
            population: small(9)?,
            unit,
            value: row.int(11).map(Decimal::from_millionths),
            verdict: row.text(8).and_then(Verdict::from_word).ok_or_else(damaged)?,
            why,
        },
    })
}

/// Numbers as texts, as the ledger has them.
mod decimal {
    use regulation::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(value: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Some).map_err(de::Error::custom)
    }
}

/// Words in both languages.
mod told {
    use model::Told;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Words {
        en: String,
        zh: String,
    }

    pub(super) fn serialize<S: Serializer>(value: &Option<Told>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(|told| Words { en: told.en.clone(), zh: told.zh.clone() }).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Told>, D::Error> {
        Words::deserialize(from).map(|words| Some(Told::new(words.zh, words.en)))
    }
}

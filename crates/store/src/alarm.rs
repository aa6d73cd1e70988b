//! Alarms: what entries say of them, and the table that follows.
//!
//! Invariant: an alarm is named by its rule, its group and the moment of what raised it; of one name there is one.
//! Does not: decide what is an alarm (`watch`), or who answers for one (`desk`).
//! Source: `docs/format.md` §8.6; clause 27.2.1.

use crate::error::StoreError;
use crate::layout::{Cell, Sheet};
use crate::projection::parsed;
use crate::sql::{Row, Sql, Value};
use casework::EntryNumber;
use model::{Actor, Instant, PersonId, RecordId, Severity, UnitId};
use serde::{Deserialize, Serialize};

/// Kind of the entry that says an alarm was raised.
pub const ALARM_RAISED: &str = "alarm.raised/1";
/// Kind of the entry that says an alarm is over.
pub const ALARM_RESOLVED: &str = "alarm.resolved/1";
/// Kind of the entry that says somebody answers for an alarm.
pub const ALARM_ACKNOWLEDGED: &str = "alarm.acknowledged/1";
/// Kind of the entry that says others were called for an alarm that nobody answered for.
pub const ALARM_CALLED: &str = "alarm.called/1";
/// Kind of the entry that says somebody has settled an alarm.
pub const ALARM_SETTLED: &str = "alarm.settled/1";

/// Something about an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmFact {
    /// It was raised.
    Raised(AlarmRaised),
    /// It is over.
    Resolved(AlarmResolved),
    /// Somebody answers for it from now on.
    Acknowledged(AlarmAcknowledged, Actor),
    /// Others were called, since nobody answers for it.
    Called(AlarmCalled),
    /// Somebody says that it is over.
    Settled(AlarmSettled, Actor),
}

/// Fields of a rule's group, with their values.
pub type AlarmGroup = Vec<(String, String)>;

/// What names an alarm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmName {
    /// Its rule.
    pub rule: String,
    /// What it is about.
    pub group: AlarmGroup,
    /// When what raised it came.
    pub first: Instant,
}

/// A line that an alarm rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmLine {
    /// Its number.
    #[serde(with = "crate::telemetry::text")]
    pub n: u64,
    /// Who received it.
    pub receiver: String,
}

/// An alarm was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmRaised {
    /// How many lines it rests on.
    #[serde(with = "crate::telemetry::text")]
    pub count: u64,
    /// When what raised it came.
    pub first: Instant,
    /// What it is about.
    pub group: AlarmGroup,
    /// When what was added last came.
    pub last: Instant,
    /// The first of the lines it rests on.
    pub lines: Vec<AlarmLine>,
    /// Does it stand for groups that had no place any more?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The unit whose device or place it is about, where that is known. It stands in the entry's header.
    #[serde(skip)]
    pub unit: Option<UnitId>,
}

/// An alarm is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmResolved {
    /// Since when.
    pub at: Instant,
    /// How many lines it came to rest on.
    #[serde(with = "crate::telemetry::text")]
    pub count: u64,
    /// When what raised it came.
    pub first: Instant,
    /// What it was about.
    pub group: AlarmGroup,
    /// When what was added last came.
    pub last: Instant,
    /// The last of the lines it rests on, beyond the first ones.
    pub latest: Vec<AlarmLine>,
    /// The first ones, as many as there are now.
    pub lines: Vec<AlarmLine>,
    /// The rule.
    pub rule: String,
}

/// Somebody answers for an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmAcknowledged {
    /// The entry that raised it.
    pub alarm: EntryNumber,
    /// What they say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The policy that permitted it.
    pub policy: String,
    /// The rule, so that the entry is found with those of the alarm.
    pub rule: String,
}

/// Others were called for an alarm that nobody answered for in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmCalled {
    /// The entry that raised it.
    pub alarm: EntryNumber,
    /// The how manieth time, from one.
    pub call: u32,
    /// The rule, so that the entry is found with those of the alarm.
    pub rule: String,
    /// Who; nobody where nobody was on duty and nobody held a role that is called.
    pub to: Vec<PersonId>,
}

/// Somebody says that an alarm is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmSettled {
    /// The entry that raised it.
    pub alarm: EntryNumber,
    /// The policy that permitted it.
    pub policy: String,
    /// Why.
    pub reason: String,
    /// The rule, so that the entry is found with those of the alarm.
    pub rule: String,
}

/// An alarm as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRow {
    /// The entry that raised it, which is its number.
    pub entry: u64,
    /// When that was entered.
    pub at: Instant,
    /// Its name.
    pub name: AlarmName,
    /// Does it stand for groups that had no place any more?
    pub rest: bool,
    /// How bad it is.
    pub severity: Severity,
    /// When what was added last came, as entered.
    pub last: Instant,
    /// How many lines it rests on, as entered.
    pub count: u64,
    /// The first of the lines it rests on.
    pub lines: Vec<AlarmLine>,
    /// The last of them, beyond the first ones.
    pub latest: Vec<AlarmLine>,
    /// Who answers for it.
    pub owner: Option<AlarmOwner>,
    /// Since when it is over.
    pub resolved_at: Option<Instant>,
    /// Who says so; of one that was over by itself nobody.
    pub settled: Option<AlarmEnd>,
    /// The case that it has opened.
    pub record: Option<RecordId>,
    /// The unit whose device or place it is about.
    pub unit: Option<UnitId>,
    /// Who was called last, since nobody answered for it.
    pub called: Option<AlarmCall>,
}

/// Who was called for an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmCall {
    /// The how manieth time.
    pub call: u32,
    /// When.
    pub at: Instant,
    /// Whom.
    pub to: Vec<PersonId>,
}

/// Who has settled an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmEnd {
    /// Who.
    pub person: PersonId,
    /// Why.
    pub reason: String,
}

/// Whose alarms somebody may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmsOf {
    /// Those of which no unit is known.
    pub nobodys: bool,
    /// Those of these units.
    pub units: Vec<UnitId>,
}

impl AlarmsOf {
    /// May they see this one?
    #[must_use]
    pub fn holds(&self, alarm: &AlarmRow) -> bool {
        alarm.unit.map_or(self.nobodys, |unit| self.units.contains(&unit))
    }

    /// The condition; what it binds goes behind what is bound already.
    fn condition(&self, values: &mut Vec<Value>) -> String {
        let mut tests: Vec<String> = self.nobodys.then(|| "unit IS NULL".to_owned()).into_iter().collect();
        for some in self.units.chunks(MOST_BOUND) {
            let places: Vec<String> = some
                .iter()
                .map(|unit| {
                    values.push(unit.to_string().into());
                    format!("${}", values.len())
                })
                .collect();
            tests.push(format!("unit IN ({})", places.join(", ")));
        }
        if tests.is_empty() { "1 = 0".to_owned() } else { format!("({})", tests.join(" OR ")) }
    }
}

/// Values in one list of a statement.
const MOST_BOUND: usize = 500;

/// Who answers for an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmOwner {
    /// Who.
    pub person: PersonId,
    /// Since when the alarm was acknowledged, by whomever first.
    pub since: Instant,
    /// What they say of it.
    pub note: Option<String>,
}

/// How alarms stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmState {
    /// Nobody answers for it.
    Open,
    /// Somebody does.
    Acknowledged,
    /// It is over.
    Resolved,
}

/// Which alarms are wanted; of those that stand the worst come first, of all others the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmsWanted {
    /// In one of these states; empty: whatever they are in.
    pub states: Vec<AlarmState>,
    /// At least so bad.
    pub severity: Option<Severity>,
    /// Of this rule.
    pub rule: Option<String>,
    /// About something in which this text stands.
    pub about: Option<String>,
}

impl AlarmState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Resolved];

    /// Its word in addresses and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    const fn condition(self) -> &'static str {
        match self {
            Self::Open => "(resolved IS NULL AND owner IS NULL)",
            Self::Acknowledged => "(resolved IS NULL AND owner IS NOT NULL)",
            Self::Resolved => "resolved IS NOT NULL",
        }
    }
}

impl AlarmRow {
    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> AlarmState {
        match (&self.resolved_at, &self.owner) {
            (Some(_), _) => AlarmState::Resolved,
            (None, Some(_)) => AlarmState::Acknowledged,
            (None, None) => AlarmState::Open,
        }
    }
}

impl AlarmFact {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Raised(_) => ALARM_RAISED,
            Self::Resolved(_) => ALARM_RESOLVED,
            Self::Acknowledged(..) => ALARM_ACKNOWLEDGED,
            Self::Called(_) => ALARM_CALLED,
            Self::Settled(..) => ALARM_SETTLED,
        }
    }

    /// What its entry is about: the rule.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Raised(raised) => &raised.rule,
            Self::Resolved(resolved) => &resolved.rule,
            Self::Acknowledged(acknowledged, _) => &acknowledged.rule,
            Self::Called(called) => &called.rule,
            Self::Settled(settled, _) => &settled.rule,
        }
    }

    /// The name of the alarm, where it is told by it.
    #[must_use]
    pub fn name(&self) -> Option<AlarmName> {
        let (rule, group, first) = match self {
            Self::Raised(raised) => (&raised.rule, &raised.group, raised.first),
            Self::Resolved(resolved) => (&resolved.rule, &resolved.group, resolved.first),
            Self::Acknowledged(..) | Self::Called(_) | Self::Settled(..) => return None,
        };
        Some(AlarmName { rule: rule.clone(), group: group.clone(), first })
    }
}

/// What an entry says of an alarm, with its number and time.
pub(crate) type Said = (AlarmFact, u64, Instant);

/// Writes what entries say of alarms, and which cases were opened for them: the alarm's entry, and the record.
pub(crate) fn write(
    sql: &mut Sql,
    facts: Vec<Said>,
    cases: &[(EntryNumber, RecordId)],
) -> Result<(), StoreError> {
    let mut raised: Vec<Vec<Value>> = Vec::new();
    for (fact, entry, at) in facts {
        match fact {
            AlarmFact::Raised(alarm) => raised.push(vec![
                entry.into(),
                entry.into(),
                at.to_string().into(),
                alarm.rule.into(),
                spelled(&alarm.group)?.into(),
                alarm.first.to_string().into(),
                alarm.rest.into(),
                height(alarm.severity).into(),
                alarm.last.to_string().into(),
                alarm.count.into(),
                spelled(&alarm.lines)?.into(),
                "[]".into(),
                alarm.unit.map(|unit| unit.to_string()).into(),
            ]),
            AlarmFact::Resolved(alarm) => {
                put(sql, &mut raised)?;
                sql.run(
                    "UPDATE alarm SET changed = $1, resolved = $1, resolved_at = $2, last = $3, count = $4, lines = $5, latest = $6 \
                     WHERE rule = $7 AND about = $8 AND first = $9 AND resolved IS NULL",
                    &[
                        entry.into(),
                        alarm.at.to_string().into(),
                        alarm.last.to_string().into(),
                        alarm.count.into(),
                        spelled(&alarm.lines)?.into(),
                        spelled(&alarm.latest)?.into(),
                        alarm.rule.into(),
                        spelled(&alarm.group)?.into(),
                        alarm.first.to_string().into(),
                    ],
                )?;
            }
            AlarmFact::Acknowledged(alarm, actor) => {
                let Actor::Person(person) = actor else { continue };
                put(sql, &mut raised)?;
                sql.run(
                    "UPDATE alarm SET owner = $1, note = $2, owned_at = COALESCE(owned_at, $3), changed = $5 \
                     WHERE entry = $4",
                    &[
                        person.person.to_string().into(),
                        alarm.note.into(),
                        at.to_string().into(),
                        alarm.alarm.0.into(),
                        entry.into(),
                    ],
                )?;
            }
            AlarmFact::Called(alarm) => {
                put(sql, &mut raised)?;
                sql.run(
                    "UPDATE alarm SET called = $1, changed = $1, called_at = $2, calls = $3, called_to = $4 WHERE entry = $5",
                    &[
                        entry.into(),
                        at.to_string().into(),
                        u64::from(alarm.call).into(),
                        spelled(&alarm.to)?.into(),
                        alarm.alarm.0.into(),
                    ],
                )?;
            }
            AlarmFact::Settled(alarm, actor) => {
                let Actor::Person(person) = actor else { continue };
                put(sql, &mut raised)?;
                sql.run(
                    "UPDATE alarm SET changed = $1, resolved = $1, resolved_at = $2, settled_by = $3, reason = $4 \
                     WHERE entry = $5 AND resolved IS NULL",
                    &[
                        entry.into(),
                        at.to_string().into(),
                        person.person.to_string().into(),
                        alarm.reason.into(),
                        alarm.alarm.0.into(),
                    ],
                )?;
            }
        }
    }
    put(sql, &mut raised)?;
    for (alarm, record) in cases {
        let text = "UPDATE alarm SET record = $1 WHERE entry = $2 AND record IS NULL";
        sql.run(text, &[record.to_string().into(), alarm.0.into()])?;
    }
    Ok(())
}

fn put(sql: &mut Sql, raised: &mut Vec<Vec<Value>>) -> Result<(), StoreError> {
    let columns = "entry, changed, at, rule, about, first, rest, severity, last, count, lines, latest, unit";
    sql.put(&format!("INSERT INTO alarm ({columns})"), "", &std::mem::take(raised))
}

/// The one text of a list, by which it is found.
fn spelled<T: Serialize>(list: &T) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|error| StoreError::damaged("alarm", error.to_string()))
}

pub(crate) const fn height(severity: Severity) -> i64 {
    severity as i64
}

/// The severity in a column.
pub(crate) fn severity(row: &Row, at: usize) -> Option<Severity> {
    Severity::ALL.get(usize::try_from(row.int(at)?).ok()?).copied()
}

/// Columns in the order in which they are read.
pub(crate) const COLUMNS: &str = "entry, at, rule, about, first, rest, severity, last, count, lines, latest, owner, owned_at, note, \
                       resolved_at, record, settled_by, reason, unit, called_at, calls, called_to";
/// How many they are.
pub(crate) const WIDTH: usize = 22;

pub(crate) fn alarm(row: &Row) -> Result<AlarmRow, StoreError> {
    let damaged = || StoreError::damaged("alarm", format!("{row:?}"));
    let moment = |at| row.text(at).map(str::parse).transpose().map_err(|_| damaged());
    let due = |moment: Option<Instant>| moment.ok_or_else(damaged);
    let owner = match row.text(11) {
        None => None,
        Some(_) => Some(AlarmOwner {
            person: parsed(row, 11, "alarm")?,
            since: due(moment(12)?)?,
            note: row.text(13).map(ToOwned::to_owned),
        }),
    };
    Ok(AlarmRow {
        entry: row.entry(0).ok_or_else(damaged)?,
        at: due(moment(1)?)?,
        name: AlarmName {
            rule: row.text(2).ok_or_else(damaged)?.to_owned(),
            group: read(row, 3)?,
            first: due(moment(4)?)?,
        },
        rest: row.int(5) == Some(1),
        severity: severity(row, 6).ok_or_else(damaged)?,
        last: due(moment(7)?)?,
        count: row.entry(8).ok_or_else(damaged)?,
        lines: read(row, 9)?,
        latest: read(row, 10)?,
        owner,
        resolved_at: moment(14)?,
        record: row.text(15).map(|_| parsed(row, 15, "alarm")).transpose()?,
        settled: match row.text(16) {
            None => None,
            Some(_) => Some(AlarmEnd {
                person: parsed(row, 16, "alarm")?,
                reason: row.text(17).ok_or_else(damaged)?.to_owned(),
            }),
        },
        unit: row.text(18).map(|_| parsed(row, 18, "alarm")).transpose()?,
        called: match moment(19)? {
            None => None,
            Some(at) => Some(AlarmCall {
                call: row.int(20).and_then(|call| u32::try_from(call).ok()).ok_or_else(damaged)?,
                at,
                to: read(row, 21)?,
            }),
        },
    })
}

fn read<T: serde::de::DeserializeOwned>(row: &Row, at: usize) -> Result<T, StoreError> {
    serde_json::from_str(row.text(at).unwrap_or_default())
        .map_err(|error| StoreError::damaged("alarm", error.to_string()))
}

impl AlarmsWanted {
    /// The condition, with the values it binds.
    fn condition(&self, of: &AlarmsOf) -> (String, Vec<Value>) {
        let mut values: Vec<Value> = Vec::new();
        let mut tests = vec![of.condition(&mut values)];
        if !self.states.is_empty() {
            let any: Vec<&str> = self.states.iter().map(|state| state.condition()).collect();
            tests.push(format!("({})", any.join(" OR ")));
        }
        if let Some(severity) = self.severity {
            values.push(height(severity).into());
            tests.push(format!("severity >= ${}", values.len()));
        }
        if let Some(rule) = &self.rule {
            values.push(rule.as_str().into());
            tests.push(format!("rule = ${}", values.len()));
        }
        if let Some(about) = self.about.as_deref().filter(|about| !about.is_empty()) {
            // As it stands in the text of the group.
            let text = serde_json::Value::from(about).to_string();
            let text = text.trim_matches('"').to_ascii_lowercase();
            let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            values.push(format!("%{text}%").into());
            tests.push(format!("lower(about) LIKE ${} ESCAPE '\\'", values.len()));
        }
        (format!(" WHERE {}", tests.join(" AND ")), values)
    }
}

impl Sql {
    /// Alarms that somebody may see, at most so many behind the first `skip`: those that stand first, the worst of them before the others, the
    /// newest before the older.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms(
        &mut self,
        wanted: &AlarmsWanted,
        of: &AlarmsOf,
        skip: usize,
        most: usize,
    ) -> Result<Vec<AlarmRow>, StoreError> {
        let (condition, values) = wanted.condition(of);
        let text = format!(
            "SELECT {COLUMNS} FROM alarm{condition} ORDER BY CASE WHEN resolved IS NULL THEN 0 ELSE 1 END, \
             CASE WHEN resolved IS NULL THEN severity ELSE 0 END DESC, entry DESC LIMIT {most} OFFSET {skip}"
        );
        self.rows(&text, &values)?.iter().map(alarm).collect()
    }

    /// How many alarms there are of these that somebody may see, by how they stand.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn alarms_counted(&mut self, wanted: &AlarmsWanted, of: &AlarmsOf) -> Result<[u64; 3], StoreError> {
        let (condition, values) = wanted.condition(of);
        let counted = AlarmState::ALL
            .map(|state| format!("COALESCE(SUM(CASE WHEN {} THEN 1 ELSE 0 END), 0)", state.condition()));
        let text = format!("SELECT {} FROM alarm{condition}", counted.join(", "));
        let row = self.row(&text, &values)?;
        let count = |at| row.as_ref().and_then(|row| row.entry(at)).unwrap_or(0);
        Ok([count(0), count(1), count(2)])
    }

    /// The last entry that changed an alarm which somebody may see, and the last that raised one; 0 where there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn alarms_last(&mut self, of: &AlarmsOf) -> Result<(u64, u64), StoreError> {
        let mut values = Vec::new();
        let text = format!("SELECT MAX(changed), MAX(entry) FROM alarm WHERE {}", of.condition(&mut values));
        let row = self.row(&text, &values)?;
        let number = |at| row.as_ref().and_then(|row| row.entry(at)).unwrap_or(0);
        Ok((number(0), number(1)))
    }

    /// An alarm by the entry that raised it.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarm(&mut self, entry: u64) -> Result<Option<AlarmRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM alarm WHERE entry = $1");
        self.row(&text, &[entry.into()])?.as_ref().map(alarm).transpose()
    }

    /// Units that alarms are about.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarm_units(&mut self) -> Result<Vec<UnitId>, StoreError> {
        let rows = self.rows("SELECT DISTINCT unit FROM alarm WHERE unit IS NOT NULL ORDER BY unit", &[])?;
        rows.iter().map(|row| parsed(row, 0, "alarm")).collect()
    }

    /// Alarms that stand and nobody answers for, no less bad than this, the oldest first; at most so many behind an entry.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms_unanswered(
        &mut self,
        least: Severity,
        behind: Option<u64>,
        most: usize,
    ) -> Result<Vec<AlarmRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM alarm WHERE resolved IS NULL AND owner IS NULL AND severity >= $1 AND entry >= $2 \
             ORDER BY entry LIMIT {most}"
        );
        let from = behind.map_or(0, |behind| behind.saturating_add(1));
        self.rows(&text, &[height(least).into(), from.into()])?.iter().map(alarm).collect()
    }

    /// Alarms that nobody answers for and for which this person was called last, the worst first, the newest before the
    /// older, at most so many.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms_calling(&mut self, person: PersonId, most: usize) -> Result<Vec<AlarmRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM alarm WHERE called IS NOT NULL AND resolved IS NULL AND owner IS NULL AND called_to LIKE $1 \
             ORDER BY severity DESC, entry DESC LIMIT {most}"
        );
        self.rows(&text, &[format!("%{person}%").into()])?.iter().map(alarm).collect()
    }

    /// Alarms that were settled by somebody behind an entry, the oldest first, each with the entry that says so.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms_settled(&mut self, behind: u64, most: usize) -> Result<Vec<(u64, AlarmName)>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS}, resolved FROM alarm WHERE settled_by IS NOT NULL AND resolved > $1 \
             ORDER BY resolved LIMIT {most}"
        );
        let read = |row: &Row| {
            let entry = row.entry(WIDTH).ok_or_else(|| StoreError::damaged("alarm", format!("{row:?}")))?;
            Ok((entry, alarm(row)?.name))
        };
        self.rows(&text, &[behind.into()])?.iter().map(read).collect()
    }

    /// Alarms that were raised behind an entry, the oldest first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms_raised(&mut self, behind: u64, most: usize) -> Result<Vec<AlarmRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM alarm WHERE entry > $1 ORDER BY entry LIMIT {most}");
        self.rows(&text, &[behind.into()])?.iter().map(alarm).collect()
    }

    /// The alarm of this name: the entry that raised it, and whether it is over; none where none was raised.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarm_named(&mut self, name: &AlarmName) -> Result<Option<(u64, bool)>, StoreError> {
        let text = "SELECT entry, resolved FROM alarm WHERE rule = $1 AND about = $2 AND first = $3";
        let values = [name.rule.as_str().into(), spelled(&name.group)?.into(), name.first.to_string().into()];
        Ok(self.row(text, &values)?.and_then(|row| Some((row.entry(0)?, row.entry(1).is_some()))))
    }

    /// Alarms of a rule that stand and for which no case was opened yet, the oldest first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms_without_case(&mut self, rule: &str, most: usize) -> Result<Vec<AlarmRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM alarm WHERE resolved IS NULL AND record IS NULL AND rule = $1 ORDER BY entry LIMIT {most}"
        );
        self.rows(&text, &[rule.into()])?.iter().map(alarm).collect()
    }

    /// Alarms of a rule that are over and for which a case was opened, the newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms_over(&mut self, rule: &str, most: usize) -> Result<Vec<AlarmRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM alarm WHERE resolved IS NOT NULL AND record IS NOT NULL AND rule = $1 ORDER BY entry DESC LIMIT {most}"
        );
        self.rows(&text, &[rule.into()])?.iter().map(alarm).collect()
    }

    /// Records of a register that have not ended and have this very text in a field by which they are sought, each with its
    /// unit; two at most.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn records_called(
        &mut self,
        sheet: &Sheet,
        called: &str,
    ) -> Result<Vec<(RecordId, UnitId)>, StoreError> {
        let sought = sheet.columns.iter().filter(|column| column.indexed && column.cell == Cell::Text);
        let tests: Vec<String> = sought.map(|column| format!("{} = $1", column.name)).collect();
        if tests.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT record, unit FROM {} WHERE ending IS NULL AND ({}) ORDER BY opened LIMIT 2",
            sheet.table,
            tests.join(" OR ")
        );
        self.rows(&text, &[called.into()])?
            .iter()
            .map(|row| Ok((parsed(row, 0, "sheet")?, parsed(row, 1, "sheet")?)))
            .collect()
    }

    /// The alarms for which a case was opened, by their entries.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn alarms_of(&mut self, record: RecordId) -> Result<Vec<AlarmRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM alarm WHERE record = $1 ORDER BY entry");
        self.rows(&text, &[record.to_string().into()])?.iter().map(alarm).collect()
    }
}

//! Outlets: what entries say of them and of what they have sent, the table that follows, and what is still to be sent.
//!
//! Invariant: of what came about after an outlet was set, everything up to `through` was answered by it, and nothing
//! behind; so what is to be sent follows from the entries.
//! Does not: send anything.
//! Source: `docs/format.md` §8.7; clause 27.2.2.

use crate::alarm::{self, AlarmRow};
use crate::error::StoreError;
use crate::projection::parsed;
use crate::sql::{Row, Sql, Value};
use casework::EntryNumber;
use model::{Actor, Instant, Severity};
use serde::{Deserialize, Serialize};

/// Kind of the entry that says an outlet was set, or taken away.
pub const OUTLET_SET: &str = "alarm.outlet/1";
/// Kind of the entry that says what came of sending something.
pub const ALARM_SENT: &str = "alarm.sent/1";

/// Something about an outlet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutletFact {
    /// It was set, or taken away.
    Set(OutletSet),
    /// It was asked to send something, and this came of it.
    Sent(AlarmSent, Actor),
}

/// An outlet was set: from this entry on it sends what comes about. Or it was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutletSet {
    /// Its name.
    pub outlet: String,
    /// As what; none where it was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<OutletAs>,
}

/// How an outlet is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutletAs {
    /// Does it send as well that an alarm is over?
    pub ends: bool,
    /// What is less bad it does not send.
    pub least: Severity,
    /// Where it goes, without anything secret.
    pub to: String,
    /// Does it send only that nobody has answered for an alarm in time?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// By which of the six ways.
    pub way: String,
}

/// What came of sending something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmSent {
    /// The entry that raised the alarm; of several the first one's. None of a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<EntryNumber>,
    /// What the other side said, or what was seen.
    pub answer: SentAnswer,
    /// Was it done? If not, it will never be.
    pub done: bool,
    /// The outlet.
    pub outlet: String,
    /// The last entry that it tells of: one that raised an alarm, or says that one is over. None of a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<EntryNumber>,
    /// `raised`, `called`, `resolved`, `summary` or `test`.
    pub what: String,
}

/// An answer in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentAnswer {
    /// In English.
    pub en: String,
    /// In Traditional Chinese.
    pub zh: String,
}

/// An outlet as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletRow {
    /// Its name.
    pub name: String,
    /// How it is set.
    pub set: OutletAs,
    /// From which entry on it sends.
    pub since: u64,
    /// Up to which entry everything was answered.
    pub through: u64,
    /// How often something was done.
    pub done: u64,
    /// How often something was refused.
    pub refused: u64,
    /// What came of sending something last.
    pub last: Option<OutletAnswer>,
    /// What came of the last test.
    pub test: Option<OutletAnswer>,
}

/// What came of sending something, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletAnswer {
    /// The entry that says so.
    pub entry: u64,
    /// When that was entered.
    pub at: Instant,
    /// Was it done?
    pub done: bool,
    /// What the other side said.
    pub answer: SentAnswer,
}

/// What there is to say of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsOf {
    /// It was raised.
    Raised,
    /// Others were called, since nobody answers for it: the how manieth time.
    Called(u32),
    /// It is over.
    Over,
}

/// Something that an outlet is to send of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmNews {
    /// The entry that says so.
    pub entry: u64,
    /// What.
    pub what: NewsOf,
    /// The alarm as it stands now.
    pub alarm: AlarmRow,
}

impl OutletFact {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Set(_) => OUTLET_SET,
            Self::Sent(..) => ALARM_SENT,
        }
    }

    /// What its entry is about: the outlet.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Set(set) => &set.outlet,
            Self::Sent(sent, _) => &sent.outlet,
        }
    }
}

/// What an entry says of an outlet, with its number and time.
pub(crate) type Said = (OutletFact, u64, Instant);

/// Writes what entries say of outlets.
pub(crate) fn write(sql: &mut Sql, facts: Vec<Said>) -> Result<(), StoreError> {
    for (fact, entry, at) in facts {
        match fact {
            OutletFact::Set(OutletSet { outlet, set: None }) => {
                sql.run("UPDATE outlet SET gone = 1 WHERE name = $1", &[outlet.into()])?;
            }
            OutletFact::Set(OutletSet { outlet, set: Some(set) }) => {
                // One that comes back sends what comes about from then on.
                sql.run(
                    "INSERT INTO outlet (name, way, goes_to, least, ends, waits, since, through, gone, done, refused) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0) ON CONFLICT (name) DO UPDATE SET way = excluded.way, \
                     goes_to = excluded.goes_to, least = excluded.least, ends = excluded.ends, waits = excluded.waits, \
                     since = CASE WHEN outlet.gone = 1 THEN excluded.since ELSE outlet.since END, \
                     through = CASE WHEN outlet.gone = 1 THEN excluded.through ELSE outlet.through END, gone = 0",
                    &[
                        outlet.into(),
                        set.way.into(),
                        set.to.into(),
                        alarm::height(set.least).into(),
                        set.ends.into(),
                        set.waits.into(),
                        entry.into(),
                        entry.into(),
                    ],
                )?;
            }
            OutletFact::Sent(sent, _) => {
                let (done, refused) = (u64::from(sent.done), u64::from(!sent.done));
                let mut values: Vec<Value> = vec![
                    entry.into(),
                    at.to_string().into(),
                    sent.done.into(),
                    sent.answer.zh.into(),
                    sent.answer.en.into(),
                    sent.outlet.into(),
                ];
                match sent.through {
                    None => sql.run(
                        "UPDATE outlet SET tested = $1, tested_at = $2, tested_done = $3, tested_zh = $4, tested_en = $5 \
                         WHERE name = $6",
                        &values,
                    )?,
                    Some(through) => {
                        values.extend([through.0.into(), done.into(), refused.into()]);
                        sql.run(
                            "UPDATE outlet SET sent = $1, sent_at = $2, sent_done = $3, sent_zh = $4, sent_en = $5, \
                             through = $7, done = done + $8, refused = refused + $9 WHERE name = $6 AND through < $7",
                            &values,
                        )?
                    }
                };
            }
        }
    }
    Ok(())
}

const COLUMNS: &str = "name, way, goes_to, least, ends, waits, since, through, done, refused, sent, sent_at, sent_done, sent_zh, \
                       sent_en, tested, tested_at, tested_done, tested_zh, tested_en";

fn outlet(row: &Row) -> Result<OutletRow, StoreError> {
    let damaged = || StoreError::damaged("outlet", format!("{row:?}"));
    let text = |at| row.text(at).map(ToOwned::to_owned).ok_or_else(damaged);
    let number = |at| row.entry(at).ok_or_else(damaged);
    let answer = |from: usize| -> Result<Option<OutletAnswer>, StoreError> {
        let Some(entry) = row.entry(from) else { return Ok(None) };
        let answer = SentAnswer { zh: text(from + 3)?, en: text(from + 4)? };
        Ok(Some(OutletAnswer {
            entry,
            at: parsed(row, from + 1, "outlet")?,
            done: row.int(from + 2) == Some(1),
            answer,
        }))
    };
    Ok(OutletRow {
        name: text(0)?,
        set: OutletAs {
            way: text(1)?,
            to: text(2)?,
            least: alarm::severity(row, 3).ok_or_else(damaged)?,
            ends: row.int(4) == Some(1),
            waits: row.int(5) == Some(1),
        },
        since: number(6)?,
        through: number(7)?,
        done: number(8)?,
        refused: number(9)?,
        last: answer(10)?,
        test: answer(15)?,
    })
}

impl Sql {
    /// The outlets that are set, by their names.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn outlets(&mut self) -> Result<Vec<OutletRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM outlet WHERE gone = 0 ORDER BY name");
        self.rows(&text, &[])?.iter().map(outlet).collect()
    }

    /// The outlet of this name, where it is set.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn outlet(&mut self, name: &str) -> Result<Option<OutletRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM outlet WHERE name = $1 AND gone = 0");
        self.row(&text, &[name.into()])?.as_ref().map(outlet).transpose()
    }

    /// What an outlet has still to send of what was entered behind `looked`, the oldest first, at most so much.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn outlet_news(
        &mut self,
        outlet: &OutletRow,
        looked: u64,
        most: usize,
    ) -> Result<Vec<AlarmNews>, StoreError> {
        let behind = outlet.through.max(looked);
        let least = alarm::height(outlet.set.least);
        let columns = alarm::COLUMNS;
        let mut raised = Vec::new();
        if !outlet.set.waits {
            let text = format!(
                "SELECT {columns}, entry FROM alarm WHERE entry > $1 AND severity >= $2 ORDER BY entry LIMIT {most}"
            );
            raised = self.rows(&text, &[behind.into(), least.into()])?;
        }
        let text = format!(
            "SELECT {columns}, called FROM alarm WHERE called > $1 AND entry > $2 AND severity >= $3 \
             ORDER BY called LIMIT {most}"
        );
        let called = self.rows(&text, &[behind.into(), outlet.since.into(), least.into()])?;
        let mut over = Vec::new();
        if outlet.set.ends {
            let resolved = format!(
                "SELECT {columns}, resolved FROM alarm WHERE resolved > $1 AND entry > $2 AND severity >= $3 \
                 ORDER BY resolved LIMIT {most}"
            );
            over = self.rows(&resolved, &[behind.into(), outlet.since.into(), least.into()])?;
        }
        let news = |row: &Row, what| {
            let entry =
                row.entry(alarm::WIDTH).ok_or_else(|| StoreError::damaged("alarm", format!("{row:?}")))?;
            let alarm = alarm::alarm(row)?;
            let what = match (what, &alarm.called) {
                (NewsOf::Called(_), Some(called)) => NewsOf::Called(called.call),
                _ => what,
            };
            Ok(AlarmNews { entry, what, alarm })
        };
        let raised = raised.iter().map(|row| news(row, NewsOf::Raised));
        let called = called.iter().map(|row| news(row, NewsOf::Called(0)));
        let over = over.iter().map(|row| news(row, NewsOf::Over));
        let mut all: Vec<AlarmNews> = raised.chain(called).chain(over).collect::<Result<_, StoreError>>()?;
        all.sort_by_key(|news| news.entry);
        all.truncate(most);
        Ok(all)
    }

    /// How much an outlet has still to send.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn outlet_waiting(&mut self, outlet: &OutletRow) -> Result<u64, StoreError> {
        let least = alarm::height(outlet.set.least);
        let called = "SELECT COUNT(*) FROM alarm WHERE called > $1 AND entry > $2 AND severity >= $3";
        let mut waiting =
            self.counted(called, &[outlet.through.into(), outlet.since.into(), least.into()])?;
        if !outlet.set.waits {
            let raised = "SELECT COUNT(*) FROM alarm WHERE entry > $1 AND severity >= $2";
            waiting += self.counted(raised, &[outlet.through.into(), least.into()])?;
        }
        if outlet.set.ends {
            let over = "SELECT COUNT(*) FROM alarm WHERE resolved > $1 AND entry > $2 AND severity >= $3";
            waiting += self.counted(over, &[outlet.through.into(), outlet.since.into(), least.into()])?;
        }
        Ok(waiting)
    }

    fn counted(&mut self, text: &str, values: &[Value]) -> Result<u64, StoreError> {
        Ok(self.row(text, values)?.and_then(|row| row.entry(0)).unwrap_or(0))
    }
}

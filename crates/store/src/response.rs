//! Acts against intruders: what enforcers have done of what cases asked for, and what happened on firewalls by itself.
//!
//! Invariant: of an order and a firewall one answer counts, the first; events of a firewall are numbered, and each is taken
//! once. What was not measured is absent, never 0.
//! Does not: decide what is to be done (cases do), do it (`respond`).
//! Source: `docs/format.md` §8.8; regulation 26.4.1, 26.4.2.

use crate::error::StoreError;
use crate::outlet::SentAnswer;
use crate::projection::parsed;
use crate::sql::{Row, Sql};
use casework::EntryNumber;
use model::{Instant, RecordId};
use serde::{Deserialize, Serialize};

/// Kind of the entry that says what an enforcer has done.
pub const RESPONSE_DONE: &str = "response.done/1";
/// Kind of the entry that says an enforcer refused something for good.
pub const RESPONSE_FAILED: &str = "response.failed/1";
/// Kind of the entry that says what happened on a firewall by itself.
pub const RESPONSE_EVENT: &str = "response.event/1";

/// Something about acts against intruders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseFact {
    /// It was done.
    Done(ResponseAnswer),
    /// It will never be done.
    Failed(ResponseAnswer),
    /// Something happened by itself.
    Event(ResponseEvent),
}

/// What an enforcer answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseAnswer {
    /// In words.
    pub answer: SentAnswer,
    /// The entry that asked.
    pub asked: EntryNumber,
    /// Nothing was changed: the enforcer rehearses.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry: bool,
    /// What was measured; none where nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<ResponseEffect>,
    /// The firewall.
    pub firewall: String,
    /// What was ordered: `act`, `confirm` or `undo`.
    pub order: String,
    /// It was refused because whom it was meant for stands among those that nothing is done to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// The case.
    pub record: RecordId,
    /// To whom; none where it is everybody, or nothing was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What was to be done; none of a confirmation and an undoing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseEffect {
    /// Bytes that were stopped.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Connections that were ended.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub flows: Option<u64>,
    /// Microseconds from the order's arrival at the enforcer until the firewall had it.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
    /// Milliseconds from the decision, by the time of its entry, until the answer was here.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Packets that were stopped.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    /// Does the firewall itself say that it stands so?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<bool>,
}

/// Something happened on a firewall by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseEvent {
    /// When, by the enforcer's clock.
    pub at: Instant,
    /// Who touched a trip-wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// In what the firewall differed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<ResponseEffect>,
    /// Since when the enforcer counts its events.
    pub epoch: Instant,
    /// The firewall.
    pub firewall: String,
    /// Its number there.
    #[serde(with = "crate::telemetry::text")]
    pub number: u64,
    /// The case it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// `over`, `unconfirmed`, `tripped` or `restored`.
    pub what: String,
}

/// A number beyond those that every reader of JSON keeps: as a text.
mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Number(#[serde(with = "crate::telemetry::text")] u64);

    pub(super) fn serialize<S: Serializer>(number: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        number.map(Number).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        Ok(Option::<Number>::deserialize(deserializer)?.map(|Number(number)| number))
    }
}

/// What became of an order on a firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseRow {
    /// The entry that says so.
    pub entry: u64,
    /// When that was entered.
    pub at: Instant,
    /// Was it done?
    pub done: bool,
    /// What was answered.
    pub answer: ResponseAnswer,
}

/// An act that is not answered, or not by any firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseMissing {
    /// The entry that asked for it.
    pub entry: u64,
    /// When that was entered.
    pub at: Instant,
    /// The case.
    pub record: RecordId,
    /// What was to be done, as the case's form has it; none where it says nothing.
    pub what: Option<String>,
}

/// Something that happened on a firewall by itself, as it was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseEventRow {
    /// The entry that says so.
    pub entry: u64,
    /// The firewall.
    pub firewall: String,
    /// The case it is about; none where it is about no single one.
    pub record: Option<RecordId>,
    /// `over`, `unconfirmed`, `tripped` or `restored`.
    pub what: String,
    /// When, by the enforcer's clock.
    pub at: Instant,
    /// Who touched a trip-wire.
    pub by: Option<String>,
    /// In what the firewall differed, a line each.
    pub differs: String,
    /// What was measured.
    pub effect: ResponseEffect,
}

/// Up to where events of a firewall were entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseSeen {
    /// Since when the enforcer counts.
    pub epoch: Instant,
    /// The number of the last.
    pub number: u64,
}

impl ResponseFact {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Done(_) => RESPONSE_DONE,
            Self::Failed(_) => RESPONSE_FAILED,
            Self::Event(_) => RESPONSE_EVENT,
        }
    }

    /// What its entry is about: the case, or the firewall where there is none.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Done(answer) | Self::Failed(answer) => answer.record.to_string(),
            Self::Event(event) => {
                event.record.map_or_else(|| event.firewall.clone(), |record| record.to_string())
            }
        }
    }
}

/// What an entry says, with its number and time.
pub(crate) type Said = (ResponseFact, u64, Instant);

/// Writes what entries say.
pub(crate) fn write(sql: &mut Sql, facts: Vec<Said>) -> Result<(), StoreError> {
    for (fact, entry, at) in facts {
        let done = matches!(fact, ResponseFact::Done(_));
        match fact {
            ResponseFact::Done(answer) | ResponseFact::Failed(answer) => {
                let effect = answer.effect.unwrap_or_default();
                sql.run(
                    "INSERT INTO response (asked, firewall, record, ordered, what, target, entry, at, done, dry, \
                     protected, zh, en, seen, flows, packets, bytes, micros, ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
                     $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT (asked, firewall) DO NOTHING",
                    &[
                        answer.asked.0.into(),
                        answer.firewall.into(),
                        answer.record.to_string().into(),
                        answer.order.into(),
                        answer.what.into(),
                        answer.target.into(),
                        entry.into(),
                        at.to_string().into(),
                        done.into(),
                        answer.dry.into(),
                        answer.protected.into(),
                        answer.answer.zh.into(),
                        answer.answer.en.into(),
                        effect.seen.into(),
                        effect.flows.into(),
                        effect.packets.into(),
                        effect.bytes.into(),
                        effect.micros.into(),
                        effect.ms.into(),
                    ],
                )?;
            }
            ResponseFact::Event(event) => {
                let effect = event.effect.unwrap_or_default();
                sql.run(
                    "INSERT INTO response_event (entry, firewall, record, what, at, touched, differs, flows, packets, bytes) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                    &[
                        entry.into(),
                        event.firewall.clone().into(),
                        event.record.map(|record| record.to_string()).into(),
                        event.what.into(),
                        event.at.to_string().into(),
                        event.by.into(),
                        event.differs.join("\n").into(),
                        effect.flows.into(),
                        effect.packets.into(),
                        effect.bytes.into(),
                    ],
                )?;
                sql.run(
                    "INSERT INTO enforcer (firewall, epoch, number, entry) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (firewall) DO UPDATE SET epoch = excluded.epoch, number = excluded.number, \
                     entry = excluded.entry",
                    &[
                        event.firewall.into(),
                        event.epoch.to_string().into(),
                        event.number.into(),
                        entry.into(),
                    ],
                )?;
            }
        }
    }
    Ok(())
}

const COLUMNS: &str = "asked, firewall, record, ordered, what, target, entry, at, done, dry, protected, zh, en, seen, flows, \
                       packets, bytes, micros, ms";

fn response(row: &Row) -> Result<ResponseRow, StoreError> {
    let damaged = || StoreError::damaged("response", format!("{row:?}"));
    let text = |at| row.text(at).map(ToOwned::to_owned).ok_or_else(damaged);
    let optional = |at| row.text(at).map(ToOwned::to_owned);
    let effect = ResponseEffect {
        seen: row.int(13).map(|seen| seen == 1),
        flows: row.entry(14),
        packets: row.entry(15),
        bytes: row.entry(16),
        micros: row.entry(17),
        ms: row.entry(18),
    };
    Ok(ResponseRow {
        entry: row.entry(6).ok_or_else(damaged)?,
        at: parsed(row, 7, "response")?,
        done: row.int(8) == Some(1),
        answer: ResponseAnswer {
            asked: EntryNumber(row.entry(0).ok_or_else(damaged)?),
            firewall: text(1)?,
            record: parsed(row, 2, "response")?,
            order: text(3)?,
            what: optional(4),
            target: optional(5),
            dry: row.int(9) == Some(1),
            protected: row.int(10) == Some(1),
            answer: SentAnswer { zh: text(11)?, en: text(12)? },
            effect: (effect != ResponseEffect::default()).then_some(effect),
        },
    })
}

fn event(row: &Row) -> Result<ResponseEventRow, StoreError> {
    let damaged = || StoreError::damaged("response_event", format!("{row:?}"));
    let text = |at| row.text(at).map(ToOwned::to_owned).ok_or_else(damaged);
    let (flows, packets, bytes) = (row.entry(7), row.entry(8), row.entry(9));
    Ok(ResponseEventRow {
        entry: row.entry(0).ok_or_else(damaged)?,
        firewall: text(1)?,
        record: row.text(2).map(|_| parsed(row, 2, "response_event")).transpose()?,
        what: text(3)?,
        at: parsed(row, 4, "response_event")?,
        by: row.text(5).map(ToOwned::to_owned),
        differs: text(6)?,
        effect: ResponseEffect { flows, packets, bytes, ..ResponseEffect::default() },
    })
}

fn missing(row: &Row) -> Result<ResponseMissing, StoreError> {
    let damaged = || StoreError::damaged("ask", format!("{row:?}"));
    let given: serde_json::Value =
        serde_json::from_str(row.text(3).ok_or_else(damaged)?).map_err(|_| damaged())?;
    Ok(ResponseMissing {
        entry: row.entry(0).ok_or_else(damaged)?,
        at: parsed(row, 1, "ask")?,
        record: parsed(row, 2, "ask")?,
        what: given.get("act").and_then(serde_json::Value::as_str).map(ToOwned::to_owned),
    })
}

impl Sql {
    /// What firewalls have answered to an order, by their names.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn responses_to(&mut self, asked: EntryNumber) -> Result<Vec<ResponseRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM response WHERE asked = $1 ORDER BY firewall");
        self.rows(&text, &[asked.0.into()])?.iter().map(response).collect()
    }

    /// What was answered to acts, none of them rehearsed, from behind an entry on, in the order of their entries, at most so
    /// much.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn responses_behind(&mut self, entry: u64, most: usize) -> Result<Vec<ResponseRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM response WHERE entry > $1 AND ordered = 'act' AND dry = 0 ORDER BY entry LIMIT {most}"
        );
        self.rows(&text, &[entry.into()])?.iter().map(response).collect()
    }

    /// Acts that some firewall should have answered by a moment and has not, or that none could answer because none was
    /// meant, in the order of their entries, at most so much.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn responses_missing(
        &mut self,
        hook: &str,
        asked_by: Instant,
        behind: u64,
        most: usize,
    ) -> Result<Vec<ResponseMissing>, StoreError> {
        let text = format!(
            "SELECT a.entry, a.at, a.record, a.give FROM ask a WHERE a.hook = $1 AND a.at <= $2 AND a.entry > $3 \
             AND (a.answered IS NULL OR NOT EXISTS (SELECT 1 FROM response r WHERE r.asked = a.entry)) \
             ORDER BY a.entry LIMIT {most}"
        );
        let rows = self.rows(&text, &[hook.into(), asked_by.to_string().into(), behind.into()])?;
        rows.iter().map(missing).collect()
    }

    /// What was answered last, the latest first, at most so much.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn responses_latest(&mut self, most: usize) -> Result<Vec<ResponseRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM response ORDER BY entry DESC LIMIT {most}");
        self.rows(&text, &[])?.iter().map(response).collect()
    }

    /// What happened on firewalls by itself, the latest first, at most so much.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn response_events_latest(&mut self, most: usize) -> Result<Vec<ResponseEventRow>, StoreError> {
        let text = format!(
            "SELECT entry, firewall, record, what, at, touched, differs, flows, packets, bytes FROM response_event \
             ORDER BY entry DESC LIMIT {most}"
        );
        self.rows(&text, &[])?.iter().map(event).collect()
    }

    /// Up to where events of a firewall were entered; none where none was.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn response_seen(&mut self, firewall: &str) -> Result<Option<ResponseSeen>, StoreError> {
        let row = self.row("SELECT epoch, number FROM enforcer WHERE firewall = $1", &[firewall.into()])?;
        let read = |row: &Row| {
            let number = row.entry(1).ok_or_else(|| StoreError::damaged("enforcer", format!("{row:?}")))?;
            Ok(ResponseSeen { epoch: parsed(row, 0, "enforcer")?, number })
        };
        row.as_ref().map(read).transpose()
    }
}

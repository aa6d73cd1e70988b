//! What only the running machine knows, for the checks of clauses: rules at work, senders heard, sensors, witnesses.
//!
//! Invariant: what is not known now is an error with its reason, never an empty list: nobody is not nothing wrong.
//! Source: `docs/pack.md`, "What the system knows"; `docs/adr/0016-board.md`.

use crate::lines::Lines;
use crate::office::Office;
use crate::watching::Watching;
use board::{Fact, Machines};
use desk::Desk;
use ledger::cosign::{RECENT, Standing, standing};
use ledger::objects::{CHECKPOINT, Objects};
use model::{Instant, Told};
use proof::policy::Policy;
use regulation::{Decimal, Machine, Value};
use sense::Figure;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::{AlarmState, AlarmsOf, AlarmsWanted};
use watch::RuleText;

/// An installation at work, as checks ask it.
pub(crate) struct Running {
    desk: Desk,
    lines: Lines,
    watching: Watching,
    objects: Arc<dyn Objects>,
    policy: Arc<Policy>,
}

/// An alarm that nobody has answered for in this time is late.
const ANSWER: Duration = Duration::from_secs(30 * 60);
/// So far back sensors are looked for.
const READ_BACK: Duration = Duration::from_secs(3_600);
/// Alarms that stand, at most; beyond them it is not known how each rule stands.
const MOST_STANDING: usize = 50_000;

/// Warnings that concerned rooms, at most; beyond them it is not known how each was followed.
const MOST_WARNINGS: usize = 2_000;

impl Running {
    pub(crate) fn of(office: &Office) -> Self {
        Self {
            desk: office.desk.clone(),
            lines: office.lines.clone(),
            watching: office.watching.clone(),
            objects: Arc::clone(&office.objects),
            policy: Arc::clone(&office.policy),
        }
    }

    fn head(&self, now: Instant) -> Result<Vec<Fact>, Told> {
        let unread = |why: &dyn std::fmt::Display| {
            Told::new(
                format!("無法讀取帳本檢查點：{why}"),
                format!("The head of the ledger cannot be read: {why}"),
            )
        };
        let note = self.objects.fetch(CHECKPOINT).map_err(|error| unread(&error))?;
        let note =
            note.ok_or_else(|| Told::new("帳本尚未發布檢查點", "The ledger has published no head yet"))?;
        let stands = standing(&self.policy, &note, now, RECENT).map_err(|error| unread(&error))?;
        let mut values =
            BTreeMap::from([("witnessed", Value::Truth(matches!(stands, Standing::Witnessed { .. })))]);
        if let Standing::Witnessed { age } | Standing::Outdated { age } = stands {
            values.insert("witnessed_at", Value::Moment(now.minus(age)));
        }
        Ok(vec![Fact { values, ..Fact::default() }])
    }

    fn rules(&self, now: Instant) -> Result<Vec<Fact>, Told> {
        let works = self.watching.figures(&BTreeMap::new()).works;
        let waiting = || Told::new("監看尚未開始", "Watching has not begun yet");
        if !works {
            return Err(web::Watching::trouble(&self.watching).unwrap_or_else(waiting));
        }
        let at_work = web::Watching::rules(&self.watching);
        let idle: BTreeSet<&str> = at_work
            .waiting
            .iter()
            .map(|(rule, _)| rule.as_str())
            .chain(at_work.refused.iter().map(|(rule, _)| rule.as_str()))
            .collect();
        let wanted = AlarmsWanted {
            states: vec![AlarmState::Open, AlarmState::Acknowledged],
            ..AlarmsWanted::default()
        };
        let found = self.desk.read(|sql, _| {
            let all = AlarmsOf { nobodys: true, units: sql.alarm_units()? };
            sql.alarms(&wanted, &all, 0, MOST_STANDING)
        });
        let alarms = found.map_err(|error: store::StoreError| {
            Told::new(format!("無法讀取告警：{error}"), format!("Alarms cannot be read: {error}"))
        })?;
        if alarms.len() == MOST_STANDING {
            return Err(Told::new("未解除之告警過多", "Too many alarms stand"));
        }
        let mut counted: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for alarm in &alarms {
            let (standing, unanswered) = counted.entry(&alarm.name.rule).or_default();
            *standing += 1;
            *unanswered += i64::from(alarm.owner.is_none() && alarm.at.plus(ANSWER) < now);
        }
        let seen = self.desk.seen();
        let rules = seen.packs.current().and_then(|pack| pack.section::<Vec<RuleText>>("rules"));
        let fact = |text: &RuleText| {
            let rule = &text.rule;
            let (standing, unanswered) = counted.get(&*rule.id).copied().unwrap_or_default();
            let clauses = rule.clauses.iter().map(|clause| Value::text(clause)).collect();
            let values = BTreeMap::from([
                ("rule", Value::text(&rule.id)),
                ("clauses", Value::List(clauses)),
                ("live", Value::Truth(!idle.contains(&*rule.id))),
                ("standing", whole(standing)),
                ("unanswered", whole(unanswered)),
            ]);
            Fact { values, ..Fact::default() }
        };
        Ok(rules.into_iter().flatten().map(fact).collect())
    }

    fn sensors(&self, now: Instant) -> Result<Vec<Fact>, Told> {
        let read =
            web::Lines::readings(&self.lines, now.minus(READ_BACK)..now.plus(Duration::from_secs(1)), 3_600)?;
        if read.left > 0 || read.tally.others > 0 {
            return Err(Told::new(
                "感測讀數未能於短時間內讀完",
                "The readings could not all be looked at in a short while",
            ));
        }
        let mut facts = Vec::new();
        let configured = read.devices.iter().map(|(place, _)| place);
        let places: BTreeSet<&sense::tally::Place> = configured.chain(read.tally.sensors.keys()).collect();
        for place in places {
            let named = || {
                BTreeMap::from([("room", Value::text(&place.room)), ("sensor", Value::text(&place.sensor))])
            };
            let sensor = read.tally.sensors.get(place).filter(|sensor| !sensor.is_silent());
            let series = sensor.iter().flat_map(|sensor| &sensor.series);
            let before = facts.len();
            for (quantity, series) in series {
                let mut values = named();
                let (at, figure) = &series.last;
                values.insert("quantity", Value::text(quantity));
                if let Figure::Value(value) = figure {
                    values.insert("read_at", Value::Moment(*at));
                    values.extend(decimal(*value).map(|value| ("value", Value::Number(value))));
                    let bounds = read.limits.get(quantity);
                    let inside = |bounds: &web::Bounds| {
                        bounds.low.is_none_or(|low| *value >= low)
                            && bounds.high.is_none_or(|high| *value <= high)
                    };
                    values.extend(bounds.map(|bounds| ("in_range", Value::Truth(inside(bounds)))));
                }
                facts.push(Fact { values, ..Fact::default() });
            }
            if facts.len() == before {
                let mut values = named();
                values.insert("quantity", Value::text(""));
                facts.push(Fact { values, ..Fact::default() });
            }
        }
        Ok(facts)
    }

    fn sources(&self, now: Instant) -> Vec<Fact> {
        let fact = |source: web::SourceHeard| {
            let heard = &source.heard;
            let count = |lines: u64| whole(i64::try_from(lines).unwrap_or(i64::MAX));
            let mut values = BTreeMap::from([
                ("name", Value::text(&source.name)),
                ("counts", Value::Truth(source.standing == web::Standing::Listed)),
                ("lines", count(heard.lines)),
                ("nine", count(heard.nine)),
            ]);
            values.extend(heard.last.map(|at| ("heard_at", Value::Moment(at))));
            Fact { at: None, record: Some(source.record), unit: Some(source.unit), values }
        };
        web::Lines::senders(&self.lines, now).sources.into_iter().map(fact).collect()
    }
}

impl Running {
    fn warnings(&self) -> Result<Vec<Fact>, Told> {
        let warnings = web::Lines::warnings(&self.lines);
        if warnings.settings.is_none_or(|settings| settings.senders.is_empty()) {
            return Err(Told::new(
                "尚未設定採信之警報發送單位（docs/howto/hear-warnings.md）",
                "No sender of warnings is believed (docs/howto/hear-warnings.md)",
            ));
        }
        let unread = |error: store::StoreError| {
            Told::new(format!("無法讀取告警：{error}"), format!("Alarms cannot be read: {error}"))
        };
        if warnings.concerns.len() > MOST_WARNINGS {
            return Err(Told::new("及於機房之警報過多", "Too many warnings concerned rooms"));
        }
        let mut facts = Vec::new();
        for one in &warnings.concerns {
            let wanted = AlarmsWanted { about: Some(one.begun.alert.clone()), ..AlarmsWanted::default() };
            let found = self.desk.read(|sql, _| {
                let all = AlarmsOf { nobodys: true, units: sql.alarm_units()? };
                sql.alarms(&wanted, &all, 0, MOST_STANDING)
            });
            let alarm = found.map_err(unread)?.into_iter().find(|alarm| web::is_alarm_of(alarm, one));
            let record = alarm.as_ref().and_then(|alarm| alarm.record);
            let case = record.map(|record| self.desk.case(record)).transpose().map_err(unread)?.flatten();
            let heard = one.begun.time;
            let mut values = BTreeMap::from([
                ("room", Value::text(&one.begun.room)),
                ("kind", Value::text(&one.begun.kind)),
                ("drill", Value::Truth(one.drill)),
                ("heard_at", Value::Moment(heard)),
            ]);
            values.extend(one.ended.map(|(at, _)| ("over_at", Value::Moment(at))));
            if let Some(case) = &case {
                let micros = (case.opened_at.as_micros() - heard.as_micros()).max(0);
                values.insert("opened_at", Value::Moment(case.opened_at));
                values.insert("seconds", whole((micros + 999_999) / 1_000_000));
            }
            let unit = alarm.and_then(|alarm| alarm.unit);
            facts.push(Fact { at: Some(heard), record, unit, values });
        }
        Ok(facts)
    }
}

impl Machines for Running {
    fn facts(&self, machine: &Machine, now: Instant) -> Result<Vec<Fact>, Told> {
        match machine.name {
            "head" => self.head(now),
            "rule" => self.rules(now),
            "sensor" => self.sensors(now),
            "source" => Ok(self.sources(now)),
            "warning" => self.warnings(),
            name => Err(Told::new(
                format!("系統不提供「{name}」之數據"),
                format!("The system gives no figures of {name}"),
            )),
        }
    }
}

fn whole(number: i64) -> Value {
    // What is beyond what a number holds is as good as the most.
    Value::Number(Decimal::from_millionths(number.saturating_mul(1_000_000)))
}

/// A figure with the six places that a number holds.
fn decimal(value: f64) -> Option<Decimal> {
    format!("{value:.6}").parse().ok()
}

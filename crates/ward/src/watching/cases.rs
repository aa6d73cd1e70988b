//! Cases for alarms: each rule may name a register, in which a case is opened once for each of its alarms, and the step that
//! the system takes there once the alarm is over.
//!
//! Invariant: the desk opens one for an alarm that has none; what cannot be opened is told on the page of the alarm, and
//! tried again. A step is taken once, and only where the case is in a state for it.

use casework::{Command, EntryNumber, Fill};
use desk::{Asker, Desk, Order, Seen};
use model::{Instant, Told};
use regulation::{Pack, RegisterId, StepId, Type};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use store::{AlarmRow, Sql, StoreError};
use watch::RuleText;

/// Alarms of a rule that are looked at in one go.
const MOST: usize = 64;

/// Opens the cases that are to be opened; gives why some were not, by the number of their alarm.
pub(super) fn open(desk: &Desk) -> Result<BTreeMap<u64, Told>, Told> {
    let seen = desk.seen();
    let Some(pack) = seen.packs.current() else { return Ok(BTreeMap::new()) };
    let rules = pack.section::<Vec<RuleText>>("rules").map(Vec::as_slice).unwrap_or_default();
    let mut unopened = BTreeMap::new();
    for text in rules {
        let Some(register) = text.rule.opens.as_deref().and_then(|id| id.parse::<RegisterId>().ok()) else {
            continue;
        };
        let waiting = desk.read::<_, StoreError>(|sql, _| sql.alarms_without_case(&text.rule.id, MOST));
        for alarm in waiting.map_err(|error| error.told())? {
            if let Err(told) = opened(desk, &seen, pack, (text, &register), &alarm) {
                unopened.insert(alarm.entry, told);
            }
        }
        let Some(step) = &text.over else { continue };
        let over = desk.read::<_, StoreError>(|sql, _| sql.alarms_over(&text.rule.id, MOST));
        for alarm in over.map_err(|error| error.told())? {
            if let Err(told) = ended(desk, &seen, step, &alarm) {
                unopened.insert(alarm.entry, told);
            }
        }
    }
    Ok(unopened)
}

fn opened(
    desk: &Desk,
    seen: &Seen,
    pack: &Pack,
    (text, register): (&RuleText, &RegisterId),
    alarm: &AlarmRow,
) -> Result<(), Told> {
    let unit = alarm
        .unit
        .or_else(|| seen.roster.root())
        .ok_or_else(|| Told::new("尚無單位", "There is no unit yet"))?;
    let fill = desk.read::<_, StoreError>(|sql, _| filled(sql, seen, pack, (text, register), alarm));
    let fill = fill.map_err(|error| error.told())?;
    let alarm = EntryNumber(alarm.entry);
    let command = Command::OpenForAlarm { alarm, register: register.clone(), unit, fill };
    desk.ask(Asker::System, Order::Casework(command)).map(drop).map_err(|refused| refused.told())
}

/// Takes the step of a case whose alarm is over, where it is in a state for it and has not had it.
fn ended(desk: &Desk, seen: &Seen, step: &StepId, alarm: &AlarmRow) -> Result<(), Told> {
    let Some(record) = alarm.record else { return Ok(()) };
    let Some(case) = desk.case(record).map_err(|error| error.told())? else { return Ok(()) };
    let register = seen.packs.version(case.version).and_then(|pack| pack.registers.get(&case.register));
    let of_flow = register.and_then(|register| register.flow.step(step.as_str()));
    if case.taken.contains_key(step) || of_flow.is_none_or(|step| !step.from.contains(&case.state)) {
        return Ok(());
    }
    let command = Command::TakeForAlarm { alarm: EntryNumber(alarm.entry), record, step: step.clone() };
    desk.ask(Asker::System, Order::Casework(command)).map(drop).map_err(|refused| refused.told())
}

/// What is known of an alarm, as the register asks for it. A record that cannot be found, or is one of several, is left
/// out, and so is what is no yes or no, and no moment, where one is asked for.
fn filled(
    sql: &mut Sql,
    seen: &Seen,
    pack: &Pack,
    (text, register): (&RuleText, &RegisterId),
    alarm: &AlarmRow,
) -> Result<Fill, StoreError> {
    let mut fill = Fill::new();
    let Some(of) = pack.registers.get(register) else { return Ok(fill) };
    for (id, template) in &text.set {
        let Some(field) = of.field(id) else { continue };
        let of_alarm = OfAlarm { title: text.rule.title.zh(), first: alarm.name.first, count: alarm.count };
        let group = alarm.name.group.iter().map(|(field, value)| (&**field, &**value));
        let told = spelled(template, &of_alarm, group);
        let value: Option<Json> = match field.of() {
            Type::Reference(of) => match seen.layout.sheets.get(&of) {
                Some(sheet) => match sql.records_called(sheet, &told)?.as_slice() {
                    [(record, _)] => Some(json!(record.to_string())),
                    _ => None,
                },
                None => None,
            },
            Type::Truth => told.parse::<bool>().ok().map(|yes| json!(yes)),
            Type::Date => told.parse::<Instant>().ok().map(|at| json!(pack.zone.date(at).to_string())),
            _ => Some(json!(told)),
        };
        fill.extend(value.map(|value| (field.id.clone(), value)));
    }
    Ok(fill)
}

/// What an alarm is, as texts tell it.
pub(super) struct OfAlarm<'a> {
    pub(super) title: &'a str,
    pub(super) first: Instant,
    pub(super) count: u64,
}

/// A text with what the alarm is about in the place of names in braces. What stands in a value is never taken for a name.
pub(super) fn spelled<'a>(
    template: &str,
    alarm: &OfAlarm<'_>,
    group: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut values: BTreeMap<&str, String> =
        group.map(|(field, value)| (field, value.chars().filter(|c| !c.is_control()).collect())).collect();
    values.insert("title", alarm.title.to_owned());
    values.insert("first", alarm.first.to_string());
    values.insert("count", alarm.count.to_string());
    let (mut told, mut rest) = (String::new(), template);
    while let Some((before, behind)) = rest.split_once('{') {
        told.push_str(before);
        match behind.split_once('}').and_then(|(name, after)| Some((values.get(name)?, after))) {
            Some((value, after)) => {
                told.push_str(value);
                rest = after;
            }
            None => {
                told.push('{');
                rest = behind;
            }
        }
    }
    told.push_str(rest);
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packs;
    use model::{RecordId, Severity};
    use regulation::Outcome;
    use store::{AlarmFact, AlarmRaised};
    use testkit::House;

    /// The temperature of a room is too high, as its rule would tell.
    fn warm(house: &House, room: &str, first: &str) -> u64 {
        let first = first.parse().unwrap();
        let fact = AlarmFact::Raised(AlarmRaised {
            count: 4,
            first,
            group: vec![("room".to_owned(), room.to_owned()), ("sensor".to_owned(), format!("{room}-1"))],
            last: first,
            lines: Vec::new(),
            rest: false,
            rule: "temperature".to_owned(),
            severity: Severity::High,
            unit: None,
        });
        house.desk.ask(Asker::System, Order::Alarms(vec![fact])).unwrap().entries.start
    }

    fn case_of(house: &House, alarm: u64) -> Option<RecordId> {
        house.desk.read::<_, StoreError>(|sql, _| sql.alarm(alarm)).unwrap().unwrap().record
    }

    #[test]
    fn an_alarm_opens_its_case_once_with_what_it_is_about() {
        let pack = packs::embedded(packs::DEFAULT).unwrap();
        let mut house = House::with_pack(29, &pack, None).unwrap();
        let top = house.unit("100", None).unwrap();
        let unit = house.unit("110", Some(top)).unwrap();
        let head = house.person("lin", "unit_head", unit).unwrap();
        let operator = house.person("chen", "operator", unit).unwrap();
        let deputy = house.person("huang", "it_head", unit).unwrap();
        let fill = [
            ("code", json!("A")),
            ("name", json!("第一機房")),
            ("place", json!("三樓")),
            ("custodian", json!(operator.person.to_string())),
            ("deputy_custodian", json!(deputy.person.to_string())),
            ("vault", json!(true)),
            ("round_the_clock", json!(false)),
            ("raised_floor", json!(true)),
            ("measures", json!([{ "measure": "lock", "where_it_is": "大門" }])),
        ];
        let room = house.open(operator, "room", "propose", &fill).unwrap();
        house.take(head, room, "approve", Outcome::Approve, &[]).unwrap();

        let known = warm(&house, "A", "2026-11-27T01:02:03.000000Z");
        let unknown = warm(&house, "B", "2026-11-27T01:02:04.000000Z");
        let unopened = open(&house.desk).unwrap();
        assert_eq!(unopened.keys().collect::<Vec<_>>(), [&unknown], "{unopened:?}");
        assert_eq!(case_of(&house, unknown), None);
        let fault = case_of(&house, known).expect("the case");
        let case = house.desk.case(fault).unwrap().unwrap();
        let held = |field: &str| case.content.0.get(field).cloned();
        assert_eq!((case.register.as_str(), case.unit), ("fault", unit));
        assert_eq!(held("room"), Some(json!(room.to_string())));
        assert_eq!(held("source"), Some(json!("sensor")));
        assert_eq!(held("symptom"), Some(json!("機房溫度逾 22 至 26 °C（感測器 A-1）")));
        // Once, however often it is looked.
        assert_eq!(open(&house.desk).unwrap().len(), 1);
        assert_eq!(case_of(&house, known), Some(fault));
        let of = house.desk.read::<_, StoreError>(|sql, _| sql.alarms_of(fault)).unwrap();
        assert_eq!(of.iter().map(|alarm| alarm.entry).collect::<Vec<_>>(), [known]);
    }
}

//! What units, people and moments are called at the console: ids, codes, account names, dates.

use super::Refusal;
use crate::machine::SystemClock;
use desk::Seen;
use identity::{Person, State, Unit};
use model::{CivilDate, Clock as _, Instant, PersonId, Told, UnitId};
use regulation::{TimeOfDay, Zone};

/// The unit of this id or code, now or before.
pub(crate) fn unit<'s>(roster: &'s State, named: &str) -> Result<&'s Unit, Refusal> {
    let id = named.parse::<UnitId>().ok().or_else(|| roster.unit_of_code(named));
    id.and_then(|id| roster.unit(id)).ok_or_else(|| {
        Refusal::misuse(Told::new(
            format!("查無單位「{named}」；請寫單位代碼或識別碼，可用 ward unit list 查詢"),
            format!("There is no unit {named:?}; write its code or id, see ward unit list"),
        ))
    })
}

/// The person of this id or account name, now or before.
pub(crate) fn person<'s>(roster: &'s State, named: &str) -> Result<&'s Person, Refusal> {
    let id = named.parse::<PersonId>().ok().or_else(|| roster.person_of_login(named));
    id.and_then(|id| roster.person(id)).ok_or_else(|| {
        Refusal::misuse(Told::new(
            format!("查無人員「{named}」；請寫帳號名稱或識別碼，可用 ward person list 查詢"),
            format!("There is no person {named:?}; write their account name or id, see ward person list"),
        ))
    })
}

/// The code of a unit; its id where there is none.
pub(crate) fn code(roster: &State, unit: UnitId) -> String {
    roster.unit(unit).map_or_else(|| unit.to_string(), |unit| unit.code.to_string())
}

/// The present moment.
pub(crate) fn now() -> Instant {
    SystemClock.now()
}

/// The zone in which dates are counted, and the present moment. Dates need a published pack.
pub(crate) fn calendar(seen: &Seen) -> Result<(Zone, Instant), Refusal> {
    let pack = seen.packs.current().ok_or_else(|| Refusal::of(&desk::Refused::NoPack))?;
    Ok((pack.zone.clone(), now()))
}

/// When something begins: now, for today; the beginning of another day; or a moment in UTC.
pub(crate) fn beginning(text: &str, zone: &Zone, now: Instant) -> Result<Option<Instant>, Refusal> {
    match moment(text)? {
        Moment::At(at) => Ok(Some(at)),
        Moment::Day(day) if day == zone.date(now) => Ok(None),
        Moment::Day(day) => Ok(Some(zone.moment(day, TimeOfDay::START))),
    }
}

/// When something ends: with the day that is named, or at a moment in UTC.
pub(crate) fn ending(text: &str, zone: &Zone) -> Result<Instant, Refusal> {
    Ok(match moment(text)? {
        Moment::At(at) => at,
        Moment::Day(day) => zone.moment(day, TimeOfDay::END),
    })
}

/// A day or a moment.
pub(crate) enum Moment {
    At(Instant),
    Day(CivilDate),
}

pub(crate) fn moment(text: &str) -> Result<Moment, Refusal> {
    let day = text.parse().map(Moment::Day);
    day.or_else(|_| text.parse().map(Moment::At)).map_err(|_| {
        Refusal::misuse(Told::new(
            format!("「{text}」不是日期；請寫如 2026-03-01（西元），或世界協調時間如 2026-03-01T01:00:00.000000Z"),
            format!("{text:?} is no date; write one like 2026-03-01, or a moment in UTC like 2026-03-01T01:00:00.000000Z"),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_its_first_moment_and_ends_with_its_last() {
        let zone = Zone::new("Asia/Taipei").unwrap();
        let now: Instant = "2026-03-01T03:00:00.000000Z".parse().unwrap();
        let begins = |text: &str| beginning(text, &zone, now).unwrap().map(|at| at.to_string());
        assert_eq!(begins("2026-03-01"), None);
        assert_eq!(begins("2026-03-02").as_deref(), Some("2026-03-01T16:00:00.000000Z"));
        assert_eq!(begins("2026-03-02T00:00:00.000000Z").as_deref(), Some("2026-03-02T00:00:00.000000Z"));
        assert_eq!(ending("2026-03-02", &zone).unwrap().to_string(), "2026-03-02T16:00:00.000000Z");
        assert!(beginning("115-03-02", &zone, now).is_err() && ending("tomorrow", &zone).is_err());
    }
}

//! Who sends lines, and whose accounts and terminals there are: what the registers say that the pack names for it.
//!
//! Invariant: only a record whose `while` holds counts; one that cannot be judged counts as none, and is told.
//! Source: `docs/pack.md`, "The pack".

use crate::desk::Desk;
use board::Reading;
use casework::{Around, Case};
use identity::Roster;
use model::{CivilDate, Instant, PersonId, RecordId, UnitId};
use regulation::{Condition, DutyRoster, LineSources, RegisterId, Scope, TimeOfDay, UnitsOf, Value, Zone};
use store::{CasePart, StoreError};

/// A source of lines that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSource {
    /// Its record.
    pub record: RecordId,
    /// The unit the record belongs to.
    pub unit: UnitId,
    /// Its name.
    pub name: String,
    /// The address or network it sends from, as it was filled in.
    pub network: String,
    /// By how many seconds its times are ahead of UTC where it writes no zone.
    pub offset: i32,
}

/// What a register of sources says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedSources {
    /// Those in force, in the order they were filed.
    pub sources: Vec<LineSource>,
    /// Records of which it cannot be told whether they are in force, or what they say.
    pub unclear: Vec<RecordId>,
}

/// What was read when: as long as it is the same, so is what the register says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourcesRead {
    version: u32,
    revision: u64,
    today: CivilDate,
}

/// To which units accounts and terminals belong, as registers say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedUnits {
    /// Accounts, by what lines call them.
    pub accounts: Vec<(String, UnitId)>,
    /// Terminals, by the address or network they stand at, as it was filled in.
    pub terminals: Vec<(String, UnitId)>,
}

/// What was read when of both registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitsRead(SourcesRead, u64);

/// Cases read at a time.
const PAGE: usize = 500;

impl Desk {
    /// Who sends lines, where that may have changed since `read`, which is brought up to date.
    ///
    /// # Errors
    /// The tables failed.
    pub fn line_sources(&self, read: &mut Option<SourcesRead>) -> Result<Option<ListedSources>, StoreError> {
        let (seen, now) = (self.seen(), self.clock.now());
        let (Some(pack), Some(shelf)) = (seen.packs.current(), seen.packs.shelf()) else { return Ok(None) };
        let of = pack.line_sources.as_ref();
        let revision = of.map_or(0, |of| self.revision(&of.register));
        let this = SourcesRead { version: pack.version, revision, today: pack.zone.date(now) };
        if *read == Some(this) {
            return Ok(None);
        }
        let mut listed = ListedSources::default();
        if let Some(of) = of {
            self.pool.with(|sql| {
                let (reading, roster) =
                    (Reading::new(sql, &seen.layout), Roster::new(&seen.roster, pack, now));
                let around = Around { shelf: &shelf, records: &reading, directory: &roster, now };
                let judged = |scope: &dyn Scope, case: &Case| judge(of, scope, case);
                list(&reading, &of.register, around, judged, (&mut listed.sources, &mut listed.unclear))
            })?;
        }
        *read = Some(this);
        Ok(Some(listed))
    }

    /// Who is on duty at a moment, by the register that the pack names, each with the unit of the shift. A record that cannot
    /// be judged puts nobody on duty.
    ///
    /// # Errors
    /// The tables failed.
    pub fn on_duty(&self, at: Instant) -> Result<Vec<(PersonId, UnitId)>, StoreError> {
        let seen = self.seen();
        let (Some(pack), Some(shelf)) = (seen.packs.current(), seen.packs.shelf()) else {
            return Ok(Vec::new());
        };
        let Some(of) = pack.duty_roster.as_ref() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.pool.with(|sql| {
            let (reading, roster) = (Reading::new(sql, &seen.layout), Roster::new(&seen.roster, pack, at));
            let around = Around { shelf: &shelf, records: &reading, directory: &roster, now: at };
            let judged = |scope: &dyn Scope, case: &Case| duty(of, scope, case, at, &pack.zone);
            list(&reading, &of.register, around, judged, (&mut found, &mut Vec::new()))
        })?;
        Ok(found)
    }

    /// To which units accounts and terminals belong, where that may have changed since `read`, which is brought up to
    /// date. What cannot be told of a record is left out.
    ///
    /// # Errors
    /// The tables failed.
    pub fn watched_units(&self, read: &mut Option<UnitsRead>) -> Result<Option<ListedUnits>, StoreError> {
        let (seen, now) = (self.seen(), self.clock.now());
        let (Some(pack), Some(shelf)) = (seen.packs.current(), seen.packs.shelf()) else { return Ok(None) };
        let (accounts, terminals) =
            (pack.watched_units.accounts.as_ref(), pack.watched_units.terminals.as_ref());
        let revision = |of: Option<&UnitsOf>| of.map_or(0, |of| self.revision(&of.register));
        let (version, today) = (pack.version, pack.zone.date(now));
        let this =
            UnitsRead(SourcesRead { version, revision: revision(accounts), today }, revision(terminals));
        if *read == Some(this) {
            return Ok(None);
        }
        let mut listed = ListedUnits::default();
        self.pool.with(|sql| {
            let (reading, roster) = (Reading::new(sql, &seen.layout), Roster::new(&seen.roster, pack, now));
            let around = Around { shelf: &shelf, records: &reading, directory: &roster, now };
            for (of, into) in [(accounts, &mut listed.accounts), (terminals, &mut listed.terminals)] {
                let Some(of) = of else { continue };
                let judged = |scope: &dyn Scope, _: &Case| unit_of(of, scope);
                list(&reading, &of.register, around, judged, (into, &mut Vec::new()))?;
            }
            Ok::<_, StoreError>(())
        })?;
        *read = Some(this);
        Ok(Some(listed))
    }
}

/// Whom a record puts on duty at a moment; nothing inside where nobody, none where it cannot be told.
fn duty(
    of: &DutyRoster,
    scope: &dyn Scope,
    case: &Case,
    at: Instant,
    zone: &Zone,
) -> Option<Option<(PersonId, UnitId)>> {
    if of.holds.holds(scope).ok()? != Some(true) {
        return Some(None);
    }
    let moment = |condition: &Condition, days: i64| match condition.eval(scope).ok()? {
        Value::Moment(moment) => Some(moment),
        Value::Date(date) => Some(zone.moment(date.plus_days(days), TimeOfDay::START)),
        _ => None,
    };
    // The last day is one of those.
    if at < moment(&of.from, 0)? || at >= moment(&of.until, 1)? {
        return Some(None);
    }
    let Value::Person(person) = of.person.eval(scope).ok()? else { return None };
    Some(Some((person, case.unit)))
}

/// What a record says of a unit; nothing inside where it does not count, none where it cannot be told.
fn unit_of(of: &UnitsOf, scope: &dyn Scope) -> Option<Option<(String, UnitId)>> {
    if of.holds.holds(scope).ok()? != Some(true) {
        return Some(None);
    }
    let Value::Unit(unit) = of.unit.eval(scope).ok()? else { return None };
    Some(Some((text(&of.name, scope)?, unit)))
}

fn text(condition: &Condition, scope: &dyn Scope) -> Option<String> {
    match condition.eval(scope).ok()? {
        Value::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// What `judge` makes of each open record of a register, and records of which it cannot tell.
fn list<T>(
    reading: &Reading<'_>,
    register: &RegisterId,
    around: Around<'_>,
    judge: impl Fn(&dyn Scope, &Case) -> Option<Option<T>>,
    (found, unclear): (&mut Vec<T>, &mut Vec<RecordId>),
) -> Result<(), StoreError> {
    let part = CasePart { register, states: &[], since: None };
    let mut after = None;
    loop {
        let cases = reading.ask(|sql, layout| sql.cases_open(layout, part, after, PAGE))?;
        let Some((last, _)) = cases.last() else { return Ok(()) };
        after = Some(*last);
        for (_, case) in &cases {
            let judged = casework::seen(around, case).ok().map(|scope| judge(&scope, case));
            match judged.flatten() {
                Some(Some(one)) => found.push(one),
                Some(None) => {}
                None => unclear.push(case.record),
            }
        }
        reading.sound()?;
    }
}

/// A record as a source; nothing inside where it is not in force, none where it cannot be told.
fn judge(of: &LineSources, scope: &dyn Scope, case: &Case) -> Option<Option<LineSource>> {
    if of.holds.holds(scope).ok()? != Some(true) {
        return Some(None);
    }
    let Value::Number(hours) = of.offset.eval(scope).ok()? else { return None };
    let seconds = hours.millionths().checked_mul(3_600)? / 1_000_000;
    Some(Some(LineSource {
        record: case.record,
        unit: case.unit,
        name: text(&of.name, scope)?,
        network: text(&of.network, scope)?,
        offset: i32::try_from(seconds).ok()?,
    }))
}

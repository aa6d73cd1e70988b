//! Whose turn it is: the table `turn`, brought up to date after what was applied.
//!
//! Rows follow from a case, the rules of its pack, the records it refers to, the tree of units, and the moment. They
//! are made anew for a case when it is touched, when a record it refers to (over one reference or two) is touched and
//! its rules look beyond it, and when a unit comes to lie below another one; for all when the tables were not looked at
//! up to their position, as after a rebuilding or a crash, or when another version of the pack came in force. Who holds
//! a role, and who stands in for whom, is asked when a list is read, so that it needs no row.
//! Limit: a rule that asks for the day or the hour is answered as of the last time the case was looked at.

use super::{Projection, parsed};
use crate::error::StoreError;
use crate::fold::{Below, Known, Touched};
use crate::layout::Packs;
use crate::reading::Holders;
use crate::sql::{Sql, Value};
use casework::{Addressee, Around, Case};
use identity::{Roster, Subject};
use model::{Instant, RecordId, UnitId};
use regulation::{ActorRule, HeldIn, Pack, Register, RegisterId, RolePlace, Signers, Step, When, Who};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be looked at.
#[derive(Debug, Default)]
pub(super) struct Stale {
    /// Everything.
    all: bool,
    /// The tree of units may be another one.
    units: bool,
    records: BTreeSet<RecordId>,
    /// The tree of units as it was when it was looked at.
    tree: BTreeMap<UnitId, Option<UnitId>>,
}

impl Stale {
    /// As the tables have it.
    pub(super) fn new(sql: &mut Sql, position: u64) -> Result<Self, StoreError> {
        // Tables of another version have no such table, and are made anew.
        let seen = match super::is_of_this_version(sql)? {
            true => sql.row("SELECT position FROM turned WHERE one = 1", &[])?.and_then(|row| row.entry(0)),
            false => None,
        };
        Ok(Self { all: seen != Some(position), ..Self::default() })
    }

    /// A version that was published while others were in force may hold roles elsewhere.
    pub(super) fn published(&mut self, before: &Packs, after: &Packs) {
        self.all |= !before.0.is_empty() && before.0.len() != after.0.len();
    }

    pub(super) fn add(&mut self, touched: &Touched) {
        self.records.extend(&touched.cases);
        self.units |= touched.identity.iter().any(|subject| matches!(subject, Subject::Unit(_)));
    }
}

/// The rows of one case.
struct Rows {
    opened: u64,
    rows: Vec<Vec<Value>>,
}

/// Cases looked at before what was found is written.
const AT_ONCE: usize = 2_000;

impl Projection {
    /// Brings the table of turns up to date with what was applied. Without it, lists go by what was there before.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`: it is done again, for all, the next time.
    pub fn refresh_turns(&mut self, now: Instant) -> Result<(), StoreError> {
        let packs = self.packs.clone();
        if packs.current().is_none() {
            return Ok(());
        }
        let mut stale = std::mem::take(&mut self.stale);
        let done = self.refresh(&mut stale, &packs, now);
        self.stale = Stale { all: done.is_err(), tree: stale.tree, ..Stale::default() };
        done
    }

    fn refresh(&self, stale: &mut Stale, packs: &Packs, now: Instant) -> Result<(), StoreError> {
        let waiting = registers(packs, may_wait);
        let moved = (stale.all || stale.units) && self.units_moved(stale);
        let records = match stale.all {
            true => self.running(&waiting)?,
            false => {
                let mut records = self.referring(&stale.records, &registers(packs, looks_beyond))?;
                if moved {
                    records.extend(self.running(&registers(packs, looks_at_units))?);
                }
                records.extend(&stale.records);
                records
            }
        };
        if stale.all {
            self.sql.borrow_mut().run("DELETE FROM turn", &[])?;
        }
        let records: Vec<RecordId> = records.into_iter().collect();
        let mut parts = records.chunks(AT_ONCE).peekable();
        loop {
            let rows = self.looked_at(parts.next().unwrap_or_default(), &waiting, packs, now)?;
            let last = parts.peek().is_none();
            self.sql.borrow_mut().within(|sql| {
                rows.iter().try_for_each(|rows| put(sql, rows))?;
                if last { turned(sql, self.position) } else { Ok(()) }
            })?;
            if last {
                return Ok(());
            }
        }
    }

    /// Notes the tree of units; does a unit lie elsewhere than it did?
    fn units_moved(&self, stale: &mut Stale) -> bool {
        let tree: BTreeMap<UnitId, Option<UnitId>> =
            self.roster.units().map(|unit| (unit.id, unit.superior)).collect();
        let moved = stale.tree.iter().any(|(unit, above)| tree.get(unit) != Some(above));
        stale.tree = tree;
        moved
    }

    /// The rows of these cases, where they are others than before.
    fn looked_at(
        &self,
        records: &[RecordId],
        waiting: &BTreeSet<RegisterId>,
        packs: &Packs,
        now: Instant,
    ) -> Result<Vec<Rows>, StoreError> {
        let (Some(pack), Some(shelf)) = (packs.current(), packs.shelf()) else { return Ok(Vec::new()) };
        let roster = Roster::new(&self.roster, pack, now);
        let around = Around { shelf: &shelf, records: self, directory: &roster, now };
        let mut changed = Vec::new();
        for record in records {
            let Known::Held(held) = Below::record(self, *record)? else { continue };
            if !waiting.contains(&held.case.register) {
                continue;
            }
            let rows = rows(around, &roster, &held.case, held.place.opened);
            if let Some(fault) = self.take_fault() {
                return Err(fault);
            }
            let text = "SELECT opened, person, role, unit, onward, due FROM turn WHERE opened = $1 \
                        ORDER BY person, role, unit";
            let there = self.sql.borrow_mut().rows(text, &[held.place.opened.into()])?;
            if !there.iter().map(|row| &row.0).eq(&rows) {
                changed.push(Rows { opened: held.place.opened, rows });
            }
        }
        Ok(changed)
    }

    /// Running records of some registers.
    fn running(&self, registers: &BTreeSet<RegisterId>) -> Result<BTreeSet<RecordId>, StoreError> {
        if registers.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut holders = Holders::default();
        let list = holders.list(registers.iter().map(|id| id.as_str()));
        let text = format!(
            "SELECT record FROM record WHERE register IN {list} AND state IS NOT NULL AND ending IS NULL"
        );
        let rows = self.sql.borrow_mut().rows(&text, &holders.0)?;
        rows.iter().map(|row| parsed(row, 0, "record")).collect()
    }

    /// Running records of some registers that refer to these, over one reference or two.
    fn referring(
        &self,
        records: &BTreeSet<RecordId>,
        registers: &BTreeSet<RegisterId>,
    ) -> Result<BTreeSet<RecordId>, StoreError> {
        let mut found = BTreeSet::new();
        if registers.is_empty() {
            return Ok(found);
        }
        let mut sql = self.sql.borrow_mut();
        for record in records {
            let mut holders = Holders::default();
            let target = holders.put(record.to_string());
            let list = holders.list(registers.iter().map(|id| id.as_str()));
            let runs = format!("r.state IS NOT NULL AND r.ending IS NULL AND r.register IN {list}");
            let text = format!(
                "SELECT r.record FROM mention m JOIN record r ON r.opened = m.opened \
                 WHERE m.target = {target} AND {runs} UNION \
                 SELECT r.record FROM mention a JOIN record b ON b.opened = a.opened \
                 JOIN mention m ON m.target = b.record JOIN record r ON r.opened = m.opened \
                 WHERE a.target = {target} AND {runs}"
            );
            let rows = sql.rows(&text, &holders.0)?;
            for row in &rows {
                found.insert(parsed(row, 0, "record")?);
            }
        }
        Ok(found)
    }
}

fn turned(sql: &mut Sql, position: u64) -> Result<(), StoreError> {
    let text = "INSERT INTO turned (one, position) VALUES (1, $1) \
                ON CONFLICT (one) DO UPDATE SET position = excluded.position";
    sql.run(text, &[position.into()]).map(drop)
}

fn put(sql: &mut Sql, rows: &Rows) -> Result<(), StoreError> {
    sql.run("DELETE FROM turn WHERE opened = $1", &[rows.opened.into()])?;
    sql.put("INSERT INTO turn (opened, person, role, unit, onward, due)", "", &rows.rows)
}

/// Whom a case waits for, in the order of the table's key. A rule that has no answer names nobody: nobody can take its
/// step either.
fn rows(around: Around<'_>, roster: &Roster<'_>, case: &Case, opened: u64) -> Vec<Vec<Value>> {
    let due = case.clocks.values().map(|running| running.due).min().map(|due| due.to_string());
    let mut turns: BTreeMap<(String, String, String), bool> = BTreeMap::new();
    for turn in casework::turns(around, case.record).unwrap_or_default() {
        for whose in spelled(roster, case, &turn) {
            *turns.entry(whose).or_default() |= turn.onward;
        }
    }
    let row = |((person, role, unit), onward): ((String, String, String), bool)| {
        vec![opened.into(), person.into(), role.into(), unit.into(), onward.into(), due.clone().into()]
    };
    turns.into_iter().map(row).collect()
}

/// Person, role and unit of each row for somebody a case waits for.
fn spelled(roster: &Roster<'_>, case: &Case, turn: &casework::Turn) -> Vec<(String, String, String)> {
    let (role, unit, above) = match &turn.whose {
        Addressee::Person(person) => return vec![(person.to_string(), String::new(), String::new())],
        Addressee::Role { role, unit, above } => (role, *unit, *above),
    };
    let city = roster.roles.get(role).is_some_and(|role| role.held_in == HeldIn::City);
    let units: Vec<String> = match unit.filter(|_| !city) {
        // Nothing waits for them, and they read what is their unit's.
        Some(unit) if !turn.onward && !above && unit == case.unit => Vec::new(),
        Some(unit) => {
            let above = roster.state.above(unit).filter(|_| above);
            [unit].into_iter().chain(above).map(|unit| unit.to_string()).collect()
        }
        None if city => vec![String::new()],
        // Whoever holds it, wherever.
        None => roster.state.units().map(|unit| unit.id.to_string()).collect(),
    };
    units.into_iter().map(|unit| (String::new(), role.to_string(), unit)).collect()
}

/// Registers of which a version has a step to be taken that a test holds of.
fn registers(packs: &Packs, test: fn(&Pack, &Step) -> bool) -> BTreeSet<RegisterId> {
    let of = |pack: &'_ Pack| -> Vec<RegisterId> {
        let taken =
            |register: &&Register| register.flow.steps.iter().any(|step| !step.opens() && test(pack, step));
        pack.registers.values().filter(taken).map(|register| register.id.clone()).collect()
    };
    packs.0.iter().flat_map(of).collect()
}

/// May a step name somebody who has a row?
fn may_wait(pack: &Pack, step: &Step) -> bool {
    let mut forward = step.outcomes.iter().filter(|(outcome, _)| outcome.is_forward()).peekable();
    if forward.peek().is_none() {
        return false;
    }
    let stays = forward.all(|(_, to)| step.from.iter().all(|from| from == to));
    let named = |rule: &ActorRule| match &rule.who {
        Who::Person(_) => true,
        Who::Role { role, place } => {
            let city = pack.roles.get(role).is_some_and(|role| role.held_in == HeldIn::City);
            !stays || city || !matches!(place, RolePlace::Own { above: false })
        }
        Who::System => false,
    };
    matches!(step.signers, Signers::Seats { .. }) || rules(step).any(named)
}

fn rules(step: &Step) -> impl Iterator<Item = &ActorRule> {
    let (by, if_short): (&[ActorRule], &[ActorRule]) = match &step.signers {
        Signers::People { by, if_short, .. } => (by, if_short),
        // Seats are reckoned once, and stand in the case.
        Signers::Seats { .. } => (&[], &[]),
    };
    by.iter().chain(if_short)
}

/// Does who may take a step depend on more than the record itself and its unit?
fn looks_beyond(_: &Pack, step: &Step) -> bool {
    let asks = |when: &When| matches!(when, When::If(_));
    let beyond = |rule: &ActorRule| {
        let who = match &rule.who {
            Who::Person(_) => true,
            Who::Role { place, .. } => matches!(place, RolePlace::Unit { .. }),
            Who::System => false,
        };
        who || asks(&rule.when)
    };
    asks(&step.when) || rules(step).any(beyond)
}

/// Does who may take a step depend on which units lie above others?
fn looks_at_units(pack: &Pack, step: &Step) -> bool {
    let above = |rule: &ActorRule| match &rule.who {
        Who::Role { place, .. } => !matches!(place, RolePlace::Own { above: false }),
        Who::Person(_) | Who::System => false,
    };
    looks_beyond(pack, step) || rules(step).any(above)
}

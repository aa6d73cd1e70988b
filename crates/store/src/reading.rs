//! Reading: who sees which records, as one predicate for lists, counts, search, export and live events.
//!
//! A register says whose records people read (their own unit's, its subtree's, the city's), which roles read all, and
//! who reads as a party; and whoever a case waits for reads it. The grade always limits. [`Reader::predicate`] is the same rule as [`Reader::may_read`]; a
//! property test holds the two together.
//! Source: `docs/pack.md`, "Registers", `[reading]`; `docs/adr/0012-store.md`.

use crate::layout::{Layout, Packs};
use crate::sql::Value;
use model::{PersonId, UnitId};
use regulation::{ReadingUnits, Register, RegisterId, RoleId};
use std::collections::{BTreeMap, BTreeSet};

/// Identifiers within one statement.
pub(crate) const NAMED: usize = 500;

/// Whoever reads, with all that decides what they see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Who.
    pub person: PersonId,
    /// Roles held, wherever.
    pub roles: BTreeSet<RoleId>,
    /// Units in which a role is held.
    pub own: BTreeSet<UnitId>,
    /// These and all units below them.
    pub subtree: BTreeSet<UnitId>,
    /// Roles held, each with its unit, none for one of the whole city: their own, and those of whom they stand in for.
    pub seats: BTreeSet<(RoleId, Option<UnitId>)>,
    /// Whom they stand in for.
    pub principals: BTreeSet<PersonId>,
    /// Height of the highest grade they are cleared for; none: they read nothing.
    pub ceiling: Option<i64>,
    /// Only records of these units and below: what the page's unit switcher shows. All where absent.
    pub focus: Option<BTreeSet<UnitId>>,
}

/// What of a record decides whether it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readable {
    /// The unit it belongs to.
    pub unit: UnitId,
    /// Height of its grade.
    pub grade: i64,
    /// Did the reader act on it, or is the reader named in it?
    pub party: bool,
    /// Does it wait for the reader, or for whom they stand in for?
    pub turn: bool,
}

/// Values of a statement in the making.
#[derive(Debug, Default)]
pub(crate) struct Holders(pub(crate) Vec<Value>);

impl Holders {
    /// Puts a value and gives its holder.
    pub(crate) fn put(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }

    /// Puts several and gives `(…, …)`.
    pub(crate) fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> String {
        let list: Vec<String> = values.into_iter().map(|value| self.put(value)).collect();
        format!("({})", list.join(", "))
    }
}

/// Whose records a reader sees in a register, before parties and grades.
enum Scope<'r> {
    All,
    Units(&'r BTreeSet<UnitId>),
}

impl Reader {
    fn scope(&self, register: &Register) -> Scope<'_> {
        if register.reading.roles.iter().any(|role| self.roles.contains(role)) {
            return Scope::All;
        }
        match register.reading.units {
            ReadingUnits::City => Scope::All,
            ReadingUnits::Own => Scope::Units(&self.own),
            ReadingUnits::Subtree => Scope::Units(&self.subtree),
        }
    }

    /// Is the record read?
    #[must_use]
    pub fn may_read(&self, register: &Register, record: &Readable) -> bool {
        let scoped = match self.scope(register) {
            Scope::All => true,
            Scope::Units(units) => units.contains(&record.unit),
        };
        let focused = self.focus.as_ref().is_none_or(|units| units.contains(&record.unit));
        self.ceiling.is_some_and(|ceiling| record.grade <= ceiling)
            && focused
            && (scoped || record.party || record.turn)
    }

    /// The same as a condition over a table with the columns `opened`, `unit` and `grade`.
    pub(crate) fn predicate(&self, register: &Register, holders: &mut Holders) -> String {
        let graded = self.graded(holders);
        let Scope::Units(units) = self.scope(register) else { return graded };
        let (scoped, named) = (among("unit", units, holders), self.named(holders));
        format!("{graded} AND ({scoped} OR opened IN ({named}))")
    }

    /// What limits them in every register.
    fn graded(&self, holders: &mut Holders) -> String {
        let Some(ceiling) = self.ceiling else { return "1 = 0".to_owned() };
        let graded = format!("grade <= {}", holders.put(ceiling));
        match &self.focus {
            Some(focus) => format!("{graded} AND {}", among("unit", focus, holders)),
            None => graded,
        }
    }

    /// The part of [`Self::predicate`] that hangs on unit and grade alone: records of the units whose records they read.
    pub(crate) fn predicate_within(&self, register: &Register, holders: &mut Holders) -> String {
        let graded = self.graded(holders);
        match self.scope(register) {
            Scope::All => graded,
            Scope::Units(units) => format!("{graded} AND {}", among("unit", units, holders)),
        }
    }

    /// The rest of it: records of other units, which they read only where they are named; none where they read all.
    pub(crate) fn predicate_beyond(&self, register: &Register, holders: &mut Holders) -> Option<String> {
        let Scope::Units(units) = self.scope(register) else { return None };
        let graded = self.graded(holders);
        Some(format!("{graded} AND NOT ({})", among("unit", units, holders)))
    }

    /// Records that they are a party to, or that wait for them, as a question.
    pub(crate) fn named(&self, holders: &mut Holders) -> String {
        let person = holders.put(self.person.to_string());
        format!("SELECT opened FROM party WHERE person = {person} UNION ALL {}", self.turns("", holders))
    }

    /// Which records wait for them, as a question; `more` is asked of each turn as well.
    pub(crate) fn turns(&self, more: &str, holders: &mut Holders) -> String {
        let people = self.principals.iter().chain([&self.person]).map(ToString::to_string);
        let people = holders.list(people);
        let mut each =
            vec![format!("SELECT opened FROM turn WHERE person IN {people} AND person <> ''{more}")];
        let mut roles: BTreeMap<&RoleId, BTreeSet<String>> = BTreeMap::new();
        for (role, unit) in &self.seats {
            // One of the whole city is asked for in no unit.
            let unit = unit.as_ref().map(ToString::to_string).unwrap_or_default();
            roles.entry(role).or_default().insert(unit);
        }
        for (role, units) in roles {
            let (role, units) = (holders.put(role.as_str()), holders.list(units));
            each.push(format!(
                "SELECT opened FROM turn WHERE role = {role} AND role <> '' AND unit IN {units}{more}"
            ));
        }
        each.join(" UNION ALL ")
    }

    /// The condition over table `record` for records of all registers.
    pub(crate) fn predicate_everywhere(
        &self,
        packs: &Packs,
        layout: &Layout,
        holders: &mut Holders,
    ) -> String {
        self.everywhere(packs, layout, holders, |rule, holders| Some(self.predicate(rule, holders)))
    }

    /// The same for records that they read only where they are named.
    pub(crate) fn predicate_beyond_everywhere(
        &self,
        packs: &Packs,
        layout: &Layout,
        holders: &mut Holders,
    ) -> String {
        self.everywhere(packs, layout, holders, |rule, holders| self.predicate_beyond(rule, holders))
    }

    /// A condition for each register that has one.
    fn everywhere(
        &self,
        packs: &Packs,
        layout: &Layout,
        holders: &mut Holders,
        predicate: impl Fn(&Register, &mut Holders) -> Option<String>,
    ) -> String {
        // Registers with the same rule share a part.
        let mut rules: BTreeMap<String, (Vec<&RegisterId>, &Register)> = BTreeMap::new();
        for id in layout.sheets.keys() {
            let Some(register) = packs.latest(id) else { continue };
            let rule = match self.scope(register) {
                Scope::All => "all".to_owned(),
                Scope::Units(_) => format!("{:?}", register.reading.units),
            };
            rules.entry(rule).or_insert_with(|| (Vec::new(), register)).0.push(id);
        }
        let mut parts = Vec::new();
        for (registers, rule) in rules.values() {
            let Some(predicate) = predicate(rule, holders) else { continue };
            let list = holders.list(registers.iter().map(|id| id.as_str()));
            parts.push(format!("(register IN {list} AND {predicate})"));
        }
        if parts.is_empty() { "1 = 0".to_owned() } else { format!("({})", parts.join(" OR ")) }
    }
}

pub(crate) fn among(column: &str, units: &BTreeSet<UnitId>, holders: &mut Holders) -> String {
    if units.is_empty() {
        return "1 = 0".to_owned();
    }
    format!("{column} IN {}", holders.list(units.iter().map(ToString::to_string)))
}

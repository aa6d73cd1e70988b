//! Roles, grades, and rules that say who may act.
//!
//! Source: `docs/pack.md`, "Roles", "Grades", "Who".

use crate::condition::Condition;
use crate::field::When;
use crate::label::Label;
use crate::word::{ClauseId, GradeId, RoleId};
use model::Evidence;

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub label: Label,
    /// What its holder does.
    pub help: Option<Label>,
    /// Where it is held.
    pub held_in: HeldIn,
    /// At most so many holders in a unit (in the city, for a role held there).
    pub most: Option<u32>,
    /// Roles one person may not hold beside it; holds both ways.
    pub incompatible: Vec<RoleId>,
    /// May its holder be stood in for?
    pub deputy: bool,
    /// Does its holder administer the system? Then it is used at management terminals and at the console only.
    pub administrator: bool,
    /// The clauses it comes from.
    pub clauses: Vec<ClauseId>,
}

/// Where a role is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeldIn {
    /// For the whole installation.
    City,
    /// In one unit at a time.
    Unit,
}

/// A grade of confidentiality. The pack lists them, the lowest first.
#[derive(Debug, Clone)]
pub struct Grade {
    /// Its id.
    pub id: GradeId,
    /// Its name.
    pub label: Label,
    /// The least signature on its records, grades below included.
    pub sign: Evidence,
    /// Are its records kept on paper, this grade or one below saying so?
    pub paper: bool,
    /// Is everybody cleared for it, this grade or one above saying so? Always true of the lowest.
    pub cleared: bool,
}

/// Who may act. One rule; where several are listed any one suffices.
#[derive(Debug, Clone)]
pub struct ActorRule {
    /// Who.
    pub who: Who,
    /// The rule counts only then.
    pub when: When,
}

/// Who.
#[derive(Debug, Clone)]
pub enum Who {
    /// This person, or these people: a condition of type person or list of persons.
    Person(Condition),
    /// Holders of a role.
    Role {
        /// The role.
        role: RoleId,
        /// Where.
        place: RolePlace,
    },
    /// Nobody: a duty, a clock, an effect, a machine.
    System,
}

/// Where a role must be held.
#[derive(Debug, Clone)]
pub enum RolePlace {
    /// Anywhere.
    Anywhere,
    /// In the unit of the record.
    Own {
        /// Or in any unit above it.
        above: bool,
    },
    /// In the unit this condition yields.
    Unit {
        /// The condition, of type unit.
        unit: Condition,
        /// Or in any unit above it.
        above: bool,
    },
}

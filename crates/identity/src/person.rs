//! People: what is known of them, the roles they hold, their deputies, their authenticators.
//!
//! Invariant: what is personal stands together in [`Details`], so that it can be forgotten without a trace while
//! the person's acts keep their author.
//! Does not: hold a password, a session, or any secret.

use crate::text::{Line, Login, Mail, Phone};
use casework::Appointment;
use model::{Instant, PersonId, UnitId};
use proof::signature::Credential;
use regulation::{GradeId, RoleId};
use serde::{Deserialize, Serialize};

/// Personal data; sealed in the ledger under the person's own data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The person's name.
    pub name: Line,
    /// The account name.
    pub login: Login,
    /// 職稱.
    pub title: Line,
    /// Where mail goes.
    pub mail: Mail,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id, for life.
    pub id: PersonId,
    /// Personal data; none once it was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// Account names the person had before; nobody else is given one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_logins: Vec<Login>,
    /// The unit the person belongs to.
    pub home: UnitId,
    /// When the person was registered.
    pub registered_at: Instant,
    /// When the person left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Instant>,
    /// Roles held now and to be held; those past stay until the role is granted anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holdings: Vec<Holding>,
    /// The grade the person was cleared for beyond what everybody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<GradeId>,
    /// Those who stand in for the person, past and to come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deputies: Vec<Standing>,
    /// Authenticators the person has or had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Authenticator>,
}

/// A role held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The role.
    pub role: RoleId,
    /// In which unit; none for the whole installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// From this moment on.
    pub from: Instant,
    /// Up to, but not including, this moment; without end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

/// A deputy's appointment by, or for, one principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who stands in.
    pub deputy: PersonId,
    /// From this moment on.
    pub from: Instant,
    /// Up to, but not including, this moment. A revocation brings it forward.
    pub until: Instant,
    /// Has the deputy acknowledged it?
    pub deputy_knows: bool,
    /// Has the principal?
    pub principal_knows: bool,
}

/// One of the two an appointment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Who stands in.
    Deputy,
    /// For whom.
    Principal,
}

/// An authenticator with its public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    /// What checks its signatures.
    pub credential: Credential,
    /// When it was added.
    pub added_at: Instant,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Instant>,
}

impl Person {
    /// Is the person still here?
    #[must_use]
    pub const fn here(&self) -> bool {
        self.left_at.is_none()
    }

    /// Roles held at a moment; nobody who has left holds any.
    pub fn held(&self, now: Instant) -> impl Iterator<Item = &Holding> {
        self.holdings.iter().filter(move |one| self.here() && one.covers(now))
    }
}

impl Holding {
    /// Is it held at this moment?
    #[must_use]
    pub fn covers(&self, now: Instant) -> bool {
        self.from <= now && !self.over(now)
    }

    /// Is it past?
    #[must_use]
    pub fn over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Is there a moment at which both are held?
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let starts_before_end = |one: &Self, other: &Self| other.until.is_none_or(|until| one.from < until);
        starts_before_end(self, other) && starts_before_end(other, self)
    }
}

impl Standing {
    /// As casework sees it.
    #[must_use]
    pub const fn appointment(&self, principal: PersonId) -> Appointment {
        let told = self.deputy_knows && self.principal_knows;
        Appointment { deputy: self.deputy, principal, from: self.from, until: self.until, told }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(from: i64, until: Option<i64>) -> Holding {
        let at = |second: i64| Instant::from_micros(second * 1_000_000).unwrap();
        Holding { role: "clerk".parse().unwrap(), unit: None, from: at(from), until: until.map(at) }
    }

    #[test]
    fn a_holding_covers_its_first_moment_and_not_its_last() {
        let one = held(10, Some(20));
        let covers: Vec<bool> =
            [9, 10, 19, 20].map(|second| one.covers(held(second, None).from)).into_iter().collect();
        assert_eq!(covers, [false, true, true, false]);
    }

    #[test]
    fn holdings_that_follow_each_other_do_not_meet() {
        for (one, other, expected) in [
            (held(0, Some(10)), held(10, None), false),
            (held(0, Some(11)), held(10, None), true),
            (held(0, None), held(10, Some(11)), true),
            (held(5, Some(6)), held(0, Some(5)), false),
        ] {
            assert_eq!((one.meets(&other), other.meets(&one)), (expected, expected), "{one:?} {other:?}");
        }
    }
}

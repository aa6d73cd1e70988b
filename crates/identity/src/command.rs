//! Commands: what somebody asks to be done about people and units.
//!
//! Invariant: only the console, or a person whom the policies were asked about, gives one.

use crate::person::Details;
use crate::policy::Verdict;
use crate::terminal::Fingerprint;
use crate::text::{Code, Line, Names};
use model::{Instant, Person, PersonId, TerminalId, UnitId};
use proof::signature::Credential;
use regulation::{GradeId, RoleId};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Whoever sits at the machine itself: the first units and the first steward are made there.
    Console,
    /// A person, with what the policies said.
    Person(Permitted),
}

/// A person whose session was looked at, with what the policies said of the act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    actor: Person,
    verdict: Verdict,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// One of the two an appointment is about has taken note of it.
    AcknowledgeDeputy {
        /// For whom.
        principal: PersonId,
        /// Who stands in.
        deputy: PersonId,
        /// The appointment's first moment.
        from: Instant,
    },
    /// An authenticator is to count from now on. Whoever gives the command has checked its registration.
    AddCredential {
        /// With its owner.
        credential: Box<Credential>,
    },
    /// Somebody is to stand in for somebody.
    AppointDeputy {
        /// For whom.
        principal: PersonId,
        /// Who stands in.
        deputy: PersonId,
        /// From this moment on; from now when absent.
        from: Option<Instant>,
        /// Up to, but not including, this moment.
        until: Instant,
    },
    /// What is known of a person is to be changed.
    ChangePerson {
        /// Whom.
        person: PersonId,
        /// All that is known then.
        details: Details,
        /// The unit the person belongs to then.
        home: UnitId,
    },
    /// A unit is to be changed.
    ChangeUnit {
        /// Which.
        unit: UnitId,
        /// Its name then.
        names: Names,
        /// Its code then.
        code: Code,
        /// The unit directly above it then.
        superior: Option<UnitId>,
    },
    /// A unit is to be closed.
    CloseUnit {
        /// Which.
        unit: UnitId,
    },
    /// A unit is to be created.
    CreateUnit {
        /// Its id, freshly drawn.
        unit: UnitId,
        /// Its name.
        names: Names,
        /// Its code.
        code: Code,
        /// The unit directly above.
        superior: Option<UnitId>,
    },
    /// A person is no longer to hold a role.
    EndRole {
        /// Whom.
        person: PersonId,
        /// The role.
        role: RoleId,
        /// The unit it is held in.
        unit: Option<UnitId>,
        /// The first moment of the holding; the earliest that is not past when absent.
        from: Option<Instant>,
    },
    /// A person is to be cleared for a grade and those below it.
    GrantClearance {
        /// Whom.
        person: PersonId,
        /// The grade.
        grade: GradeId,
    },
    /// A person is to hold a role.
    GrantRole {
        /// Whom.
        person: PersonId,
        /// The role.
        role: RoleId,
        /// The unit; none for a role of the whole installation.
        unit: Option<UnitId>,
        /// From this moment on; from now when absent.
        from: Option<Instant>,
        /// Up to, but not including, this moment; without end when absent.
        until: Option<Instant>,
    },
    /// A person leaves: all that is held, appointed or registered ends with it.
    RecordLeaving {
        /// Whom.
        person: PersonId,
    },
    /// A person is to be registered.
    RegisterPerson {
        /// The id, freshly drawn.
        person: PersonId,
        /// What is known.
        details: Details,
        /// The unit the person belongs to.
        home: UnitId,
    },
    /// A terminal is to be known by its certificate.
    RegisterTerminal {
        /// Its id, freshly drawn.
        terminal: TerminalId,
        /// What people call it.
        name: Line,
        /// The certificate it shows.
        fingerprint: Fingerprint,
        /// The unit it belongs to; none for one that any unit may use.
        unit: Option<UnitId>,
        /// May administrators' roles be used at it?
        management: bool,
    },
    /// A terminal is no longer to count.
    RemoveTerminal {
        /// Which.
        terminal: TerminalId,
    },
    /// An authenticator is no longer to count.
    RevokeCredential {
        /// Its id.
        credential: Vec<u8>,
    },
    /// An appointment is to end now.
    RevokeDeputy {
        /// For whom.
        principal: PersonId,
        /// Who stands in.
        deputy: PersonId,
        /// The appointment's first moment.
        from: Instant,
    },
    /// A person is to be cleared for what everybody is, and no more.
    WithdrawClearance {
        /// Whom.
        person: PersonId,
    },
}

impl Permitted {
    /// Made by whoever has asked the policies; see [`crate::Policies::permits`].
    #[must_use]
    pub const fn by_policy(actor: Person, verdict: Verdict) -> Self {
        Self { actor, verdict }
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Person {
        &self.actor
    }

    /// What the policies said.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

impl Command {
    /// Is it an act on oneself that needs no policy? A policy that forbids it still counts.
    #[must_use]
    pub fn own_act(&self, actor: &Person) -> bool {
        if actor.acting_for.is_some() {
            return false;
        }
        match self {
            Self::AppointDeputy { principal, .. } | Self::RevokeDeputy { principal, .. } => {
                *principal == actor.person
            }
            Self::AcknowledgeDeputy { principal, deputy, .. } => {
                [*principal, *deputy].contains(&actor.person)
            }
            _ => false,
        }
    }
}

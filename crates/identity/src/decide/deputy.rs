//! Deputies: appointed, acknowledged by each of the two, revoked.

use super::Deciding;
use crate::command::By;
use crate::event::Body;
use crate::person::{Side, Standing};
use crate::refusal::Refusal;
use model::{Instant, PersonId};

impl Deciding<'_> {
    /// Whoever of the two appoints has acknowledged by it.
    pub(super) fn appoint(
        &mut self,
        principal: PersonId,
        deputy: PersonId,
        from: Option<Instant>,
        until: Instant,
    ) -> Result<(), Refusal> {
        let found = self.here(principal)?;
        self.here(deputy)?;
        if principal == deputy {
            return Err(Refusal::DeputyForOneself);
        }
        self.for_another(deputy)?;
        let from = self.beginning(from, Some(until))?;
        let meets = |one: &Standing| one.deputy == deputy && one.from < until && from < one.until;
        if found.deputies.iter().any(meets) {
            return Err(Refusal::DeputyTwice);
        }
        self.emit_person(found, Body::DeputyAppointed { deputy, from, until });
        if self.person_acting() == Some(principal) {
            self.emit_person(found, Body::DeputyAcknowledged { deputy, from, by: Side::Principal });
        }
        Ok(())
    }

    pub(super) fn acknowledge(
        &mut self,
        principal: PersonId,
        deputy: PersonId,
        from: Instant,
    ) -> Result<(), Refusal> {
        let found = self.here(principal)?;
        let standing = self.standing(principal, deputy, from)?;
        let (by, known) = match self.person_acting() {
            Some(person) if person == deputy => (Side::Deputy, standing.deputy_knows),
            Some(person) if person == principal => (Side::Principal, standing.principal_knows),
            _ => return Err(Refusal::NotParty),
        };
        if known {
            return Err(Refusal::Acknowledged);
        }
        self.emit_person(found, Body::DeputyAcknowledged { deputy, from, by });
        Ok(())
    }

    pub(super) fn revoke(
        &mut self,
        principal: PersonId,
        deputy: PersonId,
        from: Instant,
    ) -> Result<(), Refusal> {
        let found = self.here(principal)?;
        self.standing(principal, deputy, from)?;
        self.emit_person(found, Body::DeputyRevoked { deputy, from });
        Ok(())
    }

    /// The appointment, unless it is over.
    fn standing(&self, principal: PersonId, deputy: PersonId, from: Instant) -> Result<Standing, Refusal> {
        let found = self.roster.state.standing(principal, deputy, from).copied();
        found.filter(|one| one.until > self.roster.now).ok_or(Refusal::NoAppointment)
    }

    /// The person who acts on their own behalf.
    const fn person_acting(&self) -> Option<PersonId> {
        match self.by {
            By::Person(permitted) if permitted.actor().acting_for.is_none() => Some(permitted.actor().person),
            _ => None,
        }
    }
}

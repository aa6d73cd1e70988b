//! People: registered, changed, leaving; their clearance and their authenticators.

use super::Deciding;
use crate::event::{Body, Subject};
use crate::person::Details;
use crate::refusal::Refusal;
use model::{PersonId, UnitId};
use proof::signature::Credential;
use regulation::GradeId;

impl Deciding<'_> {
    pub(super) fn register_person(
        &mut self,
        person: PersonId,
        details: &Details,
        home: UnitId,
    ) -> Result<(), Refusal> {
        if self.roster.state.person(person).is_some() {
            return Err(Refusal::IdTaken);
        }
        self.open_unit(home)?;
        self.free_login(person, details)?;
        let body = Body::PersonRegistered { details: details.clone(), home };
        self.emit(Subject::Person(person), Some(home), body);
        Ok(())
    }

    pub(super) fn change_person(
        &mut self,
        person: PersonId,
        details: &Details,
        home: UnitId,
    ) -> Result<(), Refusal> {
        let before = self.here(person)?;
        self.open_unit(home)?;
        self.free_login(person, details)?;
        if before.home == home && before.details.as_ref() == Some(details) {
            return Err(Refusal::NothingChanges);
        }
        let body = Body::PersonChanged { details: details.clone(), home };
        self.emit(Subject::Person(person), Some(home), body);
        Ok(())
    }

    fn free_login(&self, person: PersonId, details: &Details) -> Result<(), Refusal> {
        let owner = self.roster.state.person_of_login(details.login.as_str());
        owner.filter(|owner| *owner != person).map_or(Ok(()), |owner| Err(Refusal::LoginTaken(owner)))
    }

    /// Everything that rests on the person being here ends first; the leaving itself comes last.
    pub(super) fn record_leaving(&mut self, person: PersonId) -> Result<(), Refusal> {
        let (state, now) = (self.roster.state, self.roster.now);
        let leaver = self.here(person)?;
        for holding in leaver.holdings.iter().filter(|holding| !holding.over(now)) {
            let (role, unit, from) = (holding.role.clone(), holding.unit, holding.from);
            let charged = Some(unit.unwrap_or(leaver.home));
            self.emit(Subject::Person(person), charged, Body::RoleEnded { role, unit, from });
        }
        for one in state.appointments(person).into_iter().filter(|one| one.until > now) {
            if let Some(principal) = state.person(one.principal) {
                self.emit_person(principal, Body::DeputyRevoked { deputy: one.deputy, from: one.from });
            }
        }
        for key in leaver.keys.iter().filter(|key| key.revoked_at.is_none()) {
            let credential = key.credential.credential.clone();
            self.emit_person(leaver, Body::CredentialRevoked { credential });
        }
        if leaver.cleared.is_some() {
            self.emit_person(leaver, Body::ClearanceWithdrawn {});
        }
        self.emit_person(leaver, Body::PersonLeft {});
        Ok(())
    }

    pub(super) fn grant_clearance(&mut self, person: PersonId, grade: &GradeId) -> Result<(), Refusal> {
        let found = self.here(person)?;
        self.for_another(person)?;
        let height = self.roster.height(grade).ok_or_else(|| Refusal::NoGrade(grade.clone()))?;
        if Some(height) <= self.roster.everybodys_height() {
            return Err(Refusal::ClearedAnyway(grade.clone()));
        }
        if found.cleared.as_ref() == Some(grade) {
            return Err(Refusal::NothingChanges);
        }
        self.emit_person(found, Body::ClearanceGranted { grade: grade.clone() });
        Ok(())
    }

    pub(super) fn withdraw_clearance(&mut self, person: PersonId) -> Result<(), Refusal> {
        let found = self.here(person)?;
        if found.cleared.is_none() {
            return Err(Refusal::NothingChanges);
        }
        self.emit_person(found, Body::ClearanceWithdrawn {});
        Ok(())
    }

    /// An id once known is never taken again: an authenticator that was revoked makes a new one.
    pub(super) fn add_credential(&mut self, credential: &Credential) -> Result<(), Refusal> {
        let owner = self.here(credential.person)?;
        if self.roster.state.authenticator(&credential.credential).is_some() {
            return Err(Refusal::CredentialTaken);
        }
        self.emit_person(owner, Body::CredentialAdded(Box::new(credential.clone())));
        Ok(())
    }

    pub(super) fn revoke_credential(&mut self, credential: &[u8]) -> Result<(), Refusal> {
        let state = self.roster.state;
        let known = state.authenticator(credential).filter(|(_, key)| key.revoked_at.is_none());
        let owner = known.and_then(|(owner, _)| state.person(owner)).ok_or(Refusal::NoCredential)?;
        self.emit_person(owner, Body::CredentialRevoked { credential: credential.to_vec() });
        Ok(())
    }
}

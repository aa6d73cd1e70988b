//! Second factors: one-time codes and recovery codes, at the door and for signing.
//!
//! Invariant: no code serves twice; whoever guesses is counted like whoever guesses passwords.

use crate::door::{Admitted, Half, NewSession, SignIn, Try};
use crate::draw::{digest, plain_code, same};
use crate::place::Place;
use crate::refusal::Refusal;
use crate::secrets::Kind;
use crate::session::Codes;
use crate::totp::Totp;
use desk::Refused;
use identity::{Denied, Factor};
use model::{Instant, PersonId, Told};
use std::collections::BTreeSet;

impl SignIn {
    /// Takes a one-time code for a sign-in that waits.
    ///
    /// # Errors
    /// `NotIn`, `Wait`, `Stale`, `Desk`.
    pub fn otp(&self, token: &str, code: &str, place: &Place, now: Instant) -> Result<NewSession, Refusal> {
        let (half, admitted) = self.half(token, place, now)?;
        let right = self.take_otp(half.person, code, now)?;
        self.finish(token, (half, admitted), (right, Factor::Otp, Denied::WrongCode), place, now)
    }

    /// Takes a recovery code for a sign-in that waits.
    ///
    /// # Errors
    /// As [`Self::otp`].
    pub fn recovery_code(
        &self,
        token: &str,
        code: &str,
        place: &Place,
        now: Instant,
    ) -> Result<NewSession, Refusal> {
        let (half, admitted) = self.half(token, place, now)?;
        let right = self.take_recovery(half.person, code, now)?;
        self.finish(token, (half, admitted), (right, Factor::Recovery, Denied::WrongRecovery), place, now)
    }

    /// Who waits under a token, at the place where the password was given.
    pub(crate) fn half(&self, token: &str, place: &Place, now: Instant) -> Result<(Half, Admitted), Refusal> {
        let half = self.pending().take_up(token, now).ok_or(Refusal::Stale)?;
        let admitted = self.admit(self.tried(half.account.clone(), place), now)?;
        let seen = self.desk().seen();
        let person = seen.roster.person(half.person).filter(|person| person.here()).ok_or(Refusal::Stale)?;
        if self.terminal_of(person, place, &seen, now)? != half.terminal {
            return Err(Refusal::Stale);
        }
        Ok((half, admitted))
    }

    fn finish(
        &self,
        token: &str,
        (half, admitted): (Half, Admitted),
        (right, factor, denied): (bool, Factor, Denied),
        place: &Place,
        now: Instant,
    ) -> Result<NewSession, Refusal> {
        if !right {
            return Err(self.failed(Some(half.person), denied, admitted));
        }
        self.right(admitted)?;
        self.pending().over(token);
        self.open(&half, BTreeSet::from([Factor::Password, factor]), false, place, now)
    }

    /// Uses up a one-time code; false where it does not fit.
    pub(crate) fn take_otp(&self, person: PersonId, code: &str, now: Instant) -> Result<bool, Refused> {
        let code = code.to_owned();
        let taken = self.take_from(person, Kind::Totp, now, move |totp: &mut Totp| totp.take(&code, now))?;
        Ok(taken == Some(true))
    }

    /// Uses up a recovery code; false where it does not fit.
    fn take_recovery(&self, person: PersonId, code: &str, now: Instant) -> Result<bool, Refused> {
        let given = digest("recovery", &plain_code(code));
        let take = move |left: &mut Vec<String>| {
            let before = left.len();
            left.retain(|one| !same(one, &given));
            Ok(left.len() < before)
        };
        Ok(self.take_from(person, Kind::Recovery, now, take)? == Some(true))
    }

    /// Is it the one-time code of somebody who is signed in? It is used up; failures count as at the door.
    ///
    /// # Errors
    /// `Wait`, `Nothing`: there is no such factor. `Desk`.
    pub fn check_otp(&self, person: PersonId, code: &str, now: Instant) -> Result<bool, Refusal> {
        let seen = self.desk().seen();
        let owner = seen.roster.person(person).filter(|person| person.here()).ok_or(Refusal::Nothing)?;
        if self.desk().read(|sql, _| sql.secret(person, Kind::Totp.word()))?.is_none() {
            return Err(Refusal::Nothing);
        }
        let admitted = self.admit(Try::within(owner, None), now)?;
        let right = self.take_otp(person, code, now)?;
        if right {
            self.right(admitted)?;
        } else if let refusal @ Refusal::Desk(_) = self.failed(Some(person), Denied::WrongCode, admitted) {
            return Err(refusal);
        }
        Ok(right)
    }
}

impl Codes for SignIn {
    fn verify_otp(&self, person: PersonId, code: &str, now: Instant) -> Result<bool, Told> {
        match self.check_otp(person, code, now) {
            Ok(right) => Ok(right),
            Err(Refusal::Nothing) => Err(Told::new(
                "您尚未設定驗證碼，請先至「設定」登錄驗證器應用程式",
                "You have no one-time codes yet; set up an authenticator app in your settings first",
            )),
            Err(refusal) => Err(refusal.told()),
        }
    }
}

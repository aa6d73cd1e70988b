//! Recovery: factors set anew, by two people, by an invitation, or at the console.
//!
//! Two people hand over half a pass each, so that neither could use it. For somebody who never had a factor one is enough:
//! that is the first sign-in. At the console the glass is broken: for the first steward nobody else is there; everybody
//! who administers is told.
//! Invariants: whoever begins, whoever confirms and the one it is about are three people; a pass serves once and not after
//! its time; with its use every former factor and every session ends.
//! Source: NIST SP 800-63B §6.1.2.3; regulation 24.2.1.

use crate::door::{Half, Kept, NOBODY, NewSession, SignIn, known};
use crate::draw::{digest, plain_code, same};
use crate::lockout::account;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::secrets::Kind;
use crate::words::Word;
use desk::{Asker, Done, DoorOrder, Order, Refused, Seen};
use identity::{Command, Denied, DoorBody, Ended, Factor, Person, Recovery};
use model::{Instant, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is handed over to the person, outside of Ward.
#[derive(Clone, PartialEq, Eq)]
pub struct Handed {
    /// The pass, or half of it. It is shown this once.
    pub code: String,
    /// Is it all of it? Else somebody else has to confirm, and hands over the other half.
    pub complete: bool,
    /// It does not count from this moment on.
    pub until: Instant,
}

impl std::fmt::Debug for Handed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handed").field("complete", &self.complete).finish_non_exhaustive()
    }
}

/// A pass as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pass {
    how: Recovery,
    /// Who began it; none at the console.
    by: Option<PersonId>,
    first: String,
    /// None until it is confirmed, or where one half is all.
    second: Option<String>,
    until: Instant,
}

impl SignIn {
    /// Begins to have another person's factors set anew, or invites somebody who never had one.
    ///
    /// # Errors
    /// `SamePerson`, `Nothing`, `Desk`: no policy permits it.
    pub fn begin_recovery(
        &self,
        by: &model::Person,
        person: PersonId,
        now: Instant,
    ) -> Result<Handed, Refusal> {
        let found = self.someone_here(person)?;
        if by.person == person || by.acting_for == Some(person) {
            return Err(Refusal::SamePerson);
        }
        // Whoever ever had a password or a passkey is not invited again.
        let had: Option<Kept> = self.secret(person, Kind::Password)?;
        let new = had.is_none() && found.keys.is_empty();
        let how = if new { Recovery::Invitation } else { Recovery::TwoPeople };
        let order = DoorOrder { person, own: None, body: DoorBody::RecoveryBegun { how } };
        self.desk().ask(Asker::Person(by.clone()), Order::Door(order))?;
        let handed = self.hand_over(person, how, Some(by.person), now)?;
        if how == Recovery::TwoPeople {
            self.tell(&[person], Word::RecoveryBegun {}, now)?;
        }
        Ok(handed)
    }

    /// Confirms what another has begun.
    ///
    /// # Errors
    /// `SamePerson`, `Nothing`: nothing of the kind was begun, or it is over. `Desk`: no policy permits it.
    pub fn confirm_recovery(
        &self,
        by: &model::Person,
        person: PersonId,
        now: Instant,
    ) -> Result<Handed, Refusal> {
        self.someone_here(person)?;
        let pass: Option<Pass> = self.secret(person, Kind::Pass)?;
        let waits =
            |pass: &Pass| pass.how == Recovery::TwoPeople && pass.second.is_none() && now < pass.until;
        let pass = pass.filter(waits).ok_or(Refusal::Nothing)?;
        let others = [Some(person), pass.by];
        if others.contains(&Some(by.person)) || by.acting_for.is_some_and(|one| others.contains(&Some(one))) {
            return Err(Refusal::SamePerson);
        }
        let order = DoorOrder { person, own: None, body: DoorBody::RecoveryConfirmed {} };
        self.desk().ask(Asker::Person(by.clone()), Order::Door(order))?;
        let code = self.draw().code()?;
        let second = digest("pass", &plain_code(&code));
        let (first, until) = (pass.first.clone(), pass.until);
        let confirm = move |kept: &mut Pass| {
            // What was begun anew meanwhile is not what was confirmed.
            let same = kept.second.is_none() && kept.first == first;
            kept.second = Some(second);
            Ok(same)
        };
        match self.take_from(person, Kind::Pass, now, confirm)? {
            Some(true) => Ok(Handed { code, complete: false, until }),
            _ => Err(Refusal::Nothing),
        }
    }

    /// Who has begun the recovery of this person that waits for a second one to confirm; none where none waits.
    ///
    /// # Errors
    /// `Desk`.
    pub fn recovery_waits(&self, person: PersonId, now: Instant) -> Result<Option<PersonId>, Refusal> {
        let pass: Option<Pass> = self.secret(person, Kind::Pass)?;
        let waits =
            |pass: &Pass| pass.how == Recovery::TwoPeople && pass.second.is_none() && now < pass.until;
        Ok(pass.filter(waits).and_then(|pass| pass.by))
    }

    /// Breaks the glass, at the console: gives the whole pass, and tells everybody who administers.
    ///
    /// # Errors
    /// `Nothing`: there is no such account, or the person has left. `Desk`.
    pub fn break_glass(&self, login: &str, now: Instant) -> Result<Handed, Refusal> {
        let seen = self.desk().seen();
        let person = known(&seen, login).filter(|person| person.here()).ok_or(Refusal::Nothing)?.id;
        let body = DoorBody::RecoveryBegun { how: Recovery::Console };
        self.desk().ask(Asker::Console, Order::Door(DoorOrder { person, own: None, body }))?;
        let mut told = administrators(&seen, now);
        told.insert(person);
        let told: Vec<PersonId> = told.into_iter().collect();
        self.tell(&told, Word::GlassBroken { person }, now)?;
        self.hand_over(person, Recovery::Console, None, now)
    }

    fn hand_over(
        &self,
        person: PersonId,
        how: Recovery,
        by: Option<PersonId>,
        now: Instant,
    ) -> Result<Handed, Refusal> {
        let code = self.draw().code()?;
        let until = now.plus(self.config().limits.recovery);
        let pass = Pass { how, by, first: digest("pass", &plain_code(&code)), second: None, until };
        self.set_secret(person, Kind::Pass, &pass, now)?;
        Ok(Handed { code, complete: how != Recovery::TwoPeople, until })
    }

    /// Takes a pass: one code, or the two halves in any order. Every former factor and every session ends; the session it
    /// gives is for setting factors.
    ///
    /// # Errors
    /// `NotIn`, `Wait`: the same whether the account exists or not. `Terminal`, `Desk`.
    pub fn redeem(
        &self,
        login: &str,
        codes: [&str; 2],
        place: &Place,
        now: Instant,
    ) -> Result<NewSession, Refusal> {
        let admitted = self.admit(self.tried(account(login), place), now)?;
        let seen = self.desk().seen();
        let known = known(&seen, login);
        let id = known.map(|person| person.id);
        // Of a name that nobody has as much is looked at as of one that somebody has.
        let pass: Option<Pass> = self.secret(id.unwrap_or(NOBODY), Kind::Pass)?;
        let given = codes.map(|code| digest("pass", &plain_code(code)));
        let pass = pass.filter(|pass| pass.fits(&given, now));
        let (Some(person), Some(pass)) = (known.filter(|person| person.here()), pass) else {
            return Err(self.failed(id, Denied::WrongRecovery, admitted));
        };
        // The terminal is spoken of to whoever has the pass alone, and does not use it up.
        let terminal = self.terminal_of(person, place, &seen, now)?;
        if !self.use_pass(person.id, given, now)? {
            return Err(self.failed(id, Denied::WrongRecovery, admitted));
        }
        self.right(admitted)?;
        self.enter(person.id, DoorBody::RecoveryUsed { how: pass.how })?;
        self.clear(person, now)?;
        let (account, opened) = (account(login), account(login));
        self.desk().state(move |sql| sql.forget_failures(&opened))?;
        let half = Half { person: person.id, account, terminal };
        self.open(&half, BTreeSet::from([Factor::Recovery]), true, place, now)
    }

    /// Uses up a pass; false where somebody else was quicker.
    fn use_pass(&self, person: PersonId, given: [String; 2], now: Instant) -> Result<bool, Refused> {
        let take = move |kept: &mut Pass| {
            let right = kept.fits(&given, now);
            // It is over with its first use.
            kept.until = if right { Instant::EPOCH } else { kept.until };
            Ok(right)
        };
        if self.take_from(person, Kind::Pass, now, take)? != Some(true) {
            return Ok(false);
        }
        self.drop_secret(person, Kind::Pass)
    }

    /// Ends every factor and every session of a person.
    fn clear(&self, person: &Person, now: Instant) -> Result<(), Refusal> {
        if let Some(kept) = self.secret::<Kept>(person.id, Kind::Password)?.filter(Kept::counts) {
            // Those of before are still not taken again, and nobody is invited a second time.
            self.set_secret(person.id, Kind::Password, &kept.ended(), now)?;
            self.enter(person.id, DoorBody::FactorRemoved { factor: Factor::Password })?;
        }
        for (kind, factor) in [(Kind::Totp, Factor::Otp), (Kind::Recovery, Factor::Recovery)] {
            if self.drop_secret(person.id, kind)? {
                self.enter(person.id, DoorBody::FactorRemoved { factor })?;
            }
        }
        for key in person.keys.iter().filter(|key| key.revoked_at.is_none()) {
            let credential = key.credential.credential.clone();
            self.desk().ask(Asker::Console, Order::Identity(Command::RevokeCredential { credential }))?;
        }
        self.end_all(person.id, None, Ended::FactorChanged, now)?;
        Ok(self.tell(&[person.id], Word::RecoveryUsed {}, now)?)
    }

    /// Opens an account again after too many failures, where a policy permits it, or at the console.
    ///
    /// # Errors
    /// `Nothing`, `Desk`.
    pub fn unlock(&self, by: &Asker, person: PersonId, now: Instant) -> Result<Done, Refusal> {
        let found = self.someone_here(person)?;
        let account = crate::passkey::account_of(&found);
        let order = DoorOrder { person, own: None, body: DoorBody::Unlocked {} };
        let done = self.desk().ask(by.clone(), Order::Door(order))?;
        self.desk().state(move |sql| sql.forget_failures(&account))?;
        self.tell(&[person], Word::Unlocked {}, now)?;
        Ok(done)
    }

    fn someone_here(&self, person: PersonId) -> Result<Person, Refusal> {
        let seen = self.desk().seen();
        let found = seen.roster.person(person).filter(|person| person.here() && person.details.is_some());
        found.cloned().ok_or(Refusal::Nothing)
    }
}

impl Pass {
    fn fits(&self, given: &[String; 2], now: Instant) -> bool {
        let [one, other] = given;
        let right = match (&self.second, self.how) {
            (Some(second), _) => {
                let way = |a: &str, b: &str| same(&self.first, a) & same(second, b);
                way(one, other) | way(other, one)
            }
            (None, Recovery::TwoPeople) => false,
            (None, Recovery::Console | Recovery::Invitation) => {
                same(&self.first, one) | same(&self.first, other)
            }
        };
        right && now < self.until
    }
}

/// Everybody who holds an administrator's role now.
pub(crate) fn administrators(seen: &Seen, now: Instant) -> BTreeSet<PersonId> {
    let Some(pack) = seen.packs.current() else { return BTreeSet::new() };
    let administers = |person: &&Person| {
        person.held(now).any(|one| pack.roles.get(&one.role).is_some_and(|role| role.administrator))
    };
    seen.roster.people().filter(|person| person.here()).filter(administers).map(|person| person.id).collect()
}

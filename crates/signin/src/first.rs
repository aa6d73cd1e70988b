//! The first start: a link that makes the first steward, once.
//!
//! Invariants: there is a link only while nobody who administers can sign in; a new link closes the one before; it serves
//! once and not after its time.
//! Does not: look at time, disk or fonts (the page does), choose the host name.
//! Source: design of the first start, `docs/adr/0015-sign-in.md`; regulation 24.2.1.

use crate::door::{Half, NewSession, SignIn};
use crate::draw::{digest, same};
use crate::enrol::faults;
use crate::lockout::{account, address};
use crate::password::Password;
use crate::place::Place;
use crate::recovery::administrators;
use crate::refusal::Refusal;
use desk::{Asker, Order, Refused};
use identity::{Code, Command, Details, DoorBody, Factor, Names};
use model::{Instant, PersonId, Told, UnitId};
use regulation::{HeldIn, RoleId};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// What the first page asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// The topmost unit, where there is none yet.
    pub unit: Option<(Names, Code)>,
    /// The steward.
    pub details: Details,
    /// An administrator's role of the pack.
    pub role: RoleId,
}

/// What it gives.
#[derive(Clone, PartialEq, Eq)]
pub struct Founded {
    /// The steward.
    pub person: PersonId,
    /// Recovery codes, shown this once: nobody else could help yet.
    pub recovery_codes: Vec<String>,
    /// A session in which a second factor is set.
    pub session: NewSession,
}

impl std::fmt::Debug for Founded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Founded").field("person", &self.person).finish_non_exhaustive()
    }
}

impl SignIn {
    /// Is there nobody yet who administers and can sign in?
    ///
    /// # Errors
    /// `Desk`.
    pub fn is_new(&self, now: Instant) -> Result<bool, Refusal> {
        let seen = self.desk().seen();
        for id in administrators(&seen, now) {
            let Some(person) = seen.roster.person(id) else { continue };
            if self.factors_of(person)?.password_at.is_some() || !self.passkeys_of(person).is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The secret of a new link for the first start, in the place of the one before; none where somebody administers.
    ///
    /// # Errors
    /// `Desk`.
    pub fn first_link(&self, now: Instant) -> Result<Option<Zeroizing<String>>, Refusal> {
        if !self.is_new(now)? {
            self.desk().state(|sql| sql.set_first_link(None))?;
            return Ok(None);
        }
        let secret = self.draw().secret()?;
        let (digest, until) = (digest("first", &secret), now.plus(self.config().limits.first));
        self.desk().state(move |sql| sql.set_first_link(Some((&digest, until))))?;
        Ok(Some(secret))
    }

    /// Does a link count?
    ///
    /// # Errors
    /// `Begun`: there is a steward. `Stale`: it is not the link, or it is over. `Desk`.
    pub fn check_first_link(&self, secret: &str, now: Instant) -> Result<(), Refusal> {
        if !self.is_new(now)? {
            return Err(Refusal::Begun);
        }
        let link = self.desk().read(|sql, _| sql.first_link())?;
        let given = digest("first", secret);
        let counts = link.is_some_and(|(kept, until)| same(&kept, &given) && now < until);
        if counts { Ok(()) } else { Err(Refusal::Stale) }
    }

    /// Makes the first steward: unit, person, role, password, recovery codes; and opens a session in which a second
    /// factor is set. Should it be cut off in between, the link still counts and what was made is made use of.
    ///
    /// # Errors
    /// `Begun`, `Stale`, `Input`, `Password`, `Terminal`, `Desk`.
    pub fn found(
        &self,
        secret: &str,
        founding: &Founding,
        password: &str,
        place: &Place,
        now: Instant,
    ) -> Result<Founded, Refusal> {
        self.check_first_link(secret, now)?;
        let names = founding.unit.as_ref().map(|(names, _)| names);
        let faults = faults(Some(&founding.details), names, &Password::typed(password));
        if !faults.is_empty() {
            return Err(Refusal::Password(faults));
        }
        let unit = self.first_unit(founding)?;
        let person = self.first_person(founding, unit)?;
        let seen = self.desk().seen();
        let found = seen.roster.person(person).cloned().ok_or(Refusal::Nothing)?;
        let terminal = self.terminal_of(&found, place, &seen, now)?;
        // The password last of what can be refused: with it the installation is no longer new.
        self.grant_first(founding, person, now)?;
        self.keep_password(&found, None, password, now)?;
        let recovery_codes = self.new_recovery_codes(&found, now)?;
        self.desk().state(|sql| sql.set_first_link(None))?;
        for factor in [Factor::Password, Factor::Recovery] {
            self.enter(person, DoorBody::FactorSet { factor })?;
        }
        let account = account(founding.details.login.as_str());
        self.desk().state({
            let address = address(place.address);
            move |sql| sql.forget_failures(&address)
        })?;
        let half = Half { person, account, terminal };
        let session = self.open(&half, BTreeSet::from([Factor::Password]), true, place, now)?;
        Ok(Founded { person, recovery_codes, session })
    }

    fn first_unit(&self, founding: &Founding) -> Result<UnitId, Refusal> {
        if let Some(root) = self.desk().seen().roster.root() {
            return Ok(root);
        }
        let (names, code) = founding.unit.clone().ok_or_else(|| {
            Refusal::Input(Told::new(
                "請填寫機關名稱及代碼",
                "Give the name and the code of the organisation",
            ))
        })?;
        let unit = UnitId::from_bytes(self.draw().bytes()?);
        self.console(Command::CreateUnit { unit, names, code, superior: None })?;
        Ok(unit)
    }

    fn first_person(&self, founding: &Founding, home: UnitId) -> Result<PersonId, Refusal> {
        let login = founding.details.login.as_str();
        if let Some(person) = crate::door::known(&self.desk().seen(), login).filter(|person| person.here()) {
            return Ok(person.id);
        }
        let person = PersonId::from_bytes(self.draw().bytes()?);
        let details = founding.details.clone();
        self.console(Command::RegisterPerson { person, details, home })?;
        Ok(person)
    }

    fn grant_first(&self, founding: &Founding, person: PersonId, now: Instant) -> Result<(), Refusal> {
        let seen = self.desk().seen();
        let pack = seen.packs.current().ok_or(Refused::NoPack)?;
        let role = pack.roles.get(&founding.role).filter(|role| role.administrator).ok_or_else(|| {
            Refusal::Input(Told::new(
                format!("規範中之「{}」非管理角色", founding.role),
                format!("`{}` is no administrator's role of the pack", founding.role),
            ))
        })?;
        let found = seen.roster.person(person).ok_or(Refusal::Nothing)?;
        if found.held(now).any(|one| one.role == role.id) {
            return Ok(());
        }
        let unit = (role.held_in == HeldIn::Unit).then_some(found.home);
        let role = role.id.clone();
        self.console(Command::GrantRole { person, role, unit, from: None, until: None })
    }

    fn console(&self, command: Command) -> Result<(), Refusal> {
        self.desk().ask(Asker::Console, Order::Identity(command))?;
        Ok(())
    }
}

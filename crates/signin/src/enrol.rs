//! Setting factors: passwords, one-time codes, passkeys, recovery codes.
//!
//! Invariants: whoever changes a factor has shown one just now, or is there to set the first; every other session ends
//! with the change; nobody takes away the last second factor; a secret is shown once.
//! Does not: set a factor for another person.
//! Source: NIST SP 800-63B §6.1; regulation 24.3.3.

use crate::door::{Kept, SignIn, Try};
use crate::draw::{digest, plain_code};
use crate::password::{Password, Weakness};
use crate::refusal::Refusal;
use crate::registration;
use crate::secrets::Kind;
use crate::session::Session;
use crate::totp::{Totp, picture};
use crate::words::Word;
use desk::{Asker, Order, Refused};
use identity::{Command, Denied, Details, DoorBody, Ended, Factor, Names, Person, Roster};
use model::{Instant, PersonId, TerminalId, Told};
use proof::signature::Credential;
use serde_json::Value as Json;
use zeroize::Zeroizing;

/// The factors a person has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Factors {
    /// When the password was set.
    pub password_at: Option<Instant>,
    /// When one-time codes were set up, or last used.
    pub otp_at: Option<Instant>,
    /// Passkeys that count at this name.
    pub passkeys: Vec<PasskeySeen>,
    /// Recovery codes that are left.
    pub recovery_left: usize,
}

/// A passkey as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeySeen {
    /// Its id.
    pub credential: Vec<u8>,
    /// When it was added.
    pub added_at: Instant,
    /// When it was last used to sign in.
    pub used_at: Option<Instant>,
}

/// One-time codes that wait for their first code.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpOffer {
    /// What the first code is handed in with.
    pub token: String,
    /// The secret, to be typed into an app.
    pub secret: Zeroizing<String>,
    /// What an app reads.
    pub uri: Zeroizing<String>,
    /// The same as a picture, SVG.
    pub picture: Zeroizing<String>,
}

/// A passkey that waits for the browser's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct PasskeyOffer {
    /// What the answer is handed in with.
    pub token: String,
    /// The options, for `PublicKeyCredential.parseCreationOptionsFromJSON`.
    pub options: Json,
}

/// A secret of one-time codes before its first code.
#[derive(Clone)]
pub(crate) struct Offered {
    person: PersonId,
    secret: Zeroizing<[u8; crate::totp::SECRET_BYTES]>,
}

/// A registration before its answer.
#[derive(Clone)]
pub(crate) struct PasskeyBegun {
    person: PersonId,
    challenge: [u8; 32],
}

/// Recovery codes given out at once.
const CODES: usize = 10;
/// How often a first code may be mistyped.
const TRIES: u8 = 5;

impl std::fmt::Debug for TotpOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpOffer").finish_non_exhaustive()
    }
}

impl SignIn {
    /// The factors a person has.
    ///
    /// # Errors
    /// `Desk`.
    pub fn factors(&self, person: PersonId) -> Result<Factors, Refusal> {
        let seen = self.desk().seen();
        Ok(self.factors_of(seen.roster.person(person).ok_or(Refusal::Nothing)?)?)
    }

    pub(crate) fn factors_of(&self, person: &Person) -> Result<Factors, Refused> {
        let set = self.desk().read(|sql, _| sql.secrets_of(person.id))?;
        let at = |kind: Kind| set.iter().find(|(word, _)| word == kind.word()).map(|(_, at)| *at);
        let kept: Option<Kept> = self.secret(person.id, Kind::Password)?;
        let left: Option<Vec<String>> = self.secret(person.id, Kind::Recovery)?;
        let ours = self.passkeys_of(person);
        let keys = person.keys.iter().filter(|key| ours.contains(&&key.credential));
        let passkeys = keys.map(|key| {
            let credential = key.credential.credential.clone();
            let id = proof::base64::encode_url(&credential);
            let used_at = self.desk().read(|sql, _| sql.passkey_last_used(&id))?;
            Ok(PasskeySeen { credential, added_at: key.added_at, used_at })
        });
        Ok(Factors {
            password_at: at(Kind::Password).filter(|_| kept.is_some_and(|kept| kept.counts())),
            otp_at: at(Kind::Totp),
            passkeys: passkeys.collect::<Result<_, Refused>>()?,
            recovery_left: left.map_or(0, |left| left.len()),
        })
    }

    /// Sets a password in the place of the one before, which is asked for where there is one.
    ///
    /// # Errors
    /// `NotIn`: the one before is wrong. `Password`: what is wrong with the new one. `Desk`.
    pub fn set_password(
        &self,
        session: &Session,
        before: Option<&str>,
        new: &str,
        now: Instant,
    ) -> Result<(), Refusal> {
        let person = self.owner(session)?;
        let kept: Option<Kept> = self.secret(person.id, Kind::Password)?;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.counts()) {
            self.shown_again((&person, session.terminal), &kept.hash, before, now)?;
        }
        self.keep_password(&person, kept, new, now)?;
        self.changed(session, DoorBody::FactorSet { factor: Factor::Password }, now)
    }

    /// Is it the password of whoever is signed in? Asked before a factor is changed; wrong ones count as at the door.
    ///
    /// # Errors
    /// `NotIn`, `Wait`; `Nothing`: the person has none. `Desk`.
    pub fn check_password(&self, session: &Session, password: &str, now: Instant) -> Result<(), Refusal> {
        let person = self.owner(session)?;
        let kept: Option<Kept> = self.secret(person.id, Kind::Password)?;
        let kept = kept.filter(Kept::counts).ok_or(Refusal::Nothing)?;
        self.shown_again((&person, session.terminal), &kept.hash, Some(password), now)
    }

    /// Checks a new password and keeps it with those before it.
    pub(crate) fn keep_password(
        &self,
        person: &Person,
        kept: Option<Kept>,
        new: &str,
        now: Instant,
    ) -> Result<(), Refusal> {
        let typed = Password::typed(new);
        let mut faults = self.faults(person, &typed);
        let former = kept.map_or_else(Vec::new, Kept::and_before);
        if faults.is_empty() {
            for hash in &former {
                if self.hasher().verify(&typed, Some(hash))? {
                    faults.push(Weakness::Former);
                    break;
                }
            }
        }
        if !faults.is_empty() {
            return Err(Refusal::Password(faults));
        }
        let hash = Zeroizing::new(self.hasher().hash(&typed, self.draw().bytes()?)?);
        Ok(self.set_secret(person.id, Kind::Password, &Kept { hash, former }, now)?)
    }

    /// What is wrong with a password as one of this person's.
    fn faults(&self, person: &Person, typed: &Password) -> Vec<Weakness> {
        let seen = self.desk().seen();
        let unit = seen.roster.unit(person.home).map(|unit| &unit.names);
        faults(person.details.as_ref(), unit, typed)
    }

    /// The password that was there is shown again; wrong ones count as at the door.
    fn shown_again(
        &self,
        (person, terminal): (&Person, Option<TerminalId>),
        hash: &str,
        before: Option<&str>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let admitted = self.admit(Try::within(person, terminal), now)?;
        let typed = Password::typed(before.unwrap_or_default());
        if self.hasher().verify(&typed, Some(hash))? {
            return self.right(admitted);
        }
        Err(self.failed(Some(person.id), Denied::WrongPassword, admitted))
    }

    /// Offers one-time codes. They count once a first code was right.
    ///
    /// # Errors
    /// `Desk`.
    pub fn begin_totp(&self, session: &Session, now: Instant) -> Result<TotpOffer, Refusal> {
        let person = self.owner(session)?;
        let login = person.details.as_ref().map_or("", |details| details.login.as_str());
        let secret = Zeroizing::new(self.draw().bytes()?);
        let totp = Totp::new(&secret);
        let uri = totp.uri(&self.site().name, login);
        let token = self.draw().secret()?.to_string();
        let until = now.plus(self.config().limits.pending);
        self.offered().keep(&token, Offered { person: person.id, secret }, TRIES, until, now);
        let picture = picture(&uri)?;
        Ok(TotpOffer { token, secret: Zeroizing::new(totp.text().to_owned()), uri, picture })
    }

    /// Takes the first code; from then on they count.
    ///
    /// # Errors
    /// `Stale`, `Code`, `Desk`.
    pub fn confirm_totp(
        &self,
        session: &Session,
        token: &str,
        code: &str,
        now: Instant,
    ) -> Result<(), Refusal> {
        let offered = self.offered().take_up(token, now).filter(|one| one.person == session.person);
        let mut totp = Totp::new(&offered.ok_or(Refusal::Stale)?.secret);
        if !totp.take(code, now)? {
            return Err(Refusal::Code);
        }
        self.offered().over(token);
        self.set_secret(session.person, Kind::Totp, &totp, now)?;
        self.changed(session, DoorBody::FactorSet { factor: Factor::Otp }, now)
    }

    /// Takes one-time codes away.
    ///
    /// # Errors
    /// `LastFactor`, `Nothing`, `Desk`.
    pub fn remove_totp(&self, session: &Session, now: Instant) -> Result<(), Refusal> {
        if self.passkeys_of(&self.owner(session)?).is_empty() {
            return Err(Refusal::LastFactor);
        }
        if !self.drop_secret(session.person, Kind::Totp)? {
            return Err(Refusal::Nothing);
        }
        self.changed(session, DoorBody::FactorRemoved { factor: Factor::Otp }, now)
    }

    /// What to ask the browser for a new passkey.
    ///
    /// # Errors
    /// `NoPasskeys`, `Desk`.
    pub fn begin_passkey(&self, session: &Session, now: Instant) -> Result<PasskeyOffer, Refusal> {
        let site = self.site();
        let relying_party = site.relying_party().ok_or(Refusal::NoPasskeys)?;
        let person = self.owner(session)?;
        let challenge = self.draw().bytes()?;
        let token = self.draw().secret()?.to_string();
        let limit = self.config().limits.pending;
        let begun = PasskeyBegun { person: person.id, challenge };
        self.passkeys_begun().keep(&token, begun, 1, now.plus(limit), now);
        let known: Vec<Vec<u8>> =
            self.passkeys_of(&person).iter().map(|key| key.credential.clone()).collect();
        let names = person.details.as_ref().map_or(("", ""), |one| (one.login.as_str(), one.name.as_str()));
        let who = (person.id, names.0, names.1);
        let timeout = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let options = registration::options(&site, relying_party, &challenge, who, &known, timeout);
        Ok(PasskeyOffer { token, options })
    }

    /// Takes the browser's answer; the passkey's public key enters the ledger.
    ///
    /// # Errors
    /// `Stale`, `Passkey`, `NoPasskeys`, `Desk`: a policy forbids it, or the authenticator is known.
    pub fn finish_passkey(
        &self,
        session: &Session,
        token: &str,
        answer: &Json,
        now: Instant,
    ) -> Result<Credential, Refusal> {
        let begun = self.passkeys_begun().take_up(token, now).filter(|one| one.person == session.person);
        let begun = begun.ok_or(Refusal::Stale)?;
        let site = self.site();
        let relying_party = site.relying_party().ok_or(Refusal::NoPasskeys)?;
        let checked = registration::check(answer, &begun.challenge, begun.person, &site, relying_party);
        let credential = checked.map_err(Refusal::Passkey)?;
        let command = Command::AddCredential { credential: Box::new(credential.clone()) };
        self.on_oneself(session, command, now)?;
        self.others_end(session, now)?;
        Ok(credential)
    }

    /// Revokes one of a person's own passkeys.
    ///
    /// # Errors
    /// `LastFactor`, `Nothing`, `Desk`.
    pub fn remove_passkey(&self, session: &Session, credential: &[u8], now: Instant) -> Result<(), Refusal> {
        let factors = self.factors(session.person)?;
        let other = factors.passkeys.iter().any(|key| key.credential != credential);
        if !factors.passkeys.iter().any(|key| key.credential == credential) {
            return Err(Refusal::Nothing);
        }
        if !other && factors.otp_at.is_none() {
            return Err(Refusal::LastFactor);
        }
        self.on_oneself(session, Command::RevokeCredential { credential: credential.to_vec() }, now)?;
        self.others_end(session, now)
    }

    /// Gives out recovery codes in the place of those before. They are shown this once.
    ///
    /// # Errors
    /// `Desk`.
    pub fn give_recovery_codes(&self, session: &Session, now: Instant) -> Result<Vec<String>, Refusal> {
        let person = self.owner(session)?;
        let codes = self.new_recovery_codes(&person, now)?;
        self.changed(session, DoorBody::FactorSet { factor: Factor::Recovery }, now)?;
        Ok(codes)
    }

    pub(crate) fn new_recovery_codes(&self, person: &Person, now: Instant) -> Result<Vec<String>, Refused> {
        let codes: Vec<String> = (0..CODES).map(|_| self.draw().code()).collect::<Result<_, _>>()?;
        let digests: Vec<String> = codes.iter().map(|code| digest("recovery", &plain_code(code))).collect();
        self.set_secret(person.id, Kind::Recovery, &digests, now)?;
        Ok(codes)
    }

    /// The owner of a session, still here.
    fn owner(&self, session: &Session) -> Result<Person, Refusal> {
        let seen = self.desk().seen();
        let person = seen.roster.person(session.person).filter(|person| person.here());
        person.cloned().ok_or(Refusal::Nothing)
    }

    /// What somebody does to themselves, in a role they hold and may use at their terminal.
    fn on_oneself(&self, session: &Session, command: Command, now: Instant) -> Result<(), Refusal> {
        let actor = self.acting(session, now)?;
        self.desk().ask(Asker::Person(actor), Order::Identity(command))?;
        Ok(())
    }

    /// The first role somebody holds that may be used at the session's terminal.
    fn acting(&self, session: &Session, now: Instant) -> Result<model::Person, Refusal> {
        let seen = self.desk().seen();
        let pack = seen.packs.current().ok_or(Refused::NoPack)?;
        let roster = Roster::new(&seen.roster, pack, now);
        let home = roster.here(session.person).ok_or(Refusal::Nothing)?.home;
        let actors = roster.held(session.person).map(|(role, unit)| model::Person {
            acting_for: None,
            person: session.person,
            role: role.to_string(),
            session: Some(session.id),
            terminal: session.terminal,
            unit: unit.unwrap_or(home),
        });
        let mut refused = None;
        for actor in actors {
            match roster.acts(&actor) {
                Ok(()) => return Ok(actor),
                Err(refusal) => refused = Some(refusal),
            }
        }
        Err(refused.map_or_else(without_role, |refusal| Refused::Identity(refusal).into()))
    }

    /// An entry that a factor changed; every other session ends.
    fn changed(&self, session: &Session, body: DoorBody, now: Instant) -> Result<(), Refusal> {
        self.enter_own(session, body)?;
        self.others_end(session, now)
    }

    fn others_end(&self, session: &Session, now: Instant) -> Result<(), Refusal> {
        self.end_all(session.person, Some(session.id), Ended::FactorChanged, now)?;
        Ok(self.tell(&[session.person], Word::FactorChanged {}, now)?)
    }
}

/// What is wrong with a password as one of somebody with these names.
pub(crate) fn faults(details: Option<&Details>, unit: Option<&Names>, typed: &Password) -> Vec<Weakness> {
    let mut names: Vec<&str> = Vec::new();
    if let Some(details) = details {
        names.extend([details.login.as_str(), details.name.as_str()]);
        names.extend(details.mail.as_str().split('@').next());
    }
    names.extend(unit.into_iter().flat_map(|names| [names.zh.as_str(), names.en.as_str()]));
    typed.faults(&names)
}

fn without_role() -> Refusal {
    Refusal::Input(Told::new(
        "您尚未具任何角色，無法登錄通行金鑰，請洽單位主管",
        "You hold no role yet and cannot register a passkey; ask the head of your unit",
    ))
}

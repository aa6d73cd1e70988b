//! The door: signing in, from the name to the session.
//!
//! A name and a password lead to a second factor, and that to a session. Whoever has no second factor yet, and whoever
//! comes with what was handed over, gets a session in which nothing can be done but setting factors.
//! Invariants: a stranger is answered alike whether the account exists or not, after the same work: one look at
//! failures, one at secrets, one hash. What an entry says of it is written without being waited for, so that the ledger's
//! time tells nothing either.
//! Source: NIST SP 800-63B §5; OWASP Authentication Cheat Sheet; regulation 24.2.4, 24.3.4.

use crate::config::{Config, Site};
use crate::draw::{Draw, digest};
use crate::enrol::{Offered, PasskeyBegun};
use crate::lockout::{Gate, Waits, account, address, taken_back};
use crate::passkey::{Challenged, account_of};
use crate::password::{FORMER, Hasher, Password};
use crate::place::{Place, fits};
use crate::refusal::Refusal;
use crate::secrets::Kind;
use crate::session::Session;
use crate::waiting::Waiting;
use crate::words::Word;
use desk::{Asker, Desk, DoorOrder, Order, Refused, Seen};
use identity::{Denied, DoorBody, Factor, Person, Roster};
use ledger::entropy::Entropy;
use model::{Instant, PersonId, TerminalId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use store::{Failures, Sql, StoreError};
use zeroize::Zeroizing;

/// What signing in is made of.
pub struct Parts {
    /// The command path.
    pub desk: Desk,
    /// Randomness, good enough for keys.
    pub entropy: Box<dyn Entropy>,
    /// How it is set up.
    pub config: Config,
}

/// Signing in. Clones are the same one.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

struct Inner {
    desk: Desk,
    draw: Draw,
    config: Config,
    /// The name as it is now; it begins as the configuration says.
    site: RwLock<Arc<Site>>,
    hasher: Hasher,
    pending: Waiting<Half>,
    challenged: Waiting<Challenged>,
    offered: Waiting<Offered>,
    passkeys: Waiting<PasskeyBegun>,
}

/// Somebody whose password was right, and whose second factor is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Half {
    pub(crate) person: PersonId,
    /// The digest the account's failures are counted under.
    pub(crate) account: String,
    pub(crate) terminal: Option<TerminalId>,
}

/// What a try is counted under, and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Try {
    /// Digest of the account.
    account: String,
    /// Digest of the address, or of whoever is signed in there.
    address: String,
    terminal: Option<TerminalId>,
}

/// A try that is looked at. It counts as one that failed until it is taken back.
#[derive(Debug, Clone)]
#[must_use = "a try that was right is taken back, one that was wrong is told of"]
pub(crate) struct Admitted {
    tried: Try,
    before: [Option<Failures>; 2],
    at: Instant,
}

/// What comes after the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// A second factor.
    SecondFactor(Pending),
    /// A session: one in which nothing can be done but setting a second factor.
    Session(NewSession),
}

/// A sign-in that waits for a second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// What the next step is asked with. It is a secret of whoever signs in.
    pub token: String,
    /// Will a one-time code do?
    pub otp: bool,
    /// Will a passkey?
    pub passkey: bool,
    /// Will a recovery code?
    pub recovery: bool,
}

/// A session just opened.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The cookie. Nobody but the browser has it.
    pub cookie: String,
    /// The session.
    pub session: Session,
    /// Can anything be done but setting factors?
    pub enrolling: bool,
    /// What happened since the person was last here.
    pub since: Since,
}

/// What happened since the person was last here. People find out by it that somebody else was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    /// When a session was last opened.
    pub last_at: Option<Instant>,
    /// Where.
    pub terminal: Option<TerminalId>,
    /// Tries that have failed since.
    pub failures: u32,
}

/// A password's hash with those before it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) hash: Zeroizing<String>,
    #[serde(default)]
    pub(crate) former: Vec<Zeroizing<String>>,
}

impl Kept {
    /// Does it open anything? One that was ended only keeps those before it from being taken again.
    pub(crate) fn counts(&self) -> bool {
        !self.hash.is_empty()
    }

    /// The same, opening nothing any more.
    pub(crate) fn ended(self) -> Self {
        Self { hash: Zeroizing::default(), former: self.and_before() }
    }

    /// It and those before it, as many as are not taken again.
    pub(crate) fn and_before(self) -> Vec<Zeroizing<String>> {
        let mut former = self.former;
        if !self.hash.is_empty() {
            former.insert(0, self.hash);
        }
        former.truncate(FORMER);
        former
    }
}

/// How often a second factor may be tried before the password is asked again.
const TRIES: u8 = 5;
/// Failures in a row of which a person is told.
const TOLD_FROM: u32 = 3;

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("otp", &self.otp)
            .field("passkey", &self.passkey)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession").field("session", &self.session.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl Try {
    /// By somebody who is signed in, so that no address is to be guarded against them.
    pub(crate) fn within(person: &Person, terminal: Option<TerminalId>) -> Self {
        Self { account: account_of(person), address: digest("within", &person.id.to_string()), terminal }
    }
}

impl SignIn {
    /// Over a desk.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { desk, entropy, config } = parts;
        let hasher = Hasher::new(config.cost);
        let site = RwLock::new(Arc::new(config.site.clone()));
        Self(Arc::new(Inner {
            desk,
            draw: Draw::new(entropy),
            config,
            site,
            hasher,
            pending: Waiting::new(),
            challenged: Waiting::new(),
            offered: Waiting::new(),
            passkeys: Waiting::new(),
        }))
    }

    /// Takes a name and a password.
    ///
    /// # Errors
    /// `NotIn`, `Wait`: the same whether the account exists or not. `Terminal`: they were right, and the terminal is not
    /// theirs. `Desk`.
    pub fn begin(&self, login: &str, password: &str, place: &Place, now: Instant) -> Result<Begun, Refusal> {
        let admitted = self.admit(self.tried(account(login), place), now)?;
        let seen = self.desk().seen();
        let known = known(&seen, login);
        let person = known.map_or(NOBODY, |person| person.id);
        let kept: Option<Kept> = self.secret(person, Kind::Password)?;
        let typed = Password::typed(password);
        let hash = kept.as_ref().map(|kept| kept.hash.as_str());
        let right = self.hasher().verify(&typed, hash)?;
        let Some(person) = known.filter(|person| right && person.here()) else {
            let denied = if right { Denied::Left } else { Denied::WrongPassword };
            return Err(self.failed(known.map(|person| person.id), denied, admitted));
        };
        self.right(admitted)?;
        let terminal = self.terminal_of(person, place, &seen, now)?;
        if let Some(kept) = kept.filter(|kept| kept.counts() && self.hasher().is_outdated(&kept.hash)) {
            let hash = Zeroizing::new(self.hasher().hash(&typed, self.draw().bytes()?)?);
            self.set_secret(person.id, Kind::Password, &Kept { hash, ..kept }, now)?;
        }
        let half = Half { person: person.id, account: account(login), terminal };
        self.after_password(person, half, place, now)
    }

    /// A second factor is asked for, where there is one.
    fn after_password(
        &self,
        person: &Person,
        half: Half,
        place: &Place,
        now: Instant,
    ) -> Result<Begun, Refusal> {
        let factors = self.factors_of(person)?;
        let (otp, passkey) = (factors.otp_at.is_some(), !self.passkeys_of(person).is_empty());
        if !otp && !passkey {
            let shown = BTreeSet::from([Factor::Password]);
            return self.open(&half, shown, true, place, now).map(Begun::Session);
        }
        let token = self.draw().secret()?.to_string();
        let until = now.plus(self.config().limits.pending);
        self.0.pending.keep(&token, half, TRIES, until, now);
        Ok(Begun::SecondFactor(Pending { token, otp, passkey, recovery: factors.recovery_left > 0 }))
    }

    /// A try at a place.
    pub(crate) fn tried(&self, account: String, place: &Place) -> Try {
        let terminal = place.terminal(&self.desk().seen().roster).ok().flatten();
        Try { account, address: address(place.address), terminal }
    }

    /// Is a try looked at at all? It is counted as one that failed before it is looked at, so that a thousand at the same
    /// moment are no more than a thousand one after the other; what was right is taken back.
    pub(crate) fn admit(&self, tried: Try, now: Instant) -> Result<Admitted, Refusal> {
        let (gate, admitted) = self.desk().state(move |sql| {
            let gate = Waits::Account.gate(sql.failures(&tried.account)?, now);
            let gate = gate.and(Waits::Address.gate(sql.failures(&tried.address)?, now));
            let before = if gate == Gate::Open { count(sql, &tried, now)? } else { [None; 2] };
            Ok((gate, Admitted { tried, before, at: now }))
        })?;
        match gate {
            Gate::Open => Ok(admitted),
            Gate::Closed(until) => Err(Refusal::Wait { until }),
        }
    }

    /// Counts what failed and is looked at however often: nobody guesses a passkey.
    pub(crate) fn count(&self, tried: Try, now: Instant) -> Result<Admitted, Refusal> {
        Ok(self.desk().state(move |sql| {
            let before = count(sql, &tried, now)?;
            Ok(Admitted { tried, before, at: now })
        })?)
    }

    /// Takes back what was counted of a try that was right.
    pub(crate) fn right(&self, admitted: Admitted) -> Result<(), Refusal> {
        let Admitted { tried, before, at } = admitted;
        Ok(self.desk().state(move |sql| {
            for (digest, before) in [&tried.account, &tried.address].into_iter().zip(before) {
                if let Some(failures) = sql.failures(digest)? {
                    sql.set_failures(digest, taken_back(failures, before, at))?;
                }
            }
            Ok(())
        })?)
    }

    /// Tells the person of a try that failed, and makes an entry of it; gives what the stranger is told.
    pub(crate) fn failed(&self, person: Option<PersonId>, denied: Denied, admitted: Admitted) -> Refusal {
        let Admitted { tried: Try { account, terminal, .. }, at, .. } = admitted;
        let written = self.desk().state(move |sql| {
            let failures = sql.failures(&account)?;
            let gate = Waits::Account.gate(failures, at);
            // Where nobody has the name as much is written, to nobody.
            let told = person.unwrap_or(NOBODY);
            for word in words(failures.map_or(0, |one| one.count), gate) {
                // The newest count is enough.
                sql.drop_words(told, word.kind())?;
                let body = serde_json::to_string(&word).unwrap_or_default();
                sql.add_word(told, at, word.kind(), &body)?;
            }
            Ok(gate)
        });
        let gate = match written {
            Ok(gate) => gate,
            Err(refused) => return refused.into(),
        };
        if let Some(person) = person {
            self.note(person, DoorBody::Refused { why: denied, terminal });
            if let Gate::Closed(until) = gate {
                self.note(person, DoorBody::Locked { until });
            }
        }
        Refusal::NotIn
    }

    /// The terminal of a place, where the person may work at it.
    pub(crate) fn terminal_of(
        &self,
        person: &Person,
        place: &Place,
        seen: &Seen,
        now: Instant,
    ) -> Result<Option<TerminalId>, Refusal> {
        let found = place.terminal(&seen.roster).and_then(|terminal| match seen.packs.current() {
            Some(pack) if !fits(&Roster::new(&seen.roster, pack, now), person, terminal) => {
                Err(Denied::OtherUnit)
            }
            _ => Ok(terminal),
        });
        found.map_err(|denied| {
            let terminal = place.terminal(&seen.roster).ok().flatten();
            self.note(person.id, DoorBody::Refused { why: denied, terminal });
            Refusal::Terminal(denied)
        })
    }

    /// An entry that nobody waits for.
    pub(crate) fn note(&self, person: PersonId, body: DoorBody) {
        let order = DoorOrder { person, own: None, body };
        // Whoever was refused is answered before the ledger has it; a desk that has stopped tells the next one who asks.
        drop(self.desk().submit(Asker::System, Order::Door(order)));
    }

    /// An entry of what somebody does themselves, waited for.
    pub(crate) fn enter_own(&self, session: &Session, body: DoorBody) -> Result<(), Refused> {
        let own = Some((session.id, session.terminal));
        let order = DoorOrder { person: session.person, own, body };
        self.desk().ask(Asker::System, Order::Door(order)).map(drop)
    }

    /// An entry of what Ward does, waited for.
    pub(crate) fn enter(&self, person: PersonId, body: DoorBody) -> Result<(), Refused> {
        self.desk().ask(Asker::System, Order::Door(DoorOrder { person, own: None, body })).map(drop)
    }

    /// The command path.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.0.desk
    }

    /// How it is set up.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The name the site is known by.
    #[must_use]
    pub fn site(&self) -> Arc<Site> {
        Arc::clone(&self.0.site.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The site is known by another name from now on: somebody has said it at the first start.
    pub fn rename(&self, site: Site) {
        *self.0.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    /// Are terminals known at all? Until the first is registered none keeps anybody from anything, and whoever shows the
    /// state of the installation says so.
    #[must_use]
    pub fn enforces_terminals(&self) -> bool {
        self.desk().seen().roster.knows_terminals()
    }

    /// Password hashes reckoned since the start: what guessing costs this machine.
    #[must_use]
    pub fn hashes_reckoned(&self) -> u64 {
        self.hasher().reckoned()
    }

    pub(crate) fn draw(&self) -> &Draw {
        &self.0.draw
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn pending(&self) -> &Waiting<Half> {
        &self.0.pending
    }

    pub(crate) fn challenged(&self) -> &Waiting<Challenged> {
        &self.0.challenged
    }

    pub(crate) fn offered(&self) -> &Waiting<Offered> {
        &self.0.offered
    }

    pub(crate) fn passkeys_begun(&self) -> &Waiting<PasskeyBegun> {
        &self.0.passkeys
    }
}

/// Nobody's id: what is looked for in the place of an account that does not exist.
pub(crate) const NOBODY: PersonId = PersonId::from_bytes([0; 16]);

/// The person whose account has this name now, left or not.
pub(crate) fn known<'s>(seen: &'s Seen, login: &str) -> Option<&'s Person> {
    let login = login.trim().to_lowercase();
    let person = seen.roster.person(seen.roster.person_of_login(&login)?)?;
    // A name somebody had before is nobody's.
    let has = person.details.as_ref().is_some_and(|details| details.login.as_str() == login);
    has.then_some(person)
}

/// Counts a failure of an account and of an address; gives what was before.
fn count(sql: &mut Sql, tried: &Try, now: Instant) -> Result<[Option<Failures>; 2], StoreError> {
    let Try { account, address, .. } = tried;
    let before = [sql.failures(account)?, sql.failures(address)?];
    let [at_account, at_address] = before;
    sql.set_failures(account, Waits::Account.failed(at_account, now))?;
    sql.set_failures(address, Waits::Address.failed(at_address, now))?;
    Ok(before)
}

/// What a person is told after so many failures.
fn words(count: u32, gate: Gate) -> Vec<Word> {
    let mut words = Vec::new();
    if count >= TOLD_FROM {
        words.push(Word::Tries { count });
    }
    if let Gate::Closed(until) = gate {
        words.push(Word::Locked { until });
    }
    words
}

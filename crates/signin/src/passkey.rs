//! Passkeys at the door: alone, or behind a password.
//!
//! An authenticator that has verified the person is two factors at once, so that it opens a session by itself. It is not
//! guessed, so that an account closed after wrong passwords is still open to it.
//! Invariants: each challenge is answered once; the key must be one the ledger knows and that was not revoked; a counter
//! that counts must rise.
//! Source: WebAuthn Level 3 §7.2.

use crate::assertion::{Answer, options};
use crate::door::{Admitted, Half, NewSession, SignIn};
use crate::lockout::account;
use crate::place::Place;
use crate::refusal::Refusal;
use identity::{Denied, Factor, Person};
use model::{Instant, PersonId};
use proof::signature::Credential;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// A challenge that waits for its answer.
#[derive(Debug, Clone)]
pub(crate) struct Challenged {
    challenge: [u8; 32],
    /// The sign-in it is for; none where the browser chooses.
    pending: Option<(String, PersonId)>,
}

/// What a page asks the browser.
#[derive(Debug, Clone, PartialEq)]
pub struct PasskeyAsk {
    /// What the answer is handed in with.
    pub token: String,
    /// The options, for `PublicKeyCredential.parseRequestOptionsFromJSON`.
    pub options: Json,
}

impl SignIn {
    /// What to ask the browser: for a sign-in that waits, or with whatever passkey it has for this name.
    ///
    /// # Errors
    /// `NoPasskeys`, `Stale`, `Desk`.
    pub fn passkey_ask(&self, pending: Option<&str>, now: Instant) -> Result<PasskeyAsk, Refusal> {
        let site = self.site();
        let relying_party = site.relying_party().ok_or(Refusal::NoPasskeys)?;
        let (pending, ids) = match pending {
            None => (None, Vec::new()),
            Some(token) => {
                let half = self.pending().look(token, now).ok_or(Refusal::Stale)?;
                let seen = self.desk().seen();
                let person = seen.roster.person(half.person).ok_or(Refusal::Stale)?;
                let keys = self.passkeys_of(person);
                let ids = keys.into_iter().map(|key| key.credential.clone()).collect();
                (Some((token.to_owned(), half.person)), ids)
            }
        };
        let challenge = self.draw().bytes()?;
        let token = self.draw().secret()?.to_string();
        let limit = self.config().limits.pending;
        self.challenged().keep(&token, Challenged { challenge, pending }, 1, now.plus(limit), now);
        let timeout = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Ok(PasskeyAsk { token, options: options(relying_party, &challenge, &ids, timeout) })
    }

    /// Takes the browser's answer.
    ///
    /// # Errors
    /// `NotIn`, `Wait`, `Stale`, `Terminal`, `Desk`.
    pub fn passkey(
        &self,
        token: &str,
        answer: &Json,
        place: &Place,
        now: Instant,
    ) -> Result<NewSession, Refusal> {
        let asked = self.challenged().take_up(token, now).ok_or(Refusal::Stale)?;
        let pending = asked.pending.as_ref();
        let half = pending.map(|(token, _)| self.half(token, place, now)).transpose()?;
        let answer = Answer::read(answer).map_err(Refusal::Passkey)?;
        let seen = self.desk().seen();
        let known = seen.roster.authenticator(&answer.passkey.credential);
        let Some((owner, key)) = known.filter(|(_, key)| key.revoked_at.is_none()) else {
            return Err(self.wrong(half, None, Denied::WrongPasskey, place, now)?);
        };
        let person = seen.roster.person(owner).filter(|person| person.here()).ok_or(Refusal::NotIn)?;
        let expected = half.as_ref().is_none_or(|(half, _)| half.person == owner);
        if !expected || !self.holds(&answer, &asked, (owner, &key.credential)) {
            return Err(self.wrong(half, Some(person), Denied::WrongPasskey, place, now)?);
        }
        let terminal = self.terminal_of(person, place, &seen, now)?;
        let (id, counter) = (proof::base64::encode_url(&key.credential.credential), answer.counter());
        if !self.desk().state(move |sql| sql.passkey_used(&id, counter, now))? {
            return Err(self.wrong(half, Some(person), Denied::CopiedPasskey, place, now)?);
        }
        if let Some((_, admitted)) = half {
            self.right(admitted)?;
        }
        let mut shown = BTreeSet::from([Factor::Passkey]);
        if let Some((token, _)) = pending {
            shown.insert(Factor::Password);
            self.pending().over(token);
        }
        let half = Half { person: owner, account: account_of(person), terminal };
        self.open(&half, shown, false, place, now)
    }

    fn holds(&self, answer: &Answer, asked: &Challenged, (owner, key): (PersonId, &Credential)) -> bool {
        let ours = self.site().relying_party() == Some(key.rp.as_str());
        ours && answer.is_of(owner, asked.pending.is_none())
            && answer.passkey.check_challenge(&asked.challenge, key).is_ok()
    }

    /// A passkey was wrong. Behind a password the try was counted before it was looked at, and is that account's; else it is
    /// its owner's, and where nobody knows the key, the address's alone.
    fn wrong(
        &self,
        half: Option<(Half, Admitted)>,
        owner: Option<&Person>,
        denied: Denied,
        place: &Place,
        now: Instant,
    ) -> Result<Refusal, Refusal> {
        let (person, admitted) = match (half, owner) {
            (Some((half, admitted)), _) => (Some(half.person), admitted),
            (None, Some(owner)) => (Some(owner.id), self.count(self.tried(account_of(owner), place), now)?),
            (None, None) => (None, self.count(self.tried(account(""), place), now)?),
        };
        Ok(self.failed(person, denied, admitted))
    }

    /// Passkeys of a person that count at this name.
    pub(crate) fn passkeys_of<'p>(&self, person: &'p Person) -> Vec<&'p Credential> {
        let site = self.site();
        let Some(name) = site.relying_party() else { return Vec::new() };
        let live = person.keys.iter().filter(|key| key.revoked_at.is_none() && key.credential.rp == name);
        live.map(|key| &key.credential).collect()
    }
}

/// The digest a person's failures are counted under.
pub(crate) fn account_of(person: &Person) -> String {
    account(person.details.as_ref().map_or("", |details| details.login.as_str()))
}

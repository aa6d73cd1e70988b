//! Tokens of applications: what they may do, who answers for them, until when.
//!
//! Invariants: of a token only its digest is kept; it counts no longer than its owner is here, and never longer than a
//! year; it reads and files in the registers it names, has the rights it names, and does nothing else.
//! Does not: say what its owner may do; whoever takes an order of an application asks that as well.

use crate::door::SignIn;
use crate::draw::digest;
use crate::place::{Place, fits};
use crate::refusal::Refusal;
use crate::session::Session;
use desk::{Asker, DoorOrder, Order, Refused};
use identity::{DoorBody, Line, Right, Roster};
use model::{Instant, PersonId, TerminalId, TokenId, Told};
use regulation::RegisterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use store::TokenRow;
use zeroize::Zeroizing;

/// No token counts longer than this.
pub const LONGEST_TOKEN: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The last use is noted to this.
const NOTED: Duration = Duration::from_secs(60);
/// What every token starts with, so that one that has got out is found.
const MARK: &str = "ward_";

/// A token asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAsk {
    /// What it is for.
    pub name: Line,
    /// Registers it may read.
    pub read: BTreeSet<RegisterId>,
    /// Registers it may file in.
    pub file: BTreeSet<RegisterId>,
    /// What it may do beside that.
    pub rights: BTreeSet<Right>,
    /// It does not count from this moment on.
    pub expires_at: Instant,
}

/// A token just issued.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// Which.
    pub token: TokenId,
    /// What the application shows. It is told this once.
    pub secret: Zeroizing<String>,
}

/// An application that has shown a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Which token.
    pub token: TokenId,
    /// Who answers for it.
    pub person: PersonId,
    /// Registers it may read.
    pub read: BTreeSet<RegisterId>,
    /// Registers it may file in.
    pub file: BTreeSet<RegisterId>,
    /// What it may do beside that.
    pub rights: BTreeSet<Right>,
    /// The terminal it works at: an administrator's role counts at one for it alone.
    pub terminal: Option<TerminalId>,
}

/// A token as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSeen {
    /// Which.
    pub token: TokenId,
    /// Who answers for it.
    pub person: PersonId,
    /// What it is for, and what it may do.
    pub asked: TokenAsk,
    /// When it was last used, to a minute.
    pub used_at: Option<Instant>,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    name: Line,
    read: BTreeSet<RegisterId>,
    file: BTreeSet<RegisterId>,
    #[serde(default)]
    rights: BTreeSet<Right>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("token", &self.token).finish_non_exhaustive()
    }
}

impl SignIn {
    /// Issues a token; the person answers for it.
    ///
    /// # Errors
    /// `Input`: it may do nothing, or would count for too long. `Nothing`: the session is not one in which anything is done
    /// but setting factors. `Desk`.
    pub fn issue_token(&self, session: &Session, ask: &TokenAsk, now: Instant) -> Result<Issued, Refusal> {
        self.full(session)?;
        self.sensible(ask, now)?;
        let (token, secret) = (TokenId::from_bytes(self.draw().bytes()?), self.draw().secret()?);
        let secret = Zeroizing::new(format!("{MARK}{}", *secret));
        let TokenAsk { name, read, file, rights, expires_at } = ask.clone();
        let body =
            Body { name: name.clone(), read: read.clone(), file: file.clone(), rights: rights.clone() };
        self.enter_own(session, DoorBody::TokenIssued { token, name, read, file, rights, expires_at })?;
        let row = TokenRow {
            token,
            person: session.person,
            expires_at,
            used_at: None,
            revoked_at: None,
            body: serde_json::to_string(&body).unwrap_or_default(),
        };
        let digest = digest("token", &secret);
        self.desk().state(move |sql| sql.add_token(&digest, &row))?;
        Ok(Issued { token, secret })
    }

    fn sensible(&self, ask: &TokenAsk, now: Instant) -> Result<(), Refusal> {
        let refuse = |zh: &str, en: &str| Err(Refusal::Input(Told::new(zh, en)));
        if ask.expires_at <= now || ask.expires_at > now.plus(LONGEST_TOKEN) {
            return refuse("權杖效期須晚於現在且不得逾一年", "A token ends later than now and within a year");
        }
        if ask.read.is_empty() && ask.file.is_empty() && ask.rights.is_empty() {
            return refuse(
                "請至少指定一項登記簿之閱覽或填報權限，或其他權限",
                "Name a register to read or to file in, or another right, at least",
            );
        }
        let seen = self.desk().seen();
        let pack = seen.packs.current().ok_or(Refused::NoPack)?;
        match ask.read.iter().chain(&ask.file).find(|id| !pack.registers.contains_key(*id)) {
            None => Ok(()),
            Some(id) => Err(Refusal::Input(Told::new(
                format!("規範中無登記簿「{id}」"),
                format!("The pack has no register `{id}`"),
            ))),
        }
    }

    /// The application that shows this token; none where it does not count, or comes from a terminal that its owner does
    /// not work at.
    ///
    /// # Errors
    /// `Desk`.
    pub fn application(
        &self,
        secret: &str,
        place: &Place,
        now: Instant,
    ) -> Result<Option<Application>, Refusal> {
        if !secret.starts_with(MARK) {
            return Ok(None);
        }
        let digest = digest("token", secret);
        let row = self.desk().read(|sql, _| sql.token_of(&digest))?;
        let seen = self.desk().seen();
        let here = |person| seen.roster.person(person).is_some_and(identity::Person::here);
        let counts = |row: &TokenRow| row.revoked_at.is_none() && now < row.expires_at && here(row.person);
        let Some(row) = row.filter(counts) else { return Ok(None) };
        let Body { read, file, rights, .. } = body(&row)?;
        let (token, person) = (row.token, row.person);
        let pack = seen.packs.current().ok_or(Refused::NoPack)?;
        let roster = Roster::new(&seen.roster, pack, now);
        let Ok(terminal) = place.terminal(&seen.roster) else { return Ok(None) };
        if !roster.here(person).is_some_and(|person| fits(&roster, person, terminal)) {
            return Ok(None);
        }
        if row.used_at.is_none_or(|used| used.plus(NOTED) <= now) {
            self.desk().state(move |sql| sql.token_used(token, now))?;
        }
        Ok(Some(Application { token, person, read, file, rights, terminal }))
    }

    /// Tokens: one person's, or everybody's.
    ///
    /// # Errors
    /// `Desk`.
    pub fn tokens(&self, person: Option<PersonId>) -> Result<Vec<TokenSeen>, Refusal> {
        let rows = self.desk().read(|sql, _| sql.tokens(person))?;
        let one = |row: &TokenRow| {
            let Body { name, read, file, rights } = body(row)?;
            let (token, person, used_at, revoked_at) = (row.token, row.person, row.used_at, row.revoked_at);
            let asked = TokenAsk { name, read, file, rights, expires_at: row.expires_at };
            Ok(TokenSeen { token, person, asked, used_at, revoked_at })
        };
        rows.iter().map(one).collect()
    }

    /// Revokes one of one's own tokens.
    ///
    /// # Errors
    /// `Nothing`, `Desk`.
    pub fn revoke_token(&self, session: &Session, token: TokenId, now: Instant) -> Result<(), Refusal> {
        let own = self.tokens(Some(session.person))?;
        own.iter().find(|one| one.token == token && one.revoked_at.is_none()).ok_or(Refusal::Nothing)?;
        self.desk().state(move |sql| sql.revoke_token(token, now))?;
        Ok(self.enter_own(session, DoorBody::TokenRevoked { token })?)
    }

    /// Revokes another person's token, where a policy permits it.
    ///
    /// # Errors
    /// `Nothing`, `Desk`.
    pub fn revoke_token_of(&self, by: &model::Person, token: TokenId, now: Instant) -> Result<(), Refusal> {
        let all = self.tokens(None)?;
        let found = all.iter().find(|one| one.token == token && one.revoked_at.is_none());
        let person = found.ok_or(Refusal::Nothing)?.person;
        let order = DoorOrder { person, own: None, body: DoorBody::TokenRevoked { token } };
        self.desk().ask(Asker::Person(by.clone()), Order::Door(order))?;
        self.desk().state(move |sql| sql.revoke_token(token, now))?;
        Ok(())
    }
}

fn body(row: &TokenRow) -> Result<Body, Refused> {
    let damaged = |_| store::StoreError::damaged("state.door_token", row.token.to_string());
    Ok(serde_json::from_str(&row.body).map_err(damaged)?)
}

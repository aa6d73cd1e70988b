//! The life of a session: opened, looked at with each request, ended, listed.
//!
//! Invariants: of a cookie only its digest is kept; a session counts only while its person is here, every role that was
//! held when it began is held, its terminal stands and is where the request comes from; what ends it is an entry with the
//! reason; nothing but setting factors is done in one that was opened for that.
//! Source: NIST SP 800-63B §7; OWASP Session Management Cheat Sheet; regulation 24.2.5, 24.2.9.

use crate::door::{Half, NewSession, SignIn, Since};
use crate::draw::digest;
use crate::lockout::FORGOTTEN;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::session::{Session, Sessions};
use crate::words::Word;
use desk::{Asker, DoorOrder, Order, Refused, Seen};
use identity::{DoorBody, Ended, Factor, Person};
use model::{Instant, PersonId, SessionId, TerminalId};
use regulation::RoleId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use store::{SessionRow, Sql};

/// What a row holds beside its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    /// Only for setting factors.
    enrolling: bool,
    factors: BTreeSet<Factor>,
    terminal: Option<TerminalId>,
    /// Roles held when it began, with their units.
    roles: BTreeSet<(RoleId, Option<model::UnitId>)>,
    address: Option<String>,
    agent: Option<String>,
    why: Option<Ended>,
}

/// A session as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSeen {
    /// Which.
    pub id: SessionId,
    /// When it was opened.
    pub opened_at: Instant,
    /// When something was last asked for in it, to a minute.
    pub seen_at: Instant,
    /// When it ended, and why.
    pub ended: Option<(Instant, Ended)>,
    /// The terminal.
    pub terminal: Option<TerminalId>,
    /// The address it was opened from.
    pub address: Option<String>,
    /// What the browser called itself.
    pub agent: Option<String>,
    /// What was shown.
    pub factors: BTreeSet<Factor>,
}

/// The last use is noted to this.
const NOTED: Duration = Duration::from_secs(60);
/// Sessions shown in a list.
const LISTED: usize = 100;

impl SignIn {
    /// Opens a session for somebody who has shown who they are.
    pub(crate) fn open(
        &self,
        half: &Half,
        factors: BTreeSet<Factor>,
        enrolling: bool,
        place: &Place,
        now: Instant,
    ) -> Result<NewSession, Refusal> {
        let Half { person, terminal, account } = half;
        let (person, terminal) = (*person, *terminal);
        let since = self.since(person, account)?;
        let id = SessionId::from_bytes(self.draw().bytes()?);
        let cookie = self.draw().secret()?;
        let session = Session { id, person, csrf: csrf(&cookie), terminal, factors: factors.clone() };
        // The entry first: a session that no entry tells of does not exist.
        self.enter_own(&session, DoorBody::SessionOpened { session: id, factors: factors.clone() })?;
        let roles = self.roles_held(person, now);
        let address = place.address.map(|address| address.to_canonical().to_string());
        let (agent, why) = (place.agent_line(), None);
        let body = Body { enrolling, factors, terminal, roles, address, agent, why };
        let row = SessionRow {
            session: id,
            person,
            opened_at: now,
            seen_at: now,
            ended_at: None,
            body: written(&body),
        };
        let (digest, account) = (digest("session", &cookie), account.clone());
        self.desk().state(move |sql| {
            // Whoever only sets factors has not yet shown all there is to show.
            if !enrolling {
                sql.forget_failures(&account)?;
            }
            sql.add_session(&digest, &row)
        })?;
        Ok(NewSession { cookie: cookie.to_string(), session, enrolling, since })
    }

    /// What happened since the person was last here.
    fn since(&self, person: PersonId, account: &str) -> Result<Since, Refused> {
        let (sessions, failures) = self.desk().read(|sql, _| {
            Ok::<_, store::StoreError>((sql.sessions_of(person, 1)?, sql.failures(account)?))
        })?;
        let last = sessions.first();
        let terminal = last.and_then(|row| read(row).ok()).and_then(|body| body.terminal);
        Ok(Since {
            last_at: last.map(|row| row.opened_at),
            terminal,
            failures: failures.map_or(0, |one| one.count),
        })
    }

    /// Roles somebody holds now, with their units.
    fn roles_held(&self, person: PersonId, now: Instant) -> BTreeSet<(RoleId, Option<model::UnitId>)> {
        let seen = self.desk().seen();
        let Some(person) = seen.roster.person(person) else { return BTreeSet::new() };
        person.held(now).map(|one| (one.role.clone(), one.unit)).collect()
    }

    /// The session of a cookie, open now and here, which is a use of it.
    fn live(&self, cookie: &str, place: &Place, now: Instant) -> Result<Option<Live>, Refused> {
        let live = self.standing(cookie, place, now)?;
        if let Some(live) = live.as_ref().filter(|live| live.seen_at.plus(NOTED) <= now) {
            let id = live.session.id;
            self.desk().state(move |sql| sql.session_seen(id, now))?;
        }
        Ok(live)
    }

    /// The same without using it. One that is over is ended.
    fn standing(&self, cookie: &str, place: &Place, now: Instant) -> Result<Option<Live>, Refused> {
        let digest = digest("session", cookie);
        let row = self.desk().read(|sql, _| sql.session_of(&digest))?;
        let Some(row) = row.filter(|row| row.ended_at.is_none()) else { return Ok(None) };
        let body = read(&row)?;
        if let Some(why) = self.over(&row, &body, Some(place), now) {
            self.end(&row, body, why, now)?;
            return Ok(None);
        }
        let Body { enrolling, factors, terminal, .. } = body;
        let (id, person) = (row.session, row.person);
        let session = Session { id, person, csrf: csrf(cookie), terminal, factors };
        Ok(Some(Live { session, enrolling, seen_at: row.seen_at }))
    }

    /// Why a session no longer counts; none where it does.
    fn over(&self, row: &SessionRow, body: &Body, place: Option<&Place>, now: Instant) -> Option<Ended> {
        let limits = &self.config().limits;
        let seen = self.desk().seen();
        let person = seen.roster.person(row.person).filter(|person| person.here());
        let Some(person) = person else { return Some(Ended::Left) };
        let ended = |is: bool, why: Ended| is.then_some(why);
        ended(lost_a_role(person, body, now), Ended::RoleEnded)
            .or_else(|| ended(!stands(&seen, body.terminal), Ended::TerminalRemoved))
            .or_else(|| {
                let elsewhere = |place: &Place| place.terminal(&seen.roster).ok() != Some(body.terminal);
                ended(place.is_some_and(elsewhere), Ended::AnotherTerminal)
            })
            .or_else(|| ended(row.opened_at.plus(limits.absolute) <= now, Ended::Lasted))
            .or_else(|| ended(row.seen_at.plus(limits.idle) <= now, Ended::Idle))
    }

    /// Ends a session, and makes an entry of it; one that has ended already is left as it is.
    fn end(&self, row: &SessionRow, body: Body, why: Ended, now: Instant) -> Result<bool, Refused> {
        let (session, terminal) = (row.session, body.terminal);
        let text = written(&Body { why: Some(why), ..body });
        let ended = self.desk().state(move |sql| sql.end_session(session, now, &text))?;
        if ended {
            let body = DoorBody::SessionEnded { session, why, terminal };
            let own = matches!(why, Ended::SignedOut | Ended::Withdrawn).then_some((session, terminal));
            let order = DoorOrder { person: row.person, own, body };
            self.desk().ask(Asker::System, Order::Door(order))?;
        }
        Ok(ended)
    }

    /// The session of a cookie in which factors are set and nothing else.
    ///
    /// # Errors
    /// `Desk`.
    pub fn enrolling(&self, cookie: &str, place: &Place, now: Instant) -> Result<Option<Session>, Refusal> {
        let live = self.live(cookie, place, now)?;
        Ok(live.filter(|live| live.enrolling).map(|live| live.session))
    }

    /// Ends the session of a cookie; the person signs out.
    ///
    /// # Errors
    /// `Desk`.
    pub fn sign_out(&self, cookie: &str, now: Instant) -> Result<(), Refusal> {
        let digest = digest("session", cookie);
        let row = self.desk().read(|sql, _| sql.session_of(&digest))?;
        if let Some(row) = row.filter(|row| row.ended_at.is_none()) {
            let body = read(&row)?;
            self.end(&row, body, Ended::SignedOut, now)?;
        }
        Ok(())
    }

    /// A person's sessions, the newest first, ended ones included.
    ///
    /// # Errors
    /// `Desk`.
    pub fn sessions_of(&self, person: PersonId) -> Result<Vec<SessionSeen>, Refusal> {
        let rows = self.desk().read(|sql, _| sql.sessions_of(person, LISTED))?;
        rows.iter().map(|row| Ok(shown(row, read(row)?))).collect()
    }

    /// Ends one of a person's own sessions.
    ///
    /// # Errors
    /// `Nothing`: there is no such session open. `Desk`.
    pub fn end_one(&self, person: PersonId, session: SessionId, now: Instant) -> Result<(), Refusal> {
        let row = self.open_row(session, person)?.ok_or(Refusal::Nothing)?;
        let body = read(&row)?;
        self.end(&row, body, Ended::Withdrawn, now)?;
        Ok(())
    }

    /// Ends all of a person's sessions but one; gives how many.
    ///
    /// # Errors
    /// `Desk`.
    pub fn end_all(
        &self,
        person: PersonId,
        but: Option<SessionId>,
        why: Ended,
        now: Instant,
    ) -> Result<usize, Refusal> {
        let mut ended = 0;
        for row in self.open_rows(Some(person))?.iter().filter(|row| Some(row.session) != but) {
            ended += usize::from(self.end(row, read(row)?, why, now)?);
        }
        Ok(ended)
    }

    /// Ends all of another person's sessions, where a policy permits it; gives how many.
    ///
    /// # Errors
    /// `Nothing`: none is open. `Desk`: it is not permitted.
    pub fn end_all_of(&self, by: &model::Person, person: PersonId, now: Instant) -> Result<usize, Refusal> {
        let rows = self.open_rows(Some(person))?;
        if rows.is_empty() {
            return Err(Refusal::Nothing);
        }
        let (mut ended, why) = (0, Ended::ByOther);
        for row in &rows {
            // The entry comes first: it says whether a policy permits it.
            let terminal = read(row)?.terminal;
            let body = DoorBody::SessionEnded { session: row.session, why, terminal };
            let order = DoorOrder { person, own: None, body };
            self.desk().ask(Asker::Person(by.clone()), Order::Door(order))?;
            let (session, text) = (row.session, written(&Body { why: Some(why), ..read(row)? }));
            ended += usize::from(self.desk().state(move |sql| sql.end_session(session, now, &text))?);
        }
        self.tell(&[person], Word::SessionsEnded {}, now)?;
        Ok(ended)
    }

    /// Ends what is over by now, and forgets what lies far back; gives how many sessions were ended. To be called every
    /// minute or so.
    ///
    /// # Errors
    /// `Desk`.
    pub fn tick(&self, now: Instant) -> Result<usize, Refusal> {
        let mut ended = 0;
        for row in self.open_rows(None)? {
            let body = read(&row)?;
            if let Some(why) = self.over(&row, &body, None, now) {
                ended += usize::from(self.end(&row, body, why, now)?);
            }
        }
        let (failed, kept) = (now.minus(FORGOTTEN), now.minus(self.config().limits.kept));
        self.desk().state(move |sql| sql.forget_at_door(failed, kept))?;
        Ok(ended)
    }

    fn open_rows(&self, person: Option<PersonId>) -> Result<Vec<SessionRow>, Refused> {
        Ok(self.desk().read(|sql: &mut Sql, _| sql.open_sessions(person))?)
    }

    /// A session of somebody's that has not ended.
    fn open_row(&self, session: SessionId, person: PersonId) -> Result<Option<SessionRow>, Refused> {
        let row = self.desk().read(|sql: &mut Sql, _| sql.session(session))?;
        Ok(row.filter(|row| row.person == person && row.ended_at.is_none()))
    }

    /// Is it an open session in which more is done than setting factors?
    pub(crate) fn full(&self, session: &Session) -> Result<(), Refusal> {
        let row = self.open_row(session.id, session.person)?.ok_or(Refusal::Nothing)?;
        if read(&row)?.enrolling { Err(Refusal::Nothing) } else { Ok(()) }
    }

    /// Tells people something about an account.
    pub(crate) fn tell(&self, people: &[PersonId], word: Word, now: Instant) -> Result<(), Refused> {
        let people = people.to_vec();
        self.desk().state(move |sql| {
            let body = serde_json::to_string(&word).unwrap_or_default();
            people.into_iter().try_for_each(|person| sql.add_word(person, now, word.kind(), &body))
        })
    }

    /// What a person is to be told about their account, the newest first.
    ///
    /// # Errors
    /// `Desk`.
    pub fn words(&self, person: PersonId) -> Result<Vec<(Instant, Word)>, Refusal> {
        let rows = self.desk().read(|sql, _| sql.words(person))?;
        let read = |(at, body): (Instant, String)| Some((at, serde_json::from_str(&body).ok()?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The person has read what they were told up to a moment.
    ///
    /// # Errors
    /// `Desk`.
    pub fn words_read(&self, person: PersonId, until: Instant) -> Result<(), Refusal> {
        Ok(self.desk().state(move |sql| sql.words_read(person, until))?)
    }
}

impl Sessions for SignIn {
    fn session(&self, cookie: &str, place: &Place, now: Instant) -> Option<Session> {
        // Where it cannot be said that the session is open, it is not.
        full(self.live(cookie, place, now).ok().flatten()?)
    }

    fn glance(&self, cookie: &str, place: &Place, now: Instant) -> Option<Session> {
        full(self.standing(cookie, place, now).ok().flatten()?)
    }

    fn is_open(&self, session: &Session, now: Instant) -> bool {
        let row = self.open_row(session.id, session.person).ok().flatten();
        row.is_some_and(|row| read(&row).is_ok_and(|body| self.over(&row, &body, None, now).is_none()))
    }
}

/// A session that is open.
struct Live {
    session: Session,
    /// Is it only for setting factors?
    enrolling: bool,
    seen_at: Instant,
}

/// A session in which more is done than setting factors.
fn full(live: Live) -> Option<Session> {
    (!live.enrolling).then_some(live.session)
}

/// Was a role held when the session began that is not held any more?
fn lost_a_role(person: &Person, body: &Body, now: Instant) -> bool {
    let held = |(role, unit): &(RoleId, Option<model::UnitId>)| {
        person.held(now).any(|one| one.role == *role && one.unit == *unit)
    };
    !body.roles.iter().all(held)
}

/// Does a session's terminal stand? None is no terminal's loss, nor is the console.
fn stands(seen: &Seen, terminal: Option<TerminalId>) -> bool {
    let Some(id) = terminal.filter(|id| *id != identity::LOCAL_CONSOLE) else { return true };
    seen.roster.terminal(id).is_some_and(|one| one.removed_at.is_none())
}

/// What the forms of a session carry. It follows from the cookie and does not lead to it.
fn csrf(cookie: &str) -> String {
    digest("csrf", cookie)
}

fn written(body: &Body) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

fn read(row: &SessionRow) -> Result<Body, Refused> {
    let damaged = |_| store::StoreError::damaged("state.door_session", row.session.to_string());
    Ok(serde_json::from_str(&row.body).map_err(damaged)?)
}

fn shown(row: &SessionRow, body: Body) -> SessionSeen {
    let Body { factors, terminal, address, agent, why, .. } = body;
    SessionSeen {
        id: row.session,
        opened_at: row.opened_at,
        seen_at: row.seen_at,
        ended: row.ended_at.zip(why),
        terminal,
        address,
        agent,
        factors,
    }
}

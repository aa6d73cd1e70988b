//! What is done about people, each act a form of its own on the person's page.

use super::{Refused, command, granted, person, second};
use crate::acting;
use crate::component::Notice;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::query::Query;
use crate::roc;
use crate::route::named;
use crate::shell::Shell;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::{About, Denial};
use identity::{Act, Action, Beside, Command, Details, Line, Login, Mail, On, Phone, TextError};
use model::{Instant, Person, PersonId, TokenId, Told, UnitId};
use regulation::{HeldIn, RoleId, TimeOfDay};
use signin::{Refusal, TokenSeen};
use std::str::FromStr;

#[derive(Template)]
#[template(path = "people/new.html")]
struct NewPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    refused: Option<Notice<'a>>,
    sent: Query,
    units: Vec<(String, String)>,
}

/// The form that registers a person.
pub(super) async fn new(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| form(cx, open_to(cx)?, None, query)).await
}

/// The units in which they may register people, by code and name.
///
/// # Errors
/// `Hidden`: there is none.
fn open_to(cx: &Cx) -> Result<Vec<(String, String)>, PageError> {
    let act = Act::RegisterPerson;
    let open = |unit: &&identity::Unit| unit.closed_at.is_none() && granted(cx, act, On::Unit(unit.id));
    let units = cx.seen().roster.units().filter(open);
    let units: Vec<_> = units.map(|unit| (unit.code.as_str().to_owned(), cx.unit_name(unit.id))).collect();
    match units.is_empty() {
        true => Err(PageError::hidden(Action::Identity(act).to_string(), About::Oneself)),
        false => Ok(units),
    }
}

fn form(
    cx: &Cx,
    units: Vec<(String, String)>,
    refused: Option<Told>,
    sent: Query,
) -> Result<Response, PageError> {
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shell = Shell::new(cx, None, cx.t("登錄人員", "Register a person"))
        .by(cx.t("人員", "People"), "/people")
        .with_second(second(cx, "/people"));
    let refused = refused.as_ref().map(|told| Notice::refused(cx, told));
    cx.render_as(status, &NewPage { cx, shell, refused, sent, units })
}

/// Registers a person.
pub(super) async fn register(cx: Cx, posted: Posted) -> PageResult {
    cx.run(move |cx| {
        let units = open_to(cx)?;
        let id = PersonId::from_bytes(cx.site.draw()?);
        let asked = Ask { cx, query: &posted.query };
        let done = asked.details().and_then(|details| {
            let home = asked.unit("unit")?;
            Ok(Command::RegisterPerson { person: id, details, home })
        });
        match done.and_then(|order| command(cx, &order)) {
            Ok(_) => Ok(Redirect::to(&format!("/people/{id}")).into_response()),
            Err(PageError::Refused(told) | PageError::Unread(told)) => {
                form(cx, units, Some(told), posted.query)
            }
            Err(error) => Err(error),
        }
    })
    .await
}

/// Does one thing about a person.
pub(super) async fn act(cx: Cx, Path((id, act)): Path<(String, String)>, posted: Posted) -> PageResult {
    let id: PersonId = named(&id)?;
    cx.run(move |cx| {
        if cx.seen().roster.person(id).is_none() {
            return Err(PageError::NotFound);
        }
        let asked = Ask { cx, query: &posted.query };
        let done = match act.as_str() {
            "sessions" => end_sessions(cx, id).map(drop),
            "token" => asked.named("token").and_then(|token| revoke_token(cx, id, token)),
            act => asked.order(id, act).and_then(|order| command(cx, &order)).map(drop),
        };
        match done {
            Ok(()) => Ok(Redirect::to(&format!("/people/{id}")).into_response()),
            Err(PageError::Refused(told) | PageError::Unread(told)) => {
                person::show(cx, id, Some(&Refused { act, told, sent: posted.query }))
            }
            Err(error) => Err(error),
        }
    })
    .await
}

/// What a form asks for.
struct Ask<'a> {
    cx: &'a Cx,
    query: &'a Query,
}

impl Ask<'_> {
    /// The command of an act.
    fn order(&self, person: PersonId, act: &str) -> Result<Command, PageError> {
        Ok(match act {
            "change" => Command::ChangePerson { person, details: self.details()?, home: self.unit("unit")? },
            "grant" => {
                let role: RoleId = self.named("role")?;
                let city = self.cx.pack()?.roles.get(&role).is_some_and(|role| role.held_in == HeldIn::City);
                let home = self.cx.seen().roster.person(person).map(|one| one.home);
                let unit = match self.query.one("unit") {
                    _ if city => None,
                    None => home,
                    Some(_) => Some(self.unit("unit")?),
                };
                let (from, until) = (self.begins("from")?, self.ends("until")?);
                Command::GrantRole { person, role, unit, from, until }
            }
            "end" => {
                let (role, unit, from) = self.held()?;
                Command::EndRole { person, role, unit, from: Some(from) }
            }
            "clear" => Command::GrantClearance { person, grade: self.named("grade")? },
            "unclear" => Command::WithdrawClearance { person },
            "appoint" => Command::AppointDeputy {
                principal: person,
                deputy: self.somebody("deputy")?,
                from: self.begins("from")?,
                until: self
                    .ends("until")?
                    .ok_or_else(|| unread("until", "請填代理迄日", "say until when"))?,
            },
            "acknowledge" => {
                let (deputy, from) = self.appointment()?;
                Command::AcknowledgeDeputy { principal: person, deputy, from }
            }
            "revoke" => {
                let (deputy, from) = self.appointment()?;
                Command::RevokeDeputy { principal: person, deputy, from }
            }
            "leave" => {
                // Ending all of somebody's rights takes more than one slip of the hand.
                if !self.query.has("sure", "1") {
                    return Err(unread("sure", "請勾選確認", "confirm it"));
                }
                Command::RecordLeaving { person }
            }
            _ => return Err(PageError::NotFound),
        })
    }

    fn details(&self) -> Result<Details, PageError> {
        let phone = self.query.one("phone").map(Phone::new).transpose().map_err(text)?;
        Ok(Details {
            name: self.filled("name", Line::new)?,
            login: self.filled("login", Login::new)?,
            title: self.filled("title", Line::new)?,
            mail: self.filled("mail", Mail::new)?,
            phone,
        })
    }

    fn filled<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Result<T, TextError>,
    ) -> Result<T, PageError> {
        read(self.query.one(name).unwrap_or_default()).map_err(text)
    }

    fn named<T: FromStr>(&self, name: &'static str) -> Result<T, PageError> {
        let text = self.query.one(name).unwrap_or_default();
        text.parse().map_err(|_| unread(name, "請選擇一項", "choose one"))
    }

    /// A unit by its code.
    fn unit(&self, name: &'static str) -> Result<UnitId, PageError> {
        let code = self.query.one(name).unwrap_or_default();
        let unit = self.cx.seen().roster.unit_of_code(code);
        unit.ok_or_else(|| unread(name, "查無此單位代碼", "no unit has this code"))
    }

    /// Somebody by account, or by a name that only one person has.
    fn somebody(&self, name: &'static str) -> Result<PersonId, PageError> {
        let words = self.query.one(name).unwrap_or_default();
        let roster = &self.cx.seen().roster;
        if let Some(person) = roster.person_of_login(&words.to_lowercase()) {
            return Ok(person);
        }
        let called = |person: &&identity::Person| {
            person.here() && person.details.as_ref().is_some_and(|details| details.name.as_str() == words)
        };
        let mut found = roster.people().filter(called);
        match (found.next(), found.next()) {
            (Some(person), None) => Ok(person.id),
            (Some(_), Some(_)) => {
                Err(unread(name, "同名者不只一人，請填帳號", "several bear this name; give the account"))
            }
            (None, _) => Err(unread(name, "查無此人", "there is nobody of this name or account")),
        }
    }

    /// `role.unit.from`, as the form names a holding.
    fn held(&self) -> Result<(RoleId, Option<UnitId>, Instant), PageError> {
        let text = self.query.one("holding").unwrap_or_default();
        let mut parts = text.splitn(3, '.');
        let mut read = || {
            let role = parts.next()?.parse().ok()?;
            let unit = match parts.next()? {
                "" => None,
                unit => Some(unit.parse().ok()?),
            };
            Some((role, unit, parts.next()?.parse().ok()?))
        };
        read().ok_or_else(|| unread("holding", "請選擇一項", "choose one"))
    }

    /// `deputy.from`, as the form names an appointment.
    fn appointment(&self) -> Result<(PersonId, Instant), PageError> {
        let text = self.query.one("appointment").unwrap_or_default();
        let read = text.split_once('.').and_then(|(who, from)| Some((who.parse().ok()?, from.parse().ok()?)));
        read.ok_or_else(|| unread("appointment", "請選擇一項", "choose one"))
    }

    /// The first moment of a day to come; none where no day is given, or where it is today: from now. What was before is
    /// nobody's to change.
    fn begins(&self, name: &'static str) -> Result<Option<Instant>, PageError> {
        let (now, zone) = (self.cx.now(), self.cx.zone()?);
        let today = zone.moment(zone.date(now), TimeOfDay::START);
        match self.day(name, TimeOfDay::START)? {
            Some(begin) if begin < today => Err(unread(name, "不得早於今日", "no day before today")),
            begin => Ok(begin.filter(|begin| *begin > now)),
        }
    }

    /// The end of a day.
    fn ends(&self, name: &'static str) -> Result<Option<Instant>, PageError> {
        self.day(name, TimeOfDay::END)
    }

    fn day(&self, name: &'static str, at: TimeOfDay) -> Result<Option<Instant>, PageError> {
        let Some(text) = self.query.one(name) else { return Ok(None) };
        let day = roc::read_date(text)
            .ok_or_else(|| unread(name, "日期請填 115/3/2 或 2026-03-02", "dates are written 2026-03-02"))?;
        Ok(Some(self.cx.zone()?.moment(day, at)))
    }
}

/// Ends all sessions of a person; gives how many.
///
/// # Errors
/// `Denied`: no policy lets them. `Refused`: there is none.
pub(crate) fn end_sessions(cx: &Cx, person: PersonId) -> Result<usize, PageError> {
    // Whoever may not do it is not told either whether there is any.
    let actor = actor(cx, Act::EndSessions, person)?;
    cx.site.door().end_all_of(&actor, person, cx.now()).map_err(|refusal| match refusal {
        Refusal::Nothing => PageError::Refused(Told::new(
            "此人目前沒有使用中之登入",
            "This person is signed in nowhere at present",
        )),
        refusal => refusal.into(),
    })
}

/// The tokens of a person's applications that count, for whoever may revoke them.
///
/// # Errors
/// The tables failed.
pub(crate) fn revocable(cx: &Cx, person: PersonId) -> Result<Vec<TokenSeen>, PageError> {
    if !granted(cx, Act::RevokeToken, On::Person(person)) {
        return Ok(Vec::new());
    }
    let mut tokens = cx.site.door().tokens(Some(person))?;
    tokens.retain(|one| one.revoked_at.is_none() && one.asked.expires_at > cx.now());
    Ok(tokens)
}

/// Revokes a token of a person's application.
///
/// # Errors
/// `Denied`: no policy lets them. `NotFound`: the person has no such token that counts.
pub(crate) fn revoke_token(cx: &Cx, person: PersonId, token: TokenId) -> Result<(), PageError> {
    let actor = actor(cx, Act::RevokeToken, person)?;
    let theirs = revocable(cx, person)?;
    theirs.iter().find(|one| one.token == token).ok_or(PageError::NotFound)?;
    Ok(cx.site.door().revoke_token_of(&actor, token, cx.now())?)
}

/// As whom a policy lets them do something about a person.
fn actor(cx: &Cx, act: Act, person: PersonId) -> Result<Person, PageError> {
    let act = Action::Identity(act);
    let denied = || Denial { act: act.to_string(), about: About::Person(person) };
    acting::granted(cx, &act, &On::Person(person), &Beside::default())
        .ok_or_else(|| PageError::Denied(denied(), not_yours()))
}

/// Why somebody is not let do something about people or units.
pub(crate) fn not_yours() -> Told {
    Told::new("您目前之角色無權辦理本項作業", "None of your roles at present has a right to do this")
}

fn text(error: TextError) -> PageError {
    PageError::Unread(error.told())
}

fn unread(name: &str, zh: &str, en: &str) -> PageError {
    let names = [
        ("appointment", "代理", "appointment"),
        ("deputy", "代理人", "deputy"),
        ("from", "起日", "from"),
        ("grade", "機密等級", "grade"),
        ("holding", "角色", "role"),
        ("role", "角色", "role"),
        ("sure", "確認", "confirmation"),
        ("unit", "單位", "unit"),
        ("until", "迄日", "until"),
    ];
    let named = names.iter().find(|(one, _, _)| *one == name);
    let (zh_name, en_name) = named.map_or((name, name), |(_, zh, en)| (*zh, *en));
    PageError::Unread(Told::new(format!("{zh_name}：{zh}"), format!("{en_name}: {en}")))
}

//! People: what everybody signed in knows of them, and, for tokens with the right `people`, what may be done about them,
//! in whichever role of the owner's a policy of the pack grants it.

use super::act::moment;
use super::once::Once;
use super::own::TokenShape;
use super::read::paged;
use super::shape::{EntriesShape, MadeShape};
use super::spelling::members;
use super::within::{Within, WithinUnit};
use super::{named, sent, unread};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::people::{command, end_sessions, found, knows, revocable, revoke_token};
use crate::query::Query;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use identity::{Command, Details, Line, Login, Mail, Phone, Right, TextError};
use model::{Instant, PersonId, TokenId};
use regulation::{HeldIn, RoleId};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// A person, as everybody who is signed in knows them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonShape {
    /// Their id.
    id: String,
    /// Their name; null once it is forgotten.
    name: Option<String>,
    /// Their title.
    title: Option<String>,
    /// The unit they belong to.
    unit: String,
    /// Are they still here?
    here: bool,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct People {
    /// How many there are in all.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// How many a page holds.
    size: u64,
    /// The people, by unit and account.
    people: Vec<PersonShape>,
}

/// A person with what they hold, and who stands in for whom.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonWhole {
    /// As in a list.
    #[serde(flatten)]
    person: PersonShape,
    /// Account, mail and telephone: for themselves, and, by the right `people`, for whoever may change them.
    account: Option<AccountShape>,
    /// The grade they are cleared for.
    clearance: Option<String>,
    /// When they were registered.
    registered_at: String,
    /// When they left.
    left_at: Option<String>,
    /// How many passkeys they have.
    passkeys: usize,
    /// Roles they hold, held, or will hold.
    roles: Vec<HoldingShape>,
    /// Those who stand in for them, past and to come.
    deputies: Vec<AppointmentShape>,
    /// Those they stand in for.
    stands_in_for: Vec<AppointmentShape>,
    /// Tokens of their applications that count: by the right `people`, for whoever may revoke them.
    tokens: Vec<TokenShape>,
}

/// How somebody is reached, and by which account they sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountShape {
    /// The account.
    login: String,
    /// Where mail goes.
    mail: String,
    /// Telephone.
    phone: Option<String>,
}

/// A role held.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldingShape {
    /// The role.
    role: String,
    /// In which unit; null for the whole organisation.
    unit: Option<String>,
    /// From this moment on.
    from: String,
    /// Up to, but not including, this moment.
    until: Option<String>,
}

/// That somebody stands in for somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppointmentShape {
    /// For whom.
    principal: String,
    /// Who stands in.
    deputy: String,
    /// From this moment on.
    from: String,
    /// Up to, but not including, this moment.
    until: String,
    /// Do both know? Else it is not in force.
    known: bool,
}

/// What is to be known of a person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonAsk {
    /// Their name.
    name: String,
    /// The account, theirs alone.
    login: String,
    /// Their title.
    title: String,
    /// Where mail goes.
    mail: String,
    /// Telephone.
    #[serde(default)]
    phone: Option<String>,
    /// The unit they belong to.
    #[schema(pattern = "^u_[a-z2-7]{25}[aeimquy4]$")]
    unit: String,
}

/// Something to be done about a person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) enum PersonAct {
    /// One of the two takes note of an appointment.
    Acknowledge(#[serde(deserialize_with = "members")] AppointmentAsk),
    /// Somebody is to stand in for them.
    Appoint(#[serde(deserialize_with = "members")] AppointAsk),
    /// What is known of them is to be this.
    Change(#[serde(deserialize_with = "members")] Box<PersonAsk>),
    /// They are cleared for a grade.
    Clear(#[serde(deserialize_with = "members")] ClearAsk),
    /// They no longer hold a role.
    End(#[serde(deserialize_with = "members")] EndAsk),
    /// They hold a role.
    Grant(#[serde(deserialize_with = "members")] GrantAsk),
    /// They leave: all that they hold, have appointed or registered ends.
    Leave(#[serde(deserialize_with = "members")] Nothing),
    /// An appointment ends.
    Revoke(#[serde(deserialize_with = "members")] AppointmentAsk),
    /// They are cleared for what everybody is, and no more.
    Unclear(#[serde(deserialize_with = "members")] Nothing),
}

/// Which appointment.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppointmentAsk {
    /// Who stands in.
    #[schema(pattern = "^p_[a-z2-7]{25}[aeimquy4]$")]
    deputy: String,
    /// Its first moment.
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$"
    )]
    from: String,
}

/// Who is to stand in, and how long.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppointAsk {
    /// Who stands in.
    #[schema(pattern = "^p_[a-z2-7]{25}[aeimquy4]$")]
    deputy: String,
    /// From this moment on; from now where it is not said.
    #[serde(default)]
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$"
    )]
    from: Option<String>,
    /// Up to, but not including, this moment.
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$"
    )]
    until: String,
}

/// For which grade.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClearAsk {
    /// The grade.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "restricted")]
    grade: String,
}

/// Which holding.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndAsk {
    /// The role.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "unit_head")]
    role: String,
    /// In which unit, where it is held in one.
    #[serde(default)]
    #[schema(pattern = "^u_[a-z2-7]{25}[aeimquy4]$")]
    unit: Option<String>,
    /// Its first moment; the earliest that is not past where it is not said.
    #[serde(default)]
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$"
    )]
    from: Option<String>,
}

/// Which role, where, and how long.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantAsk {
    /// The role.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "unit_head")]
    role: String,
    /// In which unit, for a role that is held in one; their own where it is not said.
    #[serde(default)]
    #[schema(pattern = "^u_[a-z2-7]{25}[aeimquy4]$")]
    unit: Option<String>,
    /// From this moment on; from now where it is not said.
    #[serde(default)]
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$"
    )]
    from: Option<String>,
    /// Up to, but not including, this moment.
    #[serde(default)]
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$"
    )]
    until: Option<String>,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndedShape {
    /// How many.
    pub(super) ended: usize,
}

/// People, as their page lists them.
#[utoipa::path(get, path = "/api/v1/people", tag = "people",
    params(WithinUnit,
        ("q" = Option<String>, Query, description = "words of name, title or unit, or the beginning of an account"),
        ("role" = Option<String>, Query, description = "only those who hold this role now"),
        ("left" = Option<String>, Query, description = "those who have left, instead of those who are here"),
        ("page" = Option<String>, Query, description = "from 1"),
        ("size" = Option<String>, Query, description = "25, 50, 100 or 200")),
    responses((status = 200, body = People)))]
pub(super) async fn people(Within(cx): Within, query: Query) -> PageResult {
    cx.run(move |cx| {
        let role: Option<RoleId> = query.one("role").map(|role| spelled("role", role)).transpose()?;
        let words = query.one("q").unwrap_or_default().to_lowercase();
        let people = cx.look(|look| {
            let found = found(look, &words, role.as_slice(), query.has("left", "1"));
            let shape = |id: &PersonId| look.roster.state.person(*id).map(PersonShape::of);
            let (total, page, size, some) = paged(&query, &found);
            Ok(People { total, page, size, people: some.iter().filter_map(shape).collect() })
        })?;
        given::json(StatusCode::OK, &people)
    })
    .await
}

/// A person.
#[utoipa::path(get, path = "/api/v1/people/{person}", tag = "people",
    params(("person" = String, Path, description = "their id")),
    responses((status = 200, body = PersonWhole)))]
pub(super) async fn person(cx: Cx, Path(person): Path<String>) -> PageResult {
    let person: PersonId = named(&person)?;
    cx.run(move |cx| {
        let whole = cx.look(|look| PersonWhole::of(look, person))?;
        given::json(StatusCode::OK, &whole)
    })
    .await
}

/// Registers a person.
#[utoipa::path(post, path = "/api/v1/people", tag = "people",
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = PersonAsk, responses((status = 201, body = MadeShape)))]
pub(super) async fn register(cx: Cx, headers: HeaderMap, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        once.or(cx, StatusCode::CREATED, || {
            let ask: PersonAsk = sent(&body)?;
            let person = PersonId::from_bytes(once.id("person"));
            // Registered before under this key, and cut off before that was noted.
            if cx.seen().roster.person(person).is_none() {
                let (details, home) = (ask.details()?, spelled("unit", &ask.unit)?);
                command(cx, &Command::RegisterPerson { person, details, home })?;
            }
            MadeShape::text(person)
        })
    })
    .await
}

/// Does one thing about a person.
#[utoipa::path(post, path = "/api/v1/people/{person}/acts", tag = "people",
    params(("person" = String, Path, description = "their id"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = PersonAct, responses((status = 200, body = EntriesShape)))]
pub(super) async fn act_on_person(
    cx: Cx,
    Path(person): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let person: PersonId = named(&person)?;
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        let known = cx.seen().roster.person(person).ok_or(PageError::NotFound)?;
        once.or(cx, StatusCode::OK, || {
            let order = sent::<PersonAct>(&body)?.order(cx, known)?;
            EntriesShape::text(&command(cx, &order)?)
        })
    })
    .await
}

/// Ends all sessions of a person; their tokens stay.
#[utoipa::path(post, path = "/api/v1/people/{person}/sessions/end", tag = "people",
    params(("person" = String, Path, description = "their id")),
    responses((status = 200, body = EndedShape)))]
pub(super) async fn end_of_person(cx: Cx, Path(person): Path<String>) -> PageResult {
    let person: PersonId = named(&person)?;
    cx.run(move |cx| {
        cx.seen().roster.person(person).ok_or(PageError::NotFound)?;
        given::json(StatusCode::OK, &EndedShape { ended: end_sessions(cx, person)? })
    })
    .await
}

/// Revokes a token of an application of somebody's.
#[utoipa::path(post, path = "/api/v1/people/{person}/tokens/{token}/revoke", tag = "people",
    params(("person" = String, Path, description = "their id"), ("token" = String, Path, description = "its id")),
    responses((status = 200, body = EndedShape)))]
pub(super) async fn revoke_of_person(cx: Cx, Path((person, token)): Path<(String, String)>) -> PageResult {
    let (person, token): (PersonId, TokenId) = (named(&person)?, named(&token)?);
    cx.run(move |cx| {
        cx.seen().roster.person(person).ok_or(PageError::NotFound)?;
        revoke_token(cx, person, token)?;
        given::json(StatusCode::OK, &EndedShape { ended: 1 })
    })
    .await
}

impl PersonShape {
    fn of(person: &identity::Person) -> Self {
        let details = person.details.as_ref();
        Self {
            id: person.id.to_string(),
            name: details.map(|details| details.name.as_str().to_owned()),
            title: details.map(|details| details.title.as_str().to_owned()),
            unit: person.home.to_string(),
            here: person.here(),
        }
    }
}

impl PersonWhole {
    fn of(look: &Look<'_>, id: PersonId) -> Result<Self, PageError> {
        let state = look.roster.state;
        let person = state.person(id).ok_or(PageError::NotFound)?;
        let account = |details: &Details| AccountShape {
            login: details.login.as_str().to_owned(),
            mail: details.mail.as_str().to_owned(),
            phone: details.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        };
        let rights = &look.cx.scope()?.rights;
        let known = id == look.cx.person() || (rights.contains(&Right::People) && knows(look.cx, id));
        let tokens = if rights.contains(&Right::People) { revocable(look.cx, id)? } else { Vec::new() };
        let appointments = state.appointments(id).into_iter();
        let (own, others): (Vec<_>, Vec<_>) = appointments.partition(|one| one.principal == id);
        Ok(Self {
            person: PersonShape::of(person),
            account: person.details.as_ref().filter(|_| known).map(account),
            clearance: look.roster.clearance(id).map(ToString::to_string),
            registered_at: person.registered_at.to_string(),
            left_at: person.left_at.map(|at| at.to_string()),
            passkeys: person.keys.iter().filter(|key| key.revoked_at.is_none()).count(),
            roles: person.holdings.iter().map(HoldingShape::of).collect(),
            deputies: own.iter().map(AppointmentShape::of).collect(),
            stands_in_for: others.iter().map(AppointmentShape::of).collect(),
            tokens: tokens.iter().map(TokenShape::of).collect(),
        })
    }
}

impl HoldingShape {
    fn of(one: &identity::Holding) -> Self {
        Self {
            role: one.role.to_string(),
            unit: one.unit.map(|unit| unit.to_string()),
            from: one.from.to_string(),
            until: one.until.map(|until| until.to_string()),
        }
    }
}

impl AppointmentShape {
    fn of(one: &casework::Appointment) -> Self {
        Self {
            principal: one.principal.to_string(),
            deputy: one.deputy.to_string(),
            from: one.from.to_string(),
            until: one.until.to_string(),
            known: one.told,
        }
    }
}

impl PersonAsk {
    fn details(&self) -> Result<Details, PageError> {
        Ok(Details {
            name: Line::new(&self.name).map_err(text)?,
            login: Login::new(&self.login).map_err(text)?,
            title: Line::new(&self.title).map_err(text)?,
            mail: Mail::new(&self.mail).map_err(text)?,
            phone: self.phone.as_deref().map(Phone::new).transpose().map_err(text)?,
        })
    }
}

impl PersonAct {
    /// The command that does it.
    fn order(self, cx: &Cx, person: &identity::Person) -> Result<Command, PageError> {
        let id = person.id;
        Ok(match self {
            Self::Acknowledge(ask) => {
                let (deputy, from) = ask.parts()?;
                Command::AcknowledgeDeputy { principal: id, deputy, from }
            }
            Self::Appoint(ask) => Command::AppointDeputy {
                principal: id,
                deputy: spelled("deputy", &ask.deputy)?,
                from: ask.from.as_deref().map(moment).transpose()?,
                until: moment(&ask.until)?,
            },
            Self::Change(ask) => {
                let (details, home) = (ask.details()?, spelled("unit", &ask.unit)?);
                Command::ChangePerson { person: id, details, home }
            }
            Self::Clear(ask) => Command::GrantClearance { person: id, grade: spelled("grade", &ask.grade)? },
            Self::End(ask) => Command::EndRole {
                person: id,
                role: spelled("role", &ask.role)?,
                unit: maybe("unit", ask.unit.as_deref())?,
                from: ask.from.as_deref().map(moment).transpose()?,
            },
            Self::Grant(ask) => {
                let role: RoleId = spelled("role", &ask.role)?;
                let city = cx.pack()?.roles.get(&role).is_some_and(|role| role.held_in == HeldIn::City);
                let unit = maybe("unit", ask.unit.as_deref())?.or((!city).then_some(person.home));
                let from: Option<Instant> = ask.from.as_deref().map(moment).transpose()?;
                Command::GrantRole {
                    person: id,
                    role,
                    unit,
                    from,
                    until: ask.until.as_deref().map(moment).transpose()?,
                }
            }
            Self::Leave(Nothing {}) => Command::RecordLeaving { person: id },
            Self::Revoke(ask) => {
                let (deputy, from) = ask.parts()?;
                Command::RevokeDeputy { principal: id, deputy, from }
            }
            Self::Unclear(Nothing {}) => Command::WithdrawClearance { person: id },
        })
    }
}

impl AppointmentAsk {
    fn parts(&self) -> Result<(PersonId, Instant), PageError> {
        Ok((spelled("deputy", &self.deputy)?, moment(&self.from)?))
    }
}

/// Nothing more is to be said.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

pub(super) fn text(error: TextError) -> PageError {
    PageError::Refused(error.told())
}

pub(super) fn spelled<T: FromStr>(what: &str, text: &str) -> Result<T, PageError> {
    text.parse().map_err(|_| unread(what, "格式不符", "not spelled as described"))
}

pub(super) fn maybe<T: FromStr>(what: &str, text: Option<&str>) -> Result<Option<T>, PageError> {
    text.map(|text| spelled(what, text)).transpose()
}

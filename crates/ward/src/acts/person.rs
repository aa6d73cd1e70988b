//! People at the console: registered, changed, leaving; roles granted and ended; deputies appointed; listed.

use super::unit::text;
use super::{Done, Refusal, ask, draw, named};
use crate::office::Office;
use clap::Args;
use identity::{Command, Details, Holding, Line, Login, Mail, Person, Phone, State};
use model::{Instant, PersonId};
use regulation::{RoleId, Zone};
use serde::{Deserialize, Serialize};

/// Register a person.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// 個人帳號名稱（2 至 32 個小寫英文字母、數字、「.」「-」「_」）。Account name, personal: small letters, digits, . - _
    #[arg(long)]
    login: String,
    /// 姓名。Name.
    #[arg(long)]
    name: String,
    /// 職稱。Title.
    #[arg(long)]
    title: String,
    /// 電子郵件。Mail address.
    #[arg(long)]
    mail: String,
    /// 電話。Telephone.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// 所屬單位（代碼或識別碼）。The unit the person belongs to, by code or id.
    #[arg(long, value_name = "UNIT")]
    home: String,
}

/// Change what is known of a person; what is not named stays.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// 人員（帳號名稱或識別碼）。The person, by account name or id.
    person: String,
    /// 新帳號名稱。The account name then.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    /// 新姓名。The name then.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// 新職稱。The title then.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// 新電子郵件。The mail address then.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mail: Option<String>,
    /// 新電話；空字串即移除。The telephone then; an empty one takes it away.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// 調任之單位（代碼或識別碼）。The unit then, by code or id.
    #[arg(long, value_name = "UNIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<String>,
}

/// A person leaves.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leave {
    /// 人員（帳號名稱或識別碼）。The person, by account name or id.
    person: String,
}

/// Grant a role.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    /// 人員（帳號名稱或識別碼）。The person, by account name or id.
    person: String,
    /// 角色（規範中之代號）。The role, by its id in the pack.
    role: String,
    /// 任職單位（代碼或識別碼）；及於全府之角色不寫。The unit it is held in; none for a role of the whole installation.
    #[arg(long, value_name = "UNIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// 起日（如 2026-03-01；預設現在）。From this day on (default: now).
    #[arg(long, value_name = "DATE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// 迄日，含當日（預設無期限）。Through this day (default: without end).
    #[arg(long, value_name = "DATE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// End a role.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// 人員（帳號名稱或識別碼）。The person, by account name or id.
    person: String,
    /// 角色（規範中之代號）。The role, by its id in the pack.
    role: String,
    /// 任職單位（代碼或識別碼）；及於全府之角色不寫。The unit it is held in; none for a role of the whole installation.
    #[arg(long, value_name = "UNIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// 起日，有多段任期時指明（預設最早未終了者）。The day it began, where there are several (default: the earliest not over).
    #[arg(long, value_name = "DATE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// Appoint a deputy. Both acknowledge it themselves before it counts.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Appoint {
    /// 被代理人（帳號名稱或識別碼）。For whom, by account name or id.
    principal: String,
    /// 代理人（帳號名稱或識別碼）。Who stands in, by account name or id.
    deputy: String,
    /// 起日（預設現在）。From this day on (default: now).
    #[arg(long, value_name = "DATE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// 迄日，含當日。Through this day.
    #[arg(long, value_name = "DATE")]
    until: String,
}

/// List people.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// 僅列此單位及其下級單位之人員（代碼或識別碼）。Only people of this unit and those below it, by code or id.
    #[arg(long, value_name = "UNIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

impl List {
    /// Everybody.
    pub(crate) const fn whole() -> Self {
        Self { unit: None }
    }
}

/// A person of the list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: PersonId,
    /// Code of the unit the person belongs to.
    pub(crate) home: String,
    /// Personal data; none once it was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Details>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) left_at: Option<String>,
    /// Roles that are not over.
    pub(crate) roles: Vec<Role>,
    /// Appointments as principal that are not over.
    pub(crate) deputies: Vec<Deputy>,
}

/// A role held, or to be held.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    pub(crate) role: String,
    /// Code of the unit; none for the whole installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    pub(crate) from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
}

/// Who stands in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deputy {
    /// By account name, or id.
    pub(crate) deputy: String,
    pub(crate) from: String,
    pub(crate) until: String,
    /// Have both acknowledged it?
    pub(crate) acknowledged: bool,
}

pub(crate) fn add(office: &Office, add: &Add) -> Result<Done, Refusal> {
    let home = named::unit(&office.desk.seen().roster, &add.home)?.id;
    let details = Details {
        name: Line::new(&add.name).map_err(text)?,
        login: Login::new(&add.login).map_err(text)?,
        title: Line::new(&add.title).map_err(text)?,
        mail: Mail::new(&add.mail).map_err(text)?,
        phone: add.phone.as_deref().map(Phone::new).transpose().map_err(text)?,
    };
    let person = PersonId::from_bytes(draw()?);
    ask(office, Command::RegisterPerson { person, details, home }, person.to_string())
}

pub(crate) fn change(office: &Office, change: &Change) -> Result<Done, Refusal> {
    let seen = office.desk.seen();
    let before = named::person(&seen.roster, &change.person)?;
    let known = before.details.as_ref().ok_or_else(|| {
        Refusal::by_rule(model::Told::new(
            "該員之個人資料已核准銷毀，不得變更",
            "The person's data was destroyed; it cannot be changed",
        ))
    })?;
    let or = |new: &Option<String>, old: &str| new.as_deref().unwrap_or(old).to_owned();
    let details = Details {
        name: Line::new(&or(&change.name, known.name.as_str())).map_err(text)?,
        login: Login::new(&or(&change.login, known.login.as_str())).map_err(text)?,
        title: Line::new(&or(&change.title, known.title.as_str())).map_err(text)?,
        mail: Mail::new(&or(&change.mail, known.mail.as_str())).map_err(text)?,
        phone: match change.phone.as_deref() {
            None => known.phone.clone(),
            Some("") => None,
            Some(phone) => Some(Phone::new(phone).map_err(text)?),
        },
    };
    let home = match &change.home {
        Some(home) => named::unit(&seen.roster, home)?.id,
        None => before.home,
    };
    let person = before.id;
    ask(office, Command::ChangePerson { person, details, home }, person.to_string())
}

pub(crate) fn leave(office: &Office, leave: &Leave) -> Result<Done, Refusal> {
    let person = named::person(&office.desk.seen().roster, &leave.person)?.id;
    ask(office, Command::RecordLeaving { person }, person.to_string())
}

pub(crate) fn grant(office: &Office, grant: &Grant) -> Result<Done, Refusal> {
    let seen = office.desk.seen();
    let (zone, now) = named::calendar(&seen)?;
    let person = named::person(&seen.roster, &grant.person)?.id;
    let unit = grant.unit.as_deref().map(|unit| named::unit(&seen.roster, unit)).transpose()?;
    let from = grant.from.as_deref().map(|from| named::beginning(from, &zone, now)).transpose()?.flatten();
    let until = grant.until.as_deref().map(|until| named::ending(until, &zone)).transpose()?;
    let (role, unit) = (role(&grant.role)?, unit.map(|unit| unit.id));
    ask(office, Command::GrantRole { person, role, unit, from, until }, person.to_string())
}

pub(crate) fn end(office: &Office, end: &End) -> Result<Done, Refusal> {
    let seen = office.desk.seen();
    let (zone, now) = named::calendar(&seen)?;
    let found = named::person(&seen.roster, &end.person)?;
    let unit = end.unit.as_deref().map(|unit| named::unit(&seen.roster, unit)).transpose()?;
    let (role, unit) = (role(&end.role)?, unit.map(|unit| unit.id));
    let held = found.holdings.iter().filter(|one| one.role == role && one.unit == unit && !one.over(now));
    let from = end.from.as_deref().map(|from| began(held, from, &zone)).transpose()?;
    let person = found.id;
    ask(office, Command::EndRole { person, role, unit, from }, person.to_string())
}

/// The first moment of the holding that began on a day, or at a moment.
fn began<'h>(
    mut held: impl Iterator<Item = &'h Holding>,
    text: &str,
    zone: &Zone,
) -> Result<Instant, Refusal> {
    let moment = named::moment(text)?;
    let fits = |one: &&Holding| match moment {
        named::Moment::At(at) => one.from == at,
        named::Moment::Day(day) => zone.date(one.from) == day,
    };
    held.find(fits).map(|one| one.from).ok_or_else(|| {
        Refusal::misuse(model::Told::new(
            format!("該員無自「{text}」起之此項任職；可用 ward person list --json 查詢"),
            format!("The person holds no such role from {text:?} on; see ward person list --json"),
        ))
    })
}

pub(crate) fn appoint(office: &Office, appoint: &Appoint) -> Result<Done, Refusal> {
    let seen = office.desk.seen();
    let (zone, now) = named::calendar(&seen)?;
    let principal = named::person(&seen.roster, &appoint.principal)?.id;
    let deputy = named::person(&seen.roster, &appoint.deputy)?.id;
    let from = appoint.from.as_deref().map(|from| named::beginning(from, &zone, now)).transpose()?.flatten();
    let until = named::ending(&appoint.until, &zone)?;
    ask(office, Command::AppointDeputy { principal, deputy, from, until }, principal.to_string())
}

pub(crate) fn list(office: &Office, list: &List) -> Result<Vec<Row>, Refusal> {
    let seen = office.desk.seen();
    let roster = seen.roster.as_ref();
    let within = match &list.unit {
        Some(unit) => Some(roster.subtree(named::unit(roster, unit)?.id).collect::<Vec<_>>()),
        None => None,
    };
    let shown = |person: &&Person| within.as_ref().is_none_or(|units| units.contains(&person.home));
    let mut people: Vec<&Person> = roster.people().filter(shown).collect();
    people.sort_by_key(|person| person.details.as_ref().map(|details| details.login.clone()));
    let now = named::now();
    Ok(people.into_iter().map(|person| row(roster, person, now)).collect())
}

fn row(roster: &State, person: &Person, now: Instant) -> Row {
    let name = |id: PersonId| {
        let details = roster.person(id).and_then(|person| person.details.as_ref());
        details.map_or_else(|| id.to_string(), |details| details.login.to_string())
    };
    let roles = person.holdings.iter().filter(|one| !one.over(now) && person.here()).map(|one| Role {
        role: one.role.to_string(),
        unit: one.unit.map(|unit| named::code(roster, unit)),
        from: one.from.to_string(),
        until: one.until.map(|until| until.to_string()),
    });
    let deputies = person.deputies.iter().filter(|one| one.until > now).map(|one| Deputy {
        deputy: name(one.deputy),
        from: one.from.to_string(),
        until: one.until.to_string(),
        acknowledged: one.deputy_knows && one.principal_knows,
    });
    Row {
        id: person.id,
        home: named::code(roster, person.home),
        details: person.details.clone(),
        left_at: person.left_at.map(|at| at.to_string()),
        roles: roles.collect(),
        deputies: deputies.collect(),
    }
}

/// A role's id. What is none cannot be a role of the pack either.
fn role(text: &str) -> Result<RoleId, Refusal> {
    RoleId::new(text)
        .map_err(|_| Refusal::of(&desk::Refused::Identity(identity::Refusal::NoRole(text.to_owned()))))
}

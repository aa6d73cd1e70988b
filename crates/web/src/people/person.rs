//! A person's page: what is known, roles from and to, deputies, factors by kind; and the forms for what may be done.

use super::{accepted, granted, second};
use crate::component::{Fact, Facts, Notice, TableView};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::query::Query;
use crate::shell::Shell;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{Act, Beside, Command, On};
use model::{Instant, PersonId, UnitId};
use regulation::HeldIn;

/// Words and values of a choice.
type Options = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "people/person.html")]
struct PersonPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    id: String,
    refused: Option<Notice<'a>>,
    facts: Facts<'a>,
    left: Option<String>,
    roles: Option<TableView<'a>>,
    deputies: Option<TableView<'a>>,
    stands_in: Option<TableView<'a>>,
    forms: Forms,
    /// What was sent, where it was refused.
    sent: Query,
}

/// The forms that are offered, each with its choices.
#[derive(Default)]
pub(super) struct Forms {
    change: Option<Known>,
    grant: Options,
    /// Roles held, as the form that ends one names them.
    end: Options,
    clear: Options,
    unclear: bool,
    appoint: bool,
    /// Appointments they may acknowledge or revoke.
    acknowledge: Options,
    revoke: Options,
    end_sessions: bool,
    /// What leaving would end.
    leave: Option<Vec<String>>,
}

/// What is known of a person, for the form that changes it.
pub(super) struct Known {
    name: String,
    login: String,
    title: String,
    mail: String,
    phone: String,
    unit: String,
}

pub(super) async fn page(cx: Cx, Path(person): Path<String>) -> PageResult {
    let person: PersonId = person.parse().map_err(|_| PageError::NotFound)?;
    cx.run(move |cx| show(cx, person, None, Query::default())).await
}

/// The page, or the page with what was refused and everything that was filled in.
pub(super) fn show(
    cx: &Cx,
    person: PersonId,
    refused: Option<model::Told>,
    sent: Query,
) -> Result<Response, PageError> {
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    cx.look(|look| {
        let found = look.roster.state.person(person).ok_or(PageError::NotFound)?;
        let page = PersonPage {
            cx,
            shell: Shell::new(cx, None, look.person(person))
                .by(cx.t("人員", "People"), "/people")
                .with_second(second(cx, "/people")),
            id: person.to_string(),
            refused: refused.as_ref().map(|told| Notice::refused(cx, told)),
            facts: facts(look, found),
            left: found.left_at.map(|at| cx.moment(at)),
            roles: roles(look, found),
            deputies: deputies(look, found),
            stands_in: stands_in(look, person),
            forms: forms(look, found),
            sent,
        };
        cx.render_as(status, &page)
    })
}

fn plain(text: impl Into<String>) -> Shown {
    Shown::Parts(vec![Named::plain(text)])
}

fn facts<'a>(look: &Look<'a>, person: &identity::Person) -> Facts<'a> {
    let cx = look.cx;
    let unit = Named { text: look.unit(person.home), href: Some(format!("/units/{}", person.home)) };
    let mut facts = vec![Fact {
        name: cx.t("單位", "Unit").to_owned(),
        value: Shown::Parts(vec![unit]),
        clauses: Vec::new(),
    }];
    if let Some(details) = &person.details {
        facts.push(Fact::new(cx.t("職稱", "Title"), details.title.as_str()));
        if person.id == cx.person()
            || granted(look, Act::ChangePerson, &On::Person(person.id), &Beside::default())
        {
            facts.push(Fact::new(cx.t("帳號", "Account"), details.login.as_str()));
            facts.push(Fact::new(cx.t("電子郵件", "Mail"), details.mail.as_str()));
            if let Some(phone) = &details.phone {
                facts.push(Fact::new(cx.t("電話", "Telephone"), phone.as_str()));
            }
        }
    }
    if let Some(grade) = look.roster.clearance(person.id) {
        facts.push(Fact::new(cx.t("核定閱覽等級", "Cleared for"), look.grade(grade)));
    }
    facts.push(Fact::new(cx.t("登錄時間", "Registered"), cx.moment(person.registered_at)));
    let keys = person.keys.iter().filter(|key| key.revoked_at.is_none()).count();
    facts.push(Fact::new(cx.t("通行金鑰", "Passkeys"), keys.to_string()));
    Facts { cx, facts }
}

fn span(cx: &Cx, from: Instant, until: Option<Instant>) -> [Shown; 2] {
    let end = until.map_or_else(|| plain(cx.t("未定期限", "without end")), |until| plain(cx.moment(until)));
    [plain(cx.moment(from)), end]
}

fn roles<'a>(look: &Look<'a>, person: &identity::Person) -> Option<TableView<'a>> {
    let cx = look.cx;
    let row = |one: &identity::Holding| {
        let unit = one
            .unit
            .map_or_else(|| plain(cx.t("全機關", "the whole organisation")), |unit| plain(look.unit(unit)));
        let [from, until] = span(cx, one.from, one.until);
        let now = if one.covers(cx.now()) { cx.t("現任", "held") } else { cx.t("非現任", "not now") };
        vec![plain(look.role(&one.role)), unit, from, until, plain(now)]
    };
    (!person.holdings.is_empty()).then(|| TableView {
        cx,
        caption: cx.t("角色", "Roles").to_owned(),
        heads: vec![
            (cx.t("角色", "Role").to_owned(), ""),
            (cx.t("單位", "Unit").to_owned(), ""),
            (cx.t("起", "From").to_owned(), "when"),
            (cx.t("迄", "Until").to_owned(), "when"),
            (cx.t("狀態", "Now").to_owned(), ""),
        ],
        rows: person.holdings.iter().map(row).collect(),
    })
}

fn appointment_heads(cx: &Cx, who: &str) -> Vec<(String, &'static str)> {
    vec![
        (who.to_owned(), ""),
        (cx.t("起", "From").to_owned(), "when"),
        (cx.t("迄", "Until").to_owned(), "when"),
        (cx.t("雙方知悉", "Both know").to_owned(), ""),
    ]
}

fn appointment_row(look: &Look<'_>, who: PersonId, from: Instant, until: Instant, told: bool) -> Vec<Shown> {
    let cx = look.cx;
    let name = Named { text: look.person_in_full(who), href: Some(format!("/people/{who}")) };
    let [from, until] = span(cx, from, Some(until));
    let told = if told { cx.t("是", "yes") } else { cx.t("否，尚未生效", "no, not in force") };
    vec![Shown::Parts(vec![name]), from, until, plain(told)]
}

fn deputies<'a>(look: &Look<'a>, person: &identity::Person) -> Option<TableView<'a>> {
    let cx = look.cx;
    let row = |one: &identity::Standing| {
        appointment_row(look, one.deputy, one.from, one.until, one.deputy_knows && one.principal_knows)
    };
    (!person.deputies.is_empty()).then(|| TableView {
        cx,
        caption: cx.t("職務代理人", "Deputies").to_owned(),
        heads: appointment_heads(cx, cx.t("代理人", "Deputy")),
        rows: person.deputies.iter().rev().map(row).collect(),
    })
}

fn stands_in<'a>(look: &Look<'a>, person: PersonId) -> Option<TableView<'a>> {
    let cx = look.cx;
    let rows: Vec<_> = look
        .roster
        .state
        .appointments(person)
        .into_iter()
        .filter(|one| one.deputy == person)
        .map(|one| appointment_row(look, one.principal, one.from, one.until, one.told))
        .collect();
    (!rows.is_empty()).then(|| TableView {
        cx,
        caption: cx.t("代理他人", "Stands in for").to_owned(),
        heads: appointment_heads(cx, cx.t("被代理人", "For")),
        rows,
    })
}

/// What may be done about a person by whoever looks.
fn forms(look: &Look<'_>, person: &identity::Person) -> Forms {
    if !person.here() {
        return Forms::default();
    }
    let (cx, id) = (look.cx, person.id);
    let may = |act| granted(look, act, &On::Person(id), &Beside::default());
    let standing = |one: &identity::Standing| {
        let text = format!("{} – {}", look.person(one.deputy), cx.moment(one.until));
        (format!("{}.{}", one.deputy, one.from), text)
    };
    let open = person.deputies.iter().filter(|one| one.until > cx.now());
    let acknowledge = |one: &&identity::Standing| {
        let command = Command::AcknowledgeDeputy { principal: id, deputy: one.deputy, from: one.from };
        [id, one.deputy].contains(&cx.person()) && accepted(look, &command).is_some()
    };
    let revoke = |one: &&identity::Standing| {
        let command = Command::RevokeDeputy { principal: id, deputy: one.deputy, from: one.from };
        accepted(look, &command).is_some()
    };
    let held = person.holdings.iter().filter(|one| !one.over(cx.now())).filter(|one| {
        let (role, unit) = (one.role.clone(), one.unit);
        accepted(look, &Command::EndRole { person: id, role, unit, from: Some(one.from) }).is_some()
    });
    let own = id == cx.person();
    Forms {
        change: may(Act::ChangePerson).then(|| known(look, person)),
        grant: grantable(look, person),
        end: held
            .map(|one| {
                let unit = one.unit.map(|unit| unit.to_string()).unwrap_or_default();
                let place = one.unit.map(|unit| look.unit(unit)).unwrap_or_default();
                (format!("{}.{unit}.{}", one.role, one.from), format!("{} {place}", look.role(&one.role)))
            })
            .collect(),
        clear: if may(Act::GrantClearance) || clearable(look, id) {
            look.pack
                .grades
                .iter()
                .map(|grade| (grade.id.to_string(), cx.label(&grade.label).to_owned()))
                .collect()
        } else {
            Vec::new()
        },
        unclear: person.cleared.is_some() && may(Act::WithdrawClearance),
        appoint: own || appointable(look, id),
        acknowledge: open.clone().filter(acknowledge).map(standing).collect(),
        revoke: open.filter(revoke).map(standing).collect(),
        end_sessions: may(Act::EndSessions),
        leave: may(Act::RecordLeaving).then(|| leaving(look, person)),
    }
}

fn known(look: &Look<'_>, person: &identity::Person) -> Known {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let details = person.details.as_ref();
    Known {
        name: text(details.map(|one| one.name.as_str())),
        login: text(details.map(|one| one.login.as_str())),
        title: text(details.map(|one| one.title.as_str())),
        mail: text(details.map(|one| one.mail.as_str())),
        phone: text(details.and_then(|one| one.phone.as_ref()).map(|phone| phone.as_str())),
        unit: look
            .roster
            .state
            .unit(person.home)
            .map(|unit| unit.code.as_str().to_owned())
            .unwrap_or_default(),
    }
}

/// Roles somebody may grant this person, in the person's own unit or for the whole installation.
fn grantable(look: &Look<'_>, person: &identity::Person) -> Options {
    let unit = |role: &regulation::Role| (role.held_in == HeldIn::Unit).then_some(person.home);
    let grants = |role: &&regulation::Role| {
        let (id, unit) = (role.id.clone(), unit(role));
        let command = Command::GrantRole { person: person.id, role: id, unit, from: None, until: None };
        accepted(look, &command).is_some()
    };
    let option = |role: &regulation::Role| (role.id.to_string(), look.cx.label(&role.label).to_owned());
    look.pack.roles.values().filter(grants).map(option).collect()
}

fn clearable(look: &Look<'_>, person: PersonId) -> bool {
    look.pack
        .grades
        .iter()
        .any(|grade| accepted(look, &Command::GrantClearance { person, grade: grade.id.clone() }).is_some())
}

fn appointable(look: &Look<'_>, person: PersonId) -> bool {
    let beside = Beside { deputy: look.roster.facts(look.cx.person()), ..Beside::default() };
    granted(look, Act::AppointDeputy, &On::Person(person), &beside)
}

/// What ends when somebody leaves.
fn leaving(look: &Look<'_>, person: &identity::Person) -> Vec<String> {
    let cx = look.cx;
    let mut ends: Vec<String> = look
        .roster
        .held(person.id)
        .map(|(role, unit)| {
            let place = unit.map(|unit: UnitId| look.unit(unit)).unwrap_or_default();
            format!("{}{} {place}", cx.t("角色：", "Role: "), look.role(role))
        })
        .collect();
    let keys = person.keys.iter().filter(|key| key.revoked_at.is_none()).count();
    if keys > 0 {
        ends.push(format!("{}{keys}", cx.t("通行金鑰：", "Passkeys: ")));
    }
    let appointed =
        look.roster.state.appointments(person.id).iter().filter(|one| one.until > cx.now()).count();
    if appointed > 0 {
        ends.push(format!("{}{appointed}", cx.t("職務代理：", "Appointments of deputies: ")));
    }
    ends.push(cx.t("所有登入及應用程式權杖", "All sessions and tokens").to_owned());
    ends
}

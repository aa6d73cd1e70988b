//! A person's page: what is known, roles from and to, deputies, factors by kind; and the forms for what may be done.

use super::acts::revocable;
use super::{Choice, Filled, Refused, accepted, by_code, granted, second};
use crate::acting;
use crate::component::{Fact, Facts, Notice, TableView};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::query::Query;
use crate::route::named;
use crate::shell::Shell;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{Act, Action, Beside, Command, On};
use model::{Instant, PersonId, UnitId};
use regulation::HeldIn;
use signin::TokenSeen;

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
    /// Units by code, to choose from.
    units: Options,
}

impl PersonPage<'_> {
    /// A day as a field wants it; what is none as it was typed.
    fn day(typed: &str) -> String {
        crate::roc::read_date(typed).map_or_else(|| typed.to_owned(), |day| day.to_string())
    }
}

/// The forms that are offered, each as it was filled in or with what is known.
#[derive(Default)]
struct Forms {
    change: Option<Filled>,
    grant: Choice,
    /// Roles held, as the form that ends one names them.
    end: Choice,
    clear: Choice,
    unclear: bool,
    appoint: Option<Filled>,
    /// Appointments they may acknowledge or revoke.
    acknowledge: Choice,
    revoke: Choice,
    end_sessions: bool,
    /// Tokens of their applications they may revoke.
    tokens: Choice,
    /// What leaving would end.
    leave: Option<(Filled, Vec<String>)>,
}

pub(super) async fn page(cx: Cx, Path(person): Path<String>) -> PageResult {
    let person: PersonId = named(&person)?;
    cx.run(move |cx| show(cx, person, None)).await
}

/// The page, or the page with what was refused and everything that was filled in.
pub(super) fn show(cx: &Cx, person: PersonId, refused: Option<&Refused>) -> Result<Response, PageError> {
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    cx.look(|look| {
        let found = look.roster.state.person(person).ok_or(PageError::NotFound)?;
        let forms = forms(look, found, refused)?;
        let asks_unit = forms.change.is_some() || !forms.grant.options.is_empty();
        let page = PersonPage {
            cx,
            shell: Shell::new(cx, None, look.person(person))
                .by(cx.t("人員", "People"), "/people")
                .with_second(second(cx, "/people")),
            id: person.to_string(),
            refused: refused.map(|refused| Notice::refused(cx, &refused.told)),
            facts: facts(look, found),
            left: found.left_at.map(|at| cx.moment(at)),
            roles: roles(look, found),
            deputies: deputies(look, found),
            stands_in: stands_in(look, person),
            forms,
            units: if asks_unit { by_code(look) } else { Options::new() },
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
    let mut facts = vec![Fact { name: cx.t("單位", "Unit").to_owned(), value: Shown::Parts(vec![unit]) }];
    if let Some(details) = &person.details {
        facts.push(Fact::new(cx.t("職稱", "Title"), details.title.as_str()));
        if knows(cx, person.id) {
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

/// May they know how somebody is reached, and by which account they sign in?
pub(crate) fn knows(cx: &Cx, person: PersonId) -> bool {
    person == cx.person() || granted(cx, Act::ChangePerson, On::Person(person))
}

fn span(cx: &Cx, from: Instant, until: Option<Instant>) -> [Shown; 2] {
    let end = until.map_or_else(|| plain(cx.t("未定期限", "without end")), |until| plain(cx.end(until)));
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
fn forms(look: &Look<'_>, person: &identity::Person, refused: Option<&Refused>) -> Result<Forms, PageError> {
    if !person.here() {
        return Ok(Forms::default());
    }
    let (cx, id) = (look.cx, person.id);
    let may = |act| granted(cx, act, On::Person(id));
    let filled = |act, known| Filled::of(refused, act, known);
    let choice = |act, options| Choice::of(refused, act, options);
    let standing = |one: &identity::Standing| {
        let text = format!("{} – {}", look.person(one.deputy), cx.end(one.until));
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
    let holding = |one: &identity::Holding| {
        let unit = one.unit.map(|unit| unit.to_string()).unwrap_or_default();
        let place = one.unit.map(|unit| look.unit(unit)).unwrap_or_default();
        (format!("{}.{unit}.{}", one.role, one.from), format!("{} {place}", look.role(&one.role)))
    };
    let grade = |grade: &regulation::Grade| (grade.id.to_string(), cx.label(&grade.label).to_owned());
    let clears = may(Act::GrantClearance) || clearable(look, id);
    let grades = look.pack.grades.iter().filter(|_| clears).map(grade).collect();
    let known_grade = look.roster.clearance(id).map(ToString::to_string).unwrap_or_default();
    let known_grade = Query::default().with("grade", known_grade);
    let token = |one: &TokenSeen| {
        let until = format!("{}{}", cx.t("效期至 ", "until "), cx.end(one.asked.expires_at));
        (one.token.to_string(), format!("{}{}", one.asked.name.as_str(), cx.beside(&until)))
    };
    let tokens = revocable(cx, id)?;
    let (grants, place) = grantable(look, person);
    let known_place = Query::default().with("unit", code(look, place));
    Ok(Forms {
        change: may(Act::ChangePerson).then(|| filled("change", known(look, person))),
        grant: Choice { form: filled("grant", known_place), options: grants },
        end: choice("end", held.map(holding).collect()),
        clear: Choice { form: filled("clear", known_grade), options: grades },
        unclear: person.cleared.is_some() && may(Act::WithdrawClearance),
        appoint: (id == cx.person() || appointable(look, id)).then(|| filled("appoint", Query::default())),
        acknowledge: choice("acknowledge", open.clone().filter(acknowledge).map(standing).collect()),
        revoke: choice("revoke", open.filter(revoke).map(standing).collect()),
        end_sessions: may(Act::EndSessions),
        tokens: choice("token", tokens.iter().map(token).collect()),
        leave: may(Act::RecordLeaving).then(|| (filled("leave", Query::default()), leaving(look, person))),
    })
}

/// What is known of a person, as the form that changes it sends it.
fn known(look: &Look<'_>, person: &identity::Person) -> Query {
    let known = Query::default().with("unit", code(look, person.home));
    let Some(details) = person.details.as_ref() else { return known };
    known
        .with("name", details.name.as_str())
        .with("title", details.title.as_str())
        .with("login", details.login.as_str())
        .with("mail", details.mail.as_str())
        .with("phone", details.phone.as_ref().map(|phone| phone.as_str()).unwrap_or_default())
}

fn code(look: &Look<'_>, unit: UnitId) -> String {
    look.roster.state.unit(unit).map(|unit| unit.code.as_str().to_owned()).unwrap_or_default()
}

/// Roles somebody may grant this person, in the person's own unit, in one of their own, or for the whole installation;
/// and the first of these units in which there is one.
fn grantable(look: &Look<'_>, person: &identity::Person) -> (Options, UnitId) {
    let own = look.cx.stances();
    let mut places = vec![person.home];
    places.extend(own.iter().filter_map(|stance| stance.unit).filter(|unit| *unit != person.home));
    let grants = |role: &regulation::Role, place: UnitId| {
        let unit = (role.held_in == HeldIn::Unit).then_some(place);
        let role = role.id.clone();
        let command = Command::GrantRole { person: person.id, role, unit, from: None, until: None };
        accepted(look, &command).is_some()
    };
    let (mut options, mut first) = (Options::new(), None);
    for role in look.pack.roles.values() {
        if let Some(place) = places.iter().find(|place| grants(role, **place)) {
            options.push((role.id.to_string(), look.cx.label(&role.label).to_owned()));
            first = first.or(Some(*place));
        }
    }
    (options, first.unwrap_or(person.home))
}

fn clearable(look: &Look<'_>, person: PersonId) -> bool {
    look.pack
        .grades
        .iter()
        .any(|grade| accepted(look, &Command::GrantClearance { person, grade: grade.id.clone() }).is_some())
}

fn appointable(look: &Look<'_>, person: PersonId) -> bool {
    let beside = Beside { deputy: look.roster.facts(look.cx.person()), ..Beside::default() };
    let act = Action::Identity(Act::AppointDeputy);
    acting::granted(look.cx, &act, &On::Person(person), &beside).is_some()
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

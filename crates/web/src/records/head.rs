//! The head of a record's page: title, number, state, grade, what may be done; what runs and whom it waits for.

use super::Opened;
use super::history::{addressee, clock_name, deputy};
use crate::acting::{self, Offered};
use crate::component::{Action, Fact, Facts, Pill, RecordHead, Tabs};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::names::{Named, Shown, record_path};
use crate::query::Query;
use crate::roc;
use casework::Case;
use model::Instant;
use regulation::Outcome;

/// What a record waits for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting {
    /// Those who must act next; empty where it has come to an end, or waits for time alone.
    pub(crate) people: Vec<String>,
    /// What runs, the earliest first.
    pub(crate) clocks: Vec<ClockView>,
    /// Has it come to an end?
    pub(crate) ended: bool,
    /// Does it stand where it may stay?
    pub(crate) rests: bool,
}

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClockView {
    /// What.
    pub(crate) name: String,
    /// When, as people read it.
    pub(crate) due: String,
    /// How long there is, or how long it is over.
    pub(crate) left: String,
    /// Is it over?
    pub(crate) over: bool,
    /// The moment.
    pub(crate) at: Instant,
}

/// Head and tabs of a page of a record.
pub(crate) fn head<'a>(
    look: &Look<'a>,
    opened: &Opened<'_>,
    tab: &str,
) -> Result<(RecordHead<'a>, Tabs<'a>), PageError> {
    let (cx, case) = (look.cx, &opened.case);
    let path = record_path(case.record);
    let head = RecordHead {
        cx,
        title: look.title(case),
        number: case.number.clone(),
        state: Pill::state(look.state(opened.register, &case.state), case.ending),
        grade: Pill::grade(look.grade(&case.grade), look.roster.height(&case.grade).unwrap_or(usize::MAX)),
        unit: look.unit(case.unit),
        owner: owner(look, case),
        actions: actions(look, opened),
    };
    let files = super::evidence::current(opened).len() as u64;
    let counts = [None, None, Some(files), None, None];
    Ok((head, Tabs::of_record(cx, &path, tab, counts)))
}

fn owner(look: &Look<'_>, case: &Case) -> Option<Named> {
    let person = case.opened_by?;
    let text = match case.opened_for {
        None => look.person(person),
        Some(principal) => deputy(look, person, principal),
    };
    let page = crate::route::is_there("/people/{person}");
    Some(Named { text, href: page.then(|| format!("/people/{person}")) })
}

/// What may be done, the most likely first: in one's own name, then for others.
fn actions(look: &Look<'_>, opened: &Opened<'_>) -> Vec<Action> {
    let (cx, case) = (look.cx, &opened.case);
    let mut offers = acting::offers(look, case);
    // What leads on comes before what takes back.
    offers.sort_by_key(|offer| (offer.stance.principal.is_some(), !forward(offer)));
    let rests = casework::rests(case, opened.register);
    let one = |(at, offer): (usize, Offered)| {
        let step = look.step(opened.register, &offer.step);
        let text = match offer.stance.principal {
            None => step,
            Some(principal) => {
                format!("{step}{}", cx.beside(&format!("{}{}", cx.t("代理", "for "), look.person(principal))))
            }
        };
        Action {
            text,
            href: step_path(case, &offer),
            icon: icon(&offer),
            first: at == 0 && forward(&offer) && !rests,
        }
    };
    let mut actions: Vec<Action> = offers.into_iter().enumerate().map(one).collect();
    let path = record_path(case.record);
    if let Some(href) = crate::incidents::report_path(look, case) {
        let text = cx.t("事件報告", "Incident report").to_owned();
        actions.push(Action { text, href, icon: "history", first: false });
    }
    let print = cx.t("列印", "Print").to_owned();
    actions.push(Action { text: print, href: format!("{path}/print"), icon: "printer", first: false });
    if cx.may_audit() {
        let text = cx.t("下載佐證檔", "Download the bundle").to_owned();
        let href = format!("/audit/records/{}/bundle", case.record);
        actions.push(Action { text, href, icon: "download", first: false });
    }
    actions
}

fn forward(offer: &Offered) -> bool {
    offer.outcomes.iter().any(|outcome| outcome.is_forward())
}

fn icon(offer: &Offered) -> &'static str {
    match offer.outcomes.first() {
        Some(Outcome::TakeBack) => "arrow-back-up",
        Some(Outcome::Approve) => "writing",
        _ => "edit",
    }
}

/// The form of a step somebody is offered.
pub(crate) fn step_path(case: &Case, offer: &Offered) -> String {
    let path = format!("{}/steps/{}", record_path(case.record), offer.step);
    match offer.stance.principal {
        None => path,
        Some(_) => Query::default().with("as", offer.stance.word()).behind(&path),
    }
}

/// Whom the record waits for, and what runs.
pub(crate) fn waiting(look: &Look<'_>, case: &Case) -> Result<Waiting, PageError> {
    let rests = look.register(case).is_some_and(|register| casework::rests(case, register));
    let awaited = if rests { Vec::new() } else { casework::awaited(look.around(), case.record)? };
    let mut people: Vec<String> = awaited.iter().map(|one| addressee(look, one)).collect();
    people.sort();
    people.dedup();
    Ok(Waiting { people, clocks: clocks(look, case)?, ended: case.ending.is_some(), rests })
}

/// What is due of a record, the earliest first: its clocks, and the duty it is to prove.
pub(crate) fn clocks(look: &Look<'_>, case: &Case) -> Result<Vec<ClockView>, PageError> {
    let (cx, register) = (look.cx, look.register(case));
    let running = case.clocks.iter();
    let mut clocks: Vec<ClockView> =
        running.map(|(id, clock)| view(cx, clock_name(look, register, id), clock.due)).collect();
    if let Some(key) = &case.duty
        && case.ending.is_none()
        && let Some(due) = look.due_of(case.record)?
    {
        let duty = look.pack.duties.get(&key.duty);
        let name = duty.map_or_else(|| key.duty.to_string(), |duty| cx.label(&duty.label).to_owned());
        clocks.push(view(cx, name, due.at));
    }
    clocks.sort_by_key(|clock| clock.at);
    Ok(clocks)
}

fn view(cx: &Cx, name: String, due: Instant) -> ClockView {
    let left = due.as_micros() - cx.now().as_micros();
    let span = roc::span(cx.language, left.abs());
    let left_told = match (left < 0, left.abs() < MINUTE) {
        (true, true) => cx.t("剛逾期", "just over").to_owned(),
        (false, true) => cx.t("不足 1 分", "less than a minute left").to_owned(),
        (true, false) if cx.chinese() => format!("已逾 {span}"),
        (true, false) => format!("over by {span}"),
        (false, false) if cx.chinese() => format!("尚餘 {span}"),
        (false, false) => format!("{span} left"),
    };
    ClockView { name, due: cx.moment(due), left: left_told, over: left < 0, at: due }
}

/// When and by whom it was opened, and where it comes from.
pub(crate) fn about<'a>(look: &Look<'a>, case: &Case) -> Facts<'a> {
    let cx = look.cx;
    let mut facts = Vec::new();
    let opener = match (case.opened_by, case.opened_for) {
        (Some(person), Some(principal)) => deputy(look, person, principal),
        (Some(person), None) => look.person_in_full(person),
        (None, _) => cx.t("系統", "The system").to_owned(),
    };
    facts.push(Fact::new(cx.t("建立人", "Opened by"), opener));
    facts.push(Fact::new(cx.t("建立時間", "Recorded"), cx.moment(case.opened_at)));
    if case.occurred_at != case.opened_at {
        facts.push(Fact::new(cx.t("發生時間", "Happened"), cx.moment(case.occurred_at)));
    }
    if let Some(reason) = &case.late_reason {
        facts.push(Fact::new(cx.t("補登理由", "Why it was recorded late"), reason.clone()));
    }
    facts.push(Fact::new(cx.t("所屬單位", "Unit"), look.unit(case.unit)));
    if case.paper {
        facts.push(Fact::new(
            cx.t("保存方式", "Kept"),
            cx.t("紙本保存，本系統僅登載案由資料", "on paper; only its entry is here"),
        ));
    }
    if let Some(origin) = &case.origin {
        let value = Shown::Parts(vec![look.record(origin.record)]);
        facts.push(Fact { name: cx.t("緣由", "Comes from").to_owned(), value });
    }
    if let Some(at) = case.closed_at {
        facts.push(Fact::new(cx.t("結案時間", "Closed"), cx.moment(at)));
    }
    let version = match cx.chinese() {
        true => format!("{} 第 {} 版", look.pack.id, case.version),
        false => format!("{}, version {}", look.pack.id, case.version),
    };
    facts.push(Fact::new(cx.t("規範版本", "Pack"), version));
    Facts { cx, facts }
}

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

//! Acts against intruders as firewalls have them: what stands on each and what it has stopped, what was answered, what
//! has ended by itself.
//!
//! Whoever sees the alarms of the whole sees this, by the act `alarm.read`; cases themselves stand on their own pages, for
//! whoever may read them.
//! Invariant: of a firewall whose enforcer does not answer nothing is said of now, but what was seen last, and when.
//! Does not: order anything (cases do); whoever runs the program asks the enforcers, and hands in [`Enforcers`].
//! Source: clauses 26.4.1, 26.4.2; `docs/howto/block-an-address.md`.

use crate::acting;
use crate::component::{Notice, Pill, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::Named;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::routing::get;
use desk::About;
use identity::Action;
use model::{Instant, RecordId, Told};
use respond::{CaseName, Effect, Standing, Stands};
use std::time::Duration;
use store::{ResponseEventRow, ResponseRow, Sql, StoreError};

pub(crate) const PATH: &str = "/responses";

pub(crate) const ROUTES: &[Route] = &[Route::get(PATH, Access::Person, Audit::None, || get(page))];

/// Answers and events that are shown.
const MOST: usize = 50;

/// The enforcers of an installation.
pub trait Enforcers: Send + Sync {
    /// How each stands, in the order of the command line.
    fn heard(&self) -> Vec<EnforcerHeard>;
}

/// How an enforcer stands.
#[derive(Debug, Clone, PartialEq)]
pub struct EnforcerHeard {
    /// Where it is.
    pub place: String,
    /// What stood on its firewall when it was asked last; none where it never answered.
    pub standing: Option<(Instant, Standing)>,
    /// Why it does not answer, and since when; none where it does.
    pub silent: Option<(Instant, Told)>,
}

/// How old what was seen may be to count as now; enforcers are asked every two seconds.
const FRESH: Duration = Duration::from_secs(15);

impl EnforcerHeard {
    /// Why what stands is not known at a moment; none where it is.
    #[must_use]
    pub fn unknown(&self, now: Instant) -> Option<Told> {
        if let Some((_, told)) = &self.silent {
            return Some(told.clone());
        }
        match &self.standing {
            None => Some(Told::new("尚未回應", "It has not answered yet")),
            Some((_, Standing { unseen: Some(said), .. })) => {
                Some(Told::new(said.zh.clone(), said.en.clone()))
            }
            Some((at, _)) if at.plus(FRESH) < now => {
                Some(Told::new("近期未再詢問執行控制", "The enforcer has not been asked lately"))
            }
            Some(_) => None,
        }
    }
}

/// May they see what stands on firewalls?
pub(crate) fn may_see(cx: &Cx) -> bool {
    acting::granted_at_the_top(cx, &Action::ReadAlarms).is_some()
}

#[derive(Template)]
#[template(path = "responses/page.html")]
struct ResponsesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    firewalls: Vec<Firewall<'a>>,
    happened: Vec<Happened>,
}

/// A firewall.
struct Firewall<'a> {
    name: String,
    state: Pill<'static>,
    /// What is known of it that is to be read first.
    notes: Vec<Notice<'a>>,
    acts: Vec<Row>,
    /// Does what is shown stand now, as far as anybody knows?
    now: bool,
}

/// An act that stands.
struct Row {
    what: String,
    target: String,
    case: Named,
    since: String,
    until: String,
    /// What is still to be done, or has happened to it.
    notes: Vec<String>,
    seen: Pill<'static>,
    stopped: String,
}

/// An answer, or what happened by itself.
struct Happened {
    at: String,
    firewall: String,
    what: String,
    /// Did it go as it should?
    fine: bool,
    said: String,
    case: Option<Named>,
    entry: u64,
}

async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| {
        if !may_see(cx) {
            return Err(PageError::hidden(Action::ReadAlarms.to_string(), About::Oneself));
        }
        let heard = cx.site.enforcers().heard();
        cx.look(|look| {
            let (answers, events) = lately(look)?;
            let firewalls = heard.iter().map(|heard| firewall(look, heard)).collect();
            let mut happened: Vec<Happened> = answers.iter().map(|row| answered(look, row)).collect();
            happened.extend(events.iter().map(|row| by_itself(look, row)));
            happened.sort_by_key(|one| std::cmp::Reverse(one.entry));
            happened.truncate(MOST);
            let shell = Shell::of_area(cx, Area::Alarms).with_second(crate::alarms::second(cx, PATH));
            cx.render(&ResponsesPage { cx, shell, firewalls, happened })
        })
    })
    .await
}

/// What was answered and what happened by itself lately, the latest first.
///
/// # Errors
/// The tables failed.
pub(crate) fn lately(look: &Look<'_>) -> Result<(Vec<ResponseRow>, Vec<ResponseEventRow>), PageError> {
    let read =
        |sql: &mut Sql| Ok::<_, StoreError>((sql.responses_latest(MOST)?, sql.response_events_latest(MOST)?));
    Ok(look.sql(read)?)
}

fn firewall<'a>(look: &Look<'a>, heard: &EnforcerHeard) -> Firewall<'a> {
    let cx = look.cx;
    let pill = |text: String, class| Pill { text, class };
    let unknown = heard.unknown(cx.now());
    let mut notes = Vec::new();
    let state = match (&heard.standing, &heard.silent) {
        (_, Some((since, told))) => {
            let told = cx.language.told(told);
            let text = format!(
                "{}{}{}{told}",
                cx.t("自 ", "No answer since "),
                cx.second(*since),
                cx.t(" 起未獲回應，目前處置情形不明：", "; how it stands now is unknown: ")
            );
            notes.push(Notice::new(cx, Tone::Bad, text));
            pill(cx.t("未回應", "silent").to_owned(), "state state-refused")
        }
        (None, None) => {
            pill(cx.t("尚未回應，情形不明", "not heard yet: unknown").to_owned(), "state state-void")
        }
        (Some(_), None) if unknown.is_some() => {
            pill(cx.t("防火牆情形不明", "firewall unknown").to_owned(), "state state-refused")
        }
        (Some(_), None) => pill(cx.t("回應中", "answers").to_owned(), "state state-done"),
    };
    let Some((at, standing)) = &heard.standing else {
        return Firewall { name: heard.place.clone(), state, notes, acts: Vec::new(), now: false };
    };
    if let Some(told) = unknown.as_ref().filter(|_| heard.silent.is_none()) {
        notes.push(Notice::new(cx, Tone::Bad, cx.language.told(told)));
    }
    if standing.dry {
        let text = cx.t(
            "試行：僅說明將如何處置，不變更防火牆。",
            "Rehearsal: it says what it would do, and changes nothing.",
        );
        notes.push(Notice::new(cx, Tone::Warning, text));
    }
    let now = unknown.is_none();
    if !now {
        let text =
            format!("{}{}{}", cx.t("以下為 ", "As it was seen at "), cx.second(*at), cx.t(" 所見。", "."));
        notes.push(Notice::new(cx, Tone::Warning, text));
    }
    let acts = standing.acts.iter().map(|(stands, effect)| act(look, stands, effect)).collect();
    Firewall { name: standing.firewall.clone(), state, notes, acts, now }
}

fn act(look: &Look<'_>, stands: &Stands, effect: &Effect) -> Row {
    let cx = look.cx;
    let what = &stands.act.what;
    let (zh, en) = what.name();
    let mut notes = Vec::new();
    if let Some(by) = stands.confirm_by {
        notes.push(format!(
            "{}{}",
            cx.t("未於期限內確認即自動解除：", "undone unless confirmed by "),
            cx.second(by)
        ));
    }
    if let Some(tripped) = &stands.tripped {
        notes.push(format!(
            "{}{}{}",
            cx.second(tripped.at),
            cx.t(" 觸及警戒，已拒絕：", " touched a trip-wire, denied since: "),
            tripped.by
        ));
    }
    let (text, class) = match effect.seen {
        Some(true) => (cx.t("防火牆確認生效", "in force"), "state state-done"),
        Some(false) => (cx.t("防火牆上未見", "not on the firewall"), "state state-refused"),
        None => (cx.t("未能確認", "unknown"), "state state-void"),
    };
    Row {
        what: cx.t(zh, en).to_owned(),
        target: what.target().map_or_else(|| cx.t("全部", "everybody").to_owned(), |one| one.to_string()),
        case: case(look, &stands.case),
        since: cx.second(stands.since),
        until: stands.until.map_or_else(|| cx.t("解除為止", "until undone").to_owned(), |at| cx.second(at)),
        notes,
        seen: Pill { text: text.to_owned(), class },
        stopped: stopped(cx, effect.flows, effect.packets, effect.bytes),
    }
}

/// What was stopped, as far as it was measured.
fn stopped(cx: &Cx, flows: Option<u64>, packets: Option<u64>, bytes: Option<u64>) -> String {
    let figures = [
        (packets, cx.t("封包 ", "packets ")),
        (bytes, cx.t("位元組 ", "bytes ")),
        (flows, cx.t("切斷連線 ", "connections ended ")),
    ];
    let figures = figures.into_iter().filter_map(|(figure, of)| Some(format!("{of}{}", figure?)));
    let told = figures.collect::<Vec<_>>().join(cx.t("、", ", "));
    if told.is_empty() { cx.t("未量測", "not measured").to_owned() } else { told }
}

/// The case that an act stands under.
fn case(look: &Look<'_>, case: &CaseName) -> Named {
    let record: Option<RecordId> = case.as_str().parse().ok();
    record.map_or_else(|| Named::plain(case.as_str()), |record| look.record(record))
}

fn answered(look: &Look<'_>, row: &ResponseRow) -> Happened {
    let cx = look.cx;
    let answer = &row.answer;
    let order = match (answer.order.as_str(), &answer.target) {
        ("confirm", _) => cx.t("確認", "confirmation").to_owned(),
        ("undo", _) => cx.t("解除", "undoing").to_owned(),
        (_, target) => {
            let word = answer.what.as_deref().unwrap_or_default();
            let (zh, en) = respond::What::name_of(word).unwrap_or((word, word));
            format!("{}{}", cx.t(zh, en), target.as_deref().map_or_else(String::new, |to| format!(" {to}")))
        }
    };
    let dry = if answer.dry { cx.t("（試行）", " (rehearsed)") } else { "" };
    let mut said = cx.t(&answer.answer.zh, &answer.answer.en).to_owned();
    if let Some(ms) = answer.effect.as_ref().and_then(|effect| effect.ms) {
        said += &format!(
            "{}{ms}{}",
            cx.t("；自決定至生效 ", "; "),
            cx.t(" 毫秒", " ms from the decision until it was in force")
        );
    }
    Happened {
        at: cx.second(row.at),
        firewall: answer.firewall.clone(),
        what: format!("{order}{dry}"),
        fine: row.done,
        said,
        case: Some(look.record(answer.record)),
        entry: row.entry,
    }
}

fn by_itself(look: &Look<'_>, row: &ResponseEventRow) -> Happened {
    let cx = look.cx;
    let (what, fine) = match row.what.as_str() {
        "over" => (cx.t("期滿解除", "over"), true),
        "unconfirmed" => (cx.t("逾時未確認，已自動解除", "undone: nobody confirmed it"), false),
        "tripped" => (cx.t("觸及警戒，已拒絕", "trip-wire touched, denied since"), false),
        "restored" => (cx.t("防火牆內容遭變動，已回復", "changed by others, and restored"), false),
        other => (other, false),
    };
    let mut said: Vec<String> = row.by.iter().cloned().collect();
    said.extend(row.differs.lines().map(ToOwned::to_owned));
    let effect = &row.effect;
    if [effect.flows, effect.packets, effect.bytes].iter().any(Option::is_some) {
        said.push(stopped(cx, effect.flows, effect.packets, effect.bytes));
    }
    Happened {
        at: cx.second(row.at),
        firewall: row.firewall.clone(),
        what: what.to_owned(),
        fine,
        said: said.join(cx.t("；", "; ")),
        case: row.record.map(|record| look.record(record)),
        entry: row.entry,
    }
}

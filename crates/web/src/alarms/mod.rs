//! Alarms: what the rules have found, the worst that stands first; one of them with the lines it rests on and what is to be
//! done; that somebody answers for it; a wall for a screen that is never touched.
//!
//! Who sees them, answers for one and settles one is said by the pack's policies, of the acts `alarm.read`,
//! `alarm.acknowledge` and `alarm.settle` on the unit that an alarm is about; for everybody else nothing is here. The lines themselves stand on their own pages, for whoever may
//! look into the ledger.
//! Invariant: whether rules are at work is said above all else; no alarm reads as over that is not.
//! Source: clauses 27.2.1, 27.2.2.

mod one;
mod wall;
pub(crate) mod words;

pub(crate) use one::{acknowledge as acknowledged, settle as settled, standing};
pub(crate) use words::{about, advice, severity, state, title};

use crate::acting;
use crate::component::export::{Plain, give};
use crate::component::rows::{Around, Column, Rows};
use crate::component::{
    Chip, Empty, Facet, FilterInput, FilterKind, ListCell, ListView, Notice, Pill, Tone, counted,
};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::live::Watched;
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::query::Query;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Link, Section, Shell};
use crate::{outlets, responses, start};
use askama::Template;
use axum::routing::{get, post};
use desk::About;
use identity::Action;
use model::{Instant, Severity, Told};
use store::{AlarmName, AlarmRow, AlarmState, AlarmsOf, AlarmsWanted};

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get(PATH, PERSON, Audit::None, || get(page)),
    Route::get("/alarms/export", PERSON, Audit::None, || get(export)),
    Route::get(wall::PATH, PERSON, Audit::None, || get(wall::page)),
    Route::get("/alarms/{alarm}", PERSON, Audit::None, || get(one::page)),
    Route::post("/alarms/{alarm}/acknowledge", PERSON, Audit::Act, || post(one::post)),
    Route::post("/alarms/{alarm}/settle", PERSON, Audit::Act, || post(one::post_settled)),
];

/// Who watches. The binary does.
pub trait Watching: Send + Sync {
    /// How many lines an alarm that stands rests on by now, and when the last of them came; none where that is not known.
    fn grown(&self, alarm: &AlarmName) -> Option<(u64, Instant)>;

    /// The rules at work.
    fn rules(&self) -> RulesAtWork;

    /// Why no case was opened for an alarm that is to have one; none where there is one, or none is to be.
    fn unopened(&self, alarm: u64) -> Option<Told>;

    /// Why lines are not looked at; none while they are.
    fn trouble(&self) -> Option<Told>;
}

/// Rules, as they are at work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulesAtWork {
    /// How many are.
    pub at_work: usize,
    /// Those that wait for what the installation has not said of itself: the rule, and the names of what it asks for.
    pub waiting: Vec<(String, Vec<String>)>,
    /// Those that were refused, and why.
    pub refused: Vec<(String, Told)>,
}

pub(crate) const PATH: &str = "/alarms";
/// Alarms that a page is made of.
const MOST: usize = 1_000;
/// Alarms of a file.
const MOST_EXPORTED: usize = 50_000;

/// May they see alarms? Whoever may not finds nothing here.
pub(crate) fn admitted(cx: &Cx) -> Result<(), PageError> {
    let hidden = || PageError::hidden(Action::ReadAlarms.to_string(), About::Oneself);
    if cx.may_see_alarms() { Ok(()) } else { Err(hidden()) }
}

/// As whom a policy lets them do something about an alarm: in the unit it is about, or where none is known in the whole.
pub(crate) fn granted(cx: &Cx, action: &Action, alarm: &AlarmRow) -> Option<model::Person> {
    let unit = alarm.unit.or_else(|| cx.seen().roster.root())?;
    acting::granted_on(cx, action, unit)
}

/// Whose alarms whoever looks may see.
///
/// # Errors
/// The tables failed.
pub(crate) fn seen_of<'a>(look: &Look<'a>) -> Result<&'a AlarmsOf, PageError> {
    Ok(look.cx.alarms_of(|| look.sql(|sql| sql.alarm_units()))?)
}

/// The second level of the area.
pub(crate) fn second(cx: &Cx, current: &str) -> Vec<Section> {
    let link = |text: &str, href: &str| Link {
        text: text.to_owned(),
        href: href.to_owned(),
        current: href == current,
    };
    let mut links = vec![
        link(cx.t("告警清單", "Alarms"), PATH),
        link(cx.t("看板（全螢幕）", "Wall, full screen"), wall::PATH),
    ];
    links.push(link(cx.t("公共警報", "Public warnings"), crate::warnings::PATH));
    if responses::may_see(cx) {
        links.push(link(cx.t("入侵處置", "Acts against intruders"), responses::PATH));
    }
    if start::check::may_check(cx) {
        links.push(link(cx.t("告警輸出", "Outlets"), outlets::PATH));
    }
    vec![Section { head: None, links }]
}

/// Where an alarm is.
pub(crate) fn alarm_path(entry: u64) -> String {
    format!("{PATH}/{entry}")
}

/// An alarm with the way to it.
pub(crate) fn named(look: &Look<'_>, alarm: &AlarmRow) -> Named {
    let text = format!("{}{}", title(look, &alarm.name.rule), look.cx.beside(&about(look.cx, alarm)));
    Named { text, href: Some(alarm_path(alarm.entry)) }
}

/// How an alarm stands, in its colour.
pub(crate) fn state_pill(cx: &Cx, one: AlarmState) -> Pill<'static> {
    Pill { text: state(cx, one).to_owned(), class: words::state_class(one) }
}

/// What is known of an alarm by now: how many lines it rests on, and when the last of them came.
pub(crate) fn grown(cx: &Cx, alarm: &AlarmRow) -> (u64, Instant) {
    let standing = alarm.resolved_at.is_none().then(|| cx.site.watching().grown(&alarm.name)).flatten();
    standing.unwrap_or((alarm.count, alarm.last))
}

const COLUMNS: &[Column<AlarmRow>] = &[
    Column {
        name: "title",
        zh: "告警",
        en: "Alarm",
        of: |look, row| Plain::text(title(look, &row.name.rule)),
    },
    Column {
        name: "severity",
        zh: "嚴重程度",
        en: "Severity",
        of: |look, row| Plain::text(severity(look.cx, row.severity)),
    },
    Column {
        name: "state",
        zh: "狀態",
        en: "State",
        of: |look, row| Plain::text(state(look.cx, row.state())),
    },
    Column { name: "about", zh: "對象", en: "About", of: |look, row| Plain::text(about(look.cx, row)) },
    Column {
        name: "count",
        zh: "紀錄筆數",
        en: "Lines",
        of: |look, row| Plain::Number(grown(look.cx, row).0.to_string()),
    },
    Column {
        name: "first",
        zh: "首次",
        en: "First",
        of: |look, row| Plain::text(look.cx.second(row.name.first)),
    },
    Column {
        name: "last",
        zh: "最近",
        en: "Last",
        of: |look, row| Plain::text(look.cx.second(grown(look.cx, row).1)),
    },
    Column {
        name: "owner",
        zh: "負責人",
        en: "Owner",
        of: |look, row| {
            Plain::text(row.owner.as_ref().map_or_else(String::new, |owner| look.person(owner.person)))
        },
    },
    Column {
        name: "unit",
        zh: "單位",
        en: "Unit",
        of: |look, row| Plain::text(row.unit.map_or_else(String::new, |unit| look.unit(unit))),
    },
    Column {
        name: "clauses",
        zh: "條文",
        en: "Clauses",
        of: |look, row| Plain::text(words::clauses(look, &row.name.rule).join(look.cx.t("、", ", "))),
    },
];

#[derive(Template)]
#[template(path = "alarms/list.html")]
struct AlarmsPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notices: Vec<Notice<'a>>,
    list: ListView<'a>,
    rules: RulesAtWork,
    /// The last alarm that was raised.
    newest: u64,
}

/// Which alarms an address asks for.
fn wanted(query: &Query) -> AlarmsWanted {
    let words = query.one("q").map(str::trim).filter(|words| !words.is_empty());
    AlarmsWanted {
        states: query.all("state").filter_map(AlarmState::of_word).collect(),
        severity: query.one("severity").and_then(Severity::of_word),
        rule: None,
        about: words.map(ToOwned::to_owned),
    }
}

/// What is said above everything else of how watching goes.
pub(super) fn notices(cx: &Cx) -> Vec<Notice<'_>> {
    let mut notices = Vec::new();
    if let Some(told) = cx.site.watching().trouble() {
        let text = cx.language.told(&told).to_owned();
        let title = Some(cx.t("監看中斷", "Watching rests").to_owned());
        notices.push(Notice { cx, tone: Tone::Bad, title, text });
    }
    if cx.site.watching().rules().at_work == 0 {
        let text = cx
            .t("目前沒有施行中之監看規則，不會產生告警。", "No rule is at work, so that no alarm is raised.");
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    notices
}

async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let began = cx.site.now();
        admitted(cx)?;
        cx.look(|look| {
            let list = list(look, &query, began)?;
            if cx.wants("list") {
                return cx.render(&list.as_region());
            }
            let shell = Shell::of_area(cx, Area::Alarms).with_second(second(cx, PATH)).watching(
                &Watched::alarms(look)?,
                cx.t("告警有異動。", "Alarms have changed."),
                true,
            );
            let of = seen_of(look)?;
            let (_, newest) = look.sql(|sql| sql.alarms_last(of))?;
            let (notices, rules) = (notices(cx), cx.site.watching().rules());
            cx.render(&AlarmsPage { cx, shell, notices, list, rules, newest })
        })
    })
    .await
}

async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        admitted(cx)?;
        cx.look(|look| {
            let of = seen_of(look)?;
            let rows = look.sql(|sql| sql.alarms(&wanted(&query), of, 0, MOST_EXPORTED))?;
            table(cx, rows, true, query.clone()).file(look)
        })
    })
    .await
}

fn table(cx: &Cx, rows: Vec<AlarmRow>, whole: bool, query: Query) -> Rows<'_, AlarmRow> {
    let name = cx.t("告警", "Alarms");
    Rows { cx, path: PATH, name, plain: "alarms", columns: COLUMNS, rows, whole, query }
}

fn list<'a>(look: &Look<'a>, query: &Query, began: Instant) -> Result<ListView<'a>, PageError> {
    let (cx, wanted) = (look.cx, wanted(query));
    let seen = seen_of(look)?;
    let rows = look.sql(|sql| sql.alarms(&wanted, seen, 0, MOST))?;
    let counts =
        look.sql(|sql| sql.alarms_counted(&AlarmsWanted { states: Vec::new(), ..wanted.clone() }, seen))?;
    let of = |one: &AlarmState| wanted.states.is_empty() || wanted.states.contains(one);
    let total: u64 = AlarmState::ALL.iter().zip(counts).filter(|(one, _)| of(one)).map(|(_, n)| n).sum();
    let chip = |(one, count): (AlarmState, u64)| {
        let on = wanted.states.contains(&one);
        Chip {
            id: format!("state-{}", one.word()),
            text: state(cx, one).to_owned(),
            count: Some(count),
            href: query.without("page").toggled("state", one.word()).behind(PATH),
            on,
        }
    };
    let least = Severity::ALL.into_iter().rev().map(|one| {
        (
            one.word().to_owned(),
            format!("{}{}", severity(cx, one), cx.t("以上", " or worse")),
            wanted.severity == Some(one),
        )
    });
    let around = Around {
        began,
        hint: cx.t("位址、帳號、設備", "Address, account, device").to_owned(),
        views: None,
        facets: vec![Facet {
            name: "state".to_owned(),
            label: cx.t("狀態", "State").to_owned(),
            chips: AlarmState::ALL.into_iter().zip(counts).map(chip).collect(),
        }],
        filters: vec![FilterInput {
            name: "severity".to_owned(),
            label: cx.t("嚴重程度", "Severity").to_owned(),
            kind: FilterKind::Some(least.collect()),
        }],
        empty: Empty {
            cx,
            icon: "alert-triangle",
            text: match total == 0 && query.one("q").is_none() && wanted.states.is_empty() {
                true => cx.t("尚無告警。", "No alarm was raised yet.").to_owned(),
                false => cx.t("沒有符合之告警。", "No alarm fits.").to_owned(),
            },
            action: None,
        },
    };
    let pills: Vec<(AlarmState, Severity)> = rows.iter().map(|row| (row.state(), row.severity)).collect();
    let whole = rows.len() < MOST;
    let mut list = table(cx, rows, whole, query.clone()).page(look, |row| alarm_path(row.entry), around);
    if !whole && total > MOST as u64 {
        let text = match cx.chinese() {
            true => format!(
                "計 {} 則，僅列前 {} 則；請縮小範圍，或匯出檔案。",
                counted(total),
                counted(MOST as u64)
            ),
            false => format!(
                "There are {}; the first {} are listed. Narrow it, or take the file.",
                counted(total),
                counted(MOST as u64)
            ),
        };
        list.problems.push(Notice::new(cx, Tone::Info, text));
    }
    coloured(cx, &mut list, &pills);
    Ok(list)
}

/// Words for state and severity bear their colours.
fn coloured(cx: &Cx, list: &mut ListView<'_>, pills: &[(AlarmState, Severity)]) {
    let classes = |text: &str| {
        let states = pills.iter().map(|(one, _)| (state(cx, *one), words::state_class(*one)));
        let severities = pills.iter().map(|(_, one)| (severity(cx, *one), words::severity_class(*one)));
        states.chain(severities).find(|(word, _)| *word == text).map(|(_, class)| class)
    };
    let coloured = |name: &str| name == "state" || name == "severity";
    let places: Vec<usize> = list
        .heads
        .iter()
        .enumerate()
        .filter(|(at, head)| *at > 0 && coloured(&head.name))
        .map(|(at, _)| at)
        .collect();
    for row in &mut list.rows {
        for at in &places {
            let Some(cell) = row.cells.get_mut(*at) else { continue };
            let ListCell::Value(Shown::Parts(parts)) = &*cell else { continue };
            let Some(text) = parts.first().map(|part| part.text.clone()) else { continue };
            if let Some(class) = classes(&text) {
                *cell = ListCell::Pill(Pill { text, class });
            }
        }
    }
}

//! The duty calendar: what is owed in a month, day by day, and the same as a feed for programs of calendars.
//!
//! What was opened is read from the tables; what is still to come follows from the series that run and the office calendar
//! of the pack, and is shown as such. A day beyond that calendar is said to be missing, never guessed.
//! Invariant: who may not read what a duty is owed for, or the record that is to prove it, does not find it here.
//! Source: `docs/pack.md`, "Duties"; RFC 5545.

mod feed;
mod plan;

use crate::component::{Notice, Opt, Tone};
use crate::cx::Cx;
use crate::error::PageResult;
use crate::names::Named;
use crate::query::Query;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use crate::sources::Month;
use askama::Template;
use axum::routing::get;
use model::CivilDate;
use plan::{Entry, Plan, Stand};
use std::collections::BTreeMap;

pub(crate) const PATH: &str = "/duties";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(PATH, Access::Person, Audit::None, || get(page)),
    // Whoever has the address has the token in it.
    Route::get("/duties/feed/{token}", Access::Anyone, Audit::None, || get(feed::feed)),
];

/// Days of the week, as the grid has them.
const HEADS: [(&str, &str); 7] =
    [("日", "Sun"), ("一", "Mon"), ("二", "Tue"), ("三", "Wed"), ("四", "Thu"), ("五", "Fri"), ("六", "Sat")];
/// What is named of one duty on one day, at most.
const MOST_NAMED: usize = 20;

#[derive(Template)]
#[template(path = "duties/index.html")]
struct DutiesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    month: String,
    before: (String, String),
    after: (String, String),
    /// The month as addresses have it.
    word: String,
    duties: Vec<Opt>,
    notices: Vec<Notice<'a>>,
    heads: [&'static str; 7],
    weeks: Vec<[Cell; 7]>,
    days: Vec<DayView>,
}

/// A day of the grid; of another month it is empty.
#[derive(Default)]
struct Cell {
    /// Its number; none outside of the month.
    day: Option<i8>,
    today: bool,
    off: bool,
    /// What is owed on it, and how the worst of it stands.
    owed: Option<(usize, Stand)>,
    href: String,
}

/// A day with what is owed on it.
struct DayView {
    id: String,
    date: String,
    duties: Vec<DutyView>,
}

/// A duty on a day.
struct DutyView {
    label: String,
    clauses: String,
    total: usize,
    /// How many of it stand how, the worst first.
    stands: Vec<(Stand, usize)>,
    named: Vec<(Named, Stand)>,
    more: usize,
}

async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let (pack, today) = (cx.pack()?, cx.zone()?.date(cx.now()));
        let month = query.one("month").and_then(Month::read).unwrap_or_else(|| Month::of(today));
        let duty = query.one("duty").unwrap_or_default().to_owned();
        let plan = cx.look(|look| {
            Plan::read(look, pack, (month.first(), month.last()), |one| {
                duty.is_empty() || one.id.as_str() == duty
            })
        })?;
        let link = |month: Month| {
            let of_duty =
                (!duty.is_empty()).then(|| format!("&duty={}", crate::component::query_value(&duty)));
            (month.told(cx), format!("{PATH}?month={}{}", month.word(), of_duty.unwrap_or_default()))
        };
        let chosen = |one: &regulation::Duty| Opt {
            value: one.id.to_string(),
            text: cx.label(&one.label).to_owned(),
            on: one.id.as_str() == duty,
        };
        let page = DutiesPage {
            cx,
            shell: Shell::new(cx, Some(Area::Work), cx.t("工作行事曆", "Duty calendar")),
            month: month.told(cx),
            before: link(month.before()),
            after: link(month.next()),
            word: month.word(),
            duties: pack.duties.values().map(chosen).collect(),
            notices: notices(cx, &plan),
            heads: HEADS.map(|(zh, en)| cx.language.of(zh, en)),
            weeks: weeks(cx, month, today, &plan)?,
            days: days(cx, &plan),
        };
        cx.render(&page)
    })
    .await
}

fn notices<'a>(cx: &'a Cx, plan: &Plan<'_>) -> Vec<Notice<'a>> {
    let mut notices = Vec::new();
    if let Some(day) = plan.missing {
        let text = match cx.chinese() {
            true => format!("尚未載入 {} 之辦公日曆，該日以後之定期工作無從推算。", cx.date(day)),
            false => {
                format!("The office calendar does not reach {day}; what is owed from then on cannot be told.")
            }
        };
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    if plan.left > 0 {
        let text = match cx.chinese() {
            true => format!("工作過多，另有 {} 件未列出；請選擇單位或單項工作。", plan.left),
            false => format!("{} more are not listed; choose a unit or one duty.", plan.left),
        };
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    notices
}

/// Weeks of the month, from Sunday on.
fn weeks(
    cx: &Cx,
    month: Month,
    today: CivilDate,
    plan: &Plan<'_>,
) -> Result<Vec<[Cell; 7]>, crate::PageError> {
    let mut by_day: BTreeMap<CivilDate, (usize, Stand)> = BTreeMap::new();
    for entry in &plan.entries {
        let (count, worst) = by_day.entry(entry.due_on).or_insert((0, entry.stand));
        *count += 1;
        *worst = (*worst).min(entry.stand);
    }
    let calendar = &cx.pack()?.calendar;
    let mut weeks: Vec<[Cell; 7]> = Vec::new();
    let mut day = month.first();
    while day <= month.last() {
        let column = usize::try_from(day.weekday() % 7).unwrap_or(0);
        if column == 0 || weeks.is_empty() {
            weeks.push(Default::default());
        }
        let cell = weeks.last_mut().and_then(|week| week.get_mut(column));
        if let Some(cell) = cell {
            *cell = Cell {
                day: Some(day.day()),
                today: day == today,
                off: calendar.is_working(day).is_ok_and(|working| !working),
                owed: by_day.get(&day).copied(),
                href: format!("#d{day}"),
            };
        }
        day = day.plus_days(1);
    }
    Ok(weeks)
}

fn days(cx: &Cx, plan: &Plan<'_>) -> Vec<DayView> {
    let mut days: Vec<DayView> = Vec::new();
    for on_day in plan.entries.chunk_by(|a, b| a.due_on == b.due_on) {
        let Some(first) = on_day.first() else { continue };
        let duties = on_day.chunk_by(|a, b| a.duty.id == b.duty.id).map(|of| DutyView::of(cx, of)).collect();
        days.push(DayView { id: format!("d{}", first.due_on), date: cx.date(first.due_on), duties });
    }
    days
}

impl DutyView {
    fn of(cx: &Cx, entries: &[Entry<'_>]) -> Self {
        let duty = entries.first().map(|entry| entry.duty);
        let mut stands: BTreeMap<Stand, usize> = BTreeMap::new();
        for entry in entries {
            *stands.entry(entry.stand).or_default() += 1;
        }
        let named = entries.iter().take(MOST_NAMED).map(|entry| (entry.named.clone(), entry.stand)).collect();
        Self {
            label: duty.map(|duty| cx.label(&duty.label).to_owned()).unwrap_or_default(),
            clauses: duty.map(|duty| clauses(cx, duty)).unwrap_or_default(),
            total: entries.len(),
            stands: stands.into_iter().collect(),
            named,
            more: entries.len().saturating_sub(MOST_NAMED),
        }
    }
}

/// The clauses a duty serves, one after the other.
fn clauses(cx: &Cx, duty: &regulation::Duty) -> String {
    duty.clauses.iter().map(ToString::to_string).collect::<Vec<_>>().join(cx.t("、", ", "))
}

impl Stand {
    fn name(self, cx: &Cx) -> &'static str {
        match self {
            Self::Late => cx.t("已逾期", "overdue"),
            Self::Open => cx.t("待辦", "to be done"),
            Self::Coming => cx.t("未到期", "to come"),
            Self::DoneLate => cx.t("逾期完成", "done late"),
            Self::Done => cx.t("已完成", "done"),
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Late => "refused",
            Self::Open | Self::DoneLate => "wanting",
            Self::Coming => "void",
            Self::Done => "done",
        }
    }
}

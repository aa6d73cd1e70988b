//! Sources: who sends lines; of each that is registered when it was heard last, how much and how well it tells, and what
//! comes of senders that nobody has registered.
//!
//! Who comes here is said by the pack's policies, as for tracing. Lines themselves do not stand here.
//! Invariant: of whom nothing was heard for an hour, or ever, it is said first; nobody is told to be heard who is not.
//! Source: clauses 27.1.1, 27.1.2.

mod cases;
mod heard;
mod month;

pub use cases::{LinesCase, LinesCaseKind};
pub use heard::{Heard, ReceiverHeard, Senders, SourceHeard, Standing, UnknownSender};
pub(crate) use month::{Month, TALKERS, reckoned};
pub use month::{Reckoned, SourceName};

use crate::acting;
use crate::audit::admitted;
use crate::component::export::{Plain, give};
use crate::component::rows::{Around, Column, Rows};
use crate::component::{Empty, ListCell, ListView, Notice, Pill, TableView, Tone};
use crate::cx::Cx;
use crate::error::PageResult;
use crate::look::Look;
use crate::names::{Named, Shown, record_path, register_path};
use crate::query::Query;
use crate::roc;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use crate::trace::{origin, second};
use askama::Template;
use axum::routing::get;
use model::Instant;
use regulation::{Expr, Name};
use telemetry::Gaps;

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get(PATH, PERSON, Audit::None, || get(page)),
    Route::get("/sources/export", PERSON, Audit::None, || get(export)),
    Route::get(month::PATH, PERSON, Audit::None, || get(month::page)),
    Route::get("/sources/month/export", PERSON, Audit::None, || get(month::export)),
];

pub(crate) const PATH: &str = "/sources";
pub(crate) const MONTH: &str = month::PATH;
/// Unknown senders that a page shows.
const MOST_UNKNOWN: usize = 200;

/// A source of the list, with the moment it is looked at.
struct Row {
    source: SourceHeard,
    now: Instant,
}

const COLUMNS: &[Column<Row>] = &[
    Column { name: "name", zh: "設備", en: "Device", of: |_, row| Plain::text(row.source.name.clone()) },
    Column { name: "state", zh: "狀態", en: "State", of: |look, row| Plain::text(state(look.cx, row).0) },
    Column {
        name: "unit", zh: "單位", en: "Unit", of: |look, row| Plain::text(look.unit(row.source.unit))
    },
    Column {
        name: "network",
        zh: "位址或網段",
        en: "Address",
        of: |_, row| Plain::text(row.source.network.clone()),
    },
    Column {
        name: "last",
        zh: "最後收到",
        en: "Last line",
        of: |look, row| Plain::text(row.source.heard.last.map_or_else(String::new, |at| look.cx.second(at))),
    },
    Column {
        name: "rate",
        zh: "近一分鐘筆數",
        en: "Last minute",
        of: |_, row| Plain::Number(row.source.heard.rate.to_string()),
    },
    Column {
        name: "lines",
        zh: "筆數",
        en: "Lines",
        of: |_, row| Plain::Number(row.source.heard.lines.to_string()),
    },
    Column { name: "nine", zh: "九項齊備", en: "All nine fields", of: |_, row| nine(&row.source.heard) },
    Column {
        name: "skew",
        zh: "設備時間",
        en: "Its clock",
        of: |look, row| {
            Plain::text(row.source.heard.skew.map_or_else(String::new, |skew| clock(look.cx, skew)))
        },
    },
    Column {
        name: "gaps",
        zh: "編號缺漏",
        en: "Missing by number",
        of: |look, row| gaps(look.cx, &row.source.heard),
    },
    Column {
        name: "receivers",
        zh: "接收器",
        en: "Receivers",
        of: |_, row| Plain::text(row.source.heard.receivers.join(" ")),
    },
];

/// How a source stands, and the class of its pill.
fn state(cx: &Cx, row: &Row) -> (&'static str, &'static str) {
    const BAD: &str = "state state-refused";
    match (&row.source.standing, row.source.heard.last) {
        (Standing::NoNetwork, _) => (cx.t("位址無法辨識", "No such address"), BAD),
        (Standing::Doubled, _) => (cx.t("位址重複登記", "Registered twice"), BAD),
        (Standing::Listed, None) => (cx.t("未曾收到", "Never heard"), BAD),
        (Standing::Listed, Some(_)) if row.source.is_silent(row.now) => (cx.t("靜默", "Silent"), BAD),
        (Standing::Listed, Some(_)) => (cx.t("收受中", "Heard"), "state state-done"),
    }
}

/// The share of lines with all nine fields of clause 27.1.2.
fn nine(heard: &Heard) -> Plain {
    match heard.nine_per_thousand() {
        Some(share) => Plain::text(format!("{}.{} %", share / 10, share % 10)),
        None => Plain::Nothing,
    }
}

/// What is missing by the numbers of its devices; nothing where they give none, of which nothing can be said.
fn gaps(cx: &Cx, heard: &Heard) -> Plain {
    let Gaps { numbered, untold, found, missing, back: _ } = heard.gaps;
    let told = numbered - untold;
    let least = if untold > 0 { cx.t("至少 ", "at least ") } else { "" };
    match (told, missing, cx.chinese()) {
        (0, ..) => Plain::Nothing,
        (_, 0, _) if untold > 0 => Plain::text(cx.t("無法全部判斷", "not known of all").to_owned()),
        (_, 0, _) => Plain::text(cx.t("無", "none").to_owned()),
        (.., true) => Plain::text(format!("{least}{missing} 筆（{found} 處）")),
        (.., false) => Plain::text(format!("{least}{missing} (gaps: {found})")),
    }
}

/// By how much a device's clock differs from the time of reception, in words.
fn clock(cx: &Cx, skew: i64) -> String {
    let seconds = skew.unsigned_abs() / 1_000_000;
    if seconds < 2 {
        return cx.t("相符", "agrees").to_owned();
    }
    let span = match (seconds < 60, cx.chinese()) {
        (true, true) => format!("{seconds} 秒"),
        (true, false) => format!("{seconds} s"),
        (false, _) => roc::span(cx.language, skew.saturating_abs()),
    };
    match (skew > 0, cx.chinese()) {
        (true, true) => format!("慢 {span}"),
        (false, true) => format!("快 {span}"),
        (true, false) => format!("{span} behind"),
        (false, false) => format!("{span} ahead"),
    }
}

#[derive(Template)]
#[template(path = "sources/page.html")]
struct SourcesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notices: Vec<Notice<'a>>,
    list: ListView<'a>,
    /// Senders that nobody has registered.
    unknown: Option<TableView<'a>>,
    /// How many of them are left out, and lines of those that are not told apart.
    beyond: Option<String>,
    receivers: TableView<'a>,
    /// Cases by which lines go, or stay.
    cases: Option<TableView<'a>>,
    since: String,
    /// The register, and where a source is filed, for whoever may.
    book: Option<String>,
    form: Option<String>,
}

async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let began = cx.site.now();
        cx.look(|look| {
            admitted(look)?;
            let senders = cx.site.lines().senders(cx.now());
            let list = list(look, &query, &senders, began);
            if cx.wants("list") {
                return cx.render(&list.as_region());
            }
            let page = SourcesPage {
                cx,
                shell: Shell::new(cx, Some(Area::Trace), cx.t("紀錄來源", "Sources of lines"))
                    .with_second(second(cx, PATH)),
                notices: notices(look, &senders),
                list,
                unknown: unknown(look, &senders),
                beyond: beyond(cx, &senders),
                receivers: receivers(cx, &senders),
                cases: cases::table(look)?,
                since: cx.second(senders.since),
                book: look.pack.line_sources.as_ref().map(|of| register_path(&of.register)),
                form: register(look),
            };
            cx.render(&page)
        })
    })
    .await
}

async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        cx.look(|look| {
            admitted(look)?;
            table(cx, &cx.site.lines().senders(cx.now()), query.clone()).file(look)
        })
    })
    .await
}

/// The sources, those to be looked at first.
fn table<'a>(cx: &'a Cx, senders: &Senders, query: Query) -> Rows<'a, Row> {
    let now = cx.now();
    let words = query.one("q").unwrap_or_default().to_lowercase();
    let fits = |source: &&SourceHeard| {
        [&source.name, &source.network].iter().any(|text| text.to_lowercase().contains(words.trim()))
    };
    let mut rows: Vec<Row> =
        senders.sources.iter().filter(fits).map(|source| Row { source: source.clone(), now }).collect();
    rows.sort_by_key(|row| (row.source.is_well(now), row.source.heard.last));
    let name = cx.t("紀錄來源", "Sources of lines");
    Rows { cx, path: PATH, name, plain: "sources", columns: COLUMNS, rows, whole: true, query }
}

fn list<'a>(look: &Look<'a>, query: &Query, senders: &Senders, began: Instant) -> ListView<'a> {
    let cx = look.cx;
    let action = register(look).map(|path| (cx.t("登記紀錄來源", "Register a source").to_owned(), path));
    let around = Around {
        began,
        hint: cx.t("設備名稱、位址", "Name, address").to_owned(),
        views: None,
        facets: Vec::new(),
        filters: Vec::new(),
        empty: Empty {
            cx,
            icon: "route",
            text: match senders.sources.is_empty() {
                true => cx
                    .t(
                        "尚無核定之紀錄來源；所有傳送者均以未登錄來源處理。",
                        "No source is in force; every sender counts as unknown.",
                    )
                    .to_owned(),
                false => cx.t("沒有符合的紀錄來源。", "No source fits.").to_owned(),
            },
            action,
        },
    };
    let rows = table(cx, senders, query.clone());
    let pills: Vec<(&'static str, &'static str)> = rows.rows.iter().map(|row| state(cx, row)).collect();
    let mut list = rows.page(look, |row| record_path(row.source.record), around);
    let Some(at) = list.heads.iter().position(|head| head.name == "state").filter(|at| *at > 0) else {
        return list;
    };
    for row in &mut list.rows {
        if let Some(cell) = row.cells.get_mut(at)
            && let ListCell::Value(Shown::Parts(parts)) = cell
            && let Some(part) = parts.first()
            && let Some((text, class)) = pills.iter().find(|(text, _)| *text == part.text)
        {
            *cell = ListCell::Pill(Pill { text: (*text).to_owned(), class });
        }
    }
    list
}

/// Where a source is filed, for whoever may.
fn register(look: &Look<'_>) -> Option<String> {
    let register = &look.pack.line_sources.as_ref()?.register;
    let (step, _) = acting::openings(look, register).into_iter().next()?;
    Some(format!("{}/new/{step}", register_path(register)))
}

/// What is to be looked at.
fn notices<'a>(look: &Look<'a>, senders: &Senders) -> Vec<Notice<'a>> {
    let (cx, now) = (look.cx, look.cx.now());
    let mut notices = Vec::new();
    let mut notice = |tone, zh: String, en: String| {
        notices.push(Notice::new(cx, tone, if cx.chinese() { zh } else { en }));
    };
    let silent = senders.silent(now);
    if silent > 0 {
        notice(
            Tone::Bad,
            format!(
                "{silent} 個紀錄來源靜默：逾一小時未收到其紀錄，或未曾收到。請確認設備、網路及其傳送設定。"
            ),
            format!(
                "Silent sources: {silent}. Nothing came of them for an hour, or ever; look at the device, the network, and where it sends to."
            ),
        );
    }
    let broken = senders.sources.iter().filter(|source| source.standing != Standing::Listed).count();
    if broken > 0 {
        notice(
            Tone::Bad,
            format!("{broken} 筆登記之位址無法辨識或重複，其設備以未登錄來源處理。請註銷後重新登記。"),
            format!(
                "Registrations whose address is none, or registered twice: {broken}. Their devices count as unknown; end them and file them anew."
            ),
        );
    }
    let gappy = senders.sources.iter().filter(|source| source.heard.gaps.missing > 0).count();
    if gappy > 0 {
        notice(
            Tone::Warning,
            format!(
                "{gappy} 個紀錄來源之編號有缺漏：設備已送出而未收到，或設備未送出。請確認網路及其傳送設定。"
            ),
            format!(
                "Sources of which numbers are missing: {gappy}. Their devices sent what did not come, or did not send it; look at the network, and at what they are set to send."
            ),
        );
    }
    if !senders.unclear.is_empty() {
        let count = senders.unclear.len();
        notice(
            Tone::Bad,
            format!("{count} 筆登記無法判斷是否有效，視為無效。請檢視登記簿及規範。"),
            format!(
                "Records of which it cannot be told whether they are in force: {count}. They count as not; look at the register and the pack."
            ),
        );
    }
    if !senders.unknown.is_empty() {
        let count = senders.unknown.len();
        notice(
            Tone::Warning,
            format!("{count} 個未登錄之傳送者；其紀錄另行存放，並標示為未登錄來源。"),
            format!("Senders that nobody has registered: {count}. Their lines are kept apart and marked."),
        );
    }
    notices
}

fn plain(text: impl Into<String>) -> Shown {
    match text.into() {
        text if text.is_empty() => Shown::Nothing,
        text => Shown::Parts(vec![Named::plain(text)]),
    }
}

/// Senders that nobody has registered, the one heard last first; each with the way to register it.
fn unknown<'a>(look: &Look<'a>, senders: &Senders) -> Option<TableView<'a>> {
    if senders.unknown.is_empty() {
        return None;
    }
    let cx = look.cx;
    let form = register(look);
    let field = look.pack.line_sources.as_ref().and_then(|of| match of.network.expr() {
        Expr::Name(Name::Field(field)) => Some(field),
        _ => None,
    });
    let row = |sender: &UnknownSender| {
        let address = sender.address.to_string();
        let href = form.as_ref().map(|path| match field {
            Some(field) => Query::default().with(&format!("f.{field}"), &address).behind(path),
            None => path.clone(),
        });
        let register = href.map_or(Shown::Nothing, |href| {
            let text = match cx.chinese() {
                true => format!("登記 {address}"),
                false => format!("Register {address}"),
            };
            Shown::Parts(vec![Named { text, href: Some(href) }])
        });
        let heard = &sender.heard;
        let mut cells = vec![
            plain(address),
            plain(heard.last.map_or_else(String::new, |at| cx.second(at))),
            plain(heard.rate.to_string()),
            plain(heard.lines.to_string()),
            plain(nine(heard).told(cx)),
            plain(heard.receivers.join(" ")),
        ];
        if form.is_some() {
            cells.push(register);
        }
        cells
    };
    let mut heads = vec![
        (cx.t("位址", "Address").to_owned(), ""),
        (cx.t("最後收到", "Last line").to_owned(), "when"),
        (cx.t("近一分鐘筆數", "Last minute").to_owned(), "num"),
        (cx.t("筆數", "Lines").to_owned(), "num"),
        (cx.t("九項齊備", "All nine fields").to_owned(), "num"),
        (cx.t("接收器", "Receivers").to_owned(), ""),
    ];
    if form.is_some() {
        heads.push((cx.t("登記", "Register").to_owned(), ""));
    }
    Some(TableView {
        cx,
        caption: cx.t("未登錄之傳送者", "Unknown senders").to_owned(),
        heads,
        rows: senders.unknown.iter().take(MOST_UNKNOWN).map(row).collect(),
    })
}

fn beyond(cx: &Cx, senders: &Senders) -> Option<String> {
    let left = senders.unknown.len().saturating_sub(MOST_UNKNOWN);
    (left > 0 || senders.others > 0).then(|| match cx.chinese() {
        true => format!("另有 {left} 個傳送者未列出；傳送者過多而未逐一計數之紀錄計 {} 筆。", senders.others),
        false => format!(
            "Senders left out: {left}. Lines of so many senders that they are not told apart: {}.",
            senders.others
        ),
    })
}

fn receivers<'a>(cx: &'a Cx, senders: &Senders) -> TableView<'a> {
    let row = |one: &ReceiverHeard| {
        let dropped = one.dropped.map_or_else(String::new, |dropped| dropped.to_string());
        let called = origin::receiver(&one.name)
            .map_or_else(String::new, |called| cx.language.told(&called).to_owned());
        vec![plain(one.name.clone()), plain(called), plain(one.lines.to_string()), plain(dropped)]
    };
    TableView {
        cx,
        caption: cx.t("接收器", "Receivers").to_owned(),
        heads: vec![
            (cx.t("接收器", "Receiver").to_owned(), ""),
            (cx.t("收受方式", "What it takes").to_owned(), ""),
            (cx.t("保存筆數", "Lines kept").to_owned(), "num"),
            (cx.t("核心棄置之資料包", "Datagrams the kernel dropped").to_owned(), "num"),
        ],
        rows: senders.receivers.iter().map(row).collect(),
    }
}

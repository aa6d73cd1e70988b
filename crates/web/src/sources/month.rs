//! The month of each sender: volume, errors, pauses, talkers, as the report on the lines of a month needs them.
//!
//! Figures are shown once all files of the month have been read; until then it is said how far that has come.
//! Source: clause 20.1.2.

use super::second;
use crate::audit::admitted;
use crate::component::export::{Plain, give};
use crate::component::rows::{Around, Column, Rows};
use crate::component::{Empty, ListView, Notice, Tone, counted};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::record_path;
use crate::query::Query;
use crate::roc;
use crate::shell::{Area, Shell};
use askama::Template;
use model::{CivilDate, Instant, RecordId, Told, UnitId};
use regulation::TimeOfDay;
use std::collections::BTreeMap;
use std::ops::Range;
use telemetry::source::Network;
use telemetry::traffic::{Sent, Traffic};

pub(super) const PATH: &str = "/sources/month";
/// Addresses that a row names.
pub(crate) const TALKERS: usize = 10;

/// What was sent within a span, as far as it has been reckoned.
#[derive(Debug, Clone)]
pub struct Reckoned {
    /// What was sent.
    pub traffic: Traffic,
    /// Registered sources, by their networks.
    pub names: BTreeMap<Network, SourceName>,
    /// Files that are still to be read.
    pub left: u64,
    /// Files there are.
    pub files: u64,
}

/// A registered source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName {
    /// Its record.
    pub record: RecordId,
    /// The unit the record belongs to.
    pub unit: UnitId,
    /// Its name.
    pub name: String,
}

/// A month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Month {
    first: CivilDate,
}

impl Month {
    /// As addresses have it: `2026-11`, from the year 2000 to 2099.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if !text.starts_with("20") {
            return None;
        }
        let first = format!("{text}-01").parse().ok()?;
        Some(Self { first })
    }

    /// Its first day.
    pub(crate) const fn first(self) -> CivilDate {
        self.first
    }

    /// Its last day.
    pub(crate) fn last(self) -> CivilDate {
        self.next().first.plus_days(-1)
    }

    /// The one a day is in.
    pub(crate) fn of(day: CivilDate) -> Self {
        Self { first: day.plus_days(1 - i64::from(day.day())) }
    }

    pub(crate) fn next(self) -> Self {
        Self::of(self.first.plus_days(31))
    }

    pub(crate) fn before(self) -> Self {
        Self::of(self.first.plus_days(-1))
    }

    /// As addresses have it.
    pub(crate) fn word(self) -> String {
        let day = self.first.to_string();
        day.get(..7).unwrap_or(&day).to_owned()
    }

    /// As people say it.
    pub(crate) fn told(self, cx: &Cx) -> String {
        match cx.chinese() {
            true => format!("{}年{}月", self.first.year() - 1911, self.first.month()),
            false => self.word(),
        }
    }

    /// From its first moment up to that of the next.
    ///
    /// # Errors
    /// There is no zone.
    pub(crate) fn span(self, cx: &Cx) -> Result<Range<Instant>, PageError> {
        let zone = cx.zone()?;
        Ok(zone.moment(self.first, TimeOfDay::START)..zone.moment(self.next().first, TimeOfDay::START))
    }
}

/// A sender's month.
struct Row {
    network: Network,
    name: Option<SourceName>,
    sent: Sent,
    /// Its pauses, the last of which may go on.
    pauses: Vec<Range<Instant>>,
}

const COLUMNS: &[Column<Row>] = &[
    Column { name: "name", zh: "設備", en: "Device", of: |look, row| Plain::text(name(look.cx, row)) },
    Column {
        name: "unit",
        zh: "單位",
        en: "Unit",
        of: |look, row| Plain::text(row.name.as_ref().map_or_else(String::new, |name| look.unit(name.unit))),
    },
    Column {
        name: "network",
        zh: "位址或網段",
        en: "Address or network",
        of: |_, row| Plain::text(address(row.network)),
    },
    Column {
        name: "lines", zh: "筆數", en: "Lines", of: |_, row| Plain::Number(row.sent.lines.to_string())
    },
    Column {
        name: "bytes",
        zh: "傳輸位元組",
        en: "Bytes transferred",
        of: |_, row| match row.sent.telling {
            0 => Plain::Nothing,
            _ => Plain::Number(row.sent.transferred.to_string()),
        },
    },
    Column {
        name: "errors",
        zh: "錯誤",
        en: "Errors",
        of: |_, row| Plain::Number(row.sent.errors.to_string()),
    },
    Column {
        name: "pauses",
        zh: "中斷次數",
        en: "Outages",
        of: |_, row| Plain::Number(row.pauses.len().to_string()),
    },
    Column {
        name: "paused",
        zh: "中斷時間",
        en: "Out for",
        of: |look, row| Plain::text(paused(look.cx, row)),
    },
    Column {
        name: "talkers",
        zh: "最多之來源",
        en: "Top talkers",
        of: |_, row| Plain::text(talkers(&row.sent)),
    },
    Column { name: "first", zh: "首筆", en: "First line", of: |_, row| Plain::Moment(row.sent.first) },
    Column { name: "last", zh: "末筆", en: "Last line", of: |_, row| Plain::Moment(row.sent.last) },
];

fn name(cx: &Cx, row: &Row) -> String {
    match &row.name {
        Some(name) => name.name.clone(),
        None if is_unsent(row.network) => {
            cx.t("無傳送者（檔案、日誌、讀值）", "no sender (files, journal, readings)").to_owned()
        }
        None => cx.t("未登錄來源", "unknown source").to_owned(),
    }
}

/// Lines that nobody sent over the network have no sender.
fn is_unsent(network: Network) -> bool {
    network.addresses().start().is_unspecified()
}

fn address(network: Network) -> String {
    if is_unsent(network) { String::new() } else { network.to_string() }
}

fn paused(cx: &Cx, row: &Row) -> String {
    let micros = |pause: &Range<Instant>| pause.end.as_micros() - pause.start.as_micros();
    if row.pauses.is_empty() {
        String::new()
    } else {
        roc::span(cx.language, row.pauses.iter().map(micros).sum())
    }
}

/// The addresses that most lines speak of.
fn talkers(sent: &Sent) -> String {
    let about = if sent.is_about() { "≥" } else { "" };
    let one = |(address, count): &(std::net::Ipv6Addr, u64)| {
        format!("{} ({about}{})", address.to_canonical(), counted(*count))
    };
    sent.talkers(TALKERS).iter().map(one).collect::<Vec<_>>().join(", ")
}

#[derive(Template)]
#[template(path = "sources/month.html")]
struct MonthPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    /// The month before and the one after, with where they are; none where that has not begun.
    before: (String, String),
    after: Option<(String, String)>,
    /// How far it has come, and the way on, as long as files are to be read.
    reading: Option<(Notice<'a>, String)>,
    list: Option<ListView<'a>>,
}

/// The month that is asked for; the present one where none is.
fn asked(cx: &Cx, query: &Query) -> Result<Month, PageError> {
    match query.one("month").filter(|text| !text.is_empty()) {
        Some(text) => Month::read(text).ok_or(PageError::NotFound),
        None => Ok(Month::of(cx.zone()?.date(cx.now()))),
    }
}

/// What was sent within a month.
///
/// # Errors
/// Lines cannot be read.
pub(crate) fn reckoned(cx: &Cx, month: Month) -> Result<Reckoned, PageError> {
    cx.site.lines().traffic(month.span(cx)?).map_err(PageError::Unavailable)
}

pub(super) async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let began = cx.site.now();
        cx.look(|look| {
            admitted(look)?;
            let month = asked(cx, &query)?;
            let reckoned = reckoned(cx, month)?;
            let at = |month: Month| Query::default().with("month", month.word()).behind(PATH);
            let reading = (reckoned.left > 0).then(|| (reading(cx, &reckoned), at(month)));
            let query = query.with("month", month.word());
            let list = reading.is_none().then(|| list(look, query, reckoned, month, began)).transpose()?;
            if let Some(list) = list.as_ref().filter(|_| cx.wants("list")) {
                return cx.render(&list.as_region());
            }
            let title = match cx.chinese() {
                true => format!("{}紀錄月報數據", month.told(cx)),
                false => format!("Lines of {}", month.told(cx)),
            };
            let next = month.next();
            let begun = next.span(cx)?.start <= cx.now();
            let page = MonthPage {
                cx,
                shell: Shell::new(cx, Some(Area::Trace), title).with_second(second(cx, PATH)),
                before: (month.before().told(cx), at(month.before())),
                after: begun.then(|| (next.told(cx), at(next))),
                reading,
                list,
            };
            cx.render(&page)
        })
    })
    .await
}

pub(super) async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        cx.look(|look| {
            admitted(look)?;
            let month = asked(cx, &query)?;
            let reckoned = reckoned(cx, month)?;
            if reckoned.left > 0 {
                let told = cx.language.told(&progress(&reckoned)).to_owned();
                return Err(PageError::Unavailable(Told::new(told.clone(), told)));
            }
            table(cx, query.clone(), reckoned, month)?.file(look)
        })
    })
    .await
}

fn progress(reckoned: &Reckoned) -> Told {
    let (done, all) = (reckoned.files - reckoned.left, reckoned.files);
    Told::new(
        format!("本月紀錄檔計 {all} 個，已讀取 {done} 個；讀畢後顯示數據。請再按「繼續」。"),
        format!("{done} of {all} files of the month have been read; figures are shown when all have. Go on."),
    )
}

fn reading<'a>(cx: &'a Cx, reckoned: &Reckoned) -> Notice<'a> {
    Notice::new(cx, Tone::Info, cx.language.told(&progress(reckoned)).to_owned())
}

fn table(cx: &Cx, query: Query, reckoned: Reckoned, month: Month) -> Result<Rows<'_, Row>, PageError> {
    let now = month.span(cx)?.end.min(cx.now());
    let row = |(network, sent): (&Network, &Sent)| Row {
        network: *network,
        name: reckoned.names.get(network).cloned(),
        // What was read from a file came when it was read.
        pauses: if is_unsent(*network) { Vec::new() } else { sent.pauses_until(now) },
        sent: sent.clone(),
    };
    let mut rows: Vec<Row> = reckoned.traffic.senders().iter().map(row).collect();
    let words = query.one("q").unwrap_or_default().trim().to_lowercase();
    rows.retain(|row| {
        let texts = [name(cx, row), address(row.network)];
        texts.iter().any(|text| text.to_lowercase().contains(&words))
    });
    rows.sort_by_key(|row| (row.name.is_none(), std::cmp::Reverse(row.sent.lines)));
    let title = cx.t("紀錄月報數據", "Lines of a month");
    Ok(Rows {
        cx,
        path: PATH,
        name: title,
        plain: "lines-of-a-month",
        columns: COLUMNS,
        rows,
        whole: true,
        query,
    })
}

fn list<'a>(
    look: &Look<'a>,
    query: Query,
    reckoned: Reckoned,
    month: Month,
    began: Instant,
) -> Result<ListView<'a>, PageError> {
    let cx = look.cx;
    let around = Around {
        began,
        hint: cx.t("設備名稱、位址", "Name, address").to_owned(),
        views: None,
        facets: Vec::new(),
        filters: Vec::new(),
        empty: Empty {
            cx,
            icon: "route",
            text: cx.t("本月無紀錄。", "Nothing was received in this month.").to_owned(),
            action: None,
        },
    };
    let lead = |row: &Row| match &row.name {
        Some(name) => record_path(name.record),
        None => Query::default().with("q", address(row.network)).behind(super::PATH),
    };
    Ok(table(cx, query, reckoned, month)?.page(look, lead, around))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_one_another() {
        let month = Month::read("2024-12").unwrap();
        assert_eq!((month.next().word(), month.before().word()), ("2025-01".into(), "2024-11".into()));
        assert_eq!(Month::read("2024-02").unwrap().next().word(), "2024-03");
        assert_eq!(Month::of("2024-02-29".parse().unwrap()), Month::read("2024-02").unwrap());
        for text in ["", "2024", "2024-13", "2024-1", "1999-12", "2100-01", "2024-02-01", "20240-01"] {
            assert_eq!(Month::read(text), None, "{text}");
        }
    }
}

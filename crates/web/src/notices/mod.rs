//! Notices: what somebody was told, and that they have read it.
//!
//! Invariants: of a record one may not see there is no notice; that a notice was read is an entry, made by a POST.

use crate::component::export::{Plain, give};
use crate::component::rows::{Column, Rows};
use crate::component::{Empty, Exports};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, record_path};
use crate::query::Query;
use crate::reading;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use casework::EntryNumber;
use desk::{Asker, Order};
use model::{RecordId, UnitId};
use regulation::RoleId;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/notices", Access::Person, Audit::None, || get(page)),
    Route::get("/notices/export", Access::Person, Audit::None, || get(export)),
    Route::post("/notices/read", Access::Person, Audit::Act, || post(read_all)),
    Route::post("/notices/{notice}/read", Access::Person, Audit::Act, || post(read)),
];

/// Notices shown.
const MOST: usize = 100;

/// A notice on the page.
struct NoticeRow {
    entry: u64,
    text: String,
    at: String,
    stamp: String,
    record: Named,
    read: bool,
}

#[derive(Template)]
#[template(path = "notices/page.html")]
struct NoticesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    rows: Vec<NoticeRow>,
    unread: usize,
    cut: bool,
    exports: Exports<'a>,
    empty: Empty<'a>,
}

/// The notices of whoever looks, the newest first.
///
/// # Errors
/// The tables failed.
pub(crate) fn theirs(look: &Look<'_>) -> Result<Vec<store::Notice>, PageError> {
    Ok(before(look, None)?.0)
}

/// The same, of those told before an entry; with the entry before which one goes on, where there may be more.
///
/// # Errors
/// The tables failed.
pub(crate) fn before(
    look: &Look<'_>,
    entry: Option<EntryNumber>,
) -> Result<(Vec<store::Notice>, Option<EntryNumber>), PageError> {
    let person = look.cx.person();
    let roles: Vec<(RoleId, Option<UnitId>)> =
        look.roster.held(person).map(|(role, unit)| (role.clone(), unit)).collect();
    let notices = look.sql(|sql| sql.notices(person, &roles, &look.roster, entry, MOST))?;
    let next = notices.get(MOST - 1).map(|last| last.entry);
    // Of a record one may not see there is no news.
    look.ask_seen(notices.iter().map(|notice| notice.record))?;
    Ok((notices.into_iter().filter(|notice| look.sees(notice.record)).collect(), next))
}

/// The record of a notice that is for whoever looks.
///
/// # Errors
/// `NotFound`: there is no such notice for them. The tables failed.
pub(crate) fn record_of(look: &Look<'_>, notice: EntryNumber) -> Result<RecordId, PageError> {
    let found = look.sql(|sql| sql.notice_for(notice, look.cx.person(), &look.roster))?;
    found.map(|(record, _)| record).ok_or(PageError::NotFound)
}

async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| {
        cx.look(|look| {
            let notices = theirs(look)?;
            let row = |notice: &store::Notice| NoticeRow {
                entry: notice.entry.0,
                text: look.said(&notice.zh, &notice.en),
                at: cx.moment(notice.at),
                stamp: notice.at.to_string(),
                record: look.record(notice.record),
                read: notice.read,
            };
            let rows: Vec<NoticeRow> = notices.iter().map(row).collect();
            let unread = rows.iter().filter(|row| !row.read).count();
            let cut = notices.len() >= MOST;
            let shell = Shell::new(cx, Some(Area::Work), cx.t("通知", "Notices"));
            let text = cx.t("沒有通知。", "There are no notices.").to_owned();
            let empty = Empty { cx, icon: "bell", text, action: None };
            let exports = Exports::of(cx, &Query::default(), "/notices", Some(rows.len() as u64));
            cx.render(&NoticesPage { cx, shell, rows, unread, cut, exports, empty })
        })
    })
    .await
}

/// Columns of the file.
const COLUMNS: &[Column<store::Notice>] = &[
    Column { name: "at", zh: "時間", en: "Time", of: |_, notice| Plain::Moment(notice.at) },
    Column {
        name: "text",
        zh: "通知內容",
        en: "Notice",
        of: |look, notice| Plain::text(look.said(&notice.zh, &notice.en)),
    },
    Column {
        name: "record",
        zh: "紀錄",
        en: "Record",
        of: |look, notice| Plain::text(look.record(notice.record).text),
    },
    Column {
        name: "read",
        zh: "閱讀狀態",
        en: "Read or not",
        of: |look, notice| {
            Plain::text(if notice.read { look.cx.t("已讀", "read") } else { look.cx.t("未讀", "unread") })
        },
    },
];

async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        cx.look(|look| {
            let (name, rows) = (cx.t("通知", "Notices"), theirs(look)?);
            Rows { cx, path: "/notices", name, plain: "notices", columns: COLUMNS, rows, whole: true, query }
                .file(look)
        })
    })
    .await
}

/// One was read; to the record it is about.
async fn read(cx: Cx, Path(notice): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let number = notice.parse().map(EntryNumber).map_err(|_| PageError::NotFound)?;
        let record = cx.look(|look| {
            let record = record_of(look, number)?;
            cx.readable(look, record).map(|case| case.record)
        })?;
        let asker = Asker::Person(reading::reader(cx)?);
        cx.site.desk().ask(asker, Order::ReadNotice(number))?;
        Ok(Redirect::to(&record_path(record)).into_response())
    })
    .await
}

/// All that the page has shown.
async fn read_all(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let unread: Vec<EntryNumber> = cx.look(|look| {
            let notices = theirs(look)?.into_iter().filter(|notice| !notice.read);
            Ok(notices.map(|notice| notice.entry).collect())
        })?;
        let reader = reading::reader(cx)?;
        // Handed in together they go into one batch.
        let submit = |notice| cx.site.desk().submit(Asker::Person(reader.clone()), Order::ReadNotice(notice));
        let receipts: Vec<_> = unread.into_iter().map(submit).collect();
        for receipt in receipts {
            receipt.wait()?;
        }
        Ok(Redirect::to("/notices").into_response())
    })
    .await
}

//! Cases by which lines go, or stay: what has gone by each, and what stays, and why.

use super::plain;
use crate::component::{TableView, counted};
use crate::error::PageError;
use crate::look::Look;
use crate::names::{Named, Shown};
use model::{RecordId, Told};
use store::{LinesGone, StoreError};

/// A case by which lines go, or stay, as the binary hands it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesCase {
    /// Its record.
    pub record: RecordId,
    /// What it has be done.
    pub kind: LinesCaseKind,
    /// Lines of which receiver; none: of whichever.
    pub receiver: Option<String>,
    /// What stays, and why: lines of each reason.
    pub stays: Vec<(Told, u64)>,
}

/// What a case has be done with lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinesCaseKind {
    /// Files go whose time is over.
    Disposal,
    /// Lines stay.
    Hold,
    /// Single lines go.
    Erasure,
    /// It cannot be told.
    Unclear,
}

impl LinesCaseKind {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Disposal => ("屆期銷毀", "Disposal"),
            Self::Hold => ("法律保全", "Hold"),
            Self::Erasure => ("單筆塗銷", "Erasure"),
            Self::Unclear => ("無法判斷", "Unclear"),
        }
    }
}

/// The cases as a table; none where there is none.
///
/// # Errors
/// The tables cannot be read.
pub(super) fn table<'a>(look: &Look<'a>) -> Result<Option<TableView<'a>>, PageError> {
    let cx = look.cx;
    let mut gone = look.sql::<_, StoreError>(|sql| sql.lines_gone())?;
    let cases = cx.site.lines().cases();
    let row = |case: &LinesCase, gone: LinesGone| {
        let (zh, en) = case.kind.words();
        vec![
            Shown::Parts(vec![look.record(case.record)]),
            plain(cx.t(zh, en)),
            plain(case.receiver.as_deref().unwrap_or_else(|| cx.t("所有接收器", "Every receiver"))),
            plain(told_gone(look, gone)),
            stays(look, case),
        ]
    };
    let mut rows: Vec<Vec<Shown>> =
        cases.iter().map(|case| row(case, gone.remove(&case.record).unwrap_or_default())).collect();
    // What has gone by a case that does not count any more.
    rows.extend(gone.into_iter().map(|(record, gone)| {
        let named = Shown::Parts(vec![look.record(record)]);
        vec![named, Shown::Nothing, Shown::Nothing, plain(told_gone(look, gone)), Shown::Nothing]
    }));
    let head = |zh, en| (cx.t(zh, en).to_owned(), "");
    Ok((!rows.is_empty()).then(|| TableView {
        cx,
        caption: cx.t("紀錄之銷毀、保全與塗銷", "Disposals, holds and erasures").to_owned(),
        heads: vec![
            head("案件", "Case"),
            head("類別", "Kind"),
            head("接收器", "Receiver"),
            head("已銷毀或塗銷", "Gone"),
            head("未銷毀者及原因", "What stays, and why"),
        ],
        rows,
    }))
}

fn told_gone(look: &Look<'_>, gone: LinesGone) -> String {
    let lines = counted(gone.lines);
    match (gone, look.cx.chinese()) {
        (LinesGone { lines: 0, .. }, _) => String::new(),
        (LinesGone { files: 0, .. }, true) => format!("{lines} 筆"),
        (LinesGone { files: 0, .. }, false) => format!("{lines} lines"),
        (LinesGone { files, .. }, true) => format!("{files} 檔 {lines} 筆"),
        (LinesGone { files, .. }, false) => format!("{files} files, {lines} lines"),
    }
}

fn stays(look: &Look<'_>, case: &LinesCase) -> Shown {
    let cx = look.cx;
    let one = |(why, lines): &(Told, u64)| {
        let (why, lines) = (cx.language.told(why), counted(*lines));
        Named::plain(match (lines.as_str(), cx.chinese()) {
            ("0", _) => why.to_owned(),
            (_, true) => format!("{why}：{lines} 筆"),
            (_, false) => format!("{why}: {lines} lines"),
        })
    };
    if case.stays.is_empty() { Shown::Nothing } else { Shown::Parts(case.stays.iter().map(one).collect()) }
}

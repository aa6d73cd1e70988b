//! The verification of the whole installation, begun from the page: one at a time, its progress and its last result shown.
//!
//! It runs beside the server on a thread of its own, writes nothing, and judges what stood when it began.

use super::admitted;
use crate::component::{Meter, Notice, TableView, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::names::{Named, Shown};
use axum::response::{IntoResponse, Redirect};
use ledger::verify::{Progress, Report};
use model::{Instant, Told};
use proof::policy::Policy;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What auditors judge by.
#[derive(Clone)]
pub struct Oversight {
    /// Keys of the ledger, witnesses, quorum.
    pub policy: Arc<Policy>,
    /// The same as a file, to take along.
    pub policy_text: Arc<str>,
    /// Verifies the installation.
    pub verify: Arc<dyn Verify>,
}

/// Whoever verifies an installation as a whole.
pub trait Verify: Send + Sync {
    /// Judges every file, as it stands now. It takes long and blocks.
    ///
    /// # Errors
    /// It could not be done, which is no verdict.
    fn verify(&self, progress: &dyn Progress) -> Result<Report, Told>;
}

/// The present verification and the last one.
#[derive(Default)]
pub(crate) struct Verifying {
    state: Mutex<State>,
    far: Far,
}

/// Whether one runs, and what the last one gave.
#[derive(Default)]
pub(crate) struct State {
    /// When the one that runs began.
    pub(crate) began: Option<Instant>,
    /// The last one since this program was started.
    pub(crate) last: Option<Last>,
}

/// A verification that is over.
pub(crate) struct Last {
    /// When it began.
    pub(crate) began: Instant,
    /// When it ended.
    pub(crate) ended: Instant,
    /// What it gave, or why it could not be done.
    pub(crate) result: Result<Report, Told>,
}

/// How far it is.
#[derive(Default)]
struct Far {
    files: AtomicU64,
    of: AtomicU64,
}

impl Progress for Far {
    fn plan(&self, files: u64) {
        self.of.store(files, Ordering::Relaxed);
    }

    fn done(&self, files: u64, _: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
    }
}

/// Findings shown.
pub(crate) const SHOWN: usize = 50;

impl Verifying {
    /// How it stands.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many files the present one has judged, of how many.
    pub(crate) fn far(&self) -> (u64, u64) {
        (self.far.files.load(Ordering::Relaxed), self.far.of.load(Ordering::Relaxed))
    }
}

/// Begins a verification, unless one runs. It blocks.
///
/// # Errors
/// `NotFound`: they may not audit.
pub(crate) fn begin(cx: &Cx) -> Result<(), PageError> {
    cx.look(admitted)?;
    let (verifying, oversight) = (Arc::clone(cx.site.verifying()), cx.site.oversight().clone());
    {
        let mut state = verifying.state();
        if state.began.is_some() {
            return Ok(());
        }
        state.began = Some(cx.now());
        verifying.far.files.store(0, Ordering::Relaxed);
        verifying.far.of.store(0, Ordering::Relaxed);
    }
    let (site, began) = (cx.site.clone(), cx.now());
    std::thread::spawn(move || {
        // One that fell over is over, and shows no result of before.
        let verify = AssertUnwindSafe(|| oversight.verify.verify(&verifying.far));
        let result = catch_unwind(verify).unwrap_or_else(|_| {
            Err(Told::new(
                "驗證作業異常中止，請洽系統維護人員",
                "The verification fell over; tell whoever maintains Ward",
            ))
        });
        let last = Some(Last { began, ended: site.now(), result });
        *verifying.state() = State { began: None, last };
    });
    Ok(())
}

/// Begins one from the page.
pub(super) async fn verify(cx: Cx) -> PageResult {
    cx.run(|cx| {
        begin(cx)?;
        Ok(Redirect::to("/audit").into_response())
    })
    .await
}

type Shows<'a> = (Vec<Notice<'a>>, Option<TableView<'a>>, Option<Meter<'a>>, bool);

/// What the page says of it: notices, findings, the meter of the present one, whether one runs.
pub(super) fn shown(cx: &Cx) -> Shows<'_> {
    let verifying = cx.site.verifying();
    let (state, (done, of)) = (verifying.state(), verifying.far());
    let meter = state.began.map(|began| Meter {
        cx,
        label: format!("{}{}", cx.t("驗證進行中，開始於 ", "Verifying since "), cx.moment(began)),
        done,
        of: of.max(1),
    });
    let Some(last) = &state.last else {
        let text = cx.t(
            "本程式啟動後尚未執行驗證，結果未知。",
            "Nothing was verified since this program was started; the result is not known.",
        );
        return (vec![Notice::new(cx, Tone::Info, text)], None, meter, state.began.is_some());
    };
    let span = format!("{} – {}", cx.moment(last.began), cx.moment(last.ended));
    let (notices, findings) = match &last.result {
        Err(told) => {
            let title = cx.t("驗證未能完成", "The verification could not be done").to_owned();
            let text = format!("{}{}", cx.language.told(told), cx.beside(&span));
            (vec![Notice { cx, tone: Tone::Bad, title: Some(title), text }], None)
        }
        Ok(report) => told(cx, report, &span),
    };
    (notices, findings, meter, state.began.is_some())
}

fn told<'a>(cx: &'a Cx, report: &Report, span: &str) -> (Vec<Notice<'a>>, Option<TableView<'a>>) {
    let (files, count) = (report.files, report.findings.count());
    let (tone, text) = if report.is_good() {
        let zh = format!("驗證通過：{files} 個檔案均相符（{span}）");
        (Tone::Good, Told::new(zh, format!("Verified: {files} files, each as it must be ({span})")))
    } else if report.is_undone() {
        let zh = format!("無法驗證：{count} 個檔案無法讀取（{span}）");
        (Tone::Warning, Told::new(zh, format!("Not possible: {count} files cannot be read ({span})")))
    } else {
        let zh = format!("驗證未通過：{count} 項不符（{span}）");
        (Tone::Bad, Told::new(zh, format!("Not verified: {count} findings ({span})")))
    };
    let mut notices = vec![Notice::new(cx, tone, cx.language.told(&text))];
    notices.extend(report.remarks.iter().map(|told| Notice::new(cx, Tone::Info, cx.language.told(told))));
    if report.is_good() {
        return (notices, None);
    }
    let plain = |text: String| Shown::Parts(vec![Named::plain(text)]);
    let or_nothing = |number: Option<u64>| number.map_or(Shown::Nothing, |number| plain(number.to_string()));
    let row = |finding: &ledger::verify::Finding| {
        vec![
            plain(finding.path.clone()),
            or_nothing(finding.at_byte),
            or_nothing(finding.entry),
            plain(cx.language.told(&finding.what).to_owned()),
        ]
    };
    let findings = TableView {
        cx,
        caption: cx.t("不符項目，首項在前", "Findings, the first one first").to_owned(),
        heads: vec![
            (cx.t("檔案", "File").to_owned(), ""),
            (cx.t("位元組", "Byte").to_owned(), "number"),
            (cx.t("帳本第幾筆", "Entry").to_owned(), "number"),
            (cx.t("不符情形", "What is wrong").to_owned(), ""),
        ],
        rows: report.findings.kept().iter().take(SHOWN).map(row).collect(),
    };
    (notices, Some(findings))
}

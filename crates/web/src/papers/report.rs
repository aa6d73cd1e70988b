//! The month's report to the steward: how the clauses stand by article, what is not met, what is not known and why, and the
//! ledger's head by which the figures can be found again.
//!
//! Figures are those that were recorded by the end of the month; of the month that runs, those of now.
//! Source: `docs/adr/0016-board.md`.

use super::{by_whom, head};
use crate::audit;
use crate::clauses::{self, BoardAsked, OnBoard, State};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::query::Query;
use crate::roc;
use model::CivilDate;
use paper::{Article, Finding, Findings, Ledger, Report, SignatureBox, Tally};
use proof::checkpoint::SignedCheckpoint;

/// The month that is asked for.
pub(super) struct Month {
    first: CivilDate,
    last: CivilDate,
    /// Does it still run?
    runs: bool,
}

impl Month {
    /// From an address: `month=2026-11` or `month=115-11`; the one that runs where none is asked for.
    ///
    /// # Errors
    /// `NotFound`: it is no month, or one to come.
    pub(super) fn read(cx: &Cx, query: &Query) -> Result<Self, PageError> {
        let today = cx.zone()?.date(cx.now());
        let first = match query.one("month").filter(|month| !month.trim().is_empty()) {
            None => first_of(today),
            Some(month) => roc::read_date(&format!("{}-1", month.trim())).ok_or(PageError::NotFound)?,
        };
        if first > today {
            return Err(PageError::NotFound);
        }
        let last = first_of(first.plus_days(31)).plus_days(-1);
        Ok(Self { first, last, runs: last >= today })
    }

    /// The month before this one, as an address asks for it.
    pub(super) fn before(cx: &Cx) -> Result<String, PageError> {
        let today = cx.zone()?.date(cx.now());
        let last = first_of(today).plus_days(-1);
        Ok(format!("{}-{:02}", last.year(), last.month()))
    }

    /// What its report is called.
    pub(super) fn name(&self, cx: &Cx) -> String {
        match cx.chinese() {
            true => format!("資訊安全管理月報（{}）", self.told(cx)),
            false => format!("Information-security report, {}", self.told(cx)),
        }
    }

    fn told(&self, cx: &Cx) -> String {
        let first = roc::date(cx.language, self.first);
        let day = if cx.chinese() { "1日" } else { "-01" };
        first.strip_suffix(day).unwrap_or(&first).to_owned()
    }

    fn asked(&self, cx: &Cx) -> Result<BoardAsked, PageError> {
        let query = Query::default();
        BoardAsked::read(cx, if self.runs { query } else { query.with("on", self.last.to_string()) })
    }
}

/// The first day of a day's month.
fn first_of(day: CivilDate) -> CivilDate {
    day.plus_days(1 - i64::from(day.day()))
}

/// The report. It blocks.
///
/// # Errors
/// Tables or ledger cannot be read.
pub(super) fn of_month(look: &Look<'_>, month: &Month) -> Result<Report, PageError> {
    let cx = look.cx;
    let asked = month.asked(cx)?;
    let found = clauses::found(look, &asked)?;
    let mut articles: Vec<(String, Vec<State>)> = Vec::new();
    for one in &found {
        let number = clauses::article_number(one.clause);
        match articles.last_mut().filter(|(last, _)| *last == number) {
            Some((_, states)) => states.push(one.state()),
            None => articles.push((number, vec![one.state()])),
        }
    }
    let every: Vec<State> = found.iter().map(OnBoard::state).collect();
    let article = |(number, states): &(String, Vec<State>)| Article {
        name: match cx.chinese() {
            true => format!("條號 {number}"),
            false => format!("Article {number}"),
        },
        tally: tally(states),
    };
    let red = Findings {
        label: cx.t("一、未符合事項", "1. What is not met").to_owned(),
        rows: findings(cx, &found, |state| state == State::NotMet),
    };
    let grey = Findings {
        label: cx.t("二、未知事項及原因", "2. What is not known, and why").to_owned(),
        rows: findings(cx, &found, |state| {
            matches!(state, State::NotComputed | State::Stale | State::Nobody)
        }),
    };
    let title = month.name(cx);
    let boxes =
        [cx.t("製表", "Made by"), cx.t("單位主管", "Head of unit"), cx.t("資訊安全長", "Security officer")];
    Ok(Report {
        head: head(cx, title, "report".to_owned(), None, by_whom(cx)),
        intro: intro(cx, month),
        states: State::ALL.map(|state| state.name(cx).to_owned()).to_vec(),
        total: tally(&every),
        articles: articles.iter().map(article).collect(),
        red,
        grey,
        ledger: ledger(cx)?,
        boxes: boxes.map(|role| SignatureBox { role: role.to_owned(), seal: None }).to_vec(),
    })
}

fn tally(states: &[State]) -> Tally {
    let count = |state: State| states.iter().filter(|one| **one == state).count();
    Tally { counts: State::ALL.map(count).to_vec(), all: states.len() }
}

fn intro(cx: &Cx, month: &Month) -> Vec<String> {
    let day = |day| roc::date(cx.language, day);
    let span = match (month.runs, cx.chinese()) {
        (false, true) => {
            format!("報告期間：{}至{}；各項數值以期末已登載者為準。", day(month.first), day(month.last))
        }
        (true, true) => {
            format!("報告期間：{}起，截至 {}，本月尚未結束。", day(month.first), cx.moment(cx.now()))
        }
        (false, false) => format!(
            "From {} to {}; figures are those recorded by the end of it.",
            day(month.first),
            day(month.last)
        ),
        (true, false) => {
            format!("From {}, as of {}; the month is not over.", day(month.first), cx.moment(cx.now()))
        }
    };
    let unit = match cx.focus() {
        Some(unit) => cx.unit_name(unit),
        None => cx.t("全部單位", "all units").to_owned(),
    };
    vec![
        span,
        format!("{}{unit}", cx.t("範圍：", "Scope: ")),
        cx.t(
            "各條是否符合，依登記資料計算；未知者不以符合論。",
            "Whether each clause is met is reckoned from what is recorded. What is not known does not count as met.",
        )
        .to_owned(),
    ]
}

/// Checks in some states, each with its figure; a clause that is not reckoned with the reason.
fn findings(cx: &Cx, found: &[OnBoard<'_>], wanted: impl Fn(State) -> bool) -> Vec<Finding> {
    let mut rows = Vec::new();
    for one in found {
        let clause = one.clause.id.to_string();
        if let Some(why) = one.clause.not_live.as_ref().filter(|_| wanted(State::NotComputed)) {
            rows.push(Finding {
                clause: clause.clone(),
                check: cx.label(&one.clause.title).to_owned(),
                told: cx.label(why).to_owned(),
            });
        }
        for (check, stands) in one.checks.iter().filter(|(_, stands)| wanted(stands.state)) {
            rows.push(Finding {
                clause: clause.clone(),
                check: cx.label(&check.label).to_owned(),
                told: clauses::told(cx, check, stands),
            });
        }
    }
    rows
}

/// The ledger's head, as it is published.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn ledger(cx: &Cx) -> Result<Option<Ledger>, PageError> {
    let note = audit::published(cx)?;
    let signed = SignedCheckpoint::parse(&note).map_err(PageError::failed)?;
    let head = signed.unverified();
    let time = audit::last_time(cx, head.size)?.map_or_else(String::new, |at| cx.moment(at));
    let line = |name: &str, text: String| (name.to_owned(), text);
    let lines = vec![
        line(cx.t("帳本名稱", "Ledger"), head.origin.clone()),
        line(cx.t("已公布筆數", "Entries published"), head.size.to_string()),
        line(cx.t("最後一筆時間", "Time of the last"), time),
        line(cx.t("根雜湊", "Root"), head.root.to_string()),
    ];
    let note = cx.t(
        "掃描條碼可得本檢查點；與見證人或另存之檢查點核對，即知帳本有無更動。",
        "The code holds this head. Compare it with that of a witness, or with one kept elsewhere, to see that nothing was changed.",
    );
    let scanned = format!("{}\n{}\n{}\n", head.origin, head.size, head.root);
    Ok(Ledger::new(lines, note.to_owned(), scanned))
}

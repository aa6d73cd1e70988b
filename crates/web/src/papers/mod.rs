//! Papers: the official form of a record with the record of its signatures beside it, the empty form of a register,
//! labels, the month's report. Lists are printed by `component::export`.
//!
//! A paper shows what its reader may see, and no more. That of a record follows from the record as the ledger has it and
//! from nothing else, no clock and no name of whoever prints: who takes it again, unchanged, takes the same bytes.
//! Invariants: printing has its turns, as exports have, and runs on threads that may block; what cannot be printed is told.
//! Source: `docs/paper.md`; `docs/adr/0023-paper.md`.

mod form;
mod labels;
mod report;
mod seals;
mod value;

use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::language::Language;
use crate::look::Look;
use crate::names::record_path;
use crate::query::Query;
use crate::reading;
use crate::records::Opened;
use crate::roc;
use crate::route::{Access, Audit, Route, named};
use axum::extract::Path;
use axum::routing::get;
use casework::Case;
use model::{Instant, RecordId, Told};
use paper::{Form, Head, Made, Press, PrintError};
use regulation::Register;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use report::ledger as ledger_head;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/records/{record}/paper.pdf", Access::Person, Audit::Reading, || get(record)),
    Route::get("/records/{record}/signatures.xml", Access::Person, Audit::Reading, || get(signatures)),
    Route::get("/registers/{register}/blank.pdf", Access::Person, Audit::None, || get(blank)),
    Route::get("/registers/{register}/labels.pdf", Access::Person, Audit::Reading, || get(labels)),
    Route::get("/clauses/report.pdf", Access::Person, Audit::None, || get(month)),
];

/// The month whose report is due, as an address asks for it.
///
/// # Errors
/// No pack is published yet.
pub(crate) fn last_month(cx: &Cx) -> Result<String, PageError> {
    report::Month::before(cx)
}

/// What PDF is.
pub(crate) const PDF: &str = "application/pdf";

/// Prints once it has its turn. Whoever waits longer than [`LONGEST`] is told so; a thread cannot be ended, so what it
/// prints keeps its turn until it is through, and no more papers are in the making than there are turns.
///
/// # Errors
/// `Busy`: others are at it. `Unavailable`: it took too long. What `print` fails with.
pub(crate) async fn printed<T: Send + 'static>(
    cx: &Cx,
    print: impl FnOnce(&Cx, &Press) -> Result<T, PageError> + Send + 'static,
) -> Result<T, PageError> {
    let turn = cx.site.exports().take().await?;
    let making = cx.run(move |cx| {
        let _turn = turn;
        let press = press(cx)?;
        let done = print(cx, &press);
        rest_later(press);
        done
    });
    in_time(LONGEST, making).await
}

/// The longest that somebody waits for a paper. One of 2,000 rows takes seconds.
const LONGEST: Duration = Duration::from_secs(60);

async fn in_time<T>(
    longest: Duration,
    making: impl Future<Output = Result<T, PageError>>,
) -> Result<T, PageError> {
    tokio::time::timeout(longest, making).await.unwrap_or_else(|_| Err(PageError::Unavailable(too_long())))
}

fn too_long() -> Told {
    Told::new(
        "產製逾時，已停止等候。請縮小範圍（例如篩選清冊、分次列印標籤）後再試。",
        "Printing took too long and was given up. Ask for less (filter the list, print fewer labels) and try again.",
    )
}

/// Lets a press rest once nothing was printed for a while: its fonts are large, and papers come several at a time.
pub(crate) fn rest_later(press: Arc<Press>) {
    let printed = press.printed();
    tokio::spawn(async move {
        tokio::time::sleep(IDLE).await;
        if press.printed() == printed {
            press.rest();
        }
    });
}

/// How long a press keeps its fonts in memory after the last paper.
const IDLE: Duration = Duration::from_secs(60);

/// The press. It blocks.
///
/// # Errors
/// `Unavailable`: there are no fonts.
pub(crate) fn press(cx: &Cx) -> Result<Arc<Press>, PageError> {
    cx.site.config().printer.press().map_err(|_| PageError::Unavailable(no_fonts()))
}

fn no_fonts() -> Told {
    Told::new(
        "本機未安裝中文字型，無法產製 PDF。請系統管理者安裝全字庫正楷體（Debian 套件 fonts-cns11643-kai）後再試。",
        "This machine has no Chinese font, so that no PDF can be made. Have TW-Kai installed (Debian package fonts-cns11643-kai) and try again.",
    )
}

/// What could not be printed, told.
pub(crate) fn refused(error: PrintError) -> PageError {
    match error {
        PrintError::Glyph { character, field } => {
            let code = format!("U+{:04X}", u32::from(character));
            PageError::Refused(Told::new(
                format!(
                    "「{field}」含字型所無之字「{character}」（{code}），無法列印。請更正該欄，或請系統管理者安裝含該字之字型。"
                ),
                format!(
                    "“{field}” holds “{character}” ({code}), which no installed font has. Correct the field, or have a font installed that has it."
                ),
            ))
        }
        PrintError::TooMuch { what, count, most } => {
            let zh = match what {
                "labels" => "標籤",
                "boxes" => "圖上方塊及連線",
                "rows" => "資料列",
                _ => "字元",
            };
            PageError::Refused(Told::new(
                format!("內容過多，無法列印：{zh}共 {count}，至多 {most}。請縮小篩選範圍，或改匯出試算表。"),
                format!(
                    "Too much to print: {count} {what}, at most {most}. Ask for less, or export a spreadsheet."
                ),
            ))
        }
        error @ (PrintError::Data(_) | PrintError::Template { .. }) => PageError::failed(error),
    }
}

/// Are there no more of something than are printed at once?
///
/// # Errors
/// `Refused`.
pub(crate) fn enough(what: &'static str, count: u64, most: usize) -> Result<(), PageError> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > most { Err(refused(PrintError::TooMuch { what, count, most })) } else { Ok(()) }
}

/// What stands on every page of a paper of this site.
pub(crate) fn head(cx: &Cx, title: String, code: String, grade: Option<String>, made: String) -> Head {
    let root = cx.seen().roster.root().map(|unit| cx.unit_name(unit));
    Head {
        language: language(cx),
        authority: root.unwrap_or_default(),
        title,
        code,
        grade,
        watermark: cx.watermark().map(ToOwned::to_owned),
        made,
    }
}

/// Who printed it, and when.
pub(crate) fn by_whom(cx: &Cx) -> String {
    match cx.chinese() {
        true => format!("{}　{} 列印", cx.person_name(cx.person()), cx.moment(cx.now())),
        false => format!("Printed by {}, {}", cx.person_name(cx.person()), cx.moment(cx.now())),
    }
}

/// The grade's mark, where not everybody may read it.
pub(crate) fn mark(look: &Look<'_>, case: &Case) -> Option<String> {
    reading::graded(look, case).then(|| look.grade(&case.grade))
}

/// A day with the name of the calendar.
pub(crate) fn day(cx: &Cx, at: Instant) -> String {
    let day = cx.zone().map_or_else(|_| at.to_string(), |zone| roc::date(cx.language, zone.date(at)));
    if cx.chinese() { format!("中華民國{day}") } else { day }
}

fn language(cx: &Cx) -> paper::Language {
    match cx.language {
        Language::Chinese => paper::Language::Chinese,
        Language::English => paper::Language::English,
    }
}

/// An address of this site, as whoever scans it needs it: with the host where that is known.
fn address(cx: &Cx, path: &str) -> String {
    let base = cx.site.machine().addresses().into_iter().next();
    let base = base.unwrap_or_else(|| cx.site.desk().origin().to_owned());
    format!("{}{path}", base.trim_end_matches('/'))
}

/// Where a code on a paper leads.
pub(crate) fn record_address(cx: &Cx, record: RecordId, query: &Query) -> String {
    address(cx, &query.behind(&record_path(record)))
}

/// The official form of a case at hand, without signatures: of one that is no record yet.
#[must_use]
pub fn form_of(look: &Look<'_>, case: &Case, register: &Register) -> Form {
    form::of_case(look, case, register, &[], String::new())
}

/// The official form with what is filled in and not recorded: marked as such on each page, without a place in the ledger.
///
/// # Errors
/// What cannot be printed.
pub(crate) fn preview(
    look: &Look<'_>,
    press: &Press,
    case: &Case,
    register: &Register,
    exists: bool,
) -> PageResult {
    let cx = look.cx;
    let story = if exists { crate::records::story(look, case.record)? } else { Vec::new() };
    let made = cx.t("預覽：內容尚未登載", "Preview: nothing of it is recorded yet").to_owned();
    let mut form = form::of_case(look, case, register, &story, made);
    form.ledger = None;
    form.head.watermark.get_or_insert_with(|| cx.t("預覽", "PREVIEW").to_owned());
    let made = press.form(&form, cx.now()).map_err(refused)?;
    let name = format!("{}_{}.pdf", cx.label(&register.label), cx.t("預覽", "preview"));
    Ok(given::file(&name, &format!("{}-preview.pdf", register.id), PDF, made.pdf))
}

/// What a paper of a record is called as a file.
fn name(cx: &Cx, opened: &Opened<'_>) -> String {
    let label = cx.label(&opened.register.label);
    match &opened.case.number {
        Some(number) => format!("{number}_{label}"),
        None => format!("{label}_{}", opened.case.record),
    }
}

/// The official form of a record, with the moment it is of. It blocks.
fn of_record(look: &Look<'_>, press: &Press, record: RecordId) -> Result<(String, Instant, Made), PageError> {
    let opened = Opened::of(look, record)?;
    let told = crate::records::story(look, record)?;
    let (form, at) = form::of_record(look, &opened, &told);
    let made = press.form(&form, at).map_err(refused)?;
    Ok((name(look.cx, &opened), at, made))
}

/// The official form of a record, for whoever may read it.
///
/// # Errors
/// `NotFound`; what cannot be printed.
pub(crate) async fn of_one(cx: &Cx, record: RecordId) -> PageResult {
    let (name, made) = printed(cx, move |cx, press| {
        let (name, _, made) = cx.look(|look| of_record(look, press, record))?;
        Ok((name, made))
    })
    .await?;
    Ok(given::file(&format!("{name}.pdf"), &format!("{record}.pdf"), PDF, made.pdf))
}

async fn record(cx: Cx, Path(record): Path<String>) -> PageResult {
    of_one(&cx, named(&record)?).await
}

async fn signatures(cx: Cx, Path(record): Path<String>) -> PageResult {
    let record = named(&record)?;
    let (name, xml) = printed(&cx, move |cx, press| {
        cx.look(|look| {
            let (name, at, made) = of_record(look, press, record)?;
            let opened = Opened::of(look, record)?;
            let told = crate::records::story(look, record)?;
            let paper = (format!("{name}.pdf"), made.digest);
            let xml = seals::record(look, &opened, &told, (at, paper))?.xml().map_err(PageError::failed)?;
            Ok((name, xml))
        })
    })
    .await?;
    let (name, plain) = (format!("{name}.xml"), format!("{record}.xml"));
    Ok(given::file(&name, &plain, "application/xml", xml))
}

async fn blank(cx: Cx, Path(register): Path<String>) -> PageResult {
    let (name, plain, made) = printed(&cx, move |cx, press| {
        let register = cx.pack()?.register(&register).ok_or(PageError::NotFound)?;
        let (form, at) = cx.look(|look| form::blank(look, register))?;
        let made = press.form(&form, at).map_err(refused)?;
        Ok((cx.label(&register.label).to_owned(), register.id.to_string(), made))
    })
    .await?;
    Ok(given::file(&format!("{name}.pdf"), &format!("{plain}.pdf"), PDF, made.pdf))
}

async fn labels(cx: Cx, Path(register): Path<String>, query: Query) -> PageResult {
    let (name, plain, made) = printed(&cx, move |cx, press| {
        let register = cx.pack()?.register(&register).ok_or(PageError::NotFound)?;
        let (labels, graded) = cx.look(|look| labels::of_list(look, register, &query))?;
        let made = press.labels(&labels, cx.now()).map_err(refused)?;
        reading::enter(cx, graded)?;
        Ok((cx.label(&register.label).to_owned(), register.id.to_string(), made))
    })
    .await?;
    let name = format!("{name}_{}.pdf", cx.language.of("標籤", "labels"));
    Ok(given::file(&name, &format!("{plain}-labels.pdf"), PDF, made.pdf))
}

async fn month(cx: Cx, query: Query) -> PageResult {
    let (name, made) = printed(&cx, move |cx, press| {
        let asked = report::Month::read(cx, &query)?;
        let report = cx.look(|look| report::of_month(look, &asked))?;
        Ok((asked.name(cx), press.report(&report, cx.now()).map_err(refused)?))
    })
    .await?;
    Ok(given::file(&format!("{name}.pdf"), "report.pdf", PDF, made.pdf))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_too_long_for_a_paper_is_told() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let never = std::future::pending::<Result<(), PageError>>();
        let told = runtime.block_on(in_time(Duration::ZERO, never));
        assert!(matches!(told, Err(PageError::Unavailable(_))));
        assert!(runtime.block_on(in_time(LONGEST, async { Ok(()) })).is_ok());
    }
}

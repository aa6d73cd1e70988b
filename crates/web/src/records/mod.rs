//! The page of a record: what it holds, what it is linked with, files, signatures, history; what may be done, what runs,
//! and whom it waits for. Also as an official form, to be printed.
//!
//! Invariants: whoever may not read a record finds nothing here; the reading of a graded one is in the ledger before
//! anything is shown; files are given out to be saved, never to be run.
//! Source: `docs/pack.md`, "Registers".

mod depends;
pub(crate) mod evidence;
mod head;
mod history;
mod linked;
mod signed;
mod story;

use crate::component::{Fact, Facts, Notice, RecordHead, Tabs, Timeline, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::live::Watched;
use crate::look::Look;
use crate::names::{Named, Shown, entry_path, record_path, register_path};
use crate::query::Query;
use crate::registers;
use crate::rooms::{Sheet, SheetAir};
use crate::route::{Access, Audit, Route, named};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::extract::Path;
use axum::routing::get;
use casework::{Case, VoidCause};
use model::RecordId;
use regulation::{Outcome, Register, Step, StepId};
use std::sync::Arc;

pub(crate) use evidence::Held;
pub(crate) use head::{ClockView, Waiting, clocks, step_path, waiting};
pub(crate) use history::{addressee, change, label, moments, reason, said, who};
pub(crate) use linked::{Linked, links, named_by};
pub(crate) use signed::{Mark, SignatureView, check, grade, marks, views};
pub(crate) use story::{Changed, Happened, SignatureCheck, changes, story};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/records/{record}", Access::Person, Audit::Reading, || get(data)),
    Route::get("/records/{record}/linked", Access::Person, Audit::Reading, || get(linked)),
    Route::get("/records/{record}/evidence", Access::Person, Audit::Reading, || get(evidence)),
    Route::get("/records/{record}/signatures", Access::Person, Audit::Reading, || get(signatures)),
    Route::get("/records/{record}/history", Access::Person, Audit::Reading, || get(history)),
    Route::get("/records/{record}/print", Access::Person, Audit::Reading, || get(print)),
    Route::get("/records/{record}/files/{digest}", Access::Person, Audit::Reading, || get(evidence::file)),
];

/// Questions that belong together, answered.
pub(crate) struct Group<'a> {
    /// Their name.
    pub(crate) label: Option<String>,
    /// The answers.
    pub(crate) facts: Facts<'a>,
}

#[derive(Template)]
#[template(path = "records/data.html")]
struct DataPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    head: RecordHead<'a>,
    tabs: Tabs<'a>,
    done: Option<Notice<'a>>,
    groups: Vec<Group<'a>>,
    /// The curves of the day of a room that it tells of.
    air: Option<SheetAir<'a>>,
    waiting: Waiting,
    about: Facts<'a>,
}

#[derive(Template)]
#[template(path = "records/linked.html")]
struct LinkedPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    head: RecordHead<'a>,
    tabs: Tabs<'a>,
    links: Vec<linked::LinkView>,
    /// What it depends on, and what depends on it.
    depends: Option<depends::Depends<'a>>,
}

/// A file on the page.
struct FileView {
    /// The name of its field.
    field: String,
    file: Held,
    /// Why it is not found by its text, where it is not.
    unread: Option<String>,
}

#[derive(Template)]
#[template(path = "records/evidence.html")]
struct EvidencePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    head: RecordHead<'a>,
    tabs: Tabs<'a>,
    files: Vec<FileView>,
}

#[derive(Template)]
#[template(path = "records/signatures.html")]
struct SignaturesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    head: RecordHead<'a>,
    tabs: Tabs<'a>,
    signatures: Vec<SignatureView>,
}

#[derive(Template)]
#[template(path = "records/history.html")]
struct HistoryPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    head: RecordHead<'a>,
    tabs: Tabs<'a>,
    timeline: Timeline<'a>,
    /// Where what happened before is told.
    earlier: Option<String>,
}

#[derive(Template)]
#[template(path = "records/print.html")]
struct PrintPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    form: String,
    title: String,
    number: Option<String>,
    grade: String,
    about: Facts<'a>,
    groups: Vec<Group<'a>>,
    signatures: Vec<SignatureView>,
    bound: Option<(Named, String)>,
    made: String,
    record: String,
    back: String,
}

/// A record that somebody reads, with its register.
pub(crate) struct Opened<'l> {
    pub(crate) case: Arc<Case>,
    pub(crate) register: &'l Register,
}

impl<'l> Opened<'l> {
    /// What is theirs to read.
    ///
    /// # Errors
    /// `NotFound`.
    pub(crate) fn of(look: &'l Look<'_>, record: RecordId) -> Result<Self, PageError> {
        let case = look.cx.readable(look, record)?;
        let register = look.cx.seen().packs.register(&case.register, case.version);
        Ok(Self { register: register.ok_or(PageError::NotFound)?, case })
    }
}

/// The shell around a page of a record.
pub(crate) fn shell(look: &Look<'_>, case: &Case, title: &str) -> Result<Shell, PageError> {
    let (cx, register) = (look.cx, look.register(case));
    let name = register.map_or_else(|| case.register.to_string(), |one| cx.label(&one.label).to_owned());
    let shell = Shell::new(cx, Some(Area::Registers), title).by(name, register_path(&case.register));
    let told = cx.t(
        "本紀錄已有異動，以下內容非最新狀態。",
        "This record has changed; what stands here is not its latest state.",
    );
    let shell = shell.watching(&Watched::record(case), told, true);
    Ok(shell.graded(look, case).with_second(registers::second(cx, Some(&case.register))?))
}

/// How a step ended, in words; what approves nothing is only disagreed with.
pub(crate) fn outcome(cx: &Cx, step: Option<&Step>, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approve => cx.language.of("核定", "Approved"),
        Outcome::Done => cx.language.of("完成", "Done"),
        Outcome::Refuse if step.is_some_and(|step| !approves(step)) => cx.language.of("不同意", "Refused"),
        Outcome::Refuse => cx.language.of("不予核定", "Refused"),
        Outcome::Return => cx.language.of("退回補正", "Returned"),
        Outcome::TakeBack => cx.language.of("撤回", "Taken back"),
    }
}

/// Is it among the outcomes of a step that something is approved?
pub(crate) fn approves(step: &Step) -> bool {
    step.outcomes.iter().any(|(outcome, _)| *outcome == Outcome::Approve)
}

/// A step with how it ended, where that is more than its name says.
pub(crate) fn what(look: &Look<'_>, register: &Register, step: &StepId, how: Outcome) -> String {
    let (cx, name) = (look.cx, look.step(register, step));
    let ended = outcome(cx, register.flow.step(step.as_str()), how);
    match how {
        Outcome::Done => name,
        _ if ended == name => name,
        _ => format!("{name}{}{ended}", cx.t("：", ": ")),
    }
}

/// Why something is void, in words.
pub(crate) fn void(cx: &Cx, cause: VoidCause) -> &'static str {
    match cause {
        VoidCause::Barred => cx.language.of("簽署人已須迴避", "the signer may no longer sign this case"),
        VoidCause::Changed => cx.language.of("內容已變更", "what it covered was changed"),
        VoidCause::Effect => cx.language.of("內容因他案變更", "another record changed what it covered"),
        VoidCause::Moved => cx.language.of("改依新版規範", "the case goes on under another version"),
        VoidCause::Returned => cx.language.of("案件退回補正", "the case was returned"),
    }
}

/// An entry of the ledger, with the way to it.
pub(crate) fn entry(cx: &Cx, number: u64) -> Named {
    let text = format!("{} {number}", cx.t("帳本第", "Entry"));
    Named { text: if cx.chinese() { format!("{text} 筆") } else { text }, href: entry_path(number) }
}

/// What a content holds, by groups in the order of the register. What is not filled in is left out.
pub(crate) fn groups<'a>(look: &Look<'a>, register: &Register, case: &Case) -> Vec<Group<'a>> {
    let cx = look.cx;
    let mut groups: Vec<(Option<String>, Vec<Fact>)> = Vec::new();
    for field in &register.fields {
        let value = look.field(case, field);
        if value == Shown::Nothing {
            continue;
        }
        let group = register.groups.iter().find(|group| group.fields.contains(&field.id));
        let label = group.map(|group| cx.label(&group.label).to_owned());
        let fact =
            Fact { name: cx.label(&field.label).to_owned(), value: with_files(look, case, field, value) };
        match groups.iter_mut().find(|(there, _)| *there == label) {
            Some((_, facts)) => facts.push(fact),
            None => groups.push((label, vec![fact])),
        }
    }
    let group = |(label, facts)| Group { label, facts: Facts { cx, facts } };
    groups.into_iter().map(group).collect()
}

/// Files among values lead to where they are given out.
fn with_files(look: &Look<'_>, case: &Case, field: &regulation::Field, value: Shown) -> Shown {
    if !matches!(field.kind, regulation::Kind::Files { .. } | regulation::Kind::Photo { .. }) {
        return value;
    }
    let files = evidence::of_field(case.record, &field.id, case.content.0.get(&field.id));
    let named = |file: &Held| Named { text: file.told(look.cx), href: Some(file.href()) };
    Shown::Parts(files.iter().map(named).collect())
}

async fn data(cx: Cx, Path(record): Path<String>, query: Query) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        let sheet = cx.look(|look| Sheet::of(look, &Opened::of(look, record)?.case))?;
        let air = sheet.map(|sheet| sheet.air(cx));
        cx.look(|look| {
            let opened = Opened::of(look, record)?;
            let (head, tabs) = head::head(look, &opened, "data")?;
            let done = query.one("done").map(|step| done(look, opened.register, step));
            let groups = groups(look, opened.register, &opened.case);
            let (waiting, about) = (waiting(look, &opened.case)?, head::about(look, &opened.case));
            let shell = shell(look, &opened.case, &head.title)?;
            cx.render(&DataPage { cx, shell, head, tabs, done, groups, air, waiting, about })
        })
    })
    .await
}

/// What was just done here.
fn done<'a>(look: &Look<'a>, register: &Register, step: &str) -> Notice<'a> {
    let cx = look.cx;
    let step = register.flow.step(step).map(|step| cx.label(&step.label).to_owned());
    let text = match step {
        Some(step) if cx.chinese() => format!("「{step}」已登錄。"),
        Some(step) => format!("{step}: recorded."),
        None => cx.t("已登錄。", "Recorded.").to_owned(),
    };
    Notice::new(cx, Tone::Good, text)
}

async fn linked(cx: Cx, Path(record): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        cx.look(|look| {
            let opened = Opened::of(look, record)?;
            let (head, tabs) = head::head(look, &opened, "linked")?;
            let mut links = linked::alarms_of(look, opened.case.record)?;
            links.extend(linked::links(look, &opened)?.iter().map(|one| one.shown(look)));
            let shell = shell(look, &opened.case, &head.title)?;
            let depends = depends::Depends::of(look, &opened)?;
            cx.render(&LinkedPage { cx, shell, head, tabs, links, depends })
        })
    })
    .await
}

async fn evidence(cx: Cx, Path(record): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        cx.look(|look| {
            let opened = Opened::of(look, record)?;
            let (head, tabs) = head::head(look, &opened, "evidence")?;
            let shown = |file: Held| -> Result<FileView, PageError> {
                let unread = look.sql(|sql| sql.file_unread(&file.digest))?;
                let unread = unread.map(|told| cx.language.told(&told).to_owned());
                Ok(FileView { field: label(look, Some(opened.register), &file.field), file, unread })
            };
            let files = evidence::files(&opened, &story(look, record)?).into_iter();
            let files = files.map(shown).collect::<Result<_, _>>()?;
            let shell = shell(look, &opened.case, &head.title)?;
            cx.render(&EvidencePage { cx, shell, head, tabs, files })
        })
    })
    .await
}

async fn signatures(cx: Cx, Path(record): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        cx.look(|look| {
            let opened = Opened::of(look, record)?;
            let (head, tabs) = head::head(look, &opened, "signatures")?;
            let signatures = views(look, opened.register, &marks(&story(look, record)?));
            let shell = shell(look, &opened.case, &head.title)?;
            cx.render(&SignaturesPage { cx, shell, head, tabs, signatures })
        })
    })
    .await
}

async fn history(cx: Cx, Path(record): Path<String>, query: Query) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        cx.look(|look| {
            let opened = Opened::of(look, record)?;
            let (head, tabs) = head::head(look, &opened, "history")?;
            let before = query.one("before").and_then(|text| text.parse().ok());
            let (moments, next) = history::page(look, &opened.case, &story(look, record)?, before);
            let earlier = |entry: u64| {
                let path = format!("{}/history", record_path(record));
                Query::default().with("before", entry.to_string()).behind(&path)
            };
            let shell = shell(look, &opened.case, &head.title)?;
            let timeline = Timeline { cx, moments };
            cx.render(&HistoryPage { cx, shell, head, tabs, timeline, earlier: next.map(earlier) })
        })
    })
    .await
}

async fn print(cx: Cx, Path(record): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        cx.look(|look| {
            let Opened { case, register } = Opened::of(look, record)?;
            let signatures = views(look, register, &marks(&story(look, record)?));
            let title = look.title(&case);
            let bound = case.bound.map(|bound| (entry(cx, bound.entry.0), bound.hash.0.to_string()));
            let made = match cx.chinese() {
                true => format!("{}　{} 列印", cx.person_name(cx.person()), cx.moment(cx.now())),
                false => format!("Printed by {}, {}", cx.person_name(cx.person()), cx.moment(cx.now())),
            };
            let shell = shell(look, &case, cx.t("列印格式", "To be printed"))?;
            let shell = shell.by(title.clone(), record_path(record));
            cx.render(&PrintPage {
                cx,
                shell,
                form: cx.label(&register.label).to_owned(),
                title,
                number: case.number.clone(),
                grade: look.grade(&case.grade),
                about: head::about(look, &case),
                groups: groups(look, register, &case),
                signatures,
                bound,
                made,
                record: record.to_string(),
                back: record_path(record),
            })
        })
    })
    .await
}

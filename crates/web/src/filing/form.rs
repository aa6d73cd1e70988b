//! The page of a form: questions, in whose name, when it happened, why; beside it what the record holds already.

use super::sheet::{FormAsked, Sheet};
use crate::component::{
    Change, FormView, Input, InputKind, Markup, Notice, Opt, SectionView, Timeline, Tone,
};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::{Posted, Wrong, pairs, sections, unfit};
use crate::live::Watched;
use crate::names::clause_path;
use crate::query::Query;
use crate::records::{self, Group};
use crate::registers;
use crate::roc;
use crate::route::is_there;
use crate::shell::{Area, Shell};
use askama::Template;
use axum::http::StatusCode;
use casework::{Case, Fill, Form};
use model::{Evidence, Told};
use regulation::{Outcome, Signers};
use store::Draft;

#[derive(Template)]
#[template(path = "filing/form.html")]
struct FormPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    help: Option<String>,
    /// The clauses the step serves, with their pages where there are any.
    clauses: Vec<(String, Option<String>)>,
    form: FormView<'a>,
    /// What the record holds already.
    groups: Vec<Group<'a>>,
    /// Are there questions? Where there are none the record itself is what one looks at.
    asks: bool,
    draft: Option<String>,
    sealed: Option<String>,
}

/// What is told above a form.
#[derive(Default)]
pub(super) struct Above<'a> {
    pub(super) wrong: Wrong,
    pub(super) problems: Vec<Notice<'a>>,
    pub(super) notes: Vec<Markup>,
    pub(super) status: Option<StatusCode>,
}

/// What happened since a form was begun.
#[derive(Template)]
#[template(path = "filing/moved.html")]
pub(super) struct Moved<'a> {
    pub(super) cx: &'a Cx,
    pub(super) timeline: Timeline<'a>,
    /// Fields that changed meanwhile, with what is there now and what was filled in here.
    pub(super) both: Vec<Change>,
}

/// For the first time.
pub(super) fn first(sheet: &Sheet<'_, '_>, asked: &FormAsked, query: &Query) -> PageResult {
    let stands = sheet.stand(&Fill::new(), true)?;
    let mut filled = pairs(sheet.look.cx, sheet.register, &stands.case.content);
    // What an address fills in: a register's page, a code on a wall.
    for (name, value) in query.pairs().filter(|(name, _)| name.starts_with("f.") || *name == "as") {
        filled = filled.with(name, value);
    }
    let above = match query.one("kept") {
        None => Above::default(),
        Some(_) => Above { problems: vec![kept(sheet)], ..Above::default() },
    };
    page(sheet, asked, &Posted::of(filled), &stands, above)
}

/// As it was left.
pub(super) fn resumed(sheet: &Sheet<'_, '_>, asked: &FormAsked, posted: Posted, draft: &Draft) -> PageResult {
    if super::stale::has_moved(sheet.look, asked, &posted) {
        return super::stale::page(sheet, asked, &posted);
    }
    let stands = sheet.stand(&sheet.fill(&posted), false)?;
    let cx = sheet.look.cx;
    let at = cx.moment(draft.kept_at);
    let text = match cx.chinese() {
        true => format!("以下為 {at} 儲存之草稿，尚未送出。"),
        false => format!("This is the draft kept {at}. It is not sent yet."),
    };
    let above = Above { problems: vec![Notice::new(cx, Tone::Info, text)], ..Above::default() };
    page(sheet, asked, &posted, &stands, above)
}

/// As it stands while it is being filled in.
pub(super) fn looked(sheet: &Sheet<'_, '_>, asked: &FormAsked, posted: &Posted, wrong: Wrong) -> PageResult {
    let stands = sheet.stand(&sheet.fill(posted), false)?;
    let mut wrong = wrong;
    wrong.extend(unfit(&stands));
    page(sheet, asked, posted, &stands, Above { wrong, ..Above::default() })
}

/// With why it was refused, and everything that was filled in.
pub(super) fn refused(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    wrong: Wrong,
    told: Option<Told>,
) -> PageResult {
    let problems = told.iter().map(|told| Notice::refused(sheet.look.cx, told)).collect();
    let status = Some(StatusCode::UNPROCESSABLE_ENTITY);
    again(sheet, asked, posted, Above { wrong, problems, status, ..Above::default() })
}

/// The same where it is for want of a right.
pub(super) fn forbidden(sheet: &Sheet<'_, '_>, asked: &FormAsked, posted: &Posted, told: Told) -> PageResult {
    let problems = vec![Notice::refused(sheet.look.cx, &told)];
    let status = Some(StatusCode::FORBIDDEN);
    again(sheet, asked, posted, Above { problems, status, ..Above::default() })
}

/// The same while the system cannot take it, or cannot say whether it did.
pub(super) fn unavailable(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    told: Told,
) -> PageResult {
    let cx = sheet.look.cx;
    let title = Some(cx.t("暫時無法提供服務", "Not available at the moment").to_owned());
    let text = cx.language.told(&told).to_owned();
    let problems = vec![Notice { cx, tone: Tone::Bad, title, text }];
    let status = Some(StatusCode::SERVICE_UNAVAILABLE);
    again(sheet, asked, posted, Above { problems, status, ..Above::default() })
}

pub(super) fn again(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    above: Above<'_>,
) -> PageResult {
    let stands = sheet.stand(&sheet.fill(posted), false)?;
    let mut above = above;
    for (field, told) in unfit(&stands) {
        above.wrong.entry(field).or_insert(told);
    }
    page(sheet, asked, posted, &stands, above)
}

fn kept<'a>(sheet: &Sheet<'_, 'a>) -> Notice<'a> {
    let cx = sheet.look.cx;
    Notice::new(
        cx,
        Tone::Good,
        cx.t("草稿已儲存，可於「我的工作」繼續填寫。", "The draft is kept; go on from “My work”."),
    )
}

fn page(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    stands: &Form<'_>,
    above: Above<'_>,
) -> PageResult {
    let (look, cx) = (sheet.look, sheet.look.cx);
    let status = above.status.unwrap_or(StatusCode::OK);
    let action = asked.path();
    let mut all = Vec::new();
    all.extend(acting(sheet, posted));
    let questions = sections(look, &sheet.actor(), stands, posted, &action, &above.wrong);
    let asks = !questions.is_empty();
    all.extend(questions);
    all.extend(when(sheet, posted));
    all.extend(why(sheet, posted));
    let form = FormView {
        cx,
        action: action.clone(),
        hidden: hidden(sheet),
        problems: above.problems,
        notes: above.notes,
        sections: all,
        next: next(sheet, stands),
        buttons: buttons(sheet, stands.least),
        cancel: asked.way_out(),
    };
    if cx.wants("form-body") {
        return cx.render_as(status, &form.as_body());
    }
    let groups = match &sheet.before {
        Some(case) => records::groups(look, sheet.register, case),
        None => Vec::new(),
    };
    let draft = look.sql(|sql| sql.draft(cx.person(), &action))?;
    let page = FormPage {
        cx,
        shell: shell(sheet, asked)?,
        help: sheet.step.help.as_ref().map(|help| cx.label(help).to_owned()),
        clauses: clauses(sheet),
        form,
        groups,
        asks,
        draft: draft.map(|draft| cx.moment(draft.kept_at)),
        sealed: sealed(sheet),
    };
    cx.render_as(status, &page)
}

/// The clauses the step serves, else those of its register.
fn clauses(sheet: &Sheet<'_, '_>) -> Vec<(String, Option<String>)> {
    let own = &sheet.step.clauses;
    let clauses = if own.is_empty() { &sheet.register.clauses } else { own };
    let there = is_there("/clauses/{clause}");
    clauses.iter().map(|clause| (clause.to_string(), there.then(|| clause_path(clause)))).collect()
}

/// The fields that no draft keeps.
fn sealed(sheet: &Sheet<'_, '_>) -> Option<String> {
    let cx = sheet.look.cx;
    let names: Vec<&str> = sheet.sealed().iter().map(|field| cx.label(&field.label)).collect();
    (!names.is_empty()).then(|| names.join(cx.t("、", ", ")))
}

pub(super) fn shell(sheet: &Sheet<'_, '_>, asked: &FormAsked) -> Result<Shell, PageError> {
    let cx = sheet.look.cx;
    let title = cx.label(&sheet.step.label);
    match &sheet.before {
        Some(case) => {
            let shell = records::shell(sheet.look, case, title)?;
            let named = sheet.look.record(case.record);
            let told = cx.t(
                "本紀錄於填寫期間已有異動。您可繼續填寫；送出後系統將先列出異動處，供您比對後再決定。",
                "The record has changed while this was being filled in. Go on; once it is sent, what differs is shown to you first.",
            );
            let shell = shell.watching(&Watched::record(case), told, false);
            Ok(shell.by(named.text, asked.way_out()))
        }
        None => {
            let shell = Shell::new(cx, Some(Area::Registers), title);
            let shell = shell.by(cx.label(&sheet.register.label), sheet.list());
            Ok(shell.with_second(registers::second(cx, Some(&sheet.register.id))?))
        }
    }
}

/// What the form carries unseen.
fn hidden(sheet: &Sheet<'_, '_>) -> Vec<(String, String)> {
    match &sheet.before {
        Some(case) => vec![("seen".to_owned(), case.revision.to_string())],
        None => vec![("record".to_owned(), sheet.record.to_string())],
    }
}

/// The buttons: one for each outcome, then those that change nothing.
fn buttons(sheet: &Sheet<'_, '_>, least: Evidence) -> Vec<(String, String, bool)> {
    let cx = sheet.look.cx;
    let mut outcomes = sheet.outcomes.clone();
    outcomes.sort_by_key(|outcome| (!outcome.is_forward(), *outcome));
    let signed = |text: String| match least {
        Evidence::None => text,
        _ => format!("{text}{}", cx.t("（下一步簽署）", " (then sign)")),
    };
    let one = |(at, outcome): (usize, &Outcome)| {
        (format!("send:{}", outcome.word()), signed(sheet.button(*outcome)), at == 0)
    };
    let mut buttons: Vec<_> = outcomes.iter().enumerate().map(one).collect();
    if least == Evidence::None && !sheet.step.fields.is_empty() {
        buttons.push(("preview".to_owned(), cx.t("預覽", "Preview").to_owned(), false));
    }
    if !sheet.step.fields.is_empty() {
        let paper = cx.t("預覽公文表單（PDF）", "Preview as paper (PDF)");
        buttons.push(("paper".to_owned(), paper.to_owned(), false));
        buttons.push(("draft".to_owned(), cx.t("儲存草稿", "Keep a draft").to_owned(), false));
    }
    buttons
}

/// In whose name, where there is a choice.
fn acting<'a>(sheet: &Sheet<'_, 'a>, posted: &Posted) -> Option<SectionView<'a>> {
    let (look, cx) = (sheet.look, sheet.look.cx);
    let principal = sheet.stance.principal.is_some();
    if sheet.stances.len() < 2 && !principal {
        return None;
    }
    let chosen = posted.query.one("as").map_or_else(|| sheet.stance.word(), ToOwned::to_owned);
    let option = |stance: &crate::acting::Stance| {
        let value = stance.word();
        Opt { on: value == chosen, text: stance.told(look), value }
    };
    let options: Vec<Opt> = sheet.stances.iter().map(option).collect();
    let kind = InputKind::Options { folded: options.len() > 5, options, many: false };
    let help = cx.t(
        "職務代理人以本人名義簽署，紀錄載明代理何人。",
        "A deputy signs in their own name; the record says for whom.",
    );
    let input = own(cx, "as", cx.t("以何身分辦理", "In whose name"), Some(help), false, kind);
    Some(SectionView { id: "acting".to_owned(), label: None, inputs: vec![input] })
}

/// When it happened, where it may have been before it is recorded.
fn when<'a>(sheet: &Sheet<'_, 'a>, posted: &Posted) -> Option<SectionView<'a>> {
    let cx = sheet.look.cx;
    if !sheet.asks_when() {
        return None;
    }
    let text = |name: &str| posted.query.one(name).unwrap_or_default().to_owned();
    let typed = text("occurred_at");
    let zone = cx.zone().ok();
    let read = zone.and_then(|zone| Some((zone, roc::read_moment(zone, &typed)?)));
    let day = read.map(|(zone, at)| zone.date(at)).filter(|_| cx.chinese());
    let told = day.map(|day| format!("民國{}", roc::date(crate::Language::Chinese, day)));
    let value = read.map_or(typed, |(zone, at)| roc::field_moment(zone, at));
    let help = cx.t(
        "與建立時間相同者免填；事後補登者，請填實際發生時間並敘明理由。",
        "Leave it blank where it happens now. What is recorded afterwards has its own time and a reason.",
    );
    let kind = InputKind::Moment { value, told: told.unwrap_or_default() };
    let at = own(cx, "occurred_at", cx.t("實際發生時間", "When it happened"), Some(help), false, kind);
    let kind = InputKind::Text { value: text("late_reason"), lines: 2, max: 4_000, of: "text" };
    let why = own(cx, "late_reason", cx.t("補登理由", "Why it is recorded late"), None, false, kind);
    let label = Some(cx.t("補登", "Recorded late").to_owned());
    Some(SectionView { id: "late".to_owned(), label, inputs: vec![at, why] })
}

/// Why, where an outcome asks for it.
fn why<'a>(sheet: &Sheet<'_, 'a>, posted: &Posted) -> Option<SectionView<'a>> {
    let cx = sheet.look.cx;
    let asking: Vec<String> = sheet
        .outcomes
        .iter()
        .filter(|outcome| outcome.needs_reason())
        .map(|outcome| sheet.button(*outcome))
        .collect();
    // What is opened has its reasons in its answers.
    sheet.before.as_ref()?;
    let help = match asking.is_empty() {
        true => cx
            .t("得附註意見，隨簽署登載於紀錄。", "A remark, if you like; it stands with the signature.")
            .to_owned(),
        false if cx.chinese() => format!("{}時須敘明。", asking.join("、")),
        false => format!("FormAsked for: {}.", asking.join(", ")),
    };
    // A step that only asks questions has its reasons in them.
    if asking.is_empty() && !sheet.outcomes.contains(&Outcome::Approve) {
        return None;
    }
    let value = posted.query.one("reason").unwrap_or_default().to_owned();
    let kind = InputKind::Text { value, lines: 3, max: 4_000, of: "text" };
    let required = sheet.outcomes.iter().all(|outcome| outcome.needs_reason());
    let input = own(cx, "reason", cx.t("理由或意見", "Reason"), Some(&help), required, kind);
    Some(SectionView { id: "why".to_owned(), label: None, inputs: vec![input] })
}

fn own<'a>(
    cx: &'a Cx,
    name: &str,
    label: &str,
    help: Option<&str>,
    required: bool,
    kind: InputKind<'a>,
) -> Input<'a> {
    Input {
        cx,
        id: name.to_owned(),
        name: name.to_owned(),
        label: label.to_owned(),
        help: help.map(ToOwned::to_owned),
        clauses: Vec::new(),
        required,
        error: None,
        looks: None,
        in_row: false,
        kind,
    }
}

/// Who must act after it is sent, as the record would then stand.
pub(super) fn next(sheet: &Sheet<'_, '_>, stands: &Form<'_>) -> Option<String> {
    let (look, cx) = (sheet.look, sheet.look.cx);
    let outcome = sheet.outcome(None).filter(|outcome| outcome.is_forward())?;
    if !completes(sheet) {
        return Some(cx.t("送出後仍待其他簽署人簽署", "Then it waits for the others who sign").to_owned());
    }
    let to = sheet.step.to(outcome)?;
    let state = sheet.register.flow.state(to.as_str())?;
    if state.end.is_some() {
        let state = cx.label(&state.label);
        return Some(match cx.chinese() {
            true => format!("送出後即為「{state}」"),
            false => format!("It is then “{state}”, and at its end"),
        });
    }
    let then = Case { state: to.clone(), record: sheet.record, ..stands.case.clone() };
    // What runs now says nothing of what will run then.
    let then = Case { clocks: [].into(), pending: Vec::new(), ..then };
    if casework::rests(&then, sheet.register) {
        let state = cx.label(&state.label);
        return Some(match cx.chinese() {
            true => format!("送出後狀態為「{state}」"),
            false => format!("It is then “{state}”"),
        });
    }
    let people = super::confirm::awaited(look, then);
    let text = cx.t("送出後由下列人員辦理：", "Then it waits for ");
    (!people.is_empty()).then(|| format!("{text}{}", people.join(cx.t("、", ", "))))
}

/// Is the step complete once this one has signed? Of co-signers that shows only when they are counted.
fn completes(sheet: &Sheet<'_, '_>) -> bool {
    let Some(case) = &sheet.before else { return true };
    let signed = case.pending.iter().filter(|mark| mark.step == sheet.step.id).count() as u64 + 1;
    match &sheet.step.signers {
        Signers::People { need, two_person, .. } => {
            signed >= u64::from(if *two_person { (*need).max(2) } else { *need })
        }
        Signers::Seats { .. } => {
            case.seats.get(&sheet.step.id).is_none_or(|seats| signed >= u64::from(seats.need))
        }
    }
}

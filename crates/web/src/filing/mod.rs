//! Filing: forms in which records are opened and steps taken, with drafts, a look at what will be recorded, and the
//! signature where one is asked.
//!
//! A form is posted to its own address: to be looked at anew, kept as a draft, confirmed, signed, or sent. Whatever is
//! refused comes back with everything that was filled in, files included.
//! Invariants: nothing is recorded but by the desk; what is signed is what the page of confirmation has shown.
//! Source: `docs/pack.md`, "Flow", "Fields".

mod carried;
mod confirm;
mod drafts;
mod form;
mod sheet;
mod stale;

use confirm::Confirming;
pub(crate) use confirm::{Since, since_approved};

use crate::acting::{self, Stance};
use crate::component::Empty;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::{Doing, Posted, wrong};
use crate::look::Look;
use crate::names::{record_path, register_path};
use crate::papers;
use crate::query::Query;
use crate::reading;
use crate::registers;
use crate::route::{Access, Audit, FORM_BYTES, Route, named};
use crate::shell::{Area, Shell};
use crate::signing;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use casework::Command;
use desk::{Asker, Order, Refused};
use model::{Evidence, Person, Told};
use proof::signature::Evidence as Carried;
use regulation::Outcome;
use sheet::{FormAsked, Sheet};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/registers/{register}/new", Access::Person, Audit::None, || get(choose)),
    Route::get("/registers/{register}/new/{step}", Access::Person, Audit::None, || get(open)),
    Route::post("/registers/{register}/new/{step}", Access::Person, Audit::Act, || post(post_open))
        .of_bytes(FILES_BYTES),
    Route::get("/records/{record}/steps/{step}", Access::Person, Audit::Reading, || get(take)),
    Route::post("/records/{record}/steps/{step}", Access::Person, Audit::Act, || post(post_take))
        .of_bytes(FILES_BYTES),
];

/// Bytes of a form that carries files: one of the largest beside the answers.
const FILES_BYTES: usize = desk::LARGEST_FILE as usize + FORM_BYTES;

#[derive(Template)]
#[template(path = "filing/choose.html")]
struct ChoosePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    steps: Vec<(String, String, Option<String>)>,
    empty: Empty<'a>,
}

/// What becomes of a form that was posted.
enum Next {
    /// It is shown, as a page or a part of one.
    Shown(Response),
    /// The desk is asked.
    Ask(Box<Asking>),
}

/// A command on its way to the desk.
struct Asking {
    /// The form it came from, the files handed in with it stored: should the desk refuse, it comes back with them.
    posted: Posted,
    actor: Person,
    command: Command,
    signed: Option<(desk::ToSign, Signing)>,
}

/// By what a person signs.
enum Signing {
    Code(String),
    Passkey(Carried),
}

async fn choose(cx: Cx, Path(register): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let register = cx.pack()?.register(&register).ok_or(PageError::NotFound)?;
        let path = register_path(&register.id);
        let openings = cx.look(|look| Ok(acting::openings(look, &register.id)))?;
        if let [(step, _)] = openings.as_slice() {
            return Ok(Redirect::to(&format!("{path}/new/{step}")).into_response());
        }
        let steps = openings.iter().filter_map(|(step, _)| register.flow.step(step.as_str()));
        let link = |step: &regulation::Step| {
            let help = step.help.as_ref().map(|help| cx.label(help).to_owned());
            (format!("{path}/new/{}", step.id), cx.label(&step.label).to_owned(), help)
        };
        let text = cx.t(
            "以您目前之角色不得建立本登記簿之紀錄。",
            "None of your roles opens records of this register.",
        );
        let back = cx.t("回登記簿", "Back to the register").to_owned();
        let empty = Empty { cx, icon: "lock", text: text.to_owned(), action: Some((back, path.clone())) };
        let shell = Shell::new(cx, Some(Area::Registers), cx.t("新增", "New"));
        let shell = shell.by(cx.label(&register.label), path.clone());
        let shell = shell.with_second(registers::second(cx, Some(&register.id))?);
        cx.render(&ChoosePage { cx, shell, steps: steps.map(link).collect(), empty })
    })
    .await
}

async fn open(cx: Cx, Path((register, step)): Path<(String, String)>, query: Query) -> PageResult {
    cx.run(move |cx| show(cx, &FormAsked::Open(register, step), query)).await
}

async fn take(cx: Cx, Path((record, step)): Path<(String, String)>, query: Query) -> PageResult {
    cx.run(move |cx| show(cx, &FormAsked::Take(named(&record)?, step), query)).await
}

async fn post_open(cx: Cx, Path((register, step)): Path<(String, String)>, posted: Posted) -> PageResult {
    sent_in(cx, FormAsked::Open(register, step), posted).await
}

async fn post_take(cx: Cx, Path((record, step)): Path<(String, String)>, posted: Posted) -> PageResult {
    sent_in(cx, FormAsked::Take(named(&record)?, step), posted).await
}

/// What was posted. A paper waits for its turn; all else is answered at once.
async fn sent_in(cx: Cx, asked: FormAsked, posted: Posted) -> PageResult {
    if posted.doing() == Doing::Send("paper".to_owned()) {
        return papers::printed(&cx, move |cx, press| paper(cx, press, &asked, &posted)).await;
    }
    cx.run(move |cx| answer(cx, &asked, posted)).await
}

/// The official form as it would be with what is filled in so far. Nothing is recorded and nothing kept.
fn paper(cx: &Cx, press: &paper::Press, asked: &FormAsked, posted: &Posted) -> PageResult {
    cx.look(|look| {
        let sheet = Sheet::of(look, asked, posted)?;
        let stands = sheet.stand(&sheet.fill(posted), false)?;
        papers::preview(look, press, &stands.case, sheet.register, sheet.before.is_some())
    })
}

/// The form for the first time, or as it was left.
fn show(cx: &Cx, asked: &FormAsked, query: Query) -> PageResult {
    cx.look(|look| {
        let asked_as = Posted::of(query.clone());
        match drafts::resumed(look, asked)? {
            Some((draft, posted)) => {
                let sheet = Sheet::of(look, asked, &posted)?;
                form::resumed(&sheet, asked, posted, &draft)
            }
            None => {
                let sheet = Sheet::of(look, asked, &asked_as)?;
                form::first(&sheet, asked, &query)
            }
        }
    })
}

/// What was posted: what the pressed button asks for.
fn answer(cx: &Cx, asked: &FormAsked, posted: Posted) -> PageResult {
    match cx.look(|look| next(look, asked, posted))? {
        Next::Shown(response) => Ok(response),
        Next::Ask(asking) => ask(cx, asked, *asking),
    }
}

fn next(look: &Look<'_>, asked: &FormAsked, posted: Posted) -> Result<Next, PageError> {
    let sheet = match Sheet::of(look, asked, &posted) {
        Err(PageError::Denied(..) | PageError::Refused(_)) if stale::has_moved(look, asked, &posted) => {
            return stale::gone(look, asked, &posted).map(Next::Shown);
        }
        sheet => sheet?,
    };
    let (posted, unkept) = posted.with_rows().kept(look.cx, |name| sheet.is_sealed(name));
    let shown = |response: PageResult| response.map(Next::Shown);
    let Doing::Send(pressed) = posted.doing() else {
        return shown(form::looked(&sheet, asked, &posted, unkept));
    };
    if !unkept.is_empty() {
        return shown(form::refused(&sheet, asked, &posted, unkept, None));
    }
    let (act, word) = match pressed.split_once(':') {
        Some((act, word)) => (act, Some(word)),
        None => (pressed.as_str(), None),
    };
    match act {
        "draft" | "draft-auto" => shown(keep(&sheet, asked, &posted, act == "draft-auto")),
        "discard" => {
            drafts::forget(look.cx, asked);
            shown(Ok(Redirect::to(&asked.path()).into_response()))
        }
        "edit" => shown(form::looked(&sheet, asked, &posted, unkept)),
        "confirm" | "sign-code" | "sign-passkey" => confirmed(&sheet, asked, &posted, act),
        _ => sent(&sheet, asked, &posted, act == "preview", word),
    }
}

/// Keeps a draft: by hand one is told, by script nothing changes on the page.
fn keep(sheet: &Sheet<'_, '_>, asked: &FormAsked, posted: &Posted, quietly: bool) -> PageResult {
    let cx = sheet.look.cx;
    let Some(draft) = drafts::of(sheet, asked, posted) else {
        let told = Told::new(
            "內容過長，無法存為草稿；請直接送出，或縮短內容。",
            "It is too long to be kept as a draft; send it, or make it shorter.",
        );
        return form::refused(sheet, asked, posted, crate::form::Wrong::new(), Some(told));
    };
    cx.site.desk().keep_draft(cx.person(), draft)?;
    if quietly {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Redirect::to(&Query::default().with("kept", "1").behind(&asked.path())).into_response())
}

/// A form that was sent: to be confirmed first where a signature is asked, or a look at it; else for the desk.
fn sent(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    preview: bool,
    word: Option<&str>,
) -> Result<Next, PageError> {
    let shown = |response: PageResult| response.map(Next::Shown);
    let Some(outcome) = sheet.outcome(word) else {
        return shown(form::refused(sheet, asked, posted, crate::form::Wrong::new(), Some(no_outcome())));
    };
    let command = match sheet.command(posted, outcome) {
        Ok(command) => command,
        Err(told) => {
            return shown(form::refused(sheet, asked, posted, crate::form::Wrong::new(), Some(told)));
        }
    };
    let stance = match rehearse(sheet, posted, &command) {
        Ok(stance) => stance,
        Err(refused) if is_twice(sheet.look, &command, &refused) => {
            return Ok(Next::Shown(finished(sheet.look.cx, asked, &command)));
        }
        Err(refused) => {
            reading::deny_rehearsed(sheet.look.cx, &command, &refused);
            return shown(turned_down(sheet, asked, posted, &refused));
        }
    };
    let least = least(sheet, posted, outcome)?;
    if least == Evidence::None && !preview {
        let actor = sheet.as_one(&stance);
        return Ok(Next::Ask(Box::new(Asking { posted: posted.clone(), actor, command, signed: None })));
    }
    let confirming = Confirming { stance: &stance, command: &command, outcome, least };
    shown(confirm::page(sheet, asked, posted, &confirming, None))
}

/// The least signature, as the record would stand.
fn least(sheet: &Sheet<'_, '_>, posted: &Posted, outcome: Outcome) -> Result<Evidence, PageError> {
    let fill = if outcome.is_forward() { sheet.fill(posted) } else { casework::Fill::new() };
    Ok(sheet.stand(&fill, false)?.least)
}

/// Would it be accepted, but for the signature? In which of several roles it is done shows here, where they differ only
/// in what the record says of its unit.
fn rehearse(sheet: &Sheet<'_, '_>, posted: &Posted, command: &Command) -> Result<Stance, Refused> {
    let desk = sheet.look.cx.site.desk();
    let ask = |stance: &Stance| desk.rehearse(sheet.as_one(stance), command.clone()).map(drop);
    let refused = match ask(&sheet.stance) {
        Ok(()) => return Ok(sheet.stance.clone()),
        Err(refused @ Refused::Casework(casework::Refusal::WrongPerson(_))) => refused,
        Err(refused) => return Err(refused),
    };
    if posted.query.one("as").is_some() {
        return Err(refused);
    }
    let own = |one: &&Stance| one.principal == sheet.stance.principal && **one != sheet.stance;
    let other = sheet.stances.iter().filter(own).find(|stance| ask(stance).is_ok());
    other.cloned().ok_or(refused)
}

/// What was confirmed or signed on the page of confirmation.
fn confirmed(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    act: &str,
) -> Result<Next, PageError> {
    let carried = posted.query.one("carried").and_then(carried::uncarry);
    let Some(command) = carried.filter(|command| belongs(command, sheet)) else {
        return form::refused(sheet, asked, posted, crate::form::Wrong::new(), Some(unread()))
            .map(Next::Shown);
    };
    let actor = sheet.actor();
    let signed = match act {
        "confirm" => None,
        "sign-code" => {
            let code = posted.query.one("code").unwrap_or_default().to_owned();
            signing::posted_statement(posted, "code", "").map(|statement| (statement, Signing::Code(code)))
        }
        _ => {
            let key = signing::posted_passkey(posted);
            signing::posted_statement(posted, "key", "").zip(key.map(Signing::Passkey))
        }
    };
    if signed.is_none() && act != "confirm" {
        return again(sheet, asked, posted, &sheet.stance, &command, unsigned()).map(Next::Shown);
    }
    Ok(Next::Ask(Box::new(Asking { posted: posted.clone(), actor, command, signed })))
}

/// Is the command one of this form's?
fn belongs(command: &Command, sheet: &Sheet<'_, '_>) -> bool {
    match (command, &sheet.before) {
        (Command::Open { register, step, .. }, None) => {
            *register == sheet.register.id && *step == sheet.step.id
        }
        (Command::Take { record, step, .. }, Some(case)) => *record == case.record && *step == sheet.step.id,
        _ => false,
    }
}

/// The page of confirmation again, with what was wrong.
fn again(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    stance: &Stance,
    command: &Command,
    told: Told,
) -> PageResult {
    let outcome = match command {
        Command::Take { outcome, .. } => *outcome,
        _ => sheet.outcome(None).unwrap_or(Outcome::Done),
    };
    let least = least(sheet, posted, outcome)?;
    let confirming = Confirming { stance, command, outcome, least };
    confirm::page(sheet, asked, posted, &confirming, Some(told))
}

/// Why a command is not ready for the desk.
enum Unready {
    /// The code was not right.
    Code(Told),
    /// It would be refused.
    Refused(Refused),
}

/// The command with its signature. A code is used up only for what would be accepted.
fn sign(
    cx: &Cx,
    actor: &Person,
    command: Command,
    signed: Option<(desk::ToSign, Signing)>,
) -> Result<Command, Unready> {
    match signed {
        None => Ok(command),
        Some((statement, Signing::Passkey(carried))) => Ok(statement.sign(command, carried)),
        Some((statement, Signing::Code(code))) => {
            let rehearsed = cx.site.desk().rehearse(actor.clone(), command.clone());
            rehearsed.map_err(Unready::Refused)?;
            signing::check_code(cx, &code).map_err(Unready::Code)?;
            Ok(statement.sign(command, signing::vouched()))
        }
    }
}

/// Asks the desk, and shows what came of it.
fn ask(cx: &Cx, asked: &FormAsked, asking: Asking) -> PageResult {
    let Asking { posted, actor, command, signed } = asking;
    let ready = match sign(cx, &actor, command.clone(), signed) {
        Ok(ready) => ready,
        Err(Unready::Refused(refused)) => {
            reading::deny_rehearsed(cx, &command, &refused);
            return not_done(cx, asked, &posted, &command, &refused);
        }
        Err(Unready::Code(told)) => return shown_again(cx, asked, &posted, &command, told),
    };
    match cx.site.desk().ask(Asker::Person(actor), Order::Casework(ready)) {
        Ok(_) => Ok(finished(cx, asked, &command)),
        Err(refused) => not_done(cx, asked, &posted, &command, &refused),
    }
}

/// The record's page, with what was done.
fn finished(cx: &Cx, asked: &FormAsked, command: &Command) -> Response {
    drafts::forget(cx, asked);
    let (Command::Open { record, step, .. } | Command::Take { record, step, .. }) = command else {
        return Redirect::to("/").into_response();
    };
    let seen = cx.look(|look| Ok(look.sees(*record))).unwrap_or(false);
    // What one may not read any more is left behind.
    let place = if seen { record_path(*record) } else { "/".to_owned() };
    Redirect::to(&Query::default().with("done", step.as_str()).behind(&place)).into_response()
}

/// What was refused, with everything that was filled in.
fn not_done(cx: &Cx, asked: &FormAsked, posted: &Posted, command: &Command, refused: &Refused) -> PageResult {
    if cx.look(|look| Ok(is_twice(look, command, refused)))? {
        return Ok(finished(cx, asked, command));
    }
    if is_of_signature(refused) {
        return shown_again(cx, asked, posted, command, refused.told());
    }
    cx.look(|look| match Sheet::of(look, asked, posted) {
        Ok(sheet) => turned_down(&sheet, asked, posted, refused),
        Err(PageError::Denied(..) | PageError::Refused(_)) if stale::has_moved(look, asked, posted) => {
            stale::gone(look, asked, posted)
        }
        // The desk has entered it.
        Err(PageError::Denied(_, told)) => Err(PageError::Forbidden(told)),
        Err(error) => Err(error),
    })
}

/// Was it sent twice, and done the first time?
fn is_twice(look: &Look<'_>, command: &Command, refused: &Refused) -> bool {
    let (Command::Open { record, .. }, Refused::Casework(casework::Refusal::RecordTaken(_))) =
        (command, refused)
    else {
        return false;
    };
    look.case(*record).is_some_and(|case| case.opened_by == Some(look.cx.person()))
}

/// The page of confirmation again.
fn shown_again(cx: &Cx, asked: &FormAsked, posted: &Posted, command: &Command, told: Told) -> PageResult {
    cx.look(|look| {
        let sheet = Sheet::of(look, asked, posted)?;
        again(&sheet, asked, posted, &sheet.stance, command, told.clone())
    })
}

/// The form, with why it was refused.
fn turned_down(sheet: &Sheet<'_, '_>, asked: &FormAsked, posted: &Posted, refused: &Refused) -> PageResult {
    match refused.code() {
        "stale" => stale::page(sheet, asked, posted),
        "not-found" => Err(PageError::NotFound),
        _ if refused.is_of_right() => form::forbidden(sheet, asked, posted, refused.told()),
        "unavailable" | "stopped" => {
            let cx = sheet.look.cx;
            (cx.site.config().report)(cx.request, &format!("{refused}: {}", refused.told().en));
            form::unavailable(sheet, asked, posted, refused.told())
        }
        _ => {
            let at_fields = wrong(refused);
            let told = at_fields.is_empty().then(|| refused.told());
            form::refused(sheet, asked, posted, at_fields, told)
        }
    }
}

/// Is it refused for its signature, so that it is to be signed anew?
fn is_of_signature(refused: &Refused) -> bool {
    matches!(refused.code(), "signature" | "weak-signature")
        || matches!(refused, Refused::Casework(casework::Refusal::Statement(_)))
}

fn no_outcome() -> Told {
    Told::new("請選擇辦理結果", "Choose how it ends")
}

fn unread() -> Told {
    Told::new("送出內容無法判讀，請重新確認後送出", "What was sent does not read; confirm it anew")
}

fn unsigned() -> Told {
    Told::new("未收到簽章，請重新簽署", "No signature came; sign again")
}

//! The page of confirmation: what will be recorded, what differs from before and from what was last approved, who has
//! signed, and, where a signature is asked, what is signed.
//!
//! Invariant: what the button sends is the command the page has shown; nothing on it is reckoned in the browser.

use super::carried;
use super::form;
use super::sheet::{FormAsked, Sheet};
use crate::acting::Stance;
use crate::component::{Change, Notice};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::look::Look;
use crate::names::Shown;
use crate::records::{self, Changed, Group, Happened, SignatureView};
use crate::shell::Shell;
use crate::signing::{self, SignView};
use askama::Template;
use axum::http::StatusCode;
use casework::{
    Addressee, Around, Body, Case, Command, Content, DutyKey, Occurrence, Records, Reference, Seek, Series,
};
use model::{Evidence, Instant, RecordId, Told};
use regulation::{DutyId, Outcome, Register, Signers};
use std::sync::Arc;

/// What is to be confirmed.
pub(super) struct Confirming<'c> {
    pub(super) stance: &'c Stance,
    pub(super) command: &'c Command,
    pub(super) outcome: Outcome,
    pub(super) least: Evidence,
}

/// What differs from what was last approved.
pub(crate) struct Since {
    /// What was approved when.
    pub(crate) approved: String,
    /// What differs.
    pub(crate) changes: Vec<Change>,
}

#[derive(Template)]
#[template(path = "filing/confirm.html")]
struct ConfirmPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    action: String,
    hidden: Vec<(String, String)>,
    problem: Option<Notice<'a>>,
    what: String,
    whose: Option<String>,
    reason: Option<String>,
    late: Option<(String, String)>,
    groups: Vec<Group<'a>>,
    changes: Vec<Change>,
    since: Option<Since>,
    signers: Vec<SignatureView>,
    next: Option<String>,
    sign: Option<SignView>,
    opens: bool,
}

/// The page.
pub(super) fn page(
    sheet: &Sheet<'_, '_>,
    asked: &FormAsked,
    posted: &Posted,
    confirming: &Confirming<'_>,
    told: Option<Told>,
) -> PageResult {
    let (look, cx) = (sheet.look, sheet.look.cx);
    let Confirming { stance, command, outcome, least } = *confirming;
    let actor = sheet.as_one(stance);
    let sign = match least {
        Evidence::None => None,
        least => match signing::view(cx, &actor, command, least) {
            Ok(view) => view,
            Err(refused) => return super::turned_down(sheet, asked, posted, &refused),
        },
    };
    let (Command::Open { fill, .. } | Command::Take { fill, .. }) = command else {
        return Err(PageError::NotFound);
    };
    let stands = sheet.stand(fill, false)?;
    let (changes, since, signers) = match &sheet.before {
        None => (Vec::new(), None, Vec::new()),
        Some(case) => {
            let story = records::story(look, case.record)?;
            let changed = records::changes(&case.content, &stands.case.content);
            let marks = records::marks(&story);
            (
                told_changes(look, case, &changed),
                since_approved(look, case, &story, &stands.case.content),
                records::views(look, sheet.register, &marks),
            )
        }
    };
    let late = |at: &Option<Instant>, why: &Option<String>| {
        at.map(|at| (cx.moment(at), why.clone().unwrap_or_default()))
    };
    let (reason, late) = match command {
        Command::Take { reason, occurred_at, late_reason, .. } => {
            (reason.clone(), late(occurred_at, late_reason))
        }
        Command::Open { occurred_at, late_reason, .. } => (None, late(occurred_at, late_reason)),
        _ => (None, None),
    };
    let whose = stance.principal.is_some() || sheet.stances.len() > 1;
    let page = ConfirmPage {
        cx,
        shell: form::shell(sheet, asked)?.graded(look, &stands.case),
        action: asked.path(),
        hidden: hidden(posted, stance, command),
        problem: told.as_ref().map(|told| Notice::refused(cx, told)),
        what: sheet.what(outcome),
        whose: whose.then(|| stance.told(look)),
        reason,
        late,
        groups: records::groups(look, sheet.register, &stands.case),
        changes,
        since,
        signers,
        next: form::next(sheet, &stands).filter(|_| outcome.is_forward()),
        sign,
        opens: sheet.before.is_none(),
    };
    let status = if told.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    cx.render_as(status, &page)
}

/// Everything that was filled in, so that one can go back to it; the command, to the letter.
fn hidden(posted: &Posted, stance: &Stance, command: &Command) -> Vec<(String, String)> {
    let kept = posted.query.pairs().filter(|(name, _)| !Posted::is_own(name) && *name != "as");
    let mut hidden: Vec<(String, String)> =
        kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // The record it opens, the revision it was made on: what the form had, where it came with it.
    let (name, value) = match command {
        Command::Take { seen, .. } => ("seen", seen.to_string()),
        Command::Open { record, .. } => ("record", record.to_string()),
        _ => return hidden,
    };
    hidden.retain(|(one, _)| one != name);
    hidden.push((name.to_owned(), value));
    hidden.push(("as".to_owned(), stance.word()));
    hidden.extend(carried::carry(command).map(|carried| ("carried".to_owned(), carried)));
    hidden
}

fn told_changes(look: &Look<'_>, case: &Case, changed: &[Changed]) -> Vec<Change> {
    changed.iter().map(|one| records::change(look, case, one)).collect()
}

/// What differs from what was last approved; none where nothing was.
pub(crate) fn since_approved(
    look: &Look<'_>,
    case: &Case,
    story: &[Happened],
    content: &Content,
) -> Option<Since> {
    let cx = look.cx;
    let register = look.register(case)?;
    let approved = story.iter().rev().find_map(|happened| match &happened.body {
        Body::Taken { step, outcome: Outcome::Approve, .. } => Some((happened, step)),
        _ => None,
    });
    let (happened, step) = approved?;
    let changed = records::changes(&happened.content, content);
    let told = format!("{}{}", look.step(register, step), cx.beside(&cx.moment(happened.at)));
    Some(Since { approved: told, changes: told_changes(look, case, &changed) })
}

/// Whom a case would wait for, were it as it is handed in.
pub(super) fn awaited(look: &Look<'_>, case: Case) -> Vec<String> {
    let Some(register) = look.register(&case).or_else(|| look.pack.registers.get(&case.register)) else {
        return Vec::new();
    };
    let mut people = seated(look, register, &case);
    let as_if = AsIf { look, case: Arc::new(case) };
    let around = Around { records: &as_if, ..look.around() };
    // A condition without an answer names nobody; who is asked shows once it is sent.
    let found: Vec<Addressee> = casework::awaited(around, as_if.case.record).unwrap_or_default();
    people.extend(found.iter().map(|one| records::addressee(look, one)));
    people.sort();
    people.dedup();
    people
}

/// Steps whose seats are computed only once the record is there.
fn seated(look: &Look<'_>, register: &Register, case: &Case) -> Vec<String> {
    let open = register.flow.steps.iter().filter(|step| {
        step.from.contains(&case.state)
            && matches!(step.signers, Signers::Seats { .. })
            && !case.seats.contains_key(&step.id)
    });
    let told = |step: &regulation::Step| {
        format!("{}{}", look.cx.label(&step.label), look.cx.t("之簽署人", ": those who sign it"))
    };
    open.map(told).collect()
}

/// Records as they would be.
struct AsIf<'l, 'a> {
    look: &'l Look<'a>,
    case: Arc<Case>,
}

impl Records for AsIf<'_, '_> {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        if record == self.case.record { Some(Arc::clone(&self.case)) } else { self.look.case(record) }
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        Records::find(self.look, seek)
    }

    fn last_place(&self, sequence: &str) -> u32 {
        Records::last_place(self.look, sequence)
    }

    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence> {
        Records::occurrence(self.look, key)
    }

    fn series(&self, duty: &DutyId, object: &casework::Object) -> Option<Series> {
        Records::series(self.look, duty, object)
    }

    fn holds_file(&self, digest: &[u8; 32]) -> bool {
        Records::holds_file(self.look, digest)
    }
}

//! The manual: what each role does in Ward, how the installation is run, the words.
//!
//! Two books, in Chinese and in English, are built in; a reader gets the page in their own language, the pages of their
//! own roles first. Below the page of a role stand the steps it may take, from the pack in force.
//! Does not: change anything, or depend on a record.
//! Source: `docs/manual`.

mod book;

use crate::component::TableView;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::names::{Named, Shown, clause_path, register_path};
use crate::route::{Access, Audit, Route};
use crate::shell::{Link, Section, Shell};
use crate::visit::Visit;
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
pub(crate) use book::chapters;
use book::{Chapter, Heading, Html};
use identity::Roster;
use regulation::{ActorRule, Pack, Register, RoleId, Signers, Step, Who};
use std::collections::BTreeSet;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/help", Access::Person, Audit::None, || get(first)),
    Route::get("/help/{page}", Access::Person, Audit::None, || get(named)),
    Route::get("/help/pictures/{file}", Access::Person, Audit::None, || get(picture)),
];

#[derive(Template)]
#[template(path = "manual/page.html")]
struct ManualPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    headings: Vec<Heading>,
    set: Html,
    /// Steps of the role that the page is of.
    steps: Option<TableView<'a>>,
    before: Option<Chapter>,
    after: Option<Chapter>,
}

async fn first(cx: Cx) -> PageResult {
    let chapter = chapters(cx.language).into_iter().next().ok_or(PageError::NotFound)?;
    cx.run(move |cx| show(cx, &chapter.name)).await
}

async fn named(cx: Cx, Path(page): Path<String>) -> PageResult {
    cx.run(move |cx| show(cx, &page)).await
}

fn show(cx: &Cx, name: &str) -> PageResult {
    let page = book::page(cx.language, name).ok_or(PageError::NotFound)?;
    let chapters = chapters(cx.language);
    let at = chapters.iter().position(|chapter| chapter.name == name);
    let beside = |at: Option<usize>| at.and_then(|at| chapters.get(at)).cloned();
    let mut shell = Shell::new(cx, None, page.title);
    if at != Some(0) {
        shell = shell.by(cx.t("說明", "Help"), book::PATH);
    }
    let steps = cx.pack().ok().and_then(|pack| steps(cx, pack, name));
    cx.render(&ManualPage {
        cx,
        shell: shell.with_second(second(cx, name)),
        headings: page.headings,
        set: page.html,
        steps,
        before: beside(at.and_then(|at| at.checked_sub(1))),
        after: beside(at.map(|at| at + 1)),
    })
}

/// The book at the side: pages of the reader's own roles, then the others part by part.
fn second(cx: &Cx, current: &str) -> Vec<Section> {
    let own = own_roles(cx);
    let link = |chapter: Chapter| Link {
        href: chapter.path(),
        current: chapter.name == current,
        text: chapter.title,
    };
    let is_own = |chapter: &Chapter| own.contains(chapter.name.as_str());
    let mut sections = Vec::new();
    let mut theirs = Vec::new();
    for part in book::parts(cx.language) {
        let (mine, others): (Vec<Chapter>, Vec<Chapter>) = part.chapters.into_iter().partition(is_own);
        theirs.extend(mine);
        if !others.is_empty() {
            sections.push(Section { head: part.title, links: others.into_iter().map(link).collect() });
        }
    }
    if !theirs.is_empty() {
        let head = Some(cx.t("您的角色", "Your roles").to_owned());
        sections.insert(0, Section { head, links: theirs.into_iter().map(link).collect() });
    }
    sections
}

/// The roles the reader holds now.
fn own_roles(cx: &Cx) -> BTreeSet<String> {
    let held = |roster: Roster<'_>| roster.held(cx.person()).map(|(role, _)| role.to_string()).collect();
    cx.roster().map(held).unwrap_or_default()
}

/// Each register in which a role may take a step, with the steps and their clauses; none for what is no role.
fn steps<'a>(cx: &'a Cx, pack: &Pack, role: &str) -> Option<TableView<'a>> {
    let role = pack.roles.keys().find(|one| one.as_str() == role)?;
    let row = |register: &Register| {
        let theirs: Vec<&Step> =
            register.flow.steps.iter().filter(|step| takes(&step.signers, role)).collect();
        let mut words: Vec<Named> = Vec::new();
        for step in &theirs {
            let word = Named::plain(cx.label(&step.label));
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let clauses: BTreeSet<_> = theirs.iter().flat_map(|step| &step.clauses).collect();
        let clauses: Vec<_> = if clauses.is_empty() {
            register.clauses.iter().collect()
        } else {
            clauses.into_iter().collect()
        };
        let clause = |id: &regulation::ClauseId| Named { text: id.to_string(), href: Some(clause_path(id)) };
        let name =
            Named { text: cx.label(&register.label).to_owned(), href: Some(register_path(&register.id)) };
        (!theirs.is_empty()).then(|| {
            let clauses: Vec<Named> = clauses.into_iter().map(clause).collect();
            let clauses = if clauses.is_empty() { Shown::Nothing } else { Shown::Parts(clauses) };
            vec![Shown::Parts(vec![name]), Shown::Parts(words), clauses]
        })
    };
    let rows: Vec<Vec<Shown>> = pack.registers.values().filter_map(row).collect();
    (!rows.is_empty()).then(|| TableView {
        cx,
        caption: cx.t("本角色得辦理之步驟", "Steps of this role").to_owned(),
        heads: vec![
            (cx.t("登記簿", "Register").to_owned(), "lead-cell"),
            (cx.t("步驟", "Steps").to_owned(), ""),
            (cx.t("條文", "Clauses").to_owned(), ""),
        ],
        rows,
    })
}

/// May holders of a role be among those who take a step?
fn takes(signers: &Signers, role: &RoleId) -> bool {
    let named = |rule: &ActorRule| matches!(&rule.who, Who::Role { role: one, .. } if one == role);
    match signers {
        Signers::People { by, if_short, .. } => by.iter().chain(if_short).any(named),
        Signers::Seats { seats, .. } => seats.iter().any(|seat| named(&seat.rule)),
    }
}

/// A picture. Its bytes change only with the program.
async fn picture(visit: Visit, Path(file): Path<String>) -> Result<Response, PageError> {
    let bytes = book::picture(&file).ok_or(PageError::NotFound)?;
    drop(visit);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/webp")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    Ok((headers, bytes).into_response())
}

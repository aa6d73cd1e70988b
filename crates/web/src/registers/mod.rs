//! Registers: the index of them, the list of one, and its export.
//!
//! What is listed, counted, searched and exported is asked of the store with the reader's predicate, once.
//! Source: `docs/pack.md`, "Registers".

mod asked;
mod cells;
mod export;
mod filters;

use crate::acting;
use crate::component::export::{Made, give};
use crate::component::{Chip, Empty, Exports, Facet, ListRow, ListView, Notice, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::live::Watched;
use crate::look::Look;
use crate::names::{record_path, register_path};
use crate::network;
use crate::query::Query;
use crate::reading;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Link, Section, Shell};
use crate::views;
pub(crate) use filters::of_register;

use askama::Template;
use asked::ListAsked;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::routing::get;
use casework::Case;
use cells::Shelf;
use model::RecordId;
use regulation::{FieldId, Register, RegisterId};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/registers", Access::Person, Audit::None, || get(index)),
    Route::get("/registers/{register}", Access::Person, Audit::None, || get(list)),
    Route::get("/registers/{register}/export", Access::Person, Audit::Reading, || get(export)),
];

/// A register on the index.
struct Entry {
    label: String,
    help: String,
    href: String,
    clauses: Vec<String>,
    total: u64,
    running: u64,
}

#[derive(Template)]
#[template(path = "registers/index.html")]
struct IndexPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    /// What is looked for, as it was typed.
    asked: String,
    articles: Vec<Article>,
    shown: usize,
    total: usize,
}

/// Registers of one article of the regulation, by the first clause of each.
struct Article {
    number: String,
    entries: Vec<Entry>,
}

impl Entry {
    fn of(cx: &Cx, register: &Register, (total, running): (u64, u64)) -> Self {
        Self {
            label: cx.label(&register.label).to_owned(),
            help: register.help.as_ref().map(|help| cx.label(help).to_owned()).unwrap_or_default(),
            href: register_path(&register.id),
            clauses: register.clauses.iter().map(ToString::to_string).collect(),
            total,
            running,
        }
    }

    /// Does a text stand in it, or begin the number of one of its clauses?
    fn holds(&self, text: &str) -> bool {
        let within = |one: &str| one.to_lowercase().contains(text);
        within(&self.label)
            || within(&self.help)
            || self.clauses.iter().any(|clause| clause.starts_with(text))
    }

    fn article(&self) -> &str {
        self.clauses.first().and_then(|clause| clause.split('.').next()).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "registers/list.html")]
struct ListPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    register: &'a Register,
    help: Option<String>,
    /// Where a record is opened, by whoever may.
    new: Option<String>,
    /// Where the empty form is.
    blank: String,
    /// Where its records are drawn, where they are.
    network: Option<&'static str>,
    list: ListView<'a>,
}

async fn index(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let counts = counts(cx)?;
        let asked = query.one("q").unwrap_or_default().trim().to_owned();
        let text = asked.to_lowercase();
        let (mut articles, mut shown): (Vec<Article>, usize) = (Vec::new(), 0);
        let registers = in_order(cx)?;
        let total = registers.len();
        for register in registers {
            let entry = Entry::of(cx, register, counts.get(&register.id).copied().unwrap_or_default());
            if !entry.holds(&text) {
                continue;
            }
            shown += 1;
            match articles.last_mut().filter(|article| article.number == entry.article()) {
                Some(article) => article.entries.push(entry),
                None => {
                    articles.push(Article { number: entry.article().to_owned(), entries: vec![entry] });
                }
            }
        }
        let shell = Shell::of_area(cx, Area::Registers);
        cx.render(&IndexPage { cx, shell, asked, articles, shown, total })
    })
    .await
}

async fn list(cx: Cx, Path(register): Path<String>, query: Query) -> PageResult {
    cx.run(move |cx| {
        let register = known(cx, &register)?;
        let (watched, list, opens) = cx.look(|look| {
            let opens = !acting::openings(look, &register.id).is_empty();
            // From before the list is read, so that nothing is missed between.
            let whole = !cx.wants("list");
            let watched = whole.then(|| Watched::register(look, &register.id)).transpose()?;
            Ok((watched, view(cx, look, register, query)?, opens))
        })?;
        if cx.wants("list") {
            let place = list.query.behind(&list.path);
            let mut response = cx.render(&list.as_region())?;
            // The address that is kept is the short one, not all that the form has sent.
            if let Ok(place) = HeaderValue::from_str(&place) {
                response.headers_mut().insert("hx-push-url", place);
            }
            return Ok(response);
        }
        let shell = Shell::new(cx, Some(Area::Registers), cx.label(&register.label));
        let shell = shell.with_second(second(cx, Some(&register.id))?);
        let told = cx.t("本清單已有新增或異動。", "Something has changed in this list.");
        let shell = match &watched {
            Some(watched) => shell.watching(watched, told, true),
            None => shell,
        };
        let help = register.help.as_ref().map(|help| cx.label(help).to_owned());
        let new = opens.then(|| format!("{}/new", register_path(&register.id)));
        let blank = format!("{}/blank.pdf", register_path(&register.id));
        let network = network::beside(cx, &register.id);
        cx.render(&ListPage { cx, shell, register, help, new, blank, network, list })
    })
    .await
}

async fn export(cx: Cx, Path(register): Path<String>, query: Query) -> PageResult {
    give(&cx, move |cx| file(cx, known(cx, &register)?, &query)).await
}

/// A register's list as a file; that graded records in it are read is entered before it goes out. It blocks.
///
/// # Errors
/// `NotFound`: there is no such format. The reading cannot be entered.
pub(crate) fn file(cx: &Cx, register: &Register, query: &Query) -> Result<Made, PageError> {
    let (made, graded) = export::export(cx, register, query)?;
    reading::enter(cx, graded)?;
    Ok(made)
}

/// The register as the pack in force has it. Registers are no secret; what is in them is.
fn known<'a>(cx: &'a Cx, id: &str) -> Result<&'a Register, PageError> {
    cx.pack()?.register(id).ok_or(PageError::NotFound)
}

/// How many records of each register they read within the unit looked at, and how many of them run.
pub(crate) fn counts(cx: &Cx) -> Result<BTreeMap<RegisterId, (u64, u64)>, PageError> {
    let reader = cx.reader()?;
    cx.look(|look| {
        let seen = cx.seen();
        Ok(look.sql(|sql| reader.counts(sql, &seen.packs, &seen.layout))?)
    })
}

/// Registers in the order of the clauses they serve.
fn in_order(cx: &Cx) -> Result<Vec<&Register>, PageError> {
    let pack = cx.pack()?;
    let place = |register: &&Register| {
        let clause = register.clauses.first();
        let place = clause.and_then(|clause| pack.clauses.iter().position(|one| one.id == *clause));
        (place.unwrap_or(usize::MAX), register.id.clone())
    };
    let mut registers: Vec<&Register> = pack.registers.values().collect();
    registers.sort_by_key(place);
    Ok(registers)
}

/// The second level of the area: every register.
///
/// # Errors
/// `Unavailable`: no pack is published yet.
pub(crate) fn second(cx: &Cx, current: Option<&RegisterId>) -> Result<Vec<Section>, PageError> {
    let link = |register: &Register| Link {
        text: cx.label(&register.label).to_owned(),
        href: register_path(&register.id),
        current: current == Some(&register.id),
    };
    Ok(vec![Section { head: None, links: in_order(cx)?.into_iter().map(link).collect() }])
}

/// A page of records.
pub(crate) struct Found {
    pub(crate) total: u64,
    pub(crate) page: u64,
    pub(crate) size: u32,
    /// What of the question did not read and was left out.
    pub(crate) problems: Vec<String>,
    pub(crate) cases: Vec<Arc<Case>>,
}

/// What an address asks of a register, found.
///
/// # Errors
/// What the store fails with; no pack is published yet.
pub(crate) fn found(look: &Look<'_>, register: &Register, query: &Query) -> Result<Found, PageError> {
    let query = ListAsked::plain(look, register, query);
    let asked = ListAsked::read(look, register, &query);
    let (total, cases) = listed(look, register, &asked)?;
    Ok(Found { total, page: asked.page, size: asked.size, problems: asked.problems, cases })
}

/// All of what an address asks of a register, `most` at most, with how many there are.
///
/// # Errors
/// What the store fails with; no pack is published yet.
pub(crate) fn all(
    look: &Look<'_>,
    register: &Register,
    query: &Query,
    most: usize,
) -> Result<(u64, Vec<Arc<Case>>), PageError> {
    let (seen, reader) = (look.cx.seen(), look.cx.reader()?);
    let asked = ListAsked::read(look, register, query);
    let ask = asked.ask_all(register, u32::try_from(most).unwrap_or(u32::MAX));
    let page = look.sql(|sql| store::list(sql, &seen.packs, &seen.layout, &reader, &ask))?;
    let records: Vec<RecordId> = page.rows.iter().map(|row| row.record).collect();
    look.listed(records.iter().copied());
    Ok((page.total, look.open_cases(&records)?))
}

/// How many records there are, and those of the page. One that was destroyed since the list was made is left out.
fn listed(
    look: &Look<'_>,
    register: &Register,
    asked: &ListAsked,
) -> Result<(u64, Vec<Arc<Case>>), PageError> {
    let (seen, reader) = (look.cx.seen(), look.cx.reader()?);
    let ask = asked.ask(register);
    let page = look.sql(|sql| store::list(sql, &seen.packs, &seen.layout, &reader, &ask))?;
    let records: Vec<RecordId> = page.rows.iter().map(|row| row.record).collect();
    look.listed(records.iter().copied());
    Ok((page.total, look.open_cases(&records)?))
}

fn view<'a>(
    cx: &'a Cx,
    look: &Look<'_>,
    register: &'a Register,
    query: Query,
) -> Result<ListView<'a>, PageError> {
    let began = cx.site.now();
    let path = register_path(&register.id);
    let query = ListAsked::plain(look, register, &query);
    let asked = ListAsked::read(look, register, &query);
    let (total, cases) = listed(look, register, &asked)?;
    let shelf = Shelf::new(cx, register, &asked.columns);
    let row = |case: &Arc<Case>| ListRow { href: record_path(case.record), cells: shelf.cells(look, case) };
    let rows = cases.iter().map(row).collect();
    let facets = facets(cx, look, register, &asked, &query)?;
    let taken_micros = cx.site.now().as_micros() - began.as_micros();
    let problem = |text: &String| Notice::new(cx, Tone::Warning, text.clone());
    let filtered = asked.text.is_some() || !asked.filters.is_empty();
    Ok(ListView {
        cx,
        caption: cx.label(&register.label).to_owned(),
        hint: hint(cx, register),
        views: Some(views::of_list(cx, look, &path, &query)?),
        problems: asked.problems.iter().map(problem).collect(),
        active: filters::active(look, register, &query, &path, &facets),
        facets,
        filters: filters::inputs(look, register, &query),
        columns: shelf.choices(),
        heads: shelf.heads(&query, &path),
        rows,
        empty: empty(cx, register, filtered),
        total,
        followed: None,
        page: asked.page,
        size: asked.size,
        taken_micros,
        exports: Some(Exports::of(cx, &query, &path, Some(total)).with_labels(&query, &path)),
        path,
        query,
    })
}

/// What the search looks at.
fn hint(cx: &Cx, register: &Register) -> String {
    let searched: Vec<&str> = register
        .search
        .iter()
        .filter_map(|id| register.field(id.as_str()))
        .map(|field| cx.label(&field.label))
        .collect();
    if searched.is_empty() {
        return cx.t("搜尋編號", "Search by number").to_owned();
    }
    format!("{}{}", cx.t("搜尋編號、", "Search number, "), searched.join(cx.t("、", ", ")))
}

fn empty<'a>(cx: &'a Cx, register: &Register, filtered: bool) -> Empty<'a> {
    let text = if filtered {
        cx.t("沒有符合條件的紀錄。請放寬搜尋文字或篩選條件。", "No record fits. Ask for less.").to_owned()
    } else {
        let label = cx.label(&register.label);
        match cx.chinese() {
            true => format!("「{label}」目前沒有您可檢視的紀錄。"),
            false => format!("There is no record of {label} for you to see."),
        }
    };
    let action = filtered.then(|| (cx.t("清除條件", "Clear").to_owned(), register_path(&register.id)));
    Empty { cx, icon: "books", text, action }
}

/// A field of which one of several is chosen, with these.
fn choice<'r>(
    register: &'r Register,
    id: &FieldId,
) -> Option<(&'r regulation::Field, &'r [regulation::Choice])> {
    let field = register.field(id.as_str())?;
    match &field.kind {
        regulation::Kind::Choice { options, many: false } => Some((field, options)),
        _ => None,
    }
}

/// States, and the options of the choices that the list shows, with how many there are of each.
fn facets(
    cx: &Cx,
    look: &Look<'_>,
    register: &Register,
    asked: &ListAsked,
    query: &Query,
) -> Result<Vec<Facet>, PageError> {
    let (seen, reader) = (cx.seen(), cx.reader()?);
    let path = register_path(&register.id);
    let ask = asked.ask(register);
    let query = query.without("page");
    let choices: Vec<_> = register.list.columns.iter().filter_map(|id| choice(register, id)).collect();
    let fields = choices.iter().map(|(field, _)| store::Column::Field(field.id.clone()));
    let columns: Vec<store::Column> = std::iter::once(store::Column::State).chain(fields).collect();
    let counted = look.sql(|sql| ask.counts_of(sql, &seen.packs, &seen.layout, &reader, &columns))?;
    let mut counted = counted.into_iter();
    let states = counted.next().unwrap_or_default();
    let of = |word: &str| states.iter().find(|(one, _)| one.as_deref() == Some(word)).map_or(0, |one| one.1);
    let running = register.flow.states.iter().filter(|state| state.end.is_none());
    let running: u64 = running.map(|state| of(state.id.as_str())).sum();
    let all = states.iter().map(|(_, count)| count).sum();
    let plain = query.without("state").without("running");
    let runs = query.one("running").is_some();
    let chip = |id: &str, text: &str, count, href, on| Chip {
        id: format!("chip-{id}"),
        text: text.to_owned(),
        count: Some(count),
        href,
        on,
    };
    let none = !runs && query.one("state").is_none();
    let mut chips = vec![
        chip("all", cx.t("全部", "All"), all, plain.behind(&path), none),
        chip("running", cx.t("進行中", "Running"), running, plain.with("running", "1").behind(&path), runs),
    ];
    for state in &register.flow.states {
        let (word, on) = (state.id.as_str(), query.has("state", state.id.as_str()));
        if of(word) > 0 || on {
            let href = query.without("running").toggled("state", word).behind(&path);
            chips.push(chip(word, cx.label(&state.label), of(word), href, on));
        }
    }
    let mut facets =
        vec![Facet { name: "state".to_owned(), label: cx.t("狀態", "State").to_owned(), chips }];
    for ((field, options), counted) in choices.into_iter().zip(counted) {
        let (id, name) = (&field.id, filters::name(&field.id));
        let option = |option: &regulation::Choice| {
            let word = option.id.as_str();
            let count = counted.iter().find(|(one, _)| one.as_deref() == Some(word)).map_or(0, |one| one.1);
            let on = query.has(&name, word);
            let href = query.toggled(&name, word).behind(&path);
            (count > 0 || on).then(|| chip(&format!("{id}-{word}"), cx.label(&option.label), count, href, on))
        };
        let chips: Vec<Chip> = options.iter().filter_map(option).collect();
        if chips.len() > 1 {
            facets.push(Facet { name, label: cx.label(&field.label).to_owned(), chips });
        }
    }
    Ok(facets)
}

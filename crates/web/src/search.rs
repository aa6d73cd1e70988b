//! Search over everything one may see: areas, registers, saved views, records, people, units. As a page, and as what Ctrl+K opens.

use crate::choose;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{record_path, register_path};
use crate::query::Query;
use crate::route::{Access, Audit, Route, is_there};
use crate::shell::{Area, Shell};
use crate::views;
use askama::Template;
use axum::routing::get;

pub(crate) const ROUTES: &[Route] = &[Route::get("/search", Access::Person, Audit::None, || get(search))];

/// Records found at once.
const RECORDS: u32 = 20;
/// Of anything else.
const OTHERS: usize = 6;

/// What was found, of one kind.
struct Found {
    head: &'static str,
    icon: &'static str,
    links: Vec<FoundLink>,
}

struct FoundLink {
    id: String,
    text: String,
    more: String,
    href: String,
}

#[derive(Template)]
#[template(path = "search.html", blocks = ["found"])]
struct SearchPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    query: String,
    groups: Vec<Found>,
}

async fn search(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let text = query.one("q").unwrap_or_default().to_owned();
        let groups = cx.look(|look| found(look, &text))?;
        let shell = Shell::new(cx, None, cx.t("搜尋", "Search"));
        let page = SearchPage { cx, shell, query: text, groups };
        if cx.wants("palette-found") { cx.render(&page.as_found()) } else { cx.render(&page) }
    })
    .await
}

fn found(look: &Look<'_>, text: &str) -> Result<Vec<Found>, PageError> {
    let cx = look.cx;
    let lower = text.to_lowercase();
    let has = |words: &str| text.is_empty() || words.to_lowercase().contains(&lower);
    let both = |zh: &str, en: &str| has(zh) || has(en);
    let link = |text: String, more: String, href: String| FoundLink { id: String::new(), text, more, href };
    let areas = Area::open_to(cx)
        .into_iter()
        .filter(|area| both(area.name(crate::Language::Chinese), area.name(crate::Language::English)));
    let areas: Vec<FoundLink> = areas
        .map(|area| link(area.name(cx.language).to_owned(), String::new(), area.path().to_owned()))
        .collect();
    let registers =
        look.pack.registers.values().filter(|register| both(register.label.zh(), register.label.en()));
    let registers: Vec<FoundLink> = registers
        .take(if text.is_empty() { 0 } else { OTHERS })
        .map(|one| link(cx.label(&one.label).to_owned(), String::new(), register_path(&one.id)))
        .collect();
    let mut groups = vec![
        Found { head: cx.t("頁面", "Pages"), icon: "home", links: areas },
        Found { head: cx.t("登記簿", "Registers"), icon: "books", links: registers },
    ];
    let views = views::found(look, text)?.into_iter().take(OTHERS);
    let views = views.filter_map(|(view, place)| Some(link(view.text, place, view.href?)));
    groups
        .push(Found { head: cx.t("已存檢視", "Saved views"), icon: "bookmark", links: views.collect() });
    if !text.trim().is_empty() {
        let pages = crate::manual::chapters(cx.language).into_iter().filter(|one| has(&one.title));
        let pages = pages.take(OTHERS).map(|one| link(one.title.clone(), String::new(), one.path()));
        groups.push(Found { head: cx.t("說明", "Help"), icon: "help", links: pages.collect() });
        groups
            .push(Found { head: cx.t("紀錄", "Records"), icon: "file-text", links: records(look, text)? });
        if is_there("/people/{person}") {
            let people = choose::people(look, None, text, OTHERS);
            let person = |one: model::PersonId| {
                link(look.person_in_full(one), String::new(), format!("/people/{one}"))
            };
            groups.push(Found {
                head: cx.t("人員", "People"),
                icon: "user",
                links: people.into_iter().map(person).collect(),
            });
        }
        if is_there("/units/{unit}") {
            let units = choose::units(look, text, OTHERS);
            let unit = |one: model::UnitId| link(look.unit(one), String::new(), format!("/units/{one}"));
            groups.push(Found {
                head: cx.t("單位", "Units"),
                icon: "building",
                links: units.into_iter().map(unit).collect(),
            });
        }
    }
    groups.retain(|group| !group.links.is_empty());
    let links = groups.iter_mut().flat_map(|group| &mut group.links);
    links.enumerate().for_each(|(at, link)| link.id = format!("found-{at}"));
    Ok(groups)
}

fn records(look: &Look<'_>, text: &str) -> Result<Vec<FoundLink>, PageError> {
    let (cx, seen) = (look.cx, look.cx.seen());
    let reader = cx.reader()?;
    let found =
        look.sql(|sql| store::search_everywhere(sql, &seen.packs, &seen.layout, &reader, text, RECORDS))?;
    look.listed(found.iter().map(|one| one.row.record));
    let link = |one: &store::Found| {
        let register = look.pack.registers.get(&one.register);
        FoundLink {
            id: String::new(),
            text: look.record(one.row.record).text,
            more: register.map(|register| cx.label(&register.label).to_owned()).unwrap_or_default(),
            href: record_path(one.row.record),
        }
    };
    Ok(found.iter().map(link).collect())
}

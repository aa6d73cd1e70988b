//! The manual: the same book in both languages, nothing in it that is not there, and who is shown what of it.

use crate::people::office;
use crate::site::City;
use axum::http::StatusCode;
use pulldown_cmark::{Alignment, Event, Options, Parser, Tag, TagEnd};
use regulation::{Label, Pack};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use testkit::Acting;
use web::{Language, Verb};

const LANGUAGES: [(Language, &str); 2] = [(Language::Chinese, "zh-TW"), (Language::English, "en")];

fn manual() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual")
}

/// A page as it is written.
#[derive(Default)]
struct Written {
    title: String,
    /// Headings below the title: level, id.
    headings: Vec<(String, String)>,
    /// Links: text, where to.
    links: Vec<(String, String)>,
    /// Those of them without a title.
    bare: Vec<(String, String)>,
    /// Pictures: alternative text, file.
    pictures: Vec<(String, String)>,
    /// What no page may have.
    wrong: Vec<String>,
}

fn read(text: &str) -> Written {
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut page = Written::default();
    let (mut in_title, mut titled, mut link, mut picture) = (false, false, None, None);
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Heading { level: pulldown_cmark::HeadingLevel::H1, .. }) => in_title = true,
            Event::End(TagEnd::Heading(_)) => in_title = false,
            Event::Start(Tag::Heading { level, id, .. }) => {
                page.headings.push((level.to_string(), id.map(|id| id.to_string()).unwrap_or_default()));
            }
            Event::Start(Tag::Link { dest_url, title, .. }) => {
                titled = !title.is_empty();
                link = Some((String::new(), dest_url.to_string()));
            }
            Event::End(TagEnd::Link) => {
                page.bare.extend(link.clone().filter(|_| !titled));
                page.links.extend(link.take());
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                picture = Some((String::new(), dest_url.to_string()))
            }
            Event::End(TagEnd::Image) => page.pictures.extend(picture.take()),
            Event::Start(Tag::Table(aligned)) if aligned.iter().any(|one| *one != Alignment::None) => {
                page.wrong.push("a table with alignment, which is a style".to_owned());
            }
            Event::Html(words) | Event::InlineHtml(words) => page.wrong.push(format!("HTML: {words}")),
            Event::Text(words) | Event::Code(words) => {
                if in_title {
                    page.title.push_str(&words);
                }
                for (said, _) in link.iter_mut().chain(picture.iter_mut()) {
                    said.push_str(&words);
                }
            }
            _ => {}
        }
    }
    page
}

/// The pages of a book by name.
fn book(language: &str) -> BTreeMap<String, Written> {
    let entries = std::fs::read_dir(manual().join(language).join("src")).unwrap();
    let page = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, read(&std::fs::read_to_string(&path).unwrap()))
    };
    entries.map(page).collect()
}

#[test]
fn both_languages_have_the_same_pages_with_the_same_sections_and_pictures() {
    let [chinese, english] = LANGUAGES.map(|(_, folder)| book(folder));
    let names = |book: &BTreeMap<String, Written>| book.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&chinese), names(&english));
    let order = |page: &Written| page.links.iter().map(|(_, to)| to.clone()).collect::<Vec<_>>();
    assert_eq!(order(&chinese["SUMMARY"]), order(&english["SUMMARY"]));
    let files = |page: &Written| page.pictures.iter().map(|(_, file)| file.clone()).collect::<Vec<_>>();
    for (name, page) in chinese.iter().filter(|(name, _)| *name != "SUMMARY") {
        assert_eq!(page.headings, english[name].headings, "{name}");
        assert_eq!(files(page), files(&english[name]), "{name}");
    }
}

#[test]
fn nothing_stands_in_a_page_but_text_and_every_heading_can_be_led_to() {
    for (_, folder) in LANGUAGES {
        for (name, page) in book(folder) {
            assert!(page.wrong.is_empty(), "{folder}/{name}: {:?}", page.wrong);
            if name == "SUMMARY" {
                continue;
            }
            let ids: Vec<&String> = page.headings.iter().map(|(_, id)| id).collect();
            assert!(ids.iter().all(|id| !id.is_empty()), "{folder}/{name}: {ids:?}");
            // Below a role's page stand its steps, under an id of their own.
            assert!(!ids.iter().any(|id| *id == "steps"), "{folder}/{name}: {ids:?}");
            for (said, file) in page.pictures {
                let picture = manual().join(folder).join("src").join(&file);
                assert!(!said.is_empty() && picture.is_file(), "{folder}/{name}: {file}");
            }
        }
    }
}

#[test]
fn every_role_of_the_pack_that_is_shipped_has_its_page_under_its_name() {
    let office = office();
    let seen = office.asked.house.desk.seen();
    let pack = seen.packs.current().unwrap();
    for (language, folder) in LANGUAGES {
        let book = book(folder);
        for (id, role) in &pack.roles {
            let label = said(language, &role.label);
            assert_eq!(book.get(id.as_str()).unwrap().title, label, "{folder}");
            let link = (label.to_owned(), format!("{id}.md"));
            assert!(book["SUMMARY"].links.contains(&link), "{folder}: {link:?}");
        }
        for (text, to) in &book["SUMMARY"].links {
            assert_eq!(*text, book[to.strip_suffix(".md").unwrap()].title, "{folder}");
        }
    }
}

#[test]
fn every_link_leads_somewhere_and_says_what_is_there() {
    let office = office();
    let seen = office.asked.house.desk.seen();
    let pack = seen.packs.current().unwrap();
    let mut wrong = Vec::new();
    for (language, folder) in LANGUAGES {
        let book = book(folder);
        for (name, page) in &book {
            for (text, to) in &page.links {
                let fine = match to.split_once(".md") {
                    Some((other, place)) => book.get(other).is_some_and(|other| {
                        place.is_empty() || other.headings.iter().any(|(_, id)| place == format!("#{id}"))
                    }),
                    None => leads(language, pack, text, to),
                };
                if !fine {
                    wrong.push(format!("{folder}/{name}: [{text}]({to})"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_of_the_same_words_lead_to_the_same_place_or_are_told_apart() {
    for (_, folder) in LANGUAGES {
        for (name, page) in book(folder) {
            let mut places: BTreeMap<&str, &str> = BTreeMap::new();
            for (text, to) in &page.bare {
                let first = places.entry(text).or_insert(to);
                assert_eq!(*first, to, "{folder}/{name}: [{text}] without a title");
            }
        }
    }
}

/// Is there a page of Ward's at this path; and, of a register, a step or a clause, is it called so?
fn leads(language: Language, pack: &Pack, text: &str, to: &str) -> bool {
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |route: &str| {
        let route: Vec<&str> = route.split('/').collect();
        route.len() == parts.len()
            && route
                .iter()
                .zip(&parts)
                .all(|(one, part)| one == part || (one.starts_with('{') && !part.is_empty()))
    };
    if !web::routes().any(|route| route.verb == Verb::Get && fits(route.path)) {
        return false;
    }
    let register = |id: &str| pack.registers.values().find(|register| register.id.as_str() == id);
    match parts.as_slice() {
        ["", "registers", id] => register(id).is_some_and(|one| said(language, &one.label) == text),
        ["", "registers", id, "new", step] => register(id).is_some_and(|one| {
            let opens = one.flow.steps.iter().find(|one| one.id.as_str() == *step && one.from.is_empty());
            opens.is_some_and(|step| said(language, &step.label) == text)
        }),
        ["", "clauses", id] => text == *id && pack.clause(id).is_some(),
        _ => true,
    }
}

fn said(language: Language, label: &Label) -> &str {
    if language == Language::Chinese { label.zh() } else { label.en() }
}

fn page(office: &crate::people::Office, who: Acting, path: &str) -> String {
    let answer = office.asked.get(&City::cookie(who), path);
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.text()
}

#[test]
fn the_pages_of_ones_own_roles_come_first() {
    let office = office();
    let first = |page: &str| {
        let menu = page.split("id=\"second\"").nth(1).unwrap();
        menu.split("<a href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert_eq!(first(&page(&office, office.head, "/help")), "/help/unit_head");
    assert_eq!(first(&page(&office, office.wang, "/help")), "/help/staff");
    let auditor = page(&office, office.auditor, "/help/operator");
    assert_eq!(first(&auditor), "/help/auditor");
    assert!(auditor.contains("您的角色") && auditor.contains("<h1>輪值操作人員</h1>"), "{auditor}");
}

#[test]
fn a_page_is_in_the_readers_language_and_has_the_steps_of_its_role() {
    let office = office();
    let chinese = page(&office, office.wang, "/help/operator");
    let english = office.asked.get_english(&City::cookie(office.wang), "/help/operator").text();
    assert!(chinese.contains("<h2 id=\"day\">每日 ") && english.contains("<h2 id=\"day\">Each day "));
    // From the pack in force.
    let table = english.split("id=\"steps\"").nth(1).unwrap();
    for expected in ["<a href=\"/registers/fault\">Faults</a>", "Report, Call the vendor", "/clauses/3.10.1"]
    {
        assert!(table.contains(expected), "{expected}: {table}");
    }
    assert!(!page(&office, office.wang, "/help/glossary").contains("id=\"steps\""));
}

#[test]
fn what_is_no_page_of_the_manual_is_not_there() {
    let office = office();
    for path in
        ["/help/nothing", "/help/SUMMARY", "/help/operator.md", "/help/pictures/nothing.webp", "/help/"]
    {
        assert_eq!(
            office.asked.get(&City::cookie(office.wang), path).status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

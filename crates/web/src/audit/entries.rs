//! The ledger's entries, the newest first: filtered by kind, subject and person, read backwards a stretch at a time.
//!
//! Nothing is indexed for it: a page reads a bounded stretch of the ledger and says how far it has looked, so that a
//! filter that fits little is followed on and on instead of making everybody wait.

use super::{admitted, second, words};
use crate::choose;
use crate::component::export::{Plain, give};
use crate::component::rows::{Around, Column, Rows};
use crate::component::{Empty, Exports, FilterInput, FilterKind, Followed, ListCell, ListView, Notice, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, Shown, entry_path};
use crate::query::Query;
use crate::shell::{Area, Shell};
use crate::views;
use askama::Template;
use axum::response::{IntoResponse, Redirect};
use model::{Actor, Instant, PersonId, Told};
use proof::entry::Entry;

/// Entries on a page.
const PAGE: usize = 50;
/// Entries read at a time: a bundle's.
const STRETCH: u64 = 256;
/// Entries looked at for one page at most.
const MOST: u64 = 32_768;

/// Most entries of a file. Whoever wants more asks for less at a time.
const MOST_EXPORTED: usize = 50_000;

/// An entry in the list.
struct Row {
    number: u64,
    at: Instant,
    kind: String,
    who: String,
    /// Where whoever acted sat.
    terminal: String,
    subject: Named,
    sealed: bool,
    signed: bool,
}

/// Columns of the list and of its file.
const COLUMNS: &[Column<Row>] = &[
    Column { name: "number", zh: "筆次", en: "Number", of: |_, row| Plain::Number(row.number.to_string()) },
    Column { name: "at", zh: "時間", en: "Time", of: |_, row| Plain::Moment(row.at) },
    Column {
        name: "kind",
        zh: "種類",
        en: "Kind",
        of: |look, row| {
            let (word, kind) =
                (words::kind(look.cx, &row.kind), row.kind.split('/').next().unwrap_or_default());
            Plain::text(if word == row.kind { word } else { format!("{word}{}", look.cx.beside(kind)) })
        },
    },
    Column { name: "by", zh: "行為人", en: "By", of: |_, row| Plain::text(row.who.clone()) },
    Column {
        name: "terminal", zh: "終端機", en: "Terminal", of: |_, row| Plain::text(row.terminal.clone())
    },
    Column { name: ABOUT, zh: "對象", en: "About", of: |_, row| Plain::text(row.subject.text.clone()) },
    Column {
        name: "held",
        zh: "加密及簽章",
        en: "Sealed, signed",
        of: |look, row| {
            let sealed = row.sealed.then(|| look.cx.t("內容加密", "sealed"));
            let signed = row.signed.then(|| look.cx.t("有簽章", "signed"));
            let both: Vec<&str> = sealed.into_iter().chain(signed).collect();
            Plain::text(both.join(look.cx.t("、", ", ")))
        },
    },
];

/// The column that leads to what an entry is about.
const ABOUT: &str = "about";
/// Where the list is.
const PATH: &str = "/audit/entries";

#[derive(Template)]
#[template(path = "audit/entries.html")]
struct EntriesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    list: ListView<'a>,
}

/// What is asked of the ledger.
pub(crate) struct EntriesAsked {
    /// A kind, or the group before its dot.
    pub(crate) kind: Option<String>,
    /// What entries are about.
    pub(crate) about: Option<String>,
    /// By whom; none for anybody.
    pub(crate) by: Option<Vec<PersonId>>,
    /// Entries before this one.
    pub(crate) before: u64,
}

/// Entries that fit, the newest first, each with its bytes; and the first one that was looked at.
type Found = (Vec<(u64, Vec<u8>)>, u64);

impl EntriesAsked {
    /// From an address, of a ledger of so many entries.
    pub(crate) fn read(look: &Look<'_>, query: &Query, size: u64) -> Self {
        let text = |name: &str| query.one(name).filter(|text| !text.is_empty()).map(ToOwned::to_owned);
        let by = text("by").or_else(|| text("q"));
        Self {
            kind: text("kind"),
            about: text("about"),
            by: by.map(|by| people(look, &by)),
            before: query.one("before").and_then(|text| text.parse().ok()).unwrap_or(size).min(size),
        }
    }
}

pub(super) async fn list(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let began = cx.site.now();
        let size = cx.site.desk().reader().size().map_err(PageError::failed)?;
        let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(number) = query.one("number").or_else(|| query.one("q").filter(digits)) {
            cx.look(admitted)?;
            let number: u64 = number.parse().map_err(|_| not_a_number())?;
            let place = if number < size { format!("{PATH}/{number}") } else { PATH.to_owned() };
            return Ok(Redirect::to(&place).into_response());
        }
        cx.look(|look| {
            admitted(look)?;
            let asked = EntriesAsked::read(look, &query, size);
            let (found, from) = found(look, &asked)?;
            let rows = rows(look, &found)?;
            let list = view(look, &query, &asked, rows, from, began)?;
            if cx.wants("list") {
                return cx.render(&list.as_region());
            }
            let current = match &asked.kind {
                Some(_) => query.without("before").behind(PATH),
                None => PATH.to_owned(),
            };
            let shell = Shell::new(cx, Some(Area::Audit), cx.t("帳本紀錄", "Entries"));
            let shell = shell.with_second(second(cx, &current));
            cx.render(&EntriesPage { cx, shell, list })
        })
    })
    .await
}

/// All that fit, as a file.
pub(super) async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        let query = query.without("before");
        let size = cx.site.desk().reader().size().map_err(PageError::failed)?;
        cx.look(|look| {
            admitted(look)?;
            let asked = EntriesAsked::read(look, &query, size);
            let (found, _) = within(look, &asked, MOST_EXPORTED + 1, u64::MAX)?;
            if found.len() > MOST_EXPORTED {
                return Err(too_many());
            }
            table(cx, rows(look, &found)?, query.clone()).file(look)
        })
    })
    .await
}

fn too_many() -> PageError {
    PageError::Refused(Told::new(
        format!("符合之帳本紀錄逾 {MOST_EXPORTED} 筆，請加上種類、對象或行為人後分次匯出"),
        format!(
            "More than {MOST_EXPORTED} entries fit; narrow them by kind, subject or person and export them in parts"
        ),
    ))
}

fn table(cx: &Cx, rows: Vec<Row>, query: Query) -> Rows<'_, Row> {
    let name = cx.t("帳本紀錄", "Entries");
    Rows { cx, path: PATH, name, plain: "entries", columns: COLUMNS, rows, whole: false, query }
}

fn view<'a>(
    look: &Look<'a>,
    query: &Query,
    asked: &EntriesAsked,
    rows: Vec<Row>,
    from: u64,
    began: Instant,
) -> Result<ListView<'a>, PageError> {
    let cx = look.cx;
    let text = |name: &str| query.one(name).unwrap_or_default().to_owned();
    let words = |name: &str, zh: &str, en: &str| FilterInput {
        name: name.to_owned(),
        label: cx.t(zh, en).to_owned(),
        kind: FilterKind::Words(text(name)),
    };
    let around = Around {
        began,
        hint: cx.t("行為人姓名、帳號，或帳本筆次", "Who acted, or the number of an entry").to_owned(),
        views: Some(views::of_list(cx, look, PATH, query)?),
        facets: Vec::new(),
        filters: vec![
            words("kind", "種類代號（例：case.opened）", "Kind, such as case.opened"),
            words("about", "對象識別碼", "About (id)"),
            words("by", "行為人姓名、帳號或識別碼", "By (name, account or id)"),
        ],
        empty: Empty {
            cx,
            icon: "shield-check",
            text: cx.t("查閱範圍內沒有符合的紀錄。", "No entry fits within what was looked at.").to_owned(),
            action: Some((cx.t("清除條件", "Clear").to_owned(), PATH.to_owned())),
        },
    };
    let subjects: Vec<Named> = rows.iter().map(|row| row.subject.clone()).collect();
    let lead = |row: &Row| entry_path(row.number).unwrap_or_default();
    let mut list = table(cx, rows, query.without("page")).page(look, lead, around);
    if let Some(at) = list.heads.iter().position(|head| head.name == ABOUT).filter(|at| *at > 0) {
        for (row, subject) in list.rows.iter_mut().zip(subjects) {
            row.cells.splice(at..=at, [ListCell::Value(Shown::Parts(vec![subject]))]);
        }
    }
    let looked = match cx.chinese() {
        true => format!("已查閱第 {from} 筆至第 {} 筆", asked.before.saturating_sub(1)),
        false => format!("Looked at entries {from} to {}", asked.before.saturating_sub(1)),
    };
    let next = (from > 0).then(|| query.with("before", from.to_string()).behind(PATH));
    list.followed = Some(Followed { looked, next });
    list.exports = Some(Exports::of(cx, &query.without("before"), PATH, None));
    list.problems.extend(asked.by.as_ref().map(|people| meant(look, people)));
    Ok(list)
}

/// Who was taken for the person asked for.
fn meant<'a>(look: &Look<'a>, people: &[PersonId]) -> Notice<'a> {
    let cx = look.cx;
    if people.is_empty() {
        let text = cx.t(
            "查無此人，亦無離職人員符合。請檢查姓名、帳號或識別碼。",
            "There is nobody of this name, account or id, nor was there.",
        );
        return Notice::new(cx, Tone::Warning, text);
    }
    let people: Vec<String> = people.iter().map(|one| told(look, *one)).collect();
    let text = format!("{}{}", cx.t("行為人：", "By: "), people.join(cx.t("、", "; ")));
    Notice::new(cx, Tone::Info, text)
}

fn not_a_number() -> PageError {
    PageError::Unread(Told::new("筆次請填數字", "The number of an entry is written in digits"))
}

/// The entries that fit, a page of them.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn found(look: &Look<'_>, asked: &EntriesAsked) -> Result<Found, PageError> {
    within(look, asked, PAGE, MOST)
}

/// The entries that fit, `page` of them at most, among the newest `most`.
fn within(look: &Look<'_>, asked: &EntriesAsked, page: usize, most: u64) -> Result<Found, PageError> {
    let reader = look.cx.site.desk().reader();
    let (mut found, mut end) = (Vec::new(), asked.before);
    let floor = asked.before.saturating_sub(most);
    if asked.by.as_ref().is_some_and(Vec::is_empty) {
        return Ok((found, 0));
    }
    while end > floor && found.len() < page {
        // Stretches end where bundles do, so that each bundle is read once.
        let from = ((end - 1) / STRETCH * STRETCH).max(floor);
        let mut here = Vec::new();
        let mut wrong = None;
        let visit = |number: u64, bytes: &[u8]| match Entry::parse(bytes) {
            Ok(entry) if fits(&entry, asked) => here.push((number, bytes.to_vec())),
            Ok(_) => {}
            Err(error) => wrong = Some(error),
        };
        reader.entries(from..end, visit).map_err(PageError::failed)?;
        if let Some(error) = wrong {
            return Err(PageError::failed(error));
        }
        found.extend(here.into_iter().rev().take(page - found.len()));
        end = match found.last() {
            Some((last, _)) if found.len() >= page => *last,
            _ => from,
        };
    }
    Ok((found, end))
}

fn rows(look: &Look<'_>, found: &[(u64, Vec<u8>)]) -> Result<Vec<Row>, PageError> {
    let row = |(number, bytes): &(u64, Vec<u8>)| {
        Ok(row(look, *number, &Entry::parse(bytes).map_err(PageError::failed)?))
    };
    found.iter().map(row).collect()
}

/// Whoever is meant by words: of this name, account or id, whether they are still here or not.
fn people(look: &Look<'_>, words: &str) -> Vec<PersonId> {
    let id = words.trim().parse::<PersonId>().ok();
    let meant = |person: &&identity::Person| Some(person.id) == id || choose::is_called(person, words);
    look.roster.state.people().filter(meant).map(|person| person.id).collect()
}

/// A person among those who are meant.
fn told(look: &Look<'_>, person: PersonId) -> String {
    let name = look.person_in_full(person);
    match look.roster.here(person) {
        Some(_) => name,
        None => format!("{name}{}", look.cx.beside(look.cx.t("已離職", "left"))),
    }
}

fn fits(entry: &Entry<'_>, asked: &EntriesAsked) -> bool {
    let by = |people: &Vec<PersonId>| match entry.actor() {
        Actor::Person(person) => {
            people.contains(&person.person) || person.acting_for.is_some_and(|one| people.contains(&one))
        }
        Actor::Machine { .. } => false,
    };
    asked.kind.as_deref().is_none_or(|kind| words::belongs(entry.kind(), kind))
        && asked.about.as_deref().is_none_or(|about| entry.subject() == about)
        && asked.by.as_ref().is_none_or(by)
}

fn row(look: &Look<'_>, number: u64, entry: &Entry<'_>) -> Row {
    let actor = entry.actor();
    let at = match &actor {
        Actor::Person(actor) => actor.terminal,
        Actor::Machine { .. } => None,
    };
    Row {
        number,
        at: entry.time(),
        kind: entry.kind().to_owned(),
        who: who(look, &actor),
        terminal: at.map(|at| look.cx.terminal_name(at)).unwrap_or_default(),
        subject: words::subject(look, entry.subject()),
        sealed: entry.sealed().is_some(),
        signed: entry.signature().is_some(),
    }
}

/// Who acted, and for whom.
pub(super) fn who(look: &Look<'_>, actor: &Actor) -> String {
    match actor {
        Actor::Machine { machine } => format!("{}{machine}", look.cx.t("系統：", "Ward: ")),
        Actor::Person(person) => match person.acting_for {
            None => look.person(person.person),
            Some(principal) => match look.cx.chinese() {
                true => format!("{}（代理{}）", look.person(person.person), look.person(principal)),
                false => format!("{} for {}", look.person(person.person), look.person(principal)),
            },
        },
    }
}

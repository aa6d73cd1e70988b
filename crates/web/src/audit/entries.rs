//! The ledger's entries, the newest first: filtered by kind, subject and person, read backwards a stretch at a time.
//!
//! Nothing is indexed for it: a page reads a bounded stretch of the ledger and says how far it has looked, so that a
//! filter that fits little is followed on and on instead of making everybody wait.

use super::{admitted, failed, second, words};
use crate::choose;
use crate::component::Views;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, entry_path};
use crate::query::Query;
use crate::shell::{Area, Shell};
use crate::views;
use askama::Template;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Redirect};
use model::{Actor, PersonId, TerminalId, Told};
use proof::entry::Entry;

/// Entries on a page.
const PAGE: usize = 50;
/// Entries read at a time: a bundle's.
const STRETCH: u64 = 256;
/// Entries looked at for one page at most.
const MOST: u64 = 32_768;

/// An entry in the list.
struct Row {
    number: u64,
    href: String,
    at: String,
    stamp: String,
    kind: String,
    word: String,
    who: String,
    /// Where whoever acted sat; asked for of log-ons and log-offs alone.
    terminal: String,
    subject: Named,
    sealed: bool,
    signed: bool,
}

#[derive(Template)]
#[template(path = "audit/entries.html")]
struct EntriesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    views: Views<'a>,
    kind: String,
    about: String,
    by: String,
    /// Who is meant by those words; none where nobody is asked for.
    people: Option<Vec<String>>,
    /// Are they log-ons and log-offs? Then it is shown at which terminal.
    sessions: bool,
    rows: Vec<Row>,
    /// The number before which the next page begins; none at the beginning of the ledger.
    next: Option<String>,
    looked: String,
}

/// What is asked of the ledger.
pub(crate) struct Asked {
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

impl Asked {
    /// From an address, of a ledger of so many entries.
    pub(crate) fn read(look: &Look<'_>, query: &Query, size: u64) -> Self {
        let text = |name: &str| query.one(name).map(ToOwned::to_owned);
        let before = query.one("before").and_then(|text| text.parse().ok()).unwrap_or(size).min(size);
        let by = query.one("by").map(|by| people(look, by));
        Self { kind: text("kind"), about: text("about"), by, before }
    }
}

pub(super) async fn list(cx: Cx, RawQuery(query): RawQuery) -> PageResult {
    cx.run(move |cx| {
        let query = Query::parse(query.as_deref().unwrap_or_default().as_bytes());
        let reader = cx.site.desk().reader();
        let size = reader.size().map_err(failed)?;
        if let Some(number) = query.one("number") {
            cx.look(admitted)?;
            let number: u64 = number.parse().map_err(|_| not_a_number())?;
            let place =
                if number < size { format!("/audit/entries/{number}") } else { "/audit/entries".into() };
            return Ok(Redirect::to(&place).into_response());
        }
        let (asked, people, rows, from, views) = cx.look(|look| {
            admitted(look)?;
            let asked = Asked::read(look, &query, size);
            let people = asked.by.as_ref().map(|by| by.iter().map(|one| told(look, *one)).collect());
            let (found, from) = found(look, &asked)?;
            let row = |(number, bytes): &(u64, Vec<u8>)| {
                Ok(row(look, *number, &Entry::parse(bytes).map_err(failed)?))
            };
            let rows = found.iter().map(row).collect::<Result<Vec<_>, PageError>>()?;
            Ok((asked, people, rows, from, views::of_list(cx, look, "/audit/entries", &query)?))
        })?;
        let next = (from > 0).then(|| query.with("before", from.to_string()).behind("/audit/entries"));
        let looked = match cx.chinese() {
            true => format!("已查閱第 {from} 筆至第 {} 筆", asked.before.saturating_sub(1)),
            false => format!("Looked at entries {from} to {}", asked.before.saturating_sub(1)),
        };
        let current = if asked.kind.is_some() {
            query.without("before").behind("/audit/entries")
        } else {
            "/audit/entries".into()
        };
        let shell =
            Shell::new(cx, Some(Area::Audit), cx.t("帳本紀錄", "Entries")).with_second(second(cx, &current));
        let page = EntriesPage {
            cx,
            shell,
            views,
            sessions: asked.kind.as_deref().is_some_and(words::is_of_sessions),
            kind: asked.kind.unwrap_or_default(),
            about: asked.about.unwrap_or_default(),
            by: query.one("by").unwrap_or_default().to_owned(),
            people,
            rows,
            next,
            looked,
        };
        cx.render(&page)
    })
    .await
}

fn not_a_number() -> PageError {
    PageError::Unread(Told::new("筆次請填數字", "The number of an entry is written in digits"))
}

/// The entries that fit, a page of them.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn found(look: &Look<'_>, asked: &Asked) -> Result<Found, PageError> {
    let reader = look.cx.site.desk().reader();
    let (mut found, mut end) = (Vec::new(), asked.before);
    let floor = asked.before.saturating_sub(MOST);
    if asked.by.as_ref().is_some_and(Vec::is_empty) {
        return Ok((found, 0));
    }
    while end > floor && found.len() < PAGE {
        // Stretches end where bundles do, so that each bundle is read once.
        let from = ((end - 1) / STRETCH * STRETCH).max(floor);
        let mut here = Vec::new();
        let mut wrong = None;
        let visit = |number: u64, bytes: &[u8]| match Entry::parse(bytes) {
            Ok(entry) if fits(&entry, asked) => here.push((number, bytes.to_vec())),
            Ok(_) => {}
            Err(error) => wrong = Some(error),
        };
        reader.entries(from..end, visit).map_err(failed)?;
        if let Some(error) = wrong {
            return Err(failed(error));
        }
        found.extend(here.into_iter().rev().take(PAGE - found.len()));
        end = match found.last() {
            Some((last, _)) if found.len() >= PAGE => *last,
            _ => from,
        };
    }
    Ok((found, end))
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

fn fits(entry: &Entry<'_>, asked: &Asked) -> bool {
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
    Row {
        number,
        href: entry_path(number).unwrap_or_default(),
        at: look.cx.moment(entry.time()),
        stamp: entry.time().to_string(),
        kind: entry.kind().to_owned(),
        word: words::kind(look.cx, entry.kind()),
        who: who(look, &entry.actor()),
        terminal: match entry.actor() {
            Actor::Person(actor) => actor.terminal.map(|one| terminal(look, one)).unwrap_or_default(),
            Actor::Machine { .. } => String::new(),
        },
        subject: words::subject(look, entry.subject()),
        sealed: entry.sealed().is_some(),
        signed: entry.signature().is_some(),
    }
}

/// A terminal by its name; of one that was removed its id.
pub(super) fn terminal(look: &Look<'_>, terminal: TerminalId) -> String {
    let known = look.roster.state.terminal(terminal);
    known.map_or_else(|| terminal.to_string(), |terminal| terminal.name.as_str().to_owned())
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

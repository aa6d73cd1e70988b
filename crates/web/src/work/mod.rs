//! My work: what waits for somebody, counts first, then rows; what they have asked for, for whom they stand in, drafts,
//! notices.
//!
//! Invariant: what is said to wait for somebody is what they may do now, by the same question the record's page asks.
//! Limit: of the cases that wait, those due first are looked through; where there are more, the page says so.

mod calls;
mod turns;

use crate::acting;
use crate::component::export::{Plain, give};
use crate::component::rows::{Column, Rows};
use crate::component::{Empty, Exports, Notice, Pill, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, record_path, register_path};
use crate::notices;
use crate::query::Query;
use crate::records;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Link, Section, Shell};
use askama::Template;
use axum::routing::get;
pub(crate) use calls::calls;
use regulation::RegisterId;
use std::sync::Arc;
pub(crate) use turns::{MOST, Turn, Turns, turns};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/", Access::Person, Audit::None, || get(page)),
    Route::get("/export", Access::Person, Audit::None, || get(export)),
];

/// Rows of a card.
const ROWS: usize = 12;
/// Records somebody has acted on that are looked through for those they opened.
const LOOKED_THROUGH: usize = 400;

/// A card.
struct Card {
    /// Names it within the page.
    id: &'static str,
    title: &'static str,
    icon: &'static str,
    count: usize,
    rows: Vec<RowView>,
    /// Where all of them are, where not all are shown.
    more: Option<(String, String)>,
    /// What is said where there is nothing.
    nothing: &'static str,
    /// May several be chosen and signed at once?
    signs: bool,
    /// Is it to be looked at first?
    urgent: bool,
}

/// A row of a card.
struct RowView {
    /// How a batch names it; none where it is not signed in one.
    word: Option<String>,
    lead: Named,
    what: String,
    /// More about it: the register, for whom.
    about: Vec<String>,
    state: Option<Pill<'static>>,
    due: Option<(String, bool)>,
}

impl Card {
    /// Is there something to be chosen?
    fn batch(&self) -> bool {
        self.rows.iter().any(|row| row.word.is_some())
    }
}

#[derive(Template)]
#[template(path = "work/page.html", blocks = ["cards"])]
struct WorkPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    problems: Vec<Notice<'a>>,
    /// Those with something in them.
    cards: Vec<Card>,
    /// Those with nothing.
    quiet: Vec<Card>,
    exports: Exports<'a>,
    empty: Empty<'a>,
}

/// Columns of the file: the card a row stands in, and the row.
const COLUMNS: &[Column<(&'static str, RowView)>] = &[
    Column { name: "card", zh: "類別", en: "Card", of: |_, (card, _)| Plain::text(*card) },
    Column {
        name: "lead",
        zh: "案由",
        en: "What it is about",
        of: |_, (_, row)| Plain::text(row.lead.text.clone()),
    },
    Column {
        name: "what",
        zh: "辦理事項",
        en: "What is to be done",
        of: |_, (_, row)| Plain::text(row.what.clone()),
    },
    Column {
        name: "about",
        zh: "說明",
        en: "More",
        of: |look, (_, row)| Plain::text(row.about.join(look.cx.t("、", ", "))),
    },
    Column {
        name: "due",
        zh: "期限",
        en: "Due",
        of: |_, (_, row)| Plain::text(row.due.as_ref().map(|(due, _)| due.clone()).unwrap_or_default()),
    },
];

/// Every row of every card, as a file.
async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        cx.look(|look| {
            let cards = cards(look, &turns::turns(look)?, ALL)?;
            let rows = |card: Card| card.rows.into_iter().map(move |row| (card.title, row));
            let (name, rows) = (Area::Work.name(cx.language), cards.into_iter().flat_map(rows).collect());
            Rows { cx, path: "/", name, plain: "work", columns: COLUMNS, rows, whole: true, query }.file(look)
        })
    })
    .await
}

async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(|look| {
            let turns = turns(look)?;
            let mut shell = Shell::of_area(cx, Area::Work);
            shell.second = second(cx, look);
            let mut problems = Vec::new();
            problems.extend(query.one("signed").map(|count| signed(cx, count)));
            if turns.cut {
                problems.push(cut(cx));
            }
            let cards = cards(look, &turns, query.one("all").unwrap_or_default())?;
            let (cards, quiet) = cards.into_iter().partition(|card: &Card| card.count > 0);
            let text = cx.t("目前沒有待辦事項。", "Nothing waits for you.").to_owned();
            let empty = Empty { cx, icon: "circle-check", text, action: None };
            let exports = Exports::of(cx, &Query::default(), "/", None);
            let page = WorkPage { cx, shell, problems, cards, quiet, exports, empty };
            if cx.wants("work") { cx.render(&page.as_cards()) } else { cx.render(&page) }
        })
    })
    .await
}

fn signed<'a>(cx: &'a Cx, count: &str) -> Notice<'a> {
    let count = count.parse::<u32>().unwrap_or_default();
    let text = match cx.chinese() {
        true => format!("已簽署 {count} 件。"),
        false => format!("{count} signed."),
    };
    Notice::new(cx, Tone::Good, text)
}

fn cut(cx: &Cx) -> Notice<'_> {
    let count = MOST;
    let text = match cx.chinese() {
        true => format!("待辦案件眾多，僅列期限最近之 {count} 件；其餘請至登記簿查詢。"),
        false => format!(
            "Many cases wait; the {count} due first were looked through. Look for the others in the registers."
        ),
    };
    Notice::new(cx, Tone::Warning, text)
}

/// The second level: what can be opened.
fn second(cx: &Cx, look: &Look<'_>) -> Vec<Section> {
    let link = |register: RegisterId| {
        let label = look.pack.registers.get(&register).map(|one| cx.label(&one.label).to_owned());
        let href = format!("{}/new", register_path(&register));
        Link { text: label.unwrap_or_else(|| register.to_string()), href, current: false }
    };
    let text = cx.t("工作行事曆", "Duty calendar").to_owned();
    let calendar = Link { text, href: crate::duties::PATH.to_owned(), current: false };
    let links: Vec<Link> = acting::opened_by_hand(look).into_iter().map(link).collect();
    let mut sections = vec![Section { head: None, links: vec![calendar] }];
    if !links.is_empty() {
        sections.push(Section { head: Some(cx.t("開立新案", "Open a record").to_owned()), links });
    }
    sections
}

/// The cards; of the one called `all` every row.
fn cards(look: &Look<'_>, turns: &Turns, all: &str) -> Result<Vec<Card>, PageError> {
    Ok(vec![
        calls::card(look, all)?,
        overdue(look, turns, all),
        to_sign(look, turns, all),
        on_duty(look, turns, all),
        to_do(look, turns, all),
        acting_for(look, turns, all),
        requests(look, all)?,
        drafts(look, all)?,
        told(look, all)?,
    ])
}

/// So many rows of a card are shown.
fn most(all: &str, card: &str) -> usize {
    if all == card || all == ALL { usize::MAX } else { ROWS }
}

/// Stands for every card.
const ALL: &str = "*";

fn of_turns<'t>(
    look: &Look<'_>,
    turns: impl Iterator<Item = &'t Turn>,
    most: usize,
) -> (usize, Vec<RowView>) {
    let turns: Vec<&Turn> = turns.collect();
    (turns.len(), turns.iter().take(most).map(|turn| row(look, turn)).collect())
}

fn row(look: &Look<'_>, turn: &Turn) -> RowView {
    let cx = look.cx;
    let mut about = vec![turn.register.clone()];
    about.extend(
        turn.offer.stance.principal.map(|one| format!("{}{}", cx.t("代理", "for "), look.person(one))),
    );
    RowView {
        word: turn.word(),
        lead: Named { text: look.record(turn.case.record).text, href: Some(turn.href.clone()) },
        what: turn.step.clone(),
        about,
        state: None,
        due: turn.due.as_ref().map(|clock| (format!("{}{}", clock.due, cx.beside(&clock.left)), clock.over)),
    }
}

fn own(turn: &&Turn) -> bool {
    turn.offer.stance.principal.is_none()
}

fn overdue(look: &Look<'_>, turns: &Turns, all: &str) -> Card {
    let late = turns.all.iter().filter(own).filter(|turn| turn.is_over());
    let (count, rows) = of_turns(look, late, most(all, "overdue"));
    let t = |zh, en| look.cx.language.of(zh, en);
    Card {
        id: "overdue",
        title: t("逾期", "Overdue"),
        icon: "alert-triangle",
        count,
        rows,
        more: None,
        nothing: t("沒有逾期事項", "Nothing is overdue"),
        signs: false,
        urgent: true,
    }
}

fn to_sign(look: &Look<'_>, turns: &Turns, all: &str) -> Card {
    let signs = turns.all.iter().filter(own).filter(|turn| turn.signs);
    let (count, rows) = of_turns(look, signs, most(all, "to-sign"));
    let t = |zh, en| look.cx.language.of(zh, en);
    Card {
        id: "to-sign",
        title: t("待簽核", "To sign"),
        icon: "writing",
        count,
        rows,
        more: None,
        nothing: t("沒有待簽核案件", "Nothing waits to be signed"),
        signs: true,
        urgent: false,
    }
}

fn on_duty(look: &Look<'_>, turns: &Turns, all: &str) -> Card {
    let today = turns.all.iter().filter(own).filter(|turn| turn.on_duty && !turn.signs);
    let (count, rows) = of_turns(look, today, most(all, "on-duty"));
    let t = |zh, en| look.cx.language.of(zh, en);
    Card {
        id: "on-duty",
        title: t("今日應辦", "Due today"),
        icon: "clipboard-check",
        count,
        rows,
        more: None,
        nothing: t("今日沒有應辦之定期工作", "No duty is to be done today"),
        signs: false,
        urgent: false,
    }
}

fn to_do(look: &Look<'_>, turns: &Turns, all: &str) -> Card {
    let rest = turns.all.iter().filter(own).filter(|turn| !turn.signs && !turn.on_duty);
    let (count, rows) = of_turns(look, rest, most(all, "to-do"));
    let t = |zh, en| look.cx.language.of(zh, en);
    Card {
        id: "to-do",
        title: t("待辦理", "To do"),
        icon: "list-check",
        count,
        rows,
        more: None,
        nothing: t("沒有待辦理案件", "Nothing waits to be done"),
        signs: false,
        urgent: false,
    }
}

/// What waits for them as somebody's deputy, and for whom they stand in though nothing waits.
fn acting_for(look: &Look<'_>, turns: &Turns, all: &str) -> Card {
    let cx = look.cx;
    let t = |zh, en| cx.language.of(zh, en);
    let (waiting, mut rows) =
        of_turns(look, turns.all.iter().filter(|turn| !own(turn)), most(all, "acting-for"));
    let mut count = waiting;
    for appointment in turns::appointments(look) {
        count += 1;
        rows.push(RowView {
            word: None,
            lead: Named::plain(look.person_in_full(appointment.principal)),
            what: format!("{}{}", t("代理至 ", "you stand in until "), cx.end(appointment.until)),
            about: Vec::new(),
            state: None,
            due: None,
        });
    }
    Card {
        id: "acting-for",
        title: t("代理中", "Acting for"),
        icon: "users",
        count,
        rows,
        more: None,
        nothing: t("目前未代理他人", "You stand in for nobody"),
        signs: true,
        urgent: false,
    }
}

/// What they have opened that is under way, with whom it waits for.
fn requests(look: &Look<'_>, all: &str) -> Result<Card, PageError> {
    let (cx, seen) = (look.cx, look.cx.seen());
    let reader = cx.reader()?;
    let found = look.sql(|sql| reader.acted_on(sql, &seen.packs, &seen.layout, LOOKED_THROUGH))?;
    look.listed(found.iter().copied());
    let own = |case: &Arc<casework::Case>| case.opened_by == Some(cx.person());
    let cases: Vec<Arc<casework::Case>> =
        found.into_iter().filter_map(|one| look.case(one)).filter(own).collect();
    let row = |case: &Arc<casework::Case>| -> Result<RowView, PageError> {
        let waiting = records::waiting(look, case)?;
        let people = waiting.people.join(cx.t("、", ", "));
        let register = look.register(case);
        Ok(RowView {
            word: None,
            lead: look.record(case.record),
            what: match people.is_empty() {
                true => cx.t("由系統續辦", "the system goes on with it").to_owned(),
                false => format!("{}{people}", cx.t("待 ", "waits for ")),
            },
            about: register.map(|one| cx.label(&one.label).to_owned()).into_iter().collect(),
            state: register.map(|one| Pill::state(look.state(one, &case.state), case.ending)),
            due: waiting
                .clocks
                .first()
                .map(|clock| (format!("{}{}", clock.due, cx.beside(&clock.left)), clock.over)),
        })
    };
    let t = |zh, en| cx.language.of(zh, en);
    Ok(Card {
        id: "requests",
        title: t("我的申請", "My requests"),
        icon: "send",
        count: cases.len(),
        rows: cases.iter().take(most(all, "requests")).map(row).collect::<Result<_, _>>()?,
        more: None,
        nothing: t("沒有辦理中之申請", "Nothing of yours is under way"),
        signs: false,
        urgent: false,
    })
}

fn drafts(look: &Look<'_>, all: &str) -> Result<Card, PageError> {
    let cx = look.cx;
    let drafts = look.sql(|sql| sql.drafts(cx.person()))?;
    let row = |draft: &store::Draft| RowView {
        word: None,
        lead: Named { text: form_name(look, draft), href: Some(draft.form.clone()) },
        what: format!("{}{}", cx.t("儲存於 ", "kept "), cx.moment(draft.kept_at)),
        about: Vec::new(),
        state: None,
        due: None,
    };
    let t = |zh, en| cx.language.of(zh, en);
    Ok(Card {
        id: "drafts",
        title: t("草稿", "Drafts"),
        icon: "device-floppy",
        count: drafts.len(),
        rows: drafts.iter().take(most(all, "drafts")).map(row).collect(),
        more: None,
        nothing: t("沒有草稿", "No drafts"),
        signs: false,
        urgent: false,
    })
}

/// What a draft is of: the step, and the record or the register.
fn form_name(look: &Look<'_>, draft: &store::Draft) -> String {
    let cx = look.cx;
    let mut parts = draft.form.split('/').filter(|part| !part.is_empty());
    let step = draft.form.rsplit('/').next().unwrap_or_default();
    let case = draft.record.filter(|record| look.sees(*record)).and_then(|record| look.case(record));
    let (register, of) = match &case {
        Some(case) => (look.register(case), look.record(case.record).text),
        None => {
            let register = parts.nth(1).and_then(|id| look.pack.register(id));
            (register, register.map(|one| cx.label(&one.label).to_owned()).unwrap_or_default())
        }
    };
    let step = register.and_then(|register| register.flow.step(step));
    let step = step.map_or_else(|| draft.form.clone(), |step| cx.label(&step.label).to_owned());
    format!("{step}{}{of}", cx.t("：", ": "))
}

fn told(look: &Look<'_>, all: &str) -> Result<Card, PageError> {
    let cx = look.cx;
    let unread: Vec<store::Notice> = notices::theirs(look)?.into_iter().filter(|one| !one.read).collect();
    let row = |notice: &store::Notice| RowView {
        word: None,
        lead: Named { text: look.said(&notice.zh, &notice.en), href: Some(record_path(notice.record)) },
        what: cx.moment(notice.at),
        about: Vec::new(),
        state: None,
        due: None,
    };
    let t = |zh, en| cx.language.of(zh, en);
    Ok(Card {
        id: "notices",
        title: t("通知", "Notices"),
        icon: "bell",
        count: unread.len(),
        rows: unread.iter().take(if all == ALL { usize::MAX } else { 5 }).map(row).collect(),
        more: Some((t("全部通知", "All notices").to_owned(), "/notices".to_owned())),
        nothing: t("沒有未讀通知", "No unread notices"),
        signs: false,
        urgent: false,
    })
}

//! The drawing of the network that clause 19.1.2 asks for: what the registers say there is and is connected, with what lines
//! of devices have shown; now or as it stood on a day, compared with another day, as SVG and as a sheet in PDF, and put into
//! the register of drawings.
//!
//! Which registers are drawn, and where drawings are kept, is said by the pack. Whoever reads a record sees it drawn; flows
//! are for those who may trace.
//! Invariants: the same facts give the same drawing, byte by byte, with their digest on it; what is not known is said to be
//! unknown; a drawing is kept by a step that somebody takes, never by looking.
//! Source: clause 19.1.2; `docs/pack.md`, "The pack".

mod compare;
mod drawn;
mod facts;
mod flows;
mod sheet;
mod then;

use self::facts::Facts;
use self::flows::{Flows, Seen};
use crate::acting;
use crate::component::{Fact, Facts as FactList, Markup, Notice, TableView, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::names::{clause_path, register_path};
use crate::query::Query;
use crate::reading;
use crate::roc;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Link, Section, Shell};
use askama::Template;
use axum::routing::{get, post};
use model::{CivilDate, Instant, Told};
use regulation::{Diagram, TimeOfDay};
use std::time::Duration;

const PERSON: Access = Access::Person;
pub(crate) const PATH: &str = "/network";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(PATH, PERSON, Audit::Tracing, || get(page)),
    Route::get("/network.svg", PERSON, Audit::Tracing, || get(svg)),
    Route::get("/network.pdf", PERSON, Audit::Tracing, || get(sheet::give)),
    Route::post("/network/keep", PERSON, Audit::Act, || post(sheet::keep)),
];

/// Days that flows are looked back on, where nothing else is asked for, and those that may be chosen.
const DAYS: u32 = 7;
const CHOICES: [u32; 4] = [1, 7, 30, 90];
/// Seconds of a day.
const DAY: u64 = 86_400;

/// What is asked for.
struct Asked {
    query: Query,
    /// The day as of whose end registers are drawn; none for now.
    at: Option<CivilDate>,
    /// The day it is compared with.
    against: Option<CivilDate>,
    days: u32,
    /// Was something asked for that is no day that is past?
    wrong: bool,
}

/// What is drawn.
struct Known {
    facts: Facts,
    flows: Flows,
}

#[derive(Template)]
#[template(path = "network/page.html")]
struct NetworkPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    asked: &'a Asked,
    notices: Vec<Notice<'a>>,
    /// The clauses that ask for it, with their pages.
    clauses: Vec<(String, String)>,
    versions: FactList<'a>,
    picture: Option<Markup>,
    tables: Vec<TableView<'a>>,
    differences: Option<TableView<'a>>,
    /// Addresses of the drawing as SVG and PDF.
    exports: [String; 2],
    /// May they put it into the register of drawings? The name of that register, where it is.
    keep: Option<(String, String)>,
}

impl Asked {
    fn read(cx: &Cx, query: Query) -> Result<Self, PageError> {
        let today = cx.zone()?.date(cx.now());
        let mut wrong = false;
        let mut day = |name: &str| {
            let typed = query.one(name).map(str::trim).filter(|text| !text.is_empty())?;
            let day = roc::read_date(typed);
            wrong |= day.is_none_or(|day| day > today);
            day.filter(|day| *day < today)
        };
        let (at, against) = (day("at"), day("against"));
        let days = query.one("days").and_then(|text| text.parse().ok()).filter(|days| CHOICES.contains(days));
        Ok(Self { at, against, days: days.unwrap_or(DAYS), wrong, query })
    }

    /// The end of the day as of which it is drawn; none for now.
    fn until(&self, cx: &Cx) -> Result<Option<Instant>, PageError> {
        self.at.map(|day| end_of(cx, day)).transpose()
    }

    /// Of when it is, in words.
    fn told(&self, cx: &Cx) -> String {
        match self.at {
            Some(day) if cx.chinese() => format!("{}終了", cx.date(day)),
            Some(day) => format!("the end of {}", cx.date(day)),
            None => cx.moment(cx.now()),
        }
    }

    fn is_days(&self, days: &u32) -> bool {
        self.days == *days
    }

    fn field(day: &Option<CivilDate>) -> String {
        day.map(|day| day.to_string()).unwrap_or_default()
    }
}

/// The moment after a day.
fn end_of(cx: &Cx, day: CivilDate) -> Result<Instant, PageError> {
    Ok(cx.zone()?.moment(day.plus_days(1), TimeOfDay::START))
}

/// What the registers say; that graded records are read in it is entered before anything of it goes out. It blocks.
fn registered(cx: &Cx, until: Option<Instant>) -> Result<Facts, PageError> {
    let facts = cx.look(|look| {
        look.pack.network.as_ref().ok_or(PageError::NotFound)?;
        Facts::of(look, until)
    })?;
    reading::enter(cx, facts.graded.clone())?;
    Ok(facts)
}

impl Known {
    /// What the registers say and lines show. It blocks.
    fn of(cx: &Cx, asked: &Asked) -> Result<Self, PageError> {
        let until = asked.until(cx)?;
        let facts = registered(cx, until)?;
        // Files of lines take their time: no table is looked at meanwhile.
        let end = until.unwrap_or(cx.now());
        let within = end.minus(Duration::from_secs(DAY * u64::from(asked.days)))..end;
        let flows = Flows::of(cx, &facts, within)?;
        Ok(Self { facts, flows })
    }
}

impl Flows {
    fn seen(&self) -> Option<&Seen> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::Unknown(_) => None,
        }
    }

    /// Why nothing is known.
    fn unknown(&self) -> Option<&Told> {
        match self {
            Self::Seen(_) => None,
            Self::Unknown(told) => Some(told),
        }
    }
}

/// Is the drawing there, and is a register drawn in it? Then pages of the register lead to it.
pub(crate) fn beside(cx: &Cx, register: &regulation::RegisterId) -> Option<&'static str> {
    let network = cx.pack().ok()?.network.as_ref()?;
    let kept = network.diagram.as_ref().is_some_and(|diagram| diagram.register == *register);
    (kept || network.nodes.iter().any(|node| node.register == *register)).then_some(PATH)
}

async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let asked = Asked::read(cx, query)?;
        let known = Known::of(cx, &asked)?;
        let before = match asked.against {
            None => None,
            Some(day) => Some(registered(cx, Some(end_of(cx, day)?))?),
        };
        let picture = drawn::picture(cx, &known, &asked)?;
        let picture = if picture.is_empty() { None } else { Some(Markup::drawn(&picture)?) };
        let mut tables = Vec::new();
        if picture.is_some() {
            tables = vec![drawn::things(cx, &known), drawn::links(cx, &known.facts)];
            tables.extend(drawn::flows(cx, &known));
        }
        let (position, versions) = drawn::versions(cx, &known, &asked)?;
        let facts =
            versions.into_iter().chain([position]).map(|(name, value)| Fact::new(&name, value)).collect();
        let own = asked.query.without("against");
        cx.look(|look| {
            cx.render(&NetworkPage {
                cx,
                shell: Shell {
                    banner: known.facts.grades(cx.language),
                    ..Shell::of_area(cx, Area::Network).with_second(second(look))
                },
                asked: &asked,
                notices: notices(cx, &asked, &known),
                clauses: clauses(look),
                versions: FactList { cx, facts },
                differences: before.as_ref().map(|before| drawn::differences(cx, before, &known.facts)),
                keep: keeping(look).filter(|_| picture.is_some()).map(|diagram| {
                    let register = look.pack.registers.get(&diagram.register);
                    let name = register.map(|register| cx.label(&register.label).to_owned());
                    (name.unwrap_or_default(), register_path(&diagram.register))
                }),
                picture,
                tables,
                exports: ["/network.svg", "/network.pdf"].map(|path| own.behind(path)),
            })
        })
    })
    .await
}

async fn svg(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let asked = Asked::read(cx, query)?;
        let known = Known::of(cx, &asked)?;
        let svg = drawn::picture(cx, &known, &asked)?.svg()?;
        let name = format!("{}.svg", file_name(cx, &asked)?);
        Ok(given::file(&name, "network.svg", "image/svg+xml", svg.into_bytes()))
    })
    .await
}

/// What the drawing is called as a file, without what it is.
fn file_name(cx: &Cx, asked: &Asked) -> Result<String, PageError> {
    let day = match asked.at {
        Some(day) => day,
        None => cx.zone()?.date(cx.now()),
    };
    Ok(format!("{}_{day}", cx.t("網路系統圖", "network")))
}

/// The second level: the drawing, and the registers it is made of.
fn second(look: &Look<'_>) -> Vec<Section> {
    let cx = look.cx;
    let Some(network) = &look.pack.network else { return Vec::new() };
    let drawing = Link {
        text: cx.t("現況繪圖", "Drawn as it stands").to_owned(),
        href: PATH.to_owned(),
        current: true,
    };
    let kept = network.diagram.iter().map(|diagram| &diagram.register);
    let registers = network.nodes.iter().map(|node| &node.register).chain(kept);
    let link = |id: &regulation::RegisterId| {
        let register = look.pack.registers.get(id)?;
        Some(Link { text: cx.label(&register.label).to_owned(), href: register_path(id), current: false })
    };
    vec![
        Section { head: None, links: vec![drawing] },
        Section {
            head: Some(cx.t("繪入之登記簿", "Registers drawn").to_owned()),
            links: registers.filter_map(link).collect(),
        },
    ]
}

/// The clauses that ask for a drawing: those of the register it is kept in.
fn clauses(look: &Look<'_>) -> Vec<(String, String)> {
    let diagram = look.pack.network.as_ref().and_then(|network| network.diagram.as_ref());
    let register = diagram.and_then(|diagram| look.pack.registers.get(&diagram.register));
    let clauses = register.map(|register| register.clauses.as_slice()).unwrap_or_default();
    clauses.iter().map(|clause| (clause.to_string(), clause_path(clause))).collect()
}

/// Where drawings are kept, to whoever may open a case there.
fn keeping<'l>(look: &'l Look<'_>) -> Option<&'l Diagram> {
    let diagram = look.pack.network.as_ref()?.diagram.as_ref()?;
    let openings = acting::openings(look, &diagram.register);
    openings.iter().any(|(step, _)| *step == diagram.step).then_some(diagram)
}

fn notices<'a>(cx: &'a Cx, asked: &Asked, known: &Known) -> Vec<Notice<'a>> {
    let mut notices = Vec::new();
    if asked.wrong {
        let text = cx.t(
            "日期須為過去之日期，例如 115-03-01 或 2026-03-01；以下為現況。",
            "A day is one that is past, such as 2026-03-01. What stands below is as of now.",
        );
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    if let Some(told) = known.flows.unknown() {
        notices.push(Notice::new(cx, Tone::Info, cx.language.told(told).to_owned()));
    }
    if !known.facts.cut.is_empty() {
        let names: Vec<&str> = known.facts.cut.iter().map(|told| cx.language.told(told)).collect();
        let names = names.join(cx.t("、", ", "));
        let text = match cx.chinese() {
            true => format!("下列登記簿筆數過多，僅繪最早登記者，請選擇單位縮小範圍：{names}"),
            false => format!(
                "Only the oldest records of these registers are drawn; choose a unit to see fewer: {names}"
            ),
        };
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    if known.flows.seen().is_some_and(drawn::is_cut) {
        let text = cx.t(
            "通聯對象過多，僅繪列最頻繁者；未繪出者不表示未見。",
            "More was seen than is drawn: only the most frequent flows are. What is not drawn may have been seen.",
        );
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    notices
}

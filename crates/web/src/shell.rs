//! The shell around every page: areas, second level, unit switcher, breadcrumb, language, colours, account, search.
//!
//! Owns also the few acts of the shell itself: preferences (cookies of this browser, no state of
//! Ward's), choosing a unit.
//! Invariant: an area stands in the rail when there is a page for it, and not before.

use crate::Language;
use crate::choose;
use crate::cx::Cx;
use crate::error::PageResult;
use crate::live::Watched;
use crate::look::Look;
use crate::names::Named;
use crate::query::Query;
use crate::reading;
use crate::route::{Access, Audit, Route, is_there};
use crate::visit::{LANGUAGE, THEME, Theme, UNIT, Visit, kept_cookie};
use askama::Template;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use casework::Case;
use identity::{LOCAL_CONSOLE, Unit};
use model::{PersonId, TerminalId, Told, UnitId};
use std::collections::BTreeSet;

pub(crate) const ROUTES: &[Route] = &[
    Route::post("/preferences", Access::Anyone, Audit::None, || post(preferences)),
    Route::get("/unit", Access::Person, Audit::None, || get(choose_unit)),
];

/// The areas of Ward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    /// 我的工作.
    Work,
    /// 條文看板.
    Clauses,
    /// 登記簿.
    Registers,
    /// 機房現況.
    Rooms,
    /// 網路.
    Network,
    /// 追查.
    Trace,
    /// 告警.
    Alarms,
    /// 稽核.
    Audit,
}

/// The shell around a page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The page's title.
    pub title: String,
    /// The area it stands in; none for settings and the like.
    pub area: Option<Area>,
    /// The areas of the rail.
    pub areas: Vec<Area>,
    /// The way to it; the page itself is not among them.
    pub crumbs: Vec<Named>,
    /// The second level.
    pub second: Vec<Section>,
    /// Units to switch to.
    pub units: Vec<UnitChoice>,
    /// The unit looked at.
    pub unit: String,
    /// Who is signed in.
    pub person: String,
    /// Words across the page, where it shows what is graded.
    pub banner: Option<String>,
    /// What is told once what it shows has changed.
    pub watch: Option<Watch>,
}

/// What a page tells while it is open, once what it shows has changed.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Where it listens.
    pub events: String,
    /// What it says then.
    pub told: String,
    /// Is it to be loaded anew? Not where something is being filled in.
    pub again: bool,
}

/// A part of the second level.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Its head, where there is one.
    pub head: Option<String>,
    /// Its links.
    pub links: Vec<Link>,
}

/// A link of the second level.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub href: String,
    /// Is it the page, or the one above it?
    pub current: bool,
}

/// A unit to switch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitChoice {
    /// Its id, as forms send it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its code in numbers.
    pub code: String,
    /// Is it looked at now?
    pub current: bool,
}

impl Area {
    /// Every one, in the order of the rail.
    pub const ALL: [Self; 8] = [
        Self::Work,
        Self::Clauses,
        Self::Registers,
        Self::Rooms,
        Self::Network,
        Self::Trace,
        Self::Alarms,
        Self::Audit,
    ];

    /// Those there are pages for that are open to whoever asks.
    #[must_use]
    pub fn open_to(cx: &Cx) -> Vec<Self> {
        let open = |area: &Self| {
            is_there(area.path())
                && match area {
                    Self::Audit | Self::Trace => cx.may_audit(),
                    Self::Alarms => cx.may_see_alarms(),
                    Self::Network => cx.pack().is_ok_and(|pack| pack.network.is_some()),
                    _ => true,
                }
        };
        Self::ALL.into_iter().filter(open).collect()
    }

    /// Where it begins.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Work => "/",
            Self::Clauses => "/clauses",
            Self::Registers => "/registers",
            Self::Rooms => "/rooms",
            Self::Network => "/network",
            Self::Trace => "/trace",
            Self::Alarms => "/alarms",
            Self::Audit => "/audit",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Work => "list-check",
            Self::Clauses => "clipboard-check",
            Self::Registers => "books",
            Self::Rooms => "server",
            Self::Network => "network",
            Self::Trace => "route",
            Self::Alarms => "alert-triangle",
            Self::Audit => "shield-check",
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        match self {
            Self::Work => language.of("我的工作", "My work"),
            Self::Clauses => language.of("條文看板", "Clauses"),
            Self::Registers => language.of("登記簿", "Registers"),
            Self::Rooms => language.of("機房現況", "Room status"),
            Self::Network => language.of("網路", "Network"),
            Self::Trace => language.of("追查", "Trace"),
            Self::Alarms => language.of("告警", "Alarms"),
            Self::Audit => language.of("稽核", "Audit"),
        }
    }
}

impl Shell {
    /// Around a page of this title.
    #[must_use]
    pub fn new(cx: &Cx, area: Option<Area>, title: impl Into<String>) -> Self {
        let mut crumbs = Vec::new();
        if let Some(area) = area {
            crumbs
                .push(Named { text: area.name(cx.language).to_owned(), href: Some(area.path().to_owned()) });
        }
        let unit = match cx.focus() {
            Some(unit) => cx.unit_name(unit),
            None => cx.t("全部單位", "All units").to_owned(),
        };
        Self {
            title: title.into(),
            area,
            areas: Area::open_to(cx),
            crumbs,
            second: Vec::new(),
            units: own_units(cx),
            unit,
            person: cx.person_name(cx.person()),
            banner: None,
            watch: None,
        }
    }

    /// The page an area begins with: the breadcrumb does not name it twice.
    #[must_use]
    pub fn of_area(cx: &Cx, area: Area) -> Self {
        let shell = Self::new(cx, Some(area), area.name(cx.language));
        Self { crumbs: Vec::new(), ..shell }
    }

    /// With a further step of the way.
    #[must_use]
    pub fn by(mut self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push(Named { text: text.into(), href: Some(href.into()) });
        self
    }

    /// With a second level.
    #[must_use]
    pub fn with_second(self, second: Vec<Section>) -> Self {
        Self { second, ..self }
    }

    /// With the banner of what the page shows of a case, where its grade asks for one.
    #[must_use]
    pub fn graded(self, look: &Look<'_>, case: &Case) -> Self {
        Self { banner: reading::banner(look, case), ..self }
    }

    /// With a word once what it shows has changed. What is being filled in is not loaded anew.
    #[must_use]
    pub(crate) fn watching(self, watched: &Watched, told: &str, again: bool) -> Self {
        let watch = Watch { events: watched.events(), told: told.to_owned(), again };
        Self { watch: Some(watch), ..self }
    }

    /// Where the page listens to what happens meanwhile.
    pub(crate) fn events(&self) -> &str {
        self.watch.as_ref().map_or("/events", |watch| &watch.events)
    }

    /// Does the page stand in this area?
    #[must_use]
    pub fn is_in(&self, area: &Area) -> bool {
        self.area == Some(*area)
    }

    /// Is there a page at this path? The account's menu names what there is.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        is_there(path)
    }
}

impl Cx {
    /// A unit's name.
    #[must_use]
    pub fn unit_name(&self, unit: UnitId) -> String {
        self.language.told(&self.unit_told(unit)).to_owned()
    }

    /// A terminal's name; of one that was removed its id.
    #[must_use]
    pub fn terminal_name(&self, terminal: TerminalId) -> String {
        if terminal == LOCAL_CONSOLE {
            return self.t("主機本身", "the machine itself").to_owned();
        }
        let known = self.seen().roster.terminal(terminal);
        known.map_or_else(|| terminal.to_string(), |terminal| terminal.name.as_str().to_owned())
    }

    /// A unit's name in both languages.
    #[must_use]
    pub fn unit_told(&self, unit: UnitId) -> Told {
        match self.seen().roster.unit(unit) {
            Some(unit) => Told::new(unit.names.zh.as_str(), unit.names.en.as_str()),
            None => Told::new("（不明單位）", "(unknown unit)"),
        }
    }

    /// A person's name.
    #[must_use]
    pub fn person_name(&self, person: PersonId) -> String {
        self.language.told(&self.person_told(person)).to_owned()
    }

    /// The same in both languages.
    #[must_use]
    pub fn person_told(&self, person: PersonId) -> Told {
        match self.seen().roster.person(person).and_then(|person| person.details.as_ref()) {
            Some(details) => Told::new(details.name.as_str(), details.name.as_str()),
            None => Told::new("（個人資料已銷毀）", "(personal data destroyed)"),
        }
    }
}

/// The units somebody belongs to or holds a role in, and the one looked at.
fn own_units(cx: &Cx) -> Vec<UnitChoice> {
    let roster = &cx.seen().roster;
    let Some(person) = roster.person(cx.person()) else { return Vec::new() };
    let mut own: BTreeSet<UnitId> = person.held(cx.now()).filter_map(|holding| holding.unit).collect();
    own.insert(person.home);
    own.extend(cx.focus());
    roster.units().filter(|unit| own.contains(&unit.id)).map(|unit| choice(cx, unit)).collect()
}

fn choice(cx: &Cx, unit: &Unit) -> UnitChoice {
    UnitChoice {
        id: unit.id.to_string(),
        name: cx.unit_name(unit.id),
        code: unit.code.as_str().to_owned(),
        current: cx.focus() == Some(unit.id),
    }
}

/// Language, colours and unit, kept in this browser.
async fn preferences(visit: Visit, body: Bytes) -> Response {
    let mut back = "/".to_owned();
    let mut cookies = Vec::new();
    let secure = visit.secure;
    for (name, value) in form_urlencoded::parse(&body) {
        let kept = match &*name {
            "language" => Language::from_word(&value).map(|language| (LANGUAGE, language.word().to_owned())),
            "theme" => Theme::from_word(&value).map(|theme| (THEME, theme.word().to_owned())),
            "unit" => {
                Some((UNIT, value.parse().map_or_else(|_| "all".to_owned(), |unit: UnitId| unit.to_string())))
            }
            "back" if is_local(&value) => {
                back = value.into_owned();
                None
            }
            _ => None,
        };
        cookies.extend(kept.map(|(name, value)| kept_cookie(name, &value, secure)));
    }
    let mut response = Redirect::to(&back).into_response();
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// Is it a path of this site, and nothing a browser would take for another host?
pub(crate) fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
}

#[derive(Template)]
#[template(path = "shell/unit.html")]
struct UnitPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    query: String,
    back: String,
    units: Vec<UnitChoice>,
    total: usize,
}

/// Most units shown at once.
const MOST_UNITS: usize = 100;

async fn choose_unit(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let words = query.one("q").unwrap_or_default().to_owned();
        let back = query.one("back").filter(|back| is_local(back)).unwrap_or("/").to_owned();
        let fits = |unit: &&Unit| unit.closed_at.is_none() && choose::is_named(unit, &words);
        let found: Vec<&Unit> = cx.seen().roster.units().filter(fits).collect();
        let units = found.iter().take(MOST_UNITS).map(|unit| choice(cx, unit)).collect();
        let shell = Shell::new(cx, None, cx.t("選擇單位", "Choose a unit"));
        cx.render(&UnitPage { cx, shell, query: words, back, units, total: found.len() })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_back_to() {
        for path in ["/", "/registers?x=//y", "/a/b"] {
            assert!(is_local(path), "{path}");
        }
        for path in ["", "a", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"] {
            assert!(!is_local(path), "{path}");
        }
    }
}

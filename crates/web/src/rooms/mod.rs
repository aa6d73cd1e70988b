//! Rooms: of each how it stands now by its sensors, how the last day was, what belongs to it; a sensor's curves; a view for
//! a wall.
//!
//! Rooms are records of the register that the pack names; whoever reads a room's record sees its sensors. Those of rooms that
//! are not registered are for those alone who may look into the ledger.
//! Invariant: what is not known, too old, or no number is shown as such, never as good.
//! Source: clauses 3.4.5, 3.5.1, 3.9.1.

mod curve;
mod figure;
mod room;
mod sensor;
mod sheet;

use self::curve::Curve;
use self::figure::{FigureView, Stands};
use crate::component::{Notice, Pill, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, record_path, register_path};
use crate::query::Query;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::http::HeaderValue;
use axum::routing::get;
use casework::Case;
use model::{Instant, RecordId};
use regulation::{BesideRoom, Value};
use sense::tally::{Place, Tally};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use store::{Ask, Column, Direction, Filter, Test};

pub(crate) use sheet::{Sheet, SheetAir};

const PERSON: Access = Access::Person;
const PATH: &str = "/rooms";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(PATH, PERSON, Audit::None, || get(index)),
    Route::get("/rooms/{room}", PERSON, Audit::None, || get(room::page)),
    Route::get("/rooms/{room}/{sensor}", PERSON, Audit::None, || get(sensor::page)),
];

/// Rooms that are shown.
const MOST_ROOMS: u32 = 500;
/// Records beside a room that are named.
const MOST_BESIDE: u32 = 3;
/// How long pages of rooms look back.
const DAY: Duration = Duration::from_secs(86_400);
/// Seconds of a span of theirs.
const STEP: u32 = 900;
/// What is drawn of a room.
const AIR: [&str; 2] = ["temperature", "humidity"];
/// How often a wall shows itself anew, in seconds.
const ANEW: HeaderValue = HeaderValue::from_static("30");

/// What sensors have said within a span of time, and what is to be made of it.
#[derive(Debug, Clone)]
pub struct Readings {
    /// What they have said.
    pub tally: Tally,
    /// Files of lines that could not be looked at in a short while.
    pub left: u64,
    /// Devices that are read, and how often each is.
    pub devices: Vec<(Place, Duration)>,
    /// Within what figures are to be, by what they measure, as the pack's rules say.
    pub limits: BTreeMap<String, Bounds>,
}

/// Within what a figure is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Not below.
    pub low: Option<f64>,
    /// Not above.
    pub high: Option<f64>,
}

/// A room of the register.
struct Room {
    case: Arc<Case>,
    code: String,
    title: String,
}

/// A room as pages show it.
struct RoomView<'a> {
    title: String,
    code: String,
    href: String,
    record: String,
    /// The worst of its figures.
    stands: Pill<'static>,
    figures: Vec<FigureView>,
    /// The last day of its air.
    curves: Vec<Curve<'a>>,
    beside: Vec<BesideView>,
}

/// Records of a register that belong to a room.
struct BesideView {
    label: String,
    total: u64,
    /// Is only counted what runs?
    open: bool,
    href: String,
    records: Vec<(Named, Pill<'static>)>,
}

#[derive(Template)]
#[template(path = "rooms/index.html")]
struct IndexPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notices: Vec<Notice<'a>>,
    rooms: Vec<RoomView<'a>>,
    /// Sensors of rooms that are not registered.
    elsewhere: Vec<FigureView>,
    now: String,
}

#[derive(Template)]
#[template(path = "rooms/wall.html")]
struct WallPage<'a> {
    cx: &'a Cx,
    notices: Vec<Notice<'a>>,
    rooms: Vec<RoomView<'a>>,
    now: String,
}

async fn index(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        // Before the tables are looked at: files of lines take their time.
        let readings = readings(cx, day(cx), STEP)?;
        cx.look(|look| {
            let rooms = rooms(look)?;
            let views = rooms.iter().map(|room| view(cx, look, room, &readings)).collect::<Result<_, _>>()?;
            let (notices, now) = (notices(cx, &readings), cx.second(cx.now()));
            if query.one("view") == Some("wall") {
                let mut response = cx.render(&WallPage { cx, notices, rooms: views, now })?;
                response.headers_mut().insert("refresh", ANEW);
                return Ok(response);
            }
            let elsewhere = if cx.may_audit() { elsewhere(cx, &rooms, &readings) } else { Vec::new() };
            let shell = Shell::of_area(cx, Area::Rooms);
            cx.render(&IndexPage { cx, shell, notices, rooms: views, elsewhere, now })
        })
    })
    .await
}

/// The last day.
fn day(cx: &Cx) -> Range<Instant> {
    cx.now().minus(DAY)..cx.now().plus(Duration::from_secs(1))
}

fn readings(cx: &Cx, span: Range<Instant>, step: u32) -> Result<Readings, PageError> {
    cx.site.lines().readings(span, step).map_err(PageError::Unavailable)
}

fn notices<'a>(cx: &'a Cx, readings: &Readings) -> Vec<Notice<'a>> {
    let mut notices = Vec::new();
    if readings.left > 0 {
        let left = readings.left;
        let text = match cx.chinese() {
            true => format!("尚有 {left} 個紀錄檔未計入，所示並非全部；重新載入後繼續計算。"),
            false => {
                format!("Files of lines that are not counted in yet: {left}. Load the page anew to go on.")
            }
        };
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    if readings.tally.others > 0 {
        let text = cx.t(
            "感測器數量逾上限，部分讀值未列出。",
            "There are more sensors than are shown; some readings are left out.",
        );
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    notices
}

/// Rooms that they may see, within the unit looked at, in the order of their codes.
fn rooms(look: &Look<'_>) -> Result<Vec<Room>, PageError> {
    let Some(of) = &look.pack.rooms else { return Ok(Vec::new()) };
    let states: Vec<String> = of.states.iter().map(ToString::to_string).collect();
    let test = if states.is_empty() { Test::Running } else { Test::In(states) };
    let ask = Ask {
        register: of.register.clone(),
        text: None,
        filters: vec![Filter { column: Column::State, test }],
        sort: Some((Column::Field(of.code.clone()), Direction::Up)),
        skip: 0,
        most: MOST_ROOMS,
    };
    let (_, cases) = listed(look, &ask)?;
    let field = look.pack.registers.get(&of.register).and_then(|register| register.field(of.code.as_str()));
    let Some(field) = field else { return Ok(Vec::new()) };
    let room = |case: Arc<Case>| {
        let json = case.content.0.get(&of.code)?;
        let Ok(Value::Text(code)) = field.of().read(json) else { return None };
        let title = look.title(&case);
        Some(Room { code: code.to_string(), title, case })
    };
    Ok(cases.into_iter().filter_map(room).collect())
}

/// Rooms that they may see, by their codes, each with what it is called.
pub(crate) fn named(look: &Look<'_>) -> Result<BTreeMap<String, String>, PageError> {
    Ok(rooms(look)?.into_iter().map(|room| (room.code, room.title)).collect())
}

fn listed(look: &Look<'_>, ask: &Ask) -> Result<(u64, Vec<Arc<Case>>), PageError> {
    let (seen, reader) = (look.cx.seen(), look.cx.reader()?);
    let page = look.sql(|sql| store::list(sql, &seen.packs, &seen.layout, &reader, ask))?;
    let records: Vec<RecordId> = page.rows.iter().map(|row| row.record).collect();
    look.listed(records.iter().copied());
    Ok((page.total, look.open_cases(&records)?))
}

/// A room with everything about it.
fn view<'a>(
    cx: &'a Cx,
    look: &Look<'_>,
    room: &Room,
    readings: &Readings,
) -> Result<RoomView<'a>, PageError> {
    let figures = figure::of_room(cx, &room.code, readings);
    let rooms = look.pack.rooms.as_ref();
    let mut beside = Vec::new();
    for of in rooms.map(|rooms| rooms.beside.as_slice()).unwrap_or_default() {
        beside.extend(self::beside(look, of, room)?);
    }
    Ok(RoomView {
        title: room.title.clone(),
        href: path(&[&room.code]),
        code: room.code.clone(),
        record: record_path(room.case.record),
        stands: Stands::worst(&figures).pill(cx),
        figures,
        curves: air(cx, &room.code, readings, &lately(cx)),
        beside,
    })
}

/// The last day, to be drawn.
fn lately(cx: &Cx) -> Range<Instant> {
    cx.now().minus(DAY)..cx.now()
}

/// The curves of a room's air within a time.
fn air<'a>(cx: &'a Cx, code: &str, readings: &Readings, within: &Range<Instant>) -> Vec<Curve<'a>> {
    let in_room = || readings.tally.sensors.iter().filter(move |(place, _)| place.room == code);
    let of = |quantity: &'static str| in_room().map(move |(place, sensor)| (quantity, place, sensor));
    let drawn = AIR.into_iter().flat_map(of).filter_map(|(quantity, place, sensor)| {
        let (what, bounds) = ((place.sensor.as_str(), quantity), readings.limits.get(quantity));
        let series = sensor.series.get(quantity)?;
        Some(Curve::of(cx, what, series, within, readings.tally.step(), bounds))
    });
    drawn.collect()
}

/// Records of a register that belong to a room, the newest first.
fn beside(look: &Look<'_>, of: &BesideRoom, room: &Room) -> Result<Option<BesideView>, PageError> {
    let Some(register) = look.pack.registers.get(&of.register) else { return Ok(None) };
    let in_room = Test::In(vec![room.case.record.to_string()]);
    let mut filters = vec![Filter { column: Column::Field(of.room.clone()), test: in_room }];
    if of.open {
        filters.push(Filter { column: Column::State, test: Test::Running });
    }
    let ask = Ask {
        register: of.register.clone(),
        text: None,
        filters,
        sort: Some((Column::OpenedAt, Direction::Down)),
        skip: 0,
        most: MOST_BESIDE,
    };
    let (total, cases) = listed(look, &ask)?;
    let record = |case: &Arc<Case>| {
        let named = Named { text: look.title(case), href: Some(record_path(case.record)) };
        (named, Pill::state(look.state(register, &case.state), case.ending))
    };
    let asked = Query::default().with(&format!("f.{}", of.room), room.title.as_str());
    let asked = if of.open { asked.with("running", "1") } else { asked };
    Ok(Some(BesideView {
        label: look.cx.label(&register.label).to_owned(),
        total,
        open: of.open,
        href: asked.behind(&register_path(&of.register)),
        records: cases.iter().map(record).collect(),
    }))
}

/// Figures of sensors in rooms that are not registered, or that they cannot see.
fn elsewhere(cx: &Cx, rooms: &[Room], readings: &Readings) -> Vec<FigureView> {
    let known = |code: &str| rooms.iter().any(|room| room.code == code);
    figure::of_rooms(cx, readings, |code| !known(code))
}

/// Is this a room whose sensors they may see? Gives its title.
fn admitted(look: &Look<'_>, code: &str) -> Result<Option<Room>, PageError> {
    let found = rooms(look)?.into_iter().find(|room| room.code == code);
    if found.is_none() && !look.cx.may_audit() {
        return Err(PageError::NotFound);
    }
    Ok(found)
}

/// The address of a room or of a sensor.
fn path(parts: &[&str]) -> String {
    let mut path = PATH.to_owned();
    for part in parts {
        path.push('/');
        for byte in part.bytes() {
            match byte {
                b'.' | b'-' | b'_' | b'~' => path.push(char::from(byte)),
                byte if byte.is_ascii_alphanumeric() => path.push(char::from(byte)),
                byte => path.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    path
}

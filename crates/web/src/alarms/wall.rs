//! The wall: alarms that stand, as large as a screen across the room asks for.

use super::{about, admitted, alarm_path, grown, notices, seen_of, severity, state, title, words};
use crate::component::Notice;
use crate::cx::Cx;
use crate::error::PageResult;
use crate::live::Watched;
use crate::look::Look;
use askama::Template;
use store::{AlarmRow, AlarmState, AlarmsWanted};

pub(super) const PATH: &str = "/alarms/wall";
/// Alarms on the wall.
const MOST: usize = 24;

#[derive(Template)]
#[template(path = "alarms/wall.html", blocks = ["region"])]
struct WallPage<'a> {
    cx: &'a Cx,
    /// Where it listens.
    events: String,
    notices: Vec<Notice<'a>>,
    cells: Vec<Cell>,
    /// How many stand that nobody answers for, and how many that somebody does.
    counts: (u64, u64),
    /// How many of them there is no room for.
    beyond: u64,
    at: String,
    /// The last alarm that was raised.
    newest: u64,
}

/// An alarm.
struct Cell {
    class: &'static str,
    severity: &'static str,
    state: &'static str,
    title: String,
    about: String,
    first: String,
    count: u64,
    owner: Option<String>,
    href: String,
}

pub(super) async fn page(cx: Cx) -> PageResult {
    cx.run(move |cx| {
        admitted(cx)?;
        cx.look(|look| {
            let states = vec![AlarmState::Open, AlarmState::Acknowledged];
            let wanted = AlarmsWanted { states, ..AlarmsWanted::default() };
            let of = seen_of(look)?;
            let rows = look.sql(|sql| sql.alarms(&wanted, of, 0, MOST))?;
            let [open, owned, _] = look.sql(|sql| sql.alarms_counted(&wanted, of))?;
            let page = WallPage {
                cx,
                events: Watched::alarms(look)?.events(),
                notices: notices(cx),
                counts: (open, owned),
                beyond: (open + owned).saturating_sub(rows.len() as u64),
                cells: rows.iter().map(|row| cell(look, row)).collect(),
                at: cx.second(cx.now()),
                newest: look.sql(|sql| sql.alarms_last(of))?.1,
            };
            if cx.wants("wall") {
                return cx.render(&page.as_region());
            }
            cx.render(&page)
        })
    })
    .await
}

fn cell(look: &Look<'_>, row: &AlarmRow) -> Cell {
    let cx = look.cx;
    Cell {
        class: words::severity_class(row.severity),
        severity: severity(cx, row.severity),
        state: state(cx, row.state()),
        title: title(look, &row.name.rule),
        about: about(cx, row),
        first: cx.second(row.name.first),
        count: grown(cx, row).0,
        owner: row.owner.as_ref().map(|owner| look.person(owner.person)),
        href: alarm_path(row.entry),
    }
}

//! Public warnings as they were heard: what holds at rooms now, with its alarm and its case; each alert with what came of it
//! and why; what came from senders that are not believed, and what could not be read; whom and what the installation
//! expects.
//!
//! Alerts are public, so that everybody who is signed in reads them; of rooms those alone are named whose records one may
//! see, and alarms and cases lead to where one may go.
//! Invariant: an installation that believes nobody says so above all else.
//! Does not: hear anything; whoever runs the program does, and hands in what it has heard (`Lines`).
//! Source: clause 3.9.1; CAP 1.2; `docs/howto/hear-warnings.md`.

mod words;

use self::words::{came, kind};
use crate::alarms;
use crate::component::{Notice, Pill, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::Named;
use crate::rooms;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::routing::get;
use model::Told;
use std::collections::BTreeMap;
use store::{AlarmRow, AlarmsWanted};
use warning::{Concern, HeardAlert, HeardEntry, Settings, Unheard};

pub(crate) use self::words::came as told_of;

pub(crate) const PATH: &str = "/warnings";

pub(crate) const ROUTES: &[Route] = &[Route::get(PATH, Access::Person, Audit::None, || get(page))];

/// What came to hold at rooms and is shown, whether it does or did.
const MOST_CONCERNS: usize = 50;
/// Alarms that are looked through for one of them.
const MOST_ALARMS: usize = 50;

/// What an installation has heard of public warnings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Warnings {
    /// Whom it believes, what it looks for, and where; none where nobody has said it.
    pub settings: Option<Settings>,
    /// Alerts of believed senders, the latest first.
    pub heard: Vec<HeardAlert>,
    /// Alerts of others, the latest first.
    pub apart: Vec<HeardAlert>,
    /// What could not be read, the latest first.
    pub unread: Vec<Unheard>,
    /// What came to hold at rooms, the latest first.
    pub concerns: Vec<Concern>,
}

/// What came of an alert that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningHeard {
    /// How it stands.
    pub stands: HeardEntry,
    /// Was it heard before, with the same result?
    pub known: bool,
}

/// Why something that was handed in is no alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotHeard {
    /// It does not read: where, and what is wrong.
    Refused(Told),
    /// Not now, or it is not known whether it was heard.
    Unavailable(Told),
}

#[derive(Template)]
#[template(path = "warnings/page.html")]
struct WarningsPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notices: Vec<Notice<'a>>,
    concerns: Vec<ConcernView>,
    heard: Vec<AlertView>,
    apart: Vec<AlertView>,
    unread: Vec<UnreadView>,
    senders: Vec<String>,
    events: Vec<(String, String)>,
    rooms: Vec<(String, String)>,
}

/// What came to hold at a room.
struct ConcernView {
    room: String,
    event: String,
    alert: String,
    since: String,
    until: String,
    stands: Pill<'static>,
    alarm: Option<Named>,
    case: Option<Named>,
}

/// An alert.
struct AlertView {
    at: String,
    alert: String,
    sender: String,
    kind: String,
    event: String,
    headline: String,
    /// What came of it: at each room, where they differ.
    came: Vec<(String, String)>,
}

/// What could not be read.
struct UnreadView {
    at: String,
    bytes: u64,
    why: String,
    digest: String,
}

async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let warnings = cx.site.lines().warnings();
        cx.look(|look| {
            let names = rooms::named(look)?;
            let known = |room: &str| room.is_empty() || names.contains_key(room) || cx.may_audit();
            let shown = warnings.concerns.iter().filter(|one| known(&one.begun.room)).take(MOST_CONCERNS);
            let concerns = shown.map(|one| concern(look, one, &names)).collect::<Result<_, _>>()?;
            let view = |one: &HeardAlert| alert(cx, one, &names, &known);
            let settings = warnings.settings.clone().unwrap_or_default();
            let rooms = settings.rooms.iter().filter(|room| known(&room.code));
            cx.render(&WarningsPage {
                cx,
                shell: Shell::new(cx, Some(Area::Rooms), cx.t("公共警報", "Public warnings")),
                notices: notices(cx, &warnings),
                concerns,
                heard: warnings.heard.iter().map(view).collect(),
                apart: warnings.apart.iter().map(view).collect(),
                unread: warnings.unread.iter().map(|one| unread(cx, one)).collect(),
                senders: settings.senders.clone(),
                events: settings
                    .events
                    .iter()
                    .map(|one| (one.kind.clone(), one.names.join(cx.t("、", ", "))))
                    .collect(),
                rooms: rooms.map(|room| (room_name(&room.code, &names), place(cx, room))).collect(),
            })
        })
    })
    .await
}

fn notices<'a>(cx: &'a Cx, warnings: &Warnings) -> Vec<Notice<'a>> {
    let mut notices = Vec::new();
    let settings = warnings.settings.as_ref();
    if settings.is_none_or(|settings| settings.senders.is_empty()) {
        let text = cx.t(
            "尚未設定採信之發送單位：收到之警報僅予留存，不會啟動任何程序。",
            "No sender is believed: alerts that come are kept, and begin nothing.",
        );
        notices.push(Notice::new(cx, Tone::Warning, text));
    } else if settings.is_some_and(|settings| settings.rooms.is_empty() || settings.events.is_empty()) {
        let text = cx.t(
            "尚未設定關注之事件或機房所在：收到之警報不會啟動任何程序。",
            "No event is looked for, or no room has a place: alerts that come begin nothing.",
        );
        notices.push(Notice::new(cx, Tone::Warning, text));
    }
    notices
}

fn room_name(code: &str, names: &BTreeMap<String, String>) -> String {
    names.get(code).cloned().unwrap_or_else(|| code.to_owned())
}

fn place(cx: &Cx, room: &warning::Room) -> String {
    let point = room.place.point.map(|point| format!("{}, {}", point.latitude, point.longitude));
    let codes = room.place.geocodes.iter().map(|(list, code)| format!("{list} {code}"));
    let told: Vec<String> = point.into_iter().chain(codes).collect();
    told.join(cx.t("、", "; "))
}

fn concern(
    look: &Look<'_>,
    one: &Concern,
    names: &BTreeMap<String, String>,
) -> Result<ConcernView, PageError> {
    let cx = look.cx;
    let alarm = alarm(look, one)?;
    let stands = match (&one.ended, one.drill) {
        (None, false) => Pill { text: cx.t("有效", "In force").to_owned(), class: "state state-refused" },
        (None, true) => Pill { text: cx.t("演習", "Exercise").to_owned(), class: "state state-running" },
        (Some((at, why)), _) => {
            let text = format!("{} {}", words::ended(cx, *why), cx.moment(*at));
            Pill { text, class: "state state-done" }
        }
    };
    Ok(ConcernView {
        room: room_name(&one.begun.room, names),
        event: one.begun.event.clone(),
        alert: one.begun.alert.clone(),
        since: cx.second(one.begun.time),
        until: cx.moment(one.expires),
        stands,
        case: alarm.as_ref().and_then(|alarm| alarm.record).map(|record| look.record(record)),
        alarm: alarm.map(|alarm| alarms::named(look, &alarm)),
    })
}

/// The alarm that was raised for it, where they may see it.
fn alarm(look: &Look<'_>, one: &Concern) -> Result<Option<AlarmRow>, PageError> {
    if !look.cx.may_see_alarms() {
        return Ok(None);
    }
    let wanted = AlarmsWanted { about: Some(one.begun.alert.clone()), ..AlarmsWanted::default() };
    let of = alarms::seen_of(look)?;
    let found = look.sql(|sql| sql.alarms(&wanted, of, 0, MOST_ALARMS))?;
    Ok(found.into_iter().find(|alarm| is_alarm_of(alarm, one)))
}

/// Is an alarm about what came to hold: the same room, sender and alert?
#[must_use]
pub fn is_alarm_of(alarm: &AlarmRow, one: &Concern) -> bool {
    let says =
        |field: &str, value: &str| alarm.name.group.iter().any(|(name, said)| name == field && said == value);
    let begun = &one.begun;
    says("room", &begun.room) && says("sender", &begun.sender) && says("alert", &begun.alert)
}

fn alert(
    cx: &Cx,
    one: &HeardAlert,
    names: &BTreeMap<String, String>,
    known: &dyn Fn(&str) -> bool,
) -> AlertView {
    let heard = &one.last;
    let mut came_there: Vec<(String, String)> = Vec::new();
    for place in heard.rooms.iter().filter(|place| known(&place.room)) {
        let told = came(heard, &place.came);
        came_there.push((room_name(&place.room, names), cx.language.told(&told).to_owned()));
    }
    let same = came_there.windows(2).all(|two| matches!(two, [(_, one), (_, other)] if one == other));
    if same {
        came_there.truncate(1);
        came_there.iter_mut().for_each(|(room, _)| room.clear());
    }
    AlertView {
        at: cx.second(one.first),
        alert: heard.alert.clone(),
        sender: heard.sender.clone(),
        kind: kind(cx, heard),
        event: heard.event.clone(),
        headline: heard.headline.clone(),
        came: came_there,
    }
}

fn unread(cx: &Cx, one: &Unheard) -> UnreadView {
    UnreadView {
        at: cx.second(one.time),
        bytes: one.bytes,
        why: cx.language.told(&one.why).to_owned(),
        digest: one.digest.clone(),
    }
}

//! The duty calendar as an iCalendar feed, by an address with a token in it.
//!
//! A program of calendars sends no header of ours, so that the token stands in the path; it is made for this alone, by its
//! owner, and may be revoked. It opens nothing but this: a token without the right finds nothing here.
//! Source: RFC 5545; RFC 7986 §5.7 (how often to ask again).

use super::plan::{Entry, Plan, Stand};
use super::{MOST_NAMED, clauses};
use crate::api;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::visit::Visit;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use icalendar::{Calendar, Component as _, Event, Property};
use identity::Right;
use model::CivilDate;

/// Days looked back, and ahead.
const BACK: i64 = 31;
const AHEAD: i64 = 92;

pub(super) async fn feed(mut visit: Visit, Path(token): Path<String>) -> PageResult {
    let site = visit.site.clone();
    let token = token.strip_suffix(".ics").unwrap_or(&token).to_owned();
    api::admit(&site, &mut visit, token).await?;
    // What it reads is what its owner may see of the calendar, and nothing else is shown here.
    let scope = visit.scope.take();
    if !scope.is_some_and(|scope| scope.rights.contains(&Right::Calendar)) {
        return Err(PageError::NotFound);
    }
    visit.focus = None;
    let cx = Cx::of(visit).map_err(|_| PageError::NotFound)?;
    cx.run(|cx| {
        let today = cx.zone()?.date(cx.now());
        let text = cx.look(|look| {
            let plan =
                Plan::read(look, cx.pack()?, (today.plus_days(-BACK), today.plus_days(AHEAD)), |_| true)?;
            Ok(written(cx, &plan))
        })?;
        let mut response = text.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8"));
        headers
            .insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"duties.ics\""));
        Ok(response)
    })
    .await
}

/// The calendar: of each duty one event a day, with what it is owed for.
fn written(cx: &Cx, plan: &Plan<'_>) -> String {
    let mut calendar = Calendar::new();
    calendar.name(cx.t("資訊安全定期工作", "Information security duties"));
    calendar
        .append_property(Property::new("REFRESH-INTERVAL", "PT1H").add_parameter("VALUE", "DURATION").done());
    calendar.append_property(Property::new("X-PUBLISHED-TTL", "PT1H"));
    let same = |a: &Entry<'_>, b: &Entry<'_>| a.due_on == b.due_on && a.duty.id == b.duty.id;
    for entries in plan.entries.chunk_by(same) {
        calendar.push(event(cx, entries));
    }
    calendar.to_string()
}

fn event(cx: &Cx, entries: &[Entry<'_>]) -> Event {
    let mut event = Event::new();
    let Some(first) = entries.first() else { return event };
    let (duty, day) = (first.duty, first.due_on);
    let label = cx.label(&duty.label);
    let summary = match entries {
        [one] => format!("{label}{}", cx.beside(&one.named.text)),
        many => format!("{label}{}", cx.beside(&many.len().to_string())),
    };
    let line = |entry: &Entry<'_>| format!("{}{}", entry.named.text, cx.beside(entry.stand.name(cx)));
    let mut text: Vec<String> = vec![
        format!("{} {}", cx.t("期限", "Due"), cx.moment(first.due)),
        format!("{} {}", cx.t("條文", "Clause"), clauses(cx, duty)),
    ];
    text.extend(duty.help.as_ref().map(|help| cx.label(help).to_owned()));
    text.extend(entries.iter().take(MOST_NAMED).map(line));
    if entries.len() > MOST_NAMED {
        text.push(format!("{} {}", cx.t("另有", "And"), entries.len() - MOST_NAMED));
    }
    event
        .uid(&format!("{}-{day}@{}", duty.id, cx.site.desk().origin()))
        .summary(&harmless(&summary))
        .description(&harmless(&text.join("\n")));
    // Days as they are; they have no zone.
    event.append_property(Property::new("DTSTART", compact(day)).add_parameter("VALUE", "DATE").done());
    event.append_property(
        Property::new("DTEND", compact(day.plus_days(1))).add_parameter("VALUE", "DATE").done(),
    );
    event.append_property(Property::new("DTSTAMP", stamp(cx)));
    event.append_property(Property::new("TRANSP", "TRANSPARENT"));
    event.append_property(Property::new("CATEGORIES", worst(entries).name(cx)));
    event
}

/// Without what is no character of a line: names are what somebody wrote.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

fn worst(entries: &[Entry<'_>]) -> Stand {
    entries.iter().map(|entry| entry.stand).min().unwrap_or(Stand::Coming)
}

/// `20261103`.
fn compact(day: CivilDate) -> String {
    day.to_string().replace('-', "")
}

/// The moment of the answer, in UTC: `20261103T010203Z`.
fn stamp(cx: &Cx) -> String {
    let text = cx.now().to_string();
    let seconds = text.split('.').next().unwrap_or(&text).trim_end_matches('Z');
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

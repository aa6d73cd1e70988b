//! A sensor: its figures now, and the curve of each within the last hour, day, month or year.

use super::{Curve, STEP, admitted, day, notices, path, readings};
use crate::component::Notice;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::query::Query;
use crate::rooms::figure::{self, FigureView};
use crate::shell::{Area, Link, Shell};
use askama::Template;
use axum::extract::Path;
use sense::tally::Place;
use std::time::Duration;

/// How far back may be looked: its word, its names, seconds, and seconds of a span.
const BACK: [(&str, &str, &str, u64, u32); 4] = [
    ("hour", "一小時", "Hour", 3_600, 60),
    ("day", "一日", "Day", 86_400, 300),
    ("month", "一個月", "Month", 31 * 86_400, 3_600),
    ("year", "一年", "Year", 366 * 86_400, 6 * 3_600),
];

#[derive(Template)]
#[template(path = "rooms/sensor.html")]
struct SensorPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notices: Vec<Notice<'a>>,
    spans: Vec<Link>,
    figures: Vec<FigureView>,
    curves: Vec<Curve<'a>>,
}

pub(super) async fn page(cx: Cx, Path((code, id)): Path<(String, String)>, query: Query) -> PageResult {
    cx.run(move |cx| {
        let asked = query.one("span").unwrap_or("day");
        let (word, _, _, seconds, step) =
            *BACK.iter().find(|(word, ..)| *word == asked).ok_or(PageError::NotFound)?;
        let room = cx.look(|look| admitted(look, &code))?;
        let within = cx.now().minus(Duration::from_secs(seconds))..cx.now();
        let until = cx.now().plus(Duration::from_secs(1));
        let readings = readings(cx, within.start..until, step)?;
        let mut figures = figure::of_room(cx, &code, &readings);
        figures.retain(|figure| figure.sensor == id);
        let place = Place { room: code.clone(), sensor: id.clone() };
        // Within the last hour nothing may have come of a sensor there is.
        if figures.is_empty() && !super::readings(cx, day(cx), STEP)?.tally.sensors.contains_key(&place) {
            return Err(PageError::NotFound);
        }
        let drawn = figures.iter().filter_map(|figure| {
            let series = readings.tally.sensors.get(&place)?.series.get(&figure.quantity)?;
            let (what, bounds) =
                ((id.as_str(), figure.quantity.as_str()), readings.limits.get(&figure.quantity));
            Some(Curve::of(cx, what, series, &within, readings.tally.step(), bounds))
        });
        let curves = drawn.collect();
        let here = path(&[&code, &id]);
        let link = |(one, zh, en, ..): &(&str, &str, &str, u64, u32)| Link {
            text: cx.t(zh, en).to_owned(),
            href: format!("{here}?span={one}"),
            current: *one == word,
        };
        let title = room.map_or_else(|| code.clone(), |room| room.title);
        let shell = Shell::new(cx, Some(Area::Rooms), id.as_str()).by(title, path(&[&code]));
        let (notices, spans) = (notices(cx, &readings), BACK.iter().map(link).collect());
        cx.render(&SensorPage { cx, shell, notices, spans, figures, curves })
    })
    .await
}

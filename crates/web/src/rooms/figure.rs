//! A figure of a sensor: what it says, within what it is to be, and how it stands.

use super::{Bounds, Readings, path};
use crate::component::Pill;
use crate::cx::Cx;
use sense::Figure;
use sense::tally::{Place, Sensor, Series};
use std::collections::BTreeMap;
use std::time::Duration;

/// A figure is of now for so long at least; longer where its sensor is read more seldom.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// So many rounds may be missed.
const ROUNDS: u32 = 3;

/// How a figure stands, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stands {
    /// Within its limits.
    Good,
    /// It has no limits.
    Plain,
    /// Nothing was ever heard.
    Never,
    /// What was heard last is too old.
    Old,
    /// What was heard last is no number.
    Bad,
    /// Its sensor does not answer.
    Silent,
    /// It is outside its limits.
    Outside,
}

/// A figure as pages show it.
pub(super) struct FigureView {
    pub(super) room: String,
    pub(super) sensor: String,
    pub(super) href: String,
    pub(super) quantity: String,
    /// What is measured, in words.
    pub(super) label: String,
    /// What it says, with its unit; of one that is not of now, what it said last.
    pub(super) value: String,
    pub(super) limits: String,
    pub(super) stands: Stands,
    pub(super) pill: Pill<'static>,
    /// When it was heard last.
    pub(super) when: String,
    /// Why it is as it is, where that was said.
    pub(super) why: String,
}

/// What is measured, its names; in the order in which figures are shown.
const NAMES: [(&str, &str, &str); 13] = [
    ("temperature", "溫度", "Temperature"),
    ("humidity", "相對溼度", "Relative humidity"),
    ("on_battery", "電池供電", "On battery"),
    ("battery_charge", "電池電量", "Battery charge"),
    ("battery_runtime", "電池可供電時間", "Battery lasts"),
    ("ups_load", "不斷電系統負載", "Load of the UPS"),
    ("voltage", "電壓", "Voltage"),
    ("current", "電流", "Current"),
    ("power", "功率", "Power"),
    ("up", "連線", "Reachable"),
    ("loss", "封包遺失", "Packets lost"),
    ("delay", "延遲", "Delay"),
    ("jitter", "延遲變動", "Jitter"),
];

/// What is measured, in words; of what we have no name for its own.
pub(super) fn label(cx: &Cx, quantity: &str) -> String {
    let name = NAMES.iter().find(|(name, _, _)| *name == quantity);
    name.map_or_else(|| quantity.to_owned(), |(_, zh, en)| cx.t(zh, en).to_owned())
}

fn place_of(quantity: &str) -> usize {
    NAMES.iter().position(|(name, _, _)| *name == quantity).unwrap_or(NAMES.len())
}

/// A number with its unit.
pub(super) fn told(cx: &Cx, quantity: &str, unit: &str, value: f64) -> String {
    if unit == "/" && (value == 0.0 || value == 1.0) {
        let yes = value == 1.0;
        return match (quantity, yes) {
            ("up", true) => cx.t("有回應", "answers"),
            ("up", false) => cx.t("無回應", "does not answer"),
            (_, true) => cx.t("是", "yes"),
            (_, false) => cx.t("否", "no"),
        }
        .to_owned();
    }
    let digits = if value.abs() >= 1_000.0 { 0 } else { 1 };
    let text = format!("{value:.digits$}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    match unit {
        "/" | "" => text.to_owned(),
        "Cel" => format!("{text} °C"),
        "%RH" | "%" => format!("{text} %"),
        "s" => format!("{text}{}", cx.t(" 秒", " s")),
        "ms" => format!("{text}{}", cx.t(" 毫秒", " ms")),
        other => format!("{text} {other}"),
    }
}

/// Bounds in words.
pub(super) fn limits(cx: &Cx, quantity: &str, unit: &str, limits: Option<&Bounds>) -> String {
    let told = |value: f64| told(cx, quantity, unit, value);
    match limits {
        Some(Bounds { low: Some(low), high: Some(high) }) => match cx.chinese() {
            true => format!("{} 至 {}", told(*low), told(*high)),
            false => format!("{} to {}", told(*low), told(*high)),
        },
        // What is yes or no has one good answer.
        Some(Bounds { low: Some(limit), .. } | Bounds { high: Some(limit), .. }) if unit == "/" => {
            told(*limit)
        }
        Some(Bounds { low: Some(low), .. }) => format!("≥ {}", told(*low)),
        Some(Bounds { high: Some(high), .. }) => format!("≤ {}", told(*high)),
        _ => String::new(),
    }
}

impl FigureView {
    /// Does what it says hold now?
    pub(super) fn is_now(&self) -> bool {
        matches!(self.stands, Stands::Good | Stands::Plain | Stands::Bad | Stands::Outside)
    }
}

impl Bounds {
    /// Is a number within?
    pub(super) fn hold(&self, value: f64) -> bool {
        self.low.is_none_or(|low| value >= low) && self.high.is_none_or(|high| value <= high)
    }
}

impl Stands {
    /// The worst of several; of none, that nothing was ever heard.
    pub(super) fn worst(figures: &[FigureView]) -> Self {
        let worst = figures.iter().map(|figure| figure.stands).filter(|stands| *stands != Self::Plain).max();
        let plain = if figures.is_empty() { Self::Never } else { Self::Plain };
        worst.unwrap_or(plain)
    }

    pub(super) fn pill(self, cx: &Cx) -> Pill<'static> {
        const BAD: &str = "state state-refused";
        const UNKNOWN: &str = "state state-void";
        let (zh, en, class) = match self {
            Self::Good => ("正常", "Within limits", "state state-done"),
            Self::Plain => ("有讀值", "Read", "state state-running"),
            Self::Never => ("無讀值", "No reading", UNKNOWN),
            Self::Old => ("逾時未更新", "Out of date", BAD),
            Self::Bad => ("讀值無效", "No number", BAD),
            Self::Silent => ("感測器無回應", "Sensor silent", BAD),
            Self::Outside => ("逾限", "Outside limits", BAD),
        };
        Pill { text: cx.t(zh, en).to_owned(), class }
    }
}

/// Figures of a room.
pub(super) fn of_room(cx: &Cx, room: &str, readings: &Readings) -> Vec<FigureView> {
    of_rooms(cx, readings, |code| code == room)
}

/// Figures of rooms with such codes, in the order in which they are shown.
pub(super) fn of_rooms(cx: &Cx, readings: &Readings, wanted: impl Fn(&str) -> bool) -> Vec<FigureView> {
    let every: BTreeMap<&Place, Duration> =
        readings.devices.iter().map(|(place, every)| (place, *every)).collect();
    let nothing = Sensor::default();
    let heard = readings.tally.sensors.iter();
    // A device that is read and was never heard is shown as well.
    let devices = every.keys().filter(|place| !readings.tally.sensors.contains_key(**place));
    let all = heard.chain(devices.map(|place| (*place, &nothing)));
    let mut figures: Vec<FigureView> = Vec::new();
    for (place, sensor) in all.filter(|(place, _)| wanted(&place.room)) {
        let of = Of { cx, place, sensor, every: every.get(place).copied(), readings };
        if sensor.series.is_empty() {
            figures.push(of.view("", None));
        }
        figures.extend(sensor.series.iter().map(|(quantity, series)| of.view(quantity, Some(series))));
    }
    figures.sort_by_cached_key(|figure| {
        (place_of(&figure.quantity), figure.quantity.clone(), figure.room.clone(), figure.sensor.clone())
    });
    figures
}

/// Figures of one sensor.
struct Of<'a> {
    cx: &'a Cx,
    place: &'a Place,
    sensor: &'a Sensor,
    /// How often it is read; none where it is not read here.
    every: Option<Duration>,
    readings: &'a Readings,
}

impl Of<'_> {
    fn view(&self, quantity: &str, series: Option<&Series>) -> FigureView {
        let (cx, unit) = (self.cx, series.map_or("", |series| series.unit.as_str()));
        let bounds = self.readings.limits.get(quantity);
        let stands = self.stands(series, bounds);
        let value = match series.map(|series| &series.last.1) {
            Some(Figure::Value(value)) => told(cx, quantity, unit, *value),
            Some(Figure::Bad(bad)) => bad.clone(),
            None => String::new(),
        };
        let heard = series.map(|series| series.last.0).or(self.sensor.heard);
        let silent = self.sensor.silent.as_ref().filter(|_| stands == Stands::Silent);
        FigureView {
            room: self.place.room.clone(),
            sensor: self.place.sensor.clone(),
            href: path(&[&self.place.room, &self.place.sensor]),
            quantity: quantity.to_owned(),
            label: label(cx, quantity),
            value,
            limits: limits(cx, quantity, unit, bounds),
            stands,
            pill: stands.pill(cx),
            when: heard.map(|at| cx.second(at)).unwrap_or_default(),
            why: silent.map(|(_, why)| why.clone()).unwrap_or_default(),
        }
    }

    fn stands(&self, series: Option<&Series>, bounds: Option<&Bounds>) -> Stands {
        if self.sensor.is_silent() {
            return Stands::Silent;
        }
        let Some(Series { last: (at, figure), .. }) = series else { return Stands::Never };
        let fresh = self.every.map_or(FRESH, |every| FRESH.max(every * ROUNDS));
        if self.cx.now() > at.plus(fresh) {
            return Stands::Old;
        }
        match (figure, bounds) {
            (Figure::Bad(_), _) => Stands::Bad,
            (Figure::Value(value), Some(bounds)) if !bounds.hold(*value) => Stands::Outside,
            (Figure::Value(_), Some(_)) => Stands::Good,
            (Figure::Value(_), None) => Stands::Plain,
        }
    }
}

//! The picture of an incident: time from the left to the right; lines as bars, alarms and steps as marks above them.
//! Without script and without a style of its own: colours are those of the text, and all it shows stands in the list below.

use super::Mark;
use crate::cx::Cx;
use askama::Template;
use model::Instant;
use std::ops::Range;

/// What a mark is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// An alarm.
    Alarm,
    /// A step.
    Step,
}

impl Sort {
    pub(super) fn word(self, cx: &Cx) -> &'static str {
        match self {
            Self::Alarm => cx.language.of("告警", "Alarm"),
            Self::Step => cx.language.of("處置", "Step"),
        }
    }
}

/// Units from the left to the right.
const WIDE: i64 = 960;
/// The foot of the bars.
const FOOT: i64 = 170;
/// The height of the highest bar.
const HIGH: u64 = 90;

/// The picture.
#[derive(Template)]
#[template(path = "incidents/drawn.html")]
pub(super) struct Drawn {
    /// What it shows, in words.
    label: String,
    words: [&'static str; 2],
    bars: Vec<Bar>,
    dots: Vec<Dot>,
    first: String,
    last: String,
}

impl askama::filters::HtmlSafe for Drawn {}

struct Bar {
    left: i64,
    wide: i64,
    top: i64,
    high: u64,
    text: String,
}

struct Dot {
    left: i64,
    alarm: bool,
    text: String,
}

impl Drawn {
    /// Of what happened within a time, and of how many lines came in each stretch of so many seconds.
    pub(super) fn of(
        cx: &Cx,
        span: &Range<Instant>,
        marks: &[Mark],
        counts: Option<(&[(i64, u64)], i64)>,
    ) -> Self {
        let (begin, end) = (span.start.as_micros(), span.end.as_micros());
        let whole = i128::from(end - begin).max(1);
        let left = |at: Instant| {
            let place = i128::from(at.as_micros() - begin) * i128::from(WIDE) / whole;
            i64::try_from(place).unwrap_or(0).clamp(0, WIDE)
        };
        let (counts, width) = counts.unwrap_or((&[], 1));
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        let bars = counts.iter().map(|(bar, count)| {
            let from = |bar: i64| {
                Instant::from_micros(begin + bar.saturating_mul(width).saturating_mul(1_000_000))
                    .unwrap_or(span.end)
            };
            // What is there is seen, however little it is.
            let high = (count * HIGH / most).max(1);
            Bar {
                left: left(from(*bar)),
                wide: (left(from(bar + 1)) - left(from(*bar)) - 1).max(1),
                top: FOOT - i64::try_from(high).unwrap_or(0),
                high,
                text: format!("{}{}{count} {}", cx.second(from(*bar)), cx.t("：", ": "), cx.t("筆", "lines")),
            }
        });
        let dots = marks.iter().map(|mark| Dot {
            left: left(mark.at),
            alarm: mark.sort == Sort::Alarm,
            text: format!("{}{}{}", cx.second(mark.at), cx.t("：", ": "), mark.what),
        });
        let (first, last) = (cx.second(span.start), cx.second(span.end));
        let label = match cx.chinese() {
            true => format!("自 {first} 至 {last}：告警及處置共 {} 項，詳如下表", marks.len()),
            false => format!("From {first} to {last}: {} alarms and steps, listed below", marks.len()),
        };
        let words = [Sort::Alarm.word(cx), Sort::Step.word(cx)];
        Self { label, words, bars: bars.collect(), dots: dots.collect(), first, last }
    }
}
